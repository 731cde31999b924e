/**
 * Does this answer belong to that request? Checked before anybody sees it: version, number of items, Unique Batch Item IDs,
 * operations, and the object it is about, because a key taken for another is worse than none. Pure. Layer: kmip/client.
 */
import { equalPublicBytes } from '../../bytes.ts';
import { FormatError, ProtocolError } from '../../errors.ts';
import {
  type KmipVersion,
  protocolErrorOf,
  type RequestItem,
  type ResponseItem,
  type ResponseMessage,
} from '../index.ts';

/**
 * Puts the items of an answer in the order of the request's. There may be fewer when the server stopped at a failure.
 *
 * @throws {FormatError} ERR_KMIP_ANSWER, with the place in the message as path
 */
export function matchAnswer(
  response: ResponseMessage,
  items: readonly RequestItem[],
  version: KmipVersion,
): readonly ResponseItem[] {
  assertVersion(response.protocolVersion, version);
  const answers = response.batchItem;
  const [only] = answers;
  if (items.length === 1 && answers.length === 1 && only?.uniqueBatchItemID === undefined) {
    assertSameOperation(only as ResponseItem, items[0] as RequestItem);
    return answers;
  }
  if (answers.length > items.length)
    throw mismatch(`${answers.length} items answer a batch of ${items.length}`, 'BatchCount');
  const matched: (ResponseItem | undefined)[] = items.map(() => undefined);
  answers.forEach((answer, i) => {
    const at = placeOf(answer, i, items, answers.length);
    if (matched[at] !== undefined) throw mismatch('two items with one Unique Batch Item ID', 'UniqueBatchItemID');
    assertSameOperation(answer, items[at] as RequestItem);
    matched[at] = answer;
  });
  const executed = matched.filter((answer) => answer !== undefined);
  // In order means: what was not answered comes after all that was.
  if (
    executed.length < matched.indexOf(undefined) ||
    matched.slice(executed.length).some((answer) => answer !== undefined)
  )
    throw mismatch('an item in the middle of the batch was not answered', 'BatchItem');
  return executed;
}

/** The error for an item that did not succeed. A client that never asks for it gets no pending ones, by rights. */
export function refusalOf(item: ResponseItem, operation?: string | number): ProtocolError {
  const refusal = protocolErrorOf(item, operation ?? item.operation);
  if (refusal !== undefined) return refusal;
  const { resultStatus, resultMessage } = item;
  const fields = { operation: String(operation ?? item.operation), resultStatus: String(resultStatus), resultMessage };
  return new ProtocolError('ERR_KMIP_PENDING', `${fields.operation} is left pending, which was not asked for`, fields);
}

/** An answer may be of an older version than the request, not of a newer one (KMIP 1.4, section 6.1). */
function assertVersion(answered: string, asked: KmipVersion): void {
  if (answered === asked) return;
  const [major, minor] = answered.split('.').map(Number) as [number, number];
  if (major !== 1 || minor > Number(asked.slice(2)))
    throw mismatch(`the server answers KMIP ${asked} with KMIP ${answered}`, 'ProtocolVersion');
}

/** Which of the request's items is answered: by its id; where the server leaves those out, by its place. */
function placeOf(answer: ResponseItem, i: number, items: readonly RequestItem[], answers: number): number {
  const id = answer.uniqueBatchItemID;
  if (id !== undefined) {
    const at = items.findIndex(
      (item) => item.uniqueBatchItemID !== undefined && equalPublicBytes(item.uniqueBatchItemID, id),
    );
    if (at === -1) throw mismatch('a Unique Batch Item ID that was not sent', 'UniqueBatchItemID');
    return at;
  }
  if (answers === items.length || isRefusalOfAll(answer, answers)) return i;
  throw mismatch('some items of a batch are not answered, and which ones is not said', 'UniqueBatchItemID');
}

/** A server that cannot read a batch may answer with one item that names nothing. */
const isRefusalOfAll = (answer: ResponseItem, answers: number): boolean =>
  answers === 1 && answer.resultStatus !== 'Success';

function assertSameOperation(answer: ResponseItem, item: RequestItem): void {
  const { operation } = answer;
  if (operation !== undefined && operation !== item.operation)
    throw mismatch(`${operation} answers ${item.operation}`, 'Operation');
  if (answer.resultStatus !== 'Success' || !SAME_OBJECT.has(String(item.operation))) return;
  const asked = (item.requestPayload as Identified).uniqueIdentifier;
  const answered = (answer.responsePayload as Identified | undefined)?.uniqueIdentifier;
  if (asked !== undefined && answered !== undefined && asked !== answered)
    throw mismatch(`${item.operation} of one object is answered with another`, 'UniqueIdentifier');
}

interface Identified {
  readonly uniqueIdentifier?: string;
}

function mismatch(what: string, field: string): FormatError {
  const place = { offset: 0, path: ['ResponseMessage', field] };
  return new FormatError('ERR_KMIP_ANSWER', `the answer does not fit the request: ${what}`, place);
}

/** Operations that answer about the object they are asked for. */
const SAME_OBJECT: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'Get',
  'GetAttributes',
  'GetAttributeList',
  'AddAttribute',
  'ModifyAttribute',
  'DeleteAttribute',
  'ObtainLease',
  'GetUsageAllocation',
  'Check',
  'Activate',
  'Revoke',
  'Destroy',
  'Archive',
  'Recover',
  'Export',
]);
