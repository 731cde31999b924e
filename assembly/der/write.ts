// The DER writer: the caller builds a tape whose offsets point into the bytes in ARENA, this writes it to ARENA_DER.
// So a document of any number of elements costs one call, and lengths are known before the first byte is written.
// Layer: DER. Constant time: no; lengths and tags are public, contents are copied.
import {
  ARENA,
  ARENA_BYTES,
  ARENA_RECORDS,
  ARENA_RECORDS_BYTES,
  E_ARGUMENT,
  E_CAPACITY,
  E_DER_DEPTH,
  TAPE_HEADER_SHIFT,
  TAPE_MERGE,
  TAPE_RECORD,
} from '../generated/layout';
import { emit, emittedBytes, measure } from './emit';
import { derRelease, useArenas, useRecords } from './normalize';
import { STACK, STACK_ENTRIES } from './scan';
import { isContainer, lengthOf, metaOf, nextOf, offsetOf } from './tape';

/** Every record lies within its parent and every primitive within the `len` bytes of ARENA. */
function check(len: u32, count: u32): i32 {
  let depth: u32 = 0;
  let end = count;
  for (let i: u32 = 0; i < count; i++) {
    while (depth > 0 && i === end) {
      depth--;
      end = depth > 0 ? load<u32>(STACK + <usize>(depth - 1) * 4) : count;
    }
    const next = nextOf(i);
    const meta = metaOf(i);
    if (next <= i || next > end) return -E_ARGUMENT;
    if (meta & TAPE_MERGE) return -E_ARGUMENT; // the reader's: what lengths it would give is not checked here
    if (isContainer(meta)) {
      if (depth >= STACK_ENTRIES) return -E_DER_DEPTH;
      store<u32>(STACK + <usize>depth * 4, next);
      depth++;
      end = next;
    } else {
      if (next !== i + 1 || (meta >>> TAPE_HEADER_SHIFT) & 0xff) return -E_ARGUMENT;
      if (offsetOf(i) > len || lengthOf(i) > len - offsetOf(i)) return -E_ARGUMENT;
    }
  }
  return 0;
}

/**
 * Encodes the `count` records at ARENA_RECORDS over the `len` bytes in ARENA. Returns the length of the DER in ARENA_DER
 * or a status; then call `derRelease`. On failure everything is wiped.
 */
export function derWrite(len: usize, count: u32): i32 {
  if (len > ARENA_BYTES || <usize>count > ARENA_RECORDS_BYTES / TAPE_RECORD) return -E_CAPACITY;
  useArenas(len, 0);
  useRecords(ARENA_RECORDS + <usize>count * TAPE_RECORD);
  let status = check(<u32>len, count);
  if (status >= 0) status = measure(count);
  if (status >= 0) {
    status = emit(ARENA, count, u32.MAX_VALUE);
    useArenas(len, emittedBytes);
  }
  if (status < 0) derRelease();
  return status;
}
