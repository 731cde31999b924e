/**
 * Runs key derivations: those the core knows all together in its lanes, the rare ones one after another in TypeScript.
 * Policy is written once, as a generator of steps (`Steps`) that asks for keys and for on-demand parts and is given them back;
 * two drivers run it, one asynchronous with signal, deadline and progress, one synchronous. Layer: pkcs12.
 */
import { hash as coreHash, deriveKeysSync, type HashName, type KdfJob } from '../core/index.ts';
import { abortReason, KeywardError } from '../errors.ts';
import { hashFacts, type Pkcs12HashName } from './hashes.ts';
import { deriveKeys, loadLegacy } from './pending.ts';
import { loadRare, type OnDemand, partOfHash, rareHash, rareKeyedHmac, rareScrypt } from './rare.ts';

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

/** Runs a procedure without waiting. On-demand parts must have been loaded before. */
export function runStepsSync<T>(steps: Steps<T>): T {
  let given: readonly Uint8Array<ArrayBuffer>[] = [];
  let failure: { readonly cause: unknown } | undefined;
  for (;;) {
    const step = failure === undefined ? steps.next(given) : steps.throw(failure.cause);
    if (step.done) return step.value;
    failure = undefined;
    try {
      given = step.value.derive === undefined ? [] : deriveAllSync(step.value.derive);
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
    await loadRare(rare.flatMap((i) => partsOf(unique[i] as Derivation)));
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
  const { password: _, salt, ...rest } = derivation;
  return `${id} ${Array.from(salt)} ${JSON.stringify(rest)}`;
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

function isRareDerivation(derivation: Derivation): boolean {
  return derivation.kdf === 'scrypt' || derivation.kdf === 'pbkdf1' || hashFacts(derivation.hash).rare;
}

function partsOf(derivation: Derivation): readonly OnDemand[] {
  if (derivation.kdf === 'scrypt') return ['scrypt'];
  const part = partOfHash(derivation.hash);
  return part === null ? [] : [part];
}

function assertInTime(signal: AbortSignal | undefined, deadline: number | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
  if (deadline !== undefined && Date.now() > deadline) throw new KeywardError('ERR_TIMEOUT', 'the time given is over');
}

/** Iterations between two pauses of a rare derivation. */
const SLICE = 20_000;

/** Derives one rare key, pausing now and then. */
function* deriveRare(derivation: Derivation, put: (key: Uint8Array<ArrayBuffer>) => void): Generator<void> {
  const { password, salt, lengthBytes } = derivation;
  if (derivation.kdf === 'scrypt') {
    yield;
    put(rareScrypt(password, salt, derivation));
    return;
  }
  const { hash, iterations } = derivation;
  const digest = digestFunction(hash);
  if (derivation.kdf === 'pbkdf1') put(yield* pbkdf1(digest, password, salt, iterations, lengthBytes));
  else if (derivation.kdf === 'pbkdf2') put(yield* pbkdf2(hash, password, salt, iterations, lengthBytes));
  else put(yield* pkcs12Kdf(hash, derivation.id ?? 1, password, salt, iterations, lengthBytes));
}

type Digest = (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

function digestFunction(hash: Pkcs12HashName): Digest {
  return hashFacts(hash).rare ? (bytes) => rareHash(hash, bytes) : (bytes) => coreHash(hash as HashName, bytes);
}

/** PBKDF1 (RFC 8018 §5.1): T_1 = Hash(P || S), T_i = Hash(T_(i-1)); the first bytes of T_c. */
function* pbkdf1(
  digest: Digest,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Generator<void, Uint8Array<ArrayBuffer>> {
  const seed = new Uint8Array(password.length + salt.length);
  seed.set(password);
  seed.set(salt, password.length);
  let t = digest(seed);
  seed.fill(0);
  for (let i = 1; i < iterations; i++) {
    const next = digest(t);
    t.fill(0);
    t = next;
    if (i % SLICE === 0) yield;
  }
  const key = t.slice(0, lengthBytes);
  t.fill(0);
  return key;
}

/** PBKDF2 (RFC 8018 §5.2) over a rare HMAC. */
function* pbkdf2(
  hash: Pkcs12HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Generator<void, Uint8Array<ArrayBuffer>> {
  const { digestBytes } = hashFacts(hash);
  const keyed = rareKeyedHmac(hash, password);
  const key = new Uint8Array(lengthBytes);
  const u = new Uint8Array(digestBytes);
  const t = new Uint8Array(digestBytes);
  let work: ReturnType<typeof rareKeyedHmac> | undefined;
  for (let block = 1, at = 0; at < lengthBytes; block++, at += digestBytes) {
    const index = Uint8Array.of(block >>> 24, block >>> 16, block >>> 8, block);
    work = keyed._cloneInto(work);
    work.update(salt).update(index).digestInto(u);
    t.set(u);
    for (let i = 1; i < iterations; i++) {
      work = keyed._cloneInto(work);
      work.update(u).digestInto(u);
      for (let k = 0; k < digestBytes; k++) (t[k] as number) ^= u[k] as number;
      if (i % SLICE === 0) yield;
    }
    key.set(t.subarray(0, Math.min(digestBytes, lengthBytes - at)), at);
  }
  for (const bytes of [u, t]) bytes.fill(0);
  keyed.destroy();
  work?.destroy();
  return key;
}

/** The PKCS#12 KDF (RFC 7292 B.2) over a rare hash; the names are the RFC's. */
function* pkcs12Kdf(
  hash: Pkcs12HashName,
  id: number,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Generator<void, Uint8Array<ArrayBuffer>> {
  const { digestBytes: u, blockBytes: v } = hashFacts(hash);
  const filled = (bytes: Uint8Array): number => v * Math.ceil(bytes.length / v);
  const sBytes = filled(salt);
  // Steps 1 to 4: D || I, where I = S || P, each repeated to a multiple of v.
  const di = new Uint8Array(v + sBytes + filled(password)).fill(id, 0, v);
  for (let k = 0; k < sBytes; k++) di[v + k] = salt[k % salt.length] as number;
  for (let k = v + sBytes; k < di.length; k++) di[k] = password[(k - v - sBytes) % password.length] as number;
  const key = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at += u) {
    // Step 6A: A = H^c(D || I).
    let a = rareHash(hash, di);
    for (let i = 1; i < iterations; i++) {
      const next = rareHash(hash, a);
      a.fill(0);
      a = next;
      if (i % SLICE === 0) yield;
    }
    key.set(a.subarray(0, Math.min(u, lengthBytes - at)), at);
    // Steps 6B, 6C: every v-byte block of I becomes I_j + B + 1 mod 2^(8v), where B repeats A.
    for (let block = v; block < di.length; block += v) {
      let carry = 1;
      for (let k = v - 1; k >= 0; k--) {
        carry += (di[block + k] as number) + (a[k % u] as number);
        di[block + k] = carry & 0xff;
        carry >>>= 8;
      }
    }
    a.fill(0);
  }
  di.fill(0);
  return key;
}
