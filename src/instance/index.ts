/**
 * An instance that the SQL statements run on: a home directory with its parameters, its wallet and its MySQL keyring; and rehearsals,
 * which say what a statement would do. Node only.
 *
 * @module keyward/instance
 */
export type { Explanation, KeyChange, KeyView, Rehearsal } from './explain.ts';
export { Instance, type InstanceOptions, openInstance } from './instance.ts';
export type { InstanceKeyring, KeyringSettings } from './keyring.ts';
export type { Keystore } from './keystore.ts';
export {
  changeCredential,
  createKeystoreFile,
  KeystoreCredential,
  type KeystoreMove,
  type KmsOptions,
  moveKeystore,
  openKeystoreBytes,
  openKeystoreFile,
  providerSetup,
} from './kms-wallet.ts';
export type { Parameters } from './parameters.ts';
export type { KeyringChange } from './tried-keyring.ts';
