// One pass over BER (X.690 clause 8): checks every tag, length and end-of-contents, the limits, and the contents of the
// simple types, and writes the tape. No recursion: the open elements lie on a stack in DER_SCRATCH. Layer: DER.
// Accepted beyond DER: indefinite lengths, lengths with more octets than needed, constructed strings, any true BOOLEAN.
// Refused, as BER refuses it too: INTEGERs with superfluous octets, empty or padded OBJECT IDENTIFIERs.
// [Tag numbers above 4095 are refused: nothing that a wallet holds uses them.]
// Constant time: no, the shape of a file is public.
import {
  ARENA_RECORDS_BYTES,
  DER_ALLOW_TRAILING,
  DER_ALLOW_TRAILING_ZEROS,
  DER_SCRATCH,
  DER_SCRATCH_BYTES,
  E_ARGUMENT,
  E_DER_COUNT,
  E_DER_DEPTH,
  E_DER_EOC,
  E_DER_LENGTH,
  E_DER_TAG,
  E_DER_TRAILING,
  E_DER_TRUNCATED,
  E_DER_VALUE,
  TAPE_HEADER_SHIFT,
  TAPE_LENGTH,
  TAPE_MERGE,
  TAPE_NEXT,
  TAPE_RECORD,
} from '../generated/layout';
import { contentOf, failure, metaOf, putRecord, recordAt } from './tape';

/** The stack of open elements: u32 record, u32 limit with the two flags below. */
export const STACK: usize = DER_SCRATCH + 64;
const ENTRY: usize = 8;
export const STACK_ENTRIES: u32 = <u32>((DER_SCRATCH_BYTES - 64) / ENTRY);
/** The element ends by end-of-contents. */
const INDEFINITE: u32 = 0x80000000;
/** No element around it has a definite length: the limit is the end of the input. */
const UNBOUNDED: u32 = 0x40000000;

// Universal types by number, one bit each.
/** BIT and OCTET STRING, ObjectDescriptor, the character strings and the times: may be cut into segments. */
const STRINGS: u32 = (1 << 3) | (1 << 4) | (1 << 7) | (1 << 12) | (0x7f << 18) /* 18..24 */ | (0x3f << 25); /* 25..30 */
/** EXTERNAL, EMBEDDED PDV, SEQUENCE, SET: always constructed. */
const CONSTRUCTED: u32 = (1 << 8) | (1 << 11) | (1 << 16) | (1 << 17);

/** Set by `scan`: something is not DER, so the input has to be written anew. */
export let scannedBer: bool = false;
/** Set by `scan`: records written, also when it failed. */
export let scannedRecords: u32 = 0;

