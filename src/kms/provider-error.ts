/**
 * The failures that a key management service answers with, as errors: its codes by families, each with what can be done.
 * Branches on the code, never on the message. Source: the service's list of codes for API 2019-01-18. Layer: kms, pure.
 */
import { ProviderError } from '../errors.ts';

/** A failure as the service tells it. */
export interface ProviderFailure {
  readonly action: string;
  readonly code: string;
  readonly message: string;
  readonly requestId: string | null;
}

interface Family {
  readonly code: string;
  readonly text: string;
  readonly hint?: string;
}

/** Makes the error of a failure. `detail` is added to its hint. */
export function providerError(failure: ProviderFailure, detail?: string): ProviderError {
  const { action, code, message, requestId } = failure;
  const family = familyOf(code);
  const hints = [family.hint, detail].filter((hint) => hint !== undefined);
  return new ProviderError(
    family.code,
    `${family.text} (${action}: ${code}${requestId === null ? '' : `, request ${requestId}`})`,
    { action, providerCode: code, providerMessage: message, requestId },
    hints.length === 0 ? {} : { hint: hints.join('; ') },
  );
}

/** Says whether the same request may be sent again: only what the service itself calls passing. */
export function isPassing(code: string): boolean {
  return (
    code === 'InternalError' ||
    code.startsWith('InternalError.') ||
    code === 'RequestLimitExceeded' ||
    code.startsWith('RequestLimitExceeded.') ||
    code.endsWith('.ServiceTemporaryUnavailable')
  );
}

/** The family of a code: its own, or that of the nearest code above it. */
function familyOf(code: string): Family {
  for (let name = code; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const family = FAMILIES[name];
    if (family !== undefined) return family;
  }
  return REFUSED;
}

const REFUSED: Family = { code: 'ERR_KMS_REFUSED', text: 'the key management service refused the request' };
const CREDENTIALS: Family = {
  code: 'ERR_KMS_CREDENTIALS',
  text: 'the key management service did not accept the credentials',
  hint: 'look at secretId, secretKey and, with temporary ones, the token',
};
const CLOCK: Family = {
  code: 'ERR_KMS_CLOCK',
  text: 'the key management service found the request too old or too new',
  hint: 'set the clock of this machine',
};
const NOT_ALLOWED: Family = {
  code: 'ERR_KMS_NOT_ALLOWED',
  text: 'the account may not do this with the key',
  hint: 'allow Encrypt, Decrypt and DescribeKey on the key to the owner of the secretId',
};
const KEY_MISSING: Family = {
  code: 'ERR_KMS_KEY_MISSING',
  text: 'the key management service has no such key',
  hint: 'look at keyId, and at the region of the API address: keys are regional',
};
const DISABLED: Family = {
  code: 'ERR_KMS_KEY_DISABLED',
  text: 'the key is disabled at the key management service',
  hint: 'enable it there',
};
const ARCHIVED: Family = {
  code: 'ERR_KMS_KEY_ARCHIVED',
  text: 'the key is archived at the key management service: it decrypts, but encrypts no more',
  hint: 'take it out of the archive, or re-encrypt under another key',
};
const KEY_STATE: Family = {
  code: 'ERR_KMS_KEY_STATE',
  text: 'the key is in a state in which it cannot be used',
  hint: 'it may be about to be deleted, or wait for its material',
};
const KEY_USAGE: Family = {
  code: 'ERR_KMS_KEY_USAGE',
  text: 'the key is not one for encrypting and decrypting',
  hint: 'use a symmetric key of the usage ENCRYPT_DECRYPT',
};
const CIPHERTEXT: Family = {
  code: 'ERR_KMS_CIPHERTEXT',
  text: 'the key management service cannot decrypt this ciphertext',
  hint: 'it was made for another account, region or context, or was changed',
};
const THROTTLED: Family = { code: 'ERR_KMS_THROTTLED', text: 'the key management service is being asked too often' };
const LIMIT: Family = { code: 'ERR_KMS_LIMIT', text: 'a quota of the key management service is used up' };
const UNAVAILABLE: Family = { code: 'ERR_KMS_UNAVAILABLE', text: 'the key management service failed by itself' };
const NOT_PURCHASED: Family = {
  code: 'ERR_KMS_NOT_ACTIVATED',
  text: 'the key management service is not activated for this account',
};
const REQUEST: Family = { code: 'ERR_KMS_REQUEST', text: 'the key management service does not understand the request' };
const UNSUPPORTED: Family = {
  code: 'ERR_KMS_UNSUPPORTED',
  text: 'the key management service does not do this with the key',
};

/** By code; a code that is not here belongs to the nearest one above it. */
const FAMILIES: Readonly<Record<string, Family>> = {
  AuthFailure: CREDENTIALS,
  'AuthFailure.SignatureExpire': CLOCK,
  'AuthFailure.UnauthorizedOperation': NOT_ALLOWED,
  'AuthFailure.MFAFailure': NOT_ALLOWED,
  'ResourceUnavailable.TokenExpired': CREDENTIALS,
  UnauthorizedOperation: NOT_ALLOWED,
  FailedOperation: REFUSED,
  'FailedOperation.DecryptError': CIPHERTEXT,
  InternalError: UNAVAILABLE,
  'UnsupportedOperation.ServiceTemporaryUnavailable': UNAVAILABLE,
  RequestLimitExceeded: THROTTLED,
  LimitExceeded: LIMIT,
  ResourceNotFound: KEY_MISSING,
  'ResourceUnavailable.CmkNotFound': KEY_MISSING,
  'InvalidParameterValue.InvalidKeyId': KEY_MISSING,
  'ResourceUnavailable.CmkDisabled': DISABLED,
  'ResourceUnavailable.KeyDisabled': DISABLED,
  'ResourceUnavailable.CmkArchived': ARCHIVED,
  ResourceUnavailable: KEY_STATE,
  'ResourceUnavailable.NotPurchased': NOT_PURCHASED,
  'InvalidParameterValue.InvalidCiphertext': CIPHERTEXT,
  'InvalidParameter.DecryptMaterialError': CIPHERTEXT,
  'InvalidParameterValue.InvalidKeyUsage': KEY_USAGE,
  'UnsupportedOperation.UnsupportedKeyUsageInCurrentRegion': KEY_USAGE,
  UnsupportedOperation: UNSUPPORTED,
  InvalidParameter: REQUEST,
  InvalidParameterValue: REQUEST,
  MissingParameter: REQUEST,
  UnknownParameter: REQUEST,
  InvalidAction: REQUEST,
  NoSuchVersion: REQUEST,
  UnsupportedProtocol: REQUEST,
  UnsupportedRegion: REQUEST,
};
