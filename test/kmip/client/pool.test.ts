import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../../src/kmip/client/connection.ts';
import { Deadline } from '../../../src/kmip/client/deadline.ts';
import { type KmipClientOptions, resolveOptions } from '../../../src/kmip/client/options.ts';
import { Pool } from '../../../src/kmip/client/pool.ts';

/** A connection without a socket. */
class Stub {
  isUsable = true;
  readonly openedMs = performance.now();
  idleSinceMs = performance.now();
  closed: string | null = null;
  onGone = (): void => undefined;

  close(reason: string): void {
    if (!this.isUsable) return;
    this.isUsable = false;
    this.closed = reason;
    this.onGone();
  }

  rest(): void {
    this.idleSinceMs = performance.now();
  }

  wake(): void {}
}

const CREDENTIALS = { ca: '', cert: '', key: '' };
const made: Stub[] = [];

function poolOf(options: Partial<KmipClientOptions>, connect = async (): Promise<Stub> => new Stub()): Pool {
  const settings = resolveOptions({ servers: [{ host: 'a' }], credentials: CREDENTIALS, ...options });
  return new Pool(settings, async () => {
    const stub = await connect();
    made.push(stub);
    return stub as unknown as Connection;
  });
}

const soon = (timeoutMs = 1000, signal?: AbortSignal): Deadline => new Deadline(timeoutMs, signal);

