/**
 * Wallets whose master keys a key management service keeps: what a keystore password means that is a `kms://` URL, and how such
 * wallets are made, opened and moved. The wallet keeps the settings in its encrypted part, so its password alone opens it too; a
 * URL beside that password may bring renewed credentials, which are taken over once the check has passed. Layer: instance, Node only.
 */
import { FormatError, StateError, UsageError } from '../errors.ts';
import {
  compareKmsUrls,
  encodeKmsSettings,
  isKmsUrl,
  type KmsUrl,
  parseKmsUrl,
  TencentKms,
  type TencentKmsOptions,
} from '../kms/index.ts';
import type { Secret } from '../secret.ts';
import {
  type BackupRequest,
  createWalletFile,
  openWalletFile,
  type WalletFile,
  type WalletFileOptions,
} from '../wallet/file/index.ts';
import { openWallet, type ProviderSetup, type Wallet } from '../wallet/index.ts';

/** How the service of a wallet is used. */
export interface KmsOptions {
  /** When plain keys are fetched: all at open, or each when it is first needed. Default `open`. */
  readonly fetchKeys?: 'open' | 'use';
  /** For all that opening, or one change, asks of the service. Default 30,000. */
  readonly timeoutMs?: number;
  /** Attempts, transport, clock: for one request. */
  readonly client?: TencentKmsOptions;
}

/** What stands behind IDENTIFIED BY: a wallet's password, in a `kms://` URL or bare. */
export class KeystoreCredential implements Disposable {
  /** Of the wallet; lent. */
  readonly password: Secret;
  /** null where the password stood there by itself. */
  readonly url: KmsUrl | null;

  private constructor(password: Secret, url: KmsUrl | null) {
    this.password = password;
    this.url = url;
  }

  /** Reads a credential; `text` is lent, and stays so where it is the password itself. @throws {FormatError} ERR_KMS_URL */
  static parse(text: Secret): KeystoreCredential {
    if (!isKmsUrl(text)) return new KeystoreCredential(text, null);
    const url = parseKmsUrl(text);
    if (url.password !== null) return new KeystoreCredential(url.password, url);
    url.dispose();
    throw new FormatError('ERR_KMS_URL', 'malformed kms URL: password is missing', { offset: text.length });
  }

  /** The URL. @throws {UsageError} ERR_KMS_CONFIGURATION with `message` where there is none */
  requireUrl(message: string): KmsUrl {
    if (this.url !== null) return this.url;
    throw new UsageError('ERR_KMS_CONFIGURATION', message, {
      hint: 'kms://tencent/?password=…&keyId=…&secretId=…&secretKey=…#https://…',
    });
  }

