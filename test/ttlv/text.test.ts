/** The text form: how it looks, and what is no line of it. */
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { formatTtlvText, parseTtlvText } from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';

const TEXT = `ResponseMessage
  ResponseHeader
    TimeStamp DateTime 2024-01-01T00:00:00+00:00
  BatchItem
    Operation Enumeration Get
    ResponsePayload
      UniqueIdentifier TextString "a \\"b\\"\\n"
      Attribute
        AttributeName TextString "Cryptographic Usage Mask"
        AttributeValue Integer Encrypt|Decrypt
      KeyMaterial ByteString 00ff
      KeyMaterial ByteString
      0x540001
      BatchOrderOption Boolean true
`;

it('reads and writes the same', () => {
  expect(formatTtlvText(parseTtlvText(TEXT), { redact: false })).toBe(TEXT);
  expect(formatTtlvText(parseTtlvText(TEXT.replaceAll('\n', '\r\n')), { redact: false })).toBe(TEXT);
  expect(formatTtlvText(parseTtlvText(`\n${TEXT}\n\n`), { redact: false })).toBe(TEXT);
  expect(formatTtlvText(parseTtlvText(TEXT))).toContain('KeyMaterial ByteString [redacted]\n');
});

describe('what is refused', () => {
  const faults: [text: string, code: string][] = [
    ['', 'ERR_TTLV_TEXT'],
    [' KeyValue', 'ERR_TTLV_TEXT'],
    ['  KeyValue', 'ERR_TTLV_TEXT'],
    ['KeyValue\nKeyValue', 'ERR_TTLV_TEXT'],
    ['KeyValue\n    KeyValue', 'ERR_TTLV_TEXT'],
    ['KeyValue\n   KeyValue', 'ERR_TTLV_TEXT'],
    ['BatchCount Integer 1\n  BatchCount Integer 1', 'ERR_TTLV_TEXT'],
    ['KeyValue\n\tKeyValue', 'ERR_TTLV_TEXT'],
    ['KeyValue  Integer', 'ERR_TTLV_TEXT'],
    ['NoTag', 'ERR_TTLV_TAG'],
    ['KeyValue Nothing', 'ERR_TTLV_TYPE'],
    ['KeyValue Structure', 'ERR_TTLV_TYPE'],
    ['BatchCount Integer', 'ERR_TTLV_VALUE'],
    ['BatchCount Integer 1 ', 'ERR_TTLV_VALUE'],
    ['Username TextString a', 'ERR_TTLV_VALUE'],
    ['Username TextString 5', 'ERR_TTLV_VALUE'],
    ['Username TextString "\\ud800"', 'ERR_TTLV_UTF8'],
    ['KeyMaterial ByteString [redacted]', 'ERR_TTLV_REDACTED'],
  ];
  for (const [text, code] of faults)
    it(JSON.stringify(text), () => {
      const error = errorOf(() => parseTtlvText(text));
      expect(error).toBeInstanceOf(FormatError);
      expect(error.code).toBe(code);
    });

  it('names the place, and never the value', () => {
    const text = 'BatchItem\n  KeyValue\n    KeyMaterial ByteString 5ec2e7x';
    const error = errorOf<FormatError>(() => parseTtlvText(text));
    expect([error.offset, error.path]).toEqual([text.indexOf('    KeyMaterial'), ['BatchItem', 'KeyValue']]);
    expect(error.message).not.toContain('5ec2e7');
  });

  it('32 structures inside each other are taken, 33 are not', () => {
    const nested = (n: number) => Array.from({ length: n }, (_, i) => `${'  '.repeat(i)}KeyValue`).join('\n');
    parseTtlvText(nested(32));
    expect(errorOf(() => parseTtlvText(nested(33))).code).toBe('ERR_TTLV_DEPTH');
    expect(errorOf(() => parseTtlvText(nested(1000))).code).toBe('ERR_TTLV_DEPTH');
  });
});
