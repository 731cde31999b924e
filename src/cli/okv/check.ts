/**
 * `keyward okv check`, the part that looks at files: what a configuration directory holds, whether it fits together and who
 * else may read it. The part that looks at servers is probe.ts. Node only.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { decodeUtf8 } from '../../bytes.ts';
import { StateError } from '../../errors.ts';
import { formatServer, type OkvClientConfig, okvMessage, parseOkvClient } from '../../okv/index.ts';
import { type Check, Checks, octal, type Verdict } from '../checks.ts';
import { keyFormOf, okvPaths, readCertificate, readIfThere, readKey, readPasswordFile } from './files.ts';

/** What the checks of the files found, and what the servers are asked with. */
export interface FileReport {
  readonly checks: readonly Check[];
  readonly config: OkvClientConfig | null;
  /** True when everything that a connection needs is there and fits together. */
  readonly usable: boolean;
}

const DAY_MS = 86_400_000;
/** A certificate that expires sooner is warned of. */
const SOON_DAYS = 30;

/** Extended key usages (RFC 5280, 4.2.1.12). */
export const EKU = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2', any: '2.5.29.37.0' } as const;

/** Looks at a directory. `now` decides which certificates are valid. */
export function checkFiles(directory: string, now: Date): FileReport {
  const checks = new Checks();
  const paths = okvPaths(directory);
  if (!isDirectory(directory)) {
    checks.add('directory', 'fail', `${directory} is no directory`, okvMessage('INCORRECT_KEY_VAULT_CONFIGURED'));
    return { checks: checks.list, config: null, usable: false };
  }
  checkModes(paths, checks);
  const config = checkConfig(paths.config, checks);
  const authority = checkAuthority(paths.ca, now, checks);
  const key = checkKey(paths.key, paths.password, checks);
  const certificate = checkCertificate(paths.cert, now, checks);
  const match = key !== null && certificate !== null && checkMatch(certificate, key, checks);
  return { checks: checks.list, config, usable: authority !== null && match };
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Permission bits that nobody but the owner and, for reading, his group should have. */
function checkModes(paths: ReturnType<typeof okvPaths>, checks: Checks): void {
  const limits = [
    [paths.directory, 0o027],
    [paths.ssl, 0o027],
    [paths.config, 0o022],
    [paths.ca, 0o022],
    [paths.cert, 0o022],
    [paths.key, 0o037],
    [paths.password, 0o037],
  ] as const;
  const open = limits.flatMap(([path, forbidden]) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & forbidden) === 0 ? [] : [{ path, mode: mode & 0o777, wanted: mode & 0o777 & ~forbidden }];
  });
  if (open.length === 0) checks.add('permissions', 'ok', 'nobody else reads the key or writes any of the files');
  for (const { path, mode, wanted } of open)
    checks.add('permissions', 'warn', `${path} has mode ${octal(mode)}`, `chmod ${octal(wanted)} ${path}`);
}

function checkConfig(file: string, checks: Checks): OkvClientConfig | null {
  const bytes = readFile('okvclient.ora', file, 'keyward okv init makes one', checks);
  const config = bytes && checks.attempt('okvclient.ora', () => parseOkvClient(decodeUtf8(bytes)));
  if (config === null) return null;
  checks.add('okvclient.ora', 'ok', `tried in this order: ${config.servers.map(formatServer).join(', ')}`);
  for (const { severity, message, line } of config.warnings)
    checks.add('okvclient.ora', severity === 'warning' ? 'warn' : 'ok', `line ${line}: ${message}`);
  return config;
}

/** A file's bytes; null, with a failed check, when it cannot be read. */
function readFile(name: string, file: string, hint: string, checks: Checks): Buffer | null {
  return checks.attempt(name, () => {
    const bytes = readIfThere(file);
    if (bytes === null) throw new StateError('ERR_FILE_MISSING', `there is no file ${file}`, { hint });
    return bytes;
  });
}

