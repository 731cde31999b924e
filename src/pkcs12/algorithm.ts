/**
 * What an encryption AlgorithmIdentifier says, as data: which derivation, which cipher, at what cost; or by which name it is
 * refused. PBES2 (RFC 8018 A.4), PBES1 (A.3), the six PKCS#12 schemes (RFC 7292 C), scrypt (RFC 7914 §7).
 * Reads parameters only; runs nothing. Layer: pkcs12.
 */
import { DER, type DerCursor, type RawAlgorithm } from '../core/index.ts';
import { KeywardError, UnsupportedError } from '../errors.ts';
import { readDer, valueError } from './der.ts';
import { hashByHmacOid, hashFacts, type Pkcs12HashName } from './hashes.ts';
import { DEFAULT_LIMITS, iterationsError } from './limits.ts';
import { nameOid, RC2_CBC, SCHEME } from './oids.ts';
import type { ScryptCost } from './profiles.ts';
import type { Quirk } from './quirks.ts';

/** How a key is made from the password. */
export type KdfInfo =
  | (SaltedInfo & {
      readonly kdf: 'pbkdf2';
      readonly hash: Pkcs12HashName;
      readonly iterations: number;
      /** As declared in the file; null where it is left to the cipher. */
      readonly keyLengthBytes: number | null;
    })
  | (SaltedInfo & { readonly kdf: 'pkcs12'; readonly hash: Pkcs12HashName; readonly iterations: number })
  | (SaltedInfo & { readonly kdf: 'pbkdf1'; readonly hash: 'md5' | 'sha1'; readonly iterations: number })
  | (SaltedInfo &
      ScryptCost & {
        readonly kdf: 'scrypt';
        /** As declared in the file; null where it is left to the cipher. */
        readonly keyLengthBytes: number | null;
      });

/** What every derivation has. */
export interface SaltedInfo {
  /** As it stands in the file. */
  readonly salt: Uint8Array;
}

/** The ciphers that can be run. */
export type CipherName = 'aes-cbc' | 'aes-gcm' | '3des-cbc' | 'des-cbc' | 'rc2-cbc' | 'rc4';

/** The cipher of one encrypted part. */
export interface CipherInfo {
  readonly cipher: CipherName;
  /** As in standards: `AES-256-CBC`. */
  readonly title: string;
  readonly oid: string;
  readonly keyLengthBytes: number;
  /** RC2 only: how many bits of the key count. */
  readonly effectiveBits: number | null;
  /** IV or nonce; null where it is derived from the password, too, or there is none. */
  readonly iv: Uint8Array | null;
  /** AES-GCM only: length of the authentication value at the end of the ciphertext. */
  readonly icvLengthBytes: number | null;
}

/** One encryption AlgorithmIdentifier, described. */
export interface EncryptionInfo {
  readonly oid: string;
  /** One line: `PBES2, AES-256-CBC, PBKDF2-HMAC-SHA-256`. */
  readonly name: string;
  readonly scheme: 'pbes2' | 'pbes1' | 'pkcs12' | 'unknown';
  /** Null where `failure` says why. */
  readonly kdf: KdfInfo | null;
  /** Null where `failure` says why. */
  readonly cipher: CipherInfo | null;
  /** Why this cannot be decrypted, password or not; null where it can. */
  readonly failure: KeywardError | null;
  readonly quirks: readonly Quirk[];
  /** The AlgorithmIdentifier as it stands in the file. */
  readonly der: Uint8Array;
}

/** Describes an encryption algorithm. What is unknown or malformed becomes `failure`: the rest of a file is still shown. */
export function describeEncryption(raw: RawAlgorithm): EncryptionInfo {
  const quirks: Quirk[] = [];
  const base = { oid: raw.oid, der: raw.der, quirks };
  try {
    if (raw.oid === SCHEME.PBES2) return { ...base, scheme: 'pbes2', failure: null, ...describePbes2(raw, quirks) };
    const old = OLD_SCHEMES[raw.oid];
    if (old !== undefined) return { ...base, failure: null, ...describeOldScheme(raw, old) };
    throw unsupported('encryption', raw.oid);
  } catch (failure) {
    if (!(failure instanceof KeywardError)) throw failure;
    return { ...base, scheme: 'unknown', name: failureName(raw, failure), kdf: null, cipher: null, failure };
  }
}

/** The error that refuses something by its name. */
export function unsupported(what: string, oid: string): UnsupportedError {
  return new UnsupportedError('ERR_UNSUPPORTED_ALGORITHM', `${what} ${nameOid(oid)} is not supported`, oid);
}

