/**
 * What is rare in PKCS#12 files and already well made elsewhere: SHA-3, MD5, scrypt and AES-GCM, from the noble packages,
 * imported on demand. Asynchronous calls load what a file needs by themselves; synchronous ones refuse until `loadRare` has run.
 * Not constant time by construction, and intermediate copies inside the packages are theirs. Layer: pkcs12.
 */
import { rc4 } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import type { Pkcs12HashName, RareHashName } from './hashes.ts';

/** The parts that are imported on demand. `legacy` is the second wasm module (DES, 3DES, RC2, RC4). */
export type OnDemand = 'sha3' | 'md5' | 'scrypt' | 'aes-gcm' | 'legacy';

interface Loaded {
  sha3?: typeof import('@noble/hashes/sha3.js');
  md5?: typeof import('@noble/hashes/legacy.js');
  hmac?: typeof import('@noble/hashes/hmac.js');
  scrypt?: typeof import('@noble/hashes/scrypt.js');
  aes?: typeof import('@noble/ciphers/aes.js');
}

const loaded: Loaded = {};

/**
 * Imports parts ahead of their use, so that the synchronous calls can use them.
 *
 * @param parts which; all of noble's when left out (for the old ciphers use `loadLegacy` of `keyward/core`)
 * @example
 * await loadRare();
 * pfx.unlockSync(password);
 */
export async function loadRare(parts: readonly OnDemand[] = ['sha3', 'md5', 'scrypt', 'aes-gcm']): Promise<void> {
  if (parts.includes('sha3') || parts.includes('md5')) loaded.hmac ??= await import('@noble/hashes/hmac.js');
  if (parts.includes('sha3')) loaded.sha3 ??= await import('@noble/hashes/sha3.js');
  if (parts.includes('md5')) loaded.md5 ??= await import('@noble/hashes/legacy.js');
  if (parts.includes('scrypt')) loaded.scrypt ??= await import('@noble/hashes/scrypt.js');
  if (parts.includes('aes-gcm')) loaded.aes ??= await import('@noble/ciphers/aes.js');
}

/** Refuses synchronous work whose parts are not loaded, before any of it is done. @throws {UsageError} ERR_…_NOT_LOADED */
export function assertLoaded(parts: readonly OnDemand[]): void {
  if (parts.includes('legacy')) rc4(new Uint8Array(1), new Uint8Array(0)); // throws where the module is not there
  if (parts.includes('sha3')) need(loaded.sha3);
  if (parts.includes('md5')) need(loaded.md5);
  if (parts.includes('scrypt')) need(loaded.scrypt);
  if (parts.includes('aes-gcm')) need(loaded.aes);
}

/** The part that a hash needs, or null for the core's own. */
export function partOfHash(hash: Pkcs12HashName): OnDemand | null {
  return hash === 'md5' ? 'md5' : hash.startsWith('sha3') ? 'sha3' : null;
}

/** Hashes with a rare hash. @throws {UsageError} ERR_RARE_NOT_LOADED */
export function rareHash(name: Pkcs12HashName, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return rareFunction(name)(bytes) as Uint8Array<ArrayBuffer>;
}

/** HMAC with a rare hash. @throws {UsageError} ERR_RARE_NOT_LOADED */
export function rareHmac(name: Pkcs12HashName, key: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return need(loaded.hmac).hmac(rareFunction(name), key, bytes) as Uint8Array<ArrayBuffer>;
}

/** A keyed HMAC that is cloned for each message, for PBKDF2. @throws {UsageError} ERR_RARE_NOT_LOADED */
export function rareKeyedHmac(name: Pkcs12HashName, key: Uint8Array): KeyedHmac {
  return need(loaded.hmac).hmac.create(rareFunction(name), key);
}

/** The part of noble's HMAC that PBKDF2 uses. */
export interface KeyedHmac {
  _cloneInto(to?: KeyedHmac): KeyedHmac;
  update(bytes: Uint8Array): KeyedHmac;
  digestInto(out: Uint8Array): void;
  destroy(): void;
}

/** scrypt (RFC 7914). @throws {UsageError} ERR_RARE_NOT_LOADED */
export function rareScrypt(
  password: Uint8Array,
  salt: Uint8Array,
  cost: { readonly n: number; readonly r: number; readonly p: number; readonly lengthBytes: number },
): Uint8Array<ArrayBuffer> {
  const maxmem = 128 * cost.n * cost.r + 128 * cost.r * cost.p + 65_536;
  const options = { N: cost.n, r: cost.r, p: cost.p, dkLen: cost.lengthBytes, maxmem };
  return need(loaded.scrypt).scrypt(password, salt, options) as Uint8Array<ArrayBuffer>;
}

/** AES-GCM, ciphertext followed by 16 bytes of authentication value. @throws {UsageError} ERR_RARE_NOT_LOADED */
export function rareGcmEncrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  return need(loaded.aes).gcm(key, nonce).encrypt(plaintext) as Uint8Array<ArrayBuffer>;
}

/** AES in counter mode from a whole initial block: GCM without its check. @throws {UsageError} ERR_RARE_NOT_LOADED */
export function rareCtr(key: Uint8Array, block: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return need(loaded.aes).ctr(key, block).decrypt(bytes) as Uint8Array<ArrayBuffer>;
}

function rareFunction(name: Pkcs12HashName): typeof import('@noble/hashes/legacy.js').md5 {
  switch (name as RareHashName) {
    case 'md5':
      return need(loaded.md5).md5;
    case 'sha3-224':
      return need(loaded.sha3).sha3_224;
    case 'sha3-256':
      return need(loaded.sha3).sha3_256;
    case 'sha3-384':
      return need(loaded.sha3).sha3_384;
    case 'sha3-512':
      return need(loaded.sha3).sha3_512;
  }
}

function need<T>(part: T | undefined): T {
  if (part !== undefined) return part;
  throw new UsageError('ERR_RARE_NOT_LOADED', 'this file uses an algorithm that is loaded on demand', {
    hint: 'await loadRare() once before synchronous calls, or use the asynchronous form',
  });
}
