/**
 * Reads the running hash that `pass.mjs` put into a module: runs something, says what its trace was, and finds the first
 * step at which two traces part. Layer: test only.
 */
import type { Site } from './pass.mjs';

/** The globals that the pass exports beside the module's own exports. */
export interface TraceGlobals {
  readonly trace_hash: WebAssembly.Global<'i64'>;
  readonly trace_steps: WebAssembly.Global<'i32'>;
  readonly trace_watch: WebAssembly.Global<'i32'>;
  readonly trace_at_hash: WebAssembly.Global<'i64'>;
  readonly trace_at_site: WebAssembly.Global<'i32'>;
  readonly trace_at_value: WebAssembly.Global<'i64'>;
}

/** All that an observer of time and caches could have seen of one run, in one number; and how many observations. */
export interface Trace {
  readonly hash: bigint;
  readonly steps: number;
}

/** Where two traces part: the step, and the site and value that each saw there (null: that trace was over). */
export interface Parting {
  readonly step: number;
  readonly site: Site | undefined;
  readonly values: readonly [bigint | null, bigint | null];
  /** Steps of the two traces in all. */
  readonly steps: readonly [number, number];
}

/** Traces runs of one instrumented instance. */
export class Tracer {
  readonly #globals: TraceGlobals;
  readonly #sites: readonly (Site | undefined)[];

  constructor(globals: TraceGlobals, sites: readonly (Site | undefined)[]) {
    this.#globals = globals;
    this.#sites = sites;
  }

  /** Runs `run` and returns its trace; what `run` throws is thrown on. */
  trace(run: () => void, watch = 0): Trace {
    const g = this.#globals;
    g.trace_hash.value = 0n;
    g.trace_steps.value = 0;
    g.trace_watch.value = watch;
    run();
    return { hash: g.trace_hash.value, steps: g.trace_steps.value };
  }

  /** Finds the first step at which two runs part, by bisection: equal up to a step means equal at every step before it. */
  firstDifference(a: () => void, b: () => void): Parting | null {
    const ends = [this.trace(a), this.trace(b)] as const;
    if (ends[0].hash === ends[1].hash) return null;
    let same = 0;
    let parted = Math.min(ends[0].steps, ends[1].steps) + 1;
    while (parted - same > 1) {
      const middle = (same + parted) >>> 1;
      if (this.#at(a, middle).hash === this.#at(b, middle).hash) same = middle;
      else parted = middle;
    }
    const seen = [a, b].map((run, i) => (parted > ends[i as 0 | 1].steps ? null : this.#at(run, parted)));
    const site = seen[0] ?? seen[1];
    return {
      step: parted,
      site: this.#sites[site?.site ?? 0],
      values: [seen[0]?.value ?? null, seen[1]?.value ?? null],
      steps: [ends[0].steps, ends[1].steps],
    };
  }

  #at(run: () => void, step: number): { hash: bigint; site: number; value: bigint } {
    this.trace(run, step);
    const g = this.#globals;
    return { hash: g.trace_at_hash.value, site: g.trace_at_site.value, value: g.trace_at_value.value };
  }
}
