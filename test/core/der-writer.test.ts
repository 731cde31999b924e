import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { DER, DerWriter } from '../../src/core/index.ts';
import { costsAtMost } from '../support/cost.ts';
import { runs } from '../support/runs.ts';

describe('DerWriter', () => {
  it('fills in lengths at every size of the length field', () => {
    for (const [size, header] of [
      [0, '0400'],
      [127, '047f'],
      [128, '048180'],
      [255, '0481ff'],
      [256, '04820100'],
      [65535, '0482ffff'],
      [65536, '0483010000'],
    ] as const) {
      const der = new DerWriter().putOctets(new Uint8Array(size).fill(7)).finish();
      expect(formatHex(der.subarray(0, header.length / 2))).toBe(header);
      expect(der.length).toBe(size + header.length / 2);
    }
  });

  it('writes integers in their shortest form', () => {
    for (const [value, der] of [
      [0, '020100'],
      [127, '02017f'],
      [128, '02020080'],
      [256, '02020100'],
      [-1, '0201ff'],
      [-128, '020180'],
      [-129, '0202ff7f'],
      [2n ** 64n, '0209010000000000000000'],
      [Number.MAX_SAFE_INTEGER, '02071fffffffffffff'],
    ] as const)
      expect(formatHex(new DerWriter().putInteger(value).finish())).toBe(der);
    expect(() => new DerWriter().putInteger(0.5)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
  });

  it('wraps elements in an OCTET STRING and keeps raw bytes', () => {
    const der = new DerWriter()
      .open(DER.OCTET_STRING)
      .open(DER.SEQUENCE)
      .putNull()
      .putRaw(Uint8Array.of(1, 1, 0xff));
    expect(formatHex(der.close().close().finish())).toBe('040730050500' + '0101ff');
  });

  it('sorts a SET OF by encoding, nested ones first', () => {
    const writer = new DerWriter().openSetOf();
    writer.openSetOf().putInteger(2).putInteger(1).close();
    for (const n of [300, 2, -1, 2]) writer.putInteger(n);
    expect(formatHex(writer.close().finish())).toBe(
      '3115' + '020102' + '020102' + '0201ff' + '0202012c' + '3106020101020102',
    );
  });

  it('sorts any SET OF like an independent sort, and a large one without delay', () => {
    const elements = fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 60 });
    const property = fc.property(elements, (contents) => {
      const writer = new DerWriter().openSetOf();
      for (const c of contents) writer.putOctets(c);
      const sorted = contents
        .map(formatHex)
        .map((c) => `04${(c.length / 2).toString(16).padStart(2, '0')}${c}`)
        .sort();
      expect(formatHex(writer.close().finish())).toMatch(new RegExp(`^31(8.)?.{2,4}?${sorted.join('')}$`));
    });
    fc.assert(property, { numRuns: runs(100) });
    costsAtMost(2000, () => {
      const writer = new DerWriter().openSetOf();
      for (let i = 50_000; i > 0; i--) writer.putInteger(i);
      expect(writer.close().finish().length).toBeGreaterThan(200_000);
    });
  });

  it('refuses unbalanced documents', () => {
    const wrong = expect.objectContaining({ code: 'ERR_DER_STATE' });
    expect(() => new DerWriter().close()).toThrow(wrong);
    expect(() => new DerWriter().open(DER.SEQUENCE).finish()).toThrow(wrong);
  });

  it('refuses what does not fit, and leaves nothing behind', () => {
    const wrong = expect.objectContaining({ code: 'ERR_DER_SIZE', name: 'LimitError' });
    const half = new Uint8Array(5 << 20).fill(1);
    expect(() => new DerWriter().putOctets(half).putOctets(half)).toThrow(wrong);
    const deep = new DerWriter();
    for (let i = 0; i < 2000; i++) deep.open(DER.SEQUENCE);
    for (let i = 0; i < 2000; i++) deep.close();
    expect(() => deep.finish()).toThrow(expect.objectContaining({ code: 'ERR_DER_DEPTH' }));
    // sorting needs room for a second copy
    const writer = new DerWriter().openSetOf().putOctets(half).putNull().close();
    expect(() => writer.finish()).toThrow(wrong);
  });
});
