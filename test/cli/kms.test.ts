/** `keyward kms` and the commands on KMS wallets, as programs: an emulator in one process, everything else in others. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseKmsUrl } from '../../src/kms/index.ts';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const AKM = 'ADMINISTER KEY MANAGEMENT';

let folder: TempFolder;
let emulator: ChildProcess;
/** Everything that any of the programs printed. */
const told: string[] = [];

beforeAll(async () => {
  folder = makeTempFolder();
  emulator = await startEmulator('--fail', 'GenerateDataKey=InternalError:2');
});
afterAll(async () => {
  await stop(emulator);
  folder[Symbol.dispose]();
});

async function startEmulator(...more: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, 'kms', 'emulate', '--home', folder.file('kms'), ...more]);
  const ready = new Promise<void>((done, failed) => {
    let shown = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        told.push(String(chunk));
        shown += String(chunk);
        if (shown.includes('kms-url')) done();
      });
    child.on('exit', () => failed(new Error(shown)));
  });
  await ready;
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'close'); // with all that it said
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
}

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function keyward(args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [main, ...args], (error, out, err) => {
      told.push(out, err);
      done({ status: (error?.code as number | undefined) ?? 0, out, err });
    });
    child.stdin?.end(input);
  });
}

const urlFile = (): string => folder.file('kms/kms-url');
const tde = (): string => folder.file('db/wallet/tde');
const sql = (...lines: readonly string[]): Promise<Ended> =>
  keyward(
    ['sql', '--home', folder.file('db'), '--profile', 'oracle', '--bind', `url=@${urlFile()}`],
    `${lines.join(';\n')};\n`,
  );

