/** Names of tags, enumeration values and mask bits: every one of the registry, both ways, and the rule that makes them. */
import { describe, expect, it } from 'vitest';
import { ALIASES, ENUMERATIONS, LABELS, MASKS, TAG_TYPES } from '../../src/ttlv/generated/registry.ts';
import { Tag } from '../../src/ttlv/index.ts';
import {
  enumerationName,
  enumerationValue,
  isMask,
  labelOf,
  maskBit,
  maskNames,
  meaningOf,
  normalizeName,
  tagName,
  tagOfLabel,
  tagOfName,
} from '../../src/ttlv/names.ts';

describe('normalisation (Additional Message Encodings 1.0, 4.1.3)', () => {
  const cases: [text: string, name: string][] = [
    ['X.509 Certificate', 'X_509Certificate'],
    ['3DES', 'DES3'],
    ['PKCS#1', 'PKCS_1'],
    ['SHA-256', 'SHA_256'],
    ['IV/Counter/Nonce', 'IVCounterNonce'],
    ['Common Template-Attribute', 'CommonTemplateAttribute'],
    ['Content Commitment (Non Repudiation)', 'ContentCommitmentNonRepudiation'],
    ['Unique   Batch Item ID', 'UniqueBatchItemID'],
  ];
  for (const [text, name] of cases) it(`${text} → ${name}`, () => expect(normalizeName(text)).toBe(name));
});

describe('tags', () => {
  it('every tag has one name and one label, and both lead back', () => {
    expect(Object.keys(Tag).length).toBe(372);
    for (const [name, tag] of Object.entries(Tag)) {
      expect(tagName(tag)).toBe(name);
      expect(tagOfName(name)).toBe(tag);
      expect(tagOfLabel(labelOf(tag)), labelOf(tag)).toBe(tag);
    }
  });

  it('labels are spelt as the specification spells them', () => {
    expect(Object.keys(LABELS).length).toBe(16);
    for (const [tag, label] of [
      [Tag.CryptographicUsageMask, 'Cryptographic Usage Mask'],
      [Tag.UniqueBatchItemID, 'Unique Batch Item ID'],
      [Tag.X_509CertificateIssuer, 'X.509 Certificate Issuer'],
      [Tag.IVCounterNonce, 'IV/Counter/Nonce'],
      [Tag.CRTCoefficient, 'CRT Coefficient'],
      [Tag.Name, 'Name'],
    ] as const)
      expect(labelOf(tag)).toBe(label);
  });

  it('unknown tags are hex', () => {
    expect(tagName(0x540001)).toBe('0x540001');
    expect(tagName(0x000001)).toBe('0x000001');
    expect(tagOfName('0x540001')).toBe(0x540001);
    for (const name of ['', 'toString', 'constructor', '__proto__', '0x42', '0x42000g', '420001', 'activationDate'])
      expect(tagOfName(name)).toBeUndefined();
    for (const label of ['', 'x-ID', 'to String', 'has Own Property']) expect(tagOfLabel(label)).toBeUndefined();
  });
});

describe('enumerations and masks', () => {
  it('every value leads back from its name', () => {
    let values = 0;
    for (const [name, numbers] of Object.entries(ENUMERATIONS)) {
      const tag = tagOfName(name)!;
      for (const [text, value] of Object.entries(numbers)) {
        expect(enumerationName(tag, value)).toBe(text);
        expect(enumerationValue(tag, text)).toBe(value);
        values++;
      }
    }
    expect(values).toBeGreaterThan(900);
    for (const [name, bits] of Object.entries(MASKS)) {
      const tag = tagOfName(name)!;
      expect(isMask(tag)).toBe(true);
      for (const [text, bit] of Object.entries(bits)) {
        expect(maskNames(tag, bit)).toEqual([text]);
        expect(maskBit(tag, text)).toBe(bit);
      }
    }
  });

  it('other spellings are understood', () => {
    for (const [name, aliases] of Object.entries(ALIASES))
      for (const [other, ours] of Object.entries(aliases)) {
        const tag = tagOfName(name)!;
        const value = isMask(tag) ? maskBit(tag, ours) : enumerationValue(tag, ours);
        expect(value, `${name}.${ours}`).toBeDefined();
        expect(isMask(tag) ? maskBit(tag, other) : enumerationValue(tag, other)).toBe(value);
      }
  });

  it('unknown values have no name; unknown bits are one hex number', () => {
    expect(enumerationName(Tag.Operation, 0x80000001)).toBeUndefined();
    expect(enumerationName(Tag.BatchCount, 1)).toBeUndefined();
    expect(enumerationValue(Tag.Operation, 'toString')).toBeUndefined();
    expect(maskNames(Tag.CryptographicUsageMask, 12)).toEqual(['Encrypt', 'Decrypt']);
    expect(maskNames(Tag.CryptographicUsageMask, -1).at(-1)).toBe('0xff000000');
    expect(maskNames(Tag.StorageStatusMask, -(2 ** 31) + 1)).toEqual(['OnLineStorage', '0x80000000']);
  });

  it('an Attribute Value means what the name before it says', () => {
    expect(meaningOf(Tag.AttributeValue, 'Cryptographic Usage Mask')).toBe(Tag.CryptographicUsageMask);
    expect(meaningOf(Tag.AttributeValue, 'Cryptographic   Usage Mask')).toBe(Tag.CryptographicUsageMask);
    expect(meaningOf(Tag.AttributeValue, 'x-ID')).toBe(Tag.AttributeValue);
    expect(meaningOf(Tag.AttributeValue, undefined)).toBe(Tag.AttributeValue);
    expect(meaningOf(Tag.State, 'Object Type')).toBe(Tag.State);
  });

  it('the types of a tag are item types', () => {
    for (const types of Object.values(TAG_TYPES)) for (const type of types) expect(type >= 1 && type <= 11).toBe(true);
  });
});
