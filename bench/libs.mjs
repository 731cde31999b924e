// What the cases race: our own doors, from dist/, and the comparison libraries, from bench/thirdparty/.
import { existsSync } from 'node:fs';
import { load } from './thirdparty/load.mjs';

const dist = new URL('../dist/', import.meta.url);

/**
 * Our own room's door, or an empty object where it does not exist (its cases are then skipped with a note).
 * @param {string} room its folder in dist/
 * @returns {Promise<any>}
 */
export async function ours(room) {
  const door = new URL(`${room}/index.js`, dist);
  return existsSync(door) ? import(door.href) : {};
}

/** @returns {Promise<any>} */
export const nobleAes = () => load('@noble/ciphers/aes.js');
/** @returns {Promise<any>} */
export const hashWasm = () => load('hash-wasm');
/** @returns {Promise<any>} */
export const forge = async () => (await load('node-forge')).default;

/** @returns {Promise<any>} the parser below PKI.js */
export const asn1js = () => load('asn1js');

/** @returns {Promise<any>} PKI.js on this process's WebCrypto */
export async function pkijs() {
  const lib = await load('pkijs');
  lib.setEngine('bench', new lib.CryptoEngine({ name: 'bench', crypto: globalThis.crypto }));
  return lib;
}

/** @returns {Promise<any>} noble's hashes by node's names, with hmac and pbkdf2 beside them */
export async function nobleHashes() {
  const [{ sha256, sha512 }, { sha1 }, { pbkdf2 }] = await Promise.all([
    load('@noble/hashes/sha2.js'),
    load('@noble/hashes/legacy.js'),
    load('@noble/hashes/pbkdf2.js'),
  ]);
  return { sha1, sha256, sha512, pbkdf2 };
}
