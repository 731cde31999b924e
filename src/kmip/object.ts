/**
 * Managed objects (KMIP 1.4, section 2.2): the usual ones made of bytes, and the bytes taken out again. A payload holds its object in a
 * field of that object's name, beside its Object Type; what is made here is spread into a payload. Layer: kmip.
 */
import { UnsupportedError } from '../errors.ts';
import type { CryptographicAlgorithm, KeyFormatType, SecretDataType } from '../ttlv/index.ts';
import type { Extensible, Token } from './base.ts';
import type { KeyBlock, ObjectFields, OpaqueObject, SecretData, SymmetricKey } from './generated/structures.ts';

/** How a key object is described. */
export interface KeyOptions {
  /** Default `'Raw'`. */
  readonly format?: Token<typeof KeyFormatType>;
  /** Default `'AES'`. */
  readonly algorithm?: Token<typeof CryptographicAlgorithm>;
  /** Default: the length of the bytes. Differs for ciphers with parity bits. */
  readonly lengthBits?: number;
}

/**
 * Makes a symmetric key object.
 *
 * @param key the key's bytes: taken, not copied; they stay the caller's to wipe
 * @example
 * const payload = { ...symmetricKey(key), templateAttribute: { attribute: [attribute('Cryptographic Usage Mask', 12)] } };
 */
export function symmetricKey(
  key: Uint8Array,
  options: KeyOptions = {},
): { readonly objectType: 'SymmetricKey'; readonly symmetricKey: SymmetricKey } {
  const { format = 'Raw', algorithm = 'AES', lengthBits = 8 * key.length } = options;
  const transparent = format === 'TransparentSymmetricKey';
  const keyBlock: KeyBlock = {
    keyFormatType: format,
    keyValue: { keyMaterial: transparent ? { key } : key },
    cryptographicAlgorithm: algorithm,
    cryptographicLength: lengthBits,
  };
  return { objectType: 'SymmetricKey', symmetricKey: { keyBlock } };
}

/**
 * Makes a secret data object: a password or a seed. Its key block names no algorithm, since it has none.
 *
 * @param secret the bytes: taken, not copied
 * @param type default `'Password'`
 */
export function secretData(
  secret: Uint8Array,
  type: Token<typeof SecretDataType> = 'Password',
  format: Token<typeof KeyFormatType> = 'Opaque',
): { readonly objectType: 'SecretData'; readonly secretData: SecretData } {
  const keyBlock: KeyBlock = { keyFormatType: format, keyValue: { keyMaterial: secret } };
  return { objectType: 'SecretData', secretData: { secretDataType: type, keyBlock } };
}

/** The first Opaque Data Type: all of them are extensions. */
const OPAQUE_DATA_TYPE = 0x80000000;

/** Makes an opaque object: `value` is bytes that the server does not look at. They are taken, not copied. */
export function opaqueObject(
  value: Uint8Array,
  type: number = OPAQUE_DATA_TYPE,
): { readonly objectType: 'OpaqueObject'; readonly opaqueObject: OpaqueObject } {
  return { objectType: 'OpaqueObject', opaqueObject: { opaqueDataType: type, opaqueDataValue: value } };
}

/** The fields that hold objects with a key block. */
const WITH_KEY_BLOCK = ['symmetricKey', 'secretData', 'privateKey', 'publicKey', 'splitKey', 'pgpKey'] as const;

/** Finds the key block of the object in a payload; undefined for certificates, templates and opaque objects. */
export function keyBlockOf(payload: ObjectFields): KeyBlock | undefined {
  for (const field of WITH_KEY_BLOCK) if (payload[field] !== undefined) return payload[field].keyBlock;
  return undefined;
}

/** Puts another key block into the object of a payload; the payload given is not changed. */
export function withKeyBlock<P extends ObjectFields>(payload: P, keyBlock: KeyBlock): P {
  for (const field of WITH_KEY_BLOCK)
    if (payload[field] !== undefined) return { ...payload, [field]: { ...payload[field], keyBlock } };
  return payload;
}

/**
 * Takes the bytes out of the object in a payload: the key material of a key or secret, the value of a certificate or opaque object.
 *
 * @returns the object's own array, not a copy: what wipes the message wipes it
 * @throws {UnsupportedError} ERR_KMIP_WRAPPED (see `unwrapObject`), ERR_KMIP_KEY_FORMAT (no single byte string, such as an RSA key
 *   in transparent form), ERR_KMIP_NO_KEY_VALUE (the server keeps it elsewhere), ERR_KMIP_NO_OBJECT
 * @example
 * const key = keyMaterialOf(await client.request('Get', { uniqueIdentifier }));
 */
export function keyMaterialOf(payload: ObjectFields): Uint8Array {
  if (payload.opaqueObject !== undefined) return payload.opaqueObject.opaqueDataValue;
  if (payload.certificate !== undefined) return payload.certificate.certificateValue;
  const block = keyBlockOf(payload);
  if (block === undefined)
    throw new UnsupportedError('ERR_KMIP_NO_OBJECT', 'there is no object with bytes in this payload');
  const { keyValue } = block;
  if (keyValue instanceof Uint8Array || block.keyWrappingData !== undefined) throw wrapped(block);
  if (keyValue === undefined)
    throw new UnsupportedError(
      'ERR_KMIP_NO_KEY_VALUE',
      'the object came without its key value, which is kept elsewhere',
    );
  const { keyMaterial } = keyValue;
  if (keyMaterial instanceof Uint8Array) return keyMaterial;
  const { key } = keyMaterial as Extensible & { readonly key?: unknown };
  if (key instanceof Uint8Array) return key;
  throw new UnsupportedError(
    'ERR_KMIP_KEY_FORMAT',
    `a key of format ${block.keyFormatType} is not a single byte string`,
  );
}

function wrapped({ keyWrappingData }: KeyBlock): UnsupportedError {
  const by = keyWrappingData?.encryptionKeyInformation?.uniqueIdentifier;
  return new UnsupportedError(
    'ERR_KMIP_WRAPPED',
    by === undefined ? 'the key is wrapped' : `the key is wrapped with the key ${JSON.stringify(by)}`,
    undefined,
    { hint: 'ask for it without a Key Wrapping Specification, or unwrap it with unwrapObject' },
  );
}
