// Hex and base64 (RFC 4648 §4, §5, §8): one writer and one reader for both, sixteen characters at a time. An alphabet is a
// few ranges; every character or value is compared with each of them, so nothing is ever looked up. Layer: mechanism.
// Constant time: yes. Public are the lengths, the alphabet, how much padding ends the text, where white space stands, and
// the verdict with the place of the first character that does not belong.
//
//   block:   16 characters  <->  16 values of `bits` each  <->  2 * bits bytes (8 of hex, 12 of base64)
import { E_ARGUMENT, E_ENCODING, E_LENGTH, TEXT_SCRATCH } from '../generated/layout';

// Alphabets, as numbered in src/core/encoding.ts. A reader of hex takes both cases, whichever is named.
const HEX_LOWER: i32 = 0;
const HEX_UPPER: i32 = 1;
const BASE64URL: i32 = 3;
// What a reader of base64 does with "=" at the end.
const PADDING_REQUIRED: i32 = 0;
const PADDING_FORBIDDEN: i32 = 1;
const PADDING_OPTIONAL: i32 = 2;

/** Rows of an alphabet: first character, first value, how many more follow. Hex is read with three rows, written with two. */
const ROW: usize = 3;
const ALPHABET: usize = ROW * 5;
// biome-ignore format: one alphabet a line
const ALPHABETS: usize = memory.data<u8>([
  0x30, 0, 9, 0x61, 10, 5, 0x41, 10, 5, 0, 0, 0, 0, 0, 0, // 0-9 a-f A-F
  0x30, 0, 9, 0x41, 10, 5, 0x61, 10, 5, 0, 0, 0, 0, 0, 0, // 0-9 A-F a-f
  0x41, 0, 25, 0x61, 26, 25, 0x30, 52, 9, 0x2b, 62, 0, 0x2f, 63, 0, // A-Z a-z 0-9 + /
  0x41, 0, 25, 0x61, 26, 25, 0x30, 52, 9, 0x2d, 62, 0, 0x5f, 63, 0, // A-Z a-z 0-9 - _
]);

/** Longest text or bytes of one call: every length that follows from it fits an i32 status with its code. */
const MAX_LENGTH: usize = 1 << 22;

/**
 * Writes `len` bytes at `src` as text at `dst`; the two must not overlap. `pad` = 1 fills base64 up with "=".
 * Returns the number of characters.
 */
export function encodeText(dst: usize, src: usize, len: usize, alphabet: i32, pad: i32): i32 {
  if (len > MAX_LENGTH) return -E_LENGTH;
  if (alphabet < HEX_LOWER || alphabet > BASE64URL) return -E_ARGUMENT;
  const bits: usize = bitsOf(alphabet);
  const step = bits * 2;
  let out: usize = 0;
  for (let i: usize = 0; i < len; i += step) {
    const rest = len - i;
    let from = src + i;
    let to = dst + out;
    if (rest < step) {
      memory.copy(TEXT_SCRATCH, from, rest); // the scratch is zero between calls
      from = to = TEXT_SCRATCH;
    }
    v128.store(to, charactersOf(valuesIn(loadBlock(from, bits), bits), alphabet));
    out += rest < step ? (rest * 8 + bits - 1) / bits : 16;
  }
  const last = out & 15;
  memory.copy(dst + out - last, TEXT_SCRATCH, last);
  v128.store(TEXT_SCRATCH, i64x2.splat(0));
  if (pad !== 0 && bits === 6) while ((out & 3) !== 0) store<u8>(dst + out++, 0x3d);
  return <i32>out;
}

/**
 * Reads `len` characters at `src` into bytes at `dst`; the two must not overlap. Refuses what the writer could not have
 * written (letters' case apart): other characters, odd digits, padding against the rule, unused bits that are not zero.
 * Returns the number of bytes, or E_ENCODING with the place of the first fault: a character that does not belong, else
 * where the digits end.
 */
export function decodeText(dst: usize, src: usize, len: usize, alphabet: i32, padding: i32): i32 {
  if (len > MAX_LENGTH) return -E_LENGTH;
  if (alphabet < HEX_LOWER || alphabet > BASE64URL || padding < PADDING_REQUIRED || padding > PADDING_OPTIONAL)
    return -E_ARGUMENT;
  const bits: usize = bitsOf(alphabet);
  let digits = len;
  if (bits === 6) while (digits > 0 && len - digits < 2 && load<u8>(src + digits - 1) === 0x3d) digits--;

  let place: i32 = -1; // of the first character that does not belong
  let out: usize = 0;
  let unused: u32 = 0; // bits after the last whole byte
  for (let i: usize = 0; i < digits; i += 16) {
    const rest = digits - i;
    let from = src + i;
    if (rest < 16) {
      memory.fill(TEXT_SCRATCH, bits === 4 ? 0x30 : 0x41, 16); // the character of value 0
      memory.copy(TEXT_SCRATCH, from, rest);
      from = TEXT_SCRATCH;
    }
    const next = nextValues(v128.load(from), alphabet);
    place = firstStranger(place, <i32>i, next);
    const bytes = bytesOf(next, bits);
    if (rest < 16) {
      v128.store(TEXT_SCRATCH, bytes);
      const whole = (rest * bits) >> 3;
      memory.copy(dst + out, TEXT_SCRATCH, whole);
      unused = load<u8>(TEXT_SCRATCH + whole);
      v128.store(TEXT_SCRATCH, i64x2.splat(0));
      out += whole;
    } else {
      v128.store64_lane(dst + out, bytes, 0);
      if (bits === 6) v128.store32_lane(dst + out + 8, bytes, 2);
      out += bits * 2;
    }
  }

  // The verdict, public: one branch on all that was gathered.
  let misshapen: bool;
  if (bits === 4) misshapen = (digits & 1) !== 0;
  else if (digits === len) misshapen = (digits & 3) === 1 || (padding === PADDING_REQUIRED && (digits & 3) !== 0);
  else misshapen = (len & 3) !== 0 || padding === PADDING_FORBIDDEN;
  const strange = ~(place >> 31); // all ones when there is a place
  if ((unused | strange | i32(misshapen)) !== 0) {
    memory.fill(dst, 0, out);
    return -((((place & strange) | (<i32>digits & ~strange)) << 7) | E_ENCODING);
  }
  return <i32>out;
}

