/**
 * The server of a `keyring_okv_conf_dir` as a keyring, and what MySQL's plugin would write to the error log where that fails.
 * Layer: instance, Node only.
 */
import { join } from 'node:path';
import { KeywardError, ProtocolError, TransportError } from '../errors.ts';
import { type Keyring, openKeyring } from '../keyring/index.ts';
import type { ErrorLog, OkvSymbol } from '../statement/index.ts';

/** Opens a keyring on the server that a directory names, and asks nothing of it yet. @throws what is wrong with the directory */
export async function openOkvDirectory(directory: string): Promise<Keyring> {
  return await openKeyring({ backend: 'kmip', directory, lazy: true });
}

/**
 * Opens a keyring on the server that a directory names, if it answers: the name of one key is read, where the plugin loads them all.
 *
 * @returns the keyring, and what about the directory should be mended
 * @throws what is wrong with the directory, the server or the way there
 */
export async function tryOkvDirectory(
  directory: string,
): Promise<{ readonly keyring: Keyring; readonly remarks: readonly string[] }> {
  const remarks: string[] = [];
  const onWarning = ({ path, message }: { readonly path: string; readonly message: string }): void => {
    remarks.push(`${path}: ${message}`);
  };
  const keyring = await openKeyring({ backend: 'kmip', directory, onWarning });
  try {
    for await (const _ of keyring.list()) break;
    return { keyring, remarks };
  } catch (error) {
    await keyring.close();
    throw error;
  }
}

/** Writes to the log why a directory's server cannot be used. */
export function logOkvFailure(error: unknown, directory: string, log: ErrorLog): void {
  const code = error instanceof KeywardError ? error.code : '';
  const file = join(directory, 'okvclient.ora');
  const ofTls = TLS_FAILURES[code];
  if (code === 'ERR_OKV_SERVER_MISSING') log.okv('FAILED_TO_FIND_SERVER_ENTRY', file);
  else if (code === 'ERR_OKV_STANDBY_COUNT') log.okv('STANDBY_SERVER_COUNT_EXCEEDED');
  else if (code.startsWith('ERR_OKV_')) log.okv('FAILED_TO_PARSE_CONF_FILE', file);
  else if (ofTls !== undefined) {
    log.okv(ofTls);
    log.okv('FAILED_TO_INIT_SSL_LAYER');
  } else if (error instanceof TransportError) {
    log.okv('CONNECTION_TO_SERVER_FAILED');
    log.okv('FAILED_TO_INIT_CLIENT');
  } else if (error instanceof ProtocolError) log.okv('FAILED_TO_LOAD_KEY_UID');
  log.okv('INIT_FAILED_DUE_TO_INCORRECT_CONF');
}

/** Codes of the KMIP client's credentials, and of an encrypted key. */
const TLS_FAILURES: Readonly<Record<string, OkvSymbol>> = {
  ERR_KMIP_CA: 'FAILED_TO_LOAD_SSL_TRUST_STORE',
  ERR_KMIP_CERTIFICATE: 'FAILED_TO_SET_CERTIFICATE_FILE',
  ERR_KMIP_KEY: 'FAILED_TO_SET_KEY_FILE',
  ERR_KMIP_KEY_PASSWORD: 'FAILED_TO_SET_KEY_FILE',
  ERR_WRONG_PASSWORD: 'FAILED_TO_SET_KEY_FILE',
  ERR_KMIP_KEY_MISMATCH: 'KEY_MISMATCH',
};
