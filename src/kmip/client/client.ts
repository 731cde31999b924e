/**
 * `KmipClient`: requests and batches to whichever of the servers is up, each under one deadline. Layer: kmip/client, Node only.
 */
import { abortReason, ProtocolError, type TransportAttempt, TransportError } from '../../errors.ts';
import {
  type Attribute,
  decodeResponse,
  encodeRequest,
  type KmipVersion,
  type LocateResponsePayload,
  type OperationName,
  type QueryResponsePayload,
  type RequestHeader,
  type RequestItem,
  type RequestPayloads,
  type ResponseItem,
  type ResponsePayloads,
  wipeMessage,
} from '../index.ts';
import { matchAnswer, refusalOf } from './answer.ts';
import { type Connection, closedError, ExchangeFailure } from './connection.ts';
import { Connector } from './connector.ts';
import { CredentialStore } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { publishRequest, wantsRequests } from './events.ts';
import { type LocateFilter, locateAll } from './locate.ts';
import {
  assertKnown,
  type CallOptions,
  type KmipClientOptions,
  resolveOptions,
  type Settings,
  timeoutOf,
} from './options.ts';
import { Pool } from './pool.ts';
import { decideResend, isRepeatable } from './resend.ts';
import { codeOf, describeFailure, hintFor, isPassing } from './tls-errors.ts';

/** Options of `batch`. */
export interface BatchOptions extends CallOptions {
  /** What the server does when an item fails: stop there (default), go on with the next, or undo those before it. */
  readonly onError?: 'stop' | 'continue' | 'undo';
}

/** Options of `locateAll`. */
export interface LocateAllOptions extends CallOptions, LocateFilter {}

/** What a server says that it can do. */
export interface KmipCapabilities {
  /** By name; operations that the registry does not know by number. */
  readonly operations: ReadonlySet<string | number>;
  readonly objectTypes: ReadonlySet<string | number>;
  readonly vendorIdentification: string | null;
}

/**
 * Connects to the first of the servers that is ready, and agrees on a protocol version with it.
 *
 * @throws {UsageError} ERR_OPTION; ERR_KMIP_KEY_PASSWORD, ERR_KMIP_TLS_OPTIONS
 * @throws {StateError | FormatError | AuthenticationError} when the credentials cannot be used: see `Credentials`
 * @throws {TransportError} ERR_KMIP_CONNECT, ERR_KMIP_TIMEOUT, with every attempt
 * @example
 * await using client = await connectKmip({
 *   servers: [{ host: 'kmip.example.com' }, { host: 'standby.example.com' }],
 *   credentials: { ca: { file: 'CA.pem' }, cert: { file: 'cert.pem' }, key: { file: 'key.pem' } },
 * });
 * const { objectType } = await client.request('Get', { uniqueIdentifier: '1742' });
 */
