// The steps of derivation jobs: scalar (any hash) and four jobs at a time in SIMD lanes (SHA-1, SHA-224, SHA-256).
// Layer: mechanism; which jobs run together, and for how long, is decided in src/core/kdf.ts.
//
// A PBKDF2 iteration is two compressions, from INNER and from OUTER, of a block that holds a digest and padding, and
// each writes its result where the next one reads it. A PKCS#12 KDF iteration is one such compression, always from the
// initial value. So a lane that holds a PKCS#12 job does two of its iterations in one PBKDF2 step, in the same
// instructions: only its start states and its length word differ.
// Constant time: yes.
import { E_ARGUMENT, E_SLOT, KDF_SCRATCH } from '../generated/layout';
import { compress1, compress1x4, compress256, compress256x4, compress512 } from '../generated/sha-compress';
import { compress, hashAbort, SHA1, SHA224, SHA256, SHA384, SHA512 } from '../hash/hash';
import {
  PBKDF2,
  repad,
  SLOT_BLOCK,
  SLOT_INNER,
  SLOT_OUTER,
  SLOT_SUM,
  setSlotLeft,
  slotAddress,
  slotHash,
  slotKind,
  slotLeft,
} from './slots';

/** Does up to `count` iterations of one job; returns how many are left. */
export function kdfRun(slot: i32, count: i32): i32 {
  const s = slotAddress(slot);
  if (s === 0 || slotKind(s) === 0) return -E_SLOT;
  if (count < 0) return -E_ARGUMENT;
  const left = slotLeft(s);
  const n = count < left ? count : left;
  const hash = slotHash(s);
  if (slotKind(s) === PBKDF2) iteratePbkdf2(hash, s, n);
  else iteratePkcs12(hash, s, n);
  setSlotLeft(s, left - n);
  hashAbort();
  return left - n;
}

function iteratePbkdf2(hash: i32, s: usize, n: i32): void {
  const block = s + SLOT_BLOCK;
  const sum = s + SLOT_SUM;
  for (; n > 0; n--) {
    compressDigest(hash, block, s + SLOT_INNER);
    compressDigest(hash, block, s + SLOT_OUTER);
    v128.store(sum, v128.xor(v128.load(sum), v128.load(block)));
    v128.store(sum, v128.xor(v128.load(sum, 16), v128.load(block, 16)), 16);
    if (hash >= SHA384) {
      v128.store(sum, v128.xor(v128.load(sum, 32), v128.load(block, 32)), 32);
      v128.store(sum, v128.xor(v128.load(sum, 48), v128.load(block, 48)), 48);
    }
  }
}

function iteratePkcs12(hash: i32, s: usize, n: i32): void {
  for (; n > 0; n--) compressDigest(hash, s + SLOT_BLOCK, s + SLOT_INNER);
}

/** The digest at the start of `block` becomes the next one, from the state `iv`; the padding after it stays. */
function compressDigest(hash: i32, block: usize, iv: usize): void {
  if (hash === SHA256) {
    compress256(block, iv, block);
  } else if (hash === SHA1) {
    compress1(block, iv, block);
  } else if (hash === SHA512) {
    compress512(block, iv, block);
  } else {
    compress(hash, block, iv, block);
    repad(hash, block);
  }
}

// KDF_SCRATCH, word i of all four lanes side by side: LANE_WORDS 80 x 16 (the block, its schedule; for SHA-256 also the
// constants of compress256x4) | LANE_INNER 8 x 16 | LANE_OUTER | LANE_SUM
const LANE_WORDS: usize = KDF_SCRATCH;
const LANE_INNER: usize = KDF_SCRATCH + 1280;
const LANE_OUTER: usize = KDF_SCRATCH + 1408;
const LANE_SUM: usize = KDF_SCRATCH + 1536;
const LANES_USED: usize = 1664;

/**
 * Does `steps` steps of up to four jobs of one hash, side by side; a slot number of -1 leaves its lane empty. A step is one
 * iteration of PBKDF2 or two of the PKCS#12 KDF; every job must have that many left.
 */
