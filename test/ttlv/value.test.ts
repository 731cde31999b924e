/** Date-Times: where a JavaScript Date exists for one, and where it does not. */
import { expect, it } from 'vitest';
import { dateFromSeconds, secondsFromDate } from '../../src/ttlv/index.ts';

it('a Date-Time within reach is a Date, and back', () => {
  for (const seconds of [0n, 1_735_689_600n, -1n, 8_640_000_000_000n, -8_640_000_000_000n]) {
    const date = dateFromSeconds(seconds)!;
    expect(date.getTime()).toBe(Number(seconds) * 1000);
    expect(secondsFromDate(date)).toBe(seconds);
  }
  expect(secondsFromDate(new Date(-1))).toBe(-1n);
});

it('beyond it, and at the largest value, which means "undefined", there is none', () => {
  for (const seconds of [8_640_000_000_001n, -8_640_000_000_001n, 2n ** 63n - 1n, -(2n ** 63n)])
    expect(dateFromSeconds(seconds)).toBeUndefined();
});
