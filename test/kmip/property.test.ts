/**
 * Random messages of every operation, version and side, made of the tables: what is encoded decodes to the same fields, and the bytes
 * hold no tag and no value that came after the version, by the registry's own lists.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KMIP_VERSIONS, type KmipVersion, type Rows } from '../../src/kmip/base.ts';
import { ATTRIBUTES } from '../../src/kmip/generated/attributes.ts';
import { OPERATIONS } from '../../src/kmip/generated/operations.ts';
import { CREDENTIAL_VALUES, KEY_MATERIALS, STRUCTURES } from '../../src/kmip/generated/structures.ts';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/kmip/index.ts';
import { attributeField, type Field, Kind, type Shape, shapeOf, structure } from '../../src/kmip/shape.ts';
import {
  ENUMERATIONS,
  ItemType,
  readTtlvTree,
  TAGS_SINCE,
  Tag,
  type TtlvNode,
  tagName,
  VALUES_SINCE,
} from '../../src/ttlv/index.ts';
import { runs } from '../support/runs.ts';

type Fields = Record<string, unknown>;

const bytes = (least = 0, step = 1) =>
  fc
    .integer({ min: least, max: 4 })
    .chain((n) => fc.uint8Array({ minLength: n * step, maxLength: n * step }).map((b) => new Uint8Array(b)));
const uint32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff),
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme', maxLength: 16 });
const extension: fc.Arbitrary<TtlvNode> = fc.oneof(
  fc.record({ tag: fc.integer({ min: 0x540000, max: 0x54ffff }), type: fc.constant(ItemType.TextString), value: text }),
  fc.record({ tag: fc.constant(0x540001), type: fc.constant(ItemType.ByteString), value: bytes() }),
  fc.record({ tag: fc.constant(0x540002), type: fc.constant(ItemType.Structure), value: fc.constant([]) }),
) as fc.Arbitrary<TtlvNode>;

/** Values of one field in a version. `beside` is what stands before it in its structure. */
function valuesOf(field: Field, version: KmipVersion, beside: Fields, block: Fields): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case Kind.Structure:
      return field.rows === undefined ? openStructure : fieldsOf(shapeOf(field.rows, version), version, block);
    case Kind.Enumeration: {
      const known = Object.keys(field.names?.numbers ?? {}).filter(
        (name) => !field.names?.newer.has(field.names.numbers[name]!),
      );
      const own = fc.integer({ min: 0x80000000, max: 0x80000010 });
      return known.length === 0
        ? own
        : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: own });
    }
    case Kind.Integer:
      // Masks: the bits that 1.0 has.
      return field.names === undefined ? fc.integer() : fc.integer({ min: 0, max: 0x3 });
    case Kind.Interval:
      return uint32;
    case Kind.LongInteger:
    case Kind.DateTime:
      return int64;
    case Kind.Boolean:
      return fc.boolean();
    case Kind.BigInteger:
      return bytes(1, 8);
    case Kind.ByteString:
      return bytes();
    case Kind.Version:
      return fc.constantFrom('1.0', '1.4', '2.1');
    case Kind.CredentialValue:
      return variant(CREDENTIAL_VALUES, beside.credentialType, version);
    case Kind.KeyValue:
      return fc.oneof(bytes(), fieldsOf(structure('KeyValue', version), version, beside));
    case Kind.KeyMaterial:
      return fc.oneof(bytes(), variant(KEY_MATERIALS, block.keyFormatType, version));
    case Kind.TextString:
      return field.name === 'AttributeName' ? attributeName(version) : text;
    default:
      throw new Error(`no values of ${field.name}`);
  }
}

const openStructure = fc.array(extension, { minLength: 1, maxLength: 2 }).map((unknown) => ({ unknown }));
const attributeName = (version: KmipVersion) =>
  fc.constantFrom(
    'x-own',
    'y-own',
    ...Object.keys(ATTRIBUTES).filter((name) => ATTRIBUTES[name as 'State'].since <= version),
  );

function variant(tables: Readonly<Record<string, string>>, told: unknown, version: KmipVersion): fc.Arbitrary<unknown> {
  const rows = typeof told === 'string' && told in tables ? STRUCTURES[tables[told]!] : undefined;
  return rows === undefined || rows[0]![0] > version ? openStructure : fieldsOf(shapeOf(rows, version), version, {});
}

