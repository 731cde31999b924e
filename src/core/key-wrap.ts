/**
 * AES key wrap: RFC 3394 (SP 800-38F KW) and, with padding, RFC 5649 (KWP), for one key. The algorithm runs in the core
 * (assembly/aes/key-wrap.ts); here are lengths, copies and errors. Batches: key-wrap-batch.ts.
 */
import { UsageError } from '../errors.ts';
import { aes, dataAt, wipeData } from './aes.ts';
import { type Kek, keyArgument, placeKey } from './kek.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { statusError } from './status.ts';
import { memory } from './wasm.ts';

/**
 * Wraps a key, RFC 3394 section 2.2.1.
 *
 * @param kek 16, 24 or 32 bytes, or a handle from `importKek`. Copied; the caller's bytes are not changed.
 * @param key the key data: a multiple of 8 bytes, at least 16. Copied.
 * @returns 8 bytes more than `key`
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 * @throws {LimitError} ERR_LIMIT_SIZE above 8 MiB
 * @example
 * const kek = crypto.getRandomValues(new Uint8Array(32));
 * const wrapped = wrapKey(kek, new Uint8Array(32)); // 40 bytes
 */
export function wrapKey(kek: KeyBytes | Kek, key: KeyBytes): Uint8Array<ArrayBuffer> {
  const w = aes();
  const source = exposeKey(key);
  const n = source.length;
  if (n < 16 || (n & 7) !== 0) throw lengthError('the key', n, 'a multiple of 8, at least 16');
  const at = dataAt(n);
  const keyLen = placeKey(kek);
  const m = memory();
  m.set(source, at + 8);
  const status = w.kwWrap(at, n, keyArgument, keyLen);
  return finish(status, at, at, n);
}

/**
 * Unwraps a key, RFC 3394 section 2.2.2. Nothing of a key that fails the check is returned or left in memory.
 *
 * @param kek as for `wrapKey`
 * @param wrapped the wrapped key: a multiple of 8 bytes, at least 24. Copied.
 * @returns the key, 8 bytes less; the caller's to wipe
 * @throws {AuthenticationError} ERR_INTEGRITY: wrong KEK, or the bytes were changed
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 * @throws {LimitError} ERR_LIMIT_SIZE above 8 MiB
 * @example
 * const kek = new Uint8Array(32);
 * const key = unwrapKey(kek, wrapKey(kek, new Uint8Array(32)));
 */
export function unwrapKey(kek: KeyBytes | Kek, wrapped: Uint8Array): Uint8Array<ArrayBuffer> {
  const w = aes();
  const source = exposeKey(wrapped);
  const n = source.length;
  if (n < 24 || (n & 7) !== 0) throw lengthError('the wrapped key', n, 'a multiple of 8, at least 24');
  const at = dataAt(n);
  const keyLen = placeKey(kek);
  const m = memory();
  m.set(source, at);
  const status = w.kwUnwrap(at, n, keyArgument, keyLen);
  return finish(status, at, at + 8, n);
}

/**
 * Wraps a key of any length with padding, RFC 5649 section 4.1.
 *
 * @param kek as for `wrapKey`
 * @param key the key data: at least 1 byte. Copied.
 * @returns the key's length rounded up to a multiple of 8, and 8 bytes more
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 * @throws {LimitError} ERR_LIMIT_SIZE above 8 MiB
 * @example
 * const wrapped = wrapKeyPadded(new Uint8Array(32), new Uint8Array(20)); // 32 bytes
 */
export function wrapKeyPadded(kek: KeyBytes | Kek, key: KeyBytes): Uint8Array<ArrayBuffer> {
  const w = aes();
  const source = exposeKey(key);
  const n = source.length;
  if (n === 0) throw lengthError('the key', n, 'at least 1');
  const at = dataAt(n);
  const keyLen = placeKey(kek);
  const m = memory();
  m.set(source, at + 8);
  const status = w.kwpWrap(at, n, keyArgument, keyLen);
  return finish(status, at, at, n);
}

/**
 * Unwraps a key that was wrapped with padding, RFC 5649 section 4.2. All checks give one error.
 *
 * @param kek as for `wrapKey`
 * @param wrapped the wrapped key: a multiple of 8 bytes, at least 16. Copied.
 * @returns the key; the caller's to wipe
 * @throws {AuthenticationError} ERR_INTEGRITY: wrong KEK, or the bytes were changed
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 * @throws {LimitError} ERR_LIMIT_SIZE above 8 MiB
 * @example
 * const kek = new Uint8Array(32);
 * const key = unwrapKeyPadded(kek, wrapKeyPadded(kek, new Uint8Array(20)));
 */
export function unwrapKeyPadded(kek: KeyBytes | Kek, wrapped: Uint8Array): Uint8Array<ArrayBuffer> {
  const w = aes();
  const source = exposeKey(wrapped);
  const n = source.length;
  if (n < 16 || (n & 7) !== 0) throw lengthError('the wrapped key', n, 'a multiple of 8, at least 16');
  const at = dataAt(n);
  const keyLen = placeKey(kek);
  const m = memory();
  m.set(source, at);
  const status = w.kwpUnwrap(at, n, keyArgument, keyLen);
  return finish(status, at, at + 8, n);
}

/** Copies the result at `from` out, wipes, and turns a failure into its error. */
function finish(status: number, at: number, from: number, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const out = status < 0 ? undefined : memory().slice(from, from + status);
  wipeData(at, lengthBytes);
  if (out === undefined) throw statusError(status, 'key wrap');
  return out;
}

function lengthError(what: string, actual: number, wanted: string): UsageError {
  return new UsageError('ERR_LENGTH', `${what} has ${actual} bytes; it must have ${wanted}`);
}
