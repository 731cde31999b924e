// The KMIP client: what one Get costs it in processor time, how long it takes to start when its first server is dead, and a keyring
// on PyKMIP's server beside PyKMIP's own client. Servers are in processes of their own, so that their time is not counted.
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.mjs';
import { ours } from '../libs.mjs';
import { loadSupport } from '../support.mjs';

const UNIQUE_ID = '1742';
const GETS_PER_SLICE = 200;
/** PyKMIP's server takes milliseconds for each. */
const FETCHES_PER_SLICE = 20;
/** Debian's, which its packages belong to. */
const PYTHON = '/usr/bin/python3';
const NO_OPENSSL = { skipped: 'openssl, which makes the certificates, is not installed' };

/** Certificates, and a server that answers every request with one Get response. */
async function cannedServer() {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
  const { makeAuthority } = await loadSupport('certificates');
  const { decodeRequest, encodeRequest, encodeResponse } = await ours('kmip');
  const authority = makeAuthority(folder, 'ecdsa');
  const server = authority.issue('server', { commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' });
  const client = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
  const answer = encodeResponse({
    protocolVersion: '1.1',
    timeStamp: 1_700_000_000n,
    batchItem: [
      {
        operation: 'Get',
        resultStatus: 'Success',
        responsePayload: {
          objectType: 'SymmetricKey',
          uniqueIdentifier: UNIQUE_ID,
          symmetricKey: {
            keyBlock: {
              keyFormatType: 'Raw',
              keyValue: { keyMaterial: new Uint8Array(32).fill(0x5a) },
              cryptographicAlgorithm: 'AES',
              cryptographicLength: 256,
            },
          },
        },
      },
    ],
  });
  writeFileSync(join(folder, 'answer'), answer);
  const script = fileURLToPath(new URL('../canned-server.mjs', import.meta.url));
  const child = fork(script, [authority.ca, server.cert, server.key, join(folder, 'answer')]);
  const [port] = await once(child, 'message');
  const request = encodeRequest({
    protocolVersion: '1.1',
    maximumResponseSize: 280_000,
    batchItem: [{ operation: 'Get', requestPayload: { uniqueIdentifier: UNIQUE_ID } }],
  });
  decodeRequest(request); // is one
  return {
    port,
    request,
    answer,
    tls: { ca: readFileSync(authority.ca), cert: readFileSync(client.cert), key: readFileSync(client.key) },
    credentials: { ca: { file: authority.ca }, cert: { file: client.cert }, key: { file: client.key } },
    stop() {
      child.disconnect();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** node:tls alone: the request's bytes out, the answer's bytes in. @returns {Promise<{ get(): Promise<void>, close(): void }>} */
async function bareTls({ port, tls, request, answer }) {
  const socket = connect({ host: '127.0.0.1', port, servername: '', ...tls, checkServerIdentity: () => undefined });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  let left = 0;
  let done = () => {};
  socket.on('data', (chunk) => {
    left -= chunk.length;
    if (left === 0) done();
  });
  return {
    get: () =>
      new Promise((resolve) => {
        left = answer.length;
        done = resolve;
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

/** Processor time of this process per call, ns: user and system. */
async function cpuPerCall(run, calls) {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) await run();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / calls;
}

/** Says whether a program can be run here. */
function runs(program, args) {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const figure = (ns) => {
  const sorted = [...ns].sort((a, b) => a - b);
  return { ns: sorted[Math.floor(sorted.length * 0.1)], medianNs: median(sorted), slices: sorted.length };
};

const getCpu = {
  id: 'kmip-get-cpu',
  op: 'processor time of the client per Get of a 32-byte key over one TLS connection, KMIP 1.1; beside it node:tls that writes and reads the same bytes and looks at none of them',
  async measure({ rounds }) {
    const { connectKmip } = await ours('kmip/client');
    if (connectKmip === undefined) return undefined;
    if (!runs('openssl', ['version'])) return NO_OPENSSL;
    const server = await cannedServer();
    const servers = [{ host: '127.0.0.1', port: server.port }];
    const client = await connectKmip({ servers, credentials: server.credentials, version: '1.1', maxConnections: 1 });
    const bare = await bareTls(server);
    const get = async () => {
      const { symmetricKey } = await client.request('Get', { uniqueIdentifier: UNIQUE_ID });
      const key = symmetricKey.keyBlock.keyValue.keyMaterial;
      if (key.length !== 32) throw new Error('no key');
      key.fill(0);
    };
    const lanes = { ours: get, 'node:tls alone': bare.get };
    const ns = Object.fromEntries(Object.keys(lanes).map((name) => [name, []]));
    for (const run of Object.values(lanes)) await cpuPerCall(run, 20 * GETS_PER_SLICE);
    for (let round = 0; round < rounds; round++)
      for (const [name, run] of Object.entries(lanes)) ns[name].push(await cpuPerCall(run, GETS_PER_SLICE));
    bare.close();
    await client.close();
    server.stop();
    return Object.fromEntries(Object.entries(ns).map(([name, list]) => [name, figure(list)]));
  },
};

const deadPrimary = {
  id: 'kmip-start-dead-primary',
  op: 'time until a client is ready when its first server accepts connections and never answers; beside it the same client that tries one after another, each for 20 s, as documented for keyring_okv, here cut to 2 s',
  async measure() {
    const { connectKmip } = await ours('kmip/client');
    if (connectKmip === undefined) return undefined;
    if (!runs('openssl', ['version'])) return NO_OPENSSL;
    const server = await cannedServer();
    const open = new Set();
    const hole = createServer((socket) => {
      open.add(socket.on('error', () => undefined));
    });
    hole.listen(0, '127.0.0.1');
    await once(hole, 'listening');
    const servers = [hole.address().port, server.port].map((port) => ({ host: '127.0.0.1', port }));
    const start = async (options) => {
      const before = performance.now();
      const client = await connectKmip({ servers, credentials: server.credentials, version: '1.1', ...options });
      const ms = performance.now() - before;
      await client.close();
      return ms * 1e6;
    };
    const figures = {
      ours: figure([await start({}), await start({}), await start({})]),
      'one after another': figure([await start({ hedgeAfterMs: 0, attemptTimeoutMs: 2000 })]),
    };
    for (const socket of open) socket.destroy();
    hole.close();
    server.stop();
    return figures;
  },
};

/** Starts PyKMIP's client; its `fetch` gives ns per Get as it measured them. */
async function pykmipClient(server, uniqueIdentifier) {
  const { cert, key } = server.client();
  const script = fileURLToPath(new URL('../pykmip-client.py', import.meta.url));
  const args = ['-W', 'ignore', script, String(server.port), server.authority.ca, cert, key];
  const child = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("PyKMIP's client ended");
    return value;
  };
  await next(); // ready
  return {
    async fetch(count) {
      child.stdin.write(`${count} ${uniqueIdentifier}\n`);
      return Number(await next());
    },
    close: () => child.stdin.end(),
  };
}

const fetchPykmip = {
  id: 'keyring-fetch-pykmip',
  op: "fetch a key by its name from a keyring on PyKMIP's server (KMIP 1.1, one connection, keys not cached); beside it PyKMIP's own client, which gets it by its identifier. The server bounds both",
  async measure({ rounds }) {
    const { openKeyring } = await ours('keyring');
    if (openKeyring === undefined) return undefined;
    if (!runs('openssl', ['version'])) return NO_OPENSSL;
    if (!runs(PYTHON, ['-W', 'ignore', '-c', 'import kmip'])) return { skipped: 'PyKMIP is not installed' };
    const { startPykmip } = await loadSupport('pykmip');
    const server = await startPykmip();
    try {
      const { cert, key } = server.client();
      const credentials = { ca: { file: server.authority.ca }, cert: { file: cert }, key: { file: key } };
      const client = { servers: [server], credentials, version: '1.1', maxConnections: 1 };
      // The place of the key stays known for the whole race: each fetch is one Get, as the peer's is.
      const keyring = await openKeyring({ backend: 'kmip', client, cacheKeys: false, refreshMs: 600_000 });
      const { backendKeyId } = await keyring.generate('bench', 'AES', 32);
      const peer = await pykmipClient(server, backendKeyId);
      const fetchOurs = async (count) => {
        const before = performance.now();
        for (let i = 0; i < count; i++) {
          const fetched = await keyring.fetch('bench');
          if (fetched?.key.length !== 32) throw new Error('not the key');
          fetched.key.dispose();
        }
        return ((performance.now() - before) * 1e6) / count;
      };
      const lanes = { ours: fetchOurs, "PyKMIP's client": (count) => peer.fetch(count) };
      const ns = Object.fromEntries(Object.keys(lanes).map((name) => [name, []]));
      for (const run of Object.values(lanes)) await run(FETCHES_PER_SLICE);
      for (let round = 0; round < Math.ceil(rounds / 4); round++)
        for (const [name, run] of Object.entries(lanes)) ns[name].push(await run(FETCHES_PER_SLICE));
      peer.close();
      await keyring.close();
      return Object.fromEntries(Object.entries(ns).map(([name, list]) => [name, figure(list)]));
    } finally {
      await server[Symbol.asyncDispose]();
    }
  },
};

export const family = { id: 'kmip', title: 'KMIP client', cases: [getCpu, deadPrimary, fetchPykmip] };
