/**
 * `keyward completion`: what the scripts complete, asked of the shells themselves. Bash runs the function on words; fish has a command
 * that says what it would complete; zsh, and bash once more, are typed at on a pseudo terminal.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { describeCommand, kindOf, listCommands } from '../../src/cli/completion/model.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { hasPeer, makeTempFolder, runPeer, type TempFolder } from '../support/peers.ts';
import { commandIn } from './run.ts';

const program = describeCommand(await makeProgram());
const commands = listCommands(program);

/** Where completion is asked for, and the home of the shells, with the scripts in it. */
let folder: TempFolder;
let home: TempFolder;
beforeAll(() => {
  folder = makeTempFolder();
  home = makeTempFolder();
  for (const [shell, make] of [
    ['bash', bashCompletion],
    ['zsh', zshCompletion],
    ['fish', fishCompletion],
  ] as const)
    writeFileSync(home.file(`keyward.${shell}`), make(program));
  mkdirSync(folder.file('my wallets'));
  writeFileSync(folder.file('my wallets/ewallet.p12'), '');
  writeFileSync(folder.file('ewallet.p12'), '');
});
afterAll(() => {
  folder[Symbol.dispose]();
  home[Symbol.dispose]();
});

/** Runs a shell on a text of its language, in the folder with the scripts. */
function run(shell: string, args: readonly string[], text: string): string {
  const { status, stdout, stderr } = runPeer(shell, [...args, '-c', text], {
    cwd: folder.path,
    env: { HOME: home.path, XDG_CONFIG_HOME: home.path, XDG_DATA_HOME: home.path, LC_ALL: 'C.UTF-8' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return String(stdout);
}

/** Types keys at an interactive shell, once it is ready, in which `keyward` says its arguments; what it said. */
function typeAt(shell: string, start: string, keys: string): Promise<string[]> {
  return new Promise((done, failed) => {
    const child = spawn('script', ['-qec', shell, '/dev/null'], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, HOME: home.path, ZDOTDIR: home.path, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
    });
    let shown = '';
    let started = false;
    child.stdout.on('data', (chunk) => {
      shown += chunk;
      if (started || !shown.includes('READY:')) return;
      started = true;
      child.stdin.write(keys);
    });
    child.on('error', failed);
    child.on('close', () => done([...shown.matchAll(/<([^<>\r\n]*)>\r?\n/g)].map(([, said]) => said as string)));
    // Said in two halves, so that the terminal's echo of the line is not taken for it.
    child.stdin.write(`${start}; keyward() { printf '<%s>\\n' "$*"; }; printf '%s%s' READ Y:\r`);
  });
}

/** What may follow each command: what all shells must agree on. */
const expected = commands.map(({ path, commands: below, options }) => ({
  path,
  below: below.map((one) => String(one.path.at(-1))).sort(),
  flags: options.flatMap(({ flags }) => flags).sort(),
}));

describe('what can be completed', () => {
  it('is all of the tree: its commands, the options of each, their choices', () => {
    expect(commands.map(({ path }) => path.join(' '))).toEqual(expect.arrayContaining(['', 'sql', 'kmip client add']));
    const decode = commands.find(({ path }) => path.join(' ') === 'ttlv decode');
    expect(decode?.options.find(({ flags }) => flags.includes('--to'))?.value?.kind).toEqual(['text', 'xml', 'json']);
    expect(decode?.argument).toEqual({ name: 'file', kind: 'file' });
  });

  it('knows of every placeholder whether it is a file, a directory or neither', () => {
    const names = commands.flatMap(({ options, argument }) => [
      ...options.flatMap(({ value }) => (value === null || Array.isArray(value.kind) ? [] : [value.name])),
      ...(argument === null || Array.isArray(argument.kind) ? [] : [argument.name]),
    ]);
    const neither = [...new Set(names)].filter((name) => kindOf(name) === 'none').sort();
    // A new one is either a word for something else, to be added here, or a path, to be named <file> or <dir>.
    expect(neither).toEqual([
      'account',
      'action=code[:times]',
      'address',
      'bits',
      'bytes',
      'fault',
      'host:port',
      'id',
      'kind:path',
      'ms',
      'name',
      'name=text',
      'name[=@file]',
      'number',
      'port',
      'privilege,…',
      'seconds',
      'statement',
      'text',
      'type',
      'user@host',
    ]);
  });

  it('has only words that need no quotes, and arguments of one kind', async () => {
    for (const { options, argument } of commands)
      for (const kind of [...options.map(({ value }) => value?.kind), argument?.kind])
        if (Array.isArray(kind)) for (const word of kind) expect(word).toMatch(/^[\w.-]+$/);
    const everyone = [await makeProgram()];
    for (const command of everyone) {
      everyone.push(...command.commands);
      const kinds = new Set(command.registeredArguments.map((argument) => JSON.stringify(kindOf(argument.name()))));
      expect(kinds.size).toBeLessThanOrEqual(1);
    }
  });

  it('is printed by the command, and no other shell', async () => {
    const keyward = commandIn(folder.path);
    expect(await keyward(['completion', 'bash'])).toEqual({ status: 0, out: bashCompletion(program), err: '' });
    expect(await keyward(['completion', 'tcsh'])).toMatchObject({ status: 2, out: '' });
  });
});

describe('bash', () => {
  /** Completes the last word of each line; without a terminal, names of files are completed by compgen. */
  const complete = (lines: readonly (readonly string[])[]): string[][] => {
    const calls = lines.map(
      (words) =>
        `COMP_WORDS=(keyward ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _keyward; echo "\${COMPREPLY[*]}"`,
    );
    const text = `set -u; source ~/keyward.bash; IFS='|'; ${calls.join('\n')}`;
    const said = run('bash', ['--norc', '--noprofile'], text).trimEnd().split('\n');
    return said.map((line) => line.split('|').filter(Boolean));
  };

  it('completes every command and every option of the tree', () => {
    const below = complete(expected.map(({ path }) => [...path, '']));
    const flags = complete(expected.map(({ path }) => [...path, '-']));
    for (const [i, { path, ...wanted }] of expected.entries()) {
      if (wanted.below.length > 0) expect([path, below[i]?.sort()]).toEqual([path, wanted.below]);
      expect([path, flags[i]?.sort()]).toEqual([path, wanted.flags]);
    }
  });

  it.each([
    ['a beginning of a command', ['wal'], ['wallet']],
    ['a subcommand, behind an option', ['--help', 'kmip', 'client', 'a'], ['add']],
    ['a choice', ['ttlv', 'decode', '--to', ''], ['text', 'xml', 'json']],
    ['a choice behind =, where bash parts the word', ['ttlv', 'decode', '--to', '='], ['text', 'xml', 'json']],
    ['a beginning of a choice behind =', ['ttlv', 'decode', '--to', '=', 'j'], ['json']],
    ['an option', ['sql', '--ex'], ['--execute', '--explain']],
    [
      'an option behind values that look like commands',
      ['sql', '--home', 'wallet', '--file', 'kmip', '--ji', '--js'],
      ['--json'],
    ],
    ['a file as an argument', ['wallet', 'inspect', 'ew'], ['ewallet.p12']],
    ['a file as a value', ['sql', '--file', ''], ['my wallets', 'ewallet.p12']],
    ['a directory, and no file', ['sql', '--home', ''], ['my wallets']],
    ['one file after the other', ['okv', 'init', 'dir', '--from-pem', 'ewallet.p12', 'ew'], ['ewallet.p12']],
    ['an option behind them', ['okv', 'init', 'dir', '--from-pem', 'ewallet.p12', '--c'], ['--ca']],
    ['an argument behind a value', ['wallet', 'keys', '--password-file', 'x', 'ew'], ['ewallet.p12']],
    ['nothing of what cannot be known', ['kmip', 'get', ''], []],
    ['nothing behind an option that takes anything', ['sql', '-e', ''], []],
    [
      'the options of a command without arguments',
      ['demo', ''],
      ['--home', '--okv', '--demo', '--tour', '-h', '--help'],
    ],
    ['the commands that help is about', ['help', 'ins'], ['inspect']],
    ['nothing of an unknown command', ['nothing', 'x'], []],
  ])('completes %s', (_, words, wanted) => {
    expect(complete([words])[0]?.sort()).toEqual([...wanted].sort());
  });

  it('is asked for the command', () => {
    expect(run('bash', ['--norc'], 'source ~/keyward.bash; complete -p keyward')).toBe(
      'complete -F _keyward keyward\n',
    );
  });

  it.runIf(hasPeer('script'))('completes what is typed, file names with spaces quoted', async () => {
    const said = await typeAt(
      'bash --norc --noprofile -i',
      'source ~/keyward.bash',
      'keyward wal\tins\t./my\tew\t\rkeyward sql --hom\tmy\t --dia\tor\t\rexit\r',
    );
    expect(said).toEqual(['wallet inspect ./my wallets/ewallet.p12', 'sql --home my wallets/ --dialect oracle']);
  });
});

describe.skipIf(!hasPeer('fish'))('fish', () => {
  /** What would be completed, without its descriptions. */
  const complete = (lines: readonly string[]): string[][] => {
    const calls = lines.map((line) => `complete -C '${line}'; echo ==`);
    const said = run('fish', ['--no-config'], `source ~/keyward.fish; ${calls.join('; ')}`);
    return said.split(/^==\n/m).map((part) => part.split('\n').flatMap((line) => line.split('\t')[0] || []));
  };

  it('completes every command and every option of the tree', () => {
    const below = complete(expected.map(({ path }) => `keyward ${path.join(' ')} `.replace('  ', ' ')));
    const flags = complete(expected.map(({ path }) => `keyward ${path.join(' ')} -`.replace('  ', ' ')));
    for (const [i, { path, ...wanted }] of expected.entries()) {
      if (wanted.below.length > 0) expect([path, below[i]?.sort()]).toEqual([path, wanted.below]);
      expect([path, flags[i]?.sort()]).toEqual([path, wanted.flags]);
    }
  });

  it.each([
    ['a beginning of a command', 'wal', ['wallet']],
    ['a subcommand, behind an option', '--help kmip client a', ['add']],
    ['a choice', 'ttlv decode --to ', ['text', 'xml', 'json']],
    ['a choice behind =', 'ttlv decode --to=j', ['--to=json']],
    ['an option behind values that look like commands', 'sql --home wallet --file kmip --js', ['--json']],
    ['a file as an argument', 'wallet inspect ew', ['ewallet.p12']],
    ['a directory, and no file', 'sql --home ', ['my wallets/']],
    ['nothing of what cannot be known', 'kmip get ', []],
    ['the commands that help is about', 'help ins', ['inspect']],
  ])('completes %s', (_, line, wanted) => {
    expect(complete([`keyward ${line}`])[0]?.sort()).toEqual([...wanted].sort());
  });
});

describe.skipIf(!hasPeer('zsh') || !hasPeer('script'))('zsh', () => {
  it('is asked for the command, sourced and from $fpath', () => {
    const ask = 'print -r -- $_comps[keyward]';
    const start = 'autoload -Uz compinit && compinit -u -D';
    expect(run('zsh', ['-f'], `${start}; source ~/keyward.zsh; ${ask}`)).toBe('_keyward\n');
    expect(run('zsh', ['-f'], `mkdir ~/f; cp ~/keyward.zsh ~/f/_keyward; fpath=(~/f $fpath); ${start}; ${ask}`)).toBe(
      '_keyward\n',
    );
  });

  it('has every command and every option of the tree', () => {
    const list = commands.map(({ path }) => `functions ${['_keyward', ...path].join('_')}`);
    const functions = run('zsh', ['-f'], `compdef() { :; }; source ~/keyward.zsh; ${list.join('; ')}`);
    for (const { below, flags } of expected) {
      for (const flag of flags) expect(functions).toMatch(new RegExp(`['{,*]${flag}[=+[,}]`));
      for (const name of below) expect(functions).toContain(`'${name}:`);
    }
  });

  it('completes what is typed', async () => {
    const start = 'autoload -Uz compinit && compinit -u -D; source ~/keyward.zsh; unsetopt beep';
    const said = await typeAt(
      'zsh -f -i',
      start,
      [
        'keyward wal\tins\tew\t\r',
        'keyward sql --hom\tmy\t ',
        '--dia\tor\t\r',
        'keyward kmip cl\tad\tdb1 --ren\t\r',
        'keyward ttlv dec\t--to=j\t\r',
        'keyward okv init x --from-pem ew\tew\tew\t--c\tew\t\r',
        'exit\r',
      ].join(''),
    );
    expect(said).toEqual([
      'wallet inspect ewallet.p12',
      'sql --home=my wallets --dialect=oracle', // zsh takes the slash away at a space
      'kmip client add db1 --renew',
      'ttlv decode --to=json',
      'okv init x --from-pem ewallet.p12 ewallet.p12 ewallet.p12 --ca=ewallet.p12',
    ]);
  });
});
