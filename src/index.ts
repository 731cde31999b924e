/**
 * The front door, `keyward`: what every user needs, whichever room they work in. Heavy rooms have subpaths of their own.
 */
export * from './errors.ts';
export { type Keyring, type KeyringOptions, openKeyring } from './keyring/index.ts';
export { Secret } from './secret.ts';
