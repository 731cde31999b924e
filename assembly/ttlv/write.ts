// TTLV writer: items one after another, lengths of structures filled in when they are closed. KMIP Specification 1.4,
// section 9.1. The caller keeps two addresses: `at`, where the next item goes, and `open`, the header of the innermost open
// structure (0: none). While a structure is open its length field holds its parent's header, so there is no stack to keep.
// A `head` is tag * 256 + type. Every function checks against `end`, the end of the region, before it stores, and returns
// the new `at` or a negative status. Which values a type may have is the caller's business.
// Constant time: yes. No branch and no address depends on a value; lengths are public.
import { E_CAPACITY, E_TTLV_STATE } from '../generated/layout';

/** Begins a structure: its header becomes the new `open`, the result the new `at`. */
export function ttlvOpen(at: usize, end: usize, head: i32, open: usize): i32 {
  if (at + 8 > end) return -E_CAPACITY;
  store<u32>(at, bswap<u32>(head));
  store<u32>(at, <u32>open, 4);
  return <i32>at + 8;
}

/** Ends the structure at `open` and returns its parent's header: the new `open`. */
export function ttlvClose(at: usize, open: usize): i32 {
  if (!open || open + 8 > at) return -E_TTLV_STATE;
  const parent = load<u32>(open, 4);
  store<u32>(open, bswap<u32>(<u32>(at - open) - 8), 4);
  return <i32>parent;
}

/** Writes an Integer, Enumeration or Interval. */
export function ttlvPut32(at: usize, end: usize, head: i32, value: i32): i32 {
  if (at + 16 > end) return -E_CAPACITY;
  store<u32>(at, bswap<u32>(head));
  store<u32>(at, 0x04000000, 4);
  store<u64>(at, bswap<u32>(value), 8);
  return <i32>at + 16;
}

/** Writes a Long Integer, Boolean, Date-Time or Date-Time Extended from its two halves. */
export function ttlvPut64(at: usize, end: usize, head: i32, high: i32, low: i32): i32 {
  if (at + 16 > end) return -E_CAPACITY;
  store<u32>(at, bswap<u32>(head));
  store<u32>(at, 0x08000000, 4);
  store<u32>(at, bswap<u32>(high), 8);
  store<u32>(at, bswap<u32>(low), 12);
  return <i32>at + 16;
}

/** Puts the header before and the padding after the `len` bytes that the caller has put at `at + 8`. */
export function ttlvFrame(at: usize, end: usize, head: i32, len: i32): i32 {
  const whole = 8 + ((<u64>(<u32>len) + 7) & ~7);
  if (<u64>at + whole > <u64>end) return -E_CAPACITY;
  store<u32>(at, bswap<u32>(head));
  store<u32>(at, bswap<u32>(len), 4);
  memory.fill(at + 8 + len, 0, <usize>whole - 8 - len);
  return <i32>(at + <usize>whole);
}
