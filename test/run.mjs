// `npm test`: builds what is stale, installs the peers that are missing where it can (root and apt), runs the tests in
// Node, then those of the universal rooms in Chromium, and says by name what was skipped. Extra arguments go to vitest
// (`npm test -- test/core/hash.test.ts`). The last line is `N passed, N failed, N skipped`.
// With CI=true nothing may be skipped: a missing peer, missing vectors or a skipped test fails the run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inCi = process.env.CI === 'true';
const extra = process.argv.slice(2);
const selected = extra.length > 0;
const peers = JSON.parse(readFileSync(new URL('support/peers.json', import.meta.url), 'utf8'));
const APT_LIMIT_MS = 6 * 60_000;

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

/** Installs what is missing where that is possible; returns the names of the peers still missing. */
function installPeers() {
  const absent = () => Object.keys(peers).filter((name) => !onPath(peers[name].program));
  if (absent().length === 0) return [];
  const canInstall = process.getuid?.() === 0 && onPath('apt-get') && process.env.KEYWARD_NO_INSTALL === undefined;
  if (canInstall) {
    const packages = absent().map((name) => peers[name].package);
    console.log(`installing what the tests compare with: ${packages.join(', ')}`);
    const deadline = Date.now() + APT_LIMIT_MS;
    apt(['update'], deadline);
    // Together first; where one of them does not exist in this release, the others one by one.
    if (!apt(['install', ...packages], deadline)) for (const name of packages) apt(['install', name], deadline);
  }
  return absent();
}

function apt([command, ...packages], deadline) {
  const left = deadline - Date.now();
  if (left <= 0) return false;
  const run = spawnSync('apt-get', [command, '-y', '-qq', '--no-install-recommends', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: left,
  });
  return run.status === 0;
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
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
