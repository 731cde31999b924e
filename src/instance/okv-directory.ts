/**
 * The server of a `keyring_okv_conf_dir` as a keyring, and what MySQL's plugin would write to the error log where that fails.
 * Layer: instance, Node only.
 */
import { join } from 'node:path';
import { KeywardError, ProtocolError, StateError, TransportError, UnsupportedError } from '../errors.ts';
import type { Keyring } from '../keyring/index.ts';
import { parseOkvClient } from '../okv/index.ts';
import type { ErrorLog, OkvSymbol } from '../statement/index.ts';
import type { FileSystem } from '../wallet/file/index.ts';
import { readWhole } from './files.ts';

/** What the directory must hold. */
const FILES = ['okvclient.ora', 'ssl/CA.pem', 'ssl/cert.pem', 'ssl/key.pem'] as const;

/** Opens a keyring on the server that a directory names. Nothing is asked of the server yet. @throws what is wrong with the directory */
export async function openOkvDirectory(fs: FileSystem, directory: string): Promise<Keyring> {
  for (const name of FILES) {
    if ((await fs.stamp(join(directory, name)).catch(() => null)) !== null) continue;
    throw new StateError('ERR_FILE_MISSING', `there is no file ${join(directory, name)} that could be read`);
  }
  parseOkvClient(new TextDecoder().decode(await readWhole(fs, join(directory, 'okvclient.ora'))));
  throw new UnsupportedError('ERR_KEYRING_BACKEND', 'keyrings in a KMIP server are not available yet');
}

/** Looks whether the server answers: reads the name of one key, as the plugin loads them all. @throws what the server or the way says */
export async function probe(keyring: Keyring): Promise<void> {
  for await (const _ of keyring.list()) return;
}

/** Writes to the log why a directory's server cannot be used. */
export function logOkvFailure(error: unknown, directory: string, log: ErrorLog): void {
  const code = error instanceof KeywardError ? error.code : '';
  const file = join(directory, 'okvclient.ora');
  if (code === 'ERR_OKV_SERVER_MISSING') log.okv('FAILED_TO_FIND_SERVER_ENTRY', file);
  else if (code === 'ERR_OKV_STANDBY_COUNT') log.okv('STANDBY_SERVER_COUNT_EXCEEDED');
  else if (code.startsWith('ERR_OKV_')) log.okv('FAILED_TO_PARSE_CONF_FILE', file);
  else if (TLS_FAILURES[code] !== undefined) {
    log.okv(TLS_FAILURES[code]);
    log.okv('FAILED_TO_INIT_SSL_LAYER');
  } else if (error instanceof TransportError) {
    log.okv('CONNECTION_TO_SERVER_FAILED');
    log.okv('FAILED_TO_INIT_CLIENT');
  } else if (error instanceof ProtocolError) log.okv('FAILED_TO_LOAD_KEY_UID');
  log.okv('INIT_FAILED_DUE_TO_INCORRECT_CONF');
}

const TLS_FAILURES: Readonly<Record<string, OkvSymbol>> = {
  ERR_KMIP_CA: 'FAILED_TO_LOAD_SSL_TRUST_STORE',
  ERR_KMIP_CERTIFICATE: 'FAILED_TO_SET_CERTIFICATE_FILE',
  ERR_KMIP_KEY: 'FAILED_TO_SET_KEY_FILE',
  ERR_KMIP_KEY_PASSWORD: 'FAILED_TO_SET_KEY_FILE',
  ERR_WRONG_PASSWORD: 'FAILED_TO_SET_KEY_FILE',
  ERR_KMIP_KEY_MISMATCH: 'KEY_MISMATCH',
};
