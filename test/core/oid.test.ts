/** OBJECT IDENTIFIERs: exact arcs, both ways. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeOid, formatOid } from '../../src/core/index.ts';
import { oid } from '../support/ber.ts';
import { runs } from '../support/runs.ts';

const error = (code: string) => expect.objectContaining({ code });

describe('object identifiers', () => {
  it('an arc of 113549 + 2^32 is not 113549', () => {
    const alias = '1.2.840.4295080845.1.7.1';
    expect(formatOid(oid(alias).subarray(2))).toBe(alias);
    for (const shift of [32n, 53n, 64n]) {
      const text = `1.2.840.${113549n + 2n ** shift}.1.7.1`;
      expect(formatOid(oid(text).subarray(2))).toBe(text);
      expect(encodeOid(text)).toEqual(oid(text).subarray(2));
    }
  });

  it('a first subidentifier of several octets', () => {
    for (const text of ['2.999', '2.48', '2.47', '2.100000', `2.${2n ** 70n}`]) {
      expect(formatOid(oid(text).subarray(2))).toBe(text);
      expect(encodeOid(text)).toEqual(oid(text).subarray(2));
    }
    expect(formatOid(Uint8Array.of(0x88, 0x37, 3))).toBe('2.999.3'); // X.690 8.19.5
  });

  it('any identifier comes back', () => {
    const arc = fc.oneof(fc.nat(200), fc.bigInt({ min: 0n, max: 2n ** 90n }));
    const roots = fc.oneof(fc.tuple(fc.nat(1), fc.nat(39)), fc.tuple(fc.constant(2), arc));
    const property = fc.property(roots, fc.array(arc, { maxLength: 6 }), (root, arcs) => {
      const text = [...root, ...arcs].join('.');
      expect(formatOid(encodeOid(text))).toBe(text);
      expect(encodeOid(text)).toEqual(oid(text).subarray(2));
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it('refuses what is none', () => {
    for (const contents of [[], [0x80], [0x2a, 0x80], [0x2a, 0x80, 1], [0x80, 1], [0x2a, 0x86]])
      expect(() => formatOid(Uint8Array.from(contents)), String(contents)).toThrow(error('ERR_DER_VALUE'));
    expect(() => formatOid(new Uint8Array(257))).toThrow(error('ERR_DER_VALUE'));
    for (const text of [
      '',
      '1',
      '3.1',
      '1.40',
      '0.99999999999999999999',
      '1.2.',
      '.1.2',
      '1.02',
      '1.2.-3',
      '1.2.3a',
      ` 1.2`,
      `1.2.${'9'.repeat(600)}`,
    ])
      expect(() => encodeOid(text), text).toThrow(error('ERR_OID'));
  });
});
