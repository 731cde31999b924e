/**
 * The plaintexts of key bags: PrivateKeyInfo (RFC 5208; OneAsymmetricKey, RFC 5958), which Java also uses for secret keys.
 * Looked at just far enough to know that it is one, and of which algorithm. Layer: pkcs12.
 *
 * PrivateKeyInfo ::= SEQUENCE { version INTEGER (0 | 1), privateKeyAlgorithm AlgorithmIdentifier,
 *   privateKey OCTET STRING, attributes [0] IMPLICIT SET OF Attribute OPTIONAL, publicKey [1] IMPLICIT BIT STRING OPTIONAL }
 */
import { DER, type DerCursor } from '../core/index.ts';
import { Secret } from '../secret.ts';
import { type DerNode, derNull, integer, objectIdentifier, octetString, readDer, sequence, valueError } from './der.ts';
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

/** Reads a private key; its bytes are taken over, not copied. @throws {FormatError} ERR_DER_VALUE */
export function adoptPrivateKey(der: Uint8Array<ArrayBuffer>): PrivateKey {
  const algorithm = readPrivateKeyInfo(der, () => {});
  return { algorithm, algorithmName: nameOid(algorithm), der: Secret.adopt(der) };
}

/** Reads a Java secret key: the contents of privateKey are the key. The input stays the caller's to wipe. */
export function readSecretKey(der: Uint8Array): SecretKey {
  let bytes: Secret | undefined;
  const algorithm = readPrivateKeyInfo(der, (key) => {
    bytes = Secret.adopt(key.readOctets());
  });
  return { algorithm, algorithmName: nameOid(algorithm), bytes: bytes as Secret };
}

/** Refuses what is not a PrivateKeyInfo. @throws {FormatError} ERR_DER_… */
export function assertPrivateKey(der: Uint8Array): void {
  readPrivateKeyInfo(der, () => {});
}

/** Builds the PrivateKeyInfo in which Java keeps a secret key. */
export function encodeSecretKey(algorithm: string, key: Uint8Array): DerNode {
  return sequence(integer(0), sequence(objectIdentifier(algorithm), derNull()), octetString(key));
}

/** Checks a PrivateKeyInfo, lends a cursor before its privateKey, and returns the OID of its algorithm. */
function readPrivateKeyInfo(der: Uint8Array, use: (key: DerCursor) => void): string {
  const name = 'PrivateKeyInfo';
  return readDer(der, name, (cursor) => {
    const info = cursor.readSequence();
    const version = info.readInteger();
    if (version !== 0n && version !== 1n) throw valueError(`${name} version`, 'neither 0 nor 1');
    const algorithm = info.readSequence('privateKeyAlgorithm').readOid();
    if (!info.is(DER.OCTET_STRING)) throw valueError(`${name} privateKey`, 'not an OCTET STRING');
    use(info);
    while (info.more) info.skip(); // privateKey where nobody read it; attributes, publicKey
    return algorithm;
  });
}
