/**
 * What keeps keys beneath a keyring: memory, a wallet, a KMIP server. Names, types and lengths were checked before any of this
 * is called; bytes that go in stay the caller's, bytes that come out are the caller's to wipe. Layer: keyring.
 */
import type { BackendName, CallOptions, KeyringKeyInfo } from './keyring.ts';
import type { RuleSet } from './rules.ts';

/** What identifies a key, both compared byte for byte. */
export interface KeyName {
  readonly owner: string;
  readonly id: string;
}

/** A key to be kept. */
export interface NewKey {
  readonly type: string;
  readonly lengthBytes: number;
  /** null: the back end makes them at random. */
  readonly bytes: Uint8Array | null;
}

/** A key found. */
export interface FoundKey {
  readonly info: KeyringKeyInfo;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A back end. */
export interface KeyringBackend {
  readonly name: BackendName;
  /** Rules of its own, which go before those asked for. */
  readonly rules?: RuleSet | undefined;
  /** Refuses a name, type or version that this back end has no place for, as far as is known without asking. @throws {UsageError | UnsupportedError} */
  assertKeeps?(name: KeyName, version: number, type: string): void;
  /** Keeps version 1 of a key. @throws {StateError} ERR_KEYRING_EXISTS */
  add(name: KeyName, key: NewKey, call: CallOptions): Promise<KeyringKeyInfo>;
  /**
   * Makes the version after the newest, of its type and length, of the bytes given or (null) random ones.
   *
   * @throws {StateError} ERR_KEY_NOT_FOUND; {UsageError} ERR_KEYRING_LENGTH
   */
  rotate(name: KeyName, bytes: Uint8Array | null, call: CallOptions): Promise<KeyringKeyInfo>;
  /** One version, or the newest; null when there is none. */
  fetch(name: KeyName, version: number | undefined, call: CallOptions): Promise<FoundKey | null>;
  info(name: KeyName, version: number | undefined, call: CallOptions): Promise<KeyringKeyInfo | null>;
  /** Removes all versions; false when there was none. */
  remove(name: KeyName, call: CallOptions): Promise<boolean>;
  /** The newest versions, of one owner or (undefined) of all. */
  list(owner: string | undefined, call: CallOptions): AsyncIterable<KeyringKeyInfo>;
  /** Destroys what creations left unfinished; back ends whose writes are atomic have nothing to do. @returns how many */
  collect?(call: CallOptions): Promise<number>;
  /** Ends it; later calls are not made. */
  close(): Promise<void>;
}
