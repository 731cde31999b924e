/** What a call throws, for tests that look at the error. */
import { KeywardError } from '../../src/errors.ts';

/** Runs `run` and returns the KeywardError that it throws; anything else thrown, or nothing, fails the test. */
export function errorOf<E extends KeywardError = KeywardError>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    if (error instanceof KeywardError) return error as E;
    throw error;
  }
  throw new Error('nothing was thrown');
}
