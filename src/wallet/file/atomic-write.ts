/**
 * Replacing a wallet file so that no crash, full disk or power cut ever leaves less than the old or the new one, whole,
 * and writing backups that are either absent or whole. Callers hold the wallet's lock. Node only.
 *
 *   replace: create temporary (0600) · write · fsync · rename over · fsync directory
 *   backup:  create temporary (0600) · write · fsync · link to its name (exclusive) · remove temporary · fsync directory
 *
 * There is no rule by which an older file could win: nothing ever reads a temporary.
 */
import { dirname, join } from 'node:path';
import { errnoCode, type FileSystem } from './file-system.ts';

/** Names of temporaries: hidden, and nobody else's. */
const TEMPORARY = /^\.ewallet\.[0-9a-f]{16}\.tmp$/;

/** Puts `bytes` in the place of the file at `path` (or makes it), durably and at once. */
export async function replaceFile(fs: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path);
  await withTemporary(fs, directory, bytes, async (temporary) => {
    await fs.rename(temporary, path);
    return 'moved';
  });
  await fs.syncDirectory(directory);
}

/**
 * Writes `bytes` to a new file that must not exist, durably and at once. Returns false, with nothing written, when the name is taken.
 */
export async function createWholeFile(fs: FileSystem, path: string, bytes: Uint8Array): Promise<boolean> {
  const directory = dirname(path);
  let free = true;
  await withTemporary(fs, directory, bytes, async (temporary) => {
    try {
      await fs.link(temporary, path);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error;
      free = false;
    }
    return 'kept';
  });
  if (free) await fs.syncDirectory(directory);
  return free;
}

/**
 * Makes a directory (and those above it) when missing, durably: every directory that got a new entry is synced. The parent is
 * synced in any case: whoever made the directory before may have been killed before that.
 */
export async function makeWholeDirectory(fs: FileSystem, path: string, mode: number): Promise<void> {
  const missing: string[] = [];
  for (let at = path; (await fs.stamp(at)) === null; at = dirname(at)) missing.push(at);
  await fs.makeDirectory(path, mode);
  for (const made of missing.length === 0 ? [path] : missing.toReversed()) await fs.syncDirectory(dirname(made));
}

/** Removes temporaries that a killed writer left. The lock says that nobody is writing one. */
export async function removeTemporaries(fs: FileSystem, directory: string): Promise<void> {
  for (const name of await fs.list(directory)) if (TEMPORARY.test(name)) await fs.remove(join(directory, name));
}

/** Makes a synced temporary for `use`; removes it afterwards, unless `use` moved it. */
async function withTemporary(
  fs: FileSystem,
  directory: string,
  bytes: Uint8Array,
  use: (temporary: string) => Promise<'moved' | 'kept'>,
): Promise<void> {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');
  const temporary = join(directory, `.ewallet.${random}.tmp`);
  const file = await fs.create(temporary, 0o600);
  try {
    try {
      await file.write(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if ((await use(temporary)) === 'kept') await fs.remove(temporary);
  } catch (error) {
    await fs.remove(temporary).catch(() => undefined);
    throw error;
  }
}
