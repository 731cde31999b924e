/** Check, Obtain Lease and Get Usage Allocation (KMIP 1.4, 4.10, 4.17 and 4.18). */
import type { Handler } from '../context.ts';
import { allocate } from '../key-use.ts';
import { openLiveObject } from '../managed-object.ts';
import { Refusal, refuse } from '../refusal.ts';
import { stateOf } from '../state.ts';

/**
 * Check: whether the object may be used so. What denies it is named in the answer, which is a failure: a batch that goes on only
 * after success stops here, and the ID Placeholder is emptied.
 */
export const check: Handler<'Check'> = {
  run({ uniqueIdentifier, usageLimitsCount, cryptographicUsageMask, leaseTime }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'read');
    const { attributes } = object;
    const limits = attributes.get('Usage Limits');
    const left = limits?.usageLimitsCount ?? limits?.usageLimitsTotal;
    const mask = attributes.get('Cryptographic Usage Mask') ?? 0;
    const lease = attributes.get('Lease Time') ?? 0;
    const denied = {
      ...(usageLimitsCount !== undefined &&
        left !== undefined &&
        usageLimitsCount > left && { usageLimitsCount: left }),
      ...(cryptographicUsageMask !== undefined &&
        (mask & cryptographicUsageMask) !== cryptographicUsageMask && {
          cryptographicUsageMask: cryptographicUsageMask & ~mask,
        }),
      ...(leaseTime !== undefined && leaseTime > lease && { leaseTime: lease }),
    };
    if (Object.keys(denied).length > 0) {
      context.placeholder = undefined;
      // 1.0 has no answer without it.
      const named = context.version < '1.1' ? { uniqueIdentifier: object.uniqueIdentifier } : {};
      throw new Refusal('PermissionDenied', 'the object may not be used like this', { ...named, ...denied });
    }
    return { uniqueIdentifier: object.uniqueIdentifier };
  },
};

/** Obtain Lease. */
export const obtainLease: Handler<'ObtainLease'> = {
  run({ uniqueIdentifier }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'read');
    const { attributes } = object;
    if (stateOf(attributes) === 'Compromised')
      refuse('PermissionDenied', 'the object is compromised: no lease is given');
    return {
      uniqueIdentifier: object.uniqueIdentifier,
      leaseTime: attributes.get('Lease Time') ?? context.server.leaseTimeSeconds,
      lastChangeDate: attributes.get('Last Change Date') ?? context.now,
    };
  },
};

/** Get Usage Allocation. */
export const getUsageAllocation: Handler<'GetUsageAllocation'> = {
  run({ uniqueIdentifier, usageLimitsCount }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'own');
    allocate(context, object, usageLimitsCount);
    return { uniqueIdentifier: object.uniqueIdentifier };
  },
};
