// TTLV validator: one call checks a whole message and wipes its copy. KMIP Specification 1.4, section 9.1 ("TTLV Encoding");
// item type 0B is 2.0's. After it, a reader may walk the message by its own lengths without any further check.
//
//   item    = tag (3 bytes) type (1) length (4, big-endian, padding not counted) value padding (to a multiple of 8)
//   message = exactly one item
//
//   type                    length          value
//   01 Structure            multiple of 8   items, each with its padding
//   02 05 0A 32-bit types   4               4 bytes, 4 of padding
//   03 09 0B 64-bit types   8               8 bytes
//   04 Big Integer          multiple of 8, not 0
//   06 Boolean              8               0 or 1
//   07 Text String          any             well-formed UTF-8 [the specification only says "UTF-8"]
//   08 Byte String          any
//
// No recursion and no stack: an open structure's header, in the copy, holds the way back to its parent. Time is linear.
// Does not know what any tag means. Constant time: yes for byte strings and big integers, of which only the padding is looked at;
// no for text, which is checked as UTF-8, so a password sent as Text String meets branches here.
import {
  ARENA_BYTES,
  E_ARGUMENT,
  E_TTLV_BOOLEAN,
  E_TTLV_COUNT,
  E_TTLV_DEPTH,
  E_TTLV_LENGTH,
  E_TTLV_PADDING,
  E_TTLV_TAG,
  E_TTLV_TRAILING,
  E_TTLV_TRUNCATED,
  E_TTLV_TYPE,
  E_TTLV_UTF8,
  TTLV_SCRATCH,
  TTLV_SCRATCH_BYTES,
} from '../generated/layout';

/** Flag: padding may hold anything. */
const ANY_PADDING: i32 = 1;
/** Flag: tags outside 42xxxx and 54xxxx are let through. */
const ANY_TAG: i32 = 2;

/** What the stack of open structures holds. */
const MAX_DEPTH: u32 = <u32>TTLV_SCRATCH_BYTES >>> 2;
/** Length fields of 4 and 8 as a little-endian load sees them. */
const LENGTH_4: u32 = 0x04000000;
const LENGTH_8: u32 = 0x08000000;
/** What takes a length's place: words to the next sibling << 3 | bytes of padding. */
const HEADER_ONLY: u32 = 2 << 3;
const SKIP_4: u32 = (4 << 3) | 4;
const SKIP_8: u32 = 4 << 3;
/** The bits that a Boolean's value, loaded little-endian, cannot have. */
const NOT_BOOLEAN: u64 = 0xfeffffffffffffff;
const NOT_ASCII: u64 = 0x8080808080808080;

/**
 * Checks the message at `src` and puts the way to the next sibling in place of every length, as a native word (words to
 * skip << 3 | bytes of padding), which makes the message its own index. The caller wipes the message.
 *
 * Returns the number of items, or a negative status whose offset is the start of the faulty item; that of its type byte
 * (TYPE), of its first padding byte (PADDING) or of the first byte that is not UTF-8 (UTF8); and the first byte past the
 * message (TRAILING). An item that overruns its parent is a LENGTH fault; one that overruns the input, TRUNCATED, unless
 * no input could hold it.
 */
export function ttlvValidate(src: usize, len: i32, flags: i32, maxDepth: i32, maxItems: i32): i32 {
  if (<u32>len > <u32>ARENA_BYTES || <u32>maxDepth > MAX_DEPTH) return -E_ARGUMENT;
  const status = walk(src, len, flags, maxDepth, maxItems);
  if (status < 0) memory.fill(TTLV_SCRATCH, 0, maxDepth << 2);
  return status;
}

