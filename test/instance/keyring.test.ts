/** The MySQL keyring of an instance: which keyring it is, what is remembered, what a wallet that closes takes with it. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/errors.ts';
import { type Instance, type InstanceOptions, openInstance } from '../../src/instance/index.ts';
import { openKeyring } from '../../src/keyring/index.ts';
import { Secret } from '../../src/secret.ts';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const PW = 'IDENTIFIED BY pw';
/** The statements of the manual's page on keyring_okv. */
const SEED = ["SELECT keyring_key_generate('MyKey', 'AES', 32);", "SELECT keyring_key_remove('MyKey');"] as const;

let folder: TempFolder;
const opened: Instance[] = [];
const open = async (options: InstanceOptions = {}): Promise<Instance> => {
  const wallet = { iterations: 1, profile: 'oracle' } as const;
  const instance = await openInstance(folder.file('home'), { wallet, ...options });
  opened.push(instance);
  return instance;
};
/** An instance with an open wallet of its own. */
const openWithWallet = async (options?: InstanceOptions): Promise<Instance> => {
  const instance = await open(options);
  if (instance.parameters.WALLET_ROOT === null) {
    await instance.execute("ALTER SYSTEM SET WALLET_ROOT='root'");
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
  }
  await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
  return instance;
};
beforeEach(() => {
  folder = makeTempFolder();
});
afterEach(async () => {
  for (const instance of opened.splice(0)) await instance.close();
  folder[Symbol.dispose]();
});

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

describe("the manual's statements, as printed", () => {
  const backends: readonly (readonly [string, () => Promise<Instance>])[] = [
    ['on the wallet of a fresh instance', openWithWallet],
    ['on a keyring in memory', async () => await open({ keyring: await openKeyring({ backend: 'memory' }) })],
  ];
  it.each(backends)('%s', async (_, start) => {
    const instance = await start();
    for (const text of SEED) expect(await values(instance, text)).toEqual([1]);
    expect((await refusal(instance, SEED[1])).errno).toBe(3188);
    expect(await values(instance, "SELECT keyring_key_store('AES_key', 'AES', 'Secret string')")).toEqual([1]);
    expect(
      await values(
        instance,
        "SELECT keyring_key_fetch('AES_key'), keyring_key_type_fetch('AES_key'), keyring_key_length_fetch('AES_key')",
      ),
    ).toEqual(['Secret string', 'AES', 13]);
    // A component takes the lengths of the manual's examples.
    for (const [type, length] of [
      ['DSA', 256],
      ['DSA', 8],
      ['RSA', 16],
      ['RSA', 384],
      ['AES', 16],
    ] as const)
      expect(await values(instance, `SELECT keyring_key_generate('${type}${length}', '${type}', ${length})`)).toEqual([
        1,
      ]);
  });
});

