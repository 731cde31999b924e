// AES key wrap of many keys of one length under one KEK (RFC 3394): eight at a time through the bit-sliced kernel, the few that
// are left one by one.
//
// The chains stay bit-sliced from the first step to the last. The planes of A | R[i] lie where those of R[i] lay; a step reads A
// from the planes of the step before, so nothing is moved:
//
//   SCRATCH:  FIRST (A before the first step) | planes of R[1] | ... | planes of R[n]      128 bytes each
//
// Constant time: yes. The number and length of the keys are public. A failed key's bytes are masked away before they are stored;
// which keys failed becomes public at the end.
import { decrypt8, encrypt8 } from '../generated/aes-bitslice';
import { AES_SCRATCH, AES_SCRATCH_BYTES, E_LENGTH } from '../generated/layout';
import { planesOfKey, transposeBits, transposeBytes } from './bitslice';
import { counter, KW_IV, unwrapChain, wrapChain } from './key-wrap';
import { acquire, planes, release, roundsOf, SCHEDULE_BYTES } from './schedule';

const FIRST: usize = AES_SCRATCH + SCHEDULE_BYTES;
const R1: usize = FIRST + 128;
/** The longest key, in semiblocks, whose planes fit the scratch; longer ones go one by one. */
const MAX_SEMIBLOCKS: usize = (AES_SCRATCH + AES_SCRATCH_BYTES - R1) >> 7;
/** From this many on, a group of eight with idle lanes takes less time than single keys. */
const MIN_GROUP: usize = 4;

/** The planes of one semiblock from each of `lanes` keys, `stride` apart: as A, the low half of a block, or as R. */
function gather(at: usize, source: usize, stride: usize, lanes: usize, isA: bool): void {
  for (let lane: usize = 0; lane < 8; lane++) {
    let block = i64x2.splat(0);
    if (lane < lanes) {
      const address = source + lane * stride;
      block = isA ? v128.load64_zero(address) : v128.load64_lane(address, block, 1);
    }
    v128.store(at + (lane << 4), transposeBytes(block));
  }
  transposeBits(at);
}

/** Makes the planes of A | R at `at`, R's own, with A of `from` and the step's counter added to it. */
function join(at: usize, from: usize, t: u64): void {
  const a = i8x16(-1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0); // A: columns 0 and 1 of the state
  const zero = i64x2.splat(0);
  let bits = transposeBytes(counter(t));
  for (let plane: usize = 112; ; plane -= 16) {
    const joined = v128.bitselect(v128.load(from + plane), v128.load(at + plane), a);
    v128.store(at + plane, v128.xor(joined, i8x16.lt_s(bits, zero)));
    if (plane === 0) break;
    bits = i8x16.add(bits, bits);
  }
}

/** Wraps up to eight keys of n semiblocks from `source` to `target`; steps as in `wrapChain`. */
function wrapGroup(target: usize, source: usize, lanes: usize, n: usize, keys: usize, rounds: usize): void {
  const stride = n << 3;
  const end = R1 + (n << 7);
  for (let i: usize = 0; i < n; i++) gather(R1 + (i << 7), source + (i << 3), stride, lanes, false);
  planesOfKey(FIRST, i64x2.splat(KW_IV));
  let from = FIRST;
  let t: u64 = 0;
  for (let j = 0; j < 6; j++) {
    for (let at = R1; at < end; at += 128, t++) {
      join(at, from, t);
      encrypt8(at, keys, rounds);
      from = at;
    }
  }
  for (let at = R1; at < end; at += 128) transposeBits(at);
  for (let lane: usize = 0; lane < lanes; lane++) {
    let out = target + lane * (stride + 8);
    let block = R1 + (lane << 4);
    const a = transposeBytes(v128.load(block + ((n - 1) << 7)));
    store<u64>(out, i64x2.extract_lane(v128.xor(a, counter(t)), 0));
    for (out += 8; block < end; block += 128, out += 8) v128.store64_lane(out, transposeBytes(v128.load(block)), 1);
  }
}

