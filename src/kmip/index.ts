/**
 * KMIP 1.0 to 1.4 as data: requests and responses of every operation, attributes, managed objects, key wrapping, without a
 * connection. Field names are those of the standard in lower camel case. Node and browsers.
 *
 * @module keyward/kmip
 */
export {
  CryptographicUsageMask,
  ItemType,
  ObjectType,
  Operation,
  ResultReason,
  ResultStatus,
  StorageStatusMask,
  Tag,
  type TtlvNode,
} from '../ttlv/index.ts';
export {
  type Attribute,
  type AttributeName,
  attribute,
  type CustomAttribute,
  findAttribute,
  findAttributes,
  findText,
  isStandard,
  type RawValue,
  type StandardAttribute,
  textAttribute,
  type Untagged,
} from './attribute.ts';
export {
  type AttributeRule,
  type Extensible,
  isKmipVersion,
  KMIP_VERSIONS,
  type KmipVersion,
  type OperationTable,
  type Rows,
  type Token,
  type WireVersion,
} from './base.ts';
export { ATTRIBUTES, type AttributeValues } from './generated/attributes.ts';
export * from './generated/operations.ts';
export type * from './generated/structures.ts';
export {
  type UnwrapOptions,
  unwrapKeyBlock,
  unwrapObject,
  type WrapMode,
  type WrapOptions,
  wrapKeyBlock,
  wrapObject,
} from './key-wrapping.ts';
export {
  type DecodeOptions,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type FaultyItem,
  type ForeignOperation,
  type ForeignRequest,
  type ForeignResponse,
  type OperationName,
  type OperationRequest,
  type OperationResponse,
  type ReceivedRequest,
  type RequestHeader,
  type RequestItem,
  type RequestMessage,
  type ResponseHeader,
  type ResponseItem,
  type ResponseMessage,
  type ResponseResult,
  receiveRequest,
} from './message.ts';
export {
  type KeyOptions,
  keyBlockOf,
  keyMaterialOf,
  opaqueObject,
  secretData,
  symmetricKey,
  withKeyBlock,
} from './object.ts';
export { isInVersion, protocolErrorOf, type ResultFields, resultReasonOf } from './result.ts';
export { decodeStructure, encodeStructure, type LoneStructures } from './structure.ts';
export { wipeMessage } from './wipe.ts';
