/**
 * The text `MKID:MK` or `MK` of SET KEY and CREATE KEY, as ASCII bytes: a master key does not become a JavaScript string on
 * the way in. Only the colon's place, which is public, is branched on. Layer: wallet, universal.
 */
import { decodeHex } from '../core/index.ts';
import { KeywardError } from '../errors.ts';
import { assertMkid, invalidKeyError, MASTER_KEY_BYTES, MKID_BYTES } from './key-id.ts';

/** A master key, and its identifier where one was given. */
export interface KeyMaterial {
  /** 16 bytes. */
  readonly mkid?: Uint8Array<ArrayBuffer>;
  /** 32 bytes, the caller's to wipe. */
  readonly key: Uint8Array<ArrayBuffer>;
}

const COLON = 0x3a;

/**
 * Reads key material.
 *
 * @param text hex digits in ASCII, `MKID:MK` or `MK`; decoded in constant time and not changed
 * @throws {StateError} ERR_KEY_MATERIAL for anything but 32 digits, a colon and 64, or 64 digits
 */
export function parseKeyMaterial(text: Uint8Array): KeyMaterial {
  if (text.length === 2 * MASTER_KEY_BYTES) return { key: fromHex(text) };
  if (text.length !== 2 * MKID_BYTES + 1 + 2 * MASTER_KEY_BYTES || text[2 * MKID_BYTES] !== COLON)
    throw invalidKeyError();
  const mkid = fromHex(text.subarray(0, 2 * MKID_BYTES));
  assertMkid(mkid);
  return { mkid, key: fromHex(text.subarray(2 * MKID_BYTES + 1)) };
}

function fromHex(digits: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return decodeHex(digits);
  } catch (error) {
    throw error instanceof KeywardError ? invalidKeyError() : error;
  }
}
