// The keyring: fetching a key by its name from a wallet, beside what node:crypto offers for keeping keys in a process. From a server:
// cases/kmip.mjs.
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ours } from '../libs.mjs';

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

export const family = { id: 'keyring', title: 'Keyring', cases: [cached, wrapped] };
