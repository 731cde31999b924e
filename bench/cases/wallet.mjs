// Wallets of Oracle's layout and profile (PBES2 AES-256 and HMAC-SHA1 MAC, 10,000 iterations each): opening one, a new master key
// in one, and data keys wrapped anew after it. Peers do the same work as far as they can.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { asn1js, ours, pkijs } from '../libs.mjs';

const PASSWORD = 'bench password';
const ACTOR = {
  user: 'SYS',
  userId: 0,
  databaseName: 'BENCH',
  databaseId: 123456789,
  instanceName: 'bench1',
  instanceNumber: 1,
};
const KEY_ALIAS = /^ORACLE\.SECURITY\.DB\.ENCRYPTION\.[A-Za-z0-9+/]{52}$/;

async function makeWallet({ createWallet }, keys) {
  const wallet = await createWallet(PASSWORD, { profile: 'oracle', actor: ACTOR });
  wallet.setKey({ keyTag: 'first' });
  for (let i = 1; i < keys; i++) wallet.createKey({ keyTag: `key ${i}` });
  const file = await wallet.encode();
  wallet.dispose();
  return file;
}

/** The 32 bytes of every master key, in the order of the identifiers. */
function ownKeys(wallet) {
  const keys = wallet.masterKeys.map(({ keyId }) => {
    const key = wallet.exportKey(keyId);
    const bytes = key.copy();
    key.dispose();
    return [keyId, bytes];
  });
  wallet.dispose();
  return inOrder(keys);
}

const inOrder = (keys) => Buffer.concat(keys.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes));

/**
 * PKI.js on WebCrypto: MAC verified, safe decrypted, alias and value of every entry read, records decoded. Its own way from a safe
 * to its bags stops at 10,000 ASN.1 nodes, about 600 keys: that step is done here with a higher limit.
 */
async function pkijsKeys(file) {
  const [{ EncryptedData, PFX, SafeContents }, { fromBER }] = await Promise.all([pkijs(), asn1js()]);
  const password = new TextEncoder().encode(PASSWORD).buffer;
  return async () => {
    const p12 = PFX.fromBER(file);
    await p12.parseInternalValues({ password, checkIntegrity: true });
    const keys = [];
    for (const { content } of p12.parsedValue.authenticatedSafe.safeContents) {
      const plaintext = await new EncryptedData({ schema: content }).decrypt({ password });
      const { safeBags } = new SafeContents({ schema: fromBER(plaintext, { maxNodes: 1e6 }).result });
      for (const { bagValue } of safeBags) {
        const [alias, text] = bagValue.secretValue.valueBlock.value;
        const name = alias.valueBlock.value;
        const record = text.valueBlock.value;
        if (KEY_ALIAS.test(name)) keys.push([name.slice(-52), Buffer.from(record, 'base64').subarray(6, 38)]);
      }
    }
    return inOrder(keys);
  };
}

function openCase(id, keys) {
  return {
    id,
    op: `open a wallet of ${keys} master key${keys === 1 ? '' : 's'} (oracle layout and profile, 10000 iterations) and read every key; node-forge refuses such a bag`,
    async setup() {
      const room = await ours('wallet');
      if (room.openWallet === undefined) return { peers: {} };
      const file = await makeWallet(room, keys);
      return {
        expected: await (await pkijsKeys(file))(),
        ours: async () => ownKeys(await room.openWallet(file, PASSWORD)),
        peers: { 'PKI.js': await pkijsKeys(file) },
      };
    },
  };
}

const setKey = {
  id: 'wallet-set-key-1000',
  op: 'make a new master key in an open wallet of 1000, activate it and encode the file; PKI.js only opens that file again, which it would have to do first',
  async setup() {
    const room = await ours('wallet');
    if (room.openWallet === undefined) return { peers: {} };
    const file = await makeWallet(room, 1000);
    const wallet = await room.openWallet(file, PASSWORD);
    let last;
    return {
      same: async (name, result) => {
        if (name !== 'ours') return result.length === 32 * 1000;
        const keyId = last;
        const again = await room.openWallet(result, PASSWORD);
        const { length } = again.masterKeys;
        return length === 1001 && again.activeKey.keyId === keyId && ownKeys(again).length === 32 * 1001;
      },
      // On a fork, so that the wallet stays one of 1,000 keys.
      ours: async () => {
        const fork = wallet.fork();
        last = fork.setKey().keyId;
        const bytes = await fork.encode();
        wallet.discard(fork);
        return bytes;
      },
      peers: { 'PKI.js (open only)': await pkijsKeys(file) },
    };
  },
};

// ---- data keys

const DATA_KEYS = 100_000;
const HEAD_BYTES = 22;
const IV = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');

const subkeyOf = (masterKey) => Buffer.from(hkdfSync('sha256', masterKey, new Uint8Array(), 'keyward/v1/data-key', 32));

/** node:crypto, one cipher object per key and direction: the only interface it has. */
function nodeRewrap(from, to, head, envelopes) {
  return () =>
    envelopes.map((envelope) => {
      const decipher = createDecipheriv('id-aes256-wrap', from, IV);
      const key = Buffer.concat([decipher.update(envelope.subarray(HEAD_BYTES)), decipher.final()]);
      const cipher = createCipheriv('id-aes256-wrap', to, IV);
      const made = Buffer.concat([head, cipher.update(key), cipher.final()]);
      key.fill(0);
      return made;
    });
}

const rewrap = {
  id: 'wallet-rewrap-100k',
  op: `wrap ${DATA_KEYS} data keys (32 bytes) anew under a new master key; the figure is for all of them`,
  async setup() {
    const room = await ours('wallet');
    if (room.createWallet === undefined) return { peers: {} };
    const wallet = await room.createWallet(PASSWORD, { profile: 'oracle', actor: ACTOR });
    const old = wallet.setKey();
    const some = Array.from({ length: 1000 }, (_, i) => wallet.wrapDataKey(new Uint8Array(32).fill(i)));
    const envelopes = Array.from({ length: DATA_KEYS }, (_, i) => some[i % some.length].slice());
    const fresh = wallet.setKey();
    const keyOf = ({ keyId }) => subkeyOf(wallet.exportKey(keyId).copy());
    const head = Buffer.concat([envelopes[0].subarray(0, 6), fresh.mkid]);
    const peer = nodeRewrap(keyOf(old), keyOf(fresh), head, envelopes);
    return {
      expected: peer(),
      ours: () => wallet.rewrapDataKeys(envelopes),
      peers: { 'node:crypto': peer },
    };
  },
};

export const family = {
  id: 'wallet',
  title: 'Wallet',
  cases: [openCase('wallet-open-1', 1), openCase('wallet-open-1000', 1000), setKey, rewrap],
};
