/** Payloads and attributes that the tests of the engine share. */
import type { Attribute, CreateRequestPayload, RegisterRequestPayload } from '../../../src/kmip/index.ts';
import type { Bench, SendOptions } from './engine-support.ts';

/** Attributes by name; an array stands for several instances. */
export type AttributeMap = Readonly<Record<string, unknown>>;

/** Attributes of a message from a map. */
export function attributes(map: AttributeMap): Attribute[] {
  return Object.entries(map).flatMap(([attributeName, value]) =>
    (Array.isArray(value) ? value : [value]).map((attributeValue) => ({ attributeName, attributeValue }) as Attribute),
  );
}

/** A Name. */
export function name(nameValue: string): { readonly nameValue: string; readonly nameType: 'UninterpretedTextString' } {
  return { nameValue, nameType: 'UninterpretedTextString' };
}

/** The payload of Create for an AES-256 key to encrypt and decrypt with. */
export function aesKey(more: AttributeMap = {}): CreateRequestPayload {
  return {
    objectType: 'SymmetricKey',
    templateAttribute: {
      attribute: attributes({
        'Cryptographic Algorithm': 'AES',
        'Cryptographic Length': 256,
        'Cryptographic Usage Mask': 12,
        ...more,
      }),
    },
  };
}

/** The payload of Register for a symmetric key. */
export function knownKey(bytes: Uint8Array, more: AttributeMap = {}, algorithm = 'AES'): RegisterRequestPayload {
  return {
    objectType: 'SymmetricKey',
    templateAttribute: { attribute: attributes({ 'Cryptographic Usage Mask': 12, ...more }) },
    symmetricKey: {
      keyBlock: {
        keyFormatType: 'Raw',
        keyValue: { keyMaterial: bytes },
        cryptographicAlgorithm: algorithm as 'AES',
        cryptographicLength: bytes.length * 8,
      },
    },
  };
}

/** The Revocation Reason of a Revoke. */
export function revocation(code: 'KeyCompromise' | 'CACompromise' | 'CessationOfOperation' | 'Unspecified'): {
  readonly revocationReason: { readonly revocationReasonCode: typeof code };
} {
  return { revocationReason: { revocationReasonCode: code } };
}

/** An attribute of an object; undefined when it has none. */
export async function attributeOf(
  bench: Bench,
  uniqueIdentifier: string,
  attributeName: string,
  options?: SendOptions,
): Promise<unknown> {
  const { attribute } = await bench.ok('GetAttributes', { uniqueIdentifier, attributeName: [attributeName] }, options);
  return attribute?.[0]?.attributeValue;
}

/** The State of an object. */
export async function stateOf(bench: Bench, uniqueIdentifier: string): Promise<string> {
  return String(await attributeOf(bench, uniqueIdentifier, 'State'));
}

/** The bytes of a symmetric key. */
export async function keyOf(bench: Bench, uniqueIdentifier: string, options?: SendOptions): Promise<Uint8Array> {
  const { symmetricKey } = await bench.ok('Get', { uniqueIdentifier }, options);
  const value = symmetricKey?.keyBlock.keyValue;
  if (value === undefined || value instanceof Uint8Array) throw new Error('no key in the clear');
  return value.keyMaterial as Uint8Array;
}