/** Moves what is not white space (tab, LF, FF, CR, space) to the front, wipes the rest; returns how much was kept. */
export function removeSpace(at: usize, len: usize): i32 {
  if (len > MAX_LENGTH) return -E_LENGTH;
  let kept: usize = 0;
  for (let i: usize = 0; i < len; i++) {
    const c: u32 = load<u8>(at + i);
    store<u8>(at + kept, c);
    kept += 1 - usize((c - 9 < 2) | (c - 12 < 2) | (c === 32));
  }
  memory.fill(at + kept, 0, len - kept);
  return <i32>kept;
}

function bitsOf(alphabet: i32): usize {
  return alphabet <= HEX_UPPER ? 4 : 6;
}

/** Exactly 8 or 12 bytes, the rest of the vector zero. */
function loadBlock(src: usize, bits: usize): v128 {
  const low = v128.load64_zero(src);
  return bits === 4 ? low : v128.load32_lane(src + 8, low, 2);
}

/** A block's bytes as sixteen values. */
function valuesIn(bytes: v128, bits: usize): v128 {
  if (bits === 4) {
    const nibble = i8x16.splat(15);
    const high = v128.and(i16x8.shr_u(bytes, 4), nibble);
    return i8x16.shuffle(high, v128.and(bytes, nibble), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  }
  // Lanes of 24 bits, b0 b1 b2 from the highest byte, halved into 12 and 12 bits, then into 6 and 6.
  const lanes = i8x16.swizzle(bytes, i8x16(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1));
  const halves = v128.or(i32x4.shr_u(lanes, 12), v128.and(i32x4.shl(lanes, 16), i32x4.splat(0xfff_0000)));
  return v128.or(i16x8.shr_u(halves, 6), v128.and(i16x8.shl(halves, 8), i16x8.splat(0x3f00)));
}

/** Sixteen values + 1 (0, for none, makes garbage that the verdict discards) as a block's bytes, the rest zero. */
function bytesOf(next: v128, bits: usize): v128 {
  const values = i8x16.sub(next, i8x16.splat(1));
  if (bits === 4) {
    const pairs = v128.or(i16x8.shl(values, 4), i16x8.shr_u(values, 8));
    return i8x16.narrow_i16x8_u(v128.and(pairs, i16x8.splat(0xff)), i64x2.splat(0));
  }
  // The other way: 6 and 6 bits joined into 12, 12 and 12 into 24.
  const halves = v128.or(v128.and(i16x8.shl(values, 6), i16x8.splat(0xfc0)), i16x8.shr_u(values, 8));
  const lanes = v128.or(v128.and(i32x4.shl(halves, 12), i32x4.splat(0xff_f000)), i32x4.shr_u(halves, 16));
  return i8x16.swizzle(lanes, i8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
}

/** The characters of values. */
function charactersOf(values: v128, alphabet: i32): v128 {
  const row = ALPHABETS + <usize>alphabet * ALPHABET;
  return moveRanges(values, row, row + ROW * (alphabet <= HEX_UPPER ? 2 : 5), 1, 0, 0);
}

/** The value + 1 of each character, 0 for one that has none. */
function nextValues(characters: v128, alphabet: i32): v128 {
  const row = ALPHABETS + <usize>alphabet * ALPHABET;
  return moveRanges(characters, row, row + ROW * (alphabet <= HEX_UPPER ? 3 : 5), 0, 1, 1);
}

/** Lane by lane, in each row's range: from its start (byte `from` of the row) to byte `to` + `plus`; elsewhere 0. */
function moveRanges(lanes: v128, row: usize, end: usize, from: usize, to: usize, plus: i32): v128 {
  let moved = i64x2.splat(0);
  for (; row < end; row += ROW) {
    const distance = i8x16.sub(lanes, v128.load8_splat(row + from));
    const inside = i8x16.le_u(distance, v128.load8_splat(row + 2));
    const start = i8x16.splat(<i8>(load<u8>(row + to) + plus));
    moved = v128.or(moved, v128.and(i8x16.add(distance, start), inside));
  }
  return moved;
}

/** `place` once it is set; before, at + the first lane without a value, or -1. */
function firstStranger(place: i32, at: i32, next: v128): i32 {
  const strangers = i8x16.bitmask(i8x16.eq(next, i64x2.splat(0)));
  const found = -strangers >> 31; // all ones when there is one here
  const unset = place >> 31;
  return (place & ~(unset & found)) | ((at + ctz(strangers)) & unset & found);
}