export function kdfRunLanes(hash: i32, slot0: i32, slot1: i32, slot2: i32, slot3: i32, steps: i32): i32 {
  if (hash < SHA1 || hash > SHA256 || steps < 0 || steps > 1 << 24) return -E_ARGUMENT;
  if (
    !fits(hash, slot0, steps) ||
    !fits(hash, slot1, steps) ||
    !fits(hash, slot2, steps) ||
    !fits(hash, slot3, steps) ||
    slot0 < 0
  )
    return -E_SLOT;
  gather(slot0, 0);
  gather(slot1, 4);
  gather(slot2, 8);
  gather(slot3, 12);
  if (hash === SHA1) stepLanes1(steps);
  else stepLanes256(hash, steps);
  scatter(slot0, 0, steps);
  scatter(slot1, 4, steps);
  scatter(slot2, 8, steps);
  scatter(slot3, 12, steps);
  memory.fill(KDF_SCRATCH, 0, LANES_USED);
  return 0;
}

/** Iterations that `steps` steps are for the job in `s`. */
function iterationsOf(s: usize, steps: i32): i32 {
  return slotKind(s) === PBKDF2 ? steps : 2 * steps;
}

/** True when the lane is empty or its job can take so many steps. */
function fits(hash: i32, slot: i32, steps: i32): bool {
  if (slot === -1) return true;
  const s = slotAddress(slot);
  return s !== 0 && slotKind(s) !== 0 && slotHash(s) === hash && slotLeft(s) >= iterationsOf(s, steps);
}

function gather(slot: i32, lane: usize): void {
  if (slot < 0) return;
  const s = slotAddress(slot);
  for (let i: usize = 0; i < 16; i++) store<u32>(LANE_WORDS + lane + 16 * i, load<u32>(s + SLOT_BLOCK + 4 * i));
  for (let i: usize = 0; i < 8; i++) {
    store<u32>(LANE_INNER + lane + 16 * i, load<u32>(s + SLOT_INNER + 4 * i));
    store<u32>(LANE_OUTER + lane + 16 * i, load<u32>(s + SLOT_OUTER + 4 * i));
    store<u32>(LANE_SUM + lane + 16 * i, load<u32>(s + SLOT_SUM + 4 * i));
  }
}

/** INNER, OUTER and the padding have not changed. */
function scatter(slot: i32, lane: usize, steps: i32): void {
  if (slot < 0) return;
  const s = slotAddress(slot);
  for (let i: usize = 0; i < 8; i++) {
    store<u32>(s + SLOT_BLOCK + 4 * i, load<u32>(LANE_WORDS + lane + 16 * i));
    store<u32>(s + SLOT_SUM + 4 * i, load<u32>(LANE_SUM + lane + 16 * i));
  }
  setSlotLeft(s, slotLeft(s) - iterationsOf(s, steps));
}

function stepLanes1(n: i32): void {
  for (; n > 0; n--) {
    compress1x4(LANE_WORDS, LANE_INNER, LANE_WORDS);
    compress1x4(LANE_WORDS, LANE_OUTER, LANE_WORDS);
    addToSum(80);
  }
}

function stepLanes256(hash: i32, n: i32): void {
  const w8 = v128.load(LANE_WORDS, 128);
  const w15 = v128.load(LANE_WORDS, 240);
  v128.store(LANE_WORDS, sigma0(w8), 1024);
  v128.store(LANE_WORDS, sigma1(w15), 1040);
  v128.store(LANE_WORDS, sigma0(w15), 1056);
  for (; n > 0; n--) {
    compress256x4(LANE_WORDS, LANE_INNER, LANE_WORDS);
    if (hash === SHA224) v128.store(LANE_WORDS, i32x4.splat(0x80000000), 112);
    compress256x4(LANE_WORDS, LANE_OUTER, LANE_WORDS);
    if (hash === SHA224) v128.store(LANE_WORDS, i32x4.splat(0x80000000), 112);
    addToSum(128);
  }
}

/** FIPS 180-4 §4.1.2, the two functions of the message schedule. */
function sigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotateRight(x, 7), rotateRight(x, 18)), i32x4.shr_u(x, 3));
}
function sigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotateRight(x, 17), rotateRight(x, 19)), i32x4.shr_u(x, 10));
}
function rotateRight(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

/** PBKDF2: T ^= U. A PKCS#12 lane does not read its sum. */
function addToSum(len: usize): void {
  for (let i: usize = 0; i < len; i += 16)
    v128.store(LANE_SUM + i, v128.xor(v128.load(LANE_SUM + i), v128.load(LANE_WORDS + i)));
}
