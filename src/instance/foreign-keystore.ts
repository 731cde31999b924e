/** Keystores that a statement names by their directory: opened read-only, to be merged. Layer: instance, Node only. */
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { StateError } from '../errors.ts';
import type { ForeignKeystore } from '../statement/index.ts';
import { type FileSystem, WALLET_FILE } from '../wallet/file/index.ts';
import { isAutoLogin, openAutoLogin, type Wallet } from '../wallet/index.ts';
import { readWhole } from './files.ts';
import { KeystoreCredential, type KmsOptions, openKeystoreBytes } from './kms-wallet.ts';

/** Opens a keystore named by its directory, read-only: with its password, or by its auto-login file. */
export async function openForeign(fs: FileSystem, source: ForeignKeystore, kms: KmsOptions): Promise<Wallet> {
  const directory = resolve(source.location);
  if (source.password !== null) {
    using credential = KeystoreCredential.parse(source.password);
    return await openKeystoreBytes(await readWhole(fs, join(directory, WALLET_FILE)), credential, kms);
  }
  const bytes = await readWhole(fs, join(directory, 'cwallet.sso'));
  if (!isAutoLogin(bytes))
    throw new StateError('ERR_PASSWORD_REQUIRED', `${directory} has no auto-login keystore: IDENTIFIED BY is needed`);
  return await openAutoLogin(bytes, { host: hostname(), user: process.env.USER ?? userInfo().username });
}

/** The keys of one wallet that another does not have: merging skips those they share. */
export function newKeysOf(source: Wallet, target: Wallet): readonly string[] {
  const there = new Set(target.masterKeys.map((key) => key.keyId));
  return source.masterKeys.map((key) => key.keyId).filter((keyId) => !there.has(keyId));
}