describe('keyward kms', () => {
  it('emulate keeps its URL in a file of its own, and keys, credentials and port over a restart', async () => {
    const before = readFileSync(urlFile(), 'utf8');
    for (const name of ['kms-url', 'password', 'ewallet.p12'])
      expect(statSync(folder.file(`kms/${name}`)).mode & 0o777, name).toBe(0o600);
    await stop(emulator);
    emulator = await startEmulator();
    expect(readFileSync(urlFile(), 'utf8')).toBe(before);
  });

  it('check prints the URL redacted, and what the service says', async () => {
    using url = parseKmsUrl(readFileSync(urlFile(), 'utf8').trim());
    const ended = await keyward(['kms', 'check', urlFile()]);
    expect(ended).toEqual({
      status: 0,
      err: '',
      out: `${url}\nkey ${url.keyId}: Enabled, ENCRYPT_DECRYPT\ncheck passed: the service encrypts and decrypts with these credentials\n`,
    });
    const json = await keyward(['kms', 'check', '-', '--json'], readFileSync(urlFile(), 'utf8'));
    expect(JSON.parse(json.out)).toMatchObject({ url: String(url), check: 'passed', key: { state: 'Enabled' } });
  });

  it('check says what is wrong, and its status by whose fault it is', async () => {
    const text = readFileSync(urlFile(), 'utf8').trim();
    const check = async (url: string): Promise<Ended> => {
      writeFileSync(folder.file('url'), url, { mode: 0o600 });
      return await keyward(['kms', 'check', folder.file('url')]);
    };
    const malformed = await check(text.replace('keyId', 'keyid'));
    expect(malformed).toMatchObject({ status: 8, out: '' });
    expect(malformed.err).toContain('ERR_KMS_URL: malformed kms URL: unknown setting keyid');
    const wrong = await check(text.replace('secretKey=', 'secretKey=x'));
    expect(wrong.status).toBe(7);
    expect(wrong.err).toContain('ERR_KMS_CREDENTIALS');
    const away = await check(text.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
    expect(away.status).toBe(6);
    expect(away.err).toMatch(/^ERR_KMS_UNREACHABLE: .*4 attempts/);
  });
});

describe('a KMS wallet', () => {
  it('is made, opened and changed by statements with the URL bound', async () => {
    const ended = await sql(
      `ALTER SYSTEM SET TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE' WALLET_ROOT='wallet' SCOPE=SPFILE`,
      'SHUTDOWN IMMEDIATE',
      'STARTUP',
      `${AKM} CREATE KEYSTORE IDENTIFIED BY :url`,
      `${AKM} SET KEY USING TAG 'myTag' FORCE KEYSTORE IDENTIFIED BY :url WITH BACKUP`,
      'SELECT TAG FROM V$ENCRYPTION_KEYS',
    );
    expect(ended.status, ended.err).toBe(0);
    expect(ended.out).toContain('myTag');
    const keys = await keyward(['wallet', 'keys', tde(), '--password-file', urlFile(), '--json']);
    expect(JSON.parse(keys.out)).toMatchObject([{ keyTag: 'myTag', state: 'active', keptBy: 'provider' }]);
  });

  it('moves into the file and back, first in a dry run', async () => {
    const file = (): Buffer => readFileSync(folder.file('db/wallet/tde/ewallet.p12'));
    const before = file();
    const toWallet = ['wallet', 'migrate', tde(), '--to', 'wallet', '--password-file', urlFile()];
    const dry = await keyward([...toWallet, '--dry-run']);
    expect(dry).toMatchObject({ status: 0, err: '' });
    expect(dry.out).toMatch(
      /^would be done: 1 master keys into the wallet\n.*would be created\n.*would be replaced\n$/,
    );
    expect(file()).toEqual(before);
    expect((await keyward(toWallet)).out).toMatch(/^1 master keys into the wallet; backup: .*\.p12\n$/);
    const keys = async (): Promise<unknown> =>
      JSON.parse((await keyward(['wallet', 'keys', tde(), '--password-file', urlFile(), '--json'])).out);
    expect(await keys()).toMatchObject([{ keyTag: 'myTag', keptBy: 'wallet' }]);
    const again = await keyward(toWallet);
    expect(again.status).toBe(5);
    expect(again.err).toContain('ERR_KMS_MIGRATED');

    const toKms = ['wallet', 'migrate', tde(), '--to', 'kms', '--password-file', urlFile()];
    expect((await keyward(toKms)).status).toBe(2);
    expect((await keyward([...toKms, '--url-file', urlFile()])).out).toMatch(/^1 master keys to the service; backup: /);
    expect(await keys()).toMatchObject([{ keyTag: 'myTag', keptBy: 'provider' }]);
    const reencrypted = await keyward(['wallet', 'reencrypt', tde(), '--password-file', urlFile()]);
    expect(reencrypted.out).toMatch(/^0 of 1 master keys encrypted anew; backup: /);
  });

  it('of all that was printed or written in clear, nothing has a secret in it', async () => {
    const url = readFileSync(urlFile(), 'utf8').trim();
    await keyward(
      ['sql', '--home', folder.file('db')],
      `${AKM} SET KEY FORCE KEYSTORE IDENTIFIED BY "${url}" WITH BACKUP;\n`,
    );
    await keyward(['sql', '--home', folder.file('db')], `${AKM} SET KEY IDENTFIED BY "${url}" WITH BACKUP;\n`);
    await keyward(['sql', '--home', folder.file('db'), '--json'], `${AKM} CREATE KEYSTORE IDENTIFIED BY "${url}x";\n`);
    await keyward(
      ['sql', '--home', folder.file('db'), '--explain'],
      `${AKM} CREATE KEYSTORE IDENTIFIED BY "${url}";\n`,
    );
    const files = readdirSync(folder.file('db'), { recursive: true, encoding: 'utf8' })
      .map((name) => folder.file(`db/${name}`))
      .filter((path) => statSync(path).isFile());
    const all = `${told.join('\n')}\n${files.map((path) => readFileSync(path, 'latin1')).join('\n')}`;
    expect(files.length).toBeGreaterThan(3);
    const secrets = /password=([^&]+)&keyId=[^&]+&secretId=([^&]+)&secretKey=([^#]+)#/.exec(url)?.slice(1) ?? [];
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) expect(all.includes(secret)).toBe(false);
  });
});
