/**
 * Whether an object has the attributes of a Locate (KMIP 1.4, 4.9): all of them, whatever their index. One date is equal, two are a
 * range; a Cryptographic Usage Mask is a subset, Usage Limits at least as much; of a structure the fields that are given.
 * Layer: kmip/server, Node only.
 */
import { equalPublicBytes } from '../../bytes.ts';
import type { Attribute, RawValue, UsageLimits } from '../index.ts';
import type { ManagedObject } from './managed-object.ts';

/** The values that were given for one attribute. */
export interface MatchCriteria {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** Gathers the attributes of a request by name. */
export function groupCriteria(attributes: readonly Attribute[]): MatchCriteria[] {
  const byName = new Map<string, unknown[]>();
  for (const { attributeName, attributeValue } of attributes) {
    const values = byName.get(attributeName);
    if (values === undefined) byName.set(attributeName, [attributeValue]);
    else values.push(attributeValue);
  }
  return [...byName].map(([name, values]) => ({ name, values }));
}

/** Whether an object meets all criteria. */
export function matchesAll(object: ManagedObject, criteria: readonly MatchCriteria[]): boolean {
  return criteria.every((one) => matches(object, one));
}

function matches(object: ManagedObject, { name, values }: MatchCriteria): boolean {
  const own = object.attributes.instances(name).map(({ value }) => value);
  if (own.length === 0) return false;
  // One date is that date; two are the ends of a range, either first.
  if (typeof values[0] === 'bigint') {
    const [date] = own as [bigint];
    const [first, second = first] = values as [bigint, bigint?];
    return first <= second ? first <= date && date <= second : second <= date && date <= first;
  }
  return values.every((value) => own.some((one) => matchesValue(name, one, value)));
}

function matchesValue(name: string, own: unknown, wanted: unknown): boolean {
  if (name === 'Cryptographic Usage Mask') return (Number(own) & Number(wanted)) === wanted;
  if (name === 'Usage Limits') return matchesLimits(own as UsageLimits, wanted as UsageLimits);
  return contains(own, wanted);
}

function matchesLimits(own: UsageLimits, wanted: UsageLimits): boolean {
  if (own.usageLimitsUnit !== wanted.usageLimitsUnit) return false;
  const left = own.usageLimitsCount ?? own.usageLimitsTotal;
  return own.usageLimitsTotal >= wanted.usageLimitsTotal && left >= (wanted.usageLimitsCount ?? 0n);
}

/** Equal, or for structures: has all the fields that are wanted, as they are wanted. */
function contains(own: unknown, wanted: unknown): boolean {
  if (own instanceof Uint8Array || wanted instanceof Uint8Array)
    return own instanceof Uint8Array && wanted instanceof Uint8Array && equalPublicBytes(own, wanted);
  if (typeof wanted !== 'object' || wanted === null) return own === wanted;
  if (typeof own !== 'object' || own === null) return false;
  if (Array.isArray(wanted))
    return Array.isArray(own) && wanted.every((value) => own.some((one) => contains(one, value)));
  if (isRaw(wanted) && isRaw(own) && own.type !== wanted.type) return false;
  const fields = own as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([field, value]) => contains(fields[field], value));
}

function isRaw(value: object): value is RawValue {
  return 'type' in value && 'value' in value;
}
