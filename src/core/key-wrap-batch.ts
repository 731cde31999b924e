/**
 * AES key wrap (RFC 3394) of many keys of one length under one KEK, flat in and flat out: the core takes eight keys at once
 * (assembly/aes/key-wrap-batch.ts), several times faster than one by one. Any number of keys, window by window.
 */
import { LimitError, UsageError } from '../errors.ts';
import { aesParallel, DATA_AT } from './aes.ts';
import { IN, OUT, OUT_BYTES } from './generated/layout.ts';
import { type Kek, keyArgument, placeKey } from './kek.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { statusError } from './status.ts';
import { memory } from './wasm.ts';

/** What `unwrapKeys` returns. */
export interface UnwrappedKeys {
  /** The keys one after the other, `keyLengthBytes` each; those that failed are zeros. The caller's to wipe. */
  readonly keys: Uint8Array<ArrayBuffer>;
  /** The indices of the keys that failed, ascending. */
  readonly failed: readonly number[];
}

/** OUT: the results, and at its end one flag for each key of the window. */
const FLAGS_BYTES = 4096;
const FLAGS_AT = OUT + OUT_BYTES - FLAGS_BYTES;
const RESULT_BYTES = OUT_BYTES - FLAGS_BYTES;
/** The longest key in a batch. */
const MAX_KEY_BYTES = 32_768;

/**
 * Wraps many keys of one length, RFC 3394 section 2.2.1 for each.
 *
 * @param kek 16, 24 or 32 bytes, or a handle from `importKek`. Copied; the caller's bytes are not changed.
 * @param keys the keys one after the other. Copied.
 * @param keyLengthBytes the length of each: a multiple of 8, at least 16
 * @returns the wrapped keys one after the other, keyLengthBytes + 8 bytes each
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 * @example
 * const wrapped = wrapKeys(new Uint8Array(32), new Uint8Array(1000 * 32), 32); // 1000 * 40 bytes
 */
export function wrapKeys(kek: KeyBytes | Kek, keys: KeyBytes, keyLengthBytes: number): Uint8Array<ArrayBuffer> {
  const source = exposeKey(keys);
  const count = countOf(source.length, keyLengthBytes, keyLengthBytes);
  const w = aesParallel();
  const m = memory();
  const wrappedBytes = keyLengthBytes + 8;
  const step = stepOf(wrappedBytes);
  let out: Uint8Array<ArrayBuffer> | undefined;
  if (count > step || count === 0) out = new Uint8Array(count * wrappedBytes);
  for (let first = 0; first < count; first += step) {
    const part = Math.min(step, count - first);
    const inBytes = part * keyLengthBytes;
    const outBytes = part * wrappedBytes;
    const keyLen = placeKey(kek);
    m.set(part === count ? source : source.subarray(first * keyLengthBytes, first * keyLengthBytes + inBytes), DATA_AT);
    const status = w.kwWrapBatch(OUT, DATA_AT, part, keyLengthBytes, keyArgument, keyLen);
    if (out === undefined) out = m.slice(OUT, OUT + outBytes);
    else out.set(m.subarray(OUT, OUT + outBytes), first * wrappedBytes);
    w.wipe(IN, 64 + inBytes);
    w.wipe(OUT, outBytes);
    if (status < 0) throw statusError(status, 'key wrap');
  }
  return out as Uint8Array<ArrayBuffer>;
}

/**
 * Unwraps many keys of one length, RFC 3394 section 2.2.2 for each. A key that fails its check does not stop the others: it is
 * named in `failed`, and its bytes in `keys` are zeros.
 *
 * @param kek as for `wrapKeys`
 * @param wrapped the wrapped keys one after the other, keyLengthBytes + 8 bytes each. Copied.
 * @param keyLengthBytes the length of each key unwrapped: a multiple of 8, at least 16
 * @returns the keys, and which of them failed: look at `failed` before using any
 * @throws {UsageError} ERR_LENGTH, ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 * @example
 * const kek = new Uint8Array(32);
 * const { keys, failed } = unwrapKeys(kek, wrapKeys(kek, new Uint8Array(1000 * 32), 32), 32);
 */
export function unwrapKeys(kek: KeyBytes | Kek, wrapped: Uint8Array, keyLengthBytes: number): UnwrappedKeys {
  const source = exposeKey(wrapped);
  const wrappedBytes = keyLengthBytes + 8;
  const count = countOf(source.length, wrappedBytes, keyLengthBytes);
  const w = aesParallel();
  const m = memory();
  const step = stepOf(wrappedBytes);
  const failed: number[] = [];
  let out: Uint8Array<ArrayBuffer> | undefined;
  if (count > step || count === 0) out = new Uint8Array(count * keyLengthBytes);
  for (let first = 0; first < count; first += step) {
    const part = Math.min(step, count - first);
    const inBytes = part * wrappedBytes;
    const outBytes = part * keyLengthBytes;
    const keyLen = placeKey(kek);
    m.set(part === count ? source : source.subarray(first * wrappedBytes, first * wrappedBytes + inBytes), DATA_AT);
    const failures = w.kwUnwrapBatch(OUT, DATA_AT, FLAGS_AT, part, keyLengthBytes, keyArgument, keyLen);
    if (failures > 0) for (let i = 0; i < part; i++) if (m[FLAGS_AT + i] !== 0) failed.push(first + i);
    if (out === undefined) out = m.slice(OUT, OUT + outBytes);
    else out.set(m.subarray(OUT, OUT + outBytes), first * keyLengthBytes);
    w.wipe(IN, 64 + inBytes);
    w.wipe(OUT, outBytes);
    if (failures > 0) w.wipe(FLAGS_AT, part);
    if (failures < 0) throw statusError(failures, 'key wrap');
  }
  return { keys: out as Uint8Array<ArrayBuffer>, failed };
}

/** How many keys the flat bytes hold. */
function countOf(totalBytes: number, eachBytes: number, keyLengthBytes: number): number {
  if (!Number.isInteger(keyLengthBytes) || keyLengthBytes < 16 || keyLengthBytes % 8 !== 0) {
    throw new UsageError('ERR_LENGTH', `keys of ${keyLengthBytes} bytes; each must have a multiple of 8, at least 16`);
  }
  if (keyLengthBytes > MAX_KEY_BYTES) {
    throw new LimitError('ERR_LIMIT_SIZE', `keys of ${keyLengthBytes} bytes in a batch; wrap them one by one`, {
      limit: MAX_KEY_BYTES,
      actual: keyLengthBytes,
    });
  }
  if (totalBytes % eachBytes !== 0) {
    throw new UsageError('ERR_LENGTH', `${totalBytes} bytes are not a whole number of keys of ${eachBytes} bytes`);
  }
  return totalBytes / eachBytes;
}

/** How many keys go through the windows at once: whole groups of eight where possible. */
function stepOf(wrappedBytes: number): number {
  const fit = Math.floor(RESULT_BYTES / wrappedBytes);
  return fit < 8 ? fit : fit & ~7;
}
