// AES key schedules (FIPS 197, 5.2), in the three forms that the kernels read, each computed only when a call needs it, and the
// numbered slots that keep schedules between calls.
//
//   schedule: +0    rounds: u32        10, 12, 14; 0 in an empty slot
//             +4    forms: u32         bit 0: DECRYPT is filled in, bit 1: PLANES is
//             +16   ENCRYPT            rounds + 1 round keys in basis E, 0x63 added to all but the first; key r is moved by
//                                      ShiftRows^-r, as the state is (gen-vpaes-tables.mjs)
//             +272  DECRYPT            the same for the equivalent inverse cipher, in basis D, in the order of use; key r is
//                                      moved by ShiftRows^r
//             +512  PLANES             rounds + 1 round keys as 8 bit planes each, for bitslice.ts
//
// Constant time: yes. The SubBytes of the expansion is the kernel's; only the key's length is public.
import { E63, FROM_E, K1, K9, K11, K13, K14, ROTATE1, ROTATE2, SHIFT } from '../generated/aes-tables';
import { AES_SCRATCH, E_LENGTH, E_SLOT, KEK_SLOTS, KEK_SLOTS_BYTES } from '../generated/layout';
import { planesOfKey } from './bitslice';
import { map, permutation, subBytes, toE } from './serial';

export const ENCRYPT: usize = 16;
export const DECRYPT: usize = 272;
export const PLANES: usize = 512;
export const SCHEDULE_BYTES: usize = 2432;
const HAS_DECRYPT: u32 = 1;
const HAS_PLANES: u32 = 2;

/** The rounds of a schedule. */
export function roundsOf(schedule: usize): usize {
  return load<u32>(schedule);
}

/** word[i] = word[0] + ... + word[i]: what the recurrence w[i] = w[i - 1] + w[i - Nk] makes of four words at once. */
function sumWords(k: v128): v128 {
  k = v128.xor(k, i8x16.swizzle(k, i8x16(-1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)));
  return v128.xor(k, i8x16.swizzle(k, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7)));
}

/**
 * KeyExpansion in basis E: the round function's tables serve as they are, and nothing is converted on the way.
 * `head` is words 0..3 of a group of Nk words, `tail` the rest: none, two or four.
 */
function expand(schedule: usize, key: usize, keyLen: u32): void {
  const fold = i8x16.splat(E63);
  const rounds: usize = (keyLen >> 2) + 6;
  const end = schedule + ENCRYPT + ((rounds + 1) << 4);
  let head = toE(v128.load(key));
  let tail = keyLen === 16 ? head : keyLen === 24 ? toE(v128.load64_zero(key, 16)) : toE(v128.load(key, 16));
  let constant: i32 = 1;
  for (let at = schedule + ENCRYPT; ; constant = (constant << 1) ^ (-(constant >> 7) & 0x11b)) {
    v128.store(at, v128.xor(head, fold));
    if (keyLen > 16) v128.store(at, v128.xor(tail, fold), 16);
    at += keyLen;
    if (at >= end) break;
    // RotWord and SubWord of the group's last word, in all four words
    const rotated =
      keyLen === 24
        ? i8x16.swizzle(tail, i8x16(5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4))
        : i8x16.swizzle(tail, i8x16(13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12));
    const step = v128.xor(v128.xor(subBytes(rotated), fold), toE(i32x4.splat(constant)));
    head = v128.xor(sumWords(head), step);
    if (keyLen === 16) {
      tail = head;
    } else {
      const word = v128.shuffle<u32>(head, head, 3, 3, 3, 3);
      tail = v128.xor(sumWords(tail), keyLen === 24 ? word : v128.xor(subBytes(word), fold));
    }
  }
  v128.store(schedule + ENCRYPT, v128.xor(v128.load(schedule + ENCRYPT), fold));
  for (let at: usize = 16; at <= rounds << 4; at += 16) {
    const k = schedule + ENCRYPT + at;
    v128.store(k, i8x16.swizzle(v128.load(k), permutation(SHIFT, 0 - at)));
  }
  store<u32>(schedule, <u32>rounds);
  store<u32>(schedule, 0, 4);
}