describe('the wallet', () => {
  it('keeps the keys, with owner and type, over a restart, and says where they are', async () => {
    const first = await openWithWallet();
    await first.execute(SEED[0]);
    await first.execute('ALTER INSTANCE ROTATE INNODB MASTER KEY');
    await first.close();
    const second = await openWithWallet({ account: 'app@%' });
    expect(await values(second, "SELECT keyring_key_type_fetch('MyKey')")).toEqual([null]);
    const all = await second.execute('SELECT KEY_ID, KEY_OWNER FROM performance_schema.keyring_keys ORDER BY 2 DESC');
    const uuid = JSON.parse(readFileSync(folder.file('home/keyring.json'), 'utf8')).serverUuid;
    expect(all.rows).toEqual([
      ['MyKey', 'root@localhost'],
      [`INNODBKey-${uuid}-1`, ''],
    ]);
    expect(
      await values(
        second,
        "SELECT STATUS_VALUE FROM performance_schema.keyring_component_status WHERE STATUS_KEY IN ('Component_status', 'Data_file')",
      ),
    ).toEqual(['Active', folder.file('home/root/tde/ewallet.p12')]);
  });

  it('is no keyring while it is closed: nothing but NULL is left of it, and 3188 says what to do', async () => {
    const instance = await openWithWallet();
    await instance.execute(SEED[0]);
    await instance.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
    for (const text of [SEED[0], SEED[1], "SELECT keyring_key_fetch('MyKey')"]) {
      const error = await refusal(instance, text);
      expect(error).toMatchObject({ errno: 3188, cause: { code: 'ERR_WALLET_NOT_OPEN' } });
      expect(error.hint).toContain('SET KEYSTORE OPEN');
    }
    expect((await instance.execute('SELECT * FROM performance_schema.keyring_keys')).rows).toEqual([]);
    expect((await refusal(instance, 'ALTER INSTANCE RELOAD KEYRING')).errno).toBe(4035);
    expect(
      await values(
        instance,
        "SELECT STATUS_VALUE FROM performance_schema.keyring_component_status WHERE STATUS_KEY = 'Component_status'",
      ),
    ).toEqual(['Disabled']);
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    expect(await values(instance, "SELECT keyring_key_length_fetch('MyKey')")).toEqual([32]);
  });

  it('master keys and keyring keys live beside each other, another process sees both', async () => {
    const one = await openWithWallet();
    const other = await openWithWallet();
    await one.execute(`${AKM} SET KEY USING TAG 'mk' ${PW} WITH BACKUP`);
    await one.execute(SEED[0]);
    await other.execute('ALTER INSTANCE RELOAD KEYRING');
    expect(await values(other, "SELECT keyring_key_length_fetch('MyKey')")).toEqual([32]);
    await other.execute(`${AKM} ALTER KEYSTORE PASSWORD ${PW} SET new WITH BACKUP`);
    expect(await values(other, "SELECT keyring_key_length_fetch('MyKey')")).toEqual([32]);
    expect(await values(other, 'SELECT TAG FROM V$ENCRYPTION_KEYS')).toEqual(['mk']);
  });

  it('serves several statements at once, and none after it closed', async () => {
    const instance = await openWithWallet();
    const ids = Array.from({ length: 8 }, (_, i) => `k${i}`);
    const made = await Promise.all(
      ids.map((id) => values(instance, `SELECT keyring_key_generate('${id}', 'AES', 16)`)),
    );
    expect(made).toEqual(ids.map(() => [1]));
    const closing = instance.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
    const during = await Promise.allSettled(
      ids.map((id) => values(instance, `SELECT keyring_key_length_fetch('${id}')`)),
    );
    await closing;
    for (const each of during)
      if (each.status === 'fulfilled') expect(each.value).toEqual([16]);
      else expect(each.reason).toMatchObject({ errno: 3188 });
    expect((await refusal(instance, "SELECT keyring_key_fetch('k0')")).errno).toBe(3188);
  });

  it('needs a start', async () => {
    const instance = await openWithWallet();
    await instance.execute('SHUTDOWN');
    expect((await refusal(instance, SEED[0])).cause).toMatchObject({ code: 'ERR_PHASE' });
  });
});

describe('what a home remembers', () => {
  it('installed plugins and created functions, in a file of mode 0600', async () => {
    const instance = await openWithWallet({ keyringPlugins: false });
    expect((await refusal(instance, SEED[0])).errno).toBe(1305);
    await instance.execute("CREATE FUNCTION keyring_key_generate RETURNS INTEGER SONAME 'keyring_udf.so'");
    expect((await refusal(instance, SEED[0])).errno).toBe(1123);
    await instance.execute("INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'");
    expect(await values(instance, SEED[0])).toEqual([1]);
    expect(statSync(folder.file('home/keyring.json')).mode & 0o777).toBe(0o600);
    await instance.close();
    const again = await openWithWallet();
    expect((await refusal(again, SEED[0])).errno).toBe(3188);
    expect((await refusal(again, SEED[1])).errno).toBe(1305);
    expect(again.keyring.plugins).toEqual(new Set(['keyring_udf']));
  });

  it('keyring_operations is ON again after a restart', async () => {
    const instance = await openWithWallet();
    await instance.execute('SET GLOBAL keyring_operations = OFF');
    expect((await refusal(instance, SEED[0])).errno).toBe(3188);
    await instance.execute('SHUTDOWN');
    await instance.execute('STARTUP');
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    expect(await values(instance, SEED[0])).toEqual([1]);
  });

  it('a damaged file is an error with its name', async () => {
    mkdirSync(folder.file('home'));
    writeFileSync(folder.file('home/keyring.json'), '{"plugins": 3}');
    await expect(open()).rejects.toMatchObject({
      code: 'ERR_KEYRING_STATE',
      message: expect.stringContaining('keyring.json'),
    });
  });
});

