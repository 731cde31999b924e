// The keyring: fetching a key by its name, from a wallet and from a PyKMIP server. Beside the first: what node:crypto offers for
// keeping keys in a process; beside the second: PyKMIP's own client on the same server, in turns.
import { spawn } from 'node:child_process';
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.mjs';
import { ours } from '../libs.mjs';
import { loadSupport } from '../support.mjs';

const KEYS = 1000;
const OWNER = 'root@localhost';
/** RFC 5649: what keyward keeps keys under when they are not to rest in the clear. */
const KWP_IV = Buffer.from('a65959a6', 'hex');

/** The same keys in a wallet file, and by name in a Map. */
async function keysInWallet(openKeyring, cacheKeys) {
  const { createWalletFile } = await ours('wallet/file');
  const directory = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const keys = new Map(Array.from({ length: KEYS }, (_, i) => [`key ${i}`, randomBytes(32)]));
  const file = await createWalletFile(directory, 'bench password', { iterations: 1000 }, (wallet) => {
    for (const [id, key] of keys) wallet.addKeyringEntry({ owner: OWNER, id, type: 'AES', key });
  });
  await file.close();
  const keyring = await openKeyring({ backend: 'wallet', directory, password: 'bench password', cacheKeys });
  return { keyring, keys };
}

/** A fetch of each key in turn: a copy of its bytes, which is wiped after it was looked at. */
function fetchAll(keyring) {
  let n = 0;
  return async () => {
    const found = await keyring.fetch(`key ${n++ % KEYS}`, { owner: OWNER });
    const first = found.key.expose()[0];
    found.key.dispose();
    return first;
  };
}

function fetchFromMap(keys, open) {
  const held = new Map([...keys].map(([id, key]) => [`${OWNER} ${id}`, open.keep(key)]));
  let n = 0;
  return async () => {
    const bytes = open.read(held.get(`${OWNER} key ${n++ % KEYS}`));
    const first = bytes[0];
    bytes.fill(0);
    return first;
  };
}

const asKeyObjects = { keep: (key) => createSecretKey(key), read: (object) => object.export() };

function asWrapped() {
  const kek = randomBytes(32);
  return {
    keep(key) {
      const cipher = createCipheriv('id-aes256-wrap-pad', kek, KWP_IV);
      return Buffer.concat([cipher.update(key), cipher.final()]);
    },
    read(wrapped) {
      const decipher = createDecipheriv('id-aes256-wrap-pad', kek, KWP_IV);
      return Buffer.concat([decipher.update(wrapped), decipher.final()]);
    },
  };
}

function walletCase(id, op, cacheKeys, peerName, makePeer) {
  return {
    id,
    op,
    async setup() {
      const { openKeyring } = await ours('keyring');
      if (openKeyring === undefined) return { peers: {} };
      const { keyring, keys } = await keysInWallet(openKeyring, cacheKeys);
      const expected = keys.get('key 0')[0];
      return {
        same: (_name, result) => result === expected,
        ours: fetchAll(keyring),
        peers: { [peerName]: fetchFromMap(keys, makePeer()) },
      };
    },
  };
}

const cached = walletCase(
  'keyring-fetch-wallet',
  `fetch one of ${KEYS} keys of a wallet by id and owner, as a copy that is then wiped; beside it a Map of node:crypto key objects, exported`,
  true,
  'node:crypto',
  () => asKeyObjects,
);

const wrapped = walletCase(
  'keyring-fetch-wallet-wrapped',
  'the same with cacheKeys: false: keys rest wrapped (RFC 5649) and are unwrapped for each fetch; beside it a Map of what node:crypto wrapped',
  false,
  'node:crypto',
  asWrapped,
);

const GETS_PER_SLICE = 40;

const fromPykmip = {
  id: 'keyring-fetch-pykmip',
  op: 'fetch an AES-256 key from a PyKMIP server over one connection, its bytes asked for each time; beside it a Get by its Unique Identifier with PyKMIP’s own client, in turns',
  async measure({ rounds }) {
    const { openKeyring } = await ours('keyring');
    const { hasPeer } = await loadSupport('peers');
    if (openKeyring === undefined || !hasPeer('pykmip')) return undefined;
    const { startPykmip } = await loadSupport('pykmip');
    const server = await startPykmip();
    const directory = server.clientFolder('okv');
    const keyring = await openKeyring({
      ...{ backend: 'kmip', directory, cacheKeys: false, refreshMs: Number.POSITIVE_INFINITY },
      client: { version: '1.1', maxConnections: 1 },
    });
    const { backendKeyId } = await keyring.generate('bench', 'AES', 32);
    const fetch = async () => {
      const found = await keyring.fetch('bench');
      if (found.key.length !== 32) throw new Error('no key');
      found.key.dispose();
    };
    const theirs = await startTheirs(server, backendKeyId);
    await fetch();
    const figures = { ours: [], PyKMIP: [] };
    for (let round = 0; round < rounds; round++) {
      const before = performance.now();
      for (let i = 0; i < GETS_PER_SLICE; i++) await fetch();
      figures.ours.push(((performance.now() - before) * 1e6) / GETS_PER_SLICE);
      figures.PyKMIP.push(await theirs.get(GETS_PER_SLICE));
    }
    theirs.stop();
    await keyring.close();
    await server[Symbol.asyncDispose]();
    return Object.fromEntries(Object.entries(figures).map(([name, ns]) => [name, figureOf(ns)]));
  },
};

/** PyKMIP's client in its own process. */
async function startTheirs({ host, port, authority, client }, uid) {
  const { PYTHON } = await loadSupport('peers');
  const { cert, key } = client();
  const script = fileURLToPath(new URL('../pykmip-get.py', import.meta.url));
  const child = spawn(PYTHON, ['-W', 'ignore', script, host, String(port), cert, key, authority.ca, uid], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    async get(count) {
      child.stdin.write(`${count}\n`);
      const [seconds] = await once(lines, 'line');
      return (Number(seconds) * 1e9) / count;
    },
    stop: () => child.stdin.end(),
  };
}

const figureOf = (ns) => {
  const sorted = [...ns].sort((a, b) => a - b);
  return { ns: sorted[Math.floor(sorted.length * 0.1)], medianNs: median(sorted), slices: sorted.length };
};

export const family = { id: 'keyring', title: 'Keyring', cases: [cached, wrapped, fromPykmip] };