function walk(src: usize, len: i32, flags: i32, maxDepth: i32, maxItems: i32): i32 {
  if (len < 8) return fault(E_TTLV_TRUNCATED, 0);
  const limit = src + len;
  const rootBytes = 8 + padded(bswap(load<u32>(src, 4)));
  const rootEnd = rootBytes < <u64>len ? src + <usize>rootBytes : limit;
  let end = rootEnd; // of the open structure
  let stack: usize = TTLV_SCRATCH; // above it: the ends of the structures around that one
  const full = stack + (maxDepth << 2);
  let items = 0;
  let p = src;
  for (;;) {
    const item = p;
    const head = load<u32>(p); // little-endian: the tag's first byte lowest, the type highest
    if ((head & 0xff) !== 0x42 && (head & 0xff) !== 0x54 && !(flags & ANY_TAG)) return fault(E_TTLV_TAG, item - src);
    if (++items > maxItems) return fault(E_TTLV_COUNT, item - src);
    // Inside a structure every part is a multiple of 8 bytes, so that a header is always whole; `p > end` below can
    // only be an item that does not fit. Types in the order of the table above.
    switch (head >>> 24) {
      case 0x01: {
        const length = bswap(load<u32>(p, 4));
        p += 8;
        if (length & 7) return fault(E_TTLV_LENGTH, item - src);
        if (length > <u32>(end - p)) return overrun(item, length, src);
        if (stack === full) return fault(E_TTLV_DEPTH, item - src);
        store<u32>(item, (length << 1) + HEADER_ONLY, 4);
        store<u32>(stack, <u32>end);
        stack += 4;
        end = p + length;
        break;
      }
      case 0x02:
      case 0x05:
      case 0x0a: {
        p += 16;
        if (load<u32>(item, 4) !== LENGTH_4) return fault(E_TTLV_LENGTH, item - src);
        if (p > end) return overrun(item, 4, src);
        if (load<u32>(item, 12) && !(flags & ANY_PADDING)) return fault(E_TTLV_PADDING, item + 12 - src);
        store<u32>(item, SKIP_4, 4);
        break;
      }
      case 0x03:
      case 0x09:
      case 0x0b: {
        p += 16;
        if (load<u32>(item, 4) !== LENGTH_8) return fault(E_TTLV_LENGTH, item - src);
        if (p > end) return overrun(item, 8, src);
        store<u32>(item, SKIP_8, 4);
        break;
      }
      case 0x06: {
        p += 16;
        if (load<u32>(item, 4) !== LENGTH_8) return fault(E_TTLV_LENGTH, item - src);
        if (p > end) return overrun(item, 8, src);
        if (load<u64>(item, 8) & NOT_BOOLEAN) return fault(E_TTLV_BOOLEAN, item - src);
        store<u32>(item, SKIP_8, 4);
        break;
      }
      case 0x04: {
        const length = bswap(load<u32>(p, 4));
        p += 8;
        if (length & 7 || !length) return fault(E_TTLV_LENGTH, item - src);
        if (length > <u32>(end - p)) return overrun(item, length, src);
        p += length;
        store<u32>(item, (length << 1) + HEADER_ONLY, 4);
        break;
      }
      case 0x07:
      case 0x08: {
        const length = bswap(load<u32>(p, 4));
        p += 8;
        if (padded(length) > <u64>(end - p)) return overrun(item, length, src);
        p += <usize>padded(length);
        const unused = load<u64>(p - 8) >> ((length & 7) << 3); // the last word without its value, when it has padding
        if (length & 7 && unused && !(flags & ANY_PADDING)) return fault(E_TTLV_PADDING, item + 8 + length - src);
        if (head >>> 24 === 0x07) {
          const bad = badUtf8(item + 8, length);
          if (bad) return fault(E_TTLV_UTF8, bad - src);
        }
        store<u32>(item, ((p - item) << 1) | ((p - item - 8 - length) & 7), 4);
        break;
      }
      default:
        return fault(E_TTLV_TYPE, item + 3 - src);
    }
    if (p === end) {
      while (p === end && stack !== TTLV_SCRATCH) {
        stack -= 4;
        end = load<u32>(stack);
        store<u32>(stack, 0);
      }
      if (p === end) break;
    }
  }
  return rootEnd === limit ? items : fault(E_TTLV_TRAILING, rootEnd - src);
}

/** A value's length with its padding. */
function padded(length: u32): u64 {
  return (<u64>length + 7) & ~7;
}

function fault(code: i32, offset: usize): i32 {
  return -(((<i32>offset) << 7) | code);
}

/**
 * The fault of an item that does not fit where it stands. Cut short, rather than wrong, is only one that no structure
 * bounds and that some input could hold.
 */
function overrun(item: usize, length: u32, src: usize): i32 {
  const cut = item === src && length < <u32>ARENA_BYTES;
  return fault(cut ? E_TTLV_TRUNCATED : E_TTLV_LENGTH, item - src);
}

/** Address of the first byte of `len` at `p` that is not well-formed UTF-8 (Unicode 15, table 3-7), or 0. */
function badUtf8(p: usize, len: u32): usize {
  const end = p + len;
  while (p < end) {
    if (!(load<u64>(p) & NOT_ASCII)) {
      p += 8; // ASCII; may look past the end, into padding
      continue;
    }
    const lead = <u32>load<u8>(p);
    if (lead < 0x80) {
      p++;
      continue;
    }
    // How many bytes follow, and the range of the first of them; that of the others is 80..BF.
    let more: u32 = 1;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (lead < 0xc2 || lead > 0xf4) return p;
    if (lead >= 0xf0) {
      more = 3;
      if (lead === 0xf0) low = 0x90;
      if (lead === 0xf4) high = 0x8f;
    } else if (lead >= 0xe0) {
      more = 2;
      if (lead === 0xe0) low = 0xa0;
      if (lead === 0xed) high = 0x9f;
    }
    if (<u32>(end - p) <= more) return p;
    const second = <u32>load<u8>(p, 1);
    if (second < low || second > high) return p;
    for (let i: u32 = 2; i <= more; i++) if ((load<u8>(p + i) & 0xc0) !== 0x80) return p;
    p += more + 1;
  }
  return 0;
}
