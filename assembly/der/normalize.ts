// From ARENA to a checked DER form with its tape. A caller reads what it needs from DER_RESULT and the arenas, then calls
// `derRelease`; after a failure nothing is left to read. Layer: DER.
// Constant time: no, the shape of a file is public.
import {
  ARENA,
  ARENA_BYTES,
  ARENA_DER,
  ARENA_RECORDS,
  DER_ALLOW_TRAILING,
  DER_RESULT_BASE,
  DER_RESULT_COUNT,
  DER_RESULT_FIELDS,
  DER_RESULT_LENGTH,
  DER_RESULT_WAS_BER,
  DER_SCRATCH,
  DER_SCRATCH_BYTES,
  E_CAPACITY,
  TAPE_RECORD,
} from '../generated/layout';
import { emit, emittedBytes, measure } from './emit';
import { STACK_ENTRIES, scan, scannedBer, scannedRecords } from './scan';
import { endOf } from './tape';

// High-water marks of the running call, in bytes from the start of each arena.
let usedIn: usize = 0;
let usedDer: usize = 0;
let usedRecords: usize = 0;

/** Where the DER form lies: ARENA when the input already was DER, else ARENA_DER. */
export let derBase: usize = 0;
/** Records on the tape. */
export let derCount: u32 = 0;

/** Wipes what the last call left: input, DER form, records, results. */
export function derRelease(): void {
  memory.fill(ARENA, 0, usedIn);
  memory.fill(ARENA_DER, 0, usedDer);
  memory.fill(ARENA_RECORDS, 0, usedRecords);
  memory.fill(DER_SCRATCH, 0, DER_SCRATCH_BYTES);
  usedIn = usedDer = usedRecords = 0;
}

/** Notes that ARENA_RECORDS is used up to `end`. */
export function useRecords(end: usize): void {
  if (usedRecords < end - ARENA_RECORDS) usedRecords = end - ARENA_RECORDS;
}

/** Notes how far ARENA and ARENA_DER are used. */
export function useArenas(input: usize, der: usize): void {
  usedIn = input;
  if (usedDer < der) usedDer = der;
}

/** `scan` of ARENA, its use of the records noted. */
export function scanArena(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32): i32 {
  if (len > ARENA_BYTES) return -E_CAPACITY;
  useArenas(len, 0);
  const status = scan(ARENA, <u32>len, maxDepth, maxRecords, trailing);
  useRecords(ARENA_RECORDS + <usize>scannedRecords * TAPE_RECORD);
  return status;
}

/** Turns the scanned ARENA into DER, if it is not, and leaves the tape of the DER form. */
export function toDer(status: i32, isBer: bool): i32 {
  if (status < 0) return status;
  derBase = ARENA;
  if (isBer) {
    const measured = measure(<u32>status);
    if (measured < 0) return measured;
    const length = emit(ARENA, <u32>status, u32.MAX_VALUE);
    useArenas(usedIn, emittedBytes);
    if (length < 0) return length;
    derBase = ARENA_DER;
    // What was just written is within the limits: it has no more elements and is no deeper than what was read.
    status = scan(ARENA_DER, <u32>length, STACK_ENTRIES, u32.MAX_VALUE, DER_ALLOW_TRAILING);
    if (status < 0) return status;
  }
  derCount = <u32>status;
  store<u32>(DER_SCRATCH + DER_RESULT_BASE, <u32>derBase);
  store<u32>(DER_SCRATCH + DER_RESULT_LENGTH, endOf(0));
  store<u32>(DER_SCRATCH + DER_RESULT_COUNT, derCount);
  store<u32>(DER_SCRATCH + DER_RESULT_FIELDS, 0);
  store<u32>(DER_SCRATCH + DER_RESULT_WAS_BER, <u32>isBer);
  return status;
}

/**
 * Checks the `len` bytes of BER in ARENA and leaves DER_RESULT, the DER form and its tape. Returns the number of records,
 * or a status that names the offset in the input; on failure everything is wiped.
 */
export function derNormalize(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32): i32 {
  const scanned = scanArena(len, maxDepth, maxRecords, trailing);
  const status = toDer(scanned, scannedBer);
  if (status < 0) derRelease();
  return status;
}
