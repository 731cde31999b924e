/**
 * How an object is kept in its record: attributes as a Template-Attribute structure, the object itself as its own structure, both in
 * the encoding of KMIP 1.4, so that what is on the disk is described by a public specification. Layer: kmip/server, Node only.
 */
import { readTtlv, Tag } from '../../ttlv/index.ts';
import { type Attribute, decodeStructure, encodeStructure, type KeyBlock, type ObjectFields } from '../index.ts';
import type { AttributeInstance } from './attributes.ts';
import { refuse } from './refusal.ts';

/** Attributes as bytes: their order and indices are kept. */
export function encodeAttributes(instances: readonly AttributeInstance[]): Uint8Array<ArrayBuffer> {
  const attribute = instances.map(({ name, index, value }) => ({
    attributeName: name,
    attributeIndex: index,
    attributeValue: value,
  }));
  return encodeStructure('TemplateAttribute', { attribute: attribute as Attribute[] });
}

/** Reads what `encodeAttributes` wrote. */
export function decodeAttributes(bytes: Uint8Array): AttributeInstance[] {
  const { attribute = [] } = decodeStructure('TemplateAttribute', bytes);
  return attribute.map(({ attributeName, attributeIndex, attributeValue }) => ({
    name: attributeName,
    index: attributeIndex ?? 0,
    value: attributeValue,
  }));
}

/** The field of a message in which an object of a type stands. */
export type ObjectField = Exclude<keyof ObjectFields, 'unknown'>;

/** That field, by Object Type token. */
export function objectFieldOf(objectType: string | number): ObjectField {
  return OBJECT_FIELDS[objectType] ?? refuse('InvalidField', 'this object type is not known');
}

/** An object's structure as bytes; they hold its key, and are the caller's to wipe. */
export function encodeObject(objectType: string, fields: ObjectFields): Uint8Array<ArrayBuffer> {
  const value = fields[objectFieldOf(objectType)];
  if (value === undefined) return refuse('InvalidField', 'the object is not of the type that was given');
  return encodeStructure(objectType as 'SymmetricKey', value as never);
}

/** Reads what `encodeObject` wrote; the byte strings are the caller's to wipe. */
export function decodeObject(objectType: string, bytes: Uint8Array): ObjectFields {
  return { [objectFieldOf(objectType)]: decodeStructure(objectType as 'SymmetricKey', bytes) };
}

/** The Key Material item of a key block, header included; the caller's to wipe. */
export function encodeMaterial(block: KeyBlock): Uint8Array<ArrayBuffer> {
  const { keyFormatType, keyValue } = block;
  const bytes = encodeStructure('KeyBlock', { keyFormatType, ...(keyValue !== undefined && { keyValue }) });
  const item = readTtlv(bytes, (m) => {
    const found = m.child(m.child(m.root, Tag.KeyValue), Tag.KeyMaterial);
    const start = m.offset(found);
    // A Byte String is padded to a multiple of 8; a structure is one.
    return bytes.slice(start, start + 8 + Math.ceil(m.lengthBytes(found) / 8) * 8);
  });
  bytes.fill(0);
  return item;
}

const OBJECT_FIELDS: Readonly<Record<string, ObjectField>> = {
  Certificate: 'certificate',
  SymmetricKey: 'symmetricKey',
  PublicKey: 'publicKey',
  PrivateKey: 'privateKey',
  SplitKey: 'splitKey',
  Template: 'template',
  SecretData: 'secretData',
  OpaqueObject: 'opaqueObject',
  PGPKey: 'pgpKey',
};
