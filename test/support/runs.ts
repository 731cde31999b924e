/**
 * How often a property test runs: its own count, times `KEYWARD_RUNS` (`npm run soak` sets it). Same in Node and Chromium.
 */

// Put in by vitest.config.ts for the browser project, where there is no environment.
declare const __KEYWARD_RUNS__: string;

const factor = Number(
  typeof __KEYWARD_RUNS__ === 'string' ? __KEYWARD_RUNS__ : (globalThis.process?.env.KEYWARD_RUNS ?? '1'),
);

/**
 * Scales the number of runs of a property.
 *
 * @example
 * fc.assert(fc.property(fc.uint8Array(), (bytes) => …), { numRuns: runs(100) });
 */
export function runs(count: number): number {
  return Math.max(1, Math.round(count * (factor > 0 ? factor : 1)));
}
