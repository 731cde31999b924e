/**
 * The witness of `npm run test:runtimes`: the tests run in the runtime that they were sent to, workers included, and not in
 * another one that is called by habit. Part of every suite. `npm test`, which names no runtime, wants a Node that the package allows.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Versions {
  readonly [name: string]: string | undefined;
}

it('the tests run in the runtime that was named', () => {
  const versions: Versions = process.versions;
  const here = ['bun', 'deno', 'node'].find((name) => versions[name] !== undefined);
  const named = process.env.KEYWARD_RUNTIME;
  if (named !== undefined) {
    expect(`${here} ${versions[here ?? '']}`).toBe(named);
  } else {
    const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const [major, minor] = engines.node.slice('>='.length).split('.').map(Number);
    expect(here).toBe('node');
    const at = process.versions.node.split('.').map(Number) as [number, number];
    expect(at[0] * 1000 + at[1]).toBeGreaterThanOrEqual(major * 1000 + minor);
  }
});
