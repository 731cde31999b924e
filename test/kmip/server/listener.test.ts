/** The listener: who is let in, how messages are cut out of bytes, and what hostile peers cost the others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpProfile } from '../../../src/kmip/server/http-profile.ts';
import { type ListenerOptions, ownerOf, startListener } from '../../../src/kmip/server/listener.ts';
import { runs } from '../../support/runs.ts';
import { dial, frame, type PemIdentity, TestClient, TlsWorld } from './tls-world.ts';

const world = new TlsWorld();
const alice = world.issue('alice', 'client');
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Answers with the owner and the request's own body, behind a message's header. */
const echo: ListenerOptions['handler'] = async (request, { owner }) =>
  new Uint8Array(frame(`${owner}:${Buffer.from(request.subarray(8)).toString('latin1')}`));

const bodyOf = (message: Uint8Array | null): string | null =>
  message === null ? null : Buffer.from(message.subarray(8)).toString('latin1');

async function listening(options: Partial<ListenerOptions> = {}) {
  const { cert, key } = world.server;
  return await startListener({
    host: '127.0.0.1',
    port: 0,
    tls: { cert, key, ca: world.ca },
    handler: echo,
    ...options,
  });
}

describe('who is let in', () => {
  it('is a certificate of the authority for clients, and nobody else', async () => {
    const listener = await listening();
    const stranger = new TlsWorld().issue('alice', 'client');
    const enter = async (identity?: PemIdentity): Promise<string | null> => {
      const client = await dial({ port: listener.port, ca: world.ca, ...(identity && { identity }) });
      const answer = await client.request(frame('hello'));
      client.close();
      return bodyOf(answer);
    };
    expect(await enter(alice)).toBe('alice:hello');
    expect(await enter(world.issue('bob', 'client'))).toBe('bob:hello');
    expect(await enter()).toBe(null);
    expect(await enter(stranger)).toBe(null);
    expect(await enter(world.server)).toBe(null);
    await listener.close();
  });

  it('is the same client when its TLS session is resumed', async () => {
    const { connect } = await import('node:tls');
    const listener = await listening();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { host: '127.0.0.1', port: listener.port, ca: world.ca, servername: 'localhost', maxVersion };
      let session: Buffer | undefined;
      const enter = async (more: { readonly session?: Buffer } & Partial<PemIdentity>) => {
        const client = new TestClient(connect({ ...options, ...more }));
        client.socket.on('session', (given: Buffer) => {
          session = given;
        });
        const answer = bodyOf(await client.request(frame('x')));
        const reused = client.socket.isSessionReused();
        client.close();
        return [answer, reused];
      };
      expect(await enter(alice)).toEqual(['alice:x', false]);
      expect(session).toBeDefined();
      // The ticket stands for the certificate that it was given for, whatever else is at hand.
      expect(await enter({ ...world.issue('bob', 'client'), session: session as Buffer })).toEqual(['alice:x', true]);
      expect(await enter({ session: session as Buffer })).toEqual(['alice:x', true]);
    }
    await listener.close();
  });

  it('needs exactly one name and the purpose', () => {
    expect(ownerOf({ subject: { CN: 'a' } as never, ext_key_usage: [CLIENT_AUTH] })).toBe('a');
    expect(ownerOf({ subject: { CN: 'a' } as never, ext_key_usage: [] })).toBe(null);
    expect(ownerOf({ subject: { CN: 'a' } as never } as never)).toBe(null);
    expect(ownerOf({ subject: { CN: ['a', 'b'] } as never, ext_key_usage: [CLIENT_AUTH] })).toBe(null);
    expect(ownerOf({ subject: { CN: '' } as never, ext_key_usage: [CLIENT_AUTH] })).toBe(null);
    expect(ownerOf({ subject: {} as never, ext_key_usage: [CLIENT_AUTH] })).toBe(null);
  });

  it('no TLS below 1.2', async () => {
    const listener = await listening();
    const { connect } = await import('node:tls');
    const socket = connect({
      host: '127.0.0.1',
      port: listener.port,
      ca: world.ca,
      ...alice,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    });
    const outcome = await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve('connected'));
      socket.once('error', () => resolve('refused'));
    });
    expect(outcome).toBe('refused');
    await listener.close();
  });
});

