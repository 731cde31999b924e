/**
 * What a replacing key takes over from the replaced one (KMIP 1.4, 4.4, tables of Re-key): attributes with the dates shifted, the names,
 * and links both ways. Layer: kmip/server, Node only.
 */
import type { AttributeSet } from './attributes.ts';
import type { Context } from './context.ts';
import { type ManagedObject, saveObject } from './managed-object.ts';
import { freshLimits } from './new-object.ts';
import { refuse } from './refusal.ts';

/**
 * The attributes of a key that replaces another.
 *
 * @param offset seconds from now to the new Activation Date; undefined: the dates stay
 * @param given the client's attributes, which stand above those taken over
 */
export function attributesOfReplacement(
  context: Context,
  old: ManagedObject,
  offset: number | undefined,
  given: AttributeSet,
): AttributeSet {
  const attributes = old.attributes.copy();
  for (const name of NOT_TAKEN_OVER) attributes.remove(name);
  for (const { index, value } of attributes.instances('Link'))
    if (DROPPED_LINKS.has((value as { readonly linkType: string }).linkType)) attributes.remove('Link', index);
  const limits = attributes.get('Usage Limits');
  if (limits !== undefined) attributes.set('Usage Limits', freshLimits(limits));
  if (offset !== undefined) shiftDates(context, attributes, offset);
  const replaced = new Set<string>();
  for (const { name, value } of given.all) {
    if (name === 'Cryptographic Algorithm' || name === 'Cryptographic Length') {
      if (attributes.get(name) !== value)
        refuse('InvalidField', `${name} of a replacing key is that of the replaced one`);
      continue;
    }
    // Given names and links stand beside those taken over; any other attribute stands in their place.
    if (name !== 'Name' && name !== 'Link' && !replaced.has(name)) attributes.remove(name);
    replaced.add(name);
    attributes.addAny(name, value);
  }
  return attributes;
}

/**
 *   Activation Date     = now + Offset
 *   the others          = the old date + (new Activation Date − old Activation Date)
 */
function shiftDates(context: Context, attributes: AttributeSet, offset: number): void {
  const before = attributes.get('Activation Date');
  const after = context.now + BigInt(offset);
  attributes.set('Activation Date', after);
  for (const name of ['Process Start Date', 'Protect Stop Date', 'Deactivation Date'] as const) {
    const date = attributes.get(name);
    if (date === undefined) continue;
    if (before === undefined) attributes.remove(name);
    else attributes.set(name, date + after - before);
  }
}

/** Takes the names from a replaced key and links it to the one that replaces it. Done before the new one is made: names are unique. */
export function retire(context: Context, old: ManagedObject, replacement: string): void {
  old.attributes.remove('Name');
  old.attributes.add('Link', { linkType: 'ReplacementObjectLink', linkedObjectIdentifier: replacement });
  saveObject(context, old);
}

/** Refuses to replace what has been replaced already, or has nothing in it. */
export function assertReplaceable(old: ManagedObject): void {
  const links = old.attributes.values('Link');
  if (links.some(({ linkType }) => linkType === 'ReplacementObjectLink'))
    refuse('IllegalOperation', 'the key has been replaced already');
}

/** Set anew for the new key, or unset. */
const NOT_TAKEN_OVER: readonly string[] = [
  'Unique Identifier',
  'Object Type',
  'Initial Date',
  'Destroy Date',
  'Compromise Date',
  'Compromise Occurrence Date',
  'Revocation Reason',
  'Archive Date',
  'Last Change Date',
  'Digest',
  'State',
  'Fresh',
  'Original Creation Date',
  'Key Value Present',
  'Key Value Location',
  'Always Sensitive',
  'Never Extractable',
  'Lease Time',
];

/** Links of the replaced key that would be wrong for the new one. */
const DROPPED_LINKS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'ReplacementObjectLink',
  'ReplacedObjectLink',
  'PublicKeyLink',
  'PrivateKeyLink',
  'DerivationBaseObjectLink',
  'DerivedKeyLink',
]);
