import { describe, expect, it } from 'vitest';
import {
  createWalletFile,
  openWalletFile,
  type WalletFile,
  type WalletFileOptions,
} from '../../../src/wallet/file/wallet-file.ts';
import { openWallet } from '../../../src/wallet/index.ts';
import { CrashFileSystem, type CrashOptions, type Disk } from './crash-file-system.ts';

const PASSWORD = 'Your_keystore_password';
const DIRECTORY = '/w/tde';
const PATH = `${DIRECTORY}/ewallet.p12`;
const LOCKS = `${DIRECTORY}/.ewallet.p12.lock`;
const ROOT: Disk = new Map([['/w/', new Uint8Array()]]);
const options = (fileSystem: CrashFileSystem): WalletFileOptions => ({ fileSystem, iterations: 1, profile: 'oracle' });

/** A wallet with one active key, on a disk. */
async function startDisk(): Promise<Disk> {
  const fs = new CrashFileSystem(ROOT);
  await using file = await createWalletFile(DIRECTORY, PASSWORD, options(fs));
  await file.change((wallet) => wallet.setKey({ keyTag: 'first' }));
  return fs.disk();
}

/** What a wallet on a disk holds: enough to tell states apart. */
async function stateOf(bytes: Uint8Array | undefined): Promise<string> {
  if (bytes === undefined) return 'none';
  for (const password of [PASSWORD, 'another']) {
    try {
      using wallet = await openWallet(bytes, password);
      const keys = wallet.masterKeys.map((k) => `${k.keyTag ?? '-'}:${k.state}:${k.backedUp}`);
      return `${password} ${wallet.generation} ${keys.sort().join(' ')}`;
    } catch {
      // The other password, or a torn file: told apart below.
    }
  }
  return 'torn';
}

/** Every way a statement changes the file. */
const CHANGES: Record<string, { readonly backup: boolean; run(file: WalletFile): Promise<unknown> }> = {
  'SET KEY WITH BACKUP': { backup: true, run: (f) => f.change((w) => w.setKey({ keyTag: 'second' }), {}) },
  'CREATE KEY WITH BACKUP USING': {
    backup: true,
    run: (f) => f.change((w) => w.createKey({ keyTag: 'second' }), { identifier: 'id' }),
  },
  'USE KEY WITH BACKUP': { backup: true, run: (f) => f.change((w) => w.useKey(w.masterKeys[0]?.keyId ?? ''), {}) },
  'SET TAG WITH BACKUP': {
    backup: true,
    run: (f) => f.change((w) => w.setKeyTag(w.masterKeys[0]?.keyId ?? '', 'tag'), {}),
  },
  'BACKUP KEYSTORE': { backup: true, run: (f) => f.backup() },
  'BACKUP KEYSTORE TO': { backup: true, run: (f) => f.backup({ directory: '/w' }) },
  'ALTER PASSWORD WITH BACKUP': { backup: true, run: (f) => f.change((w) => w.changePassword('another'), {}) },
  'a change without backup': {
    backup: false,
    run: (f) => f.change((w) => w.setKeyTag(w.masterKeys[0]?.keyId ?? '', 'tag')),
  },
};

interface Cut {
  /** What no power cut may leave; null when none did. */
  readonly fault: string | null;
  readonly disks: number;
  readonly steps: number;
  readonly syncs: number;
}

/** Runs a change and looks at every disk that a power cut at every step may leave, up to the first that it must not. */
async function cutPower(
  start: Disk,
  crash: CrashOptions,
  expected: { readonly backup: boolean },
  change: (fs: CrashFileSystem) => Promise<void>,
): Promise<Cut> {
  const disks: { readonly disk: Disk; readonly acknowledged: boolean }[] = [];
  const look = (acknowledged: boolean): void => {
    for (const disk of fs.crashStates()) disks.push({ disk, acknowledged });
  };
  const fs: CrashFileSystem = new CrashFileSystem(start, { ...crash, fleeting: LOCKS, onStep: () => look(false) });
  await change(fs);
  look(true);
  const seen = new Map<Uint8Array | undefined, string>();
  const known = async (bytes: Uint8Array | undefined): Promise<string> => {
    const state = seen.get(bytes) ?? (await stateOf(bytes));
    seen.set(bytes, state);
    return state;
  };
  const before = await known(start.get(PATH));
  const after = await known(fs.disk().get(PATH));
  expect(after).not.toBe(before);
  const faultOf = async (disk: Disk, acknowledged: boolean): Promise<string | null> => {
    const state = await known(disk.get(PATH));
    if (state !== before && state !== after) return `a ${state} wallet`;
    if (acknowledged && state !== after) return 'an acknowledged change gone';
    if (state === before || !expected.backup) return null;
    const backups = [...disk].filter(([path]) => /ewallet_\d{16}/.test(path));
    for (const [, bytes] of backups) if ((await known(bytes)) === before) return null;
    return 'a change without its backup';
  };
  const facts = { disks: disks.length, steps: fs.steps.length, syncs: fs.syncs };
  for (const { disk, acknowledged } of disks) {
    const fault = await faultOf(disk, acknowledged);
    if (fault !== null) return { fault, ...facts };
  }
  return { fault: null, ...facts };
}

