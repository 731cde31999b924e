/**
 * `TtlvMessage`: reads a validated TTLV message (KMIP 1.4, section 9.1) in place, building only what is asked for.
 *
 * The validator has turned every length field into a native word, so an item is a position and the way to its next sibling
 * an addition; nothing needs checking again but the type that the caller expects. Positions are plain numbers (`TtlvItem`,
 * the word index of the item's header) because an object per item costs more than the whole validation.
 *
 * Knows types, not tags: names in errors come from the function given. Layer: core.
 */
import { FormatError, UsageError } from '../errors.ts';

/** Item types (KMIP 1.4, 9.1.1.2; `DateTimeExtended` is 2.0's). */
export const ItemType = {
  Structure: 0x01,
  Integer: 0x02,
  LongInteger: 0x03,
  BigInteger: 0x04,
  Enumeration: 0x05,
  Boolean: 0x06,
  TextString: 0x07,
  ByteString: 0x08,
  DateTime: 0x09,
  Interval: 0x0a,
  DateTimeExtended: 0x0b,
} as const;
/** The number of an item type. */
export type ItemType = (typeof ItemType)[keyof typeof ItemType];

declare const brand: unique symbol;
/** A place in one `TtlvMessage`. Means nothing in another. */
export type TtlvItem = number & { readonly [brand]: true };

/** Says what a tag is called in errors. */
export type TagName = (ttlvTag: number) => string;

const NO_WORDS = /* @__PURE__ */ new Int32Array();
const NO_BYTES: Uint8Array<ArrayBuffer> = /* @__PURE__ */ new Uint8Array();
/** Text up to this length is put together character by character: faster than a TextDecoder call. */
const SHORT_TEXT_BYTES = 12;
let decoder: TextDecoder | undefined;

/**
 * A validated message. It holds secrets as long as it lives: `dispose()` wipes its copy; one lent by `readTtlv` ends with
 * the call. Afterwards every read throws.
 */
export class TtlvMessage {
  /** The message itself: its outermost item. */
  readonly root: TtlvItem;
  #words: Int32Array;
  #bytes: Uint8Array<ArrayBuffer>;
  readonly #tagName: TagName;

  /** @internal `words` and `bytes` are views of the same memory; the message starts at byte `at`. */
  constructor(words: Int32Array, bytes: Uint8Array<ArrayBuffer>, at: number, tagName: TagName) {
    this.root = (at >> 2) as TtlvItem;
    this.#words = words;
    this.#bytes = bytes;
    this.#tagName = tagName;
  }

  /** Finds the first child of `parent` that has this tag, whatever its type. */
  find(parent: TtlvItem, ttlvTag: number): TtlvItem | undefined {
    const words = this.#words;
    const want = swap(ttlvTag << 8);
    let at = parent + 2;
    const end = at + (words[parent + 1]! >> 2);
    while (at < end) {
      if ((words[at]! & 0xffffff) === want) return at as TtlvItem;
      at += 2 + (((words[at + 1]! + 7) >> 3) << 1);
    }
    return undefined;
  }

  /** Finds the first child that has this tag. @throws {FormatError} ERR_TTLV_MISSING */
  child(parent: TtlvItem, ttlvTag: number): TtlvItem {
    return this.find(parent, ttlvTag) ?? this.#missing(parent, ttlvTag);
  }

  /** Lists the children of a structure; with `ttlvTag`, those that have this tag. A leaf has none. */
  children(parent: TtlvItem, ttlvTag?: number): TtlvItem[] {
    const words = this.#words;
    const found: TtlvItem[] = [];
    if (words[parent]! >>> 24 !== ItemType.Structure) return found;
    const want = ttlvTag === undefined ? undefined : swap(ttlvTag << 8);
    let at = parent + 2;
    const end = at + (words[parent + 1]! >> 2);
    while (at < end) {
      if (want === undefined || (words[at]! & 0xffffff) === want) found.push(at as TtlvItem);
      at += 2 + (((words[at + 1]! + 7) >> 3) << 1);
    }
    return found;
  }

