/** Objects and their bytes, in the clear and wrapped. */
import { describe, expect, it } from 'vitest';
import { importKek, unwrapKey } from '../../src/core/index.ts';
import { AuthenticationError, FormatError, UnsupportedError } from '../../src/errors.ts';
import {
  attribute,
  type EncryptionKeyInformation,
  keyBlockOf,
  keyMaterialOf,
  type ObjectFields,
  opaqueObject,
  secretData,
  symmetricKey,
  unwrapObject,
  type WrapOptions,
  wrapObject,
} from '../../src/kmip/index.ts';
import { formatTtlvText } from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';
import { hex, toHex } from '../support/hex.ts';

const KEK = hex('000102030405060708090a0b0c0d0e0f');
const KEY = hex('00112233445566778899aabbccddeeff');
const BY: EncryptionKeyInformation = {
  uniqueIdentifier: 'kek-1',
  cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' },
};
const PADDED: EncryptionKeyInformation = {
  uniqueIdentifier: 'kek-1',
  cryptographicParameters: { blockCipherMode: 'AESKeyWrapPadding' },
};

const wrappedBytes = (payload: ObjectFields): string => {
  const value = keyBlockOf(payload)?.keyValue;
  if (!(value instanceof Uint8Array)) throw new Error('not wrapped');
  return toHex(value);
};

describe('objects', () => {
  it('give back their bytes', () => {
    expect(keyMaterialOf(symmetricKey(KEY))).toBe(KEY);
    expect(keyMaterialOf(symmetricKey(KEY, { format: 'TransparentSymmetricKey' }))).toBe(KEY);
    expect(keyMaterialOf(secretData(KEY, 'Seed', 'Raw'))).toBe(KEY);
    expect(keyMaterialOf(opaqueObject(KEY))).toBe(KEY);
    expect(keyMaterialOf({ certificate: { certificateType: 'X_509', certificateValue: KEY } })).toBe(KEY);
    expect(symmetricKey(KEY).symmetricKey.keyBlock.cryptographicLength).toBe(128);
    expect(symmetricKey(KEY, { algorithm: 'DES3', lengthBits: 112 }).symmetricKey.keyBlock.cryptographicLength).toBe(
      112,
    );
  });

  it('say why they have none', () => {
    const rsa = { modulus: new Uint8Array(8), publicExponent: new Uint8Array(8) };
    const codeOf = (payload: ObjectFields) => errorOf<UnsupportedError>(() => keyMaterialOf(payload)).code;
    expect(
      codeOf({ publicKey: { keyBlock: { keyFormatType: 'TransparentRSAPublicKey', keyValue: { keyMaterial: rsa } } } }),
    ).toBe('ERR_KMIP_KEY_FORMAT');
    expect(codeOf({ symmetricKey: { keyBlock: { keyFormatType: 'Raw' } } })).toBe('ERR_KMIP_NO_KEY_VALUE');
    expect(codeOf({ template: { attribute: [attribute('Cryptographic Length', 256)] } })).toBe('ERR_KMIP_NO_OBJECT');
    expect(codeOf({})).toBe('ERR_KMIP_NO_OBJECT');
    const wrapped = errorOf(() => keyMaterialOf(wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation: BY })));
    expect([wrapped.code, wrapped.message]).toEqual(['ERR_KMIP_WRAPPED', 'the key is wrapped with the key "kek-1"']);
    expect(wrapped).toBeInstanceOf(UnsupportedError);
  });
});

