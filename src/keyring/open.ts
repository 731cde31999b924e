/** `openKeyring`: picks the back end, which is loaded on use. Layer: keyring. */
import { UsageError } from '../errors.ts';
import type { WalletFile } from '../wallet/file/index.ts';
import type { KeyringBackend } from './backend.ts';
import type { Keyring } from './keyring.ts';
import {
  assertKnownOptions,
  type KeyringOptions,
  type KmipKeyringOptions,
  platformRandomBytes,
  type WalletKeyringOptions,
} from './options.ts';
import type { RuleSet } from './rules.ts';

const COMMON = ['backend', 'cacheKeys', 'rules', 'randomBytes'] as const;
const RULES: readonly RuleSet[] = ['okv', 'percona', 'plugin', 'component'];
const KMIP = [
  'directory',
  'configFile',
  'client',
  'profile',
  'attributeNames',
  'instance',
  'refreshMs',
  'graceMs',
  'timeoutMs',
  'lazy',
  'onWarning',
] as const;
/** What was last seen of a wallet file is taken for what is there for so long. */
const REFRESH_MS = 100;

/**
 * Opens a keyring: keys by name, in memory, in a wallet file or in a KMIP server.
 *
 * @throws {UsageError} ERR_OPTION for what is unknown or does not fit together; ERR_KEYRING_PROFILE
 * @throws what the back end says: of a wallet, as `openWalletFile`; of a server, as `connectKmip`, and {StateError}
 *   ERR_KEYRING_CONFIGURATION, {FormatError} ERR_OKV_… of its files
 * @example
 * await using keyring = await openKeyring({ backend: 'memory' });
 * await keyring.generate('MyKey', 'AES', 32, { owner: 'root@localhost' });
 * using found = await keyring.fetch('MyKey', { owner: 'root@localhost' });
 */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  const { backend } = options;
  const rules = rulesOf(options);
  const { createKeyring } = await import('./service.ts');
  if (backend === 'memory') return createKeyring(await openMemory(options), rules);
  if (backend === 'wallet') return createKeyring(await openWallet(options), rules);
  if (backend === 'kmip') return createKeyring(await openKmip(options), rules);
  throw new UsageError('ERR_OPTION', `unknown back end "${String(backend)}"`, { hint: 'known: memory, wallet, kmip' });
}

async function openMemory(options: KeyringOptions): Promise<KeyringBackend> {
  assertKnownOptions(options, COMMON);
  const { createMemoryBackend } = await import('./memory.ts');
  return createMemoryBackend(tableOptions(options));
}

async function openWallet(options: WalletKeyringOptions): Promise<KeyringBackend> {
  const { refreshMs = REFRESH_MS } = options;
  if (!(refreshMs >= 0)) throw new UsageError('ERR_OPTION', 'refreshMs is a number of milliseconds, 0 or more');
  const { openWalletBackend } = await import('./wallet.ts');
  const how = { ...tableOptions(options), refreshMs };
  if ('file' in options) {
    assertKnownOptions(options, [...COMMON, 'refreshMs', 'file']);
    return await openWalletBackend({ file: options.file satisfies WalletFile }, how);
  }
  assertKnownOptions(options, [...COMMON, 'refreshMs', 'directory', 'password', 'create', 'walletOptions']);
  const { directory, password, create = false, walletOptions = {} } = options;
  return await openWalletBackend({ directory, password, create, walletOptions }, how);
}

async function openKmip(options: KmipKeyringOptions): Promise<KeyringBackend> {
  const { openKmipBackend } = await import('./kmip/open.ts');
  assertKnownOptions(options, [...COMMON, ...KMIP]);
  return await openKmipBackend(options);
}

function tableOptions({ cacheKeys = true, randomBytes = platformRandomBytes }: KeyringOptions) {
  return { cacheKeys, randomBytes };
}

function rulesOf({ backend, rules = backend === 'kmip' ? 'okv' : 'component' }: KeyringOptions): RuleSet {
  if (!RULES.includes(rules))
    throw new UsageError('ERR_OPTION', `unknown rules "${String(rules)}"`, { hint: `known: ${RULES.join(', ')}` });
  return rules;
}
