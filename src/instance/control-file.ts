/**
 * What a database keeps in its control file and an instance needs here: the identifier (public) of the key its data is
 * encrypted under, so that a start can tell that the wallet is needed. Layer: instance, Node only.
 */
import type { FileSystem } from '../wallet/file/index.ts';
import { changeHomeFile, readHomeFile } from './files.ts';

const CONTROL_FILE = 'control.json';

/** The KEY_ID in use; null when there is none yet. */
export async function readActiveKey(fs: FileSystem, home: string): Promise<string | null> {
  const text = await readHomeFile(fs, home, CONTROL_FILE);
  if (text === null) return null;
  const { activeKeyId } = JSON.parse(text) as { activeKeyId?: unknown };
  return typeof activeKeyId === 'string' ? activeKeyId : null;
}

/** Notes the KEY_ID in use. */
export async function writeActiveKey(fs: FileSystem, home: string, activeKeyId: string): Promise<void> {
  await changeHomeFile(fs, home, CONTROL_FILE, () => `${JSON.stringify({ activeKeyId })}\n`);
}
