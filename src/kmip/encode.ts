/**
 * Writing structures by their tables, from plain objects. Strict: every field is one that the message's version has, has the type
 * that the tables say, and what must be there is there. So nothing of a later version reaches an older peer, be it a field, the
 * value of an enumeration, a bit of a mask, or an attribute. Layer: kmip.
 */
import { UsageError } from '../errors.ts';
import { ItemType, Tag, type TtlvNode, type TtlvWriter, tagName, writeTtlvNode } from '../ttlv/index.ts';
import type { RawValue } from './attribute.ts';
import type { KmipVersion, Rows } from './base.ts';
import type { Fields } from './decode.ts';
import { ATTRIBUTES } from './generated/attributes.ts';
import { CREDENTIAL_VALUES, KEY_MATERIALS, STRUCTURES } from './generated/structures.ts';
import {
  attributeField,
  type Field,
  isIn,
  Kind,
  payloadRows,
  rowsBy,
  type Shape,
  shapeOf,
  structure,
  tagSince,
} from './shape.ts';

const NO_FIELDS: readonly Field[] = [];

/** Writes the structures of one message. */
export class Encoder {
  readonly #w: TtlvWriter;
  readonly #version: KmipVersion;
  readonly #side: 'request' | 'response';
  /** Where in the message the writer is, for errors. */
  readonly #path: string[] = [];
  /** The Key Format Type of the Key Block that is being written. */
  #keyFormat: unknown;

  constructor(writer: TtlvWriter, version: KmipVersion, side: 'request' | 'response') {
    this.#w = writer;
    this.#version = version;
    this.#side = side;
  }

  /** Writes a structure of the tables under a tag. `place` is what errors call it. */
  structure(ttlvTag: number, name: string, value: object, place: string): void {
    this.#path.push(place);
    if (name === 'KeyBlock') this.#keyFormat = (value as Fields).keyFormatType;
    this.#fields(ttlvTag, structure(name, this.#version), value as Fields);
    this.#path.pop();
  }

  /** Writes a Key Value on its own. */
  keyValue(value: object, format: unknown): void {
    this.#keyFormat = format;
    this.structure(Tag.KeyValue, 'KeyValue', value, 'keyValue');
  }

  #rows(ttlvTag: number, rows: Rows | undefined, value: Fields): void {
    if (rows !== undefined && !isIn(this.#version, rows[0]![0])) throw this.#tooNew(rows[0]![0]);
    this.#fields(ttlvTag, rows === undefined ? undefined : shapeOf(rows, this.#version), value);
  }

  /** Writes a structure; without a shape only what is `unknown` in it. */
  #fields(ttlvTag: number, shape: Shape | undefined, value: Fields): void {
    if (typeof value !== 'object' || value === null) throw this.#notA('a structure');
    this.#w.open(ttlvTag);
    let written = 0;
    let objects = 0;
    for (const field of shape?.fields ?? NO_FIELDS) {
      const one = value[field.property];
      if (one === undefined) {
        if (field.least > 0) throw this.#lacking(shape, value, field.name);
        continue;
      }
      if (field.choice && ++objects > 1) throw this.#fault('ERR_KMIP_VALUE', 'more than one object');
      written++;
      this.#path.push(field.property);
      if (field.many) this.#list(one, field, value);
      else this.#value(one, field, value);
      this.#path.pop();
    }
    if (shape?.choice === 'required' && objects === 0) throw this.#lacking(shape, value, 'an object');
    if (value.unknown !== undefined) for (const node of value.unknown as readonly TtlvNode[]) this.#node(node);
    this.#w.close();
    let given = 0;
    for (const property in value) if (property !== 'unknown' && value[property] !== undefined) given++;
    if (given !== written) this.#assertFields(shape, value);
  }

