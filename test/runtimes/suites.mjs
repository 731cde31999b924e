// Which test file belongs to which suite of `npm run test:runtimes`, and which tests cannot hold in a runtime, with the reason.
// Every file of the vitest project `node` is in one suite: what no universal suite takes is Node-only.
import { readdirSync } from 'node:fs';

/** The suites that every runtime runs, by the folders whose own files they take, not those of the folders below. */
const UNIVERSAL = {
  core: ['core', 'zeroize'],
  codecs: ['pkcs12', 'ttlv', 'kmip', 'x509', 'okv'],
  wallet: ['wallet', 'kms', 'statement', 'inspect'],
};

/** In every suite: whether the tests run where they were sent to. */
export const WITNESS = 'test/runtimes/runtime.test.ts';

/** What `--quick` and CI's lane run: a look at the core, PKCS#12, TTLV and the wallet on every runtime, in seconds. */
export const QUICK = [
  'test/core/der.test.ts',
  'test/core/hash.test.ts',
  'test/core/kdf-async.test.ts',
  'test/core/kek.test.ts',
  'test/core/key-wrap.test.ts',
  'test/pkcs12/unlock.test.ts',
  'test/ttlv/message.test.ts',
  'test/ttlv/text.test.ts',
  'test/wallet/key-id.test.ts',
  'test/wallet/provider.test.ts',
];

const NO_CIPHER = 'its node:crypto, which this test compares with, has no such cipher';

/**
 * Tests that cannot pass in a runtime. They run there all the same: one that fails is counted apart, with the reason; one that
 * passes makes the run fail, for then its line here is out of date.
 */
export const CANNOT = [
  { runtime: 'bun', test: 'test/core/aes.node.test.ts > node:crypto agrees id-aes*-wrap', because: NO_CIPHER },
  { runtime: 'bun', test: 'test/core/aes.node.test.ts > node:crypto agrees id-aes*-wrap-pad', because: NO_CIPHER },
  { runtime: 'deno', test: 'test/core/aes.node.test.ts > node:crypto agrees id-aes*-wrap', because: NO_CIPHER },
  { runtime: 'deno', test: 'test/core/aes.node.test.ts > node:crypto agrees aes-*-cbc', because: NO_CIPHER },
];

/** The suite of a test file, given by its path below the root. */
export function suiteOf(path) {
  const folder = path.slice('test/'.length, path.lastIndexOf('/'));
  return Object.keys(UNIVERSAL).find((name) => UNIVERSAL[name].includes(folder)) ?? 'node';
}

/** The files of each suite, the universal ones first. */
export function filesOfSuites(root) {
  const files = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.test.ts') && name !== WITNESS)
    .sort();
  const suites = Object.fromEntries([...Object.keys(UNIVERSAL), 'node'].map((name) => [name, []]));
  for (const file of files) suites[suiteOf(file)].push(file);
  const gone = QUICK.filter((name) => !files.includes(name));
  if (gone.length > 0) throw new Error(`QUICK names what is not there: ${gone.join(', ')}`);
  return suites;
}
