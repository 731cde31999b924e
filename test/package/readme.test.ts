/**
 * What the README and the guides show runs as it stands: `js` blocks as programs, `bash` blocks of a page one after the other in one
 * empty folder, as their reader would, and a `text` block behind one is what it prints. `sh` blocks are for a clone, and CI runs them.
 * What they say about commands, subpaths, support and speed is what the code says (tables.ts).
 */
import { type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grammarKinds, type Language, shownKinds, TABLES } from './tables.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const GUIDES = ['docs/wallet.md', 'docs/keyring.md', 'docs/kmip.md', 'docs/kms.md', 'docs/core.md'];
const PAGES = ['README.md', ...GUIDES];
const LANGUAGES: readonly (readonly [string, Language])[] = [
  ['README.md', 'en'],
  ['README.zh.md', 'zh'],
];
const manifest = JSON.parse(read('package.json')) as {
  name: string;
  exports: Record<string, unknown>;
  scripts: Record<string, string>;
};

interface Block {
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a page. */
function blocks(page: string, ...languages: string[]): Block[] {
  const text = read(page);
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
    .map((m) => ({ line: text.slice(0, m.index).split('\n').length, language: m[1]!, code: m[2]! }))
    .filter(({ language }) => languages.length === 0 || languages.includes(language));
}

/** A folder as someone has it who installed the package. */
function installedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-readme-'));
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/keyward'), 'dir');
  symlinkSync('../keyward/dist/cli/main.js', join(folder, 'node_modules/.bin/keyward'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "reader", "private": true }\n');
  return folder;
}

describe.each(PAGES)('examples of %s', (page) => {
  const programs = blocks(page, 'js');
  const commands = blocks(page, 'bash');
  let folder = '';
  beforeAll(() => {
    folder = installedFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are there, and dist/ to run them on', () => {
    expect(programs.length + commands.length).toBeGreaterThan(0);
    expect(existsSync(join(root, 'dist/index.js')), 'dist/ is missing: npm run build').toBe(true);
  });

  it.each(programs)('line $line prints what it says', ({ code }) => {
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' });
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

  if (commands.length > 0)
    it('the commands of the page, one after the other', async () => {
      const port = await freePort();
      const script = commands.map(({ code, line }) => `echo '>>> ${line}'\n${waited(code.replaceAll('5696', port))}`);
      const run = await runScript(script.join('\n'), folder);
      expect(run.status, run.stdout + run.stderr).toBe(0);
      const parts = run.stdout.split(/^>>> /m).map((part) => [Number.parseInt(part, 10), part.replace(/^\d+\n/, '')]);
      const printed = new Map(parts as [number, string][]);
      const all = blocks(page);
      for (const { line } of commands) {
        const next = all[all.findIndex((block) => block.line === line) + 1];
        if (next?.language === 'text') expect(printed.get(line)).toBe(next.code);
      }
    });
});

/** A port that nobody listens on, in place of the usual one. */
async function freePort(): Promise<string> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return String(port);
}

/** Runs a script in a process group of its own, and ends what it left running in the background. */
async function runScript(
  script: string,
  cwd: string,
): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const env = { ...process.env, npm_config_offline: 'true', npm_config_loglevel: 'error', NO_COLOR: '1' };
  const stdio = ['ignore', 'pipe', 'pipe'] satisfies StdioOptions;
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd, env, stdio, detached: true });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    shell[stream]?.setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text;
    });
  try {
    const [status] = (await once(shell, 'close', { signal: AbortSignal.timeout(150_000) })) as [number | null];
    return { ...printed, status };
  } finally {
    try {
      process.kill(-shell.pid!, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') console.error(error);
    }
  }
}

let jobs = 0;

/** Waits behind a command in the background until it listens; a person is slow enough. */
function waited(code: string): string {
  return code.replace(/^(.+) &$/gm, (_, command: string) => {
    const log = `background-${++jobs}.log`;
    return `${command} > ${log} 2>&1 &\nuntil grep -qs '^listening' ${log}; do kill -0 $! || { cat ${log} >&2; exit 1; }; sleep 0.1; done`;
  });
}

describe('facts', () => {
  it('every npm script that the README names exists, and it names every one', () => {
    const named = new Set(
      [...read('README.md').matchAll(/\bnpm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)(?= |`|$|\n)/g)].map((m) => m[1]!),
    );
    for (const own of ['ci', 'install']) named.delete(own);
    expect([...named].sort()).toEqual(Object.keys(manifest.scripts).sort());
  });

  it.each(LANGUAGES)('the table of subpaths in %s is that of package.json', (page) => {
    const rows = read(page)
      .split('\n')
      .filter((line) => line.startsWith('| `keyward') && !line.includes(' KiB '));
    const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!));
    const real = Object.keys(manifest.exports).filter((path) => path !== './package.json');
    expect(named.sort()).toEqual(real.map((path) => manifest.name + path.slice(1)).sort());
  });

  it('CI runs the commands that the README gives for a clone', () => {
    const ci = read('.ci/run');
    const given = blocks('README.md', 'sh');
    expect(given.length).toBeGreaterThan(2);
    for (const { code } of given) for (const command of code.trim().split(' && ')) expect(ci).toContain(command);
  });

  it('the table of statements has every kind of the grammar, each by a statement of that kind', () => {
    for (const { kind, parsed } of shownKinds()) expect(parsed).toBe(kind);
    expect(
      shownKinds()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual([...grammarKinds()].sort());
  });

  it.each(LANGUAGES)('the tables of %s are what the code says', (page, language) => {
    const text = read(page);
    let made = text;
    for (const [name, make] of Object.entries(TABLES)) {
      const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
      expect(text, `a place for ${name}`).toMatch(place);
      made = made.replace(place, (_, start: string, end: string) => `${start}\n${make(language)}\n\n${end}`);
    }
    if (process.env.KEYWARD_WRITE === '1') writeFileSync(join(root, page), made);
    else expect(text).toBe(made);
  });

  it('the Chinese README shows the same blocks, pictures and headings', () => {
    const shape = (page: string) =>
      [...read(page).matchAll(/^(#+) |!\[[^\]]*\]\(([^)]+)\)/gm)].map((m) => m[1] ?? m[2]);
    const code = (page: string) => blocks(page).map(({ code: text }) => text.replace(/ *\/\/ .*$/gm, ''));
    expect(shape('README.zh.md')).toEqual(shape('README.md'));
    expect(code('README.zh.md')).toEqual(code('README.md'));
  });

  it.each([...PAGES, 'README.zh.md', 'SECURITY.md', 'CHANGELOG.md'])('the links of %s lead somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1]!);
    for (const link of links.filter((target) => !/^https?:/.test(target))) {
      const [file, anchor] = link.split('#') as [string, string | undefined];
      const target = join(root, dirname(page), file === '' ? page.split('/').at(-1)! : file);
      expect(existsSync(target), link).toBe(true);
      if (anchor !== undefined && statSync(target).isFile())
        expect(anchors(readFileSync(target, 'utf8')), link).toContain(anchor);
    }
  });
});

/** The anchors of a page's headings. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((m) =>
    m[1]!
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
