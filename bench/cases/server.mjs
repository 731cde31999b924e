// The embedded KMIP server beside PyKMIP's: requests per second of one and the same client (node:tls that writes one request's bytes and
// waits for the answer, on each of its connections), ECDSA certificates, KMIP 1.1, durable commits on both sides; and what 100,000
// objects cost: a Locate by name, a start, the memory, a rewrap after a rotation. Servers are in processes of their own, but for the
// Locate, whose time is the engine's alone.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ours } from '../libs.mjs';
import { loadSupport } from '../support.mjs';

const PYTHON = '/usr/bin/python3';
const OBJECTS = 100_000;
const PASSWORD = 'bench';
const MEGABYTE = 1e6;
const MAX_MEMORY = 200 * MEGABYTE;
/** Requests counted per lane and round. PyKMIP's server makes a few hundred in a second. */
const REQUESTS = { ours: 2000, peer: 160 };

const tempFolder = () => mkdtempSync(join(tmpdir(), 'keyward-bench-'));

/** A home with one client; its wallet's derivation is short, so that it does not stand in the way of what is measured. */
async function newHome() {
  const { initKmipHome } = await ours('kmip/server');
  const folder = tempFolder();
  const home = join(folder, 'kmip');
  const [client] = await initKmipHome({ home, password: PASSWORD, port: 0, wallet: { iterations: 1000 } });
  return { folder, home, client: client.directory };
}

/** Serves a home in another process. @returns {Promise<{ port: number, startMs: number, ask(what: string): Promise<any>, stop(): Promise<void> }>} */
async function serve(home) {
  const child = fork(fileURLToPath(new URL('../serve-child.mjs', import.meta.url)), [home, PASSWORD]);
  const [{ port, startMs }] = await once(child, 'message');
  return {
    port,
    startMs,
    async ask(what) {
      child.send(what);
      return (await once(child, 'message'))[0];
    },
    async stop() {
      child.send('close');
      await once(child, 'exit');
    },
  };
}

const pemOf = (directory) => {
  const read = (name) => readFileSync(join(directory, 'ssl', name));
  return { ca: read('CA.pem'), cert: read('cert.pem'), key: read('key.pem') };
};

