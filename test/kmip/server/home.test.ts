/** A server's home: made whole, with modes, clients, and an object store that a running server keeps. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addKmipClient, initKmipHome } from '../../../src/kmip/server/index.ts';
import { type KmipServerOptions, serveHome } from '../../../src/kmip/server/server.ts';
import type { ObjectChange, ObjectStore } from '../../../src/kmip/server/store.ts';
import { openWalletFile } from '../../../src/wallet/file/index.ts';
import { dial, frame } from './tls-world.ts';

const PASSWORD = 'a password of the test';
const WALLET = { iterations: 1000 } as const;

let folder: string;
let home: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-home-'));
  home = join(folder, 'server');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const init = (options: Partial<Parameters<typeof initKmipHome>[0]> = {}) =>
  initKmipHome({ home, password: PASSWORD, port: 0, wallet: WALLET, ...options });

/** Serves the home; the store is handed out, and a request is answered with its owner. */
async function serve(options: Partial<KmipServerOptions> = {}) {
  let store: ObjectStore | undefined;
  const server = await serveHome({ home, password: PASSWORD, refreshMs: 3_600_000, ...options }, (given) => {
    store = given;
    return async (_request, { owner }) => new Uint8Array(frame(owner));
  });
  return { server, store: store as ObjectStore };
}

