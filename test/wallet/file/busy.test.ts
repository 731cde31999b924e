/**
 * Eight processes that rotate, create and tag keys in one wallet at once, and a ninth that only reads: every acknowledged change
 * is there at the end, none twice, and the reader never sees less than what was acknowledged before it looked. Five seconds
 * here, thirty in `npm run soak`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWalletFile } from '../../../src/wallet/file/index.ts';
import { openWallet } from '../../../src/wallet/index.ts';
import { runs } from '../../support/runs.ts';
import { buildWorker } from '../../support/worker.ts';

const WRITERS = 8;
const SECONDS = Math.min(30, runs(5));

interface Acknowledged {
  readonly what: 'set' | 'create' | 'tag';
  readonly keyId: string;
  readonly keyTag: string;
  readonly generation: number;
}

let folder: string;
let worker: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-busy-'));
  writeFileSync(join(folder, 'acknowledged'), new Uint8Array(8 * WRITERS));
  worker = await buildWorker(new URL('./busy-worker.ts', import.meta.url));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a worker to its end; its lines. `onBegin` is called with the first of them. */
function run<T>(mode: string, number: number, onBegin?: () => void): Promise<readonly T[]> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [worker, mode, folder, String(number), String(SECONDS)]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      onBegin?.();
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => {
      if (code === 0)
        done(
          out
            .trim()
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as T),
        );
      else failed(new Error(`${mode} ${number} ended with ${code}: ${err}`));
    });
  });
}

describe('eight writers and a reader in processes of their own', () => {
  it('lose nothing, double nothing, and the reader is never behind', { timeout: 300_000 }, async () => {
    const directory = join(folder, 'tde');
    await (await createWalletFile(directory, 'pw', { iterations: 1, profile: 'oracle' })).close();
    let begin = (): void => undefined;
    const reading = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const reader = run<{ refreshes: number; opens: number; changes: number }>('read', WRITERS, begin);
    await Promise.race([reading, reader]); // all changes come after its first look
    const perWriter = await Promise.all(Array.from({ length: WRITERS }, (_, i) => run<Acknowledged>('write', i)));
    const [, seen] = await reader;
    using wallet = await openWallet(new Uint8Array(readFileSync(join(directory, 'ewallet.p12'))), 'pw');

    const changes = perWriter.flat();
    const count = (what: string): number => changes.filter((change) => change.what === what).length;
    console.log(
      `${WRITERS} writers, ${SECONDS} s: ${changes.length} changes (${perWriter.map((c) => c.length).join(', ')}): ` +
        `${count('set')} rotations, ${count('create')} created, ${count('tag')} tagged; the reader: ${JSON.stringify(seen)}`,
    );
    // One generation per change, each acknowledged once: none is lost, none was made twice.
    expect(changes.map((change) => change.generation).sort((a, b) => a - b)).toEqual(changes.map((_, i) => i + 2));
    expect(wallet.generation).toBe(changes.length + 1);
    const tags = new Map<string, string>();
    for (const { keyId, keyTag } of changes.sort((a, b) => a.generation - b.generation)) tags.set(keyId, keyTag);
    expect(new Map(wallet.masterKeys.map((key) => [key.keyId, key.keyTag]))).toEqual(tags);
    expect(wallet.masterKeys).toHaveLength(count('set') + count('create'));
    expect(wallet.activeKey?.keyId).toBe(changes.filter((change) => change.what === 'set').at(-1)?.keyId);
    for (const own of perWriter) expect(own.length).toBeGreaterThan(0);
    expect(seen?.changes).toBeGreaterThan(0);
  });
});
