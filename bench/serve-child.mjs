// A process with a KMIP server for bench/cases/server.mjs: serves the home in its arguments and does what it is told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ours } from './libs.mjs';

const [home, password] = process.argv.slice(2);
const { startKmipServer } = await ours('kmip/server');
const { connectKmip } = await ours('kmip/client');

const begin = performance.now();
const server = await startKmipServer({ home, password, metricsPort: 0 });
process.send({ port: server.port, startMs: performance.now() - begin });

const connected = () => {
  const read = (name) => readFileSync(join(home, 'clients', 'client', 'ssl', name));
  const credentials = { ca: read('CA.pem'), cert: read('cert.pem'), key: read('key.pem') };
  return connectKmip({ servers: [{ host: '127.0.0.1', port: server.port }], credentials, timeoutMs: 600_000 });
};

const nameOf = (i) => ({
  attributeName: 'Name',
  attributeValue: { nameValue: `key ${i}`, nameType: 'UninterpretedTextString' },
});
const createOf = (i) => ({
  operation: 'Create',
  requestPayload: {
    objectType: 'SymmetricKey',
    templateAttribute: {
      attribute: [
        { attributeName: 'Cryptographic Algorithm', attributeValue: 'AES' },
        { attributeName: 'Cryptographic Length', attributeValue: 256 },
        { attributeName: 'Cryptographic Usage Mask', attributeValue: 12 },
        nameOf(i),
      ],
    },
  },
});

/** Seconds and number of the Locate items so far, by the server's own metrics. */
async function locateTimes() {
  const text = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
  const value = (kind) =>
    Number(new RegExp(`request_seconds_${kind}\\{operation="Locate"\\} (\\S+)`).exec(text)?.[1] ?? 0);
  return { seconds: value('sum'), count: value('count') };
}

/** What the parent may ask for. Each answers with one message. */
const TASKS = {
  async fill(count) {
    const client = await connected();
    for (let first = 0; first < count; first += 200) {
      const items = Array.from({ length: Math.min(200, count - first) }, (_, i) => createOf(first + i));
      const results = await client.batch(items);
      if (results.some(({ resultStatus }) => resultStatus !== 'Success')) throw new Error('not created');
    }
    await client.close();
    return { objects: server.objects };
  },

  /** ns per Locate, in ten parts. */
  async locate(count) {
    const client = await connected();
    const ns = [];
    for (let part = 0; part < 11; part++) {
      const before = await locateTimes();
      for (let i = 0; i < count / 10; i++) {
        const found = await client.locateAll([nameOf((i * 7919 + part * 101) % server.objects)]);
        if (found.length !== 1) throw new Error('not found');
      }
      const after = await locateTimes();
      // The first part warms.
      if (part > 0) ns.push(((after.seconds - before.seconds) * 1e9) / (after.count - before.count));
    }
    await client.close();
    return ns;
  },

  async memory() {
    globalThis.gc?.();
    const status = readFileSync('/proc/self/status', 'utf8');
    const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return { privateBytes: kilobytes('RssAnon') * 1024, residentBytes: kilobytes('VmRSS') * 1024 };
  },

  async rewrap() {
    const before = performance.now();
    await server.refresh();
    return { ms: performance.now() - before, outdated: server.outdated };
  },
};

process.on('message', async (message) => {
  const [task, argument] = String(message).split(' ');
  if (task === 'close') {
    await server.close();
    process.disconnect();
    return;
  }
  process.send(await TASKS[task](Number(argument)));
});