/** What a client says who is configured by its directory alone. */
async function whoAmI(directory: string): Promise<string | undefined> {
  const ssl = (name: string): string => readFileSync(join(directory, 'ssl', name), 'utf8');
  const [, port] = /^SERVER=127\.0\.0\.1:(\d+)\n$/.exec(readFileSync(join(directory, 'okvclient.ora'), 'utf8')) ?? [];
  const identity = { cert: ssl('cert.pem'), key: ssl('key.pem') };
  const client = await dial({ port: Number(port), ca: ssl('CA.pem'), identity });
  const answer = await client.request(frame('who am I'));
  client.close();
  return answer?.subarray(8).toString();
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const change = (id: string): ObjectChange => ({
  uniqueIdentifier: id,
  owner: 'client',
  objectType: 'SymmetricKey',
  attributes: new Uint8Array(40),
  index: [['name', id]],
  material: new Uint8Array(32).fill(id.length),
});

describe('a home', () => {
  it('is made with its modes, and no private key lies open but a client’s', async () => {
    const [client] = await init({ clients: ['db1'] });
    expect(client).toEqual({ name: 'db1', directory: join(home, 'clients', 'db1') });
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).sort();
    expect(files.filter((file) => !file.includes('lock') && !file.startsWith('objects/'))).toEqual([
      'clients',
      'clients/db1',
      'clients/db1/okvclient.ora',
      'clients/db1/ssl',
      'clients/db1/ssl/CA.pem',
      'clients/db1/ssl/cert.pem',
      'clients/db1/ssl/key.pem',
      'objects',
      'server.json',
      'wallet',
      'wallet/ewallet.p12',
    ]);
    for (const file of files) {
      const path = join(home, file);
      const expected = statSync(path).isFile() ? '600' : /^clients/.test(file) ? '750' : '700';
      expect([file, modeOf(path)]).toEqual([file, expected]);
    }
    const open = files.filter(
      (file) => statSync(join(home, file)).isFile() && /PRIVATE KEY/.test(readFileSync(join(home, file), 'latin1')),
    );
    expect(open).toEqual(['clients/db1/ssl/key.pem']);
    expect(modeOf(home)).toBe('700');
    expect(readdirSync(folder)).toEqual(['server']);
  });

  it('is not made twice, nor over anything else', async () => {
    await init();
    const before = readFileSync(join(home, 'wallet', 'ewallet.p12'));
    await expect(init()).rejects.toMatchObject({ code: 'ERR_SERVER_HOME_EXISTS' });
    expect(readFileSync(join(home, 'wallet', 'ewallet.p12'))).toEqual(before);
  });

  it('leaves nothing when it cannot be made', async () => {
    await expect(init({ names: ['not a name'] })).rejects.toMatchObject({ code: 'ERR_CERTIFICATE_NAME' });
    await expect(init({ clients: ['../x'] })).rejects.toMatchObject({ code: 'ERR_CLIENT_NAME' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('enrols clients while it is served, who are who they are enrolled as', async () => {
    await init();
    const { server } = await serve();
    const { directory } = await addKmipClient({ home, password: PASSWORD, name: 'second@host' });
    expect(existsSync(directory)).toBe(true);
    await server.close();
    const again = await serve();
    expect(await whoAmI(directory)).toBe('second@host');
    expect(await whoAmI(join(home, 'clients', 'client'))).toBe('client');
    await again.server.close();
  });

  it('renews a client only when asked to', async () => {
    await init();
    const cert = join(home, 'clients', 'client', 'ssl', 'cert.pem');
    const first = readFileSync(cert, 'utf8');
    const enrol = (renew: boolean) => addKmipClient({ home, password: PASSWORD, name: 'client', renew });
    await expect(enrol(false)).rejects.toMatchObject({ code: 'ERR_CLIENT_EXISTS' });
    expect(readFileSync(cert, 'utf8')).toBe(first);
    await enrol(true);
    expect(readFileSync(cert, 'utf8')).not.toBe(first);
    expect(readdirSync(join(home, 'clients'))).toEqual(['client']);
  });

  it('says what is missing or wrong', async () => {
    await expect(serve()).rejects.toMatchObject({ code: 'ERR_SERVER_HOME_MISSING' });
    await init();
    await expect(serve({ password: 'another' })).rejects.toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    writeFileSync(join(home, 'server.json'), '{"format":1,"host":7}');
    await expect(serve()).rejects.toMatchObject({ code: 'ERR_SERVER_SETTINGS' });
  });
});

describe('a server', () => {
  it('has its home to itself', async () => {
    await init();
    const { server } = await serve();
    await expect(serve()).rejects.toMatchObject({ code: 'ERR_SERVER_RUNNING' });
    await server.close();
    const { server: next } = await serve();
    await next.close();
  });

  it('finds its objects again, and refuses an older copy of them', async () => {
    await init();
    const first = await serve();
    await first.store.transaction((t) => t.put(change('a')));
    await first.server.close();
    const database = join(home, 'objects', 'objects.mdb');
    const old = readFileSync(database);
    const second = await serve();
    expect(await second.store.transaction((t) => t.material(t.get('a')!))).toEqual(new Uint8Array(32).fill(1));
    await second.store.transaction((t) => t.put(change('bb')));
    await second.server.close();
    const current = readFileSync(database);
    writeFileSync(database, old);
    await expect(serve()).rejects.toMatchObject({ code: 'ERR_STORE_OLD' });
    writeFileSync(database, current);
    const third = await serve();
    expect(third.server.objects).toBe(2);
    await third.server.close();
  });

  it('seals everything anew when its wallet gets another master key, with progress', async () => {
    await init();
    const events: unknown[] = [];
    const { server, store } = await serve({ onEvent: (event) => events.push(event) });
    await store.transaction((t) => {
      for (let i = 0; i < 700; i++) t.put(change(`object ${i}`));
    });
    const rotate = async (): Promise<void> => {
      const file = await openWalletFile(join(home, 'wallet'), PASSWORD);
      await file.change((wallet) => wallet.setKey({ keyTag: 'rotated' }));
      await file.close();
    };
    await rotate();
    await server.refresh();
    expect(server.outdated).toBe(0);
    expect(events).toEqual([512, 700].map((done) => ({ type: 'rewrap', done, total: 700 })));
    expect(await store.transaction((t) => t.material(t.get('object 699')!))).toEqual(new Uint8Array(32).fill(10));
    await server.close();
  });
});
