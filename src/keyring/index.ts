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
export { openKeyring } from './open.ts';
export type {
  CommonKeyringOptions,
  KeyringOptions,
  MemoryKeyringOptions,
  WalletKeyringOptions,
} from './options.ts';
export type { RuleSet } from './rules.ts';
