/**
 * The rows of the generated tables, made ready for the codec: which fields a structure has in a version, how each is read and
 * written. Made on first use and kept. Layer: kmip.
 *
 * A row is the fields of a structure in wire order: the name of a tag and `?` for none or one, `*` for any number, `+` for at
 * least one, `=` for a list of exactly one, nothing for exactly one. `Object` stands for one of the managed objects.
 */
import { ENUMERATIONS, enumerationName, MASKS, TAG_TYPES, TAGS_SINCE, Tag, VALUES_SINCE } from '../ttlv/index.ts';
import type { KmipVersion, Rows } from './base.ts';
import { fieldName } from './field-name.ts';
import { ATTRIBUTES } from './generated/attributes.ts';
import { OPERATIONS } from './generated/operations.ts';
import { OBJECTS, STRUCTURE_OF, STRUCTURES } from './generated/structures.ts';

/** How a field is read and written: as an item type, or in a way of its own. */
export const Kind = {
  // The numbers of the item types.
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
  /** Protocol Version, `'1.4'`. */
  Version: 0x101,
  /** By the Attribute Name before it. */
  AttributeValue: 0x102,
  /** Key Value: a structure, or bytes when the key is wrapped. */
  KeyValue: 0x103,
  /** By the Key Format Type of the Key Block around it. */
  KeyMaterial: 0x104,
  /** By the Credential Type before it. */
  CredentialValue: 0x105,
  /** By the Operation before it. */
  Payload: 0x106,
} as const;
/** A number of `Kind`. */
export type Kind = (typeof Kind)[keyof typeof Kind];

/** The values of an enumeration, or the bits of a mask, in one version. */
export interface Names {
  readonly numbers: Readonly<Record<string, number>>;
  readonly names: ReadonlyMap<number, string>;
  /** Those that only a later version has, with that version. */
  readonly newer: ReadonlyMap<number, string>;
}

/** A field of a structure. */
export interface Field {
  /** Its tag's name. */
  readonly name: string;
  /** What it is called in the object. */
  readonly property: string;
  readonly ttlvTag: number;
  readonly kind: Kind;
  /** An array in the object. */
  readonly many: boolean;
  readonly least: 0 | 1;
  readonly most: number;
  /** The rows of a structure; none where the specification leaves its contents open. */
  readonly rows: Rows | undefined;
  readonly names: Names | undefined;
  /** One of those among which the structure chooses. */
  readonly choice: boolean;
}

/** A structure in one version. */
export interface Shape {
  readonly fields: readonly Field[];
  readonly byTag: ReadonlyMap<number, Field>;
  readonly byProperty: ReadonlyMap<string, Field>;
  readonly choice: 'none' | 'optional' | 'required';
  /** Fields that only a later version has, with that version. */
  readonly later: ReadonlyMap<string, string>;
}

const shapes = /* @__PURE__ */ new WeakMap<Rows, Map<KmipVersion, Shape>>();
const attributeFields = /* @__PURE__ */ new Map<string, Field>();
const namesOf = /* @__PURE__ */ new Map<string, Names>();

/** The structure that the rows describe, in a version. What came later than that version is not in it. */
export function shapeOf(rows: Rows, version: KmipVersion): Shape {
  let byVersion = shapes.get(rows);
  if (byVersion === undefined) {
    byVersion = new Map();
    shapes.set(rows, byVersion);
  }
  let shape = byVersion.get(version);
  if (shape === undefined) {
    shape = makeShape(rows, version);
    byVersion.set(version, shape);
  }
  return shape;
}

/** The structure of a name in the tables. */
export function structure(name: string, version: KmipVersion): Shape {
  return shapeOf(STRUCTURES[name]!, version);
}

/** How the value of an attribute is read and written; undefined for custom ones and those that the tables do not list. */
export function attributeField(label: string, version: KmipVersion): Field | undefined {
  if (!Object.hasOwn(ATTRIBUTES, label)) return undefined;
  const key = `${version} ${label}`;
  let field = attributeFields.get(key);
  if (field === undefined) {
    const { field: name } = ATTRIBUTES[label as keyof typeof ATTRIBUTES];
    field = { ...makeField(name, '', version, false), name: 'AttributeValue', ttlvTag: Tag.AttributeValue };
    attributeFields.set(key, field);
  }
  return field;
}

/** The rows of a structure whose kind an enumeration tells, by the name or the number of its value. */
export function rowsBy(tables: Readonly<Record<string, string>>, ttlvTag: number, value: unknown): Rows | undefined {
  const name = typeof value === 'number' ? enumerationName(ttlvTag, value) : value;
  return typeof name === 'string' && Object.hasOwn(tables, name) ? STRUCTURES[tables[name]!] : undefined;
}

