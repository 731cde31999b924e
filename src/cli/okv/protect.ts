/**
 * `keyward okv protect|unprotect`: the private key of a configuration directory under a password, and back. What the manual
 * does by hand (8.4.4.6, "Password-Protecting the keyring_okv Key File"), with its checks: the file that is there goes only after
 * the new one was decrypted from the disk with the password from the disk and found to be the same key. Node only.
 */
import type { KeyObject } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { encodeBase64 } from '../../core/index.ts';
import { StateError, UsageError } from '../../errors.ts';
import { Secret } from '../../secret.ts';
import {
  assertMatch,
  encodeEncryptedKey,
  encodePlainKey,
  type KeyForm,
  keyFormOf,
  type OkvPaths,
  okvPaths,
  readCertificate,
  readKey,
  readNeeded,
  readPasswordFile,
  replaceVerified,
  syncDirectory,
  writeSynced,
} from './files.ts';

/**
 * Encrypts `ssl/key.pem` and writes `ssl/password.txt`. The password is the caller's to dispose of.
 *
 * @throws {StateError} ERR_OKV_PROTECTED, ERR_FILE_MISSING
 * @throws {UsageError} ERR_PASSWORD, ERR_FILE_EXISTS
 * @throws {FormatError} ERR_OKV_KEY, ERR_OKV_CERTIFICATE, ERR_OKV_KEY_MISMATCH
 */
export function protectKey(directory: string, password: Secret, form: Exclude<KeyForm, 'plain'>): void {
  const paths = okvPaths(directory);
  assertUsable(password);
  const key = readOwnKey(paths, null, 'plain');
  const encrypted = encodeEncryptedKey(key, form, password);
  const made = keepPassword(paths, password);
  try {
    replaceVerified(paths.key, encrypted, (written) => {
      using stored = readPasswordFile(paths.password);
      if (keyFormOf(written) !== form) throw new StateError('ERR_OKV_NOT_VERIFIED', 'the new file is not encrypted');
      assertSame(readKey(written, stored, paths.key), key);
    });
  } catch (error) {
    if (made) rmSync(paths.password, { force: true });
    throw error;
  }
}

/**
 * Decrypts `ssl/key.pem` and removes `ssl/password.txt`. `password` counts in the place of that file.
 *
 * @throws {StateError} ERR_OKV_UNPROTECTED, ERR_FILE_MISSING
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD
 * @throws {FormatError} ERR_OKV_KEY, ERR_OKV_CERTIFICATE, ERR_OKV_KEY_MISMATCH
 */
export function unprotectKey(directory: string, password: Secret | null): void {
  const paths = okvPaths(directory);
  using stored = password === null ? readPasswordFile(paths.password) : null;
  const key = readOwnKey(paths, password ?? stored, 'encrypted');
  const plain = encodePlainKey(key);
  try {
    replaceVerified(paths.key, plain, (written) => assertSame(readKey(written, null, paths.key), key));
  } finally {
    plain.fill(0);
  }
  rmSync(paths.password, { force: true });
  syncDirectory(paths.ssl);
}

/** The directory's key, which must be the certificate's, and encrypted or not. */
function readOwnKey(paths: OkvPaths, password: Secret | null, expected: 'plain' | 'encrypted'): KeyObject {
  const pem = readNeeded(paths.key);
  try {
    const isPlain = keyFormOf(pem) === 'plain';
    if (expected === 'plain' && !isPlain && keyFormOf(pem) !== null)
      throw new StateError('ERR_OKV_PROTECTED', `${paths.key} is encrypted already`);
    if (expected === 'encrypted' && isPlain)
      throw new StateError('ERR_OKV_UNPROTECTED', `${paths.key} is not encrypted`);
    const key = readKey(pem, password, paths.key);
    assertMatch(readCertificate(readNeeded(paths.cert), paths.cert), key);
    return key;
  } finally {
    pem.fill(0);
  }
}

/** Puts the password beside the key. One that is there must be the same. Says whether the file was made. */
function keepPassword(paths: OkvPaths, password: Secret): boolean {
  using stored = readPasswordFile(paths.password);
  if (stored !== null) {
    if (Buffer.compare(stored.expose(), password.expose()) === 0) return false;
    throw new UsageError('ERR_FILE_EXISTS', `${paths.password} holds another password`, {
      hint: 'remove it, or give that password',
    });
  }
  const { uid, gid, mode } = statSync(paths.key);
  const line = Buffer.concat([password.expose(), Buffer.from('\n')]);
  try {
    writeSynced(paths.password, line, { uid, gid, mode: mode & 0o640 });
  } finally {
    line.fill(0);
  }
  syncDirectory(paths.ssl);
  return true;
}

function assertSame(written: KeyObject, key: KeyObject): void {
  if (!written.equals(key)) throw new StateError('ERR_OKV_NOT_VERIFIED', 'the new file does not hold the same key');
}

/** What a line of text can hold, and OpenSSL takes. */
function assertUsable(password: Secret): void {
  const fault =
    password.length === 0
      ? 'the password is empty'
      : password.length > 1000
        ? 'the password is longer than 1000 bytes'
        : password.expose().some((b) => b === 0)
          ? 'the password holds a zero byte'
          : undefined;
  if (fault !== undefined) throw new UsageError('ERR_PASSWORD', fault);
}

/** A password that nobody has to remember: 24 random bytes in base64url. */
export function randomPassword(): Secret {
  const random = crypto.getRandomValues(new Uint8Array(24));
  const text = encodeBase64(random, { alphabet: 'url' });
  random.fill(0);
  return Secret.adopt(text);
}
