/**
 * The smallest epoch that an object store is known to have reached, in a file beside it: so an older copy of the store directory,
 * put back alone, is noticed at the next start. Whoever puts back this file too is not noticed; a file that was changed is.
 *
 *   epoch <number> <KEY_ID> <hex HMAC-SHA-256 under server-mac over "keyward epoch <number>">
 *
 * Layer: kmip/server, Node only.
 */
import { decodeUtf8, encodeUtf8, formatHex } from '../../bytes.ts';
import { equalSecretBytes, hmac } from '../../core/index.ts';
import { StateError } from '../../errors.ts';
import { errnoCode, type FileSystem, nodeFileSystem, replaceFile } from '../../wallet/file/index.ts';
import type { ObjectKeys } from './object-keys.ts';

/** Reads the floor; 0 when there is no such file. @throws {StateError} ERR_STORE_EPOCH when it is not as it was written */
export async function readEpochFloor(path: string, keys: ObjectKeys, fs: FileSystem = nodeFileSystem): Promise<number> {
  let text: string;
  try {
    text = decodeUtf8(await fs.readFile(path));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return 0;
    throw error;
  }
  const match = /^epoch (\d{1,15}) (\S{1,100}) ([0-9a-f]{64})\n$/.exec(text);
  const [, epoch = '', keyId = '', tag = ''] = match ?? [];
  if (match === null || !keys.has(keyId) || !equalSecretBytes(encodeUtf8(tagOf(keys, keyId, epoch)), encodeUtf8(tag))) {
    throw new StateError('ERR_STORE_EPOCH', `not as it was written: ${path}`, {
      hint: 'remove the file to go without it once',
    });
  }
  return Number(epoch);
}

/** Writes the floor, durably: after a power cut the file is the one from before or this one, never a part of it. */
export async function writeEpochFloor(
  path: string,
  keys: ObjectKeys,
  epoch: number,
  fs: FileSystem = nodeFileSystem,
): Promise<void> {
  const keyId = keys.activeKeyId;
  const text = `epoch ${epoch} ${keyId} ${tagOf(keys, keyId, String(epoch))}\n`;
  await replaceFile(fs, path, encodeUtf8(text));
}

function tagOf(keys: ObjectKeys, keyId: string, epoch: string): string {
  return formatHex(hmac('sha256', keys.mac(keyId), encodeUtf8(`keyward epoch ${epoch}`)));
}