/** Reads a key derivation AlgorithmIdentifier that the cursor stands before. @throws {FormatError | UnsupportedError | LimitError} */
export function describeKdf(cursor: DerCursor, name: string): KdfInfo {
  const algorithm = cursor.readSequence(name);
  const oid = algorithm.readOid();
  const read = oid === SCHEME.PBKDF2 ? describePbkdf2 : oid === SCHEME.SCRYPT ? describeScrypt : undefined;
  if (read === undefined) throw unsupported('key derivation', oid);
  const kdf = read(algorithm);
  algorithm.assertEnd();
  return kdf;
}

/** Reads an AlgorithmIdentifier that must name an HMAC; its parameters are NULL or absent (RFC 8018 B.1). */
export function describeHmac(cursor: DerCursor, name: string): Pkcs12HashName {
  const algorithm = cursor.readSequence(name);
  const oid = algorithm.readOid();
  const facts = hashByHmacOid(oid);
  if (facts === null) throw unsupported(name, oid);
  if (algorithm.more) algorithm.readNull();
  algorithm.assertEnd();
  return facts.name;
}

/*
 * PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier }
 */
function describePbes2(raw: RawAlgorithm, quirks: Quirk[]): Pick<EncryptionInfo, 'name' | 'kdf' | 'cipher'> {
  return readDer(parametersOf(raw), 'PBES2-params', (cursor) => {
    const parameters = cursor.readSequence();
    const kdf = describeKdf(parameters, 'keyDerivationFunc');
    const stated = describeCipher(parameters.readSequence('encryptionScheme'), quirks);
    parameters.assertEnd();
    const cipher = fitKeyLength(stated, 'keyLengthBytes' in kdf ? kdf.keyLengthBytes : null, quirks);
    return { name: `PBES2, ${cipher.title}, ${formatKdf(kdf)}`, kdf, cipher };
  });
}

/** Reconciles the declared key length with the cipher's own. */
function fitKeyLength(cipher: CipherInfo, declared: number | null, quirks: Quirk[]): CipherInfo {
  if (declared === null || declared === cipher.keyLengthBytes) return cipher;
  // RC2 takes keys of any length; keyLength is what says which.
  if (cipher.cipher === 'rc2-cbc' && declared >= 1 && declared <= 128) return { ...cipher, keyLengthBytes: declared };
  // NSS up to 3.2x wrote the OID of a smaller AES over what is really AES-256.
  if (cipher.cipher === 'aes-cbc' && declared === 32) {
    quirks.push('key-length-over-cipher');
    return { ...cipher, keyLengthBytes: 32 };
  }
  throw valueError('keyLength', `${declared} does not fit ${cipher.title}`);
}

/*
 * PBKDF2-params ::= SEQUENCE {
 *   salt CHOICE { specified OCTET STRING, otherSource AlgorithmIdentifier },
 *   iterationCount INTEGER (1..MAX), keyLength INTEGER (1..MAX) OPTIONAL,
 *   prf AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
 */
function describePbkdf2(algorithm: DerCursor): KdfInfo {
  const parameters = algorithm.readSequence('PBKDF2-params');
  const salt = parameters.readOctets();
  const iterations = readIterations(parameters, 'PBKDF2 iterationCount');
  const keyLengthBytes = parameters.is(DER.INTEGER) ? readKeyLength(parameters) : null;
  const hash = parameters.more ? describeHmac(parameters, 'PBKDF2 prf') : 'sha1';
  parameters.assertEnd();
  return { kdf: 'pbkdf2', hash, salt, iterations, keyLengthBytes };
}

/*
 * scrypt-params ::= SEQUENCE { salt OCTET STRING, costParameter INTEGER, blockSize INTEGER,
 *   parallelizationParameter INTEGER, keyLength INTEGER OPTIONAL }
 */
function describeScrypt(algorithm: DerCursor): KdfInfo {
  const parameters = algorithm.readSequence('scrypt-params');
  const salt = parameters.readOctets();
  const [n, r, p] = [0, 0, 0].map(() => Number(parameters.readInteger())) as [number, number, number];
  const keyLengthBytes = parameters.more ? readKeyLength(parameters) : null;
  parameters.assertEnd();
  // RFC 7914 §2: N a power of two above 1 and below 2^(128 r / 8); r · p < 2^30.
  const sound = n > 1 && r >= 1 && p >= 1 && Number.isInteger(Math.log2(n)) && Math.log2(n) < 16 * r && r * p < 2 ** 30;
  if (!sound || n > 2 ** 40) throw valueError('scrypt-params', 'N, r or p not allowed by RFC 7914');
  return { kdf: 'scrypt', salt, n, r, p, keyLengthBytes };
}

