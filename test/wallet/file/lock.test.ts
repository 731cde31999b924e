import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from '../../../src/wallet/file/file-system.ts';
import { acquireLock } from '../../../src/wallet/file/lock.ts';
import { buildWorker } from '../../support/worker.ts';

let folder: string;
let worker: string;

/** The lock as a script that a plain Node process can run: adds one to a counter, many times, with a torn read-modify-write. */
beforeAll(async () => {
  worker = await buildWorker(new URL('./lock-worker.ts', import.meta.url));
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(mode: string, count: number): ChildProcess {
  return spawn(process.execPath, [worker, mode, folder, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
}
const ended = (child: ChildProcess) => new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
const ready = (child: ChildProcess) => new Promise<void>((done) => child.stdout?.once('data', () => done()));

describe('the lock between writers', () => {
  it('admits one of many at a time, within a process', async () => {
    let inside = 0;
    let most = 0;
    const turns = Array.from({ length: 12 }, async () => {
      const lock = await acquireLock(nodeFileSystem, join(folder, 'lock'));
      most = Math.max(most, ++inside);
      await new Promise((done) => setTimeout(done, 2));
      inside--;
      await lock.release();
    });
    await Promise.all(turns);
    expect(most).toBe(1);
    expect(readdirSync(join(folder, 'lock'))).toEqual([]);
  });

  it('admits one of four processes at a time: no increment is lost', async () => {
    writeFileSync(join(folder, 'counter'), '0');
    const codes = await Promise.all(Array.from({ length: 4 }, () => ended(run('count', 40))));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(join(folder, 'counter'), 'utf8')).toBe('160');
  });

  it('is free at the first look after its owner was killed, and the remains are cleared', async () => {
    const child = run('hold', 0);
    await ready(child);
    await expect(acquireLock(nodeFileSystem, join(folder, 'lock'), { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_WALLET_LOCKED',
      message: `the wallet is being written by process ${child.pid}`,
    });
    const gone = ended(child);
    child.kill('SIGKILL');
    await gone;
    let looks = 0;
    const counting: FileSystem = {
      ...nodeFileSystem,
      list: (directory) => {
        looks++;
        return nodeFileSystem.list(directory);
      },
    };
    const lock = await acquireLock(counting, join(folder, 'lock'));
    expect(looks).toBe(1);
    await lock.release();
    expect(readdirSync(join(folder, 'lock'))).toEqual([]);
  });

  it('waits for an owner on another machine, whom it cannot judge', async () => {
    const lock = await acquireLock(nodeFileSystem, join(folder, 'lock'));
    await lock.release();
    writeFileSync(join(folder, 'lock', '000000000000.4242.1.elsewhere'), '');
    await expect(acquireLock(nodeFileSystem, join(folder, 'lock'), { timeoutMs: 30 })).rejects.toMatchObject({
      message: 'the wallet is being written by process 4242 of elsewhere',
    });
  });

  it('can be given up', async () => {
    const lock = await acquireLock(nodeFileSystem, join(folder, 'lock'));
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(acquireLock(nodeFileSystem, join(folder, 'lock'), { signal: abort.signal })).rejects.toThrow();
    await lock.release();
    expect(readdirSync(join(folder, 'lock'))).toEqual([]);
  });
});
