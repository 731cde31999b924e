/** `keyward completion`: the script that completes the command in a shell. */
import { Argument, type Command } from 'commander';
import { makeProgram } from '../program.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { type CompletionCommand, describeCommand } from './model.ts';
import { zshCompletion } from './zsh.ts';

/** Adds what the command takes and does. */
export function defineCompletion(command: Command): void {
  command
    .description('print the script that completes commands, options and their values in a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: keyof typeof SHELLS) => {
      process.stdout.write(SHELLS[shell](describeCommand(await makeProgram())));
    });
}

const SHELLS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Readonly<Record<string, (program: CompletionCommand) => string>>;

const EXAMPLES = `
Examples:
  $ keyward completion bash > ~/.local/share/bash-completion/completions/keyward
  $ eval "$(keyward completion bash)"   # in ~/.bashrc, without the package bash-completion
  $ keyward completion zsh > ~/.zfunc/_keyward   # fpath+=(~/.zfunc) before compinit in ~/.zshrc
  $ keyward completion fish > ~/.config/fish/completions/keyward.fish

A script in a file is made anew after an update of keyward.
`;
