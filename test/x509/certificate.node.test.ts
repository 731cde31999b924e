import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate, parseCertificateRequest, parsePem, parsePrivateKeyInfo } from '../../src/x509/index.ts';
import { hasPeer, makeTempFolder, runPeer, type TempFolder } from '../support/peers.ts';

const KEYS: readonly (readonly [name: string, args: readonly string[], expected: object])[] = [
  ['rsa', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], { algorithm: 'RSA', bits: 2048, curve: null }],
  ['p256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], { algorithm: 'EC', bits: 256, curve: 'P-256' }],
  ['p521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'], { algorithm: 'EC', bits: 521, curve: 'P-521' }],
  ['ed25519', ['-algorithm', 'ED25519'], { algorithm: 'Ed25519', bits: 256, curve: null }],
];

const EXTENSIONS = [
  'basicConstraints=critical,CA:TRUE,pathlen:2',
  'keyUsage=critical,digitalSignature,keyCertSign,cRLSign',
  'extendedKeyUsage=serverAuth,clientAuth,1.2.3.4',
  'subjectAltName=DNS:example.org,IP:127.0.0.1,IP:2001:db8::1,email:a@b.c,URI:https://example.org/x,RID:1.2.3,dirName:other,otherName:1.2.3.4;UTF8:hello',
  'subjectKeyIdentifier=hash',
  'authorityInfoAccess=OCSP;URI:http://ocsp.example.org',
  'crlDistributionPoints=URI:http://crl.example.org/a.crl',
  'certificatePolicies=2.23.140.1.2.1,1.2.3.9',
  '1.2.3.4.5=DER:0403010203',
];
const CONFIG = `[req]\ndistinguished_name=dn\n[dn]\n[x]\n${EXTENSIONS.join('\n')}\n[other]\nCN=directory\n`;
const SUBJECT = '/C=CN/O=Yin, Zhang\\+Co/OU=钥匙/CN=keyward "test"/emailAddress=a@b.c';

describe.skipIf(!hasPeer('openssl'))('certificates made by OpenSSL', () => {
  let folder: TempFolder;
  beforeAll(() => {
    folder = makeTempFolder();
    writeFileSync(folder.file('config'), CONFIG);
  });
  afterAll(() => folder[Symbol.dispose]());

  function make(name: string, args: readonly string[]): void {
    run(['genpkey', ...args, '-out', `${name}.key`]);
    const common = ['req', '-new', '-utf8', '-key', `${name}.key`, '-subj', SUBJECT, '-config', 'config'];
    run([
      ...common,
      '-x509',
      '-days',
      '30',
      '-set_serial',
      '0x0123456789abcdef',
      '-extensions',
      'x',
      '-out',
      `${name}.pem`,
    ]);
    run([...common, '-reqexts', 'x', '-out', `${name}.csr`]);
  }
  function run(args: readonly string[]): void {
    const { status, stderr } = runPeer('openssl', args, { cwd: folder.path });
    expect(stderr, args[0]).toSatisfy(() => status === 0);
  }
  const block = (name: string) => {
    const [first] = parsePem(readFileSync(folder.file(name), 'utf8'));
    expect(first).toBeDefined();
    return first!;
  };

  it.each(KEYS)('%s', (name, args, expected) => {
    make(name, args);
    const { label, bytes } = block(`${name}.pem`);
    expect(label).toBe('CERTIFICATE');
    const summary = parseCertificate(bytes);
    const oracle = new X509Certificate(bytes);
    expect(summary).toMatchObject({ version: 3, serialNumber: '0123456789abcdef', isCa: true, selfIssued: true });
    expect(summary.publicKey).toMatchObject(expected);
    expect(summary.notAfter.getTime()).toBe(Date.parse(oracle.validTo));
    expect(summary.notBefore.getTime()).toBe(Date.parse(oracle.validFrom));
    expect(summary.fingerprints.sha256).toBe(oracle.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(summary.fingerprints.sha1).toBe(oracle.fingerprint.replaceAll(':', '').toLowerCase());
    expect(summary.subject.text).toBe('emailAddress=a@b.c,CN=keyward \\"test\\",OU=钥匙,O=Yin\\, Zhang\\+Co,C=CN');
    expect(summary.keyUsage).toEqual(['digitalSignature', 'keyCertSign', 'cRLSign']);
    expect(summary.extendedKeyUsage).toEqual(['serverAuth', 'clientAuth', '1.2.3.4']);
    expect(summary.subjectAlternativeNames).toEqual([
      'DNS:example.org',
      'IP:127.0.0.1',
      'IP:2001:db8:0:0:0:0:0:1',
      'email:a@b.c',
      'URI:https://example.org/x',
      'RID:1.2.3',
      'dirName:CN=directory',
      'otherName:1.2.3.4:hello',
    ]);
    const lines = Object.fromEntries(summary.extensions.map((e) => [e.name, e.lines]));
    expect(lines).toMatchObject({
      basicConstraints: ['CA', 'path length 2'],
      authorityInfoAccess: ['OCSP URI:http://ocsp.example.org'],
      cRLDistributionPoints: ['URI:http://crl.example.org/a.crl'],
      certificatePolicies: ['domain-validated', '1.2.3.9'],
      '1.2.3.4.5': ['0403010203'],
    });
    expect(parsePrivateKeyInfo(block(`${name}.key`).bytes)).toMatchObject(expected);
    const request = parseCertificateRequest(block(`${name}.csr`).bytes);
    expect(request.publicKey).toMatchObject(expected);
    expect(request.extensions.map((e) => e.name)).toContain('subjectAltName');
  });

  it('every cut and every changed byte gives a certificate or a clear error', () => {
    make('mutant', ['-algorithm', 'ED25519']);
    const { bytes } = block('mutant.pem');
    for (let i = 0; i < bytes.length; i++) {
      expect(() => parseCertificate(bytes.subarray(0, i))).toThrowError(
        expect.objectContaining({ name: 'FormatError' }),
      );
      const changed = bytes.slice();
      changed[i] = (changed[i] as number) ^ 0x55;
      try {
        parseCertificate(changed);
      } catch (error) {
        expect(error).toMatchObject({ name: 'FormatError', code: expect.stringMatching(/^ERR_DER_/) });
      }
    }
  });
});

describe('parsePem', () => {
  it('finds blocks among text, with headers', () => {
    const text =
      'before\n-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\nAAEC\n-----END A-----\nbetween\r\n-----BEGIN B C-----\r\nAw==\r\n-----END B C-----\r\n';
    expect(parsePem(text)).toEqual([
      {
        label: 'A',
        headers: { 'Proc-Type': '4,ENCRYPTED', 'DEK-Info': 'X,00' },
        bytes: Uint8Array.of(0, 1, 2),
        offset: 7,
      },
      { label: 'B C', headers: {}, bytes: Uint8Array.of(3), offset: text.indexOf('-----BEGIN B C') },
    ]);
  });

  it('refuses a block without its end, or that is not base64', () => {
    expect(() => parsePem('-----BEGIN A-----\nAAEC\n')).toThrowError(
      expect.objectContaining({ code: 'ERR_PEM', offset: 0 }),
    );
    expect(() => parsePem('text\n-----BEGIN A-----\nAA*C\n-----END A-----')).toThrowError(
      expect.objectContaining({ code: 'ERR_PEM', offset: 5, message: 'the block "A" is not base64' }),
    );
  });
});
