/**
 * Request and response messages of KMIP 1.0 to 1.4 (KMIP 1.4, sections 6 and 7) as plain objects, made of the specification's
 * tables by one codec for all operations: a field has the name of its tag, in lower camel case; what may be there several times is
 * an array; enumerations are the names of their values. The fields of the header stand in the message itself.
 *
 *   Request Message  { Request Header,  Batch Item { Operation, Unique Batch Item ID?, Request Payload }+ }
 *   Response Message { Response Header, Batch Item { Operation?, Unique Batch Item ID?, Result Status, …, Response Payload? }+ }
 *
 * Messages of a version that is not known field by field are read as far as all versions agree: see `decodeRequest`. Layer: kmip.
 */
import { writeLargeTtlv } from '../core/index.ts';
import { FormatError, UsageError } from '../errors.ts';
import {
  type AttestationType,
  type BatchErrorContinuationOption,
  type Operation,
  type ResultReason,
  type ResultStatus,
  readTtlv,
  Tag,
  type TtlvItem,
  type TtlvLimits,
  type TtlvMessage,
} from '../ttlv/index.ts';
import { type Extensible, isKmipVersion, type KmipVersion, type Token, type WireVersion } from './base.ts';
import { Decoder, type Fields, type Reading, readVersion } from './decode.ts';
import { Encoder } from './encode.ts';
import type { RequestPayloads, ResponsePayloads } from './generated/operations.ts';
import type { Authentication, MessageExtension, Nonce } from './generated/structures.ts';

/** The operations whose payloads are known. */
export type OperationName = keyof RequestPayloads;
/** Operations whose payloads are not known: those of 2.x by name, others by number. */
export type ForeignOperation = Exclude<keyof typeof Operation, OperationName> | number;

/** The header of a request, without what is counted and the version. */
export interface RequestHeader extends Extensible {
  /** Bytes. */
  readonly maximumResponseSize?: number;
  /** Since 1.4. */
  readonly clientCorrelationValue?: string;
  /** Since 1.4. */
  readonly serverCorrelationValue?: string;
  readonly asynchronousIndicator?: boolean;
  /** Since 1.2. */
  readonly attestationCapableIndicator?: boolean;
  /** Since 1.2. */
  readonly attestationType?: readonly Token<typeof AttestationType>[];
  readonly authentication?: Authentication;
  readonly batchErrorContinuationOption?: Token<typeof BatchErrorContinuationOption>;
  readonly batchOrderOption?: boolean;
  /** Seconds since 1970. Best left out: some servers refuse one that lies in their future. */
  readonly timeStamp?: bigint;
}

/** One operation asked for. */
export interface OperationRequest<O extends OperationName> extends Extensible {
  readonly operation: O;
  /** Must be there when the batch has more than one item. */
  readonly uniqueBatchItemID?: Uint8Array;
  readonly requestPayload: RequestPayloads[O];
  readonly messageExtension?: MessageExtension;
}

/** An operation asked for whose payload is not known. */
export interface ForeignRequest extends Extensible {
  readonly operation: ForeignOperation;
  /** Must be there when the batch has more than one item. */
  readonly uniqueBatchItemID?: Uint8Array;
  readonly requestPayload: Extensible;
  readonly messageExtension?: MessageExtension;
}

/** A Batch Item of a request; `RequestItem<'Get'>` is one of that operation. */
export type RequestItem<O extends OperationName = OperationName> =
  | { [N in O]: OperationRequest<N> }[O]
  | (OperationName extends O ? ForeignRequest : never);

/** A request message. Its Batch Count is that of its items. */
export interface RequestMessage extends RequestHeader {
  readonly protocolVersion: WireVersion;
  readonly batchItem: readonly RequestItem[];
}

/** The header of a response, without what is counted and the version. */
export interface ResponseHeader extends Extensible {
  /** Seconds since 1970. The specification wants one in every response; not all servers send it. */
  readonly timeStamp?: bigint;
  /** Since 1.2. */
  readonly nonce?: Nonce;
  /** Since 1.2. */
  readonly attestationType?: readonly Token<typeof AttestationType>[];
  /** Since 1.4. */
  readonly clientCorrelationValue?: string;
  /** Since 1.4. */
  readonly serverCorrelationValue?: string;
}

/** What every Batch Item of a response has. */
export interface ResponseResult extends Extensible {
  /** The request item's own, given back. */
  readonly uniqueBatchItemID?: Uint8Array;
  readonly resultStatus: Token<typeof ResultStatus>;
  /** Must be there when the operation failed. */
  readonly resultReason?: Token<typeof ResultReason>;
  readonly resultMessage?: string;
  /** There when the operation is pending. */
  readonly asynchronousCorrelationValue?: Uint8Array;
  readonly messageExtension?: MessageExtension;
}

