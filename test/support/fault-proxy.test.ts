import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAULTS, type Fault, seededRandom, startFaultProxy } from './fault-proxy.ts';

const SENT = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i & 0xff));

describe('the fault proxy', () => {
  let echo: Server;
  let target: { readonly host: string; readonly port: number };
  beforeAll(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    target = { host: '127.0.0.1', port: (echo.address() as { readonly port: number }).port };
  });
  afterAll(() => {
    echo.close();
  });

  /** Sends `SENT` through a proxy to the echo; what came back until the connection ended, or was stalled. */
  async function through(
    faults: readonly Fault[],
    active = true,
  ): Promise<{ got: Buffer; ended: string; count: number }> {
    await using proxy = await startFaultProxy({ target, seed: 7, faults, meanBytes: 5000, maxDelayMs: 2 });
    proxy.active = active;
    const socket = connect({ host: proxy.host, port: proxy.port });
    const chunks: Buffer[] = [];
    let ended = 'open';
    socket.on('error', (error: NodeJS.ErrnoException) => {
      ended = error.code ?? 'error';
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      ended = 'end';
    });
    socket.end(SENT); // the echo ends when it has sent all back
    const hasEnded = (): boolean => socket.destroyed || proxy.done.stall > 0;
    await expect.poll(hasEnded).toBe(true);
    socket.destroy();
    const count = FAULTS.reduce((sum, fault) => sum + proxy.done[fault], 0);
    expect(count, 'faults of the kind asked for').toBe(faults.reduce((sum, fault) => sum + proxy.done[fault], 0));
    return { got: Buffer.concat(chunks), ended, count };
  }

  it('passes everything when it is not active, and when it only delays', async () => {
    expect(await through(FAULTS, false)).toMatchObject({ got: SENT, count: 0 });
    const delayed = await through(['delay']);
    expect(delayed.got.equals(SENT)).toBe(true);
    expect(delayed.count).toBeGreaterThan(0);
  });

  it('drops, repeats and garbles bytes', async () => {
    const truncated = await through(['truncate']);
    expect(truncated.got.length).toBeLessThan(SENT.length);
    expect((await through(['duplicate'])).got.length).toBeGreaterThan(SENT.length);
    const garbled = await through(['garble']);
    expect(garbled.got.length).toBe(SENT.length);
    expect(garbled.got.equals(SENT)).toBe(false);
  });

  it('closes, breaks and stalls', async () => {
    expect(await through(['cut'])).toMatchObject({ ended: 'end', count: 1 });
    expect(await through(['reset'])).toMatchObject({ ended: 'ECONNRESET', count: 1 });
    const stalled = await through(['stall']);
    expect(stalled.ended).toBe('open');
    expect(stalled.got.length).toBeLessThan(SENT.length);
  });

  it('gives the same numbers for the same seed', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
