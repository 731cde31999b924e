/**
 * The head of an object store, under key 0: what makes a set of genuine records the right set. It changes with every commit.
 *
 *   "KWSH" | version 1 u8 | epoch u64 | next ordinal u64 | count u64 | KEY_ID u16 length, UTF-8 | tag (32)
 *   tag = HMAC-SHA-256(server-mac, everything before | digest)     digest = XOR of the shares of all records (record.ts)
 *
 * The digest itself is not stored. It is computed from the records at start, each of them verified on the way, and kept up with every
 * change. So a record that is missing, an older version of one, one that was put back after its removal, and a head of another time
 * are all seen. Not seen: the whole store put back to an earlier moment, head and records together. Against that stands only the
 * epoch, which `floor` compares with the smallest that the caller knows of. Layer: kmip/server, Node only.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../bytes.ts';
import { equalSecretBytes, hmac } from '../../core/index.ts';
import { StateError } from '../../errors.ts';
import type { ObjectKeys } from './object-keys.ts';
import { TAG_BYTES } from './record.ts';

/** What the head says. */
export interface Head {
  /** Number of commits ever made. */
  readonly epoch: number;
  /** Under which the next object is stored; ordinals are never used twice. */
  readonly nextOrdinal: number;
  readonly count: number;
}

/** The XOR of shares: the order does not matter, and a share added twice is gone. */
export class SetDigest {
  readonly #bytes = new Uint8Array(TAG_BYTES);

  /** Adds a share, or takes it away. The caller wipes the share. */
  toggle(share: Uint8Array): void {
    for (let i = 0; i < TAG_BYTES; i++) this.#bytes[i] = (this.#bytes[i] as number) ^ (share[i] as number);
  }

  /** A copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
  }
}

const MAGIC = 0x4b575348; // "KWSH"
const FIXED_BYTES = 4 + 1 + 3 * 8 + 2;

/** Makes the head's bytes, under the active master key. */
export function sealHead(keys: ObjectKeys, keyId: string, head: Head, digest: SetDigest): Uint8Array<ArrayBuffer> {
  const id = encodeUtf8(keyId);
  const out = new Uint8Array(FIXED_BYTES + id.length + TAG_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, 1);
  view.setBigUint64(5, BigInt(head.epoch));
  view.setBigUint64(13, BigInt(head.nextOrdinal));
  view.setBigUint64(21, BigInt(head.count));
  view.setUint16(29, id.length);
  out.set(id, FIXED_BYTES);
  const end = FIXED_BYTES + id.length;
  out.set(tagOf(keys, keyId, out.subarray(0, end), digest), end);
  return out;
}

/**
 * Reads a head and checks that the records it stands for are those that were found.
 *
 * @throws {StateError} ERR_STORE_HEAD
 */
export function openHead(keys: ObjectKeys, bytes: Uint8Array, digest: SetDigest, floor: number): Head {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < FIXED_BYTES + TAG_BYTES || view.getUint32(0) !== MAGIC || view.getUint8(4) !== 1)
    throw headFault();
  const end = FIXED_BYTES + view.getUint16(29);
  if (bytes.length !== end + TAG_BYTES) throw headFault();
  const keyId = decodeUtf8(bytes.subarray(FIXED_BYTES, end));
  if (!keys.has(keyId)) throw headFault();
  const tag = tagOf(keys, keyId, bytes.subarray(0, end), digest);
  if (!equalSecretBytes(tag, bytes.subarray(end))) throw headFault();
  const head = {
    epoch: Number(view.getBigUint64(5)),
    nextOrdinal: Number(view.getBigUint64(13)),
    count: Number(view.getBigUint64(21)),
  };
  if (head.epoch < floor) {
    throw new StateError(
      'ERR_STORE_OLD',
      `the object store is at epoch ${head.epoch}, but it was at ${floor} before: an older copy was put back`,
      { hint: 'if that was done on purpose, remove the file epoch in the home of the server' },
    );
  }
  return head;
}

/** The one error for a head that does not fit the records. */
export function headFault(): StateError {
  return new StateError('ERR_STORE_HEAD', 'the records of the object store are not those that were last committed', {
    hint: 'restore the whole store directory from one backup; never single files of it',
  });
}

function tagOf(keys: ObjectKeys, keyId: string, fields: Uint8Array, digest: SetDigest): Uint8Array<ArrayBuffer> {
  const sum = digest.bytes;
  const covered = concatBytes(fields, sum);
  try {
    return hmac('sha256', keys.mac(keyId), covered);
  } finally {
    sum.fill(0);
    covered.fill(0);
  }
}
