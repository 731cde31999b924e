/**
 * Using a managed key: whether it may be used for this now, and how much of it is left (KMIP 1.4, 3.19, 3.21, 3.22).
 * Layer: kmip/server, Node only.
 */
import type { Context } from './context.ts';
import { type ManagedObject, saveObject } from './managed-object.ts';
import { refuse } from './refusal.ts';
import { assertMayProcess, assertMayProtect } from './state.ts';

/** Protect: encrypt, sign, authenticate, wrap, derive. Process: decrypt, verify, unwrap. */
export type Use = 'protect' | 'process';

/** Refuses a use that the key's mask, state or dates do not allow. `mask`: bits of Cryptographic Usage Mask, all needed. */
export function assertUsage(context: Context, key: ManagedObject, mask: number, use: Use): void {
  if (((key.attributes.get('Cryptographic Usage Mask') ?? 0) & mask) !== mask)
    refuse('PermissionDenied', 'the Cryptographic Usage Mask of the key does not allow this');
  if (use === 'protect') assertMayProtect(key.attributes, context.now);
  else assertMayProcess(key.attributes, context.now);
}

/** Takes what a use costs off the key's Usage Limits, if it has any. Refuses what is more than is left. */
export function spend(context: Context, key: ManagedObject, bytes: number): void {
  if (charge(key, bytes)) saveObject(context, key);
}

/** As `spend`, for a caller that saves the key itself. Gives whether the key has changed. */
export function charge(key: ManagedObject, bytes: number): boolean {
  const limits = key.attributes.get('Usage Limits');
  if (limits !== undefined) deduct(key, limits.usageLimitsUnit === 'Object' ? 1n : BigInt(bytes));
  return limits !== undefined;
}

/** Takes an amount, in the unit of the key's Usage Limits, off what is left. */
export function allocate(context: Context, key: ManagedObject, amount: bigint): void {
  deduct(key, amount);
  saveObject(context, key);
}

function deduct(key: ManagedObject, amount: bigint): void {
  const limits = key.attributes.get('Usage Limits');
  if (limits === undefined) refuse('IllegalOperation', 'the object has no Usage Limits');
  const left = limits.usageLimitsCount ?? limits.usageLimitsTotal;
  if (amount < 0n) refuse('InvalidField', 'the amount is negative');
  if (amount > left) refuse('PermissionDenied', 'the Usage Limits of the key do not allow so much');
  key.attributes.set('Usage Limits', { ...limits, usageLimitsCount: left - amount });
}
