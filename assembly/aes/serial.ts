// AES (FIPS 197), one block at a time, by vector permute: for what is serial by nature (one key wrap, CBC encryption, key
// schedules) and for short tails. Tables and their derivation: assembly/build/gen-vpaes-tables.mjs.
//
// A block is one v128, bytes in the standard's order: byte 4c + r is row r of column c. It is held in one of two bases, E while
// encrypting and D while decrypting; callers that chain blocks stay in the basis and convert only what they store.
//
// Constant time: yes. Every look-up of a secret is a shuffle of a register; addresses and branches depend on the number of rounds.
import {
  FROM_D,
  FROM_E,
  I1,
  I9,
  I11,
  I13,
  I14,
  INV,
  INVA,
  NIBBLE,
  ROTATE1,
  ROTATE2,
  ROTATE3,
  S1,
  S2,
  SHIFT,
  TO_D,
  TO_E,
} from '../generated/aes-tables';

/** f(x) for a linear f given by its two nibble tables. */
export function map(table: usize, x: v128): v128 {
  const m = v128.load(NIBBLE);
  return v128.xor(
    i8x16.swizzle(v128.load(table), v128.and(x, m)),
    i8x16.swizzle(v128.load(table, 16), v128.and(i16x8.shr_u(x, 4), m)),
  );
}

/** AES basis -> E. */
export function toE(x: v128): v128 {
  return map(TO_E, x);
}

/** E -> AES basis. */
export function fromE(x: v128): v128 {
  return map(FROM_E, x);
}

/** AES basis -> D. */
export function toD(x: v128): v128 {
  return map(TO_D, x);
}

/** D -> AES basis. */
export function fromD(x: v128): v128 {
  return map(FROM_D, x);
}

/** io or jo, one half of an inversion: 1 / (1/n + a/k) + other. */
function half(inv: v128, n: v128, ak: v128, other: v128): v128 {
  return v128.xor(i8x16.swizzle(inv, v128.xor(i8x16.swizzle(inv, n), ak)), other);
}

/** f(1/x) for a linear f given by its two tables. */
function substitute(table: usize, x: v128): v128 {
  const m = v128.load(NIBBLE);
  const inv = v128.load(INV);
  const k = v128.and(x, m);
  const i = v128.and(i16x8.shr_u(x, 4), m);
  const j = v128.xor(k, i);
  const ak = i8x16.swizzle(v128.load(INVA), k);
  return v128.xor(
    i8x16.swizzle(v128.load(table), half(inv, i, ak, j)),
    i8x16.swizzle(v128.load(table, 16), half(inv, j, ak, i)),
  );
}

/** SubBytes without the final 0x63, E -> E. */
export function subBytes(x: v128): v128 {
  return substitute(S1, x);
}

/** The entry of SHIFT or ROTATEn for round r, given 16 r. */
export function permutation(table: usize, round: usize): v128 {
  return v128.load(table + (round & 48));
}

/**
 * Encrypts a block, E -> E. `keys`: rounds + 1 round keys as schedule.ts makes them; `rounds`: 10, 12 or 14.
 *
 *   state += key[0]
 *   for r = 1 .. rounds - 1:  state = MixColumns(ShiftRows(SubBytes(state))) + key[r]
 *   state = ShiftRows(SubBytes(state)) + key[rounds]
 *
 * MixColumns, with ROTn the rotation of columns by n: c = 2 y + ROT1(y), the result c + ROT1(c) + ROT3(y).
 */
export function encryptBlock(x: v128, keys: usize, rounds: usize): v128 {
  const m = v128.load(NIBBLE);
  const inv = v128.load(INV);
  const inva = v128.load(INVA);
  const s1a = v128.load(S1);
  const s1b = v128.load(S1, 16);
  const s2a = v128.load(S2);
  const s2b = v128.load(S2, 16);
  const last = rounds << 4;
  x = v128.xor(x, v128.load(keys));
  let at: usize = 16; // 16 r
  do {
    const k = v128.and(x, m);
    const i = v128.and(i16x8.shr_u(x, 4), m);
    const j = v128.xor(k, i);
    const ak = i8x16.swizzle(inva, k);
    const io = half(inv, i, ak, j);
    const jo = half(inv, j, ak, i);
    const y = v128.xor(i8x16.swizzle(s1a, io), i8x16.swizzle(s1b, jo));
    const y2 = v128.xor(i8x16.swizzle(s2a, io), i8x16.swizzle(s2b, jo));
    const rotate = permutation(ROTATE1, at);
    const c = v128.xor(y2, i8x16.swizzle(y, rotate));
    const d = v128.xor(i8x16.swizzle(y, permutation(ROTATE3, at)), v128.load(keys + at));
    x = v128.xor(i8x16.swizzle(c, rotate), v128.xor(c, d));
    at += 16;
  } while (at < last);
  return i8x16.swizzle(v128.xor(substitute(S1, x), v128.load(keys + last)), permutation(SHIFT, last));
}

/**
 * Decrypts a block by the equivalent inverse cipher (FIPS 197, 5.3.5), D -> D. `keys`: in the order of use, see schedule.ts.
 *
 *   state += key[0]
 *   for r = 1 .. rounds - 1:  state = InvMixColumns(InvShiftRows(InvSubBytes(state))) + key[r]
 *   state = InvShiftRows(InvSubBytes(state)) + key[rounds]
 *
 * InvMixColumns: 14 y + ROT1(11 y + ROT2(9 y)) + ROT2(13 y). Many processors shuffle once a cycle, so the order matters.
 */
export function decryptBlock(x: v128, keys: usize, rounds: usize): v128 {
  const m = v128.load(NIBBLE);
  const inv = v128.load(INV);
  const inva = v128.load(INVA);
  const last = rounds << 4;
  x = v128.xor(x, v128.load(keys));
  let at: usize = 16; // 16 r
  do {
    const k = v128.and(x, m);
    const i = v128.and(i16x8.shr_u(x, 4), m);
    const j = v128.xor(k, i);
    const ak = i8x16.swizzle(inva, k);
    const io = half(inv, i, ak, j);
    const jo = half(inv, j, ak, i);
    const rotate2 = permutation(ROTATE2, 0 - at);
    const y9 = v128.xor(i8x16.swizzle(v128.load(I9), io), i8x16.swizzle(v128.load(I9, 16), jo));
    const y11 = v128.xor(i8x16.swizzle(v128.load(I11), io), i8x16.swizzle(v128.load(I11, 16), jo));
    const a = i8x16.swizzle(v128.xor(y11, i8x16.swizzle(y9, rotate2)), permutation(ROTATE1, 0 - at));
    const y13 = v128.xor(i8x16.swizzle(v128.load(I13), io), i8x16.swizzle(v128.load(I13, 16), jo));
    const b = v128.xor(i8x16.swizzle(y13, rotate2), v128.load(keys + at));
    const y14 = v128.xor(i8x16.swizzle(v128.load(I14), io), i8x16.swizzle(v128.load(I14, 16), jo));
    x = v128.xor(v128.xor(a, b), y14);
    at += 16;
  } while (at < last);
  return i8x16.swizzle(v128.xor(substitute(I1, x), v128.load(keys + last)), permutation(SHIFT, 0 - last));
}
