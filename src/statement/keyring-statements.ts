/**
 * The statements around MySQL's keyring functions: variables, plugins, functions, ALTER INSTANCE, and the tables that show the
 * keyring. Each asks for the privileges that MySQL asks for. Layer: statement, pure.
 */
import { type DatabaseError, type ErrorDetails, StatementError } from '../errors.ts';
import type { KeyringStatement, SelectStatement } from './ast.ts';
import type { CallSecrets } from './call-secrets.ts';
import { databaseError } from './database-errors.ts';
import { errorLogView } from './error-log.ts';
import type { StatementResult } from './host.ts';
import { hintOf, isServiceFailure } from './keyring-failures.ts';
import { findKeyringFunction, runKeyringCalls } from './keyring-functions.ts';
import type { KeyringHost, PluginName, Privilege } from './keyring-host.ts';
import { like, type Table } from './select.ts';

/** Runs a statement of the MySQL keyring. @throws {DatabaseError} with MySQL's number and text */
export async function runKeyringStatement(
  statement: KeyringStatement,
  host: KeyringHost,
  secrets: CallSecrets,
): Promise<StatementResult> {
  switch (statement.kind) {
    case 'keyring-call':
      return await runKeyringCalls(statement.calls, host, secrets);
    case 'set-global':
      return await setGlobal(statement, host);
    case 'show-variables':
      return showVariables(statement.pattern, host);
    case 'install-plugin':
      return await installPlugin(statement, host);
    case 'uninstall-plugin':
      return await uninstallPlugin(statement.name, host);
    case 'create-function':
      return await createFunction(statement, host);
    case 'drop-function':
      return await dropFunction(statement, host);
    case 'alter-instance':
      return statement.action === 'reload-keyring' ? await reloadKeyring(host) : await rotateMasterKey(host);
  }
}

const DONE: StatementResult = { columns: [], rows: [], message: 'Query OK, 0 rows affected', warnings: [] };

// ------------------------------------------------------------------------------------------------------------ variables

const CONF_DIR = 'keyring_okv_conf_dir';
const OPERATIONS = 'keyring_operations';

async function setGlobal(
  { name, value, persist }: KeyringStatement & { kind: 'set-global' },
  host: KeyringHost,
): Promise<StatementResult> {
  if (name === OPERATIONS) {
    if (persist) throw databaseError(1238, [name, 'non persistent']);
    assertMayChangeOperations(host);
    host.operations = booleanOf(name, value ?? 'ON');
    return DONE;
  }
  if (name !== CONF_DIR || !host.plugins.has('keyring_okv')) throw databaseError(1193, [name]);
  assertPrivilege(host, ['SUPER', 'SYSTEM_VARIABLES_ADMIN']);
  const warnings = await refusing(
    (details) => databaseError(1231, [name, value ?? ''], details),
    () => host.useConfDir(value ?? ''),
  );
  if (persist) await host.persistConfDir();
  return { ...DONE, warnings };
}

/** ENCRYPTION_KEY_ADMIN, and SYSTEM_VARIABLES_ADMIN or the deprecated SUPER. */
function assertMayChangeOperations({ privileges }: KeyringHost): void {
  if (!privileges.has('ENCRYPTION_KEY_ADMIN')) throw databaseError(3202, ['ENCRYPTION_KEY_ADMIN']);
  if (!privileges.has('SYSTEM_VARIABLES_ADMIN') && !privileges.has('SUPER'))
    throw databaseError(3202, ['SYSTEM_VARIABLES_ADMIN']);
}

function booleanOf(name: string, value: string): boolean {
  if (/^(?:on|true|1)$/i.test(value)) return true;
  if (/^(?:off|false|0)$/i.test(value)) return false;
  throw databaseError(1231, [name, value]);
}

