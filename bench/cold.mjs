// A fresh process: imports one library, does its first operation and prints the nanoseconds from before the import to
// after the operation. Started by cases/cold-start.mjs; nothing else may be imported here.
const which = process.argv[2];
const kek = new Uint8Array(32).fill(7);
const key = new Uint8Array(32).fill(9);
const at = (path) => new URL(path, import.meta.url).href;

const FIRST = {
  async ours() {
    const { wrapKey } = await import(at('../dist/core/index.js'));
    return wrapKey(kek, key);
  },
  async '@noble'() {
    const { aeskw } = await import(at('thirdparty/node_modules/@noble/ciphers/aes.js'));
    return aeskw(kek).encrypt(key);
  },
  async 'node:crypto'() {
    const { createCipheriv } = await import('node:crypto');
    const cipher = createCipheriv('id-aes256-wrap', kek, new Uint8Array(8).fill(0xa6));
    const out = cipher.update(key);
    cipher.final();
    return out;
  },
  async 'hash-wasm'() {
    const { sha256 } = await import(at('thirdparty/node_modules/hash-wasm/dist/index.esm.js'));
    return sha256(key); // it has no key wrap: its first hash stands in
  },
};

const run = FIRST[which];
const start = performance.now();
const result = await run();
const ms = performance.now() - start;
if (result.length < 32) throw new Error('no result');
console.log(Math.round(ms * 1e6));
