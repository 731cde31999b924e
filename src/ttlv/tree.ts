/**
 * A message as a tree of plain objects: what the text, XML and JSON forms are made of and parsed to. A client that wants
 * a few fields reads them from the message instead (message.ts). Layer: ttlv.
 */
import {
  ItemType,
  type TtlvItem,
  type TtlvLimits,
  type TtlvMessage,
  type TtlvWriter,
  writeLargeTtlv,
} from '../core/index.ts';
import { UsageError } from '../errors.ts';
import { readTtlv } from './message.ts';

/** What every item has. */
export interface TtlvTagged {
  /** 24 bits: 0x42…… for the standard's own, 0x54…… for extensions. */
  readonly tag: number;
}

/** An item. Byte values are the holder's to wipe. */
export type TtlvNode = TtlvTagged &
  (
    | { readonly type: typeof ItemType.Structure; readonly value: readonly TtlvNode[] }
    | {
        readonly type: typeof ItemType.Integer | typeof ItemType.Enumeration | typeof ItemType.Interval;
        /** An Interval in seconds. */
        readonly value: number;
      }
    | {
        readonly type: typeof ItemType.LongInteger | typeof ItemType.DateTime | typeof ItemType.DateTimeExtended;
        /** Date-Time in seconds, Date-Time Extended in microseconds since 1970. */
        readonly value: bigint;
      }
    | { readonly type: typeof ItemType.Boolean; readonly value: boolean }
    | { readonly type: typeof ItemType.TextString; readonly value: string }
    | {
        readonly type: typeof ItemType.BigInteger | typeof ItemType.ByteString;
        /** A Big Integer is its bytes: two's complement, big-endian, a multiple of 8. */
        readonly value: Uint8Array<ArrayBuffer>;
      }
  );

/**
 * Validates a message and makes a tree of it. The byte values are copies; `wipeTree` wipes them.
 *
 * @throws as `validateTtlv`
 */
export function readTtlvTree(bytes: Uint8Array, options?: TtlvLimits): TtlvNode {
  return readTtlv(bytes, (message) => treeOf(message, message.root), options);
}

/** Makes a tree of an item of a message. No deeper than the limit with which the message was validated. */
export function treeOf(message: TtlvMessage, item: TtlvItem): TtlvNode {
  const tag = message.tag(item);
  const type = message.type(item);
  switch (type) {
    case ItemType.Structure:
      return { tag, type, value: message.children(item).map((child) => treeOf(message, child)) };
    case ItemType.Integer:
      return { tag, type, value: message.integer(item) };
    case ItemType.LongInteger:
      return { tag, type, value: message.longInteger(item) };
    case ItemType.BigInteger:
      return { tag, type, value: message.bigInteger(item) };
    case ItemType.Enumeration:
      return { tag, type, value: message.enumeration(item) };
    case ItemType.Boolean:
      return { tag, type, value: message.boolean(item) };
    case ItemType.TextString:
      return { tag, type, value: message.text(item) };
    case ItemType.ByteString:
      return { tag, type, value: message.byteString(item) };
    case ItemType.DateTime:
      return { tag, type, value: message.dateTime(item) };
    case ItemType.Interval:
      return { tag, type, value: message.interval(item) };
    case ItemType.DateTimeExtended:
      return { tag, type, value: message.dateTimeExtended(item) };
  }
}

/**
 * Encodes a tree. At most 8 MiB and 32 structures inside each other.
 *
 * @throws {UsageError} ERR_TTLV_VALUE, ERR_TTLV_TAG
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH
 * @example
 * encodeTtlv({ tag: Tag.BatchCount, type: ItemType.Integer, value: 1 });
 */
export function encodeTtlv(node: TtlvNode): Uint8Array<ArrayBuffer> {
  return writeLargeTtlv((writer) => writeTtlvNode(writer, node));
}

/** Zeroes every byte value of a tree. */
export function wipeTree(node: TtlvNode): void {
  if (node.type === ItemType.Structure) for (const child of node.value) wipeTree(child);
  else if (node.value instanceof Uint8Array) node.value.fill(0);
}

/** Puts a tree into a message that is being written. @throws as `encodeTtlv` */
export function writeTtlvNode(writer: TtlvWriter, node: TtlvNode): void {
  const { tag } = node;
  switch (node.type) {
    case ItemType.Structure:
      writer.open(tag);
      for (const child of node.value) writeTtlvNode(writer, child);
      writer.close();
      break;
    case ItemType.Integer:
      writer.integer(tag, node.value);
      break;
    case ItemType.LongInteger:
      writer.longInteger(tag, node.value);
      break;
    case ItemType.BigInteger:
      writer.bigInteger(tag, node.value);
      break;
    case ItemType.Enumeration:
      writer.enumeration(tag, node.value);
      break;
    case ItemType.Boolean:
      writer.boolean(tag, node.value);
      break;
    case ItemType.TextString:
      writer.text(tag, node.value);
      break;
    case ItemType.ByteString:
      writer.byteString(tag, node.value);
      break;
    case ItemType.DateTime:
      writer.dateTime(tag, node.value);
      break;
    case ItemType.Interval:
      writer.interval(tag, node.value);
      break;
    case ItemType.DateTimeExtended:
      writer.dateTimeExtended(tag, node.value);
      break;
    default:
      throw new UsageError('ERR_TTLV_VALUE', 'a node of no known item type');
  }
}
