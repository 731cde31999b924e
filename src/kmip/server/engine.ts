/**
 * The engine of the KMIP server: a request's bytes in, an answer's bytes out (KMIP 1.4, sections 6, 7 and 11). It knows no sockets and
 * no files: objects are in the store it is given, time and randomness come in as arguments.
 *
 * What a server must do with a message that it cannot take as it is:
 *   unreadable, or of another major version     one item without Operation: Invalid Message (a field it must not have: Invalid Field)
 *   one item unreadable                         that item fails, the others do not
 *   answer above Maximum Response Size          nothing has happened, every item fails: Response Too Large
 *
 * Layer: kmip/server, Node only.
 */
import { randomBytes as nodeRandomBytes } from 'node:crypto';
import { FormatError, LimitError, UsageError } from '../../errors.ts';
import { readTtlv, Tag } from '../../ttlv/index.ts';
import {
  type Authentication,
  type ExtensionInformation,
  encodeResponse,
  isKmipVersion,
  type KmipVersion,
  type ReceivedRequest,
  type RequestMessage,
  type ResponseItem,
  type ResponseMessage,
  receiveRequest,
  resultReasonOf,
  wipeMessage,
} from '../index.ts';
import { type Defer, PendingRequests } from './asynchronous.ts';
import { type BatchRequest, runBatch } from './batch.ts';
import { MAX_ANSWER_BYTES } from './batch-limits.ts';
import type { Client, Server } from './context.ts';
import { type OperationEvent, observeAll } from './events.ts';
import { GroupTurns } from './group-turns.ts';
import { type QuirkName, type Quirks, quirksOf } from './quirks.ts';
import type { ReasonName } from './refusal.ts';
import type { ObjectStore } from './store.ts';
import { DataStreams } from './streams.ts';
import { TooLarge } from './too-large.ts';

/** What an engine is made of. Unknown options are refused. */
export interface EngineOptions {
  readonly store: ObjectStore;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly clock?: () => number;
  /** Default: the platform's generator. */
  readonly randomBytes?: (lengthBytes: number) => Uint8Array<ArrayBuffer>;
  /** Default `keyward`. */
  readonly vendorIdentification?: string;
  /** Lease Time of new objects, seconds. Default 3,600. */
  readonly leaseTimeSeconds?: number;
  /**
   * Whether an owner's live objects of one type must have different names (KMIP 1.4, 3.2). Default true. PyKMIP's client gives objects
   * that it is told no name for the same one: for it, `false`.
   */
  readonly uniqueNames?: boolean;
  /** Vendor extensions that Query names. Default none. */
  readonly extensions?: readonly ExtensionInformation[];
  /**
   * Looks at the credentials of a request's header: gives the client to serve, or undefined to refuse. Default: they are not looked at,
   * the certificate has said who it is.
   */
  readonly authenticate?: (authentication: Authentication, client: Client) => Client | undefined;
  /** Puts an asynchronous request off. Default: for 20 ms. */
  readonly defer?: Defer;
  /** Answers as another server does where it differs from the specification. Default: as the specification says. */
  readonly quirks?: QuirkName;
  /** Is told of every item, when its answer is made: for logs and counters. Never holds key bytes. */
  readonly observe?: (event: OperationEvent) => void;
  /** Is told of faults of the server itself, which clients see as General Failure. */
  readonly onFault?: (error: unknown) => void;
}

/** An engine. */
export interface Engine {
  /**
   * Answers one request message.
   *
   * @param request one whole message; not changed, the caller's to wipe
   * @returns the answer, which may hold keys: the caller's to wipe
   * @throws what the store throws when it cannot commit: then nothing is known of the request's fate, and the connection is to be closed
   */
  handle(request: Uint8Array, client: Client): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Answers a request that was decoded elsewhere, for other encodings of messages.
   *
   * @param use makes of the answer what is to be sent; the answer's bytes are wiped when it returns. May be called again
   */
  handleMessage<T>(request: RequestMessage, client: Client, use: (response: ResponseMessage) => T): Promise<T>;
}

/**
 * Makes an engine over a store.
 *
 * @throws {UsageError} ERR_OPTION
 * @example
 * const engine = createEngine({ store });
 * const answer = await engine.handle(request, { owner: 'client-a' });
 */
