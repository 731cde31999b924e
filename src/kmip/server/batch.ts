/**
 * One request, item by item, in one transaction (KMIP 1.4, 6.13, 6.14 and 4, "ID Placeholder"): items are done in their order, whatever
 * the Batch Order Option; a failed one leaves nothing behind. Then, by the Batch Error Continuation Option:
 *
 *   Stop      (default) the items after it are not done, and not answered
 *   Continue  they are done
 *   Undo      everything before it is taken back and answered with Operation Undone
 *
 * Layer: kmip/server, Node only.
 */
import { StateError, UsageError } from '../../errors.ts';
import {
  type FaultyItem,
  isInVersion,
  type KmipVersion,
  type OperationName,
  type ReceivedRequest,
  type RequestItem,
  type ResponseItem,
  type ResponseMessage,
  resultReasonOf,
  wipeMessage,
} from '../index.ts';
import { BatchCost, MAX_ITEMS } from './batch-limits.ts';
import { type Client, Context, type Handler, type Server } from './context.ts';
import { eventOf, type OperationEvent, observeAll } from './events.ts';
import { HANDLERS } from './operations/index.ts';
import type { Quirks } from './quirks.ts';
import { type ReasonName, Refusal, reasonIn, refuse } from './refusal.ts';
import type { ObjectStore, ObjectTransaction } from './store.ts';
import { TooLarge } from './too-large.ts';

export type { OperationEvent } from './events.ts';

/** What the engine keeps for all requests. */
export interface Surroundings {
  readonly store: ObjectStore;
  readonly server: Server;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly observe: ((event: OperationEvent) => void) | undefined;
  readonly onFault: ((error: unknown) => void) | undefined;
}

/** A request whose client is known. */
export interface BatchRequest {
  readonly received: ReceivedRequest;
  readonly version: KmipVersion;
  readonly client: Client;
}

type Item = RequestItem | FaultyItem;

/**
 * Does the items of a request and hands the answer to `use`, inside of the transaction: what `use` throws takes everything back.
 *
 * @returns what `use` gave; `kept`: whether an item was put off, so that the request must not be wiped
 */
export async function runBatch<T>(
  surroundings: Surroundings,
  request: BatchRequest,
  use: (response: ResponseMessage) => T,
): Promise<{ readonly value: T; readonly kept: boolean }> {
  const { store } = surroundings;
  const { received } = request;
  const [only] = received.batchItem;
  const alone = received.batchItem.length === 1 ? only : undefined;
  const now = BigInt(Math.floor(surroundings.clock() / 1000));
  const refused =
    surroundings.server.quirks.refusesRequest?.(received, now) ??
    (received.batchItem.length > MAX_ITEMS ? TOO_MANY_ITEMS : undefined);
  if (refused !== undefined) {
    const batchItem = [failed(undefined, request.version, ...refused)];
    tell(surroundings, request, [], batchItem);
    return { value: use(responseOf(surroundings, request, batchItem)), kept: false };
  }
  if (alone !== undefined && mayBePutOff(request, alone))
    return { value: use(putOff(surroundings, request, alone)), kept: true };
  try {
    if (alone !== undefined && isPoll(alone))
      return { value: await answerPoll(surroundings, request, alone, use), kept: false };
    const done = await store.transaction((transaction) => new Batch(surroundings, request, transaction).run(use));
    // Not before: what is not on the disk has not happened, and work that another commit spoils is done again.
    for (const event of done.events) surroundings.observe?.(event);
    return { value: done.value, kept: false };
  } catch (error) {
    const reason = reasonOfAll(error);
    const batchItem = received.batchItem.map((item) => failed(item, request.version, ...(reason ?? NOT_KEPT)));
    tell(surroundings, request, received.batchItem, batchItem);
    if (reason === undefined) throw error;
    return { value: use(responseOf(surroundings, request, batchItem)), kept: false };
  }
}

const TOO_MANY_ITEMS = ['InvalidMessage', `a request has at most ${MAX_ITEMS} items`] as const;
const NOT_KEPT = ['GeneralFailure', 'the server could not keep what was done'] as const;

/** With what every item fails when nothing of a batch has happened; undefined when that is not known. */
function reasonOfAll(error: unknown): readonly [ReasonName, string] | undefined {
  if (error instanceof TooLarge) return ['ResponseTooLarge', error.message];
  return error instanceof StateError && error.code === 'ERR_STORE_CONFLICT'
    ? ['GeneralFailure', 'other clients keep changing what this request works on: try again']
    : undefined;
}

function tell(
  { observe }: Surroundings,
  { client, version }: BatchRequest,
  items: readonly Item[],
  answers: readonly ResponseItem[],
): void {
  observeAll(observe, { owner: client.owner, version }, items, answers);
}

/** What a batch comes to: told of when it is durable. */
interface Done<T> {
  readonly value: T;
  readonly events: readonly OperationEvent[];
}

/** The run of one batch in one transaction. */
class Batch {
  readonly #surroundings: Surroundings;
  readonly #request: BatchRequest;
  readonly #context: Context;
  readonly #answers: ResponseItem[] = [];
  readonly #durations: number[] = [];
  readonly #cost: BatchCost;

