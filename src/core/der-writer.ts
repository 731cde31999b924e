/**
 * `DerWriter`: builds a DER document element by element and encodes it in one call of the wasm, which fills in the
 * lengths and sorts the SETs OF (X.690 clauses 10 and 11). Until then the contents lie in a buffer of its own, which it
 * wipes. Layer: core.
 */
import { LimitError, UsageError } from '../errors.ts';
import { words } from './der.ts';
import { DER } from './der-cursor.ts';
import {
  ARENA,
  ARENA_BYTES,
  ARENA_DER,
  ARENA_RECORDS,
  ARENA_RECORDS_BYTES,
  STATUS,
  TAPE_LENGTH,
  TAPE_META,
  TAPE_NEXT,
  TAPE_OFFSET,
  TAPE_RAW,
  TAPE_RECORD,
  TAPE_SORT,
  TAPE_WRAP,
} from './generated/layout.ts';
import { encodeOid } from './oid.ts';
import { splitStatus, statusError } from './status.ts';
import { core, memory } from './wasm.ts';

const MAX_ELEMENTS = ARENA_RECORDS_BYTES / (4 * TAPE_RECORD);
const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array();

/**
 * Writes DER. Every method but `finish` returns the writer.
 *
 * @example
 * const der = new DerWriter()
 *   .open(DER.SEQUENCE)
 *   .putOid('1.2.840.113549.2.9')
 *   .putNull()
 *   .close()
 *   .finish(); // 30 0c 06 08 2a 86 48 86 f7 0d 02 09 05 00
 */
export class DerWriter {
  #tape: Uint32Array<ArrayBuffer> = new Uint32Array(64 * TAPE_RECORD);
  #count = 0;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #length = 0;
  #open: number[] = [];

  /**
   * Begins an element whose contents are the elements written up to its `close`. A primitive tag works too: so an OCTET
   * STRING holds the encoding of other elements.
   *
   * @param derTag the identifier octet, as in `DerCursor`
   */
  open(derTag: number): this {
    this.#open.push(this.#count);
    return this.#put((derTag & 0x20) === 0 ? derTag | TAPE_WRAP : derTag, EMPTY);
  }

  /** Begins a SET OF, or with another constructed tag an implicitly tagged one: it is sorted by encoding when closed. */
  openSetOf(derTag: number = DER.SET): this {
    this.#open.push(this.#count);
    return this.#put(derTag | TAPE_SORT, EMPTY);
  }

  /** Ends the element opened last. @throws {UsageError} ERR_DER_STATE when none is open */
  close(): this {
    const opened = this.#open.pop();
    if (opened === undefined) throw new UsageError('ERR_DER_STATE', 'close without open');
    this.#tape[opened * TAPE_RECORD + TAPE_NEXT] = this.#count;
    return this;
  }

  /** Writes a primitive element. `contents` are copied. @throws {LimitError} ERR_DER_SIZE, ERR_DER_COUNT */
  put(derTag: number, contents: Uint8Array): this {
    return this.#put(derTag, contents);
  }

  /** Writes elements that are encoded already: `der`, byte for byte, copied and not checked. */
  putRaw(der: Uint8Array): this {
    return this.#put(TAPE_RAW, der);
  }

  /** Writes an INTEGER. @throws {UsageError} ERR_ARGUMENT when a number is not a safe integer */
  putInteger(value: number | bigint): this {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new UsageError('ERR_ARGUMENT', 'not an integer that a number holds exactly');
    return this.#put(DER.INTEGER, encodeInteger(value));
  }

  /** Writes an OBJECT IDENTIFIER. @throws {UsageError} ERR_OID */
  putOid(oid: string): this {
    return this.#put(DER.OBJECT_IDENTIFIER, contentsOf(oid));
  }

  /** Writes an OCTET STRING of `contents`, which are copied. */
  putOctets(contents: Uint8Array): this {
    return this.#put(DER.OCTET_STRING, contents);
  }

