/**
 * The two messages of fetching a key, KMIP 1.1: written and read with the public writer and reader, nothing else. What the
 * benchmark races, and the example to copy for other operations.
 */
import { type TtlvMessage, writeTtlv } from '../core/index.ts';
import { Operation, ResultStatus, Tag } from './generated/registry.ts';
import { readTtlv } from './message.ts';

/** The fields that a Get response is read for. */
export interface GetResponse {
  readonly uniqueIdentifier: string;
  /** Cryptographic Algorithm, as a number. */
  readonly algorithm: number;
  /** Cryptographic Length, bits. */
  readonly lengthBits: number;
  /** The bytes of Key Material, the caller's to wipe. */
  readonly key: Uint8Array<ArrayBuffer>;
}

/**
 * Reads a successful Get response that carries a symmetric key in the clear (KMIP 1.1, section 4.11). The message is
 * validated whole; the copy made of it is wiped; the caller's bytes are not changed.
 *
 * @param bytes one whole Response Message
 * @throws {FormatError} ERR_TTLV_…
 * @example
 * const { key } = decodeGetResponse(answer);
 */
export function decodeGetResponse(bytes: Uint8Array): GetResponse {
  return readTtlv(bytes, readGetResponse);
}

function readGetResponse(message: TtlvMessage): GetResponse {
  const item = message.child(message.root, Tag.BatchItem);
  const status = message.child(item, Tag.ResultStatus);
  if (message.enumeration(status) !== ResultStatus.Success)
    throw message.fault(status, 'ERR_TTLV_VALUE', 'the operation did not succeed');
  const payload = message.child(item, Tag.ResponsePayload);
  const uniqueIdentifier = message.text(message.child(payload, Tag.UniqueIdentifier));
  const block = message.child(message.child(payload, Tag.SymmetricKey), Tag.KeyBlock);
  return {
    uniqueIdentifier,
    algorithm: message.enumeration(message.child(block, Tag.CryptographicAlgorithm)),
    lengthBits: message.integer(message.child(block, Tag.CryptographicLength)),
    key: message.byteString(message.child(message.child(block, Tag.KeyValue), Tag.KeyMaterial)),
  };
}

/**
 * Writes a KMIP 1.1 Get request for one object.
 *
 * @example
 * socket.write(encodeGetRequest('1742'));
 */
export function encodeGetRequest(uniqueIdentifier: string): Uint8Array<ArrayBuffer> {
  return writeTtlv((w) => {
    w.open(Tag.RequestMessage);
    w.open(Tag.RequestHeader);
    w.open(Tag.ProtocolVersion);
    w.integer(Tag.ProtocolVersionMajor, 1);
    w.integer(Tag.ProtocolVersionMinor, 1);
    w.close();
    w.integer(Tag.BatchCount, 1);
    w.close();
    w.open(Tag.BatchItem);
    w.enumeration(Tag.Operation, Operation.Get);
    w.open(Tag.RequestPayload);
    w.text(Tag.UniqueIdentifier, uniqueIdentifier);
    w.close();
    w.close();
    w.close();
  });
}
