// The built package in the runtime that runs this file, by the package's own name and `exports`, without any test library:
// `npm run test:runtimes` runs it in each, after the build. Prints `ok NAME`,
// `cannot NAME: WHY` (the runtime lacks something) or `FAILED NAME: WHY` for each check, at last `end`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const modules = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([path]) => manifest.name + path.slice(1));
const inNode = process.versions.bun === undefined && process.versions.deno === undefined;
const command = [
  ...(process.versions.deno === undefined ? [] : ['run', '--allow-all', '--quiet']),
  fileURLToPath(new URL(manifest.bin.keyward, root)),
];
const folder = mkdtempSync(join(tmpdir(), 'keyward-smoke-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

async function check(name, act) {
  try {
    await act();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAILED ${name}: ${String(error?.stack ?? error).replaceAll('\n', ' | ')}`);
  }
}

function same(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}

/** Runs the command with this very runtime; nothing may stand on its stderr. */
function keyward(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  same(stderr, '', `stderr of ${args.join(' ')}`);
  same(status, 0, `status of ${args.join(' ')}`);
  return stdout;
}

for (const specifier of modules) {
  await check(`import '${specifier}'`, async () => {
    const module = await import(specifier);
    if (Object.keys(module).length === 0) throw new Error('it exports nothing');
    // require() of an ES module, which must be the same one: what Node has since 20.19.
    if (inNode) same(createRequire(import.meta.url)(specifier), module, `require('${specifier}')`);
  });
}

await check('core: the example of RFC 3394, section 4.6', async () => {
  const { decodeHex, encodeHexText, unwrapKey, wrapKey } = await import('keyward/core');
  const bytes = (text) => decodeHex(new TextEncoder().encode(text));
  const kek = bytes('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  const key = bytes('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f');
  const wrapped = wrapKey(kek, key);
  same(
    encodeHexText(wrapped),
    '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    'wrapped',
  );
  same(encodeHexText(unwrapKey(kek, wrapped)), encodeHexText(key), 'unwrapped');
});

await check('wallet: written, opened, a data key unwrapped, a wrong password refused', async () => {
  const { createWallet, openWallet } = await import('keyward/wallet');
  const wallet = await createWallet('a long password', { iterations: 10_000 });
  const { keyId } = wallet.setKey({ keyTag: 'first' });
  const envelope = wallet.wrapDataKey(new Uint8Array(32).fill(1));
  const file = await wallet.encode();
  wallet.dispose();
  const opened = await openWallet(file, 'a long password');
  same(opened.findKey(keyId).state, 'active', 'state');
  same([...opened.unwrapDataKey(envelope).expose()].join(), new Uint8Array(32).fill(1).join(), 'data key');
  opened.dispose();
  const code = await openWallet(file, 'another').then(
    () => 'opened',
    (error) => error.code,
  );
  same(code, 'ERR_WRONG_PASSWORD', 'with another password');
});

await check('pkcs12: a legacy file, whose cipher is the other module', async () => {
  const { encodePfx, parsePfx } = await import('keyward/pkcs12');
  const secretKey = new Uint8Array(24).fill(7);
  const file = await encodePfx(
    { bags: [{ kind: 'java-secret', friendlyName: 'k', secretKey }] },
    { password: 'p', profile: 'legacy' },
  );
  const opened = await parsePfx(file).unlock('p');
  same(opened.bags.map((bag) => `${bag.kind} ${bag.friendlyName}`).join(), 'java-secret k', 'bags');
  opened.dispose();
});

await check('ttlv: a request encoded, shown, read back', async () => {
  const { encodeGetRequest, encodeTtlv, formatTtlvText, parseTtlvText } = await import('keyward/ttlv');
  const request = encodeGetRequest('1742');
  const text = formatTtlvText(request);
  if (!text.includes('UniqueIdentifier TextString "1742"')) throw new Error(text);
  same(encodeTtlv(parseTtlvText(text)).join(), request.join(), 'bytes');
});

await check('keyring: a wallet file, written, closed, opened', async () => {
  const { openKeyring } = await import('keyward');
  const place = { backend: 'wallet', directory: join(folder, 'keyring'), password: 'a long password' };
  const owner = { owner: 'root@localhost' };
  const keyring = await openKeyring({ ...place, create: true });
  await keyring.generate('MyKey', 'AES', 32, owner);
  await keyring.close();
  const again = await openKeyring(place);
  const { key, type, lengthBytes } = await again.fetch('MyKey', owner);
  same(`${type} ${lengthBytes} ${key}`, 'AES 32 [redacted]', 'key');
  key.dispose();
  await again.close();
});

const KMIP = 'kmip: a server and a client over TLS on loopback';
// A certificate's extended key usage tells the server clients from others; without it nobody is let in.
if (process.versions.deno !== undefined)
  console.log(`cannot ${KMIP}: the extended key usage of a peer's certificate is not in its node:tls`);
else
  await check(KMIP, async () => {
    const { openKeyring } = await import('keyward/keyring');
    const { initKmipHome, startKmipServer } = await import('keyward/kmip/server');
    const home = join(folder, 'server');
    const [client] = await initKmipHome({ home, password: 'a long password', port: 0, clients: ['app'] });
    const server = await startKmipServer({ home, password: 'a long password' });
    const keyring = await openKeyring({ backend: 'kmip', directory: client.directory });
    const { type, lengthBytes } = await keyring.generate('MyKey', 'AES', 32, { owner: 'app@localhost' });
    same(`${type} ${lengthBytes} ${server.objects}`, 'AES 32 1', 'key');
    await keyring.close();
    await server.close();
  });

await check('keyward --version', () => same(keyward('--version').trim(), manifest.version, 'version'));

await check('keyward --help', () => {
  if (!keyward('--help').startsWith('Usage: keyward ')) throw new Error('no usage');
});

await check('keyward inspect', async () => {
  const { createWallet } = await import('keyward/wallet');
  const wallet = await createWallet('a long password', { iterations: 10_000 });
  wallet.setKey({ keyTag: 'first' });
  writeFileSync(join(folder, 'ewallet.p12'), await wallet.encode());
  wallet.dispose();
  if (!/PKCS#?12/i.test(keyward('inspect', 'ewallet.p12'))) throw new Error('not known as PKCS#12');
});

console.log('end');
