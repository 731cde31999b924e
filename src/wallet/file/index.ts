/**
 * Wallets as files: written whole or not at all, under a lock that other processes respect, with backups and their restoration.
 * Node only.
 *
 * @module keyward/wallet/file
 */
export { createWholeFile, makeWholeDirectory, removeTemporaries, replaceFile } from './atomic-write.ts';
export { type BackupName, listBackups, parseBackupName } from './backup.ts';
export { errnoCode, type FileStamp, type FileSystem, type FileWriter, nodeFileSystem } from './file-system.ts';
export { acquireLock, type HeldLock, type LockHolders, type LockOptions, readLock } from './lock.ts';
export { type FileChange, OverlayFileSystem } from './overlay-file-system.ts';
export { planRestore, type RestoreOptions, type RestoreReport, restoreBackup } from './restore.ts';
export {
  type BackupRequest,
  type Changed,
  createWalletFile,
  openWalletFile,
  WALLET_FILE,
  WalletFile,
  type WalletFileOptions,
} from './wallet-file.ts';
