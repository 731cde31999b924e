/**
 * The hashes of PKCS#12 files: by digest OID (PKCS#12 MAC) and by HMAC OID (PRF of PBKDF2, PBMAC1). SHA-1 and SHA-2 are the
 * core's; SHA-3 and MD5 are rare, come from the noble package and are imported on demand (see rare.ts). Layer: pkcs12.
 */
import type { HashName } from '../core/index.ts';

/** Hashes that the core does not have. */
export type RareHashName = 'md5' | 'sha3-224' | 'sha3-256' | 'sha3-384' | 'sha3-512';

/** Every hash that a file may name. */
export type Pkcs12HashName = HashName | RareHashName;

/** What one hash is called, and how large it is. */
export interface HashFacts {
  readonly name: Pkcs12HashName;
  /** As in standards: `SHA-256`. */
  readonly title: string;
  /** OID of the digest itself. */
  readonly oid: string;
  /** OID of HMAC over it. */
  readonly hmacOid: string;
  /** u of RFC 7292 B.2: length of the digest. */
  readonly digestBytes: number;
  /** v of RFC 7292 B.2: length of the block. */
  readonly blockBytes: number;
  /** Not in the core: needs rare.ts. */
  readonly rare: boolean;
}

/** The facts of a hash by its name. */
export function hashFacts(name: Pkcs12HashName): HashFacts {
  return HASHES[name];
}

/** The hash a digest OID names, or null. */
export function hashByOid(oid: string): HashFacts | null {
  return ALL.find((facts) => facts.oid === oid) ?? null;
}

/** The hash under an HMAC OID, or null. */
export function hashByHmacOid(oid: string): HashFacts | null {
  return ALL.find((facts) => facts.hmacOid === oid) ?? null;
}

const NIST_HASH = '2.16.840.1.101.3.4.2';
const RSADSI_DIGEST = '1.2.840.113549.2';

const row = (
  name: Pkcs12HashName,
  title: string,
  oid: string,
  hmacOid: string,
  digestBytes: number,
  blockBytes: number,
  rare: boolean = false,
): HashFacts => ({ name, title, oid, hmacOid, digestBytes, blockBytes, rare });

const HASHES: Readonly<Record<Pkcs12HashName, HashFacts>> = /* @__PURE__ */ (() => ({
  sha1: row('sha1', 'SHA-1', '1.3.14.3.2.26', `${RSADSI_DIGEST}.7`, 20, 64),
  sha224: row('sha224', 'SHA-224', `${NIST_HASH}.4`, `${RSADSI_DIGEST}.8`, 28, 64),
  sha256: row('sha256', 'SHA-256', `${NIST_HASH}.1`, `${RSADSI_DIGEST}.9`, 32, 64),
  sha384: row('sha384', 'SHA-384', `${NIST_HASH}.2`, `${RSADSI_DIGEST}.10`, 48, 128),
  sha512: row('sha512', 'SHA-512', `${NIST_HASH}.3`, `${RSADSI_DIGEST}.11`, 64, 128),
  'sha512-224': row('sha512-224', 'SHA-512/224', `${NIST_HASH}.5`, `${RSADSI_DIGEST}.12`, 28, 128),
  'sha512-256': row('sha512-256', 'SHA-512/256', `${NIST_HASH}.6`, `${RSADSI_DIGEST}.13`, 32, 128),
  md5: row('md5', 'MD5', `${RSADSI_DIGEST}.5`, `${RSADSI_DIGEST}.6`, 16, 64, true),
  'sha3-224': row('sha3-224', 'SHA3-224', `${NIST_HASH}.7`, `${NIST_HASH}.13`, 28, 144, true),
  'sha3-256': row('sha3-256', 'SHA3-256', `${NIST_HASH}.8`, `${NIST_HASH}.14`, 32, 136, true),
  'sha3-384': row('sha3-384', 'SHA3-384', `${NIST_HASH}.9`, `${NIST_HASH}.15`, 48, 104, true),
  'sha3-512': row('sha3-512', 'SHA3-512', `${NIST_HASH}.10`, `${NIST_HASH}.16`, 64, 72, true),
}))();

const ALL: readonly HashFacts[] = /* @__PURE__ */ Object.values(HASHES);
