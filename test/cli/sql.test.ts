import { execFile } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitScript } from '../../src/statement/index.ts';
import { createWallet } from '../../src/wallet/index.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PAIR = '1e3eeec2f7cc8af9a919517216e8057d:d8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444';
const SECRETS = ['Your_keystore_password', 'n3w_password', 'd8ab781a44b86409'];

let folder: string;
let home: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-cli-'));
  home = join(folder, 'demo');
  writeFileSync(join(folder, 'pw'), 'Your_keystore_password\n', { mode: 0o600 });
  writeFileSync(join(folder, 'wrong'), 'wrong\n', { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function keyward(args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [main, ...args], { cwd: folder }, (error, out, err) => {
      done({ status: (error?.code as number | undefined) ?? 0, out, err });
    });
    child.stdin?.end(input);
  });
}
const sql = (script: string, ...args: readonly string[]) =>
  keyward(['sql', '--home', home, '--profile', 'oracle', ...args], script);
const wallet = (...args: readonly string[]) => keyward(['wallet', ...args, '--password-file', join(folder, 'pw')]);

const SCRIPT = `-- the document, with a path of the test's own
ALTER SYSTEM SET WALLET_ROOT='wallet' scope=spfile;
SHUTDOWN
STARTUP
ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY Your_keystore_password;
ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY Your_keystore_password;
SQL> ADMINISTER KEY MANAGEMENT SET KEY '${PAIR}' USING TAG '钥匙' IDENTIFIED BY Your_keystore_password WITH BACKUP;
SELECT KEY_ID,TAG FROM V$ENCRYPTION_KEYS;
`;

describe('keyward sql', () => {
  it('runs a script from standard input and prints tables that respect wide characters', async () => {
    const ended = await sql(SCRIPT);
    expect(ended).toMatchObject({ status: 0, err: '' });
    expect(ended.out).toContain('AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA  钥匙\n');
    expect(ended.out).toContain(`${'-'.repeat(52)}  ----\n`);
  });

  it('keeps files 0600 and directories closed to others', () => {
    const tde = join(home, 'wallet', 'tde');
    for (const name of readdirSync(tde).filter((n) => n.endsWith('.p12')))
      expect(statSync(join(tde, name)).mode & 0o777, name).toBe(0o600);
    for (const directory of [home, join(home, 'wallet'), tde])
      expect(statSync(directory).mode & 0o007, directory).toBe(0);
    for (const name of ['spfile.json', 'control.json'])
      expect(statSync(join(home, name)).mode & 0o777, name).toBe(0o600);
  });

  it.each([
    ['syntax', 'ADMINISTER KEY MANAGEMENT SET KEY', 2, 'ERR_STATEMENT_SYNTAX'],
    ['unknown view', 'SELECT * FROM V$NOTHING', 2, 'ERR_STATEMENT_VIEW'],
    ['wrong password', 'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY wrong', 3, 'ERR_WRONG_PASSWORD'],
    [
      'wallet closed',
      'ADMINISTER KEY MANAGEMENT BACKUP KEYSTORE IDENTIFIED BY Your_keystore_password',
      5,
      'ERR_WALLET_NOT_OPEN: wallet is not open',
    ],
    [
      'no such key',
      "ADMINISTER KEY MANAGEMENT USE KEY '11111111111111111111111111111111' FORCE KEYSTORE IDENTIFIED BY Your_keystore_password WITH BACKUP",
      4,
      'ERR_KEY_NOT_FOUND',
    ],
  ])('ends with a status and one line that says why: %s', async (_, statement, status, line) => {
    const ended = await sql('', '-e', statement);
    expect(ended.status).toBe(status);
    expect(ended.err.split('\n')[0]).toContain(line);
  });

  it('gives the place in the script, not in the statement', async () => {
    const { err } = await sql('SELECT KEY_ID FROM V$ENCRYPTION_KEYS;\n\n  SELECT FROM;');
    expect(err).toContain('(line 3, column 14)');
  });

  it('takes secrets as bind values, prints JSON, and shows no secret anywhere', async () => {
    const statement =
      'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY :pw; ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD IDENTIFIED BY :pw SET n3w_password WITH BACKUP; ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD IDENTIFIED BY n3w_password SET :pw WITH BACKUP';
    const ended = await sql(statement, '--json', '--bind', `pw=@${join(folder, 'pw')}`);
    expect(ended.status).toBe(0);
    const lines = ended.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { statement: string });
    expect(lines).toHaveLength([...splitScript(statement)].length);
    expect(lines[1]?.statement).toContain("SET '[redacted]'");
    for (const file of readdirSync(home)) {
      const path = join(home, file);
      if (statSync(path).isFile())
        for (const secret of SECRETS) expect(readFileSync(path, 'utf8')).not.toContain(secret);
    }
    for (const secret of SECRETS) expect(ended.out + ended.err).not.toContain(secret);
  });
});

