/** The statements around the keyring functions: variables, plugins, functions, ALTER INSTANCE, tables; and who may run them. */
import { describe, expect, it } from 'vitest';
import { DatabaseError, FormatError, StatementError, UnsupportedError } from '../../src/errors.ts';
import { formatLogEntry, parseStatement, runStatement, type StatementHost } from '../../src/statement/index.ts';
import { FakeKeyring, type FakeOptions } from './fake-keyring.ts';

const run = (text: string, keyring: FakeKeyring) =>
  runStatement(parseStatement(text), { keyring } as unknown as StatementHost);

async function refusal(text: string, options: FakeKeyring | FakeOptions = {}): Promise<string> {
  const keyring = options instanceof FakeKeyring ? options : new FakeKeyring(options);
  const thrown = await run(text, keyring).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(DatabaseError);
  return (thrown as DatabaseError).message;
}

const DONE = { columns: [], rows: [], message: 'Query OK, 0 rows affected', warnings: [] };

describe('SET GLOBAL keyring_operations', () => {
  it.each([
    ['OFF', false],
    ['off', false],
    ['0', false],
    ['FALSE', false],
    ["'OFF'", false],
    ['ON', true],
    ['1', true],
    ['true', true],
    ['DEFAULT', true],
  ])('= %s', async (value, operations) => {
    const keyring = new FakeKeyring();
    keyring.operations = !operations;
    expect(await run(`SET GLOBAL keyring_operations = ${value}`, keyring)).toEqual(DONE);
    expect(keyring.operations).toBe(operations);
  });

  it('needs ENCRYPTION_KEY_ADMIN, and SYSTEM_VARIABLES_ADMIN or SUPER: 3202', async () => {
    const text = 'SET GLOBAL keyring_operations = OFF';
    const denied = 'ERROR 3202 (42000): Access denied; you need';
    expect(await refusal(text, { privileges: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'] })).toBe(
      `${denied} ENCRYPTION_KEY_ADMIN privileges for this operation`,
    );
    expect(await refusal(text, { privileges: ['ENCRYPTION_KEY_ADMIN'] })).toBe(
      `${denied} SYSTEM_VARIABLES_ADMIN privileges for this operation`,
    );
    for (const other of ['SUPER', 'SYSTEM_VARIABLES_ADMIN'] as const) {
      const keyring = new FakeKeyring({ privileges: ['ENCRYPTION_KEY_ADMIN', other] });
      await run(text, keyring);
      expect(keyring.operations).toBe(false);
    }
  });

  it('takes no other value, and cannot be persisted', async () => {
    const keyring = new FakeKeyring();
    expect(await refusal('SET GLOBAL keyring_operations = maybe', keyring)).toBe(
      "ERROR 1231 (42000): Variable 'keyring_operations' can't be set to the value of 'maybe'",
    );
    expect(await refusal('SET PERSIST keyring_operations = OFF', keyring)).toBe(
      "ERROR 1238 (HY000): Variable 'keyring_operations' is a non persistent variable",
    );
    expect(keyring.operations).toBe(true);
  });
});

describe('SET GLOBAL keyring_okv_conf_dir', () => {
  it('takes a directory, and gives it up with the empty text or DEFAULT', async () => {
    const keyring = new FakeKeyring();
    expect(await run("SET GLOBAL keyring_okv_conf_dir = '/etc/okv'", keyring)).toEqual(DONE);
    expect(keyring.confDir).toBe('/etc/okv');
    await run('SET GLOBAL keyring_okv_conf_dir = DEFAULT', keyring);
    expect(keyring).toMatchObject({ confDir: '', persisted: null });
    const { warnings } = await run("SET GLOBAL keyring_okv_conf_dir = '/open'", keyring);
    expect(warnings).toEqual(['others can read it']);
    await run("SET PERSIST keyring_okv_conf_dir = '/etc/okv2'", keyring);
    expect(keyring).toMatchObject({ confDir: '/etc/okv2', persisted: '/etc/okv2' });
  });

  it('a directory that cannot be used is 1231, with the reason as a hint; a fault of this program is not', async () => {
    const keyring = new FakeKeyring();
    keyring.failure = new FormatError('ERR_OKV_SERVER', 'no port', { offset: 0 }, { hint: 'host:port' });
    const text = "SET GLOBAL keyring_okv_conf_dir = '/etc/okv'";
    expect(await refusal(text, keyring)).toBe(
      "ERROR 1231 (42000): Variable 'keyring_okv_conf_dir' can't be set to the value of '/etc/okv'",
    );
    await expect(run(text, keyring)).rejects.toMatchObject({ hint: 'no port (ERR_OKV_SERVER): host:port' });
    keyring.failure = new TypeError('a mistake');
    await expect(run(text, keyring)).rejects.toBe(keyring.failure);
  });

  it('needs a privilege, and the plugin whose variable it is', async () => {
    const text = "SET GLOBAL keyring_okv_conf_dir = '/etc/okv'";
    expect(await refusal(text, { privileges: ['EXECUTE', 'ENCRYPTION_KEY_ADMIN'] })).toBe(
      'ERROR 1227 (42000): Access denied; you need (at least one of) the SUPER or SYSTEM_VARIABLES_ADMIN privilege(s) for this operation',
    );
    expect(await refusal(text, { plugins: ['keyring_udf'] })).toBe(
      "ERROR 1193 (HY000): Unknown system variable 'keyring_okv_conf_dir'",
    );
    expect(await refusal('SET GLOBAL max_connections = 5')).toBe(
      "ERROR 1193 (HY000): Unknown system variable 'max_connections'",
    );
  });
});

describe('SHOW VARIABLES', () => {
  it.each([
    ["SHOW VARIABLES LIKE 'keyring%'", ['keyring_okv_conf_dir', 'keyring_operations']],
    ["SHOW GLOBAL VARIABLES LIKE 'KEYRING\\_OP%'", ['keyring_operations']],
    ['SHOW SESSION VARIABLES', ['keyring_okv_conf_dir', 'keyring_operations']],
    ["SHOW VARIABLES LIKE 'innodb%'", []],
  ])('%s', async (text, names) => {
    const { columns, rows } = await run(text, new FakeKeyring());
    expect(columns).toEqual(['Variable_name', 'Value']);
    expect(rows.map(([name]) => name)).toEqual(names);
  });

  it('values are those in force; without keyring_okv its variable is not there', async () => {
    const keyring = new FakeKeyring({ plugins: [] });
    keyring.operations = false;
    expect((await run('SHOW VARIABLES', keyring)).rows).toEqual([['keyring_operations', 'OFF']]);
  });
});

describe('plugins and functions', () => {
  it('the installation of the manual, from nothing, and back', async () => {
    const keyring = new FakeKeyring({ plugins: [], functions: [] });
    await run("INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'", keyring);
    await run("INSTALL PLUGIN keyring_okv SONAME 'keyring_okv.so'", keyring);
    for (const [name, returns] of [
      ['keyring_key_generate', 'INTEGER'],
      ['keyring_key_fetch', 'STRING'],
      ['keyring_key_length_fetch', 'INTEGER'],
      ['keyring_key_type_fetch', 'STRING'],
      ['keyring_key_store', 'INTEGER'],
      ['keyring_key_remove', 'INTEGER'],
    ])
      await run(`CREATE FUNCTION ${name} RETURNS ${returns} SONAME 'keyring_udf.so';`, keyring);
    expect((await run("SELECT keyring_key_generate('MyKey', 'AES', 32)", keyring)).rows).toEqual([[1]]);
    await run('UNINSTALL PLUGIN keyring_udf', keyring);
    expect(await refusal("SELECT keyring_key_remove('MyKey')", keyring)).toContain('ERROR 1123 (HY000)');
    for (const name of [...keyring.functions]) await run(`DROP FUNCTION ${name}`, keyring);
    expect(await refusal("SELECT keyring_key_remove('MyKey')", keyring)).toContain('ERROR 1305 (42000)');
  });

  const NOTHING = { plugins: [], functions: [] } as const;
  it.each([
    ["INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'", {}, "1125 (HY000): Function 'keyring_udf' already exists"],
    [
      "INSTALL PLUGIN keyring_udf SONAME 'keyring_okv.so'",
      NOTHING,
      "1127 (HY000): Can't find symbol 'keyring_udf' in library",
    ],
    ["INSTALL PLUGIN other SONAME 'keyring_udf.so'", NOTHING, "1127 (HY000): Can't find symbol 'other' in library"],
    [
      "INSTALL PLUGIN keyring_file SONAME 'keyring_file.so'",
      NOTHING,
      "1126 (HY000): Can't open shared library 'keyring_file.so' (errno: 0 keyring_file.so: cannot open shared object file: No such file or directory)",
    ],
    ['UNINSTALL PLUGIN keyring_okv', NOTHING, '1305 (42000): PLUGIN keyring_okv does not exist'],
    ['UNINSTALL PLUGIN keyring_file', {}, '1305 (42000): PLUGIN keyring_file does not exist'],
    [
      "CREATE FUNCTION keyring_key_fetch RETURNS STRING SONAME 'keyring_udf.so'",
      {},
      "1125 (HY000): Function 'keyring_key_fetch' already exists",
    ],
    [
      "CREATE FUNCTION metaphon RETURNS STRING SONAME 'keyring_udf.so'",
      NOTHING,
      "1127 (HY000): Can't find symbol 'metaphon' in library",
    ],
    [
      "CREATE FUNCTION keyring_key_fetch RETURNS STRING SONAME 'udf_example.so'",
      NOTHING,
      "1126 (HY000): Can't open shared library 'udf_example.so' (errno: 0 udf_example.so: cannot open shared object file: No such file or directory)",
    ],
    ['DROP FUNCTION keyring_key_fetch', NOTHING, '1305 (42000): FUNCTION (UDF) keyring_key_fetch does not exist'],
  ] as const)('%s is refused', async (text, options, message) => {
    expect(await refusal(text, options)).toBe(`ERROR ${message}`);
  });

  it('DROP FUNCTION IF EXISTS only notes', async () => {
    const { warnings } = await run('DROP FUNCTION IF EXISTS keyring_key_fetch', new FakeKeyring(NOTHING));
    expect(warnings).toEqual(['Note 1305: FUNCTION (UDF) keyring_key_fetch does not exist']);
  });

  it('a function with results of another kind is refused, where MySQL would misread them', async () => {
    const text = "CREATE FUNCTION keyring_key_fetch RETURNS INTEGER SONAME 'keyring_udf.so'";
    const thrown = await run(text, new FakeKeyring(NOTHING)).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(StatementError);
    expect(thrown).toMatchObject({ code: 'ERR_STATEMENT_RETURNS', expected: ['RETURNS STRING'] });
  });

  it.each([
    [
      "INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'",
      "1142 (42000): INSERT command denied to user 'app'@'localhost' for table 'plugin'",
    ],
    [
      'UNINSTALL PLUGIN keyring_udf',
      "1142 (42000): DELETE command denied to user 'app'@'localhost' for table 'plugin'",
    ],
    [
      "CREATE FUNCTION keyring_key_fetch RETURNS STRING SONAME 'keyring_udf.so'",
      "1044 (42000): Access denied for user 'app'@'localhost' to database 'mysql'",
    ],
    ['DROP FUNCTION keyring_key_fetch', "1044 (42000): Access denied for user 'app'@'localhost' to database 'mysql'"],
    [
      'SELECT * FROM performance_schema.keyring_keys',
      "1142 (42000): SELECT command denied to user 'app'@'localhost' for table 'keyring_keys'",
    ],
    [
      'ALTER INSTANCE RELOAD KEYRING',
      '1227 (42000): Access denied; you need (at least one of) the ENCRYPTION_KEY_ADMIN privilege(s) for this operation',
    ],
    [
      'ALTER INSTANCE ROTATE INNODB MASTER KEY',
      '1227 (42000): Access denied; you need (at least one of) the SUPER or ENCRYPTION_KEY_ADMIN privilege(s) for this operation',
    ],
  ] as const)('%s needs a privilege', async (text, message) => {
    expect(await refusal(text, { user: 'app', privileges: ['EXECUTE', 'SYSTEM_VARIABLES_ADMIN'] })).toBe(
      `ERROR ${message}`,
    );
  });
});

describe('ALTER INSTANCE', () => {
  it('ROTATE INNODB MASTER KEY makes the next key of no owner, which no function reaches', async () => {
    const keyring = new FakeKeyring();
    const uuid = await keyring.serverUuid();
    for (let n = 1; n <= 11; n++) await run('ALTER INSTANCE ROTATE INNODB MASTER KEY', keyring);
    expect((await run('SELECT KEY_ID, KEY_OWNER FROM performance_schema.keyring_keys', keyring)).rows.at(-1)).toEqual([
      `INNODBKey-${uuid}-11`,
      '',
    ]);
    expect((await run(`SELECT keyring_key_fetch('INNODBKey-${uuid}-11')`, keyring)).rows).toEqual([[null]]);
  });

  it('a keyring that cannot be used is 3185 for the one and 4035 for the other', async () => {
    const keyring = new FakeKeyring();
    keyring.failure = new UnsupportedError('ERR_X', 'why');
    keyring.fake.failure = keyring.failure;
    expect(await refusal('ALTER INSTANCE ROTATE INNODB MASTER KEY', keyring)).toBe(
      "ERROR 3185 (HY000): Can't find master key from keyring, please check in the server log if a keyring is loaded and initialized successfully.",
    );
    expect(await refusal('ALTER INSTANCE RELOAD KEYRING', keyring)).toBe(
      'ERROR 4035 (HY000): Keyring reload failed. Please check error log for more details.',
    );
    keyring.fake.failure = null;
    keyring.operations = false;
    expect(await refusal('ALTER INSTANCE ROTATE INNODB MASTER KEY', keyring)).toContain('ERROR 3185');
  });
});

describe('tables', () => {
  it('keyring_keys shows the keys of all owners, and what the back end calls them', async () => {
    const keyring = new FakeKeyring();
    await run("SELECT keyring_key_generate('named', 'AES', 32)", keyring);
    await run(
      "SELECT keyring_key_generate('MyKey', 'AES', 32)",
      new FakeKeyring({ user: 'app', service: keyring.fake }),
    );
    const all = await run('SELECT * FROM performance_schema.keyring_keys', keyring);
    expect(all.columns).toEqual(['KEY_ID', 'KEY_OWNER', 'BACKEND_KEY_ID']);
    expect(all.rows).toEqual([
      ['named', 'root@localhost', 'uuid-1'],
      ['MyKey', 'app@localhost', ''],
    ]);
    const some = "SELECT KEY_ID AS k FROM PERFORMANCE_SCHEMA.Keyring_Keys WHERE KEY_OWNER LIKE 'app@%' ORDER BY 1";
    expect(await run(some, keyring)).toMatchObject({ columns: ['k'], rows: [['MyKey']] });
  });

  it('a keyring that cannot be walked shows no rows', async () => {
    const keyring = new FakeKeyring();
    await run("SELECT keyring_key_generate('a', 'AES', 32)", keyring);
    const rows = async () => (await run('SELECT * FROM performance_schema.keyring_keys', keyring)).rows;
    keyring.operations = false;
    expect(await rows()).toEqual([]);
    keyring.operations = true;
    expect(await rows()).toHaveLength(1);
    keyring.fake.failure = new UnsupportedError('ERR_X', 'x');
    expect(await rows()).toEqual([]);
    keyring.fake.failure = new TypeError('a mistake');
    await expect(rows()).rejects.toThrow('a mistake');
  });

  it('keyring_component_status is empty for a plugin', async () => {
    const text = 'SELECT STATUS_KEY, STATUS_VALUE FROM performance_schema.keyring_component_status';
    expect((await run(text, new FakeKeyring())).rows).toEqual([['Component_status', 'Active']]);
    expect((await run(text, new FakeKeyring({ kind: 'plugin' }))).rows).toEqual([]);
  });

  it('error_log shows the log, as the file would', async () => {
    const keyring = new FakeKeyring({ kind: 'plugin' });
    keyring.errorLog.okv('INCORRECT_KEY_VAULT_CONFIGURED');
    const { rows } = await run('SELECT LOGGED, PRIO, ERROR_CODE, SUBSYSTEM FROM performance_schema.error_log', keyring);
    expect(rows).toEqual([['2026-11-21 18:30:00.123000', 'Warning', 'MY-011376', 'Server']]);
    // The text of the manual's page on keyring_okv.
    expect(formatLogEntry(keyring.errorLog.entries[0]!)).toBe(
      "2026-11-21T18:30:00.123Z 0 [Warning] [MY-011376] [Server] Plugin keyring_okv reported: 'For keyring_okv to be initialized, please point the keyring_okv_conf_dir variable to a directory containing Oracle Key Vault configuration file and ssl materials'",
    );
  });

  it('INFORMATION_SCHEMA.PLUGINS answers the question of the manual', async () => {
    const text = "SELECT PLUGIN_NAME, PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME LIKE 'keyring%';";
    expect((await run(text, new FakeKeyring({ plugins: ['keyring_okv'] }))).rows).toEqual([['keyring_okv', 'ACTIVE']]);
  });

  it('a table that does not exist is refused with those that do; a host without a keyring says so', async () => {
    const unknown = await run('SELECT * FROM performance_schema.threads', new FakeKeyring()).catch((e: unknown) => e);
    expect(unknown).toMatchObject({ code: 'ERR_STATEMENT_VIEW' });
    expect((unknown as StatementError).expected).toContain('performance_schema.keyring_keys');
    const host = {} as StatementHost;
    await expect(runStatement(parseStatement("SELECT keyring_key_fetch('a')"), host)).rejects.toMatchObject({
      code: 'ERR_STATEMENT_HOST',
    });
  });
});

describe('the error log', () => {
  it('keeps the newest thousand, and says what is new', () => {
    const { errorLog } = new FakeKeyring();
    for (let i = 0; i < 1005; i++) errorLog.okv('FAILED_TO_PARSE_CONF_FILE', `number ${i}`);
    expect(errorLog.entries).toHaveLength(1000);
    expect(errorLog.entries[0]?.text).toContain('number 5 file');
    expect(errorLog.since(1003).map((entry) => entry.text)).toEqual([
      expect.stringContaining('number 1003'),
      expect.stringContaining('number 1004'),
    ]);
    expect(errorLog.since(errorLog.written)).toEqual([]);
    expect(errorLog.since(0)).toHaveLength(1000);
  });
});
