/**
 * Object states (KMIP 1.4, 3.22). The only ways from one to another:
 *
 *   Pre-Active  → Active                 Activate; Activation Date reached
 *   Pre-Active  → Destroyed              Destroy
 *   Pre-Active, Active, Deactivated → Compromised          Revoke with Key Compromise or CA Compromise
 *   Active      → Deactivated            Revoke with another reason; Deactivation Date reached
 *   Deactivated → Destroyed              Destroy
 *   Compromised → Destroyed Compromised  Destroy
 *   Destroyed   → Destroyed Compromised  Revoke with Key Compromise or CA Compromise
 *
 * Dates fire when an object is looked at: what is stored may lag behind, what an operation sees does not.
 * Layer: kmip/server, Node only.
 */
import type { State } from '../../ttlv/index.ts';
import type { AttributeSet } from './attributes.ts';
import { refuse } from './refusal.ts';

/** The token of a state. */
export type StateName = keyof typeof State;

/** The state of an object; undefined for templates and opaque objects, which have none. */
export function stateOf(attributes: AttributeSet): StateName | undefined {
  return attributes.get('State') as StateName | undefined;
}

/** Whether an object is destroyed, with or without a state. */
export function isDestroyed(attributes: AttributeSet): boolean {
  return attributes.has('Destroy Date');
}

/** Lets the dates fire that have come. */
export function settle(attributes: AttributeSet, now: bigint): void {
  fire(attributes, 'PreActive', 'Active', 'Activation Date', now);
  fire(attributes, 'Active', 'Deactivated', 'Deactivation Date', now);
}

function fire(
  attributes: AttributeSet,
  from: StateName,
  to: StateName,
  name: 'Activation Date' | 'Deactivation Date',
  now: bigint,
): void {
  const date = attributes.get(name);
  if (stateOf(attributes) !== from || date === undefined || date > now) return;
  attributes.set('State', to);
  const changed = attributes.get('Last Change Date');
  if (changed !== undefined && changed < date) attributes.set('Last Change Date', date);
}

/** Activate. */
export function activate(attributes: AttributeSet, now: bigint): void {
  if (stateOf(attributes) !== 'PreActive') refuse('PermissionDenied', 'the object is not Pre-Active');
  attributes.set('Activation Date', now);
  settle(attributes, now);
}

/** Revoke. `compromise`: with Key Compromise or CA Compromise. */
export function revoke(attributes: AttributeSet, now: bigint, compromise: boolean): void {
  const state = stateOf(attributes);
  if (!compromise) {
    if (state !== 'Active')
      refuse('IllegalOperation', 'an object that is not Active can only be revoked as compromised');
    attributes.set('State', 'Deactivated');
    attributes.set('Deactivation Date', now);
    return;
  }
  const next = state === undefined ? undefined : COMPROMISED[state];
  if (next === undefined) refuse('IllegalOperation', 'the object is compromised already, or has no state');
  attributes.set('State', next);
  attributes.set('Compromise Date', now);
}

/** Destroy. */
export function destroy(attributes: AttributeSet, now: bigint): void {
  const state = stateOf(attributes);
  if (state === 'Active') refuse('PermissionDenied', 'an Active object cannot be destroyed: revoke it first');
  if (state !== undefined) attributes.set('State', state === 'Compromised' ? 'DestroyedCompromised' : 'Destroyed');
  attributes.set('Destroy Date', now);
}

const COMPROMISED: Readonly<Partial<Record<StateName, StateName>>> = {
  PreActive: 'Compromised',
  Active: 'Compromised',
  Deactivated: 'Compromised',
  Destroyed: 'DestroyedCompromised',
};

/** Refuses to protect (encrypt, sign, wrap, derive) with a key that may not be used for it now. */
export function assertMayProtect(attributes: AttributeSet, now: bigint): void {
  if (stateOf(attributes) !== 'Active') refuse('PermissionDenied', 'the key is not Active');
  const stop = attributes.get('Protect Stop Date');
  if (stop !== undefined && stop <= now) refuse('PermissionDenied', 'the Protect Stop Date of the key has passed');
}

/** Refuses to process (decrypt, verify, unwrap) with a key that may not be used for it now. */
export function assertMayProcess(attributes: AttributeSet, now: bigint): void {
  const state = stateOf(attributes);
  if (state !== 'Active' && state !== 'Deactivated' && state !== 'Compromised')
    refuse('PermissionDenied', 'the key is not, and was not, Active');
  const start = attributes.get('Process Start Date');
  if (start !== undefined && start > now) refuse('PermissionDenied', 'the Process Start Date of the key has not come');
}