  constructor(surroundings: Surroundings, request: BatchRequest, transaction: ObjectTransaction) {
    this.#surroundings = surroundings;
    this.#request = request;
    const { client, version } = request;
    this.#cost = new BatchCost(surroundings.clock, request.received.maximumResponseSize);
    const now = BigInt(Math.floor(surroundings.clock() / 1000));
    this.#context = new Context({ client, version, now, transaction, server: surroundings.server });
  }

  /** Does the items; without waiting as long as none needs it and they do not take long together. */
  run<T>(use: (response: ResponseMessage) => T): Done<T> | Promise<Done<T>> {
    let waits = false;
    try {
      const start = this.#context.transaction.savepoint();
      const items = this.#items();
      for (const [at, item] of items.entries()) {
        waits = this.#cost.isLong || handlerOf(item)?.prepare !== undefined;
        if (waits) return this.#runSlowly(items.slice(at), start, use);
        if (!this.#goOn(start, this.#step(item, undefined))) break;
      }
      return this.#finish(use);
    } finally {
      if (!waits) this.#context.wipe();
    }
  }

  /** Does the items that are left, with a wait before those that need one. */
  async #runSlowly<T>(
    items: readonly Item[],
    start: ReturnType<ObjectTransaction['savepoint']>,
    use: (response: ResponseMessage) => T,
  ): Promise<Done<T>> {
    try {
      for (const item of items) {
        if (this.#cost.isLong) await this.#cost.pause();
        const prepared = await this.#prepare(item);
        if (!this.#goOn(start, this.#step(item, prepared))) break;
      }
      return this.#finish(use);
    } finally {
      this.#context.wipe();
    }
  }

  #items(): readonly Item[] {
    const { batchErrorContinuationOption: option } = this.#request.received;
    if (typeof option === 'number') {
      const [first] = this.#request.received.batchItem;
      const { version } = this.#request;
      this.#answers.push(failed(first, version, 'InvalidField', 'this Batch Error Continuation Option is not known'));
      return [];
    }
    return this.#request.received.batchItem;
  }

  async #prepare(item: Item): Promise<unknown> {
    const handler = handlerOf(item);
    if (handler?.prepare === undefined || !isSupported(this.#request.version, item) || this.#cost.isOver)
      return undefined;
    try {
      return { ready: await handler.prepare((item as RequestItem).requestPayload as never, this.#context) };
    } catch (error) {
      return { error };
    }
  }

  /** Does an item; a failed one leaves nothing behind. */
  #step(item: Item, prepared: unknown): ResponseItem {
    const { transaction } = this.#context;
    const begin = this.#surroundings.clock();
    const savepoint = transaction.savepoint();
    let answer: ResponseItem;
    try {
      answer = this.#do(item, prepared as Prepared | undefined);
    } catch (error) {
      transaction.rollBackTo(savepoint);
      answer = this.#failure(item, error);
    }
    this.#cost.add(answer.responsePayload, this.#context.heldBytes);
    this.#answers.push(answer);
    this.#durations.push(this.#surroundings.clock() - begin);
    return answer;
  }

  #do(item: Item, prepared: Prepared | undefined): ResponseItem {
    if ('fault' in item) return refuse(resultReasonOf(item.fault), item.fault.message);
    if (item.messageExtension?.criticalityIndicator === true)
      refuse('FeatureNotSupported', 'the critical message extension is not known');
    const handler = handlerOf(item);
    const { quirks } = this.#surroundings.server;
    if (handler === undefined || !isSupported(this.#request.version, item) || isHidden(quirks, item))
      return refuse('OperationNotSupported', 'the operation is not supported');
    quirks.checkPayload?.(item.operation as OperationName, item.requestPayload);
    if (this.#cost.isOver) refuse('GeneralFailure', 'the request has taken too long');
    if (prepared !== undefined && 'error' in prepared) throw prepared.error;
    const responsePayload = handler.run(item.requestPayload as never, this.#context, prepared?.ready);
    const answer = { ...named(item), resultStatus: 'Success', responsePayload } as ResponseItem;
    return quirks.changeAnswer?.(answer) ?? answer;
  }

  #failure(item: Item, error: unknown): ResponseItem {
    const { version } = this.#request;
    if (error instanceof Refusal) return failed(item, version, error.resultReason, error.message, error.payload);
    if (error instanceof UsageError && error.code === 'ERR_STORE_LIMIT')
      return failed(item, version, 'InvalidField', 'the object is too large');
    this.#surroundings.onFault?.(error);
    return failed(item, version, 'GeneralFailure', 'the server could not do this');
  }

  /** Whether to go on with the next item. */
  #goOn(start: ReturnType<ObjectTransaction['savepoint']>, answer: ResponseItem): boolean {
    if (answer.resultStatus !== 'OperationFailed') return true;
    const option = this.#request.received.batchErrorContinuationOption;
    if (option === 'Undo') {
      this.#context.transaction.rollBackTo(start);
      for (const [i, earlier] of this.#answers.slice(0, -1).entries())
        this.#answers[i] = { ...named(earlier), resultStatus: 'OperationUndone' } as ResponseItem;
    }
    return option === 'Continue';
  }

  #finish<T>(use: (response: ResponseMessage) => T): Done<T> {
    const { client, version, received } = this.#request;
    const value = use(responseOf(this.#surroundings, this.#request, this.#answers));
    const source = { owner: client.owner, version };
    const events = this.#answers.map((answer, i) =>
      eventOf(source, received.batchItem[i], answer, this.#durations[i] ?? 0),
    );
    return { value, events };
  }
}

type Prepared = { readonly ready: unknown } | { readonly error: unknown };

function handlerOf(item: Item): Handler<OperationName> | undefined {
  const { operation } = item;
  return typeof operation === 'string' && Object.hasOwn(HANDLERS, operation)
    ? (HANDLERS[operation as OperationName] as Handler<OperationName> | undefined)
    : undefined;
}

function isSupported(version: KmipVersion, { operation }: Item): boolean {
  return typeof operation === 'string' && isInVersion(version, 'Operation', operation);
}

function isHidden({ operations }: Quirks, { operation }: Item): boolean {
  return operations !== undefined && !operations.has(operation as OperationName);
}

function isPoll(item: Item): item is RequestItem<'Poll'> {
  return item.operation === 'Poll' && !('fault' in item);
}

/** What a client may have to wait for. Everything else is answered at once, which the indicator permits. */
const MAY_BE_PUT_OFF: ReadonlySet<unknown> = /* @__PURE__ */ new Set([
  'Locate',
  'Archive',
  'Recover',
  'CreateKeyPair',
  'ReKeyKeyPair',
  'DeriveKey',
]);

function mayBePutOff({ received, version }: BatchRequest, item: Item): boolean {
  return received.asynchronousIndicator === true && MAY_BE_PUT_OFF.has(item.operation) && isSupported(version, item);
}

/** Puts the only item of a request off. */
function putOff(surroundings: Surroundings, request: BatchRequest, item: Item): ResponseMessage {
  const { asynchronousIndicator: _done, ...received } = request.received;
  const run = async (): Promise<ResponseItem> => {
    const later = { ...request, received };
    const { value } = await runBatch(surroundings, later, (response) => structuredClone(response.batchItem[0]!));
    wipeMessage(received);
    return value;
  };
  let answer: ResponseItem;
  try {
    const asynchronousCorrelationValue = surroundings.server.pending.add(request.client.owner, run);
    answer = { ...named(item), resultStatus: 'OperationPending', asynchronousCorrelationValue } as ResponseItem;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    answer = failed(item, request.version, error.resultReason, error.message);
  }
  tell(surroundings, request, [item], [answer]);
  return responseOf(surroundings, request, [answer]);
}

/** Poll answers with what the operation would have answered. */
async function answerPoll<T>(
  surroundings: Surroundings,
  request: BatchRequest,
  item: RequestItem<'Poll'>,
  use: (response: ResponseMessage) => T,
): Promise<T> {
  const { owner } = request.client;
  const { pending } = surroundings.server;
  const { asynchronousCorrelationValue } = item.requestPayload;
  let answer: ResponseItem;
  try {
    const polled = await pending.poll(owner, asynchronousCorrelationValue);
    const { uniqueBatchItemID } = item;
    answer = { ...polled, ...(uniqueBatchItemID !== undefined && { uniqueBatchItemID }) } as ResponseItem;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    answer = failed(item, request.version, error.resultReason, error.message);
  }
  // One that is too large for this poll is kept for another.
  const value = use(responseOf(surroundings, request, [answer]));
  pending.forget(owner, asynchronousCorrelationValue);
  tell(surroundings, request, [item], [answer]);
  wipeMessage(answer);
  return value;
}

function responseOf(
  { clock }: Surroundings,
  { received, version }: BatchRequest,
  batchItem: readonly ResponseItem[],
): ResponseMessage {
  const { clientCorrelationValue } = received;
  return {
    protocolVersion: version,
    timeStamp: BigInt(Math.floor(clock() / 1000)),
    ...(clientCorrelationValue !== undefined && version >= '1.4' && { clientCorrelationValue }),
    batchItem,
  };
}

/** What names an item in an answer. */
function named(item: Pick<Item, 'operation' | 'uniqueBatchItemID'> | undefined): Partial<ResponseItem> {
  const { operation, uniqueBatchItemID } = item ?? {};
  return {
    ...(operation !== undefined && { operation }),
    ...(uniqueBatchItemID !== undefined && { uniqueBatchItemID }),
  } as Partial<ResponseItem>;
}

function failed(
  item: Item | undefined,
  version: KmipVersion,
  reason: ReasonName,
  resultMessage: string,
  responsePayload?: object,
): ResponseItem {
  return {
    ...named(item),
    resultStatus: 'OperationFailed',
    resultReason: reasonIn(version, reason),
    resultMessage,
    ...(responsePayload !== undefined && { responsePayload }),
  } as ResponseItem;
}
