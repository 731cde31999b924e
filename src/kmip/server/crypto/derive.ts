/**
 * Key derivation (KMIP 1.4, 4.6; PBKDF2 of RFC 8018; the KDFs of SP 800-108r1 with HMAC): from a base key's bytes and the parameters
 * of the request to new key bytes. Layer: kmip/server, Node only.
 *
 * [HASH hashes the base key. The specification's "the derivation key or the derivation data" leaves open what both together mean,
 * and implementations differ: with Derivation Data it is refused.]
 */
import { pbkdf2 } from 'node:crypto';
import { concatBytes } from '../../../bytes.ts';
import { refuse } from '../refusal.ts';
import { type CipherJob, encrypt, ivLengthOf } from './cipher.ts';
import { copyOf, digest, type HashToken, hashFactsOf, hmacOf, opensslHash } from './hashes.ts';

/** What is derived, and how. */
export interface DerivationJob {
  /** Derivation Method token. */
  readonly method: string | number;
  /** The base object's bytes. */
  readonly key: Uint8Array;
  /** The base object's Cryptographic Algorithm, for ENCRYPT. */
  readonly algorithm: string | number | undefined;
  readonly lengthBytes: number;
  readonly hash: HashToken | undefined;
  readonly mode: string | number | undefined;
  readonly padding: string | number | undefined;
  readonly data: Uint8Array | undefined;
  readonly iv: Uint8Array | undefined;
  readonly salt: Uint8Array | undefined;
  readonly iterations: number | undefined;
}

/** The most that one request may cost, over all blocks of the result: about a second of a processor. */
const MAX_ITERATIONS = 2_000_000;
/** Longest derived value, bytes. */
const MAX_LENGTH_BYTES = 8192;

/** Derives; the result, of `lengthBytes`, is the caller's to wipe. PBKDF2 runs outside of this thread. */
export async function deriveBytes(job: DerivationJob): Promise<Uint8Array<ArrayBuffer>> {
  if (job.lengthBytes < 1 || job.lengthBytes > MAX_LENGTH_BYTES)
    refuse('InvalidField', `a derived key has 1 to ${MAX_LENGTH_BYTES} bytes`);
  const derive = METHODS[job.method];
  const derived = await (derive === undefined
    ? refuse('FeatureNotSupported', 'this derivation method is not supported')
    : derive(job));
  if (derived.length < job.lengthBytes) {
    derived.fill(0);
    refuse('CryptographicFailure', 'this derivation does not give as many bytes as were asked for');
  }
  const out = derived.slice(0, job.lengthBytes);
  derived.fill(0);
  return out;
}

type Method = (job: DerivationJob) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;

function hashOf(job: DerivationJob): HashToken {
  return job.hash ?? refuse('InvalidField', 'this derivation needs a Hashing Algorithm');
}

function dataOf(job: DerivationJob): Uint8Array {
  return job.data ?? refuse('InvalidField', 'this derivation needs Derivation Data');
}

function pbkdf2Of(job: DerivationJob): Promise<Uint8Array<ArrayBuffer>> {
  const { key, salt, iterations, lengthBytes } = job;
  if (salt === undefined || iterations === undefined)
    return refuse('InvalidField', 'PBKDF2 needs Salt and Iteration Count');
  const hash = opensslHash(hashOf(job));
  // RFC 8018, 5.2: every block of the result, as long as the hash, takes all the iterations.
  const blocks = Math.ceil(lengthBytes / hashFactsOf(hashOf(job)).digestBytes);
  if (iterations < 1 || iterations * blocks > MAX_ITERATIONS)
    refuse('InvalidField', `Iteration Count is 1 to ${Math.floor(MAX_ITERATIONS / blocks)} for a result this long`);
  return new Promise((resolve, reject) => {
    pbkdf2(key, salt, iterations, lengthBytes, hash, (error, derived) =>
      error === null ? resolve(copyOf(derived)) : reject(error),
    );
  });
}

function hashMethod(job: DerivationJob): Uint8Array<ArrayBuffer> {
  if (job.data !== undefined && job.data.length > 0)
    refuse('InvalidField', 'HASH takes the base key alone, without Derivation Data');
  return digest(hashOf(job), job.key);
}

function encryptMethod(job: DerivationJob): Uint8Array<ArrayBuffer> {
  const { algorithm, mode, padding, key, iv } = job;
  if (algorithm === undefined) return refuse('InvalidField', 'ENCRYPT needs a base key with a Cryptographic Algorithm');
  const cipher: CipherJob = { algorithm, mode, padding, key, iv, data: dataOf(job) };
  if (ivLengthOf(cipher) > 0 && iv === undefined) refuse('InvalidField', 'ENCRYPT needs an Initialization Vector');
  return encrypt(cipher).data;
}

/**
 * SP 800-108r1, sections 4.1 to 4.3, with r = 32; the fixed input (Label || 0x00 || Context || [L]) is the client's Derivation Data:
 *
 *   counter:          K(i) = PRF(K, [i] || fixed)
 *   feedback:         K(i) = PRF(K, K(i-1) || [i] || fixed)         K(0) = IV
 *   double pipeline:  A(i) = PRF(K, A(i-1)),  K(i) = PRF(K, A(i) || [i] || fixed)     A(0) = fixed
 */
function kdf108(job: DerivationJob, chain: 'counter' | 'feedback' | 'pipeline'): Uint8Array<ArrayBuffer> {
  const hash = hashOf(job);
  const fixed = dataOf(job);
  const rounds = Math.ceil(job.lengthBytes / hashFactsOf(hash).digestBytes);
  const out: Uint8Array<ArrayBuffer>[] = [];
  let previous: Uint8Array = chain === 'pipeline' ? fixed : (job.iv ?? new Uint8Array(0));
  for (let i = 1; i <= rounds; i++) {
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, i);
    if (chain === 'pipeline') previous = hmacOf(hash, job.key, previous);
    const before = chain === 'counter' ? new Uint8Array(0) : previous;
    const block = hmacOf(hash, job.key, concatBytes(before, counter, fixed));
    if (chain === 'feedback') previous = block;
    out.push(block);
  }
  const joined = concatBytes(...out);
  for (const block of out) block.fill(0);
  return joined;
}

const METHODS: Readonly<Record<string, Method>> = {
  PBKDF2: pbkdf2Of,
  HASH: hashMethod,
  HMAC: (job) => hmacOf(hashOf(job), job.key, dataOf(job)),
  ENCRYPT: encryptMethod,
  NIST800_108_C: (job) => kdf108(job, 'counter'),
  NIST800_108_F: (job) => kdf108(job, 'feedback'),
  NIST800_108_DPI: (job) => kdf108(job, 'pipeline'),
};
