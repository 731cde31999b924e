// The declarations as users' compilers read them: under each kind of resolution, with Node's types at hand and without, from
// modules and from CommonJS, and by arethetypeswrong.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import ts from 'typescript';
import { DOORS, faults, manifest, root, scratch, specifierOf, UNIVERSAL_DOORS } from './support.mjs';

/** Compiler options that differ; `commonjs`: which modules a CommonJS file may require. */
const RESOLUTIONS = {
  // TypeScript's name for Node before require() of modules: CommonJS files must use import().
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext', commonjs: true },
  bundler: { module: 'preserve', moduleResolution: 'bundler' },
};

/** Compiles users' files against the declarations, and checks those, too. */
export function compileTypes(app) {
  // The front door's declarations name Node's types: there is one file of them for both of its modules.
  const anywhere = UNIVERSAL_DOORS.filter((door) => door !== '');
  for (const resolution of Object.keys(RESOLUTIONS)) {
    compile(app, resolution, DOORS, true);
    compile(app, resolution, anywhere, false);
  }
}

function compile(app, resolution, doors, withNode) {
  const { commonjs = false, ...how } = RESOLUTIONS[resolution];
  const use = (i) => `export const any${i}: IsAny<typeof m${i}> = false;\n`;
  const write = (name, importing) => {
    const lines = doors.map(specifierOf).map((s, i) => importing(s, i) + use(i));
    writeFileSync(join(app, name), `type IsAny<T> = 0 extends 1 & T ? true : false;\n${lines.join('')}`);
    return join(app, name);
  };
  const files = [write('use.ts', (s, i) => `import * as m${i} from '${s}';\n`)];
  if (commonjs) files.push(write('use.cts', (s, i) => `import m${i} = require('${s}');\n`));
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    {
      target: 'es2022',
      lib: ['es2022', 'dom', 'esnext.disposable'],
      ...how,
      strict: true,
      exactOptionalPropertyTypes: true,
      ...(withNode ? { typeRoots: [join(root, 'node_modules/@types')], types: ['node'] } : { types: [] }),
      noEmit: true,
    },
    app,
  );
  const program = ts.createProgram(files, options, hostOf(options));
  // TypeScript's own libraries are not what is judged here.
  const judged = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(app));
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...judged.flatMap((f) => [...program.getSyntacticDiagnostics(f), ...program.getSemanticDiagnostics(f)]),
  ];
  const kind = `types under ${resolution}, ${withNode ? 'with' : 'without'} Node's types`;
  if (judged.length < doors.length) faults.push(`${kind}: only ${judged.length} files were found`);
  if (found.length > 0) faults.push(`${kind}:\n${ts.formatDiagnostics(found, FORMAT)}`);
}

const FORMAT = { getCanonicalFileName: (f) => f, getCurrentDirectory: () => scratch, getNewLine: () => '\n' };
const libraries = new Map();

/** Reads TypeScript's libraries, which are the same everywhere, only once. */
function hostOf(options) {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (file, ...how) => {
    if (!/\/typescript\/lib\/lib\.[^/]+$/.test(file)) return read(file, ...how);
    if (!libraries.has(file)) libraries.set(file, read(file, ...how));
    return libraries.get(file);
  };
  return host;
}

/**
 * What arethetypeswrong may find, and why it is as meant: the package is ESM only and has no `main`, so that
 *   - TypeScript's `node10`, which knows no `exports`, finds none of its subpaths;
 *   - a CommonJS file under `node16` gets a module: require() works from Node 20.19 on, where `nodenext` allows it.
 */
const MEANT = [
  { kind: 'NoResolution', resolutionKind: 'node10' },
  { kind: 'CJSResolvesToESM', resolutionKind: 'node16-cjs' },
];

/** Lets arethetypeswrong judge the tarball. Subpaths that are no modules have no types. */
export async function judgeTypes(tarball) {
  const excludeEntrypoints = Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [path] : [],
  );
  const data = createPackageFromTarballData(new Uint8Array(readFileSync(tarball)));
  const { types, problems, entrypoints } = await checkPackage(data, { excludeEntrypoints });
  if (types === false || Object.keys(entrypoints).length !== DOORS.length)
    throw new Error(`arethetypeswrong saw ${Object.keys(entrypoints ?? {}).join(', ')}`);
  const left = problems.filter((p) => !MEANT.some((m) => m.kind === p.kind && m.resolutionKind === p.resolutionKind));
  for (const problem of left) faults.push(`arethetypeswrong: ${JSON.stringify(problem)}`);
}
