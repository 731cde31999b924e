// `npm run test:runtimes`: the same tests on Node 20, 22, 24 and 26, on Bun, on Deno and in Chromium.
//   package        the built package by its own name: every subpath, a key, a wallet, a message, the command (smoke.mjs)
//   core, codecs, wallet   the tests of the universal rooms, in every runtime
//   node           the tests of everything else, on Node only
// Options: --only node24,bun   --suite core,wallet   --quick (the package and a few files, in seconds)
//          --newest (the newest of each line instead of the versions that install.mjs names)
// Runtimes are installed from npm on demand (install.mjs). One that cannot be had is skipped by name; with CI=true that is a
// failure, and so is a skipped test. Tests that cannot hold in a runtime stand in suites.mjs with the reason.
// All of it takes hours, most of them for the suite `node`, four times what `npm test` takes; CI runs `--quick --only
// node26,bun,deno`. The last line is `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { provide, RUNTIMES } from './install.mjs';
import { CANNOT, filesOfSuites, QUICK, suiteOf, WITNESS } from './suites.mjs';

const RUN_LIMIT_MS = 90 * 60_000;
const root = new URL('../../', import.meta.url);
const rootPath = fileURLToPath(root);
const inCi = process.env.CI === 'true';
const suites = filesOfSuites(root);
const SUITES = ['package', ...Object.keys(suites)];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(RUNTIMES).join(',') },
    suite: { type: 'string', default: SUITES.join(',') },
    quick: { type: 'boolean', default: false },
    newest: { type: 'boolean', default: false },
  },
});
const wanted = chosen('--only', options.only, Object.keys(RUNTIMES));
const wantedSuites = chosen('--suite', options.suite, SUITES);

