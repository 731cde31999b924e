/**
 * Reading structures by their tables, from the cursor into plain objects. Lenient in what peers are known to get wrong: fields
 * that the version does not have are kept as they came, in any order, and a number may be of another numeric item type than the
 * tables say (a Lease Time as Integer, an Enumeration as Integer). What cannot be understood, is missing, or is there twice is an
 * error with offset and tag path. Layer: kmip.
 */
import type { FormatError } from '../errors.ts';
import { enumerationName, ItemType, Tag, type TtlvItem, type TtlvMessage, treeOf } from '../ttlv/index.ts';
import type { RawValue } from './attribute.ts';
import type { KmipVersion, Rows } from './base.ts';
import { CREDENTIAL_VALUES, KEY_MATERIALS } from './generated/structures.ts';
import { attributeField, type Field, Kind, payloadRows, rowsBy, type Shape, shapeOf, structure } from './shape.ts';
import { wipeMessage } from './wipe.ts';

/** A structure as it is read: its fields by name, `unknown` last. */
export type Fields = Record<string, unknown>;

/** What decoding is given beside the bytes. */
export interface Reading {
  readonly version: KmipVersion;
  /** Refuse fields that the version does not have, as a server must of a client that speaks its version. */
  readonly strict: boolean;
  readonly side: 'request' | 'response';
}

/** A structure whose contents the specification leaves open. */
const OPEN: Shape = {
  fields: [],
  byTag: /* @__PURE__ */ new Map(),
  byProperty: /* @__PURE__ */ new Map(),
  choice: 'none',
  later: /* @__PURE__ */ new Map(),
};

/** Reads the structures of one message. */
export class Decoder {
  readonly #m: TtlvMessage;
  readonly #reading: Reading;
  /** Byte strings and trees that were copied out: wiped when the message turns out to be bad. */
  readonly #copies: unknown[] = [];
  /** The Key Format Type of the Key Block that is being read. */
  #keyFormat: string | number | undefined;

  constructor(message: TtlvMessage, reading: Reading) {
    this.#m = message;
    this.#reading = reading;
  }

  /** Reads a structure of the tables. */
  structure(item: TtlvItem, name: string): Fields {
    return this.#fields(item, structure(name, this.#reading.version), false);
  }

  /** Reads a Key Value, whose material has the form that the Key Format Type tells. */
  keyValue(item: TtlvItem, format: string | number | undefined): Fields {
    this.#keyFormat = format;
    return this.structure(item, 'KeyValue');
  }

  /** Reads of a Batch Item that is faulty what its answer needs. */
  named(item: TtlvItem): Fields {
    const m = this.#m;
    const operation = m.find(item, Tag.Operation);
    const id = m.find(item, Tag.UniqueBatchItemID);
    const out: Fields = {};
    if (operation !== undefined && m.type(operation) === ItemType.Enumeration) {
      const number = m.enumeration(operation);
      out.operation = enumerationName(Tag.Operation, number) ?? number;
    }
    if (id !== undefined && m.type(id) === ItemType.ByteString) out.uniqueBatchItemID = m.byteString(id);
    return out;
  }

