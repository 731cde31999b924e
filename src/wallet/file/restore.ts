/**
 * Putting a backup in the place of the wallet: first what would be lost, then the exchange, with the file that was there kept
 * beside it. Layer: wallet/file, Node only.
 */
import { join } from 'node:path';
import { AuthenticationError, FormatError, StateError } from '../../errors.ts';
import { diffWallets, type MasterKeyInfo, openWallet, type Wallet, type WalletPassword } from '../index.ts';
import { replaceFile } from './atomic-write.ts';
import { writeBackup } from './backup.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { acquireLock } from './lock.ts';
import { LOCK_DIRECTORY, WALLET_FILE } from './wallet-file.ts';

/** What restoring a backup would change. */
export interface RestoreReport {
  /** Master keys of the wallet that the backup does not have. null when the wallet there cannot be opened. */
  readonly lost: readonly MasterKeyInfo[] | null;
  /** The key that would be active. */
  readonly activeKey: MasterKeyInfo | null;
  /** Why the wallet there cannot be opened; null where it can, or is missing. */
  readonly damage: string | null;
}

/** Options of `planRestore` and `restoreBackup`. */
export interface RestoreOptions {
  /** Default: the machine's. */
  readonly fileSystem?: FileSystem;
  /** For the name of the file that is kept. Default: the system's clock. */
  readonly now?: () => Date;
}

/**
 * Says what restoring a backup would change; changes nothing. The backup must open whole.
 *
 * @param name the backup's file name in `directory`
 * @param password of the backup; the wallet there is tried with it too
 * @throws {StateError} ERR_BACKUP_MISSING; {AuthenticationError} ERR_WRONG_PASSWORD; {FormatError} ERR_DER_…
 */
export async function planRestore(
  directory: string,
  name: string,
  password: WalletPassword,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const fs = options.fileSystem ?? nodeFileSystem;
  using backup = await openWallet(await readBackup(fs, directory, name), password);
  if ((await fs.stamp(join(directory, WALLET_FILE))) === null)
    return { lost: [], activeKey: backup.activeKey, damage: null };
  let current: Wallet;
  try {
    current = await openWallet(await fs.readFile(join(directory, WALLET_FILE)), password);
  } catch (error) {
    if (!(error instanceof FormatError) && !(error instanceof AuthenticationError)) throw error;
    return { lost: null, activeKey: backup.activeKey, damage: error.message };
  }
  try {
    return { lost: diffWallets(current, backup).onlyInFirst, activeKey: backup.activeKey, damage: null };
  } finally {
    current.dispose();
  }
}

/**
 * Puts a backup in the place of the wallet. What was there, damaged or not, is kept as one more backup file.
 *
 * @param password of the backup, which must open whole
 * @returns the path under which the file that was there is kept; null when there was none
 * @throws as `planRestore`
 */
export async function restoreBackup(
  directory: string,
  name: string,
  password: WalletPassword,
  options: RestoreOptions = {},
): Promise<string | null> {
  const fs = options.fileSystem ?? nodeFileSystem;
  const bytes = await readBackup(fs, directory, name);
  (await openWallet(bytes, password)).dispose();
  const lock = await acquireLock(fs, join(directory, LOCK_DIRECTORY));
  try {
    const path = join(directory, WALLET_FILE);
    const there = (await fs.stamp(path)) === null ? null : await fs.readFile(path);
    const now = (options.now ?? (() => new Date()))();
    const kept = there === null ? null : await writeBackup(fs, directory, there, now, 'replaced');
    await replaceFile(fs, path, bytes);
    return kept;
  } finally {
    await lock.release();
  }
}

async function readBackup(fs: FileSystem, directory: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(directory, name);
  if ((await fs.stamp(path)) === null) throw new StateError('ERR_BACKUP_MISSING', `there is no backup ${path}`);
  return await fs.readFile(path);
}
