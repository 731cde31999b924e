import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkFile, checkTable, PROGRAMS, ROOMS, roomOf } from './support/architecture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Paths below `folder`, with forward slashes, in order; what is generated only when asked for. */
function filesBelow(folder: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.tsx?$/.test(name))
    .sort();
}

const read = (path: string): string => readFileSync(root + path, 'utf8');
const isGenerated = (path: string): boolean => /(^|\/)generated\//.test(path);
/** What the planted file breaks, one `line message` each. */
const broken = (file: string, text: string): string[] =>
  checkFile(file, text).map(({ place, message }) => `${place.slice(place.lastIndexOf(':') + 1)} ${message}`);

describe('architecture', () => {
  it('the table points downwards only, and never from both runtimes to one', () => {
    expect(checkTable()).toEqual([]);
  });

  it('every file of src/ keeps to it', () => {
    const files = filesBelow('src');
    expect(files.length).toBeGreaterThan(5);
    const found = files.flatMap((file) => checkFile(file, read(`src/${file}`)));
    expect(found.map(({ place, message }) => `${place} ${message}`)).toEqual([]);
  });

  it('every room that exists has its door and its subpath', () => {
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> };
    const rooms = new Set(filesBelow('src').map(roomOf));
    const files = filesBelow('src');
    for (const room of Object.keys(ROOMS).filter((name) => rooms.has(name) && !name.endsWith('.ts'))) {
      if (PROGRAMS.some((name) => name.startsWith(`${room}/main.`))) continue; // started, not imported
      expect(files, `door of ${room}`).toContain(`${room}/index.ts`);
      expect(Object.keys(exports)).toContain(`./${room}`);
    }
  });

  it('every file says what it is for, every AssemblyScript file whether it is constant time', () => {
    const silent = filesBelow('src').filter((f) => !isGenerated(f) && !/^(#!.*\n)?\/\*\*/.test(read(`src/${f}`)));
    expect(silent, 'src/ files without a header').toEqual([]);
    const vague = filesBelow('assembly').filter(
      (f) => !isGenerated(f) && !f.endsWith('index.ts') && !/constant time: (yes|no)/i.test(read(`assembly/${f}`)),
    );
    expect(vague, 'assembly/ files that do not say "Constant time: yes|no, because"').toEqual([]);
  });

  it('reports file sizes', () => {
    const sizes = ['src', 'assembly'].flatMap((folder) =>
      filesBelow(folder)
        .filter((f) => !isGenerated(f))
        .map((f) => ({ file: `${folder}/${f}`, lines: read(`${folder}/${f}`).split('\n').length - 1 })),
    );
    const total = sizes.reduce((sum, { lines }) => sum + lines, 0);
    const long = sizes.filter(({ lines }) => lines > 400).sort((a, b) => b.lines - a.lines);
    console.log(
      [
        `src/ and assembly/: ${sizes.length} files, ${total} lines; ${long.length} longer than 400`,
        ...long.map(({ file, lines }) => `  ${file} ${lines}`),
      ].join('\n'),
    );
    expect(total).toBeGreaterThan(0);
  });
});

describe('architecture: planted violations', () => {
  it.each([
    [
      'a room that may not be imported',
      `import { x } from '../wallet/index.ts';`,
      "pkcs12 may not import wallet ('../wallet/index.ts')",
    ],
    [
      'the same as a type',
      `import type { X } from '../wallet/index.ts';`,
      "pkcs12 may not import wallet ('../wallet/index.ts')",
    ],
    [
      'the same re-exported',
      `export * from '../wallet/index.ts';`,
      "pkcs12 may not import wallet ('../wallet/index.ts')",
    ],
    [
      'the same on use',
      `export const f = () => import('../wallet/index.ts');`,
      "pkcs12 may not import wallet ('../wallet/index.ts')",
    ],
    [
      'the same as an import type',
      `export type X = import('../wallet/index.ts').X;`,
      "pkcs12 may not import wallet ('../wallet/index.ts')",
    ],
    [
      'past the door',
      `import { core } from '../core/wasm.ts';`,
      "imports '../core/wasm.ts' past the door core/index.ts",
    ],
    [
      'generated wasm',
      `import { X } from '../core/generated/core-wasm.ts';`,
      "imports '../core/generated/core-wasm.ts' past the door core/index.ts",
    ],
    ['outside src', `import { x } from '../../test/x.ts';`, "imports '../../test/x.ts', outside src/"],
    [
      'a computed import',
      `export const f = (x: string) => import(x);`,
      'imports something computed, which no test can check',
    ],
    ['node:', `import { readFileSync } from 'node:fs';`, "pkcs12 is not Node only and may not import 'node:fs'"],
    [
      'node: as a type',
      `import type { Socket } from 'node:net';`,
      "pkcs12 is not Node only and may not import 'node:net'",
    ],
    ['fs', `import { readFileSync } from 'fs';`, "imports 'fs' without 'node:'"],
    ['a package', `import { x } from 'left-pad/x';`, "pkcs12 may not import the package 'left-pad'"],
    ['the package itself', `import { x } from 'keyward/core';`, "pkcs12 may not import the package 'keyward'"],
    [
      'noble at import',
      `import { scrypt } from '@noble/hashes/scrypt.js';`,
      "'@noble/hashes' may only be imported on use, by import()",
    ],
    ['Buffer', `export const f = () => Buffer.from('');`, 'uses Buffer, which only Node has'],
    ['Buffer by globalThis', `export const f = () => globalThis.Buffer;`, 'uses Buffer, which only Node has'],
    ['Buffer as a type', `export type B = Buffer;`, 'uses Buffer, which only Node has'],
    ['process', `export const f = () => process.env;`, 'uses process, which only Node has'],
    [
      'WebAssembly',
      `export const f = () => new WebAssembly.Memory({ initial: 1 });`,
      'touches WebAssembly outside core',
    ],
    ['default export', `export default function f(): void {}`, 'has a default export'],
    ['default export, assigned', `const x = 1;\nexport default x;`, 'has a default export'],
    ['default export, renamed', `const x = 1;\nexport { x as default };`, 'has a default export'],
    ['a call at import', `export const table = makeTable();`, 'calls something at import without /* @__PURE__ */'],
    [
      'a call inside a literal',
      `export const table = { a: [new Set([1])] };`,
      'calls something at import without /* @__PURE__ */',
    ],
    [
      'a call inside a pure one',
      `export const a = /* @__PURE__ */ f(g());`,
      'calls something at import without /* @__PURE__ */',
    ],
    ['a static field', `export class A { static b = f(); }`, 'calls something at import without /* @__PURE__ */'],
    ['a statement', `register();`, 'has a statement that runs at import'],
    ['a loop', `for (const x of []) void x;`, 'has a statement that runs at import'],
    ['an import for its effects', `import '../bytes.ts';`, 'imports a file only for its effects'],
    ['waiting at import', `export const x = await Promise.resolve;`, 'waits at import'],
  ])('%s', (_name, text, message) => {
    const lines = text.split('\n').length;
    expect(broken('pkcs12/planted.ts', `/** Planted. */\n${text}\n`)).toEqual([`${lines + 1} ${message}`]);
  });

  it.each([
    ['the door of a room below', 'pkcs12/a.ts', `import { hash } from '../core/index.ts';`],
    ['a common file', 'pkcs12/a.ts', `import type { Secret } from '../secret.ts';`],
    ['its own files', 'pkcs12/sub/a.ts', `export { x } from '../oids.ts';`],
    ['noble on use', 'pkcs12/a.ts', `export const f = () => import('@noble/hashes/scrypt.js');`],
    ['a type of noble', 'pkcs12/a.ts', `import type { Hash } from '@noble/hashes/utils.js';`],
    ['node: where only Node runs', 'kmip/client/a.ts', `import { connect } from 'node:tls';`],
    ['Buffer where only Node runs', 'wallet/file/a.ts', `export const f = () => Buffer.alloc(1);`],
    ['a pure call', 'pkcs12/a.ts', `const a = /* @__PURE__ */ Symbol.for('x');`],
    [
      'calls in functions, methods and fields',
      'pkcs12/a.ts',
      `export class A { b = f(); c(): void { g(); } }\nexport const d = () => g();`,
    ],
    ['members that are called like a global', 'kmip/a.ts', `export const f = (x: { process: number }) => x.process;`],
    ['everything, for the command', 'cli/a.ts', `import { inspect } from '../inspect/index.ts';`],
    ['a program that acts', 'cli/main.ts', `import { run } from './run.ts';\nrun();`],
  ])('allows %s', (_name, file, text) => {
    expect(broken(file, text)).toEqual([]);
  });

  it.each([
    ['kmip/a.ts', `import { x } from './client/index.ts';`, "1 kmip may not import kmip/client ('./client/index.ts')"],
    ['wallet/file/a.ts', `import { x } from '../model.ts';`, "1 imports '../model.ts' past the door wallet/index.ts"],
    ['errors.ts', `import { x } from './core/index.ts';`, "1 common may not import core ('./core/index.ts')"],
    ['attic/a.ts', ``, '1 belongs to no room of the table'],
    ['attic.ts', ``, '1 belongs to no room of the table'],
  ])('nested rooms, common files and strangers: %s', (file, text, message) => {
    expect(broken(file, text)).toEqual([message]);
  });

  it('a table that points back, or from both runtimes to one', () => {
    const both = { runsIn: 'both', mayImport: ['b'] } as const;
    expect(checkTable({ a: both, b: { runsIn: 'both', mayImport: ['a'] } })).toEqual([
      'a reaches itself',
      'b reaches itself',
    ]);
    expect(checkTable({ a: both, b: { runsIn: 'Node', mayImport: [] } })).toEqual(['a (both) may import b (Node)']);
    expect(checkTable({ a: both })).toEqual(['a may import b, which is no room']);
  });
});
