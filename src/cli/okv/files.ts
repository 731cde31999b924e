/**
 * The files of a keyring_okv configuration directory, and what happens to them on the disk: private keys in their three forms,
 * new files made whole or not at all, and a file replaced only once its successor was read back and found good. Node only.
 *
 *   DIR/okvclient.ora · DIR/ssl/CA.pem · cert.pem · key.pem · password.txt (for an encrypted key)
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeBase64 } from '../../core/index.ts';
import { AuthenticationError, FormatError, StateError } from '../../errors.ts';
import { okvMessage } from '../../okv/index.ts';
import type { Secret } from '../../secret.ts';
import { firstLine } from '../terminal.ts';

/** Where everything is. */
export interface OkvPaths {
  readonly directory: string;
  readonly config: string;
  readonly ssl: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly password: string;
}

/** The paths below a configuration directory. */
export function okvPaths(directory: string): OkvPaths {
  const ssl = join(directory, 'ssl');
  return {
    directory,
    config: join(directory, 'okvclient.ora'),
    ssl,
    ca: join(ssl, 'CA.pem'),
    cert: join(ssl, 'cert.pem'),
    key: join(ssl, 'key.pem'),
    password: join(ssl, 'password.txt'),
  };
}

/** How a private key lies in its PEM file: `des3` stands for every traditional encryption. */
export type KeyForm = 'plain' | 'des3' | 'pkcs8';

/** The form of a private key; null where there is none. Searches the bytes: no string is made of what may be the key itself. */
export function keyFormOf(pem: Uint8Array): KeyForm | null {
  const bytes = Buffer.from(pem.buffer, pem.byteOffset, pem.length);
  for (let at = bytes.indexOf(BEGIN); at !== -1; at = bytes.indexOf(BEGIN, at + 1)) {
    const label = bytes.subarray(at + BEGIN.length, at + BEGIN.length + LONGEST_LABEL);
    const end = label.indexOf(PRIVATE_KEY);
    // Between the two there is nothing, or what kind of key it is.
    if (end === -1 || !label.subarray(0, end).every(isOfLabel)) continue;
    if (label.indexOf('ENCRYPTED ') === 0) return 'pkcs8';
    return bytes.includes('\nProc-Type: 4,ENCRYPTED', at) ? 'des3' : 'plain';
  }
  return null;
}

const BEGIN = '-----BEGIN ';
const PRIVATE_KEY = 'PRIVATE KEY-----';
const LONGEST_LABEL = 64;
/** Capitals and spaces. */
const isOfLabel = (byte: number): boolean => byte === 0x20 || (byte >= 0x41 && byte <= 0x5a);

/**
 * Reads a private key.
 *
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD
 * @throws {FormatError} ERR_OKV_KEY
 */
export function readKey(pem: Uint8Array, password: Secret | null, file: string): KeyObject {
  const form = keyFormOf(pem);
  if (form === null) throw new FormatError('ERR_OKV_KEY', `there is no private key in ${file}`, { offset: 0 });
  if (form !== 'plain' && password === null)
    throw new AuthenticationError('ERR_WRONG_PASSWORD', `${file} is encrypted and there is no password for it`);
  const passphrase = password === null ? undefined : Buffer.from(password.copy());
  try {
    const key = Buffer.from(pem.buffer, pem.byteOffset, pem.length);
    return createPrivateKey({ key, format: 'pem', ...(passphrase && { passphrase }) });
  } catch {
    // OpenSSL's own words tell a wrong password from a damaged key by luck.
    if (form !== 'plain') throw new AuthenticationError('ERR_WRONG_PASSWORD', 'wrong password or damaged file');
    throw new FormatError('ERR_OKV_KEY', `the private key in ${file} cannot be read`, { offset: 0 });
  } finally {
    passphrase?.fill(0);
  }
}

/** Reads a certificate. @throws {FormatError} ERR_OKV_CERTIFICATE */
export function readCertificate(bytes: Uint8Array, file: string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new FormatError('ERR_OKV_CERTIFICATE', `there is no certificate in ${file}`, { offset: 0 });
  }
}

