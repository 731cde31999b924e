// AES key wrap, one key at a time: RFC 3394 (SP 800-38F KW) and RFC 5649 (KWP), in place.
//
//   buffer:  A (8 bytes) | R[1] | R[2] | ... | R[n]      R[i]: a semiblock, 8 bytes
//
// Wrapping expects the key data at +8 and leaves the whole buffer; unwrapping expects the whole buffer and leaves the key data
// at +8. While a chain runs, A and R are kept in the kernel's basis and converted once on each side.
//
// Constant time: yes. Lengths are public; the verdict of an unwrap is one branch on the OR of all its checks.
import { FROM_D, FROM_E, TO_D, TO_E } from '../generated/aes-tables';
import { E_INTEGRITY, E_LENGTH } from '../generated/layout';
import { acquire, decryptKeys, encryptKeys, release, roundsOf } from './schedule';
import { decryptBlock, encryptBlock, fromD, fromE, map, toD, toE } from './serial';

/** RFC 3394, 2.2.3.1: the default initial value. */
export const KW_IV: u64 = 0xa6a6a6a6a6a6a6a6;
/** RFC 5649, 3: the constant half of the alternative initial value, as the low half of a little-endian word. */
const KWP_PREFIX: u64 = 0xa65959a6;

/** Changes the basis of `n` semiblocks at `at`. */
function mapSemiblocks(table: usize, at: usize, n: usize): void {
  for (; n >= 2; n -= 2, at += 16) v128.store(at, map(table, v128.load(at)));
  if (n) v128.store64_lane(at, map(table, v128.load64_zero(at)), 0);
}

/** The semiblock `t`, 64-bit big-endian, in the low half of a block. */
export function counter(t: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(0), 0, bswap(t));
}

/**
 * RFC 3394, 2.2.1, index based. `a`: the initial value.
 *
 *   for j = 0 .. 5, for i = 1 .. n:
 *     B = AES(K, A | R[i]);  A = MSB(64, B) ^ t, t = n j + i;  R[i] = LSB(64, B)
 */
export function wrapChain(schedule: usize, buffer: usize, n: usize, a: u64): void {
  const keys = encryptKeys(schedule);
  const rounds = roundsOf(schedule);
  const end = buffer + 8 + (n << 3);
  mapSemiblocks(TO_E, buffer + 8, n);
  let b = toE(i64x2.splat(a));
  let t: u64 = 1;
  for (let j = 0; j < 6; j++) {
    for (let r = buffer + 8; r < end; r += 8, t++) {
      b = encryptBlock(v128.load64_lane(r, b, 1), keys, rounds);
      v128.store64_lane(r, b, 1);
      b = v128.xor(b, toE(counter(t)));
    }
  }
  v128.store64_lane(buffer, b, 0);
  mapSemiblocks(FROM_E, buffer, n + 1);
}

/**
 * RFC 3394, 2.2.2, index based. Returns A, little-endian.
 *
 *   for j = 5 .. 0, for i = n .. 1:
 *     B = AES^-1(K, (A ^ t) | R[i]), t = n j + i;  A = MSB(64, B);  R[i] = LSB(64, B)
 */
export function unwrapChain(schedule: usize, buffer: usize, n: usize): u64 {
  const keys = decryptKeys(schedule);
  const rounds = roundsOf(schedule);
  mapSemiblocks(TO_D, buffer, n + 1);
  let b = v128.load64_zero(buffer);
  let t: u64 = 6 * n;
  for (let j = 0; j < 6; j++) {
    for (let r = buffer + (n << 3); r > buffer; r -= 8, t--) {
      b = decryptBlock(v128.load64_lane(r, v128.xor(b, toD(counter(t))), 1), keys, rounds);
      v128.store64_lane(r, b, 1);
    }
  }
  mapSemiblocks(FROM_D, buffer + 8, n);
  return <u64>i64x2.extract_lane(fromD(b), 0);
}

/** Wraps `len` bytes at `buffer` + 8, a multiple of 8 and at least 16. Returns len + 8. For `key` see `acquire`. */
export function kwWrap(buffer: usize, len: u32, key: usize, keyLen: u32): i32 {
  if (len < 16 || len & 7) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  wrapChain(schedule, buffer, len >> 3, KW_IV);
  release(schedule);
  return len + 8;
}

/** Unwraps `len` bytes at `buffer`, a multiple of 8 and at least 24. Returns len - 8, the key's length at `buffer` + 8. */
export function kwUnwrap(buffer: usize, len: u32, key: usize, keyLen: u32): i32 {
  if (len < 24 || len & 7) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  const bad = unwrapChain(schedule, buffer, (len >> 3) - 1) ^ KW_IV;
  store<u64>(buffer, 0);
  release(schedule);
  if (bad !== 0) {
    // public: whether the whole check passed
    memory.fill(buffer, 0, len);
    return -E_INTEGRITY;
  }
  return len - 8;
}

/**
 * Wraps with padding `len` >= 1 bytes at `buffer` + 8; up to 7 bytes after them are overwritten. Returns the wrapped length.
 * RFC 5649, 4.1: A = A65959A6 | len, zeros up to whole semiblocks; a single semiblock is one encryption of A | R[1].
 */
export function kwpWrap(buffer: usize, len: u32, key: usize, keyLen: u32): i32 {
  if (len === 0) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  const n: usize = (len + 7) >> 3;
  const a = KWP_PREFIX | ((<u64>bswap(len)) << 32);
  memory.fill(buffer + 8 + len, 0, (n << 3) - len);
  if (n === 1) {
    const b = toE(i64x2.replace_lane(v128.load(buffer), 0, a));
    v128.store(buffer, fromE(encryptBlock(b, encryptKeys(schedule), roundsOf(schedule))));
  } else {
    wrapChain(schedule, buffer, n, a);
  }
  release(schedule);
  return <i32>((n + 1) << 3);
}

/**
 * Unwraps with padding `len` bytes at `buffer`, a multiple of 8 and at least 16. Returns the key's length at `buffer` + 8.
 * RFC 5649, 3: the prefix is A65959A6; 8 (n - 1) < message length <= 8 n; what is left of the last semiblock is zero.
 */
export function kwpUnwrap(buffer: usize, len: u32, key: usize, keyLen: u32): i32 {
  if (len < 16 || len & 7) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  const n: usize = (len >> 3) - 1;
  let a: u64;
  if (n === 1) {
    const b = fromD(decryptBlock(toD(v128.load(buffer)), decryptKeys(schedule), roundsOf(schedule)));
    v128.store(buffer, b);
    a = <u64>i64x2.extract_lane(b, 0);
  } else {
    a = unwrapChain(schedule, buffer, n);
  }
  store<u64>(buffer, 0);
  release(schedule);
  // `padding` is 0 .. 7, or wraps around to something with higher bits set
  const length: u64 = bswap(<u32>(a >> 32));
  const padding = <u64>(n << 3) - length;
  const tail = bswap(load<u64>(buffer + (n << 3)));
  const bad = ((a & 0xffffffff) ^ KWP_PREFIX) | (padding >> 3) | (tail & (((<u64>1) << ((padding & 7) << 3)) - 1));
  if (bad !== 0) {
    // public: whether the whole check passed
    memory.fill(buffer, 0, len);
    return -E_INTEGRITY;
  }
  return <i32>length;
}
