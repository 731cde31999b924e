import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProtocolError, Secret, TransportError } from '../../../src/index.ts';
import {
  type ConnectEvent,
  type Credentials,
  connectKmip,
  type KmipClient,
  type KmipClientOptions,
} from '../../../src/kmip/client/index.ts';
import { type Attribute, KMIP_VERSIONS, type RequestItem, wipeMessage } from '../../../src/kmip/index.ts';
import { convertKey, makeAuthority, openssl } from '../../support/certificates.ts';
import { startBlackHole } from '../../support/fake-kmip-server.ts';
import { hasPeer } from '../../support/peers.ts';
import { deadAddress, type PykmipServer, startPykmip } from '../../support/pykmip.ts';
import { until } from '../../support/until.ts';

const AES_256: readonly Attribute[] = [
  { attributeName: 'Cryptographic Algorithm', attributeValue: 'AES' },
  { attributeName: 'Cryptographic Length', attributeValue: 256 },
  { attributeName: 'Cryptographic Usage Mask', attributeValue: 12 },
];

function named(name: string): Attribute {
  return { attributeName: 'Name', attributeValue: { nameValue: name, nameType: 'UninterpretedTextString' } };
}

const createKey = (name: string): RequestItem => ({
  operation: 'Create',
  requestPayload: { objectType: 'SymmetricKey', templateAttribute: { attribute: [...AES_256, named(name)] } },
});

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('a KmipClient on PyKMIP', () => {
  let server: PykmipServer;
  let client: KmipClient | undefined;
  beforeAll(async () => {
    server = await startPykmip();
  });
  afterEach(async () => {
    await client?.close();
    client = undefined;
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  const pem = (name?: string): Credentials => {
    const { cert, key } = server.client(name);
    return { ca: { file: server.authority.ca }, cert: { file: cert }, key: { file: key } };
  };
  const open = async (options: Partial<KmipClientOptions> = {}): Promise<KmipClient> => {
    client = await connectKmip({ servers: [server], credentials: pem(), ...options });
    return client;
  };

  it('creates, finds, reads, activates, revokes and destroys a key', async () => {
    const kmip = await open();
    expect(kmip.version).toBe('1.4');
    expect(kmip.server).toBe(`127.0.0.1:${server.port}`);
    const { uniqueIdentifier } = await kmip.request('Create', createKey('life').requestPayload as never);
    expect(await kmip.locateAll([named('life')])).toEqual([uniqueIdentifier]);
    const got = await kmip.request('Get', { uniqueIdentifier });
    expect(got.symmetricKey?.keyBlock.cryptographicLength).toBe(256);
    wipeMessage(got);
    const { attribute = [] } = await kmip.request('GetAttributes', { uniqueIdentifier, attributeName: ['State'] });
    expect(attribute).toMatchObject([{ attributeName: 'State', attributeValue: 'PreActive' }]);
    await kmip.request('Activate', { uniqueIdentifier });
    const refused = await kmip.request('Destroy', { uniqueIdentifier }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ProtocolError);
    expect(refused).toMatchObject({
      operation: 'Destroy',
      resultStatus: 'OperationFailed',
      resultReason: 'PermissionDenied',
      resultMessage: 'Object is active and cannot be destroyed.',
    });
    await kmip.request('Revoke', { uniqueIdentifier, revocationReason: { revocationReasonCode: 'Unspecified' } });
    await kmip.request('Destroy', { uniqueIdentifier });
    await expect(kmip.request('Get', { uniqueIdentifier })).rejects.toMatchObject({ resultReason: 'ItemNotFound' });
  });

  it.each(KMIP_VERSIONS)('speaks %s when it is pinned', async (version) => {
    const kmip = await open({ version });
    expect(kmip.version).toBe(version);
    const name = `pinned ${version}`;
    const { uniqueIdentifier } = await kmip.request('Create', createKey(name).requestPayload as never);
    expect(await kmip.locateAll([named(name)])).toEqual([uniqueIdentifier]);
    const { symmetricKey } = await kmip.request('Get', { uniqueIdentifier });
    expect(symmetricKey?.keyBlock.keyFormatType).toBe('Raw');
  });

  it('agrees on no newer version than it is allowed', async () => {
    const kmip = await open({ maxVersion: '1.1' });
    expect(kmip.version).toBe('1.1');
    await expect(kmip.request('Locate', { offsetItems: 1 })).rejects.toMatchObject({ code: 'ERR_KMIP_VERSION' });
    await kmip.request('Locate', {}); // the connection is as good as before
  });

  it('asks once what the server can do', async () => {
    const kmip = await open({ maxVersion: '1.1' });
    const first = await kmip.capabilities();
    expect(first?.operations.has('Create')).toBe(true);
    expect(first?.operations.has('AddAttribute')).toBe(false);
    expect(first?.vendorIdentification).toBe('PyKMIP 0.10.0 Software Server');
    expect(await kmip.capabilities()).toBe(first);
  });

  it('sends batches; an item without an identifier takes the one made before it', async () => {
    const kmip = await open();
    // Its Activate wants an identifier; its Get does not.
    const answers = await kmip.batch([createKey('batched'), { operation: 'Get', requestPayload: {} }]);
    expect(answers.map(({ operation, resultStatus }) => [operation, resultStatus])).toEqual([
      ['Create', 'Success'],
      ['Get', 'Success'],
    ]);
    wipeMessage(answers);
    const [id] = await kmip.locateAll([named('batched')]);
    const items: readonly RequestItem[] = [
      { operation: 'Get', requestPayload: { uniqueIdentifier: 'absent' } },
      { operation: 'Get', requestPayload: { uniqueIdentifier: id as string } },
    ];
    const reasons = (list: readonly { readonly resultReason?: unknown }[]): unknown[] =>
      list.map((a) => a.resultReason ?? 'ok');
    expect(reasons(await kmip.batch(items))).toEqual(['ItemNotFound']);
    expect(reasons(await kmip.batch(items, { onError: 'continue' }))).toEqual(['ItemNotFound', 'ok']);
    await expect(kmip.batch(items, { onError: 'undo' })).rejects.toMatchObject({
      name: 'ProtocolError',
      resultMessage: 'Undo option for batch handling is not supported.',
    });
  });

  it('lists more objects than fit a page, each once', async () => {
    const kmip = await open();
    for (let at = 0; at < 40; at += 20)
      await kmip.batch(Array.from({ length: 20 }, (_, i) => createKey(`page ${at + i}`)));
    const all = await kmip.locateAll([], { pageItems: 7 });
    expect(all.length).toBeGreaterThanOrEqual(40);
    expect(new Set(all).size).toBe(all.length);
    const { uniqueIdentifier = [] } = await kmip.request('Locate', {});
    expect([...all].sort()).toEqual([...uniqueIdentifier].sort());
    // Before 1.3 there are no pages, but one answer that may grow.
    const old = await connectKmip({ servers: [server], credentials: pem(), version: '1.1', maximumResponseSize: 512 });
    expect((await old.locateAll([])).length).toBe(all.length);
    await expect(old.request('Locate', {})).rejects.toMatchObject({ resultReason: 'ResponseTooLarge' });
    await old.close();
  });

  it('keeps the objects of clients apart, and says so', async () => {
    const kmip = await open();
    const { uniqueIdentifier } = await kmip.request('Create', createKey('mine').requestPayload as never);
    await using other = await connectKmip({ servers: [server], credentials: pem('client-b') });
    await expect(other.request('Get', { uniqueIdentifier })).rejects.toMatchObject({
      resultReason: 'PermissionDenied',
    });
  });

  it.each(['plain', 'des3', 'pkcs8'] as const)('uses a client folder with a %s key', async (keyForm) => {
    const folder = server.clientFolder(`folder-${keyForm}`, { keyForm });
    const file = (name: string) => ({ file: join(folder, 'ssl', name) });
    const password = keyForm === 'plain' ? {} : { password: file('password.txt') };
    const credentials = { ca: file('CA.pem'), cert: file('cert.pem'), key: file('key.pem'), ...password };
    expect((await open({ credentials })).version).toBe('1.4');
    if (keyForm === 'plain') return;
    await expect(open({ credentials: { ...credentials, password: 'wrong' } })).rejects.toMatchObject({
      code: 'ERR_WRONG_PASSWORD',
    });
    const { password: _, ...without } = credentials as Credentials & { password: unknown };
    await expect(open({ credentials: without as Credentials })).rejects.toMatchObject({
      code: 'ERR_KMIP_KEY_PASSWORD',
    });
  });

  it.each([
    ['as openssl writes it today', []],
    [
      'with the algorithms of 1999',
      ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
    ],
  ])('uses a PKCS#12 file %s', async (_, args) => {
    const { cert, key } = server.client();
    const file = join(server.path, `client-${args.length}.p12`);
    openssl([
      'pkcs12',
      '-export',
      '-in',
      cert,
      '-inkey',
      key,
      '-certfile',
      server.authority.ca,
      '-out',
      file,
      '-passout',
      'pass:p12',
      ...args,
    ]);
    const kmip = await open({ credentials: { pkcs12: { file }, password: Secret.fromText('p12') } });
    await kmip.request('Locate', {});
    await expect(open({ credentials: { pkcs12: readFileSync(file), password: 'no' } })).rejects.toMatchObject({
      code: 'ERR_WRONG_PASSWORD',
    });
  });

  it('waits no second for a first server that refuses, and one for a server that says nothing', async () => {
    await using hole = await startBlackHole();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let hasConnected = false;
    const opening = open({ servers: [deadAddress(), hole, server] }).finally(() => {
      hasConnected = true;
    });
    await until(() => hole.bytes > 0);
    await vi.advanceTimersByTimeAsync(999);
    expect(hasConnected).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    const kmip = await opening;
    expect(kmip.server).toBe(`127.0.0.1:${server.port}`);
    await kmip.request('Locate', {});
  });

  it('goes on after the server was restarted between two calls', async () => {
    const kmip = await open();
    const { uniqueIdentifier } = await kmip.request('Create', createKey('restart').requestPayload as never);
    await server.stop();
    const away = await kmip.request('Get', { uniqueIdentifier }).catch((error: unknown) => error);
    expect(away).toBeInstanceOf(TransportError);
    expect(away).toMatchObject({ code: 'ERR_KMIP_CONNECT', attempts: [{ server: kmip.server, phase: 'connect' }] });
    await server.start();
    expect((await kmip.request('Get', { uniqueIdentifier })).uniqueIdentifier).toBe(uniqueIdentifier);
  });

  it('says what is wrong with certificates', async () => {
    const stranger = makeAuthority(join(server.path, 'stranger'), 'ecdsa');
    const foreign = stranger.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    const noUsage = server.client('no-usage', { usage: 'none' });
    const serverUsage = server.client('server-usage', { usage: 'serverAuth' });
    const mine = server.client();
    const fault = async (credentials: Record<string, { readonly file: string }>, tls = {}): Promise<TransportError> => {
      const { cert, key } = mine;
      const all = {
        ca: { file: server.authority.ca },
        cert: { file: cert },
        key: { file: key },
        ...credentials,
      } as Credentials;
      return (await open({ credentials: all, tls }).catch((error: unknown) => error)) as TransportError;
    };
    expect(await fault({ ca: { file: stranger.ca } })).toMatchObject({
      code: 'ERR_KMIP_CONNECT',
      attempts: [
        { phase: 'tls', cause: expect.stringContaining('does not come from an authority that is trusted here') },
      ],
      hint: expect.stringContaining('credentials.ca'),
    });
    expect(await fault({ cert: { file: foreign.cert }, key: { file: foreign.key } })).toMatchObject({
      attempts: [{ cause: expect.stringContaining("refuses this client's certificate") }],
    });
    expect(await fault({ cert: { file: serverUsage.cert }, key: { file: serverUsage.key } })).toMatchObject({
      attempts: [{ cause: expect.stringContaining("refuses this client's certificate") }],
      hint: expect.stringContaining('clientAuth'),
    });
    expect(await fault({ cert: { file: noUsage.cert }, key: { file: noUsage.key } })).toMatchObject({
      attempts: [{ phase: 'version', cause: expect.stringContaining('Error verifying the client certificate') }],
      cause: { resultReason: 'AuthenticationNotSuccessful' },
    });
    expect(await fault({ cert: { file: noUsage.cert } })).toMatchObject({ code: 'ERR_KMIP_KEY_MISMATCH' });
    expect(await fault({ ca: { file: mine.key } })).toMatchObject({ code: 'ERR_KMIP_CA' });
    expect(await fault({ cert: { file: mine.key } })).toMatchObject({ code: 'ERR_KMIP_CERTIFICATE' });
    expect(await fault({ key: { file: mine.cert } })).toMatchObject({ code: 'ERR_KMIP_KEY' });
    expect(await fault({ key: { file: join(server.path, 'absent') } })).toMatchObject({
      code: 'ERR_KMIP_CREDENTIAL_FILE',
    });
    expect(await fault({}, { minVersion: 'TLSv1.3' })).toMatchObject({ attempts: [{ phase: 'tls' }] });
    expect(await fault({}, { ciphers: 'no such suite' })).toMatchObject({ code: 'ERR_KMIP_TLS_OPTIONS' });
  });

  it('verifies the name of the host unless told otherwise', async () => {
    const wrong = await open({ tls: { servername: 'kmip.example.com' } }).catch((error: unknown) => error);
    expect(wrong).toMatchObject({
      code: 'ERR_KMIP_CONNECT',
      attempts: [{ phase: 'tls', cause: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') }],
      hint: expect.stringContaining('tls.servername'),
    });
    expect((await open({ tls: { servername: 'localhost' } })).version).toBe('1.4');
    await client?.close();
    expect((await open({ tls: { servername: 'kmip.example.com', verifyHost: false } })).version).toBe('1.4');
    await client?.close();
    const stranger = makeAuthority(join(server.path, 'stranger-2'), 'ecdsa');
    const credentials = { ...pem(), ca: { file: stranger.ca } } as Credentials;
    await expect(open({ credentials, tls: { verifyHost: false } })).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    expect((await open({ credentials, tls: { verifyServer: false } })).version).toBe('1.4');
  });

  it('reads its certificates again when the files change', async () => {
    const { ca, cert, key } = { ca: server.authority.ca, ...server.client() };
    const folder = server.clientFolder('reloaded');
    const file = (name: string) => ({ file: join(folder, 'ssl', name) });
    const credentials = { ca: file('CA.pem'), cert: file('cert.pem'), key: file('key.pem') };
    const kmip = await open({ credentials, idleMs: 0 });
    const { uniqueIdentifier } = await kmip.request('Create', createKey('reload').requestPayload as never);
    const b = server.client('client-b');
    convertKey(b.cert, file('cert.pem').file, 'plain', ''); // half of a change: certificate and key do not match
    expect((await kmip.request('Get', { uniqueIdentifier })).uniqueIdentifier).toBe(uniqueIdentifier);
    convertKey(b.key, file('key.pem').file, 'plain', '');
    await expect(kmip.request('Get', { uniqueIdentifier })).rejects.toMatchObject({ resultReason: 'PermissionDenied' });
    convertKey(cert, file('cert.pem').file, 'plain', '');
    convertKey(key, file('key.pem').file, 'plain', '');
    expect((await kmip.request('Get', { uniqueIdentifier })).uniqueIdentifier).toBe(uniqueIdentifier);
    expect(ca).toBeTruthy();
  });
});

// The server then offers no GCM suite: a client that refused CBC could not reach it.
describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('a KmipClient on PyKMIP with RSA certificates', () => {
  let server: PykmipServer;
  beforeAll(async () => {
    server = await startPykmip({ keys: 'rsa' });
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each(['des3', 'pkcs8'] as const)('connects with an encrypted key (%s), and names the suite', async (keyForm) => {
    const folder = server.clientFolder(keyForm, { keyForm });
    const file = (name: string) => ({ file: join(folder, 'ssl', name) });
    const [, form] = /-----BEGIN (.+)-----/.exec(readFileSync(file('key.pem').file, 'utf8')) ?? [];
    expect(form).toBe(keyForm === 'des3' ? 'RSA PRIVATE KEY' : 'ENCRYPTED PRIVATE KEY');
    const events: ConnectEvent[] = [];
    const listen = (event: unknown): void => {
      events.push(event as ConnectEvent);
    };
    subscribe('keyward:kmip:connect', listen);
    await using client = await connectKmip({
      servers: [server],
      credentials: {
        ca: file('CA.pem'),
        cert: file('cert.pem'),
        key: file('key.pem'),
        password: file('password.txt'),
      },
    });
    unsubscribe('keyward:kmip:connect', listen);
    expect(client.version).toBe('1.4');
    expect(events).toMatchObject([{ phase: 'ready', tls: 'TLSv1.2', cipher: expect.stringContaining('CBC') }]);
  });
});