describe('accounts and privileges', () => {
  it('are options of the instance', async () => {
    const keyring = await openKeyring({ backend: 'memory' });
    const app = await open({ keyring, account: 'app', privileges: ['EXECUTE'] });
    expect(await values(app, SEED[0])).toEqual([1]);
    expect((await refusal(app, 'SET GLOBAL keyring_operations = OFF')).errno).toBe(3202);
    expect((await refusal(app, 'SELECT * FROM performance_schema.keyring_keys')).errno).toBe(1142);
    const anonymous = await open({ keyring, account: '@localhost' });
    expect(await values(anonymous, SEED[0])).toEqual([1]);
    expect((await anonymous.execute('SELECT KEY_OWNER FROM performance_schema.keyring_keys')).rows).toEqual([
      ['app@%'],
      ['@localhost'],
    ]);
    const nobody = await open({ keyring, privileges: [] });
    expect((await refusal(nobody, SEED[0])).message).toContain('User needs to have EXECUTE');
    await expect(open({ account: "'root'@'localhost'" })).rejects.toMatchObject({ code: 'ERR_ACCOUNT' });
  });

  it('the older checks are an option too', async () => {
    const instance = await open({ keyring: await openKeyring({ backend: 'memory' }), keyringChecks: 'old' });
    expect((await refusal(instance, 'SELECT keyring_key_fetch(NULL)')).errno).toBe(1123);
  });
});

describe('keyring_okv_conf_dir', () => {
  const INIT_FAILED =
    "Plugin keyring_okv reported: 'keyring_okv initialization failure. Please check that the keyring_okv_conf_dir points to a readable directory and that the directory contains Oracle Key Vault configuration file and ssl materials. Please also check that Oracle Key Vault is up and running.'";
  /** A directory with everything but sense. */
  const directory = (okvclient: string): string => {
    const path = folder.file('okv');
    mkdirSync(`${path}/ssl`, { recursive: true });
    writeFileSync(`${path}/okvclient.ora`, okvclient);
    for (const name of ['CA.pem', 'cert.pem', 'key.pem']) writeFileSync(`${path}/ssl/${name}`, 'nothing\n');
    return path;
  };

  it('unset, the log says so at the start, in the words of the manual', async () => {
    const instance = await open();
    expect(instance.errorLog.entries.map(({ number, priority }) => ({ number, priority }))).toEqual([
      { number: 11376, priority: 'Warning' },
    ]);
  });

  const BAD: readonly (readonly [string, () => string, readonly number[]])[] = [
    ['a directory that is not there', () => folder.file('nowhere'), [11377]],
    ['a file', () => `${directory('SERVER=127.0.0.1:1')}/okvclient.ora`, [11377]],
    ['no SERVER', () => directory('STANDBY_SERVER=127.0.0.1:1'), [11382, 11377]],
    ['a SERVER that is none', () => directory('SERVER=host:port'), [11384, 11377]],
    [
      'too many standby servers',
      () => directory(`SERVER=h\nSTANDBY_SERVER=${Array.from({ length: 65 }, (_, i) => `h${i}`).join(',')}`),
      [13837, 11377],
    ],
  ];
  it.each(BAD)('%s: refused, logged; variable and keyring stay as they were', async (_, make, numbers) => {
    const instance = await openWithWallet();
    await instance.execute(SEED[0]);
    const path = make();
    const before = instance.errorLog.written;
    const error = await refusal(instance, `SET GLOBAL keyring_okv_conf_dir = '${path}'`);
    expect(error.message).toBe(
      `ERROR 1231 (42000): Variable 'keyring_okv_conf_dir' can't be set to the value of '${path}'`,
    );
    const logged = instance.errorLog.since(before);
    expect(logged.map((entry) => entry.number)).toEqual(numbers);
    expect(logged.at(-1)?.text).toBe(INIT_FAILED);
    expect(await values(instance, "SHOW VARIABLES LIKE 'keyring_okv%'")).toEqual(['keyring_okv_conf_dir', '']);
    expect(await values(instance, "SELECT keyring_key_length_fetch('MyKey')")).toEqual([32]);
  });

  it("is read from the home's my.cnf; a server that cannot be used is not replaced by the wallet", async () => {
    mkdirSync(folder.file('home'));
    writeFileSync(
      folder.file('home/my.cnf'),
      '[mysqld]\nearly-plugin-load=keyring_okv.so\nkeyring_okv_conf_dir=/usr/local/mysql/mysql-keyring-okv\n',
    );
    const instance = await openWithWallet({ keyringPlugins: false });
    expect(instance.keyring.plugins).toEqual(new Set(['keyring_okv']));
    expect(instance.errorLog.entries).toEqual([]);
    expect(await values(instance, "SHOW VARIABLES LIKE 'keyring_okv%'")).toEqual([
      'keyring_okv_conf_dir',
      '/usr/local/mysql/mysql-keyring-okv',
    ]);
    await instance.execute("INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'");
    await instance.execute("CREATE FUNCTION keyring_key_generate RETURNS INTEGER SONAME 'keyring_udf.so'");
    expect((await refusal(instance, SEED[0])).errno).toBe(3188);
    expect(instance.errorLog.entries.map((entry) => entry.number)).toEqual([11377, 11391]);
    expect((await instance.execute('SELECT * FROM performance_schema.keyring_component_status')).rows).toEqual([]);
  });

  it('without the plugin, the variable is unknown and the wallet is the keyring', async () => {
    const instance = await openWithWallet();
    await instance.execute('UNINSTALL PLUGIN keyring_okv');
    expect((await refusal(instance, "SET GLOBAL keyring_okv_conf_dir = '/'")).errno).toBe(1193);
    expect(await values(instance, SEED[0])).toEqual([1]);
  });
});

