/** `keyward doctor`: each check with what it should find wrong, then the command over homes as keyward makes them. */
import { execFile } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checks, formatChecks, worstOf } from '../../src/cli/checks.ts';
import {
  checkClock,
  checkCore,
  checkLmdb,
  checkMemory,
  checkRandom,
  checkRuntime,
  checkUmask,
} from '../../src/cli/doctor/machine.ts';
import { checkPlace, type PlaceKind } from '../../src/cli/doctor/place.ts';
import { initKmipHome } from '../../src/kmip/server/index.ts';
import { acquireLock, createWalletFile, nodeFileSystem } from '../../src/wallet/file/index.ts';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';
import { commandIn } from './run.ts';

/** What checks found: `fail name: detail`, with hints where something is not right. */
const found = (checks: Checks): string[] =>
  checks.list.map(({ verdict, name, detail, hint }) =>
    [`${verdict} ${name}: ${detail}`, ...(hint === undefined ? [] : [hint])].join(' | '),
  );

function run(check: (checks: Checks) => void): string[] {
  const checks = new Checks();
  check(checks);
  return found(checks);
}

const uid = process.getuid?.() ?? null;

async function look(kind: PlaceKind, path: string, as: number | null = uid, now = new Date()): Promise<string[]> {
  const checks = new Checks();
  await checkPlace(kind, path, { uid: as, now: () => now }, checks);
  return found(checks).filter((line) => !line.startsWith('ok '));
}

describe('the machine', () => {
  const info = { version: '1.2.3', engines: { node: '>=20.19' } };

  it.each([
    ['20.19.0', 'ok runtime: Node 20.19.0'],
    ['26.1.0', 'ok runtime: Node 26.1.0'],
    ['20.18.9', 'fail runtime: Node 20.18.9 | keyward needs Node >=20.19'],
    ['18.20.0', 'fail runtime: Node 18.20.0 | keyward needs Node >=20.19'],
  ])('Node %s', (node, wanted) => {
    expect(run((checks) => checkRuntime({ node }, info, checks))[1]).toBe(wanted);
  });

  it('says of another runtime that the command is not tested there', () => {
    expect(run((checks) => checkRuntime({ node: '24.0.0', bun: '1.3.0' }, info, checks))[1]).toMatch(
      /^warn runtime: bun 1/,
    );
  });

  it('finds a module that is missing, or is another one', async () => {
    using folder = makeTempFolder();
    const dist = pathToFileURL(`${folder.path}/`);
    const checks = new Checks();
    await checkCore(dist, checks);
    writeFileSync(folder.file('core.wasm'), 'another');
    await checkCore(dist, checks);
    const modules = found(checks).filter((line) => line.includes('core.wasm'));
    expect(modules[0]).toMatch(/^fail core.wasm: it is missing \| install keyward again/);
    expect(modules[1]).toMatch(/^fail core.wasm: SHA-256 [0-9a-f]{64}, built was [0-9a-f]{64} \| install/);
  });

  it('tells of lmdb that is not installed', async () => {
    const checks = new Checks();
    await checkLmdb(() => Promise.reject(new Error('no')), checks);
    await checkLmdb(() => undefined, checks);
    expect(found(checks).map((line) => line.split(':')[0])).toEqual(['note lmdb', 'ok lmdb']);
  });

  it('finds a random source that stands still or gives zeros', () => {
    expect(run((checks) => checkRandom((bytes) => bytes.fill(7), checks))).toEqual([
      expect.stringMatching(/^fail random source/),
    ]);
    expect(run((checks) => checkRandom((bytes) => bytes, checks))[0]).toMatch(/^fail/);
    let draws = 0;
    expect(run((checks) => checkRandom((bytes) => bytes.fill(++draws), checks))[0]).toMatch(/^ok/);
  });

  it('judges the clock', () => {
    const installed = new Date('2026-11-20T00:00:00Z');
    const at = (now: string, driftMs = 0) =>
      run((checks) => checkClock({ now: new Date(now), installed, driftMs }, checks))[0];
    expect(at('2026-11-21T00:00:00Z')).toBe('ok clock: 2026-11-21T00:00:00.000Z');
    expect(at('1970-01-01T00:00:09Z')).toMatch(/^fail clock: .*before keyward was made/);
    expect(at('2026-10-01T00:00:00Z')).toMatch(/^fail clock: .*keyward was installed at 2026-11-20/);
    expect(at('2026-11-21T00:00:00Z', -3000)).toMatch(/^warn clock: it was set by -3000 ms/);
  });

  it('judges umask, core dumps and swap', () => {
    expect(
      run((checks) => [0o077, 0o022, 0o002].map((mask) => checkUmask(mask, checks))).map((l) => l.slice(0, 4)),
    ).toEqual(['ok u', 'ok u', 'warn']);
    const head = 'Filename Type Size Used Priority\n';
    expect(run((checks) => checkMemory('0', head, checks))).toEqual([
      'ok core dumps: none are written',
      'ok swap: there is none',
    ]);
    expect(run((checks) => checkMemory('unlimited', `${head}/dev/sda2 partition 9 0 -2\n`, checks))).toEqual([
      expect.stringMatching(/^note core dumps: .*\| ulimit -c 0$/),
      expect.stringMatching(/^note swap: .* to \/dev\/sda2 \|/),
    ]);
    expect(run((checks) => checkMemory(null, null, checks))).toEqual(['note core dumps: not known on this system']);
  });
});

