/** Register (KMIP 1.4, 4.3): takes an object that the client has, of any type, in the clear or wrapped. */
import { type Attribute, type KeyBlock, type KeyValue, keyBlockOf, type ObjectFields } from '../../index.ts';
import { mayCreateWith } from '../attribute-rules.ts';
import type { AttributeSet } from '../attributes.ts';
import type { Context, Handler } from '../context.ts';
import { rawBytesOf } from '../crypto/key-format.ts';
import { assertUsageMask, makeObject } from '../new-object.ts';

import { objectFieldOf } from '../record-codec.ts';
import { refuse } from '../refusal.ts';
import { gatherAttributes } from '../template.ts';
import { unwrapBlock } from '../wrapping.ts';
import { keyLengthBytes } from './create.ts';

/** Register. */
export const register: Handler<'Register'> = {
  run({ objectType, templateAttribute, ...payload }, context) {
    const attributes = gatherAttributes(context, templateAttribute);
    const fields = admitObject(context, String(objectType), payload, attributes);
    if (NEED_MASK.has(objectType)) assertUsageMask(attributes);
    const uniqueIdentifier = makeObject(context, {
      objectType: String(objectType),
      attributes,
      fields,
      generated: false,
    });
    context.placeholder = uniqueIdentifier;
    return { uniqueIdentifier };
  },
};

/** Cryptographic Usage Mask is required with keys. [And with other objects: OASIS test cases register PGP keys and secrets without.] */
const NEED_MASK: ReadonlySet<string | number> = /* @__PURE__ */ new Set([
  'SymmetricKey',
  'PrivateKey',
  'PublicKey',
  'SplitKey',
]);

/** Checks an object that a client gives: it is of its type, its key is unwrapped where the server has the wrapping key. */
export function admitObject(
  context: Context,
  objectType: string,
  given: ObjectFields,
  attributes: AttributeSet,
): ObjectFields {
  const field = objectFieldOf(objectType);
  const object = given[field];
  if (object === undefined) return refuse('InvalidField', 'the object is not of the type that was given');
  const fields = { [field]: object } as ObjectFields;
  // A template may bear its name among the attributes that it is made of (OASIS test cases of KMIP 1.0).
  for (const { attributeName, attributeValue } of fields.template?.attribute ?? [])
    if (attributeName === 'Name') attributes.addAny(attributeName, attributeValue);
  const block = keyBlockOf(fields);
  if (block === undefined) return fields;
  const { attribute, ...plain } = splitAttributes(unwrapBlock(context, block));
  for (const { attributeName, attributeValue } of attribute)
    if (!attributes.has(attributeName) && mayCreateWith(attributeName, context.version))
      attributes.addAny(attributeName, attributeValue);
  const keyBlock = objectType === 'SymmetricKey' ? completeSymmetric(plain, attributes) : plain;
  return { [field]: { ...(object as object), keyBlock } };
}

/** Takes the attributes out of a Key Value: they are the object's. */
function splitAttributes(block: KeyBlock): KeyBlock & { readonly attribute: readonly Attribute[] } {
  if (block.keyValue === undefined || block.keyValue instanceof Uint8Array) return { ...block, attribute: [] };
  const { attribute = [], ...keyValue } = block.keyValue as KeyValue;
  return { ...block, keyValue, attribute };
}

/** Algorithm and length of a symmetric key stand in its key block, or else among the attributes given with it. */
function completeSymmetric(block: KeyBlock, attributes: AttributeSet): KeyBlock {
  const algorithm = block.cryptographicAlgorithm ?? attributes.get('Cryptographic Algorithm');
  const bits = block.cryptographicLength ?? attributes.get('Cryptographic Length');
  if (algorithm === undefined || bits === undefined)
    return refuse('InvalidField', 'a symmetric key needs a Cryptographic Algorithm and a Cryptographic Length');
  const { keyValue } = block;
  const complete = { ...block, cryptographicAlgorithm: algorithm, cryptographicLength: bits };
  if (keyValue === undefined || keyValue instanceof Uint8Array) return complete;
  const bytes = rawBytesOf({ format: block.keyFormatType, material: keyValue.keyMaterial as Uint8Array });
  if (bytes.length !== keyLengthBytes(algorithm, bits))
    refuse('InvalidField', 'the key does not have the length that its key block says');
  return complete;
}
