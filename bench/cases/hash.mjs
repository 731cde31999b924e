// SHA-1, SHA-256 and SHA-512 over 64 bytes, 1 KiB and 1 MiB.
import { hash as hashOnce, randomBytes } from 'node:crypto';
import { forge, hashWasm, nobleHashes, ours } from '../libs.mjs';
import { load } from '../thirdparty/load.mjs';

const WEB_NAME = { sha1: 'SHA-1', sha256: 'SHA-256', sha512: 'SHA-512' };
const HASH_WASM = { sha1: 'createSHA1', sha256: 'createSHA256', sha512: 'createSHA512' };

async function peersOf(name, message) {
  const noble = await nobleHashes();
  const hasher = await (await hashWasm())[HASH_WASM[name]]();
  const lib = await forge();
  const text = Buffer.from(message).toString('latin1');
  const peers = {
    'node:crypto': () => hashOnce(name, message, 'buffer'),
    WebCrypto: () => crypto.subtle.digest(WEB_NAME[name], message),
    '@noble': () => noble[name](message),
    'hash-wasm': () => hasher.init().update(message).digest('binary'),
    'node-forge': () => Buffer.from(lib.md[name].create().update(text).digest().getBytes(), 'latin1'),
  };
  if (name === 'sha256') {
    const { digest, digest64 } = await load('@chainsafe/as-sha256');
    const one = message.length === 64 ? digest64 : digest;
    peers['@chainsafe/as-sha256'] = () => one(message);
  }
  return peers;
}

function digestCase(name, suffix, bytes) {
  return {
    id: `${name}-${suffix}`,
    op: `one ${WEB_NAME[name]} digest of ${bytes} bytes (node: crypto.hash; hash-wasm: a reused hasher)`,
    async setup() {
      const { hash } = await ours('core');
      const message = new Uint8Array(randomBytes(bytes));
      return {
        expected: hashOnce(name, message, 'buffer'),
        ours: hash && (() => hash(name, message)),
        peers: await peersOf(name, message),
      };
    },
  };
}

export const family = {
  id: 'hash',
  title: 'Hashes',
  cases: ['sha256', 'sha1', 'sha512'].flatMap((name) => [
    digestCase(name, '64', 64),
    digestCase(name, '1k', 1024),
    digestCase(name, '1m', 1048576),
  ]),
};
