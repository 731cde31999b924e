import { describe, expect, it, vi } from 'vitest';
import { openKeyring, type WalletKeyringOptions } from '../../src/keyring/index.ts';
import { createWalletFile, openWalletFile, WalletFile } from '../../src/wallet/file/index.ts';
import { CrashFileSystem } from '../wallet/file/crash-file-system.ts';
import { conformance } from './conformance.ts';

const password = 'a long password';
const directory = '/w/keyring';

/** A keyring's options over a disk in memory. */
function on(fileSystem: CrashFileSystem, more: Partial<WalletKeyringOptions> = {}): WalletKeyringOptions {
  const walletOptions = { fileSystem, iterations: 1 } as const;
  return { backend: 'wallet', directory, password, create: true, walletOptions, ...more } as WalletKeyringOptions;
}

for (const cacheKeys of [true, false]) {
  const disk = new CrashFileSystem();
  conformance(`wallet, cacheKeys: ${cacheKeys}`, {
    open: () => openKeyring(on(disk, { cacheKeys, refreshMs: 0 })),
    durable: true,
    anyType: true,
  });
}

const disk = new CrashFileSystem();
conformance('wallet, java layout', {
  open: () =>
    openKeyring({
      ...{ backend: 'wallet', directory, password, create: true, refreshMs: 0 },
      walletOptions: { fileSystem: disk, iterations: 1, profile: 'java' },
    } as WalletKeyringOptions),
  durable: true,
  anyType: true,
});

describe('wallet keyring', () => {
  it('is not made unless asked to be', async () => {
    const missing = openKeyring(on(new CrashFileSystem(), { create: false } as Partial<WalletKeyringOptions>));
    await expect(missing).rejects.toMatchObject({ code: 'ERR_WALLET_MISSING' });
  });

  it('works on an open wallet, beside its master keys, and leaves it open', async () => {
    const fileSystem = new CrashFileSystem();
    await using file = await createWalletFile(directory, password, { fileSystem, iterations: 1 });
    await file.change((wallet) => wallet.setKey({ keyTag: 'first' }));
    const keyring = await openKeyring({ backend: 'wallet', file });
    await keyring.generate('MyKey', 'AES', 32);
    await keyring.close();
    expect(file.wallet.keyringEntry('', 'MyKey')?.type).toBe('AES');
    expect(file.wallet.masterKeys).toHaveLength(1);
    await file.change((wallet) => wallet.setKey({ keyTag: 'second' }));
    await using again = await openWalletFile(directory, password, { fileSystem });
    expect(again.wallet.keyringEntries).toHaveLength(1);
  });

  it('sees a change made through the open wallet itself at once', async () => {
    const fileSystem = new CrashFileSystem();
    await using file = await createWalletFile(directory, password, { fileSystem, iterations: 1 });
    await using keyring = await openKeyring({ backend: 'wallet', file, refreshMs: Number.POSITIVE_INFINITY });
    expect(await keyring.has('x')).toBe(false);
    await file.change((wallet) => wallet.addKeyringEntry({ owner: '', id: 'x', type: 'AES', key: new Uint8Array(16) }));
    expect(await keyring.has('x')).toBe(true);
    await file.change((wallet) => wallet.removeKeyringEntry('', 'x'));
    expect(await keyring.has('x')).toBe(false);
  });

  it('refreshMs: a removal by another process is seen when it is over, a new key at once', async () => {
    const { openWalletBackend } = await import('../../src/keyring/wallet.ts');
    const fileSystem = new CrashFileSystem();
    let time = 0;
    const randomBytes = (n: number) => new Uint8Array(n).fill(3);
    await using other = await openKeyring(on(fileSystem));
    const backend = await openWalletBackend(
      { directory, password, create: false, walletOptions: { fileSystem } },
      { cacheKeys: true, randomBytes, refreshMs: 100, clock: () => time },
    );
    await other.generate('x', 'AES', 16);
    expect(await backend.info({ owner: '', id: 'x' }, undefined, {})).not.toBeNull();
    await other.remove('x');
    expect(await backend.info({ owner: '', id: 'x' }, undefined, {})).not.toBeNull();
    time = 100;
    expect(await backend.info({ owner: '', id: 'x' }, undefined, {})).toBeNull();
    await backend.close();
  });

  it('cacheKeys: false: what was decrypted is wiped after every look and every change', async () => {
    const fileSystem = new CrashFileSystem();
    const opened: WalletFile[] = [];
    const rest = vi.spyOn(WalletFile.prototype, 'rest').mockImplementation(function (this: WalletFile, generation) {
      opened.push(this);
      rest.mockRestore();
      return this.rest(generation);
    });
    await using keyring = await openKeyring(on(fileSystem, { cacheKeys: false, refreshMs: 0 }));
    const [file] = opened as [WalletFile];
    expect(file.isResting).toBe(true);
    await Promise.all(['a', 'b', 'c'].map((id) => keyring.store(id, 'SECRET', Uint8Array.of(1, 2, 3))));
    expect(file.isResting).toBe(true);
    expect(file.wallet.keyringEntries).toEqual([]);
    await using other = await openKeyring(on(fileSystem));
    await other.store('d', 'SECRET', Uint8Array.of(4));
    for (const id of ['a', 'b', 'c', 'd']) expect(await keyring.has(id)).toBe(true);
    expect(file.isResting).toBe(true);
    await expect(keyring.store('a', 'SECRET', Uint8Array.of(9))).rejects.toMatchObject({ code: 'ERR_KEYRING_EXISTS' });
    expect(file.isResting).toBe(true);
    expect(await keyring.remove('a')).toBe(true);
    using b = await keyring.fetch('b');
    expect(b?.key.expose()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('a write that fails leaves file and keyring as they were', async () => {
    const whole = new CrashFileSystem();
    await using start = await openKeyring(on(whole));
    await start.store('kept', 'SECRET', Uint8Array.of(1, 2, 3));
    const initial = whole.disk();
    let failures = 0;
    for (let step = 0; ; step++) {
      const failing = new CrashFileSystem(initial, { failAt: { step, code: 'EIO' } });
      const keyring = await openKeyring(on(failing, { refreshMs: 0 })).catch(() => null);
      if (keyring === null) continue;
      const added = await keyring.store('new', 'SECRET', Uint8Array.of(9)).then(
        () => true,
        () => false,
      );
      if (!added) failures++;
      await using after = await openKeyring(on(new CrashFileSystem(failing.disk()), { refreshMs: 0 }));
      using kept = await after.fetch('kept');
      expect(kept?.key.expose()).toEqual(Uint8Array.of(1, 2, 3));
      if (added) expect(await after.has('new')).toBe(true);
      await keyring.close();
      if (added && step > failing.steps.length) break;
    }
    expect(failures).toBeGreaterThan(5);
  });
});
