/**
 * Key derivation without blocking: all calls of a realm share one runner, whose slices give way to other tasks in between.
 * With `backend: 'auto'` the platform's PBKDF2 (WebCrypto; in Node it runs on the libuv pool) works on some of the
 * derivations at the same time. Layer: core.
 */
import { abortReason, KeywardError, UsageError } from '../errors.ts';
import { nextTask } from '../next-task.ts';
import { assertKnownAnswers } from './kdf.ts';
import {
  type Chain,
  chainsOf,
  collect,
  type Derivation,
  type KdfJob,
  type Plan,
  planJobs,
  wipePlan,
} from './kdf-plan.ts';
import {
  derivePlatform,
  noteWasm,
  platformIsFaster,
  platformThreads,
  probePlatform,
  suitsPlatform,
} from './kdf-platform.ts';
import { KdfRunner, type SliceReport } from './kdf-runner.ts';

/** How an asynchronous derivation runs. */
export interface DeriveOptions {
  /** Rejects at once with the signal's reason; what ran is wiped. */
  readonly signal?: AbortSignal;
  /** Rejects with ERR_TIMEOUT after so many milliseconds. Default: no limit. */
  readonly timeoutMs?: number;
  /**
   * Called between slices with the iterations done and to do, every output block of every different job counted.
   * What it throws rejects the call.
   */
  readonly onProgress?: (done: number, total: number) => void;
  /** `auto` (default): the platform may help, its jobs then count as done when they finish. `wasm`: exact progress. */
  readonly backend?: 'auto' | 'wasm';
}

/**
 * Derives the keys of all jobs without blocking the thread for longer than a few milliseconds.
 *
 * @param jobs what to derive; copied, not changed
 * @returns each job's `lengthBytes` bytes, in the order of the jobs, the caller's own
 * @throws {UsageError} ERR_KDF_JOB, ERR_HASH_NAME, ERR_BYTES_TYPE, ERR_OPTION (as rejections, like all others)
 * @throws {LimitError} ERR_LIMIT_ITERATIONS, ERR_LIMIT_KDF_LENGTH
 * @throws {KeywardError} ERR_TIMEOUT
 * @throws the reason of `signal`
 * @example
 * const keys = await deriveKeys(jobs, { signal, onProgress: (done, total) => bar.set(done / total) });
 */
export async function deriveKeys(
  jobs: readonly KdfJob[],
  options: DeriveOptions = {},
): Promise<Uint8Array<ArrayBuffer>[]> {
  assertOptions(options);
  if (options.signal?.aborted) throw abortReason(options.signal);
  assertKnownAnswers();
  const plan = planJobs(jobs);
  if (plan.derivations.length === 0) return [];
  return new Promise((resolve, reject) => new Call(plan, options, resolve, reject));
}

/** The slots of this form: all but the synchronous form's. */
const FIRST_SLOT = 4;
const SLOTS = 12;
/** How long a slice should take. */
const SLICE_MS = 5;
const FEWEST_STEPS = 64;
const MOST_STEPS = 1 << 16;

/** One call of `deriveKeys`, from start to the settled promise. */
class Call {
  readonly #plan: Plan;
  readonly #options: DeriveOptions;
  readonly #resolve: (keys: Uint8Array<ArrayBuffer>[]) => void;
  readonly #reject: (reason: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #done = 0;
  #reported = 0;
  #settled = false;
  #platformFailed = false;
  readonly #over = new AbortController();

