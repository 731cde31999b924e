// The race: every candidate of a case is timed in the same process, in short slices, one after the other, round after
// round, so that a noisy machine disturbs all of them alike. The time of a slice is the wall clock's or the process's CPU
// time, whichever is less: on a quiet machine they agree, on a busy one waiting for a processor does not count. (Where an
// asynchronous peer idles between its threads, that favours the peer.) A candidate's figure is the 10th percentile of its
// slices: low enough to shed what disturbance is left, high enough not to be the one lucky slice. (run.mjs takes the
// median over processes.)

/** @typedef {() => unknown} Op does the operation once; returns its result, or a promise of it */
/** @typedef {{ run: Op, async: boolean, firstMs: number }} Candidate firstMs: what the very first call took */
/** @typedef {{ warmMs: number, sliceMs: number, rounds: number, budgetMs: number }} Pace */

/** A first call this long is itself the measurement: nobody waits for 10 s of warm-up. */
const ONE_SHOT_MS = 5000;

/** Such a call is warm after the first. */
const LONG_MS = 150;

/** @param {number[]} sorted @param {number} q */
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

/** @param {readonly number[]} values */
export function median(values) {
  const s = [...values].sort((a, b) => a - b);
  const mid = s.length >> 1;
  return s.length % 2 === 1 ? s[mid] : (s[mid - 1] + s[mid]) / 2;
}

/** Starts a clock. @returns {() => number} reads it: ms, the lesser of wall and CPU time */
export function startClock() {
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  return () => {
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpuStart);
    return Math.min(wallMs, (user + system) / 1000);
  };
}

/**
 * Times `n` calls.
 * @param {Candidate} c @param {number} n
 * @returns {Promise<number>} ms
 */
async function slice({ run, async }, n) {
  const clock = startClock();
  if (async) for (let i = 0; i < n; i++) await run();
  else for (let i = 0; i < n; i++) run();
  return clock();
}

/**
 * Runs a candidate until it is warm (V8 replaces wasm and JavaScript code in the background) and finds how many calls
 * make one slice.
 * @param {Candidate} c @param {Pace} pace
 */
async function warm(c, { warmMs, sliceMs }) {
  let n = 1;
  let spent = 0;
  let ms = await slice(c, n);
  spent += ms;
  while (spent < warmMs || ms < sliceMs / 2) {
    if (ms < sliceMs) n = Math.ceil(n * Math.min(8, Math.max(1.2, sliceMs / Math.max(ms, 0.01))));
    ms = await slice(c, n);
    spent += ms;
  }
  return Math.max(1, Math.round((n * sliceMs) / ms));
}

/**
 * Races the candidates.
 * @param {Map<string, Candidate>} candidates @param {Pace} pace
 * @returns {Promise<Record<string, { ns: number, medianNs: number, slices: number }>>} per candidate, ns per call
 */
export async function race(candidates, pace) {
  /** @type {{ name: string, c: Candidate, n: number, slices: number[], every: number }[]} */
  const lanes = [];
  for (const [name, c] of candidates) {
    if (c.firstMs > ONE_SHOT_MS) {
      lanes.push({ name, c, n: 1, slices: [c.firstMs], every: 0 });
      continue;
    }
    const n = c.firstMs > LONG_MS ? 1 : await warm(c, pace);
    lanes.push({ name, c, n, slices: [], every: 1 });
  }
  const share = pace.budgetMs / lanes.length;
  for (const lane of lanes) {
    if (lane.every === 0) continue;
    // A slow candidate takes part in every k-th round only, so that it does not eat the others' time.
    const sliceMs = await slice(lane.c, lane.n);
    lane.slices.push(sliceMs / lane.n);
    lane.every = Math.max(1, Math.ceil((sliceMs * pace.rounds) / share));
  }
  for (let round = 0; round < pace.rounds; round++) {
    for (let k = 0; k < lanes.length; k++) {
      const lane = lanes[(k + round) % lanes.length];
      if (lane.every === 0 || round % lane.every !== 0) continue;
      lane.slices.push((await slice(lane.c, lane.n)) / lane.n);
    }
  }
  return Object.fromEntries(lanes.map(({ name, slices }) => [name, figureOf(slices)]));
}

/** @param {number[]} slices ms per call */
function figureOf(slices) {
  const sorted = slices.sort((a, b) => a - b);
  return { ns: quantile(sorted, 0.1) * 1e6, medianNs: median(sorted) * 1e6, slices: sorted.length };
}
