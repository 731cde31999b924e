/**
 * `DerCursor` walks the tape that `indexDer` made. The bytes are valid DER, so the cursor only checks that the types are
 * those its caller expects; it knows no object identifiers and no structures. Layer: core.
 */
import { FormatError, UsageError } from '../errors.ts';
import { type DerIndex, type DerLimits, indexDer } from './der.ts';
import {
  TAPE_HEADER_SHIFT,
  TAPE_LENGTH,
  TAPE_META,
  TAPE_NEXT,
  TAPE_OFFSET,
  TAPE_RECORD,
  TAPE_TAG_MASK,
} from './generated/layout.ts';
import { formatOid } from './oid.ts';

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

function hexTag(derTag: number): string {
  return derTag.toString(16).padStart(2, '0');
}
