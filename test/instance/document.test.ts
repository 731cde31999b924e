/**
 * The example statements of the source document, verbatim: each in a fresh instance with the preconditions that its text
 * names, then all of them in the order of the document with the refusals that follow from it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, openInstance } from '../../src/instance/index.ts';
import { CrashFileSystem } from '../wallet/file/crash-file-system.ts';

const PAIR = '1e3eeec2f7cc8af9a919517216e8057d:d8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444';
const KEY_ID = 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const DOCUMENT = {
  setRoot: "ALTER SYSTEM SET WALLET_ROOT='/data/yashan/wallet' scope=spfile;",
  create: 'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY admin123;',
  createAt: "ADMINISTER KEY MANAGEMENT CREATE KEYSTORE '/data/yashan/wallet/tde' IDENTIFIED BY admin123;",
  setKms:
    "ALTER SYSTEM SET TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE' WALLET_ROOT='/data/yashan/wallet' scope=spfile;",
  open: 'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY Your_keystore_password;',
  close: 'ADMINISTER KEY MANAGEMENT SET KEYSTORE CLOSE IDENTIFIED BY Your_keystore_password;',
  backup: 'ADMINISTER KEY MANAGEMENT BACKUP KEYSTORE IDENTIFIED BY Your_keystore_password;',
  setKey: `SQL> ADMINISTER KEY MANAGEMENT SET KEY '${PAIR}' USING TAG 'myTag' IDENTIFIED BY Your_keystore_password WITH BACKUP;`,
  createKey: `ADMINISTER KEY MANAGEMENT CREATE KEY '${PAIR}' USING TAG 'myTag' IDENTIFIED BY Your_keystore_password WITH BACKUP;`,
  select: 'SELECT KEY_ID,TAG FROM V$ENCRYPTION_KEYS;',
  useKey: `ADMINISTER KEY MANAGEMENT USE ENCRYPTION KEY '${KEY_ID}' USING TAG 'newTag'  IDENTIFIED BY Your_keystore_password WITH BACKUP;`,
  setTag: `ADMINISTER KEY MANAGEMENT SET TAG 'mynewTag' FOR '${KEY_ID}' USING TAG 'newTag' IDENTIFIED BY Your_keystore_password;`,
} as const;

let home: string;
let disk: CrashFileSystem;
let instance: Instance;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'keyward-instance-'));
  disk = new CrashFileSystem();
  instance = await openInstance(home, { vendorExamples: true, wallet: { fileSystem: disk, iterations: 1 } });
});
afterEach(async () => {
  await instance.close();
  rmSync(home, { recursive: true, force: true });
});

/** Runs statements that must succeed; gives the result of the last. */
async function run(...statements: readonly string[]) {
  let result: Awaited<ReturnType<Instance['execute']>> | undefined;
  for (const statement of statements) result = await instance.execute(statement);
  return result as NonNullable<typeof result>;
}
const refusal = (statement: string) =>
  instance.execute(statement).then(
    () => null,
    (error: { code: string; message: string }) => error,
  );
const rootSet = [DOCUMENT.setRoot, 'SHUTDOWN', 'STARTUP'];
const made = [...rootSet, 'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY Your_keystore_password'];
const opened = [...made, DOCUMENT.open];
const files = () => [...disk.disk().keys()].filter((path) => path.endsWith('.p12')).sort();

