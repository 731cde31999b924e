/**
 * Key derivation: PBKDF2 (RFC 8018 §5.2) and the PKCS#12 KDF (RFC 7292 appendix B.2), any number of jobs at once.
 * Equal jobs run once, the rest side by side. Limits of cost are the caller's policy. Layer: core.
 */
import { formatHex } from '../bytes.ts';
import { KeywardError } from '../errors.ts';
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
  assertKnownAnswers();
  return runNow(jobs);
}

function runNow(jobs: readonly KdfJob[]): Uint8Array<ArrayBuffer>[] {
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

/**
 * Derives some known keys once, before the first others: both KDFs, scalar and in mixed lanes.
 *
 * @throws {KeywardError} ERR_SELF_TEST
 */
export function assertKnownAnswers(): void {
  if (tested) return;
  const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const jobs = KNOWN_ANSWERS.map(([job]) => ({ ...job, password: ascii(job.password), salt: ascii(job.salt) }));
  const keys = runNow(jobs);
  KNOWN_ANSWERS.forEach(([, answer], i) => {
    if (formatHex(keys[i]!.subarray(0, answer.length / 2)) !== answer)
      throw new KeywardError('ERR_SELF_TEST', 'key derivation does not compute its known answers');
  });
  tested = true;
}

let tested = false;

function ignore(): void {}

/** RFC 6070 and its SHA-2 kin (three or more output blocks fill lanes); and a PKCS#12 KDF key computed with OpenSSL. */
const KNOWN_ANSWERS: readonly (readonly [
  Omit<KdfJob, 'password' | 'salt'> & { readonly password: string; readonly salt: string },
  string,
])[] = [
  [
    { kdf: 'pbkdf2', hash: 'sha1', password: 'password', salt: 'salt', iterations: 2, lengthBytes: 60 },
    'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957',
  ],
  [
    { kdf: 'pbkdf2', hash: 'sha256', password: 'password', salt: 'salt', iterations: 2, lengthBytes: 128 },
    'ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43',
  ],
  [
    { kdf: 'pbkdf2', hash: 'sha512', password: 'password', salt: 'salt', iterations: 2, lengthBytes: 64 },
    'e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53cf76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e',
  ],
  [
    {
      kdf: 'pkcs12',
      id: 1,
      hash: 'sha1',
      password: '\0g\0e\0@\0\u00e4\0h\0e\0i\0m\0\0',
      salt: '\x01\x02\x03\x04\x05\x06\x07\x08',
      iterations: 100,
      lengthBytes: 20,
    },
    'f681007c3c547572a78d9f8b6abd8d66a418b2d2',
  ],
];
