/** `keyward sql`: statements from the arguments, a file, standard input or a prompt, run in an instance. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { StatementError, UsageError } from '../errors.ts';
import { type Explanation, type Instance, type KeyView, openInstance, type Rehearsal } from '../instance/index.ts';
import type { Secret } from '../secret.ts';
import {
  formatLogEntry,
  PRIVILEGES,
  type Privilege,
  redactStatement,
  type ScriptStatement,
  type SqlValue,
  type Statement,
  type StatementResult,
  splitScript,
} from '../statement/index.ts';
import { EXIT, exitStatus, formatError } from './exit.ts';
import { choice, collect } from './options.ts';
import { askPassword, firstLine, formatTable, printable, showRows } from './terminal.ts';

interface SqlOptions {
  readonly home: string;
  readonly execute?: readonly string[];
  readonly file?: string;
  readonly bind?: readonly string[];
  readonly json?: boolean;
  readonly explain?: boolean;
  readonly keepGoing?: boolean;
  readonly vendorExamples?: boolean;
  readonly showSecrets?: boolean;
  readonly account: string;
  readonly grant?: readonly Privilege[];
  readonly keyringChecks: (typeof GENERATIONS)[number];
  readonly keyringPlugins: boolean;
  readonly dialect: (typeof DIALECTS)[number];
  readonly kmsFetch: (typeof KMS_FETCH)[number];
  readonly profile: (typeof PROFILES)[number];
}

const GENERATIONS = ['new', 'old'] as const;
const DIALECTS = ['yashandb', 'oracle'] as const;
const KMS_FETCH = ['open', 'use'] as const;
const PROFILES = ['modern', 'oracle', 'pbmac1', 'java', 'legacy'] as const;

/** Adds what the command takes and does. */
export function defineSql(command: Command): void {
  command
    .description("run ADMINISTER KEY MANAGEMENT and MySQL's keyring statements in an instance: a home directory")
    .requiredOption('--home <dir>', 'home directory of the instance; made when missing')
    .option('-e, --execute <statement>', 'a statement to run; may be given several times', collect)
    .option('--file <file>', 'a script to run; - is standard input')
    .option('--bind <name[=@file]>', 'value of :name, asked for without echo or read from a file', collect)
    .option('--json', 'one JSON object per statement')
    .option('--explain', 'say what the statements would do, one after the other, and do nothing')
    .option('--keep-going', 'go on after an error; the exit status is that of the first')
    .option('--vendor-examples', "accept the vendor's examples as they are printed")
    .addOption(choice('--dialect <name>', 'columns and codes of the views', DIALECTS).default('yashandb'))
    .addOption(
      choice('--kms-fetch <when>', 'when keys are fetched that a KMS keeps: at open or at use', KMS_FETCH).default(
        'open',
      ),
    )
    .addOption(choice('--profile <name>', 'algorithms of a new wallet', PROFILES).default('modern'))
    .option('--show-secrets', 'print the keys that keyring_key_fetch returns, in hex')
    .option('--account <user@host>', 'CURRENT_USER(): the owner of keyring keys', 'root@localhost')
    .option('--grant <privilege,…>', 'global privileges of that account, or NONE; default all', readPrivileges)
    .addOption(choice('--keyring-checks <generation>', 'old: as before MySQL 8.0.24', GENERATIONS).default('new'))
    .option('--no-keyring-plugins', 'a fresh home has no keyring plugins and functions until they are installed')
    .addHelpText(
      'after',
      `
Examples:
  $ keyward sql --home ./demo -e "SELECT KEY_ID, TAG FROM V\\$ENCRYPTION_KEYS"
  $ keyward sql --home ./demo -e "SET GLOBAL keyring_okv_conf_dir = '/etc/mysql-keyring-okv'" \\
      -e "SELECT keyring_key_generate('MyKey', 'AES', 32)"
`,
    )
    .action(async (options: SqlOptions) => {
      process.exitCode = await runSql(options);
    });
}

/** `EXECUTE,SELECT`, or NONE; may be given several times. */
function readPrivileges(text: string, before: readonly Privilege[] = []): readonly Privilege[] {
  if (/^none$/i.test(text)) return before;
  const names = text.split(',').map((name) => name.trim().toUpperCase().replaceAll(' ', '_'));
  const unknown = names.find((name) => !(PRIVILEGES as readonly string[]).includes(name));
  if (unknown === undefined) return [...before, ...(names as Privilege[])];
  throw new UsageError('ERR_PRIVILEGE', `no privilege ${unknown}: there are ${PRIVILEGES.join(', ')}`);
}

