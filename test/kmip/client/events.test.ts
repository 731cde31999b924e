import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKmip } from '../../../src/kmip/client/index.ts';
import { type CertificateFiles, convertKey, makeAuthority, type TestAuthority } from '../../support/certificates.ts';
import { refuseItem, startFakeKmipServer } from '../../support/fake-kmip-server.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';
import { deadAddress } from '../../support/pykmip.ts';

const CHANNELS = ['connect', 'close', 'request', 'failover', 'credentials'] as const;
const PASSWORD = 'a password nobody sees';

describe.skipIf(!hasPeer('openssl'))('what a KmipClient tells', () => {
  const folder = makeTempFolder();
  let authority: TestAuthority;
  let certificate: CertificateFiles;
  let own: CertificateFiles;
  const told: { readonly channel: string; readonly event: Record<string, unknown> }[] = [];
  const listen = (event: unknown, channel: string | symbol): void => {
    told.push({ channel: String(channel).split(':')[2] as string, event: event as Record<string, unknown> });
  };
  beforeAll(() => {
    authority = makeAuthority(folder.path, 'ecdsa');
    certificate = authority.issue('server', { commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' });
    own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    convertKey(own.key, folder.file('key.pem'), 'des3', PASSWORD);
    for (const name of CHANNELS) subscribe(`keyward:kmip:${name}`, listen);
  });
  afterAll(() => {
    for (const name of CHANNELS) unsubscribe(`keyward:kmip:${name}`, listen);
    folder[Symbol.dispose]();
  });

  it('is one event per thing, with the documented fields and no others, and no secret', async () => {
    const of = (name: (typeof CHANNELS)[number]): Record<string, unknown>[] =>
      told.filter(({ channel }) => channel === name).map(({ event }) => event);
    const dead = deadAddress();
    await using server = await startFakeKmipServer({ authority, certificate });
    await using standby = await startFakeKmipServer({ authority, certificate });
    const answer = server.script;
    server.script = (exchange) => {
      if (exchange.number === 2)
        exchange.answer([refuseItem(exchange.request.batchItem[0]!, 'ItemNotFound', 'secret-object is not there')]);
      else if (exchange.number === 3) exchange.socket.destroy();
      else answer(exchange);
    };
    const credentials = {
      ca: { file: authority.ca },
      cert: { file: own.cert },
      key: { file: folder.file('key.pem') },
      password: PASSWORD,
    };
    // One after another: on a machine that is slow to shake hands the standby would be tried beside the server.
    const order = { servers: [dead, server, standby], hedgeAfterMs: 0 };
    const client = await connectKmip({ ...order, credentials, version: '1.2' });
    await client.request('Get', { uniqueIdentifier: 'secret-object' });
    await client.request('Get', { uniqueIdentifier: 'secret-object' }).catch(() => undefined);
    await server[Symbol.asyncDispose]();
    await expect.poll(() => of('close').length).toBe(1);
    await client.request('Get', { uniqueIdentifier: 'secret-object' });
    writeFileSync(own.cert, `${readFileSync(own.cert, 'utf8')}\n`);
    standby.drop();
    await expect.poll(() => of('close').length).toBe(2);
    await client.request('Locate', {});
    await client.close();

    const name = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
    const duration = expect.any(Number);
    expect(of('connect').slice(0, 2)).toEqual([
      {
        server: name(dead),
        durationMs: duration,
        phase: 'connect',
        error: 'nothing listens there (ECONNREFUSED)',
        tls: null,
        cipher: null,
        version: null,
      },
      {
        server: name(server),
        durationMs: duration,
        phase: 'ready',
        error: null,
        tls: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        version: '1.2',
      },
    ]);
    const get = {
      server: name(server),
      version: '1.2',
      operations: ['Get'],
      attempt: 1,
      durationMs: duration,
      requestBytes: 144,
    };
    expect(of('request').slice(0, 2)).toEqual([
      { ...get, responseBytes: 288, error: null, resultReasons: [null] },
      { ...get, responseBytes: duration, error: null, resultReasons: ['ItemNotFound'] },
    ]);
    expect(of('request').at(-1)).toMatchObject({ server: name(standby), operations: ['Locate'], error: null });
    expect(of('failover')).toEqual([{ from: name(server), to: name(standby) }]);
    expect(of('credentials')).toEqual([{ files: [authority.ca, own.cert, folder.file('key.pem')], error: null }]);
    expect(of('close')).toMatchObject([
      { server: name(server), reason: 'peer', requests: 2, ageMs: duration },
      { server: name(standby), reason: 'peer' },
      { server: name(standby), reason: 'client', requests: 1 },
    ]);
    const everything = inspect(told, { depth: 10 });
    for (const secret of [PASSWORD, 'secret-object', 'PRIVATE KEY', '90, 90, 90'])
      expect(everything).not.toContain(secret);
  });
});
