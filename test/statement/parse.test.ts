import { describe, expect, it } from 'vitest';
import { StatementError } from '../../src/errors.ts';
import { parseStatement, splitScript } from '../../src/statement/parse.ts';

const MATERIAL = '1e3eeec2f7cc8af9a919517216e8057d:d8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444';
const KEY_ID = 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

function failure(text: string, vendorExamples = false): StatementError {
  try {
    parseStatement(text, { vendorExamples });
  } catch (error) {
    expect(error).toBeInstanceOf(StatementError);
    return error as StatementError;
  }
  throw new Error(`should not parse: ${text}`);
}

describe('the eight statements', () => {
  it('CREATE KEYSTORE, with and without a location; an unquoted password keeps its case', () => {
    expect(parseStatement('ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY Admin123;')).toMatchObject({
      kind: 'create-keystore',
      location: null,
      password: { value: 'Admin123', bind: null },
    });
    expect(
      parseStatement(
        `administer key management create keystore '/data/yashan/wallet/tde' identified by "kms://tencent/?a=b#https://x/"`,
      ),
    ).toMatchObject({ location: '/data/yashan/wallet/tde', password: { value: 'kms://tencent/?a=b#https://x/' } });
  });

  it('SET KEYSTORE OPEN and CLOSE, FORCE, EXTERNAL STORE, CLOSE without a password', () => {
    expect(
      parseStatement('ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN FORCE KEYSTORE IDENTIFIED BY EXTERNAL STORE'),
    ).toMatchObject({
      kind: 'open-keystore',
      force: true,
      auth: { external: true, password: null },
    });
    expect(parseStatement('ADMINISTER KEY MANAGEMENT SET KEYSTORE CLOSE')).toEqual({
      kind: 'close-keystore',
      auth: null,
    });
    expect(parseStatement('ADMINISTER KEY MANAGEMENT SET KEYSTORE CLOSE IDENTIFIED BY pw')).toMatchObject({
      auth: { external: false, password: { value: 'pw' } },
    });
  });

  it('BACKUP KEYSTORE with every clause', () => {
    expect(
      parseStatement(
        "ADMINISTER KEY MANAGEMENT BACKUP KEYSTORE USING 'nightly' FORCE KEYSTORE IDENTIFIED BY pw TO '/backup'",
      ),
    ).toMatchObject({ kind: 'backup-keystore', identifier: 'nightly', force: true, to: '/backup' });
  });

  it('SET KEY and CREATE KEY: material is one literal; the vendor examples, with their SQL> prompt', () => {
    const text = `SQL> ADMINISTER KEY MANAGEMENT SET KEY '${MATERIAL}' USING TAG 'myTag' IDENTIFIED BY Your_keystore_password WITH BACKUP;`;
    expect(parseStatement(text)).toMatchObject({
      kind: 'set-key',
      material: { value: MATERIAL, secret: 'material' },
      keyTag: 'myTag',
      algorithm: null,
      backup: { identifier: null },
    });
    expect(
      parseStatement(
        "ADMINISTER KEY MANAGEMENT CREATE ENCRYPTION KEY USING ALGORITHM 'AES256' IDENTIFIED BY :pw WITH BACKUP USING 'x'",
      ),
    ).toMatchObject({
      kind: 'create-key',
      material: null,
      algorithm: 'AES256',
      auth: { password: { bind: 'pw', value: null } },
      backup: { identifier: 'x' },
    });
    expect(failure("ADMINISTER KEY MANAGEMENT SET KEY 'a':'b' IDENTIFIED BY pw WITH BACKUP").column).toBe(38);
  });

  it('USE KEY has no algorithm', () => {
    expect(
      parseStatement(
        `ADMINISTER KEY MANAGEMENT USE ENCRYPTION KEY '${KEY_ID}' USING TAG 'newTag'  IDENTIFIED BY pw WITH BACKUP`,
      ),
    ).toMatchObject({ kind: 'use-key', keyId: KEY_ID, keyTag: 'newTag' });
    const error = failure(
      `ADMINISTER KEY MANAGEMENT USE KEY '${KEY_ID}' USING ALGORITHM 'AES256' IDENTIFIED BY pw WITH BACKUP`,
    );
    expect(error.expected).toEqual(['TAG']);
  });

  it('SET TAG as the vendor prints it only with vendorExamples', () => {
    const text = `ADMINISTER KEY MANAGEMENT SET TAG 'mynewTag' FOR '${KEY_ID}' USING TAG 'newTag' IDENTIFIED BY Your_keystore_password;`;
    expect(failure(text).message).toContain('expected');
    expect(parseStatement(text, { vendorExamples: true })).toMatchObject({
      kind: 'set-tag',
      keyTag: 'mynewTag',
      ignoredTag: 'newTag',
      backup: null,
    });
  });
});

