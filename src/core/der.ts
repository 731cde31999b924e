/**
 * DER for every room: `normalizeDer` turns BER into DER, `indexDer` makes a tape over it, `DerCursor` walks that tape.
 * Everything is validated by the wasm in one pass before anything is looked at (X.690; limits on size, depth and count),
 * so the cursor only checks that the types are those its caller expects. It knows no object identifiers and no
 * structures. Layer: core.
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
  STATUS,
  TAPE_HEADER_SHIFT,
  TAPE_LENGTH,
  TAPE_META,
  TAPE_NEXT,
  TAPE_OFFSET,
  TAPE_RECORD,
  TAPE_TAG_MASK,
} from './generated/layout.ts';
import { formatOid } from './oid.ts';
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

/** Universal tags, as the one identifier octet that they are in DER. */
export const DER = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Limits with their defaults filled in. */
export interface DerBounds {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxElements: number;
  readonly trailing: number;
}

const TRAILING = { refuse: DER_REFUSE_TRAILING, zeros: DER_ALLOW_TRAILING_ZEROS, allow: DER_ALLOW_TRAILING } as const;
const MAX_ELEMENTS = ARENA_RECORDS_BYTES / (4 * TAPE_RECORD);
const MAX_DEPTH = 1016;
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

/**
 * Walks DER. A cursor stands before one of the elements of a container; each `read…` checks the element's type, returns
 * its value and steps over it. Tags are the identifier octet as a number (0x30, 0xa0); a tag number above 30 stands
 * eight bits higher, above the leading octet.
 *
 * @example
 * const algorithm = DerCursor.over(bytes).readSequence();
 * const oid = algorithm.readOid();
 * const parameters = algorithm.more ? algorithm.readElement() : null;
 * algorithm.assertEnd();
 */
export class DerCursor {
  readonly #index: DerIndex;
  readonly #path: readonly string[];
  readonly #end: number;
  readonly #endOffset: number;
  #at: number;

  private constructor(index: DerIndex, at: number, end: number, endOffset: number, path: readonly string[]) {
    this.#index = index;
    this.#at = at;
    this.#end = end;
    this.#endOffset = endOffset;
    this.#path = path;
  }

  /** Validates `bytes` and makes a cursor before its one element. `path` names the place in errors. @throws as `normalizeDer` */
  static over(bytes: Uint8Array, limits?: DerLimits, path: readonly string[] = []): DerCursor {
    return DerCursor.from(indexDer(bytes, limits), path);
  }

  /** Makes a cursor before the one element of an index. */
  static from(index: DerIndex, path: readonly string[] = []): DerCursor {
    return new DerCursor(index, 0, index.tape.length / TAPE_RECORD, index.der.length, path);
  }

  /** True while elements are left in this container. */
  get more(): boolean {
    return this.#at < this.#end;
  }

  /** The tag of the element ahead; -1 at the end. */
  get derTag(): number {
    return this.more ? this.#word(TAPE_META) & TAPE_TAG_MASK : -1;
  }

  /** Offset of the element ahead in the DER form, or of the end. */
  get offset(): number {
    return this.more ? this.#word(TAPE_OFFSET) : this.#endOffset;
  }

  /** Says whether the element ahead has this tag. */
  is(derTag: number): boolean {
    return this.derTag === derTag;
  }

  /** Refuses further elements in this container. @throws {FormatError} ERR_DER_TRAILING */
  assertEnd(): void {
    if (this.more) throw this.#error('ERR_DER_TRAILING', 'unexpected further element');
  }

  /** Steps over the element ahead, whatever it is. @throws {FormatError} ERR_DER_MISSING */
  skip(): void {
    if (!this.more) throw this.#error('ERR_DER_MISSING', 'a required element is absent');
    this.#at = this.#word(TAPE_NEXT);
  }

  /** Copies the whole element ahead, tag and length included. @throws {FormatError} ERR_DER_MISSING */
  readElement(): Uint8Array<ArrayBuffer> {
    const start = this.offset;
    const end = this.#contentOffset() + this.#length();
    this.skip();
    return this.#index.der.slice(start, end);
  }

  /** Copies the contents of the element ahead, which must have this tag. @throws {FormatError} ERR_DER_TAG, ERR_DER_MISSING */
  readContents(derTag: number): Uint8Array<ArrayBuffer> {
    const view = this.#take(derTag);
    return view.slice();
  }