describe('messages', () => {
  it('come in any number of pieces, and several together; answers keep the order', async () => {
    const listener = await listening();
    const client = await dial({ port: listener.port, ca: world.ca, identity: alice });
    for (const byte of frame('one byte each')) {
      client.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bodyOf(await client.receive())).toBe('alice:one byte each');
    const many = Array.from({ length: 300 }, (_, i) => frame(`${i}`));
    client.send(Buffer.concat([...many, frame('cut here').subarray(0, 11)]));
    for (let i = 0; i < 300; i++) expect(bodyOf(await client.receive())).toBe(`alice:${i}`);
    client.send(frame('cut here').subarray(11));
    expect(bodyOf(await client.receive())).toBe('alice:cut here');
    client.close();
    await listener.close();
  });

  it('are handled one after the other on one connection, side by side on several', async () => {
    let active = 0;
    let most = 0;
    const listener = await listening({
      handler: async (request) => {
        most = Math.max(most, ++active);
        await new Promise((resolve) => setImmediate(resolve));
        active--;
        return request.slice();
      },
    });
    const clients = await Promise.all(
      [1, 2, 3].map(() => dial({ port: listener.port, ca: world.ca, identity: alice })),
    );
    clients[0]!.send(Buffer.concat([frame('a'), frame('b'), frame('c')]));
    for (let i = 0; i < 3; i++) await clients[0]!.receive();
    expect(most).toBe(1);
    await Promise.all(clients.map((client) => client.request(frame('x'))));
    for (const client of clients) client.close();
    await listener.close();
  });

  it('a request sent before the client said no more is answered', async () => {
    const listener = await listening();
    const client = await dial({ port: listener.port, ca: world.ca, identity: alice });
    client.socket.end(frame('last words'));
    expect(bodyOf(await client.receive())).toBe('alice:last words');
    await client.closed;
    await listener.close();
  });

  it('are wiped with their answers', async () => {
    const seen: Uint8Array[] = [];
    const listener = await listening({
      handler: async (request) => {
        const answer = request.slice();
        seen.push(request, answer);
        return answer;
      },
    });
    const client = await dial({ port: listener.port, ca: world.ca, identity: alice });
    await client.request(frame('secret'));
    await client.request(frame('next'));
    for (const bytes of seen.slice(0, 2)) expect(bytes.every((byte) => byte === 0)).toBe(true);
    client.close();
    await listener.close();
  });
});

describe('close', () => {
  it('answers what is under way, and ends idle connections', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    let begun = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const listener = await listening({
      handler: async (request) => {
        begun();
        await gate;
        return request.slice();
      },
    });
    const idle = await dial({ port: listener.port, ca: world.ca, identity: alice });
    const busy = await dial({ port: listener.port, ca: world.ca, identity: alice });
    const answer = busy.request(frame('under way'));
    await started;
    const closed = listener.close(60_000);
    await idle.closed;
    go();
    expect(bodyOf(await answer)).toBe('under way');
    await closed;
    expect(listener.connections).toBe(0);
  });

  it('cuts what does not end in time', async () => {
    const listener = await listening({ handler: () => new Promise(() => undefined) });
    const client = await dial({ port: listener.port, ca: world.ca, identity: alice });
    client.send(frame('never answered'));
    await listener.close(20);
    await client.closed;
  });
});

