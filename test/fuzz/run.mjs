// `npm run fuzz -- --seconds N [--target der|pkcs12|ttlv|kmip] [--seed N] [--replay FILE]`
// Fuzzes the shipped module, instrumented, and the bindings over it; builds what is stale first. Prints executions, edges and
// corpus size. A finding is made smaller, printed in hex and written to test/fuzz/findings/, and ends the run with status 1.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Finding, Fuzzer } from './engine.mjs';
import { SEEDS } from './seeds.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    target: { type: 'string' },
    seed: { type: 'string' },
    replay: { type: 'string' },
  },
});

execFileSync(process.execPath, [path('../../assembly/build/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
const { TARGETS, instance } = await import('./targets.mjs');

const names = values.target ? [values.target === 'pfx' ? 'pkcs12' : values.target] : Object.keys(TARGETS);
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? (Date.now() ^ (process.pid << 16)) >>> 0 : Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(seed) || names.some((name) => !(name in TARGETS))) {
  console.error(
    `usage: npm run fuzz -- --seconds N [--target ${Object.keys(TARGETS).join('|')}] [--seed N] [--replay FILE]`,
  );
  process.exit(2);
}

Error.stackTraceLimit = 0; // most inputs are refused with an error; a finding is run again for its stack
for (const name of names) {
  if (values.replay) replay(TARGETS[name], readFileSync(values.replay));
  else fuzz(TARGETS[name]);
}

function fuzz(target) {
  const fuzzer = new Fuzzer(target, instance, seed);
  const start = performance.now();
  const report = () => {
    const s = (performance.now() - start) / 1000;
    const rate = Math.round(fuzzer.executions / s).toLocaleString('en');
    console.log(
      `fuzz ${target.name}: ${s.toFixed(1)} s, ${fuzzer.executions.toLocaleString('en')} executions (${rate}/s), ` +
        `${fuzzer.edges} edges, corpus ${fuzzer.corpus.length}, slowest ${fuzzer.slowestMs.toFixed(1)} ms, seed ${seed}`,
    );
  };
  try {
    for (const input of SEEDS[target.name](target.maxBytes)) fuzzer.add(input);
    fuzzer.fuzz({ ms: seconds * 1000, onProgress: report, progressMs: Math.max(5000, seconds * 100) });
    report();
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    report();
    tell(target, error, fuzzer.minimise(error));
  }
}

function replay(target, input) {
  const fuzzer = new Fuzzer(target, instance, seed);
  try {
    fuzzer.add(new Uint8Array(input));
    console.log(`fuzz ${target.name}: nothing found in these ${input.length} bytes`);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    tell(target, error, error.input);
  }
}

/** Prints and keeps a finding, and says how to see it again. */
function tell(target, finding, input) {
  const folder = path('findings');
  const id = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = `${folder}/${target.name}-${id}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, input);
  console.error(`FOUND in ${target.name}: ${finding.message} (seed ${seed})`);
  if (finding.cause) console.error(stackOf(target, input));
  console.error(`input, ${input.length} bytes: ${Buffer.from(input).toString('hex')}`);
  console.error(`again: npm run fuzz -- --target ${target.name} --replay ${file}`);
  process.exit(1);
}

/** Where the unexpected error comes from. */
function stackOf(target, input) {
  Error.stackTraceLimit = 30;
  instance.begin();
  try {
    target.run(input);
  } catch (error) {
    return error.stack;
  }
  return 'not thrown again';
}
