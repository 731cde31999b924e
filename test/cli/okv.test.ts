import { createPrivateKey } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFiles } from '../../src/cli/okv/check.ts';
import { fromPem, initDirectory } from '../../src/cli/okv/init.ts';
import { protectKey, unprotectKey } from '../../src/cli/okv/protect.ts';
import { Secret } from '../../src/secret.ts';
import {
  type CertificateFiles,
  convertKey,
  makeAuthority,
  openssl,
  type TestAuthority,
} from '../support/certificates.ts';
import { errorOf } from '../support/errors.ts';
import { hasPeer, makeTempFolder } from '../support/peers.ts';
import { commandIn } from './run.ts';

const folder = makeTempFolder();
const keyward = commandIn(folder.path);
/** After all certificates were made. */
const NOW = new Date(Date.now() + 3_600_000);
let authority: TestAuthority;
let client: CertificateFiles;
afterAll(() => folder[Symbol.dispose]());

const mode = (path: string): string => (statSync(folder.file(path)).mode & 0o777).toString(8);
const read = (path: string): string => readFileSync(folder.file(path), 'utf8');
const pemArguments = (files: CertificateFiles = client): string[] => [
  '--from-pem',
  authority.ca,
  files.cert,
  files.key,
];

/** A fresh configuration directory, as `init` makes it. */
function makeDirectory(name: string, files: CertificateFiles = client): string {
  const material = fromPem(authority.ca, files.cert, files.key, null);
  initDirectory(folder.file(name), { servers: [{ host: 'localhost', port: 5696 }], material });
  return folder.file(name);
}