/** Unwraps up to eight keys; steps as in `unwrapChain`. Sets each failed key's flag and zeroes its bytes; returns how many. */
function unwrapGroup(
  target: usize,
  source: usize,
  flags: usize,
  lanes: usize,
  n: usize,
  keys: usize,
  rounds: usize,
): i32 {
  const stride = n << 3;
  const end = R1 + (n << 7);
  gather(FIRST, source, stride + 8, lanes, true);
  for (let i: usize = 0; i < n; i++) gather(R1 + (i << 7), source + 8 + (i << 3), stride + 8, lanes, false);
  let from = FIRST;
  let t: u64 = 6 * n;
  for (let j = 0; j < 6; j++) {
    for (let at = end - 128; at >= R1; at -= 128, t--) {
      join(at, from, t);
      decrypt8(at, keys, rounds);
      from = at;
    }
  }
  for (let at = R1; at < end; at += 128) transposeBits(at);
  let failures = 0;
  for (let lane: usize = 0; lane < lanes; lane++) {
    let block = R1 + (lane << 4);
    const failed = deliverFlag(flags + lane, <u64>i64x2.extract_lane(transposeBytes(v128.load(block)), 0) ^ KW_IV);
    failures += <i32>failed;
    let out = target + lane * stride;
    for (; block < end; block += 128, out += 8) {
      store<u64>(out, i64x2.extract_lane(transposeBytes(v128.load(block)), 1) & (<u64>failed - 1));
    }
  }
  return failures;
}

/** Stores 1 at `flag` when `difference` is not zero, else 0, and returns it. */
function deliverFlag(flag: usize, difference: u64): u64 {
  const failed = (difference | (0 - difference)) >> 63;
  store<u8>(flag, <u8>failed);
  return failed;
}

/**
 * Wraps `count` keys of `len` bytes, a multiple of 8 and at least 16, from `source` to `target`, len + 8 bytes each; the two do
 * not overlap. Returns 0. For `key` see `acquire`.
 */
export function kwWrapBatch(target: usize, source: usize, count: usize, len: u32, key: usize, keyLen: u32): i32 {
  if (len < 16 || len & 7) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  const n: usize = len >> 3;
  let left = count;
  if (n <= MAX_SEMIBLOCKS && left >= MIN_GROUP) {
    const keys = planes(schedule);
    const rounds = roundsOf(schedule);
    while (left >= MIN_GROUP) {
      const lanes = min<usize>(left, 8);
      wrapGroup(target, source, lanes, n, keys, rounds);
      target += lanes * (len + 8);
      source += lanes * len;
      left -= lanes;
    }
    memory.fill(FIRST, 0, (n + 1) << 7);
  }
  for (; left > 0; left--, target += len + 8, source += len) {
    memory.copy(target + 8, source, len);
    wrapChain(schedule, target, n, KW_IV);
  }
  release(schedule);
  return 0;
}

/**
 * Unwraps `count` keys of `len` bytes, wrapped len + 8, from `source`, which is overwritten, to `target`; the two do not overlap.
 * For each key one byte at `flags`: 0, or 1 when it failed, and then its bytes at `target` are zero. Returns how many failed.
 */
export function kwUnwrapBatch(
  target: usize,
  source: usize,
  flags: usize,
  count: usize,
  len: u32,
  key: usize,
  keyLen: u32,
): i32 {
  if (len < 16 || len & 7) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  const n: usize = len >> 3;
  let left = count;
  let failures = 0;
  if (n <= MAX_SEMIBLOCKS && left >= MIN_GROUP) {
    const keys = planes(schedule);
    const rounds = roundsOf(schedule);
    while (left >= MIN_GROUP) {
      const lanes = min<usize>(left, 8);
      failures += unwrapGroup(target, source, flags, lanes, n, keys, rounds);
      target += lanes * len;
      source += lanes * (len + 8);
      flags += lanes;
      left -= lanes;
    }
    memory.fill(FIRST, 0, (n + 1) << 7);
  }
  for (; left > 0; left--, flags++, source += len + 8) {
    const failed = deliverFlag(flags, unwrapChain(schedule, source, n) ^ KW_IV);
    failures += <i32>failed;
    for (let at: usize = 8; at <= len; at += 8, target += 8) store<u64>(target, load<u64>(source + at) & (failed - 1));
  }
  release(schedule);
  return failures;
}
