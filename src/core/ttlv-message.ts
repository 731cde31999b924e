/**
 * `TtlvMessage`: reads a validated TTLV message (KMIP 1.4, section 9.1) in place, building only what is asked for.
 *
 * The validator has turned every length field into the way to the next sibling (`words to skip << 3 | bytes of padding`), so
 * an item is a position and its neighbour an addition away; nothing needs checking again but the type that the caller
 * expects. Positions are plain numbers (`TtlvItem`, the word index of the item's header) because an object per item costs
 * more than the whole validation.
 *
 * A message is a set of functions made once over its memory, not an object with fields: V8 then takes the views for
 * constants, and reading a Get response costs an eighth less.
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

/** Text up to this length is put together character by character: faster than a TextDecoder call. */
const SHORT_TEXT_BYTES = 12;
let decoder: TextDecoder | undefined;

/**
 * A validated message: reads items by their place. Every reader that is named after a type throws a FormatError
 * ERR_TTLV_TYPE when the item has another one.
 *
 * It holds secrets as long as it lives: `dispose()` wipes the copy of one made by `parseTtlv`; one lent by `readTtlv` is
 * wiped when that call ends. Afterwards reads throw a UsageError ERR_TTLV_DISPOSED; one that was kept all the same reads,
 * while a later `readTtlv` runs, the message lent then.
 */
export interface TtlvMessage extends Disposable {
  /** The message itself: its outermost item. */
  readonly root: TtlvItem;
  /** Finds the first child of `parent` that has this tag, whatever its type. A leaf has none. */
  find(parent: TtlvItem, ttlvTag: number): TtlvItem | undefined;
  /** Finds the first child that has this tag. @throws {FormatError} ERR_TTLV_MISSING, and ERR_TTLV_TYPE of a leaf */
  child(parent: TtlvItem, ttlvTag: number): TtlvItem;
  /** Lists the children of a structure; with `ttlvTag`, those that have this tag. A leaf has none. */
  children(parent: TtlvItem, ttlvTag?: number): TtlvItem[];
  /** The item's tag, 3 bytes. */
  tag(item: TtlvItem): number;
  /** The item's type. */
  type(item: TtlvItem): ItemType;
  /** The bytes of the item's value, without padding. */
  lengthBytes(item: TtlvItem): number;
  /** The item's offset in the message. */
  offset(item: TtlvItem): number;
  /** Reads an Integer. */
  integer(item: TtlvItem): number;
  /** Reads a Long Integer. */
  longInteger(item: TtlvItem): bigint;
  /** Reads a Big Integer as its bytes: two's complement, big-endian, a multiple of 8. A copy, the caller's to wipe. */
  bigInteger(item: TtlvItem): Uint8Array<ArrayBuffer>;
  /** Reads an Enumeration: 32 bits, unsigned. */
  enumeration(item: TtlvItem): number;
  /** Reads a Boolean. */
  boolean(item: TtlvItem): boolean;
  /** Reads a Text String. */
  text(item: TtlvItem): string;
  /** Reads a Byte String. A copy, the caller's to wipe. */
  byteString(item: TtlvItem): Uint8Array<ArrayBuffer>;
  /** Reads a Date-Time: seconds since 1970. `dateFromSeconds` makes a Date of it where one exists. */
  dateTime(item: TtlvItem): bigint;
  /** Reads an Interval: seconds. */
  interval(item: TtlvItem): number;
  /** Reads a Date-Time Extended: microseconds since 1970. */
  dateTimeExtended(item: TtlvItem): bigint;
  /** Names the structures around an item, outermost first, and the item itself last. */
  path(item: TtlvItem): string[];
  /** Makes the error for an item that is not what the protocol wants there. `code` is `ERR_…`. */
  fault(item: TtlvItem, code: string, message: string): FormatError;
  /** Wipes the message's copy and makes every later read throw. Safe to call twice. */
  dispose(): void;
}

/** A message with what its owner may do to it. Internal to the room. */
export interface OwnedMessage {
  readonly message: TtlvMessage;
  /** Makes it readable, or not; the memory is the owner's to fill and to wipe. */
  lend(tagName: TagName): void;
  end(): void;
}

/**
 * Makes a message over memory that holds, or will hold, a validated one from byte `start` on. The two views are of
 * the same memory. `wipe` is what `dispose()` does to it.
 */
