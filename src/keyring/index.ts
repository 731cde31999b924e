/** The door of the keyring room: Node only. */
export type {
  BackendName,
  CallOptions,
  FetchOptions,
  Keyring,
  KeyringKey,
  KeyringKeyInfo,
  OwnerOptions,
} from './keyring.ts';
