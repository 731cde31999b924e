import { describe, expect, it } from 'vitest';
import { createWholeFile, removeTemporaries, replaceFile } from '../../../src/wallet/file/atomic-write.ts';
import { CrashFileSystem, type CrashOptions, type Disk } from './crash-file-system.ts';

const OLD = new TextEncoder().encode('the old wallet, whole');
const NEW = new TextEncoder().encode('the new wallet, whole, and longer');
const WALLET = '/w/tde/ewallet.p12';
const BACKUP = '/w/tde/ewallet_2026112118300000.p12';
const START: Disk = new Map([[WALLET, OLD]]);

const same = (a: Uint8Array | undefined, b: Uint8Array) =>
  a !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);

/** Backs up and replaces, as every statement WITH BACKUP does. */
async function change(fs: CrashFileSystem): Promise<void> {
  await createWholeFile(fs, BACKUP, OLD);
  await replaceFile(fs, WALLET, NEW);
}

/** What no power cut may leave; undefined when the disk is fine. */
function fault(disk: Disk, acknowledged: boolean): string | undefined {
  const wallet = disk.get(WALLET);
  if (!same(wallet, OLD) && !same(wallet, NEW)) return 'the wallet is neither the old nor the new one';
  if (same(wallet, NEW) && !same(disk.get(BACKUP), OLD)) return 'the new wallet is there without a whole backup';
  if (acknowledged && !same(wallet, NEW)) return 'an acknowledged change is gone';
  return undefined;
}

/** Runs the change and looks at every disk that a cut at every step may leave. */
async function faults(options: CrashOptions): Promise<{ found: Set<string>; states: number; steps: number }> {
  const found = new Set<string>();
  let states = 0;
  const look = (acknowledged: boolean) => {
    for (const disk of fs.crashStates()) {
      states++;
      const wrong = fault(disk, acknowledged);
      if (wrong !== undefined) found.add(wrong);
    }
  };
  const fs: CrashFileSystem = new CrashFileSystem(START, { ...options, onStep: () => look(false) });
  await change(fs);
  look(true);
  return { found, states, steps: fs.steps.length };
}

describe('a wallet is never half-written', () => {
  it('whatever a power cut leaves, at every step', async () => {
    const { found, states, steps } = await faults({});
    console.log(`power cut: ${steps} steps, ${states} disks looked at`);
    expect([...found]).toEqual([]);
    expect(states).toBeGreaterThan(2 * steps);
  });

  it('and every sync is needed: without any one of them a cut is found that breaks it', async () => {
    const fs = new CrashFileSystem(START);
    await change(fs);
    expect(fs.syncs).toBe(4);
    for (let skipSync = 0; skipSync < fs.syncs; skipSync++) {
      const { found } = await faults({ skipSync });
      expect([...found], `sync ${skipSync} left out`).not.toEqual([]);
    }
  });

  it.each(['ENOSPC', 'EIO', 'EACCES'])('and when any step fails with %s, no temporary is left', async (code) => {
    const whole = new CrashFileSystem(START);
    await change(whole);
    for (let step = 0; step < whole.steps.length; step++) {
      const fs = new CrashFileSystem(START, { failAt: { step, code } });
      await expect(change(fs)).rejects.toMatchObject({ code });
      const failed = fs.steps[step] as string;
      for (const disk of fs.crashStates()) expect(fault(disk, false), `${failed} failed`).toBeUndefined();
      const left = [...fs.disk().keys()].filter((p) => p.endsWith('.tmp'));
      if (!failed.startsWith('remove')) expect(left, `${failed} failed`).toEqual([]);
    }
  });

  it('never writes over a file of the same name', async () => {
    const fs = new CrashFileSystem(new Map([[BACKUP, OLD]]));
    expect(await createWholeFile(fs, BACKUP, NEW)).toBe(false);
    expect(fs.disk().get(BACKUP)).toEqual(OLD);
    expect([...fs.disk().keys()]).toEqual([BACKUP]);
  });

  it('clears what a killed writer left', async () => {
    const fs = new CrashFileSystem(
      new Map([...START, ['/w/tde/.ewallet.0123456789abcdef.tmp', NEW], ['/w/tde/.ewallet.mine.tmp', NEW]]),
    );
    await removeTemporaries(fs, '/w/tde');
    expect([...fs.disk().keys()]).toEqual([WALLET, '/w/tde/.ewallet.mine.tmp']);
  });
});
