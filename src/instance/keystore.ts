/**
 * The keystore of an instance: what the statements do to the wallet of `WALLET_ROOT/tde`, with the document's rules on where
 * it lies, when it is open and who may change it. Layer: instance, Node only.
 */
import { join, resolve } from 'node:path';
import { AuthenticationError, StateError, UnsupportedError, UsageError } from '../errors.ts';
import { isKmsUrl } from '../kms/index.ts';
import type { Secret } from '../secret.ts';
import type {
  EncryptionKeyRow,
  EncryptionWalletRow,
  ForeignKeystore,
  InstancePhase,
  KeystoreAccess,
  KeystoreBackup,
  KeystoreHost,
  MigrationRequest,
  NewKeyRequest,
} from '../statement/index.ts';
import {
  type Changed,
  type FileSystem,
  nodeFileSystem,
  openWalletFile,
  WALLET_FILE,
  type WalletFile,
  type WalletFileOptions,
} from '../wallet/file/index.ts';
import { createWallet, type MasterKeyInfo, openWallet, parseKeyMaterial, type Wallet } from '../wallet/index.ts';
import { readWhole, writeNew } from './files.ts';
import { newKeysOf, openForeign } from './foreign-keystore.ts';
import {
  assertSameKey,
  changeCredential,
  createKeystoreFile,
  KeystoreCredential,
  type KmsOptions,
  moveKeystore,
  openKeystoreFile,
} from './kms-wallet.ts';

/** What the keystore asks of its instance. */
export interface KeystoreSurroundings {
  readonly phase: InstancePhase | 'down';
  /** `WALLET_ROOT/tde`; null while WALLET_ROOT is not set. */
  readonly directory: string | null;
  readonly usesKms: boolean;
  readonly isIsc: boolean;
  readonly walletOptions: WalletFileOptions;
  readonly kms: KmsOptions;
  /** Called after a key became active: the instance has encrypted data from now on. */
  noteActiveKey(keyId: string): Promise<void>;
  /** Called before the wallet is closed: whatever else holds keys of it lets go of them. */
  walletCloses(): Promise<void>;
}

/** Implements the keystore statements. */
export class Keystore implements KeystoreHost {
  readonly #around: KeystoreSurroundings;
  #file: WalletFile | null;

  /** @internal An instance makes its own. */
  constructor(around: KeystoreSurroundings, file: WalletFile | null = null) {
    this.#around = around;
    this.#file = file;
  }

  /** @internal The same keystore in other surroundings, to try statements in; shares nothing with this one. */
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

  /** Whether the wallet is open. */
  get isOpen(): boolean {
    return this.#file !== null;
  }

