/** The lane runs after every test file by itself: shown on a file that leaves a byte, and on vitest's own configuration. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import config from '../../vitest.config.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

it('a file whose tests pass still fails when it leaves a byte, and is told where', () => {
  const vitest = path('../../node_modules/vitest/vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run', '--config', path('fixture/vitest.config.ts')], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', CI: '' },
  });
  const said = run.stdout + run.stderr;
  expect(said).toMatch(/1 passed/);
  expect(said).toMatch(
    /leaves-residue\.ts left 1 residue\(s\) in linear memory:\s+core: OUT \+ 5 \(address \d+\): 1 byte/,
  );
  expect(run.status).toBe(1);
}, 60_000);

it('every project of the configuration runs it', () => {
  const projects = (config.test?.projects ?? []) as { test: { name: string; setupFiles?: string[] } }[];
  expect(projects.length).toBeGreaterThan(1);
  for (const { test } of projects) expect(test.setupFiles, test.name).toContain('test/zeroize/setup.ts');
});
