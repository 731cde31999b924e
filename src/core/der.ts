/**
 * DER for every room: `normalizeDer` turns BER into DER, `indexDer` makes a tape over it for `DerCursor`. Everything is
 * validated by the wasm in one pass before anything is looked at (X.690; limits on size, depth and count). Layer: core.
 */
import { FormatError, type KeywardError, LimitError, UsageError } from '../errors.ts';
import {
  ARENA,
  ARENA_BYTES,
  ARENA_RECORDS,
  ARENA_RECORDS_BYTES,
  DER_ALLOW_TRAILING,
  DER_ALLOW_TRAILING_ZEROS,
  DER_REFUSE_TRAILING,
  DER_RESULT_BASE,
  DER_RESULT_COUNT,
  DER_RESULT_LENGTH,
  DER_RESULT_WAS_BER,
  DER_SCRATCH,
  DER_SCRATCH_BYTES,
  STATUS,
  TAPE_RECORD,
} from './generated/layout.ts';
import { splitStatus, statusError } from './status.ts';
import { core, memory } from './wasm.ts';

/** Bounds of one input. */
export interface DerLimits {
  /** Bytes of the input. Default and maximum 8 MiB. */
  readonly maxBytes?: number;
  /** Elements around an element. Default 64, maximum 1016. */
  readonly maxDepth?: number;
  /** Elements in all. Default and maximum 458,752: what fits in memory. */
  readonly maxElements?: number;
  /** What may follow the element: nothing (the default), zero bytes, anything. What follows is dropped. */
  readonly trailing?: 'refuse' | 'zeros' | 'allow';
}

/** A checked input in DER. */
export interface NormalizedDer {
  /** The DER form, a copy. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** True when the input was BER but not DER: lengths or constructed strings were rewritten. */
  readonly wasBer: boolean;
}

/** DER bytes with the tape that locates every element in them. Make it with `indexDer`. */
export interface DerIndex extends NormalizedDer {
  /** Four words for each element; see assembly/build/layout.mjs, TAPE. */
  readonly tape: Uint32Array;
}

/** Limits with their defaults filled in. */
export interface DerBounds {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxElements: number;
  readonly trailing: number;
}

const TRAILING = { refuse: DER_REFUSE_TRAILING, zeros: DER_ALLOW_TRAILING_ZEROS, allow: DER_ALLOW_TRAILING } as const;
const MAX_ELEMENTS = ARENA_RECORDS_BYTES / (4 * TAPE_RECORD);
/** The stack of open elements in assembly/der/scan.ts: eight bytes each, behind DER_RESULT. */
const MAX_DEPTH = (DER_SCRATCH_BYTES - 64) / 8;
const KNOWN_LIMITS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'maxBytes',
  'maxDepth',
  'maxElements',
  'trailing',
  'maxNesting',
]);

/**
 * Checks BER and returns its DER form: definite minimal lengths, strings in one piece. Contents of primitive elements
 * stay as they are (a true BOOLEAN becomes FF), and so does the order of a SET. An input that is DER comes back as it is.
 *
 * @param bytes one element, at most 8 MiB; copied, not changed
 * @throws {FormatError} ERR_DER_… with the offset of the fault
 * @throws {LimitError} ERR_DER_SIZE, ERR_DER_DEPTH, ERR_DER_COUNT
 * @example
 * normalizeDer(Uint8Array.of(0x30, 0x80, 0x05, 0x00, 0x00, 0x00)).der; // 30 02 05 00
 */
export function normalizeDer(bytes: Uint8Array, limits?: DerLimits): NormalizedDer {
  const { der, wasBer } = normalize(bytes, resolveLimits(limits), false);
  return { der, wasBer };
}

/**
 * Checks BER and returns its DER form with a tape, to be walked by `DerCursor`.
 *
 * @param bytes one element, at most 8 MiB; copied, not changed
 * @throws as `normalizeDer`
 */
export function indexDer(bytes: Uint8Array, limits?: DerLimits): DerIndex {
  return normalize(bytes, resolveLimits(limits), true);
}

