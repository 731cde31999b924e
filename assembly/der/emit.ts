// Writes a tape as DER: minimal definite lengths, constructed strings as one primitive, SET OF sorted where asked.
// Two passes, no recursion: backwards over the tape to learn the lengths, forwards to write. The reader uses it to turn
// BER into DER, the writer to encode. Layer: DER.
// Constant time: no; lengths and the order of a SET OF are public. Contents are copied, never looked at, apart from BOOLEAN.
import {
  ARENA_DER,
  ARENA_DER_BYTES,
  ARENA_RECORDS,
  ARENA_RECORDS_BYTES,
  E_CAPACITY,
  E_DER_VALUE,
  TAPE_LENGTH,
  TAPE_MERGE,
  TAPE_RAW,
  TAPE_SORT,
  TAPE_TAG_MASK,
} from '../generated/layout';
import { STACK } from './scan';
import { contentOf, failure, isContainer, lengthOf, metaOf, nextOf, offsetOf, recordAt } from './tape';

/** Set by `measure` and `emit`: how far into ARENA_DER these write, sorting space included. */
export let emittedBytes: usize = 0;
/** Set by `emit`: the input offset from which the byte at `probe` came. */
export let origin: u32 = 0;

/** Octets that identifier and length take. */
function headerLength(meta: u32, length: u32): u32 {
  if (meta & TAPE_RAW) return 0;
  const number = (meta & TAPE_TAG_MASK) >>> 8;
  const identifier: u32 = number === 0 ? 1 : number < 0x80 ? 2 : 3;
  return identifier + (length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 4);
}

/** Replaces the LENGTH of every container by that of its DER form. Returns the length of the whole, or a status. */
export function measure(count: u32): i32 {
  emittedBytes = 0;
  for (let i = count; i > 0; ) {
    const meta = metaOf(--i);
    if (!isContainer(meta)) continue;
    // A BIT STRING's segments each begin with an octet that counts unused bits; the whole has one.
    const bits: u32 = <u32>((meta & (TAPE_MERGE | 0xdf)) === (TAPE_MERGE | 3));
    let sum = bits;
    for (let child = i + 1; child < nextOf(i); child = nextOf(child)) {
      const length = lengthOf(child);
      sum += meta & TAPE_MERGE ? length - bits : headerLength(metaOf(child), length) + length;
      if (sum > <u32>ARENA_DER_BYTES) return -E_CAPACITY;
    }
    store<u32>(recordAt(i) + TAPE_LENGTH, sum);
  }
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i = nextOf(i)) {
    total += headerLength(metaOf(i), lengthOf(i)) + lengthOf(i);
    if (total > <u32>ARENA_DER_BYTES) return -E_CAPACITY;
  }
  emittedBytes = total;
  return <i32>total;
}

/** Writes identifier and length octets at `dst`; returns the address behind them. */
function putHeader(dst: usize, meta: u32, length: u32): usize {
  const number = (meta & TAPE_TAG_MASK) >>> 8;
  // merged strings become primitive
  store<u8>(dst++, meta & TAPE_MERGE ? meta & 0xdf : meta);
  if (number >= 0x80) store<u8>(dst++, 0x80 | (number >>> 7));
  if (number > 0) store<u8>(dst++, number & 0x7f);
  if (length >= 0x80) {
    const octets: u32 = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
    store<u8>(dst++, 0x80 | octets);
    if (octets > 2) store<u8>(dst++, length >>> 16);
    if (octets > 1) store<u8>(dst++, length >>> 8);
  }
  store<u8>(dst++, length);
  return dst;
}

