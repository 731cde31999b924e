/**
 * Get and Export (KMIP 1.4, 4.11 and 4.44): hand out an object, in the format asked for, in the clear or wrapped. Export, of 1.4, hands
 * out all attributes with it. Layer: kmip/server, Node only.
 */
import {
  type ExportRequestPayload,
  type GetRequestPayload,
  type KeyBlock,
  keyBlockOf,
  type ObjectFields,
} from '../../index.ts';
import { attributesFor } from '../attribute-version.ts';
import type { Context, Handler } from '../context.ts';
import { convertKeyBlock } from '../key-block.ts';
import { type ManagedObject, openLiveObject, saveObject } from '../managed-object.ts';
import { objectFields } from '../object-material.ts';
import { objectFieldOf } from '../record-codec.ts';
import { refuse } from '../refusal.ts';
import { wrapBlock } from '../wrapping.ts';

/** Get. */
export const get: Handler<'Get'> = {
  run(payload, context) {
    const object = openLiveObject(context, payload.uniqueIdentifier, 'read');
    const fields = handOut(context, object, payload);
    const { uniqueIdentifier } = object;
    return { objectType: object.objectType as 'SymmetricKey', uniqueIdentifier, ...fields };
  },
};

/** Export. */
export const exportObject: Handler<'Export'> = {
  run(payload, context) {
    const object = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier, objectType } = object;
    const fields = handOut(context, object, payload);
    // As they are now: a key that wraps itself has used up some of its limits.
    const { attributes } = openLiveObject(context, uniqueIdentifier, 'own');
    const attribute = attributesFor(context.version, attributes.all);
    return { objectType: objectType as 'SymmetricKey', uniqueIdentifier, attribute, ...fields };
  },
};

/** The object as its client wants it. It is not fresh from now on. */
function handOut(
  context: Context,
  object: ManagedObject,
  payload: GetRequestPayload | ExportRequestPayload,
): ObjectFields {
  const fields = objectFields(context, object);
  const block = keyBlockOf(fields);
  assertMayLeave(object, payload.keyWrappingSpecification !== undefined || block?.keyWrappingData !== undefined);
  // Before the key is wrapped, which changes the wrapping key: that may be this one.
  markServed(context, object);
  if (block === undefined) {
    if (payload.keyWrappingSpecification !== undefined) refuse('InvalidField', 'only keys can be wrapped');
    return fields;
  }
  if (payload.keyCompressionType !== undefined && payload.keyCompressionType !== 'ECPublicKeyTypeUncompressed')
    refuse('KeyCompressionTypeNotSupported', 'keys are not compressed here');
  const given = giveBlock(context, object, block, payload);
  const field = objectFieldOf(object.objectType);
  return { [field]: { ...(fields[field] as object), keyBlock: given } };
}

function giveBlock(
  context: Context,
  object: ManagedObject,
  block: KeyBlock,
  payload: GetRequestPayload | ExportRequestPayload,
): KeyBlock {
  const { keyWrappingSpecification: specification, keyFormatType } = payload;
  const wrappedAlready = block.keyWrappingData !== undefined;
  if (payload.keyWrapType === 'NotWrapped' && wrappedAlready)
    refuse('FeatureNotSupported', 'the server cannot unwrap this key');
  if (payload.keyWrapType === 'AsRegistered' && specification !== undefined)
    refuse('InvalidField', 'Key Wrap Type As Registered excludes a Key Wrapping Specification');
  const converted = convertKeyBlock(context, object.objectType, block, keyFormatType);
  if (specification === undefined) return converted;
  const names = specification.attributeName ?? [];
  const wanted = object.attributes.all.filter(({ name }) => names.includes(name));
  return wrapBlock(context, converted, specification, attributesFor(context.version, wanted));
}

/** KMIP 1.4, 3.48 and 3.50: a sensitive key leaves wrapped only, one that is not extractable never. */
function assertMayLeave({ attributes }: ManagedObject, wrapped: boolean): void {
  if (attributes.get('Extractable') === false) refuse('NotExtractable', 'the object is not extractable');
  if (attributes.get('Sensitive') === true && !wrapped)
    refuse('Sensitive', 'the object is sensitive: ask for it wrapped');
}

/** KMIP 1.4, 3.34: an object is fresh until it has been handed out. */
function markServed(context: Context, object: ManagedObject): void {
  if (object.attributes.get('Fresh') !== true || object.owner !== context.client.owner) return;
  object.attributes.set('Fresh', false);
  saveObject(context, object);
}