describe.each(Object.entries(CHANGES))('%s', (_name, { backup, run }) => {
  const attempt = async (
    start: Disk,
    crash: CrashOptions,
    look?: (fs: CrashFileSystem) => void,
  ): Promise<{ fs: CrashFileSystem; error: unknown }> => {
    const fs: CrashFileSystem = new CrashFileSystem(start, { ...crash, fleeting: LOCKS, onStep: () => look?.(fs) });
    const file = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    try {
      await run(file);
      look?.(fs);
      return { fs, error: null };
    } catch (error) {
      return { fs, error };
    } finally {
      await file.close();
    }
  };

  it('leaves the old or the new wallet, whatever a power cut leaves; with WITH BACKUP an intact backup of the old', async () => {
    const start = await startDisk();
    const power = (crash: CrashOptions) =>
      cutPower(start, crash, { backup }, async (fs) => {
        await using file = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
        await run(file);
      });
    const whole = await power({});
    expect(whole.fault).toBeNull();
    const found: string[] = [];
    for (let skipSync = 0; skipSync < whole.syncs; skipSync++) {
      const { fault } = await power({ skipSync });
      expect(fault, `sync ${skipSync} left out`).not.toBeNull();
      found.push(fault as string);
    }
    console.log(
      `${_name}: ${whole.steps} steps, ${whole.disks} disks; without each of its ${whole.syncs} syncs: ${found.join(', ')}`,
    );
  });

  it('fails at any step without harm: before or after, and the next change goes through', async () => {
    const start = await startDisk();
    const before = await stateOf(start.get(PATH));
    const whole = await attempt(start, {});
    const after = await stateOf(whole.fs.disk().get(PATH));
    for (const code of ['ENOSPC', 'EIO', 'EACCES']) {
      for (let step = 0; step < whole.fs.steps.length; step++) {
        const { fs, error } = await attempt(start, { failAt: { step, code } });
        const place = `${code} at ${fs.steps[step]}`;
        const cannotHurt = /remove .*lock/.test(fs.steps[step] ?? '');
        if (cannotHurt) expect(error, place).toBeNull();
        else expect(error, place).toMatchObject({ code });
        const found = await stateOf(fs.disk().get(PATH));
        expect([before, after], place).toContain(found);
        const next = new CrashFileSystem(fs.disk());
        await using file = await openWalletFile(DIRECTORY, found.startsWith('another') ? 'another' : PASSWORD, {
          ...options(next),
          lockTimeoutMs: 1,
        });
        await file.change((wallet) => wallet.createKey());
      }
    }
  });
});

describe('creating a wallet', () => {
  it('leaves none or a whole one, and never a second', async () => {
    const fs = new CrashFileSystem(ROOT);
    await (await createWalletFile(DIRECTORY, PASSWORD, options(fs))).close();
    await expect(createWalletFile(DIRECTORY, PASSWORD, options(fs))).rejects.toMatchObject({
      code: 'ERR_WALLET_EXISTS',
    });
  });

  it.each([
    ['in a directory that is there', new Map([[`${DIRECTORY}/`, new Uint8Array()]])],
    ['in one that is new', ROOT],
    ['with directories that are new above it', new Map<string, Uint8Array>()],
  ])('needs every one of its syncs: %s', async (where, start) => {
    const power = (crash: CrashOptions) =>
      cutPower(start, crash, { backup: false }, async (fs) => {
        await (await createWalletFile(DIRECTORY, PASSWORD, options(fs))).close();
      });
    const whole = await power({});
    expect(whole.fault).toBeNull();
    const found: (string | null)[] = [];
    for (let skipSync = 0; skipSync < whole.syncs; skipSync++) found.push((await power({ skipSync })).fault);
    console.log(`CREATE ${where}: ${whole.steps} steps, ${whole.disks} disks; without each sync: ${found.join(', ')}`);
    // Where the directory is there, its parent is synced for one who made it and was killed: nothing here can need that.
    expect(found.filter((fault) => fault === null)).toHaveLength(start.has(`${DIRECTORY}/`) ? 1 : 0);
  });
});