export function messageOver(
  wordView: Int32Array,
  byteView: Uint8Array<ArrayBuffer>,
  start: number,
  wipe: () => void,
): OwnedMessage {
  const words = wordView; // as const: V8 folds those, not parameters
  const bytes = byteView;
  const root = (start >> 2) as TtlvItem;
  let live = false;
  let nameOf: TagName = String;

  function find(parent: TtlvItem, ttlvTag: number): TtlvItem | undefined {
    if (!live) throw ended();
    if (words[parent]! >>> 24 !== ItemType.Structure) return undefined;
    const want = swap(ttlvTag << 8);
    const end = parent + (words[parent + 1]! >> 3);
    let at = parent + 2;
    while (at < end) {
      if ((words[at]! & 0xffffff) === want) return at as TtlvItem;
      at += words[at + 1]! >> 3;
    }
    return undefined;
  }

  function child(parent: TtlvItem, ttlvTag: number): TtlvItem {
    // The loop of `find` once more: a call between them would cost more than the loop. What has ended is all zeros.
    // The bytes of a leaf are not items: taken for such, they could lead anywhere, or nowhere for ever.
    if (words[parent]! >>> 24 !== ItemType.Structure) throw wrongType(parent, 'Structure');
    const want = swap(ttlvTag << 8);
    const end = parent + (words[parent + 1]! >> 3);
    let at = parent + 2;
    while (at < end) {
      if ((words[at]! & 0xffffff) === want) return at as TtlvItem;
      at += words[at + 1]! >> 3;
    }
    throw missing(parent, ttlvTag);
  }

  function children(parent: TtlvItem, ttlvTag?: number): TtlvItem[] {
    const found: TtlvItem[] = [];
    if (type(parent) !== ItemType.Structure) return found;
    const want = ttlvTag === undefined ? undefined : swap(ttlvTag << 8);
    const end = parent + (words[parent + 1]! >> 3);
    for (let at = parent + 2; at < end; at += words[at + 1]! >> 3)
      if (want === undefined || (words[at]! & 0xffffff) === want) found.push(at as TtlvItem);
    return found;
  }

  function type(item: TtlvItem): ItemType {
    if (!live) throw ended();
    return (words[item]! >>> 24) as ItemType;
  }

  function tag(item: TtlvItem): number {
    if (!live) throw ended();
    return swap(words[item]!) >>> 8;
  }

  function lengthBytes(item: TtlvItem): number {
    return valueBytes(words[item + 1]!);
  }

  function offset(item: TtlvItem): number {
    return (item - root) << 2;
  }

  function integer(item: TtlvItem): number {
    if (words[item]! >>> 24 !== ItemType.Integer) throw wrongType(item, 'Integer');
    return swap(words[item + 2]!);
  }

  function enumeration(item: TtlvItem): number {
    if (words[item]! >>> 24 !== ItemType.Enumeration) throw wrongType(item, 'Enumeration');
    return swap(words[item + 2]!) >>> 0;
  }

  function interval(item: TtlvItem): number {
    if (words[item]! >>> 24 !== ItemType.Interval) throw wrongType(item, 'Interval');
    return swap(words[item + 2]!) >>> 0;
  }

  function boolean(item: TtlvItem): boolean {
    if (words[item]! >>> 24 !== ItemType.Boolean) throw wrongType(item, 'Boolean');
    return words[item + 3] !== 0;
  }

  function longInteger(item: TtlvItem): bigint {
    if (words[item]! >>> 24 !== ItemType.LongInteger) throw wrongType(item, 'LongInteger');
    return int64(words, item);
  }

  function dateTime(item: TtlvItem): bigint {
    if (words[item]! >>> 24 !== ItemType.DateTime) throw wrongType(item, 'DateTime');
    return int64(words, item);
  }

  function dateTimeExtended(item: TtlvItem): bigint {
    if (words[item]! >>> 24 !== ItemType.DateTimeExtended) throw wrongType(item, 'DateTimeExtended');
    return int64(words, item);
  }

  function bigInteger(item: TtlvItem): Uint8Array<ArrayBuffer> {
    if (words[item]! >>> 24 !== ItemType.BigInteger) throw wrongType(item, 'BigInteger');
    const at = (item << 2) + 8;
    return bytes.slice(at, at + valueBytes(words[item + 1]!));
  }

  function byteString(item: TtlvItem): Uint8Array<ArrayBuffer> {
    if (words[item]! >>> 24 !== ItemType.ByteString) throw wrongType(item, 'ByteString');
    const at = (item << 2) + 8;
    return bytes.slice(at, at + valueBytes(words[item + 1]!));
  }

  function text(item: TtlvItem): string {
    if (words[item]! >>> 24 !== ItemType.TextString) throw wrongType(item, 'TextString');
    const at = (item << 2) + 8;
    const end = at + valueBytes(words[item + 1]!);
    if (end - at > SHORT_TEXT_BYTES) return decodeText(bytes.subarray(at, end));
    let short = '';
    for (let i = at; i < end; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) return decodeText(bytes.subarray(at, end));
      short += String.fromCharCode(byte);
    }
    return short;
  }

  function path(item: TtlvItem): string[] {
    const names: string[] = [];
    for (let at: TtlvItem | undefined = root; at !== undefined; ) {
      names.push(nameOf(tag(at)));
      if (at === item) break;
      at = children(at).findLast((child) => child <= item);
    }
    return names;
  }

  function fault(item: TtlvItem, code: string, message: string): FormatError {
    const place = { offset: offset(item), path: path(item) };
    return new FormatError(code, `TTLV: ${message} in ${place.path.join('.')} at offset ${place.offset}`, place);
  }

  function missing(parent: TtlvItem, ttlvTag: number): FormatError {
    return fault(parent, 'ERR_TTLV_MISSING', `${nameOf(ttlvTag)} is missing`);
  }

  function wrongType(item: TtlvItem, wanted: keyof typeof ItemType): FormatError {
    return fault(item, 'ERR_TTLV_TYPE', `${typeName(type(item))} in place of ${wanted}`);
  }

  function dispose(): void {
    live = false;
    wipe();
  }

  const message: TtlvMessage = {
    root,
    find,
    child,
    children,
    tag,
    type,
    lengthBytes,
    offset,
    integer,
    longInteger,
    bigInteger,
    enumeration,
    boolean,
    text,
    byteString,
    dateTime,
    interval,
    dateTimeExtended,
    path,
    fault,
    dispose,
    [Symbol.dispose]: dispose,
  };
  return {
    message,
    lend(tagName: TagName): void {
      nameOf = tagName;
      live = true;
    },
    end(): void {
      live = false;
    },
  };
}

function ended(): UsageError {
  return new UsageError('ERR_TTLV_DISPOSED', 'this message was disposed of, or its readTtlv call has ended');
}

/** The bytes of a value, from the word that the validator left in place of the length. */
function valueBytes(skip: number): number {
  return (((skip >> 3) - 2) << 2) - (skip & 7);
}

function int64(words: Int32Array, item: TtlvItem): bigint {
  return (BigInt(swap(words[item + 2]!)) << 32n) | BigInt(swap(words[item + 3]!) >>> 0);
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
