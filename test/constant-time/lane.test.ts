/**
 * The constant-time lane: equal traces for pairs of random secrets, over the shipped binary. See pass.mjs for what is traced.
 * What a check tells at its end (whether it passed, and how much came out) is listed by site, and is all there is.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { CORE_WASM_BASE64 } from '../../src/core/generated/core-wasm.ts';
import { runs } from '../support/runs.ts';
import type { Case, Core, Verdict } from './cases.ts';
import { AES_CASES, AES_VERDICTS } from './cases-aes.ts';
import { ENCODING_CASES, ENCODING_VERDICTS } from './cases-encoding.ts';
import { HASH_CASES, HASH_VERDICTS } from './cases-hash.ts';
import { TTLV_CASES } from './cases-ttlv.ts';
import { SEED, Secrets } from './secrets.ts';
import type { Parting, Tracer } from './trace.ts';
import { SHIPPED, startTraced } from './traced-core.ts';

const PAIRS = Math.max(1000, runs(1000));
const VERDICT_PAIRS = runs(100);
const CASES: readonly Case[] = [...AES_CASES, ...HASH_CASES, ...ENCODING_CASES, ...TTLV_CASES];
const VERDICTS: readonly Verdict[] = [...AES_VERDICTS, ...HASH_VERDICTS, ...ENCODING_VERDICTS];

/** Exports of the core's door that are not traced, and why. */
const NOT_KEYED: Readonly<Record<string, readonly string[]>> = {
  'see structure, which is public': [
    'DER',
    'DerCursor',
    'DerWriter',
    'ItemType',
    'encodeOid',
    'formatOid',
    'formatTag',
    'indexDer',
    'normalizeDer',
    'parsePfxStructure',
    'parseSafeContents',
    'typeName',
  ],
  'the same code as another, in slices or on the platform, or in another window': ['deriveKeys', 'writeLargeTtlv'],
  'old ciphers, which say in their headers that they are not constant time': [
    'legacyDecryptCbc',
    'legacyEncryptCbc',
    'loadLegacy',
    'rc4',
  ],
  'takes no data': ['init', 'selfTest'],
};

let core: Core;
let tracer: Tracer;
beforeAll(async () => {
  ({ core, tracer } = await startTraced());
});

it('the binary that is walked is the one that is shipped', () => {
  expect(Buffer.from(SHIPPED).toString('base64')).toBe(CORE_WASM_BASE64);
});

it('every export of the core is driven, or keyed by nothing', () => {
  const driven = new Set<string>(CASES.flatMap((c) => c.drives));
  const left = Object.keys(core).filter((name) => !driven.has(name));
  expect(left.sort()).toEqual(Object.values(NOT_KEYED).flat().sort());
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
        expect.fail(`pair ${pair}, seed ${SEED}: the trace depends on a secret: ${told(tracer.firstDifference(a, b))}`);
      }
      expect(steps).toBeGreaterThan(PAIRS);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(
        `constant time: ${name}: ${PAIRS} pairs, ${Math.round(steps / PAIRS)} observations each, ${seconds} s`,
      );
    }, 300_000);
  }
});

describe(`what a check tells at its end, by site (seed ${SEED})`, () => {
  for (const { name, site, outcomes } of VERDICTS) {
    it(name, () => {
      const secrets = new Secrets(SEED);
      const partings: (Parting | null)[] = [];
      for (let pair = 0; pair < VERDICT_PAIRS; pair++) {
        const [a, b] = outcomes.map((prepare) => prepare(core, secrets, pair)) as [() => unknown, () => unknown];
        if (pair === 0) a();
        const parting = tracer.firstDifference(a, b);
        if ((parting?.site?.name ?? null) !== site)
          expect.fail(`pair ${pair}: expected ${site}, but: ${told(parting)}`);
        partings.push(parting);
      }
      console.log(`public verdict: ${name}: ${told(partings[0] ?? null)}`);
    }, 300_000);
  }
});

/** A parting in words. */
function told(parting: Parting | null): string {
  if (parting === null) return 'no difference in the module';
  const { site, step, values, steps } = parting;
  return `${site?.name} at step ${step} of ${steps.join(' and ')}: ${values.join(' and ')} in ${site?.text.slice(0, 160)}`;
}
