/**
 * Locate (KMIP 1.4, 4.9): finds the objects that have all the attributes given. The candidates come from the index that gives the
 * fewest; each is then looked at whole. Layer: kmip/server, Node only.
 */
import type { Attribute, LocateRequestPayload } from '../../index.ts';
import { mayAccess, PUBLIC_TYPES } from '../access.ts';
import { ruleOf } from '../attribute-rules.ts';
import type { Context, Handler } from '../context.ts';
import { EVERYONE, indexKeyOf, indexValue, type ManagedObject, viewObject } from '../managed-object.ts';
import { groupCriteria, type MatchCriteria, matchesAll } from '../matching.ts';
import { refuse } from '../refusal.ts';
import { isDestroyed } from '../state.ts';
import type { StoredObject } from '../store.ts';

/** Locate. */
export const locate: Handler<'Locate'> = {
  run(payload, context) {
    if (payload.unknown !== undefined)
      refuse('InvalidField', 'a field that this operation does not have would be ignored');
    const { maximumItems, offsetItems = 0 } = payload;
    if ((maximumItems ?? 0) < 0 || offsetItems < 0)
      refuse('InvalidField', 'Maximum Items and Offset Items are not negative');
    // Only where nobody asks how many there are may the search end with the page.
    const counted = context.version >= '1.3' || payload.objectGroupMember !== undefined || maximumItems === undefined;
    const found = find(context, payload, counted ? Number.POSITIVE_INFINITY : maximumItems);
    const chosen = payload.objectGroupMember === undefined ? found : chooseMembers(context, payload, found);
    const page = chosen.slice(offsetItems, maximumItems === undefined ? undefined : offsetItems + maximumItems);
    const uniqueIdentifier = page.map((object) => object.uniqueIdentifier);
    context.placeholder = uniqueIdentifier.length === 1 ? uniqueIdentifier[0] : undefined;
    const located = context.version < '1.3' ? {} : { locatedItems: chosen.length };
    return { ...located, uniqueIdentifier };
  },
};

/** MySQL's keyring_okv says as an attribute what is a field. */
const STORAGE_STATUS_MASK = 'Storage Status Mask';
const ON_LINE = 1;
const ARCHIVED = 2;

function find(context: Context, payload: LocateRequestPayload, enough: number): ManagedObject[] {
  const attributes = (payload.attribute ?? []).filter((one) => one.attributeName !== STORAGE_STATUS_MASK);
  for (const { attributeName: name } of attributes)
    if (ruleOf(name) === undefined && !/^[xy]-/.test(name))
      refuse('InvalidField', 'an attribute has a name that this version does not know');
  const criteria = groupCriteria(attributes);
  const storage = payload.storageStatusMask ?? ON_LINE;
  const wantsDestroyed = criteria.some(
    ({ name, values }) => name === 'State' && String(values[0]).startsWith('Destroyed'),
  );
  const found: ManagedObject[] = [];
  for (const stored of candidates(context, attributes, criteria, wantsDestroyed)) {
    if (found.length >= enough) break;
    if (!mayAccess(context.client, stored, 'read')) continue;
    const object = viewObject(stored, context.now);
    if (isDestroyed(object.attributes) !== wantsDestroyed) continue;
    const place = object.attributes.has('Archive Date') ? ARCHIVED : ON_LINE;
    if ((storage & place) !== 0 && matchesAll(object, criteria)) found.push(object);
  }
  return found;
}

/** The client's own objects first, then those that everyone may read; each in the order of their making. */
function* candidates(
  context: Context,
  attributes: readonly Attribute[],
  criteria: readonly MatchCriteria[],
  wantsDestroyed: boolean,
): Iterable<StoredObject> {
  const { transaction, client } = context;
  const named = criteria.find(({ name }) => name === 'Unique Identifier')?.values[0];
  if (typeof named === 'string') {
    const stored = transaction.get(named);
    if (stored !== undefined) yield stored;
    return;
  }
  // Destroyed objects are in no index but the owner's.
  const best = wantsDestroyed ? undefined : bestIndex(context, attributes);
  if (best === undefined) yield* transaction.find('owner', client.owner);
  else yield* transaction.find(best.index, indexValue(client.owner, best.value));
  const open = best === undefined ? PUBLIC_TYPES.map((value) => ({ index: 'Object Type', value })) : [best];
  for (const { index, value } of open)
    for (const stored of transaction.find(index, indexValue(EVERYONE, value)))
      if (stored.owner !== client.owner) yield stored;
}

interface IndexChoice {
  readonly index: string;
  readonly value: string;
}

function bestIndex(context: Context, attributes: readonly Attribute[]): IndexChoice | undefined {
  let best: (IndexChoice & { readonly count: number }) | undefined;
  for (const { attributeName, attributeValue } of attributes) {
    const key = indexKeyOf(attributeName, attributeValue);
    if (key === undefined) continue;
    const count =
      context.transaction.count(key.index, indexValue(context.client.owner, key.value)) +
      context.transaction.count(key.index, indexValue(EVERYONE, key.value));
    if (best === undefined || count < best.count) best = { ...key, count };
  }
  return best;
}

/** Object Group Member: the fresh ones of a group, or the next in turn (KMIP 1.4, 4.9 and 9.1.3.2.33). */
function chooseMembers(context: Context, payload: LocateRequestPayload, found: ManagedObject[]): ManagedObject[] {
  const group = payload.attribute?.find((one) => one.attributeName === 'Object Group')?.attributeValue;
  if (typeof group !== 'string') return refuse('InvalidField', 'Object Group Member needs an Object Group');
  if (payload.objectGroupMember === 'GroupMemberFresh')
    return found.filter(({ attributes }) => attributes.get('Fresh') === true);
  const members = found.map((object) => ({ object, ordinal: object.stored.ordinal }));
  const turn = indexValue(context.client.owner, group);
  const next = context.server.turns.next(turn, members, payload.maximumItems ?? 1);
  return next.map(({ object }) => object);
}
