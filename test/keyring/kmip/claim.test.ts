import { describe, expect, it } from 'vitest';
import { runs } from '../../support/runs.ts';
import { explore, type Scenario } from './explorer.ts';

const quiet = { hasKey: false, marks: false, crashes: 0, losses: 0, stale: 'dead' } as const;
const three = { ...quiet, clients: ['first', 'first', 'first'] } as const;
const rotating = { ...quiet, hasKey: true } as const;

/** Without and with a mark of readiness of its own (profiles `name` and `okv`). */
const SCENARIOS: Record<string, Scenario> = {
  'three makers, any of them crash': { ...three, crashes: 2 },
  'three makers, marked, any of them crash': { ...three, marks: true, crashes: 2 },
  'two makers, whose candidates are taken for stale at any time': {
    ...quiet,
    clients: ['first', 'first'],
    crashes: 1,
    stale: 'anything',
  },
  'two makers, two answers lost': { ...quiet, clients: ['first', 'first'], losses: 2 },
  'two makers, marked, two answers lost, one crash': {
    ...quiet,
    clients: ['first', 'first'],
    marks: true,
    losses: 2,
    crashes: 1,
  },
  'two rotations': { ...rotating, clients: ['next', 'next'] },
  'a rotation and a removal': { ...rotating, clients: ['next', 'remove'], losses: 1, crashes: 1 },
  'two rotations and a removal': { ...rotating, clients: ['next', 'next', 'remove'] },
  'a maker and two removals': { ...rotating, clients: ['first', 'remove', 'remove'] },
};

/** Too many states for every run: `npm run soak`. */
const LARGE: Record<string, Scenario> = { 'three makers, an answer lost': { ...three, losses: 1 } };

/** What the explorer says of a protocol that is wrong on purpose: a checker that finds nothing then checks nothing. */
const FAULTY: Record<string, readonly [Scenario, string]> = {
  'who does not look again': [
    { ...quiet, clients: ['first', 'first'], fault: 'no verification' },
    'two ready keys of one identity',
  ],
  'who collects what is ready': [
    { ...quiet, clients: ['first', 'first'], stale: 'anything', fault: 'collects what is ready' },
    'a ready key was destroyed by a maker',
  ],
  'who takes a candidate for a key': [
    { ...quiet, clients: ['first', 'first'], fault: 'readers see candidates' },
    '0 ready keys at the end',
  ],
};

describe('making a key among several makers, in every interleaving', () => {
  it.each(Object.entries(runs(1) > 1 ? { ...SCENARIOS, ...LARGE } : SCENARIOS))(
    '%s',
    (name, scenario) => {
      const { states, ends, violations } = explore(scenario);
      console.log(`${name}: ${states} states, ${ends} ends`);
      expect(Object.fromEntries(violations)).toEqual({});
      expect(ends).toBeGreaterThan(0);
    },
    600_000,
  );

  it.each(Object.entries(FAULTY))('finds the fault of one %s', (_name, [scenario, what]) => {
    expect([...explore(scenario).violations.keys()]).toContain(what);
  });
});