function showVariables(pattern: string | null, host: KeyringHost): StatementResult {
  const variables: readonly (readonly [string, string])[] = [
    ...(host.plugins.has('keyring_okv') ? [[CONF_DIR, host.confDir] as const] : []),
    [OPERATIONS, host.operations ? 'ON' : 'OFF'],
  ];
  const rows = variables.filter(([name]) => pattern === null || like(name, pattern.toLowerCase(), '\\'));
  return { columns: ['Variable_name', 'Value'], rows, message: null, warnings: [] };
}

// --------------------------------------------------------------------------------------------------- plugins, functions

const PLUGINS: readonly string[] = ['keyring_udf', 'keyring_okv'] satisfies readonly PluginName[];

async function installPlugin(
  { name, library }: KeyringStatement & { kind: 'install-plugin' },
  host: KeyringHost,
): Promise<StatementResult> {
  const plugin = name.toLowerCase();
  if (!host.privileges.has('INSERT')) throw tableDenied('INSERT', 'plugin', host);
  assertLibrary(library, PLUGINS);
  if (!isPlugin(plugin) || libraryName(library) !== plugin) throw databaseError(1127, [name]);
  if (host.plugins.has(plugin)) throw databaseError(1125, [name]);
  await host.setPlugin(plugin, true);
  return DONE;
}

async function uninstallPlugin(name: string, host: KeyringHost): Promise<StatementResult> {
  const plugin = name.toLowerCase();
  if (!host.privileges.has('DELETE')) throw tableDenied('DELETE', 'plugin', host);
  if (!isPlugin(plugin) || !host.plugins.has(plugin)) throw databaseError(1305, ['PLUGIN', name]);
  await host.setPlugin(plugin, false);
  return DONE;
}

async function createFunction(
  { name, returns, library }: KeyringStatement & { kind: 'create-function' },
  host: KeyringHost,
): Promise<StatementResult> {
  if (!host.privileges.has('INSERT')) throw schemaDenied(host);
  if (host.functions.has(name)) throw databaseError(1125, [name]);
  assertLibrary(library, ['keyring_udf']);
  const known = findKeyringFunction(name);
  if (known === null) throw databaseError(1127, [name]);
  // MySQL believes what it is told here, and misreads the results.
  if (known.returns !== returns)
    throw new StatementError('ERR_STATEMENT_RETURNS', `${name} returns ${known.returns.toUpperCase()}`, {
      line: 1,
      column: 1,
      expected: [`RETURNS ${known.returns.toUpperCase()}`],
    });
  await host.setFunction(name, true);
  return DONE;
}

async function dropFunction(
  { name, ifExists }: KeyringStatement & { kind: 'drop-function' },
  host: KeyringHost,
): Promise<StatementResult> {
  if (!host.privileges.has('DELETE')) throw schemaDenied(host);
  if (host.functions.has(name)) await host.setFunction(name, false);
  else {
    const absent = databaseError(1305, ['FUNCTION (UDF)', name]);
    if (!ifExists) throw absent;
    return { ...DONE, warnings: [`Note 1305: ${absent.sqlMessage}`] };
  }
  return DONE;
}

const isPlugin = (name: string): name is PluginName => PLUGINS.includes(name);
const libraryName = (library: string): string => library.replace(/\.(?:so|dll)$/, '');

function assertLibrary(library: string, known: readonly string[]): void {
  if (known.includes(libraryName(library))) return;
  const reason = `${library}: cannot open shared object file: No such file or directory`;
  throw databaseError(1126, [library, 0, reason]);
}

// ------------------------------------------------------------------------------------------------------- ALTER INSTANCE

async function reloadKeyring(host: KeyringHost): Promise<StatementResult> {
  assertPrivilege(host, ['ENCRYPTION_KEY_ADMIN']);
  await refusing(
    (details) => databaseError(4035, [], details),
    () => host.reload(),
  );
  return DONE;
}