describe('the report', () => {
  const checks = new Checks();
  checks.add('a', 'ok', 'one two three four five', 'not shown');
  checks.add('longer', 'warn', 'x\u001b[31m', 'do this');

  it('has a line for each check, what to do below it, and no control characters', () => {
    expect(formatChecks(checks.list)).toBe(
      'ok    a       one two three four five\nwarn  longer  x\\u{1b}[31m\n              hint: do this',
    );
  });

  it('is as wide as the terminal', () => {
    expect(formatChecks(checks.list.slice(0, 1), 20)).toBe('ok    a  one two\n         three four\n         five');
  });

  it('is as bad as its worst', () => {
    expect([worstOf(checks.list), worstOf(checks.list, true), worstOf([])]).toEqual(['warn', 'fail', 'ok']);
  });
});

describe('directories', () => {
  let folder: TempFolder;
  beforeAll(async () => {
    folder = makeTempFolder();
    await using _ = await createWalletFile(folder.file('wallet'), 'pass', { profile: 'oracle' });
    await initKmipHome({ home: folder.file('kmip'), password: 'pass', clients: ['db1'] });
  });
  afterAll(() => folder[Symbol.dispose]());

  it('finds nothing to say of what keyward made, and leaves no trace', async () => {
    const before = readdirSync(folder.path, { recursive: true });
    expect(await look('wallet', folder.file('wallet'))).toEqual([]);
    expect(await look('kmip-home', folder.file('kmip'))).toEqual([]);
    expect(await look('okv', folder.file('kmip/clients/db1'))).toEqual([]);
    expect(readdirSync(folder.path, { recursive: true })).toEqual(before);
  });

  it('says what is not there, or is something else', async () => {
    expect(await look('home', folder.file('nowhere'))).toEqual([expect.stringMatching(/^fail home: .*no directory/)]);
    expect(await look('home', folder.file('wallet'))).toEqual([
      expect.stringMatching(/^warn home: there is no control/),
    ]);
  });

  it('finds modes that let others read or write, with the command that mends each', async () => {
    const wallet = folder.file('wallet/ewallet.p12');
    chmodSync(wallet, 0o640);
    expect(await look('wallet', folder.file('wallet'))).toEqual([
      `warn permissions: ${wallet} has mode 0640 | chmod 0600 ${wallet}`,
    ]);
    chmodSync(wallet, 0o660);
    chmodSync(folder.file('wallet'), 0o755);
    expect(await look('wallet', folder.file('wallet'))).toEqual([
      `warn permissions: ${folder.file('wallet')} has mode 0755 | chmod 0700 ${folder.file('wallet')}`,
      `fail permissions: ${wallet} has mode 0660 | chmod 0600 ${wallet}`,
    ]);
    chmodSync(wallet, 0o600);
    chmodSync(folder.file('wallet'), 0o700);
    writeFileSync(folder.file('wallet/cwallet.sso'), '');
    chmodSync(folder.file('wallet/cwallet.sso'), 0o640);
    expect(await look('wallet', folder.file('wallet'))).toEqual([
      expect.stringMatching(/^fail permissions: .*sso has/),
    ]);
    chmodSync(folder.file('wallet/cwallet.sso'), 0o600);
    chmodSync(folder.file('kmip/clients/db1/ssl/key.pem'), 0o644);
    expect((await look('kmip-home', folder.file('kmip')))[0]).toMatch(/^fail permissions: .*key\.pem has mode 0644/);
    chmodSync(folder.file('kmip/clients/db1/ssl/key.pem'), 0o600);
  });

  it('counts what it does not list', async () => {
    const many = folder.file('many');
    mkdirSync(many, { mode: 0o700 });
    for (let i = 0; i < 9; i++) {
      writeFileSync(`${many}/${i}`, '');
      chmodSync(`${many}/${i}`, 0o604);
    }
    const lines = (await look('wallet', many)).filter((line) => line.includes('permissions'));
    expect(lines.length).toBe(6);
    expect(lines.at(-1)).toBe(`warn permissions: 4 more are open to others | chmod -R go-rwx ${many}`);
  });

  it('finds what belongs to somebody else, and above it whoever could replace it', async () => {
    const lines = await look('wallet', folder.file('wallet'), 12_345);
    expect(lines.join('\n')).toMatch(
      new RegExp(`warn owner: .* belongs to user ${uid}, not 12345, and \\d+ more \\| run`),
    );
    mkdirSync(folder.file('open/wallet'), { recursive: true, mode: 0o700 });
    chmodSync(folder.file('open'), 0o777);
    expect(await look('wallet', folder.file('open/wallet'))).toContainEqual(
      `warn directories above: others may replace what is in ${folder.file('open')} (mode 0777) | chmod go-w ${folder.file('open')}`,
    );
    chmodSync(folder.file('open'), 0o1777);
    expect((await look('wallet', folder.file('open/wallet'))).join()).not.toContain('directories above');
  });

  it('finds a wallet that is a link, and one that is none', async () => {
    mkdirSync(folder.file('linked'), { mode: 0o700 });
    symlinkSync(folder.file('wallet/ewallet.p12'), folder.file('linked/ewallet.p12'));
    expect(await look('wallet', folder.file('linked'))).toEqual([
      expect.stringMatching(/^warn wallet file: .*symbolic link/),
    ]);
    expect(lstatSync(folder.file('linked/ewallet.p12')).isSymbolicLink()).toBe(true);
    mkdirSync(folder.file('torn'), { mode: 0o700 });
    writeFileSync(folder.file('torn/ewallet.p12'), 'torn', { mode: 0o600 });
    expect(await look('wallet', folder.file('torn'))).toEqual([expect.stringMatching(/^fail wallet file: /)]);
  });

  it('says who holds a lock, and what is left of those who are gone', async () => {
    const lock = folder.file('wallet/.ewallet.p12.lock');
    const held = await acquireLock(nodeFileSystem, lock);
    const [entry] = readdirSync(lock);
    const gone = `${entry}`.replace(/^\w{12}\.\d+\.\d+/, 'ffffffffffff.4194999.1');
    writeFileSync(`${lock}/${gone}`, '', { mode: 0o600 });
    expect(await look('wallet', folder.file('wallet'))).toEqual([
      `note locks: ${lock} is held by process ${process.pid}`,
      `note locks: ${lock} has 1 left by processes that are gone | the next writer clears them away`,
    ]);
    await held.release();
    expect(readdirSync(lock)).toEqual([gone]);
  });

  it('finds a clock that is not that of the file system', async () => {
    const later = new Date(Date.now() + 60_000);
    expect(await look('wallet', folder.file('many'), uid, later)).toContainEqual(
      expect.stringMatching(/^warn file times: the file system's clock is -(?:59|60) s off/),
    );
  });

  it('finds certificates of clients that have ended', async () => {
    const inTenYears = new Date(Date.now() + 11 * 365.25 * 86_400_000);
    const lines = await look('kmip-home', folder.file('kmip'), uid, inTenYears);
    expect(lines).toContainEqual(expect.stringMatching(/^fail client db1: cert.pem: .*expired on/));
  });

  it('is a command: 0 when nothing failed, 10 when something did; JSON; no secret in it', async () => {
    const keyward = commandIn(folder.path);
    const good = await keyward(['doctor', '--kmip-home', 'kmip', '--json']);
    expect(good).toMatchObject({ status: 0, err: '' });
    const report = JSON.parse(good.out);
    expect(report.checks).toContainEqual(expect.objectContaining({ name: 'self-test', verdict: 'ok' }));
    expect(report.checks).toContainEqual(expect.objectContaining({ name: 'core.wasm', verdict: 'ok' }));
    expect(good.out).not.toContain('PRIVATE');
    const bad = await keyward(['doctor', '--wallet', 'torn', '--okv', 'nowhere']);
    expect(bad).toMatchObject({ status: 10, err: '' });
    expect(bad.out).toMatch(/^fail {2}wallet file {2,}.*\n(?:.*\n)*fail {2}okv .*no directory/m);
    expect(bad.out).toMatch(/\n\nnot everything is as it should be\n$/);
  });

  it('says that WebAssembly is switched off', async () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const ended = await new Promise<{ status: unknown; out: string }>((done) => {
      execFile(process.execPath, ['--jitless', main, 'doctor'], (error, out) => done({ status: error?.code, out }));
    });
    expect(ended.status).toBe(10);
    expect(ended.out).toMatch(/^fail {2}WebAssembly .*\n +hint: start Node without --jitless/m);
  });
});
