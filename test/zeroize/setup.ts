/** Runs before every test file (vitest.config.ts): after the file's last test, nothing may be left in linear memory. */
import { afterAll, expect } from 'vitest';
import { assertNothingLeft, watchInstances } from './memory.ts';

watchInstances();

// Registered before any hook of the file itself, hence run after all of them.
afterAll(() => {
  assertNothingLeft(expect.getState().testPath?.replace(/^.*\/test\//, 'test/') ?? 'this test file');
});
