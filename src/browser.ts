/**
 * The front door under the `browser` condition: what of `keyward` runs everywhere. `openKeyring` needs files and sockets and
 * is not here.
 */
export * from './errors.ts';
export { Secret } from './secret.ts';
