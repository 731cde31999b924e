// `npm run bench`: races every operation against its peers and says which targets are reached.
//
//   --only ID[,ID]   only these cases
//   --quick          2 processes and short slices: a look, not a verdict
//   --json FILE      write the figures to FILE and the chart beside it, as .svg
//
// Without --json a full run writes bench/results.json and bench/results.svg, any other bench/last.json and .svg.
//
// Method. Each of 5 passes starts one fresh Node process per family of cases; in it all candidates of a case are first
// checked to give the same result, then warmed, then timed round-robin in slices of about 2 ms, waiting for a processor
// left out (harness.mjs). A candidate's figure in one process is the 10th percentile of its slices; the printed one is the
// median of that over the processes, and a ratio is the peer's median over ours: above 1 we are faster. "Over processes"
// is the range of the ratios seen in single processes. Cold start is the median of whole process starts, by the wall
// clock. Absolute times move with the machine; ratios are what to read. Peers are used as well as their interface allows
// (crypto.hash, reused hashers and key objects), with byte arrays in and fresh byte arrays out.
import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { formatChart } from './chart.mjs';
import { median } from './harness.mjs';
import { formatReport } from './report.mjs';

const FAMILIES = ['aes', 'hash', 'kdf', 'pkcs12', 'wallet', 'ttlv', 'kmip', 'server', 'keyring', 'cold-start'];
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** Builds what is stale and installs the comparison libraries where they are missing. */
function prepare() {
  execFileSync(process.execPath, [path('../assembly/build/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (existsSync(path('thirdparty/node_modules'))) return;
  console.log('installing the comparison libraries (bench/thirdparty)');
  execFileSync('npm', ['ci', '--prefix', path('thirdparty'), '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

/** Runs one family in one fresh process. @returns {Promise<any[]>} one message per case */
function runFamily(family, pace, ids) {
  return new Promise((resolve, reject) => {
    const messages = [];
    const child = fork(path('child.mjs'), [family, pace, ids.join(',')]);
    child.on('message', (m) => messages.push(m));
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve(messages) : reject(new Error(`${family}: exit code ${code}`))));
  });
}

/** One line that overwrites itself, on a terminal only. */
function showProgress(words) {
  if (process.stderr.isTTY) process.stderr.write(`\r${words.padEnd(40)}${words ? '' : '\r'}`);
}

/** Collects the figures of all passes: per case, per candidate, one figure per process. */
async function collect(families, pace, passes) {
  const figures = new Map();
  const notes = new Map();
  for (let pass = 1; pass <= passes; pass++) {
    for (const { id, ids } of families) {
      showProgress(`pass ${pass} of ${passes}: ${id}`);
      for (const m of await runFamily(id, pace, ids)) {
        if (m.failed) throw new Error(`${m.id}: ${m.failed}`);
        if (m.skipped) notes.set(m.id, `${m.id} skipped: ${m.skipped}`);
        if (!m.figures) continue;
        const byName = figures.get(m.id) ?? {};
        for (const [name, f] of Object.entries(m.figures)) {
          byName[name] ??= [];
          byName[name].push(f.ns);
        }
        figures.set(m.id, byName);
      }
    }
  }
  showProgress('');
  return { figures, notes };
}

const round = (n, digits) => Number(n.toPrecision(digits));

/** One case's medians and ratios, and the range of the ratios over the processes. */
function summarise(id, { ours, ...peers }) {
  const result = { id, unit: 'ns/op', ours: round(median(ours), 4), peers: {}, ratio: {} };
  const ranges = {};
  for (const [name, values] of Object.entries(peers)) {
    result.peers[name] = round(median(values), 4);
    result.ratio[name] = round(median(values) / median(ours), 4);
    const ratios = values.map((v, i) => v / ours[i]);
    ranges[name] = [Math.min(...ratios), Math.max(...ratios)];
  }
  return { result, ranges };
}

function moduleSizes() {
  return Object.fromEntries(
    ['core', 'legacy'].map((name) => {
      const bytes = readFileSync(path(`../dist/${name}.wasm`));
      return [name, { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length }];
    }),
  );
}

/** Which of the instructions that OpenSSL uses this processor has: without SHA-NI our ratios are far better. */
function cpuFeatures() {
  const info = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const flags = /^flags\s*:(.*)$/m.exec(info)?.[1].split(' ') ?? [];
  return ['aes', 'vaes', 'sha_ni', 'avx2', 'avx512f'].filter((name) => flags.includes(name)).join(' ');
}

function describeMachine(passes) {
  const { dependencies } = JSON.parse(readFileSync(path('thirdparty/package.json'), 'utf8'));
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    features: cpuFeatures(),
    memoryGiB: round(totalmem() / 2 ** 30, 3),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
    peers: dependencies,
    processes: passes,
    modules: moduleSizes(),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The families and the ids to run in them. */
async function choose(only) {
  const known = await Promise.all(FAMILIES.map(async (f) => (await import(`./cases/${f}.mjs`)).family));
  const all = known.flatMap((f) => f.cases.map((c) => c.id));
  const unknown = only?.find((id) => !all.includes(id));
  if (unknown !== undefined) {
    console.error(`no case ${unknown}; there are: ${all.join(' ')}`);
    process.exit(2);
  }
  return known
    .map((f) => ({
      id: f.id,
      title: f.title,
      ids: f.cases.map((c) => c.id).filter((id) => !only || only.includes(id)),
    }))
    .filter((f) => f.ids.length > 0);
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}

/** The options; after a wrong one, or --help, says what there is and ends. */
function readOptions() {
  const usage = 'npm run bench -- [--only ID[,ID]] [--quick] [--json FILE]';
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help) return values;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

const options = readOptions();
prepare();
const families = await choose(options.only?.split(','));
const passes = options.quick ? 2 : 5;
const started = performance.now();
const { figures, notes } = await collect(families, options.quick ? 'quick' : 'full', passes);
const sections = families.map(({ title, ids }) => {
  const summaries = ids.filter((id) => figures.has(id)).map((id) => summarise(id, figures.get(id)));
  return {
    title,
    cases: summaries.map((s) => s.result),
    ranges: new Map(summaries.map((s) => [s.result.id, s.ranges])),
    notes: ids.filter((id) => notes.has(id)).map((id) => notes.get(id)),
  };
});
const machine = describeMachine(passes);
console.log(
  `${machine.cpu} (${machine.features}), ${machine.cores} cores, ${machine.platform}, Node ${machine.node}, OpenSSL ${machine.openssl}`,
);
console.log(
  `Per process the 10th percentile of interleaved slices, then the median over ${passes} processes; ratio = peer / ours, above 1 we are faster.`,
);
console.log(formatReport(sections, machine.modules).text);
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);

const whole = !options.only && !options.quick;
const jsonFile = options.json ?? path(whole ? 'results.json' : 'last.json');
write(jsonFile, `${JSON.stringify({ machine, cases: sections.flatMap((s) => s.cases) }, null, 2)}\n`);
write(`${jsonFile.replace(/\.json$/, '')}.svg`, formatChart(machine, sections));
