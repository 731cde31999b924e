/**
 * The MAC over the AuthenticatedSafe: what MacData says, and the check. Two kinds: HMAC under a key of the PKCS#12 KDF
 * (RFC 7292 §4 and B), and PBMAC1 (RFC 9879). Layer: pkcs12.
 *
 * PBMAC1 limits: keyLength must be there (RFC 9879 §4) and be 20 to 64. A shorter key is guessable (with 1 byte, one file in 256
 * verifies under any password), a longer one never adds strength; both ends have been attacks (CVE-2026-34181, CVE-2025-11187).
 */
import { equalSecretBytes, hmac, type RawMac } from '../core/index.ts';
import { FormatError, KeywardError } from '../errors.ts';
import { describeHmac, describeKdf, type KdfInfo, unsupported } from './algorithm.ts';
import { readDer, valueError } from './der.ts';
import type { Derivation } from './derive.ts';
import { hashByOid, hashFacts, type Pkcs12HashName } from './hashes.ts';
import { nameOid, SCHEME } from './oids.ts';
import type { Quirk } from './quirks.ts';
import { type OnDemand, partOfHash, rareHmac } from './rare.ts';

/** The MAC of a file, described. */
export interface MacInfo {
  /** One line: `HMAC-SHA-256 under the PKCS#12 KDF`, `PBMAC1, HMAC-SHA-256, PBKDF2-HMAC-SHA-256`. */
  readonly name: string;
  readonly scheme: 'pkcs12' | 'pbmac1' | 'unknown';
  /** The hash of the HMAC; null where `failure` says why. */
  readonly hash: Pkcs12HashName | null;
  /** How the MAC key is derived; null where `failure` says why. */
  readonly kdf: KdfInfo | null;
  readonly keyLengthBytes: number;
  /** The MAC itself. */
  readonly digest: Uint8Array;
  /** Why this MAC cannot be checked; null where it can. */
  readonly failure: KeywardError | null;
  readonly quirks: readonly Quirk[];
  /** The fields of MacData as they stand in the file. PBMAC1 uses neither salt nor iterations. */
  readonly macData: { readonly digestAlgorithm: Uint8Array; readonly macSalt: Uint8Array; readonly iterations: number };
}

/** PBMAC1's shortest and longest key, bytes. */
export const PBMAC1_KEY_BYTES = { min: 20, max: 64 } as const;

/** Describes the MAC of a file. What is unknown or malformed becomes `failure`, and no password will open the file. */
export function describeMac(raw: RawMac): MacInfo {
  const quirks: Quirk[] = [];
  const oid = raw.algorithm.oid;
  const macData = { digestAlgorithm: raw.algorithm.der, macSalt: raw.salt, iterations: raw.iterations };
  const base = { digest: raw.digest, failure: null, quirks, macData };
  try {
    if (oid === SCHEME.PBMAC1) return { ...base, ...describePbmac1(raw) };
    const facts = hashByOid(oid);
    if (facts === null) throw unsupported('MAC over', oid);
    const { parameters } = raw.algorithm;
    if (parameters === null) quirks.push('digest-without-null');
    else readDer(parameters, `parameters of ${facts.title}`, (cursor) => cursor.readNull());
    return {
      ...base,
      name: `HMAC-${facts.title} under the PKCS#12 KDF`,
      scheme: 'pkcs12',
      hash: facts.name,
      kdf: { kdf: 'pkcs12', hash: facts.name, salt: raw.salt, iterations: raw.iterations },
      keyLengthBytes: facts.digestBytes,
    };
  } catch (failure) {
    if (!(failure instanceof KeywardError)) throw failure;
    return { ...base, name: nameOid(oid), scheme: 'unknown', hash: null, kdf: null, keyLengthBytes: 0, failure };
  }
}

/** The derivation of the MAC key. */
export function macDerivation(mac: MacInfo & { readonly kdf: KdfInfo }, password: Uint8Array): Derivation {
  const { kdf, keyLengthBytes: lengthBytes } = mac;
  if (kdf.kdf === 'scrypt') return { ...kdf, password, lengthBytes };
  const { hash, salt, iterations } = kdf;
  return { kdf: kdf.kdf, hash, password, salt, iterations, lengthBytes, ...(kdf.kdf === 'pkcs12' && { id: 3 }) };
}

/** The on-demand parts that checking this MAC needs. */
export function macParts(mac: MacInfo): readonly OnDemand[] {
  const hashes = [mac.hash, mac.kdf !== null && mac.kdf.kdf !== 'scrypt' ? mac.kdf.hash : null];
  return hashes.flatMap((hash) => (hash === null ? [] : (partOfHash(hash) ?? [])));
}

/** Computes the MAC over the AuthenticatedSafe's octets. */
export function computeMac(hash: Pkcs12HashName, key: Uint8Array, authSafe: Uint8Array): Uint8Array<ArrayBuffer> {
  const facts = hashFacts(hash);
  return facts.rare ? rareHmac(hash, key, authSafe) : hmac(facts.name as Parameters<typeof hmac>[0], key, authSafe);
}

/** Says whether the MAC verifies: same length, all bytes compared in constant time. */
export function verifyMac(mac: MacInfo, key: Uint8Array, authSafe: Uint8Array): boolean {
  if (mac.hash === null || mac.digest.length !== hashFacts(mac.hash).digestBytes) return false;
  const expected = computeMac(mac.hash, key, authSafe);
  const same = equalSecretBytes(expected, mac.digest);
  expected.fill(0);
  return same;
}

/*
 * PBMAC1-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, messageAuthScheme AlgorithmIdentifier }
 * macSalt and iterations of MacData are not used (RFC 9879 §4) and not looked at.
 */
function describePbmac1(raw: RawMac): Pick<MacInfo, 'name' | 'scheme' | 'hash' | 'kdf' | 'keyLengthBytes'> {
  const { parameters } = raw.algorithm;
  if (parameters === null) throw valueError('PBMAC1', 'without parameters');
  return readDer(parameters, 'PBMAC1-params', (cursor) => {
    const inner = cursor.readSequence();
    const kdf = describeKdf(inner, 'keyDerivationFunc');
    if (kdf.kdf !== 'pbkdf2') throw unsupported('PBMAC1 with', SCHEME.SCRYPT);
    const hash = describeHmac(inner, 'messageAuthScheme');
    inner.assertEnd();
    const { keyLengthBytes } = kdf;
    if (keyLengthBytes === null) throw keyLengthError('is missing');
    if (keyLengthBytes < PBMAC1_KEY_BYTES.min || keyLengthBytes > PBMAC1_KEY_BYTES.max) {
      throw keyLengthError(
        `is ${keyLengthBytes}, allowed are ${PBMAC1_KEY_BYTES.min} to ${PBMAC1_KEY_BYTES.max} bytes`,
      );
    }
    const name = `PBMAC1, HMAC-${hashFacts(hash).title}, PBKDF2-HMAC-${hashFacts(kdf.hash).title}`;
    return { name, scheme: 'pbmac1', hash, kdf, keyLengthBytes };
  });
}

function keyLengthError(detail: string): FormatError {
  return new FormatError('ERR_PBMAC1_KEY_LENGTH', `PBMAC1 keyLength ${detail}`, { offset: 0, path: ['macData'] });
}
