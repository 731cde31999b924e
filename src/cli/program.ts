/**
 * The program: its help, and the table of its commands, each with the module that adds its options, loaded on use. Order is that of
 * the help.
 */
import { Command, Help } from 'commander';
import { EXIT, EXIT_MEANING } from './exit.ts';
import { readPackageInfo } from './version.ts';

interface Entry {
  readonly group: string;
  /** One line of the list of commands. */
  readonly summary: string;
  /** Adds subcommands, options and what is done. */
  readonly load: (command: Command) => Promise<void>;
}

const WALLETS = 'Wallets and statements:';
const SERVERS = 'Keyrings and key servers:';
const PROGRAM = 'This program:';

const COMMANDS: Readonly<Record<string, Entry>> = {
  sql: {
    group: WALLETS,
    summary: "ADMINISTER KEY MANAGEMENT and MySQL's keyring statements",
    load: async (command) => (await import('./sql.ts')).defineSql(command),
  },
  wallet: {
    group: WALLETS,
    summary: 'look into wallets, back up, restore, compare, move to a KMS',
    load: async (command) => (await import('./wallet.ts')).defineWallet(command),
  },
  inspect: {
    group: WALLETS,
    summary: 'what a file is and what can be seen of it; the wallet page',
    load: async (command) => (await import('./inspect.ts')).defineInspect(command),
  },
  keyring: {
    group: SERVERS,
    summary: 'keys by name, in a KMIP server or in a wallet',
    load: async (command) => (await import('./keyring.ts')).defineKeyring(command),
  },
  kmip: {
    group: SERVERS,
    summary: 'single operations on a KMIP server, and a server to run',
    load: async (command) => {
      (await import('./kmip-operations.ts')).defineKmipOperations(command);
      (await import('./kmip-server.ts')).defineKmipServer(command);
    },
  },
  okv: {
    group: SERVERS,
    summary: 'the configuration directory of keyring_okv',
    load: async (command) => (await import('./okv/commands.ts')).defineOkv(command),
  },
  kms: {
    group: SERVERS,
    summary: 'key management services that protect master keys',
    load: async (command) => (await import('./kms.ts')).defineKms(command),
  },
  ttlv: {
    group: SERVERS,
    summary: 'show KMIP messages, and make them from what was shown',
    load: async (command) => (await import('./ttlv.ts')).defineTtlv(command),
  },
  demo: {
    group: PROGRAM,
    summary: 'a wallet and a KMIP server in a local folder, and a tour',
    load: async (command) => (await import('./demo.ts')).defineDemo(command),
  },
  doctor: {
    group: PROGRAM,
    summary: 'whether this machine is fit for keys, and files are kept well',
    load: async (command) => (await import('./doctor/command.ts')).defineDoctor(command),
  },
  completion: {
    group: PROGRAM,
    summary: 'completion of commands and options in bash, zsh or fish',
    load: async (command) => (await import('./completion/command.ts')).defineCompletion(command),
  },
};

/** The names of the commands. */
export const COMMAND_NAMES: readonly string[] = /* @__PURE__ */ Object.keys(COMMANDS);

/** Makes the program with all its commands; only the named ones get their options, so that no other module is loaded. */
export async function makeProgram(loaded: readonly string[] = COMMAND_NAMES): Promise<Command> {
  const program = new Command('keyward')
    .description('a keyring and a wallet for database master keys')
    .usage('<command> [options]')
    .version(readPackageInfo().version, '-V, --version', 'print the version')
    .enablePositionalOptions() // behind a command --version is that command's: of a key
    .configureHelp({ subcommandTerm })
    .addHelpText('after', () => `${BEGIN}\n\n${exitStatuses()}\n`);
  program.exitOverride(); // for the commands to come, too: what cannot be parsed is thrown
  for (const [name, { group, summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).helpGroup(group).summary(summary).description(summary);
    if (loaded.includes(name)) await load(command);
  }
  const help = new Command('help').argument('[command]').description('show the help of a command');
  program.addHelpCommand(help.helpGroup(PROGRAM));
  tellWhereHelpIs(program, 'keyward');
  return program;
}

/** What is wrong with a command line is followed by where to look. */
function tellWhereHelpIs(command: Command, path: string): void {
  command.showHelpAfterError(`(${path} --help shows ${command.commands.length > 0 ? 'the commands' : 'the options'})`);
  for (const below of command.commands) tellWhereHelpIs(below, `${path} ${below.name()}`);
}

/** `keys <path>`: without `[options]`, which all of them have. */
function subcommandTerm(command: Command): string {
  const names = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
  return [command.name(), ...names].join(' ');
}

const BEGIN = `
Begin with:
  $ keyward demo --tour                  # both kinds of statements, in a folder ./.demo
  $ keyward wallet inspect ewallet.p12   # what a wallet shows without its password
  $ keyward sql --home ./home            # a prompt for statements
  $ keyward doctor                       # whether all is well on this machine`;

function exitStatuses(): string {
  const words = Object.entries(EXIT).map(([name, status]) => `${status} ${EXIT_MEANING[name as keyof typeof EXIT]}`);
  return new Help().boxWrap(`Exit status: ${words.join(', ')}.`, 80);
}
