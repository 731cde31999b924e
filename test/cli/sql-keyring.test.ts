/** `keyward sql` with the statements of the MySQL keyring: what is printed, what never is, and how it ends. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KEY = 's3cret_key_bytes';
const KEY_HEX = Buffer.from(KEY).toString('hex');

let folder: TempFolder;
beforeAll(async () => {
  folder = makeTempFolder();
  writeFileSync(folder.file('pw'), 'password\n', { mode: 0o600 });
  writeFileSync(folder.file('key'), `${KEY}\n`, { mode: 0o600 });
  const made = await sql(
    "ALTER SYSTEM SET WALLET_ROOT='wallet'; ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY :pw;",
  );
  expect(made.status).toBe(0);
});
afterAll(() => folder[Symbol.dispose]());

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function sql(script: string, ...args: readonly string[]): Promise<Ended> {
  const all = [main, 'sql', '--home', folder.file('home'), '--profile', 'oracle', ...args];
  const binds = ['--bind', `pw=@${folder.file('pw')}`, '--bind', `key=@${folder.file('key')}`];
  return new Promise((done) => {
    const child = execFile(process.execPath, [...all, ...binds], { cwd: folder.path }, (error, out, err) => {
      done({ status: (error?.code as number | undefined) ?? 0, out, err });
    });
    child.stdin?.end(script);
  });
}
const OPEN = 'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY :pw;\n';

describe('keyward sql and the MySQL keyring', () => {
  it('prints results as a client of MySQL would: a title, 1, NULL', async () => {
    const { out, err, status } = await sql(
      `${OPEN}SELECT keyring_key_generate('MyKey', 'AES', 32);\nSELECT keyring_key_length_fetch('MyKey') AS len, keyring_key_fetch('none');`,
    );
    expect({ err, status }).toEqual({ err: '', status: 0 });
    expect(out).toContain("keyring_key_generate('MyKey', 'AES', 32)\n----------------------------------------\n1\n");
    expect(out).toContain("len  keyring_key_fetch('none')\n---  -------------------------\n32   NULL\n");
  });

  it('a fetched key is shown as its length, unless asked for; in JSON too', async () => {
    const stored = await sql(`${OPEN}SELECT keyring_key_store('S', 'SECRET', '${KEY}');`);
    expect(stored.out).toContain("keyring_key_store('S', 'SECRET', '[redacted]')");
    const bound = await sql(`${OPEN}SELECT keyring_key_store('B', 'SECRET', :key);`, '--json');
    expect(bound.out).toContain('"statement":"SELECT keyring_key_store(\'B\', \'SECRET\', :key)"');
    const hidden = await sql(`${OPEN}SELECT keyring_key_fetch('B')`);
    expect(hidden.out).toContain('[redacted, 16 bytes]');
    const json = await sql(`${OPEN}SELECT keyring_key_fetch('S') AS k`, '--json');
    expect(JSON.parse(json.out.trim().split('\n')[1]!)).toMatchObject({
      columns: ['k'],
      rows: [['[redacted, 16 bytes]']],
    });
    for (const { out, err } of [stored, bound, hidden, json])
      for (const secret of [KEY, KEY_HEX]) expect(out + err).not.toContain(secret);
    const shown = await sql(`${OPEN}SELECT keyring_key_fetch('B')`, '--show-secrets');
    expect(shown.out).toContain(`0x${KEY_HEX}`);
  });

  it('ends with the error of the database, a hint, and the status of a wrong state', async () => {
    const { out, err, status } = await sql("SELECT keyring_key_generate('MyKey', 'AES', 32);");
    expect({ out, status }).toEqual({ out: '', status: 5 });
    const [first, hint] = err.split('\n');
    expect(first).toBe(
      "ERROR 3188 (HY000): Function 'keyring_key_generate' failed because underlying keyring service returned an error. Please check if a keyring is installed and that provided arguments are valid for the keyring you are using.",
    );
    expect(hint).toContain('the wallet is not open (ERR_WALLET_NOT_OPEN)');
  });

  it('prints what the error log got, beside the error', async () => {
    const { err, status } = await sql("SET GLOBAL keyring_okv_conf_dir = '/nowhere';");
    expect(status).toBe(5);
    expect(err).toContain(
      "ERROR 1231 (42000): Variable 'keyring_okv_conf_dir' can't be set to the value of '/nowhere'",
    );
    expect(err).toMatch(/^\S+ 0 \[Error\] \[MY-011377\] \[Server\] Plugin keyring_okv reported: 'keyring_okv init/m);
  });

  it('runs in the name of an account, with what it was granted', async () => {
    const app = await sql(`${OPEN}SELECT keyring_key_fetch('MyKey');`, '--account', 'app@%');
    expect(app.out).toContain('NULL');
    const denied = await sql(`${OPEN}SELECT keyring_key_fetch('MyKey');`, '--grant', 'NONE');
    expect(denied.err).toContain('ERROR 1123 (HY000)');
    const some = await sql('SET GLOBAL keyring_operations = OFF', '--grant', 'execute,encryption key admin');
    expect(some.err).toContain('ERROR 3202 (42000)');
    expect(await sql('', '--grant', 'FLY')).toMatchObject({ status: 2, err: expect.stringContaining('ERR_PRIVILEGE') });
    expect(await sql('', '--keyring-checks', 'odd')).toMatchObject({ status: 2 });
    const old = await sql('SELECT keyring_key_fetch(NULL)', '--keyring-checks', 'old');
    expect(old.err).toContain('A string argument is expected for key id.');
  });

  it('explains what would happen to keys', async () => {
    const { out } = await sql(`${OPEN}SELECT keyring_key_store('new', 'SECRET', '${KEY}');`, '--explain');
    expect(out).toContain("keyring key 'new' of 'root@localhost': would be created");
    expect(out).not.toContain(KEY);
  });

  it('leaves no key in any file of the home', async () => {
    for (const name of ['spfile.json', 'wallet/tde/ewallet.p12'])
      expect(readFileSync(folder.file(`home/${name}`), 'latin1')).not.toContain(KEY);
  });
});
