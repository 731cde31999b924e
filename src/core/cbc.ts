/**
 * AES-CBC (SP 800-38A section 6.2) with PKCS#7 padding (RFC 5652 section 6.3) or none. CBC alone does not authenticate: check a
 * MAC over the ciphertext first, or treat every failure alike. The algorithm runs in the core (assembly/aes/cbc.ts), window by
 * window, so any length fits.
 */
import { UsageError } from '../errors.ts';
import { aes, aesParallel, assertAesKey, DATA_AT, IV_AT, KEY_AT, WINDOW_BYTES, wipeData } from './aes.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { statusError } from './status.ts';
import { memory } from './wasm.ts';

/** `pkcs7`: 1 to 16 bytes are added, and checked and removed. `none`: the data are whole blocks. */
export type CbcPadding = 'pkcs7' | 'none';

/** Data of one call into the core: whole groups of eight blocks, as many as fit the window. */
const STEP = WINDOW_BYTES & ~127;

/**
 * Encrypts with AES-CBC.
 *
 * @param key 16, 24 or 32 bytes. Copied; the caller's bytes are not changed.
 * @param iv 16 bytes, unpredictable and never used twice under one key
 * @param plaintext any length; a multiple of 16 without padding. Copied.
 * @returns the ciphertext: with padding 1 to 16 bytes longer
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED
 * @example
 * const iv = crypto.getRandomValues(new Uint8Array(16));
 * const ciphertext = encryptCbc(new Uint8Array(32), iv, new Uint8Array(20)); // 32 bytes
 */
export function encryptCbc(
  key: KeyBytes,
  iv: Uint8Array,
  plaintext: KeyBytes,
  padding: CbcPadding = 'pkcs7',
): Uint8Array<ArrayBuffer> {
  const padded = isPadded(padding);
  const source = exposeKey(plaintext);
  if (!padded && source.length % 16 !== 0) throw lengthError('the plaintext', source.length);
  const w = aes();
  const m = memory();
  const keyLen = begin(key, iv);
  const n = source.length;
  if (n < STEP) {
    m.set(source, DATA_AT);
    const status = w.cbcEncrypt(DATA_AT, n, IV_AT, padded ? 1 : 0, KEY_AT, keyLen);
    const out = m.slice(DATA_AT, DATA_AT + status);
    wipeData(DATA_AT, n);
    return out;
  }
  const out = new Uint8Array(padded ? n - (n % 16) + 16 : n);
  for (let at = 0; at < out.length; at += STEP) {
    const part = source.subarray(at, at + STEP);
    m.set(part, DATA_AT);
    const last = padded && at + STEP > n;
    const status = w.cbcEncrypt(DATA_AT, part.length, IV_AT, last ? 1 : 0, KEY_AT, keyLen);
    out.set(m.subarray(DATA_AT, DATA_AT + status), at);
  }
  wipeData(DATA_AT, STEP);
  return out;
}

/**
 * Decrypts AES-CBC. A bad padding gives one error, in constant time, whatever is wrong with it; nothing decrypted is returned.
 *
 * @param key 16, 24 or 32 bytes. Copied; the caller's bytes are not changed.
 * @param iv 16 bytes
 * @param ciphertext a multiple of 16 bytes; at least 16 with padding. Copied.
 * @returns the plaintext; the caller's to wipe
 * @throws {AuthenticationError} ERR_INTEGRITY: wrong key, or the bytes were changed
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED
 * @example
 * const [key, iv] = [new Uint8Array(32), new Uint8Array(16)];
 * const plaintext = decryptCbc(key, iv, encryptCbc(key, iv, new Uint8Array(20))); // 20 bytes
 */
export function decryptCbc(
  key: KeyBytes,
  iv: Uint8Array,
  ciphertext: Uint8Array,
  padding: CbcPadding = 'pkcs7',
): Uint8Array<ArrayBuffer> {
  const padded = isPadded(padding);
  const source = exposeKey(ciphertext);
  const n = source.length;
  if (n % 16 !== 0 || (padded && n === 0)) throw lengthError('the ciphertext', n);
  const w = aesParallel();
  const m = memory();
  const keyLen = begin(key, iv);
  if (n <= STEP) {
    m.set(source, DATA_AT);
    const status = w.cbcDecrypt(DATA_AT, n, IV_AT, padded ? 1 : 0, KEY_AT, keyLen);
    const out = status < 0 ? undefined : m.slice(DATA_AT, DATA_AT + status);
    wipeData(DATA_AT, n);
    if (out === undefined) throw statusError(status, 'CBC');
    return out;
  }
  const whole = new Uint8Array(n);
  let length = 0;
  for (let at = 0; at < n; at += STEP) {
    const part = source.subarray(at, at + STEP);
    m.set(part, DATA_AT);
    const status = w.cbcDecrypt(DATA_AT, part.length, IV_AT, padded && at + STEP >= n ? 1 : 0, KEY_AT, keyLen);
    if (status < 0) {
      wipeData(DATA_AT, STEP);
      whole.fill(0);
      throw statusError(status, 'CBC');
    }
    whole.set(m.subarray(DATA_AT, DATA_AT + status), at);
    length = at + status;
  }
  wipeData(DATA_AT, STEP);
  if (length === n) return whole;
  const out = whole.slice(0, length);
  whole.fill(0);
  return out;
}

/** Puts key and IV into place; returns the key's length. */
function begin(key: KeyBytes, iv: Uint8Array): number {
  const keyBytes = exposeKey(key);
  assertAesKey(keyBytes);
  if (!(iv instanceof Uint8Array) || iv.length !== 16) throw new UsageError('ERR_LENGTH', 'the IV must have 16 bytes');
  const m = memory();
  m.set(keyBytes, KEY_AT);
  m.set(iv, IV_AT);
  return keyBytes.length;
}

function isPadded(padding: CbcPadding): boolean {
  if (padding !== 'pkcs7' && padding !== 'none') {
    throw new UsageError('ERR_ARGUMENT', `padding must be 'pkcs7' or 'none'`);
  }
  return padding === 'pkcs7';
}

function lengthError(what: string, actual: number): UsageError {
  return new UsageError('ERR_LENGTH', `${what} has ${actual} bytes; it must have a multiple of 16, and not be empty`);
}
