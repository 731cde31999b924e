import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/bytes.ts';
import { encodeBody, takeSecretField } from '../../src/kms/json-secret.ts';

function take(json: string): { value: string | null; rest: unknown } {
  const bytes = encodeUtf8(json);
  const value = takeSecretField(bytes, 'Plaintext');
  return { value: value === null ? null : decodeUtf8(value), rest: JSON.parse(decodeUtf8(bytes)) };
}

describe('takeSecretField', () => {
  it.each([
    ['compact', '{"Response":{"Plaintext":"AbC=","KeyId":"k"}}', 'AbC=', { KeyId: 'k' }],
    ['spaced', '{ "Response" : { "KeyId" : "k" , "Plaintext"\n:\t"AbC=" } }', 'AbC=', { KeyId: 'k' }],
    ['escaped as others do', '{"Response":{"Plaintext":"A\\/b\\u002bC\\u003d"}}', 'A/b+C=', {}],
    [
      'named in a text before it',
      '{"Response":{"KeyId":"Plaintext","Plaintext":"AbC="}}',
      'AbC=',
      { KeyId: 'Plaintext' },
    ],
    [
      'behind a quote in a text',
      '{"Response":{"KeyId":"\\"Plaintext\\":","Plaintext":"AbC="}}',
      'AbC=',
      { KeyId: '"Plaintext":' },
    ],
  ])('takes a value out, %s', (_, json, value, others) => {
    const found = take(json);
    expect(found.value).toBe(value);
    expect(found.rest).toMatchObject({ Response: others });
    expect(JSON.stringify(found.rest)).not.toContain(value);
  });

  it.each([
    '{"Response":{"KeyId":"Plaintext"}}',
    '{"Plaintext":null,"a":"b"}',
    '{"Plaintext":1}',
    '{"Plaintext":["x"]}',
    '{}',
    '"Plaintext"',
  ])('finds none in %s, and changes nothing', (json) => {
    expect(take(json)).toEqual({ value: null, rest: JSON.parse(json) });
  });

  it('of broken JSON takes nothing', () => {
    expect(takeSecretField(encodeUtf8('{"Plaintext":"abc'), 'Plaintext')).toBeNull();
    expect(takeSecretField(encodeUtf8('{"Plaintext":"abc\\'), 'Plaintext')).toBeNull();
    expect(takeSecretField(new Uint8Array(0), 'Plaintext')).toBeNull();
  });
});

describe('encodeBody', () => {
  it('gives compact JSON, bytes as they are', () => {
    const body = encodeBody({ KeyId: 'a"b', Plaintext: encodeUtf8('AbC='), NumberOfBytes: 32 });
    expect(decodeUtf8(body)).toBe('{"KeyId":"a\\"b","Plaintext":"AbC=","NumberOfBytes":32}');
    expect(decodeUtf8(encodeBody({}))).toBe('{}');
  });
});