  /** Throws for the first field that the shape does not have. */
  #assertFields(shape: Shape | undefined, value: Fields): void {
    for (const property of Object.keys(value)) {
      if (property === 'unknown' || value[property] === undefined || shape?.byProperty.has(property)) continue;
      throw this.#at(property, () => this.#noField(shape?.later.get(property)));
    }
  }

  /** What is wrong with a structure that lacks a field: perhaps that it has one in its place which does not belong there. */
  #lacking(shape: Shape | undefined, value: Fields, name: string): UsageError {
    this.#assertFields(shape, value);
    return this.#missing(name);
  }

  #list(values: unknown, field: Field, parent: Fields): void {
    if (!Array.isArray(values)) throw this.#notA('a list');
    if (values.length < field.least) throw this.#missing(field.name);
    if (values.length > field.most)
      throw this.#fault('ERR_KMIP_VERSION', `KMIP ${this.#version} has only one ${field.name} here`);
    for (let i = 0; i < values.length; i++) {
      this.#path.push(String(i));
      this.#value(values[i], field, parent);
      this.#path.pop();
    }
  }

  #value(value: unknown, field: Field, parent: Fields): void {
    const w = this.#w;
    const { ttlvTag } = field;
    switch (field.kind) {
      case Kind.Structure:
        if (field.name === 'KeyBlock') this.#keyFormat = (value as Fields | null)?.keyFormatType;
        this.#rows(ttlvTag, field.rows, value as Fields);
        break;
      case Kind.Enumeration:
        w.enumeration(ttlvTag, this.#enumeration(value, field));
        break;
      case Kind.TextString:
        if (typeof value !== 'string') throw this.#notA('text');
        if (field.name === 'AttributeName') this.#attributeName(value);
        w.text(ttlvTag, value);
        break;
      case Kind.ByteString:
        if (!(value instanceof Uint8Array)) throw this.#notA('bytes');
        w.byteString(ttlvTag, value);
        break;
      case Kind.BigInteger:
        if (!(value instanceof Uint8Array) || value.length === 0 || value.length % 8 !== 0)
          throw this.#notA('bytes, a multiple of 8');
        w.bigInteger(ttlvTag, value);
        break;
      case Kind.Integer:
        w.integer(ttlvTag, this.#integer(value, field));
        break;
      case Kind.Interval:
        if (typeof value !== 'number' || value >>> 0 !== value) throw this.#notA('a number of seconds');
        w.interval(ttlvTag, value);
        break;
      case Kind.LongInteger:
        w.longInteger(ttlvTag, this.#int64(value));
        break;
      case Kind.DateTime:
        w.dateTime(ttlvTag, this.#int64(value));
        break;
      case Kind.Boolean:
        if (typeof value !== 'boolean') throw this.#notA('true or false');
        w.boolean(ttlvTag, value);
        break;
      case Kind.Version:
        this.#protocolVersion(value);
        break;
      default:
        this.#told(value, field, parent);
    }
  }

  /** Fields whose type is told by another. */
  #told(value: unknown, field: Field, parent: Fields): void {
    const { ttlvTag, kind } = field;
    if (kind === Kind.AttributeValue) this.#attributeValue(value, parent);
    else if (kind === Kind.KeyValue || (kind === Kind.KeyMaterial && value instanceof Uint8Array)) {
      if (value instanceof Uint8Array) this.#w.byteString(ttlvTag, value);
      else this.#rows(ttlvTag, STRUCTURES.KeyValue, value as Fields);
    } else if (kind === Kind.KeyMaterial)
      this.#rows(ttlvTag, rowsBy(KEY_MATERIALS, Tag.KeyFormatType, this.#keyFormat), value as Fields);
    else if (kind === Kind.CredentialValue)
      this.#rows(ttlvTag, rowsBy(CREDENTIAL_VALUES, Tag.CredentialType, parent.credentialType), value as Fields);
    else this.#rows(ttlvTag, payloadRows(parent.operation, this.#side), value as Fields);
  }

  #attributeValue(value: unknown, parent: Fields): void {
    const label = String(parent.attributeName);
    const field = attributeField(label, this.#version);
    if (field !== undefined) this.#value(value, field, parent);
    else if (typeof value !== 'object' || value === null || !('type' in value))
      throw this.#notA('{ type, value }, which the value of a custom attribute is');
    else this.#node({ tag: Tag.AttributeValue, ...(value as RawValue) } as TtlvNode);
  }

  #attributeName(label: string): void {
    if (!Object.hasOwn(ATTRIBUTES, label)) return;
    const { since } = ATTRIBUTES[label as keyof typeof ATTRIBUTES];
    if (!isIn(this.#version, since)) throw this.#tooNew(since);
  }

  #enumeration(value: unknown, field: Field): number {
    const { names } = field;
    const number =
      typeof value === 'string' && names !== undefined && Object.hasOwn(names.numbers, value)
        ? names.numbers[value]
        : value;
    if (typeof number !== 'number' || number >>> 0 !== number) throw this.#notA(`a value of ${field.name}`);
    const since = names?.newer.get(number);
    if (since !== undefined && !this.#isEchoedOperation(field)) throw this.#tooNew(since);
    return number;
  }

  /** A response's item repeats the operation that was asked for, one that the version does not have as well. */
  #isEchoedOperation(field: Field): boolean {
    return this.#side === 'response' && field.name === 'Operation' && this.#path.length === 2;
  }

  #integer(value: unknown, field: Field): number {
    if (typeof value !== 'number' || (value | 0) !== value) throw this.#notA('a 32-bit integer');
    if (field.names !== undefined)
      for (const [bit, since] of field.names.newer) if ((value & bit) !== 0) throw this.#tooNew(since);
    return value;
  }

  #int64(value: unknown): bigint {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw this.#notA('a 64-bit bigint');
    return value;
  }

  #protocolVersion(value: unknown): void {
    const [, major, minor] = /^(\d{1,9})\.(\d{1,9})$/.exec(String(value)) ?? [];
    if (major === undefined) throw this.#notA('a protocol version');
    this.#w.open(Tag.ProtocolVersion);
    this.#w.integer(Tag.ProtocolVersionMajor, Number(major));
    this.#w.integer(Tag.ProtocolVersionMinor, Number(minor));
    this.#w.close();
  }

  /** Writes what was kept as it came, unless the version does not have it. */
  #node(node: TtlvNode): void {
    this.#assertNode(node);
    writeTtlvNode(this.#w, node);
  }

  #assertNode(node: TtlvNode): void {
    const since = tagSince(tagName(node.tag));
    if (since !== undefined && !isIn(this.#version, since))
      throw this.#at(tagName(node.tag), () => this.#tooNew(since));
    if (node.type === ItemType.Structure) for (const child of node.value) this.#assertNode(child);
  }

  #noField(since: string | undefined): UsageError {
    if (since !== undefined) return this.#tooNew(since);
    return this.#fault('ERR_KMIP_FIELD', `no field of KMIP ${this.#version} here`);
  }

  #missing(name: string): UsageError {
    return this.#fault('ERR_KMIP_MISSING', `${name} is missing`);
  }

  #notA(what: string): UsageError {
    return this.#fault('ERR_KMIP_VALUE', `not ${what}`);
  }

  #tooNew(since: string): UsageError {
    return this.#fault('ERR_KMIP_VERSION', `came with KMIP ${since}; this message is ${this.#version}`);
  }

  #at(place: string, fault: () => UsageError): UsageError {
    this.#path.push(place);
    const error = fault();
    this.#path.pop();
    return error;
  }

  #fault(code: string, message: string): UsageError {
    return new UsageError(code, `${this.#path.join('.')}: ${message}`);
  }
}