/** Makes the next master key of InnoDB: `INNODBKey-<server uuid>-<n>`, of no owner. The older ones stay. */
async function rotateMasterKey(host: KeyringHost): Promise<StatementResult> {
  assertPrivilege(host, ['SUPER', 'ENCRYPTION_KEY_ADMIN']);
  if (!host.operations) throw databaseError(3185, [], { hint: 'keyring_operations is OFF' });
  await refusing(
    (details) => databaseError(3185, [], details),
    async () => {
      const service = await host.service();
      const prefix = `INNODBKey-${await host.serverUuid()}-`;
      let newest = 0;
      for await (const { id, owner } of service.list())
        if (owner === '' && id.startsWith(prefix)) newest = Math.max(newest, Number(id.slice(prefix.length)) || 0);
      await service.generate(`${prefix}${newest + 1}`, 'AES', 32, { owner: '' });
    },
  );
  return DONE;
}

// --------------------------------------------------------------------------------------------------------------- tables

/** A table of the schemas that MySQL has for this; null for one that is not among them. */
export async function keyringTable(statement: SelectStatement, host: KeyringHost): Promise<Table | null> {
  const name = `${statement.schema ?? ''}.${statement.view}`.toLowerCase();
  const table = Object.hasOwn(TABLES, name) ? TABLES[name as keyof typeof TABLES] : null;
  if (table === null) return null;
  if (name.startsWith('performance_schema.') && !host.privileges.has('SELECT'))
    throw tableDenied('SELECT', statement.view, host);
  return await table(host);
}

/** A keyring that cannot be walked (none in use, keyring_operations OFF) shows no rows, as in MySQL. */
async function keyringKeys(host: KeyringHost): Promise<Table> {
  const rows: (readonly [string, string, string | null])[] = [];
  try {
    if (host.operations)
      for await (const key of (await host.service()).list()) rows.push([key.id, key.owner, key.backendKeyId ?? '']);
  } catch (error) {
    if (!isServiceFailure(error)) throw error;
    rows.length = 0;
  }
  return { columns: ['KEY_ID', 'KEY_OWNER', 'BACKEND_KEY_ID'], rows };
}

const TABLES = {
  'performance_schema.keyring_keys': keyringKeys,
  'performance_schema.keyring_component_status': async (host: KeyringHost) => ({
    columns: ['STATUS_KEY', 'STATUS_VALUE'],
    rows: await host.componentStatus(),
  }),
  'performance_schema.error_log': async (host: KeyringHost) => errorLogView(host.errorLog.entries),
  'information_schema.plugins': async (host: KeyringHost) => ({
    columns: ['PLUGIN_NAME', 'PLUGIN_VERSION', 'PLUGIN_STATUS', 'PLUGIN_TYPE', 'PLUGIN_LIBRARY', 'PLUGIN_DESCRIPTION'],
    rows: PLUGIN_ROWS.filter(([name]) => host.plugins.has(name as PluginName)),
  }),
} as const;

const PLUGIN_ROWS: readonly (readonly string[])[] = [
  ['keyring_udf', '1.0', 'ACTIVE', 'DAEMON', 'keyring_udf.so', 'Keyring UDF plugin'],
  [
    'keyring_okv',
    '1.0',
    'ACTIVE',
    'KEYRING',
    'keyring_okv.so',
    'store/fetch authentication data to/from a KMIP server',
  ],
];

/** The names of these tables, for the error that lists what there is. */
export const KEYRING_TABLES: readonly string[] = /* @__PURE__ */ Object.keys(TABLES);

// ------------------------------------------------------------------------------------------------------------- refusals

/** Does something; what fails becomes the database's own error, with the failure as its cause. */
async function refusing<T>(refusal: (details: ErrorDetails) => DatabaseError, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!isServiceFailure(cause)) throw cause;
    throw refusal({ cause, hint: hintOf(cause) });
  }
}

function assertPrivilege(host: KeyringHost, oneOf: readonly Privilege[]): void {
  if (!oneOf.some((privilege) => host.privileges.has(privilege))) throw databaseError(1227, [oneOf.join(' or ')]);
}

function tableDenied(command: string, table: string, { account }: KeyringHost) {
  return databaseError(1142, [command, account.user, account.host, table]);
}

function schemaDenied({ account }: KeyringHost) {
  return databaseError(1044, [account.user, account.host, 'mysql']);
}
