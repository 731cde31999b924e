/**
 * The hashes of Hashing Algorithm (KMIP 1.4, 9.1.3.2.16): SHA-1 and SHA-2 by the core, the others by OpenSSL where it has them.
 * MD2, MD4, Tiger and Whirlpool are refused. Layer: kmip/server, Node only.
 */
import { createHash, createHmac } from 'node:crypto';
import { hash as coreHash, hmac as coreHmac, type HashName } from '../../../core/index.ts';
import { refuse } from '../refusal.ts';

/** A Hashing Algorithm: its token, or the number of one that has none. */
export type HashToken = string | number;

interface HashFacts {
  /** The core's name; undefined where OpenSSL computes it. */
  readonly core?: HashName;
  /** OpenSSL's name. */
  readonly openssl: string;
  readonly digestBytes: number;
}

/** The facts of a hash. Refuses those that nobody here computes. */
export function hashFactsOf(algorithm: HashToken): HashFacts {
  const facts = HASHES[algorithm];
  return facts ?? refuse('CryptographicFailure', 'this hashing algorithm is not supported');
}

/** OpenSSL's name of a hash. */
export function opensslHash(algorithm: HashToken): string {
  return hashFactsOf(algorithm).openssl;
}

/** Computes a digest. */
export function digest(algorithm: HashToken, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { core, openssl } = hashFactsOf(algorithm);
  return core === undefined ? copyOf(createHash(openssl).update(data).digest()) : coreHash(core, data);
}

/** Computes an HMAC (RFC 2104). `key`: any length. */
export function hmacOf(algorithm: HashToken, key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { core, openssl } = hashFactsOf(algorithm);
  return core === undefined ? copyOf(createHmac(openssl, key).update(data).digest()) : coreHmac(core, key, data);
}

/** A Node buffer as bytes of their own; the buffer, which may be a part of a pool, is wiped. */
export function copyOf(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(buffer);
  buffer.fill(0);
  return out;
}

const HASHES: Readonly<Record<string, HashFacts>> = {
  MD5: { openssl: 'md5', digestBytes: 16 },
  SHA_1: { core: 'sha1', openssl: 'sha1', digestBytes: 20 },
  SHA_224: { core: 'sha224', openssl: 'sha224', digestBytes: 28 },
  SHA_256: { core: 'sha256', openssl: 'sha256', digestBytes: 32 },
  SHA_384: { core: 'sha384', openssl: 'sha384', digestBytes: 48 },
  SHA_512: { core: 'sha512', openssl: 'sha512', digestBytes: 64 },
  SHA_512_224: { core: 'sha512-224', openssl: 'sha512-224', digestBytes: 28 },
  SHA_512_256: { core: 'sha512-256', openssl: 'sha512-256', digestBytes: 32 },
  RIPEMD_160: { openssl: 'ripemd160', digestBytes: 20 },
  SHA3_224: { openssl: 'sha3-224', digestBytes: 28 },
  SHA3_256: { openssl: 'sha3-256', digestBytes: 32 },
  SHA3_384: { openssl: 'sha3-384', digestBytes: 48 },
  SHA3_512: { openssl: 'sha3-512', digestBytes: 64 },
};
