/** Plain files of statements: read whole, written new. Layer: instance, Node only. */
import { open, readFile } from 'node:fs/promises';
import { StateError } from '../errors.ts';

/** Reads a file. @throws {StateError} ERR_FILE_MISSING */
export async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw new StateError('ERR_FILE_MISSING', `there is no file ${path}`);
    throw error;
  }
}

/** Writes a file that must not exist, mode 0600, synced. @throws {StateError} ERR_FILE_EXISTS */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST')
      throw new StateError('ERR_FILE_EXISTS', `there is a file ${path}`);
    throw error;
  }
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
