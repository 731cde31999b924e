/** The door of the core room. */
export { equalSecretBytes } from './compare.ts';
export { type HashName, hash } from './hash.ts';
export { type HkdfOptions, hkdf } from './hkdf.ts';
export { hmac } from './hmac.ts';
export { deriveKeysSync, pbkdf2Sync, pkcs12KdfSync } from './kdf.ts';
export type { KdfJob } from './kdf-plan.ts';
export type { KeyBytes } from './key-bytes.ts';
export { init } from './wasm.ts';