  /** The item's tag, 3 bytes. */
  tag(item: TtlvItem): number {
    return swap(this.#head(item)) >>> 8;
  }

  /** The item's type. */
  type(item: TtlvItem): ItemType {
    return (this.#head(item) >>> 24) as ItemType;
  }

  /** The bytes of the item's value, without padding. */
  lengthBytes(item: TtlvItem): number {
    this.#head(item);
    return this.#words[item + 1]!;
  }

  /** The item's offset in the message. */
  offset(item: TtlvItem): number {
    return (item - this.root) << 2;
  }

  /** Reads an Integer. @throws {FormatError} ERR_TTLV_TYPE, as all readers do when the item has another type */
  integer(item: TtlvItem): number {
    if (this.#words[item]! >>> 24 !== ItemType.Integer) this.#wrongType(item, 'Integer');
    return swap(this.#words[item + 2]!);
  }

  /** Reads an Enumeration: 32 bits, unsigned. */
  enumeration(item: TtlvItem): number {
    if (this.#words[item]! >>> 24 !== ItemType.Enumeration) this.#wrongType(item, 'Enumeration');
    return swap(this.#words[item + 2]!) >>> 0;
  }

  /** Reads an Interval: seconds. */
  interval(item: TtlvItem): number {
    if (this.#words[item]! >>> 24 !== ItemType.Interval) this.#wrongType(item, 'Interval');
    return swap(this.#words[item + 2]!) >>> 0;
  }

  /** Reads a Boolean. */
  boolean(item: TtlvItem): boolean {
    if (this.#words[item]! >>> 24 !== ItemType.Boolean) this.#wrongType(item, 'Boolean');
    return this.#words[item + 3] !== 0;
  }

  /** Reads a Long Integer. */
  longInteger(item: TtlvItem): bigint {
    return this.#int64(item, ItemType.LongInteger, 'LongInteger');
  }

  /** Reads a Date-Time: seconds since 1970. `dateFromSeconds` makes a Date of it where one exists. */
  dateTime(item: TtlvItem): bigint {
    return this.#int64(item, ItemType.DateTime, 'DateTime');
  }

  /** Reads a Date-Time Extended: microseconds since 1970. */
  dateTimeExtended(item: TtlvItem): bigint {
    return this.#int64(item, ItemType.DateTimeExtended, 'DateTimeExtended');
  }

  /** Reads a Big Integer as its bytes: two's complement, big-endian, a multiple of 8. A copy, the caller's to wipe. */
  bigInteger(item: TtlvItem): Uint8Array<ArrayBuffer> {
    if (this.#words[item]! >>> 24 !== ItemType.BigInteger) this.#wrongType(item, 'BigInteger');
    return this.#value(item);
  }

  /** Reads a Byte String. A copy, the caller's to wipe. */
  byteString(item: TtlvItem): Uint8Array<ArrayBuffer> {
    if (this.#words[item]! >>> 24 !== ItemType.ByteString) this.#wrongType(item, 'ByteString');
    return this.#value(item);
  }

  /** Reads a Text String. */
  text(item: TtlvItem): string {
    if (this.#words[item]! >>> 24 !== ItemType.TextString) this.#wrongType(item, 'TextString');
    const bytes = this.#bytes;
    const at = (item << 2) + 8;
    const end = at + this.#words[item + 1]!;
    let text = '';
    if (end - at > SHORT_TEXT_BYTES) return decodeText(bytes.subarray(at, end));
    for (let i = at; i < end; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) return decodeText(bytes.subarray(at, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Names the structures around an item, outermost first, and the item itself last. */
  path(item: TtlvItem): string[] {
    const names: string[] = [];
    for (let at: TtlvItem | undefined = this.root; at !== undefined; ) {
      names.push(this.#tagName(this.tag(at)));
      if (at === item) break;
      at = this.children(at).findLast((child) => child <= item);
    }
    return names;
  }

  /** Makes the error for an item that is not what the protocol wants there. `code` is `ERR_…`. */
  fault(item: TtlvItem, code: string, message: string): FormatError {
    const path = this.path(item);
    const offset = this.offset(item);
    return new FormatError(code, `TTLV: ${message} in ${path.join('.')} at offset ${offset}`, { offset, path });
  }

  /** Wipes the message's copy and makes every later read throw. Safe to call twice. */
  dispose(): void {
    this.#bytes.fill(0);
    this.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Makes every later read throw; the memory is its owner's to wipe. */
  release(): void {
    this.#words = NO_WORDS;
    this.#bytes = NO_BYTES;
  }

  #value(item: TtlvItem): Uint8Array<ArrayBuffer> {
    const at = (item << 2) + 8;
    return this.#bytes.slice(at, at + this.#words[item + 1]!);
  }

  #int64(item: TtlvItem, type: ItemType, name: keyof typeof ItemType): bigint {
    if (this.#words[item]! >>> 24 !== type) this.#wrongType(item, name);
    const high = swap(this.#words[item + 2]!);
    const low = swap(this.#words[item + 3]!) >>> 0;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  #head(item: TtlvItem): number {
    return this.#words[item] ?? this.#gone();
  }

  #gone(): never {
    throw new UsageError('ERR_TTLV_DISPOSED', 'this message was disposed of, or its readTtlv call has ended');
  }

  #missing(parent: TtlvItem, ttlvTag: number): never {
    this.#head(parent);
    throw this.fault(parent, 'ERR_TTLV_MISSING', `${this.#tagName(ttlvTag)} is missing`);
  }

  #wrongType(item: TtlvItem, wanted: keyof typeof ItemType): never {
    throw this.fault(item, 'ERR_TTLV_TYPE', `${typeName(this.type(item))} in place of ${wanted}`);
  }
}

/** The name of an item type, or its number in hex. */
export function typeName(type: number): string {
  for (const [name, value] of Object.entries(ItemType)) if (value === type) return name;
  return `0x${type.toString(16).padStart(2, '0')}`;
}

/** A big-endian word as a little-endian one, and back. */
function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function decodeText(bytes: Uint8Array): string {
  decoder ??= new TextDecoder('utf-8', { ignoreBOM: true }); // a leading U+FEFF is part of the text
  return decoder.decode(bytes);
}
