/**
 * What to do when a request got no usable answer. Sent again are only requests that leave the server as one sending would
 * have, and whose second answer means the same as the first; so Destroy is not among them, whose second answer would be
 * `Item Not Found`. Pure. Layer: kmip/client.
 */
import type { OperationName, RequestItem } from '../index.ts';
import type { FailureKind } from './connection.ts';

/**
 * - `yes`: reads, or yields something new each time that nobody misses (random bytes, a lease).
 * - `whole`: when it is not part of a stream of several requests.
 * - `no`: makes, changes, uses up or removes something.
 */
const REPEATABLE: Readonly<Record<OperationName, 'yes' | 'whole' | 'no'>> = {
  Locate: 'yes',
  Check: 'yes',
  Get: 'yes',
  GetAttributes: 'yes',
  GetAttributeList: 'yes',
  ObtainLease: 'yes',
  Validate: 'yes',
  Query: 'yes',
  DiscoverVersions: 'yes',
  Poll: 'no', // a server may forget a result that it has told
  Cancel: 'no',
  Export: 'yes',
  RNGRetrieve: 'yes',
  RNGSeed: 'yes',
  Hash: 'whole',
  Decrypt: 'whole',
  SignatureVerify: 'whole',
  MACVerify: 'whole',
  // These use up the key's Usage Limits (KMIP 1.4, section 3.21).
  Encrypt: 'no',
  Sign: 'no',
  MAC: 'no',
  GetUsageAllocation: 'no',
  Create: 'no',
  CreateKeyPair: 'no',
  CreateSplitKey: 'no',
  JoinSplitKey: 'no',
  Register: 'no',
  Import: 'no',
  DeriveKey: 'no',
  ReKey: 'no',
  ReKeyKeyPair: 'no',
  Certify: 'no',
  ReCertify: 'no',
  AddAttribute: 'no',
  ModifyAttribute: 'no',
  DeleteAttribute: 'no',
  Activate: 'no',
  Revoke: 'no',
  Destroy: 'no',
  Archive: 'no',
  Recover: 'no',
};

/** Says whether a batch may be sent again: when every one of its items may. */
export function isRepeatable(items: readonly RequestItem[]): boolean {
  return items.every(({ operation, requestPayload }) => {
    const rule = Object.hasOwn(REPEATABLE, operation) ? REPEATABLE[operation as OperationName] : 'no';
    return rule === 'yes' || (rule === 'whole' && !isPartOfStream(requestPayload));
  });
}

/** What is known of an exchange that failed. */
export interface FailedExchange {
  readonly kind: FailureKind;
  /** False when nothing of the request can have left. */
  readonly sent: boolean;
  readonly isRepeatable: boolean;
  /** Times it was sent again already. */
  readonly resends: number;
  readonly maxResends: number;
}

/**
 * Decides: `resend`, `fail` (nothing was changed, or nothing can have been), or `unknown` (the server may have done it).
 * The caller's own signal always ends the call, but whether the outcome is known is decided all the same.
 */
export function decideResend(failed: FailedExchange): 'resend' | 'fail' | 'unknown' {
  const isHarmless = failed.isRepeatable || !failed.sent;
  if (!isHarmless) return 'unknown';
  if (failed.kind === 'timeout' || failed.kind === 'abort') return 'fail';
  // What a server cannot say in a usable way once it will not say so the second time.
  if (failed.kind === 'unusable') return 'fail';
  return failed.resends < failed.maxResends ? 'resend' : 'fail';
}

function isPartOfStream(payload: object): boolean {
  return ['correlationValue', 'initIndicator', 'finalIndicator'].some((name) => name in payload);
}
