/** A whole server: what stands beside the binary protocol, and what each client may see. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectKmip, type KmipClient } from '../../../src/kmip/client/index.ts';
import { decodeResponse, encodeRequest, type RequestMessage } from '../../../src/kmip/index.ts';
import {
  initKmipHome,
  parseFault,
  type StartedKmipServer,
  type StartOptions,
  startKmipServer,
} from '../../../src/kmip/server/index.ts';
import { encodeTtlv, formatTtlvJson, formatTtlvXml, parseTtlvJson, parseTtlvXml } from '../../../src/ttlv/index.ts';
import { errorOf } from '../../support/errors.ts';

let folder: string;
let home: string;
let server: StartedKmipServer | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-start-'));
  home = join(folder, 'kmip');
  await initKmipHome({ home, password: 'pw', port: 0, clients: ['alice', 'bob'], wallet: { iterations: 1000 } });
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: Partial<StartOptions> = {}): Promise<StartedKmipServer> {
  server = await startKmipServer({ home, password: 'pw', ...options });
  return server;
}

const path = (name: string, file: string): string => join(home, 'clients', name, 'ssl', file);

function connect(name: string, timeoutMs = 20_000): Promise<KmipClient> {
  const file = (of: string) => ({ file: path(name, of) });
  const credentials = { ca: file('CA.pem'), cert: file('cert.pem'), key: file('key.pem') };
  return connectKmip({ servers: [{ host: '127.0.0.1', port: server!.port }], credentials, timeoutMs });
}

const AES = {
  objectType: 'SymmetricKey',
  templateAttribute: {
    attribute: [
      { attributeName: 'Cryptographic Algorithm', attributeValue: 'AES' },
      { attributeName: 'Cryptographic Length', attributeValue: 256 },
      { attributeName: 'Cryptographic Usage Mask', attributeValue: 12 },
    ],
  },
} as const;

describe('clients', () => {
  it('see their own objects only', async () => {
    await start();
    await using alice = await connect('alice');
    await using bob = await connect('bob');
    const { uniqueIdentifier } = await alice.request('Create', AES);
    expect(await alice.locateAll([])).toContain(uniqueIdentifier);
    expect(await bob.locateAll([])).not.toContain(uniqueIdentifier);
    for (const operation of ['Get', 'GetAttributes', 'Activate', 'Destroy'] as const)
      await expect(bob.request(operation, { uniqueIdentifier })).rejects.toMatchObject({ name: 'ProtocolError' });
    const { symmetricKey } = await alice.request('Get', { uniqueIdentifier });
    expect(symmetricKey?.keyBlock.cryptographicLength).toBe(256);
  });

  it('find their objects after a restart', async () => {
    await start();
    let uniqueIdentifier: string;
    {
      await using alice = await connect('alice');
      ({ uniqueIdentifier } = await alice.request('Create', AES));
    }
    await server?.close();
    await start();
    await using alice = await connect('alice');
    expect((await alice.request('Get', { uniqueIdentifier })).objectType).toBe('SymmetricKey');
  });
});

describe('HTTPS profile', () => {
  const message: RequestMessage = {
    protocolVersion: '1.4',
    batchItem: [{ operation: 'Query', requestPayload: { queryFunction: ['QueryServerInformation'] } }],
  };
  const ttlv = encodeRequest(message);

  function post(
    body: string | Uint8Array,
    type: string,
    more: { readonly method?: string; readonly path?: string } = {},
  ) {
    const pem = (file: string): string => readFileSync(path('alice', file), 'utf8');
    const options = { ca: pem('CA.pem'), cert: pem('cert.pem'), key: pem('key.pem'), agent: false } as const;
    return new Promise<{ readonly status: number; readonly type: string | undefined; readonly body: Buffer }>(
      (done, failed) => {
        const sent = httpsRequest(
          {
            host: '127.0.0.1',
            port: server!.port,
            method: 'POST',
            path: '/kmip',
            ...options,
            ...more,
            headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) },
          },
          async (response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk as Buffer);
            done({
              status: response.statusCode ?? 0,
              type: response.headers['content-type'],
              body: Buffer.concat(chunks),
            });
          },
        );
        sent.on('error', failed);
        sent.end(body);
      },
    );
  }

  it('takes TTLV, XML and JSON on the same port', async () => {
    await start();
    const forms = [
      ['application/octet-stream', ttlv, (body: Buffer) => new Uint8Array(body)],
      ['text/xml; charset=utf-8', formatTtlvXml(ttlv), (body: Buffer) => encodeTtlv(parseTtlvXml(String(body)))],
      ['application/json', formatTtlvJson(ttlv), (body: Buffer) => encodeTtlv(parseTtlvJson(String(body)))],
    ] as const;
    for (const [type, body, read] of forms) {
      const answer = await post(body, type);
      expect([answer.status, answer.type]).toEqual([200, type.split(';')[0]]);
      const [item] = decodeResponse(read(answer.body)).batchItem;
      expect(item).toMatchObject({ resultStatus: 'Success', responsePayload: { vendorIdentification: 'keyward' } });
    }
    // The binary protocol goes on beside it.
    await using alice = await connect('alice');
    expect(await alice.locateAll([])).toBeInstanceOf(Array);
  });

  it('refuses what it does not take', async () => {
    await start({ limits: { maxMessageBytes: 4096 } });
    const status = async (...args: Parameters<typeof post>): Promise<number> => (await post(...args)).status;
    expect(await status(ttlv, 'application/octet-stream', { path: '/' })).toBe(404);
    expect(await status(ttlv, 'text/plain')).toBe(415);
    expect(await status('<not xml', 'text/xml')).toBe(400);
    expect(await status('{}', 'application/json')).toBe(400);
    expect(await status(new Uint8Array(5000), 'application/octet-stream')).toBe(413);
    expect(await status(ttlv, 'application/octet-stream')).toBe(200);
  });
});

describe('beside the requests', () => {
  it('an audit log says who asked for what, and never holds a key', async () => {
    const auditLog = join(folder, 'audit.log');
    await start({ auditLog });
    let id: string;
    let key: Uint8Array;
    {
      await using alice = await connect('alice');
      ({ uniqueIdentifier: id } = await alice.request('Create', AES));
      const { symmetricKey } = await alice.request('Get', { uniqueIdentifier: id });
      const value = symmetricKey?.keyBlock.keyValue;
      key = value !== undefined && 'keyMaterial' in value ? (value.keyMaterial as Uint8Array) : new Uint8Array(0);
      await using bob = await connect('bob');
      await bob.request('Get', { uniqueIdentifier: id }).catch(() => undefined);
    }
    await server?.close();
    const text = readFileSync(auditLog, 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    const told = lines.filter(({ operation }) => operation === 'Create' || operation === 'Get');
    expect(told).toMatchObject([
      { owner: 'alice', operation: 'Create', object: id, status: 'Success' },
      { owner: 'alice', operation: 'Get', object: id, status: 'Success' },
      { owner: 'bob', operation: 'Get', object: id, status: 'OperationFailed' },
    ]);
    expect(Object.keys(told[2] as object).sort()).toEqual([
      'object',
      'operation',
      'owner',
      'reason',
      'status',
      'time',
      'version',
    ]);
    expect(key).toHaveLength(32);
    for (const form of ['hex', 'base64'] as const) expect(text).not.toContain(Buffer.from(key).toString(form));
    expect(statSync(auditLog).mode & 0o777).toBe(0o600);
  });

  it('metrics count by operation and result, and name nobody', async () => {
    await start({ metricsPort: 0 });
    await using alice = await connect('alice');
    const { uniqueIdentifier } = await alice.request('Create', AES);
    await alice.request('Get', { uniqueIdentifier });
    await alice.request('Get', { uniqueIdentifier: 'none' }).catch(() => undefined);
    const response = await fetch(`http://127.0.0.1:${server?.metricsPort}/metrics`);
    const text = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain('keyward_kmip_requests_total{operation="Get",result="Success"} 1\n');
    expect(text).toContain('keyward_kmip_requests_total{operation="Get",result="ItemNotFound"} 1\n');
    expect(text).toMatch(/keyward_kmip_request_seconds_bucket\{operation="Create",le="\+Inf"\} 1\n/);
    expect(text).toMatch(/^keyward_kmip_connections 1$/m);
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) |[a-z_]+(\{[^}]*\})? [0-9.e-]+$)/);
    expect(text).not.toMatch(/alice/);
    expect((await fetch(`http://127.0.0.1:${server?.metricsPort}/`)).status).toBe(404);
  });

  it('unknown options are refused', async () => {
    const options = { home, password: 'pw', prot: 1 } as StartOptions;
    await expect(startKmipServer(options)).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });
});

describe('faults on purpose', () => {
  it('are read from text', () => {
    expect(parseFault('delay=20')).toEqual({ kind: 'delay', value: 20 });
    expect(parseFault('lying-length')).toEqual({ kind: 'lying-length' });
    for (const text of ['', 'delay', 'delay=', 'delay=-1', 'garble=0', 'drop-after=0', 'lying-length=1', 'other=1'])
      expect(errorOf(() => parseFault(text)).code).toBe('ERR_FAULT');
  });

  it('each is met by a client as an error of its kind', async () => {
    const outcome = async (fault: string, timeoutMs = 1000): Promise<string> => {
      await start({ faults: [parseFault(fault)] });
      try {
        await using alice = await connect('alice', timeoutMs);
        await alice.request('Create', AES);
        return 'done';
      } catch (error) {
        return (error as { readonly name: string }).name;
      } finally {
        await server?.close();
      }
    };
    expect(await outcome('delay=5', 60_000)).toBe('done');
    expect(await outcome('delay=5000')).toBe('TransportError');
    expect(await outcome('cut=20')).toBe('TransportError');
    expect(await outcome('drop-after=1')).toBe('TransportError');
    expect(await outcome('wrong-version')).not.toBe('done');
    expect(await outcome('lying-length')).not.toBe('done');
  });
});
