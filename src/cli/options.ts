/** How options are declared, so that the help, the shells' completion and the check of what was given all say the same. */
import { Option } from 'commander';
import { oneOf } from './terminal.ts';

/** An option whose value is one of a few words. @throws {UsageError} ERR_OPTION, where the command line is read */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  const option = new Option(flags, description).choices(words);
  return option.argParser((value) => oneOf(`${option.long}`, value, words));
}

/** For an option that may be given several times. */
export const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

/** For an option that may be given several times, or once with a list between commas. */
export const collectList = (value: string, all: readonly string[] = []): readonly string[] => [
  ...all,
  ...value.split(','),
];
