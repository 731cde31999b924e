// What each universal door weighs in a page, whole and by single functions: built by esbuild for browsers, minified, compressed.
// sizes.json holds the budgets, and the figures that were last measured, which the README quotes; with KEYWARD_WRITE=1 it is written anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { faults, reach, specifierOf, UNIVERSAL_DOORS } from './support.mjs';

const FILE = new URL('sizes.json', import.meta.url);
/** By how much a measured size may differ from what sizes.json says: zlib and brotli are not the same everywhere. */
const TOLERANCE = 0.02;

/** Functions that must not drag their whole room into a page. */
const FUNCTIONS = [
  ['wrapKey', 'core'],
  ['parseTtlv', 'ttlv'],
  ['parsePfx', 'pkcs12'],
  ['parseCertificate', 'x509'],
  ['decodeRequest', 'kmip'],
  ['openWallet', 'wallet'],
  ['parseKeyId', 'wallet'],
  ['parseStatement', 'statement'],
  ['parseOkvClient', 'okv'],
  ['parseKmsUrl', 'kms'],
  ['inspect', 'inspect'],
];

/** Measures everything, prints the table, compares it with sizes.json. */
export async function checkSizes(app) {
  const known = JSON.parse(readFileSync(FILE, 'utf8'));
  const rows = {};
  for (const door of UNIVERSAL_DOORS)
    rows[specifierOf(door)] = await measure(app, `export * from '${specifierOf(door)}'`);
  for (const [name, door] of FUNCTIONS) {
    const row = `{ ${name} } from ${specifierOf(door)}`;
    rows[row] = await measure(app, `export { ${name} } from '${specifierOf(door)}'`);
  }
  for (const [row, sizes] of Object.entries(rows)) {
    const { budget } = known[row] ?? {};
    rows[row] = { ...sizes, budget: budget ?? Math.ceil((sizes.gzip * 1.1) / 500) * 500 };
    compare(row, rows[row], known[row]);
  }
  for (const row of Object.keys(known))
    if (rows[row] === undefined) faults.push(`sizes.json: nothing is called ${row}`);
  if (process.env.KEYWARD_WRITE === '1') writeFileSync(FILE, `${JSON.stringify(rows, null, 2)}\n`);
  print(rows);
}

/** Bytes of what loads with a page, and, gzipped, of what can be loaded on demand. */
async function measure(app, contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: app },
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    outdir: app,
    write: false,
    metafile: true,
    absWorkingDir: app,
  });
  const [entry] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === '<stdin>');
  const imports = (names, ...kinds) =>
    names.flatMap((name) =>
      metafile.outputs[name].imports.filter((i) => kinds.includes(i.kind)).map(({ path }) => path),
    );
  const initial = reach([entry], (name) => imports([name], 'import-statement'));
  // (esbuild also writes what only code that it dropped could load.)
  const late = reach(imports([...initial], 'dynamic-import'), (name) =>
    imports([name], 'import-statement', 'dynamic-import'),
  );
  const bytesOf = (name) => outputFiles.find(({ path }) => path.endsWith(`/${name}`)).contents;
  const sum = (names, size) => [...names].map(bytesOf).reduce((total, bytes) => total + size(bytes), 0);
  const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
  return {
    minified: sum(initial, (bytes) => bytes.length),
    gzip: sum(initial, gzip),
    brotli: sum(initial, (bytes) => brotliCompressSync(bytes).length),
    onDemandGzip: sum(
      [...late].filter((name) => !initial.has(name)),
      gzip,
    ),
  };
}

function compare(row, sizes, known) {
  if (sizes.gzip > sizes.budget)
    faults.push(`size of ${row}: ${sizes.gzip} bytes gzipped, its budget is ${sizes.budget}`);
  if (process.env.KEYWARD_WRITE === '1') return;
  if (known === undefined) faults.push(`size of ${row}: not in sizes.json (KEYWARD_WRITE=1 writes it)`);
  for (const [name, size] of Object.entries(known ?? {}))
    if (Math.abs(sizes[name] - size) > size * TOLERANCE)
      faults.push(`size of ${row}: ${name} is ${sizes[name]}, sizes.json says ${size} (KEYWARD_WRITE=1 writes it)`);
}

function print(rows) {
  const line = (cells) => cells.map((c, i) => (i === 0 ? String(c).padEnd(44) : String(c).padStart(10))).join('');
  console.log(line(['bytes in a page', 'minified', 'gzip', 'brotli', 'on demand', 'budget']));
  for (const [row, { minified, gzip, brotli, onDemandGzip, budget }] of Object.entries(rows))
    console.log(line([row, minified, gzip, brotli, onDemandGzip, budget]));
}