describe('hostile peers', () => {
  const limits = {
    maxMessageBytes: 4096,
    messageTimeoutMs: 150,
    maxBufferedBytes: 1 << 20,
    maxConnectionsPerOwner: 20_000,
  };
  let listener: Awaited<ReturnType<typeof listening>>;
  let good: TestClient;

  beforeAll(async () => {
    listener = await listening({ limits });
    good = await dial({ port: listener.port, ca: world.ca, identity: alice });
  });
  afterAll(async () => {
    good.close();
    await listener.close();
  });

  const served = async (): Promise<void> =>
    expect(bodyOf(await good.request(frame('still there')))).toBe('alice:still there');
  const attack = (): Promise<TestClient> => dial({ port: listener.port, ca: world.ca, identity: alice });

  it('announce 4 GB, or one byte too many: closed at once', async () => {
    for (const announced of [0xffff_fff8, 0xffff_ffff, 4096 - 7]) {
      const client = await attack();
      expect(await client.request(frame('x', announced))).toBe(null);
    }
    await served();
  });

  it('send garbage: closed at its first byte', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'POST /kmip', '\x42\x00\x7b\x01', '\x00', '\x42\x00\x78\x02']) {
      const client = await attack();
      expect(await client.request(Buffer.from(bytes, 'latin1'))).toBe(null);
    }
    await served();
  });

  it('flood with garbage on many connections while another is served', async () => {
    const flood = async (): Promise<void> => {
      const client = await attack();
      client.send(Buffer.alloc(256 << 10, 0xa5));
      await client.closed;
    };
    const floods = Promise.all(Array.from({ length: 20 }, flood));
    for (let i = 0; i < 20; i++) await served();
    await floods;
  });

  it('never finish a message (slow loris): closed when its time is over, however they trickle', async () => {
    const slow = await Promise.all(Array.from({ length: 5 }, attack));
    const whole = frame('x'.repeat(1000));
    let over = false;
    const trickle = async (): Promise<void> => {
      for (let at = 0; at < whole.length && !over; at++) {
        for (const client of slow) client.send(whole.subarray(at, at + 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const trickling = trickle();
    await Promise.all(slow.map(({ closed }) => closed));
    over = true;
    await trickling;
    await served();
  });

  it('never finish an HTTPS request, wherever they stop, nor take its answer: closed when their time is over', async () => {
    const handler = async (): Promise<Uint8Array> => new Uint8Array(16 << 20);
    const small = { ...limits, maxMessageBytes: 1 << 20 };
    const web = await listening({ limits: small, handler, http: httpProfile(handler, small) });
    const head = 'POST /kmip HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 8\r\n';
    // One stops after its first byte, in its headers, in its body; one does not read its answer; one trickles.
    const texts = ['P', head, `${head}\r\n1234`, `${head}\r\n12345678`, head.slice(0, 9)];
    const slow = await Promise.all(texts.map(() => dial({ port: web.port, ca: world.ca, identity: alice })));
    await expect.poll(() => web.connections).toBe(texts.length); // a client's handshake is over a moment before the server's
    slow[3]?.socket.pause();
    for (const [i, text] of texts.entries()) slow[i]?.send(Buffer.from(text, 'latin1'));
    const trickle = setInterval(() => slow.at(-1)?.send(Buffer.from('x')), 20);
    await expect.poll(() => web.connections).toBe(0);
    clearInterval(trickle);
    for (const client of slow) client.close();
    await web.close();
  });

  it('fill the room for unfinished messages: whoever holds most is closed, and nobody else', async () => {
    const handler = echo;
    const small = { ...limits, maxMessageBytes: 1 << 20, maxBufferedBytes: 100_000, messageTimeoutMs: 60_000 };
    const tight = await listening({ limits: small, handler, http: httpProfile(handler, small) });
    const enter = (): Promise<TestClient> => dial({ port: tight.port, ca: world.ca, identity: alice });
    const [modest, greedy, web] = await Promise.all([enter(), enter(), enter()]);
    const whole = frame('m'.repeat(1000));
    // Whatever comes in which order: the room is full only when greedy holds most of it, and later when the request by HTTPS does.
    modest.send(whole.subarray(0, 900));
    greedy.send(frame('g'.repeat(95_000), 200_000));
    const head =
      'POST /kmip HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 300000\r\n\r\n';
    web.send(Buffer.from(`${head}${'w'.repeat(9_000)}`, 'latin1'));
    await greedy.closed;
    web.send(Buffer.alloc(120_000, 'w'));
    await web.closed;
    expect(bodyOf(await modest.request(whole.subarray(900)))).toBe(`alice:${'m'.repeat(1000)}`);
    modest.close();
    await tight.close();
  });

  it('connect more often than one owner may: the others still get in', async () => {
    const narrow = await listening({ limits: { ...limits, maxConnectionsPerOwner: 2 } });
    const bob = world.issue('bob', 'client');
    const say = async (client: TestClient): Promise<string | null> => bodyOf(await client.request(frame('hello')));
    const enter = (identity: PemIdentity): Promise<TestClient> => dial({ port: narrow.port, ca: world.ca, identity });
    const [first, second] = [await enter(alice), await enter(alice)];
    expect([await say(first), await say(second)]).toEqual(['alice:hello', 'alice:hello']);
    expect(await say(await enter(alice))).toBe(null);
    const other = await enter(bob);
    expect(await say(other)).toBe('bob:hello');
    first.close();
    await expect.poll(() => narrow.connections).toBe(2); // second and bob
    const third = await enter(alice);
    expect(await say(third)).toBe('alice:hello');
    for (const client of [second, third, other]) client.close();
    await narrow.close();
  });

  it('never finish the handshake: closed', async () => {
    const { connect } = await import('node:net');
    const hasty = await listening({ limits: { ...limits, handshakeTimeoutMs: 50 } });
    const socket = connect(hasty.port, '127.0.0.1');
    await new Promise((resolve) =>
      socket
        .once('close', resolve)
        .on('error', () => undefined)
        .resume(),
    );
    await hasty.close();
  });

  it('do not read their answers: closed, and the answers are not kept', async () => {
    const big = await listening({
      limits: { ...limits, maxMessageBytes: 1 << 20 },
      handler: async () => new Uint8Array(8 << 20),
    });
    const client = await dial({ port: big.port, ca: world.ca, identity: alice });
    await expect.poll(() => big.connections).toBe(1);
    client.socket.pause();
    client.send(frame('give me much'));
    await expect.poll(() => big.connections).toBe(0);
    client.close();
    await big.close();
  });

  it(`${runs(100)} idle connections leave the others served`, async () => {
    const count = runs(100);
    const idle: TestClient[] = [];
    while (idle.length < count) idle.push(...(await Promise.all(Array.from({ length: 20 }, attack))));
    // A client's handshake is over a moment before the server's.
    await expect.poll(() => listener.connections).toBeGreaterThanOrEqual(count);
    // Idle for longer than a message may take: that is no reason to close.
    await new Promise((resolve) => setTimeout(resolve, 2 * limits.messageTimeoutMs));
    await served();
    expect(bodyOf(await idle[count - 1]!.request(frame('awake')))).toBe('alice:awake');
    for (const client of idle) client.close();
  });

  it('a handler that throws costs one connection', async () => {
    const broken = await listening({
      handler: async () => {
        throw new Error('unforeseen');
      },
    });
    const client = await dial({ port: broken.port, ca: world.ca, identity: alice });
    expect(await client.request(frame('x'))).toBe(null);
    await broken.close();
  });
});