async function runSql(options: SqlOptions): Promise<number> {
  const { dialect, profile, account, grant, keyringChecks, keyringPlugins, vendorExamples = false } = options;
  await using instance = await openInstance(options.home, {
    dialect,
    vendorExamples,
    account,
    keyringChecks,
    keyringPlugins,
    ...(grant && { privileges: grant }),
    wallet: { profile },
    kms: { fetchKeys: options.kmsFetch },
  });
  const binds = await readBinds(options.bind ?? []);
  const rehearsal = options.explain === true ? await instance.rehearse() : undefined;
  try {
    const session: SqlSession = { instance, binds, options, ...(rehearsal && { rehearsal }) };
    if (options.execute !== undefined) return await runScripts(options.execute, session);
    if (options.file !== undefined)
      return await runScripts([readFileSync(options.file === '-' ? 0 : options.file, 'utf8')], session);
    if (!process.stdin.isTTY) return await runScripts([readFileSync(0, 'utf8')], session);
    return await runPrompt(session);
  } finally {
    await rehearsal?.close();
    for (const secret of binds.values()) secret.dispose();
  }
}

/** What statements run in. */
export interface SqlSession {
  readonly instance: Instance;
  /** Only where statements are explained and not run. */
  readonly rehearsal?: Rehearsal;
  readonly binds: ReadonlyMap<string, Secret>;
  readonly options?: Pick<SqlOptions, 'json' | 'keepGoing' | 'showSecrets'>;
}

async function readBinds(specifications: readonly string[]): Promise<Map<string, Secret>> {
  const binds = new Map<string, Secret>();
  for (const specification of specifications) {
    const match = /^([A-Za-z_]\w*)(?:=@(.+))?$/.exec(specification);
    if (match === null)
      throw new UsageError('ERR_BIND', 'a bind is name or name=@file: its value never stands in the arguments');
    const [, name, file] = match as unknown as [string, string, string | undefined];
    binds.set(name, file === undefined ? await askPassword(`:${name}`) : firstLine(readFileSync(file)));
  }
  return binds;
}

async function runScripts(scripts: readonly string[], session: SqlSession): Promise<number> {
  let status = 0;
  for (const script of scripts) {
    for (const statement of splitScript(script)) {
      const failed = await runOne(statement, session);
      status ||= failed;
      if (failed !== 0 && session.options?.keepGoing !== true) return failed;
    }
  }
  return status;
}

async function runOne(statement: ScriptStatement, session: SqlSession): Promise<number> {
  const { instance, rehearsal, binds, options } = session;
  const shown = redactStatement(statement.text);
  let logged = instance.errorLog.written;
  try {
    if (rehearsal !== undefined) {
      const explanation = await rehearsal.explain(statement.text, binds);
      print(options?.json === true ? JSON.stringify(explanation) : formatExplanation(explanation));
      return EXIT.ok;
    }
    const parsed = instance.parse(statement.text);
    const { rows, ...result } = await instance.run(parsed, binds);
    // What a start logs belongs to the log: without a KMIP server the keyring is in the wallet, which is nothing to warn of here.
    if (parsed.kind === 'startup') logged = instance.errorLog.written;
    const isJson = options?.json === true;
    const shownRows = showRows(rows, {
      showSecrets: options?.showSecrets === true,
      showNull: !isJson && isMysql(parsed),
    });
    if (isJson) print(JSON.stringify({ statement: shown, ...result, rows: shownRows }));
    else printResult({ ...result, rows: shownRows });
    return 0;
  } catch (thrown) {
    const error = thrown instanceof StatementError ? inScript(thrown, statement) : thrown;
    if (options?.json === true) print(JSON.stringify({ statement: shown, error: formatError(error).split('\n')[0] }));
    process.stderr.write(`${formatError(error)}\n`);
    return exitStatus(error);
  } finally {
    printLog(instance, logged);
  }
}

/** What the error log got while a statement ran. */
function printLog(instance: Instance, since: number): void {
  for (const entry of instance.errorLog.since(since))
    if (entry.priority !== 'Note') process.stderr.write(`${printable(formatLogEntry(entry))}\n`);
}

/** Whether MySQL's client would show the rows. */
export function isMysql(statement: Statement): boolean {
  return statement.kind === 'keyring-call' || (statement.kind === 'select' && statement.schema !== null);
}

