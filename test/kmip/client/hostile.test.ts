import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FormatError, LimitError, TransportError } from '../../../src/index.ts';
import { connectKmip, type KmipClient, type KmipClientOptions } from '../../../src/kmip/client/index.ts';
import type { RequestItem } from '../../../src/kmip/index.ts';
import { type CertificateFiles, makeAuthority, type TestAuthority } from '../../support/certificates.ts';
import {
  answerItem,
  type FakeExchange,
  type FakeKmipServer,
  type FakeScript,
  type FakeServerOptions,
  refuseItem,
  startBlackHole,
  startFakeKmipServer,
} from '../../support/fake-kmip-server.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';
import { until } from '../../support/until.ts';

const GET = { uniqueIdentifier: '1742' };
const CREATE = { objectType: 'SymmetricKey', templateAttribute: {} } as const;

/** The answer to every item of a request, as bytes. */
const goodAnswer = (exchange: FakeExchange): Uint8Array => exchange.encode(exchange.request.batchItem.map(answerItem));

describe.skipIf(!hasPeer('openssl'))('a KmipClient on a server that misbehaves', () => {
  const folder = makeTempFolder();
  let authority: TestAuthority;
  let certificate: CertificateFiles;
  let own: CertificateFiles;
  let client: KmipClient | undefined;
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => {
    rejections.push(reason);
  };

  beforeAll(() => {
    process.on('unhandledRejection', onRejection);
    authority = makeAuthority(folder.path, 'ecdsa');
    certificate = authority.issue('server', {
      commonName: 'localhost',
      usage: 'serverAuth',
      subjectAltName: 'IP:127.0.0.1',
    });
    own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
  });
  // The client's limits are on a clock that the tests move: nothing is too slow here, and what ends by a limit ends at that moment.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(async () => {
    await client?.close();
    client = undefined;
    vi.useRealTimers();
    expect(rejections).toEqual([]);
  });
  afterAll(() => {
    process.off('unhandledRejection', onRejection);
    folder[Symbol.dispose]();
  });

  async function fake(script?: FakeScript, options: Partial<FakeServerOptions> = {}): Promise<FakeKmipServer> {
    const server = await startFakeKmipServer({ authority, certificate, ...(script && { script }), ...options });
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server;
  }

  async function open(
    server: { readonly host: string; readonly port: number },
    options: Partial<KmipClientOptions> = {},
  ): Promise<KmipClient> {
    const credentials = { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } };
    client = await connectKmip({ servers: [server], credentials, maxResends: 0, ...options });
    return client;
  }

  /** Lets time pass for the client once a server has heard its next request, which then has not ended a millisecond too early. */
  async function passAfterNext(server: FakeKmipServer, ms: number, result: Promise<unknown>): Promise<void> {
    let hasEnded = false;
    const note = (): void => {
      hasEnded = true;
    };
    result.then(note, note);
    const heard = server.received.length;
    await until(() => server.received.length === heard + 1);
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
  }

  /** What a Get ends with, for the client at once, or after so many ms. */
  async function getFails(
    script: FakeScript,
    options: Partial<KmipClientOptions> = {},
    afterMs: number | null = null,
  ): Promise<unknown> {
    const server = await fake(script);
    const kmip = await open(server, options);
    const error = kmip.request('Get', GET).catch((e: unknown) => e);
    if (afterMs !== null) await passAfterNext(server, afterMs, error);
    return await error;
  }

  it('that announces 2 GB: refused unread', async () => {
    const announced = Uint8Array.of(0x42, 0x00, 0x7b, 0x01, 0x7f, 0xff, 0xff, 0xf8);
    const error = await getFails((exchange) => exchange.send(announced));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'ERR_KMIP_RESPONSE_SIZE', limit: 8 * 2 ** 20, actual: 2 ** 31 });
    const small = await getFails((exchange) => exchange.send(goodAnswer(exchange)), { maxMessageBytes: 1024 });
    expect(small).toMatchObject({ uniqueIdentifier: '1742' });
  });

  it('that never answers: given up in time, by each of the three limits', async () => {
    const silence: FakeScript = () => undefined;
    expect(await getFails(silence, { timeoutMs: 200 }, 200)).toMatchObject({
      code: 'ERR_KMIP_TIMEOUT',
      attempts: [{ phase: 'receive' }],
    });
    expect(await getFails(silence, { responseTimeoutMs: 200 }, 200)).toMatchObject({ code: 'ERR_KMIP_CONNECTION' });
    const kmip = await open(await fake(silence));
    const reason = new Error('enough');
    const waiting = kmip.request('Get', GET, { signal: AbortSignal.any([AbortSignal.timeout(100)]) });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(kmip.request('Get', GET, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('that never answers what may have changed something: its end by a signal is no word that it was not done', async () => {
    const ending = new AbortController();
    const reason = new Error('enough');
    const kmip = await open(await fake(() => ending.abort(reason)));
    const activated = kmip.request('Activate', { uniqueIdentifier: '1742' }, { signal: ending.signal });
    await expect(activated).rejects.toMatchObject({ code: 'ERR_KMIP_OUTCOME_UNKNOWN', cause: reason });
    const again = kmip.request('Activate', { uniqueIdentifier: '1742' }, { signal: ending.signal });
    await expect(again).rejects.toBe(reason); // not sent
  });

  it('that never answers the first question: each server gets its time', async () => {
    const mute = await fake(() => undefined, { versions: null });
    const opening = open(mute, { attemptTimeoutMs: 200 }).catch((e: unknown) => e);
    await passAfterNext(mute, 200, opening);
    const error = await opening;
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({
      code: 'ERR_KMIP_CONNECT',
      attempts: [{ phase: 'version', cause: 'no answer came in time' }],
    });
    await using hole = await startBlackHole();
    const late = open(hole, { timeoutMs: 200 }).catch((e: unknown) => e);
    await until(() => hole.bytes > 0);
    await vi.advanceTimersByTimeAsync(200);
    expect(await late).toMatchObject({
      code: 'ERR_KMIP_TIMEOUT',
      attempts: [{ server: `127.0.0.1:${hole.port}`, phase: 'tls' }],
    });
    const signal = AbortSignal.timeout(100);
    await expect(
      connectKmip({
        servers: [hole],
        credentials: { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } },
        signal,
      }),
    ).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it.each(['1.4', '2.0', '9.9'] as const)('that answers KMIP 1.1 with KMIP %s', async (version) => {
    const script: FakeScript = (exchange) => {
      const bytes = goodAnswer(exchange);
      // Response Header, Protocol Version, Major and Minor: each 8 bytes of header and 8 of value, from byte 24 on.
      bytes[35] = Number(version[0]);
      bytes[51] = Number(version[2]);
      exchange.send(bytes);
    };
    const error = await getFails(script, { version: '1.1' });
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ code: 'ERR_KMIP_ANSWER', path: ['ResponseMessage', 'ProtocolVersion'] });
    expect((error as Error).message).toContain(version);
  });

  it('that answers with an older version: fine', async () => {
    const script: FakeScript = (exchange) =>
      exchange.send(exchange.encode(exchange.request.batchItem.map(answerItem), '1.0'));
    expect(await getFails(script, { version: '1.2' })).toMatchObject({ uniqueIdentifier: '1742' });
  });

  it('that answers for another object, another operation, or twice', async () => {
    const about =
      (uniqueIdentifier: string): FakeScript =>
      (exchange) =>
        exchange.answer([answerItem({ operation: 'Get', requestPayload: { uniqueIdentifier } })]);
    expect(await getFails(about('1743'))).toMatchObject({
      code: 'ERR_KMIP_ANSWER',
      path: ['ResponseMessage', 'UniqueIdentifier'],
    });
    const activate: FakeScript = (exchange) =>
      exchange.answer([answerItem({ operation: 'Activate', requestPayload: GET })]);
    expect(await getFails(activate)).toMatchObject({ code: 'ERR_KMIP_ANSWER', path: ['ResponseMessage', 'Operation'] });
    const two: FakeScript = (exchange) => {
      const item = { ...answerItem(exchange.request.batchItem[0] as RequestItem), uniqueBatchItemID: Uint8Array.of(1) };
      exchange.answer([item, { ...item, uniqueBatchItemID: Uint8Array.of(2) }]);
    };
    expect(await getFails(two)).toMatchObject({ code: 'ERR_KMIP_ANSWER', path: ['ResponseMessage', 'BatchCount'] });
  });

  it('that sends a message nobody asked for: the connection is not used again', async () => {
    const server = await fake((exchange) => {
      exchange.send(goodAnswer(exchange));
      exchange.send(goodAnswer(exchange));
    });
    const kmip = await open(server);
    for (let i = 1; i <= 3; i++) {
      expect((await kmip.request('Get', GET)).uniqueIdentifier).toBe('1742');
      await until(() => server.open === 0);
    }
    expect(server.connections).toBe(3);
  });

  describe('in batches', () => {
    const items: readonly RequestItem[] = [
      { operation: 'Get', requestPayload: { uniqueIdentifier: 'a' } },
      { operation: 'Get', requestPayload: { uniqueIdentifier: 'b' } },
      { operation: 'Get', requestPayload: { uniqueIdentifier: 'c' } },
    ];
    const ids = (answers: readonly unknown[]): unknown[] =>
      answers.map(
        (answer) => (answer as { responsePayload?: { uniqueIdentifier: string } }).responsePayload?.uniqueIdentifier,
      );
    const batch = async (script: FakeScript): Promise<unknown> => {
      const kmip = await open(await fake(script));
      return kmip.batch(items).then(ids, (error: unknown) => error);
    };
    const change =
      (edit: (answers: ReturnType<typeof answerItem>[]) => ReturnType<typeof answerItem>[]): FakeScript =>
      (exchange) =>
        exchange.answer(edit(exchange.request.batchItem.map(answerItem)));

    it('items are told apart by their ids, in any order', async () => {
      expect(await batch(change((answers) => answers))).toEqual(['a', 'b', 'c']);
      expect(await batch(change((answers) => answers.toReversed()))).toEqual(['a', 'b', 'c']);
    });

    it('a wrong Unique Batch Item ID is an error, and so is the same one twice', async () => {
      const wrong = change(([first, ...rest]) => [{ ...first!, uniqueBatchItemID: Uint8Array.of(9) }, ...rest]);
      expect(await batch(wrong)).toMatchObject({
        code: 'ERR_KMIP_ANSWER',
        path: ['ResponseMessage', 'UniqueBatchItemID'],
      });
      const twice = change(([first, second, third]) => [
        first!,
        { ...second!, uniqueBatchItemID: first!.uniqueBatchItemID! },
        third!,
      ]);
      expect(await batch(twice)).toMatchObject({ code: 'ERR_KMIP_ANSWER' });
    });

    it('a server that stops gives fewer items; one that leaves a hole gives an error', async () => {
      const stop: FakeScript = (exchange) => {
        const [first, second] = exchange.request.batchItem;
        exchange.answer([answerItem(first!), refuseItem(second!, 'ItemNotFound', 'no such object')]);
      };
      expect(await batch(stop)).toEqual(['a', undefined]);
      expect(await batch(change(([, ...rest]) => rest))).toMatchObject({
        code: 'ERR_KMIP_ANSWER',
        path: ['ResponseMessage', 'BatchItem'],
      });
    });

    it('one item that names nothing refuses the whole batch', async () => {
      const refuse: FakeScript = (exchange) =>
        exchange.answer([
          { resultStatus: 'OperationFailed', resultReason: 'InvalidMessage', resultMessage: 'no batches here' },
        ]);
      expect(await batch(refuse)).toMatchObject({ name: 'ProtocolError', resultMessage: 'no batches here' });
    });

    it('the items are numbered, ordered, and say what to do on an error', async () => {
      const server = await fake();
      const kmip = await open(server);
      await kmip.batch(items, { onError: 'continue' });
      await kmip.batch(items.slice(0, 1));
      const [, three, one] = server.received;
      expect(three).toMatchObject({
        batchErrorContinuationOption: 'Continue',
        batchOrderOption: true,
        maximumResponseSize: 280_000,
      });
      expect(three?.batchItem.map((item) => [...(item.uniqueBatchItemID ?? [])])).toEqual([
        [0, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 2],
      ]);
      expect(one).not.toHaveProperty('batchOrderOption');
      expect(one?.batchItem[0]).not.toHaveProperty('uniqueBatchItemID');
    });
  });

  it('that closes in the middle of a message', async () => {
    const error = await getFails((exchange) => {
      exchange.send(goodAnswer(exchange).subarray(0, 100));
      exchange.socket.end();
    });
    expect(error).toMatchObject({ code: 'ERR_KMIP_CONNECTION', attempts: [{ phase: 'receive' }] });
    expect((error as Error).message).toContain('in the middle of a message');
  });

  it('that splits TLS records anywhere, or joins them', async () => {
    const script: FakeScript = (exchange) => {
      for (const byte of goodAnswer(exchange)) exchange.send(Uint8Array.of(byte));
    };
    expect(await getFails(script)).toMatchObject({ uniqueIdentifier: '1742' });
  });

  it.each([
    ['no KMIP', new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'), 'ERR_KMIP_FRAME'],
    ['an empty message', Uint8Array.of(0x42, 0, 0x7b, 1, 0, 0, 0, 0), 'ERR_KMIP_FRAME'],
    ['a message of noise', Uint8Array.of(0x42, 0, 0x7b, 1, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8), /^ERR_TTLV_/],
  ])('that sends %s', async (_, bytes, code) => {
    const error = await getFails((exchange) => exchange.send(bytes));
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).code).toMatch(code);
  });

  describe('what is sent again', () => {
    it('a Get, on a new connection, as often as allowed', async () => {
      const server = await fake((exchange) => {
        if (exchange.number <= 2) exchange.socket.destroy();
        else exchange.send(goodAnswer(exchange));
      });
      const kmip = await open(server, { maxResends: 2 });
      expect((await kmip.request('Get', GET)).uniqueIdentifier).toBe('1742');
      expect(server.connections).toBe(3);
      server.script = (exchange) => exchange.socket.destroy();
      await expect(kmip.request('Get', GET)).rejects.toMatchObject({
        code: 'ERR_KMIP_CONNECTION',
        attempts: { length: 3 },
      });
    });

    it.each([
      ['closes', (exchange: FakeExchange) => exchange.socket.destroy(), {}, null],
      ['says nothing', () => undefined, { responseTimeoutMs: 100 }, 100],
      ['says nothing until the deadline', () => undefined, { timeoutMs: 300 }, 300],
      ['answers noise', (exchange: FakeExchange) => exchange.send(new Uint8Array(8)), {}, null],
    ] as const)('not a Create when the server %s: its outcome is unknown', async (_, script, options, afterMs) => {
      const server = await fake(script);
      const kmip = await open(server, { maxResends: 5, ...options });
      const result = kmip.request('Create', CREATE).catch((e: unknown) => e);
      if (afterMs !== null) await passAfterNext(server, afterMs, result);
      const error = await result;
      expect(error).toBeInstanceOf(TransportError);
      expect(error).toMatchObject({ code: 'ERR_KMIP_OUTCOME_UNKNOWN', attempts: { length: 1 } });
      expect(server.received.filter(({ batchItem: [item] }) => item?.operation === 'Create').length).toBe(1);
    });

    it('even a Create when its connection broke before it was there', async () => {
      const server = await fake(undefined, { versions: null });
      server.script = (exchange) => {
        if (exchange.number <= 2) exchange.socket.destroy();
        else if (exchange.operation === 'DiscoverVersions')
          exchange.answer([{ operation: 'DiscoverVersions', resultStatus: 'Success', responsePayload: {} }]);
        else exchange.send(goodAnswer(exchange));
      };
      const kmip = await open(server, { lazy: true, maxResends: 2 });
      expect((await kmip.request('Create', CREATE)).uniqueIdentifier).toBe('fake-1');
      expect(server.connections).toBe(3);
    });

    it('not a batch in which something is made', async () => {
      const kmip = await open(await fake((exchange) => exchange.socket.destroy()), { maxResends: 5 });
      const items: readonly RequestItem[] = [
        { operation: 'Locate', requestPayload: {} },
        { operation: 'Destroy', requestPayload: {} },
      ];
      await expect(kmip.batch(items)).rejects.toMatchObject({ code: 'ERR_KMIP_OUTCOME_UNKNOWN' });
    });
  });

  describe('fail-over', () => {
    it('a server that falls silent is left for the next one, and tried last from then on', async () => {
      const first = await fake();
      const second = await fake();
      const servers = [first, second];
      const kmip = await open(first, { servers, maxResends: 2, responseTimeoutMs: 150 });
      await kmip.request('Get', GET);
      expect(kmip.server).toBe(`127.0.0.1:${first.port}`);
      first.script = () => undefined;
      const get = kmip.request('Get', GET);
      await passAfterNext(first, 150, get);
      expect((await get).uniqueIdentifier).toBe('1742');
      expect(kmip.server).toBe(`127.0.0.1:${second.port}`);
      second.drop();
      await kmip.request('Get', GET);
      expect(kmip.server).toBe(`127.0.0.1:${second.port}`);
      expect(first.connections).toBe(1);
    });

    it('comes back to the first server once its failure is forgotten', async () => {
      const first = await fake();
      const second = await fake();
      const kmip = await open(first, {
        servers: [first, second],
        maxResends: 2,
        responseTimeoutMs: 100,
        rememberFailureMs: 200,
        maxAgeMs: 250,
      });
      first.script = () => undefined;
      const get = kmip.request('Get', GET);
      await passAfterNext(first, 100, get);
      await get;
      expect(kmip.server).toBe(`127.0.0.1:${second.port}`);
      first.script = (exchange) => exchange.send(goodAnswer(exchange));
      await vi.advanceTimersByTimeAsync(249);
      await kmip.request('Get', GET);
      expect(kmip.server).toBe(`127.0.0.1:${second.port}`); // its connection is young enough
      await vi.advanceTimersByTimeAsync(1);
      await kmip.request('Get', GET);
      expect(kmip.server).toBe(`127.0.0.1:${first.port}`);
    });

    it('lists every server with its phase and cause when none is ready', async () => {
      const noHost = `${'x'.repeat(64)}.invalid`; // refused by the resolver itself: a label has at most 63 characters
      const foreign = authority.issue('foreign', {
        commonName: 'x',
        usage: 'serverAuth',
        subjectAltName: 'DNS:other.example',
      });
      const wrongHost = await fake(undefined, { certificate: foreign });
      const old = await fake(
        (exchange) =>
          exchange.answer([refuseItem(exchange.request.batchItem[0] as RequestItem, 'PermissionDenied', 'go away')]),
        { versions: null },
      );
      const modern = await fake(undefined, { versions: ['2.0', '2.1'] });
      const error = await open(wrongHost, {
        servers: [{ host: noHost }, wrongHost, old, modern],
      }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(TransportError);
      expect((error as TransportError).attempts).toMatchObject([
        { server: `${noHost}:5696`, phase: 'dns' },
        {
          server: `127.0.0.1:${wrongHost.port}`,
          phase: 'tls',
          cause: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
        },
        { server: `127.0.0.1:${old.port}`, phase: 'version', cause: expect.stringContaining('go away') },
        { server: `127.0.0.1:${modern.port}`, phase: 'version', cause: expect.stringContaining('2.0, 2.1') },
      ]);
    });
  });

  describe('versions', () => {
    it.each([
      [['1.2', '1.1'], '1.2'],
      [['2.1', '1.4', '1.0'], '1.4'],
      [['1.0'], '1.0'],
      [[], '1.1'],
    ] as const)('of a server that lists %j', async (versions, agreed) => {
      expect((await open(await fake(undefined, { versions }))).version).toBe(agreed);
    });

    it('of one that knows neither Discover Versions nor 1.1', async () => {
      const refuse =
        (reason: string, version: '1.0' | '1.1'): FakeScript =>
        (exchange) =>
          exchange.send(
            exchange.encode(
              [refuseItem({ operation: 'Query', requestPayload: { queryFunction: [] } }, reason, '')].map(
                ({ operation: _, ...item }) => item as never,
              ),
              version,
            ),
          );
      expect((await open(await fake(refuse('OperationNotSupported', '1.1'), { versions: null }))).version).toBe('1.0');
      expect((await open(await fake(refuse('InvalidMessage', '1.0'), { versions: null }))).version).toBe('1.0');
      const strict = open(await fake(refuse('InvalidMessage', '1.1'), { versions: null }));
      await expect(strict).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    });

    it('nothing is asked when the version is pinned, or only 1.0 is allowed', async () => {
      for (const options of [{ version: '1.1' }, { maxVersion: '1.0' }] as const) {
        const server = await fake();
        await (await open(server, options)).request('Get', GET);
        expect(server.received.map(({ batchItem: [item] }) => item?.operation)).toEqual(['Get']);
      }
    });
  });

  describe('connections', () => {
    it('are shared by requests one at a time, no more than allowed', async () => {
      // Answers once three wait, each on a connection of its own.
      const waiting = new Map<number, FakeExchange>();
      const server = await fake((exchange) => {
        expect(waiting.has(exchange.connection)).toBe(false);
        waiting.set(exchange.connection, exchange);
        if (waiting.size < 3) return;
        const all = [...waiting.values()];
        waiting.clear();
        for (const one of all) one.send(goodAnswer(one));
      });
      const kmip = await open(server, { maxConnections: 3 });
      await Promise.all(Array.from({ length: 12 }, () => kmip.request('Get', GET)));
      expect(server.connections).toBe(3);
      await Promise.all(Array.from({ length: 3 }, () => kmip.request('Get', GET)));
      expect(server.connections).toBe(3);
    });

    it('that the server closed while they were idle are not used', async () => {
      const server = await fake();
      const kmip = await open(server);
      await kmip.request('Create', CREATE);
      const closed: unknown[] = [];
      const onClose = (event: unknown): void => {
        closed.push(event);
      };
      subscribe('keyward:kmip:close', onClose);
      server.drop();
      await until(() => closed.length === 1);
      unsubscribe('keyward:kmip:close', onClose);
      expect(closed).toMatchObject([{ reason: 'peer', requests: 2 }]);
      await kmip.request('Create', CREATE); // would be of unknown outcome on the broken connection
      expect(server.connections).toBe(2);
    });

    it('that were idle too long are closed and not used', async () => {
      const server = await fake();
      const kmip = await open(server, { idleMs: 50 });
      await kmip.request('Get', GET);
      expect(server.connections).toBe(1);
      await vi.advanceTimersByTimeAsync(100);
      await until(() => server.open === 0);
      await kmip.request('Get', GET);
      expect(server.connections).toBe(2);
    });

    it('that are on their way end with the client too', async () => {
      await using hole = await startBlackHole();
      const kmip = await open(hole, { lazy: true });
      const get = kmip.request('Get', GET).catch((e: unknown) => e);
      await until(() => hole.connections === 1);
      await kmip.close();
      expect(await get).toMatchObject({ code: 'ERR_KMIP_CLOSED' });
    });

    it('end with the client, and with them what was under way', async () => {
      const server = await fake(() => undefined);
      const kmip = await open(server, { maxConnections: 1, maxResends: 2 });
      const get = kmip.request('Get', GET).catch((e: unknown) => e);
      const waiting = kmip.request('Get', GET).catch((e: unknown) => e);
      await until(() => server.received.length === 2);
      await kmip.close();
      expect(await get).toMatchObject({ code: 'ERR_KMIP_CLOSED' });
      expect(await waiting).toMatchObject({ code: 'ERR_KMIP_CLOSED' });
      await expect(kmip.request('Get', GET)).rejects.toMatchObject({ code: 'ERR_KMIP_CLOSED' });
      await until(() => server.open === 0);
    });
  });
});
