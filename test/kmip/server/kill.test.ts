/**
 * `keyward kmip serve` under load, killed (SIGKILL) at random points: what was acknowledged is there and readable, and of a batch with
 * Undo that failed, or that nobody answered, nothing or everything. 20 kills here, 200 in `npm run soak`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKmip, type KmipClient } from '../../../src/kmip/client/index.ts';
import type { RequestItem } from '../../../src/kmip/index.ts';
import { initKmipHome } from '../../../src/kmip/server/index.ts';
import { runs } from '../../support/runs.ts';

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const KILLS = runs(20);
const CLIENTS = 4;
/** A kill comes after at most so many acknowledgements, and so many milliseconds more. */
const MOST = { acknowledgements: 60, delayMs: 5 } as const;

let folder: string;
let home: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-kill-'));
  home = join(folder, 'kmip');
  writeFileSync(join(folder, 'pw'), 'pw\n', { mode: 0o600 });
  await initKmipHome({ home, password: 'pw', port: 0, wallet: { iterations: 1000 } });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  const args = [main, 'kmip', 'serve', '--home', home, '--password-file', join(folder, 'pw')];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    said.push(line);
    const match = /^listening on 127\.0\.0\.1:(\d+)/.exec(line);
    if (match !== null) return { server, port: Number(match[1]) };
  }
  throw new Error(`the server did not start: ${said.join(' ')}`);
}

function connect(port: number): Promise<KmipClient> {
  const file = (name: string) => ({ file: join(home, 'clients', 'client', 'ssl', name) });
  return connectKmip({
    servers: [{ host: '127.0.0.1', port }],
    credentials: { ca: file('CA.pem'), cert: file('cert.pem'), key: file('key.pem') },
  });
}

/** What the clients were told. */
interface Ledger {
  /** Objects that were acknowledged, with their keys where those were read. */
  readonly made: Map<string, Uint8Array | null>;
  /** Groups of a batch whose fate is not known. */
  readonly open: Set<string>;
  /** Groups of a batch that was done, with how many there must be: 2 or 0. */
  readonly settled: Map<string, number>;
  readonly destroyed: Set<string>;
  /** Called after every acknowledgement. */
  readonly acknowledged: () => void;
}

const create = (group: string): RequestItem<'Create'> => ({
  operation: 'Create',
  requestPayload: {
    objectType: 'SymmetricKey',
    templateAttribute: {
      attribute: [
        { attributeName: 'Cryptographic Algorithm', attributeValue: 'AES' },
        { attributeName: 'Cryptographic Length', attributeValue: 256 },
        { attributeName: 'Cryptographic Usage Mask', attributeValue: 12 },
        { attributeName: 'Object Group', attributeValue: group },
      ],
    },
  },
});

/** Works until the connection is gone. */
async function load(port: number, name: string, ledger: Ledger): Promise<void> {
  let client: KmipClient | undefined;
  try {
    client = await connect(port);
    for (let i = 0; ; i++) {
      const group = `${name}.${i}`;
      const item = create(group);
      const { uniqueIdentifier } = await client.request('Create', item.requestPayload);
      ledger.made.set(uniqueIdentifier, null);
      const got = await client.request('Get', { uniqueIdentifier });
      ledger.made.set(uniqueIdentifier, keyOf(got));
      ledger.acknowledged();
      // Two at once or none; every second batch fails at its end and must leave nothing.
      const both = `${group}.both`;
      ledger.open.add(both);
      const failing =
        i % 2 === 0 ? [{ operation: 'Destroy', requestPayload: { uniqueIdentifier: 'none' } } as const] : [];
      const results = await client.batch([create(both), create(both), ...failing], { onError: 'undo' });
      ledger.open.delete(both);
      ledger.settled.set(both, results.every(({ resultStatus }) => resultStatus === 'Success') ? 2 : 0);
      if (i % 3 === 0) {
        ledger.made.delete(uniqueIdentifier);
        await client.request('Destroy', { uniqueIdentifier });
        ledger.destroyed.add(uniqueIdentifier);
      }
      ledger.acknowledged();
    }
  } catch {
    // The kill.
  } finally {
    await client?.close();
  }
}

function keyOf(answer: Awaited<ReturnType<typeof get>>): Uint8Array {
  const value = answer.symmetricKey?.keyBlock.keyValue;
  if (value === undefined || value instanceof Uint8Array || !(value.keyMaterial instanceof Uint8Array))
    throw new Error('no key');
  return value.keyMaterial;
}
const get = (client: KmipClient, uniqueIdentifier: string) => client.request('Get', { uniqueIdentifier });

async function check(port: number, ledger: Ledger): Promise<void> {
  await using client = await connect(port);
  for (const [id, key] of ledger.made) {
    const found = keyOf(await get(client, id));
    if (key !== null) expect(found, id).toEqual(key);
  }
  for (const id of ledger.destroyed) await expect(get(client, id)).rejects.toMatchObject({ name: 'ProtocolError' });
  const countOf = async (group: string): Promise<number> => {
    const found = await client.locateAll([{ attributeName: 'Object Group', attributeValue: group }]);
    return found.length;
  };
  for (const [group, count] of ledger.settled) expect(await countOf(group), group).toBe(count);
  for (const group of ledger.open) expect([0, 2], group).toContain(await countOf(group));
}

it(`${KILLS} kills`, { timeout: 20_000 * KILLS }, async () => {
  let total = 0;
  let port = 0;
  let server: ChildProcess | undefined;
  for (let kill = 0; kill <= KILLS; kill++) {
    if (server === undefined) ({ server, port } = await start());
    const killed = server;
    const exited = once(killed, 'exit');
    // The place of the kill cannot be repeated anyway; what it leaves is checked whatever it was.
    let left = 1 + Math.floor(MOST.acknowledgements * Math.random());
    const acknowledged = (): void => {
      if (--left === 0) setTimeout(() => killed.kill('SIGKILL'), MOST.delayMs * Math.random());
    };
    const ledger = {
      made: new Map(),
      open: new Set<string>(),
      settled: new Map(),
      destroyed: new Set<string>(),
      acknowledged,
    };
    const loads = Array.from({ length: CLIENTS }, (_, i) => load(port, `${kill}.${i}`, ledger));
    await exited;
    await Promise.allSettled(loads);
    total += ledger.made.size + ledger.settled.size;
    ({ server, port } = await start());
    await check(port, ledger);
  }
  server?.kill('SIGTERM');
  if (server !== undefined) expect(await once(server, 'exit')).toEqual([0, null]);
  expect(total).toBeGreaterThan(KILLS);
});