/** Moves a place in a statement to its place in the script. */
function inScript(error: StatementError, statement: ScriptStatement): StatementError {
  const line = statement.line + error.line - 1;
  const column = error.line === 1 ? statement.column + error.column - 1 : error.column;
  const message = error.message.replace(/\(line \d+, column \d+\)/, `(line ${line}, column ${column})`);
  return new StatementError(
    error.code,
    message,
    { line, column, expected: error.expected },
    error.hint === undefined ? {} : { hint: error.hint },
  );
}

interface ShownResult extends Omit<StatementResult, 'rows'> {
  readonly rows: readonly (readonly SqlValue[])[];
}

function printResult({ columns, rows, message, warnings }: ShownResult): void {
  if (columns.length > 0) print(`${formatTable(columns, rows)}\n`);
  if (message !== null) print(message);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}

/** What a statement would do, in lines for a person. */
function formatExplanation(explanation: Explanation): string {
  const { statement, refusal, files, keys, keyring, walletOpen, phase, warnings } = explanation;
  const lines = [printable(statement)];
  if (refusal !== null) lines.push(`  would be refused: ${refusal.code}: ${refusal.message}`);
  for (const { path, change } of files) lines.push(`  file ${printable(path)}: would be ${change}`);
  for (const { keyId, before, after } of keys)
    lines.push(`  key ${keyId ?? '(generated)'}: ${describeKey(before)} -> ${describeKey(after)}`);
  for (const { id, owner, change } of keyring)
    lines.push(`  keyring key '${printable(id)}' of '${printable(owner)}': would be ${change}`);
  if (walletOpen.before !== walletOpen.after)
    lines.push(`  keystore: would be ${walletOpen.after ? 'open' : 'closed'}`);
  if (phase.before !== phase.after) lines.push(`  instance: ${phase.before} -> ${phase.after}`);
  for (const warning of warnings) lines.push(`  warning: ${warning}`);
  if (lines.length === 1) lines.push('  would change nothing');
  return lines.join('\n');
}

function describeKey(key: KeyView | null): string {
  if (key === null) return 'none';
  const keeper = key.keptBy === 'provider' ? ', kept by the KMS' : '';
  return `${key.state}${key.keyTag === null ? '' : ` '${printable(key.keyTag)}'`}${keeper}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const HISTORY_LINES = 500;

/** Runs a prompt to its end; keeps a history without secrets: each statement is stored as it may be shown. */
export async function runPrompt(session: SqlSession): Promise<number> {
  const historyFile = join(session.instance.home, '.history');
  const history = existsSync(historyFile) ? readFileSync(historyFile, 'utf8').split('\n').filter(Boolean) : [];
  const terminal = createInterface({
    input: process.stdin,
    output: process.stderr,
    prompt: 'SQL> ',
    historySize: HISTORY_LINES,
    history,
  });
  let pending = '';
  terminal.prompt();
  for await (const line of terminal) {
    pending += `${line}\n`;
    if (/^\s*(exit|quit)\s*;?\s*$/i.test(pending)) break;
    if (!isComplete(pending)) {
      terminal.setPrompt('  2> ');
      terminal.prompt();
      continue;
    }
    await runScripts([pending], session);
    const shown = forHistory(pending, session.instance);
    if (shown !== null) history.unshift(shown);
    // The line as typed may hold a password: what the arrow keys bring back is the redacted one.
    (terminal as unknown as { history: string[] }).history = history.slice(0, HISTORY_LINES);
    saveHistory(historyFile, history);
    pending = '';
    terminal.setPrompt('SQL> ');
    terminal.prompt();
  }
  terminal.close();
  return 0;
}

/**
 * A line of the history; null for none. A statement that does not parse is not kept: behind a misspelt IDENTIFIED BY nobody can
 * tell that a password follows.
 */
function forHistory(text: string, instance: Instance): string | null {
  try {
    for (const statement of splitScript(text)) instance.parse(statement.text);
  } catch {
    return null;
  }
  const shown = redactStatement(text).replace(/\s+/g, ' ').trim();
  return shown === '' ? null : shown;
}

function isComplete(text: string): boolean {
  return /;\s*$/.test(text) || /^\s*(startup|shutdown)\b[^\n]*\n$/i.test(text) || text.trim() === '';
}

function saveHistory(file: string, history: readonly string[]): void {
  try {
    writeFileSync(file, `${history.slice(0, HISTORY_LINES).join('\n')}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch {
    // A home that is not there yet has no history; a prompt must not fail for want of one.
  }
}