describe('wrapping', () => {
  it('without encoding wraps the bytes alone: the vector', () => {
    const wrapped = wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation: BY, encodingOption: 'NoEncoding' });
    expect(wrappedBytes(wrapped)).toBe('1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5');
    expect(keyBlockOf(wrapped)?.keyWrappingData).toEqual({
      wrappingMethod: 'Encrypt',
      encryptionKeyInformation: BY,
      encodingOption: 'NoEncoding',
    });
    expect(toHex(keyMaterialOf(unwrapObject(KEK, wrapped)))).toBe(toHex(KEY));
  });

  it('with encoding wraps the whole Key Value, its header and attributes too: the vector', () => {
    const options: WrapOptions = {
      encryptionKeyInformation: BY,
      attribute: [attribute('Cryptographic Usage Mask', 12)],
    };
    const wrapped = wrapObject(KEK, symmetricKey(KEY), options);
    const value = hex(wrappedBytes(wrapped));
    expect(value.length).toBe(96);
    expect(toHex(unwrapKey(KEK, value))).toMatch(/^4200450100000050420043080000001000112233.*42000801/);
    expect(formatTtlvText(unwrapKey(KEK, value), { redact: false })).toBe(`KeyValue
  KeyMaterial ByteString 00112233445566778899aabbccddeeff
  Attribute
    AttributeName TextString "Cryptographic Usage Mask"
    AttributeValue Integer Encrypt|Decrypt
`);
    const plain = unwrapObject(KEK, wrapped);
    expect(toHex(keyMaterialOf(plain))).toBe(toHex(KEY));
    expect(keyBlockOf(plain)).toEqual({
      keyFormatType: 'Raw',
      keyValue: { keyMaterial: KEY, attribute: options.attribute },
      cryptographicAlgorithm: 'AES',
      cryptographicLength: 128,
    });
  });

  it('in every mode, encoding and form, comes back', () => {
    const objects = [
      symmetricKey(KEY),
      symmetricKey(hex('0102030405'), { algorithm: 'HMAC_SHA256' }),
      symmetricKey(KEY, { format: 'TransparentSymmetricKey' }),
      secretData(hex('70617373776f7264')),
    ];
    using kek = importKek(KEK);
    let done = 0;
    for (const object of objects)
      for (const encryptionKeyInformation of [BY, PADDED])
        for (const encodingOption of ['NoEncoding', 'TTLVEncoding'] as const) {
          const bytes = keyMaterialOf(object);
          const transparent = keyBlockOf(object)?.keyFormatType === 'TransparentSymmetricKey';
          const wrap = () => wrapObject(kek, object, { encryptionKeyInformation, encodingOption });
          if (
            encodingOption === 'NoEncoding' &&
            (transparent || (encryptionKeyInformation === BY && bytes.length < 16))
          )
            expect(errorOf(wrap).code).toMatch(/^ERR_(KMIP_ENCODING|LENGTH)$/);
          else {
            expect(unwrapObject(kek, wrap())).toEqual(object);
            done++;
          }
        }
    expect(done).toBe(12);
  });

  it('takes the mode from the caller when the message does not tell it', () => {
    const encryptionKeyInformation = { uniqueIdentifier: 'kek-1' };
    const wrapped = wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation, mode: 'AESKeyWrapPadding' });
    expect(errorOf(() => unwrapObject(KEK, wrapped))).toBeInstanceOf(AuthenticationError);
    expect(keyMaterialOf(unwrapObject(KEK, wrapped, { mode: 'AESKeyWrapPadding' }))).toEqual(KEY);
  });

  it('for 1.0, which has no Encoding Option, encodes', () => {
    const wrapped = wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation: BY, version: '1.0' });
    expect(keyBlockOf(wrapped)?.keyWrappingData?.encodingOption).toBeUndefined();
    expect(keyMaterialOf(unwrapObject(KEK, wrapped))).toEqual(KEY);
    const refused = () =>
      wrapObject(KEK, symmetricKey(KEY), {
        encryptionKeyInformation: BY,
        version: '1.0',
        encodingOption: 'NoEncoding',
      });
    expect(errorOf(refused).code).toBe('ERR_KMIP_VERSION');
  });

  it('refuses what it cannot do', () => {
    const wrapped = wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation: BY });
    expect(errorOf(() => unwrapObject(new Uint8Array(16), wrapped))).toBeInstanceOf(AuthenticationError);
    expect(errorOf(() => wrapObject(KEK, wrapped, { encryptionKeyInformation: BY })).code).toBe('ERR_KMIP_WRAPPED');
    const block = keyBlockOf(wrapped)!;
    const signed = { ...block, keyWrappingData: { wrappingMethod: 'EncryptThenMACSign' as const } };
    expect(errorOf(() => unwrapObject(KEK, { symmetricKey: { keyBlock: signed } })).code).toBe('ERR_KMIP_WRAP_METHOD');
    const gcm = { uniqueIdentifier: '1', cryptographicParameters: { blockCipherMode: 'GCM' as const } };
    expect(errorOf(() => wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation: gcm })).code).toBe(
      'ERR_KMIP_WRAP_MODE',
    );
    const bare = wrapObject(KEK, symmetricKey(KEY), { encryptionKeyInformation: BY, encodingOption: 'NoEncoding' });
    const mislabelled = {
      ...keyBlockOf(bare)!,
      keyWrappingData: { wrappingMethod: 'Encrypt' as const, encryptionKeyInformation: BY },
    };
    expect(errorOf(() => unwrapObject(KEK, { symmetricKey: { keyBlock: mislabelled } }))).toBeInstanceOf(FormatError);
    const plain = symmetricKey(KEY);
    expect(keyBlockOf(unwrapObject(KEK, plain))).toBe(plain.symmetricKey.keyBlock);
  });
});
