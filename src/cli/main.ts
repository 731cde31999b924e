#!/usr/bin/env node
/** The `keyward` command. */
import { Command } from 'commander';
import { addDemoCommand } from './demo.ts';
import { EXIT, exitStatus, formatError } from './exit.ts';
import { addInspectCommand } from './inspect.ts';
import { addOkvCommands } from './okv/commands.ts';
import { addSqlCommand } from './sql.ts';
import { addTtlvCommands } from './ttlv.ts';
import { addWalletCommands } from './wallet.ts';

const program = new Command('keyward')
  .description('a keyring and a wallet for database master keys')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  })
  .showHelpAfterError('(keyward --help shows the commands)');
addSqlCommand(program);
addWalletCommands(program);
addTtlvCommands(program);
addInspectCommand(program);
addOkvCommands(program);
addDemoCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${formatError(error)}\n`);
  process.exitCode = exitStatus(error);
}
