/**
 * What became of an operation: its result as an error, and errors as results (KMIP 1.4, sections 6.9, 6.10 and 11). Layer: kmip.
 */
import { type FormatError, ProtocolError } from '../errors.ts';
import { ENUMERATIONS, MASKS, type ResultReason, type ResultStatus, VALUES_SINCE } from '../ttlv/index.ts';
import type { KmipVersion, Token } from './base.ts';
import { isIn } from './shape.ts';

/** The fields of a Batch Item that tell its result. */
export interface ResultFields {
  readonly operation?: string | number;
  readonly resultStatus: Token<typeof ResultStatus>;
  readonly resultReason?: Token<typeof ResultReason>;
  readonly resultMessage?: string;
}

/**
 * Makes the error that a Batch Item of a response stands for; undefined when its operation succeeded or is pending. The error's
 * code is `ERR_KMIP_` and the words of the Result Reason: `ERR_KMIP_ITEM_NOT_FOUND`; `ERR_KMIP_FAILED` where the server gave none.
 *
 * @param operation what was asked for: servers may leave it out of a failed item
 * @example
 * const error = protocolErrorOf(item, 'Get');
 * if (error !== undefined) throw error;
 */
export function protocolErrorOf(
  item: ResultFields,
  operation: string | number | undefined = item.operation,
): ProtocolError | undefined {
  const { resultStatus, resultReason, resultMessage } = item;
  if (resultStatus === 'Success' || resultStatus === 'OperationPending') return undefined;
  const words = [wordsOf(resultReason ?? resultStatus), resultMessage].filter(
    (text) => text !== undefined && text !== '',
  );
  return new ProtocolError(
    `ERR_KMIP_${codeOf(resultReason)}`,
    `${operation ?? 'the request'} failed: ${words.join(': ')}`,
    {
      operation: operation === undefined ? undefined : String(operation),
      resultStatus: String(resultStatus),
      resultReason: resultReason === undefined ? undefined : String(resultReason),
      resultMessage,
    },
  );
}

/**
 * The Result Reason with which a server answers what could not be decoded (KMIP 1.1, section 11.1): Invalid Field for a field that the
 * version does not have, Invalid Message for the rest.
 */
export function resultReasonOf(fault: FormatError): 'InvalidField' | 'InvalidMessage' {
  return fault.code === 'ERR_KMIP_FIELD' ? 'InvalidField' : 'InvalidMessage';
}

/** Says whether a version has a value of an enumeration, or a bit of a mask: `isInVersion('1.1', 'Operation', 'Encrypt')` is false. */
export function isInVersion(version: KmipVersion, enumeration: string, name: string): boolean {
  if (!Object.hasOwn(ENUMERATIONS[enumeration] ?? MASKS[enumeration] ?? {}, name)) return false;
  return !Object.entries(VALUES_SINCE).some(
    ([since, byName]) => !isIn(version, since) && byName[enumeration]?.includes(name),
  );
}

/** `ItemNotFound` → `ITEM_NOT_FOUND`. */
function codeOf(reason: Token<typeof ResultReason> | undefined): string {
  if (typeof reason !== 'string') return 'FAILED';
  return wordsOf(reason).replace(/ /g, '_').toUpperCase();
}

function wordsOf(name: string | number): string {
  if (typeof name === 'number') return `reason ${name}`;
  return name.replace(/([a-z\d])(?=[A-Z])/g, '$1 ').replace(/([A-Z])(?=[A-Z][a-z])/g, '$1 ');
}
