// PBKDF2 (RFC 8018) and the PKCS#12 KDF (RFC 7292 B.2), 2,048 iterations each: long enough to hide the call, short enough for a slice.
import { hash as hashOnce, pbkdf2Sync, randomBytes } from 'node:crypto';
import { forge, hashWasm, nobleHashes, ours } from '../libs.mjs';
import { bmpPassword, pkcs12Kdf } from '../pkcs12-kdf.mjs';

const ITERATIONS = 2048;
const PASSWORD = 'correct horse battery staple';
const password = new TextEncoder().encode(PASSWORD);
const HASHES = {
  sha1: { web: 'SHA-1', hashWasm: 'createSHA1', u: 20, v: 64 },
  sha256: { web: 'SHA-256', hashWasm: 'createSHA256', u: 32, v: 64 },
  sha512: { web: 'SHA-512', hashWasm: 'createSHA512', u: 64, v: 128 },
};

async function pbkdf2Peers(name, salt, lengthBytes) {
  const noble = await nobleHashes();
  const wasm = await hashWasm();
  const lib = await forge();
  const saltText = Buffer.from(salt).toString('latin1');
  const { web, hashWasm: maker } = HASHES[name];
  return {
    'node:crypto': () => pbkdf2Sync(password, salt, ITERATIONS, lengthBytes, name),
    WebCrypto: async () => {
      const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
      return crypto.subtle.deriveBits(
        { name: 'PBKDF2', hash: web, salt, iterations: ITERATIONS },
        key,
        lengthBytes * 8,
      );
    },
    '@noble': () => noble.pbkdf2(noble[name], password, salt, { c: ITERATIONS, dkLen: lengthBytes }),
    'hash-wasm': () =>
      wasm.pbkdf2({
        password,
        salt,
        iterations: ITERATIONS,
        hashLength: lengthBytes,
        hashFunction: wasm[maker](),
        outputType: 'binary',
      }),
    // A digest object, not a name: with a name forge hands the work to node:crypto.
    'node-forge': () =>
      Buffer.from(lib.pkcs5.pbkdf2(PASSWORD, saltText, ITERATIONS, lengthBytes, lib.md[name].create()), 'latin1'),
  };
}

function pbkdf2Case(id, name, lengthBytes, what) {
  return {
    id,
    op: `PBKDF2-HMAC-${HASHES[name].web}, ${ITERATIONS} iterations, ${what}`,
    async setup() {
      const { pbkdf2Sync: own } = await ours('core');
      const salt = new Uint8Array(randomBytes(16));
      return {
        expected: pbkdf2Sync(password, salt, ITERATIONS, lengthBytes, name),
        ours: own && (() => own(name, password, salt, ITERATIONS, lengthBytes)),
        peers: await pbkdf2Peers(name, salt, lengthBytes),
      };
    },
  };
}

function pkcs12KdfCase(name) {
  const { u, v, web, hashWasm: maker } = HASHES[name];
  return {
    id: `pkcs12kdf-${name}`,
    op: `PKCS#12 KDF with ${web}, ${ITERATIONS} iterations, ${u} bytes (peers without it: the B.2 loop over their hash)`,
    async setup() {
      const { pkcs12KdfSync } = await ours('core');
      const noble = await nobleHashes();
      const hasher = await (await hashWasm())[maker]();
      const lib = await forge();
      const salt = new Uint8Array(randomBytes(20));
      const saltText = Buffer.from(salt).toString('latin1');
      const bmp = bmpPassword(PASSWORD);
      const p = { id: 3, password: bmp, salt, iterations: ITERATIONS, lengthBytes: u, u, v };
      const node = () => pkcs12Kdf((m) => hashOnce(name, m, 'buffer'), p);
      return {
        expected: node(),
        ours: pkcs12KdfSync && (() => pkcs12KdfSync(name, 3, bmp, salt, ITERATIONS, u)),
        peers: {
          'crypto.hash loop': node,
          '@noble': () => pkcs12Kdf(noble[name], p),
          'hash-wasm': () => pkcs12Kdf((m) => hasher.init().update(m).digest('binary'), p),
          'node-forge': () =>
            Buffer.from(
              lib.pkcs12
                .generateKey(PASSWORD, lib.util.createBuffer(saltText), 3, ITERATIONS, u, lib.md[name].create())
                .getBytes(),
              'latin1',
            ),
        },
      };
    },
  };
}

export const family = {
  id: 'kdf',
  title: 'Key derivation',
  cases: [
    pbkdf2Case('pbkdf2-sha256', 'sha256', 32, 'one chain (32 bytes)'),
    pbkdf2Case('pbkdf2-sha256-4', 'sha256', 128, 'four chains (128 bytes)'),
    pbkdf2Case('pbkdf2-sha512', 'sha512', 64, 'one chain (64 bytes)'),
    pbkdf2Case('pbkdf2-sha1', 'sha1', 20, 'one chain (20 bytes)'),
    pkcs12KdfCase('sha256'),
    pkcs12KdfCase('sha1'),
  ],
};
