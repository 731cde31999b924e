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
  'BACKUP KEYSTORE TO': { backup: false, run: (f) => f.backup({ directory: '/w' }) },
  'ALTER PASSWORD WITH BACKUP': { backup: true, run: (f) => f.change((w) => w.changePassword('another'), {}) },
  'a change without backup': {
    backup: false,
    run: (f) => f.change((w) => w.setKeyTag(w.masterKeys[0]?.keyId ?? '', 'tag')),
  },
};

describe.each(Object.entries(CHANGES))('%s', (_name, { backup, run }) => {
  const attempt = async (
    start: Disk,
    crash: CrashOptions,
    look?: (fs: CrashFileSystem) => void,
  ): Promise<{ fs: CrashFileSystem; error: unknown }> => {
    const fs: CrashFileSystem = new CrashFileSystem(start, { ...crash, onStep: () => look?.(fs) });
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
    const before = await stateOf(start.get(PATH));
    const done = await attempt(start, {});
    const after = await stateOf(done.fs.disk().get(PATH));
    expect(after).not.toBe(before);
    const disks: Disk[] = [];
    const cut = await attempt(start, {}, (fs) => disks.push(...fs.crashStates()));
    expect(cut.error).toBeNull();
    const seen = new Map<Uint8Array, string>();
    const known = async (bytes: Uint8Array | undefined): Promise<string> => {
      if (bytes === undefined) return 'none';
      const found = seen.get(bytes) ?? (await stateOf(bytes));
      seen.set(bytes, found);
      return found;
    };
    for (const disk of disks) {
      const found = await known(disk.get(PATH));
      expect([before, after]).toContain(found);
      if (found === before || !backup) continue;
      const backups = await Promise.all(
        [...disk].filter(([path]) => /ewallet_\d{16}/.test(path)).map(([, bytes]) => known(bytes)),
      );
      expect(backups).toContain(before);
    }
    console.log(`${_name}: ${cut.fs.steps.length} steps, ${disks.length} disks`);
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
    const states: Disk[] = [];
    const fs: CrashFileSystem = new CrashFileSystem(ROOT, { onStep: () => states.push(...fs.crashStates()) });
    const file = await createWalletFile(DIRECTORY, PASSWORD, options(fs));
    await file.close();
    for (const disk of states) expect(['none', `${PASSWORD} 1 `]).toContain(await stateOf(disk.get(PATH)));
    await expect(createWalletFile(DIRECTORY, PASSWORD, options(fs))).rejects.toMatchObject({
      code: 'ERR_WALLET_EXISTS',
    });
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
  it('is named as such, with the newest backup and the command that restores it', async () => {
    const fs = new CrashFileSystem(await startDisk());
    await using file = await openWalletFile(DIRECTORY, PASSWORD, options(fs));
    const { backupPath } = await file.change((wallet) => wallet.setKey(), {});
    const torn = new Map(fs.disk());
    torn.set(PATH, (torn.get(PATH) as Uint8Array).slice(0, 300));
    await expect(openWalletFile(DIRECTORY, PASSWORD, options(new CrashFileSystem(torn)))).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_DER_/),
      hint: expect.stringContaining(`keyward wallet restore ${backupPath?.slice(DIRECTORY.length + 1)}`),
    });
  });
});
