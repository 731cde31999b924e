/**
 * What a piece of synchronous work costs. In Node in processor time, which other programs on a busy machine do not add to; a browser
 * tells only the time that went by, so there the least of several runs counts: what costs too much costs it every time.
 */
import { expect } from 'vitest';

/** Runs in a browser, at most. */
const MOST_RUNS = 5;

/**
 * Does some work, which must not cost more than so many ms, and gives its result back. It may be done more than once.
 *
 * @example
 * const verdict = costsAtMost(1000, () => verify(hostile));
 */
export function costsAtMost<T>(limitMs: number, work: () => T): T {
  const mostRuns = globalThis.process?.cpuUsage === undefined ? MOST_RUNS : 1;
  let leastMs = Number.POSITIVE_INFINITY;
  for (let run = 1; ; run++) {
    const before = spentMs();
    const result = work();
    leastMs = Math.min(leastMs, spentMs() - before);
    if (leastMs <= limitMs || run === mostRuns) {
      expect(leastMs, 'ms that it cost').toBeLessThanOrEqual(limitMs);
      return result;
    }
  }
}

function spentMs(): number {
  if (globalThis.process?.cpuUsage === undefined) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
