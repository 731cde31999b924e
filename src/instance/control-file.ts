/**
 * What a database keeps in its control file and an instance needs here: the identifier (public) of the key its data is
 * encrypted under, so that a start can tell that the wallet is needed. Layer: instance, Node only.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CONTROL_FILE = 'control.json';

/** The KEY_ID in use; null when there is none yet. */
export async function readActiveKey(home: string): Promise<string | null> {
  try {
    const { activeKeyId } = JSON.parse(await readFile(join(home, CONTROL_FILE), 'utf8')) as { activeKeyId?: unknown };
    return typeof activeKeyId === 'string' ? activeKeyId : null;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
}

/** Notes the KEY_ID in use. */
export async function writeActiveKey(home: string, activeKeyId: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const temporary = join(home, `.${CONTROL_FILE}.${process.pid}.tmp`);
  await writeFile(temporary, `${JSON.stringify({ activeKeyId })}\n`, { mode: 0o600, flush: true });
  await rename(temporary, join(home, CONTROL_FILE));
}