  constructor(
    plan: Plan,
    options: DeriveOptions,
    resolve: (keys: Uint8Array<ArrayBuffer>[]) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal, timeoutMs } = options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined) this.#timer = setTimeout(this.#onTimeout, timeoutMs);
    calls.add(this);
    for (const of of plan.derivations) owners.set(of, this);
    runner.add(plan.derivations.flatMap(chainsOf));
    if (options.backend !== 'wasm') this.#considerPlatform();
    startPump();
  }

  /** Counts what a chain did. */
  count(iterations: number): void {
    this.#done += iterations;
  }

  /** Between slices: reports, and settles when all is done. */
  report(): void {
    if (this.#settled) return;
    if (this.#done > this.#reported) {
      this.#reported = this.#done;
      try {
        this.#options.onProgress?.(this.#done, this.#plan.total);
      } catch (error) {
        this.fail(error);
        return;
      }
    }
    if (this.#settled || this.#plan.derivations.some((of) => of.open > 0)) return;
    const keys = collect(this.#plan);
    this.#end();
    this.#resolve(keys);
  }

  /** Rejects and wipes. */
  fail(reason: unknown): void {
    if (this.#settled) return;
    this.#end();
    this.#reject(reason);
  }

  readonly #onAbort = (): void => this.fail(abortReason(this.#options.signal as AbortSignal));

  readonly #onTimeout = (): void =>
    this.fail(new KeywardError('ERR_TIMEOUT', `key derivation did not finish within ${this.#options.timeoutMs} ms`));

  #end(): void {
    this.#settled = true;
    this.#over.abort();
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    calls.delete(this);
    runner.drop((chain) => owners.get(chain.of) === this);
    wipePlan(this.#plan);
  }

  /** Asks the platform for help where that is known to be faster, or as soon as it is. */
  #considerPlatform(): void {
    for (const of of this.#plan.derivations) {
      if (!suitsPlatform(of)) continue;
      probePlatform(of.hashName).then(
        (isNew) => isNew && this.#askPlatform(),
        () => {}, // it does not have this hash
      );
    }
    this.#askPlatform();
  }

  /** Takes derivations that nothing runs yet out of the wasm's queue and gives them to the platform, as far as it has room. */
  #askPlatform(): void {
    while (!this.#settled && !this.#platformFailed && onPlatform < platformThreads()) {
      const chain = runner.take(
        ({ of, block }) => block === 0 && owners.get(of) === this && suitsPlatform(of) && platformIsFaster(of.hashName),
      );
      if (chain === undefined) return;
      const { of } = chain;
      runner.drop((other) => other.of === of);
      void this.#runOnPlatform(of);
    }
  }

  /** Lets the platform derive; where it cannot, the wasm does. */
  async #runOnPlatform(of: Derivation): Promise<void> {
    onPlatform++;
    let bytes: Uint8Array | undefined;
    try {
      bytes = await derivePlatform(of, this.#over.signal);
    } catch {
      this.#platformFailed = true;
    }
    onPlatform--;
    if (this.#settled) {
      bytes?.fill(0);
    } else if (bytes === undefined) {
      runner.add(chainsOf(of));
      startPump();
    } else {
      of.out.set(bytes);
      of.open = 0;
      bytes.fill(0);
      this.count(of.blocks * of.iterations);
      this.#askPlatform();
      this.report();
    }
  }
}

const NOTHING: SliceReport = { hashName: '', iterations: 0 };
const calls: Set<Call> = /* @__PURE__ */ new Set();
const owners: WeakMap<Derivation, Call> = /* @__PURE__ */ new WeakMap();
const runner: KdfRunner = /* @__PURE__ */ new KdfRunner(FIRST_SLOT, SLOTS, countRun);
/** Derivations that the platform has now, of all calls. */
let onPlatform = 0;
let pumping = false;
let steps = 1024;

function countRun(chain: Chain, iterations: number): void {
  owners.get(chain.of)?.count(iterations);
}

function startPump(): void {
  if (pumping || !runner.busy) return;
  pumping = true;
  void pump();
}

/** Runs slices, each in a task of its own, until there is nothing to run. */
async function pump(): Promise<void> {
  await nextTask();
  while (runner.busy) {
    const start = performance.now();
    let ran = NOTHING;
    try {
      ran = runner.slice(steps);
    } catch (error) {
      for (const call of [...calls]) call.fail(error); // the wasm refused a step: nothing of the runner is left
    }
    const tookMs = performance.now() - start;
    noteWasm(ran.hashName, tookMs, ran.iterations);
    if (tookMs < SLICE_MS / 2) steps = Math.min(steps * 2, MOST_STEPS);
    else if (tookMs > SLICE_MS * 2) steps = Math.max(steps >> 1, FEWEST_STEPS);
    for (const call of [...calls]) call.report();
    if (runner.busy) await nextTask();
  }
  pumping = false;
}

function assertOptions(options: DeriveOptions): void {
  for (const option of Object.keys(options))
    if (!OPTIONS.includes(option)) throw new UsageError('ERR_OPTION', `deriveKeys: no such option: ${option}`);
  const { timeoutMs, backend } = options;
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= 0x7fffffff))
    throw new UsageError('ERR_OPTION', 'deriveKeys: timeoutMs must be 0 to 2147483647');
  if (backend !== undefined && backend !== 'auto' && backend !== 'wasm')
    throw new UsageError('ERR_OPTION', "deriveKeys: backend must be 'auto' or 'wasm'");
}

const OPTIONS: readonly string[] = ['signal', 'timeoutMs', 'onProgress', 'backend'];
