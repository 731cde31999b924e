/**
 * The two messages of fetching a key, KMIP 1.1: written and read with the public writer and reader, nothing else. What the
 * benchmark races, and the example to copy for other operations.
 */
import { readTtlv, type TtlvMessage, writeTtlv } from '../core/index.ts';

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
  const item = message.child(message.root, 0x42000f);
  const status = message.child(item, 0x42007f);
  if (message.enumeration(status) !== 0) throw message.fault(status, 'ERR_TTLV_VALUE', 'the operation did not succeed');
  const payload = message.child(item, 0x42007c);
  const uniqueIdentifier = message.text(message.child(payload, 0x420094));
  const block = message.child(message.child(payload, 0x42008f), 0x420040);
  return {
    uniqueIdentifier,
    algorithm: message.enumeration(message.child(block, 0x420028)),
    lengthBits: message.integer(message.child(block, 0x42002a)),
    key: message.byteString(message.child(message.child(block, 0x420045), 0x420043)),
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
    w.open(0x420078);
    w.open(0x420077);
    w.open(0x420069);
    w.integer(0x42006a, 1);
    w.integer(0x42006b, 1);
    w.close();
    w.integer(0x42000d, 1);
    w.close();
    w.open(0x42000f);
    w.enumeration(0x42005c, 0x0a);
    w.open(0x420079);
    w.text(0x420094, uniqueIdentifier);
    w.close();
    w.close();
    w.close();
  });
}
