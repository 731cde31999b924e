/**
 * Which attributes a client may give, add, change and delete (KMIP 1.4, section 3, the table "Attribute Rules" of each attribute). The
 * tables themselves come with the messages (`ATTRIBUTES`); here stands what they say in prose. Layer: kmip/server, Node only.
 */
import { ATTRIBUTES, type AttributeName, type AttributeRule, type KmipVersion } from '../index.ts';
import type { AttributeSet } from './attributes.ts';
import { refuse } from './refusal.ts';
import { stateOf } from './state.ts';

/** The rule of an attribute that the specifications describe; undefined for custom attributes and unknown names. */
export function ruleOf(name: string): AttributeRule | undefined {
  return Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name as AttributeName] : undefined;
}

/** Whether a name is that of a custom attribute: a client's (`x-`) or a server's (`y-`). */
export function isCustom(name: string): boolean {
  return name.startsWith('x-') || name.startsWith('y-');
}

/** Whether an attribute may have several instances. */
export function isMultiple(name: string): boolean {
  return ruleOf(name)?.multiple ?? true;
}

/** Whether a client of this version knows the attribute. */
export function isKnownIn(version: KmipVersion, name: string): boolean {
  return (ruleOf(name)?.since ?? '1.0') <= version;
}

/** Whether a client may give an attribute with a new object. */
export function mayCreateWith(name: string, version: KmipVersion): boolean {
  if (name.startsWith('x-')) return true;
  const rule = ruleOf(name);
  if (rule === undefined || !isKnownIn(version, name) || name === 'Key Value Present') return false;
  return rule.setBy !== 'server' || GIVEN_AT_CREATION.has(name);
}

/** Refuses an attribute that a client may not give with a new object. */
export function assertMayCreateWith(name: string, version: KmipVersion): void {
  if (mayCreateWith(name, version)) return;
  if (ruleOf(name) === undefined || !isKnownIn(version, name))
    refuse('InvalidField', `"${printable(name)}" is no attribute of KMIP ${version}`);
  refuse('InvalidField', `${name} is set by the server`);
}

/** Refuses to add an attribute to an object. */
export function assertMayAdd(attributes: AttributeSet, name: string, version: KmipVersion, now: bigint): void {
  if (name.startsWith('x-')) return;
  const rule = ruleOf(name);
  if (rule === undefined || !isKnownIn(version, name))
    refuse('InvalidField', `"${printable(name)}" is no attribute of KMIP ${version}`);
  if (rule.setBy === 'server' || NEVER_ADDED.has(name)) refuse('PermissionDenied', `${name} is read-only`);
  if (!rule.multiple && attributes.has(name)) refuse('IllegalOperation', `the object has ${name} already`);
  assertDateMayChange(attributes, name, now);
}

/** Refuses to change an attribute of an object. */
export function assertMayModify(attributes: AttributeSet, name: string, now: bigint): void {
  if (name.startsWith('x-')) return;
  const rule = ruleOf(name);
  if (rule === undefined) refuse('ItemNotFound', 'the object has no attribute of this name');
  if (!rule.clientModifies) refuse('PermissionDenied', `${name} is read-only`);
  assertDateMayChange(attributes, name, now);
}

/** Refuses to delete an attribute of an object. */
export function assertMayDelete(name: string): void {
  if (name.startsWith('x-')) return;
  const rule = ruleOf(name);
  if (rule === undefined) refuse('ItemNotFound', 'the object has no attribute of this name');
  if (!rule.clientDeletes) refuse('PermissionDenied', `${name} cannot be deleted`);
}

/** A date may be set as long as it has not come to pass; those before it in an object's life, in the states before. */
function assertDateMayChange(attributes: AttributeSet, name: string, now: bigint): void {
  const states = DATE_STATES[name];
  const state = stateOf(attributes);
  if (states !== undefined && (state === undefined || !states.includes(state)))
    refuse('PermissionDenied', `${name} cannot change in this state`);
  if (states === undefined) return;
  const date = attributes.get(name as 'Activation Date');
  if (date !== undefined && date <= now) refuse('PermissionDenied', `the ${name} has come to pass`);
}

const DATE_STATES: Readonly<Record<string, readonly string[]>> = {
  'Activation Date': ['PreActive'],
  'Process Start Date': ['PreActive', 'Active'],
  'Protect Stop Date': ['PreActive', 'Active'],
  'Deactivation Date': ['PreActive', 'Active'],
};

/** Set "by the server" in the tables, by way of what the client asks for in a template. */
const GIVEN_AT_CREATION: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'Cryptographic Algorithm',
  'Cryptographic Length',
]);

/** Fixed when the object is made, though a client may give them then. */
const NEVER_ADDED: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'Cryptographic Usage Mask',
  'Operation Policy Name',
  'Fresh',
  'Original Creation Date',
  'Random Number Generator',
]);

/** Another's text, short and without control characters, for a message. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
}