/** The rows of an operation's payload; undefined for operations that are not known. */
export function payloadRows(operation: unknown, side: 'request' | 'response'): Rows | undefined {
  const name = typeof operation === 'number' ? enumerationName(Tag.Operation, operation) : operation;
  return typeof name === 'string' && Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name as 'Get'][side] : undefined;
}

let tagVersions: Map<string, string> | undefined;

/** The version that brought a tag; undefined for those of 1.0 and those that the registry does not know. */
export function tagSince(name: string): string | undefined {
  tagVersions ??= new Map(
    Object.entries(TAGS_SINCE).flatMap(([version, names]) => names.map((one) => [one, version] as const)),
  );
  return tagVersions.get(name);
}

/** Says whether what came with `since` is in `version`. Versions have one digit on each side. */
export function isIn(version: string, since: string): boolean {
  return since <= version;
}

function makeShape(rows: Rows, version: KmipVersion): Shape {
  // An operation newer than the message is read by its first row: its receiver refuses it by name, not for its fields.
  const [, row] = rows.findLast(([since]) => isIn(version, since)) ?? rows[0]!;
  const fields: Field[] = [];
  let choice: Shape['choice'] = 'none';
  for (const [name, mark] of fieldsOf(row)) {
    if (name !== 'Object') fields.push(makeField(name, mark, version, false));
    else {
      choice = mark === '?' ? 'optional' : 'required';
      for (const [object, since] of OBJECTS)
        if (isIn(version, since)) fields.push(makeField(object, '?', version, true));
    }
  }
  return {
    fields,
    byTag: new Map(fields.map((field) => [field.ttlvTag, field])),
    byProperty: new Map(fields.map((field) => [field.property, field])),
    choice,
    later: laterFields(rows, version),
  };
}

/** The fields of a row: the name of each and its mark. */
function fieldsOf(row: string): (readonly [name: string, mark: string])[] {
  if (row === '') return [];
  return row.split(' ').map((text) => {
    const mark = /[?*+=]$/.exec(text)?.[0] ?? '';
    return [mark === '' ? text : text.slice(0, -1), mark] as const;
  });
}

function laterFields(rows: Rows, version: KmipVersion): Map<string, string> {
  const later = new Map<string, string>();
  for (const [since, row] of rows)
    if (!isIn(version, since))
      for (const [name] of fieldsOf(row)) if (!later.has(fieldName(name))) later.set(fieldName(name), since);
  for (const [name, since] of OBJECTS) if (!isIn(version, since)) later.set(fieldName(name), since);
  return later;
}

function makeField(name: string, mark: string, version: KmipVersion, choice: boolean): Field {
  const many = mark === '*' || mark === '+' || mark === '=';
  return {
    name,
    property: fieldName(name),
    ttlvTag: Tag[name as keyof typeof Tag],
    kind: KINDS[name] ?? (TAG_TYPES[name]![0] as Kind),
    many,
    least: mark === '?' || mark === '*' ? 0 : 1,
    most: mark === '*' || mark === '+' ? Number.POSITIVE_INFINITY : 1,
    rows: STRUCTURES[STRUCTURE_OF[name] ?? name],
    names: namesIn(name, version),
    choice,
  };
}

function namesIn(tagName: string, version: KmipVersion): Names | undefined {
  const key = `${version} ${tagName}`;
  const known = namesOf.get(key);
  const numbers = Object.hasOwn(ENUMERATIONS, tagName) ? ENUMERATIONS[tagName]! : MASKS[tagName];
  if (known !== undefined || numbers === undefined) return known;
  // Enumerations are listed once under their own name and again under those of other tags that use them.
  const own = Object.keys(ENUMERATIONS).find((name) => ENUMERATIONS[name] === numbers) ?? tagName;
  const newer = new Map<number, string>();
  for (const [since, byName] of Object.entries(VALUES_SINCE))
    if (!isIn(version, since)) for (const name of byName[own] ?? []) newer.set(numbers[name]!, since);
  const names: Names = {
    numbers,
    names: new Map(Object.entries(numbers).map(([name, number]) => [number, name])),
    newer,
  };
  namesOf.set(key, names);
  return names;
}

const KINDS: Readonly<Record<string, Kind>> = {
  ProtocolVersion: Kind.Version,
  AttributeValue: Kind.AttributeValue,
  KeyValue: Kind.KeyValue,
  KeyMaterial: Kind.KeyMaterial,
  CredentialValue: Kind.CredentialValue,
  RequestPayload: Kind.Payload,
  ResponsePayload: Kind.Payload,
};
