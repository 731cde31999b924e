/**
 * Runs in a process of its own, on one wallet among many: `write FOLDER NUMBER SECONDS` rotates, creates and tags keys, and prints
 * one line of JSON per acknowledged change; `read FOLDER NUMBER SECONDS` only reads, and prints that it has begun, then what it saw.
 *
 * FOLDER/acknowledged holds one 8-byte generation per writer: the newest that was acknowledged to it.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openWalletFile, type WalletFile } from '../../../src/wallet/file/index.ts';

const [mode, folder, number, seconds] = process.argv.slice(2) as [string, string, string, string];
const WRITERS = 8;
const until = performance.now() + 1000 * Number(seconds);
const open = (): Promise<WalletFile> => openWalletFile(join(folder, 'tde'), 'pw', { lockTimeoutMs: 150_000 });
const table = openSync(join(folder, 'acknowledged'), 'r+');

/** The newest generation that any writer was told is written. */
function newestAcknowledged(): number {
  const generations = new Float64Array(WRITERS);
  readSync(table, new Uint8Array(generations.buffer), 0, 8 * WRITERS, 0);
  return Math.max(...generations);
}

async function write(): Promise<void> {
  await using file = await open();
  const mine: string[] = [];
  // Once at least, however long it took to come here.
  for (let i = 0; i === 0 || performance.now() < until; i++) {
    const keyTag = `${number}.${i}`;
    const what = (['set', 'create', 'tag'] as const)[i % 3];
    const target = mine[(i * 7) % Math.max(1, mine.length)] ?? '';
    const { result } = await file.change(
      (wallet) => {
        if (what === 'set') return wallet.setKey({ keyTag });
        return what === 'create' ? wallet.createKey({ keyTag }) : wallet.setKeyTag(target, keyTag);
      },
      i % 10 === 0 ? {} : null,
    );
    const { generation } = file.wallet;
    writeSync(table, new Uint8Array(Float64Array.of(generation).buffer), 0, 8, 8 * Number(number));
    if (what !== 'tag') mine.push(result.keyId);
    process.stdout.write(`${JSON.stringify({ what, keyId: result.keyId, keyTag, generation })}\n`);
  }
}

async function read(): Promise<void> {
  const seen = { refreshes: 0, opens: 0, changes: 0, generation: 0 };
  let file = await open();
  process.stdout.write('{"opened":true}\n');
  // Until something has changed, however late the writers began.
  while (performance.now() < until || seen.changes === 0) {
    const atLeast = newestAcknowledged();
    if (seen.refreshes % 20 === 19) {
      await file.close();
      file = await open();
      seen.opens++;
    } else if (await file.refresh()) seen.changes++;
    seen.refreshes++;
    const { generation, masterKeys, activeKey } = file.wallet;
    if (generation < atLeast) throw new Error(`saw generation ${generation} after ${atLeast} was acknowledged`);
    if (generation < seen.generation) throw new Error(`went back from ${seen.generation} to ${generation}`);
    if (generation > 1 && (masterKeys.length === 0 || activeKey === null))
      throw new Error('saw a wallet with keys missing');
    seen.generation = generation;
    await delay(1);
  }
  await file.close();
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}

await (mode === 'write' ? write() : read());
closeSync(table);
