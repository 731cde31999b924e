/**
 * PKCS#12 with the tools of others: what we write, in every profile that a tool knows, opens there with the same keys, certificates,
 * secrets and names; what they write opens here with the same. PBMAC1, which none of these versions knows, has its own test.
 */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import {
  type Bag,
  encodePfx,
  type NewBag,
  type ProfileName,
  parsePfx,
  type UnlockedPfx,
} from '../../src/pkcs12/index.ts';
import { hasPeer, makeTempFolder, runPeer, type TempFolder } from '../support/peers.ts';

const PASSWORD = 'correct horse';
const MASTER_KEY = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);
const LOCAL_KEY_ID = new TextEncoder().encode('Time 1795279844285');
const PROFILES = ['modern', 'oracle', 'java', 'legacy'] as const;

let folder: TempFolder;
let privateKey: Uint8Array;
let certificate: Uint8Array;

/** Runs a tool that must succeed; what it said, errors last. */
function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = runPeer(program, args, { cwd: folder.path });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stderr}${stdout}`);
  return `${stdout}${stderr}`;
}

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(folder.file(name)));
const pems = (text: string, label: string): string[] =>
  text.match(new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`, 'g')) ?? [];

/** Keys and certificates in a text of PEM blocks, as hex. */
function contentsOf(text: string): { readonly keys: readonly string[]; readonly certificates: readonly string[] } {
  const keys = [...pems(text, 'PRIVATE KEY'), ...pems(text, 'ENCRYPTED PRIVATE KEY')]
    .map((pem) => createPrivateKey({ key: pem, passphrase: PASSWORD }))
    .map((one) => formatHex(one.export({ type: 'pkcs8', format: 'der' })));
  return {
    keys,
    certificates: pems(text, 'CERTIFICATE').map((pem) => formatHex(new X509Certificate(pem).raw)),
  };
}

/** A private key in Node's encoding: tools differ in what they put into a PrivateKeyInfo beside the key. */
function pkcs8(der: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return formatHex(key.export({ type: 'pkcs8', format: 'der' }));
}

const bags = (): NewBag[] => [
  { kind: 'certificate', certificate, friendlyName: 'server', localKeyId: LOCAL_KEY_ID },
  { kind: 'shrouded-key', privateKey, friendlyName: 'server', localKeyId: LOCAL_KEY_ID },
];
const javaBags = (): NewBag[] => [
  ...bags(),
  { kind: 'java-secret', secretKey: MASTER_KEY, friendlyName: 'mk1', localKeyId: LOCAL_KEY_ID },
  { kind: 'certificate', certificate, friendlyName: 'trusted', trusted: true },
];

async function writeOurs(profile: ProfileName, contents: NewBag[], password: string = PASSWORD): Promise<string> {
  const name = `ours-${profile}.p12`;
  writeFileSync(folder.file(name), await encodePfx({ bags: contents }, { password, iterations: 1000, profile }));
  return name;
}

const inOrder = (items: unknown[]): unknown[] => items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const key = (name: string | null = 'server'): unknown => ['key', pkcs8(privateKey), name];
const cert = (name: string | null = 'server'): unknown => ['certificate', formatHex(certificate), name];

/** What of a file is compared. */
function summary(opened: UnlockedPfx): unknown[] {
  const one = (bag: Bag): unknown => {
    const name = bag.friendlyName?.toLowerCase() ?? null;
    if (bag.kind === 'certificate') return ['certificate', formatHex(bag.certificate), name];
    if (bag.kind === 'shrouded-key') return ['key', pkcs8(bag.privateKey!.der.expose()), name];
    if (bag.kind === 'java-secret') return ['secret', formatHex(bag.secretKey!.bytes.expose()), name];
    return [bag.kind];
  };
  return inOrder(opened.bags.map(one));
}

async function openTheirs(name: string): Promise<unknown[]> {
  using opened = await parsePfx(read(name)).unlock(PASSWORD);
  expect(opened.macVerified).toBe(true);
  return summary(opened);
}

