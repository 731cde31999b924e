/**
 * Backups of a wallet file: `ewallet_<YYYYMMDDHHMMSSff>.p12` or `ewallet_<…>_<identifier>.p12`, UTC, `ff` hundredths of a
 * second. Names are taken exclusively: two backups in the same hundredth get different names. Node only.
 */
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { createWholeFile } from './atomic-write.ts';
import type { FileSystem } from './file-system.ts';

/** A backup as its name tells it. */
export interface BackupName {
  readonly name: string;
  readonly taken: Date;
  /** What `WITH BACKUP USING` gave; null for none. */
  readonly identifier: string | null;
}

const NAME = /^ewallet_(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:_(.+))?\.p12$/su;
const HUNDREDTH_MS = 10;
/** Bytes of a file name that every file system takes. */
const MAX_NAME_BYTES = 255;

/**
 * Formats the name of a backup.
 *
 * @throws {UsageError} ERR_BACKUP_IDENTIFIER when the identifier cannot stand in a file name
 */
export function formatBackupName(taken: Date, identifier: string | null): string {
  const stamp = taken.toISOString().replace(/\D/g, '').slice(0, 16);
  const name = identifier === null ? `ewallet_${stamp}.p12` : `ewallet_${stamp}_${identifier}.p12`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not get into a file name
  if (identifier !== null && (identifier === '' || /[/\\\u0000-\u001f\u007f]/.test(identifier))) {
    throw new UsageError(
      'ERR_BACKUP_IDENTIFIER',
      'a backup identifier is not empty and holds no slash or control character',
    );
  }
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    throw new UsageError('ERR_BACKUP_IDENTIFIER', `the backup's file name is longer than ${MAX_NAME_BYTES} bytes`);
  }
  return name;
}

/** Reads a backup's name; null for any other file. */
export function parseBackupName(name: string): BackupName | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const [year, month, day, hour, minute, second, hundredth] = match.slice(1, 8).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const taken = new Date(Date.UTC(year, month - 1, day, hour, minute, second, hundredth * HUNDREDTH_MS));
  return { name, taken, identifier: match[8] ?? null };
}

/** The backups in a directory, newest first. */
export async function listBackups(fs: FileSystem, directory: string): Promise<readonly BackupName[]> {
  const names = (await fs.list(directory)).map(parseBackupName).filter((b) => b !== null);
  return names.sort((a, b) => b.taken.getTime() - a.taken.getTime() || (a.name < b.name ? 1 : -1));
}

/**
 * Writes a backup, durably; the name is taken exclusively and moves on by hundredths of a second while it is taken.
 *
 * @returns the path of the backup
 */
export async function writeBackup(
  fs: FileSystem,
  directory: string,
  bytes: Uint8Array,
  now: Date,
  identifier: string | null,
): Promise<string> {
  for (let at = now; ; at = new Date(at.getTime() + HUNDREDTH_MS)) {
    const path = join(directory, formatBackupName(at, identifier));
    if (await createWholeFile(fs, path, bytes)) return path;
  }
}
