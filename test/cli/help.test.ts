import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { EXIT, EXIT_MEANING } from '../../src/cli/exit.ts';
import { COMMAND_NAMES, makeProgram } from '../../src/cli/program.ts';
import { readPackageInfo } from '../../src/cli/version.ts';
import { parseStatement, splitScript } from '../../src/statement/index.ts';
import { splitCommandLine } from './command-line.ts';
import { commandIn } from './run.ts';

/** What `--help` of a command prints. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const leavesOf = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
const allOf = (command: Command): Command[] => [command, ...command.commands.flatMap(allOf)];

/** `keyward okv init`. */
const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

/** The examples of a help text, each as the command line that it is. */
function examplesOf(help: string): string[] {
  const joined = help.replace(/\\\n\s*/g, '');
  return [...joined.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line as string);
}

const program = await makeProgram();
const commands = allOf(program).map((command) => [nameOf(command), command] as const);

/** Reads a command line as the program would, and runs nothing. Throws for an unknown command, option or value. */
async function read(words: readonly string[]): Promise<{ name: string; options: Record<string, unknown> }> {
  const fresh = await makeProgram();
  let found: { name: string; options: Record<string, unknown> } | undefined;
  for (const command of allOf(fresh)) {
    command.configureOutput({ writeErr: () => undefined });
    if (command.commands.length === 0)
      command.action(() => {
        found = { name: nameOf(command), options: command.opts() };
      });
  }
  await fresh.parseAsync(words.slice(1), { from: 'user' });
  if (found === undefined) throw new Error(`no command in: ${words.join(' ')}`);
  return found;
}

describe('help', () => {
  it.each(leavesOf(program).map((command) => [nameOf(command), command] as const))(
    '%s shows an example',
    (name, command) => {
      const examples = examplesOf(helpOf(command));
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) expect(splitCommandLine(example).join(' ')).toContain(name);
    },
  );

  it.each(commands)('the examples of %s can be read: commands, options, values and statements', async (_, command) => {
    for (const example of examplesOf(helpOf(command))) {
      const { options } = await read(splitCommandLine(example));
      for (const script of (options.execute as readonly string[] | undefined) ?? [])
        for (const { text } of splitScript(script)) expect(() => parseStatement(text)).not.toThrow();
    }
  });

  it.each([
    ['an option that there is not', 'keyward wallet keys ./wallet --passwd x'],
    ['a command that there is not', 'keyward wallet key ./wallet'],
    ['a value that there is not', 'keyward ttlv decode --to yaml'],
    ['a missing argument', 'keyward wallet keys'],
    ['one argument too many', 'keyward wallet keys a b'],
    ['a missing option', 'keyward kmip serve --init'],
  ])('the reader of examples refuses %s', async (_, line) => {
    await expect(read(splitCommandLine(line))).rejects.toThrow();
  });

  it.each(commands)('%s fits in 80 columns, apart from examples', (_, command) => {
    const wide = helpOf(command)
      .split('\n')
      .filter((line) => line.length > 80 && !/^ {2}(?:\$| {2})/.test(line));
    expect(wide).toEqual([]);
  });

  it('lists every command in one line, then where to begin and the exit statuses', () => {
    const help = helpOf(program);
    for (const name of COMMAND_NAMES) expect(help).toMatch(new RegExp(`^ {2}${name}(?: \\S+)? {2,}\\S.*$`, 'm'));
    expect(help.split('\n').length).toBeLessThan(50);
    const told = help.replace(/\s+/g, ' ');
    for (const [name, status] of Object.entries(EXIT))
      expect(told).toContain(`${status} ${EXIT_MEANING[name as keyof typeof EXIT]}`);
  });

  it('is quick to load: a command brings its own module only', async () => {
    const one = await makeProgram(['ttlv']);
    const loaded = one.commands.filter((command) => command.commands.length + command.options.length > 0);
    expect(loaded.map((command) => command.name())).toEqual(['ttlv']);
    expect(one.commands.map((command) => command.name())).toEqual([...COMMAND_NAMES]);
  });
});

describe.concurrent('keyward', () => {
  const keyward = commandIn('.');

  it('--version prints the version of the package', async () => {
    const { version } = readPackageInfo();
    for (const flag of ['--version', '-V'])
      expect(await keyward([flag])).toEqual({ status: 0, out: `${version}\n`, err: '' });
  });

  it('without a command shows the help as an error does', async () => {
    const { status, out, err } = await keyward([]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toBe((await keyward(['--help'])).out);
  });

  it('shows the help of a command both ways, without colours', async () => {
    const asked = await keyward(['help', 'kmip']);
    expect(asked).toEqual(await keyward(['kmip', '--help']));
    expect(asked.status).toBe(0);
    expect(asked.out).toMatch(/^ {2}serve /m);
    expect(asked.out).not.toContain('\u001b');
  });

  it.each([
    [['sq'], "error: unknown command 'sq'\n(Did you mean sql?)\n(keyward --help shows the commands)\n"],
    [
      ['wallet', 'keyz'],
      "error: unknown command 'keyz'\n(Did you mean keys?)\n(keyward wallet --help shows the commands)\n",
    ],
    [
      ['inspect', '--jsn', 'x'],
      "error: unknown option '--jsn'\n(Did you mean --json?)\n(keyward inspect --help shows the options)\n",
    ],
  ])('%s: says what was meant, and where the help is', async (args, err) => {
    expect(await keyward(args)).toEqual({ status: 2, out: '', err });
  });
});
