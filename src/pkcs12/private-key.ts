/**
 * The plaintexts of key bags: PrivateKeyInfo (RFC 5208; OneAsymmetricKey, RFC 5958), which Java also uses for secret keys.
 * Looked at just far enough to know that it is one, and of which algorithm. Layer: pkcs12.
 *
 * PrivateKeyInfo ::= SEQUENCE { version INTEGER (0 | 1), privateKeyAlgorithm AlgorithmIdentifier,
 *   privateKey OCTET STRING, attributes [0] IMPLICIT SET OF Attribute OPTIONAL, publicKey [1] IMPLICIT BIT STRING OPTIONAL }
 */
import { Secret } from '../secret.ts';
import { algorithmParts } from './algorithm.ts';
import {
  contentsOf,
  DER_TAG,
  type DerNode,
  derError,
  derNull,
  integer,
  objectIdentifier,
  octetString,
  readInteger,
  readOid,
  readSequence,
  sequence,
} from './der.ts';
import { nameOid } from './oids.ts';

/** A private key. */
export interface PrivateKey {
  /** OID of its algorithm, and its name. */
  readonly algorithm: string;
  readonly algorithmName: string;
  /** The whole PrivateKeyInfo, DER. */
  readonly der: Secret;
}

/** A secret (symmetric) key. */
export interface SecretKey {
  /** OID of its algorithm, and its name. */
  readonly algorithm: string;
  readonly algorithmName: string;
  /** The key itself. */
  readonly bytes: Secret;
}

interface Parts {
  readonly algorithm: string;
  /** A view of the input. */
  readonly key: Uint8Array;
}

/** Reads a private key; its bytes are taken over, not copied. @throws {FormatError} ERR_DER_VALUE */
export function adoptPrivateKey(der: Uint8Array<ArrayBuffer>): PrivateKey {
  const { algorithm } = readParts(der);
  return { algorithm, algorithmName: nameOid(algorithm), der: Secret.adopt(der) };
}

/** Reads a Java secret key: the contents of privateKey are the key. The input stays the caller's to wipe. */
export function readSecretKey(der: Uint8Array): SecretKey {
  const { algorithm, key } = readParts(der);
  return { algorithm, algorithmName: nameOid(algorithm), bytes: Secret.from(key) };
}

/** Refuses what is not a PrivateKeyInfo. @throws {FormatError} ERR_DER_VALUE */
export function assertPrivateKey(der: Uint8Array): void {
  readParts(der);
}

/** Builds the PrivateKeyInfo in which Java keeps a secret key. */
export function encodeSecretKey(algorithm: string, key: Uint8Array): DerNode {
  return sequence(integer(0), sequence(objectIdentifier(algorithm), derNull()), octetString(key));
}

function readParts(der: Uint8Array): Parts {
  const what = 'PrivateKeyInfo';
  const [version, algorithm, key] = readSequence(der, what);
  const { value } = readInteger(version, `${what} version`);
  if (value !== 0 && value !== 1) throw derError(`${what} version`, 'neither 0 nor 1');
  const [oid] = algorithmParts(algorithm, `${what} privateKeyAlgorithm`);
  return {
    algorithm: readOid(oid, `${what} privateKeyAlgorithm`),
    key: contentsOf(key, DER_TAG.OCTET_STRING, `${what} privateKey`),
  };
}
