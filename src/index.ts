/**
 * The front door: `openKeyring`, `Secret` and the errors of every subpath. Heavy rooms have subpaths of their own.
 *
 * @module keyward
 */
export * from './errors.ts';
export { type Keyring, type KeyringOptions, openKeyring } from './keyring/index.ts';
export { Secret } from './secret.ts';
