/** One deadline for all the requests of a call. */
import { describe, expect, it } from 'vitest';
import type { KmipPort } from '../../../src/keyring/kmip/port.ts';
import { FakeServer } from './fake-server.ts';
import { keyringOver } from './support.ts';

/** A port each of whose requests takes 100 ms of a clock, and which notes the time that each was given. */
function slowPort(server: FakeServer): { port: KmipPort; given: number[]; clock: () => number } {
  const inner = server.port();
  const given: number[] = [];
  let clockMs = 0;
  const spend = (options: { readonly timeoutMs?: number } | undefined): void => {
    given.push(options?.timeoutMs ?? Number.NaN);
    clockMs += 100;
  };
  const port: KmipPort = {
    ...inner,
    request: (operation, payload, options) => {
      spend(options);
      return inner.request(operation, payload, options);
    },
    batch: (items, options) => {
      spend(options);
      return inner.batch(items, options);
    },
    locateAll: (attributes, options) => {
      spend(options);
      return inner.locateAll(attributes, options);
    },
  };
  return { port, given, clock: () => clockMs };
}

describe('the deadline of a call to a KMIP keyring', () => {
  it('is one for all its requests', async () => {
    const server = new FakeServer({ batches: false });
    await using writer = await keyringOver(server.port());
    for (let n = 0; n < 20; n++) await writer.generate(`key ${n}`, 'AES', 16);
    const { port, given, clock } = slowPort(server);
    await using keyring = await keyringOver(port, { clock });
    const late = { code: 'ERR_KMIP_TIMEOUT' };
    await expect(keyring.list({ timeoutMs: 1000 })[Symbol.asyncIterator]().next()).rejects.toMatchObject(late);
    expect(given.splice(0)).toEqual([1000, 900, 800, 700, 600, 500, 400, 300, 200, 100]);
    await expect(keyring.gc({ timeoutMs: 300 })).rejects.toMatchObject(late);
    expect(given.splice(0)).toEqual([300, 200, 100]);
    await expect(keyring.remove('key 1', { timeoutMs: 500 })).rejects.toMatchObject(late);
    expect(given.splice(0)).toEqual([500, 400, 300, 200, 100]);
    await expect(keyring.fetch('key 2', { timeoutMs: 200 })).rejects.toMatchObject(late);
    expect(given.splice(0)).toEqual([200, 100]);
  });

  it('after a failure, cleaning up has one of its own', async () => {
    const server = new FakeServer();
    const { port, given, clock } = slowPort(server);
    await using keyring = await keyringOver(port, { clock });
    await expect(keyring.generate('x', 'AES', 16, { timeoutMs: 400 })).rejects.toMatchObject({
      code: 'ERR_KMIP_TIMEOUT',
    });
    // Locate, Create, Locate, Get Attributes; then the State, and Destroy.
    expect(given).toEqual([400, 300, 200, 100, 5000, 4900]);
    expect(server.living).toEqual([]);
  });

  it('making a key has half of the grace time at most, whatever was asked for', async () => {
    const server = new FakeServer();
    const { port, given, clock } = slowPort(server);
    await using keyring = await keyringOver(port, { clock, graceMs: 10_000 });
    await keyring.generate('x', 'AES', 16, { timeoutMs: 60_000 });
    expect(given[0]).toBe(5000);
  });

  it('what may be taken for left behind is not marked ready, even if the answer to its activation was lost', async () => {
    let clockMs = 0;
    const server = new FakeServer();
    const port = server.port((operation) => {
      if (operation !== 'Activate') return 'answered';
      clockMs = 5001;
      return 'lost';
    });
    await using keyring = await keyringOver(port, { clock: () => clockMs, graceMs: 10_000 });
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KMIP_TIMEOUT' });
    expect(server.log).not.toContain('AddAttribute');
    expect(await keyring.has('x')).toBe(false);
  });

  it('a server that gives its random bytes one by one does not get to set the pace', async () => {
    let requests = 0;
    const inner = new FakeServer().port();
    const port: KmipPort = {
      ...inner,
      request: (operation, payload, options) => {
        if (operation !== 'RNGRetrieve') return inner.request(operation, payload, options);
        requests++;
        return Promise.resolve({ data: Uint8Array.of(7) }) as never;
      },
    };
    await using keyring = await keyringOver(port);
    await keyring.generate('x', 'SECRET', 16_384);
    expect(requests).toBe(64);
    using found = await keyring.fetch('x');
    expect(found?.key.expose().every((byte) => byte === 7)).toBe(false);
  });

  it('holds while the server is asked, for the first time, what it can do; others wait on', async () => {
    let tell: (capabilities: { operations: Set<string> }) => void = () => undefined;
    const asked = new Promise<{ operations: Set<string> }>((resolve) => {
      tell = resolve;
    });
    let times = 0;
    const port: KmipPort = {
      ...new FakeServer().port(),
      capabilities: () => {
        times++;
        return asked;
      },
    };
    await using keyring = await keyringOver(port, { lazy: true });
    const waiting = keyring.has('x');
    await expect(keyring.has('x', { timeoutMs: 5 })).rejects.toMatchObject({ code: 'ERR_KMIP_TIMEOUT' });
    const ending = new AbortController();
    const ended = keyring.fetch('x', { signal: ending.signal });
    ending.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    tell({ operations: new Set(['AddAttribute']) });
    expect(await waiting).toBe(false);
    expect(times).toBe(1);
  });
});
