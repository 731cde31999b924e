/**
 * Reading messages with the registry's names in their errors: the core's functions under the same names. Layer: ttlv.
 */
import {
  parseTtlv as parseInCore,
  readTtlv as readInCore,
  type TtlvLimits,
  type TtlvMessage,
  validateTtlv as validateInCore,
} from '../core/index.ts';
import { tagName } from './names.ts';

/**
 * Validates a message and returns its number of items. The caller's bytes are not changed; the copy is wiped.
 *
 * @throws {FormatError} ERR_TTLV_TRUNCATED, _TAG, _TYPE, _LENGTH, _PADDING, _BOOLEAN, _UTF8, _TRAILING, with offset and tag path
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH, ERR_TTLV_COUNT
 * @throws {UsageError} ERR_OPTION
 */
export function validateTtlv(bytes: Uint8Array, options?: TtlvLimits): number {
  return validateInCore(bytes, options, tagName);
}

/**
 * Validates a message (KMIP 1.4, section 9.1) and gives it a copy of its own, to be read at leisure and disposed of.
 *
 * @throws as `validateTtlv`
 * @example
 * using message = parseTtlv(answer);
 * const item = message.child(message.root, Tag.BatchItem);
 * message.enumeration(message.child(item, Tag.ResultStatus));
 */
export function parseTtlv(bytes: Uint8Array, options?: TtlvLimits): TtlvMessage {
  return parseInCore(bytes, options, tagName);
}

/**
 * Validates a message and lends it to `read` for the length of this call: the fastest way to take a few fields out. It is
 * wiped once `read` has returned or thrown. `read` is synchronous and returns values, not the message.
 *
 * @throws as `validateTtlv`, and what `read` throws
 * @example
 * const version = readTtlv(answer, (m) => m.integer(m.child(m.root, Tag.ProtocolVersionMajor)));
 */
export function readTtlv<T>(bytes: Uint8Array, read: (message: TtlvMessage) => T, options?: TtlvLimits): T {
  return readInCore(bytes, read, options, tagName);
}
