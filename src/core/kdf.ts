/**
 * Key derivation: PBKDF2 (RFC 8018 §5.2) and the PKCS#12 KDF (RFC 7292 appendix B.2), any number of jobs at once.
 * Equal jobs run once, the rest side by side. Limits of cost are the caller's policy. Layer: core.
 */
import type { HashName } from './hash.ts';
import { chainsOf, collect, type KdfJob, planJobs, wipePlan } from './kdf-plan.ts';
import { KdfRunner } from './kdf-runner.ts';

/** Slots of the synchronous form; it never waits in the middle, so one set serves every call. */
const SYNC_SLOTS = 4;
/** Steps per call into the wasm: V8 replaces a loop's baseline code only between calls. */
const SYNC_STEPS = 4096;

/**
 * Derives the keys of all jobs, in this thread, at once.
 *
 * @param jobs what to derive; not changed
 * @returns each job's `lengthBytes` bytes, in the order of the jobs, the caller's own
 * @throws {UsageError} ERR_KDF_JOB, ERR_HASH_NAME, ERR_BYTES_TYPE
 * @throws {LimitError} ERR_LIMIT_ITERATIONS, ERR_LIMIT_KDF_LENGTH
 * @example
 * const [key] = deriveKeysSync([{ kdf: 'pbkdf2', hash: 'sha256', password, salt, iterations: 600_000, lengthBytes: 32 }]);
 */
export function deriveKeysSync(jobs: readonly KdfJob[]): Uint8Array<ArrayBuffer>[] {
  const plan = planJobs(jobs);
  const runner = new KdfRunner(0, SYNC_SLOTS, ignore);
  try {
    runner.add(plan.derivations.flatMap(chainsOf));
    while (runner.busy) runner.slice(SYNC_STEPS);
    return collect(plan);
  } finally {
    wipePlan(plan);
  }
}

/** Derives one key with PBKDF2 (RFC 8018 §5.2). See `deriveKeysSync`. */
export function pbkdf2Sync(
  hash: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Uint8Array<ArrayBuffer> {
  return deriveKeysSync([
    { kdf: 'pbkdf2', hash, password, salt, iterations, lengthBytes },
  ])[0] as Uint8Array<ArrayBuffer>;
}

/** Derives one key, IV or MAC key (`id` 1, 2 or 3) with the PKCS#12 KDF (RFC 7292 appendix B.2). See `deriveKeysSync`. */
export function pkcs12KdfSync(
  hash: HashName,
  id: 1 | 2 | 3,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Uint8Array<ArrayBuffer> {
  const jobs: KdfJob[] = [{ kdf: 'pkcs12', hash, id, password, salt, iterations, lengthBytes }];
  return deriveKeysSync(jobs)[0] as Uint8Array<ArrayBuffer>;
}

function ignore(): void {}
