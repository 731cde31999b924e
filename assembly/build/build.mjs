// `npm run build`: generates what is generated, compiles the two wasm modules, embeds them, and emits `dist/`.
//   --modules only the wasm and what TypeScript needs of it
//   --check   fail when the modules differ from assembly/hashes.json (CI)
//   --pin     write assembly/hashes.json
// Nothing is rebuilt whose inputs have not changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CONSTANTS_BYTES, core, emitLayouts, legacy } from './layout.mjs';

const root = new URL('../../', import.meta.url);
const path = (p) => fileURLToPath(new URL(p, root));
const flags = new Set(process.argv.slice(2));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Every file below a folder, generated ones left out, in a fixed order. */
function filesBelow(folder) {
  return readdirSync(path(folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((e) => {
      const name = `${folder}/${e.name}`;
      if (e.name === 'generated' || e.name === 'node_modules') return [];
      return e.isDirectory() ? filesBelow(name) : [name];
    });
}

function digestOf(files) {
  const h = createHash('sha256');
  for (const f of files)
    h.update(f)
      .update('\0')
      .update(readFileSync(path(f)))
      .update('\0');
  return h.digest('hex');
}

async function compile(entry, outFile, { pages }, extra = []) {
  const { default: asc } = await import('assemblyscript/asc'); // only when needed: half a second
  const { error, stderr } = await asc.main(
    [
      entry,
      '-o',
      outFile,
      '-t',
      outFile.replace(/wasm$/, 'wat'),
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--disableWarning',
      '112', // v128 between our own functions: none of them is exported
      '--initialMemory',
      String(pages),
      '--maximumMemory',
      String(pages),
      ...extra,
    ],
    {},
  );
  const text = stderr.toString();
  if (text) process.stderr.write(text);
  if (error) throw error;
}

/** Fails on an import, a start function, or tables that overrun their region. */
function assertShape(name, bytes) {
  const module = new WebAssembly.Module(bytes);
  const imports = WebAssembly.Module.imports(module);
  if (imports.length > 0) throw new Error(`${name}: the module must not import anything: ${JSON.stringify(imports)}`);
  const instance = new WebAssembly.Instance(module);
  const memory = new Uint8Array(instance.exports.memory.buffer);
  let last = memory.length - 1;
  while (last > 0 && memory[last] === 0) last--;
  if (last >= CONSTANTS_BYTES)
    throw new Error(`${name}: static tables reach ${last}, past the ${CONSTANTS_BYTES} bytes kept for them`);
  return last + 1;
}

/** The exported functions with their parameter names, as a TypeScript interface. */
function exportsInterface(typeName, bytes, sources) {
  const text = sources.map((f) => readFileSync(path(f), 'utf8')).join('\n');
  const lines = WebAssembly.Module.exports(new WebAssembly.Module(bytes))
    .filter((e) => e.kind === 'function')
    .map(({ name }) => {
      const m = new RegExp(`export function ${name}\\(([^)]*)\\): (\\w+)`).exec(text);
      if (!m) throw new Error(`no source found for export ${name}`);
      const jsType = (t) => (t === 'i64' || t === 'u64' ? 'bigint' : t === 'void' ? 'void' : 'number');
      const params = m[1]
        .split(',')
        .map((p) => p.trim())
        .filter(Boolean)
        .map((p) => {
          const [n, t] = p.split(':').map((x) => x.trim());
          return `${n}: ${jsType(t)}`;
        });
      return `  ${name}(${params.join(', ')}): ${jsType(m[2])};`;
    });
  return `export interface ${typeName} {\n  readonly memory: WebAssembly.Memory;\n${lines.join('\n')}\n}\n`;
}

async function buildWasm() {
  emitLayouts(root);
  for (const generator of filesBelow('assembly/build').filter((f) => /\/gen-[\w-]+\.mjs$/.test(f)))
    await import(new URL(generator, root));
  const hashes = {};
  const sources = filesBelow('assembly').filter((f) => f.endsWith('.ts'));
  const generated = ['assembly/generated', 'assembly/legacy/generated'].flatMap((d) =>
    existsSync(path(d))
      ? readdirSync(path(d))
          .filter((f) => f.endsWith('.ts'))
          .map((f) => `${d}/${f}`)
      : [],
  );
  mkdirSync(path('dist'), { recursive: true });
  for (const [name, entry, layout] of [
    ['core', 'assembly/index.ts', core],
    ['legacy', 'assembly/legacy/index.ts', legacy],
  ]) {
    const out = `dist/${name}.wasm`;
    await compile(entry, out, layout);
    const bytes = readFileSync(path(out));
    const tables = assertShape(name, bytes);
    hashes[name] = sha256(bytes);
    const type = name === 'core' ? 'CoreExports' : 'LegacyExports';
    writeFileSync(
      path(`src/core/generated/${name}-wasm.ts`),
      [
        '// Generated by assembly/build/build.mjs. Do not edit.',
        `/** SHA-256 of the ${name} module. */`,
        `export const ${name.toUpperCase()}_WASM_SHA256: string = '${hashes[name]}';`,
        `/** The ${name} module, base64. */`,
        `export const ${name.toUpperCase()}_WASM_BASE64: string =\n  '${bytes.toString('base64')}';\n`,
      ].join('\n'),
    );
    writeFileSync(
      path(`src/core/generated/${name}-exports.ts`),
      `// Generated by assembly/build/build.mjs. Do not edit.\n${exportsInterface(type, bytes, [...sources, ...generated])}`,
    );
    console.log(`${name}.wasm ${bytes.length} bytes, tables end at ${tables}, sha256 ${hashes[name]}`);
  }
  return hashes;
}

process.chdir(fileURLToPath(root));
const stampFile = path('assembly/generated/.stamp');
const grammar = ['src/statement/grammar.peggy', 'src/statement/build-grammar.mjs'];
const outputs = [
  'src/statement/generated/parser.ts',
  'dist/core.wasm',
  'dist/legacy.wasm',
  'src/core/generated/core-wasm.ts',
  'src/core/generated/legacy-wasm.ts',
];
const stamp = digestOf([
  ...filesBelow('assembly').filter((f) => f !== 'assembly/hashes.json'),
  ...grammar,
  'package-lock.json',
]);
const fresh =
  existsSync(stampFile) && outputs.every((f) => existsSync(path(f))) && readFileSync(stampFile, 'utf8') === stamp;
if (!fresh) {
  rmSync(stampFile, { force: true });
  await buildWasm();
  await import(new URL('src/statement/build-grammar.mjs', root));
  writeFileSync(stampFile, stamp);
}
const hashes = Object.fromEntries(['core', 'legacy'].map((n) => [n, sha256(readFileSync(path(`dist/${n}.wasm`)))]));
const pinned = path('assembly/hashes.json');
if (flags.has('--pin')) writeFileSync(pinned, `${JSON.stringify(hashes, null, 2)}\n`);
if (flags.has('--check')) {
  const want = JSON.parse(readFileSync(pinned, 'utf8'));
  for (const [name, hash] of Object.entries(hashes)) {
    if (want[name] !== hash) throw new Error(`${name}.wasm is ${hash}, assembly/hashes.json says ${want[name]}`);
  }
  console.log('both modules match assembly/hashes.json');
}
if (!flags.has('--modules')) await buildDist();

/** Emits `dist/` from scratch, unless it stands there for these very sources. */
async function buildDist() {
  const sources = readdirSync(path('src'), { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name}`)
    .filter((name) => statSync(path(name)).isFile())
    .sort();
  const distStamp = path('assembly/generated/.stamp-dist');
  const inputs = digestOf([
    ...sources,
    ...filesBelow('assembly/build'),
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ]);
  if (existsSync(distStamp) && existsSync(path('dist/index.js')) && readFileSync(distStamp, 'utf8') === inputs) return;
  rmSync(distStamp, { force: true });
  for (const name of readdirSync(path('dist')))
    if (!/\.(wasm|wat)$|^bench$/.test(name)) rmSync(path(`dist/${name}`), { recursive: true });
  execFileSync(process.execPath, [path('node_modules/typescript/bin/tsc'), '-p', 'src/tsconfig.json'], {
    stdio: 'inherit',
  });
  const { bundleDoors } = await import('./bundle.mjs');
  await bundleDoors();
  chmodSync(path('dist/cli/main.js'), 0o755);
  await import(new URL('src/web/build-page.mjs', root));
  writeFileSync(distStamp, inputs);
}
