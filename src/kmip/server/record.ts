/**
 * A sealed record: an object as bytes, bound to its place, under a MAC.
 *
 *   "KWSR" | version 1 u8 | ordinal u64 | KEY_ID | unique identifier | owner | object type | attributes | index | wrapped | tag (32)
 *   texts: u16 length, UTF-8 · attributes, index, wrapped: u32 length, bytes · index: text*, each `index NUL value`
 *   wrapped: empty when the object has no material, else RFC 5649 under the `server-object` subkey
 *
 * HMAC-SHA-512 under the `server-mac` subkey covers everything before the tag. Its first half is the tag; its second half is never
 * stored: it is the record's share of the set digest in the head (head.ts), which nobody without the key can compute, so no choice
 * of old records can be made to add up. Layer: kmip/server, Node only.
 */
import { equalSecretBytes, hmac, unwrapKeyPadded, wrapKeyPadded } from '../../core/index.ts';
import { AuthenticationError, UsageError } from '../../errors.ts';
import type { ObjectKeys } from './object-keys.ts';
import type { StoredObject } from './store.ts';

/** Bytes of a tag, and of a share. */
export const TAG_BYTES = 32;

/** An object with its index keys and its wrapped material: what a record holds. */
export interface RecordContents extends StoredObject {
  /** Its keys in the index (object-index.ts), each once. */
  readonly indexKeys: readonly string[];
  /** Empty when there is no material. */
  readonly wrapped: Uint8Array;
}

/** A record on its way to the disk. */
export interface SealedRecord {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its share of the set digest: 32 bytes, never stored. */
  readonly share: Uint8Array<ArrayBuffer>;
}

/** Largest material. */
const MAX_MATERIAL_BYTES = 1 << 20;
const MAX_TEXT_BYTES = 0xffff;
const MAX_BYTES = 16 << 20;
const MAGIC = 0x4b575352; // "KWSR"
const VERSION = 1;
const HEAD_BYTES = 4 + 1 + 8;

/** Wraps material. @throws {UsageError} ERR_STORE_LIMIT */
export function wrapMaterial(keys: ObjectKeys, keyId: string, material: Uint8Array): Uint8Array<ArrayBuffer> {
  if (material.length === 0 || material.length > MAX_MATERIAL_BYTES)
    throw new UsageError('ERR_STORE_LIMIT', `an object's material has 1 to ${MAX_MATERIAL_BYTES} bytes`);
  return wrapKeyPadded(keys.kek(keyId), material);
}

/** Unwraps material; the result is the caller's to wipe. @throws {AuthenticationError} ERR_STORE_RECORD */
export function unwrapMaterial(keys: ObjectKeys, record: RecordContents): Uint8Array<ArrayBuffer> | null {
  if (!record.hasMaterial) return null;
  try {
    return unwrapKeyPadded(keys.kek(record.keyId), record.wrapped);
  } catch (error) {
    throw error instanceof AuthenticationError ? recordFault(record.ordinal) : error;
  }
}

/** Makes the sealed form of a record. @throws {UsageError} ERR_STORE_LIMIT */
export function sealRecord(keys: ObjectKeys, record: RecordContents): SealedRecord {
  const { keyId, uniqueIdentifier, owner, objectType, attributes, indexKeys, wrapped } = record;
  const texts = [keyId, uniqueIdentifier, owner, objectType];
  const indexBytes = textsBytes(indexKeys);
  for (const partBytes of [attributes.length, indexBytes, wrapped.length])
    if (partBytes > MAX_BYTES)
      throw new UsageError('ERR_STORE_LIMIT', `a part of an object has more than ${MAX_BYTES} bytes`);
  const end = HEAD_BYTES + textsBytes(texts) + 3 * 4 + attributes.length + indexBytes + wrapped.length;
  const out = new Writer(end + TAG_BYTES);
  out.u32(MAGIC);
  out.u8(VERSION);
  out.u64(record.ordinal);
  for (const text of texts) out.text(text);
  out.bytes(attributes);
  out.u32(indexBytes);
  for (const key of indexKeys) out.text(key);
  out.bytes(wrapped);
  const mac = hmac('sha512', keys.mac(keyId), out.array.subarray(0, end));
  out.array.set(mac.subarray(0, TAG_BYTES), end);
  const share = mac.slice(TAG_BYTES);
  mac.fill(0);
  return { bytes: out.array, share };
}

