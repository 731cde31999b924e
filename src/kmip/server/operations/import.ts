/**
 * Import (KMIP 1.4, 4.45): takes an object with its identifier and its attributes from another server. The attributes that tell of its
 * life are taken over; what this server decides (lease, digest, owner) is not.
 */
import { type ImportRequestPayload, keyBlockOf, type UsageLimits } from '../../index.ts';
import { isMultiple, mayCreateWith, ruleOf } from '../attribute-rules.ts';
import { AttributeSet } from '../attributes.ts';
import type { Context, Handler } from '../context.ts';
import { openObject } from '../managed-object.ts';
import { freshLimits, type Making, makeObject } from '../new-object.ts';
import { refuse } from '../refusal.ts';
import { isDestroyed, stateOf } from '../state.ts';
import { admitObject } from './register.ts';

/** Import. */
export const importObject: Handler<'Import'> = {
  run(payload, context) {
    const { uniqueIdentifier } = payload;
    const objectType = typeOf(payload);
    const existing = context.transaction.get(uniqueIdentifier);
    if (existing !== undefined) {
      const old = openObject(context, uniqueIdentifier, 'own');
      if (payload.replaceExisting !== true) refuse('ObjectAlreadyExists', 'an object has this Unique Identifier');
      const state = stateOf(old.attributes);
      if (state === 'Active' || state === 'Compromised' || isDestroyed(old.attributes))
        refuse('PermissionDenied', 'an Active, compromised or destroyed object cannot be replaced');
    }
    if (!/^[\x21-\x7e]{1,128}$/.test(uniqueIdentifier))
      refuse('InvalidField', 'a Unique Identifier has 1 to 128 characters of printable ASCII');
    const { attributes, life } = split(payload, context);
    const fields = admitObject(context, objectType, payload, attributes);
    if (payload.keyWrapType === 'NotWrapped' && keyBlockOf(fields)?.keyWrappingData !== undefined)
      refuse('InvalidField', 'the object is wrapped, and was said not to be');
    makeObject(context, { uniqueIdentifier, objectType, attributes, fields, generated: false, life });
    context.placeholder = uniqueIdentifier;
    return { uniqueIdentifier };
  },
};

/** Parts the attributes that any new object may be given from those of a life elsewhere. What the server decides is dropped. */
function split(
  payload: ImportRequestPayload,
  context: Context,
): Pick<Making, 'attributes'> & { readonly life: AttributeSet } {
  const attributes = new AttributeSet();
  const life = new AttributeSet();
  for (const { attributeName: name, attributeValue: value } of payload.attribute) {
    const target = LIFE.includes(name) ? life : mayCreateWith(name, context.version) ? attributes : undefined;
    if (target === undefined && ruleOf(name) === undefined)
      refuse('InvalidField', 'an attribute has a name that this version does not know');
    if (target?.has(name) && !isMultiple(name)) refuse('InvalidField', `${name} was given twice`);
    target?.addAny(name, value);
  }
  const state: unknown = life.get('State');
  if (typeof state === 'number') refuse('InvalidField', 'the State is not known');
  if (String(state).startsWith('Destroyed')) refuse('InvalidField', 'what was destroyed cannot be imported');
  const limits = attributes.get('Usage Limits');
  if (limits !== undefined) life.set('Usage Limits', limitsLeft(limits));
  return { attributes, life };
}

/** Usage Limits with what the other server said to be left of them, which is never more than all. */
function limitsLeft(limits: UsageLimits): UsageLimits {
  const fresh = freshLimits(limits);
  const { usageLimitsCount: left = fresh.usageLimitsTotal } = limits;
  if (left < 0n) refuse('InvalidField', 'Usage Limits Count is negative');
  return left < fresh.usageLimitsTotal ? { ...fresh, usageLimitsCount: left } : fresh;
}

/** Attributes by which the object goes on where it was, after those that every new object gets. */
const LIFE: readonly string[] = [
  'State',
  'Initial Date',
  'Compromise Date',
  'Compromise Occurrence Date',
  'Revocation Reason',
];

function typeOf(payload: ImportRequestPayload): string {
  const given = payload.attribute.find(({ attributeName }) => attributeName === 'Object Type')?.attributeValue;
  if (typeof given === 'string') return given;
  const field = FIELDS.find(([name]) => payload[name] !== undefined);
  return field?.[1] ?? refuse('InvalidField', 'the object is missing');
}

const FIELDS = [
  ['certificate', 'Certificate'],
  ['symmetricKey', 'SymmetricKey'],
  ['publicKey', 'PublicKey'],
  ['privateKey', 'PrivateKey'],
  ['splitKey', 'SplitKey'],
  ['template', 'Template'],
  ['secretData', 'SecretData'],
  ['opaqueObject', 'OpaqueObject'],
  ['pgpKey', 'PGPKey'],
] as const;