describe('several processes', () => {
  it('see each other without closing and opening', async () => {
    const fs = new CrashFileSystem(await startDisk());
    await using one = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    await using two = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    const { result } = await one.change((wallet) => wallet.setKey({ keyTag: 'by one' }));
    expect(two.wallet.activeKey?.keyTag).toBe('first');
    expect(await two.refresh()).toBe(true);
    expect(two.wallet.activeKey?.keyId).toBe(result.keyId);
    expect(await two.refresh()).toBe(false);
    await two.change((wallet) => wallet.setKey({ keyTag: 'by two' }));
    await one.change((wallet) => wallet.setKeyTag(result.keyId, 'tagged by one'));
    expect(one.wallet.masterKeys.map((k) => k.keyTag)).toEqual(['first', 'tagged by one', 'by two']);
  });

  it('are told when the password changed under them', async () => {
    const fs = new CrashFileSystem(await startDisk());
    await using one = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    await using two = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    await one.change((wallet) => wallet.changePassword('another'));
    await expect(two.change((wallet) => wallet.setKey())).rejects.toThrowError('password changed, open again');
    await expect(two.refresh()).rejects.toMatchObject({ code: 'ERR_PASSWORD_CHANGED' });
    expect(two.wallet.activeKey?.keyTag).toBe('first');
  });
});

describe('a torn file', () => {
  const BACKUPS = ['2026010100000000', '2026020100000000', '2026030100000000'].map((at) => `ewallet_${at}.p12`);

  /** A wallet cut to 300 bytes, with three backups beside it: the newest cut, the next with one byte changed, the oldest intact. */
  async function tornDisk(): Promise<Map<string, Uint8Array>> {
    const disk = new Map(await startDisk());
    const whole = disk.get(PATH) as Uint8Array;
    const changed = whole.slice();
    changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
    disk.set(PATH, whole.slice(0, 300));
    for (const [i, bytes] of [whole, changed, whole.slice(0, -1)].entries())
      disk.set(`${DIRECTORY}/${BACKUPS[i]}`, bytes);
    return disk;
  }
  const refusal = (disk: Disk, password: string) =>
    openWalletFile(DIRECTORY, password, options(new CrashFileSystem(disk))).then(
      () => null,
      (error: { code: string; hint?: string; offset?: number }) => error,
    );

  it('is named as such, with the newest intact backup and the command that restores it', async () => {
    const error = await refusal(await tornDisk(), PASSWORD);
    expect(error?.code).toMatch(/^ERR_DER_/);
    expect(error?.offset).toBeTypeOf('number');
    expect(error?.hint).toContain(`the newest intact backup is ${BACKUPS[0]} (2 newer ones are damaged too)`);
    expect(error?.hint).toContain(`keyward wallet restore '${BACKUPS[0]}' --directory '${DIRECTORY}'`);
  });

  it('with the wrong password: the newest backup that is built as a wallet is', async () => {
    const error = await refusal(await tornDisk(), 'wrong');
    expect(error?.hint).toContain(`the newest intact backup is ${BACKUPS[1]} (1 newer one is damaged too)`);
  });

  it('without an intact backup: no word of one', async () => {
    const disk = await tornDisk();
    for (const name of BACKUPS.slice(0, 2)) disk.delete(`${DIRECTORY}/${name}`);
    expect((await refusal(disk, PASSWORD))?.hint ?? '').not.toContain('backup');
  });

  it('that another process left under an open wallet is named too, and the wallet stays readable', async () => {
    const fs = new CrashFileSystem(await startDisk());
    await using file = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    const { backupPath } = await file.change((wallet) => wallet.setKey(), {});
    const bytes = await fs.readFile(PATH);
    await fs.remove(PATH);
    const writer = await fs.create(PATH, 0o600);
    await writer.write(bytes.slice(0, 100));
    await expect(file.refresh()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_DER_/),
      hint: expect.stringContaining(`restore '${backupPath?.slice(DIRECTORY.length + 1)}'`),
    });
    expect(file.wallet.masterKeys).toHaveLength(2);
  });
});