describe('Pool', () => {
  beforeEach(() => {
    made.length = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('uses the connection that was used last, and closes those that are idle too long', async () => {
    const pool = poolOf({ idleMs: 20_000 });
    const [a, b] = await Promise.all([pool.acquire(soon()), pool.acquire(soon())]);
    pool.release(a);
    await vi.advanceTimersByTimeAsync(1000);
    pool.release(b);
    expect(await pool.acquire(soon())).toBe(b);
    pool.release(b);
    await vi.advanceTimersByTimeAsync(18_900);
    expect(made.map((stub) => stub.closed)).toEqual([null, null]);
    expect(await pool.acquire(soon())).toBe(b);
    pool.release(b);
    await vi.advanceTimersByTimeAsync(5000);
    expect(made.map((stub) => stub.closed)).toEqual(['idle', null]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(made.map((stub) => stub.closed)).toEqual(['idle', 'idle']);
    expect(pool.size).toBe(0);
  });

  it('never hands out one that was idle too long, even before it was swept', async () => {
    const pool = poolOf({ idleMs: 20_000 });
    pool.release(await pool.acquire(soon()));
    vi.setSystemTime(Date.now() + 1); // the clock moves, the timers do not
    const now = performance.now();
    const later = vi.spyOn(performance, 'now').mockReturnValue(now + 20_000);
    expect(await pool.acquire(soon())).not.toBe(made[0]);
    later.mockRestore();
    expect(made[0]?.closed).toBe('idle');
  });

  it('lets go of a connection that is too old', async () => {
    const pool = poolOf({ maxAgeMs: 300_000, idleMs: 1_000_000 });
    const first = await pool.acquire(soon());
    await vi.advanceTimersByTimeAsync(300_000);
    pool.release(first);
    expect(made[0]?.closed).toBe('age');
    expect(await pool.acquire(soon())).not.toBe(first);
  });

  it('serves those who wait in their order', async () => {
    const pool = poolOf({ maxConnections: 1 });
    const only = await pool.acquire(soon());
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (n) => {
      const connection = await pool.acquire(soon());
      order.push(n);
      pool.release(connection);
    });
    pool.release(only);
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(made.length).toBe(1);
  });

  it('makes a new one for who waits when one breaks, or cannot be made', async () => {
    let fail = false;
    const pool = poolOf({ maxConnections: 1 }, async () => {
      if (fail) throw new Error('refused');
      return new Stub();
    });
    const first = await pool.acquire(soon());
    const second = pool.acquire(soon());
    const third = pool.acquire(soon());
    fail = true;
    made[0]?.close('peer');
    pool.release(first);
    await expect(second).rejects.toThrow('refused');
    await expect(third).rejects.toThrow('refused');
    expect(pool.size).toBe(0);
    fail = false;
    expect(await pool.acquire(soon())).toBe(made[1]);
  });

  it('gives up waiting at the deadline or by the signal, and loses no connection by it', async () => {
    const pool = poolOf({ maxConnections: 1 });
    const only = await pool.acquire(soon());
    const late = pool.acquire(soon(500)).catch((error: unknown) => error);
    const controller = new AbortController();
    const aborted = pool.acquire(soon(10_000, controller.signal)).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(500);
    expect(await late).toMatchObject({ code: 'ERR_KMIP_TIMEOUT', hint: expect.stringContaining('maxConnections') });
    controller.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ message: 'enough' });
    pool.release(only);
    expect(await pool.acquire(soon())).toBe(only);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1); // the sweeper's
  });

  it('closes all there are, and those that come later', async () => {
    const pool = poolOf({ maxConnections: 3 });
    const [idle] = await Promise.all([pool.acquire(soon()), pool.acquire(soon())]);
    pool.release(idle);
    const coming = Promise.all([pool.acquire(soon()), pool.acquire(soon())]).catch((error: unknown) => error);
    pool.close();
    expect(await coming).toMatchObject({ code: 'ERR_KMIP_CLOSED' });
    await vi.advanceTimersByTimeAsync(0);
    expect(made.every((stub) => stub.closed === 'client')).toBe(true);
    await expect(pool.acquire(soon())).rejects.toMatchObject({ code: 'ERR_KMIP_CLOSED' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('Deadline', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
      }),
  );
  afterEach(() => void vi.useRealTimers());

  it('ends a wait once, by what comes first, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const deadline = new Deadline(1000, controller.signal);
    const ends: string[] = [];
    deadline.watch((why) => ends.push(why), 300);
    const stop = deadline.watch((why) => ends.push(`stopped ${why}`), 200);
    stop();
    stop();
    await vi.advanceTimersByTimeAsync(300);
    expect(ends).toEqual(['limit']);
    deadline.watch((why) => ends.push(why), 900);
    await vi.advanceTimersByTimeAsync(700);
    expect(ends).toEqual(['limit', 'timeout']);
    new Deadline(1000, controller.signal).watch((why) => ends.push(why));
    controller.abort();
    expect(ends).toEqual(['limit', 'timeout', 'abort']);
    new Deadline(1000, controller.signal).watch((why) => ends.push(why));
    await vi.advanceTimersByTimeAsync(0);
    expect(ends).toEqual(['limit', 'timeout', 'abort', 'abort']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('resolveOptions', () => {
  const fault = (options: object): unknown => {
    try {
      resolveOptions({ servers: [{ host: 'a' }], credentials: CREDENTIALS, ...options } as KmipClientOptions);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  it('refuses what it does not know and what cannot be', () => {
    expect(fault({})).toBeUndefined();
    expect(fault({ server: 'a' })).toBe('unknown option "server"');
    expect(fault({ tls: { verify: false } })).toBe('unknown option "tls.verify"');
    expect(fault({ credentials: { ca: '', cert: '' } })).toBe('credentials.key is missing');
    expect(fault({ credentials: { pkcs12: '', key: '' } })).toBe('unknown option "credentials.key"');
    expect(fault({ servers: [] })).toBe('servers must name at least one');
    expect(fault({ servers: [{ host: 'a', port: 0 }] })).toBe('the port of a must be from 1 to 65535');
    expect(fault({ version: '2.0' })).toBe('2.0 is no KMIP version that can be spoken');
    expect(fault({ timeoutMs: Number.NaN })).toBe('timeoutMs must be from 1 to 2147483647');
    expect(fault({ maxMessageBytes: 16 * 2 ** 20 })).toBe('maxMessageBytes must be from 1024 to 8388608');
  });

  it('names servers, IPv6 in brackets, each once, and completes the rest', () => {
    const servers = [{ host: 'a' }, { host: '::1', port: 1 }, { host: 'a', port: 5696 }];
    const settings = resolveOptions({ servers, credentials: CREDENTIALS, maxVersion: '1.2' });
    expect(settings.servers.map(({ name }) => name)).toEqual(['a:5696', '[::1]:1']);
    expect(settings).toMatchObject({
      versions: ['1.2', '1.1', '1.0'],
      idleMs: 20_000,
      hedgeAfterMs: 1000,
      attemptTimeoutMs: 20_000,
      maximumResponseSize: 280_000,
    });
  });
});
