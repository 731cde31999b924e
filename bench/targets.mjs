// The ratios to reach, per case and peer: at least, and aimed for. A ratio is peer / ours; above 1 we are faster.

/** @typedef {{ atLeast: number, aim: number }} Target */

/** @type {Readonly<Record<string, Readonly<Record<string, Target>>>>} */
const TARGETS = {
  'kw-wrap-32': { 'node:crypto': { atLeast: 2.2, aim: 3 } },
  'kw-unwrap-32': { 'node:crypto': { atLeast: 3, aim: 4.3 } },
  'kw-wrap-1000x32': { 'node:crypto': { atLeast: 6, aim: 8 } },
  'kw-unwrap-1000x32': { 'node:crypto': { atLeast: 7, aim: 10 } },
  'cbc-decrypt-64': { 'node:crypto': { atLeast: 3, aim: 4 } },
  'cbc-decrypt-1k': { 'node:crypto': { atLeast: 0.85, aim: 1.1 } },
  'sha256-64': { 'node:crypto': { atLeast: 1.5, aim: 1.8 } },
  'sha512-64': { 'node:crypto': { atLeast: 2, aim: 2.4 } },
  'sha1-64': { 'node:crypto': { atLeast: 2.5, aim: 3 } },
  'pbkdf2-sha256': { 'node:crypto': { atLeast: 0.65, aim: 0.8 } },
  'pbkdf2-sha256-4': { 'node:crypto': { atLeast: 1.15, aim: 1.3 } },
  'pbkdf2-sha512': { 'node:crypto': { atLeast: 1.25, aim: 1.45 } },
  'pbkdf2-sha1': { 'node:crypto': { atLeast: 1.6, aim: 1.9 } },
  'pkcs12kdf-sha256': { 'crypto.hash loop': { atLeast: 4.8, aim: 6.5 } },
  'pkcs12kdf-sha1': { 'crypto.hash loop': { atLeast: 10, aim: 14 } },
  'p12-open-10000': {
    'node-forge': { atLeast: 15, aim: 25 },
    'PKI.js': { atLeast: 4, aim: 6 },
    'native KDFs': { atLeast: 0.9, aim: 1.1 },
  },
  'p12-open-600000': { 'node-forge': { atLeast: 15, aim: 22 }, 'PKI.js': { atLeast: 2.5, aim: 3.2 } },
  'p12-open-64-secrets': { 'native KDFs': { atLeast: 1.2, aim: 1.6 } },
  'wallet-open-1': { 'PKI.js': { atLeast: 5, aim: 5 } },
  'wallet-open-1000': { 'PKI.js': { atLeast: 5, aim: 5 } },
  'wallet-rewrap-100k': { 'node:crypto': { atLeast: 5, aim: 5 } },
  'keyring-fetch-pykmip': { "PyKMIP's client": { atLeast: 1, aim: 1.1 } },
  'server-get-1': { "PyKMIP's server": { atLeast: 15, aim: 20 } },
  'server-get-16': { "PyKMIP's server": { atLeast: 30, aim: 40 } },
  'server-create-16': { "PyKMIP's server": { atLeast: 15, aim: 20 } },
  'server-get-p99': { "PyKMIP's server": { atLeast: 1, aim: 2 } },
  'ttlv-decode-get-response': { 'plain TypeScript': { atLeast: 1.2, aim: 1.4 } },
};

/** What an operation may take at most, whatever its peers do. ns */
export const AT_MOST = {
  'kmip-get-cpu': 100e3,
  'keyring-fetch-wallet': 10e3,
  'keyring-fetch-wallet-wrapped': 10e3,
  'kmip-start-dead-primary': 1.5e9,
  'server-locate-100k': 1e6,
  'server-start-100k': 1e9,
};

/** Every case that @noble can do, besides what the table above says. */
const NOBLE = { atLeast: 2, aim: 4 };

/** Cold start: sooner than @noble at least; the aim is an absolute time. */
export const COLD_START = { id: 'cold-start', peer: '@noble', atLeast: 1, aimNs: 3e6 };

/** Bytes of the core module. */
export const CORE_SIZE = {
  raw: { atMost: 96 * 1024, aim: 64 * 1024 },
  gzip: { atMost: 32 * 1024, aim: 20 * 1024 },
};

/** @param {string} id @param {string} peer @returns {Target | undefined} */
export function targetOf(id, peer) {
  if (id === COLD_START.id) return undefined;
  return TARGETS[id]?.[peer] ?? (peer === '@noble' ? NOBLE : undefined);
}
