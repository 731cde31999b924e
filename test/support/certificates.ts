/**
 * Certificates for tests that speak TLS: an authority of its own, and what it issues, made by openssl. Node only; needs the
 * peer `openssl`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPeer } from './peers.ts';

/** The kind of keys. */
export type KeyKind = 'rsa' | 'ecdsa';

/** Extended key usages of a certificate; `none` leaves the extension out. */
export type Usage = 'serverAuth' | 'clientAuth' | 'serverAuth,clientAuth' | 'none';

/** What an issued certificate says. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly usage: Usage;
  /** In openssl's form: `DNS:localhost,IP:127.0.0.1`. Default: none. */
  readonly subjectAltName?: string;
  /** Default 3,650; a negative number makes one that has expired. */
  readonly days?: number;
}

/** Paths of a certificate and its key (PKCS#8 PEM, no password). */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority and its folder. */
export interface TestAuthority {
  readonly kind: KeyKind;
  /** Path of the authority's certificate, PEM. */
  readonly ca: string;
  /** Issues a certificate into the folder, as `<name>.pem` and `<name>.key`. */
  issue(name: string, request: CertificateRequest): CertificateFiles;
}

/** Runs openssl; throws with what it said when it fails. */
export function openssl(args: readonly string[], options: { readonly cwd?: string } = {}): Buffer {
  const { status, stdout, stderr } = runPeer('openssl', args, options);
  if (status !== 0) throw new Error(`openssl ${args[0]} ended with ${status}: ${stderr}`);
  return stdout;
}

/**
 * Makes an authority in a folder, which is made when missing.
 *
 * @example
 * const authority = makeAuthority(folder.path, 'ecdsa');
 * const { cert, key } = authority.issue('server', { commonName: 'localhost', usage: 'serverAuth', subjectAltName: 'DNS:localhost' });
 */
export function makeAuthority(folder: string, kind: KeyKind): TestAuthority {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(folder, name);
  const newKey = ['-newkey', ...(kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'])];
  const authority = ['-keyout', path('ca.key'), '-out', path('ca.pem'), '-days', '3650', '-subj', '/CN=Test KMIP CA'];
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl(['req', '-x509', ...newKey, '-nodes', ...authority, ...extensions.flatMap((e) => ['-addext', e])]);

  return {
    kind,
    ca: path('ca.pem'),
    issue(name, { commonName, usage, subjectAltName, days = 3650 }) {
      const files = { cert: path(`${name}.pem`), key: path(`${name}.key`) };
      openssl([
        'req',
        ...newKey,
        '-nodes',
        '-keyout',
        files.key,
        '-out',
        path(`${name}.csr`),
        '-subj',
        `/CN=${commonName}`,
      ]);
      const lines = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature,keyEncipherment'];
      if (usage !== 'none') lines.push(`extendedKeyUsage=${usage}`);
      if (subjectAltName !== undefined) lines.push(`subjectAltName=${subjectAltName}`);
      writeFileSync(path(`${name}.ext`), `${lines.join('\n')}\n`);
      const signer = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-sha256'];
      const made = [
        '-in',
        path(`${name}.csr`),
        '-out',
        files.cert,
        '-days',
        String(days),
        '-extfile',
        path(`${name}.ext`),
      ];
      openssl(['x509', '-req', ...signer, ...made]);
      return files;
    },
  };
}

/** How the private key of a client folder, or of a test, is written. */
export type KeyForm = 'plain' | 'des3' | 'pkcs8';

/**
 * Writes a private key again in another form: `des3` is traditional PEM (`Proc-Type: 4,ENCRYPTED`, DES-EDE3-CBC), as
 * `openssl rsa -des3` of OpenSSL 1 made it; `pkcs8` is `ENCRYPTED PRIVATE KEY`, as that of OpenSSL 3 does.
 */
export function convertKey(from: string, to: string, form: KeyForm, password: string): void {
  if (form === 'plain') {
    writeFileSync(to, readFileSync(from), { mode: 0o600 });
    return;
  }
  const format = form === 'des3' ? ['-traditional', '-des3'] : ['-aes256'];
  // The password is a test's own, so its place in an argument list tells nobody anything.
  openssl(['pkey', '-in', from, '-out', to, ...format, '-passout', `pass:${password}`]);
}
