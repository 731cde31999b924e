/**
 * Master key identifiers: the 16-byte MKID and the text of V$ENCRYPTION_KEYS.KEY_ID, which is
 * base64(01 ‖ MKID ‖ 22 × 00): 39 bytes, 52 characters, no padding. Oracle and YashanDB use the same rule.
 * Identifiers are public, so nothing here is constant time; master keys themselves never pass through this file.
 */
import { equalPublicBytes, formatHex } from '../bytes.ts';
import { StateError } from '../errors.ts';

/** Bytes of an MKID. */
export const MKID_BYTES = 16;
/** Bytes of a master key (AES-256). */
export const MASTER_KEY_BYTES = 32;
const KEY_ID_BYTES = 39;
const KEY_ID_CHARACTERS = 52;
/** First byte of an identifier: what kind of key it names. */
const KIND = { software: 0x01, external: 0x06 } as const;

/** The error for an MKID or MK of the wrong length or form, or an MKID of zeros; the text is the database's. */
export function invalidKeyError(): StateError {
  return new StateError('ERR_KEY_MATERIAL', 'invalid master key identifier or master key value', {
    hint: 'an MKID is 32 hexadecimal digits, not all zero; an MK is 64 hexadecimal digits',
  });
}

/** Formats an MKID (16 bytes) as KEY_ID: 52 characters of base64. */
export function formatKeyId(mkid: Uint8Array): string {
  const bytes = new Uint8Array(KEY_ID_BYTES);
  bytes[0] = KIND.software;
  bytes.set(mkid, 1);
  return encodePublicBase64(bytes);
}

/**
 * Reads a KEY_ID in the one form that `formatKeyId` writes.
 *
 * @param text holds it from `from` to its end
 * @returns the MKID, 16 bytes; null for anything else
 */
export function decodeKeyId(text: string, from = 0): Uint8Array<ArrayBuffer> | null {
  if (text.length !== from + KEY_ID_CHARACTERS) return null;
  const mkid = new Uint8Array(MKID_BYTES);
  let bits = 0;
  let seen = 0; // every bit of the MKID
  for (let i = 0, byte = -1, pending = 0; i < SIGNIFICANT_CHARACTERS; i++) {
    const digit = digitOf(text.charCodeAt(from + i));
    if (digit < 0) return null;
    bits = (bits << 6) | digit;
    pending += 6;
    if (pending < 8) continue;
    pending -= 8;
    const octet = (bits >>> pending) & 0xff;
    bits &= (1 << pending) - 1;
    if (byte < 0 && octet !== KIND.software) return null;
    if (byte >= 0) seen |= mkid[byte] = octet;
    byte++;
  }
  return bits === 0 && seen !== 0 && text.endsWith(TRAILING_ZEROS) ? mkid : null;
}

/** Characters of a KEY_ID that hold its first 17 bytes; those behind them are zeros. */
export const SIGNIFICANT_CHARACTERS = 23;
/** What stands behind them. */
const TRAILING_ZEROS: string = /* @__PURE__ */ 'A'.repeat(KEY_ID_CHARACTERS - SIGNIFICANT_CHARACTERS);

/** The value of a base64 digit (RFC 4648 table 1), -1 for any other character. */
function digitOf(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
  return code === 0x2b ? 62 : code === 0x2f ? 63 : -1;
}

/** Formats an MKID as V$ENCRYPTION_KEYS.HEX_MKID: 78 digits, the whole identifier in hex. */
export function formatHexKeyId(mkid: Uint8Array): string {
  return `01${formatHex(mkid).toUpperCase()}${'00'.repeat(22)}`;
}

/**
 * Reads a key identifier in any of the forms that databases print: KEY_ID (52 characters of base64), its short form
 * without the zeros (22 to 24 characters), HEX_MKID (78 digits), the `06` form of external key stores (34 digits), or
 * the MKID itself (32 digits).
 *
 * @returns the MKID, 16 bytes
 * @throws {StateError} ERR_KEY_MATERIAL when the text is none of these, or the MKID is all zero
 *
 * @example
 * formatKeyId(parseKeyId('1e3eeec2f7cc8af9a919517216e8057d')); // 'AR4+7sL3zIr5qRlRchboBX0AAA…'
 */
export function parseKeyId(text: string): Uint8Array<ArrayBuffer> {
  const mkid = fromHex(text) ?? fromBase64(text);
  if (mkid === null) throw invalidKeyError();
  assertMkid(mkid);
  return mkid;
}

/** @throws {StateError} ERR_KEY_MATERIAL unless `mkid` is 16 bytes and not all zero */
export function assertMkid(mkid: Uint8Array): void {
  if (mkid.length !== MKID_BYTES || mkid.every((b) => b === 0)) throw invalidKeyError();
}

/** Says whether an MKID has the two marks that Oracle's own generator leaves (byte 6 = 4F, byte 8 = BF). */
export function looksGenerated(mkid: Uint8Array): boolean {
  return mkid[6] === 0x4f && mkid[8] === 0xbf;
}

/** Says whether two identifiers are the same. */
export function sameMkid(a: Uint8Array, b: Uint8Array): boolean {
  return equalPublicBytes(a, b);
}

function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[0-9a-f]*$/i.test(text)) return null;
  const bytes = Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (text.length === 2 * MKID_BYTES) return bytes;
  const named = bytes[0] === KIND.software || bytes[0] === KIND.external;
  if (text.length === 2 * (1 + MKID_BYTES) && named) return bytes.slice(1);
  return text.length === 2 * KEY_ID_BYTES ? fromWhole(bytes) : null;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const bare = text.replace(/=+$/, '');
  if (!/^[A-Za-z0-9+/]+$/.test(bare)) return null;
  const short = bare.length >= 22 && bare.length <= 24;
  if (!short && bare.length !== KEY_ID_CHARACTERS) return null;
  const binary = atob(bare.padEnd(KEY_ID_CHARACTERS, 'A'));
  return fromWhole(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
}

function fromWhole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  const zeros = bytes.subarray(1 + MKID_BYTES).every((b) => b === 0);
  return bytes[0] === KIND.software && zeros ? bytes.slice(1, 1 + MKID_BYTES) : null;
}

function encodePublicBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
