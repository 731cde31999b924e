/**
 * Writes AlgorithmIdentifiers: for a new encryption or MAC, and for one whose key is kept and only the IV is new.
 * What is written is described by the reader (algorithm.ts), so that the two cannot disagree. Layer: pkcs12.
 */
import { UsageError } from '../errors.ts';
import { type CipherInfo, describeEncryption, type EncryptionInfo, type KdfInfo } from './algorithm.ts';
import { type DerNode, derNull, encodeDer, integer, objectIdentifier, octetString, readDer, sequence } from './der.ts';
import { hashFacts, type Pkcs12HashName } from './hashes.ts';
import { RC2_CBC, SCHEME } from './oids.ts';
import type { Algorithms, WriteCipher } from './profiles.ts';

/** A source of random bytes: as many as asked for, unpredictable. */
export type RandomSource = (lengthBytes: number) => Uint8Array;

/** Describes a new encryption with a new salt and IV. */
export function makeEncryption(algorithms: Algorithms, random: RandomSource): EncryptionInfo {
  const salt = random(algorithms.saltBytes);
  if (algorithms.cipher === 'pkcs12-3des') {
    return described(PKCS12_3DES, sequence(octetString(salt), integer(algorithms.iterations)));
  }
  const { oid, keyLengthBytes } = cipherFacts(algorithms.cipher);
  const cipher = cipherNode({ oid, ...ivOf(algorithms.cipher, random) });
  const kdf = kdfNode(algorithms, salt, algorithms.statesKeyLength ? keyLengthBytes : null);
  return described(SCHEME.PBES2, sequence(kdf, cipher));
}

/** Describes the same encryption for a rewrite: under the same key with a new IV, or, where the IV is derived, with a new salt. */
export function renewEncryption(old: EncryptionInfo, random: RandomSource): EncryptionInfo {
  const cipher = old.cipher as CipherInfo;
  const kdf = old.kdf as KdfInfo;
  if (old.scheme !== 'pbes2') {
    const iterations = kdf.kdf === 'scrypt' ? 1 : kdf.iterations;
    return described(old.oid, sequence(octetString(random(Math.max(8, kdf.salt.length))), integer(iterations)));
  }
  const kdfDer = oldKdf(old);
  const iv = random((cipher.iv as Uint8Array).length);
  // What only claims to be a smaller AES is named for what it is (quirk key-length-over-cipher).
  const oid = cipher.cipher === 'aes-cbc' ? (AES_CBC[cipher.keyLengthBytes] as string) : cipher.oid;
  return described(SCHEME.PBES2, sequence(kdfDer, cipherNode({ ...cipher, oid, iv })));
}

/** PBMAC1's AlgorithmIdentifier (RFC 9879 §4): the key length is that of the hash and is always stated. */
export function pbmac1Algorithm(algorithms: Algorithms, salt: Uint8Array): DerNode {
  const { hmacOid, digestBytes } = hashFacts(algorithms.macHash);
  const kdf = kdfNode({ ...algorithms, scrypt: null, prf: algorithms.macHash }, salt, digestBytes);
  const mac = sequence(objectIdentifier(hmacOid), derNull());
  return sequence(objectIdentifier(SCHEME.PBMAC1), sequence(kdf, mac));
}

/** The AlgorithmIdentifier of a digest, with the NULL that all writers put there. */
export function digestAlgorithm(hash: Pkcs12HashName): DerNode {
  return sequence(objectIdentifier(hashFacts(hash).oid), derNull());
}

/** OID and key length of a cipher that can be written. @throws {UsageError} ERR_OPTION */
function cipherFacts(cipher: WriteCipher): { readonly oid: string; readonly keyLengthBytes: number } {
  const row = Object.hasOwn(CIPHERS, cipher) ? CIPHERS[cipher as keyof typeof CIPHERS] : undefined;
  if (row === undefined) throw new UsageError('ERR_OPTION', `unknown cipher "${cipher}"`);
  return { oid: row[0], keyLengthBytes: row[1] };
}

