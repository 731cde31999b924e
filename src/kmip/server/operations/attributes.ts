/** Get Attributes, Get Attribute List, Add, Modify and Delete Attribute (KMIP 1.4, 4.12 to 4.16). */
import type { Attribute, UsageLimits } from '../../index.ts';
import { assertMayAdd, assertMayDelete, assertMayModify, isKnownIn } from '../attribute-rules.ts';
import { attributeFor, attributesFor } from '../attribute-version.ts';
import type { AttributeInstance } from '../attributes.ts';
import type { Context, Handler } from '../context.ts';
import { assertNameIsFree, type ManagedObject, openLiveObject, openObject, saveObject } from '../managed-object.ts';
import { freshLimits } from '../new-object.ts';
import { refuse } from '../refusal.ts';
import { settle } from '../state.ts';

/** Get Attributes: those named, in the order of the names; without names all. */
export const getAttributes: Handler<'GetAttributes'> = {
  run({ uniqueIdentifier, attributeName: names = [] }, context) {
    const object = openObject(context, uniqueIdentifier, 'read');
    if (new Set(names).size < names.length) refuse('InvalidMessage', 'an Attribute Name was given more than once');
    const instances = names.length === 0 ? ordered(object) : names.flatMap((name) => object.attributes.instances(name));
    return {
      uniqueIdentifier: object.uniqueIdentifier,
      attribute: attributesFor(context.version, instances),
    };
  },
};

/** Get Attribute List. */
export const getAttributeList: Handler<'GetAttributeList'> = {
  run({ uniqueIdentifier }, context) {
    const object = openObject(context, uniqueIdentifier, 'read');
    const names = new Set(ordered(object).map(({ name }) => name));
    const attributeName = [...names].filter((name) => isKnownIn(context.version, name));
    return { uniqueIdentifier: object.uniqueIdentifier, attributeName };
  },
};

/** Custom attributes first, then Unique Identifier and Object Type, then by name. */
function ordered(object: ManagedObject): AttributeInstance[] {
  const rank = ({ name }: AttributeInstance): number =>
    name.startsWith('x-') ? 0 : name === 'Unique Identifier' ? 1 : name === 'Object Type' ? 2 : 3;
  return [...object.attributes.all].sort(
    (a, b) => rank(a) - rank(b) || (rank(a) === 3 ? (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) : 0),
  );
}

/** Add Attribute. */
export const addAttribute: Handler<'AddAttribute'> = {
  run({ uniqueIdentifier, attribute }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'own');
    const { attributeName: name, attributeIndex = 0, attributeValue } = attribute;
    // The specification refuses any index here; some clients always send 0.
    if (attributeIndex !== 0) refuse('InvalidField', 'the index of a new instance is given by the server');
    assertMayAdd(object.attributes, name, context.version, context.now);
    checkName(context, object, attribute);
    const index = object.attributes.addAny(name, initial(name, attributeValue));
    return changed(context, object, name, index);
  },
};

/** Modify Attribute. */
export const modifyAttribute: Handler<'ModifyAttribute'> = {
  run({ uniqueIdentifier, attribute }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'own');
    const { attributeName: name, attributeValue } = attribute;
    const { index } = instanceOf(object, name, attribute.attributeIndex);
    assertMayModify(object.attributes, name, context.now);
    assertUntouched(object, name);
    checkName(context, object, attribute);
    object.attributes.replace(name, index, initial(name, attributeValue));
    if (name === 'Sensitive' && attributeValue === false) object.attributes.set('Always Sensitive', false);
    if (name === 'Extractable' && attributeValue === true) object.attributes.set('Never Extractable', false);
    return changed(context, object, name, index);
  },
};

/** Delete Attribute: answers with what was deleted. */
export const deleteAttribute: Handler<'DeleteAttribute'> = {
  run({ uniqueIdentifier, attributeName: name, attributeIndex }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'own');
    const instance = instanceOf(object, name, attributeIndex);
    assertMayDelete(name);
    assertUntouched(object, name);
    object.attributes.remove(name, instance.index);
    saveObject(context, object);
    return answer(context, object, instance);
  },
};

/** The instance that is meant: the one of the index, or without one the first. */
function instanceOf(object: ManagedObject, name: string, index: number | undefined): AttributeInstance {
  const found = index === undefined ? object.attributes.instances(name)[0] : object.attributes.instance(name, index);
  return found ?? refuse('ItemNotFound', 'the object has no such attribute, or no such instance of it');
}

function checkName(context: Context, object: ManagedObject, attribute: Attribute): void {
  if (attribute.attributeName !== 'Name') return;
  const { nameValue } = attribute.attributeValue as { readonly nameValue: string };
  if (object.attributes.values('Name').some((name) => name.nameValue === nameValue))
    refuse('IllegalOperation', 'the object has this name already');
  assertNameIsFree(context, object, nameValue, 'IllegalOperation');
}

function initial(name: string, value: unknown): unknown {
  return name === 'Usage Limits' ? freshLimits(value as UsageLimits) : value;
}

/** KMIP 1.4, 3.21: Usage Limits are fixed as soon as some of them has been allocated. */
function assertUntouched(object: ManagedObject, name: string): void {
  const limits = name === 'Usage Limits' ? object.attributes.get(name) : undefined;
  if (limits !== undefined && limits.usageLimitsCount !== limits.usageLimitsTotal)
    refuse('PermissionDenied', 'a part of the Usage Limits has been used');
}

/** A date that was set to the past fires at once; the answer shows the instance as it was set. */
function changed(context: Context, object: ManagedObject, name: string, index: number): ReturnType<typeof answer> {
  const { attributes } = object;
  const [activation, deactivation] = [attributes.get('Activation Date'), attributes.get('Deactivation Date')];
  if (name.endsWith('ctivation Date') && activation !== undefined && deactivation !== undefined)
    if (deactivation < activation) refuse('InvalidField', 'the Deactivation Date lies before the Activation Date');
  settle(attributes, context.now);
  saveObject(context, object);
  return answer(context, object, attributes.instance(name, index)!);
}

function answer(
  context: Context,
  object: ManagedObject,
  instance: AttributeInstance,
): { readonly uniqueIdentifier: string; readonly attribute: Attribute } {
  const attribute = attributeFor(context.version, instance);
  if (attribute === undefined)
    return refuse('InvalidField', 'this value cannot be said in this version of the protocol');
  return { uniqueIdentifier: object.uniqueIdentifier, attribute };
}
