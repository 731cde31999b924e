// The tape: one record for each DER element, in order of appearance, so that a tree is walked without recursion. A child
// stands behind its parent; NEXT is the first record behind an element's last descendant, so the children of `i` are
// i + 1, NEXT(i + 1), … up to NEXT(i). Declared in assembly/build/layout.mjs. Layer: DER.
// Constant time: no. The shape of a file is public; contents are only copied.
import {
  ARENA_RECORDS,
  TAPE_HEADER_SHIFT,
  TAPE_LENGTH,
  TAPE_META,
  TAPE_NEXT,
  TAPE_OFFSET,
  TAPE_RAW,
  TAPE_RECORD,
  TAPE_TAG_MASK,
  TAPE_WRAP,
} from '../generated/layout';

/** The address of record `i`. */
export function recordAt(i: u32): usize {
  return ARENA_RECORDS + <usize>i * TAPE_RECORD;
}

/** Offset of the element's identifier octet. */
export function offsetOf(i: u32): u32 {
  return load<u32>(recordAt(i) + TAPE_OFFSET);
}

/** Tag, header length and flags together. */
export function metaOf(i: u32): u32 {
  return load<u32>(recordAt(i) + TAPE_META);
}

/** The tag as one number: the leading identifier octet, and above it the number when that octet cannot hold it. */
export function tagOf(i: u32): u32 {
  return metaOf(i) & TAPE_TAG_MASK;
}

/** Length of the contents. */
export function lengthOf(i: u32): u32 {
  return load<u32>(recordAt(i) + TAPE_LENGTH);
}

/** The first record behind the element's last descendant. */
export function nextOf(i: u32): u32 {
  return load<u32>(recordAt(i) + TAPE_NEXT);
}

/** Offset of the contents. */
export function contentOf(i: u32): u32 {
  return offsetOf(i) + ((metaOf(i) >>> TAPE_HEADER_SHIFT) & 0xff);
}

/** Offset behind the contents. */
export function endOf(i: u32): u32 {
  return contentOf(i) + lengthOf(i);
}

/** Says whether the contents are further elements. */
export function isContainer(meta: u32): bool {
  return (meta & (0x20 | TAPE_WRAP)) !== 0 && (meta & TAPE_RAW) === 0;
}

/** Writes one record. */
export function putRecord(i: u32, offset: u32, meta: u32, length: u32, next: u32): void {
  const at = recordAt(i);
  store<u32>(at + TAPE_OFFSET, offset);
  store<u32>(at + TAPE_META, meta);
  store<u32>(at + TAPE_LENGTH, length);
  store<u32>(at + TAPE_NEXT, next);
}

/** A negative status: what went wrong, and at which byte. */
export function failure(code: i32, offset: u32): i32 {
  return -(((<i32>offset) << 7) + code);
}
