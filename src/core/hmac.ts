/** HMAC (RFC 2104, FIPS 198-1) over every hash of the core, one-shot, for keys and texts of any length. Layer: core. */
import { encodeUtf8, formatHex } from '../bytes.ts';
import { KeywardError } from '../errors.ts';
import { IN, IN_BYTES } from './generated/layout.ts';
import { finishStream, type HashName, hash, hashFacts } from './hash.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { statusError } from './status.ts';
import { core, memory } from './wasm.ts';

/**
 * Computes the HMAC of `bytes` under `key`.
 *
 * @param name the hash under the HMAC
 * @param key any length, empty included; not changed
 * @param bytes the text, any length; not changed
 * @returns the whole tag, as long as the hash's digest, the caller's own
 * @throws {UsageError} ERR_HASH_NAME
 * @example
 * hmac('sha256', new Uint8Array(32), new TextEncoder().encode('text')); // 32 bytes
 */
export function hmac(name: HashName, key: KeyBytes, bytes: KeyBytes): Uint8Array<ArrayBuffer> {
  const { id, blockBytes } = hashFacts(name);
  if (!tested) selfTest();
  const keyBytes = exposeKey(key);
  const text = exposeKey(bytes);
  if (keyBytes.length > blockBytes) {
    const short = hash(name, keyBytes); // RFC 2104 section 2: a key longer than a block is hashed first
    try {
      return tag(id, short, text);
    } finally {
      short.fill(0);
    }
  }
  return tag(id, keyBytes, text);
}

/** RFC 4231 case 2, before the first use. @throws {KeywardError} ERR_SELF_TEST */
function selfTest(): void {
  const got = tag(hashFacts('sha256').id, encodeUtf8('Jefe'), encodeUtf8('what do ya want for nothing?'));
  if (formatHex(got) !== '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
    throw new KeywardError('ERR_SELF_TEST', 'HMAC does not compute its known answer');
  tested = true;
}

let tested = false;

/** HMAC under a key of at most one block. */
function tag(id: number, key: Uint8Array, text: Uint8Array): Uint8Array<ArrayBuffer> {
  const wasm = core();
  const view = memory();
  const keyLength = key.length;
  const length = keyLength + text.length;
  view.set(key, IN);
  if (length > IN_BYTES) {
    wasm.hmacStart(id, IN, keyLength);
    return finishStream(wasm.hmacFinish, text);
  }
  view.set(text, IN + keyLength);
  const written = wasm.hmacOnce(IN, id, IN, keyLength, IN + keyLength, text.length); // over its input
  const out = written < 0 ? undefined : view.slice(IN, IN + written);
  wasm.wipe(IN, Math.max(length, 64));
  if (out === undefined) throw statusError(written, 'HMAC input');
  return out;
}
