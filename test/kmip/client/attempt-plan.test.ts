import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttemptPlan, type AttemptTimes } from '../../../src/kmip/client/attempt-plan.ts';
import { ServerMemory } from '../../../src/kmip/client/server-memory.ts';
import { runs } from '../../support/runs.ts';

const TIMES: AttemptTimes = { hedgeAfterMs: 1000, attemptTimeoutMs: 20_000 };

/** Runs a plan against servers that each fail after a time, or never end; what was started and given up, and when. */
function simulate(servers: readonly (number | 'never')[], times: AttemptTimes): string[] {
  const plan = new AttemptPlan(
    servers.map((_, i) => i),
    times,
    0,
  );
  const log: string[] = [];
  const ends = new Map<number, number>();
  for (let now = 0; !plan.isOver; ) {
    for (const [server, at] of [...ends]) {
      if (at > now) continue;
      ends.delete(server);
      plan.failed(server, now);
      log.push(`${now}: ${server} failed`);
    }
    const { start, expire } = plan.due(now);
    for (const server of expire) {
      ends.delete(server);
      log.push(`${now}: ${server} expired`);
    }
    for (const server of start) {
      log.push(`${now}: ${server} started`);
      const after = servers[server] as number | 'never';
      if (after !== 'never') ends.set(server, now + after);
    }
    const next = Math.min(plan.wakeAtMs ?? Number.POSITIVE_INFINITY, ...ends.values());
    if (!Number.isFinite(next) && !plan.isOver) throw new Error('the plan waits for nothing');
    now = Math.max(now, next);
  }
  return log;
}

describe('AttemptPlan', () => {
  it('starts the next attempt early when one does not end', () => {
    expect(simulate(['never', 'never', 500], TIMES)).toEqual([
      '0: 0 started',
      '1000: 1 started',
      '2000: 2 started',
      '2500: 2 failed',
      '20000: 0 expired',
      '21000: 1 expired',
    ]);
  });

  it('starts the next attempt at once when one fails', () => {
    expect(simulate([300, 5, 5], TIMES)).toEqual([
      '0: 0 started',
      '300: 0 failed',
      '300: 1 started',
      '305: 1 failed',
      '305: 2 started',
      '310: 2 failed',
    ]);
  });

  it('tries strictly one after another without hedging', () => {
    expect(simulate(['never', 100, 'never'], { ...TIMES, hedgeAfterMs: 0 })).toEqual([
      '0: 0 started',
      '20000: 0 expired',
      '20000: 1 started',
      '20100: 1 failed',
      '20100: 2 started',
      '40100: 2 expired',
    ]);
  });

  it('65 dead servers take 84 seconds hedged, not 21 minutes', () => {
    const log = simulate(Array(65).fill('never'), TIMES);
    expect(log.at(-1)).toBe('84000: 64 expired');
    expect(simulate(Array(65).fill('never'), { ...TIMES, hedgeAfterMs: 0 }).at(-1)).toBe('1300000: 64 expired');
  });

  it('tells late events of attempts that have ended apart from others', () => {
    const plan = new AttemptPlan(['a', 'b'], TIMES, 0);
    expect(plan.due(0).start).toEqual(['a']);
    expect(plan.due(20_000)).toEqual({ start: ['b'], expire: ['a'] });
    plan.failed('a', 20_001);
    expect(plan.running).toEqual(['b']);
    expect(plan.isOver).toBe(false);
  });

  it('starts every server exactly once, ends each, and always ends itself', () => {
    const server = fc.oneof(fc.constant('never' as const), fc.integer({ min: 0, max: 30_000 }));
    const times = fc.record({
      hedgeAfterMs: fc.integer({ min: 0, max: 5000 }),
      attemptTimeoutMs: fc.integer({ min: 1, max: 25_000 }),
    });
    fc.assert(
      fc.property(fc.array(server, { minLength: 1, maxLength: 8 }), times, (servers, t) => {
        const log = simulate(servers, t);
        const of = (word: string): string[] =>
          log.filter((line) => line.endsWith(word)).map((line) => line.split(' ')[1] as string);
        const all = servers.map((_, i) => String(i));
        expect(of('started')).toEqual(all);
        expect([...of('failed'), ...of('expired')].sort()).toEqual(all.sort());
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('ServerMemory', () => {
  it('tries failed servers last, the one that failed longest ago first, until they are forgotten', () => {
    const memory = new ServerMemory(['a', 'b', 'c'], 1000);
    memory.failed('a', 0);
    memory.failed('b', 10);
    expect(memory.order(20)).toEqual(['c', 'a', 'b']);
    expect(memory.order(1005)).toEqual(['a', 'c', 'b']);
    expect(memory.order(1010)).toEqual(['a', 'b', 'c']);
  });

  it('remembers twice as long after each failure in a row, up to 16 times', () => {
    const memory = new ServerMemory(['a', 'b'], 1000);
    const isLast = (now: number): boolean => memory.order(now)[1] === 'a';
    let now = 0;
    for (const factor of [1, 2, 4, 8, 16, 16]) {
      memory.failed('a', now);
      expect(isLast(now + factor * 1000 - 1)).toBe(true);
      now += factor * 1000;
      expect(isLast(now)).toBe(false);
    }
    memory.succeeded('a');
    memory.failed('a', now);
    expect(isLast(now + 1000)).toBe(false);
  });

  it('remembers nothing when told so, and keeps servers apart by identity', () => {
    const servers = [{ name: 'x' }, { name: 'x' }] as const;
    const memory = new ServerMemory(servers, 0);
    memory.failed(servers[0], 5);
    expect(memory.order(5)[0]).toBe(servers[0]);
  });
});
