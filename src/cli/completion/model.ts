/**
 * What a shell can complete of the command: read off the tree of commands, so that it says what the commands themselves take. What
 * a value is, is told by the option's choices, else by its placeholder: `<dir>` is a directory, `<file>` a file.
 */
import type { Argument, Command, Option } from 'commander';

/** What completes a value: names of files or directories, words, or (`none`) nothing that a shell could know. */
export type Value = 'file' | 'directory' | 'none' | readonly string[];

/** An option. */
export interface CompletionOption {
  /** `-e` and `--execute`. */
  readonly flags: readonly string[];
  readonly summary: string;
  /** What the value is called and what completes it; null for an option without a value. */
  readonly value: { readonly name: string; readonly kind: Value } | null;
  /** Whether it may be given again. */
  readonly repeats: boolean;
  /** Whether it takes all the words up to the next option. */
  readonly variadic: boolean;
}

/** A command with those below it. */
export interface CompletionCommand {
  /** From the program on, which itself has none: `['wallet', 'inspect']`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly commands: readonly CompletionCommand[];
  readonly options: readonly CompletionOption[];
  /** Its arguments, all completed in one way; null for a command without. */
  readonly argument: { readonly name: string; readonly kind: Value } | null;
}

/** Reads the tree of commands. */
export function describeCommand(command: Command, path: readonly string[] = []): CompletionCommand {
  const help = command.createHelp();
  // With the implicit ones: `help`, whose argument is a command beside it, and `--help`.
  const commands = help.visibleCommands(command);
  const names = commands.map((one) => one.name());
  const below = commands.map((one) => {
    const described = describeCommand(one, [...path, one.name()]);
    return one.name() === 'help' ? { ...described, argument: { name: 'command', kind: names } } : described;
  });
  return {
    path,
    summary: command.summary() || command.description(),
    commands: below,
    options: help.visibleOptions(command).map(describeOption),
    argument: describeArgument(command.registeredArguments[0]),
  };
}

/** All commands of a tree, itself first. */
export function listCommands(command: CompletionCommand): CompletionCommand[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

function describeOption(option: Option): CompletionOption {
  const name = /[<[](.+?)(?:\.\.\.)?[>\]]$/.exec(option.flags)?.[1];
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    summary: option.description,
    value: name === undefined ? null : { name, kind: option.argChoices ?? kindOf(name) },
    // A parser of its own, where there are no choices to check, adds to what was there before.
    repeats: option.parseArg !== undefined && option.argChoices === undefined,
    variadic: option.variadic,
  };
}

function describeArgument(argument: Argument | undefined): CompletionCommand['argument'] {
  if (argument === undefined) return null;
  return { name: argument.name(), kind: argument.argChoices ?? kindOf(argument.name()) };
}

/** What a placeholder says. */
export function kindOf(name: string): Value {
  if (FILES.includes(name)) return 'file';
  return DIRECTORIES.includes(name) ? 'directory' : 'none';
}

const FILES: readonly string[] = ['file', 'files', 'path', 'out', 'backup', 'url-file', 'first', 'second'];
const DIRECTORIES: readonly string[] = ['dir', 'directory'];