  /** Enters the element ahead, which must be constructed and have this tag. @throws {FormatError} ERR_DER_TAG, ERR_DER_MISSING */
  enter(derTag: number, name?: string): DerCursor {
    this.#expect(derTag);
    if ((derTag & 0x20) === 0) throw new UsageError('ERR_ARGUMENT', 'only a constructed element can be entered');
    const path = name === undefined ? this.#path : [...this.#path, name];
    const next = this.#word(TAPE_NEXT);
    const end = this.#contentOffset() + this.#length();
    const inner = new DerCursor(this.#index, this.#at + 1, next, end, path);
    this.#at = next;
    return inner;
  }

  /** Enters a SEQUENCE. */
  readSequence(name?: string): DerCursor {
    return this.enter(DER.SEQUENCE, name);
  }

  /** Enters a SET. */
  readSet(name?: string): DerCursor {
    return this.enter(DER.SET, name);
  }

  /** Enters `[n] EXPLICIT`, or any constructed context tag. */
  readContext(n: number, name?: string): DerCursor {
    return this.enter(0xa0 | n, name);
  }

  /** Reads an OBJECT IDENTIFIER as dotted text. */
  readOid(): string {
    const offset = this.more ? this.#contentOffset() : 0;
    return formatOid(this.#take(DER.OBJECT_IDENTIFIER), offset);
  }

  /** Copies the contents of an OCTET STRING. */
  readOctets(): Uint8Array<ArrayBuffer> {
    return this.readContents(DER.OCTET_STRING);
  }

  /** Copies the whole octets of a BIT STRING without unused bits. @throws {FormatError} ERR_DER_VALUE when some are unused */
  readBits(): Uint8Array<ArrayBuffer> {
    const offset = this.offset;
    const view = this.#take(DER.BIT_STRING);
    if (view[0] !== 0) throw this.#error('ERR_DER_VALUE', 'bits are left over', offset);
    return view.slice(1);
  }

  /** Reads an INTEGER of at most 1024 octets. @throws {FormatError} ERR_DER_VALUE when it is longer */
  readInteger(): bigint {
    const offset = this.offset;
    const view = this.#take(DER.INTEGER);
    if (view.length > 1024) throw this.#error('ERR_DER_VALUE', 'integer too long', offset);
    return integerOf(view);
  }

  /** Reads an INTEGER that a number holds exactly. @throws {FormatError} ERR_DER_VALUE when it does not */
  readSmallInteger(): number {
    const offset = this.offset;
    const value = smallIntegerOf(this.#take(DER.INTEGER));
    if (value === undefined) throw this.#error('ERR_DER_VALUE', 'integer too large', offset);
    return value;
  }

  /** Reads a BOOLEAN. */
  readBoolean(): boolean {
    return this.#take(DER.BOOLEAN)[0] !== 0;
  }

  /** Steps over a NULL. */
  readNull(): void {
    this.#take(DER.NULL);
  }

  #word(word: number): number {
    return this.#index.tape[this.#at * TAPE_RECORD + word] as number;
  }

  #length(): number {
    return this.#word(TAPE_LENGTH);
  }

  #contentOffset(): number {
    return this.#word(TAPE_OFFSET) + ((this.#word(TAPE_META) >>> TAPE_HEADER_SHIFT) & 0xff);
  }

  #expect(derTag: number): void {
    if (!this.more) throw this.#error('ERR_DER_MISSING', 'a required element is absent');
    if (this.derTag !== derTag)
      throw this.#error('ERR_DER_TAG', `tag ${hexTag(this.derTag)} where ${hexTag(derTag)} belongs`);
  }

  /** Steps over the element ahead and lends its contents: a view of this cursor's own bytes. */
  #take(derTag: number): Uint8Array<ArrayBuffer> {
    this.#expect(derTag);
    const start = this.#contentOffset();
    const view = this.#index.der.subarray(start, start + this.#length());
    this.#at = this.#word(TAPE_NEXT);
    return view;
  }

  #error(code: string, words: string, offset: number = this.offset): FormatError {
    const where = this.#path.length === 0 ? 'DER' : this.#path.join('.');
    return new FormatError(code, `${where}: ${words} at offset ${offset}`, { offset, path: this.#path });
  }
}

/** The value of an INTEGER's contents octets. */
export function integerOf(contents: Uint8Array): bigint {
  let value = 0n;
  for (const octet of contents) value = (value << 8n) | BigInt(octet);
  return BigInt.asIntN(8 * contents.length, value);
}

/** The value of an INTEGER's contents octets as a number, `undefined` when a number does not hold it exactly. */
export function smallIntegerOf(contents: Uint8Array): number | undefined {
  if (contents.length === 0 || contents.length > 7) return undefined;
  let value = (contents[0] as number) >= 0x80 ? -1 : 0;
  for (const octet of contents) value = value * 256 + octet;
  return Number.isSafeInteger(value) ? value : undefined;
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

function hexTag(derTag: number): string {
  return derTag.toString(16).padStart(2, '0');
}
