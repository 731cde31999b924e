/**
 * TTLV, the encoding of KMIP messages (KMIP 1.4, section 9.1): a validating reader, a writer, and the text, XML and JSON forms,
 * in which key material reads `[redacted]` unless asked for. The enumerations have the names and numbers of the standard.
 * Node and browsers.
 *
 * @module keyward/ttlv
 */
export {
  ItemType,
  type TtlvItem,
  type TtlvLimits,
  type TtlvMessage,
  type TtlvWriter,
  writeTtlv,
} from '../core/index.ts';
export type { FormatOptions } from './form.ts';
export * from './generated/registry.ts';
export { decodeGetResponse, encodeGetRequest, type GetResponse } from './get.ts';
export { formatTtlvJson, parseTtlvJson } from './json.ts';
export { parseTtlv, readTtlv, validateTtlv } from './message.ts';
export {
  enumerationName,
  enumerationValue,
  labelOf,
  maskNames,
  normalizeName,
  tagName,
  tagOfLabel,
  tagOfName,
} from './names.ts';
export type { RedactOptions } from './redact.ts';
export { formatTtlvText, parseTtlvText } from './text.ts';
export { encodeTtlv, readTtlvTree, type TtlvNode, type TtlvTagged, treeOf, wipeTree, writeTtlvNode } from './tree.ts';
export { dateFromSeconds, secondsFromDate } from './value.ts';
export { formatTtlvXml, parseTtlvXml } from './xml.ts';
