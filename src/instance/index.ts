/** The door of the instance room: Node only. */
export type { Explanation, KeyChange, KeyView, Rehearsal } from './explain.ts';
export { Instance, type InstanceOptions, openInstance } from './instance.ts';
export type { InstanceKeyring, KeyringSettings } from './keyring.ts';
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