/** A record that was opened. */
export interface OpenedRecord {
  readonly record: RecordContents;
  readonly share: Uint8Array<ArrayBuffer>;
}

/**
 * Checks and reads a record. The byte strings of what it returns are views of `bytes`: valid as long as those.
 *
 * @param ordinal the key it was found under
 * @throws {AuthenticationError} ERR_STORE_RECORD: not as it was written, or not written here
 */
export function openRecord(keys: ObjectKeys, ordinal: number, bytes: Uint8Array): OpenedRecord {
  const reader = new Reader(bytes, ordinal);
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION || reader.u64() !== ordinal) throw recordFault(ordinal);
  const keyId = reader.text();
  if (bytes.length < HEAD_BYTES + TAG_BYTES || !keys.has(keyId)) throw recordFault(ordinal);
  const end = bytes.length - TAG_BYTES;
  const mac = hmac('sha512', keys.mac(keyId), bytes.subarray(0, end));
  const share = mac.slice(TAG_BYTES);
  const genuine = equalSecretBytes(mac.subarray(0, TAG_BYTES), bytes.subarray(end));
  mac.fill(0);
  if (!genuine) throw recordFault(ordinal);
  const [uniqueIdentifier, owner, objectType] = [reader.text(), reader.text(), reader.text()];
  const attributes = reader.bytes();
  const indexKeys = reader.texts();
  const wrapped = reader.bytes();
  const hasMaterial = wrapped.length > 0;
  return {
    record: { ordinal, keyId, uniqueIdentifier, owner, objectType, attributes, indexKeys, wrapped, hasMaterial },
    share,
  };
}

/** The one error for a record that is not what was written. */
export function recordFault(ordinal: number): AuthenticationError {
  return new AuthenticationError(
    'ERR_STORE_RECORD',
    `record ${ordinal} of the object store is not as it was written, or its master key is not in this wallet`,
  );
}

/** Bytes of texts as `Writer.text` writes them. @throws {UsageError} ERR_STORE_LIMIT */
function textsBytes(texts: readonly string[]): number {
  let sum = 0;
  for (const text of texts) {
    const textBytes = Buffer.byteLength(text);
    if (textBytes > MAX_TEXT_BYTES)
      throw new UsageError('ERR_STORE_LIMIT', `a text of an object has more than ${MAX_TEXT_BYTES} bytes`);
    sum += 2 + textBytes;
  }
  return sum;
}

/** Buffer's own methods are several times faster here than DataView and TextEncoder. */
class Writer {
  readonly array: Uint8Array<ArrayBuffer>;
  readonly #buffer: Buffer;
  #at = 0;

  constructor(length: number) {
    this.array = new Uint8Array(length);
    this.#buffer = Buffer.from(this.array.buffer);
  }

  u8(value: number): void {
    this.#at = this.#buffer.writeUInt8(value, this.#at);
  }

  u32(value: number): void {
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }

  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value >>> 0);
  }

  text(text: string): void {
    const textBytes = this.#buffer.write(text, this.#at + 2);
    this.#buffer.writeUInt16BE(textBytes, this.#at);
    this.#at += 2 + textBytes;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.array.set(value, this.#at);
    this.#at += value.length;
  }
}

/** Reads within the bytes; anything beyond them is the one fault. Nothing it returns is trusted before the MAC was checked. */
class Reader {
  readonly #buffer: Buffer;
  readonly #ordinal: number;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array, ordinal: number) {
    this.#buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#ordinal = ordinal;
    this.#end = bytes.length - TAG_BYTES;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  u64(): number {
    return this.u32() * 2 ** 32 + this.u32();
  }

  text(): string {
    const length = this.#buffer.readUInt16BE(this.#take(2));
    const at = this.#take(length);
    return this.#buffer.toString('utf8', at, at + length);
  }

  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#take(length);
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + at, length);
  }

  texts(): string[] {
    const end = this.u32() + this.#at;
    const found: string[] = [];
    while (this.#at < end) found.push(this.text());
    return found;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw recordFault(this.#ordinal);
    this.#at = at + length;
    return at;
  }
}
