// SHA-1, SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224 and SHA-512/256 (FIPS 180-4): padding, streams, one-shot calls.
// The compression functions are generated (assembly/build/gen-sha.mjs). Layer: mechanism; HMAC and the KDFs stand on it.
//
// A stream is hashStart, hashUpdate any number of times with whole blocks, hashFinish with the rest. Its state lies in
// HASH_SCRATCH between the calls of one synchronous binding and is wiped by hashFinish or hashAbort. All of HASH_SCRATCH
// is zero before a stream starts.
// Constant time: yes. Lengths and the hash are public; no address or branch depends on the bytes.
import { E_ARGUMENT, E_LENGTH, HASH_SCRATCH } from '../generated/layout';
import { compress1, compress256, compress512 } from '../generated/sha-compress';
import { H1, H224, H256, H384, H512, H512_224, H512_256, SWAP32, SWAP64 } from '../generated/sha-tables';

// Numbers of the hashes, shared with src/core/hash.ts. Up to SHA256 words have 32 bits, from SHA384 on 64.
export const SHA1: i32 = 0;
export const SHA224: i32 = 1;
export const SHA256: i32 = 2;
export const SHA384: i32 = 3;
export const SHA512: i32 = 4;
export const SHA512_224: i32 = 5;
export const SHA512_256: i32 = 6;
export const HASHES: i32 = 7;

// HASH_SCRATCH: RING 320 (generated code) | STATE 64 | OUTER 64 | WORDS 128 | TOTAL 8, HASH 4 | PAD 256 | KEY 128
const RING: usize = HASH_SCRATCH;
export const STATE: usize = RING + 320;
export const OUTER: usize = RING + 384;
export const WORDS: usize = RING + 448;
const TOTAL: usize = RING + 576;
const HASH: usize = RING + 584;
export const PAD: usize = RING + 640;
export const KEY: usize = RING + 896;
const USED: usize = 1024;

/** Longest input of one call: keeps every address below inside 32 bits. */
const MAX_LENGTH: usize = 1 << 26;

/** Bytes of a digest. */
export function digestBytes(hash: i32): usize {
  if (hash === SHA1) return 20;
  if (hash === SHA224 || hash === SHA512_224) return 28;
  if (hash === SHA256 || hash === SHA512_256) return 32;
  return hash === SHA384 ? 48 : 64;
}

/** Bytes of a message block. */
export function blockBytes(hash: i32): usize {
  return hash < SHA384 ? 64 : 128;
}

/** Address of the initial hash value, native words. */
export function initialState(hash: i32): usize {
  if (hash === SHA256) return H256;
  if (hash === SHA1) return H1;
  if (hash === SHA512) return H512;
  if (hash === SHA224) return H224;
  if (hash === SHA384) return H384;
  return hash === SHA512_224 ? H512_224 : H512_256;
}

/** dst = iv + F(iv, words), everything in native words. */
export function compress(hash: i32, dst: usize, iv: usize, words: usize): void {
  if (hash === SHA1) compress1(dst, iv, words);
  else if (hash < SHA384) compress256(dst, iv, words);
  else compress512(dst, iv, words);
}

/** Turns `len` bytes (a multiple of 16) from big-endian words into native ones, or back. `dst` may be `src`. */
export function swapWords(hash: i32, dst: usize, src: usize, len: usize): void {
  const order = v128.load(hash < SHA384 ? SWAP32 : SWAP64);
  for (let i: usize = 0; i < len; i += 16) v128.store(dst + i, i8x16.swizzle(v128.load(src + i), order));
}

/** Compresses the whole blocks at `src` into STATE; `len` is a multiple of the block. */
export function absorb(hash: i32, src: usize, len: usize): void {
  const block = blockBytes(hash);
  for (let end = src + len; src < end; src += block) {
    swapWords(hash, WORDS, src, block);
    compress(hash, STATE, STATE, WORDS);
  }
}

