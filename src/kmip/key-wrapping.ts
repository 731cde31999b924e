/**
 * Keys wrapped inside of messages (KMIP 1.4, sections 2.1.5 and 2.1.6): a Key Block whose Key Value is a byte string, and Key Wrapping
 * Data that says how it came to be. The wrapping itself is the core's: RFC 3394 (NIST Key Wrap) or RFC 5649 (with padding).
 *
 *   Encoding Option   what is wrapped
 *   No Encoding       the bytes of Key Material alone; nothing else of the Key Value
 *   TTLV Encoding     the whole Key Value item with its header, attributes included; what holds when nothing is said
 *
 * Only the method Encrypt is done; MACs and signatures over keys are not. Layer: kmip.
 */
import { type Kek, type KeyBytes, unwrapKey, unwrapKeyPadded, wrapKey, wrapKeyPadded } from '../core/index.ts';
import { UnsupportedError, UsageError } from '../errors.ts';
import type { Attribute } from './attribute.ts';
import type { KmipVersion } from './base.ts';
import type { EncryptionKeyInformation, KeyBlock, KeyValue, ObjectFields } from './generated/structures.ts';
import { decodeKeyValue, encodeKeyValue } from './key-value.ts';
import { keyBlockOf, withKeyBlock } from './object.ts';

/** The modes of wrapping that the core has. */
export type WrapMode = 'NISTKeyWrap' | 'AESKeyWrapPadding';

/** How a key is wrapped. */
export interface WrapOptions {
  /** Names the wrapping key, and the mode if the receiver is to be told it. */
  readonly encryptionKeyInformation: EncryptionKeyInformation;
  /** What the wrapping key is used with when its information says nothing. Default `'NISTKeyWrap'`. */
  readonly mode?: WrapMode;
  /** Default `'TTLVEncoding'`. */
  readonly encodingOption?: 'NoEncoding' | 'TTLVEncoding';
  /** Attributes to wrap with the key; with TTLV Encoding only. Default: those that its Key Value holds. */
  readonly attribute?: readonly Attribute[];
  /** Of the message that the key will travel in. Default `'1.4'`; 1.0 has no Encoding Option. */
  readonly version?: KmipVersion;
}

/** How a key is unwrapped. */
export interface UnwrapOptions {
  /** The mode when the Key Wrapping Data do not tell it. Default `'NISTKeyWrap'`. */
  readonly mode?: WrapMode;
}

/**
 * Wraps the key in the object of a payload. The payload given is not changed.
 *
 * @param kek 16, 24 or 32 bytes, or a handle from `importKek`
 * @throws {UsageError} ERR_KMIP_ENCODING: No Encoding of what is more than bytes; ERR_KMIP_WRAPPED: wrapped already; ERR_LENGTH, ERR_KEY_LENGTH
 * @throws {UnsupportedError} ERR_KMIP_WRAP_MODE, ERR_KMIP_NO_KEY_VALUE, ERR_KMIP_NO_OBJECT
 */
export function wrapObject<P extends ObjectFields>(kek: KeyBytes | Kek, payload: P, options: WrapOptions): P {
  return withKeyBlock(payload, wrapKeyBlock(kek, blockOf(payload), options));
}

/**
 * Unwraps the key in the object of a payload, by what its Key Wrapping Data say. The payload given is not changed; one that is not wrapped
 * comes back as it is.
 *
 * @param kek 16, 24 or 32 bytes, or a handle from `importKek`
 * @throws {AuthenticationError} ERR_INTEGRITY: wrong KEK, or the bytes were changed
 * @throws {UnsupportedError} ERR_KMIP_WRAP_MODE, ERR_KMIP_WRAP_METHOD, ERR_KMIP_NO_OBJECT
 * @throws {FormatError} ERR_TTLV_…, ERR_KMIP_…: what was wrapped is not a Key Value
 * @example
 * using kek = importKek(bytes);
 * const key = keyMaterialOf(unwrapObject(kek, payload));
 */
export function unwrapObject<P extends ObjectFields>(kek: KeyBytes | Kek, payload: P, options: UnwrapOptions = {}): P {
  return withKeyBlock(payload, unwrapKeyBlock(kek, blockOf(payload), options));
}

