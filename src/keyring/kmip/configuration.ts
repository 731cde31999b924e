/**
 * Where the server is and who we are, from the files that MySQL's and Percona's keyrings are set up with: an Oracle Key Vault
 * directory (`okvclient.ora`, `ssl/`), `component_keyring_kmip.cnf` of either maker, or a `my.cnf` that names the directory. None of
 * them is written. Peers are verified whatever the file says: that is switched off by the caller alone. Layer: keyring, Node only.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { StateError, UsageError } from '../../errors.ts';
import type { Credentials, KmipClientOptions } from '../../kmip/client/index.ts';
import {
  type KmipComponentConfig,
  okvMessage,
  parseKmipComponentConfig,
  parseMyCnf,
  parseOkvClient,
  type Remark,
} from '../../okv/index.ts';

/** Something about the files that somebody should know. */
export interface KeyringWarning {
  /** Stable: `OKV_…`. */
  readonly code: string;
  readonly message: string;
  readonly path: string;
}

/** What the files say. */
export interface KmipConfiguration {
  readonly client: Pick<KmipClientOptions, 'servers' | 'credentials'>;
  /** What Oracle's component says of `cache_keys`; null elsewhere. */
  readonly cacheKeys: boolean | null;
  /** Percona's time for one request; null elsewhere. */
  readonly timeoutMs: number | null;
  /** Percona's Object Group, '' for none; null elsewhere. */
  readonly objectGroup: string | null;
  readonly warnings: readonly KeyringWarning[];
}

const OKV_CLIENT = 'okvclient.ora';
/** The key of the client, in `ssl/`. */
const KEY_FILE = 'key.pem';

/** Reads a configuration directory: see `readOkvDirectory` of lazy.ts. */
export async function readDirectory(directory: string): Promise<KmipConfiguration> {
  const path = join(directory, OKV_CLIENT);
  const { servers, warnings } = parseOkvClient(await readText(path), { fileName: path });
  const credentials = await credentialsIn(directory);
  return {
    client: { servers, credentials },
    cacheKeys: null,
    timeoutMs: null,
    objectGroup: null,
    warnings: [...warningsOf(warnings, path), ...(await checkPermissions(directory))],
  };
}

/** Reads a configuration file: see `readKmipConfigFile` of lazy.ts. */
export async function readConfigFile(path: string): Promise<KmipConfiguration> {
  const text = await readText(path);
  if (/^\ufeff?\s*\{/.test(text))
    return await readComponentConfig(parseKmipComponentConfig(text, { fileName: path }), path);
  const { keyringOkvConfDir, includes, warnings } = parseMyCnf(text, { fileName: path });
  if (keyringOkvConfDir === null || keyringOkvConfDir === '') {
    const included =
      includes.length === 0 ? {} : { hint: `it may be in a file that this one includes: ${includes[0]?.path}` };
    throw new StateError('ERR_KEYRING_CONFIGURATION', `${path} does not set keyring_okv_conf_dir`, included);
  }
  const configuration = await readDirectory(besides(path, keyringOkvConfDir));
  return { ...configuration, warnings: [...warningsOf(warnings, path), ...configuration.warnings] };
}

async function readComponentConfig(config: KmipComponentConfig, path: string): Promise<KmipConfiguration> {
  const remarks = warningsOf(config.warnings, path);
  if (config.vendor === 'local')
    throw new UsageError('ERR_KEYRING_CONFIGURATION', `${path} only says that the file in the data directory counts`, {
      hint: 'name that file',
    });
  const { servers } = config;
  if (config.vendor === 'oracle') {
    const directory = besides(path, config.configurationDirectory);
    const credentials = await credentialsIn(directory);
    const warnings = [...remarks, ...(await checkPermissions(directory))];
    return {
      client: { servers, credentials },
      cacheKeys: config.cacheKeys,
      timeoutMs: null,
      objectGroup: null,
      warnings,
    };
  }
  const credentials = {
    ca: { file: besides(path, config.serverCaFile) },
    cert: { file: besides(path, config.clientCertificateFile) },
    key: { file: besides(path, config.clientKeyFile) },
  };
  const unsafe = await checkMode(credentials.key.file, 0o077, 'OKV_KEY_MODE');
  return {
    client: { servers, credentials },
    cacheKeys: null,
    timeoutMs: config.timeoutMs,
    objectGroup: config.objectGroup,
    warnings: [...remarks, ...unsafe],
  };
}

async function credentialsIn(directory: string): Promise<Credentials> {
  const file = (name: string) => ({ file: join(directory, 'ssl', name) });
  const needed = { ca: file('CA.pem'), cert: file('cert.pem'), key: file(KEY_FILE) };
  for (const { file: path } of Object.values(needed)) if ((await modeOf(path)) === null) throw unreadable(path);
  const password = file('password.txt');
  return (await modeOf(password.file)) === null ? needed : { ...needed, password };
}

/** The directory is for MySQL alone (0750), the private key for its owner. */
async function checkPermissions(directory: string): Promise<KeyringWarning[]> {
  const checks = [
    checkMode(directory, 0o007, 'OKV_DIRECTORY_MODE'),
    checkMode(join(directory, 'ssl', KEY_FILE), 0o077, 'OKV_KEY_MODE'),
    checkMode(join(directory, 'ssl', 'password.txt'), 0o077, 'OKV_PASSWORD_MODE'),
  ];
  return (await Promise.all(checks)).flat();
}

async function checkMode(path: string, forbidden: number, code: string): Promise<KeyringWarning[]> {
  const mode = await modeOf(path);
  if (mode === null || (mode & forbidden) === 0) return [];
  const message = `mode ${mode.toString(8).padStart(4, '0')} lets others at it: chmod ${(mode & ~forbidden).toString(8).padStart(4, '0')}`;
  return [{ code, message, path }];
}

/** Permission bits; null when there is nothing. */
async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return null;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause?: unknown): StateError {
  return new StateError('ERR_KEYRING_CONFIGURATION', `cannot read ${path}`, {
    cause,
    hint: okvMessage('INCORRECT_KEY_VAULT_CONFIGURED'),
  });
}

function besides(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

function warningsOf(remarks: readonly Remark[], path: string): KeyringWarning[] {
  return remarks
    .filter(({ severity }) => severity === 'warning')
    .map(({ code, message, line }) => ({ code, message: `line ${line}: ${message}`, path }));
}
