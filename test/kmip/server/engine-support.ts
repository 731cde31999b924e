/** An engine over the memory twin, with a clock that stands still and numbers that are only as random as a test needs. */
import { hash } from '../../../src/core/index.ts';
import {
  decodeResponse,
  encodeRequest,
  type KmipVersion,
  type OperationName,
  type RequestHeader,
  type RequestItem,
  type RequestPayloads,
  type ResponseItem,
  type ResponseMessage,
  type ResponsePayloads,
} from '../../../src/kmip/index.ts';
import {
  createEngine,
  type Engine,
  type EngineOptions,
  MemoryKeyValueStore,
  memoryObjectKeys,
  type OperationEvent,
  openObjectStore,
} from '../../../src/kmip/server/index.ts';

/** The moment at which tests begin, seconds since 1970. */
export const START = 1_700_000_000;

/** An engine and its surroundings. */
export interface Bench extends AsyncDisposable {
  readonly engine: Engine;
  /** Seconds since 1970; a test moves it. */
  now: number;
  readonly events: OperationEvent[];
  /** Faults of the engine itself: a test that expects none need not look, they are thrown when the bench is disposed of. */
  readonly faults: unknown[];
  /** Tasks that asynchronous requests put off; they run when a test says so. */
  readonly deferred: (() => void)[];
  send(items: readonly RequestItem[], options?: SendOptions): Promise<ResponseMessage>;
  /** Sends one operation; gives its item. */
  ask<O extends OperationName>(operation: O, payload: RequestPayloads[O], options?: SendOptions): Promise<ResponseItem>;
  /** Sends one operation that must succeed; gives its payload. */
  ok<O extends OperationName>(
    operation: O,
    payload: RequestPayloads[O],
    options?: SendOptions,
  ): Promise<ResponsePayloads[O]>;
  /** Sends one operation that must fail; gives its Result Reason. */
  refused<O extends OperationName>(operation: O, payload: RequestPayloads[O], options?: SendOptions): Promise<unknown>;
}

/** Who sends, and how. */
export interface SendOptions {
  readonly owner?: string;
  readonly version?: KmipVersion;
  readonly header?: RequestHeader;
}

/** Opens an engine over an empty store. Same seed, same identifiers and keys. */
export async function openBench(options: Partial<EngineOptions> = {}): Promise<Bench> {
  const store = await openObjectStore({
    records: new MemoryKeyValueStore(),
    keys: await memoryObjectKeys(),
    create: true,
  });
  const events: OperationEvent[] = [];
  const faults: unknown[] = [];
  const deferred: (() => void)[] = [];
  const bench = { now: START };
  const engine = createEngine({
    store,
    clock: () => bench.now * 1000,
    randomBytes: counted(),
    defer: (task) => deferred.push(task),
    observe: (event) => events.push(event),
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  const send: Bench['send'] = async (batchItem, { owner = 'client', version = '1.4', header = {} } = {}) => {
    const request = encodeRequest({ ...header, protocolVersion: version, batchItem });
    return decodeResponse(await engine.handle(request, { owner }), { strict: true });
  };
  const ask: Bench['ask'] = async (operation, requestPayload, sending) => {
    const { batchItem } = await send([{ operation, requestPayload } as RequestItem], sending);
    return batchItem[0]!;
  };
  return Object.assign(bench, {
    engine,
    events,
    faults,
    deferred,
    send,
    ask,
    ok: async <O extends OperationName>(operation: O, payload: RequestPayloads[O], sending?: SendOptions) => {
      const item = await ask(operation, payload, sending);
      if (item.resultStatus !== 'Success')
        throw new Error(`${operation}: ${item.resultStatus} ${item.resultReason}: ${item.resultMessage}`);
      return item.responsePayload as ResponsePayloads[O];
    },
    refused: async <O extends OperationName>(operation: O, payload: RequestPayloads[O], sending?: SendOptions) => {
      const item = await ask(operation, payload, sending);
      if (item.resultStatus !== 'OperationFailed') throw new Error(`${operation}: ${item.resultStatus}`);
      return item.resultReason;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await store.close();
      if (faults.length > 0) throw faults[0];
    },
  });
}

/** Bytes that are all different, by hashing a counter. */
function counted(): (lengthBytes: number) => Uint8Array<ArrayBuffer> {
  let count = 0;
  return (lengthBytes) => {
    const out = new Uint8Array(lengthBytes);
    for (let at = 0; at < lengthBytes; at += 32) {
      const block = hash('sha256', new TextEncoder().encode(`${count++}`));
      out.set(block.subarray(0, Math.min(32, lengthBytes - at)), at);
    }
    return out;
  };
}
