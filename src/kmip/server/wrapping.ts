/**
 * Key wrapping under a managed key (KMIP 1.4, 2.1.5 and 2.1.6; RFC 3394, RFC 5649): what Get and Export hand out wrapped, and Register
 * and Import take in. A key that comes wrapped under a key of this server is unwrapped and kept like any other; under an unknown one
 * it is kept, and given back, as it came. Layer: kmip/server, Node only.
 */
import { KeywardError } from '../../errors.ts';
import { CryptographicUsageMask } from '../../ttlv/index.ts';
import {
  type Attribute,
  type CryptographicParameters,
  type EncryptionKeyInformation,
  type KeyBlock,
  type KeyValue,
  type KeyWrappingSpecification,
  unwrapKeyBlock,
  type WrapMode,
  wrapKeyBlock,
} from '../index.ts';
import type { Context } from './context.ts';
import { assertUsage, spend } from './key-use.ts';
import { type ManagedObject, openLiveObject } from './managed-object.ts';
import { keepBytes, secretBytesOf } from './object-material.ts';
import { Refusal, refuse } from './refusal.ts';

/**
 * Wraps the key of a key block as a client asks.
 *
 * @param attributes those to be wrapped with the key, in the client's version
 */
export function wrapBlock(
  context: Context,
  block: KeyBlock,
  specification: KeyWrappingSpecification,
  attributes: readonly Attribute[],
): KeyBlock {
  const { wrappingMethod, encryptionKeyInformation, encodingOption } = specification;
  if (wrappingMethod !== 'Encrypt' || specification.macSignatureKeyInformation !== undefined)
    refuse('FeatureNotSupported', 'keys are wrapped by encryption alone');
  if (encryptionKeyInformation === undefined)
    return refuse('InvalidField', 'the Encryption Key Information is missing');
  if (block.keyWrappingData !== undefined) refuse('IllegalOperation', 'the key is wrapped already');
  if (block.keyValue === undefined || block.keyValue instanceof Uint8Array)
    return refuse('KeyValueNotPresent', 'the server does not hold the value of this key');
  const kek = openLiveObject(context, encryptionKeyInformation.uniqueIdentifier, 'own');
  assertUsage(context, kek, CryptographicUsageMask.WrapKey, 'protect');
  const { blockCipherMode } = parametersOf(kek, encryptionKeyInformation);
  assertEncoding(block.keyValue, encodingOption, attributes);
  const wrapped = guarded(() =>
    wrapKeyBlock(secretBytesOf(context, kek), block, {
      encryptionKeyInformation,
      mode: modeOf(blockCipherMode),
      attribute: attributes,
      version: context.version,
      ...(encodingOption === 'NoEncoding' && { encodingOption }),
    }),
  );
  spend(context, kek, plainBytesOf(wrapped));
  // Nothing is said of the encoding that was not asked: clients of 1.0 and some later ones do not know it.
  const said = encodingOption === undefined ? {} : { encodingOption };
  return { ...wrapped, keyWrappingData: { wrappingMethod, encryptionKeyInformation, ...said } };
}

/** What was wrapped, as Usage Limits count it: RFC 3394 and RFC 5649 make 8 bytes more of it, padding counted as a part of it. */
function plainBytesOf({ keyValue }: KeyBlock): number {
  return keyValue instanceof Uint8Array ? keyValue.length - WRAP_OVERHEAD_BYTES : 0;
}

const WRAP_OVERHEAD_BYTES = 8;

function assertEncoding(
  { keyMaterial }: KeyValue,
  encodingOption: KeyWrappingSpecification['encodingOption'],
  attributes: readonly Attribute[],
): void {
  if (encodingOption === 'NoEncoding' && (!(keyMaterial instanceof Uint8Array) || attributes.length > 0))
    refuse('EncodingOptionError', 'only bytes without attributes can be wrapped without encoding');
}

/** Unwraps the key of a key block, if it is wrapped and the server has the wrapping key. */
export function unwrapBlock(context: Context, block: KeyBlock): KeyBlock {
  const { keyWrappingData } = block;
  const information = keyWrappingData?.encryptionKeyInformation;
  if (keyWrappingData === undefined) {
    if (block.keyValue instanceof Uint8Array) refuse('InvalidField', 'a Key Value of bytes needs Key Wrapping Data');
    return block;
  }
  const stored = information && context.transaction.get(information.uniqueIdentifier);
  // Another client's key is as good as unknown: whether there is one is not told.
  if (information === undefined || stored === undefined || stored.owner !== context.client.owner) return block;
  if (!(block.keyValue instanceof Uint8Array)) return refuse('InvalidField', 'the Key Value is not wrapped');
  if (keyWrappingData.wrappingMethod !== 'Encrypt')
    refuse('FeatureNotSupported', 'keys are unwrapped by decryption alone');
  const kek = openLiveObject(context, information.uniqueIdentifier, 'own');
  assertUsage(context, kek, CryptographicUsageMask.UnwrapKey, 'process');
  const { blockCipherMode } = parametersOf(kek, information);
  const plain = guarded(() => unwrapKeyBlock(secretBytesOf(context, kek), block, { mode: modeOf(blockCipherMode) }));
  keepBytes(context, plain.keyValue);
  return plain;
}

/**
 * The parameters to wrap with: those asked for, which must be among the wrapping key's; without any, its first (KMIP 1.4, 2.1.6).
 *
 * [A wrapping key without Cryptographic Parameters takes those asked for: nothing in it forbids them, and PyKMIP's clients set none.]
 */
function parametersOf(kek: ManagedObject, information: EncryptionKeyInformation): CryptographicParameters {
  const own = kek.attributes.values('Cryptographic Parameters');
  const asked = information.cryptographicParameters;
  if (asked === undefined) return own[0] ?? refuse('ItemNotFound', 'the wrapping key has no Cryptographic Parameters');
  const fits = own.length === 0 || own.some((one) => contains(one, asked));
  return fits ? asked : refuse('ItemNotFound', 'the wrapping key does not have these Cryptographic Parameters');
}

function contains(own: CryptographicParameters, asked: CryptographicParameters): boolean {
  const fields = own as Readonly<Record<string, unknown>>;
  return Object.entries(asked).every(([name, value]) => fields[name] === value);
}

function modeOf(mode: CryptographicParameters['blockCipherMode']): WrapMode {
  return mode === 'NISTKeyWrap' || mode === 'AESKeyWrapPadding'
    ? mode
    : refuse('CryptographicFailure', 'keys are wrapped by AES key wrap (RFC 3394, RFC 5649)');
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof KeywardError)) throw error;
    return refuse('CryptographicFailure', 'these bytes cannot be wrapped or unwrapped with this key');
  }
}