describe('each example in a fresh instance', () => {
  it('WALLET_ROOT takes effect at the next start', async () => {
    await run(DOCUMENT.setRoot);
    expect(instance.parameters.WALLET_ROOT).toBeNull();
    expect((await refusal(DOCUMENT.create))?.code).toBe('ERR_WALLET_LOCATION');
    await run('SHUTDOWN', 'STARTUP', DOCUMENT.create);
    expect(files()).toEqual(['/data/yashan/wallet/tde/ewallet.p12']);
  });

  it('CREATE KEYSTORE with the location, with WALLET_ROOT set and without', async () => {
    await run(...rootSet, DOCUMENT.createAt);
    expect(files()).toEqual(['/data/yashan/wallet/tde/ewallet.p12']);
    expect((await refusal(DOCUMENT.create))?.code).toBe('ERR_WALLET_EXISTS');
    await run("ALTER SYSTEM SET WALLET_ROOT='' SCOPE=MEMORY");
    expect((await refusal(DOCUMENT.createAt))?.code).toBe('ERR_WALLET_EXISTS');
    expect(await refusal("ADMINISTER KEY MANAGEMENT CREATE KEYSTORE '/elsewhere' IDENTIFIED BY x")).toBeNull();
  });

  it('CREATE KEYSTORE elsewhere than WALLET_ROOT/tde is refused', async () => {
    await run(...rootSet);
    expect(
      (await refusal("ADMINISTER KEY MANAGEMENT CREATE KEYSTORE '/data/yashan/wallet' IDENTIFIED BY x"))?.message,
    ).toContain('must be /data/yashan/wallet/tde');
  });

  it('OPEN, CLOSE and BACKUP', async () => {
    await run(...opened);
    expect((await run('SELECT STATUS, WRL_PARAMETER FROM V$ENCRYPTION_WALLET')).rows).toEqual([
      [1, '/data/yashan/wallet/tde'],
    ]);
    const { message } = await run(DOCUMENT.backup);
    expect(message).toMatch(/ewallet_\d{16}\.p12$/);
    expect(files()).toHaveLength(2);
    await run(DOCUMENT.close);
    expect((await refusal(DOCUMENT.backup))?.message).toBe('wallet is not open');
  });

  it('SET KEY makes the KEY_ID that the document prints', async () => {
    await run(...opened, DOCUMENT.setKey);
    const result = await run(DOCUMENT.select);
    expect(result).toMatchObject({ columns: ['KEY_ID', 'TAG'], rows: [[KEY_ID, 'myTag']] });
    expect((await run('SELECT STATUS FROM V$ENCRYPTION_WALLET')).rows).toEqual([[2]]);
    expect(files()).toHaveLength(2);
  });

  it('CREATE KEY, then USE KEY, which activates and tags', async () => {
    await run(...opened, DOCUMENT.createKey);
    expect((await run('SELECT KEY_ID, ACTIVATION_TIME FROM V$ENCRYPTION_KEYS')).rows).toEqual([[KEY_ID, null]]);
    await run(DOCUMENT.useKey);
    expect((await run(DOCUMENT.select)).rows).toEqual([[KEY_ID, 'newTag']]);
    expect((await run('SELECT KEY_ID FROM V$ENCRYPTION_KEYS WHERE ACTIVATION_TIME IS NOT NULL')).rows).toHaveLength(1);
  });

  it('SET TAG as printed: the first tag wins, with a warning', async () => {
    await run(...opened, DOCUMENT.setKey);
    const { warnings } = await run(DOCUMENT.setTag);
    expect(warnings).toHaveLength(2);
    expect((await run(DOCUMENT.select)).rows).toEqual([[KEY_ID, 'mynewTag']]);
  });
});

describe('in the order of the document', () => {
  it('what follows from it is refused, and nothing else', async () => {
    await run(...rootSet, DOCUMENT.create);
    expect(await refusal(DOCUMENT.createAt)).toMatchObject({ code: 'ERR_WALLET_EXISTS' });
    expect(await refusal(DOCUMENT.open)).toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    await run('ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY admin123');
    await run(
      'ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD IDENTIFIED BY admin123 SET Your_keystore_password WITH BACKUP',
    );
    await run(DOCUMENT.close, DOCUMENT.open, DOCUMENT.backup, DOCUMENT.setKey);
    expect(await refusal(DOCUMENT.createKey)).toMatchObject({
      code: 'ERR_KEY_EXISTS',
      message: 'master key identifier exists in the keystore',
    });
    await run(DOCUMENT.select, DOCUMENT.useKey, DOCUMENT.setTag);
    expect((await run(DOCUMENT.select)).rows).toEqual([[KEY_ID, 'mynewTag']]);
  });
});

