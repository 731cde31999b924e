/**
 * MySQL's keyring service, keys by id and owner, over a KMIP server, a wallet file or memory, and migration between them. A back end
 * is loaded when one is opened. Node only.
 *
 * @module keyward/keyring
 */
export type { KeyringFile } from './component-file.ts';
export type {
  BackendName,
  CallOptions,
  FetchOptions,
  Keyring,
  KeyringKey,
  KeyringKeyInfo,
  NamedVersion,
  OwnerOptions,
  RotateOptions,
} from './keyring.ts';
export { OKV_ATTRIBUTE_NAMES, type OkvAttributeNames } from './kmip/attribute-names.ts';
export type { KeyringWarning, KmipConfiguration } from './kmip/configuration.ts';
export type { ProfileName } from './kmip/profile.ts';
export { migrateKeyring, readComponentKeyringFile, readKmipConfigFile, readOkvDirectory } from './lazy.ts';
export type { KeyringSource, MigrateOptions, Migration } from './migrate.ts';
export { openKeyring } from './open.ts';
export type {
  CommonKeyringOptions,
  KeyringOptions,
  KmipKeyringOptions,
  MemoryKeyringOptions,
  WalletKeyringOptions,
} from './options.ts';
export type { RuleSet } from './rules.ts';
