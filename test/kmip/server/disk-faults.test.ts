/**
 * A server over a disk that fails: the epoch beside the object store and the home's files are on it in an order that no failed commit,
 * kill or power cut can turn round; a rewrap leaves out what it cannot read.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readEpochFloor, writeEpochFloor } from '../../../src/kmip/server/epoch-floor.ts';
import {
  initKmipHome,
  memoryObjectKeys,
  type ObjectChange,
  type ObjectStore,
  rotateServerKey,
} from '../../../src/kmip/server/index.ts';
import type { KeyValueStore } from '../../../src/kmip/server/key-value.ts';
import { type KmipServer, type KmipServerOptions, serveHome } from '../../../src/kmip/server/server.ts';
import { CrashFileSystem } from '../../wallet/file/crash-file-system.ts';

/** What becomes of a commit on its way to the disk, and of a record on its way back; as it is, where nothing is set. */
const disk = vi.hoisted(() => ({
  read: undefined as ((key: number, bytes: Uint8Array | undefined) => Uint8Array | undefined) | undefined,
  commit: undefined as ((commit: () => Promise<void>) => Promise<void>) | undefined,
  /** Paths in the order of their syncing and renaming. */
  steps: [] as string[],
}));

vi.mock('../../../src/kmip/server/lmdb-store.ts', async (original) => {
  const { openLmdbStore } = await original<typeof import('../../../src/kmip/server/lmdb-store.ts')>();
  return {
    openLmdbStore: async (directory: string): Promise<KeyValueStore> => {
      const store = await openLmdbStore(directory);
      const commit: KeyValueStore['commit'] = (changes) => {
        const run = (): Promise<void> => store.commit(changes);
        return disk.commit === undefined ? run() : disk.commit(run);
      };
      const get: KeyValueStore['get'] = (key) => {
        const bytes = store.get(key);
        return disk.read === undefined ? bytes : disk.read(key, bytes);
      };
      return { ...store, get, commit };
    },
  };
});

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (path, ...rest) => {
    const file = await real.open(path, ...rest);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      disk.steps.push(`sync ${String(path)}`);
      await sync();
    };
    return file;
  };
  const rename: typeof real.rename = async (from, to) => {
    disk.steps.push(`rename ${String(from)}`);
    await real.rename(from, to);
  };
  return { ...real, open, rename };
});

