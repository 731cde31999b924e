/** The JSON form: how it looks, what else it takes, and what it refuses. */
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { formatTtlvJson, parseTtlvJson, Tag } from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';

const PAYLOAD = {
  tag: 'RequestPayload',
  value: [
    { tag: 'CryptographicUsageMask', type: 'Integer', value: 'Encrypt|Decrypt' },
    { tag: 'BatchCount', type: 'Integer', value: -1 },
    { tag: 'Operation', type: 'Enumeration', value: 'Get' },
    { tag: 'Operation', type: 'Enumeration', value: '0x80000001' },
    { tag: 'UsageLimitsCount', type: 'LongInteger', value: 4503599627370496 },
    { tag: 'UsageLimitsCount', type: 'LongInteger', value: '0x0010000000000001' },
    { tag: 'Modulus', type: 'BigInteger', value: '0x00000000000000ff' },
    { tag: 'BatchOrderOption', type: 'Boolean', value: true },
    { tag: '0x540001', type: 'TextString', value: 'a"\n\u0000' },
    { tag: 'KeyMaterial', type: 'ByteString', value: '00ff' },
    { tag: 'ActivationDate', type: 'DateTime', value: '2012-04-27T08:14:44+00:00' },
    { tag: 'ActivationDate', type: 'DateTime', value: '0x7fffffffffffffff' },
    { tag: 'LeaseTime', type: 'Interval', value: 3600 },
  ],
};

describe('the form', () => {
  it('is what the profile shows', () => {
    const json = `${JSON.stringify(PAYLOAD, undefined, 2)}\n`;
    expect(formatTtlvJson(parseTtlvJson(json), { redact: false })).toBe(json);
  });

  const value = (item: object) => (parseTtlvJson(JSON.stringify(item)) as { value: unknown }).value;
  it('takes what else the profile allows', () => {
    expect(value({ tag: 'BatchCount', type: 'Integer', value: '0x00000002' })).toBe(2);
    expect(value({ tag: 'BatchCount', type: '0x02', value: 2 })).toBe(2);
    expect(value({ tag: '0x42000d', type: 'Integer', name: 'x', value: 2 })).toBe(2);
    expect(value({ tag: 'BatchOrderOption', type: 'Boolean', value: '0x0000000000000001' })).toBe(true);
    expect(value({ tag: 'Operation', type: 'Enumeration', value: 10 })).toBe(10);
    expect(value({ tag: 'UsageLimitsCount', type: 'LongInteger', value: '-9' })).toBe(-9n);
    expect(value({ tag: 'KeyValue', type: 'Structure', value: [] })).toEqual([]);
  });
});

describe('what is refused', () => {
  const faults: [json: string, code: string][] = [
    ['', 'ERR_TTLV_JSON'],
    ['{', 'ERR_TTLV_JSON'],
    ['[]', 'ERR_TTLV_JSON'],
    ['null', 'ERR_TTLV_JSON'],
    ['{"tag":"KeyValue","value":{}}', 'ERR_TTLV_JSON'],
    ['{"tag":"KeyValue"}', 'ERR_TTLV_JSON'],
    ['{"tag":"KeyValue","value":[1]}', 'ERR_TTLV_JSON'],
    ['{"tag":"KeyValue","value":[],"more":1}', 'ERR_TTLV_JSON'],
    ['{"value":[]}', 'ERR_TTLV_TAG'],
    ['{"tag":"toString","value":[]}', 'ERR_TTLV_TAG'],
    ['{"tag":"BatchCount","type":"Int","value":1}', 'ERR_TTLV_TYPE'],
    ['{"tag":"BatchCount","type":"Integer","value":1.5}', 'ERR_TTLV_VALUE'],
    ['{"tag":"BatchCount","type":"Integer","value":2147483648}', 'ERR_TTLV_VALUE'],
    ['{"tag":"BatchCount","type":"Integer","value":true}', 'ERR_TTLV_VALUE'],
    ['{"tag":"BatchCount","type":"Integer"}', 'ERR_TTLV_VALUE'],
    ['{"tag":"UsageLimitsCount","type":"LongInteger","value":9007199254740993}', 'ERR_TTLV_VALUE'],
    ['{"tag":"BatchOrderOption","type":"Boolean","value":"true"}', 'ERR_TTLV_VALUE'],
    ['{"tag":"BatchOrderOption","type":"Boolean","value":1}', 'ERR_TTLV_VALUE'],
    ['{"tag":"Username","type":"TextString","value":"\\ud800"}', 'ERR_TTLV_UTF8'],
    ['{"tag":"Username","type":"TextString","value":5}', 'ERR_TTLV_VALUE'],
    ['{"tag":"KeyMaterial","type":"ByteString","value":"0g"}', 'ERR_TTLV_VALUE'],
  ];
  for (const [json, code] of faults)
    it(json || '(nothing)', () => {
      const error = errorOf(() => parseTtlvJson(json));
      expect(error).toBeInstanceOf(FormatError);
      expect(error.code).toBe(code);
    });

  it('names the path, and never the value', () => {
    const error = errorOf<FormatError>(() =>
      parseTtlvJson('{"tag":"BatchItem","value":[{"tag":"KeyMaterial","type":"ByteString","value":"5ec2e7x"}]}'),
    );
    expect(error.path).toEqual(['BatchItem', 'KeyMaterial']);
    expect(error.message).not.toContain('5ec2e7');
    expect(errorOf(() => parseTtlvJson('{"value":"5ec2e7"')).message).not.toContain('5ec2e7');
  });

  it('32 structures inside each other are taken, 33 and 10,000 are not', () => {
    const nested = (n: number) => `${'{"tag":"KeyValue","value":['.repeat(n)}${']}'.repeat(n)}`;
    expect(parseTtlvJson(nested(32)).tag).toBe(Tag.KeyValue);
    for (const n of [33, 10_000])
      expect(['ERR_TTLV_DEPTH', 'ERR_TTLV_JSON']).toContain(errorOf(() => parseTtlvJson(nested(n))).code);
  });
});