/** Round key r in basis E, in the standard's order of bytes, given 16 r. */
function roundKey(schedule: usize, at: usize): v128 {
  return i8x16.swizzle(v128.load(schedule + ENCRYPT + at), permutation(SHIFT, at));
}

/** The address of a schedule's encryption keys. */
export function encryptKeys(schedule: usize): usize {
  return schedule + ENCRYPT;
}

/** The address of a schedule's decryption keys, which are made on first use. */
export function decryptKeys(schedule: usize): usize {
  const forms = load<u32>(schedule, 4);
  const out = schedule + DECRYPT;
  if (forms & HAS_DECRYPT) return out;
  const last = roundsOf(schedule) << 4;
  v128.store(out, map(K1, roundKey(schedule, last)));
  for (let at: usize = 16; at < last; at += 16) {
    const k = roundKey(schedule, last - at);
    const inner = v128.xor(map(K11, k), i8x16.swizzle(map(K9, k), v128.load(ROTATE2)));
    const a = i8x16.swizzle(inner, v128.load(ROTATE1));
    const b = v128.xor(map(K14, k), i8x16.swizzle(map(K13, k), v128.load(ROTATE2)));
    v128.store(out + at, i8x16.swizzle(v128.xor(a, b), permutation(SHIFT, at))); // InvMixColumns, as in decryptBlock
  }
  v128.store(out + last, i8x16.swizzle(map(K1, roundKey(schedule, 0)), permutation(SHIFT, last)));
  store<u32>(schedule, forms | HAS_DECRYPT, 4);
  return out;
}

/** The address of a schedule's bit planes, which are made on first use. */
export function planes(schedule: usize): usize {
  const forms = load<u32>(schedule, 4);
  const out = schedule + PLANES;
  if (forms & HAS_PLANES) return out;
  for (let r: usize = 0; r <= roundsOf(schedule); r++) {
    planesOfKey(out + (r << 7), map(FROM_E, roundKey(schedule, r << 4)));
  }
  store<u32>(schedule, forms | HAS_PLANES, 4);
  return out;
}

/**
 * The schedule to work with: its address, or a negative status. `keyLen` 16, 24 or 32: a key at address `key`, expanded into
 * scratch; the caller wipes it with `release`. `keyLen` 0: `key` is the number of a loaded slot.
 */
export function acquire(key: usize, keyLen: u32): i32 {
  if (keyLen === 0) {
    const slot = KEK_SLOTS + key * SCHEDULE_BYTES;
    if (key >= KEK_SLOTS_BYTES / SCHEDULE_BYTES || load<u32>(slot) === 0) return -E_SLOT;
    return <i32>slot;
  }
  if (keyLen !== 16 && keyLen !== 24 && keyLen !== 32) return -E_LENGTH;
  expand(AES_SCRATCH, key, keyLen);
  return <i32>AES_SCRATCH;
}

/** Wipes the scratch that `acquire` and the forms made of it used. A slot stays as it is. */
export function release(schedule: usize): void {
  if (schedule !== AES_SCRATCH) return;
  const forms = load<u32>(schedule, 4);
  memory.fill(schedule, 0, forms & HAS_PLANES ? SCHEDULE_BYTES : forms & HAS_DECRYPT ? PLANES : DECRYPT);
}

/** Loads a key of 16, 24 or 32 bytes into a slot. Returns 0. */
export function kekLoad(slot: usize, key: usize, keyLen: u32): i32 {
  if (slot >= KEK_SLOTS_BYTES / SCHEDULE_BYTES) return -E_SLOT;
  if (keyLen !== 16 && keyLen !== 24 && keyLen !== 32) return -E_LENGTH;
  expand(KEK_SLOTS + slot * SCHEDULE_BYTES, key, keyLen);
  return 0;
}

/** Wipes a slot. Returns 0. */
export function kekWipe(slot: usize): i32 {
  if (slot >= KEK_SLOTS_BYTES / SCHEDULE_BYTES) return -E_SLOT;
  memory.fill(KEK_SLOTS + slot * SCHEDULE_BYTES, 0, SCHEDULE_BYTES);
  return 0;
}
