/** The door of the keyring room: Node only. Back ends are loaded when one is opened. */
export type {
  BackendName,
  CallOptions,
  FetchOptions,
  Keyring,
  KeyringKey,
  KeyringKeyInfo,
  OwnerOptions,
} from './keyring.ts';
export {
  type KeyringWarning,
  type KmipConfiguration,
  readKmipConfigFile,
  readOkvDirectory,
} from './kmip/configuration.ts';
export { OKV_ATTRIBUTE_NAMES, type OkvAttributeNames, type ProfileName } from './kmip/profile.ts';
export { openKeyring } from './open.ts';
export type {
  CommonKeyringOptions,
  KeyringOptions,
  KmipKeyringOptions,
  MemoryKeyringOptions,
  WalletKeyringOptions,
} from './options.ts';
export type { RuleSet } from './rules.ts';
