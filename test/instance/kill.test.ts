/**
 * SIGKILL for real: every statement that writes, in a process that kills itself before each step that changes the file
 * system, one process per step. Afterwards the wallet opens with the state before or after the statement, nothing is torn,
 * a backup of the earlier state is there where one was asked for, and the next writer is not kept waiting.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  acquireLock,
  createWalletFile,
  type FileSystem,
  nodeFileSystem,
  openWalletFile,
  parseBackupName,
} from '../../src/wallet/file/index.ts';
import { createWallet, openWallet, parseKeyId } from '../../src/wallet/index.ts';
import { buildWorker } from '../support/worker.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const PW = 'IDENTIFIED BY pw';
const KEY = '1e3eeec2f7cc8af9a919517216e8057d';
const NEW = `22222222222222222222222222222222:${'ab'.repeat(32)}`;
const CHEAP = { iterations: 1, profile: 'oracle' } as const;
/** Processes at a time. */
const LANES = 3;

interface Case {
  readonly statement: string;
  /** The file that it changes, in the home. Default: the instance's wallet. */
  readonly file?: string;
  /** Directory of the backups, in the home; null where none is asked for. Default: the wallet's. */
  readonly backups?: string | null;
}

const WALLET = 'root/tde/ewallet.p12';
const CASES: Record<string, Case> = {
  'CREATE KEYSTORE': { statement: `${AKM} CREATE KEYSTORE ${PW}`, file: 'fresh/tde/ewallet.p12', backups: null },
  'BACKUP KEYSTORE': { statement: `${AKM} BACKUP KEYSTORE USING 'id' ${PW}` },
  'BACKUP KEYSTORE TO': { statement: `${AKM} BACKUP KEYSTORE ${PW} TO '<home>/aside'`, backups: 'aside' },
  'SET KEY': { statement: `${AKM} SET KEY '${NEW}' USING TAG 'second' ${PW} WITH BACKUP USING 'id'` },
  'CREATE KEY': { statement: `${AKM} CREATE KEY '${NEW}' ${PW} WITH BACKUP` },
  'USE KEY': { statement: `${AKM} USE KEY '${KEY}' USING TAG 'used' ${PW} WITH BACKUP` },
  'SET TAG': { statement: `${AKM} SET TAG 'other' FOR '${KEY}' ${PW} WITH BACKUP` },
  'ALTER KEYSTORE PASSWORD': { statement: `${AKM} ALTER KEYSTORE PASSWORD ${PW} SET another WITH BACKUP` },
  'MERGE KEYSTORE INTO EXISTING': {
    statement: `${AKM} MERGE KEYSTORE '<home>/source' ${PW} INTO EXISTING KEYSTORE '<home>/root/tde' ${PW} WITH BACKUP`,
  },
  'MERGE KEYSTORE INTO NEW': {
    statement: `${AKM} MERGE KEYSTORE '<home>/source' ${PW} AND KEYSTORE '<home>/root/tde' ${PW} INTO NEW KEYSTORE '<home>/merged' ${PW}`,
    file: 'merged/ewallet.p12',
    backups: null,
  },
  'EXPORT KEYS': {
    statement: `${AKM} EXPORT KEYS WITH SECRET s TO '<home>/exported' ${PW}`,
    file: 'exported',
    backups: null,
  },
  'IMPORT KEYS': { statement: `${AKM} IMPORT KEYS WITH SECRET s FROM '<home>/keys' ${PW} WITH BACKUP` },
};

const total = { kills: 0, before: 0, after: 0, backups: 0, mostLooks: 0 };
let folder: string;
let template: string;
let worker: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-kill-'));
  template = join(folder, 'template');
  worker = await buildWorker(new URL('./kill-worker.ts', import.meta.url));
  await using wallet = await createWalletFile(join(template, 'root/tde'), 'pw', CHEAP);
  await wallet.change((w) => w.setKey({ mkid: parseKeyId(KEY), keyTag: 'first' }));
  await wallet.change((w) => w.setKey({ keyTag: 'in use' }));
  await using source = await createWalletFile(join(template, 'source'), 'pw', CHEAP);
  await source.change((w) => w.setKey({ keyTag: 'theirs' }));
  using exported = await createWallet('s', CHEAP);
  exported.createKey({ keyTag: 'imported' });
  writeFileSync(join(template, 'keys'), await exported.encode());
  mkdirSync(join(template, 'aside'));
});
afterAll(() => {
  const { kills, before, after, backups, mostLooks } = total;
  console.log(
    `SIGKILL: ${Object.keys(CASES).length} statements, ${kills} kills, one before every step; the file found as before ${before} ` +
      `times and as after ${after} times, ${backups} backups whole; the next writer let in after ${mostLooks} look at the most`,
  );
  rmSync(folder, { recursive: true, force: true });
});

