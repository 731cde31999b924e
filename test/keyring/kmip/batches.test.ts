/** How many messages it takes to look at many objects, and what becomes of servers that take one request at a time. */
import { describe, expect, it } from 'vitest';
import { TransportError } from '../../../src/errors.ts';
import type { Keyring } from '../../../src/keyring/index.ts';
import type { KmipPort } from '../../../src/keyring/kmip/port.ts';
import type { ResponseItem } from '../../../src/kmip/index.ts';
import { FakeServer, refusal } from './fake-server.ts';
import { keyringOver } from './support.ts';

const IDS: readonly string[] = Array.from({ length: 70 }, (_, i) => `k${String(i).padStart(2, '0')}`);

async function filled(options: ConstructorParameters<typeof FakeServer>[0] = {}): Promise<FakeServer> {
  const server = new FakeServer(options);
  await using keyring = await keyringOver(server.port());
  for (const id of IDS) await keyring.generate(id, 'AES', 16);
  server.log.length = 0;
  server.batches.length = 0;
  return server;
}

async function listed(keyring: Keyring): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of keyring.list()) ids.push(id);
  return ids.sort();
}

/** The port of a server whose answers to batches are edited. */
function edited(server: FakeServer, edit: (answers: readonly ResponseItem[]) => readonly ResponseItem[]): KmipPort {
  const port = server.port();
  return { ...port, batch: async (items, options) => edit(await port.batch(items, options)) };
}

describe('looking at many objects', () => {
  it('takes a message for each 32 of them', async () => {
    const server = await filled();
    await using keyring = await keyringOver(server.port());
    expect(await listed(keyring)).toEqual(IDS);
    expect(server.batches).toEqual([32, 32, 6]);
    expect(server.log).toEqual(['Locate', ...IDS.map(() => 'GetAttributes')]);
    server.batches.length = 0;
    expect(await keyring.gc()).toBe(0);
    expect(server.batches).toEqual([32, 32, 6]);
    server.batches.length = 0;
    expect(await keyring.has('k00')).toBe(true);
    expect(server.batches).toEqual([]); // one object is asked for by itself
  });

  it('of a server that takes no batches, one after the other, and no batch is tried again', async () => {
    const server = await filled({ batches: false });
    await using keyring = await keyringOver(server.port());
    expect(await listed(keyring)).toEqual(IDS);
    expect(await listed(keyring)).toEqual(IDS);
    expect(server.batches).toEqual([32]);
    expect(server.log).toHaveLength(2 * (1 + IDS.length));
  });

  it('asks by itself for what a server that stops half way did not tell', async () => {
    const server = await filled();
    await using keyring = await keyringOver(edited(server, (answers) => answers.slice(0, 20)));
    expect(await listed(keyring)).toEqual(IDS);
    expect(server.batches).toEqual([32, 32, 6]);
    expect(server.log).toHaveLength(1 + IDS.length + 12 + 12);
  });

  it('passes over what is gone meanwhile; what is refused is an error, not an absence', async () => {
    const server = await filled();
    const [first, second] = server.living;
    const port = edited(server, (answers) => answers);
    const locateAll: KmipPort['locateAll'] = async (...args) => {
      const found = await port.locateAll(...args);
      server.objects.delete(first?.uid ?? '');
      return found;
    };
    await using keyring = await keyringOver({ ...port, locateAll });
    expect(await listed(keyring)).toEqual(IDS.slice(1));
    const denied = server.port((operation, payload) =>
      operation === 'GetAttributes' && (payload as { uniqueIdentifier: string }).uniqueIdentifier === second?.uid
        ? refusal(operation, 'PermissionDenied', 'not you')
        : 'answered',
    );
    await using other = await keyringOver(denied);
    await expect(listed(other)).rejects.toMatchObject({ resultReason: 'PermissionDenied' });
  });

  it('an outage is an outage: nothing is asked again one by one', async () => {
    const server = await filled();
    await using keyring = await keyringOver(
      server.port((operation) => (operation === 'GetAttributes' ? 'down' : 'answered')),
    );
    await expect(listed(keyring)).rejects.toBeInstanceOf(TransportError);
    expect(server.batches).toEqual([32]);
    expect(server.log).toEqual(['Locate']);
  });
});