export function createEngine(options: EngineOptions): Engine {
  const { store, clock: given = Date.now, randomBytes = platformRandom, defer = deferAMoment, ...rest } = options;
  const { leaseTimeSeconds = 3600, extensions = [], quirks: quirkName, ...named } = rest;
  const quirks = quirksOf(quirkName);
  const { vendorIdentification = quirks.vendorIdentification ?? 'keyward' } = named;
  const { uniqueNames = quirks.uniqueNames ?? true, vendorIdentification: _named, ...hooks } = named;
  const { authenticate, observe, onFault, ...unknown } = hooks;
  const [surplus] = Object.keys(unknown);
  if (surplus !== undefined) throw new UsageError('ERR_OPTION', `unknown option ${surplus}`);
  // A clock that is set back does not bring a key back to life whose dates have passed.
  let latest = 0;
  const clock = (): number => {
    latest = Math.max(latest, given());
    return latest;
  };
  const server: Server = {
    randomBytes,
    vendorIdentification,
    leaseTimeSeconds,
    uniqueNames,
    extensions,
    quirks,
    pending: new PendingRequests(randomBytes, defer),
    streams: new DataStreams(randomBytes),
    turns: new GroupTurns(),
  };
  const surroundings = { store, server, clock, observe, onFault };

  async function handle(request: Uint8Array, client: Client): Promise<Uint8Array<ArrayBuffer>> {
    let received: ReceivedRequest;
    try {
      received = receiveRequest(request);
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      const reason = error instanceof FormatError ? resultReasonOf(error) : 'InvalidMessage';
      return encodeResponse(refused(client, peekVersion(request), reason, error.message));
    }
    const limit = received.maximumResponseSize;
    const answered = await answer(received, client, (response) => encodeWithin(response, limit, quirks));
    if (!answered.kept) wipeMessage(received);
    return answered.value;
  }

  function refused({ owner }: Client, version: KmipVersion, reason: ReasonName, message: string): ResponseMessage {
    const response = headerless(version, clock, reason, message);
    observeAll(observe, { owner, version }, [], response.batchItem);
    return response;
  }

  async function answer<T>(
    received: ReceivedRequest,
    client: Client,
    use: (response: ResponseMessage) => T,
  ): Promise<{ readonly value: T; readonly kept: boolean }> {
    const version = versionFor(received.protocolVersion);
    if (version === undefined)
      return done(use(refused(client, '1.4', 'InvalidMessage', 'this server speaks KMIP 1.0 to 1.4')));
    const served = received.authentication && authenticate ? authenticate(received.authentication, client) : client;
    if (served === undefined)
      return done(use(refused(client, version, 'AuthenticationNotSuccessful', 'the credentials are not accepted')));
    const request: BatchRequest = { received, version, client: served };
    return runBatch(surroundings, request, use);
  }

  return {
    handle,
    handleMessage: async (request, client, use) => (await answer(request, client, use)).value,
  };
}

function done<T>(value: T): { readonly value: T; readonly kept: boolean } {
  return { value, kept: false };
}

/** The version to answer in: the client's; to a later minor version the latest that is known here. */
function versionFor(asked: string): KmipVersion | undefined {
  if (isKmipVersion(asked)) return asked;
  return asked.startsWith('1.') ? '1.4' : undefined;
}

/** The version that a message names which cannot be read as a whole; the oldest when not even that can be read. */
function peekVersion(request: Uint8Array): KmipVersion {
  try {
    return readTtlv(request, (m) => {
      const version = m.child(m.child(m.root, Tag.RequestHeader), Tag.ProtocolVersion);
      const [major, minor] = [Tag.ProtocolVersionMajor, Tag.ProtocolVersionMinor].map((t) =>
        m.integer(m.child(version, t)),
      );
      return versionFor(`${major}.${minor}`) ?? '1.4';
    });
  } catch {
    return '1.0';
  }
}

/** An answer of one item without Operation: to a message that is refused as a whole. */
function headerless(
  protocolVersion: KmipVersion,
  clock: () => number,
  resultReason: ReasonName,
  resultMessage: string,
): ResponseMessage {
  const item: ResponseItem = { resultStatus: 'OperationFailed', resultReason, resultMessage };
  return { protocolVersion, timeStamp: BigInt(Math.floor(clock() / 1000)), batchItem: [item] };
}

function encodeWithin(response: ResponseMessage, limit: number | undefined, quirks: Quirks): Uint8Array<ArrayBuffer> {
  const encoded = encodeItems(response);
  const bytes = quirks.changeBytes?.(encoded) ?? encoded;
  // What only says that everything failed is sent whatever its size: there is nothing smaller.
  const harmless = response.batchItem.every(({ resultStatus }) => resultStatus === 'OperationFailed');
  const most = Math.min(limit ?? MAX_ANSWER_BYTES, MAX_ANSWER_BYTES);
  if (bytes.length <= most || harmless) return bytes;
  bytes.fill(0);
  throw new TooLarge(`the response has ${encoded.length} bytes, at most ${most} may be sent`);
}

/** Encodes; an item that the client's version has no words for becomes a failed one. */
function encodeItems(response: ResponseMessage): Uint8Array<ArrayBuffer> {
  try {
    return encodeResponse(response);
  } catch (error) {
    if (error instanceof LimitError) throw new TooLarge('the response is longer than a message may be');
    if (!(error instanceof UsageError)) throw error;
    const batchItem = response.batchItem.map((item) => (isEncodable(response, item) ? item : unspeakable(item)));
    return encodeResponse({ ...response, batchItem });
  }
}

function isEncodable(response: ResponseMessage, item: ResponseItem): boolean {
  try {
    encodeResponse({ ...response, batchItem: [item] }).fill(0);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function unspeakable(item: ResponseItem): ResponseItem {
  const { operation, uniqueBatchItemID } = item;
  return {
    ...(operation !== undefined && { operation }),
    ...(uniqueBatchItemID !== undefined && { uniqueBatchItemID }),
    resultStatus: 'OperationFailed',
    resultReason: 'GeneralFailure',
    resultMessage: 'the answer cannot be said in this version of the protocol',
  } as ResponseItem;
}

function platformRandom(lengthBytes: number): Uint8Array<ArrayBuffer> {
  const buffer = nodeRandomBytes(lengthBytes);
  const out = new Uint8Array(buffer);
  buffer.fill(0);
  return out;
}

function deferAMoment(task: () => void): void {
  setTimeout(task, 20).unref();
}
