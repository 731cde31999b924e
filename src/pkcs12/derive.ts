/**
 * Runs key derivations: those the core knows all together in its lanes, the rare ones one after another in TypeScript.
 * Policy is written once, as a generator of steps (`Steps`) that asks for keys and for on-demand parts and is given them back;
 * two drivers run it, one asynchronous with signal, deadline and progress, one synchronous. Layer: pkcs12.
 */

import { formatHex } from '../bytes.ts';
import { deriveKeys, deriveKeysSync, type KdfJob, loadLegacy } from '../core/index.ts';
import { abortReason, KeywardError, LimitError } from '../errors.ts';
import { hashFacts, type Pkcs12HashName } from './hashes.ts';
import { assertIterations, type Pkcs12Limits } from './limits.ts';
import { assertLoaded, loadRare, type OnDemand } from './rare.ts';
import { deriveRare, isRareDerivation, partsOfDerivation } from './rare-kdf.ts';

/** One key to derive. Bytes are lent for the time of the derivation. */
export type Derivation =
  | {
      readonly kdf: 'pbkdf2' | 'pkcs12' | 'pbkdf1';
      readonly hash: Pkcs12HashName;
      readonly password: Uint8Array;
      readonly salt: Uint8Array;
      readonly iterations: number;
      readonly lengthBytes: number;
      /** PKCS#12 KDF: 1 key, 2 IV, 3 MAC key (RFC 7292 B.3). */
      readonly id?: 1 | 2 | 3;
    }
  | {
      readonly kdf: 'scrypt';
      readonly password: Uint8Array;
      readonly salt: Uint8Array;
      readonly n: number;
      readonly r: number;
      readonly p: number;
      readonly lengthBytes: number;
    };

/** What a procedure asks of its driver: derived keys (in order), or parts to be loaded (answered with nothing). */
export type Step =
  | { readonly derive: readonly Derivation[]; readonly load?: never }
  | { readonly load: readonly OnDemand[]; readonly derive?: never };

/** A procedure that asks for keys on its way. It wipes what it was given, on every way out. */
export type Steps<T> = Generator<Step, T, readonly Uint8Array<ArrayBuffer>[]>;

/** Options of everything that derives keys and waits for it. */
export interface WaitOptions {
  /** Aborts the operation; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole operation. Default: none. */
  readonly timeoutMs?: number;
  /** Told how many of the iterations known so far are done. A later stage may raise `total`. */
  readonly onProgress?: (done: number, total: number) => void;
  /** `'wasm'`: never the platform's PBKDF2, and exact progress. Default `'auto'`: whichever was measured faster. */
  readonly backend?: 'auto' | 'wasm';
}

/** The names of WaitOptions. */
export const WAIT_OPTIONS = ['signal', 'timeoutMs', 'onProgress', 'backend'] as const;

/** Runs a procedure and waits for its derivations. */
export async function runSteps<T>(steps: Steps<T>, options: WaitOptions): Promise<T> {
  const deadline = options.timeoutMs === undefined ? undefined : Date.now() + options.timeoutMs;
  const progress = { before: 0, total: 0 };
  let given: readonly Uint8Array<ArrayBuffer>[] = [];
  let failure: { readonly cause: unknown } | undefined;
  for (;;) {
    const step = failure === undefined ? steps.next(given) : steps.throw(failure.cause);
    if (step.done) return step.value;
    failure = undefined;
    try {
      given = await answer(step.value, options, deadline, progress);
    } catch (cause) {
      failure = { cause };
    }
  }
}

/** Answers derivations without waiting. The answers are the procedure's to wipe. */
export type DeriveSync = (derivations: readonly Derivation[]) => readonly Uint8Array<ArrayBuffer>[];

/** Runs a procedure without waiting. On-demand parts must have been loaded before. */
export function runStepsSync<T>(steps: Steps<T>, derive: DeriveSync = deriveAllSync): T {
  let given: readonly Uint8Array<ArrayBuffer>[] = [];
  let failure: { readonly cause: unknown } | undefined;
  for (;;) {
    const step = failure === undefined ? steps.next(given) : steps.throw(failure.cause);
    if (step.done) return step.value;
    failure = undefined;
    try {
      if (step.value.load !== undefined) assertLoaded(step.value.load);
      given = step.value.load !== undefined ? [] : derive(step.value.derive);
    } catch (cause) {
      failure = { cause };
    }
  }
}

async function answer(
  step: Step,
  options: WaitOptions,
  deadline: number | undefined,
  progress: { before: number; total: number },
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  assertInTime(options.signal, deadline);
  if (step.load !== undefined) {
    await loadRare(step.load);
    if (step.load.includes('legacy')) await loadLegacy();
    return [];
  }
  return deriveAll(step.derive, options, deadline, progress);
}

