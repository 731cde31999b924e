/**
 * Key management services that keep master keys: `kms://` URLs, Tencent Cloud KMS as a `MasterKeyProvider` of wallets, and its
 * request signature (TC3-HMAC-SHA256). Node and browsers.
 *
 * @module keyward/kms
 */
export {
  compareKmsUrls,
  encodeKmsSettings,
  isKmsUrl,
  type KmsType,
  KmsUrl,
  type KmsUrlParts,
  parseKmsUrl,
} from './kms-url.ts';
export { signTc3, type Tc3Credentials, type Tc3Request, type Tc3Signature } from './tc3.ts';
export {
  KMS_API_VERSION,
  type KmsCallOptions,
  type KmsKeyDescription,
  type ReencryptedKey,
  TencentKms,
  type TencentKmsOptions,
  type TencentKmsSettings,
} from './tencent-kms.ts';
export {
  fetchTransport,
  type KmsClock,
  type KmsHttpRequest,
  type KmsHttpResponse,
  type KmsTransport,
  platformClock,
} from './transport.ts';
