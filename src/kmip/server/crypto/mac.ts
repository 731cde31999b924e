/**
 * Message authentication under a managed key (KMIP 1.4, 4.33 and 4.34): HMAC (RFC 2104), CMAC (SP 800-38B) and CBC-MAC over AES.
 * The block cipher and the hashes are the core's. Layer: kmip/server, Node only.
 */
import { concatBytes } from '../../../bytes.ts';
import { encryptCbc } from '../../../core/index.ts';
import { refuse } from '../refusal.ts';
import { type HashToken, hmacOf } from './hashes.ts';

/** What a MAC is computed with. */
export interface MacJob {
  /** Cryptographic Algorithm token: of the parameters, or of the key. */
  readonly algorithm: string | number | undefined;
  /** Block Cipher Mode token: CMAC or CBC_MAC. */
  readonly mode: string | number | undefined;
  readonly hash: HashToken | undefined;
  readonly key: Uint8Array;
  readonly data: Uint8Array;
}

/** Computes a MAC of full length. */
export function computeMac(job: MacJob): Uint8Array<ArrayBuffer> {
  if (job.mode === 'CMAC') return cmac(aesKey(job), job.data);
  if (job.mode === 'CBC_MAC') return cbcMac(aesKey(job), job.data);
  const named = /^HMAC_(.+)$/.exec(String(job.algorithm))?.[1];
  const hash = named === undefined ? job.hash : (HASH_OF_HMAC[named] ?? named);
  return hash === undefined
    ? refuse('InvalidField', 'a MAC needs an HMAC algorithm, a hashing algorithm, or the mode CMAC')
    : hmacOf(hash, job.key, job.data);
}

/** `HMAC_SHA256` says `SHA256` where Hashing Algorithm says `SHA_256`. */
const HASH_OF_HMAC: Readonly<Record<string, string>> = {
  SHA1: 'SHA_1',
  SHA224: 'SHA_224',
  SHA256: 'SHA_256',
  SHA384: 'SHA_384',
  SHA512: 'SHA_512',
};

function aesKey({ algorithm, key }: MacJob): Uint8Array {
  if (algorithm !== undefined && algorithm !== 'AES')
    refuse('CryptographicFailure', 'CMAC and CBC-MAC are for AES here');
  if (![16, 24, 32].includes(key.length)) refuse('CryptographicFailure', 'this is no AES key');
  return key;
}

const BLOCK = 16;

/**
 * SP 800-38B section 6.2, for a cipher with blocks of 16 bytes:
 *
 *   L = E(0);  K1 = L·x;  K2 = K1·x                  multiplication in GF(2^128), R = 0x87
 *   the last block, whole: ⊕ K1;  padded with 1 0*: ⊕ K2
 *   T = the last block of CBC with a zero IV
 */
function cmac(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const zero = new Uint8Array(BLOCK);
  const k1 = double(encryptCbc(key, zero, zero, 'none'));
  const whole = data.length > 0 && data.length % BLOCK === 0;
  const tail = whole ? new Uint8Array(0) : new Uint8Array(BLOCK - (data.length % BLOCK));
  if (!whole) tail[0] = 0x80;
  const padded = concatBytes(data, tail);
  const mask = whole ? k1 : double(k1);
  for (let i = 0; i < BLOCK; i++) padded[padded.length - BLOCK + i]! ^= mask[i]!;
  k1.fill(0);
  mask.fill(0);
  return encryptCbc(key, zero, padded, 'none').slice(-BLOCK);
}

/** Multiplication by x; without a branch on the bits. */
function double(block: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(BLOCK);
  for (let i = 0; i < BLOCK; i++) out[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7);
  out[BLOCK - 1]! ^= 0x87 & -(block[0]! >> 7);
  return out;
}

/** CBC-MAC (ISO 9797-1, algorithm 1) over whole blocks: safe only for messages of one length, which its user has to see to. */
function cbcMac(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  if (data.length === 0 || data.length % BLOCK !== 0) refuse('CryptographicFailure', 'CBC-MAC takes whole blocks');
  return encryptCbc(key, new Uint8Array(BLOCK), data, 'none').slice(-BLOCK);
}