/** Writes the measured tape, whose offsets point into `src`, to ARENA_DER. Returns the length or a status. */
export function emit(src: usize, count: u32, probe: u32): i32 {
  const probed = ARENA_DER + probe;
  let dst = ARENA_DER;
  let sets: usize = 0; // open SETs OF: their record and where their contents began
  let mergeEnd: u32 = 0; // records before this one are segments of a string
  let unused: usize = 0; // where that string's count of unused bits lies, if it is a BIT STRING
  for (let i: u32 = 0; ; i++) {
    while (sets > 0 && nextOf(load<u32>(STACK + sets - 8)) === i) {
      sets -= 8;
      const spare = sortSet(ARENA_DER + <usize>load<u32>(STACK + sets, 4), dst, load<u32>(STACK + sets), i, count);
      if (spare < 0) return spare;
    }
    if (i === count) break;
    const meta = metaOf(i);
    const from = contentOf(i);
    let length = lengthOf(i);
    const segment = i < mergeEnd;
    if (!segment && !(meta & TAPE_RAW)) {
      if (probed >= dst) origin = offsetOf(i);
      dst = putHeader(dst, meta, length);
      if (probed >= dst) origin = from;
      if (meta & TAPE_SORT) {
        store<u32>(STACK + sets, i);
        store<u32>(STACK + sets, <u32>(dst - ARENA_DER), 4);
        sets += 8;
      }
      if (meta & TAPE_MERGE) {
        mergeEnd = nextOf(i);
        unused = 0;
        if ((meta & 0xdf) === 3) {
          unused = dst;
          store<u8>(dst++, 0);
        }
      }
    }
    if (isContainer(meta)) continue;
    let content = src + from;
    if (segment && unused !== 0) {
      if (load<u8>(unused) !== 0) return failure(E_DER_VALUE, offsetOf(i)); // only the last segment may be ragged
      store<u8>(unused, load<u8>(content++));
      length--;
    }
    if (probed >= dst && probed - dst <= <usize>length) origin = <u32>(content - src + (probed - dst));
    memory.copy(dst, content, length);
    if ((meta & TAPE_TAG_MASK) === 1 && load<u8>(dst) !== 0) store<u8>(dst, 0xff);
    dst += length;
  }
  return <i32>(dst - ARENA_DER);
}

/** Compares two encodings as X.690 11.6 does; DER elements are never prefixes of each other. */
function isAfter(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  const n = aLength < bLength ? aLength : bLength;
  for (let i: u32 = 0; i < n; i++) {
    const d = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (d !== 0) return d > 0;
  }
  return aLength > bLength;
}

/**
 * Sorts the elements in [from, to), which are the children of record `set`, by their encoding (X.690 11.6). Uses the
 * bytes behind `to` and the records behind `count` as room for a copy and a list of (address, length).
 */
function sortSet(from: usize, to: usize, set: u32, end: u32, count: u32): i32 {
  const list = recordAt(count);
  const room = (ARENA_RECORDS + ARENA_RECORDS_BYTES - list) / 8;
  const size = to - from;
  if (to + size > ARENA_DER + ARENA_DER_BYTES) return -E_CAPACITY;
  let children: u32 = 0;
  let at = to;
  for (let child = set + 1; child < end; child = nextOf(child)) {
    if (children >= <u32>room) {
      memory.fill(list, 0, <usize>children * 8);
      return -E_CAPACITY;
    }
    const length = headerLength(metaOf(child), lengthOf(child)) + lengthOf(child);
    store<u32>(list + <usize>children * 8, <u32>at);
    store<u32>(list + <usize>children * 8, length, 4);
    at += length;
    children++;
  }
  memory.copy(to, from, size);
  if (emittedBytes < to + size - ARENA_DER) emittedBytes = to + size - ARENA_DER;

  // Shell's sort with the gaps 1, 4, 13, …
  let gap: u32 = 1;
  while (gap < children / 3) gap = gap * 3 + 1;
  for (; gap > 0; gap /= 3) {
    for (let i = gap; i < children; i++) {
      const moving = load<u64>(list + <usize>i * 8);
      let j = i;
      for (; j >= gap; j -= gap) {
        const other = load<u64>(list + <usize>(j - gap) * 8);
        if (!isAfter(<usize>(<u32>other), <u32>(other >> 32), <usize>(<u32>moving), <u32>(moving >> 32))) break;
        store<u64>(list + <usize>j * 8, other);
      }
      store<u64>(list + <usize>j * 8, moving);
    }
  }
  at = from;
  for (let i: u32 = 0; i < children; i++) {
    const length = load<u32>(list + <usize>i * 8, 4);
    memory.copy(at, <usize>load<u32>(list + <usize>i * 8), length);
    at += length;
  }
  memory.fill(list, 0, <usize>children * 8);
  return 0;
}
