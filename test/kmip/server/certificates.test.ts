/** The server's own authority: what openssl and Node say of its certificates. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createAuthority,
  exportPrivateKey,
  importPrivateKey,
  issueCertificate,
} from '../../../src/kmip/server/certificates.ts';
import { errorOf } from '../../support/errors.ts';
import { hasPeer, runPeer } from '../../support/peers.ts';

const NOW = new Date('2026-05-01T00:00:00Z');
const authority = () => createAuthority('keyward test', NOW, 3650);

describe('certificates', () => {
  it('are issued by the authority for one purpose, with names', () => {
    const ca = authority();
    const server = issueCertificate(ca, {
      commonName: 'localhost',
      usage: 'server',
      names: ['localhost', '127.0.0.1', '::1', '2001:db8::ff:0', '::ffff:1.2.3.4'],
      notBefore: NOW,
      days: 825,
    });
    const root = new X509Certificate(ca.certificate);
    const leaf = new X509Certificate(server.certificate);
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(server.privateKey)).toBe(true);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    for (const address of ['127.0.0.1', '::1', '2001:db8::ff:0', '::ffff:1.2.3.4'])
      expect(leaf.checkIP(address)).toBe(address);
    expect(leaf.checkIP('2001:db8::ff')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(new Date(leaf.validFrom).toISOString()).toBe('2026-04-30T23:00:00.000Z');
    expect(new Date(leaf.validTo).getTime() - NOW.getTime()).toBe(825 * 86_400_000);
  });

  it('write times from 2050 on as GeneralizedTime', () => {
    const leaf = issueCertificate(authority(), { commonName: 'late', usage: 'client', notBefore: NOW, days: 9000 });
    expect(new Date(new X509Certificate(leaf.certificate).validTo).getUTCFullYear()).toBe(2050);
  });

  it('keep any name to itself: quotes, slashes and other scripts', () => {
    for (const commonName of ['a', 'client/CN=other', 'x, CN=y', '密钥', 'É"\\+']) {
      const leaf = issueCertificate(authority(), { commonName, usage: 'client', notBefore: NOW, days: 1 });
      expect(new X509Certificate(leaf.certificate).toLegacyObject().subject).toEqual({ CN: commonName });
    }
    for (const commonName of ['', 'x'.repeat(65), 'a\nb', 'a\0b']) {
      const issue = () => issueCertificate(authority(), { commonName, usage: 'client', notBefore: NOW, days: 1 });
      expect(errorOf(issue).code).toBe('ERR_CERTIFICATE_NAME');
    }
    const issue = () =>
      issueCertificate(authority(), { commonName: 'a', usage: 'server', names: ['a b'], notBefore: NOW, days: 1 });
    expect(errorOf(issue).code).toBe('ERR_CERTIFICATE_NAME');
  });

  it('export and import keys', () => {
    const { privateKey } = authority();
    const der = exportPrivateKey(privateKey);
    expect(importPrivateKey(der).equals(privateKey)).toBe(true);
    expect(createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }).asymmetricKeyDetails).toEqual({
      namedCurve: 'prime256v1',
    });
  });

  it.skipIf(!hasPeer('openssl'))('pass openssl with strict checks, each for its own purpose only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyward-certificates-'));
    try {
      const ca = authority();
      const start = new Date();
      const write = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const root = write('ca.pem', createAuthority('now', start, 10).certificate);
      expect(ca.certificate).toMatch(/BEGIN CERTIFICATE/);
      const fresh = createAuthority('fresh', start, 10);
      write('ca.pem', fresh.certificate);
      const verify = (purpose: string, file: string) =>
        runPeer('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', root, file]).status;
      for (const usage of ['server', 'client'] as const) {
        const { certificate } = issueCertificate(fresh, { commonName: usage, usage, notBefore: start, days: 5 });
        const file = write(`${usage}.pem`, certificate);
        expect(verify('sslserver', file) === 0).toBe(usage === 'server');
        expect(verify('sslclient', file) === 0).toBe(usage === 'client');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
