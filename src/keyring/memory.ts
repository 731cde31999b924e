/** The back end that keeps keys in this process, gone with it: for tests and trials. Layer: keyring. */
import { StateError } from '../errors.ts';
import type { FoundKey, KeyName, KeyringBackend, NewKey } from './backend.ts';
import { KeyTable, type KeyTableOptions } from './key-table.ts';
import type { CallOptions, KeyringKeyInfo } from './keyring.ts';
import { assertSameLength } from './rules.ts';

/** Makes an empty one. */
export function createMemoryBackend(options: KeyTableOptions): KeyringBackend {
  return new MemoryBackend(options);
}

class MemoryBackend implements KeyringBackend {
  readonly name = 'memory';
  readonly #options: KeyTableOptions;
  readonly #table: KeyTable;

  constructor(options: KeyTableOptions) {
    this.#options = options;
    this.#table = new KeyTable(options);
  }

  async add(name: KeyName, key: NewKey): Promise<KeyringKeyInfo> {
    if (this.#table.info(name, undefined) !== null) throw keyExists();
    return this.#add(
      { ...name, type: key.type, lengthBytes: key.lengthBytes, version: 1, backendKeyId: null },
      key.bytes,
    );
  }

  async rotate(name: KeyName, bytes: Uint8Array | null): Promise<KeyringKeyInfo> {
    const newest = this.#table.info(name, undefined);
    if (newest === null) throw keyNotFound();
    assertSameLength(newest.lengthBytes, bytes);
    return this.#add({ ...newest, version: newest.version + 1 }, bytes);
  }

  async fetch(name: KeyName, version: number | undefined): Promise<FoundKey | null> {
    return this.#table.fetch(name, version);
  }

  async info(name: KeyName, version: number | undefined): Promise<KeyringKeyInfo | null> {
    return this.#table.info(name, version);
  }

  async remove(name: KeyName): Promise<boolean> {
    return this.#table.remove(name);
  }

  async *list(owner: string | undefined, _call: CallOptions): AsyncIterable<KeyringKeyInfo> {
    yield* this.#table.list(owner);
  }

  async close(): Promise<void> {
    this.#table.dispose();
  }

  #add(info: KeyringKeyInfo, bytes: Uint8Array | null): KeyringKeyInfo {
    const made = bytes === null ? this.#options.randomBytes(info.lengthBytes) : null;
    this.#table.add(info, made ?? (bytes as Uint8Array));
    made?.fill(0);
    return info;
  }
}

/** A key of that owner and id is there. */
export function keyExists(cause?: unknown): StateError {
  return new StateError('ERR_KEYRING_EXISTS', 'a key of that owner and id exists', { cause });
}

/** There is no key of that owner and id. */
export function keyNotFound(): StateError {
  return new StateError('ERR_KEY_NOT_FOUND', 'there is no key of that owner and id');
}
