/**
 * Plain files: those that statements name, read whole and written new, and those of a home directory, replaced under a lock.
 * Layer: instance, Node only.
 */
import { join } from 'node:path';
import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { StateError } from '../errors.ts';
import {
  acquireLock,
  createWholeFile,
  errnoCode,
  type FileSystem,
  makeWholeDirectory,
  removeTemporaries,
  replaceFile,
} from '../wallet/file/index.ts';

/** Reads a file. @throws {StateError} ERR_FILE_MISSING */
export async function readWhole(fs: FileSystem, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') throw new StateError('ERR_FILE_MISSING', `there is no file ${path}`);
    throw error;
  }
}

/** Writes a file that must not exist: mode 0600, durably, whole or not at all. @throws {StateError} ERR_FILE_EXISTS */
export async function writeNew(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  if (!(await createWholeFile(fs, path, bytes))) throw new StateError('ERR_FILE_EXISTS', `there is a file ${path}`);
}

/** The text of a file of the home directory; null when there is none. */
export async function readHomeFile(fs: FileSystem, home: string, name: string): Promise<string | null> {
  const path = join(home, name);
  return (await fs.stamp(path)) === null ? null : decodeUtf8(await fs.readFile(path));
}

/** Name of the directory of the home's locks. */
const LOCK_DIRECTORY = '.lock';

/** Replaces a file of the home directory (made when missing, 0700) by what `edit` makes of it, alone among processes. */
export async function changeHomeFile(
  fs: FileSystem,
  home: string,
  name: string,
  edit: (text: string | null) => string,
): Promise<void> {
  await makeWholeDirectory(fs, home, 0o700);
  const lock = await acquireLock(fs, join(home, LOCK_DIRECTORY));
  try {
    await removeTemporaries(fs, home);
    await replaceFile(fs, join(home, name), encodeUtf8(edit(await readHomeFile(fs, home, name))));
  } finally {
    await lock.release();
  }
}
