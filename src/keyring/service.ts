/** The keyring over a back end: names, types and lengths checked first, keys handed out as `Secret`s, one end. Layer: keyring. */
import { UnsupportedError, UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { FoundKey, KeyName, KeyringBackend } from './backend.ts';
import type {
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
import { assertGenerates, assertName, assertStores, type RuleSet } from './rules.ts';

/** Makes the keyring of a back end, which it closes with itself. */
export function createKeyring(backend: KeyringBackend, rules: RuleSet): Keyring {
  return new BackedKeyring(backend, rules);
}

class BackedKeyring implements Keyring {
  readonly #backend: KeyringBackend;
  readonly #rules: RuleSet;
  #closing: Promise<void> | null = null;

  constructor(backend: KeyringBackend, rules: RuleSet) {
    this.#backend = backend;
    this.#rules = backend.rules ?? rules;
  }

  get backend(): BackendName {
    return this.#backend.name;
  }

  async generate(id: string, type: string, lengthBytes: number, options: OwnerOptions = {}): Promise<KeyringKeyInfo> {
    const name = this.#begin(id, options);
    assertGenerates(this.#rules, type, lengthBytes);
    return await this.#backend.add(name, { type, lengthBytes, bytes: null }, options);
  }

  async store(id: string, type: string, key: Uint8Array | Secret, options: OwnerOptions = {}): Promise<KeyringKeyInfo> {
    const name = this.#begin(id, options);
    using own = copyOf(key);
    assertStores(this.#rules, type, own.length);
    return await this.#backend.add(name, { type, lengthBytes: own.length, bytes: own.expose() }, options);
  }

  async fetch(id: string, options: FetchOptions = {}): Promise<KeyringKey | null> {
    const found = await this.#backend.fetch(this.#begin(id, options), options.version, options);
    return found === null ? null : new FetchedKey(found);
  }

  async info(id: string, options: FetchOptions = {}): Promise<KeyringKeyInfo | null> {
    return await this.#backend.info(this.#begin(id, options), options.version, options);
  }

  async has(id: string, options: OwnerOptions = {}): Promise<boolean> {
    return (await this.info(id, options)) !== null;
  }

  async remove(id: string, options: OwnerOptions = {}): Promise<boolean> {
    return await this.#backend.remove(this.#begin(id, options), options);
  }

  async rotate(id: string, options: RotateOptions = {}): Promise<KeyringKeyInfo> {
    const name = this.#begin(id, options);
    const { key, ...call } = options;
    if (key === undefined) return await this.#backend.rotate(name, null, call);
    using own = copyOf(key);
    return await this.#backend.rotate(name, own.expose(), call);
  }

  accepts(type: string, lengthBytes: number, key?: NamedVersion): boolean {
    try {
      assertStores(this.#rules, type, lengthBytes);
      if (key !== undefined) {
        const { id, owner = '', version = 1 } = key;
        assertName({ owner, id });
        this.#backend.assertKeeps?.({ owner, id }, version, type);
      }
      return true;
    } catch (error) {
      if (error instanceof UsageError || error instanceof UnsupportedError) return false;
      throw error;
    }
  }

  async *list(options: OwnerOptions = {}): AsyncGenerator<KeyringKeyInfo> {
    this.#assertOpen(options);
    for await (const info of this.#backend.list(options.owner, options)) {
      this.#assertOpen(options);
      yield info;
    }
  }

  async gc(options: CallOptions = {}): Promise<number> {
    this.#assertOpen(options);
    return (await this.#backend.collect?.(options)) ?? 0;
  }

  close(): Promise<void> {
    this.#closing ??= this.#backend.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(id: string, options: FetchOptions): KeyName {
    this.#assertOpen(options);
    const { owner = '', version } = options;
    const name = { owner, id };
    assertName(name);
    if (version !== undefined && (!Number.isSafeInteger(version) || version < 1))
      throw new UsageError('ERR_OPTION', `a version is a whole number from 1, not ${version}`);
    return name;
  }

  #assertOpen({ signal }: CallOptions): void {
    if (this.#closing !== null) throw new UsageError('ERR_KEYRING_CLOSED', 'this keyring was closed');
    signal?.throwIfAborted();
  }
}

/** The caller may wipe its bytes while this waits. @throws {UsageError} ERR_BYTES_TYPE */
function copyOf(key: Uint8Array | Secret): Secret {
  const given = key instanceof Secret ? key.expose() : key;
  if (!(given instanceof Uint8Array)) throw new UsageError('ERR_BYTES_TYPE', 'a key is a Uint8Array or a Secret');
  return Secret.from(given);
}

/** A key with its bytes, until disposed of. */
export class FetchedKey implements KeyringKey {
  readonly id: string;
  readonly owner: string;
  readonly type: string;
  readonly lengthBytes: number;
  readonly version: number;
  readonly backendKeyId: string | null;
  readonly key: Secret;

  constructor({ info, bytes }: FoundKey) {
    this.id = info.id;
    this.owner = info.owner;
    this.type = info.type;
    this.lengthBytes = info.lengthBytes;
    this.version = info.version;
    this.backendKeyId = info.backendKeyId;
    this.key = Secret.adopt(bytes);
  }

  [Symbol.dispose](): void {
    this.key.dispose();
  }
}
