// Key wrap (RFC 3394, RFC 5649) and AES-256-CBC.
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { forge, nobleAes, ours } from '../libs.mjs';

const { subtle } = globalThis.crypto;
const kek = new Uint8Array(randomBytes(32));
const key = new Uint8Array(randomBytes(32));
const ICV = new Uint8Array(8).fill(0xa6); // RFC 3394 section 2.2.3.1
const AIV = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6); // RFC 5649 section 3
/** WebCrypto wraps key objects, not bytes: an extractable HMAC key carries them in and out. */
const CARRIER = { name: 'HMAC', hash: 'SHA-256' };

const carry = (bytes) => subtle.importKey('raw', bytes, CARRIER, true, ['sign']);
const importKw = (bytes) => subtle.importKey('raw', bytes, 'AES-KW', false, ['wrapKey', 'unwrapKey']);

/** node:crypto's wrap; `update` returns everything, `final` nothing but must be called. */
function nodeWrap(kekLike, bytes) {
  const cipher = createCipheriv('id-aes256-wrap', kekLike, ICV);
  const out = cipher.update(bytes);
  cipher.final();
  return out;
}

function nodeUnwrap(kekLike, bytes) {
  const decipher = createDecipheriv('id-aes256-wrap', kekLike, ICV);
  const out = decipher.update(bytes);
  decipher.final();
  return out;
}

const webWrap = async (kwKey, bytes) =>
  new Uint8Array(await subtle.wrapKey('raw', await carry(bytes), kwKey, 'AES-KW'));

async function webUnwrap(kwKey, bytes) {
  const unwrapped = await subtle.unwrapKey('raw', bytes, kwKey, 'AES-KW', CARRIER, true, ['sign']);
  return new Uint8Array(await subtle.exportKey('raw', unwrapped));
}

/** Calls `one` on each piece of a flat array and joins the results into one. */
function eachFlat(flat, pieceBytes, outBytes, one) {
  const count = flat.length / pieceBytes;
  const out = new Uint8Array(count * outBytes);
  for (let i = 0; i < count; i++) out.set(one(flat.subarray(i * pieceBytes, (i + 1) * pieceBytes)), i * outBytes);
  return out;
}

async function eachFlatAsync(flat, pieceBytes, outBytes, one) {
  const count = flat.length / pieceBytes;
  const parts = await Promise.all(
    Array.from({ length: count }, (_, i) => one(flat.subarray(i * pieceBytes, (i + 1) * pieceBytes))),
  );
  const out = new Uint8Array(count * outBytes);
  for (let i = 0; i < count; i++) out.set(parts[i], i * outBytes);
  return out;
}

const single = (id, op, setup) => ({ id, op, setup });

const keyWrap = [
  single('kw-wrap-32', 'RFC 3394 wrap of a 32-byte key, 32-byte KEK given as bytes each time', async () => {
    const { wrapKey } = await ours('core');
    const { aeskw } = await nobleAes();
    return {
      expected: nodeWrap(kek, key),
      ours: wrapKey && (() => wrapKey(kek, key)),
      peers: {
        'node:crypto': () => nodeWrap(kek, key),
        WebCrypto: async () => webWrap(await importKw(kek), key),
        '@noble': () => aeskw(kek).encrypt(key),
      },
    };
  }),
  single('kw-unwrap-32', 'RFC 3394 unwrap of a wrapped 32-byte key, KEK given as bytes each time', async () => {
    const { unwrapKey } = await ours('core');
    const { aeskw } = await nobleAes();
    const wrapped = new Uint8Array(nodeWrap(kek, key));
    return {
      expected: key,
      ours: unwrapKey && (() => unwrapKey(kek, wrapped)),
      peers: {
        'node:crypto': () => nodeUnwrap(kek, wrapped),
        WebCrypto: async () => webUnwrap(await importKw(kek), wrapped),
        '@noble': () => aeskw(kek).decrypt(wrapped),
      },
    };
  }),
  single(
    'kw-wrap-32-cached',
    'the same wrap, KEK imported once (noble has no reusable wrapper: made anew)',
    async () => {
      const { wrapKey, importKek } = await ours('core');
      const { aeskw } = await nobleAes();
      const handle = importKek?.(kek);
      const object = createSecretKey(kek);
      const kwKey = await importKw(kek);
      return {
        expected: nodeWrap(kek, key),
        ours: handle && (() => wrapKey(handle, key)),
        peers: {
          'node:crypto': () => nodeWrap(object, key),
          WebCrypto: () => webWrap(kwKey, key),
          '@noble': () => aeskw(kek).encrypt(key),
        },
      };
    },
  ),
  single('kw-unwrap-32-cached', 'the same unwrap, KEK imported once', async () => {
    const { unwrapKey, importKek } = await ours('core');
    const { aeskw } = await nobleAes();
    const handle = importKek?.(kek);
    const object = createSecretKey(kek);
    const kwKey = await importKw(kek);
    const noble = aeskw(kek);
    const wrapped = new Uint8Array(nodeWrap(kek, key));
    return {
      expected: key,
      ours: handle && (() => unwrapKey(handle, wrapped)),
      peers: {
        'node:crypto': () => nodeUnwrap(object, wrapped),
        WebCrypto: () => webUnwrap(kwKey, wrapped),
        '@noble': () => noble.decrypt(wrapped),
      },
    };
  }),
  single('kwp-wrap-32', 'RFC 5649 wrap (with padding) of a 32-byte key, KEK given as bytes', async () => {
    const { wrapKeyPadded } = await ours('core');
    const { aeskwp } = await nobleAes();
    const node = () => {
      const cipher = createCipheriv('id-aes256-wrap-pad', kek, AIV);
      const out = cipher.update(key);
      cipher.final();
      return out;
    };
    return {
      expected: node(),
      ours: wrapKeyPadded && (() => wrapKeyPadded(kek, key)),
      peers: { 'node:crypto': node, '@noble': () => aeskwp(kek).encrypt(key) },
    };
  }),
];

