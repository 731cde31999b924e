/** The check of the API reference finds what it is there for: each fault planted in a package of two small files. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTempFolder } from '../support/peers.ts';

const program = fileURLToPath(new URL('reference.mjs', import.meta.url));

/** Runs the check on a package with these sources; gives its warnings. */
function check(door: string): { readonly status: number | null; readonly warnings: readonly string[] } {
  using folder = makeTempFolder();
  const write = (name: string, text: string) => writeFileSync(folder.file(name), text);
  mkdirSync(folder.file('src'));
  write(
    'package.json',
    JSON.stringify({
      name: 'planted',
      type: 'module',
      version: '1.0.0',
      exports: { '.': { types: './dist/index.d.ts' }, './more': { types: './dist/more.d.ts' } },
    }),
  );
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { target: 'es2023', module: 'nodenext', strict: true, types: [] } }),
  );
  write('README.md', '# planted\n');
  write('src/index.ts', door);
  write('src/more.ts', MORE);
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, folder.path], { encoding: 'utf8' });
  const lines = stripVTControlCharacters(`${stdout}${stderr}`).split('\n');
  return {
    status,
    warnings: lines.filter((line) => /^\[(?:warning|error)\]/.test(line)).map((line) => line.replace(/^\S+ /, '')),
  };
}

const HEAD = '/**\n * A door.\n *\n * @module planted\n */\n';
const MORE = `${HEAD.replace('planted', 'planted/more')}
/** One. */
export const ONE = 1;
`;
const SOUND = `${HEAD}
/** What is made. */
export interface Made {
  /** Any. */
  readonly name: string;
}

/** Options of \`make\`. */
export interface MakeOptions {
  /** Default: no. */
  readonly twice?: boolean;
  readonly timeoutMs: number;
}

/**
 * Makes something of \`key\`, 32 bytes.
 *
 * @throws {Error} ERR_MADE, ERR_MA…
 * @example
 * const made: string = make(key, { timeoutMs: 5 }).name;
 */
export function make(key: Uint8Array, options: MakeOptions): Made {
  throw new Error('ERR_MADE' + key.length + options.twice);
}
`;

/** What is planted: a piece of the sound source, what stands in its place, and what the check says of it. */
const FAULTS: Readonly<Record<string, readonly [from: string, to: string, says: string]>> = {
  'an export without a comment': ['/** Options of `make`. */\n', '', 'MakeOptions (Interface), defined in'],
  'a type that is not exported': ['export interface Made {', 'interface Made {', 'Made, defined in'],
  'a link that leads nowhere': ['Makes something', '{@link Nothing} makes something', 'Failed to resolve link'],
  'another name than that of the import': ['@module planted', '@module other', 'modules are called other'],
  'bytes that no comment speaks of': ['of `key`, 32 bytes', '', 'does not speak of these bytes'],
  'a number without a unit': ['timeoutMs: number', 'timeout: number', 'neither comment nor name says the unit'],
  'an option without its default': ['  /** Default: no. */\n', '', 'no comment says the default'],
  'a code that nothing throws': ['ERR_MADE,', 'ERR_LOST,', 'nothing throws ERR_LOST'],
  'a class of errors that nothing exports': ['{Error}', '{LostError}', 'no export is called LostError'],
  'codes of a family of which nothing is thrown': ['ERR_MA…', 'ERR_GONE_…', 'nothing throws ERR_GONE_…'],
  'an example with an option that there is not': ['{ timeoutMs: 5 }', '{ again: true }', "'again' does not exist"],
  'an example that takes a result for what it is not': ['made: string', 'made: number', "to type 'number'"],
};

describe('npm run docs', () => {
  it('takes a package that is documented', { timeout: 120_000 }, () => {
    expect(check(SOUND)).toEqual({ status: 0, warnings: [] });
  });

  describe('finds', () => {
    let warnings: string;
    beforeAll(() => {
      let source = SOUND;
      for (const [from, to] of Object.values(FAULTS)) {
        expect(source).toContain(from);
        source = source.replace(from, to);
      }
      const checked = check(source);
      expect(checked.status).toBe(1);
      warnings = checked.warnings.join('\n');
    });

    it.each(Object.entries(FAULTS))('%s', (_, [, , says]) => {
      expect(warnings).toContain(says);
    });
  });
});