let folder: string;
let home: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-epoch-'));
  home = join(folder, 'server');
  disk.steps.length = 0;
});
afterEach(() => {
  disk.read = undefined;
  disk.commit = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const init = () => initKmipHome({ home, password: 'pw', port: 0, wallet: { iterations: 1000 } });

async function serve(
  where = home,
  onEvent?: KmipServerOptions['onEvent'],
): Promise<{ readonly server: KmipServer; readonly store: ObjectStore }> {
  let store: ObjectStore | undefined;
  const server = await serveHome(
    { home: where, password: 'pw', refreshMs: 3_600_000, ...(onEvent && { onEvent }) },
    (given) => {
      store = given;
      return async () => new Uint8Array(8);
    },
  );
  return { server, store: store as ObjectStore };
}

const put = (store: ObjectStore, uniqueIdentifier: string): Promise<void> => {
  const material = new Uint8Array(32);
  const change: ObjectChange = {
    uniqueIdentifier,
    owner: 'client',
    objectType: 'SymmetricKey',
    attributes: new Uint8Array(8),
    index: [],
    material,
  };
  return store.transaction((t) => t.put(change));
};

describe('a healthy store starts again', () => {
  it('after a commit that failed', async () => {
    await init();
    const { server, store } = await serve();
    await put(store, 'a');
    disk.commit = () => Promise.reject(new Error('ENOSPC'));
    await expect(put(store, 'b')).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
    await server.close();
    disk.commit = undefined;
    const again = await serve();
    expect(again.server.objects).toBe(1);
    await put(again.store, 'b');
    await again.server.close();
  });

  it('after a kill while the last commit is on its way to the disk', async () => {
    await init();
    const { server, store } = await serve();
    await put(store, 'a');
    let flush = (): void => undefined;
    const gate = new Promise<void>((open) => {
      flush = open;
    });
    disk.commit = async (commit) => {
      await gate;
      await commit();
    };
    disk.steps.length = 0;
    const made = put(store, 'b');
    const closing = server.close();
    // Far more turns of the disk than writing the floor takes when nothing holds it back.
    const floorWritten = (): boolean => disk.steps.some((step) => step.startsWith(`rename ${home}/.ewallet.`));
    for (let i = 0; i < 5000 && !floorWritten(); i++) await stat(home);
    expect(floorWritten()).toBe(false);
    const killed = join(folder, 'killed');
    cpSync(home, killed, { recursive: true, filter: (path) => !path.endsWith('.lock') });
    disk.commit = undefined;
    const { server: next } = await serve(killed);
    expect(next.objects).toBe(1);
    await next.close();
    flush();
    await Promise.all([made, closing]);
    const { server: whole } = await serve();
    expect(whole.objects).toBe(2);
    await whole.close();
  });

  it('when the floor cannot be written: the store is closed all the same', async () => {
    await init();
    const { server, store } = await serve();
    await put(store, 'a');
    rmSync(join(home, 'epoch'));
    cpSync(join(home, 'clients'), join(home, 'epoch'), { recursive: true });
    await expect(server.close()).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(put(store, 'b')).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
    rmSync(join(home, 'epoch'), { recursive: true });
    const { server: next } = await serve();
    expect(next.objects).toBe(1);
    await next.close();
  });
});

describe('a rewrap', () => {
  it('goes on behind records that are at fault, says so, and does not look at them again and again', async () => {
    await init();
    const errors: unknown[] = [];
    const { server, store } = await serve(home, (event) => {
      if (event.type === 'rewrap-error') errors.push(event.error);
    });
    for (const id of ['a', 'b', 'c', 'd']) await put(store, id);
    await rotateServerKey({ home, password: 'pw' });
    let reads = 0;
    disk.read = (key, bytes) => {
      reads++;
      return key === 2 || key === 3 ? bytes?.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) : bytes;
    };
    const fault = { code: 'ERR_STORE_RECORD' };
    await expect(server.refresh()).rejects.toMatchObject(fault);
    expect(server.outdated).toBe(2);
    expect(errors).toMatchObject([fault, fault]);
    reads = 0;
    await expect(server.refresh()).rejects.toMatchObject(fault);
    expect(reads).toBe(0);
    disk.read = undefined;
    await rotateServerKey({ home, password: 'pw' });
    await server.refresh();
    expect(server.outdated).toBe(0);
    await server.close();
  });
});

describe('a power cut', () => {
  it('leaves the floor from before or the new one', async () => {
    using keys = await memoryObjectKeys();
    const fs = new CrashFileSystem(new Map([['/home/', new Uint8Array(0)]]));
    await writeEpochFloor('/home/epoch', keys, 7, fs);
    let states = 0;
    const onStep = async (at: CrashFileSystem): Promise<void> => {
      for (const state of at.crashStates()) {
        states++;
        expect([7, 8]).toContain(await readEpochFloor('/home/epoch', keys, new CrashFileSystem(state)));
      }
    };
    const total = fs.steps.length;
    for (let step = 0; step <= total; step++) {
      const failing = new CrashFileSystem(fs.disk(), { failAt: { step, code: 'EIO' } });
      await writeEpochFloor('/home/epoch', keys, 8, failing).catch(() => undefined);
      await onStep(failing);
    }
    expect(states).toBeGreaterThan(total);
  });

  it('finds every file of a home synced before the home gets its name', async () => {
    await init();
    const renamed = disk.steps.findLastIndex((step) => /^rename .*\/\.server\.[0-9a-f]{12}$/.test(step));
    const building = disk.steps[renamed]?.slice('rename '.length) as string;
    const before = new Set(disk.steps.slice(0, renamed));
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' });
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) expect(before).toContain(`sync ${join(building, file)}`);
    expect(before).toContain(`sync ${building}`);
  });

  it('leaves no temporary of the floor behind the next start', async () => {
    await init();
    const temporary = join(home, `.ewallet.${'0'.repeat(16)}.tmp`);
    cpSync(join(home, 'server.json'), temporary);
    const { server } = await serve();
    expect(existsSync(temporary)).toBe(false);
    await server.close();
    expect(statSync(join(home, 'epoch')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, 'epoch'), 'utf8')).toMatch(/^epoch \d+ /);
  });
});
