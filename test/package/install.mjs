// The package packed, installed in an empty folder, its manifest judged, every module imported and required in Node.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { attempt, DOORS, faults, manifest, root, run, scratch, specifierOf } from './support.mjs';

/** Packs; checks that only what users need goes in. */
export function pack() {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], root).replace(/^[^[]*/, ''),
  );
  console.log(
    `${packed.filename}: ${packed.files.length} files, ${packed.size} bytes, unpacked ${packed.unpackedSize}`,
  );
  const names = packed.files.map((f) => f.path);
  const wanted =
    /^(dist\/.+\.(js|d\.ts|wasm)|dist\/inspector\.html|(README(\.zh)?|SECURITY|CHANGELOG)\.md|LICENSE|package\.json)$/;
  for (const name of names) if (!wanted.test(name)) faults.push(`${name} should not be in the package`);
  for (const name of ['LICENSE', 'README.md', 'dist/core.wasm', 'dist/legacy.wasm'])
    if (!names.includes(name)) faults.push(`${name} is missing from the package`);
  return join(scratch, packed.filename);
}

/** Installs the tarball as a user does; the folder of an app that has it. */
export function install(tarball) {
  const folder = join(scratch, 'app');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], folder);
  return folder;
}

/** The folder of the installed package. */
export function installed(app) {
  return join(app, 'node_modules', manifest.name);
}

/** publint, and whether every file that `exports` names is there. */
export async function checkManifest(app) {
  const { messages, pkg } = await publint({ pkgDir: installed(app), pack: false, strict: true });
  for (const message of messages) faults.push(`publint: ${formatMessage(message, pkg, { color: false })}`);
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    for (const file of typeof target === 'string' ? [target] : Object.values(target))
      if (!existsSync(join(installed(app), file)))
        faults.push(`exports["${subpath}"] names ${file}, which is not in the package`);
  }
}

/**
 * Every relative specifier of the modules, dynamic ones too, names a file of the package; none waits at its top level. (tsc
 * once left `import('./x.ts')` beside a `using` as it was.)
 */
export async function checkSpecifiers(folder) {
  await init;
  const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.js'),
  );
  if (files.length < DOORS.length) throw new Error(`${files.length} modules in dist/`);
  for (const name of files) {
    const file = join(folder, 'dist', name);
    const [imports] = parse(readFileSync(file, 'utf8'), name);
    for (const { n: specifier } of imports) {
      // (import.meta has no specifier, and a computed import none that could be checked.)
      if (specifier === undefined || !/^\.{0,2}\//.test(specifier)) continue;
      if (!specifier.endsWith('.js') || !existsSync(resolve(dirname(file), specifier)))
        faults.push(`${relative(folder, file)} imports '${specifier}', which is not there`);
    }
  }
}

const REFUSE = `
  const refuse = class { constructor() { throw new Error('WebAssembly was used at import'); } };
  WebAssembly.Module = refuse;
  WebAssembly.Instance = refuse;`;
const CHECK = `
  const names = Object.keys(module);
  if (names.length === 0 || names.includes('default')) throw new Error('exports: ' + names.join(', '));`;

/** Imports each module in a process of its own, where WebAssembly refuses to start: nothing may happen at import. */
export async function importModules(app) {
  for (const specifier of DOORS.map(specifierOf)) {
    const code = `${REFUSE}\nconst module = await import(${JSON.stringify(specifier)});${CHECK}`;
    await attempt(`import '${specifier}'`, () => run(process.execPath, ['--input-type=module', '-e', code], app));
  }
}

/** Requires every module from CommonJS where Node can; what waits at its top level could not be. */
export async function requireModules(app) {
  if (!process.features.require_module) throw new Error('Node 20.19 or 22.12 is needed for require() of modules');
  const code = `${REFUSE}\nfor (const specifier of ${JSON.stringify(DOORS.map(specifierOf))}) {
    const module = require(specifier);${CHECK}\n}`;
  writeFileSync(join(app, 'require.cjs'), code);
  await attempt('require()', () => run(process.execPath, ['--no-warnings', 'require.cjs'], app));
}