/** One connection that asks and waits. @returns {Promise<{ ask(request: Uint8Array): Promise<Buffer>, close(): void }>} */
async function dial(port, pem) {
  const socket = connect({ host: '127.0.0.1', port, servername: '', ...pem, checkServerIdentity: () => undefined });
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  let collected = Buffer.alloc(0);
  let done = () => {};
  socket.on('data', (chunk) => {
    collected = collected.length === 0 ? chunk : Buffer.concat([collected, chunk]);
    if (collected.length < 8 || collected.length < 8 + collected.readUInt32BE(4)) return;
    const answer = collected;
    collected = Buffer.alloc(0);
    done(answer);
  });
  return {
    ask: (request) =>
      new Promise((resolve) => {
        done = resolve;
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

const attributes = [
  { attributeName: 'Cryptographic Algorithm', attributeValue: 'AES' },
  { attributeName: 'Cryptographic Length', attributeValue: 256 },
  { attributeName: 'Cryptographic Usage Mask', attributeValue: 12 },
];

async function messages() {
  const { decodeResponse, encodeRequest } = await ours('kmip');
  const request = (operation, requestPayload) =>
    encodeRequest({ protocolVersion: '1.1', batchItem: [{ operation, requestPayload }] });
  const check = (answer) => {
    const [item] = decodeResponse(new Uint8Array(answer)).batchItem;
    if (item.resultStatus !== 'Success') throw new Error(`${item.resultReason}: ${item.resultMessage}`);
    return item.responsePayload;
  };
  const create = request('Create', { objectType: 'SymmetricKey', templateAttribute: { attribute: attributes } });
  return { request, check, create };
}

/** Both servers, each with as many connections as asked for, and the request to send. */
async function lanes(connections, requestOf) {
  const { check, create, request } = await messages();
  const home = await newHome();
  const own = await serve(home.home);
  const { startPykmip } = await loadSupport('pykmip');
  const peer = await startPykmip();
  const { cert, key } = peer.client();
  const peerPem = { ca: readFileSync(peer.authority.ca), cert: readFileSync(cert), key: readFileSync(key) };
  const open = async (port, pem) => {
    const clients = await Promise.all(Array.from({ length: connections }, () => dial(port, pem)));
    const { uniqueIdentifier } = check(await clients[0].ask(create));
    const bytes = requestOf === 'create' ? create : request('Get', { uniqueIdentifier });
    check(await clients[0].ask(bytes));
    return { clients, bytes };
  };
  return {
    ours: { ...(await open(own.port, pemOf(home.client))), requests: REQUESTS.ours },
    "PyKMIP's server": { ...(await open(peer.port, peerPem)), requests: REQUESTS.peer },
    async stop() {
      await own.stop();
      await peer[Symbol.asyncDispose]();
      rmSync(home.folder, { recursive: true, force: true });
    },
  };
}

/** Sends requests on all connections at once. @returns {Promise<{ nsPerRequest: number, latencies: number[] }>} */
async function load({ clients, bytes, requests }) {
  const latencies = [];
  let left = requests;
  const begin = performance.now();
  const work = async (client) => {
    while (left-- > 0) {
      const sent = performance.now();
      await client.ask(bytes);
      latencies.push((performance.now() - sent) * 1e6);
    }
  };
  await Promise.all(clients.map(work));
  return { nsPerRequest: ((performance.now() - begin) * 1e6) / latencies.length, latencies };
}

const at = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
const figure = (values) => ({ ns: at(values, 0.1), medianNs: at(values, 0.5), slices: values.length });

function runsHere() {
  try {
    execFileSync(PYTHON, ['-W', 'ignore', '-c', 'import kmip'], { stdio: 'ignore' });
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A race of requests. `latency`: our 99th percentile beside the peer's median, in place of the time per request. */
function raceCase(id, op, connections, requestOf, latency = false) {
  return {
    id,
    op,
    async measure({ rounds }) {
      if ((await ours('kmip/server')).startKmipServer === undefined) return undefined;
      if (!runsHere()) return { skipped: 'PyKMIP or openssl is not installed' };
      const both = await lanes(connections, requestOf);
      try {
        const names = ['ours', "PyKMIP's server"];
        const rates = { ours: [], "PyKMIP's server": [] };
        const seen = { ours: [], "PyKMIP's server": [] };
        for (const name of names) await load(both[name]);
        for (let round = 0; round < Math.ceil(rounds / 6); round++) {
          for (const name of names) {
            const { nsPerRequest, latencies } = await load(both[name]);
            rates[name].push(nsPerRequest);
            seen[name].push(...latencies);
          }
        }
        for (const name of names) for (const client of both[name].clients) client.close();
        if (!latency) return Object.fromEntries(names.map((name) => [name, figure(rates[name])]));
        const one = (ns) => ({ ns, medianNs: ns, slices: seen.ours.length });
        return { ours: one(at(seen.ours, 0.99)), "PyKMIP's server": one(at(seen["PyKMIP's server"], 0.5)) };
      } finally {
        await both.stop();
      }
    },
  };
}

/** A home with 100,000 keys, made through the engine; once per process. */
let filled;
function filledHome() {
  filled ??= (async () => {
    const home = await newHome();
    const child = await serve(home.home);
    await child.ask(`fill ${OBJECTS}`);
    await child.stop();
    process.once('exit', () => rmSync(home.folder, { recursive: true, force: true }));
    return home.home;
  })();
  return filled;
}

/** One case on 100,000 objects in a fresh server. */
const largeCase = (id, op, measure) => ({
  id,
  op,
  async measure({ rounds }) {
    if ((await ours('kmip/server')).startKmipServer === undefined) return undefined;
    const home = await filledHome();
    const server = await serve(home);
    try {
      return { ours: figure(await measure(server, rounds, home)) };
    } finally {
      await server.stop();
    }
  },
});

const locate = largeCase(
  'server-locate-100k',
  'Locate by name among 100,000 objects: time in the server, request bytes to answer bytes',
  (server, rounds) => server.ask(`locate ${rounds * 10}`),
);

const start = largeCase(
  'server-start-100k',
  'start on 100,000 objects: wallet opened, every record verified, index made, listening',
  async (server) => {
    const memory = await server.ask('memory');
    if (memory.privateBytes > MAX_MEMORY)
      throw new Error(`${memory.privateBytes} bytes of memory with ${OBJECTS} objects`);
    return [server.startMs * 1e6];
  },
);

const rewrap = largeCase(
  'server-rewrap-100k',
  'seal 100,000 objects anew after a rotation of the master key, in durable batches beside the requests: per object',
  async (server, _rounds, home) => {
    const { rotateServerKey } = await ours('kmip/server');
    await rotateServerKey({ home, password: PASSWORD });
    const { ms, outdated } = await server.ask('rewrap');
    if (outdated !== 0) throw new Error('not everything was sealed anew');
    return [(ms * 1e6) / OBJECTS];
  },
);

export const family = {
  id: 'server',
  title: 'KMIP server',
  cases: [
    raceCase('server-get-1', 'Get of an AES-256 key, one connection, per request', 1, 'get'),
    raceCase('server-get-16', 'Get of an AES-256 key, 16 connections, per request', 16, 'get'),
    raceCase(
      'server-create-16',
      'Create of an AES-256 key, on the disk when answered, 16 connections, per request',
      16,
      'create',
    ),
    raceCase(
      'server-get-p99',
      "Get, one connection: our 99th percentile beside the median of PyKMIP's server",
      1,
      'get',
      true,
    ),
    locate,
    start,
    rewrap,
  ],
};
