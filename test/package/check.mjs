// The package as others get it: packed, installed in an empty folder, every subpath imported in Node without effects,
// its types compiled under `nodenext` and `bundler` resolution, its manifest judged by publint. Run after the build.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'keyward-package-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const faults = [];
/** Doors whose declarations may name Node's types: sockets, certificates. */
const NODE_ONLY = ['', '/kmip/client', '/kmip/server', '/keyring', '/instance', '/wallet/file', '/kms/emulator'];

const app = install(pack());
await lintManifest(join(app, 'node_modules', manifest.name));
const modules = resolveSubpaths();
importModules(modules);
for (const resolution of ['nodenext', 'bundler']) {
  compileTypes(modules, resolution, { node: true });
  compileTypes(modules.filter(isUniversal), resolution, { node: false });
}
for (const fault of faults) console.error(fault);
console.log(`${modules.length} subpaths imported, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Packs; checks that only what users need goes in. */
function pack() {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], root).replace(/^[^[]*/, ''),
  );
  console.log(
    `${packed.filename}: ${packed.files.length} files, ${packed.size} bytes, unpacked ${packed.unpackedSize}`,
  );
  const names = packed.files.map((f) => f.path);
  const wanted = /^(dist\/.+\.(js|d\.ts|wasm)|dist\/inspector\.html|README\.md|LICENSE|package\.json)$/;
  for (const name of names) if (!wanted.test(name)) faults.push(`${name} should not be in the package`);
  for (const name of ['LICENSE', 'README.md', 'dist/core.wasm', 'dist/legacy.wasm'])
    if (!names.includes(name)) faults.push(`${name} is missing from the package`);
  return join(scratch, packed.filename);
}

function install(tarball) {
  const folder = join(scratch, 'app');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], folder);
  return folder;
}

async function lintManifest(pkgDir) {
  const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
  for (const message of messages) faults.push(`publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** Checks that what `exports` names exists; the specifiers of the modules among them. */
function resolveSubpaths() {
  const specifiers = [];
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const files = typeof target === 'string' ? [target] : filesOf(target);
    for (const file of files)
      if (!existsSync(join(app, 'node_modules', manifest.name, file)))
        faults.push(`exports["${subpath}"] names ${file}, which is not in the package`);
    if (typeof target !== 'string') specifiers.push(manifest.name + subpath.slice(1));
  }
  return specifiers;
}

function filesOf(conditions) {
  return Object.values(conditions).flatMap((v) => (typeof v === 'string' ? [v] : filesOf(v)));
}

/** Imports each module in a process of its own, where WebAssembly refuses to start: nothing may happen at import. */
function importModules(specifiers) {
  for (const specifier of specifiers) {
    const code = `
      const refuse = class { constructor() { throw new Error('WebAssembly was used at import'); } };
      WebAssembly.Module = refuse;
      WebAssembly.Instance = refuse;
      const module = await import(${JSON.stringify(specifier)});
      const names = Object.keys(module);
      if (names.length === 0 || names.includes('default')) throw new Error('exports: ' + names.join(', '));`;
    attempt(`import '${specifier}'`, () => run(process.execPath, ['--input-type=module', '-e', code], app));
  }
}

/** Whether a door is for browsers too, so that its declarations must do without Node's types. */
function isUniversal(specifier) {
  return !NODE_ONLY.includes(specifier.slice(manifest.name.length));
}

/** Compiles a user's file against the declarations, which are checked too; with Node's types at hand or without. */
function compileTypes(specifiers, resolution, { node }) {
  const kind = `${resolution}, ${node ? 'with' : 'without'} Node's types`;
  const file = join(app, `use-${resolution}${node ? '-node' : ''}.ts`);
  writeFileSync(
    file,
    `type IsAny<T> = 0 extends 1 & T ? true : false;\n${specifiers
      .map((s, i) => `import * as m${i} from '${s}';\nexport const any${i}: IsAny<typeof m${i}> = false;\n`)
      .join('')}`,
  );
  const options = {
    compilerOptions: {
      target: 'es2022',
      lib: ['es2022', 'dom', 'esnext.disposable'],
      module: resolution === 'bundler' ? 'preserve' : 'nodenext',
      moduleResolution: resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      ...(node ? { typeRoots: [join(root, 'node_modules/@types')], types: ['node'] } : { types: [] }),
      noEmit: true,
    },
    files: [file],
  };
  const config = join(app, `tsconfig.${resolution}${node ? '-node' : ''}.json`);
  writeFileSync(config, JSON.stringify(options));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  attempt(`types under ${kind}`, () => run(process.execPath, [tsc, '-p', config], app));
}

function attempt(what, act) {
  try {
    act();
  } catch (error) {
    faults.push(`${what}: ${error.stdout ?? ''}${error.stderr ?? error.message}`.trim());
  }
}

function run(program, args, cwd) {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
}
