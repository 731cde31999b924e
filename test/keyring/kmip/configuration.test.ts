import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type KeyringOptions, openKeyring, readKmipConfigFile, readOkvDirectory } from '../../../src/keyring/index.ts';
import { makeTempFolder } from '../../support/peers.ts';

const folder = makeTempFolder();
afterAll(() => folder[Symbol.dispose]());
let serial = 0;

/** A directory as MySQL has it. The certificates are not looked at here. */
function okvDirectory(
  ora = 'SERVER=10.0.0.1:5697\nSTANDBY_SERVER=10.0.0.2:5696,10.0.0.3\n',
  password?: string,
): string {
  const directory = folder.file(`okv ${serial++}`);
  mkdirSync(join(directory, 'ssl'), { recursive: true });
  chmodSync(directory, 0o750);
  writeFileSync(join(directory, 'okvclient.ora'), ora);
  for (const name of ['CA.pem', 'cert.pem', 'key.pem'])
    writeFileSync(join(directory, 'ssl', name), 'PEM', { mode: 0o600 });
  if (password !== undefined) writeFileSync(join(directory, 'ssl', 'password.txt'), password, { mode: 0o600 });
  return directory;
}

function write(name: string, text: string): string {
  const path = folder.file(`${serial++} ${name}`);
  writeFileSync(path, text);
  return path;
}

const SERVERS = [
  { host: '10.0.0.1', port: 5697 },
  { host: '10.0.0.2', port: 5696 },
  { host: '10.0.0.3', port: 5696 },
];

describe('an okvclient.ora directory', () => {
  it('gives servers in order and the files of ssl/, without a password or with one', async () => {
    const plain = okvDirectory();
    expect(await readOkvDirectory(plain)).toEqual({
      client: {
        servers: SERVERS,
        credentials: {
          ca: { file: join(plain, 'ssl/CA.pem') },
          cert: { file: join(plain, 'ssl/cert.pem') },
          key: { file: join(plain, 'ssl/key.pem') },
        },
      },
      cacheKeys: null,
      timeoutMs: null,
      objectGroup: null,
      warnings: [],
    });
    const encrypted = okvDirectory(undefined, 'hunter2\n');
    const { client } = await readOkvDirectory(encrypted);
    expect(client.credentials).toMatchObject({ password: { file: join(encrypted, 'ssl/password.txt') } });
  });

  it('warns of modes that let others in, with the command that mends them', async () => {
    const directory = okvDirectory(undefined, 'hunter2\n');
    chmodSync(directory, 0o755);
    chmodSync(join(directory, 'ssl/key.pem'), 0o640);
    chmodSync(join(directory, 'ssl/password.txt'), 0o644);
    const { warnings } = await readOkvDirectory(directory);
    expect(warnings).toEqual([
      { code: 'OKV_DIRECTORY_MODE', message: 'mode 0755 lets others at it: chmod 0750', path: directory },
      {
        code: 'OKV_KEY_MODE',
        message: 'mode 0640 lets others at it: chmod 0600',
        path: join(directory, 'ssl/key.pem'),
      },
      {
        code: 'OKV_PASSWORD_MODE',
        message: 'mode 0644 lets others at it: chmod 0600',
        path: join(directory, 'ssl/password.txt'),
      },
    ]);
  });

  it('that is not there, or lacks a file, is named', async () => {
    const missing = folder.file('nowhere');
    await expect(readOkvDirectory(missing)).rejects.toMatchObject({
      code: 'ERR_KEYRING_CONFIGURATION',
      message: `cannot read ${join(missing, 'okvclient.ora')}`,
    });
    const { rmSync } = await import('node:fs');
    const directory = okvDirectory();
    rmSync(join(directory, 'ssl/cert.pem'));
    await expect(openKeyring({ backend: 'kmip', directory })).rejects.toMatchObject({
      code: 'ERR_KEYRING_CONFIGURATION',
      message: `cannot read ${join(directory, 'ssl/cert.pem')}`,
    });
  });

  it('with more than 64 standby servers gets the documented error', async () => {
    const many = Array.from({ length: 65 }, (_, i) => `10.1.0.${i}:5696`).join(',');
    await expect(readOkvDirectory(okvDirectory(`SERVER=a:1\nSTANDBY_SERVER=${many}\n`))).rejects.toMatchObject({
      message: 'Number of STANDBY_SERVER values exceeded maximum limit of 64.',
    });
  });
});

