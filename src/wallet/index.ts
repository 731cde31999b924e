/**
 * Wallets as bytes: master keys with their states and KEY_IDs, data keys wrapped under them, keyring entries, and the reading of
 * auto-login wallets (`cwallet.sso`). Files, locks and backups are in `keyward/wallet/file`. Node and browsers.
 *
 * @module keyward/wallet
 */
export {
  type AutoLoginHeader,
  type AutoLoginOwner,
  isAutoLogin,
  openAutoLogin,
  openInsideAutoLogin,
  parseAutoLoginHeader,
  recoverAutoLoginPasswords,
} from './auto-login.ts';
export type { KeyActor, KeyringEntry, KeyState, NewMasterKey } from './contents.ts';
export { type DataKeyEnvelope, PURPOSE, type Purpose, parseDataKeyEnvelope } from './data-key.ts';
export { diffWallets, type WalletDifference } from './diff.ts';
export { formatHexKeyId, formatKeyId, looksGenerated, parseKeyId } from './key-id.ts';
export { type KeyMaterial, parseKeyMaterial } from './key-material.ts';
export type { NewKeyringEntry } from './keyring-entry.ts';
export { encodeMasterKeyRecord, type MasterKeyRecord, parseMasterKeyRecord } from './master-key-record.ts';
export { adoptWallet, createWallet, openWallet } from './open-wallet.ts';
export type { DataKeyOptions, MasterKeyInfo, RewrapOptions, WalletOptions, WalletPassword } from './options.ts';
export type {
  MasterKeyProvider,
  ProviderConnection,
  ProviderDescription,
  ProviderOptions,
  ProviderSetup,
} from './provider.ts';
export { isWellBuilt, type WalletLayout, type WalletProfile } from './sealed.ts';
export { verifyWallet, type WalletReport } from './verify.ts';
export { Wallet } from './wallet.ts';