/** Indexes the one element at `src` (and refuses or tolerates what follows it). Returns the number of records. */
export function scan(src: usize, len: u32, maxDepth: u32, maxRecords: u32, trailing: u32): i32 {
  scannedBer = false;
  scannedRecords = 0;
  if (maxDepth > STACK_ENTRIES) maxDepth = STACK_ENTRIES;
  if (maxRecords > <u32>(ARENA_RECORDS_BYTES / TAPE_RECORD)) maxRecords = <u32>(ARENA_RECORDS_BYTES / TAPE_RECORD);
  if (trailing > DER_ALLOW_TRAILING) return -E_ARGUMENT;

  let depth: u32 = 0;
  let count: u32 = 0;
  let at: u32 = 0;
  let limit: u32 = len; // no element may reach past this
  let unbounded: u32 = UNBOUNDED; // nothing but the end of the input says so
  let indefinite: bool = false; // how the innermost open element ends
  let parent: u32 = 0; // META of the innermost open element

  do {
    if (at >= limit) return failure(unbounded !== 0 ? E_DER_TRUNCATED : E_DER_EOC, at);

    // identifier octets
    const start = at;
    const octet = <u32>load<u8>(src + at++);
    let derTag = octet;
    if ((octet & 31) === 31) {
      let number: u32 = 0;
      let next: u32 = 0x80;
      while (next & 0x80) {
        if (at >= limit) return short(unbounded, start);
        next = <u32>load<u8>(src + at++);
        number = (number << 7) | (next & 0x7f);
        if (number === 0 || number > 4095) return failure(E_DER_TAG, start);
      }
      if (number < 31) return failure(E_DER_TAG, start);
      derTag |= number << 8;
    }

    // length octets
    if (at >= limit) return short(unbounded, start);
    let length = <u32>load<u8>(src + at++);
    const endless = length === 0x80;
    if (length > 0x80) {
      let octets = length & 0x7f;
      if (octets === 0x7f) return failure(E_DER_LENGTH, start);
      if (octets > limit - at) return short(unbounded, start);
      const leading = <u32>load<u8>(src + at);
      for (length = 0; octets > 0; octets--) {
        if (length >>> 23 !== 0) return failure(E_DER_LENGTH, start);
        length = (length << 8) | <u32>load<u8>(src + at++);
      }
      if (length < 0x80 || leading === 0) scannedBer = true;
    }

    if (octet === 0) {
      if (endless || length !== 0 || !indefinite) return failure(E_DER_EOC, start);
      // end-of-contents: the innermost open element ends here
      depth--;
      const open = load<u32>(STACK + <usize>depth * ENTRY);
      store<u32>(recordAt(open) + TAPE_LENGTH, start - contentOf(open));
      store<u32>(recordAt(open) + TAPE_NEXT, count);
    } else {
      if (count >= maxRecords) return failure(E_DER_COUNT, start);
      if (endless) {
        if (!(octet & 0x20)) return failure(E_DER_LENGTH, start);
        scannedBer = true;
        length = 0;
      } else if (length > limit - at) return short(unbounded, start);

      let meta = derTag | ((at - start) << TAPE_HEADER_SHIFT);
      if (parent & TAPE_MERGE && !isSegment(octet, parent)) return failure(E_DER_TAG, start);
      if (octet < 0x40) {
        const type: u32 = 1 << (octet & 31);
        if (octet & 0x20) {
          if (type & STRINGS) {
            meta |= TAPE_MERGE;
            scannedBer = true;
          } else if (!(type & CONSTRUCTED) && (octet & 31) !== 31) return failure(E_DER_TAG, start);
        } else {
          if (type & CONSTRUCTED) return failure(E_DER_TAG, start);
          if (!isValue(octet, src + at, length)) return failure(E_DER_VALUE, start);
        }
      }
      putRecord(count, start, meta, length, count + 1);
      scannedRecords = ++count;
      if (octet & 0x20) {
        if (depth >= maxDepth) return failure(E_DER_DEPTH, start);
        const entry = STACK + <usize>depth * ENTRY;
        depth++;
        store<u32>(entry, count - 1);
        store<u32>(entry, endless ? limit | unbounded | INDEFINITE : at + length, 4);
      } else at += length;
    }

    // leave every definite element that ends here, and look at what is now innermost
    for (;;) {
      if (depth === 0) break;
      const entry = STACK + <usize>(depth - 1) * ENTRY;
      const open = load<u32>(entry);
      const end = load<u32>(entry, 4);
      indefinite = (end & INDEFINITE) !== 0;
      unbounded = end & UNBOUNDED;
      limit = end & ~(INDEFINITE | UNBOUNDED);
      parent = metaOf(open);
      if (indefinite || at < limit) break;
      store<u32>(recordAt(open) + TAPE_NEXT, count);
      depth--;
    }
  } while (depth > 0);

  if (trailing !== DER_ALLOW_TRAILING) {
    for (let rest = at; rest < len; rest++) {
      if (trailing !== DER_ALLOW_TRAILING_ZEROS || load<u8>(src + rest) !== 0) return failure(E_DER_TRAILING, rest);
    }
  }
  return <i32>count;
}

/** An element that does not fit: the input ends too early, or the element overruns the one around it. */
function short(unbounded: u32, at: u32): i32 {
  return failure(unbounded !== 0 ? E_DER_TRUNCATED : E_DER_LENGTH, at);
}

/** A constructed string is cut into strings of its own type; a character string also into OCTET STRINGs (X.690 8.23.6). */
function isSegment(octet: u32, parent: u32): bool {
  const type = octet & 0xdf;
  if (type === (parent & 0xdf)) return true;
  return type === 4 && (parent & 0xdf) !== 3;
}

/** Contents of the simple universal types (X.690 8.2, 8.3, 8.6, 8.8, 8.19, 8.20). */
function isValue(type: u32, at: usize, length: u32): bool {
  const first = length > 0 ? <u32>load<u8>(at) : 0;
  if (type === 1) {
    if (first !== 0 && first !== 0xff) scannedBer = true;
    return length === 1;
  }
  if (type === 2 || type === 10) {
    if (length < 2) return length === 1;
    return ((first << 1) | (<u32>load<u8>(at, 1) >>> 7)) % 0x1ff !== 0; // not nine equal bits in front
  }
  if (type === 3) return length > 1 ? first < 8 : length === 1 && first === 0;
  if (type === 5) return length === 0;
  if (type === 6 || type === 13) {
    let starts: bool = true; // the next octet begins a subidentifier
    for (let i: u32 = 0; i < length; i++) {
      const octet = <u32>load<u8>(at + i);
      if (starts && octet === 0x80) return false;
      starts = octet < 0x80;
    }
    return starts && length > 0;
  }
  return true;
}
