// `npm run soak [-- --runs N] [--seconds N] [--seed N]`: the lanes at their full counts, for a night or a release, where CI
// runs them short. Hours, on purpose.
//   constant time   1,000 * N pairs of secrets per operation (CI: 1,000)
//   properties      each property N times as often as in CI, in Node and in Chromium
//   wallets         eight processes on one wallet for 30 seconds (CI: 5); a wallet with every byte cut and changed (CI: a sample)
//   fuzz            each target for the given seconds (CI: 20)
//   runtimes        every test on every runtime (CI: a few of them on three), each property as often as in CI
// Defaults: N = 20, 600 seconds, a new seed, which is printed. A stage that fails does not stop the others.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
});
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
console.log(`soak: ${values.runs} times the runs, ${values.seconds} s of fuzzing each, seed ${values.seed}`);

const env = { ...process.env, CI: 'true', KEYWARD_RUNS: values.runs, KEYWARD_SEED: values.seed };
const stages = [
  ['constant time, and every test with its properties', ['test/run.mjs']],
  ...['der', 'pkcs12', 'ttlv', 'kmip'].map((target) => [
    `fuzz ${target}`,
    ['test/fuzz/run.mjs', '--seconds', values.seconds, '--target', target, '--seed', values.seed],
  ]),
  ['every runtime', ['test/runtimes/run.mjs'], { KEYWARD_RUNS: '1' }],
];
const verdicts = stages.map(([name, args, changes]) => {
  const start = Date.now();
  console.log(`\nsoak: ${name}`);
  const { status } = spawnSync(process.execPath, args, {
    env: { ...env, ...changes },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const minutes = ((Date.now() - start) / 60_000).toFixed(1);
  return { ok: status === 0, line: `${status === 0 ? 'ok    ' : 'FAILED'} ${minutes.padStart(6)} min  ${name}` };
});
console.log(`\n${verdicts.map((v) => v.line).join('\n')}`);
const failed = verdicts.filter((v) => !v.ok).length;
console.log(`${verdicts.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