describe.skipIf(!hasPeer('openssl'))('keyward okv', () => {
  beforeAll(() => {
    authority = makeAuthority(folder.file('ca'), 'ecdsa');
    client = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    writeFileSync(folder.file('pw'), 'correct horse\n', { mode: 0o600 });
    writeFileSync(folder.file('wrong'), 'wrong\n', { mode: 0o600 });
  });

  describe('init', () => {
    it('makes a directory from PEM files that only its owner and his group read', async () => {
      const args = ['okv', 'init', 'a/okv', '--server', '198.51.100.20:9002', '--standby', '203.0.113.125:8041,[::1]'];
      const ended = await keyward([...args, ...pemArguments()]);
      expect(ended).toMatchObject({ status: 0, err: '' });
      expect(read('a/okv/okvclient.ora')).toBe(
        'SERVER=198.51.100.20:9002\nSTANDBY_SERVER=203.0.113.125:8041,[::1]:5696\n',
      );
      expect(['a/okv', 'a/okv/ssl'].map(mode)).toEqual(['750', '750']);
      expect(['CA.pem', 'cert.pem', 'key.pem'].map((name) => mode(`a/okv/ssl/${name}`))).toEqual(['640', '640', '600']);
      expect(read('a/okv/ssl/key.pem')).toBe(readFileSync(client.key, 'utf8'));
      expect(readdirSync(folder.file('a/okv')).sort()).toEqual(['okvclient.ora', 'ssl']);
      expect(await keyward([...args, ...pemArguments()])).toMatchObject({
        status: 5,
        err: expect.stringContaining('ERR_OKV_EXISTS'),
      });
    });

    it('keeps an encrypted key encrypted, with its password beside it', async () => {
      convertKey(client.key, folder.file('des3.pem'), 'des3', 'correct horse');
      const args = (dir: string, pw: string) =>
        keyward([
          'okv',
          'init',
          dir,
          '--server',
          'a',
          '--from-pem',
          authority.ca,
          client.cert,
          'des3.pem',
          '--password-file',
          pw,
        ]);
      expect(await args('b', 'wrong')).toMatchObject({ status: 3, out: '' });
      expect(existsSync(folder.file('b'))).toBe(false);
      expect(await args('b', 'pw')).toMatchObject({ status: 0, err: '' });
      expect(read('b/ssl/key.pem')).toContain('Proc-Type: 4,ENCRYPTED');
      expect([read('b/ssl/password.txt'), mode('b/ssl/password.txt')]).toEqual(['correct horse\n', '600']);
    });

    it('takes a PKCS#12 file, of old algorithms too', async () => {
      const p12 = folder.file('client.p12');
      openssl([
        'pkcs12',
        '-export',
        '-legacy',
        '-inkey',
        client.key,
        '-in',
        client.cert,
        '-certfile',
        authority.ca,
        '-out',
        p12,
        '-passout',
        'pass:correct horse',
      ]);
      const ended = await keyward(['okv', 'init', 'c', '--server', 'a', '--from-p12', p12, '--password-file', 'pw']);
      expect(ended).toMatchObject({ status: 0, err: '' });
      expect(checkFiles(folder.file('c'), NOW)).toMatchObject({ usable: true });
      expect(openssl(['x509', '-in', folder.file('c/ssl/cert.pem'), '-noout', '-subject']).toString()).toContain(
        'client-a',
      );
      expect(openssl(['x509', '-in', folder.file('c/ssl/CA.pem'), '-noout', '-subject']).toString()).toContain(
        'Test KMIP CA',
      );
    });

    it('takes okvclient.jar, with its servers', async () => {
      const pem = (file: string) => new Uint8Array(readFileSync(file));
      const files = {
        'ssl/CA.pem': pem(authority.ca),
        'ssl/cert.pem': pem(client.cert),
        'ssl/key.pem': pem(client.key),
      };
      const config = new TextEncoder().encode('SERVER=198.51.100.20:9002\nSSL_WALLET_LOC=/x\n');
      const jar = { ...files, 'conf/okvclient.ora': config, '../evil': config, 'lib/x.so': new Uint8Array(9) };
      writeFileSync(folder.file('okvclient.jar'), zipSync(jar));
      expect(await keyward(['okv', 'init', 'd', '--from-jar', 'okvclient.jar'])).toMatchObject({ status: 0, err: '' });
      expect(read('d/okvclient.ora')).toBe('SERVER=198.51.100.20:9002\nSSL_WALLET_LOC=/x\n');
      expect(readdirSync(folder.file('d/ssl')).sort()).toEqual(['CA.pem', 'cert.pem', 'key.pem']);
      expect(existsSync(folder.file('evil'))).toBe(false);

      writeFileSync(folder.file('bare.jar'), zipSync(files));
      expect(await keyward(['okv', 'init', 'e', '--from-jar', 'bare.jar'])).toMatchObject({
        status: 2,
        err: expect.stringContaining('ERR_OKV_SERVER_MISSING'),
      });
      writeFileSync(folder.file('big.jar'), zipSync({ ...files, 'ssl/CA.pem': new Uint8Array(2 * 1024 * 1024) }));
      writeFileSync(folder.file('no.jar'), 'PK');
      for (const [name, said] of [
        ['big', 'is too large'],
        ['no', 'is no jar that can be read'],
      ] as const)
        expect(await keyward(['okv', 'init', 'e', '--from-jar', `${name}.jar`])).toMatchObject({
          status: 8,
          err: expect.stringContaining(said),
        });
      expect(existsSync(folder.file('e'))).toBe(false);
    });

    it('refuses a key of another certificate before anything is written', async () => {
      const other = authority.issue('other', { commonName: 'x', usage: 'clientAuth' });
      const ended = await keyward([
        'okv',
        'init',
        'f',
        '--server',
        'a',
        ...pemArguments({ cert: client.cert, key: other.key }),
      ]);
      expect(ended).toMatchObject({
        status: 8,
        err: expect.stringContaining('Private key does not match the certificate public key'),
      });
      expect(existsSync(folder.file('f'))).toBe(false);
    });
  });

  describe('protect and unprotect', () => {
    it.each([
      ['pkcs8', 'ENCRYPTED PRIVATE KEY'],
      ['des3', 'DEK-Info: DES-EDE3-CBC'],
    ])('put the key under a password and take it out again: %s', async (form, mark) => {
      const name = `protect-${form}`;
      const directory = makeDirectory(name);
      const plain = createPrivateKey(read(`${name}/ssl/key.pem`));
      expect(await keyward(['okv', 'protect', name, '--form', form, '--password-file', 'pw'])).toMatchObject({
        status: 0,
        err: '',
      });
      expect(read(`${name}/ssl/key.pem`)).toContain(mark);
      expect(['key.pem', 'password.txt'].map((file) => mode(`${name}/ssl/${file}`))).toEqual(['600', '600']);
      // As the manual verifies it.
      const ssl = join(directory, 'ssl');
      const shown = openssl(['pkey', '-in', 'key.pem', '-passin', 'file:password.txt'], { cwd: ssl });
      expect(createPrivateKey(shown).equals(plain)).toBe(true);
      expect(await keyward(['okv', 'protect', name, '--password-file', 'pw'])).toMatchObject({
        status: 5,
        err: expect.stringContaining('ERR_OKV_PROTECTED'),
      });
      expect(await keyward(['okv', 'unprotect', name, '--password-file', 'wrong'])).toMatchObject({ status: 3 });
      expect(await keyward(['okv', 'unprotect', name])).toMatchObject({ status: 0, err: '' });
      expect(createPrivateKey(read(`${name}/ssl/key.pem`)).equals(plain)).toBe(true);
      expect(readdirSync(ssl).sort()).toEqual(['CA.pem', 'cert.pem', 'key.pem']);
      expect(await keyward(['okv', 'unprotect', name])).toMatchObject({ status: 5 });
    });

    it('makes a password of its own, which nothing prints', async () => {
      makeDirectory('generated');
      const ended = await keyward(['okv', 'protect', 'generated', '--generate']);
      expect(ended).toMatchObject({ status: 0, err: '' });
      const password = read('generated/ssl/password.txt').trim();
      expect(password).toMatch(/^[\w-]{32}$/);
      expect(ended.out).not.toContain(password);
      expect(checkFiles(folder.file('generated'), NOW).usable).toBe(true);
    });

    it('leaves everything as it was when it fails', async () => {
      const directory = makeDirectory('kept');
      const before = read('kept/ssl/key.pem');
      using password = Secret.fromText('correct horse');
      // The password file that is there holds another password.
      writeFileSync(join(directory, 'ssl/password.txt'), 'another\n');
      expect(errorOf(() => protectKey(directory, password, 'pkcs8')).code).toBe('ERR_FILE_EXISTS');
      rmSync(join(directory, 'ssl/password.txt'));
      // The key is of a kind without a traditional form.
      const ed25519 = openssl(['genpkey', '-algorithm', 'ed25519']);
      writeFileSync(folder.file('ed.pem'), ed25519);
      openssl([
        'req',
        '-x509',
        '-key',
        folder.file('ed.pem'),
        '-subj',
        '/CN=x',
        '-out',
        join(directory, 'ssl/cert.pem'),
      ]);
      writeFileSync(join(directory, 'ssl/key.pem'), ed25519);
      expect(errorOf(() => protectKey(directory, password, 'des3')).code).toBe('ERR_OKV_KEY');
      expect(read('kept/ssl/key.pem')).toBe(ed25519.toString());
      expect(readdirSync(join(directory, 'ssl')).sort()).toEqual(['CA.pem', 'cert.pem', 'key.pem']);
      // And it is not the certificate's.
      writeFileSync(join(directory, 'ssl/key.pem'), before);
      expect(errorOf(() => protectKey(directory, password, 'pkcs8')).code).toBe('ERR_OKV_KEY_MISMATCH');
      using empty = Secret.fromText('');
      expect(errorOf(() => protectKey(directory, empty, 'pkcs8')).code).toBe('ERR_PASSWORD');
      expect(read('kept/ssl/key.pem')).toBe(before);
    });

    it('keeps a mode that lets the group read', async () => {
      const directory = makeDirectory('group');
      chmodSync(join(directory, 'ssl/key.pem'), 0o640);
      using password = Secret.fromText('correct horse');
      protectKey(directory, password, 'pkcs8');
      expect([mode('group/ssl/key.pem'), mode('group/ssl/password.txt')]).toEqual(['640', '640']);
      unprotectKey(directory, null);
      expect(mode('group/ssl/key.pem')).toBe('640');
    });
  });

  describe('check, the files', () => {
    const found = (directory: string, now = NOW) =>
      checkFiles(directory, now)
        .checks.filter((c) => c.verdict !== 'ok')
        .map((c) => `${c.verdict} ${c.name}: ${c.detail}`);

    it('finds nothing wrong with what init made', async () => {
      const directory = makeDirectory('good');
      expect(found(directory)).toEqual([]);
      expect(checkFiles(directory, NOW).usable).toBe(true);
      const { status, out } = await keyward(['okv', 'check', 'good', '--offline']);
      expect({ status, last: out.trim().split('\n').at(-1) }).toEqual({ status: 0, last: 'everything fits' });
    });

    it('warns of what others may read; --strict fails', async () => {
      const directory = makeDirectory('open');
      chmodSync(join(directory, 'ssl/key.pem'), 0o644);
      chmodSync(directory, 0o755);
      expect(found(directory)).toEqual([
        `warn permissions: ${directory} has mode 0755`,
        `warn permissions: ${join(directory, 'ssl/key.pem')} has mode 0644`,
      ]);
      expect(await keyward(['okv', 'check', 'open', '--offline'])).toMatchObject({
        status: 0,
        out: expect.stringContaining(`hint: chmod 0640 ${join('open', 'ssl/key.pem')}`),
      });
      expect(await keyward(['okv', 'check', 'open', '--offline', '--strict'])).toMatchObject({ status: 10 });
    });

    it.each<[string, (directory: string) => void, string]>([
      ['no okvclient.ora', (d) => rmSync(join(d, 'okvclient.ora')), 'fail okvclient.ora: there is no file'],
      [
        'no server',
        (d) => writeFileSync(join(d, 'okvclient.ora'), '#'),
        'fail okvclient.ora: Could not find entry for server',
      ],
      [
        'an odd line',
        (d) => writeFileSync(join(d, 'okvclient.ora'), 'SERVER=a\nx'),
        'warn okvclient.ora: line 2: a line that is no key=value',
      ],
      ['no authority', (d) => rmSync(join(d, 'ssl/CA.pem')), 'fail CA.pem: there is no file'],
      [
        'no certificate in its file',
        (d) => writeFileSync(join(d, 'ssl/cert.pem'), 'x'),
        'fail cert.pem: there is no certificate',
      ],
      [
        'no key in its file',
        (d) => writeFileSync(join(d, 'ssl/key.pem'), 'x'),
        'fail key.pem: there is no private key',
      ],
      [
        'a damaged key',
        (d) => writeFileSync(join(d, 'ssl/key.pem'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'),
        'cannot be read',
      ],
      [
        'no password',
        (d) => convertKey(client.key, join(d, 'ssl/key.pem'), 'pkcs8', 'p'),
        'is encrypted and there is no password for it',
      ],
      [
        'a wrong password',
        (d) => {
          convertKey(client.key, join(d, 'ssl/key.pem'), 'des3', 'pppp');
          writeFileSync(join(d, 'ssl/password.txt'), 'wrong\n', { mode: 0o600 });
        },
        'fail key.pem: wrong password or damaged file',
      ],
      [
        'no authority’s certificate',
        (d) => cpSync(client.cert, join(d, 'ssl/CA.pem')),
        'warn CA.pem: the certificate is not marked as that of an authority',
      ],
    ])('says what is wrong: %s', async (name, spoil, expected) => {
      const directory = folder.file(`spoilt ${name}`);
      cpSync(folder.file('good'), directory, { recursive: true });
      spoil(directory);
      expect(found(directory).join('\n')).toContain(expected);
      expect(checkFiles(directory, NOW).checks.length).toBeGreaterThan(3); // it goes on after a failure
    });

    it('looks at validity, usage and the pair of key and certificate', async () => {
      const directory = folder.file('good');
      const inYears = (years: number) => new Date(NOW.getTime() + years * 365.25 * 86_400_000);
      expect(found(directory, inYears(11)).join('\n')).toMatch(
        /fail cert\.pem: CN=client-a; expired on \d{4}-\d\d-\d\d/,
      );
      expect(found(directory, inYears(-1)).join('\n')).toContain('not valid before');
      expect(found(directory, new Date(NOW.getTime() + 3640 * 86_400_000)).join('\n')).toContain('warn cert.pem');
      for (const [usage, expected] of [
        ['serverAuth', 'fail cert.pem: its extended key usage lacks clientAuth'],
        ['none', 'warn cert.pem: it has no extended key usage'],
      ] as const) {
        const made = makeDirectory(`usage-${usage}`, authority.issue(`c-${usage}`, { commonName: 'c', usage }));
        expect(found(made)).toEqual([expected]);
      }
      const other = authority.issue('other2', { commonName: 'x', usage: 'clientAuth' });
      const mismatch = makeDirectory('mismatch');
      cpSync(other.key, join(mismatch, 'ssl/key.pem'));
      expect(found(mismatch)).toEqual([
        'fail key and certificate: Private key does not match the certificate public key',
      ]);
      expect(checkFiles(mismatch, NOW).usable).toBe(false);
    });

    it('prints JSON, and fails for what is no directory', async () => {
      const { status, out } = await keyward(['okv', 'check', 'nowhere', '--json']);
      expect(status).toBe(10);
      expect(JSON.parse(out)).toMatchObject({ verdict: 'fail', checks: [{ name: 'directory', verdict: 'fail' }] });
    });
  });
});