describe('keyward sql --explain', () => {
  it('says what a script would do, and does nothing', async () => {
    const elsewhere = join(folder, 'explained');
    const script = SCRIPT.replace(/SELECT.*/, '');
    const { status, out, err } = await keyward(
      ['sql', '--home', elsewhere, '--profile', 'oracle', '--explain'],
      script,
    );
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain(`file ${elsewhere}/wallet/tde/ewallet.p12: would be created`);
    expect(out).toContain('ewallet_<YYYYMMDDHHMMSSff>.p12: would be created');
    expect(out).toContain("key AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA: none -> active '钥匙'");
    expect(out).toContain('keystore: would be open');
    for (const secret of SECRETS) expect(out).not.toContain(secret);
    expect(readdirSync(folder)).not.toContain('explained');
    const refused = await keyward([
      'sql',
      '--home',
      elsewhere,
      '--explain',
      '--json',
      '-e',
      'SHUTDOWN',
      '-e',
      'SHUTDOWN',
    ]);
    expect(
      refused.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).refusal?.code ?? null),
    ).toEqual([null, 'ERR_PHASE']);
  });
});

describe('keyward wallet', () => {
  const tde = () => join(home, 'wallet', 'tde');

  it('inspects without a password; lists, verifies, backs up and compares with one', async () => {
    expect((await keyward(['wallet', 'inspect', tde()])).out).toContain('PBES2, AES-256-CBC, PBKDF2-HMAC-SHA-256');
    expect((await wallet('keys', tde())).out).toContain('active');
    expect((await wallet('verify', tde(), '--json')).out).toContain('"integrity":"verified"');
    const { out } = await wallet('backup', tde(), '--identifier', 'by hand');
    expect(out).toMatch(/ewallet_\d{16}_by hand\.p12\n$/);
    expect((await wallet('diff', tde(), out.trim())).out).toContain('1 the same');
  });

  it('opens an auto-login wallet, which needs no password', async () => {
    const password = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex');
    using auto = await createWallet(new Uint8Array(password), { profile: 'oracle' });
    auto.setKey({ keyTag: 'auto' });
    const key = Buffer.alloc(16, 5);
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.from('c034d8311c02cef851f0144b81ed4bf2', 'hex'));
    const secret = Buffer.concat([cipher.setAutoPadding(false).update(password), cipher.final()]);
    const file = join(folder, 'cwallet.sso');
    writeFileSync(
      file,
      Buffer.concat([Buffer.from('a1f84e36000000060000002106', 'hex'), key, secret, await auto.encode()]),
    );
    expect(await keyward(['wallet', 'keys', file])).toMatchObject({ status: 0, out: expect.stringContaining('auto') });
    writeFileSync(file, readFileSync(file).subarray(0, 30));
    expect(await keyward(['wallet', 'keys', file])).toMatchObject({
      status: 8,
      err: expect.stringContaining('ERR_AUTO_LOGIN_HEADER'),
    });
  });

  it('never takes a password from the arguments, and asks for none without a terminal', async () => {
    expect(await keyward(['wallet', 'keys', tde(), '--password', 'x'])).toMatchObject({ status: 2 });
    expect(await keyward(['wallet', 'keys', tde()])).toMatchObject({
      status: 2,
      err: expect.stringContaining('ERR_PASSWORD_SOURCE'),
    });
    expect(await keyward(['wallet', 'keys', tde(), '--password-file', join(folder, 'wrong')])).toMatchObject({
      status: 3,
    });
    expect(await wallet('keys', join(folder, 'nowhere'))).toMatchObject({ status: 4 });
  });

  it('restores a backup only after saying what would be lost', async () => {
    const [oldest] = readdirSync(tde())
      .filter((n) => /^ewallet_\d{16}\.p12$/.test(n))
      .sort();
    const asked = await wallet('restore', oldest as string, '--directory', tde());
    expect(asked).toMatchObject({ status: 2, out: expect.stringContaining('keys that would be lost:\n  AR4+') });
    const torn = join(tde(), 'ewallet.p12');
    writeFileSync(torn, readFileSync(torn).subarray(0, 200));
    expect(await wallet('keys', tde())).toMatchObject({ status: 8 });
    const done = await wallet('restore', oldest as string, '--directory', tde(), '--yes');
    expect(done).toMatchObject({ status: 0, out: expect.stringContaining('restored ewallet_') });
    expect((await wallet('verify', tde())).out).toContain('integrity verified: 0 master keys');
  });
});