/** Reads an iteration count; one that no number holds exactly is a bomb whatever the limit. */
function readIterations(cursor: DerCursor, name: string): number {
  const value = cursor.readInteger();
  if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw iterationsError(formatBig(value), DEFAULT_LIMITS.maxIterations, name);
}

function readKeyLength(cursor: DerCursor): number {
  const offset = cursor.offset;
  const value = cursor.readInteger();
  if (value < 1n || value > 0x7fffffffn) throw valueError('keyLength', `${formatBig(value)} is no length`, offset);
  return Number(value);
}

/** Decimal digits, unless there are too many to be of use. */
function formatBig(value: bigint): string {
  const digits = value.toString(16).length;
  return digits <= 64 ? value.toString() : `a number of ${digits} hexadecimal digits`;
}

/*
 * AES-CBC, DES-EDE3-CBC, DES-CBC: parameters are the IV as OCTET STRING.
 * RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv OCTET STRING (8) }
 * GCMParameters ::= SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen INTEGER (12..16) DEFAULT 12 }
 */
function describeCipher(algorithm: DerCursor, quirks: Quirk[]): CipherInfo {
  const oid = algorithm.readOid();
  const row = CIPHERS[oid];
  if (row === undefined) throw unsupported('cipher', oid);
  const [cipher, keyLengthBytes] = row;
  const base = { cipher, title: nameOid(oid), oid, keyLengthBytes, effectiveBits: null, icvLengthBytes: null };
  if (oid === RC2_CBC) return { ...base, ...describeRc2(algorithm) };
  if (cipher === 'aes-gcm') return { ...base, ...describeGcm(algorithm, quirks) };
  const iv = algorithm.readOctets();
  algorithm.assertEnd();
  if (iv.length !== (cipher === 'aes-cbc' ? 16 : 8)) throw valueError(`${base.title} IV`, `${iv.length} bytes long`);
  return { ...base, iv };
}

function describeRc2(algorithm: DerCursor): Pick<CipherInfo, 'effectiveBits' | 'iv' | 'keyLengthBytes'> {
  const parameters = algorithm.readSequence('RC2-CBC-Parameter');
  const version = parameters.is(DER.INTEGER) ? parameters.readSmallInteger() : undefined;
  const iv = parameters.readOctets();
  parameters.assertEnd();
  if (iv.length !== 8) throw valueError('RC2-CBC IV', `${iv.length} bytes long`);
  // RFC 2268 §6: without a version 32 bits count; below 256 the version is a code for the bits, from 256 on it is the bits.
  const stated = version !== undefined && version >= 256 && version <= 1024 ? version : RC2_VERSIONS[version ?? -1];
  const effectiveBits = version === undefined ? 32 : stated;
  if (effectiveBits === undefined) throw unsupported(`rc2ParameterVersion ${version} of`, RC2_CBC);
  return { effectiveBits, iv, keyLengthBytes: Math.ceil(effectiveBits / 8) };
}

function describeGcm(algorithm: DerCursor, quirks: Quirk[]): Pick<CipherInfo, 'iv' | 'icvLengthBytes'> {
  // PKI.js writes the nonce alone, as for CBC; its authentication value has 16 bytes.
  const bare = algorithm.is(DER.OCTET_STRING);
  if (bare) quirks.push('gcm-bare-nonce');
  const parameters = bare ? algorithm : algorithm.readSequence('GCMParameters');
  const iv = parameters.readOctets();
  const icvLengthBytes = bare ? 16 : parameters.more ? parameters.readSmallInteger() : 12;
  parameters.assertEnd();
  if (iv.length !== 12 || icvLengthBytes < 12 || icvLengthBytes > 16) {
    throw valueError('GCMParameters', 'nonce not 12 bytes, or authentication value not 12 to 16');
  }
  return { iv, icvLengthBytes };
}

/*
 * pkcs-12PbeParams ::= SEQUENCE { salt OCTET STRING, iterations INTEGER }; PBEParameter of PBES1 is the same with an 8-byte salt.
 */
