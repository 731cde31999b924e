/**
 * The object inside a record: its key block, certificate or value, unwrapped for one operation and wiped with it.
 * Layer: kmip/server, Node only.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type KeyBlock, keyBlockOf, type ObjectFields, wipeMessage } from '../index.ts';
import type { Context } from './context.ts';
import { bounded, type FormattedKey, privateKeyOf, publicKeyOf, rawBytesOf } from './crypto/key-format.ts';
import type { ManagedObject } from './managed-object.ts';
import { decodeObject } from './record-codec.ts';
import { refuse } from './refusal.ts';
import type { StoredObject } from './store.ts';

/** The bytes of an object's structure, wiped with the context; null when it has none. */
export function objectBytes(context: Context, stored: StoredObject): Uint8Array<ArrayBuffer> | null {
  const bytes = context.transaction.material(stored);
  return bytes === null ? null : context.wipeLater(bytes);
}

/** An object's structure. Its byte strings are wiped with the context. */
export function objectFields(context: Context, object: ManagedObject): ObjectFields {
  const bytes = objectBytes(context, object.stored);
  if (bytes === null) return refuse('ItemNotFound', 'the object has nothing in it');
  const fields = decodeObject(object.objectType, bytes);
  keepBytes(context, fields);
  return fields;
}

/** Gives every byte string of a structure to the context to be wiped. */
export function keepBytes(context: Context, value: unknown): void {
  context.onWipe(() => wipeMessage(value));
}

/** The key in a key block. Refuses one that is wrapped, or not there. */
export function formattedKeyOf(block: KeyBlock | undefined): FormattedKey {
  if (block === undefined) return refuse('InvalidField', 'the object is no key');
  if (block.keyWrappingData !== undefined || block.keyValue instanceof Uint8Array)
    return refuse('PermissionDenied', 'the key is kept wrapped, under a key that the server does not have');
  if (block.keyValue === undefined)
    return refuse('KeyValueNotPresent', 'the server does not hold the value of this key');
  return { format: block.keyFormatType, material: block.keyValue.keyMaterial as FormattedKey['material'] };
}

/** The bytes of a symmetric key or secret, lent for the operation. */
export function secretBytesOf(context: Context, object: ManagedObject): Uint8Array {
  return rawBytesOf(formattedKeyOf(keyBlockOf(objectFields(context, object))));
}

/** The private key of an object, for OpenSSL. */
export function opensslPrivateKey(context: Context, object: ManagedObject): KeyObject {
  if (object.objectType !== 'PrivateKey') return refuse('InvalidField', 'the object is no private key');
  return privateKeyOf(formattedKeyOf(keyBlockOf(objectFields(context, object))));
}

/** The public key of an object, for OpenSSL; of a private key, its public half; of a certificate, the key in it. */
export function opensslPublicKey(context: Context, object: ManagedObject): KeyObject {
  const fields = objectFields(context, object);
  const { certificate } = fields;
  if (certificate !== undefined) return bounded(() => new X509Certificate(certificate.certificateValue).publicKey);
  const key = formattedKeyOf(keyBlockOf(fields));
  if (object.objectType === 'PublicKey') return publicKeyOf(key);
  return object.objectType === 'PrivateKey'
    ? createPublicKey(privateKeyOf(key))
    : refuse('InvalidField', 'the object is no public key');
}
