/**
 * `keyward demo`, which `npm start` runs: a KMIP server and an instance in a local folder, made when there are none; a short tour of
 * both documents' statements, keys of the keyring being kept in the server; on a terminal the prompt follows. A second start finds
 * everything of the first.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { DatabaseError } from '../errors.ts';
import { type Instance, openInstance } from '../instance/index.ts';
import { initKmipHome, type StartedKmipServer, startKmipServer } from '../kmip/server/index.ts';
import { Secret } from '../secret.ts';
import { formatError } from './exit.ts';
import { isMysql, runPrompt } from './sql.ts';
import { firstLine, formatTable, showRows } from './terminal.ts';

interface DemoOptions {
  readonly home: string;
  readonly tour?: boolean;
  readonly okv?: string;
}

/** Adds what the command takes and does. */
export function defineDemo(command: Command): void {
  command
    .description('a wallet and a KMIP server in a local folder, a tour of both, and on a terminal a prompt')
    .option('--home <dir>', 'home directory of the demo; made when missing', '.demo')
    .option('--okv <dir>', 'keep the keyring in the KMIP server that this directory names, not in one of the demo')
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

/** MySQL's keyring: the manual's statements, and between them what they made. */
const KEYRING_FIRST_TIME = ["SELECT keyring_key_generate('MyKey', 'AES', 32)"] as const;
const KEYRING_EVERY_TIME = [
  "SELECT keyring_key_type_fetch('MyKey') AS type, keyring_key_length_fetch('MyKey') AS length, keyring_key_fetch('MyKey') AS the_key",
  "SELECT keyring_key_store('Tour', 'SECRET', 'kept for the length of the tour')",
  'SELECT * FROM performance_schema.keyring_keys',
  "SELECT keyring_key_remove('Tour')",
  "SHOW VARIABLES LIKE 'keyring%'",
] as const;

const CLIENT = 'demo';

async function runDemo(options: DemoOptions): Promise<void> {
  const home = resolve(options.home);
  const isNew = !existsSync(join(home, 'wallet', 'tde', 'ewallet.p12'));
  using password = demoPassword(home);
  const binds = new Map([['pw', password]]);
  await using server = options.okv === undefined ? await startDemoServer(join(home, 'kmip'), password) : null;
  const okv = resolve(options.okv ?? join(home, 'kmip', 'clients', CLIENT));
  await using instance = await openInstance(home, { vendorExamples: true });
  print(`An instance in ${home}; the password of its wallets is in ${passwordFile(home)}, for :pw below.`);
  if (server !== null)
    print(`A KMIP server listens on ${server.host}:${server.port} (objects in it: ${server.objects}).`);
  print('');
  for (const statement of isNew ? [...FIRST_TIME, ...EVERY_TIME] : EVERY_TIME) await show(statement, instance, binds);
  await show(`SET GLOBAL keyring_okv_conf_dir = ${quote(okv)}`, instance, binds);
  const hasKey = isNew ? [] : await rowsOf("SELECT keyring_key_type_fetch('MyKey')", instance);
  if (hasKey[0]?.[0] == null) for (const statement of KEYRING_FIRST_TIME) await show(statement, instance, binds);
  for (const statement of KEYRING_EVERY_TIME) await show(statement, instance, binds);
  tellFiles(home, server, okv);
  if (options.tour === true || !process.stdin.isTTY) return;
  print('\nStatements end with a semicolon, :pw stands for the password, exit ends.\n');
  await runPrompt({ instance, binds });
}

/** The demo's own server, on a free loopback port; its home is made when there is none. */
async function startDemoServer(home: string, password: Secret): Promise<StartedKmipServer> {
  if (!existsSync(home)) await initKmipHome({ home, password, port: 0, clients: [CLIENT] });
  return await startKmipServer({ home, password });
}

async function rowsOf(statement: string, instance: Instance): Promise<readonly (readonly unknown[])[]> {
  return (await instance.run(instance.parse(statement), new Map())).rows;
}

function tellFiles(home: string, server: StartedKmipServer | null, okv: string): void {
  const wallet = join(home, 'wallet', 'tde', 'ewallet.p12');
  print(`The wallet is ${wallet}, its backups lie beside it. Other tools read it:`);
  print(`  openssl pkcs12 -info -noout -in ${wallet} -passin file:${passwordFile(home)}`);
  if (server !== null) {
    print(`The server is in ${join(home, 'kmip')}: its wallet, its objects, its clients. To serve it alone:`);
    print(`  keyward kmip serve --home ${join(home, 'kmip')} --password-file ${passwordFile(home)}`);
  }
  print(`Another client of it: ${okv} is a keyring_okv_conf_dir.`);
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