function describeOldScheme(
  raw: RawAlgorithm,
  [kdf, hash, cipher, title, keyLengthBytes, effectiveBits]: OldScheme,
): Pick<EncryptionInfo, 'name' | 'scheme' | 'kdf' | 'cipher'> {
  if (hash === null) throw unsupported('encryption', raw.oid);
  const name = nameOid(raw.oid);
  const { salt, iterations } = readDer(parametersOf(raw), name, (cursor) => {
    const parameters = cursor.readSequence();
    const read = { salt: parameters.readOctets(), iterations: readIterations(parameters, `${name} iterations`) };
    parameters.assertEnd();
    return read;
  });
  return {
    name,
    scheme: kdf === 'pkcs12' ? 'pkcs12' : 'pbes1',
    kdf: kdf === 'pkcs12' ? { kdf, hash, salt, iterations } : { kdf, hash, salt, iterations },
    cipher: { cipher, title, oid: raw.oid, keyLengthBytes, effectiveBits, iv: null, icvLengthBytes: null },
  };
}

function parametersOf(raw: RawAlgorithm): Uint8Array {
  if (raw.parameters !== null) return raw.parameters;
  throw valueError(nameOid(raw.oid), 'without parameters');
}

function formatKdf(kdf: KdfInfo): string {
  if (kdf.kdf === 'scrypt') return 'scrypt';
  return `PBKDF2-HMAC-${hashFacts(kdf.hash).title}`;
}

/** The best name for what cannot be decrypted: the unsupported part's, inside its scheme's. */
function failureName(raw: RawAlgorithm, failure: KeywardError): string {
  const scheme = nameOid(raw.oid);
  const inner = failure instanceof UnsupportedError && failure.oid !== undefined ? failure.oid : raw.oid;
  return inner === raw.oid ? scheme : `${scheme}, ${nameOid(inner)}`;
}

/** Ciphers of PBES2: OID → cipher, key length. */
const CIPHERS: Readonly<Record<string, readonly [CipherName, number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-cbc', 32],
  '2.16.840.1.101.3.4.1.6': ['aes-gcm', 16],
  '2.16.840.1.101.3.4.1.26': ['aes-gcm', 24],
  '2.16.840.1.101.3.4.1.46': ['aes-gcm', 32],
  '1.2.840.113549.3.7': ['3des-cbc', 24],
  '1.3.14.3.2.7': ['des-cbc', 8],
  '1.2.840.113549.3.2': ['rc2-cbc', 16],
};

/** RFC 2268 §6: versions below 256 that are in use → effective bits. */
const RC2_VERSIONS: Readonly<Record<number, number>> = { 160: 40, 120: 64, 58: 128 };

type OldScheme =
  | readonly ['pkcs12', 'sha1', CipherName, string, number, number | null]
  | readonly ['pbkdf1', 'md5' | 'sha1' | null, CipherName, string, number, number | null];

/** Schemes whose OID says it all: derivation, hash (null: not supported), cipher, its title, key length, RC2's effective bits. */
const OLD_SCHEMES: Readonly<Record<string, OldScheme>> = {
  '1.2.840.113549.1.12.1.1': ['pkcs12', 'sha1', 'rc4', 'RC4-128', 16, null],
  '1.2.840.113549.1.12.1.2': ['pkcs12', 'sha1', 'rc4', 'RC4-40', 5, null],
  '1.2.840.113549.1.12.1.3': ['pkcs12', 'sha1', '3des-cbc', 'DES-EDE3-CBC', 24, null],
  '1.2.840.113549.1.12.1.4': ['pkcs12', 'sha1', '3des-cbc', 'DES-EDE2-CBC', 16, null],
  '1.2.840.113549.1.12.1.5': ['pkcs12', 'sha1', 'rc2-cbc', 'RC2-128-CBC', 16, 128],
  '1.2.840.113549.1.12.1.6': ['pkcs12', 'sha1', 'rc2-cbc', 'RC2-40-CBC', 5, 40],
  '1.2.840.113549.1.5.1': ['pbkdf1', null, 'des-cbc', 'DES-CBC', 8, null],
  '1.2.840.113549.1.5.3': ['pbkdf1', 'md5', 'des-cbc', 'DES-CBC', 8, null],
  '1.2.840.113549.1.5.4': ['pbkdf1', null, 'rc2-cbc', 'RC2-64-CBC', 8, 64],
  '1.2.840.113549.1.5.6': ['pbkdf1', 'md5', 'rc2-cbc', 'RC2-64-CBC', 8, 64],
  '1.2.840.113549.1.5.10': ['pbkdf1', 'sha1', 'des-cbc', 'DES-CBC', 8, null],
  '1.2.840.113549.1.5.11': ['pbkdf1', 'sha1', 'rc2-cbc', 'RC2-64-CBC', 8, 64],
};
