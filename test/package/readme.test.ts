/** The README's examples run as they stand, and what it says about commands and subpaths is what package.json says. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  name: string;
  exports: Record<string, unknown>;
  scripts: Record<string, string>;
};

/** The fenced blocks of one language, each with its line. */
function blocks(language: string): { readonly line: number; readonly code: string }[] {
  const found = readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...found].map((m) => ({ line: readme.slice(0, m.index).split('\n').length, code: m[1]! }));
}

describe('README examples', () => {
  const examples = blocks('js');

  it('are there, and dist/ to run them on', () => {
    expect(examples.length).toBeGreaterThan(2);
    expect(existsSync(`${root}dist/index.js`), 'dist/ is missing: npm run build').toBe(true);
  });

  it.each(examples)('line $line prints what it says', ({ code }) => {
    // From the root the package finds itself by name, as its users do.
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    // Each console.log with a comment behind it says its line of output, in this order.
    const printed = run.stdout.split('\n');
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map((m) => m[1]!);
    expect(said.length).toBeGreaterThan(0);
    for (const line of said) {
      const at = printed.indexOf(line);
      expect(at, `"${line}" among what was printed: ${printed.join(' | ')}`).toBeGreaterThanOrEqual(0);
      printed.splice(0, at + 1);
    }
  });
});

describe('README facts', () => {
  it('every npm script that it names exists, and it names every one', () => {
    const named = new Set([...readme.matchAll(/npm (?:run )?(start|test|[a-z:]+)(?= |`|$|\n)/g)].map((m) => m[1]!));
    named.delete('ci');
    expect([...named].sort()).toEqual(Object.keys(manifest.scripts).sort());
  });

  it('the table of subpaths is that of package.json', () => {
    const table = readme.slice(readme.indexOf('## Subpaths'), readme.indexOf('## Limits'));
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!));
    const real = Object.keys(manifest.exports).filter((path) => path !== './package.json');
    expect(named.sort()).toEqual(real.map((path) => manifest.name + path.slice(1)).sort());
  });

  it('CI runs the commands that it gives', () => {
    const ci = readFileSync(`${root}.ci/run`, 'utf8');
    for (const { code } of blocks('sh')) for (const command of code.trim().split(' && ')) expect(ci).toContain(command);
  });
});
