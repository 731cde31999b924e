/**
 * RSA encryption (RFC 8017): OAEP both ways; PKCS#1 v1.5 only to encrypt, because decrypting it for whoever asks is Bleichenbacher's
 * oracle. Layer: kmip/server, Node only.
 */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { CryptographicParameters } from '../../index.ts';
import { refuse } from '../refusal.ts';
import { copyOf, opensslHash } from './hashes.ts';

/** Encrypts with a public key. */
export function encryptRsa(
  key: KeyObject,
  parameters: CryptographicParameters,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const options =
    parameters.paddingMethod === 'PKCS1V1_5'
      ? { key, padding: constants.RSA_PKCS1_PADDING }
      : { key, ...oaepOf(parameters) };
  return guarded(() => copyOf(publicEncrypt(options, data)));
}

/** Decrypts with a private key; the result is the caller's to wipe. */
export function decryptRsa(
  key: KeyObject,
  parameters: CryptographicParameters,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return guarded(() => copyOf(privateDecrypt({ key, ...oaepOf(parameters) }, data)));
}

interface Oaep {
  readonly padding: number;
  readonly oaepHash: string;
  readonly oaepLabel?: Uint8Array;
}

function oaepOf(parameters: CryptographicParameters): Oaep {
  if (parameters.paddingMethod !== 'OAEP')
    return refuse('CryptographicFailure', 'this padding is not supported with RSA here');
  const hash = parameters.hashingAlgorithm ?? 'SHA_1';
  // OpenSSL through Node takes one hash for both.
  const maskHash = parameters.maskGeneratorHashingAlgorithm ?? hash;
  if (maskHash !== hash) refuse('CryptographicFailure', 'OAEP with two different hashes is not supported');
  const label = parameters.pSource;
  return {
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: opensslHash(hash),
    ...(label !== undefined && { oaepLabel: label }),
  };
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch {
    return refuse('CryptographicFailure', 'the operation failed on these data');
  }
}
