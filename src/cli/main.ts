#!/usr/bin/env node
/** The `keyward` command. Only the modules of the command that was asked for are loaded. */
import { Command } from 'commander';
import { EXIT, exitStatus, formatError } from './exit.ts';
import { addCommands } from './program.ts';

const program = new Command('keyward')
  .description('a keyring and a wallet for database master keys')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  })
  .showHelpAfterError('(keyward --help shows the commands)');

try {
  await addCommands(program, process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${formatError(error)}\n`);
  process.exitCode = exitStatus(error);
}
