import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeyring } from '../../src/keyring/index.ts';
import { hasPeer, makeTempFolder } from '../support/peers.ts';
import { deadAddress, type PykmipServer, startPykmip } from '../support/pykmip.ts';
import { commandIn } from './run.ts';

const folder = makeTempFolder();
const keyward = commandIn(folder.path);
const SECRET = randomBytes(40);
const wallet = ['--wallet', 'w', '--password-file', 'pw'];
afterAll(() => folder[Symbol.dispose]());

beforeAll(async () => {
  // Few iterations: each command opens it anew.
  const walletOptions = { iterations: 1000 };
  const password = 'a wallet password';
  await using made = await openKeyring({
    backend: 'wallet',
    directory: folder.file('w'),
    password,
    create: true,
    walletOptions,
  });
  expect(made.backend).toBe('wallet');
  writeFileSync(folder.file('pw'), 'a wallet password\n', { mode: 0o600 });
  writeFileSync(folder.file('secret.bin'), SECRET);
});

const keyring = (...args: readonly string[]) => keyward(['keyring', ...args]);

describe('keyward keyring, in a wallet', () => {
  it('makes, stores, fetches, rotates, lists and removes keys', async () => {
    const made = await keyring('generate', 'MyKey', '--owner', 'root@localhost', ...wallet);
    expect(made).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringMatching(/^generated MyKey of root@localhost: AES, 32 bytes, version 1/),
    });
    expect(await keyring('store', 'token', '--key-file', 'secret.bin', ...wallet)).toMatchObject({
      status: 0,
      err: '',
    });
    expect(await keyring('store', 'token', '--key-file', 'secret.bin', ...wallet)).toMatchObject({
      status: 5,
      err: expect.stringContaining('ERR_KEYRING_EXISTS'),
    });

    const hex = await keyring('fetch', 'token', '--format', 'hex', ...wallet);
    expect(hex).toEqual({ status: 0, err: '', out: `${SECRET.toString('hex')}\n` });
    expect(await keyring('fetch', 'token', '--out', 'copy.bin', ...wallet)).toMatchObject({ status: 0 });
    expect(readFileSync(folder.file('copy.bin')).equals(SECRET)).toBe(true);
    expect(statSync(folder.file('copy.bin')).mode & 0o777).toBe(0o600);
    // Never over a file that is there.
    expect(await keyring('fetch', 'token', '--out', 'secret.bin', ...wallet)).toMatchObject({
      status: 2,
      err: expect.stringContaining('ERR_FILE_EXISTS'),
    });

    const rotated = await keyring('rotate', 'token', '--json', ...wallet);
    expect(JSON.parse(rotated.out)).toMatchObject({ id: 'token', type: 'SECRET', lengthBytes: 40, version: 2 });
    expect((await keyring('fetch', 'token', '--version', '1', '--format', 'base64', ...wallet)).out).toBe(
      `${SECRET.toString('base64')}\n`,
    );
    expect((await keyring('list', '--long', ...wallet)).out).toMatch(
      /^token +SECRET +40 +2\nMyKey +root@localhost +AES +32 +1\n/m,
    );
    expect((await keyring('length', 'token', ...wallet)).out).toBe('40\n');
    expect((await keyring('type', 'MyKey', '--owner', 'root@localhost', ...wallet)).out).toBe('AES\n');
    expect((await keyring('remove', 'token', ...wallet)).out).toBe('removed token\n');
    expect(await keyring('remove', 'token', ...wallet)).toMatchObject({
      status: 4,
      err: expect.stringContaining('ERR_KEY_NOT_FOUND'),
    });
  });

  it('takes no key and no password from the arguments, and says which keyring it wants', async () => {
    expect(await keyring('store', 'x', ...wallet)).toMatchObject({
      status: 2,
      err: expect.stringContaining('give --key-file or --key-fd'),
    });
    expect(await keyring('list', '--wallet', 'w')).toMatchObject({
      status: 2,
      err: expect.stringContaining('ERR_PASSWORD_SOURCE'),
    });
    expect(await keyring('list')).toMatchObject({ status: 2, err: expect.stringContaining('--okv DIR') });
    expect(await keyring('list', '--okv', 'x', ...wallet)).toMatchObject({ status: 2 });
    expect(await keyring('list', '--wallet', 'nowhere', '--password-file', 'pw')).toMatchObject({
      status: 4,
      err: expect.stringContaining('ERR_WALLET_MISSING'),
    });
    expect(await keyring('list', '--okv', 'nowhere')).toMatchObject({
      status: 5,
      err: expect.stringContaining('ERR_KEYRING_CONFIGURATION'),
    });
    expect(await keyring('generate', 'k', '--length', '31.5', ...wallet)).toMatchObject({ status: 2 });
  });
});