  async create(location: string | null, password: Secret): Promise<string> {
    this.#assertDeployment();
    const directory = this.#locationOfNew(location);
    using credential = this.#credentialOfNew(password);
    const { walletOptions, kms } = this.#around;
    const file = await createKeystoreFile(directory, credential, walletOptions, kms);
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

  /** @internal Closes without a password, at shutdown. */
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
    using credential = this.#credential(newPassword);
    const { kms } = this.#around;
    const { backupPath } = await file.change((wallet) => changeCredential(wallet, credential, kms), backup);
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
    using credential = isNew ? this.#credentialOfNew(target.password) : this.#credential(target.password);
    try {
      const { walletOptions, kms } = this.#around;
      for (const source of sources) opened.push(await openForeign(this.#fs, source, kms));
      const directory = resolve(target.location);
      const merge = (wallet: Wallet): readonly string[] =>
        opened.flatMap((source) => wallet.copyKeysFrom(source, newKeysOf(source, wallet), 'imported'));
      if (isNew) {
        await using file = await createKeystoreFile(directory, credential, walletOptions, kms, merge);
        return `${file.wallet.masterKeys.length} keys merged into ${file.path}`;
      }
      await using file = await openKeystoreFile(directory, credential, walletOptions, kms);
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
    await file.fetchKeys(keyIds);
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

  async migrate(request: MigrationRequest, backup: KeystoreBackup | null): Promise<string> {
    this.#assertDeployment();
    const { toProvider, keyId } = request;
    using external = KeystoreCredential.parse(request.external);
    using local = KeystoreCredential.parse(request.password);
    this.#assertMigration(toProvider, external, local);
    const from = toProvider ? local : external;
    const to = toProvider ? external : local;
    const { walletOptions, kms } = this.#around;
    const file = await openKeystoreFile(this.#walletDirectory(), from, walletOptions, kms);
    try {
      if ((file.wallet.keptBy === 'provider') === toProvider) throw alreadyMoved(toProvider);
      const also = (wallet: Wallet): unknown => (keyId === null ? undefined : wallet.useKey(keyId));
      const { keys, backupPath } = await moveKeystore({ file, to, backup, also }, kms);
      if (keyId !== null) await this.#around.noteActiveKey(file.wallet.findKey(keyId).keyId);
      this.#file = file;
      const where = toProvider ? 'to the key management service' : 'into the wallet';
      return withBackup(`${keys} keys moved ${where}; the keystore is open`, backupPath);
    } catch (error) {
      await file.close();
      throw error;
    }
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
    const { walletOptions, kms, usesKms } = this.#around;
    const directory = this.#walletDirectory();
    using credential = this.#credential(password);
    // Without KMS=TRUE nothing is asked of a service; that the wallet needs one is seen when it is open.
    const file = usesKms
      ? await openKeystoreFile(directory, credential, walletOptions, kms)
      : await openWalletFile(directory, credential.password, walletOptions);
    if ((file.wallet.keptBy === 'provider') !== usesKms) {
      await file.close();
      throw usesKms ? keptByWallet() : keptByProvider();
    }
    this.#file = file;
    return file;
  }

  #walletDirectory(): string {
    const { directory } = this.#around;
    if (directory !== null) return directory;
    throw new StateError('ERR_WALLET_ROOT', 'the WALLET_ROOT location is missing or invalid', {
      hint: "ALTER SYSTEM SET WALLET_ROOT='…' SCOPE=SPFILE, then start again",
    });
  }

  #opened(): WalletFile {
    if (this.#file === null) throw notOpen();
    return this.#file;
  }

  #verify(password: Secret): void {
    const { wallet } = this.#opened();
    using credential = this.#credential(password);
    if (wallet.verifyPassword(credential.password)) {
      if (credential.url !== null) assertSameKey(wallet, credential.url);
      return;
    }
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

  /** The credential of a wallet there is: its password, or with KMS=TRUE the URL too. */
  #credential(text: Secret): KeystoreCredential {
    if (this.#around.usesKms || !isKmsUrl(text)) return KeystoreCredential.parse(text);
    throw new UsageError(
      'ERR_KMS_CONFIGURATION',
      "a kms:// password needs TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE'",
    );
  }

  /** The credential of a new wallet: a URL with KMS=TRUE, and only then. */
  #credentialOfNew(text: Secret): KeystoreCredential {
    const credential = this.#credential(text);
    if (this.#around.usesKms)
      credential.requireUrl('TDE_CONFIGURATION says KMS=TRUE: the password must be a kms:// URL');
    return credential;
  }

  /** A migration goes to what TDE_CONFIGURATION says; the wallet, which is the other way, cannot be open then. */
  #assertMigration(toProvider: boolean, external: KeystoreCredential, local: KeystoreCredential): void {
    const verb = toProvider ? 'MIGRATE' : 'REVERSE MIGRATE';
    if (this.#around.usesKms !== toProvider)
      throw new UsageError(
        'ERR_KMS_CONFIGURATION',
        `${verb} needs TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE${toProvider ? ';KMS=TRUE' : ''}' first`,
      );
    if (this.#file !== null) throw alreadyMoved(toProvider);
    if (toProvider) external.requireUrl('MIGRATE needs the kms:// URL behind IDENTIFIED BY');
    if (local.url !== null)
      throw new UsageError('ERR_KMS_CONFIGURATION', `in ${verb}, the password of the local keystore is no kms:// URL`);
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

function keptByWallet(): StateError {
  return new StateError(
    'ERR_KMS_CONFIGURATION',
    'TDE_CONFIGURATION says KMS=TRUE, but this wallet keeps its master keys itself',
    {
      hint: 'SET KEY IDENTIFIED BY "kms://…" MIGRATE USING keystore_password WITH BACKUP hands them to the service',
    },
  );
}

function keptByProvider(): StateError {
  return new StateError(
    'ERR_KMS_CONFIGURATION',
    'the master keys of this wallet are kept by a key management service, but TDE_CONFIGURATION does not say KMS=TRUE',
    {
      hint: "ALTER SYSTEM SET TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE' SCOPE=SPFILE, then start again",
    },
  );
}

function alreadyMoved(toProvider: boolean): StateError {
  const where = toProvider ? 'by a key management service' : 'in the wallet';
  return new StateError('ERR_KMS_MIGRATED', `the master keys of this wallet are kept ${where} already`);
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
