/**
 * PKCS#12 files (RFC 7292): `parsePfx` reads the structure without a password, `Pfx.unlock` verifies the MAC and decrypts,
 * `encodePfx` writes, `judgePfx` says how well a file is protected. Node and browsers.
 *
 * @module keyward/pkcs12
 */

export type { CipherInfo, CipherName, EncryptionInfo, KdfInfo, SaltedInfo } from './algorithm.ts';
export type { RandomSource } from './algorithm-der.ts';
export type { Attribute, KnownAttributes, NewAttributes } from './attribute.ts';
export type {
  Bag,
  BagBase,
  CertificateBag,
  CrlBag,
  JavaSecretBag,
  KeyBag,
  OracleSecretBag,
  OtherSecretBag,
  SafeContentsBag,
  ShroudedKeyBag,
  UnknownBag,
} from './bag.ts';
export { formatBag } from './bag.ts';
export type { BagInput, NewBag, NewSafe, PfxContents, SafeInput } from './contents.ts';
export type { WaitOptions } from './derive.ts';
export {
  type EncodeOptions,
  type EncodeSyncOptions,
  encodePfx,
  encodePfxSync,
  type SealedPfx,
  sealPfx,
  sealPfxSync,
} from './encode.ts';
export type { Pkcs12HashName, RareHashName } from './hashes.ts';
export { DEFAULT_LIMITS, type Pkcs12Limits } from './limits.ts';
export type { MacInfo } from './mac.ts';
export { ATTRIBUTE, BAG, BAG_TYPE, CONTENT, nameOid } from './oids.ts';
export type { PasswordInput } from './password.ts';
export { type KnownCost, type Pfx, parsePfx, type UnlockOptions, type UnlockSyncOptions } from './pfx.ts';
export type { PrivateKey, SecretKey } from './private-key.ts';
export type { Algorithms, ProfileName, ScryptCost, WriteCipher } from './profiles.ts';
export { QUIRKS, type Quirk } from './quirks.ts';
export { loadRare, type OnDemand } from './rare.ts';
export type { Safe } from './safe.ts';
export type { PfxSession } from './session.ts';
export type { DecryptOptions, UnlockedPfx } from './unlocked.ts';
export { type Judged, judgePfx, type Severity, type Verdict } from './verdicts.ts';
