/**
 * `keyward demo`, which `npm start` runs: an instance in a local folder, made when there is none, and a short tour of its
 * statements; on a terminal the prompt follows. A second start finds everything of the first.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { DatabaseError } from '../errors.ts';
import { type Instance, openInstance } from '../instance/index.ts';
import { Secret } from '../secret.ts';
import { formatError } from './exit.ts';
import { isMysql, runPrompt } from './sql.ts';
import { firstLine, formatTable, showRows } from './terminal.ts';

interface DemoOptions {
  readonly home: string;
  readonly tour?: boolean;
  readonly okv?: string;
}

/** Adds the command. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('a wallet in a local folder, a tour of its statements, and on a terminal a prompt')
    .option('--home <dir>', 'home directory of the demo; made when missing', '.demo')
    .option('--okv <dir>', 'keep the keyring in the KMIP server that this directory names, not in the wallet')
    .option('--demo, --tour', 'end after the tour, on a terminal too')
    .addHelpText('after', '\nExample:\n  $ keyward demo --home ./demo\n')
    .action(runDemo);
}

const FIRST_TIME = [
  "ALTER SYSTEM SET WALLET_ROOT='wallet' SCOPE=SPFILE",
  'SHUTDOWN',
  'STARTUP',
  'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY :pw',
] as const;
const EVERY_TIME = [
  'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY :pw',
  "ADMINISTER KEY MANAGEMENT SET KEY USING TAG 'made by the tour' IDENTIFIED BY :pw WITH BACKUP",
  'SELECT KEY_ID, TAG, ACTIVATION_TIME, BACKED_UP FROM V$ENCRYPTION_KEYS ORDER BY ACTIVATION_TIME',
  'SELECT WRL_PARAMETER, STATUS, FULLY_BACKED_UP FROM V$ENCRYPTION_WALLET',
] as const;

/** MySQL's keyring: the manual's two statements, and between them what they made. */
const KEYRING = [
  "SELECT keyring_key_generate('MyKey', 'AES', 32)",
  "SELECT keyring_key_type_fetch('MyKey') AS type, keyring_key_length_fetch('MyKey') AS length, keyring_key_fetch('MyKey') AS the_key",
  'SELECT * FROM performance_schema.keyring_keys',
  "SELECT keyring_key_remove('MyKey')",
  "SHOW VARIABLES LIKE 'keyring%'",
] as const;

async function runDemo(options: DemoOptions): Promise<void> {
  const home = resolve(options.home);
  const isNew = !existsSync(join(home, 'wallet', 'tde', 'ewallet.p12'));
  using password = demoPassword(home);
  const binds = new Map([['pw', password]]);
  await using instance = await openInstance(home, { vendorExamples: true });
  print(`An instance in ${home}; its wallet's password is in ${passwordFile(home)}, for :pw below.\n`);
  for (const statement of isNew ? [...FIRST_TIME, ...EVERY_TIME] : EVERY_TIME) await show(statement, instance, binds);
  const { okv } = options;
  if (okv !== undefined) await show(`SET GLOBAL keyring_okv_conf_dir = ${quote(resolve(okv))}`, instance, binds);
  for (const statement of KEYRING) await show(statement, instance, binds);
  const tde = join(home, 'wallet', 'tde');
  print(`The wallet is ${join(tde, 'ewallet.p12')}, its backups lie beside it. Other tools read it:`);
  print(`  openssl pkcs12 -info -noout -in ${join(tde, 'ewallet.p12')} -passin file:${passwordFile(home)}`);
  if (options.tour === true || !process.stdin.isTTY) return;
  print('\nStatements end with a semicolon, :pw stands for the password, exit ends.\n');
  await runPrompt({ instance, binds });
}

/** As text of a statement of MySQL's. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Runs a statement of the tour. What the database refuses is shown, and the tour goes on: an earlier one may have been cut off. */
async function show(statement: string, instance: Instance, binds: ReadonlyMap<string, Secret>): Promise<void> {
  print(`SQL> ${statement};`);
  const parsed = instance.parse(statement);
  const result = await instance.run(parsed, binds).catch((error: unknown) => {
    if (!(error instanceof DatabaseError)) throw error;
    return { columns: [], rows: [], message: formatError(error), warnings: [] };
  });
  const { columns, rows, message, warnings } = result;
  if (columns.length > 0) print(formatTable(columns, showRows(rows, { showNull: isMysql(parsed) })));
  for (const line of [message, ...warnings.map((warning) => `warning: ${warning}`)]) if (line !== null) print(line);
  print('');
}

const passwordFile = (home: string): string => join(home, 'password');

/** The demo's password: random, in a file of its own (0600). */
function demoPassword(home: string): Secret {
  const file = passwordFile(home);
  if (existsSync(file)) return firstLine(readFileSync(file));
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const random = crypto.getRandomValues(new Uint8Array(18));
  const text = btoa(String.fromCharCode(...random)).replace(/\W/g, 'x');
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return Secret.fromText(text);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
