/**
 * The form of the constant-time lane's cases, and what they share. `prepare` draws secrets and makes what is needed
 * untraced (a valid wrapped key, say); the function it returns is traced, and may run many times. Whatever is public
 * (lengths, counts, names, which key of a batch is bad) depends on the pair's number only. Layer: test only.
 */
import { AuthenticationError } from '../../src/errors.ts';
import type { Secrets } from './secrets.ts';

/** The door of the core room, as loaded over the instrumented module. */
export type Core = typeof import('../../src/core/index.ts');

/** Makes one run. */
export type Prepare = (core: Core, secrets: Secrets, pair: number) => () => unknown;

/** Two runs with different secrets and the same public input and outcome: their traces must be the same. */
export interface Case {
  readonly name: string;
  /** Exports of the door that it drives. */
  readonly drives: readonly (keyof Core)[];
  readonly prepare: Prepare;
}

/**
 * Two runs whose public outcome differs at the end of a check. Their traces part, if at all, at the one site named, which is
 * the whole list of what the module tells about its secrets.
 */
export interface Verdict {
  readonly name: string;
  /** `function: kind #n`; null: the module only returns it, without a branch or an address that depends on it. */
  readonly site: string | null;
  readonly outcomes: readonly [Prepare, Prepare];
}

/** One of a list, by a public number. */
export const turn = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** Lengths around blocks and windows; a long one now and then. */
export function publicLength(pair: number, longBytes = 0): number {
  return longBytes > 0 && pair % 250 === 249 ? longBytes : (pair * 7) % 300;
}

/** Public bytes. */
export const publicBytes = (count: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: count }, (_, i) => i * 29);

/** Runs what must fail its integrity check. */
export function mustFail(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    // By name: the core under test is another copy of its module than the one imported here.
    if ((error as Error).constructor.name === AuthenticationError.name) return;
    throw error;
  }
  throw new Error('the case does not do what it says: the check passed');
}

/** Asserts that a case does what it says. */
export function mustBe(want: unknown, got: unknown): void {
  if (got !== want) throw new Error(`the case does not do what it says: ${String(got)}, not ${String(want)}`);
}
