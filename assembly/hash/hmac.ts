// HMAC (RFC 2104, FIPS 198-1) over every hash of hash.ts: H(K ^ opad || H(K ^ ipad || text)). Layer: mechanism.
// As a stream: hmacStart, hashUpdate with whole blocks, hmacFinish; OUTER holds the state after K ^ opad meanwhile.
// Constant time: yes. Key and text lengths are public.
import { E_ARGUMENT, E_LENGTH } from '../generated/layout';
import {
  begin,
  blockBytes,
  compress,
  conclude,
  digestBytes,
  emitDigest,
  HASHES,
  hashAbort,
  initialState,
  KEY,
  OUTER,
  runningHash,
  STATE,
  setHash,
  swapWords,
  WORDS,
} from './hash';

/** Longest key, text of one call. */
const MAX_LENGTH: usize = 1 << 26;

/**
 * inner = the state after K ^ ipad, outer = after K ^ opad, native words, 64 bytes each.
 * A key longer than a block is replaced by its digest. Leaves KEY dirty; STATE may be inner.
 */
export function hmacStates(inner: usize, outer: usize, hash: i32, key: usize, keyLen: usize): void {
  const block = blockBytes(hash);
  memory.fill(KEY, 0, block);
  if (keyLen <= block) {
    memory.copy(KEY, key, keyLen);
  } else {
    begin(hash, initialState(hash), 0);
    conclude(hash, key, keyLen);
    emitDigest(hash, KEY, STATE, digestBytes(hash));
  }
  swapWords(hash, KEY, KEY, block);
  xorBlock(WORDS, 0x3636363636363636, block);
  compress(hash, inner, initialState(hash), WORDS);
  xorBlock(WORDS, 0x5c5c5c5c5c5c5c5c, block);
  compress(hash, outer, initialState(hash), WORDS);
}

/** dst = KEY ^ pad. */
function xorBlock(dst: usize, pad: u64, block: usize): void {
  const x = i64x2.splat(pad);
  for (let i: usize = 0; i < block; i += 16) v128.store(dst + i, v128.xor(x, v128.load(KEY + i)));
}

/** Starts HMAC under the key of `keyLen` bytes at `key`. */
export function hmacStart(hash: i32, key: usize, keyLen: usize): i32 {
  if (<u32>hash >= <u32>HASHES) return -E_ARGUMENT;
  if (keyLen > MAX_LENGTH) return -E_LENGTH;
  hmacStates(STATE, OUTER, hash, key, keyLen);
  begin(hash, STATE, blockBytes(hash));
  setHash(hash);
  return 0;
}

/** Adds the last `len` bytes of text and writes the tag to `dst`; returns its length. Wipes the stream. */
export function hmacFinish(dst: usize, src: usize, len: usize): i32 {
  if (len > MAX_LENGTH) {
    hashAbort();
    return -E_LENGTH;
  }
  const hash = runningHash();
  hmacConclude(hash, OUTER, src, len);
  const n = digestBytes(hash);
  emitDigest(hash, dst, STATE, n);
  hashAbort();
  return <i32>n;
}

/** Ends the inner stream with `len` bytes and runs the outer hash: STATE becomes the tag, native words. */
export function hmacConclude(hash: i32, outer: usize, src: usize, len: usize): void {
  conclude(hash, src, len);
  const n = digestBytes(hash);
  emitDigest(hash, KEY, STATE, n);
  begin(hash, outer, blockBytes(hash));
  conclude(hash, KEY, n);
}

/** dst = HMAC of `len` bytes at `src`; returns the tag's length. `dst` may be `src` or `key`. */
export function hmacOnce(dst: usize, hash: i32, key: usize, keyLen: usize, src: usize, len: usize): i32 {
  const status = hmacStart(hash, key, keyLen);
  return status < 0 ? status : hmacFinish(dst, src, len);
}
