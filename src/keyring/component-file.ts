/**
 * The file of MySQL's `component_keyring_file`, as a source of keys that is only read:
 *
 *   { "version": "1.0", "elements": [
 *       { "user": owner, "data_id": id, "data_type": type, "data": key in hex, "extension": [] }, … ] }
 *
 * The keys stand in the file in the clear, and as text: what JSON.parse makes of them on the way cannot be wiped. Layer: keyring, pure.
 */
import { decodeUtf8 } from '../bytes.ts';
import { decodeHex } from '../core/index.ts';
import { FormatError } from '../errors.ts';
import { KeyTable } from './key-table.ts';
import type { KeyringKeyInfo, OwnerOptions } from './keyring.ts';
import type { KeyringSource } from './migrate.ts';
import { platformRandomBytes } from './options.ts';
import { assertName, assertStores } from './rules.ts';
import { FetchedKey } from './service.ts';

/** Keys of a file. Holds secrets until disposed of. */
export interface KeyringFile extends KeyringSource, Disposable {
  /** How many keys. */
  readonly size: number;
}

/** Reads the file: see `readComponentKeyringFile` of lazy.ts. */
export function parseComponentKeyringFile(text: string | Uint8Array): KeyringFile {
  const file = parseObject(typeof text === 'string' ? text : decodeUtf8(text));
  if (file.version !== '1.0') throw malformed('this is not a version that is known: 1.0', ['version']);
  if (!Array.isArray(file.elements)) throw malformed('a list of keys is missing', ['elements']);
  const table = new KeyTable({ cacheKeys: true, randomBytes: platformRandomBytes });
  try {
    for (const [i, element] of (file.elements as readonly unknown[]).entries()) addElement(table, element, i);
  } catch (error) {
    table.dispose();
    throw error;
  }
  const size = table.list(undefined).length;
  return {
    size,
    async *list({ owner }: OwnerOptions = {}): AsyncGenerator<KeyringKeyInfo> {
      yield* table.list(owner);
    },
    async fetch(id, { owner = '', version } = {}) {
      const found = table.fetch({ id, owner }, version);
      return found === null ? null : new FetchedKey(found);
    },
    [Symbol.dispose]: () => table.dispose(),
  };
}

function addElement(table: KeyTable, element: unknown, i: number): void {
  const path = ['elements', String(i)];
  if (typeof element !== 'object' || element === null) throw malformed('a key is an object', path);
  const { user, data_id, data_type, data } = element as Record<string, unknown>;
  for (const [name, value] of Object.entries({ user, data_id, data_type, data }))
    if (typeof value !== 'string') throw malformed('a text is missing', [...path, name]);
  const name = { owner: user as string, id: data_id as string };
  const bytes = bytesOf(data as string, [...path, 'data']);
  try {
    assertName(name);
    assertStores('component', data_type as string, bytes.length);
    if (table.info(name, undefined) !== null) throw malformed('a second key of one id and user', path);
    const about = { type: data_type as string, lengthBytes: bytes.length, version: 1, backendKeyId: null };
    table.add({ ...name, ...about }, bytes);
  } catch (cause) {
    throw cause instanceof FormatError ? cause : malformed('no keyring has such a key', path, cause);
  } finally {
    bytes.fill(0);
  }
}

function bytesOf(hex: string, path: readonly string[]): Uint8Array<ArrayBuffer> {
  try {
    return decodeHex(hex);
  } catch {
    throw malformed('the key is not in hex', path);
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // What JSON.parse says of it may quote a key.
  }
  throw malformed('this is not JSON', []);
}

function malformed(message: string, path: readonly string[], cause?: unknown): FormatError {
  return new FormatError('ERR_KEYRING_FILE', `component_keyring_file: ${message}`, { offset: 0, path }, { cause });
}