function normalize(bytes: Uint8Array, bounds: DerBounds, withTape: boolean): DerIndex {
  const wasm = core();
  enterDer(bytes, bounds);
  const status = wasm.derNormalize(bytes.length, bounds.maxDepth, bounds.maxElements, bounds.trailing);
  if (status < 0) throw derError(status, bounds, [], splitStatus(status).offset);
  try {
    const { base, length, count, wasBer } = derResult();
    const der = memory().slice(base, base + length);
    const tape = withTape
      ? words().slice(ARENA_RECORDS / 4, ARENA_RECORDS / 4 + count * TAPE_RECORD)
      : new Uint32Array();
    return { der, wasBer, tape };
  } finally {
    wasm.derRelease();
  }
}

/** Internal: fills in the defaults. @throws {UsageError} ERR_OPTION for an unknown or impossible limit */
export function resolveLimits(limits: DerLimits = {}): DerBounds {
  for (const key of Object.keys(limits))
    if (!KNOWN_LIMITS.has(key)) throw new UsageError('ERR_OPTION', `unknown limit ${key}`);
  const trailing = TRAILING[limits.trailing ?? 'refuse'];
  if (trailing === undefined) throw new UsageError('ERR_OPTION', 'trailing is one of refuse, zeros, allow');
  return {
    maxBytes: atMost('maxBytes', limits.maxBytes, ARENA_BYTES, ARENA_BYTES),
    maxDepth: atMost('maxDepth', limits.maxDepth, 64, MAX_DEPTH),
    maxElements: atMost('maxElements', limits.maxElements, MAX_ELEMENTS, MAX_ELEMENTS),
    trailing,
  };
}

/** Internal: a limit's value, its default, or the most that is possible. */
export function atMost(name: string, value: number | undefined, otherwise: number, most: number): number {
  if (value === undefined) return otherwise;
  if (!(value >= 0)) throw new UsageError('ERR_OPTION', `${name} must be a number, not negative`);
  return Math.min(Math.floor(value), most);
}

/** Internal: checks the size and copies an input into the arena. */
export function enterDer(bytes: Uint8Array, bounds: DerBounds): void {
  if (bytes.length > bounds.maxBytes)
    throw new LimitError('ERR_DER_SIZE', `input of ${bytes.length} bytes, the limit is ${bounds.maxBytes}`, {
      limit: bounds.maxBytes,
      actual: bytes.length,
    });
  memory().set(bytes, ARENA);
}

/** Internal: what DER_RESULT says after a successful call. */
export function derResult(): { base: number; length: number; count: number; wasBer: boolean } {
  const all = words();
  const at = DER_SCRATCH / 4;
  return {
    base: all[at + DER_RESULT_BASE] as number,
    length: all[at + DER_RESULT_LENGTH] as number,
    count: all[at + DER_RESULT_COUNT] as number,
    wasBer: all[at + DER_RESULT_WAS_BER] === 1,
  };
}

let wordView: Uint32Array<ArrayBuffer> | undefined;

/** Internal: linear memory as words. */
export function words(): Uint32Array<ArrayBuffer> {
  wordView ??= new Uint32Array(memory().buffer);
  return wordView;
}

/** Internal: the error for a failed DER call; `offset` has been translated to the caller's bytes. */
export function derError(status: number, bounds: DerBounds, path: readonly string[], offset: number): KeywardError {
  const { code } = splitStatus(status);
  const where = path.length === 0 ? 'DER' : path.join('.');
  const over = (name: string, limit: number, words: string) =>
    new LimitError(name, `${where}: ${words} ${limit} at offset ${offset}`, { limit, actual: limit + 1 });
  if (code === STATUS.DER_DEPTH) return over('ERR_DER_DEPTH', bounds.maxDepth, 'nested deeper than');
  if (code === STATUS.DER_COUNT) return over('ERR_DER_COUNT', bounds.maxElements, 'more elements than');
  if (code === STATUS.CAPACITY) return over('ERR_DER_SIZE', bounds.maxBytes, 'needs more memory than');
  const plain = statusError(-(offset * 128 + code), where);
  return new FormatError(plain.code, plain.message, { offset, path });
}