const custom = extension.map(({ type, value }) => ({ type, value }));

/** Objects of a structure: its fields one after another, since some are told by those before them. */
function fieldsOf(shape: Shape, version: KmipVersion, block: Fields): fc.Arbitrary<Fields> {
  const choices = shape.fields.filter((field) => field.choice).map((field) => field.property);
  const chosen = choices.length === 0 ? fc.constant('') : fc.constantFrom(...choices);
  return chosen.chain((choice) => {
    let made: fc.Arbitrary<Fields> = fc.constant({});
    for (const field of shape.fields) {
      if (field.choice && field.property !== choice) continue;
      made = made.chain((before) =>
        some(field, version, before, block).map((value) =>
          value === undefined ? before : { ...before, [field.property]: value },
        ),
      );
    }
    return made;
  });
}

function some(field: Field, version: KmipVersion, before: Fields, block: Fields): fc.Arbitrary<unknown> {
  if (field.kind === Kind.AttributeValue) {
    const typed = attributeField(String(before.attributeName), version);
    return typed === undefined ? custom : valuesOf(typed, version, before, block);
  }
  const one = fc.constant(0).chain(() => valuesOf(field, version, before, block));
  if (field.many) {
    const list = fc.array(one, { minLength: 1, maxLength: Math.min(2, field.most) });
    return field.least === 1 ? list : fc.option(list, { nil: undefined });
  }
  return field.least === 1 || field.choice ? one : fc.option(one, { nil: undefined });
}

function messageOf(side: 'request' | 'response'): fc.Arbitrary<Fields> {
  const payload = side === 'request' ? 'requestPayload' : 'responsePayload';
  return fc
    .record({ version: fc.constantFrom(...KMIP_VERSIONS), operation: fc.constantFrom(...Object.keys(OPERATIONS)) })
    .filter(({ version, operation }) => OPERATIONS[operation as 'Get'].request[0]![0] <= version)
    .chain(({ version, operation }) => {
      const rows: Rows = OPERATIONS[operation as 'Get'][side];
      const header = fieldsOf(structure(side === 'request' ? 'RequestHeader' : 'ResponseHeader', version), version, {});
      const item = fc.record({
        operation: fc.constant(operation),
        uniqueBatchItemID: bytes(),
        ...(side === 'response' && { resultStatus: fc.constant('Success') }),
        [payload]: fieldsOf(shapeOf(rows, version), version, {}),
      });
      return fc
        .tuple(header, fc.array(item, { minLength: 1, maxLength: 2 }))
        .map(([{ batchCount: _, ...fields }, batchItem]) => ({
          ...fields,
          protocolVersion: version,
          batchItem,
        }));
    });
}

describe.each(['request', 'response'] as const)('a random %s', (side) => {
  it('comes back as it was, and holds nothing of a later version', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(messageOf(side), (message) => {
        const encoded = side === 'request' ? encodeRequest(message as never) : encodeResponse(message as never);
        const decoded = side === 'request' ? decodeRequest(encoded) : decodeResponse(encoded);
        expect(decoded).toEqual(message);
        const version = message.protocolVersion as string;
        for (const fault of laterThan(version, readTtlvTree(encoded))) expect.fail(`${version}: ${fault}`);
        seen.add(`${(message.batchItem as Fields[])[0]!.operation}`);
      }),
      { numRuns: runs(400) },
    );
    console.log(`random ${side}s: ${seen.size} of ${Object.keys(OPERATIONS).length} operations`);
    expect(seen.size).toBeGreaterThan(Object.keys(OPERATIONS).length * 0.8);
  });
});

/** What of a message its version does not have, by the registry: tags and the values of enumerations. */
function laterThan(version: string, node: TtlvNode): string[] {
  const name = tagName(node.tag);
  const found = Object.entries(TAGS_SINCE).flatMap(([since, names]) =>
    since > version && names.includes(name) ? [name] : [],
  );
  if (node.type === ItemType.Structure) return [...found, ...node.value.flatMap((child) => laterThan(version, child))];
  if (node.type === ItemType.Enumeration && node.tag !== Tag.AttributeValue)
    for (const [since, byName] of Object.entries(VALUES_SINCE))
      for (const value of (since > version && byName[name]) || [])
        if (ENUMERATIONS[name]?.[value] === node.value) found.push(`${name} ${value}`);
  return found;
}
