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
  S1,
  S2,
  S3,
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

/**
 * Encrypts a block, E -> E. `keys`: rounds + 1 round keys in E, 0x63 added to all but the first; `rounds`: 10, 12 or 14.
 *
 *   state += key[0]
 *   for r = 1 .. rounds - 1:  state = MixColumns(ShiftRows(SubBytes(state))) + key[r]
 *   state = ShiftRows(SubBytes(state)) + key[rounds]
 *
 * MixColumns takes 2, 3, 1, 1 times a column's bytes r, r+1, r+2, r+3: the look-ups give all three multiples, and the four
 * shuffles move ShiftRows and the rotation of columns at once, side by side, because the time of a round is its longest path.
 */
export function encryptBlock(x: v128, keys: usize, rounds: usize): v128 {
  const m = v128.load(NIBBLE);
  const inv = v128.load(INV);
  const inva = v128.load(INVA);
  const s1a = v128.load(S1);
  const s1b = v128.load(S1, 16);
  const shift = i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
  const last = keys + (rounds << 4);
  x = v128.xor(x, v128.load(keys));
  for (let key = keys + 16; key < last; key += 16) {
    const k = v128.and(x, m);
    const i = v128.and(i16x8.shr_u(x, 4), m);
    const j = v128.xor(k, i);
    const ak = i8x16.swizzle(inva, k);
    const io = half(inv, i, ak, j);
    const jo = half(inv, j, ak, i);
    const y1 = v128.xor(i8x16.swizzle(s1a, io), i8x16.swizzle(s1b, jo));
    const y2 = v128.xor(i8x16.swizzle(v128.load(S2), io), i8x16.swizzle(v128.load(S2, 16), jo));
    const y3 = v128.xor(i8x16.swizzle(v128.load(S3), io), i8x16.swizzle(v128.load(S3, 16), jo));
    x = v128.xor(
      v128.xor(
        v128.xor(v128.load(key), i8x16.swizzle(y2, shift)),
        i8x16.swizzle(y3, i8x16(5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8, 1, 6, 11, 12)),
      ),
      v128.xor(
        i8x16.swizzle(y1, i8x16(10, 15, 0, 5, 14, 3, 4, 9, 2, 7, 8, 13, 6, 11, 12, 1)),
        i8x16.swizzle(y1, i8x16(15, 0, 5, 10, 3, 4, 9, 14, 7, 8, 13, 2, 11, 12, 1, 6)),
      ),
    );
  }
  return v128.xor(i8x16.swizzle(subBytes(x), shift), v128.load(last));
}

/**
 * Decrypts a block by the equivalent inverse cipher (FIPS 197, 5.3.5), D -> D. `keys`: in the order of use, see schedule.ts.
 *
 *   state += key[0]
 *   for r = 1 .. rounds - 1:  state = InvMixColumns(InvShiftRows(InvSubBytes(state))) + key[r]
 *   state = InvShiftRows(InvSubBytes(state)) + key[rounds]
 */
export function decryptBlock(x: v128, keys: usize, rounds: usize): v128 {
  const m = v128.load(NIBBLE);
  const inv = v128.load(INV);
  const inva = v128.load(INVA);
  const shift = i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
  const last = keys + (rounds << 4);
  x = v128.xor(x, v128.load(keys));
  for (let key = keys + 16; key < last; key += 16) {
    const k = v128.and(x, m);
    const i = v128.and(i16x8.shr_u(x, 4), m);
    const j = v128.xor(k, i);
    const ak = i8x16.swizzle(inva, k);
    const io = half(inv, i, ak, j);
    const jo = half(inv, j, ak, i);
    const y9 = v128.xor(i8x16.swizzle(v128.load(I9), io), i8x16.swizzle(v128.load(I9, 16), jo));
    const y11 = v128.xor(i8x16.swizzle(v128.load(I11), io), i8x16.swizzle(v128.load(I11, 16), jo));
    const y13 = v128.xor(i8x16.swizzle(v128.load(I13), io), i8x16.swizzle(v128.load(I13, 16), jo));
    const y14 = v128.xor(i8x16.swizzle(v128.load(I14), io), i8x16.swizzle(v128.load(I14, 16), jo));
    x = v128.xor(
      v128.xor(
        v128.xor(v128.load(key), i8x16.swizzle(y14, shift)),
        i8x16.swizzle(y11, i8x16(13, 10, 7, 0, 1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12)),
      ),
      v128.xor(
        i8x16.swizzle(y13, i8x16(10, 7, 0, 13, 14, 11, 4, 1, 2, 15, 8, 5, 6, 3, 12, 9)),
        i8x16.swizzle(y9, i8x16(7, 0, 13, 10, 11, 4, 1, 14, 15, 8, 5, 2, 3, 12, 9, 6)),
      ),
    );
  }
  return v128.xor(i8x16.swizzle(substitute(I1, x), shift), v128.load(last));
}