function checkAuthority(file: string, now: Date, checks: Checks): X509Certificate | null {
  const certificate = readCertificateFile('CA.pem', file, okvMessage('FAILED_TO_LOAD_SSL_TRUST_STORE'), checks);
  if (certificate === null) return null;
  checkValidity('CA.pem', certificate, now, checks);
  if (!certificate.ca)
    checks.add(
      'CA.pem',
      'warn',
      'the certificate is not marked as that of an authority',
      'servers are trusted by it alone',
    );
  return certificate;
}

function checkCertificate(file: string, now: Date, checks: Checks): X509Certificate | null {
  const certificate = readCertificateFile('cert.pem', file, okvMessage('FAILED_TO_SET_CERTIFICATE_FILE'), checks);
  if (certificate === null) return null;
  checkValidity('cert.pem', certificate, now, checks);
  checkUsage('cert.pem', certificate, 'clientAuth', checks);
  return certificate;
}

function readCertificateFile(name: string, file: string, hint: string, checks: Checks): X509Certificate | null {
  const bytes = readFile(name, file, hint, checks);
  return bytes && checks.attempt(name, () => readCertificate(bytes, file));
}

/** Says whose certificate it is and whether it is valid now. */
function checkValidity(name: string, certificate: X509Certificate, now: Date, checks: Checks): void {
  const { verdict, detail } = validityOf(certificate, now);
  const whose = certificate.subject.replaceAll('\n', ', ');
  checks.add(name, verdict, `${whose}; ${detail}`, verdict === 'ok' ? undefined : 'renew it, or look at the clock');
}

/** Whether a certificate is valid, and for how long. */
export function validityOf(
  certificate: X509Certificate,
  now: Date,
): { readonly verdict: Verdict; readonly detail: string } {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  if (now < from) return { verdict: 'fail', detail: `not valid before ${day(from)}` };
  if (now > to) return { verdict: 'fail', detail: `expired on ${day(to)}` };
  const days = Math.floor((to.getTime() - now.getTime()) / DAY_MS);
  return { verdict: days < SOON_DAYS ? 'warn' : 'ok', detail: `valid until ${day(to)} (${days} days)` };
}

/** Whether a certificate may be used as a client's or a server's. Without the extension it may, but some refuse it. */
export function checkUsage(
  name: string,
  certificate: X509Certificate,
  usage: 'clientAuth' | 'serverAuth',
  checks: Checks,
): void {
  const usages: readonly string[] | undefined = certificate.keyUsage; // Node's name for the extended one
  if (usages === undefined)
    checks.add(name, 'warn', 'it has no extended key usage', `some servers (PyKMIP) insist on ${usage}`);
  else if (!usages.includes(EKU[usage]) && !usages.includes(EKU.any))
    checks.add(name, 'fail', `its extended key usage lacks ${usage}`, 'TLS refuses it in this place');
  else checks.add(name, 'ok', `extended key usage: ${usage}`);
}

function checkKey(file: string, passwordFile: string, checks: Checks): KeyObject | null {
  const pem = readFile('key.pem', file, okvMessage('FAILED_TO_SET_KEY_FILE'), checks);
  if (pem === null) return null;
  try {
    using password = checks.attempt('password.txt', () => readPasswordFile(passwordFile));
    const form = keyFormOf(pem);
    const key = checks.attempt('key.pem', () => readKey(pem, password, file));
    if (key === null || form === null) return null;
    checks.add('key.pem', 'ok', `${describeKey(key)}, ${FORMS[form]}`);
    if (form === 'plain' && password !== null)
      checks.add('password.txt', 'ok', 'there is a password, but the key is not encrypted');
    return key;
  } finally {
    pem.fill(0);
  }
}

const FORMS = { plain: 'not encrypted', des3: 'encrypted (traditional form)', pkcs8: 'encrypted (PKCS#8)' } as const;

function describeKey(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  return [key.asymmetricKeyType?.toUpperCase(), modulusLength, namedCurve].filter(Boolean).join(' ');
}

function checkMatch(certificate: X509Certificate, key: KeyObject, checks: Checks): boolean {
  const match = certificate.checkPrivateKey(key);
  if (match) checks.add('key and certificate', 'ok', 'the key is that of the certificate');
  else checks.add('key and certificate', 'fail', okvMessage('KEY_MISMATCH'));
  return match;
}