describe('configuration files', () => {
  it('Oracle’s component: its directory, servers and cache_keys', async () => {
    const directory = okvDirectory('not read\n');
    const path = write(
      'component_keyring_kmip.cnf',
      JSON.stringify({
        kmip_configuration_directory: directory,
        cache_keys: false,
        server: '10.0.0.1:5697',
        standby_server: ['10.0.0.2:5696', '10.0.0.3:5696'],
      }),
    );
    const { client, cacheKeys, warnings } = await readKmipConfigFile(path);
    expect(client.servers).toEqual(SERVERS);
    expect(client.credentials).toMatchObject({ key: { file: join(directory, 'ssl/key.pem') } });
    expect(cacheKeys).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('Percona’s component: its files, relative to the file, and its time', async () => {
    const path = write(
      'component_keyring_kmip.cnf',
      JSON.stringify({
        server_addr: '10.0.0.1',
        server_port: '5697',
        client_ca: 'cert.pem',
        client_key: '/keys/key.pem',
        server_ca: 'ca.pem',
        kmip_timeout_ms: 7000,
        object_group: 'db1',
      }),
    );
    const { client, timeoutMs, objectGroup } = await readKmipConfigFile(path);
    expect(client).toEqual({
      servers: [{ host: '10.0.0.1', port: 5697 }],
      credentials: {
        ca: { file: folder.file('ca.pem') },
        cert: { file: folder.file('cert.pem') },
        key: { file: '/keys/key.pem' },
      },
    });
    expect([timeoutMs, objectGroup]).toEqual([7000, 'db1']);
  });

  it('my.cnf: the directory that keyring_okv_conf_dir names', async () => {
    const directory = okvDirectory();
    const path = write('my.cnf', `[mysqld]\nearly-plugin-load=keyring_okv.so\nkeyring_okv_conf_dir=${directory}\n`);
    expect((await readKmipConfigFile(path)).client.servers).toEqual(SERVERS);
  });

  it('my.cnf without it, and a file that only points to another, are refused', async () => {
    await expect(readKmipConfigFile(write('my.cnf', '[mysqld]\nport=3306\n'))).rejects.toMatchObject({
      code: 'ERR_KEYRING_CONFIGURATION',
    });
    await expect(readKmipConfigFile(write('x.cnf', '{"read_local_config": true}'))).rejects.toMatchObject({
      code: 'ERR_KEYRING_CONFIGURATION',
      hint: 'name that file',
    });
  });
});

describe('options', () => {
  const refused = (options: object) =>
    expect(openKeyring({ backend: 'kmip', ...options } as KeyringOptions)).rejects.toMatchObject({
      code: 'ERR_OPTION',
    });

  it('that are unknown or do not fit are refused before anything is opened', async () => {
    await refused({});
    await refused({ directory: '/a', configFile: '/b' });
    const directory = okvDirectory();
    await refused({ directory, profil: 'okv' });
    await refused({ directory, profile: 'oracle' });
    await refused({ directory, refreshMs: -1 });
    await refused({ directory, graceMs: 5 });
    await refused({ directory, attributeNames: { owner: 'owner' } });
    await refused({ directory, attributeNames: { owner: 'x-key-id' } });
    await refused({ directory, attributeNames: { user: 'x-user' } });
    await refused({ directory, client: { retries: 7 } });
  });

  it('onWarning is told what should be mended', async () => {
    const directory = okvDirectory('SERVER=127.0.0.1:1\nSERVER=127.0.0.1:1\n');
    chmodSync(directory, 0o755);
    const warnings: string[] = [];
    const opened = openKeyring({ backend: 'kmip', directory, onWarning: ({ code }) => warnings.push(code) });
    await expect(opened).rejects.toThrow(); // these are no certificates
    expect(warnings).toEqual(['OKV_DUPLICATE', 'OKV_DIRECTORY_MODE']);
  });
});
