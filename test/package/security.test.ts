/** SECURITY.md: each guarantee names tests that there are, its links lead somewhere, its figures are those of the code. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/pkcs12/index.ts';
import { profileAlgorithms } from '../../src/pkcs12/profiles.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');
const security = read('SECURITY.md');

const sectionUnder = (heading: string): string =>
  security.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';

/** The rows of the table under a heading, as cells, without its head. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, , ...rows] = sectionUnder(heading)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return rows.map((row) => row.split('|').slice(1, -1));
}

/** The titles of the tests and groups of a file; templates as they are written. */
function titlesOf(source: string): readonly string[] {
  const call = /^\s*(?:it|test|describe)\b[^\n]*?\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/gm;
  const afterTable = /^\s*\]\)?(?: as const)?\)\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/gm;
  return [...source.matchAll(call), ...source.matchAll(afterTable)].map((match) => match[2]!.replace(/\\(.)/g, '$1'));
}

/** Of each guarantee what it says, and what shows it. */
const guarantees = sectionUnder('Guarantees')
  .replace(/^### .*$/gm, '')
  .split(/^- (?=\*\*)/m)
  .slice(1)
  .map((item) => item.split(/\n {2}- /))
  .map(([claim = '', ...proofs]) => [claim.replace(/\s+/g, ' '), proofs.join('\n')] as const);

/** `["title"](path)`. */
const proofsOf = (text: string): readonly { readonly title: string; readonly path: string }[] =>
  [...text.matchAll(/\["([^\]]+)"\]\(([^)\s]+)\)/g)].map(([, title, path]) => ({ title: title!, path: path! }));

describe('SECURITY.md', () => {
  it('has guarantees, each said in bold and shown by at least one test', () => {
    expect(guarantees.length).toBeGreaterThan(20);
    for (const [claim = '', proof = ''] of guarantees) {
      expect(claim).toMatch(/^\*\*.+\*\*/);
      expect(proofsOf(proof).length, claim).toBeGreaterThan(0);
      // Nothing stands there as a proof that is not one.
      expect(proof.match(/\[/g), claim).toHaveLength(proofsOf(proof).length);
    }
  });

  it.each(guarantees.flatMap(([claim = '', proof = '']) => proofsOf(proof).map((one) => ({ claim, ...one }))))(
    '$path has "$title"',
    ({ title, path }) => {
      expect(existsSync(root + path), path).toBe(true);
      const source = read(path);
      if (path.endsWith('.test.ts')) expect(titlesOf(source).filter((one) => one.includes(title))).not.toEqual([]);
      else expect(source).toContain(title);
    },
  );

  it('sees a title that is gone', () => {
    const source = "it('is here', () => {});\nit.each(\n  [1],\n)('%s too', () => {});\n// it('was here')\n";
    expect(titlesOf(source)).toEqual(['is here']);
    expect(titlesOf("it.each(cases)('%s', f);\nit.each([\n  1,\n])('of a table', f);")).toEqual(['%s', 'of a table']);
  });

  it('all its links lead somewhere', () => {
    const links = [...security.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter((link) => !existsSync(root + link))).toEqual([]);
  });

  it('says the figures of the code', () => {
    const number = (n: number): string => n.toLocaleString('en');
    const glance = rowsUnder('Cryptography at a glance').map((row) => row.join());
    const row = (name: string): string => glance.find((one) => one.includes(name)) ?? '';
    const modern = profileAlgorithms('modern');
    expect(modern).toMatchObject({ cipher: 'aes-256-cbc', prf: 'sha256', mac: 'pkcs12', macHash: 'sha256' });
    expect(row('wallet, encryption')).toContain(`${number(modern!.iterations)} iterations, ${modern!.saltBytes}-byte`);
    expect(row('wallet, integrity')).toContain(`${number(modern!.iterations)} iterations`);
    for (const name of ['oracle', 'java', 'legacy'] as const)
      expect(row(`\`${name}\``)).toContain(`${number(profileAlgorithms(name)!.iterations)} iterations`);
    const { maxBytes, maxIterations, maxTotalIterations, maxScryptMemoryBytes } = DEFAULT_LIMITS;
    expect(row('limits of a PKCS#12 file')).toContain(
      `${maxBytes >> 20} MiB, ${number(maxIterations)} iterations each, ${number(maxTotalIterations)} together, ` +
        `${maxScryptMemoryBytes >> 20} MiB for scrypt`,
    );
  });

  it('promises no address that nobody keeps', () => {
    expect(security).not.toMatch(/https?:|mailto:|@[a-z0-9-]+\.[a-z]/i);
  });

  it('is in the package', () => {
    expect((JSON.parse(read('package.json')) as { files: string[] }).files).toContain('SECURITY.md');
  });
});