export async function connectKmip(options: KmipClientOptions & CallOptions): Promise<KmipClient> {
  const { signal, ...rest } = options;
  const settings = resolveOptions(rest);
  const client = new KmipClient(settings);
  try {
    await client.open({ ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

/** A client of one or several equivalent KMIP servers. Made by `connectKmip`. */
export class KmipClient implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #credentials: CredentialStore;
  readonly #connector: Connector;
  readonly #pool: Pool;
  readonly #capabilities = new Map<string, Promise<KmipCapabilities | null>>();

  /** @internal Use `connectKmip`. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#credentials = new CredentialStore(settings.credentials, settings.tls);
    this.#connector = new Connector(settings, this.#credentials);
    this.#pool = new Pool(settings, (deadline) => this.#connector.connect(deadline));
  }

  /** @internal The part of `connectKmip` that may wait. */
  async open(options: CallOptions): Promise<void> {
    if (this.#settings.lazy) {
      await this.#credentials.context();
      return;
    }
    this.#pool.release(await this.#pool.acquire(this.#deadline(options)));
  }

  /** `host:port` of the server that was connected to last. */
  get server(): string {
    return this.#connector.server.name;
  }

  /** The version spoken with it; null before it is known (`lazy`). */
  get version(): KmipVersion | null {
    return this.#connector.version;
  }

  /**
   * Sends one operation. Byte strings of the answer are the caller's to wipe (`wipeMessage`).
   *
   * @throws {ProtocolError} what the server refused it with: its status, reason and message
   * @throws {TransportError} ERR_KMIP_CONNECT, ERR_KMIP_CONNECTION, ERR_KMIP_TIMEOUT: it was not done, or changes nothing;
   *   ERR_KMIP_OUTCOME_UNKNOWN: the server may have done it, and it was not sent again
   * @throws {FormatError | LimitError} when the answer cannot be used
   * @throws {UsageError} ERR_KMIP_VERSION, ERR_KMIP_FIELD and others of `encodeRequest`; ERR_OPTION
   * @throws {StateError} ERR_KMIP_CLOSED; the signal's reason, when nothing was done (else it is the cause of ERR_KMIP_OUTCOME_UNKNOWN)
   */
  async request<O extends OperationName>(
    operation: O,
    payload: RequestPayloads[O],
    options: CallOptions = {},
  ): Promise<ResponsePayloads[O]> {
    assertKnown(options, CALL_OPTIONS);
    return this.#one(operation, payload, this.#deadline(options), {});
  }

  /**
   * Sends several operations as one message, done in order. One that names no object takes the one that the operation
   * before it made or found (the ID Placeholder; KMIP 1.4, section 4).
   *
   * @returns the items that the server got to, in order: shorter than asked for when it stopped; failed ones included
   * @throws {ProtocolError} when the server refused the message as a whole; and as `request`
   */
  async batch(items: readonly RequestItem[], options: BatchOptions = {}): Promise<readonly ResponseItem[]> {
    assertKnown(options, [...CALL_OPTIONS, 'onError']);
    if (items.length === 0) return [];
    const { onError = 'stop' } = options;
    const header: RequestHeader =
      items.length === 1 ? {} : { batchErrorContinuationOption: CONTINUATION[onError], batchOrderOption: true };
    const numbered = items.length === 1 ? items : items.map((item, i) => ({ ...item, uniqueBatchItemID: idOf(i) }));
    const answers = await this.#send(numbered, this.#deadline(options), header);
    const [first] = answers;
    // A message that the server could not read, or does not take, is answered with one item that names no operation.
    if (
      items.length > 1 &&
      first !== undefined &&
      first.operation === undefined &&
      first.uniqueBatchItemID === undefined &&
      first.resultStatus !== 'Success'
    )
      throw refusalOf(first);
    return answers;
  }

  /**
   * Asks the server, once, what it can do; null when it does not tell: it has no Query, or does not permit it, which needs a
   * permission like any other operation. Asked again after anything else went wrong.
   *
   * @throws as `request`
   */
  capabilities(options: CallOptions = {}): Promise<KmipCapabilities | null> {
    const { server } = this;
    let asked = this.#capabilities.get(server);
    if (asked === undefined) {
      asked = this.#query(options);
      this.#capabilities.set(server, asked);
      asked.catch(() => this.#capabilities.delete(server));
    }
    return asked;
  }

  /**
   * Lists the Unique Identifiers of all objects that match all the attributes, each once, however many there are. Servers
   * match loosely: whoever relies on a hit verifies it by Get Attributes.
   *
   * @throws {LimitError} ERR_KMIP_LOCATE_SIZE before KMIP 1.3, when they do not fit one message; and as `request`
   */
  async locateAll(attributes: readonly Attribute[], options: LocateAllOptions = {}): Promise<readonly string[]> {
    assertKnown(options, [...CALL_OPTIONS, 'storageStatusMask', 'objectGroupMember', 'pageItems']);
    const { signal: _signal, timeoutMs: _timeoutMs, ...filter } = options;
    const deadline = this.#deadline(options);
    const version = this.version ?? (await this.#agreedVersion(deadline));
    return locateAll(
      (payload, maximumResponseSize): Promise<LocateResponsePayload> =>
        this.#one('Locate', payload, deadline, maximumResponseSize ? { maximumResponseSize } : {}),
      attributes,
      filter,
      version,
      this.#settings,
    );
  }

  /** Closes all connections at once; requests under way fail. Safe to call twice. */
  async close(): Promise<void> {
    this.#pool.close();
    this.#connector.abort(closedError());
    this.#credentials.dispose();
  }

  /** Closes all connections, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #query(options: CallOptions): Promise<KmipCapabilities | null> {
    const queryFunction = ['QueryOperations', 'QueryObjects', 'QueryServerInformation'] as const;
    let answer: QueryResponsePayload;
    try {
      answer = await this.request('Query', { queryFunction }, options);
    } catch (error) {
      // Any other refusal may pass, and must not be taken for an answer.
      if (error instanceof ProtocolError && NOT_TELLING.includes(error.resultReason)) return null;
      throw error;
    }
    return {
      operations: new Set(answer.operation),
      objectTypes: new Set(answer.objectType),
      vendorIdentification: answer.vendorIdentification ?? null,
    };
  }

  async #agreedVersion(deadline: Deadline): Promise<KmipVersion> {
    const connection = await this.#pool.acquire(deadline);
    this.#pool.release(connection);
    return connection.version;
  }

  #deadline(options: CallOptions): Deadline {
    return new Deadline(timeoutOf(options, this.#settings), options.signal);
  }

  async #one<O extends OperationName>(
    operation: O,
    requestPayload: RequestPayloads[O],
    deadline: Deadline,
    header: RequestHeader,
  ): Promise<ResponsePayloads[O]> {
    const item = { operation, requestPayload } as RequestItem;
    const [answer] = (await this.#send([item], deadline, header)) as readonly [ResponseItem<O>];
    if (answer.resultStatus !== 'Success') throw refusalOf(answer as ResponseItem, operation);
    // Some servers leave an empty payload out.
    return (answer.responsePayload ?? {}) as ResponsePayloads[O];
  }

  /** Sends a batch, again where that is safe, until there is a usable answer or a reason to give up. */
  async #send(
    items: readonly RequestItem[],
    deadline: Deadline,
    header: RequestHeader,
  ): Promise<readonly ResponseItem[]> {
    const attempts: TransportAttempt[] = [];
    for (let resends = 0; ; resends++) {
      if (deadline.signal?.aborted === true) throw abortReason(deadline.signal);
      const connection = await this.#acquire(deadline, resends);
      if (connection === null) continue;
      try {
        return await this.#exchange(connection, items, header, deadline, resends + 1);
      } catch (error) {
        if (!(error instanceof ExchangeFailure)) throw error;
        this.#noteFailure(connection, error, attempts);
        const known = { isRepeatable: isRepeatable(items), resends, maxResends: this.#settings.maxResends };
        const verdict = decideResend({ kind: error.kind, sent: error.sent, ...known });
        if (verdict !== 'resend') throw this.#errorFor(error, verdict, attempts, deadline);
      } finally {
        this.#pool.release(connection);
      }
    }
  }

  /** A connection; null when none could be made just now, nothing was sent yet, and trying again is worth it. */
  async #acquire(deadline: Deadline, resends: number): Promise<Connection | null> {
    try {
      return await this.#pool.acquire(deadline);
    } catch (error) {
      const isConnect = error instanceof TransportError && error.code === 'ERR_KMIP_CONNECT';
      if (!isConnect || !isPassing(error.cause) || resends >= this.#settings.maxResends) throw error;
      return null;
    }
  }

  async #exchange(
    connection: Connection,
    items: readonly RequestItem[],
    header: RequestHeader,
    deadline: Deadline,
    attempt: number,
  ): Promise<readonly ResponseItem[]> {
    const { version } = connection;
    const { maximumResponseSize, responseTimeoutMs } = this.#settings;
    const limit = maximumResponseSize > 0 ? { maximumResponseSize } : {};
    const request = encodeRequest({ protocolVersion: version, ...limit, ...header, batchItem: items });
    const seen = wantsRequests() ? new Observation(connection, items, attempt, request.length) : undefined;
    const read = (message: Uint8Array): readonly ResponseItem[] => {
      const response = decodeResponse(message);
      try {
        const answers = matchAnswer(response, items, version);
        seen?.answered(message.length, answers);
        return answers;
      } catch (error) {
        wipeMessage(response);
        throw error;
      }
    };
    try {
      return await connection.exchange(request, read, deadline, responseTimeoutMs);
    } catch (error) {
      seen?.failed(error);
      throw error;
    }
  }

  #noteFailure({ server }: Connection, failure: ExchangeFailure, attempts: TransportAttempt[]): void {
    attempts.push({ server: server.name, phase: failure.phase, cause: describeFailure(failure.cause) });
    // A broken connection says little of the server: connecting again will tell. One that does not answer is tried last.
    if (failure.kind === 'silent' || failure.kind === 'unusable') this.#connector.failed(server);
  }

  #errorFor(
    failure: ExchangeFailure,
    verdict: 'fail' | 'unknown',
    attempts: readonly TransportAttempt[],
    { signal, timeoutMs }: Deadline,
  ): unknown {
    const reason = failure.kind === 'abort' && signal !== undefined ? abortReason(signal) : undefined;
    // Whoever ends a call that may have changed something has to be told so: the reason alone would mean that nothing was done.
    if (reason !== undefined && verdict === 'fail') return reason;
    if (failure.kind === 'unusable' && verdict === 'fail') return failure.cause;
    const list = attempts.map(({ server, phase, cause }) => `${server}: ${phase}: ${cause}`).join('; ');
    const hint = hintFor(failure.cause);
    const details = { cause: reason ?? failure.cause, ...(hint === undefined ? {} : { hint }) };
    if (verdict === 'unknown') {
      const message = `the server may have done what it was asked for, but its answer did not come: ${list}`;
      return new TransportError('ERR_KMIP_OUTCOME_UNKNOWN', message, attempts, details);
    }
    if (failure.kind === 'timeout')
      return new TransportError('ERR_KMIP_TIMEOUT', `no answer within ${timeoutMs} ms: ${list}`, attempts, details);
    return new TransportError('ERR_KMIP_CONNECTION', `the connection failed: ${list}`, attempts, details);
  }
}

const CALL_OPTIONS = ['signal', 'timeoutMs'];
/** Result Reasons of a server that will not say later either what it can do. */
const NOT_TELLING: readonly (string | undefined)[] = ['OperationNotSupported', 'PermissionDenied'];
const CONTINUATION = { stop: 'Stop', continue: 'Continue', undo: 'Undo' } as const;

/** Unique Batch Item IDs: the item's number, 4 bytes. */
function idOf(i: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i);
}

/** What becomes a `keyward:kmip:request` event. */
class Observation {
  readonly #connection: Connection;
  readonly #items: readonly RequestItem[];
  readonly #attempt: number;
  readonly #requestBytes: number;
  readonly #startedMs = performance.now();

  constructor(connection: Connection, items: readonly RequestItem[], attempt: number, requestBytes: number) {
    this.#connection = connection;
    this.#items = items;
    this.#attempt = attempt;
    this.#requestBytes = requestBytes;
  }

  answered(responseBytes: number, answers: readonly ResponseItem[]): void {
    this.#publish(
      responseBytes,
      null,
      answers.map((answer) => (answer.resultStatus === 'Success' ? null : (answer.resultReason ?? 'unknown'))),
    );
  }

  failed(error: unknown): void {
    const cause = error instanceof ExchangeFailure ? error : undefined;
    this.#publish(0, codeOf(cause?.cause) ?? cause?.kind ?? 'unknown', []);
  }

  #publish(responseBytes: number, error: string | null, resultReasons: readonly (string | number | null)[]): void {
    publishRequest({
      server: this.#connection.server.name,
      version: this.#connection.version,
      operations: this.#items.map(({ operation }) => String(operation)),
      attempt: this.#attempt,
      durationMs: performance.now() - this.#startedMs,
      requestBytes: this.#requestBytes,
      responseBytes,
      error,
      resultReasons,
    });
  }
}
