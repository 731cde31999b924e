#!/usr/bin/env node
/** The `keyward` command. Only the modules of the command that was asked for are loaded. */
import { CommanderError } from 'commander';
import { EXIT, exitStatus, formatError } from './exit.ts';
import { COMMAND_NAMES, makeProgram } from './program.ts';

// The command is the first word that is one: also in `keyward help sql`.
const named = process.argv.slice(2).find((word) => COMMAND_NAMES.includes(word));

try {
  const program = await makeProgram(named === undefined ? [] : [named]);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage; // it has said already what is wrong
  } else {
    process.stderr.write(`${formatError(error)}\n`);
    process.exitCode = exitStatus(error);
  }
}
