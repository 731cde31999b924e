/**
 * From jobs to chains: checks the jobs, lets equal ones run once, and cuts each derivation into chains of identical steps.
 * PBKDF2 (RFC 8018 §5.2) has one independent chain for each output block; the PKCS#12 KDF (RFC 7292 appendix B.2) has
 * one chain that goes through its blocks in turn. Knows nothing of slots and time. Layer: core, internal.
 */
import { LimitError, UsageError } from '../errors.ts';
import { equalSecretBytes } from './compare.ts';
import { hash as digestOf, type HashFacts, type HashName, hashFacts } from './hash.ts';
import { exposeKey } from './key-bytes.ts';

/** One derivation to do. */
export interface KdfJob {
  /** PBKDF2 (RFC 8018) with HMAC over `hash`, or the PKCS#12 KDF (RFC 7292 appendix B.2). */
  readonly kdf: 'pbkdf2' | 'pkcs12';
  readonly hash: HashName;
  /** Raw bytes, already encoded (PKCS#12: UTF-16BE with its terminator), up to 16 KiB. */
  readonly password: Uint8Array;
  /** Up to 16 KiB. */
  readonly salt: Uint8Array;
  /** 1 to 2^31 - 1. */
  readonly iterations: number;
  /** Bytes to derive, 1 to 65,536. */
  readonly lengthBytes: number;
  /** PKCS#12 KDF: 1 key, 2 IV, 3 MAC key. */
  readonly id?: 1 | 2 | 3;
}

/** Largest iteration count, longest input and output that one job may have. Policy limits are the caller's. */
export const MAX_ITERATIONS: number = 0x7fffffff;
export const MAX_INPUT_BYTES: number = 16 * 1024;
export const MAX_OUTPUT_BYTES: number = 64 * 1024;

/** One derivation that runs, for one or more equal jobs. Holds secrets: `wipe` when done with it. */
export interface Derivation {
  readonly kdf: 'pbkdf2' | 'pkcs12';
  readonly hashName: HashName;
  readonly hash: HashFacts;
  readonly id: number;
  readonly iterations: number;
  /** PBKDF2: the HMAC key, one block at most. PKCS#12: empty. Our own copy. */
  readonly password: Uint8Array;
  /** PBKDF2: the salt and four bytes for the block's number. PKCS#12: I = S || P. Our own copy. */
  readonly input: Uint8Array;
  /** The whole blocks derived so far. */
  out: Uint8Array;
  blocks: number;
  /** Chains not finished yet. */
  open: number;
}

/** A run of identical steps, the work of one slot at a time. */
export interface Chain {
  readonly of: Derivation;
  /** The output block it works on, from 0. */
  block: number;
  /** Its slot, or -1 while it waits. */
  slot: number;
  /** Iterations left in the slot. */
  left: number;
}

/** What to run, and which derivation answers which job. */
export interface Plan {
  readonly derivations: readonly Derivation[];
  /** The derivation of each job, in the order of the jobs. */
  readonly answers: readonly { readonly of: Derivation; readonly lengthBytes: number }[];
  /** Iterations of all derivations together, each output block counted. */
  readonly total: number;
}

/**
 * Checks all jobs and plans them. Nothing is derived yet.
 *
 * @throws {UsageError} ERR_KDF_JOB, ERR_HASH_NAME, ERR_BYTES_TYPE
 * @throws {LimitError} ERR_LIMIT_ITERATIONS, ERR_LIMIT_KDF_LENGTH
 */
export function planJobs(jobs: readonly KdfJob[]): Plan {
  for (const job of jobs) assertJob(job);
  const byPublicPart = new Map<string, { job: KdfJob; of: Derivation }[]>();
  const derivations: Derivation[] = [];
  const answers = jobs.map((job) => {
    const key = publicPart(job);
    const same = byPublicPart.get(key) ?? [];
    byPublicPart.set(key, same);
    let of = same.find((other) => equalSecretBytes(other.job.password, job.password))?.of;
    if (of === undefined) {
      of = prepare(job);
      derivations.push(of);
      same.push({ job, of });
    }
    of.blocks = Math.max(of.blocks, Math.ceil(job.lengthBytes / of.hash.digestBytes));
    return { of, lengthBytes: job.lengthBytes };
  });
  let total = 0;
  for (const of of derivations) {
    of.out = new Uint8Array(of.blocks * of.hash.digestBytes);
    total += of.blocks * of.iterations;
  }
  return { derivations, answers, total };
}

