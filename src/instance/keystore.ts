/**
 * The keystore of an instance: what the statements do to the wallet of `WALLET_ROOT/tde`, with the document's rules on where
 * it lies, when it is open and who may change it. Layer: instance, Node only.
 */
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { AuthenticationError, StateError, UnsupportedError, UsageError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type {
  EncryptionKeyRow,
  EncryptionWalletRow,
  ForeignKeystore,
  InstancePhase,
  KeystoreAccess,
  KeystoreBackup,
  KeystoreHost,
  NewKeyRequest,
} from '../statement/index.ts';
import {
  type Changed,
  createWalletFile,
  type FileSystem,
  nodeFileSystem,
  openWalletFile,
  WALLET_FILE,
  type WalletFile,
  type WalletFileOptions,
} from '../wallet/file/index.ts';
import {
  createWallet,
  isAutoLogin,
  type MasterKeyInfo,
  openAutoLogin,
  openWallet,
  parseKeyMaterial,
  type Wallet,
} from '../wallet/index.ts';
import { readWhole, writeNew } from './files.ts';

/** What the keystore asks of its instance. */
export interface KeystoreSurroundings {
  readonly phase: InstancePhase | 'down';
  /** `WALLET_ROOT/tde`; null while WALLET_ROOT is not set. */
  readonly directory: string | null;
  readonly usesKms: boolean;
  readonly isIsc: boolean;
  readonly walletOptions: WalletFileOptions;
  /** Called after a key became active: the instance has encrypted data from now on. */
  noteActiveKey(keyId: string): Promise<void>;
  /** Called before the wallet is closed: whatever else holds keys of it lets go of them. */
  walletCloses(): Promise<void>;
}

/** Implements the keystore statements. */
export class Keystore implements KeystoreHost {
  readonly #around: KeystoreSurroundings;
  #file: WalletFile | null;

  constructor(around: KeystoreSurroundings, file: WalletFile | null = null) {
    this.#around = around;
    this.#file = file;
  }

  /** The same keystore in other surroundings, to try statements in; shares nothing with this one. */
  async rehearse(around: KeystoreSurroundings, fileSystem: FileSystem): Promise<Keystore> {
    return new Keystore(around, this.#file === null ? null : await this.#file.rehearse(fileSystem));
  }

  /** The master keys as last read; null while the wallet is closed. */
  get masterKeys(): readonly MasterKeyInfo[] | null {
    return this.#file?.wallet.masterKeys ?? null;
  }

  get #fs(): FileSystem {
    return this.#around.walletOptions.fileSystem ?? nodeFileSystem;
  }

  /** The wallet, while it is open: the instance's keyring keeps its keys in it. */
  get file(): WalletFile | null {
    return this.#file;
  }

  get isOpen(): boolean {
    return this.#file !== null;
  }

  async create(location: string | null, password: Secret): Promise<string> {
    this.#assertDeployment();
    const directory = this.#locationOfNew(location);
    this.#assertLocalPassword(password);
    const file = await createWalletFile(directory, password, this.#around.walletOptions);
    await file.close();
    return `keystore created: ${join(directory, WALLET_FILE)}`;
  }

  async open(access: KeystoreAccess): Promise<string> {
    this.#assertDeployment();
    const password = givenPassword(access);
    if (this.#file !== null) {
      this.#verify(password);
      throw new StateError('ERR_WALLET_ALREADY_OPEN', 'the wallet is already open');
    }
    await this.#openWith(password);
    return 'keystore opened';
  }

  async close(access: KeystoreAccess | null): Promise<string> {
    this.#assertDeployment();
    this.#opened();
    if (access === null)
      throw new StateError(
        'ERR_PASSWORD_REQUIRED',
        'closing a password keystore needs IDENTIFIED BY keystore_password',
      );
    this.#verify(givenPassword(access));
    await this.abandon();
    return 'keystore closed';
  }

  /** Closes without a password, at shutdown. */
  async abandon(): Promise<void> {
    await this.#around.walletCloses();
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async backup(identifier: string | null, to: string | null, access: KeystoreAccess): Promise<string> {
    const file = await this.#authenticated(access);
    const path = await file.backup({ identifier, ...(to !== null && { directory: to }) });
    return `keystore backed up: ${path}`;
  }

  async newKey(request: NewKeyRequest, access: KeystoreAccess, backup: KeystoreBackup): Promise<string> {
    if (request.activate) this.#assertPhaseOpen();
    if (request.algorithm !== null && request.algorithm.toUpperCase() !== 'AES256') {
      throw new UnsupportedError(
        'ERR_ALGORITHM',
        'missing or invalid master key encryption algorithm: only AES256 is supported',
      );
    }
    const material = request.material === null ? undefined : parseKeyMaterial(request.material.expose());
    try {
      const file = await this.#authenticated(access);
      const input = { ...material, keyTag: request.keyTag };
      const changed = await file.change(
        (wallet) => (request.activate ? wallet.setKey(input) : wallet.createKey(input)),
        backup,
      );
      if (request.activate) await this.#around.noteActiveKey(changed.result.keyId);
      return said(changed, request.activate ? 'key set' : 'key created');
    } finally {
      material?.key.fill(0);
    }
  }

  async useKey(keyId: string, keyTag: string | null, access: KeystoreAccess, backup: KeystoreBackup): Promise<string> {
    const file = await this.#authenticated(access);
    const changed = await file.change((wallet) => wallet.useKey(keyId, keyTag === null ? {} : { keyTag }), backup);
    await this.#around.noteActiveKey(changed.result.keyId);
    return said(changed, 'key in use');
  }

  async setTag(keyId: string, keyTag: string, access: KeystoreAccess, backup: KeystoreBackup | null): Promise<string> {
    const file = await this.#authenticated(access);
    return said(await file.change((wallet) => wallet.setKeyTag(keyId, keyTag), backup), 'tag set');
  }

  async changePassword(
    oldPassword: Secret,
    newPassword: Secret,
    force: boolean,
    backup: KeystoreBackup | null,
  ): Promise<string> {
    const file = await this.#authenticated({ force, password: oldPassword });
    this.#assertLocalPassword(newPassword);
    const { backupPath } = await file.change((wallet) => wallet.changePassword(newPassword), backup);
    return withBackup('keystore password changed', backupPath);
  }

  async mergeInto(
    sources: readonly ForeignKeystore[],
    target: ForeignKeystore,
    isNew: boolean,
    backup: KeystoreBackup | null,
  ): Promise<string> {
    this.#assertDeployment();
    if (target.password === null)
      throw new StateError('ERR_PASSWORD_REQUIRED', 'the target of MERGE KEYSTORE needs a password');
    const opened: Wallet[] = [];
    try {
      for (const source of sources) opened.push(await openForeign(this.#fs, source));
      const { walletOptions } = this.#around;
      const directory = resolve(target.location);
      const merge = (wallet: Wallet): readonly string[] =>
        opened.flatMap((source) => wallet.copyKeysFrom(source, newKeysOf(source, wallet), 'imported'));
      if (isNew) {
        await using file = await createWalletFile(directory, target.password, walletOptions, merge);
        return `${file.wallet.masterKeys.length} keys merged into ${file.path}`;
      }
      await using file = await openWalletFile(directory, target.password, walletOptions);
      const { result, backupPath } = await file.change(merge, backup);
      return withBackup(`${result.length} keys merged into ${file.path}`, backupPath);
    } finally {
      for (const wallet of opened) wallet.dispose();
    }
  }

  async exportKeys(
    path: string,
    secret: Secret,
    keyIds: readonly string[] | null,
    access: KeystoreAccess,
  ): Promise<string> {
    const file = await this.#authenticated(access);
    await file.refresh();
    const { fileSystem: _, lockTimeoutMs: __, ...options } = this.#around.walletOptions;
    using exported = await createWallet(secret, options);
    const copied = exported.copyKeysFrom(file.wallet, keyIds, 'local');
    await writeNew(this.#fs, resolve(path), await exported.encode());
    return `${copied.length} keys exported to ${path}`;
  }

  async importKeys(path: string, secret: Secret, access: KeystoreAccess, backup: KeystoreBackup): Promise<string> {
    const file = await this.#authenticated(access);
    using imported = await openWallet(await readWhole(this.#fs, resolve(path)), secret);
    if (imported.masterKeys.length === 0)
      throw new StateError('ERR_NO_KEYS', 'no valid keys in the file from which keys are to be imported');
    const { result, backupPath } = await file.change(
      (wallet) => wallet.copyKeysFrom(imported, null, 'imported'),
      backup,
    );
    return withBackup(`${result.length} keys imported`, backupPath);
  }

  async migrate(): Promise<string> {
    this.#assertDeployment();
    throw kmsUnavailable();
  }

  async keys(): Promise<readonly EncryptionKeyRow[]> {
    if (this.#around.isIsc || this.#file === null) return [];
    await this.#file.refresh();
    return this.#file.wallet.masterKeys.map(keyRow);
  }

  async wallet(): Promise<EncryptionWalletRow> {
    await this.#file?.refresh();
    const wallet = this.#file?.wallet;
    const { directory } = this.#around;
    return {
      open: wallet !== undefined,
      location: directory,
      present: directory !== null && (await this.#fs.stamp(join(directory, WALLET_FILE))) !== null,
      hasActiveKey: wallet?.activeKey != null,
      fullyBackedUp: wallet?.fullyBackedUp ?? false,
      autoLogin: false,
    };
  }

  /** The open wallet, after its password was verified; opened first where FORCE KEYSTORE says so. */
  async #authenticated(access: KeystoreAccess): Promise<WalletFile> {
    this.#assertDeployment();
    if (this.#file === null && !access.force) throw notOpen();
    const password = givenPassword(access);
    if (this.#file === null) return await this.#openWith(password);
    this.#verify(password);
    return this.#file;
  }

  async #openWith(password: Secret): Promise<WalletFile> {
    const { directory, walletOptions } = this.#around;
    if (directory === null)
      throw new StateError('ERR_WALLET_ROOT', 'the WALLET_ROOT location is missing or invalid', {
        hint: "ALTER SYSTEM SET WALLET_ROOT='…' SCOPE=SPFILE, then start again",
      });
    this.#assertLocalPassword(password);
    this.#file = await openWalletFile(directory, password, walletOptions);
    return this.#file;
  }

  #opened(): WalletFile {
    if (this.#file === null) throw notOpen();
    return this.#file;
  }

  #verify(password: Secret): void {
    if (this.#opened().wallet.verifyPassword(password)) return;
    throw new AuthenticationError('ERR_WRONG_PASSWORD', 'keystore password mismatch');
  }

  #locationOfNew(location: string | null): string {
    const { directory } = this.#around;
    if (directory === null) {
      if (location !== null) return resolve(location);
      throw new StateError('ERR_WALLET_LOCATION', 'keystore_location is required while WALLET_ROOT is not set');
    }
    if (location === null || resolve(location) === directory) return directory;
    throw new StateError(
      'ERR_WALLET_LOCATION',
      `keystore_location must be ${directory}: the directory tde of WALLET_ROOT`,
    );
  }

  /** Which kind of password goes with which configuration. */
  #assertLocalPassword(password: Secret): void {
    const isUrl = /^kms:/i.test(String.fromCharCode(...password.expose().subarray(0, 4)));
    if (!isUrl && !this.#around.usesKms) return;
    if (isUrl && !this.#around.usesKms) {
      throw new UsageError(
        'ERR_KMS_CONFIGURATION',
        "a kms:// password needs TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE'",
      );
    }
    if (!isUrl)
      throw new UsageError(
        'ERR_KMS_CONFIGURATION',
        'TDE_CONFIGURATION says KMS=TRUE: the password must be a kms:// URL',
      );
    throw kmsUnavailable();
  }

  #assertDeployment(): void {
    if (this.#around.isIsc)
      throw new StateError(
        'ERR_DEPLOYMENT',
        'ADMINISTER KEY MANAGEMENT is not available in the storage-compute-integrated deployment',
      );
    if (this.#around.phase === 'down')
      throw new StateError('ERR_PHASE', 'the instance is not started', { hint: 'STARTUP' });
  }

  #assertPhaseOpen(): void {
    this.#assertDeployment();
    if (this.#around.phase !== 'open')
      throw new StateError(
        'ERR_PHASE',
        `SET KEY needs the OPEN phase, the instance is in ${this.#around.phase.toUpperCase()}`,
      );
  }
}

function givenPassword(access: KeystoreAccess): Secret {
  if (access.password !== null) return access.password;
  throw new StateError(
    'ERR_EXTERNAL_STORE',
    'IDENTIFIED BY EXTERNAL STORE gives no password: there is no external store',
    {
      hint: 'IDENTIFIED BY keystore_password',
    },
  );
}

function notOpen(): StateError {
  return new StateError('ERR_WALLET_NOT_OPEN', 'wallet is not open', {
    hint: 'SET KEYSTORE OPEN, or FORCE KEYSTORE in this statement',
  });
}

function kmsUnavailable(): UnsupportedError {
  return new UnsupportedError(
    'ERR_KMS_NOT_AVAILABLE',
    'wallets protected by a key management service are not available yet',
  );
}

/** Opens a keystore named by its directory, read-only: with its password, or by its auto-login file. */
async function openForeign(fs: FileSystem, source: ForeignKeystore): Promise<Wallet> {
  const directory = resolve(source.location);
  if (source.password !== null)
    return await openWallet(await readWhole(fs, join(directory, WALLET_FILE)), source.password);
  const bytes = await readWhole(fs, join(directory, 'cwallet.sso'));
  if (!isAutoLogin(bytes))
    throw new StateError('ERR_PASSWORD_REQUIRED', `${directory} has no auto-login keystore: IDENTIFIED BY is needed`);
  return await openAutoLogin(bytes, { host: hostname(), user: process.env.USER ?? userInfo().username });
}

/** The keys of one wallet that another does not have: merging skips those they share. */
function newKeysOf(source: Wallet, target: Wallet): readonly string[] {
  const there = new Set(target.masterKeys.map((key) => key.keyId));
  return source.masterKeys.map((key) => key.keyId).filter((keyId) => !there.has(keyId));
}

function keyRow(key: MasterKeyInfo): EncryptionKeyRow {
  const { keyId, hexKeyId, keyTag, created, creator, activated, activator, origin, backedUp } = key;
  return { keyId, hexKeyId, keyTag, created, creator, activated, activator, origin, backedUp, keyUse: 'TDE' };
}

function said(changed: Changed<MasterKeyInfo>, what: string): string {
  return withBackup(`${what}: ${changed.result.keyId}`, changed.backupPath);
}

function withBackup(what: string, backupPath: string | null): string {
  return backupPath === null ? what : `${what}; backup: ${backupPath}`;
}