  /** Reads a Batch Item of another major version: what is not in its payload is the same in all, and its payload stays as it came. */
  foreignItem(item: TtlvItem): Fields {
    const { side, version } = this.#reading;
    const shape = structure(side === 'request' ? 'RequestBatchItem' : 'ResponseBatchItem', version);
    const out: Fields = {};
    const unknown: unknown[] = [];
    for (const child of this.#m.children(item)) {
      const field = shape.byTag.get(this.#m.tag(child));
      if (field === undefined || field.property in out || field.kind === Kind.Structure) unknown.push(this.raw(child));
      else if (field.kind === Kind.Payload) out[field.property] = this.#fields(child, OPEN, true);
      else out[field.property] = this.#value(child, field, item);
    }
    if (unknown.length > 0) out.unknown = unknown;
    return out;
  }

  /** Wipes what has been read so far. */
  wipe(): void {
    for (const copy of this.#copies) wipeMessage(copy);
    this.#copies.length = 0;
  }

  /** Keeps an item as it came. */
  raw(item: TtlvItem): ReturnType<typeof treeOf> {
    const node = treeOf(this.#m, item);
    this.#copies.push(node);
    return node;
  }

  #rows(item: TtlvItem, rows: Rows | undefined): Fields {
    if (rows === undefined) return this.#fields(item, OPEN, true);
    return this.#fields(item, shapeOf(rows, this.#reading.version), false);
  }

  #fields(item: TtlvItem, shape: Shape, open: boolean): Fields {
    const m = this.#m;
    if (m.type(item) !== ItemType.Structure) throw this.#wrongType(item, 'a Structure');
    const out: Fields = {};
    let unknown: unknown[] | undefined;
    let objects = 0;
    for (const child of m.children(item)) {
      const field = shape.byTag.get(m.tag(child));
      if (field === undefined) {
        if (this.#reading.strict && !open)
          throw m.fault(child, 'ERR_KMIP_FIELD', `no field of KMIP ${this.#reading.version} here`);
        unknown ??= [];
        unknown.push(this.raw(child));
        continue;
      }
      const { property } = field;
      if (field.many) {
        const list = out[property] as unknown[] | undefined;
        if (list === undefined) out[property] = [this.#value(child, field, item)];
        else if (list.length < field.most) list.push(this.#value(child, field, item));
        else throw m.fault(child, 'ERR_KMIP_DUPLICATE', `a second ${field.name}`);
      } else if (property in out) {
        throw m.fault(child, 'ERR_KMIP_DUPLICATE', `a second ${field.name}`);
      } else {
        if (field.choice && ++objects > 1) throw m.fault(child, 'ERR_KMIP_DUPLICATE', 'a second object');
        out[property] = this.#value(child, field, item);
      }
    }
    for (const field of shape.fields)
      if (field.least > 0 && !(field.property in out))
        throw m.fault(item, 'ERR_KMIP_MISSING', `${field.name} is missing`);
    if (shape.choice === 'required' && objects === 0) throw m.fault(item, 'ERR_KMIP_MISSING', 'the object is missing');
    if (unknown !== undefined) out.unknown = unknown;
    return out;
  }

  /** Reads the value of a field. `parent` is the structure in which it stands: some types are told by a sibling. */
  #value(item: TtlvItem, field: Field, parent: TtlvItem): unknown {
    const m = this.#m;
    switch (field.kind) {
      case Kind.Structure:
        return this.#rows(item, field.rows);
      case Kind.TextString:
        if (m.type(item) !== ItemType.TextString) throw this.#wrongType(item, 'a Text String');
        return m.text(item);
      case Kind.ByteString:
        if (m.type(item) !== ItemType.ByteString) throw this.#wrongType(item, 'a Byte String');
        return this.#copied(m.byteString(item));
      case Kind.BigInteger:
        if (m.type(item) !== ItemType.BigInteger) throw this.#wrongType(item, 'a Big Integer');
        return this.#copied(m.bigInteger(item));
      case Kind.Boolean:
        if (m.type(item) !== ItemType.Boolean) throw this.#wrongType(item, 'a Boolean');
        return m.boolean(item);
      case Kind.Version:
        return readVersion(m, item);
      case Kind.AttributeValue:
        return this.#attributeValue(item, parent);
      case Kind.KeyValue:
        return this.#keyValue(item, parent);
      case Kind.KeyMaterial:
        return this.#keyMaterial(item);
      case Kind.CredentialValue:
        return this.#rows(
          item,
          rowsBy(CREDENTIAL_VALUES, Tag.CredentialType, this.#teller(parent, Tag.CredentialType)),
        );
      case Kind.Payload:
        return this.#rows(item, payloadRows(this.#teller(parent, Tag.Operation), this.#reading.side));
      default:
        return this.#number(item, field);
    }
  }

  /** A number, whatever numeric type it came with, as the type that the tables say. */
  #number(item: TtlvItem, field: Field): unknown {
    const value = numberIn(this.#m, item);
    if (value === undefined) throw this.#wrongType(item, 'a number');
    switch (field.kind) {
      case Kind.LongInteger:
      case Kind.DateTime:
        return BigInt(value);
      case Kind.Integer: {
        const small = Number(value);
        // A mask that came as an Enumeration is unsigned.
        if ((small | 0) === small || small >>> 0 === small) return small | 0;
        break;
      }
      case Kind.Enumeration: {
        const small = Number(value);
        if (small >>> 0 === small) return field.names?.names.get(small) ?? small;
        break;
      }
      case Kind.Interval: {
        const small = Number(value);
        if (small >>> 0 === small) return small;
        break;
      }
    }
    throw this.#m.fault(item, 'ERR_KMIP_VALUE', `${field.name} out of range`);
  }

  #attributeValue(item: TtlvItem, parent: TtlvItem): unknown {
    const m = this.#m;
    const name = m.find(parent, Tag.AttributeName);
    const label = name !== undefined && m.type(name) === ItemType.TextString ? m.text(name) : '';
    const field = attributeField(label, this.#reading.version);
    if (field !== undefined) return this.#value(item, field, parent);
    const { type, value } = this.raw(item);
    return { type, value } as RawValue;
  }

  #keyValue(item: TtlvItem, block: TtlvItem): unknown {
    if (this.#m.type(item) === ItemType.ByteString) return this.#copied(this.#m.byteString(item));
    return this.keyValue(item, this.#teller(block, Tag.KeyFormatType));
  }

  #keyMaterial(item: TtlvItem): unknown {
    if (this.#m.type(item) === ItemType.ByteString) return this.#copied(this.#m.byteString(item));
    return this.#rows(item, rowsBy(KEY_MATERIALS, Tag.KeyFormatType, this.#keyFormat));
  }

  /** The value of the enumeration that tells the kind of the item beside it. */
  #teller(parent: TtlvItem, ttlvTag: number): number | undefined {
    const item = this.#m.find(parent, ttlvTag);
    const value = item === undefined ? undefined : numberIn(this.#m, item);
    return value === undefined ? undefined : Number(value);
  }

  #copied(bytes: Uint8Array): Uint8Array {
    this.#copies.push(bytes);
    return bytes;
  }

  #wrongType(item: TtlvItem, wanted: string): FormatError {
    return this.#m.fault(item, 'ERR_KMIP_TYPE', `not ${wanted}`);
  }
}

/** Reads a Protocol Version as `major.minor`. */
export function readVersion(m: TtlvMessage, item: TtlvItem): string {
  const major = m.integer(m.child(item, Tag.ProtocolVersionMajor));
  const minor = m.integer(m.child(item, Tag.ProtocolVersionMinor));
  if (major < 0 || minor < 0) throw m.fault(item, 'ERR_KMIP_VALUE', 'no protocol version');
  return `${major}.${minor}`;
}

function numberIn(m: TtlvMessage, item: TtlvItem): number | bigint | undefined {
  switch (m.type(item)) {
    case ItemType.Integer:
      return m.integer(item);
    case ItemType.Enumeration:
      return m.enumeration(item);
    case ItemType.Interval:
      return m.interval(item);
    case ItemType.LongInteger:
      return m.longInteger(item);
    case ItemType.DateTime:
      return m.dateTime(item);
    default:
      return undefined;
  }
}
