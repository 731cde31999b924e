/** The statements of MySQL's manual on a KMIP server, through keyring_okv_conf_dir: as printed, over restarts, and when it fails. */
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/errors.ts';
import { type Instance, type InstanceOptions, openInstance } from '../../src/instance/index.ts';
import { Secret } from '../../src/secret.ts';
import { hasPeer, makeTempFolder, runPeer, type TempFolder } from '../support/peers.ts';
import { type PykmipServer, startPykmip } from '../support/pykmip.ts';

const GENERATE = "SELECT keyring_key_generate('MyKey', 'AES', 32);";
const REMOVE = "SELECT keyring_key_remove('MyKey');";
const AKM = 'ADMINISTER KEY MANAGEMENT';

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('keyring_okv_conf_dir and PyKMIP', () => {
  let server: PykmipServer;
  let folder: TempFolder;
  let directory: string;
  const opened: Instance[] = [];
  beforeAll(async () => {
    server = await startPykmip();
    folder = makeTempFolder();
    directory = server.clientFolder('okv', { keyForm: 'des3' });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });
  afterEach(async () => {
    for (const instance of opened.splice(0)) await instance.close();
  });

  const open = async (home: string, options: InstanceOptions = {}): Promise<Instance> => {
    const instance = await openInstance(folder.file(home), { wallet: { iterations: 1 }, ...options });
    opened.push(instance);
    return instance;
  };
  const point = (instance: Instance, at: string) => instance.execute(`SET GLOBAL keyring_okv_conf_dir = '${at}'`);

  async function values(instance: Instance, text: string): Promise<readonly unknown[]> {
    const { rows } = await instance.execute(text);
    return rows.flat().map((value) => {
      if (!(value instanceof Secret)) return value;
      using secret = value;
      return Buffer.from(secret.expose()).toString('latin1');
    });
  }
  async function refusal(instance: Instance, text: string): Promise<DatabaseError> {
    const thrown = await instance.execute(text).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(DatabaseError);
    return thrown as DatabaseError;
  }

  it('the statements as printed; keys are made by the server, and called by its names', async () => {
    const instance = await open('seed');
    await point(instance, directory);
    expect(await values(instance, GENERATE)).toEqual([1]);
    expect((await refusal(instance, GENERATE)).errno).toBe(3188);
    expect(await values(instance, "SELECT keyring_key_type_fetch('MyKey'), keyring_key_length_fetch('MyKey')")).toEqual(
      ['AES', 32],
    );
    const [key] = (await values(instance, "SELECT keyring_key_fetch('MyKey')")) as [string];
    expect(key).toHaveLength(32);
    const { rows } = await instance.execute('SELECT * FROM performance_schema.keyring_keys');
    expect(rows).toEqual([['MyKey', 'root@localhost', expect.stringMatching(/^\d+$/)]]);
    expect(await values(instance, "SELECT keyring_key_fetch('mykey'), keyring_key_fetch('none')")).toEqual([
      null,
      null,
    ]);
    expect(await values(instance, REMOVE)).toEqual([1]);
    expect((await refusal(instance, REMOVE)).errno).toBe(3188);
    expect(instance.errorLog.entries.map((entry) => entry.number)).toEqual([11376, 11391, 11389]);
    expect(server.log()).toContain('Create');
  });

  it('types and lengths are those of keyring_okv, checked before the server is asked', async () => {
    const instance = await open('seed');
    await point(instance, directory);
    expect(await values(instance, "SELECT keyring_key_store('S', 'SECRET', 'Secret string')")).toEqual([1]);
    expect(await values(instance, "SELECT keyring_key_fetch('S'), keyring_key_type_fetch('S')")).toEqual([
      'Secret string',
      'SECRET',
    ]);
    await values(instance, "SELECT keyring_key_remove('S')");
    const before = instance.errorLog.written;
    for (const call of ["'a', 'DSA', 256", "'a', 'aes', 16", "'a', 'AES', 15", "'a', 'SECRET', 0", "'', 'AES', 16"])
      expect((await refusal(instance, `SELECT keyring_key_generate(${call})`)).errno).toBe(3188);
    expect((await refusal(instance, "SELECT keyring_key_fetch('')")).errno).toBe(3188);
    expect(instance.errorLog.since(before).map((entry) => entry.number)).toEqual([
      11379, 11379, 11380, 11380, 11359, 11374,
    ]);
  });

  it('persisted or from my.cnf, it is there after a restart; the keys are, too, with their owners', async () => {
    const instance = await open('restarted');
    await instance.execute(`SET PERSIST keyring_okv_conf_dir = '${directory}'`);
    await values(instance, GENERATE);
    await instance.execute('SHUTDOWN');
    await instance.execute('STARTUP');
    expect(await values(instance, "SELECT keyring_key_length_fetch('MyKey')")).toEqual([32]);
    mkdirSync(folder.file('mycnf'));
    const lines = ['[mysqld]', 'early-plugin-load=keyring_okv.so', `keyring_okv_conf_dir=${directory}`];
    writeFileSync(folder.file('mycnf/my.cnf'), `${lines.join('\n')}\n`);
    const other = await open('mycnf', { account: 'app@%' });
    expect(await values(other, "SELECT keyring_key_fetch('MyKey')")).toEqual([null]);
    expect(await values(other, GENERATE)).toEqual([1]);
    expect(await values(other, 'SELECT KEY_OWNER FROM performance_schema.keyring_keys ORDER BY 1')).toEqual([
      'app@%',
      'root@localhost',
    ]);
    for (const each of [instance, other]) await values(each, REMOVE);
  });

  it('without SET PERSIST it is forgotten at the end, and the wallet is the keyring again', async () => {
    const instance = await open('forgotten');
    await point(instance, directory);
    await values(instance, GENERATE);
    await point(instance, '');
    expect((await refusal(instance, GENERATE)).cause).toMatchObject({ code: 'ERR_WALLET_NOT_OPEN' });
    await point(instance, directory);
    await values(instance, REMOVE);
    await instance.execute('SHUTDOWN');
    await instance.execute('STARTUP');
    expect(await values(instance, "SHOW VARIABLES LIKE 'keyring_okv%'")).toEqual(['keyring_okv_conf_dir', '']);
  });

  const BAD: readonly (readonly [string, string, (ssl: string) => void, readonly number[]])[] = [
    ['no CA.pem in it', 'ca', (ssl) => writeFileSync(`${ssl}/CA.pem`, 'nothing\n'), [11398, 11386, 11377]],
    ['no certificate', 'cert', (ssl) => writeFileSync(`${ssl}/cert.pem`, 'nothing\n'), [11399, 11386, 11377]],
    ['no key', 'key', (ssl) => writeFileSync(`${ssl}/key.pem`, 'nothing\n'), [11400, 11386, 11377]],
    ['a wrong password.txt', 'pw', (ssl) => writeFileSync(`${ssl}/password.txt`, 'wrong\n'), [11400, 11386, 11377]],
    [
      "another client's key",
      'other',
      (ssl) => cpSync(server.client('client-b').key, `${ssl}/key.pem`),
      [11401, 11386, 11377],
    ],
    [
      'no server behind it',
      'dead',
      (ssl) => writeFileSync(`${ssl}/../okvclient.ora`, 'SERVER=127.0.0.1:1\n'),
      [11388, 11387, 11377],
    ],
  ];
  it.each(BAD)('a directory with %s is refused and the log says why; the server before it stays', async (...row) => {
    const [, name, spoil, numbers] = row;
    const instance = await open('bad');
    await point(instance, directory);
    const spoilt = folder.file(`okv-${name}`);
    cpSync(directory, spoilt, { recursive: true });
    spoil(`${spoilt}/ssl`);
    const before = instance.errorLog.written;
    expect((await refusal(instance, `SET GLOBAL keyring_okv_conf_dir = '${spoilt}'`)).errno).toBe(1231);
    expect(instance.errorLog.since(before).map((entry) => entry.number)).toEqual(numbers);
    expect(await values(instance, "SHOW VARIABLES LIKE 'keyring_okv%'")).toEqual(['keyring_okv_conf_dir', directory]);
    expect(await values(instance, `${GENERATE.slice(0, -1)}, keyring_key_remove('MyKey')`)).toEqual([1, 1]);
    expect(JSON.stringify(instance.errorLog.entries)).not.toContain('wrong\\n');
  });

  it('warns of files that others can read', async () => {
    const loose = folder.file('okv-loose');
    cpSync(directory, loose, { recursive: true });
    chmodSync(loose, 0o700); // Node 24 copies a folder without its mode
    chmodSync(`${loose}/ssl/key.pem`, 0o644);
    const { warnings } = await point(await open('loose'), loose);
    expect(warnings).toEqual([expect.stringContaining('key.pem: mode 0644')]);
  });

  it('an outage is 3188 and an empty table, never the wallet; the server back, so are the keys, without a restart', async () => {
    const instance = await open('outage');
    await instance.execute("ALTER SYSTEM SET WALLET_ROOT='root'");
    await instance.execute(`${AKM} CREATE KEYSTORE IDENTIFIED BY pw`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY pw`);
    await point(instance, directory);
    await values(instance, GENERATE);
    await server.stop();
    const before = instance.errorLog.written;
    const error = await refusal(instance, REMOVE);
    expect(error).toMatchObject({ errno: 3188, cause: { name: 'TransportError' } });
    expect(instance.errorLog.since(before).map((entry) => entry.number)).toEqual([11388, 11389]);
    expect((await instance.execute('SELECT * FROM performance_schema.keyring_keys')).rows).toEqual([]);
    expect((await refusal(instance, 'ALTER INSTANCE ROTATE INNODB MASTER KEY')).errno).toBe(3185);
    expect((await refusal(instance, 'ALTER INSTANCE RELOAD KEYRING')).errno).toBe(4035);
    await server.start();
    expect(await values(instance, REMOVE)).toEqual([1]);
    await instance.execute('ALTER INSTANCE RELOAD KEYRING');
  });

  it('keyward demo runs its tour on it', () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const args = [main, 'demo', '--tour', '--home', folder.file('demo'), '--okv', directory];
    const { status, stdout, stderr } = runPeer(process.execPath, args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(String(stdout)).toMatch(/MyKey {3}root@localhost {2}\d+\n/);
    expect(String(stdout)).toContain(`keyring_okv_conf_dir  ${directory}\n`);
  });

  it('a rehearsal only reads the server', async () => {
    const instance = await open('rehearsal');
    await point(instance, directory);
    // A name of its own: the tour before it leaves its key there.
    const generate = "SELECT keyring_key_generate('Rehearsed', 'AES', 32)";
    const remove = "SELECT keyring_key_remove('Rehearsed')";
    await values(instance, generate);
    const removed = await instance.explain(remove);
    expect(removed).toMatchObject({ refusal: null, files: [], keyring: [{ id: 'Rehearsed', change: 'removed' }] });
    expect((await instance.explain(generate)).refusal).not.toBeNull();
    expect((await instance.explain("SELECT keyring_key_generate('x', 'DSA', 8)")).refusal).not.toBeNull();
    expect(await values(instance, remove)).toEqual([1]);
  });
});
