// Hex and base64 (RFC 4648 §4, §5, §8): one writer and one reader for all of them. Characters are computed from values
// and values from characters, by arithmetic on ranges; there is no table to look up. Layer: mechanism.
// Constant time: yes. Public are the lengths, the alphabet, how much padding ends the text, where white space stands, and
// the verdict with the place of the first character that does not belong.
import { E_ARGUMENT, E_ENCODING, E_LENGTH } from '../generated/layout';

// Alphabets, as numbered in src/core/encoding.ts. A reader of hex takes both cases, whichever is named.
const HEX_LOWER: i32 = 0;
const HEX_UPPER: i32 = 1;
const BASE64URL: i32 = 3;
// What a reader of base64 does with "=" at the end.
const PADDING_REQUIRED: i32 = 0;
const PADDING_OPTIONAL: i32 = 2;

/** Longest text or bytes of one call: every length that follows from it fits an i32 status with its code. */
const MAX_LENGTH: usize = 1 << 22;

/**
 * Writes `len` bytes at `src` as text at `dst`; the two must not overlap. `pad` = 1 fills base64 up with "=".
 * Returns the number of characters.
 */
export function encodeText(dst: usize, src: usize, len: usize, alphabet: i32, pad: i32): i32 {
  if (len > MAX_LENGTH) return -E_LENGTH;
  if (alphabet < HEX_LOWER || alphabet > BASE64URL) return -E_ARGUMENT;
  const bits = bitsPerCharacter(alphabet);
  const mask = (1 << bits) - 1;
  let waiting: i32 = 0; // the bits read and not yet written are the lowest `count`
  let count: i32 = 0;
  let out: usize = 0;
  for (let i: usize = 0; i < len; i++) {
    waiting = (waiting << 8) | load<u8>(src + i);
    count += 8;
    while (count >= bits) {
      count -= bits;
      store<u8>(dst + out++, characterOf((waiting >> count) & mask, alphabet));
    }
  }
  if (count > 0) store<u8>(dst + out++, characterOf((waiting << (bits - count)) & mask, alphabet));
  if (pad != 0 && bits == 6) while ((out & 3) != 0) store<u8>(dst + out++, 0x3d);
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
  const bits = bitsPerCharacter(alphabet);
  let digits = len;
  if (bits == 6) while (digits > 0 && len - digits < 2 && load<u8>(src + digits - 1) == 0x3d) digits--;

  let waiting: i32 = 0;
  let count: i32 = 0;
  let out: usize = 0;
  let faulty: i32 = 0; // all ones once a character did not belong
  let place: i32 = 0; // where the first of them stands
  for (let i: usize = 0; i < digits; i++) {
    const value = valueOf(load<u8>(src + i), alphabet);
    const stranger = value >> 31;
    place |= <i32>i & stranger & ~faulty;
    faulty |= stranger;
    waiting = (waiting << bits) | (value & 63);
    count += bits;
    if (count >= 8) {
      count -= 8;
      store<u8>(dst + out++, waiting >> count);
    }
  }

  // The verdict, public: one branch on all that was gathered.
  const pads = len - digits;
  const unused = waiting & ((1 << count) - 1);
  const whole = bits == 4 ? (digits & 1) == 0 : (digits & 3) != 1;
  const padded = pads == 0 ? padding != PADDING_REQUIRED || (digits & 3) == 0 : padding != 1 && (len & 3) == 0;
  if ((faulty | unused | i32(!whole) | i32(bits == 6 && !padded)) != 0) {
    memory.fill(dst, 0, out);
    return -((((place & faulty) | (<i32>digits & ~faulty)) << 7) | E_ENCODING);
  }
  return <i32>out;
}

/** Moves what is not white space (tab, LF, FF, CR, space) to the front, wipes the rest; returns how much was kept. */
export function removeSpace(at: usize, len: usize): i32 {
  if (len > MAX_LENGTH) return -E_LENGTH;
  let kept: usize = 0;
  for (let i: usize = 0; i < len; i++) {
    const c = <i32>load<u8>(at + i);
    store<u8>(at + kept, c);
    kept += 1 + (isBetween(c, 9, 10) | isBetween(c, 12, 13) | isBetween(c, 32, 32));
  }
  memory.fill(at + kept, 0, len - kept);
  return <i32>kept;
}

function bitsPerCharacter(alphabet: i32): i32 {
  return alphabet <= HEX_UPPER ? 4 : 6;
}

/** The 63rd character: + or -. The 64th is / or _. */
function character62(alphabet: i32): i32 {
  return alphabet == BASE64URL ? 0x2d : 0x2b;
}

function character63(alphabet: i32): i32 {
  return alphabet == BASE64URL ? 0x5f : 0x2f;
}

/** All ones when low <= c <= high, else 0. Every argument is far below 2^31. */
function isBetween(c: i32, low: i32, high: i32): i32 {
  return ~((c - low) | (high - c)) >> 31;
}

/** The character of a value: the first range's, moved on by the distance to each range the value lies in or past. */
function characterOf(value: i32, alphabet: i32): i32 {
  if (alphabet <= HEX_UPPER) {
    const letters = alphabet == HEX_UPPER ? 0x41 - 0x3a : 0x61 - 0x3a; // from the character after "9" to "A" or "a"
    return 0x30 + value + (((9 - value) >> 31) & letters);
  }
  const c62 = character62(alphabet);
  const c63 = character63(alphabet);
  return (
    0x41 +
    value +
    (((25 - value) >> 31) & (0x61 - 0x5b)) + // from the character after "Z" to "a"
    (((51 - value) >> 31) & (0x30 - 0x7b)) + // from the one after "z" to "0"
    (((61 - value) >> 31) & (c62 - 0x3a)) + // from the one after "9" to the 63rd
    (((62 - value) >> 31) & (c63 - c62 - 1))
  );
}

/** The value of a character, -1 when it has none. */
function valueOf(c: i32, alphabet: i32): i32 {
  if (alphabet <= HEX_UPPER) {
    const small = c | 0x20; // A..F become a..f, nothing else does
    return ((isBetween(c, 0x30, 0x39) & (c - 0x2f)) | (isBetween(small, 0x61, 0x66) & (small - 0x56))) - 1;
  }
  const c62 = character62(alphabet);
  const c63 = character63(alphabet);
  const next = // the value + 1, so that 0 means none
    (isBetween(c, 0x41, 0x5a) & (c - 0x40)) |
    (isBetween(c, 0x61, 0x7a) & (c - 0x46)) |
    (isBetween(c, 0x30, 0x39) & (c + 5)) |
    (isBetween(c, c62, c62) & 63) |
    (isBetween(c, c63, c63) & 64);
  return next - 1;
}
