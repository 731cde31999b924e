/** Attributes: typed by their names, custom ones as they come. */
import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTES,
  type Attribute,
  attribute,
  type CustomAttribute,
  decodeResponse,
  encodeResponse,
  findAttribute,
  findAttributes,
  findText,
  ItemType,
  isStandard,
  type ResponseMessage,
  textAttribute,
} from '../../src/kmip/index.ts';
import { Tag, tagOfLabel } from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';

const answer = (attributes: readonly Attribute[]): ResponseMessage => ({
  protocolVersion: '1.4',
  batchItem: [
    {
      operation: 'GetAttributes',
      resultStatus: 'Success',
      responsePayload: { uniqueIdentifier: '1', attribute: attributes },
    },
  ],
});
const through = (attributes: readonly Attribute[]): readonly Attribute[] => {
  const [item] = decodeResponse(encodeResponse(answer(attributes))).batchItem;
  if (item?.operation !== 'GetAttributes') throw new Error('another operation');
  return item.responsePayload?.attribute ?? [];
};

const ONE_OF_EACH_KIND: Attribute[] = [
  attribute('Unique Identifier', '1742'),
  attribute('Name', { nameValue: 'a', nameType: 'UninterpretedTextString' }),
  attribute('Name', { nameValue: 'b', nameType: 0x80000001 }, 1),
  attribute('Cryptographic Algorithm', 'AES'),
  attribute('Cryptographic Length', 256),
  attribute('Cryptographic Usage Mask', 12),
  attribute('State', 'PreActive'),
  attribute('Activation Date', 1_700_000_000n),
  attribute('Lease Time', 3600),
  attribute('Usage Limits', { usageLimitsTotal: 2n ** 40n, usageLimitsCount: 5n, usageLimitsUnit: 'Byte' }),
  attribute('Fresh', true),
  attribute('Random Number Generator', { rngAlgorithm: 'DRBG', drbgAlgorithm: 'Hash' }),
  attribute('Digest', { hashingAlgorithm: 'SHA_256', digestValue: new Uint8Array(32), keyFormatType: 'Raw' }),
  attribute('X.509 Certificate Subject', { subjectDistinguishedName: Uint8Array.of(0x30, 0) }),
  attribute('PKCS#12 Friendly Name', 'mine'),
  textAttribute('x-owner', 'root@localhost'),
  attribute('y-count', { type: ItemType.Integer, value: 3 }),
  attribute('x-nested', {
    type: ItemType.Structure,
    value: [{ tag: 0x540001, type: ItemType.ByteString, value: Uint8Array.of(1) }],
  }),
  attribute('Storage Status Mask', { type: ItemType.Integer, value: 1 }), // MySQL's plugin sends this one
];

describe('attributes', () => {
  it('of every kind come back', () => {
    expect(through(ONE_OF_EACH_KIND)).toEqual(ONE_OF_EACH_KIND);
  });

  it('are found by name and index, with the type of their name', () => {
    const attributes = through(ONE_OF_EACH_KIND);
    const bits: number | undefined = findAttribute(attributes, 'Cryptographic Length');
    const date: bigint | undefined = findAttribute(attributes, 'Activation Date');
    expect([bits, date]).toEqual([256, 1_700_000_000n]);
    expect(findAttribute(attributes, 'Name', 1)?.nameValue).toBe('b');
    expect(findAttributes(attributes, 'Name').map((name) => name.nameValue)).toEqual(['a', 'b']);
    expect(findText(attributes, 'x-owner')).toBe('root@localhost');
    expect(findText(attributes, 'y-count')).toBeUndefined();
    expect(findAttribute(attributes, 'y-count')).toEqual({ type: ItemType.Integer, value: 3 });
    expect(findAttribute(attributes, 'Comment')).toBeUndefined();
    expect(findAttribute(undefined, 'State')).toBeUndefined();
    expect(attributes.filter((one) => !isStandard(one)).map((one) => one.attributeName)).toEqual([
      'x-owner',
      'y-count',
      'x-nested',
      'Storage Status Mask',
    ]);
  });

  it('leave the index out unless it is given', () => {
    expect('attributeIndex' in attribute('State', 'Active')).toBe(false);
    expect(attribute('State', 'Active', 0).attributeIndex).toBe(0);
    expect(through([attribute('State', 'Active', 0)])[0]?.attributeIndex).toBe(0);
  });

  it('must have the type of their name', () => {
    const wrong = { attributeName: 'State', attributeValue: { type: ItemType.Integer, value: 1 } } as CustomAttribute;
    expect(errorOf(() => through([wrong])).message).toContain('attribute.0.attributeValue: not a value of');
    const bare = { attributeName: 'x-owner', attributeValue: 'root' } as unknown as CustomAttribute;
    expect(errorOf(() => through([bare])).code).toBe('ERR_KMIP_VALUE');
    // @ts-expect-error a length is a number
    expect(errorOf(() => through([attribute('Cryptographic Length', '256')])).code).toBe('ERR_KMIP_VALUE');
    // @ts-expect-error the value of an attribute of one's own says its type
    expect(errorOf(() => through([attribute('x-owner', 'root')])).code).toBe('ERR_KMIP_VALUE');
  });

  it('are named as the registry names their tags', () => {
    for (const [label, rule] of Object.entries(ATTRIBUTES))
      expect(tagOfLabel(label), label).toBe(Tag[rule.field as keyof typeof Tag]);
    expect(Object.keys(ATTRIBUTES).length).toBe(74);
  });
});