/** The chains of a derivation. */
export function chainsOf(of: Derivation): Chain[] {
  const count = of.kdf === 'pbkdf2' ? of.blocks : 1;
  of.open = count;
  return Array.from({ length: count }, (_, block) => ({ of, block, slot: -1, left: 0 }));
}

/** Each job's own bytes. */
export function collect(plan: Plan): Uint8Array<ArrayBuffer>[] {
  return plan.answers.map(({ of, lengthBytes }) => of.out.slice(0, lengthBytes) as Uint8Array<ArrayBuffer>);
}

/** Zeroes every secret that the plan holds. */
export function wipePlan(plan: Plan): void {
  for (const of of plan.derivations) {
    of.password.fill(0);
    of.input.fill(0);
    of.out.fill(0);
  }
}

function assertJob(job: KdfJob): void {
  const { kdf, iterations, lengthBytes, id } = job;
  if (kdf !== 'pbkdf2' && kdf !== 'pkcs12') throw new UsageError('ERR_KDF_JOB', 'kdf must be pbkdf2 or pkcs12');
  if (kdf === 'pkcs12' ? id !== 1 && id !== 2 && id !== 3 : id !== undefined)
    throw new UsageError('ERR_KDF_JOB', 'id must be 1, 2 or 3 for the PKCS#12 KDF, and absent for PBKDF2');
  hashFacts(job.hash);
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new UsageError('ERR_KDF_JOB', 'iterations must be a whole number from 1');
  if (iterations > MAX_ITERATIONS)
    throw new LimitError('ERR_LIMIT_ITERATIONS', `more than ${MAX_ITERATIONS} iterations`, {
      limit: MAX_ITERATIONS,
      actual: iterations,
    });
  if (!Number.isInteger(lengthBytes) || lengthBytes < 1)
    throw new UsageError('ERR_KDF_JOB', 'lengthBytes must be a whole number from 1');
  assertLength('lengthBytes', lengthBytes, MAX_OUTPUT_BYTES);
  assertLength('password', exposeKey(job.password).length, MAX_INPUT_BYTES);
  assertLength('salt', exposeKey(job.salt).length, MAX_INPUT_BYTES);
}

function assertLength(what: string, actual: number, limit: number): void {
  if (actual > limit)
    throw new LimitError('ERR_LIMIT_KDF_LENGTH', `${what}: ${actual} bytes, limit ${limit}`, { limit, actual });
}

/** Everything of a job that is not secret, but for its length. */
function publicPart({ kdf, hash, id, iterations, salt, password }: KdfJob): string {
  return `${kdf} ${hash} ${id ?? 0} ${iterations} ${password.length} ${salt.join()}`;
}

/** Copies a job's inputs in the form that its chains take. */
function prepare(job: KdfJob): Derivation {
  const hash = hashFacts(job.hash);
  const pbkdf2 = job.kdf === 'pbkdf2';
  const password = exposeKey(job.password); // a Secret, which JavaScript callers may pass, is taken too
  const salt = exposeKey(job.salt);
  const input = pbkdf2 ? new Uint8Array(salt.length + 4) : repeatToBlocks(hash.blockBytes, salt, password);
  if (pbkdf2) input.set(salt);
  return {
    kdf: job.kdf,
    hashName: job.hash,
    hash,
    id: job.id ?? 0,
    iterations: job.iterations,
    password: pbkdf2 ? hmacKey(job.hash, hash.blockBytes, password) : new Uint8Array(0),
    input,
    out: new Uint8Array(0),
    blocks: 0,
    open: 0,
  };
}

/** RFC 2104: a key longer than a block is its digest; here once, not for each chain. (Not `slice`: of a Node Buffer it is a view.) */
function hmacKey(name: HashName, blockBytes: number, password: Uint8Array): Uint8Array {
  return password.length > blockBytes ? digestOf(name, password) : new Uint8Array(password);
}

/** RFC 7292 B.2 steps 2 to 4: I = S || P, each repeated to whole blocks; empty stays empty. */
function repeatToBlocks(v: number, salt: Uint8Array, password: Uint8Array): Uint8Array {
  const saltBytes = v * Math.ceil(salt.length / v);
  const passwordBytes = v * Math.ceil(password.length / v);
  const out = new Uint8Array(saltBytes + passwordBytes);
  for (let i = 0; i < saltBytes; i += salt.length) out.set(salt.subarray(0, saltBytes - i), i);
  for (let i = 0; i < passwordBytes; i += password.length)
    out.set(password.subarray(0, passwordBytes - i), saltBytes + i);
  return out;
}