beforeAll(() => {
  folder = makeTempFolder();
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  privateKey = new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' }));
  writeFileSync(folder.file('key.pem'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  if (!hasPeer('openssl')) return;
  run('openssl', ['req', '-x509', '-key', 'key.pem', '-out', 'cert.pem', '-subj', '/CN=server', '-days', '30']);
  certificate = new Uint8Array(new X509Certificate(readFileSync(folder.file('cert.pem'))).raw);
});
afterAll(() => folder[Symbol.dispose]());

describe.skipIf(!hasPeer('openssl'))('openssl', () => {
  it.each(PROFILES)('opens what we write: %s', async (profile) => {
    const name = await writeOurs(profile, bags());
    const out = run('openssl', ['pkcs12', '-in', name, '-nodes', '-passin', `pass:${PASSWORD}`]);
    expect(contentsOf(out)).toEqual({ keys: [pkcs8(privateKey)], certificates: [formatHex(certificate)] });
    expect(out.match(/friendlyName: server/g)).toHaveLength(2);
    const wrong = runPeer('openssl', ['pkcs12', '-in', name, '-nokeys', '-passin', 'pass:no'], { cwd: folder.path });
    expect(wrong.status).not.toBe(0);
  });

  it('lists the secrets of an Oracle wallet', async () => {
    const alias = 'ORACLE.SECURITY.DB.ENCRYPTION.MASTERKEY';
    const name = await writeOurs('oracle', [{ kind: 'oracle-secret', alias, value: MASTER_KEY }]);
    const out = run('openssl', ['pkcs12', '-in', name, '-info', '-nodes', '-passin', `pass:${PASSWORD}`]);
    expect(out).toContain('Bag Type: 1.2.840.113549.1.16.12.12');
  });

  it('opens what has an empty password, and one beyond ASCII', async () => {
    for (const password of ['', 'pässwörd 🔐']) {
      const name = await writeOurs('modern', bags(), password);
      const out = run('openssl', ['pkcs12', '-in', name, '-nodes', '-passin', `pass:${password}`]);
      expect(contentsOf(out).keys).toHaveLength(1);
    }
  });

  it.each([
    ['its defaults', []],
    ['-legacy', ['-legacy']],
    ['-descert', ['-descert']],
    ['AES, SHA-512', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha512']],
    ['a certificate in the open', ['-certpbe', 'NONE']],
    ['1 iteration of the MAC', ['-nomaciter', '-iter', '7']],
  ])('what it writes opens here: %s', async (_, options) => {
    const out = ['-name', 'Server', '-out', 'theirs.p12', '-passout', `pass:${PASSWORD}`, ...options];
    run('openssl', ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', ...out]);
    expect(await openTheirs('theirs.p12')).toEqual(inOrder([key(), cert()]));
  });
});

describe.skipIf(!hasPeer('keytool') || !hasPeer('openssl'))('keytool', { timeout: 120_000 }, () => {
  const store = (name: string): string[] => ['-keystore', name, '-storepass', PASSWORD];

  it.each(PROFILES)('lists key, certificate and secret of what we write: %s', async (profile) => {
    const out = run('keytool', ['-list', ...store(await writeOurs(profile, javaBags()))]);
    expect(out).toContain('contains 3 entries');
    expect(out).toMatch(/^server, .*PrivateKeyEntry/m);
    expect(out).toMatch(/^mk1, .*SecretKeyEntry/m);
    expect(out).toMatch(/^trusted, .*trustedCertEntry/m);
  });

  it('copies our entries into a file of its own, which opens here with the same contents', async () => {
    const source = ['-srckeystore', await writeOurs('java', javaBags()), '-srcstorepass', PASSWORD];
    run('keytool', [
      '-importkeystore',
      ...source,
      '-destkeystore',
      'copy.p12',
      '-deststorepass',
      PASSWORD,
      '-noprompt',
    ]);
    const copied = await openTheirs('copy.p12');
    const names = copied.map((item) => (item as unknown[])[2]);
    expect(copied).toEqual(
      inOrder([key(), cert(names[0] as string), cert('trusted'), ['secret', formatHex(MASTER_KEY), 'mk1']]),
    );
  });

  it('what it writes opens here: private key, certificate, trusted certificate, AES key', async () => {
    run('keytool', ['-genseckey', '-alias', 'Aes', '-keyalg', 'AES', '-keysize', '256', ...store('java.p12')]);
    run('keytool', ['-importcert', '-alias', 'Root', '-file', 'cert.pem', '-noprompt', ...store('java.p12')]);
    run('keytool', ['-genkeypair', '-alias', 'Pair', '-keyalg', 'EC', '-dname', 'CN=pair', ...store('java.p12')]);
    using opened = await parsePfx(read('java.p12')).unlock(PASSWORD);
    expect(opened.quirks).toEqual([]);
    const entry = (name: string) => opened.bags.find((b) => b.friendlyName === name && b.kind !== 'certificate');
    expect(entry('aes')).toMatchObject({
      kind: 'java-secret',
      secretKey: { algorithmName: 'AES', bytes: { length: 32 } },
    });
    expect(entry('pair')).toMatchObject({ kind: 'shrouded-key', privateKey: { algorithmName: 'EC' } });
    expect(new TextDecoder().decode(entry('pair')?.localKeyId ?? undefined)).toMatch(/^Time \d+$/);
    const root = opened.bags.find((b) => b.trustedUsages !== null);
    expect(root).toMatchObject({ friendlyName: 'Root', certificate, trustedUsages: ['2.5.29.37.0'] });
  });

  it('lists a rewrite of its own file with one entry added', async () => {
    run('keytool', ['-genseckey', '-alias', 'first', '-keyalg', 'AES', '-keysize', '256', ...store('grow.p12')]);
    using opened = await parsePfx(read('grow.p12')).unlock(PASSWORD);
    const [safe] = opened.safes;
    const second: NewBag = {
      kind: 'java-secret',
      secretKey: MASTER_KEY,
      friendlyName: 'second',
      localKeyId: LOCAL_KEY_ID,
    };
    const safes = [{ like: safe!, bags: [...safe!.bags!, second], encrypt: false }];
    writeFileSync(folder.file('grown.p12'), await encodePfx({ safes }, { session: opened.session }));
    const out = run('keytool', ['-list', ...store('grown.p12')]);
    expect(out).toMatch(/^first, .*SecretKeyEntry/m);
    expect(out).toMatch(/^second, .*SecretKeyEntry/m);
  });
});

describe.skipIf(!hasPeer('certtool') || !hasPeer('openssl'))('certtool', () => {
  it.each(PROFILES)('opens what we write: %s', async (profile) => {
    const name = await writeOurs(profile, bags());
    const out = run('certtool', ['--p12-info', '--inder', '--infile', name, '--password', PASSWORD]);
    expect(contentsOf(out)).toEqual({ keys: [pkcs8(privateKey)], certificates: [formatHex(certificate)] });
    expect(out.toLowerCase()).toContain('friendly name: server');
  });

  it.each([
    ['its defaults', []],
    ['3des-pkcs12', ['--pkcs-cipher', '3des-pkcs12']],
    ['aes-256', ['--pkcs-cipher', 'aes-256']],
  ])('what it writes opens here: %s', async (_, options) => {
    const out = ['--p12-name', 'Server', '--outder', '--outfile', 'gnutls.p12', '--password', PASSWORD, ...options];
    run('certtool', ['--to-p12', '--load-privkey', 'key.pem', '--load-certificate', 'cert.pem', ...out]);
    expect(await openTheirs('gnutls.p12')).toEqual(inOrder([key(), cert()]));
  });
});

describe.skipIf(!hasPeer('pk12util') || !hasPeer('openssl'))('pk12util', () => {
  it.each(PROFILES)('lists what we write: %s', async (profile) => {
    const out = run('pk12util', ['-l', await writeOurs(profile, bags()), '-W', PASSWORD]);
    expect(out).toContain('Key(shrouded)');
    expect(out).toContain('Friendly Name: server');
    expect(out).toContain('CN=server');
  });

  it('imports what we write, and what it exports again opens here', async () => {
    const database = ['-d', 'sql:.', '-K', ''];
    run('certutil', ['-N', '-d', 'sql:.', '--empty-password']);
    run('pk12util', ['-i', await writeOurs('modern', bags()), '-W', PASSWORD, ...database]);
    run('pk12util', ['-o', 'nss.p12', '-n', 'server', '-W', PASSWORD, ...database]);
    expect(await openTheirs('nss.p12')).toEqual(inOrder([key(), cert()]));
  });
});
