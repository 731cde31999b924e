import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommands } from '../../src/cli/program.ts';

/** What `--help` of a command prints. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const leavesOf = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);

/** `keyward okv init`. */
const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

const program = new Command('keyward');
await addCommands(program);

describe('help', () => {
  it.each(leavesOf(program).map((command) => [nameOf(command), command] as const))(
    '%s shows an example',
    (name, command) => {
      expect(helpOf(command)).toMatch(new RegExp(`^Examples?:\\n(?: {2}.*\\n)* {2}\\$ .*${name}\\b`, 'm'));
    },
  );

  it('is quick to load: a command brings its own module only', async () => {
    const one = new Command('keyward');
    await addCommands(one, 'ttlv');
    expect(one.commands.map((command) => command.name())).toEqual(['ttlv']);
    const all = new Command('keyward');
    await addCommands(all, 'constructor');
    expect(all.commands.length).toBeGreaterThan(5);
  });
});
