/** `keyward kmip serve --init`, `client add` and `rotate` from the command line, and a key that outlives them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PASSWORD = 'only in a file';

let folder: string;
let home: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-cli-kmip-'));
  home = join(folder, 'kmip');
  writeFileSync(join(folder, 'pw'), `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'wrong'), 'wrong\n', { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function keyward(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], { cwd: folder }, (error, out, err) => {
      done({ status: (error?.code as number | undefined) ?? 0, out, err });
    });
  });
}
const kmip = (...args: readonly string[]) => keyward('kmip', ...args, '--home', home, '--password-file', 'pw');

/** A server that listens; `told` is what it has said so far. */
async function serve(...args: readonly string[]): Promise<{ readonly server: ChildProcess; told(): string }> {
  const all = [main, 'kmip', 'serve', '--home', home, '--password-file', 'pw', ...args];
  const server = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  server.stdout?.on('data', (chunk) => {
    told += chunk;
  });
  await new Promise<void>((ready) => {
    server.stderr?.on('data', (chunk) => {
      told += chunk;
      if (told.includes('listening on')) ready();
    });
    server.once('exit', () => ready());
  });
  return { server, told: () => told };
}

/** Ends a server; its status, once all that it said has come. */
async function stop(server: ChildProcess): Promise<unknown> {
  const closed = once(server, 'close');
  server.kill('SIGTERM');
  return (await closed)[0];
}

describe('keyward kmip', () => {
  it('says what is missing', async () => {
    const { status, err } = await kmip('serve');
    expect([status, err]).toEqual([4, expect.stringContaining('ERR_SERVER_HOME_MISSING')]);
    expect((await kmip('serve', '--client', 'a')).err).toMatch(/^ERR_OPTION: --name and --client belong to --init/);
    expect((await kmip('serve', '--fault', 'smoke')).err).toMatch(/^ERR_FAULT/);
    expect((await kmip('serve', '--port', '65536')).status).toBe(2);
    expect(existsSync(home)).toBe(false);
  });

  it('makes a home and serves it; a key made through a client directory is there after a restart and a rotation', async () => {
    const okv = join(home, 'clients', 'db1');
    const first = await serve('--init', '--port', '0', '--client', 'db1');
    const made = await keyward('keyring', 'generate', 'MyKey', '--type', 'AES', '--length', '32', '--okv', okv);
    expect([made.status, made.err]).toEqual([0, '']);
    expect(await stop(first.server)).toBe(0);
    expect(first.told()).toContain(`${okv}\n`);
    expect(first.told()).not.toContain(PASSWORD);

    const rotated = await kmip('rotate');
    expect([rotated.status, rotated.out]).toEqual([0, expect.stringMatching(/^[A-Za-z0-9+/]{52}\n$/)]);
    expect(readdirSync(join(home, 'wallet')).filter((name) => /^ewallet_.*\.p12$/.test(name))).toHaveLength(1);

    const second = await serve();
    const listed = await keyward('keyring', 'list', '--okv', okv);
    expect(listed.out).toContain('MyKey');
    expect((await keyward('keyring', 'length', 'MyKey', '--okv', okv)).out.trim()).toBe('32');
    expect(await stop(second.server)).toBe(0);
    expect(second.told()).toMatch(/; 1 object\n/);
    expect(second.told()).toContain('sealed 1 object anew under the new master key\n');
  });

  it('enrols and renews clients, with the right password only', async () => {
    const added = await kmip('client', 'add', 'db2');
    expect([added.status, added.out]).toEqual([0, `${join(home, 'clients', 'db2')}\n`]);
    expect(await kmip('client', 'add', 'db2')).toMatchObject({
      status: 5,
      err: expect.stringMatching(/^ERR_CLIENT_EXISTS/),
    });
    expect((await kmip('client', 'add', 'db2', '--renew')).status).toBe(0);
    const wrong = await keyward('kmip', 'client', 'add', 'db3', '--home', home, '--password-file', 'wrong');
    expect([wrong.status, readdirSync(join(home, 'clients')).sort()]).toEqual([3, ['db1', 'db2']]);
    expect((await kmip('serve', '--init')).err).toMatch(/^ERR_SERVER_HOME_EXISTS/);
  });
});
