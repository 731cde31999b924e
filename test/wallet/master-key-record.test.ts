import { describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { encodeMasterKeyRecord, parseMasterKeyRecord } from '../../src/wallet/master-key-record.ts';

const SAMPLES = [
  {
    base64: 'AEMAASAAzz8dfB/n5MWRlEBxs6Ya3YAUQGHA4EVpvVIho0wBGMYDEAA9MiwNkiHGAkd9O6b3yCnhBQcAeHsLBg8DFQ==',
    key: /^cf3f1d7c.*18c6$/,
    iv: /^3d322c0d.*c829e1$/,
    created: '2023-11-06T14:02:20.000Z',
  },
  {
    base64: 'AEMAASAASGYs0phWHfNt9J5mEMkkegGFiD4LLfQszDojgDzbfoYDEACv0x3pJC+UGD/PdtE2jLIcBQcAeHgJChQGLA==',
    key: /^48662cd2/,
    iv: /^afd31de9/,
    created: '2020-09-10T19:05:43.000Z',
  },
];
const decode = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

describe('Oracle master key records', () => {
  it.each(SAMPLES)('decode as published and encode back byte for byte: $created', (sample) => {
    const bytes = decode(sample.base64);
    const record = parseMasterKeyRecord(bytes);
    expect(formatHex(record.key)).toMatch(sample.key);
    expect(formatHex(record.iv as Uint8Array)).toMatch(sample.iv);
    expect(record.created?.toISOString()).toBe(sample.created);
    expect(encodeMasterKeyRecord(record)).toEqual(bytes);
  });

  it('keep items of unknown types', () => {
    const [first] = SAMPLES;
    const bytes = decode(first?.base64 ?? '');
    const longer = new Uint8Array([...bytes, 9, 2, 0, 0xaa, 0xbb]);
    longer[1] = longer.length;
    const record = parseMasterKeyRecord(longer);
    expect(record.others).toEqual([Uint8Array.of(9, 2, 0, 0xaa, 0xbb)]);
    expect(encodeMasterKeyRecord(record)).toEqual(longer);
  });

  it('cut anywhere are refused with an offset', () => {
    const bytes = decode(SAMPLES[0]?.base64 ?? '');
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseMasterKeyRecord(bytes.slice(0, length))).toThrowError(
        /malformed master key record at offset \d+/,
      );
    }
    for (let length = 3; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      cut[1] = length;
      try {
        expect(parseMasterKeyRecord(cut).key).toHaveLength(32);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_MASTER_KEY_RECORD' });
      }
    }
  });
});
