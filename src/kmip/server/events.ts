/** What the engine tells of what it did, for logs and counters. Layer: kmip/server, Node only. */
import type { FaultyItem, KmipVersion, RequestItem, ResponseItem } from '../index.ts';

/** What became of one item: for logs and counters. */
export interface OperationEvent {
  readonly owner: string;
  /** KMIP version of the request. */
  readonly version: KmipVersion;
  /** Operation token; undefined for an item that could not be read. */
  readonly operation: string | undefined;
  /** The object asked for, or made. */
  readonly uniqueIdentifier: string | undefined;
  readonly resultStatus: string;
  readonly resultReason: string | undefined;
  /** From the item's begin to its end, milliseconds, by the engine's clock; without the commit. */
  readonly durationMs: number;
}

/** An item as it was asked for. */
type Item = RequestItem | FaultyItem;
type Observe = ((event: OperationEvent) => void) | undefined;

/** The client and the version of a request. */
export interface EventSource {
  readonly owner: string;
  readonly version: KmipVersion;
}

/** What became of an item. */
export function eventOf(
  source: EventSource,
  item: Item | undefined,
  answer: ResponseItem,
  durationMs: number,
): OperationEvent {
  const { owner, version } = source;
  const asked: unknown = item !== undefined && 'requestPayload' in item ? item.requestPayload : undefined;
  return {
    owner,
    version,
    operation: item?.operation === undefined ? undefined : String(item.operation),
    uniqueIdentifier: identifierIn(answer.responsePayload) ?? identifierIn(asked),
    resultStatus: String(answer.resultStatus),
    resultReason: answer.resultReason === undefined ? undefined : String(answer.resultReason),
    durationMs,
  };
}

/** Tells of answers that were made at once, one for each item. */
export function observeAll(
  observe: Observe,
  source: EventSource,
  items: readonly Item[],
  answers: readonly ResponseItem[],
): void {
  for (const [i, answer] of answers.entries()) observe?.(eventOf(source, items[i], answer, 0));
}

/** The object that a payload names: of a pair, the private key. */
function identifierIn(payload: unknown): string | undefined {
  const { uniqueIdentifier, privateKeyUniqueIdentifier } = (payload ?? {}) as Readonly<Record<string, unknown>>;
  return [uniqueIdentifier, privateKeyUniqueIdentifier].find((one) => typeof one === 'string') as string | undefined;
}