async function deriveAll(
  derivations: readonly Derivation[],
  options: WaitOptions,
  deadline: number | undefined,
  progress: { before: number; total: number },
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const { jobs, rare, unique, place } = partition(derivations);
  const keys: (Uint8Array<ArrayBuffer> | undefined)[] = unique.map(() => undefined);
  progress.before = progress.total;
  try {
    await loadRare(rare.flatMap((i) => partsOfDerivation(unique[i] as Derivation)));
    for (const i of rare) {
      for (const _ of deriveRare(unique[i] as Derivation, (key) => (keys[i] = key))) {
        await new Promise((resume) => setTimeout(resume, 0));
        assertInTime(options.signal, deadline);
      }
    }
    const { signal, onProgress, backend } = options;
    const made = await deriveKeys(
      jobs.map((i) => unique[i] as KdfJob),
      {
        ...(signal && { signal }),
        ...(backend && { backend }),
        ...(deadline !== undefined && { timeoutMs: Math.max(1, deadline - Date.now()) }),
        ...(onProgress && {
          onProgress: (done: number, total: number) => {
            progress.total = progress.before + total;
            onProgress(progress.before + done, progress.total);
          },
        }),
      },
    );
    for (const [k, i] of jobs.entries()) keys[i] = made[k];
    return place(keys);
  } finally {
    for (const key of keys) key?.fill(0); // `place` has copied
  }
}

function deriveAllSync(derivations: readonly Derivation[]): readonly Uint8Array<ArrayBuffer>[] {
  const { jobs, rare, unique, place } = partition(derivations);
  const keys: (Uint8Array<ArrayBuffer> | undefined)[] = unique.map(() => undefined);
  try {
    for (const i of rare) for (const _ of deriveRare(unique[i] as Derivation, (key) => (keys[i] = key)));
    const made = deriveKeysSync(jobs.map((i) => unique[i] as KdfJob));
    for (const [k, i] of jobs.entries()) keys[i] = made[k];
    return place(keys);
  } finally {
    for (const key of keys) key?.fill(0);
  }
}

/** Finds equal derivations, which run once, and splits the rest into the core's and the rare ones. */
function partition(derivations: readonly Derivation[]): {
  readonly unique: readonly Derivation[];
  readonly jobs: readonly number[];
  readonly rare: readonly number[];
  /** Gives each derivation its own copy of its key. */
  place(keys: readonly (Uint8Array<ArrayBuffer> | undefined)[]): readonly Uint8Array<ArrayBuffer>[];
} {
  const { unique, indexOf } = uniqueDerivations(derivations);
  const indices = unique.map((_, i) => i);
  const isRare = (i: number): boolean => isRareDerivation(unique[i] as Derivation);
  return {
    unique,
    jobs: indices.filter((i) => !isRare(i)),
    rare: indices.filter(isRare),
    place: (keys) => indexOf.map((i) => (keys[i] as Uint8Array<ArrayBuffer>).slice()),
  };
}

/** Merges equal derivations: which are left, and where each of the given ones went. */
export function uniqueDerivations(derivations: readonly Derivation[]): {
  readonly unique: readonly Derivation[];
  readonly indexOf: readonly number[];
} {
  const seen = new Map<string, number>();
  const unique: Derivation[] = [];
  const indexOf = derivations.map((derivation) => {
    const id = identify(derivation);
    let index = seen.get(id);
    if (index === undefined) {
      index = unique.push(derivation) - 1;
      seen.set(id, index);
    }
    return index;
  });
  return { unique, indexOf };
}

const passwordIds = /* @__PURE__ */ new WeakMap<Uint8Array, number>();
let passwordCount = 0;

/** Tells derivations apart without making a text of the password: forms of one password are one array each. */
function identify(derivation: Derivation): string {
  let id = passwordIds.get(derivation.password);
  if (id === undefined) {
    id = ++passwordCount;
    passwordIds.set(derivation.password, id);
  }
  return `${id} ${publicId(derivation)}`;
}

/** Everything of a derivation but its password, as one text. */
export function publicId(derivation: Derivation): string {
  const salt = formatHex(derivation.salt);
  if (derivation.kdf === 'scrypt') {
    const { n, r, p, lengthBytes } = derivation;
    return `scrypt ${salt} ${n} ${r} ${p} ${lengthBytes}`;
  }
  const { kdf, hash, iterations, lengthBytes, id = 0 } = derivation;
  return `${kdf} ${hash} ${salt} ${iterations} ${lengthBytes} ${id}`;
}

/** Iterations that derivations cost together, equal ones once. */
export function costOf(derivations: readonly Derivation[]): number {
  let cost = 0;
  for (const d of uniqueDerivations(derivations).unique) {
    if (d.kdf === 'scrypt') cost += 2 * d.n * d.r * d.p;
    else cost += d.iterations * (d.kdf === 'pbkdf1' ? 1 : Math.ceil(d.lengthBytes / hashFacts(d.hash).digestBytes));
  }
  return cost;
}

function assertInTime(signal: AbortSignal | undefined, deadline: number | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
  if (deadline !== undefined && Date.now() > deadline) throw new KeywardError('ERR_TIMEOUT', 'the time given is over');
}

/** Refuses derivations that are too costly, before any of them runs. @throws {LimitError} */
export function assertDerivations(derivations: readonly Derivation[], limits: Pkcs12Limits): void {
  for (const derivation of derivations) {
    if (derivation.kdf !== 'scrypt') {
      assertIterations(derivation.iterations, limits, 'key derivation');
      continue;
    }
    const bytes = 128 * derivation.n * derivation.r;
    if (bytes <= limits.maxScryptMemoryBytes) continue;
    throw new LimitError(
      'ERR_LIMIT_SCRYPT_MEMORY',
      `scrypt asks for ${bytes} bytes of memory, allowed are ${limits.maxScryptMemoryBytes}`,
      { limit: limits.maxScryptMemoryBytes, actual: bytes },
      { hint: 'raise limits.maxScryptMemoryBytes if you trust this file' },
    );
  }
}
