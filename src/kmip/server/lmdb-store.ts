/**
 * The key-value store on a disk: an LMDB database in a directory of its own (0700). Only this file knows lmdb, an optional
 * dependency that is imported on use.
 *
 * lmdb's default on Unix is to resolve a write when it is visible and to sync it to the disk afterwards, overlapping with the next
 * one. Here a write must be on the disk before a client hears of it, so that is off: LMDB's own order, data, fsync, meta page, fsync,
 * then the promise. Writes that arrive during a flush share the next one. Layer: kmip/server, Node only.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { StateError, UsageError } from '../../errors.ts';
import type { KeyValueChange, KeyValueStore } from './key-value.ts';

/** Records have one or two kilobytes: on LMDB's usual pages of four, one would fill each. */
const PAGE_BYTES = 16_384;
/** Room for the database in the address space, not on the disk: 64 GiB. */
const MAP_BYTES = 2 ** 36;
const DATABASE_FILE = 'objects.mdb';

/**
 * Opens the database in `directory`, made when missing (0700).
 *
 * @throws {UsageError} ERR_LMDB_MISSING when the package is not installed; {StateError} ERR_STORE_OPEN when it cannot be opened
 */
export async function openLmdbStore(directory: string): Promise<KeyValueStore> {
  const { open } = await loadLmdb();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, DATABASE_FILE);
  const openDatabase = (): RootDatabase<Uint8Array, number> => {
    try {
      return open<Uint8Array, number>({
        path,
        encoding: 'binary',
        keyEncoding: 'ordered-binary',
        overlappingSync: false,
        pageSize: PAGE_BYTES,
        mapSize: MAP_BYTES,
      });
    } catch (cause) {
      throw new StateError('ERR_STORE_OPEN', `the object store cannot be opened: ${path}`, { cause });
    }
  };
  let database = openDatabase();
  await chmod(path, 0o600);
  await chmod(`${path}-lock`, 0o600);
  let closing: Promise<void> | undefined;
  return {
    get: (key) => database.get(key),
    *range(from) {
      for (const { key, value } of database.getRange({ start: from })) yield [key, value];
    },
    async commit(changes: readonly KeyValueChange[]) {
      const written = await database.batch(() => {
        for (const { key, value } of changes) {
          if (value === null) void database.remove(key);
          else void database.put(key, value);
        }
      });
      if (!written) throw new StateError('ERR_STORE_FAILED', 'the database did not take a commit');
    },
    async trim() {
      await database.close();
      database = openDatabase();
    },
    close() {
      closing ??= database.close();
      return closing;
    },
  };
}

/** Loads the package lmdb, as the first store would. @throws {UsageError} ERR_LMDB_MISSING */
export async function assertLmdb(): Promise<void> {
  await loadLmdb();
}

async function loadLmdb(): Promise<typeof import('lmdb')> {
  try {
    return await import('lmdb');
  } catch (cause) {
    throw new UsageError('ERR_LMDB_MISSING', 'the package lmdb is not installed: it keeps the objects of the server', {
      cause,
      hint: 'npm install lmdb',
    });
  }
}