/** The result of one operation. */
export interface OperationResponse<O extends OperationName> extends ResponseResult {
  readonly operation: O;
  /** There when the operation succeeded, mostly: some servers leave an empty one out. */
  readonly responsePayload?: ResponsePayloads[O];
}

/** The result of an operation whose payload is not known, or that the server did not name. */
export interface ForeignResponse extends ResponseResult {
  readonly operation?: ForeignOperation;
  readonly responsePayload?: Extensible;
}

/** A Batch Item of a response; `ResponseItem<'Get'>` is one of that operation. */
export type ResponseItem<O extends OperationName = OperationName> =
  | { [N in O]: OperationResponse<N> }[O]
  | (OperationName extends O ? ForeignResponse : never);

/** A response message. Its Batch Count is that of its items. */
export interface ResponseMessage extends ResponseHeader {
  readonly protocolVersion: WireVersion;
  readonly batchItem: readonly ResponseItem[];
}

/** How messages are decoded. Unknown options are refused. */
export interface DecodeOptions extends TtlvLimits {
  /**
   * `true`: a field that the message's version does not have is an error, and so is a wrong Batch Count; for servers. `false`
   * (default): such fields are kept under `unknown`. Has no effect on versions that are not known field by field.
   */
  readonly strict?: boolean;
}

/** A Batch Item that could not be understood: the others may be. */
export interface FaultyItem {
  readonly operation?: OperationName | ForeignOperation;
  /** To be given back in the answer. */
  readonly uniqueBatchItemID?: Uint8Array;
  readonly fault: FormatError;
}

/** A request as a server receives it. */
export interface ReceivedRequest extends RequestHeader {
  readonly protocolVersion: WireVersion;
  readonly batchItem: readonly (RequestItem | FaultyItem)[];
}

/**
 * Encodes a request message. Its version must be one of `KmipVersion`; nothing that the version lacks is written.
 *
 * @returns the bytes, which hold what secrets the message holds; the caller's to wipe
 * @throws {UsageError} ERR_KMIP_VERSION (a field, value or operation of a later version), ERR_KMIP_FIELD, _MISSING, _VALUE
 * @throws {LimitError} ERR_TTLV_SIZE above 8 MiB
 * @example
 * encodeRequest({
 *   protocolVersion: '1.1',
 *   batchItem: [{ operation: 'Get', requestPayload: { uniqueIdentifier: '1742' } }],
 * });
 */
export function encodeRequest(message: RequestMessage): Uint8Array<ArrayBuffer> {
  return encodeMessage(message, 'request');
}

/**
 * Encodes a response message.
 *
 * @throws as `encodeRequest`
 */
export function encodeResponse(message: ResponseMessage): Uint8Array<ArrayBuffer> {
  return encodeMessage(message, 'response');
}

/**
 * Decodes a request message; the caller's bytes are not changed. Byte strings are copies, the caller's to wipe (`wipeMessage`).
 *
 * A later 1.x version is read as 1.4. Of another major version only what all have in common is read: the version, the
 * operations, and the result; the rest is under `unknown`.
 *
 * @throws {FormatError} ERR_TTLV_…, ERR_KMIP_MESSAGE, _FIELD, _DUPLICATE, _MISSING, _TYPE, _VALUE, _COUNT, with offset and tag path
 * @throws {LimitError} ERR_TTLV_SIZE, _DEPTH, _COUNT
 */
export function decodeRequest(bytes: Uint8Array, options?: DecodeOptions): RequestMessage {
  return decodeMessage(bytes, options, 'request', false) as unknown as RequestMessage;
}

/**
 * Decodes a request as a server must: strictly, and a fault inside a Batch Item spoils that item only (KMIP 1.1, section 11.1).
 * Faults outside of the items are thrown.
 *
 * @throws as `decodeRequest`
 */
export function receiveRequest(bytes: Uint8Array, options: DecodeOptions = {}): ReceivedRequest {
  return decodeMessage(bytes, { strict: true, ...options }, 'request', true) as unknown as ReceivedRequest;
}

/**
 * Decodes a response message.
 *
 * @throws as `decodeRequest`
 * @example
 * const [item] = decodeResponse(answer).batchItem;
 */
export function decodeResponse(bytes: Uint8Array, options?: DecodeOptions): ResponseMessage {
  return decodeMessage(bytes, options, 'response', false) as unknown as ResponseMessage;
}

type Side = Reading['side'];

const PARTS = {
  request: {
    message: Tag.RequestMessage,
    header: Tag.RequestHeader,
    headerName: 'RequestHeader',
    item: 'RequestBatchItem',
  },
  response: {
    message: Tag.ResponseMessage,
    header: Tag.ResponseHeader,
    headerName: 'ResponseHeader',
    item: 'ResponseBatchItem',
  },
} as const;