/** Begins a stream; `absorbed` bytes have gone into `state` already (0, or one block of HMAC key). */
export function begin(hash: i32, state: usize, absorbed: u64): void {
  v128.store(STATE, v128.load(state));
  v128.store(STATE, v128.load(state, 16), 16);
  if (hash >= SHA384) {
    v128.store(STATE, v128.load(state, 32), 32);
    v128.store(STATE, v128.load(state, 48), 48);
  }
  store<u64>(TOTAL, absorbed);
}

/**
 * Ends a stream with the `len` bytes at `src`: STATE becomes the digest, in native words.
 * Padding (§5.1): 1 bit, zeros, the length in bits as 64 or 128 bits. PAD is zero on entry and on return.
 */
export function conclude(hash: i32, src: usize, len: usize): void {
  const block = blockBytes(hash);
  const rest = len & (block - 1);
  const whole = len - rest;
  absorb(hash, src, whole);
  if (rest > 0) memory.copy(PAD, src + whole, rest);
  store<u8>(PAD + rest, 0x80);
  const padded = rest + (block >> 3) < block ? block : 2 * block;
  store<u64>(PAD + padded - 8, bswap<u64>((load<u64>(TOTAL) + len) << 3));
  absorb(hash, PAD, padded);
  for (let i: usize = 0; i < padded; i += 16) v128.store(PAD + i, i64x2.splat(0));
}

/** Writes the digest in `state` (native words) to `dst`, `len` bytes (a multiple of 4), big-endian. WORDS is overwritten. */
export function emitDigest(hash: i32, dst: usize, state: usize, len: usize): void {
  swapWords(hash, WORDS, state, 64);
  for (let i: usize = 0; i < len; i += 4) store<u32>(dst + i, load<u32>(WORDS + i));
}

/** Wipes whatever a stream, an HMAC or a one-shot call left in HASH_SCRATCH. */
export function hashAbort(): void {
  memory.fill(HASH_SCRATCH, 0, USED);
}

/** Wipes what a one-shot call uses: everything before PAD, which is zero again already. */
function wipeState(): void {
  const zero = i64x2.splat(0);
  for (let p = RING; p < PAD; p += 64) {
    v128.store(p, zero);
    v128.store(p, zero, 16);
    v128.store(p, zero, 32);
    v128.store(p, zero, 48);
  }
}

/** dst = hash of `len` bytes at `src`; returns the digest's length. `dst` may be `src`. */
export function hashOnce(dst: usize, hash: i32, src: usize, len: usize): i32 {
  if (<u32>hash >= <u32>HASHES) return -E_ARGUMENT;
  if (len > MAX_LENGTH) return -E_LENGTH;
  begin(hash, initialState(hash), 0);
  conclude(hash, src, len);
  const n = digestBytes(hash);
  emitDigest(hash, dst, STATE, n);
  wipeState();
  return <i32>n;
}

/** Starts a stream. */
export function hashStart(hash: i32): i32 {
  if (<u32>hash >= <u32>HASHES) return -E_ARGUMENT;
  begin(hash, initialState(hash), 0);
  store<i32>(HASH, hash);
  return 0;
}

/** Adds `len` bytes, whole blocks, to the running stream. */
export function hashUpdate(src: usize, len: usize): i32 {
  const hash = load<i32>(HASH);
  if (len > MAX_LENGTH || (len & (blockBytes(hash) - 1)) !== 0) return -E_LENGTH;
  absorb(hash, src, len);
  store<u64>(TOTAL, load<u64>(TOTAL) + len);
  return 0;
}

/** Adds the last `len` bytes and writes the digest to `dst`; returns its length. Wipes the stream. */
export function hashFinish(dst: usize, src: usize, len: usize): i32 {
  const hash = load<i32>(HASH);
  const n = digestBytes(hash);
  if (len > MAX_LENGTH) {
    hashAbort();
    return -E_LENGTH;
  }
  conclude(hash, src, len);
  emitDigest(hash, dst, STATE, n);
  hashAbort();
  return <i32>n;
}

/** Remembers the hash of the stream that HMAC starts. */
export function setHash(hash: i32): void {
  store<i32>(HASH, hash);
}

/** The hash of the running stream. */
export function runningHash(): i32 {
  return load<i32>(HASH);
}