describe('explain', () => {
  it('says which keys a statement would make or remove, and does not do it: in the wallet', async () => {
    const instance = await openWithWallet();
    await instance.execute("SELECT keyring_key_generate('old', 'AES', 16)");
    const bytes = readFileSync(folder.file('home/root/tde/ewallet.p12'));
    await using rehearsal = await instance.rehearse();
    const made = await rehearsal.explain(SEED[0]);
    expect(made).toMatchObject({
      refusal: null,
      keyring: [{ id: 'MyKey', owner: 'root@localhost', change: 'created' }],
      files: [{ path: folder.file('home/root/tde/ewallet.p12'), change: 'replaced' }],
    });
    expect((await rehearsal.explain(SEED[0])).refusal).toMatchObject({ code: 'ERR_KEYRING_UDF_KEYRING_SERVICE_ERROR' });
    expect((await rehearsal.explain("SELECT keyring_key_fetch('MyKey')")).refusal).toBeNull();
    expect((await rehearsal.explain("SELECT keyring_key_remove('old')")).keyring).toEqual([
      { id: 'old', owner: 'root@localhost', change: 'removed' },
    ]);
    expect((await rehearsal.explain('UNINSTALL PLUGIN keyring_udf')).files).toEqual([
      { path: folder.file('home/keyring.json'), change: 'created' },
    ]);
    expect(readFileSync(folder.file('home/root/tde/ewallet.p12')).equals(bytes)).toBe(true);
    expect(existsSync(folder.file('home/keyring.json'))).toBe(false);
    expect(await values(instance, "SELECT keyring_key_fetch('MyKey')")).toEqual([null]);
    expect(await values(instance, "SELECT keyring_key_length_fetch('old')")).toEqual([16]);
  });

  it('in any other keyring, which is only read', async () => {
    const keyring = await openKeyring({ backend: 'memory' });
    const owner = 'root@localhost';
    await keyring.generate('old', 'AES', 16, { owner });
    const instance = await open({ keyring });
    await using rehearsal = await instance.rehearse();
    const explain = (text: string) => rehearsal.explain(text);
    expect((await explain("SELECT keyring_key_store('old', 'AES', 'k')")).refusal).not.toBeNull();
    expect((await explain("SELECT keyring_key_remove('old')")).keyring).toMatchObject([{ change: 'removed' }]);
    expect((await explain("SELECT keyring_key_remove('old')")).refusal).not.toBeNull();
    expect((await explain("SELECT keyring_key_generate('old', 'AES', 24)")).refusal).toBeNull();
    expect((await explain("SELECT keyring_key_generate('new', 'AES', 99999999)")).keyring).toEqual([]);
    expect((await explain("SELECT keyring_key_generate('t', 'AES', 16), keyring_key_remove('t')")).keyring).toEqual([]);
    expect((await explain('ALTER INSTANCE ROTATE INNODB MASTER KEY')).keyring).toMatchObject([{ owner: '' }]);
    const left: string[] = [];
    for await (const { id, lengthBytes } of keyring.list()) left.push(`${id}: ${lengthBytes}`);
    expect(left).toEqual(['old: 16']);
    await keyring.close();
  });
});