describe('keyward keyring migrate, from component_keyring_file', () => {
  const migrate = (...args: readonly string[]) =>
    keyring('migrate', '--to', 'wallet:m', '--to-password-file', 'pw', ...args);
  const element = (id: string, user: string, data: string) => ({
    user,
    data_id: id,
    data_type: 'AES',
    data,
    extension: [],
  });
  const elements = [element('a', '', SECRET.subarray(0, 16).toString('hex')), element('a', 'u@%', 'ff'.repeat(32))];

  it('says first what it would do, then copies all or nothing', async () => {
    writeFileSync(folder.file('file.json'), JSON.stringify({ version: '1.0', elements }));
    const dry = await migrate('--from', 'file:file.json', '--create', '--dry-run');
    expect(dry).toMatchObject({ status: 0, err: '' });
    expect(dry.out).toMatch(/^would be copied +a +u@% +AES +32 +1$/m);
    expect(existsSync(folder.file('m'))).toBe(false);
    const done = await migrate('--from', 'file:file.json', '--create');
    expect(done).toMatchObject({ status: 0, out: 'copied 2 keys\n' });
    expect(done.err.split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/^1\/2 a/),
      expect.stringMatching(/^2\/2 a/),
    ]);
    const fetched = await keyring('fetch', 'a', '--format', 'hex', '--wallet', 'm', '--password-file', 'pw');
    expect(fetched.out).toBe(`${SECRET.subarray(0, 16).toString('hex')}\n`);

    expect(await migrate('--from', 'file:file.json')).toMatchObject({
      status: 5,
      err: expect.stringContaining('ERR_KEYRING_EXISTS'),
    });
    const again = await migrate('--from', 'file:file.json', '--dry-run');
    expect(again).toMatchObject({ status: 5, out: expect.stringContaining('IN THE WAY') });
    expect(await migrate('--from', 'file:file.json', '--skip-same')).toMatchObject({
      status: 0,
      out: 'copied 0 keys, 2 were there already\n',
    });
    for (const { out, err } of [dry, done, again]) expect(out + err).not.toContain('ffffffff');
  });

  it.each([
    ['wallet:m', 'source and target are the same'],
    ['m', '--from is okv:PATH, config:PATH, wallet:PATH, file:PATH'],
    ['vault:m', '--from is'],
  ])('refuses %j', async (from, message) => {
    expect(await migrate('--from', from)).toMatchObject({ status: 2, err: expect.stringContaining(message) });
  });
});

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('keyward keyring, in a KMIP server', () => {
  let server: PykmipServer;
  let okv: readonly string[];
  beforeAll(async () => {
    server = await startPykmip();
    okv = ['--okv', server.clientFolder('okv', { keyForm: 'pkcs8' })];
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('lists as okvutil does, from no objects to removed ones', async () => {
    expect(await keyring('list', ...okv)).toEqual({ status: 0, err: '', out: 'no objects found\n' });
    const made = await keyring('generate', 'MyKey', '--type', 'AES', '--length', '32', ...okv);
    expect(made).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringMatching(/^generated MyKey: AES, 32 bytes, version 1, kept as \d+\n$/),
    });
    const id = /kept as (\d+)/.exec(made.out)?.[1] as string;
    expect((await keyring('list', ...okv)).out).toBe(
      `Unique ID  Type           Identifier\n${id.padEnd(9)}  Symmetric Key  MyKey\n`,
    );
    const fetched = await keyring('fetch', 'MyKey', '--format', 'hex', ...okv);
    expect(fetched.out).toMatch(/^[\da-f]{64}\n$/);
    // The same object, by its own id.
    expect(await keyward(['kmip', 'get', id, '--format', 'hex', ...okv])).toMatchObject({
      status: 0,
      out: fetched.out,
      err: `${id}: SymmetricKey, AES, Raw\n`,
    });
    expect((await keyring('remove', 'MyKey', ...okv)).out).toBe('removed MyKey\n');
    expect((await keyring('list', ...okv)).out).toBe('no objects found\n');
    expect(await keyring('gc', ...okv)).toMatchObject({ status: 0, out: 'collected 0 unfinished objects\n' });
  });

  it('migrates to a wallet and finds the same keys there', async () => {
    for (const [id, owner] of [
      ['one', ''],
      ['two', 'root@localhost'],
    ] as const)
      expect(
        await keyring('generate', id, '--instance', 'move', ...(owner === '' ? [] : ['--owner', owner]), ...okv),
      ).toMatchObject({ status: 0 });
    const ends = ['--from', `okv:${okv[1]}`, '--from-instance', 'move', '--to', 'wallet:moved'];
    const moved = await keyring('migrate', ...ends, '--to-password-file', 'pw', '--create');
    expect(moved).toMatchObject({ status: 0, out: 'copied 2 keys\n' });
    const at = (where: readonly string[]) =>
      keyring('fetch', 'two', '--owner', 'root@localhost', '--format', 'hex', ...where);
    const there = await at(['--wallet', 'moved', '--password-file', 'pw']);
    expect(there.out).toMatch(/^[\da-f]{64}\n$/);
    expect(await at([...okv, '--instance', 'move'])).toEqual(there);
  });

  it('keeps instances apart, and reads a configuration file', async () => {
    const config = { kmip_configuration_directory: okv[1], server: `127.0.0.1:${server.port}` };
    writeFileSync(folder.file('component_keyring_kmip.cnf'), JSON.stringify(config));
    const from = ['--config', 'component_keyring_kmip.cnf'];
    expect(await keyring('generate', 'shared', '--instance', 'one', ...from)).toMatchObject({ status: 0, err: '' });
    expect(await keyring('type', 'shared', '--instance', 'two', ...from)).toMatchObject({ status: 4 });
    expect((await keyring('type', 'shared', '--instance', 'one', ...okv)).out).toBe('AES\n');
  });

  it('says of every server what was tried, and ends with a status of its own', async () => {
    const ports = [deadAddress().port, deadAddress(1).port];
    const dead = server.clientFolder('dead', { server: `127.0.0.1:${ports[0]}`, standby: [`127.0.0.1:${ports[1]}`] });
    const { status, out, err } = await keyring('list', '--okv', dead);
    expect({ status, out }).toEqual({ status: 6, out: '' });
    expect(err.split('\n')).toEqual([
      'ERR_KMIP_CONNECT: no KMIP server could be reached',
      ...ports.map((port) => `  127.0.0.1:${port}: connect: nothing listens there (ECONNREFUSED)`),
      '  hint: is the server up, and is this its port?',
      '',
    ]);
  });

  it('refuses what the plugin refuses before it asks anybody', async () => {
    expect(await keyring('generate', 'k', '--type', 'RSA', ...okv)).toMatchObject({
      status: 2,
      err: expect.stringContaining('ERR_KEYRING_TYPE'),
    });
    expect(await keyring('generate', 'k', '--length', '31', ...okv)).toMatchObject({
      status: 2,
      err: expect.stringContaining('ERR_KEYRING_LENGTH'),
    });
  });
});
