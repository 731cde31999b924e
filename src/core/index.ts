/**
 * The WebAssembly core: key wrap (RFC 3394, RFC 5649), AES-CBC, SHA-1 and SHA-2, HMAC, HKDF, PBKDF2 and the PKCS#12 KDF, hex and
 * base64, DER, TTLV. What is keyed is constant time in the module's instructions; each call wipes what it used of linear memory.
 * The old ciphers (`legacyDecryptCbc`, `rc4`) live in a second module and are not constant time. Node and browsers.
 *
 * @module keyward/core
 */

export { type CbcPadding, decryptCbc, encryptCbc } from './cbc.ts';
export { equalSecretBytes } from './compare.ts';
export { type DerIndex, type DerLimits, indexDer, type NormalizedDer, normalizeDer } from './der.ts';
export { DER, DerCursor } from './der-cursor.ts';
export { DerWriter } from './der-writer.ts';

export {
  type Base64DecodeOptions,
  type Base64Options,
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeBase64Text,
  encodeHex,
  encodeHexText,
  type HexDecodeOptions,
  type HexOptions,
} from './encoding.ts';

export { type HashName, hash } from './hash.ts';
export { type HkdfOptions, hkdf } from './hkdf.ts';
export { hmac } from './hmac.ts';
export { deriveKeysSync, pbkdf2Sync, pkcs12KdfSync } from './kdf.ts';
export { type DeriveOptions, deriveKeys } from './kdf-async.ts';
export type { KdfJob } from './kdf-plan.ts';
export { importKek, Kek } from './kek.ts';
export type { KeyBytes } from './key-bytes.ts';
export { unwrapKey, unwrapKeyPadded, wrapKey, wrapKeyPadded } from './key-wrap.ts';
export { type UnwrappedKeys, unwrapKeys, wrapKeys } from './key-wrap-batch.ts';
export {
  type LegacyCbcOptions,
  type LegacyCipher,
  legacyDecryptCbc,
  legacyEncryptCbc,
  loadLegacy,
  rc4,
} from './legacy.ts';
export { encodeOid, formatOid } from './oid.ts';
export { type PfxLimits, parsePfxStructure, parseSafeContents } from './pfx-structure.ts';
export type { RawAlgorithm, RawAttribute, RawBag, RawMac, RawPfx, RawSafe } from './raw-pfx.ts';
export { type SelfTestReport, type SelfTestResult, selfTest } from './self-test.ts';
export { formatTag, parseTtlv, readTtlv, type TtlvLimits, validateTtlv } from './ttlv.ts';
export { ItemType, type TagName, type TtlvItem, type TtlvMessage, typeName } from './ttlv-message.ts';
export { TtlvWriter, writeLargeTtlv, writeTtlv } from './ttlv-writer.ts';
export { init } from './wasm.ts';