  /** Wipes the URL's secrets, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.url?.dispose();
  }
}

/** How wallets reach their service, by the settings that they hold. */
export function providerSetup(kms: KmsOptions): ProviderSetup {
  return setupOf(kms, (settings) => parseKmsUrl(settings));
}

/** Makes a wallet in a directory; with a URL, one whose master keys the service keeps. @throws as `createWalletFile` */
export async function createKeystoreFile(
  directory: string,
  { password, url }: KeystoreCredential,
  options: WalletFileOptions,
  kms: KmsOptions,
  fill?: (wallet: Wallet) => unknown,
): Promise<WalletFile> {
  if (url === null) return await createWalletFile(directory, password, options, fill);
  using settings = encodeKmsSettings(url);
  return await createWalletFile(
    directory,
    password,
    { ...options, provider: { ...providerSetup(kms), settings } },
    fill,
  );
}

/**
 * Opens the wallet of a directory, and its service where one keeps its master keys.
 *
 * @throws as `openWalletFile`; {StateError} ERR_KMS_OTHER_KEY, ERR_KMS_RENEWED
 */
export async function openKeystoreFile(
  directory: string,
  credential: KeystoreCredential,
  options: WalletFileOptions,
  kms: KmsOptions,
): Promise<WalletFile> {
  const { password } = credential;
  const given = new GivenUrl(credential.url, kms);
  const file = await openWalletFile(directory, password, { ...options, provider: given.setup });
  try {
    if (given.renewed && credential.url !== null) await renew(file, credential.url, kms);
    given.forget();
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens a wallet that is only bytes, with all its master keys. @throws as `openKeystoreFile` */
export async function openKeystoreBytes(
  bytes: Uint8Array,
  credential: KeystoreCredential,
  kms: KmsOptions,
): Promise<Wallet> {
  const given = new GivenUrl(credential.url, { ...kms, fetchKeys: 'open' });
  const wallet = await openWallet(bytes, credential.password, { provider: given.setup });
  given.forget();
  try {
    await wallet.fetchKeys();
    return wallet;
  } catch (error) {
    wallet.dispose();
    throw error;
  }
}

/** Sees that a URL names the key that keeps the master keys of an open wallet. @throws {StateError} ERR_KMS_OTHER_KEY */
export function assertSameKey(wallet: Wallet, url: KmsUrl): void {
  using settings = wallet.exportProviderSettings();
  if (settings === null) return;
  using stored = parseKmsUrl(settings);
  if (compareKmsUrls(stored, url) === 'other-key') throw otherKey();
}

/** Gives a wallet the password and the settings of a credential; under another key of the service, all is encrypted anew. */
export async function changeCredential(wallet: Wallet, credential: KeystoreCredential, kms: KmsOptions): Promise<void> {
  const { url } = credential;
  using stored = wallet.exportProviderSettings();
  if (url !== null && stored !== null) {
    using before = parseKmsUrl(stored);
    using settings = encodeKmsSettings(url);
    const difference = compareKmsUrls(before, url);
    const setup = { ...providerSetup(kms), settings };
    if (difference !== 'same' || before.skipCheck !== url.skipCheck)
      await wallet.keepKeysAtProvider(setup, { keep: difference !== 'other-key' });
  }
  await wallet.changePassword(credential.password);
}

/** One migration. */
export interface KeystoreMove {
  /** The wallet, open. */
  readonly file: WalletFile;
  /** Where its master keys go; its password is the wallet's from then on. */
  readonly to: KeystoreCredential;
  readonly backup: BackupRequest | null;
  /** Done with the rest, in the same write. */
  readonly also?: (wallet: Wallet) => void;
}

/**
 * Moves all master keys of a wallet, in one write: to the service where `to` is a URL, else into the wallet. Identifiers, tags and
 * states stay.
 *
 * @returns how many moved, and the backup's path
 */
export async function moveKeystore(
  { file, to, backup, also }: KeystoreMove,
  kms: KmsOptions,
): Promise<{ readonly keys: number; readonly backupPath: string | null }> {
  const { result, backupPath } = await file.change(async (wallet) => {
    if (to.url === null) await wallet.keepKeysInWallet();
    else {
      using settings = encodeKmsSettings(to.url);
      await wallet.keepKeysAtProvider({ ...providerSetup(kms), settings });
    }
    if (!wallet.verifyPassword(to.password)) await wallet.changePassword(to.password);
    also?.(wallet);
    return wallet.masterKeys.length;
  }, backup);
  return { keys: result, backupPath };
}

/** The URL beside a wallet's password, while that wallet is opened: it counts instead of the settings in the wallet. */
class GivenUrl {
  /** True once the wallet turned out to hold other credentials for the same key. */
  renewed = false;
  readonly setup: ProviderSetup;
  #url: KmsUrl | null;

  constructor(url: KmsUrl | null, kms: KmsOptions) {
    this.#url = url;
    this.setup = setupOf(kms, (settings) => this.#choose(parseKmsUrl(settings)));
  }

  /** From now on the settings in the wallet count. */
  forget(): void {
    this.#url = null;
  }

  #choose(stored: KmsUrl): KmsUrl {
    const url = this.#url;
    if (url === null) return stored;
    using _ = stored;
    const difference = compareKmsUrls(stored, url);
    if (difference === 'other-key') throw otherKey();
    this.renewed = difference === 'renewed';
    if (this.renewed && url.skipCheck)
      throw new StateError(
        'ERR_KMS_RENEWED',
        'the kms URL has other credentials than the wallet, and says skipCheck=true',
        {
          hint: 'they are taken over only after the check: leave skipCheck out',
        },
      );
    using copy = encodeKmsSettings(url);
    return parseKmsUrl(copy);
  }
}

function setupOf({ fetchKeys, timeoutMs, client }: KmsOptions, read: (settings: Secret) => KmsUrl): ProviderSetup {
  return {
    connect: (settings) => {
      using url = read(settings);
      return { provider: new TencentKms(url, client), skipCheck: url.skipCheck };
    },
    ...(fetchKeys !== undefined && { fetchKeys }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

async function renew(file: WalletFile, url: KmsUrl, kms: KmsOptions): Promise<void> {
  using settings = encodeKmsSettings(url);
  await file.change((wallet) => wallet.keepKeysAtProvider({ ...providerSetup(kms), settings }, { keep: true }));
}

function otherKey(): StateError {
  return new StateError(
    'ERR_KMS_OTHER_KEY',
    'the kms URL names another keyId than the one that keeps the master keys of this wallet',
    {
      hint: 'to encrypt them anew under another key: ALTER KEYSTORE PASSWORD IDENTIFIED BY old SET "kms://…"',
    },
  );
}
