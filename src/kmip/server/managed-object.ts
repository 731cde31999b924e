/**
 * A managed object as operations see it: opened from the store with the dates that have come fired, changed on a copy, saved with its
 * index entries. Layer: kmip/server, Node only.
 */
import type { AttributeValues } from '../index.ts';
import { type Access, isPublic, mayAccess } from './access.ts';
import { AttributeSet, textOf } from './attributes.ts';
import type { Context } from './context.ts';
import { decodeAttributes, encodeAttributes } from './record-codec.ts';
import { refuse } from './refusal.ts';
import { isDestroyed, settle } from './state.ts';
import type { IndexEntry, StoredObject } from './store.ts';

/** An object, open. */
export interface ManagedObject {
  readonly uniqueIdentifier: string;
  readonly owner: string;
  /** Object Type token. */
  readonly objectType: string;
  /** A copy: changed freely, kept by `saveObject`. Unique Identifier and Object Type are among them. */
  readonly attributes: AttributeSet;
  readonly stored: StoredObject;
}

/** Opens the object that an operation names, or the one in the ID Placeholder. Refuses what the client may not do to it. */
export function openObject(context: Context, identifier: string | undefined, access: Access): ManagedObject {
  const uniqueIdentifier = identifier ?? context.placeholder;
  if (uniqueIdentifier === undefined)
    return refuse('ItemNotFound', 'no Unique Identifier was given, and no earlier item left one');
  const stored = context.transaction.get(uniqueIdentifier);
  if (stored === undefined) return refuse('ItemNotFound', 'no object has this Unique Identifier');
  if (!mayAccess(context.client, stored, access)) refuse('PermissionDenied', 'the object belongs to another client');
  return viewObject(stored, context.now);
}

/** As `openObject`, for operations on the object itself: it must be neither destroyed nor archived. */
export function openLiveObject(context: Context, identifier: string | undefined, access: Access): ManagedObject {
  const object = openObject(context, identifier, access);
  if (isDestroyed(object.attributes)) refuse('ItemNotFound', 'the object was destroyed');
  if (object.attributes.has('Archive Date')) refuse('ObjectArchived', 'the object is archived');
  return object;
}

/** A stored object with the dates fired that have come by `now`. */
export function viewObject(stored: StoredObject, now: bigint): ManagedObject {
  const { uniqueIdentifier, owner, objectType } = stored;
  const attributes = attributesOf(stored).copy();
  settle(attributes, now);
  return { uniqueIdentifier, owner, objectType, attributes, stored };
}

const decoded = /* @__PURE__ */ new WeakMap<StoredObject, AttributeSet>();

/** The attributes as stored; shared, not to be changed. */
function attributesOf(stored: StoredObject): AttributeSet {
  let attributes = decoded.get(stored);
  if (attributes === undefined) {
    attributes = new AttributeSet([
      { name: 'Unique Identifier', index: 0, value: stored.uniqueIdentifier },
      { name: 'Object Type', index: 0, value: stored.objectType },
      ...decodeAttributes(stored.attributes),
    ]);
    decoded.set(stored, attributes);
  }
  return attributes;
}

/** A new object, not stored yet. */
export interface NewObject {
  readonly uniqueIdentifier: string;
  readonly owner: string;
  readonly objectType: string;
  readonly attributes: AttributeSet;
}

/**
 * Saves an object and sets its Last Change Date.
 *
 * @param material the object's structure as bytes, the caller's to wipe; null to drop it; left out to keep it
 */
export function saveObject(context: Context, object: NewObject, material?: Uint8Array | null): void {
  const { uniqueIdentifier, owner, objectType, attributes } = object;
  attributes.set('Last Change Date', context.now);
  context.transaction.put({
    uniqueIdentifier,
    owner,
    objectType,
    attributes: encodeAttributes(attributes.all.filter((one) => !(one.name in IN_RECORD))),
    index: indexOf(object),
    ...(material !== undefined && { material }),
  });
}

/** What the record itself says. */
const IN_RECORD: Readonly<Record<string, true>> = { 'Unique Identifier': true, 'Object Type': true };

/** Longest text that is indexed; longer ones are found by looking at each object. */
export const MAX_INDEXED_LENGTH = 512;

/** The owner part of index entries for everyone: no client has an empty name. */
export const EVERYONE = '';

/** An index value: whose, and what. */
export function indexValue(owner: string, ...parts: readonly string[]): string {
  return [owner, ...parts].join('\0');
}

/** The index entries of an object: by owner, and for everyone when it is public. A destroyed object has none. */
function indexOf({ owner, objectType, attributes }: NewObject): IndexEntry[] {
  if (isDestroyed(attributes)) return [];
  const owners = isPublic(objectType) ? [owner, EVERYONE] : [owner];
  const found: IndexEntry[] = [];
  for (const { name, value } of [{ name: 'Object Type', value: objectType }, ...attributes.all]) {
    const keys = indexKeyOf(name, value);
    if (keys !== undefined) for (const whose of owners) found.push([keys.index, indexValue(whose, keys.value)]);
  }
  return found;
}

/** Where an attribute of this value is indexed; undefined for those that are not. */
export function indexKeyOf(
  name: string,
  value: unknown,
): { readonly index: string; readonly value: string } | undefined {
  const text = INDEXED[name]?.(value as never) ?? (name.startsWith('x-') ? textOf(value) : undefined);
  return text === undefined || text.length > MAX_INDEXED_LENGTH
    ? undefined
    : { index: name in INDEXED ? name : 'custom', value: name in INDEXED ? text : `${name}\0${text}` };
}

const INDEXED: Readonly<Record<string, (value: never) => string | undefined>> = {
  'Object Type': (value: AttributeValues['Object Type']) => String(value),
  Name: (value: AttributeValues['Name']) => value.nameValue,
  'Object Group': (value: AttributeValues['Object Group']) => value,
  'Application Specific Information': (value: AttributeValues['Application Specific Information']) =>
    value.applicationData === undefined ? undefined : `${value.applicationNamespace}\0${value.applicationData}`,
  Link: (value: AttributeValues['Link']) => `${value.linkType}\0${value.linkedObjectIdentifier}`,
};

/** Refuses a name that another live object of this owner and type has (KMIP 1.4, 3.2). */
export function assertNameIsFree(
  context: Context,
  object: Pick<NewObject, 'uniqueIdentifier' | 'owner' | 'objectType'>,
  name: string,
  reason: 'InvalidField' | 'IllegalOperation',
): void {
  if (!context.server.uniqueNames) return;
  for (const other of context.transaction.find('Name', indexValue(object.owner, name)))
    if (other.objectType === object.objectType && other.uniqueIdentifier !== object.uniqueIdentifier)
      refuse(reason, 'another object of this type has this name');
}
