/** HKDF (RFC 5869) over every hash of the core: extract, then expand. Layer: core. */
import { UsageError } from '../errors.ts';
import { type HashName, hashFacts } from './hash.ts';
import { hmac } from './hmac.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';

/** What `hkdf` takes. */
export interface HkdfOptions {
  /** Input keying material (IKM), any length. */
  readonly key: KeyBytes;
  /** Salt, any length; without it, or empty, RFC 5869's default: a digest's length of zeros. */
  readonly salt?: KeyBytes;
  /** Context, any length; without it, empty. */
  readonly info?: Uint8Array;
  /** Bytes to derive, 1 to 255 digests. */
  readonly lengthBytes: number;
}

/**
 * Derives a key from a key.
 *
 * @param name the hash under the HMAC
 * @param options key, salt, info and how many bytes; none of them is changed
 * @returns `lengthBytes` bytes, the caller's own
 * @throws {UsageError} ERR_HASH_NAME; ERR_LENGTH when `lengthBytes` is not 1 to 255 digests; ERR_OPTION
 * @example
 * hkdf('sha256', { key: masterKey, info: new TextEncoder().encode('data-key'), lengthBytes: 32 });
 */
export function hkdf(name: HashName, options: HkdfOptions): Uint8Array<ArrayBuffer> {
  const { digestBytes } = hashFacts(name);
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option)) throw new UsageError('ERR_OPTION', `hkdf: no such option: ${option}`);
  const { key, salt = new Uint8Array(0), info = new Uint8Array(0), lengthBytes } = options;
  if (!Number.isInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > 255 * digestBytes)
    throw new UsageError('ERR_LENGTH', `hkdf: lengthBytes must be 1 to ${255 * digestBytes}`);
  // RFC 5869 2.2: PRK = HMAC(salt, IKM). An empty HMAC key and one of zeros are the same key.
  const prk = hmac(name, salt, exposeKey(key));
  // 2.3: T(i) = HMAC(PRK, T(i-1) | info | i), and the output is T(1) | T(2) | ...
  const out = new Uint8Array(lengthBytes);
  const text = new Uint8Array(digestBytes + info.length + 1);
  text.set(info, digestBytes);
  for (let at = 0, i = 1; at < lengthBytes; at += digestBytes, i++) {
    text[text.length - 1] = i;
    const t = hmac(name, prk, i === 1 ? text.subarray(digestBytes) : text);
    out.set(t.subarray(0, Math.min(digestBytes, lengthBytes - at)), at);
    text.set(t);
    t.fill(0);
  }
  text.fill(0);
  prk.fill(0);
  return out;
}

const OPTIONS: readonly string[] = ['key', 'salt', 'info', 'lengthBytes'];
