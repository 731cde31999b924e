/**
 * What a keyring is, whatever keeps its keys: the MySQL keyring service's operations on keys that are identified by (id, owner).
 * Absent is not an error for reading, and is one only at the statement door for removing. Layer: keyring, Node only.
 */
import type { Secret } from '../secret.ts';

/** One deadline for all that a call does, and what ends it early. */
export interface CallOptions {
  /** Ends a call before it has changed anything; a change that has begun is finished. */
  readonly signal?: AbortSignal;
  /** For what waits for a server. Default: the back end's own. */
  readonly timeoutMs?: number;
}

/** Whose key. */
export interface OwnerOptions extends CallOptions {
  /** Account such as `root@localhost`; compared byte for byte. Default `''`, a key of no user. */
  readonly owner?: string;
}

/** Which of a key's versions. */
export interface FetchOptions extends OwnerOptions {
  /** From 1. Default: the newest. */
  readonly version?: number;
}

/** What the next version of a key is made of. */
export interface RotateOptions extends OwnerOptions {
  /** Bytes of the new version, as many as the old ones have; copied. Default: random ones, as `generate` makes them. */
  readonly key?: Uint8Array | Secret;
}

/** What is known of a key besides its bytes. */
export interface KeyringKeyInfo {
  readonly id: string;
  readonly owner: string;
  /** As it was stored: `AES`, `SECRET`, … */
  readonly type: string;
  readonly lengthBytes: number;
  /** From 1; `rotate` makes the next. */
  readonly version: number;
  /** What the back end calls it: a KMIP Unique Identifier, an alias; null where it has no name of its own. */
  readonly backendKeyId: string | null;
}

/** A key by its name, and how many versions of it there are. */
export type NamedVersion = Pick<KeyringKeyInfo, 'id'> & Partial<Pick<KeyringKeyInfo, 'owner' | 'version'>>;

/** A key with its bytes, which are the caller's to dispose of. */
export interface KeyringKey extends KeyringKeyInfo, Disposable {
  /** `lengthBytes` bytes. */
  readonly key: Secret;
}

/** The kinds of back ends. */
export type BackendName = 'kmip' | 'wallet' | 'memory';

/** A keyring. Made by `openKeyring`; use with `await using`. */
export interface Keyring extends AsyncDisposable {
  readonly backend: BackendName;

  /**
   * Makes a key of random bytes: where the back end is a server, there.
   *
   * @throws {StateError} ERR_KEYRING_EXISTS
   * @throws {UsageError} ERR_KEYRING_ID, ERR_KEYRING_TYPE, ERR_KEYRING_LENGTH: before anything was asked of the back end
   * @throws {ProtocolError | TransportError} what the back end answered, or that it did not
   */
  generate(id: string, type: string, lengthBytes: number, options?: OwnerOptions): Promise<KeyringKeyInfo>;

  /** Keeps bytes under a name; they are copied. @throws as `generate` */
  store(id: string, type: string, key: Uint8Array | Secret, options?: OwnerOptions): Promise<KeyringKeyInfo>;

  /** The newest version of a key, or the one asked for; null when there is none. */
  fetch(id: string, options?: FetchOptions): Promise<KeyringKey | null>;

  /** What is known of a key, without its bytes; null when there is none. */
  info(id: string, options?: FetchOptions): Promise<KeyringKeyInfo | null>;

  /** Says whether there is a key, ready to use. */
  has(id: string, options?: OwnerOptions): Promise<boolean>;

  /** Removes a key with all its versions; false when there was none. */
  remove(id: string, options?: OwnerOptions): Promise<boolean>;

  /**
   * Makes the next version of a key, of the same type and length; the old ones stay readable.
   *
   * @throws {StateError} ERR_KEY_NOT_FOUND; {UsageError} ERR_KEYRING_LENGTH for bytes of another length
   */
  rotate(id: string, options?: RotateOptions): Promise<KeyringKeyInfo>;

  /**
   * Says whether `store` takes a key of a type and length; of a key that is named (a `KeyringKeyInfo` fits), whether under that name
   * and with that many versions. Asks no back end.
   */
  accepts(type: string, lengthBytes: number, key?: NamedVersion): boolean;

  /** All keys, newest version each; of all owners unless one is named. */
  list(options?: OwnerOptions): AsyncIterable<KeyringKeyInfo>;

  /**
   * Destroys what creations that broke off left behind, once it is older than a grace time; such things are never shown.
   *
   * @returns how many; 0 for back ends that write whole keys or none
   */
  gc(options?: CallOptions): Promise<number>;

  /** Lets go of connections and files; wipes what it kept. Safe to call twice. */
  close(): Promise<void>;
}
