/** The constant-time lane: equal traces for pairs of random secrets, over the shipped binary. See pass.mjs for what is traced. */
import { beforeAll, describe, expect, it } from 'vitest';
import { CORE_WASM_BASE64 } from '../../src/core/generated/core-wasm.ts';
import { runs } from '../support/runs.ts';
import { type Case, type Core, HASH_CASES } from './cases.ts';
import { SEED, Secrets } from './secrets.ts';
import type { Tracer } from './trace.ts';
import { SHIPPED, startTraced } from './traced-core.ts';

const PAIRS = Math.max(1000, runs(1000));
const CASES: readonly Case[] = [...HASH_CASES];

let core: Core;
let tracer: Tracer;
beforeAll(async () => {
  ({ core, tracer } = await startTraced());
});

it('the binary that is walked is the one that is shipped', () => {
  expect(Buffer.from(SHIPPED).toString('base64')).toBe(CORE_WASM_BASE64);
});

describe(`equal traces for ${PAIRS} pairs of secrets (seed ${SEED})`, () => {
  for (const { name, prepare } of CASES) {
    it(name, () => {
      const secrets = new Secrets(SEED);
      const start = performance.now();
      let steps = 0;
      prepare(core, secrets, 0)(); // the known answer runs before the first use
      for (let pair = 0; pair < PAIRS; pair++) {
        const a = prepare(core, secrets, pair);
        const b = prepare(core, secrets, pair);
        const traces = [tracer.trace(a), tracer.trace(b)] as const;
        steps += traces[0].steps;
        if (traces[0].hash === traces[1].hash && traces[0].steps === traces[1].steps) continue;
        const parting = tracer.firstDifference(a, b);
        expect.fail(
          `pair ${pair}, seed ${SEED}: the trace depends on a secret at step ${parting?.step}, ${parting?.site?.name}: ` +
            `${parting?.values.join(' and ')} in ${parting?.site?.text}`,
        );
      }
      expect(steps).toBeGreaterThan(PAIRS);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(
        `constant time: ${name}: ${PAIRS} pairs, ${Math.round(steps / PAIRS)} observations each, ${seconds} s`,
      );
    }, 300_000);
  }
});