function encodeMessage(message: RequestMessage | ResponseMessage, side: Side): Uint8Array<ArrayBuffer> {
  const { batchItem, ...header } = message;
  const { protocolVersion } = header;
  if (!isKmipVersion(protocolVersion))
    throw new UsageError('ERR_KMIP_VERSION', `protocolVersion: messages of KMIP ${protocolVersion} cannot be written`);
  if (!Array.isArray(batchItem) || batchItem.length === 0)
    throw new UsageError('ERR_KMIP_MISSING', 'batchItem: a message has at least one');
  const parts = PARTS[side];
  return writeLargeTtlv((writer) => {
    const encoder = new Encoder(writer, protocolVersion, side);
    writer.open(parts.message);
    encoder.structure(parts.header, parts.headerName, { ...header, batchCount: batchItem.length }, side);
    for (let i = 0; i < batchItem.length; i++) {
      const place = `batchItem.${i}`;
      if (side === 'request' && batchItem.length > 1 && batchItem[i].uniqueBatchItemID === undefined)
        throw new UsageError(
          'ERR_KMIP_MISSING',
          `${place}: UniqueBatchItemID is missing, which each of several items has`,
        );
      encoder.structure(Tag.BatchItem, parts.item, batchItem[i], place);
    }
    writer.close();
  });
}

function decodeMessage(bytes: Uint8Array, options: DecodeOptions | undefined, side: Side, keepFaults: boolean): Fields {
  // Without options none are checked: that is the way of most calls.
  if (options === undefined) return readTtlv(bytes, (m) => readMessage(m, side, false, keepFaults));
  const { strict = false, ...limits } = options;
  return readTtlv(bytes, (m) => readMessage(m, side, strict, keepFaults), limits);
}

function readMessage(m: TtlvMessage, side: Side, strict: boolean, keepFaults: boolean): Fields {
  const parts = PARTS[side];
  if (m.tag(m.root) !== parts.message) throw m.fault(m.root, 'ERR_KMIP_MESSAGE', `not a ${side} message`);
  const header = m.child(m.root, parts.header);
  const protocolVersion = readVersion(m, m.child(header, Tag.ProtocolVersion));
  const known = isKmipVersion(protocolVersion);
  if (!known && !protocolVersion.startsWith('1.')) return readForeign(m, side, protocolVersion);
  const version: KmipVersion = known ? protocolVersion : '1.4';
  const reading: Reading = { version, strict: strict && known, side };
  const decoder = new Decoder(m, reading);
  try {
    const { batchCount, ...fields } = decoder.structure(header, parts.headerName);
    const batchItem: unknown[] = [];
    for (const child of m.children(m.root)) {
      if (child === header) continue;
      if (m.tag(child) === Tag.BatchItem)
        batchItem.push(keepFaults ? receiveItem(m, child, reading) : decoder.structure(child, parts.item));
      else if (m.tag(child) === parts.header) throw m.fault(child, 'ERR_KMIP_DUPLICATE', 'a second header');
      else if (reading.strict) throw m.fault(child, 'ERR_KMIP_FIELD', `no field of KMIP ${version} here`);
    }
    if (batchItem.length === 0) throw m.fault(m.root, 'ERR_KMIP_MISSING', 'BatchItem is missing');
    if (reading.strict && batchItem.length !== batchCount)
      throw m.fault(header, 'ERR_KMIP_COUNT', `Batch Count ${batchCount}, but ${batchItem.length} items`);
    return { ...fields, protocolVersion, batchItem };
  } catch (error) {
    decoder.wipe();
    throw error;
  }
}

/** Reads an item, or what of it names it and its fault. */
function receiveItem(m: TtlvMessage, item: TtlvItem, reading: Reading): Fields {
  const decoder = new Decoder(m, reading);
  try {
    return decoder.structure(item, PARTS[reading.side].item);
  } catch (fault) {
    decoder.wipe();
    if (!(fault instanceof FormatError)) throw fault;
    return { ...decoder.named(item), fault };
  }
}

/** Reads of a message of another major version what all versions have in common. */
function readForeign(m: TtlvMessage, side: Side, protocolVersion: string): Fields {
  const decoder = new Decoder(m, { version: '1.4', strict: false, side });
  const batchItem = m.children(m.root, Tag.BatchItem).map((item) => decoder.foreignItem(item));
  const header = m.child(m.root, PARTS[side].header);
  const unknown = m
    .children(header)
    .filter((item) => m.tag(item) !== Tag.ProtocolVersion && m.tag(item) !== Tag.BatchCount)
    .map((item) => decoder.raw(item));
  return { protocolVersion, batchItem, ...(unknown.length > 0 && { unknown }) };
}