describe('what is refused, and where', () => {
  it.each([
    ['ADMINISTER KEY MANAGEMENT SET KEY IDENTIFIED BY pw', 1, 51, ['WITH', 'REVERSE', 'FORCE']],
    ["ADMINISTER KEY MANAGEMENT SET KEY IDENTIFIED BY 'pw' WITH BACKUP", 1, 49, ['password']],
    ['ADMINISTER KEY MANAGEMENT\n  FLY', 2, 3, ['CREATE', 'SET', 'USE', 'BACKUP']],
    [
      "ADMINISTER KEY MANAGEMENT SET KEY USING ALGORITHM 'AES256' USING TAG 't' IDENTIFIED BY pw WITH BACKUP",
      1,
      60,
      ['IDENTIFIED'],
    ],
    ['ADMINISTER KEY MANAGEMENT SET KEYSTORE CLOSE; SELECT', 1, 47, ['end of statement']],
    ['ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY', 1, 56, ['password']],
  ])('%s', (text, line, column, expected) => {
    const error = failure(text);
    expect(error.code).toBe('ERR_STATEMENT_SYNTAX');
    expect({ line: error.line, column: error.column }).toEqual({ line, column });
    expect(error.expected).toEqual(expect.arrayContaining(expected));
  });
});

describe('the statements around it', () => {
  it('ALTER SYSTEM SET with one or several parameters, with or without commas', () => {
    expect(
      parseStatement(
        "ALTER SYSTEM SET TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE' WALLET_ROOT='/data/yashan/wallet' scope=spfile;",
      ),
    ).toEqual({
      kind: 'alter-system',
      assignments: [
        { name: 'TDE_CONFIGURATION', value: 'KEYSTORE_CONFIGURATION=FILE;KMS=TRUE' },
        { name: 'WALLET_ROOT', value: '/data/yashan/wallet' },
      ],
      scope: 'spfile',
    });
  });

  it('SELECT with columns, WHERE, LIKE and ORDER BY', () => {
    expect(
      parseStatement(
        "SELECT KEY_ID, TAG AS t FROM V$ENCRYPTION_KEYS WHERE TAG LIKE 'my%' AND NOT (KEY_USE = 'TDE' OR TAG IS NULL) ORDER BY 1 DESC, TAG",
      ),
    ).toMatchObject({
      kind: 'select',
      view: 'V$ENCRYPTION_KEYS',
      columns: [
        { name: 'KEY_ID', alias: null },
        { name: 'TAG', alias: 't' },
      ],
      orderBy: [
        { column: 1, descending: true },
        { column: 'TAG', descending: false },
      ],
    });
    expect(parseStatement('select * from performance_schema.keyring_keys')).toMatchObject({
      schema: 'performance_schema',
      columns: null,
    });
  });

  it('MySQL keyring calls keep their argument types', () => {
    expect(parseStatement("SELECT keyring_key_generate('MyKey', 'AES', 32);")).toMatchObject({
      kind: 'keyring-call',
      calls: [
        {
          function: 'keyring_key_generate',
          arguments: [
            { type: 'string', value: 'MyKey' },
            { type: 'string', value: 'AES' },
            { type: 'integer', value: '32' },
          ],
          alias: null,
          text: "keyring_key_generate('MyKey', 'AES', 32)",
        },
      ],
    });
    expect(parseStatement('SELECT keyring_key_store("a\\0b", NULL, x\'00ff\') AS r')).toMatchObject({
      calls: [{ arguments: [{ value: 'a\0b' }, { type: 'null' }, { type: 'bytes', value: '00ff' }], alias: 'r' }],
    });
    expect(parseStatement("SELECT keyring_key_generate('', '', -1)")).toMatchObject({
      calls: [{ arguments: [{}, {}, { value: '-1' }] }],
    });
  });

  it('several keyring functions in one SELECT, with aliases of every form, FROM DUAL', () => {
    expect(
      parseStatement(
        "mysql> SELECT Keyring_Key_Fetch ( 'a' ) , keyring_key_length_fetch('a') n, keyring_key_type_fetch(:id) AS 'the type' FROM DUAL;",
      ),
    ).toMatchObject({
      calls: [
        { function: 'keyring_key_fetch', alias: null, text: "Keyring_Key_Fetch ( 'a' )" },
        { function: 'keyring_key_length_fetch', alias: 'n' },
        { function: 'keyring_key_type_fetch', alias: 'the type', arguments: [{ type: 'bind', value: 'id' }] },
      ],
    });
  });

  it('the Oracle statements beside the eight', () => {
    const kinds = [
      ['ALTER KEYSTORE PASSWORD IDENTIFIED BY a SET b WITH BACKUP', 'alter-password'],
      [
        "MERGE KEYSTORE '/a' IDENTIFIED BY x AND KEYSTORE '/b' INTO NEW KEYSTORE '/c' IDENTIFIED BY z",
        'merge-new-keystore',
      ],
      ["MERGE KEYSTORE '/a' INTO EXISTING KEYSTORE '/c' IDENTIFIED BY z WITH BACKUP", 'merge-existing-keystore'],
      [
        "EXPORT KEYS WITH SECRET s TO '/f' IDENTIFIED BY pw WITH IDENTIFIER IN (SELECT KEY_ID FROM V$ENCRYPTION_KEYS WHERE TAG LIKE 'a%')",
        'export-keys',
      ],
      [
        "EXPORT ENCRYPTION KEYS WITH SECRET \"s t\" TO '/f' IDENTIFIED BY pw WITH IDENTIFIER IN 'a', 'b'",
        'export-keys',
      ],
      ["IMPORT KEYS WITH SECRET s FROM '/f' IDENTIFIED BY pw WITH BACKUP", 'import-keys'],
      ['SET KEY IDENTIFIED BY "kms://x" MIGRATE USING pw WITH BACKUP', 'migrate-key'],
      ['SET KEY IDENTIFIED BY pw REVERSE MIGRATE USING "kms://x" WITH BACKUP', 'reverse-migrate-key'],
    ];
    for (const [text, kind] of kinds) expect(parseStatement(`ADMINISTER KEY MANAGEMENT ${text}`).kind).toBe(kind);
  });

  it('MySQL administration', () => {
    expect(parseStatement("INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'")).toMatchObject({ name: 'keyring_udf' });
    expect(parseStatement("CREATE FUNCTION keyring_key_fetch RETURNS STRING SONAME 'keyring_udf.so'")).toMatchObject({
      returns: 'string',
    });
    expect(parseStatement('SET GLOBAL keyring_operations = OFF')).toMatchObject({
      name: 'keyring_operations',
      value: 'OFF',
      persist: false,
    });
    expect(parseStatement("SET @@GLOBAL.keyring_okv_conf_dir='/a b'")).toMatchObject({ value: '/a b', persist: false });
    expect(parseStatement('SET PERSIST keyring_okv_conf_dir = DEFAULT')).toMatchObject({ value: null, persist: true });
    expect(failure("SET keyring_operations = 'ON'").expected).toEqual(expect.arrayContaining(['GLOBAL', 'PERSIST']));
    expect(parseStatement('ALTER INSTANCE ROTATE INNODB MASTER KEY')).toMatchObject({
      action: 'rotate-innodb-master-key',
    });
    expect(parseStatement('ALTER INSTANCE RELOAD KEYRING;')).toMatchObject({ action: 'reload-keyring' });
    expect(parseStatement("SHOW VARIABLES LIKE 'keyring%'")).toMatchObject({ pattern: 'keyring%' });
  });
});

describe('scripts', () => {
  it('are cut at semicolons outside of strings and comments, and at line ends after STARTUP and SHUTDOWN', () => {
    const script = `-- first; not here
ALTER SYSTEM SET TDE_CONFIGURATION='A;B' scope=spfile;
SHUTDOWN
STARTUP MOUNT
/* ; */ SELECT keyring_key_fetch('it\\'s; fine');
SELECT KEY_ID FROM V$ENCRYPTION_KEYS WHERE TAG = 'a\\'`;
    const parts = [...splitScript(script)];
    expect(parts.map((p) => [p.text.split(/\s/)[0], p.line, p.column])).toEqual([
      ['ALTER', 2, 1],
      ['SHUTDOWN', 3, 1],
      ['STARTUP', 4, 1],
      ['SELECT', 5, 9],
      ['SELECT', 6, 1],
    ]);
    for (const part of parts) parseStatement(part.text);
  });
});
