// `npm test`: builds what is stale, installs the peers that are missing where it can (root and apt), runs the tests in
// Node, then those of the universal rooms in Chromium, and says by name what was skipped. Extra arguments go to vitest
// (`npm test -- test/core/hash.test.ts`). The last line is `N passed, N failed, N skipped`.
// With CI=true nothing may be skipped: a missing peer, missing vectors or a skipped test fails the run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPeers, peers } from './support/install-peers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const inCi = process.env.CI === 'true';
const extra = process.argv.slice(2);
const selected = extra.length > 0;

process.chdir(root);
build();
const missing = installPeers();
const scratch = mkdtempSync(join(tmpdir(), 'keyward-run-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const lanes = [runVitest('node')];
if (!missing.includes('chromium')) lanes.push(runVitest('browser'));
process.exitCode = summarise(lanes);

function build() {
  const { status } = spawnSync(process.execPath, ['assembly/build/build.mjs'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs one vitest project to its end; what it found, file by file. */
function runVitest(project) {
  const report = join(scratch, `${project}.json`);
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      '--passWithNoTests',
      '--reporter=./test/support/reporter.mjs',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...extra,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  return { project, status, files };
}

/** Prints the closing summary; the exit code. */
function summarise(lanes) {
  let passed = 0;
  const failed = [];
  const skipped = new Map();
  for (const { project, status, files } of lanes) {
    const failedBefore = failed.length;
    for (const file of files) {
      const place = `${project}: ${relative(root, file.name)}`;
      for (const test of file.assertionResults) {
        if (test.status === 'passed') passed++;
        else if (test.status === 'failed') failed.push(`${place} > ${test.fullName}`);
        else {
          const group = [place, ...test.ancestorTitles].join(' > ');
          skipped.set(group, [...(skipped.get(group) ?? []), test.title]);
        }
      }
      const loaded = file.status !== 'failed' || file.assertionResults.some((t) => t.status === 'failed');
      if (!loaded) failed.push(`${place}: ${file.message || 'could not be run'}`);
    }
    if (status !== 0 && failed.length === failedBefore) failed.push(`${project}: vitest ended with ${status}`);
  }
  const skippedCount = [...skipped.values()].reduce((sum, titles) => sum + titles.length, 0);
  const absent = missing.map((name) => `${name} (Debian package ${peers[name].package})`);
  const vectors = process.env.KEYWARD_VECTORS || join(root, '../shared/vectors');
  if (!existsSync(vectors)) absent.push('the test vectors (KEYWARD_VECTORS, or ../shared/vectors)');
  if (missing.includes('chromium')) absent.push('so no test ran in a browser');

  console.log('');
  for (const name of absent) console.log(`missing: ${name}`);
  if (skippedCount > 0 && !selected) {
    for (const [group, titles] of skipped)
      console.log(`skipped: ${group}${titles.length === 1 ? ` > ${titles[0]}` : ` (${titles.length} tests)`}`);
  }
  for (const name of failed) console.log(`failed: ${name}`);
  if (!selected) for (const line of slowest(lanes)) console.log(line);
  const refused = inCi ? absent.length + (selected ? 0 : skippedCount) : 0;
  if (refused > 0) console.log('in CI nothing may be missing or skipped: each counts as a failure');
  if (passed + failed.length === 0) {
    failed.push('no test');
    console.log('no test was run');
  }
  console.log(`${passed} passed, ${failed.length + refused} failed, ${skippedCount} skipped`);
  return failed.length + refused === 0 ? 0 : 1;
}

/** The test files that took longer than ten seconds. */
function slowest(lanes) {
  return lanes
    .flatMap(({ project, files }) =>
      files.map((f) => ({ name: `${project}: ${relative(root, f.name)}`, seconds: (f.endTime - f.startTime) / 1000 })),
    )
    .filter(({ seconds }) => seconds > 10)
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ name, seconds }) => `slow: ${name} ${seconds.toFixed(1)} s`);
}