function ivOf(cipher: WriteCipher, random: RandomSource): Pick<CipherInfo, 'iv' | 'icvLengthBytes' | 'effectiveBits'> {
  const gcm = cipher.endsWith('gcm');
  const iv = random(gcm ? 12 : cipher === '3des-cbc' ? 8 : 16);
  return { iv, icvLengthBytes: gcm ? 16 : null, effectiveBits: null };
}

function described(oid: string, parameters: DerNode): EncryptionInfo {
  const encoded = encodeDer(parameters);
  return describeEncryption({ oid, der: encodeDer(sequence(objectIdentifier(oid), encoded)), parameters: encoded });
}

/** PBKDF2-params and scrypt-params: see algorithm.ts. The PRF is left out where it is the default, HMAC-SHA-1. */
function kdfNode(algorithms: Algorithms, salt: Uint8Array, keyLengthBytes: number | null): DerNode {
  const keyLength = keyLengthBytes === null ? [] : [integer(keyLengthBytes)];
  if (algorithms.scrypt !== null) {
    const { n, r, p } = algorithms.scrypt;
    const parameters = sequence(octetString(salt), integer(n), integer(r), integer(p), ...keyLength);
    return sequence(objectIdentifier(SCHEME.SCRYPT), parameters);
  }
  const { prf, iterations } = algorithms;
  const prfNode = prf === 'sha1' ? [] : [sequence(objectIdentifier(hashFacts(prf).hmacOid), derNull())];
  const parameters = sequence(octetString(salt), integer(iterations), ...keyLength, ...prfNode);
  return sequence(objectIdentifier(SCHEME.PBKDF2), parameters);
}

function cipherNode(cipher: Pick<CipherInfo, 'oid' | 'iv' | 'icvLengthBytes' | 'effectiveBits'>): DerNode {
  const iv = octetString(cipher.iv as Uint8Array);
  if (cipher.oid === RC2_CBC) {
    const bits = cipher.effectiveBits as number;
    return sequence(objectIdentifier(RC2_CBC), sequence(integer(RC2_VERSIONS[bits] ?? bits), iv));
  }
  const gcm = cipher.icvLengthBytes !== null;
  // aes-ICVlen DEFAULT 12 is left out when it is 12.
  const icv = cipher.icvLengthBytes === 12 ? [] : [integer(cipher.icvLengthBytes ?? 0)];
  return sequence(objectIdentifier(cipher.oid), gcm ? sequence(iv, ...icv) : iv);
}

/** The keyDerivationFunc of a PBES2 algorithm, as it stands. */
function oldKdf(old: EncryptionInfo): Uint8Array {
  return readDer(old.der, 'PBES2', (cursor) => {
    const algorithm = cursor.readSequence();
    algorithm.skip();
    return algorithm.readSequence('PBES2-params').readElement();
  });
}

const PKCS12_3DES = '1.2.840.113549.1.12.1.3';
const AES_CBC: Readonly<Record<number, string>> = {
  16: '2.16.840.1.101.3.4.1.2',
  24: '2.16.840.1.101.3.4.1.22',
  32: '2.16.840.1.101.3.4.1.42',
};
/** RFC 2268 §6: effective bits → version. */
const RC2_VERSIONS: Readonly<Record<number, number>> = { 40: 160, 64: 120, 128: 58 };

const CIPHERS = {
  'aes-128-cbc': ['2.16.840.1.101.3.4.1.2', 16],
  'aes-192-cbc': ['2.16.840.1.101.3.4.1.22', 24],
  'aes-256-cbc': ['2.16.840.1.101.3.4.1.42', 32],
  'aes-128-gcm': ['2.16.840.1.101.3.4.1.6', 16],
  'aes-192-gcm': ['2.16.840.1.101.3.4.1.26', 24],
  'aes-256-gcm': ['2.16.840.1.101.3.4.1.46', 32],
  '3des-cbc': ['1.2.840.113549.3.7', 24],
} as const;
