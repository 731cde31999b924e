// node src/web/build-samples.mjs: makes the page's built-in samples, with throw-away passwords, into generated/samples.ts, which is
// committed: salts are random, so every run makes others. Needs a built dist/ and openssl.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePfx } from '../../dist/pkcs12/index.js';
import { encodeTtlv, parseTtlvXml } from '../../dist/ttlv/index.js';
import { createWallet } from '../../dist/wallet/index.js';

const utf8 = (text) => new TextEncoder().encode(text);
const day = (n) => new Date(Date.UTC(2025, 0, 1 + n, 9, 30));

/** A wallet of ours: rotated twice, a key in reserve, keyring keys of two accounts. */
async function own() {
  let now = day(0);
  const wallet = await createWallet('correct horse battery staple', { now: () => now });
  wallet.setKey({ keyTag: 'first' });
  now = day(180);
  wallet.setKey({ keyTag: 'second half of the year' });
  wallet.markBackedUp();
  now = day(365);
  wallet.setKey({ keyTag: '财务数据库' });
  wallet.createKey({ keyTag: 'in reserve' });
  const key = () => crypto.getRandomValues(new Uint8Array(32));
  wallet.addKeyringEntry({ owner: 'root@localhost', id: 'MyKey', type: 'AES', key: key() });
  wallet.addKeyringEntry({ owner: 'app@%', id: 'payments', type: 'SECRET', key: utf8('a throw-away secret') });
  return await wallet.encode();
}

/** As Oracle's tools write it: 10,000 iterations, entries of bookkeeping whose layout is not public, a stored login. */
async function oracle() {
  const wallet = await createWallet('Welcome_1', { profile: 'oracle', now: () => day(40) });
  const { keyId } = wallet.setKey({});
  const plain = await wallet.encode();
  const again = await (await import('../../dist/pkcs12/index.js')).parsePfx(plain).unlock('Welcome_1');
  const secret = (alias, value) => ({ kind: 'oracle-secret', alias, value: utf8(value) });
  const masters = again.bags.filter((bag) => bag.kind === 'oracle-secret' && bag.alias.startsWith('ORACLE.'));
  const bags = [
    ...masters,
    secret(`ORACLE.SECURITY.KM.ENCRYPTION.${keyId}`, 'AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
    secret('ORACLE.SECURITY.KB.ENCRYPTION.', 'AA=='),
    secret('ORACLE.SECURITY.ID.ENCRYPTION.', 'AA=='),
    secret('oracle.security.client.connect_string1', 'orders.example.org/ORDERS'),
    secret('oracle.security.client.username1', 'orders_app'),
    secret('oracle.security.client.password1', 'a throw-away password'),
  ];
  return await encodePfx({ bags }, { password: 'Welcome_1', profile: 'oracle' });
}

/** A Java keystore: a key with its certificate, a certificate trusted, a secret key. */
async function java() {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-samples-'));
  try {
    const run = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    const make = (name, subject, ...more) => {
      const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
      run('req', '-x509', ...ec, '-out', `${name}.pem`, '-subj', subject, ...more);
      run('x509', '-in', `${name}.pem`, '-outform', 'DER', '-out', `${name}.der`);
      run('pkcs8', '-topk8', '-nocrypt', '-in', `${name}.key`, '-outform', 'DER', '-out', `${name}.p8`);
    };
    const san = [
      '-addext',
      'subjectAltName=DNS:db.example.org,IP:192.0.2.7',
      '-addext',
      'extendedKeyUsage=serverAuth,clientAuth',
    ];
    make('server', '/O=Example/CN=db.example.org', '-days', '3650', ...san);
    make('root', '/O=Example/CN=Example Root', '-days', '7300');
    const read = (name) => new Uint8Array(readFileSync(join(folder, name)));
    const localKeyId = utf8('Time 1735722600000');
    const bags = [
      { kind: 'shrouded-key', privateKey: read('server.p8'), friendlyName: 'server', localKeyId },
      { kind: 'certificate', certificate: read('server.der'), friendlyName: 'server', localKeyId },
      { kind: 'certificate', certificate: read('root.der'), friendlyName: 'root', trusted: true },
      { kind: 'java-secret', secretKey: crypto.getRandomValues(new Uint8Array(32)), friendlyName: 'aes' },
    ];
    return await encodePfx({ bags }, { password: 'changeit', profile: 'java' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The answer to a Get of an AES key. */
function message() {
  return encodeTtlv(
    parseTtlvXml(`<ResponseMessage>
  <ResponseHeader>
    <ProtocolVersion>
      <ProtocolVersionMajor type="Integer" value="1"/>
      <ProtocolVersionMinor type="Integer" value="1"/>
    </ProtocolVersion>
    <TimeStamp type="DateTime" value="2025-01-01T09:30:00+00:00"/>
    <BatchCount type="Integer" value="1"/>
  </ResponseHeader>
  <BatchItem>
    <Operation type="Enumeration" value="Get"/>
    <ResultStatus type="Enumeration" value="Success"/>
    <ResponsePayload>
      <ObjectType type="Enumeration" value="SymmetricKey"/>
      <UniqueIdentifier type="TextString" value="2c23217e-f53c-4bdf-ad0a-58a31fd3d4b6"/>
      <SymmetricKey>
        <KeyBlock>
          <KeyFormatType type="Enumeration" value="Raw"/>
          <KeyValue>
            <KeyMaterial type="ByteString" value="${'5a'.repeat(32)}"/>
          </KeyValue>
          <CryptographicAlgorithm type="Enumeration" value="AES"/>
          <CryptographicLength type="Integer" value="256"/>
        </KeyBlock>
      </SymmetricKey>
    </ResponsePayload>
  </BatchItem>
</ResponseMessage>`),
  );
}

const samples = [
  ['own', 'ewallet.p12', 'correct horse battery staple', await own()],
  ['oracle', 'ewallet-oracle.p12', 'Welcome_1', await oracle()],
  ['java', 'keystore.p12', 'changeit', await java()],
  ['message', 'get-response.ttlv', '', message()],
];
const lines = samples.map(
  ([id, file, password, bytes]) =>
    `  {\n    id: '${id}',\n    file: '${file}',\n    password: '${password}',\n    base64:\n      '${Buffer.from(bytes).toString('base64')}',\n  },\n`,
);
mkdirSync(new URL('generated/', import.meta.url), { recursive: true });
writeFileSync(
  new URL('generated/samples.ts', import.meta.url),
  `// Generated by build-samples.mjs. Do not edit.

/** A built-in sample. Its password is no secret. */
export interface Sample {
  readonly id: 'own' | 'oracle' | 'java' | 'message';
  readonly file: string;
  readonly password: string;
  readonly base64: string;
}

/** The samples, in the order in which they are offered. */
export const SAMPLES: readonly Sample[] = [
${lines.join('')}];
`,
);
