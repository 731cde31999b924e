/**
 * How an operation says no: an error that carries the Result Reason of the answer (KMIP 1.4, 9.1.3.2.29). Everything else that
 * an operation throws is answered with General Failure and without its text, which may say more than a client should know.
 * Layer: kmip/server, Node only.
 */
import { ProtocolError } from '../../errors.ts';
import { type ResultReason, VALUES_SINCE } from '../../ttlv/index.ts';

/** The token of a Result Reason. */
export type ReasonName = keyof typeof ResultReason;

/** A refused operation: `resultReason` and `resultMessage` go to the client as they are. */
export class Refusal extends ProtocolError {
  override readonly name: string = 'Refusal';
  declare readonly resultReason: ReasonName;
  /** Fields that the failed item carries all the same: what Check denies. */
  readonly payload: object | undefined;

  constructor(reason: ReasonName, message: string, payload?: object) {
    super('ERR_KMIP_REFUSED', message, {
      resultStatus: 'OperationFailed',
      resultReason: reason,
      resultMessage: message,
    });
    this.payload = payload;
  }
}

/** Refuses the operation. `message` is shown to the client: no secret, nothing about other clients' objects. */
export function refuse(reason: ReasonName, message: string): never {
  throw new Refusal(reason, message);
}

/** What stands for a reason in versions that do not have it. */
const BEFORE: Readonly<Partial<Record<ReasonName, ReasonName>>> = {
  EncodingOptionError: 'InvalidField',
  KeyValueNotPresent: 'ItemNotFound',
  Sensitive: 'PermissionDenied',
  NotExtractable: 'PermissionDenied',
  ObjectAlreadyExists: 'InvalidField',
};

/** The reason as a client of `version` (`1.0` to `1.4`) knows it. */
export function reasonIn(version: string, reason: ReasonName): ReasonName {
  for (const [since, values] of Object.entries(VALUES_SINCE))
    if (since > version && values.ResultReason?.includes(reason)) return BEFORE[reason] ?? 'GeneralFailure';
  return reason;
}