/** A home of its own. */
function makeHome(name: string, { file = WALLET }: Case): string {
  const home = join(folder, name);
  cpSync(template, home, { recursive: true });
  const root = file.startsWith('fresh') ? 'fresh' : 'root';
  writeFileSync(join(home, 'spfile.json'), JSON.stringify({ WALLET_ROOT: root }));
  return home;
}

/** Runs a statement to its end or death: the number of steps, or null when it was killed. */
function run(home: string, { statement }: Case, killAt: number): Promise<number | null> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [worker, home, statement.replaceAll('<home>', home), String(killAt)]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') done(null);
      else if (code === 0) done(Number(out));
      else failed(new Error(`${statement} ended with ${code}: ${err}`));
    });
  });
}

/** What a wallet file holds, enough to tell states apart. Throws on a torn one. */
async function stateOf(path: string): Promise<string> {
  if (!existsSync(path)) return 'none';
  const bytes = new Uint8Array(readFileSync(path));
  for (const password of ['pw', 'another', 's']) {
    try {
      using wallet = await openWallet(bytes, password);
      const keys = wallet.masterKeys.map((k) => `${k.keyTag}:${k.state}:${k.backedUp}`);
      return `${password} ${keys.sort().join(' ')}`;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_WRONG_PASSWORD') throw error;
    }
  }
  throw new Error(`no password opens ${path}`);
}

/** Writes as the next process would; how often it looked at the killed one's lock until it was let in. */
async function writeNext(path: string, state: string): Promise<number> {
  if (!path.endsWith('ewallet.p12')) return 0;
  const directory = dirname(path);
  const locks = join(directory, '.ewallet.p12.lock');
  let looks = 0;
  const counting: FileSystem = {
    ...nodeFileSystem,
    list: (path) => {
      looks++;
      return nodeFileSystem.list(path);
    },
  };
  const lock = existsSync(locks) ? await acquireLock(counting, locks) : null;
  await lock?.release();
  const open = state === 'none' ? createWalletFile : openWalletFile;
  await using file = await open(directory, state.startsWith('another') ? 'another' : 'pw', CHEAP);
  await file.change((wallet) => wallet.createKey(), {});
  expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(readdirSync(locks)).toEqual([]);
  return looks;
}

const backupsIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => parseBackupName(name) !== null);

describe('killed before any step', () => {
  it.each(Object.entries(CASES))('%s leaves the state before or after', { timeout: 300_000 }, async (name, what) => {
    const { file = WALLET, backups = dirname(WALLET) } = what;
    const complete = makeHome(`${name} complete`, what);
    const before = await stateOf(join(complete, file));
    const steps = (await run(complete, what, Number.POSITIVE_INFINITY)) as number;
    const after = await stateOf(join(complete, file));
    expect(after).not.toBe(before);
    expect(steps).toBeGreaterThan(6);

    const killAt = async (step: number): Promise<void> => {
      const place = `killed before step ${step} of ${steps}`;
      const home = makeHome(`${name} ${step}`, what);
      const path = join(home, file);
      expect(await run(home, what, step), place).toBeNull();
      const found = await stateOf(path);
      expect([before, after], place).toContain(found);
      const kept = backups === null ? [] : backupsIn(join(home, backups));
      for (const backup of kept) expect(await stateOf(join(home, backups as string, backup)), place).toBe(before);
      if (found === after && backups !== null) expect(kept.length, place).toBeGreaterThan(0);
      const looks = await writeNext(path, found);
      expect(looks, place).toBeLessThanOrEqual(1);
      total.kills++;
      total[found === before ? 'before' : 'after']++;
      total.backups += kept.length;
      total.mostLooks = Math.max(total.mostLooks, looks);
      rmSync(home, { recursive: true });
    };
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < steps) await killAt(next++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    console.log(`${name}: ${steps} steps`);
  });
});