/** Wraps a Key Block. @throws as `wrapObject` */
export function wrapKeyBlock(kek: KeyBytes | Kek, block: KeyBlock, options: WrapOptions): KeyBlock {
  const { encryptionKeyInformation, encodingOption = 'TTLVEncoding', version = '1.4' } = options;
  const { keyValue } = block;
  if (keyValue === undefined)
    throw new UnsupportedError('ERR_KMIP_NO_KEY_VALUE', 'a key block without its key value cannot be wrapped');
  if (keyValue instanceof Uint8Array || block.keyWrappingData !== undefined)
    throw new UsageError('ERR_KMIP_WRAPPED', 'the key is wrapped already');
  if (version === '1.0' && encodingOption === 'NoEncoding')
    throw new UsageError('ERR_KMIP_VERSION', 'encodingOption: came with KMIP 1.1; this key is for 1.0');
  const wrap = modeOf(encryptionKeyInformation, options.mode) === 'AESKeyWrapPadding' ? wrapKeyPadded : wrapKey;
  const keyWrappingData = {
    wrappingMethod: 'Encrypt' as const,
    encryptionKeyInformation,
    ...(version !== '1.0' && { encodingOption }),
  };
  if (encodingOption === 'NoEncoding')
    return { ...block, keyValue: wrap(kek, materialAlone(keyValue, options.attribute)), keyWrappingData };
  const attribute = options.attribute ?? keyValue.attribute;
  const whole = { ...keyValue, ...(attribute !== undefined && { attribute }) };
  const plain = encodeKeyValue(whole, block.keyFormatType, version);
  try {
    return { ...block, keyValue: wrap(kek, plain), keyWrappingData };
  } finally {
    plain.fill(0);
  }
}

/** Unwraps a Key Block; one that is not wrapped comes back as it is. @throws as `unwrapObject` */
export function unwrapKeyBlock(kek: KeyBytes | Kek, block: KeyBlock, options: UnwrapOptions = {}): KeyBlock {
  const { keyValue, keyWrappingData, ...rest } = block;
  if (keyWrappingData === undefined && !(keyValue instanceof Uint8Array)) return block;
  if (!(keyValue instanceof Uint8Array) || keyWrappingData === undefined)
    throw new UnsupportedError(
      'ERR_KMIP_WRAP_METHOD',
      'only the key or only its description came: it cannot be unwrapped',
    );
  const { wrappingMethod, encryptionKeyInformation, encodingOption = 'TTLVEncoding' } = keyWrappingData;
  if (wrappingMethod !== 'Encrypt')
    throw new UnsupportedError('ERR_KMIP_WRAP_METHOD', `the wrapping method ${wrappingMethod} is not supported`);
  const unwrap = modeOf(encryptionKeyInformation, options.mode) === 'AESKeyWrapPadding' ? unwrapKeyPadded : unwrapKey;
  const plain = unwrap(kek, keyValue);
  if (encodingOption === 'NoEncoding') return { ...rest, keyValue: { keyMaterial: plain } };
  try {
    return { ...rest, keyValue: decodeKeyValue(plain, block.keyFormatType) };
  } finally {
    plain.fill(0);
  }
}

function blockOf(payload: ObjectFields): KeyBlock {
  const block = keyBlockOf(payload);
  if (block === undefined)
    throw new UnsupportedError('ERR_KMIP_NO_OBJECT', 'there is no object with a key in this payload');
  return block;
}

/** The mode that the parameters name; without any, that of the wrapping key's own, which the caller knows. */
function modeOf(information: EncryptionKeyInformation | undefined, fallback: WrapMode = 'NISTKeyWrap'): WrapMode {
  const mode = information?.cryptographicParameters?.blockCipherMode ?? fallback;
  if (mode === 'NISTKeyWrap' || mode === 'AESKeyWrapPadding') return mode;
  throw new UnsupportedError('ERR_KMIP_WRAP_MODE', `keys wrapped in the mode ${mode} are not supported`);
}

function materialAlone(
  { keyMaterial, attribute: own = [] }: KeyValue,
  attribute: readonly Attribute[] = own,
): Uint8Array {
  if (!(keyMaterial instanceof Uint8Array) || attribute.length > 0)
    throw new UsageError(
      'ERR_KMIP_ENCODING',
      'without encoding only bytes can be wrapped: no transparent key, no attributes',
    );
  return keyMaterial;
}