const COUNT = 1000;
const flatKeys = new Uint8Array(randomBytes(32 * COUNT));

const batches = [
  single('kw-wrap-1000x32', `RFC 3394 wrap of ${COUNT} 32-byte keys under one KEK, flat in, flat out`, async () => {
    const { wrapKeys } = await ours('core');
    const { aeskw } = await nobleAes();
    const object = createSecretKey(kek);
    const kwKey = await importKw(kek);
    const node = () => eachFlat(flatKeys, 32, 40, (k) => nodeWrap(object, k));
    return {
      expected: node(),
      ours: wrapKeys && (() => wrapKeys(kek, flatKeys, 32)),
      peers: {
        'node:crypto': node,
        WebCrypto: () => eachFlatAsync(flatKeys, 32, 40, (k) => webWrap(kwKey, k)),
        '@noble': () => eachFlat(flatKeys, 32, 40, (k) => aeskw(kek).encrypt(k)),
      },
    };
  }),
  single(
    'kw-unwrap-1000x32',
    `RFC 3394 unwrap of ${COUNT} wrapped 32-byte keys under one KEK, flat in, flat out`,
    async () => {
      const { unwrapKeys } = await ours('core');
      const { aeskw } = await nobleAes();
      const object = createSecretKey(kek);
      const kwKey = await importKw(kek);
      const noble = aeskw(kek);
      const wrapped = eachFlat(flatKeys, 32, 40, (k) => nodeWrap(object, k));
      return {
        expected: flatKeys,
        bytesOf: (r) => (r instanceof Uint8Array ? r : r.keys),
        ours: unwrapKeys && (() => unwrapKeys(kek, wrapped, 32)),
        peers: {
          'node:crypto': () => eachFlat(wrapped, 40, 32, (k) => nodeUnwrap(object, k)),
          WebCrypto: () => eachFlatAsync(wrapped, 40, 32, (k) => webUnwrap(kwKey, k)),
          '@noble': () => eachFlat(wrapped, 40, 32, (k) => noble.decrypt(k)),
        },
      };
    },
  ),
];

function cbcDecrypt(id, plaintextBytes) {
  const op = `AES-256-CBC decrypt with PKCS#7 to ${plaintextBytes} bytes, key given as bytes each time`;
  return single(id, op, async () => {
    const { decryptCbc } = await ours('core');
    const { cbc } = await nobleAes();
    const iv = new Uint8Array(randomBytes(16));
    const plaintext = new Uint8Array(randomBytes(plaintextBytes));
    const cipher = createCipheriv('aes-256-cbc', kek, iv);
    const ciphertext = new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final()]));
    return {
      expected: plaintext,
      ours: decryptCbc && (() => decryptCbc(kek, iv, ciphertext)),
      peers: {
        'node:crypto': () => {
          const decipher = createDecipheriv('aes-256-cbc', kek, iv);
          return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
        },
        WebCrypto: async () => {
          const imported = await subtle.importKey('raw', kek, 'AES-CBC', false, ['decrypt']);
          return subtle.decrypt({ name: 'AES-CBC', iv }, imported, ciphertext);
        },
        '@noble': () => cbc(kek, iv).decrypt(ciphertext),
        'node-forge': await forgeCbc(iv, ciphertext),
      },
    };
  });
}

async function forgeCbc(iv, ciphertext) {
  const lib = await forge();
  const [keyText, ivText, text] = [kek, iv, ciphertext].map((b) => Buffer.from(b).toString('latin1'));
  return () => {
    const decipher = lib.cipher.createDecipher('AES-CBC', keyText);
    decipher.start({ iv: ivText });
    decipher.update(lib.util.createBuffer(text));
    decipher.finish();
    return Buffer.from(decipher.output.getBytes(), 'latin1');
  };
}

export const family = {
  id: 'aes',
  title: 'AES key wrap and CBC',
  cases: [
    ...keyWrap,
    ...batches,
    cbcDecrypt('cbc-decrypt-64', 64),
    cbcDecrypt('cbc-decrypt-1k', 1024),
    cbcDecrypt('cbc-decrypt-64k', 65536),
  ],
};