process.chdir(rootPath);
const scratch = mkdtempSync(join(tmpdir(), 'keyward-runtimes-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const built = spawnSync(process.execPath, ['assembly/build/build.mjs'], { stdio: ['ignore', 'inherit', 'inherit'] });
if (built.status !== 0) process.exit(built.status ?? 1);
process.exitCode = summarise(wanted.map(runRuntime));

function chosen(option, text, known) {
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return known.filter((name) => names.includes(name));
  console.error(`${option}: no ${JSON.stringify(unknown)}; there are ${known.join(', ')}`);
  process.exit(2);
}

/** Runs all that was asked for in one runtime: what it counted, suite by suite. */
function runRuntime(name) {
  const runtime = provide(name, options);
  const result = {
    name,
    version: runtime.version,
    cause: runtime.cause,
    seconds: 0,
    suites: {},
    failed: [],
    skipped: [],
    cannot: [],
  };
  if (runtime.command === undefined) {
    console.log(`${name} is not run: ${runtime.cause}`);
    return result;
  }
  const start = Date.now();
  if (wantedSuites.includes('package') && name !== 'chromium') runSmoke(runtime, result);
  for (const group of groupsFor(name)) runVitest(runtime, group, result);
  result.seconds = (Date.now() - start) / 1000;
  console.log(line(result));
  return result;
}

/** The files of one vitest run each: the universal suites together, the Node-only one by itself. */
function groupsFor(name) {
  const picked = wantedSuites.filter((suite) => suite in suites);
  const fits = (file) =>
    (name === 'chromium' ? !file.endsWith('.node.test.ts') : true) && (!options.quick || QUICK.includes(file));
  const universal = picked.filter((suite) => suite !== 'node').flatMap((suite) => suites[suite].filter(fits));
  const nodeOnly = picked.includes('node') && name.startsWith('node') ? suites.node.filter(fits) : [];
  return [universal, nodeOnly].filter((files) => files.length > 0);
}

function environment({ name, version, command }) {
  const own = name.startsWith('node') ? `${dirname(command[0])}${delimiter}` : '';
  return {
    ...process.env,
    PATH: own + process.env.PATH,
    NO_COLOR: '1',
    DENO_NO_UPDATE_CHECK: '1',
    DENO_DIR: join(scratch, 'deno'),
    KEYWARD_RUNTIME: `${name.replace(/\d+$/, '')} ${version}`,
  };
}

/** The built package: each check is a line of smoke.mjs. */
function runSmoke(runtime, result) {
  const [program, ...before] = runtime.command;
  const start = Date.now();
  const run = spawnSync(program, [...before, 'test/runtimes/smoke.mjs'], {
    encoding: 'utf8',
    env: environment(runtime),
    timeout: 120_000,
  });
  const lines = run.stdout?.split('\n') ?? [];
  const suite = countsOf(result, 'package');
  suite.passed = lines.filter((said) => said.startsWith('ok ')).length;
  const cannot = lines.filter((said) => said.startsWith('cannot '));
  suite.cannot = cannot.length;
  result.cannot.push(...cannot.map((said) => `${runtime.name}: package > ${said.slice(7)}`));
  const failures = lines.filter((said) => said.startsWith('FAILED ')).map((said) => `package > ${said.slice(7)}`);
  // Whatever else ends it early has said why on stderr; the last line says that all was tried.
  if (!lines.includes('end')) failures.push(`package: did not end: ${run.error?.message ?? run.stderr?.trim()}`);
  suite.failed = failures.length;
  suite.seconds = (Date.now() - start) / 1000;
  result.failed.push(...failures);
}

function runVitest(runtime, files, result) {
  const [program, ...before] = runtime.command;
  const report = join(scratch, `${runtime.name}-${suiteOf(files[0])}.json`);
  const inChromium = runtime.name === 'chromium';
  const sent = inChromium ? files : [WITNESS, ...files];
  const run = spawnSync(
    program,
    [
      ...before,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      inChromium ? 'browser' : 'node',
      '--reporter=json',
      `--outputFile=${report}`,
      ...sent,
    ],
    { encoding: 'utf8', env: environment(runtime), timeout: RUN_LIMIT_MS, maxBuffer: 1 << 28 },
  );
  const failedBefore = result.failed.length;
  const excusedBefore = result.cannot.length;
  const ran = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  for (const file of ran) countFile(runtime.name, file, result);
  const paths = new Set(ran.map((file) => relative(rootPath, file.name)));
  for (const file of sent) if (!paths.has(file)) fail(result, suiteOf(file), `${file}: was not run`);
  if (run.status !== 0 && result.failed.length === failedBefore && result.cannot.length === excusedBefore)
    fail(result, suiteOf(files[0]), `vitest ended with ${run.status ?? run.signal}`);
  if (result.failed.length > failedBefore) console.log(run.stderr?.trim().split('\n').slice(-40).join('\n'));
}

/** Counts the tests of one file; a test that cannot pass here, apart. */
function countFile(runtimeName, file, result) {
  const path = relative(rootPath, file.name);
  const suite = countsOf(result, path === WITNESS ? 'core' : suiteOf(path));
  suite.seconds += (file.endTime - file.startTime) / 1000;
  for (const { status, fullName, failureMessages } of file.assertionResults) {
    const name = `${path} > ${fullName}`;
    const excuse = CANNOT.find(({ runtime, test }) => runtime === runtimeName && test === name);
    if (status === 'failed' && excuse !== undefined) {
      suite.cannot++;
      result.cannot.push(`${runtimeName}: ${name}: ${excuse.because}`);
    } else if (status === 'passed' && excuse === undefined) suite.passed++;
    else if (status === 'passed') fail(result, suite, `${name}: passes, so its line in suites.mjs is out of date`);
    else if (status === 'failed') fail(result, suite, `${name}: ${failureMessages.join('\n').slice(0, 2000)}`);
    else {
      suite.skipped++;
      result.skipped.push(name);
    }
  }
  if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'))
    fail(result, suite, `${path}: ${file.message || 'could not be run'}`);
}

function countsOf(result, suite) {
  result.suites[suite] ??= { passed: 0, failed: 0, skipped: 0, cannot: 0, seconds: 0 };
  return result.suites[suite];
}

function fail(result, suite, message) {
  const counts = typeof suite === 'string' ? countsOf(result, suite) : suite;
  counts.failed++;
  result.failed.push(message);
}

/** One runtime in the table: what passed in each suite, the seconds of its files, and those of the whole on the clock. */
function line({ name, version = '', cause, suites: counted, seconds }) {
  const cells = SUITES.map((suite) => {
    const counts = counted[suite];
    if (counts === undefined) return '–';
    const apart = ['failed', 'skipped', 'cannot']
      .filter((what) => counts[what] > 0)
      .map((what) => `, ${counts[what]} ${what}`);
    return `${counts.passed}${apart.join('')} (${counts.seconds.toFixed(0)} s)`;
  });
  const columns = [name, version, ...(cause === undefined ? cells : SUITES.map(() => 'not run'))];
  return `${columns.map((text, i) => text.padEnd([9, 15][i] ?? 22)).join('')}${seconds.toFixed(0).padStart(6)} s`;
}

/** Prints the table and what is to be known by name; the exit code. */
function summarise(results) {
  console.log(`\n${['runtime', 'version', ...SUITES].map((text, i) => text.padEnd([9, 15][i] ?? 22)).join('')} clock`);
  for (const result of results) console.log(line(result));
  let refused = 0;
  let passed = 0;
  let failed = 0;
  for (const result of results) {
    for (const name of result.cannot) console.log(`cannot: ${name}`);
    for (const name of result.skipped) console.log(`skipped: ${result.name}: ${name}`);
    if (result.cause !== undefined) console.log(`skipped: ${result.name}: ${result.cause}`);
    for (const name of result.failed) console.log(`failed: ${result.name}: ${name}`);
    refused += result.skipped.length + (result.cause === undefined ? 0 : 1);
    failed += result.failed.length;
    for (const counts of Object.values(result.suites)) passed += counts.passed;
  }
  if (inCi && refused > 0) console.log('in CI nothing may be missing or skipped: each counts as a failure');
  if (passed + failed === 0) console.log('no test was run');
  if (inCi || passed === 0) failed += Math.max(refused, passed === 0 && failed === 0 ? 1 : 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