  /** Writes a BIT STRING of whole `octets`, which are copied. */
  putBits(octets: Uint8Array): this {
    const contents = new Uint8Array(octets.length + 1);
    contents.set(octets, 1);
    this.#put(DER.BIT_STRING, contents);
    contents.fill(0);
    return this;
  }

  /** Writes a BOOLEAN. */
  putBoolean(value: boolean): this {
    return this.#put(DER.BOOLEAN, Uint8Array.of(value ? 0xff : 0));
  }

  /** Writes a NULL. */
  putNull(): this {
    return this.#put(DER.NULL, EMPTY);
  }

  /**
   * Encodes what was written, wipes it and begins anew.
   *
   * @throws {UsageError} ERR_DER_STATE when an element is still open
   * @throws {LimitError} ERR_DER_SIZE when the encoding is above 8 MiB
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#open.length > 0) throw new UsageError('ERR_DER_STATE', 'an element is still open');
    const wasm = core();
    memory().set(this.#bytes.subarray(0, this.#length), ARENA);
    words().set(this.#tape.subarray(0, this.#count * TAPE_RECORD), ARENA_RECORDS / 4);
    const status = wasm.derWrite(this.#length, this.#count);
    this.dispose();
    if (status < 0) throw writeError(status);
    const der = memory().slice(ARENA_DER, ARENA_DER + status);
    wasm.derRelease();
    return der;
  }

  /** Wipes and forgets what was written. */
  dispose(): void {
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
    this.#count = 0;
    this.#open = [];
  }

  /** Disposes of it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #put(meta: number, contents: Uint8Array): this {
    const at = this.#count * TAPE_RECORD;
    const length = this.#length + contents.length;
    if (this.#count === MAX_ELEMENTS)
      throw new LimitError('ERR_DER_COUNT', `more elements than ${MAX_ELEMENTS}`, {
        limit: MAX_ELEMENTS,
        actual: MAX_ELEMENTS + 1,
      });
    if (length > ARENA_BYTES) throw tooLarge(length);
    if (at === this.#tape.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.#tape);
      this.#tape = larger;
    }
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    this.#bytes.set(contents, this.#length);
    this.#tape[at + TAPE_OFFSET] = this.#length;
    this.#tape[at + TAPE_META] = meta;
    this.#tape[at + TAPE_LENGTH] = contents.length;
    this.#count++;
    this.#tape[at + TAPE_NEXT] = this.#count;
    this.#length = length;
    return this;
  }
}

const oids: Map<string, Uint8Array> = /* @__PURE__ */ new Map();

/** `encodeOid`, remembering the few identifiers that a document repeats. */
function contentsOf(oid: string): Uint8Array {
  let contents = oids.get(oid);
  if (contents === undefined) {
    contents = encodeOid(oid);
    if (oids.size === 256) oids.clear();
    oids.set(oid, contents);
  }
  return contents;
}

/** The shortest two's complement form (X.690 8.3). */
function encodeInteger(value: number | bigint): Uint8Array<ArrayBuffer> {
  if (typeof value === 'number' && value >= 0 && value < 0x80) return Uint8Array.of(value);
  const octets: number[] = [];
  let rest = BigInt(value);
  for (;;) {
    const low = Number(rest & 0xffn);
    octets.push(low);
    rest >>= 8n;
    if (rest === (low >= 0x80 ? -1n : 0n)) return Uint8Array.from(octets.reverse());
  }
}

function writeError(status: number): Error {
  const { code } = splitStatus(status);
  if (code === STATUS.CAPACITY) return tooLarge('more');
  return statusError(status, 'DER');
}

function tooLarge(actual: number | string): LimitError {
  return new LimitError('ERR_DER_SIZE', `DER larger than ${ARENA_BYTES} bytes`, { limit: ARENA_BYTES, actual });
}