describe('the rules around it', () => {
  it('a wrong password is refused even when the wallet is open, and nothing changes', async () => {
    await run(...opened, DOCUMENT.setKey);
    const before = files();
    for (const statement of [DOCUMENT.setKey, DOCUMENT.backup, DOCUMENT.useKey, DOCUMENT.close, DOCUMENT.open]) {
      expect(await refusal(statement.replace('Your_keystore_password', 'wrong'))).toMatchObject({
        code: 'ERR_WRONG_PASSWORD',
      });
    }
    expect(files()).toEqual(before);
    expect(await refusal(DOCUMENT.open)).toMatchObject({ code: 'ERR_WALLET_ALREADY_OPEN' });
  });

  it('FORCE KEYSTORE opens a closed wallet, which stays open', async () => {
    await run(...made);
    const forced = DOCUMENT.setKey.replace('IDENTIFIED', 'FORCE KEYSTORE IDENTIFIED');
    expect((await refusal(DOCUMENT.setKey))?.message).toBe('wallet is not open');
    await run(forced);
    expect((await run(DOCUMENT.select)).rows).toHaveLength(1);
  });

  it('EXTERNAL STORE parses and gives no password', async () => {
    await run(...opened);
    expect(await refusal('ADMINISTER KEY MANAGEMENT SET KEY IDENTIFIED BY EXTERNAL STORE WITH BACKUP')).toMatchObject({
      code: 'ERR_EXTERNAL_STORE',
    });
  });

  it('invalid key material and algorithms are refused in the words of the document', async () => {
    await run(...opened);
    for (const material of [
      '',
      ':',
      `${'0'.repeat(32)}:${PAIR.slice(33)}`,
      PAIR.slice(1),
      PAIR.slice(0, -1),
      `${PAIR.slice(0, 32)}`,
      PAIR.replace('d8', 'zz'),
    ]) {
      const statement = `ADMINISTER KEY MANAGEMENT SET KEY '${material}' IDENTIFIED BY Your_keystore_password WITH BACKUP`;
      expect(await refusal(statement), material).toMatchObject({
        message: 'invalid master key identifier or master key value',
      });
    }
    expect(
      await refusal(
        "ADMINISTER KEY MANAGEMENT SET KEY USING ALGORITHM 'SEED128' IDENTIFIED BY Your_keystore_password WITH BACKUP",
      ),
    ).toMatchObject({ code: 'ERR_ALGORITHM' });
  });

  it('SET KEY needs the OPEN phase; CREATE KEY does not', async () => {
    await run(...made, DOCUMENT.open, 'SHUTDOWN', 'STARTUP NOMOUNT', DOCUMENT.open);
    expect(await refusal(DOCUMENT.setKey)).toMatchObject({ code: 'ERR_PHASE' });
    await run(DOCUMENT.createKey);
    expect((await run('SELECT CREATOR_DBNAME, CREATOR_DBID FROM V$ENCRYPTION_KEYS')).rows).toEqual([['', -1]]);
    await run('STARTUP MOUNT', 'STARTUP OPEN', DOCUMENT.useKey);
  });

  it('a start with keys in use and the wallet closed says so', async () => {
    await run(...opened, DOCUMENT.setKey, 'SHUTDOWN');
    expect((await run('STARTUP NOMOUNT')).warnings).toEqual([]);
    expect((await run('STARTUP OPEN')).warnings).toEqual(['wallet is not open']);
    await run('SHUTDOWN', 'STARTUP NOMOUNT', DOCUMENT.open);
    expect((await run('STARTUP OPEN')).warnings).toEqual([]);
  });

  it('everything is refused in the ISC deployment', async () => {
    await using isc = await openInstance(home, { deployment: 'isc', vendorExamples: true });
    for (const statement of [
      DOCUMENT.create,
      DOCUMENT.open,
      DOCUMENT.close,
      DOCUMENT.backup,
      DOCUMENT.setKey,
      DOCUMENT.createKey,
      DOCUMENT.useKey,
      DOCUMENT.setTag,
    ]) {
      await expect(isc.execute(statement), statement).rejects.toMatchObject({ code: 'ERR_DEPLOYMENT' });
    }
    expect((await isc.execute(DOCUMENT.select)).rows).toEqual([]);
  });

  it('a kms:// password and KMS=TRUE belong together', async () => {
    const kms =
      'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY "kms://tencent/?password=admin123#https://kms/"';
    await run(...rootSet);
    expect(await refusal(kms)).toMatchObject({ code: 'ERR_KMS_CONFIGURATION' });
    await run(DOCUMENT.setKms, 'SHUTDOWN', 'STARTUP');
    expect(await refusal(DOCUMENT.create)).toMatchObject({ code: 'ERR_KMS_CONFIGURATION' });
  });

  it('bind values stand in for secrets', async () => {
    const { Secret } = await import('../../src/secret.ts');
    using password = Secret.fromText('Your_keystore_password');
    using material = Secret.fromText(PAIR);
    await run(...opened);
    const statement = 'ADMINISTER KEY MANAGEMENT SET KEY :material IDENTIFIED BY :pw WITH BACKUP';
    await instance.execute(
      statement,
      new Map([
        ['pw', password],
        ['material', material],
      ]),
    );
    expect((await run(DOCUMENT.select)).rows).toEqual([[KEY_ID, null]]);
    await expect(instance.execute(statement)).rejects.toMatchObject({ code: 'ERR_STATEMENT_BIND' });
  });
});
