/**
 * Writing TTLV (KMIP 1.4, section 9.1): the wasm frames items and fills in the lengths of structures; this file checks
 * values and copies bytes. A message is written inside one synchronous call, `writeTtlv`, and leaves nothing behind.
 * Layer: core.
 */
import { LimitError, UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { CoreExports } from './generated/core-exports.ts';
import { ARENA_DER, ARENA_DER_BYTES, STATUS, TTLV_OUT, TTLV_OUT_BYTES } from './generated/layout.ts';
import { formatTag } from './ttlv.ts';
import { ItemType } from './ttlv-message.ts';
import { core, memory } from './wasm.ts';

const MAX_DEPTH = 32;
/** Lone surrogates: UTF-8 has no form for them. */
const NOT_UNICODE = /\p{Surrogate}/u;
let encoder: TextEncoder | undefined;
/** True while a `writeTtlv` callback runs: the window is taken. */
let lent = false;

/**
 * Writes one message: `write` opens and closes structures and puts values, in order. Byte strings are copied at once and
 * stay the caller's to wipe; the copy in linear memory is wiped. At most 1 MiB; `write` must be synchronous.
 *
 * @returns the encoded message
 * @throws {UsageError} ERR_TTLV_STATE, ERR_TTLV_VALUE
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH
 * @example
 * writeTtlv((w) => {
 *   w.open(0x420069); // Protocol Version
 *   w.integer(0x42006a, 1);
 *   w.integer(0x42006b, 4);
 *   w.close();
 * });
 */
export function writeTtlv(write: (writer: TtlvWriter) => void): Uint8Array<ArrayBuffer> {
  if (lent) throw new UsageError('ERR_TTLV_STATE', 'writeTtlv inside writeTtlv');
  const writer = new TtlvWriter(TTLV_OUT, TTLV_OUT_BYTES); // (throws where there is no WebAssembly)
  lent = true;
  try {
    write(writer);
    return writer.finish();
  } finally {
    writer.wipe();
    lent = false;
  }
}

/** @internal The same for up to 8 MiB, for a `write` of ours that calls nothing else of the core. */
export function writeLargeTtlv(write: (writer: TtlvWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new TtlvWriter(ARENA_DER, ARENA_DER_BYTES);
  try {
    write(writer);
    return writer.finish();
  } finally {
    writer.wipe();
  }
}

/** Puts items one after another. Lives only inside `writeTtlv`. */
export class TtlvWriter {
  readonly #core: CoreExports = core();
  readonly #memory: Uint8Array<ArrayBuffer> = memory();
  readonly #start: number;
  #end: number;
  /** Where the next item goes. */
  #at: number;
  /** Past the last byte that may hold something. */
  #used: number;
  /** Header of the innermost open structure, or 0. */
  #open = 0;
  #depth = 0;

  /** @internal */
  constructor(start: number, lengthBytes: number) {
    this.#start = start;
    this.#end = start + lengthBytes;
    this.#at = start;
    this.#used = start;
  }

  /** Begins a structure. */
  open(ttlvTag: number): void {
    if (this.#depth === MAX_DEPTH)
      throw new LimitError('ERR_TTLV_DEPTH', `TTLV: more than ${MAX_DEPTH} structures inside each other`, {
        limit: MAX_DEPTH,
        actual: MAX_DEPTH + 1,
      });
    const at = this.#at;
    this.#at = this.#checked(this.#core.ttlvOpen(at, this.#end, head(ttlvTag, ItemType.Structure), this.#open));
    this.#open = at;
    this.#depth++;
  }

  /** Ends the structure opened last and fills in its length. @throws {UsageError} ERR_TTLV_STATE when none is open */
  close(): void {
    this.#open = this.#checked(this.#core.ttlvClose(this.#at, this.#open));
    this.#depth--;
  }

  /** Puts an Integer: -2^31 to 2^31-1. */
  integer(ttlvTag: number, value: number): void {
    if ((value | 0) !== value) throw outOfRange(ttlvTag, 'Integer');
    this.#put32(head(ttlvTag, ItemType.Integer), value);
  }

  /** Puts an Enumeration: 0 to 2^32-1. */
  enumeration(ttlvTag: number, value: number): void {
    if (value >>> 0 !== value) throw outOfRange(ttlvTag, 'Enumeration');
    this.#put32(head(ttlvTag, ItemType.Enumeration), value);
  }

  /** Puts an Interval: seconds, 0 to 2^32-1. */
  interval(ttlvTag: number, seconds: number): void {
    if (seconds >>> 0 !== seconds) throw outOfRange(ttlvTag, 'Interval');
    this.#put32(head(ttlvTag, ItemType.Interval), seconds);
  }

  /** Puts a Boolean. */
  boolean(ttlvTag: number, value: boolean): void {
    this.#put64(head(ttlvTag, ItemType.Boolean), 0, value ? 1 : 0);
  }

  /** Puts a Long Integer: 64 bits, signed. */
  longInteger(ttlvTag: number, value: bigint): void {
    this.#bigint64(ttlvTag, ItemType.LongInteger, value);
  }

  /** Puts a Date-Time: seconds since 1970. */
  dateTime(ttlvTag: number, seconds: bigint): void {
    this.#bigint64(ttlvTag, ItemType.DateTime, seconds);
  }

  /** Puts a Date-Time Extended: microseconds since 1970. */
  dateTimeExtended(ttlvTag: number, microseconds: bigint): void {
    this.#bigint64(ttlvTag, ItemType.DateTimeExtended, microseconds);
  }

  /** Puts a Big Integer; `value` is two's complement, big-endian, a multiple of 8 bytes and not empty. Copied. */
  bigInteger(ttlvTag: number, value: Uint8Array | Secret): void {
    const bytes = value instanceof Secret ? value.expose() : value;
    if (bytes.length === 0 || bytes.length % 8 !== 0) throw outOfRange(ttlvTag, 'BigInteger');
    this.#bytes(head(ttlvTag, ItemType.BigInteger), bytes);
  }

  /** Puts a Byte String; `value` is copied. */
  byteString(ttlvTag: number, value: Uint8Array | Secret): void {
    this.#bytes(head(ttlvTag, ItemType.ByteString), value instanceof Secret ? value.expose() : value);
  }

  /** Puts a Text String. Lone surrogates are refused. */
  text(ttlvTag: number, value: string): void {
    // Callers of plain JavaScript: without a length nothing would be counted, and so nothing wiped.
    if (typeof value !== 'string') throw outOfRange(ttlvTag, 'TextString');
    const view = this.#memory;
    const to = this.#at + 8;
    const length = value.length;
    if (length > this.#end - to) throw this.#full();
    this.#used = to + length;
    let written = 0;
    for (; written < length; written++) {
      const unit = value.charCodeAt(written);
      if (unit > 0x7f) break;
      view[to + written] = unit;
    }
    if (written < length) written += this.#nonAscii(ttlvTag, value.slice(written), to + written);
    this.#at = this.#checked(this.#core.ttlvFrame(this.#at, this.#end, head(ttlvTag, ItemType.TextString), written));
  }

  /** @internal Copies the message out. @throws {UsageError} ERR_TTLV_STATE unless exactly one item was written and closed */
  finish(): Uint8Array<ArrayBuffer> {
    const start = this.#start;
    if (this.#open !== 0) throw new UsageError('ERR_TTLV_STATE', 'a structure was left open');
    const view = this.#memory;
    const length = (view[start + 4]! << 24) | (view[start + 5]! << 16) | (view[start + 6]! << 8) | view[start + 7]!;
    if (this.#at !== start + 8 + ((length + 7) & ~7))
      throw new UsageError('ERR_TTLV_STATE', 'a message is exactly one item');
    return view.slice(start, this.#at);
  }

  /** @internal Wipes what was written and makes every later call fail. */
  wipe(): void {
    const end = Math.max(this.#at, this.#used);
    this.#core.wipe(this.#start, end - this.#start);
    this.#end = 0;
    this.#open = 0;
  }

  #put32(itemHead: number, value: number): void {
    this.#at = this.#checked(this.#core.ttlvPut32(this.#at, this.#end, itemHead, value));
  }

  #put64(itemHead: number, high: number, low: number): void {
    this.#at = this.#checked(this.#core.ttlvPut64(this.#at, this.#end, itemHead, high, low));
  }

  #bigint64(ttlvTag: number, type: number, value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw outOfRange(ttlvTag, '64-bit value');
    this.#put64(head(ttlvTag, type), Number(value >> 32n), Number(BigInt.asIntN(32, value)));
  }

  #bytes(itemHead: number, bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) throw outOfRange(itemHead >>> 8, 'bytes');
    const to = this.#at + 8;
    if (bytes.length > this.#end - to) throw this.#full();
    this.#used = to + bytes.length;
    this.#memory.set(bytes, to);
    this.#at = this.#checked(this.#core.ttlvFrame(this.#at, this.#end, itemHead, bytes.length));
  }

  #nonAscii(ttlvTag: number, rest: string, to: number): number {
    if (NOT_UNICODE.test(rest)) throw outOfRange(ttlvTag, 'TextString');
    encoder ??= new TextEncoder();
    const { read, written } = encoder.encodeInto(rest, this.#memory.subarray(to, Math.max(to, this.#end)));
    this.#used = to + written;
    if (read < rest.length) throw this.#full();
    return written;
  }

  #checked(status: number): number {
    if (status >= 0) return status;
    if (-status === STATUS.CAPACITY) throw this.#full();
    throw new UsageError('ERR_TTLV_STATE', 'close without open');
  }

  #full(): Error {
    if (this.#end === 0) return new UsageError('ERR_TTLV_STATE', 'this writer has ended with its writeTtlv call');
    const limit = this.#end - this.#start;
    return new LimitError('ERR_TTLV_SIZE', `TTLV message larger than ${limit} bytes`, {
      limit,
      actual: `over ${limit}`,
    });
  }
}

function head(ttlvTag: number, type: number): number {
  if (ttlvTag >>> 24 !== 0) throw new UsageError('ERR_TTLV_TAG', 'a tag has 3 bytes');
  return (ttlvTag << 8) | type;
}

function outOfRange(ttlvTag: number, what: string): UsageError {
  return new UsageError('ERR_TTLV_VALUE', `${formatTag(ttlvTag)}: not a value of ${what}`);
}
