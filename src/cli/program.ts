/** The table of commands: each name with the module that adds it, loaded on use. Order is that of the help. */
import type { Command } from 'commander';

const COMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  sql: async (program) => (await import('./sql.ts')).addSqlCommand(program),
  wallet: async (program) => (await import('./wallet.ts')).addWalletCommands(program),
  keyring: async (program) => (await import('./keyring.ts')).addKeyringCommands(program),
  kmip: async (program) => {
    (await import('./kmip-operations.ts')).addKmipOperations(program);
    (await import('./kmip-server.ts')).addKmipServerCommands(program);
  },
  kms: async (program) => (await import('./kms.ts')).addKmsCommands(program),
  okv: async (program) => (await import('./okv/commands.ts')).addOkvCommands(program),
  ttlv: async (program) => (await import('./ttlv.ts')).addTtlvCommands(program),
  inspect: async (program) => (await import('./inspect.ts')).addInspectCommand(program),
  demo: async (program) => (await import('./demo.ts')).addDemoCommand(program),
};

/** Adds the command of a name; all of them where no command has it. */
export async function addCommands(program: Command, name?: string): Promise<void> {
  const names = name !== undefined && Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
  for (const known of names) await COMMANDS[known]!(program);
}
