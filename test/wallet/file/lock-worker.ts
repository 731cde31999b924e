/** Runs in a process of its own: `count FOLDER N` adds one N times under the lock, `hold FOLDER` takes it and stays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeFileSystem } from '../../../src/wallet/file/file-system.ts';
import { acquireLock } from '../../../src/wallet/file/lock.ts';

const [mode, folder, count] = process.argv.slice(2) as [string, string, string];
for (let i = 0; i < (mode === 'hold' ? 1 : Number(count)); i++) {
  const lock = await acquireLock(nodeFileSystem, join(folder, 'lock'));
  if (mode === 'hold') {
    process.stdout.write('held\n');
    await delay(60_000);
  }
  const value = Number(readFileSync(join(folder, 'counter'), 'utf8'));
  await delay(Math.random() * 2);
  writeFileSync(join(folder, 'counter'), String(value + 1));
  await lock.release();
}