/** Refuses a key that is not the certificate's, in the plugin's words. @throws {FormatError} ERR_OKV_KEY_MISMATCH */
export function assertMatch(certificate: X509Certificate, key: KeyObject): void {
  if (certificate.checkPrivateKey(key)) return;
  throw new FormatError('ERR_OKV_KEY_MISMATCH', okvMessage('KEY_MISMATCH'), { offset: 0 });
}

/** The private key in its PEM form without encryption (PKCS#8), the caller's to wipe. */
export function encodePlainKey(key: KeyObject): Buffer {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  try {
    return encodePem('PRIVATE KEY', der);
  } finally {
    der.fill(0);
  }
}

/** Puts DER into PEM; no string is made of it. */
export function encodePem(label: string, der: Uint8Array): Buffer {
  const base64 = encodeBase64(der);
  const lines = Math.ceil(base64.length / 64);
  const body = Buffer.alloc(base64.length + lines, '\n');
  for (let i = 0; i < lines; i++) body.set(base64.subarray(64 * i, 64 * (i + 1)), 65 * i);
  const pem = Buffer.concat([Buffer.from(`-----BEGIN ${label}-----\n`), body, Buffer.from(`-----END ${label}-----\n`)]);
  body.fill(0);
  base64.fill(0);
  return pem;
}

/** The kinds of keys that have a form of their own from before PKCS#8. */
const TRADITIONAL: ReadonlyMap<string, 'pkcs1' | 'sec1'> = /* @__PURE__ */ new Map([
  ['rsa', 'pkcs1'],
  ['ec', 'sec1'],
]);

/** Encrypts a private key. @throws {FormatError} ERR_OKV_KEY for a kind of key that the form does not have */
export function encodeEncryptedKey(key: KeyObject, form: Exclude<KeyForm, 'plain'>, password: Secret): Buffer {
  const passphrase = Buffer.from(password.copy());
  try {
    if (form === 'pkcs8')
      return Buffer.from(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }));
    const type = TRADITIONAL.get(key.asymmetricKeyType ?? '');
    if (type === undefined)
      throw new FormatError('ERR_OKV_KEY', `a key of type ${key.asymmetricKeyType} has no traditional form`, {
        offset: 0,
      });
    return Buffer.from(key.export({ type, format: 'pem', cipher: 'des-ede3-cbc', passphrase }));
  } finally {
    passphrase.fill(0);
  }
}

/** The password beside a key; null when there is no such file. */
export function readPasswordFile(file: string): Secret | null {
  const bytes = readIfThere(file);
  return bytes === null ? null : firstLine(bytes);
}

/** A file's bytes; null when there is no such file. */
export function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as { readonly code?: string }).code ?? '')) return null;
    throw error;
  }
}

/** A file's bytes. @throws {StateError} ERR_FILE_MISSING */
export function readNeeded(file: string): Buffer {
  const bytes = readIfThere(file);
  if (bytes === null) throw new StateError('ERR_FILE_MISSING', `there is no file ${file}`);
  return bytes;
}

/**
 * Puts bytes in the place of a file, with its mode and owner: written beside it, synced, read back, looked at by `verify`, and
 * only then renamed over it. Fails without a trace.
 */
export function replaceVerified(file: string, bytes: Uint8Array, verify: (written: Buffer) => void): void {
  const { uid, gid, mode } = statSync(file);
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
  const temporary = join(dirname(file), `.${random}.tmp`);
  try {
    writeSynced(temporary, bytes, { uid, gid, mode: mode & 0o660 });
    const written = readFileSync(temporary);
    try {
      verify(written);
    } finally {
      written.fill(0);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}

/** Owner and mode of a file that is made. */
export interface Belongs {
  readonly uid?: number;
  readonly gid?: number;
  readonly mode: number;
}

/** Makes a file that must not exist yet and returns once it is on the disk. */
export function writeSynced(file: string, bytes: Uint8Array, { uid, gid, mode }: Belongs): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    // Only root gives files away; anybody else makes them as what they are.
    if (uid !== undefined && gid !== undefined && process.getuid?.() === 0) fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Returns once a directory's entries are on the disk. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
