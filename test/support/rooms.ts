/**
 * The rooms of `src/` and who may import whom: the one table that test/support/architecture.ts holds the sources to, and
 * test/package/ the bundles. It imports nothing, so that plain scripts can read it.
 */

/** Where a room's code runs. `both` means Node and browsers, so nothing of either may be named there. */
export type Runtime = 'both' | 'Node' | 'browser';

/** One room: a folder of `src/`, or the package's own front door. */
export interface Room {
  readonly runsIn: Runtime;
  /** Rooms whose door it may import. The common files are open to everyone. */
  readonly mayImport: readonly string[] | 'everything';
  /** Packages it may import: always, or only by `import()` on use. */
  readonly packages?: Readonly<Record<string, 'static' | 'dynamic'>>;
}

const NOBLE = { '@noble/ciphers': 'dynamic', '@noble/hashes': 'dynamic' } as const;
const UNIVERSAL = ['core', 'x509', 'pkcs12', 'ttlv', 'kmip', 'wallet', 'kms', 'okv', 'statement', 'inspect'] as const;

/** Files of `src/` that every room may import. They import nothing but each other. */
export const COMMON: readonly string[] = ['errors.ts', 'secret.ts', 'bytes.ts', 'next-task.ts'];

/** The table of rooms. A nested room (`kmip/client`) is not part of the one around it. */
export const ROOMS: Readonly<Record<string, Room>> = {
  core: { runsIn: 'both', mayImport: [], packages: NOBLE },
  // `core`: certificates are read by the DER cursor over what the wasm has validated, so no second DER reader comes along.
  x509: { runsIn: 'both', mayImport: ['core'] },
  pkcs12: { runsIn: 'both', mayImport: ['core'], packages: NOBLE },
  ttlv: { runsIn: 'both', mayImport: ['core'] },
  kmip: { runsIn: 'both', mayImport: ['ttlv', 'core'] },
  // `core`: a private key becomes PEM by the constant-time base64.
  'kmip/client': { runsIn: 'Node', mayImport: ['kmip', 'pkcs12', 'core'] },
  // `core` and `ttlv` directly: records are wrapped and authenticated by the core, attributes are stored as TTLV; `x509`: the
  // attributes of certificates.
  'kmip/server': {
    runsIn: 'Node',
    mayImport: ['x509', 'kmip', 'ttlv', 'core', 'wallet', 'wallet/file'],
    packages: { lmdb: 'dynamic' },
  },
  wallet: { runsIn: 'both', mayImport: ['pkcs12', 'core'] },
  'wallet/file': { runsIn: 'Node', mayImport: ['wallet'] },
  kms: { runsIn: 'both', mayImport: ['core'] },
  // A service for tests, not the client: its keys stand in a wallet. `kms` itself and `wallet` know nothing of each other.
  'kms/emulator': { runsIn: 'Node', mayImport: ['kms', 'core', 'wallet'] },
  okv: { runsIn: 'both', mayImport: [] },
  // `core` to keep keys wrapped in memory; `kmip` for the types of messages and the helpers over attributes.
  keyring: { runsIn: 'Node', mayImport: ['core', 'wallet', 'wallet/file', 'kmip', 'kmip/client', 'okv'] },
  // `okv`: the words of MySQL's plugin, for the error log.
  statement: { runsIn: 'both', mayImport: ['wallet', 'okv'] },
  // `wallet` beside `wallet/file`: keys are exported to and merged from wallets that are only bytes, without a file of ours.
  // `okv`: which directory the home's my.cnf names, and what is wrong with one that a statement names.
  instance: { runsIn: 'Node', mayImport: ['statement', 'wallet', 'wallet/file', 'keyring', 'kms', 'okv'] },
  // `core`: the index of DER elements, and the hash of the file.
  inspect: { runsIn: 'both', mayImport: ['core', 'pkcs12', 'wallet', 'ttlv', 'kmip', 'x509', 'okv', 'statement'] },
  cli: {
    runsIn: 'Node',
    mayImport: 'everything',
    packages: { commander: 'static', read: 'static', 'string-width': 'static', fflate: 'dynamic' },
  },
  // `core`: the page starts it, with bytes of its own that come compressed.
  web: {
    runsIn: 'browser',
    mayImport: ['core', 'inspect', 'wallet'],
    packages: { preact: 'static', 'preact/hooks': 'static' },
  },
  // The front door: src/index.ts in Node, src/browser.ts under the `browser` condition.
  'index.ts': { runsIn: 'Node', mayImport: 'everything' },
  'browser.ts': { runsIn: 'both', mayImport: UNIVERSAL },
};

/** The room of a file, given its path below `src/`; `common` for the files everyone may import. */
export function roomOf(file: string): string | undefined {
  if (COMMON.includes(file)) return 'common';
  if (!file.includes('/')) return file in ROOMS ? file : undefined;
  for (let folder = file; folder.includes('/'); ) {
    folder = folder.slice(0, folder.lastIndexOf('/'));
    if (folder in ROOMS) return folder;
  }
  return undefined;
}

/** The rooms below one: those that it may import, and those that they may. */
export function roomsBelow(room: string): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (name: string): void => {
    const below = ROOMS[name]?.mayImport ?? [];
    for (const next of below === 'everything' ? Object.keys(ROOMS) : below) {
      if (found.has(next)) continue;
      found.add(next);
      walk(next);
    }
  };
  walk(room);
  return found;
}
