/**
 * `DerCursor` walks DER that the wasm has checked. Checked DER is its own index, so the cursor reads tags and lengths where
 * they stand and only checks that the types are those its caller expects; it knows no object identifiers and no structures.
 * Layer: core.
 */
import { FormatError, UsageError } from '../errors.ts';
import { type DerLimits, type NormalizedDer, normalizeDer } from './der.ts';
import { formatOidAt } from './oid.ts';

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
  readonly #der: Uint8Array;
  readonly #path: readonly string[];
  readonly #end: number;
  /** The element ahead: where it begins, its tag (-1 at the end), where its contents begin, where they end. */
  #at: number;
  #tag = -1;
  #content = 0;
  #next = 0;

  private constructor(der: Uint8Array, at: number, end: number, path: readonly string[]) {
    this.#der = der;
    this.#at = at;
    this.#end = end;
    this.#path = path;
    this.#look();
  }

  /** Validates `bytes` and makes a cursor before its one element. `path` names the place in errors. @throws as `normalizeDer` */
  static over(bytes: Uint8Array, limits?: DerLimits, path: readonly string[] = []): DerCursor {
    return DerCursor.checked(normalizeDer(bytes, limits).der, path);
  }

  /** Makes a cursor before the one element of a checked input. */
  static from({ der }: NormalizedDer, path: readonly string[] = []): DerCursor {
    return DerCursor.checked(der, path);
  }

  /**
   * Makes a cursor before DER that was checked before: a whole element out of what `normalizeDer`, a cursor or a record of a PFX
   * gave. Nothing is checked or copied here; of other bytes the cursor reads nonsense, though never past their end.
   */
  static checked(der: Uint8Array, path: readonly string[] = []): DerCursor {
    return new DerCursor(der, 0, der.length, path);
  }

  /** True while elements are left in this container. */
  get more(): boolean {
    return this.#at < this.#end;
  }

  /** The tag of the element ahead; -1 at the end. */
  get derTag(): number {
    return this.#tag;
  }

  /** Offset of the element ahead in the DER form, or of the end. */
  get offset(): number {
    return this.#at;
  }

  /** Says whether the element ahead has this tag. */
  is(derTag: number): boolean {
    return this.#tag === derTag;
  }

  /** Refuses further elements in this container. @throws {FormatError} ERR_DER_TRAILING */
  assertEnd(): void {
    if (this.more) throw this.#error('ERR_DER_TRAILING', 'unexpected further element');
  }

  /** Steps over the element ahead, whatever it is. @throws {FormatError} ERR_DER_MISSING */
  skip(): void {
    if (!this.more) throw this.#error('ERR_DER_MISSING', 'a required element is absent');
    this.#step();
  }

  /** Copies the whole element ahead, tag and length included. @throws {FormatError} ERR_DER_MISSING */
  readElement(): Uint8Array<ArrayBuffer> {
    return this.lendElement().slice() as Uint8Array<ArrayBuffer>;
  }

  /** Steps over the element ahead and lends it: a view of the bytes that the cursor walks. @throws {FormatError} ERR_DER_MISSING */
  lendElement(): Uint8Array {
    const start = this.#at;
    this.skip();
    return this.#der.subarray(start, this.#at);
  }

  /**
   * Steps over the element ahead, which must have this tag, and lends its contents: a view of the bytes that the cursor walks.
   *
   * @throws {FormatError} ERR_DER_TAG, ERR_DER_MISSING
   */
  lendContents(derTag: number): Uint8Array {
    this.#expect(derTag);
    const view = this.#der.subarray(this.#content, this.#next);
    this.#step();
    return view;
  }

  /** Copies the contents of the element ahead, which must have this tag. @throws {FormatError} ERR_DER_TAG, ERR_DER_MISSING */
  readContents(derTag: number): Uint8Array<ArrayBuffer> {
    return this.lendContents(derTag).slice() as Uint8Array<ArrayBuffer>;
  }

  /** Enters the element ahead, which must be constructed and have this tag. @throws {FormatError} ERR_DER_TAG, ERR_DER_MISSING */
  enter(derTag: number, name?: string): DerCursor {
    this.#expect(derTag);
    if ((derTag & 0x20) === 0) throw new UsageError('ERR_ARGUMENT', 'only a constructed element can be entered');
    const path = name === undefined ? this.#path : [...this.#path, name];
    const inner = new DerCursor(this.#der, this.#content, this.#next, path);
    this.#step();
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
    this.#expect(DER.OBJECT_IDENTIFIER);
    const oid = formatOidAt(this.#der, this.#content, this.#next);
    this.#step();
    return oid;
  }

  /** Copies the contents of an OCTET STRING. */
  readOctets(): Uint8Array<ArrayBuffer> {
    return this.readContents(DER.OCTET_STRING);
  }

  /** Copies the whole octets of a BIT STRING without unused bits. @throws {FormatError} ERR_DER_VALUE when some are unused */
  readBits(): Uint8Array<ArrayBuffer> {
    const offset = this.offset;
    const view = this.lendContents(DER.BIT_STRING);
    if (view[0] !== 0) throw this.#error('ERR_DER_VALUE', 'bits are left over', offset);
    return view.slice(1) as Uint8Array<ArrayBuffer>;
  }

  /** Reads an INTEGER of at most 1024 octets. @throws {FormatError} ERR_DER_VALUE when it is longer */
  readInteger(): bigint {
    const offset = this.offset;
    const view = this.lendContents(DER.INTEGER);
    if (view.length > 1024) throw this.#error('ERR_DER_VALUE', 'integer too long', offset);
    return integerOf(view);
  }

  /** Reads an INTEGER that a number holds exactly. @throws {FormatError} ERR_DER_VALUE when it does not */
  readSmallInteger(): number {
    const offset = this.offset;
    const value = smallIntegerOf(this.lendContents(DER.INTEGER));
    if (value === undefined) throw this.#error('ERR_DER_VALUE', 'integer too large', offset);
    return value;
  }

  /** Reads a BOOLEAN. */
  readBoolean(): boolean {
    return this.lendContents(DER.BOOLEAN)[0] !== 0;
  }

  /** Steps over a NULL. */
  readNull(): void {
    this.lendContents(DER.NULL);
  }

  #expect(derTag: number): void {
    if (!this.more) throw this.#error('ERR_DER_MISSING', 'a required element is absent');
    if (this.#tag !== derTag)
      throw this.#error('ERR_DER_TAG', `tag ${hexTag(this.#tag)} where ${hexTag(derTag)} belongs`);
  }

  #step(): void {
    this.#at = this.#next;
    this.#look();
  }

  /** Reads identifier and length octets of the element ahead (X.690 8.1.2, 8.1.3; DER has definite lengths only). */
  #look(): void {
    const der = this.#der;
    let at = this.#at;
    if (at >= this.#end) {
      this.#tag = -1;
      this.#next = this.#content = at;
      return;
    }
    let tag = der[at++] as number;
    if ((tag & 31) === 31) {
      let number = 0;
      let octet = 0x80;
      for (; octet >= 0x80 && at < this.#end; number = (number << 7) | (octet & 0x7f)) octet = der[at++] as number;
      tag |= number << 8;
    }
    let length = der[at++] ?? 0;
    if (length > 0x80) {
      let octets = length & 0x7f;
      for (length = 0; octets > 0; octets--) length = length * 256 + (der[at++] ?? 0);
    }
    this.#tag = tag;
    this.#content = at;
    this.#next = Math.min(at + length, this.#end);
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
