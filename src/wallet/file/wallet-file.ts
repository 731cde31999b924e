/**
 * An `ewallet.p12` in a directory, open: changes are written at once, durably and atomically, under a lock that other
 * processes respect, after a backup where one is asked for; what others wrote is seen before every change and on `refresh`.
 *
 *   change: lock · clear leftovers · re-read if the file changed · edit a fork · back up the file as it is ·
 *           replace the file · take the fork over · unlock
 *
 * Whatever fails before the file is replaced leaves file and memory as they were. Layer: wallet/file, Node only.
 */
import { join } from 'node:path';
import { AuthenticationError, FormatError, KeywardError, StateError, UsageError } from '../../errors.ts';
import {
  createWallet,
  isWellBuilt,
  openWallet,
  type Wallet,
  type WalletOptions,
  type WalletPassword,
} from '../index.ts';
import { createWholeFile, makeWholeDirectory, removeTemporaries, replaceFile } from './atomic-write.ts';
import { listBackups, writeBackup } from './backup.ts';
import { type FileStamp, type FileSystem, nodeFileSystem } from './file-system.ts';
import { acquireLock } from './lock.ts';

/** Name of the wallet in its directory. */
export const WALLET_FILE = 'ewallet.p12';
/** Name of the directory of its locks. */
export const LOCK_DIRECTORY = '.ewallet.p12.lock';

/** Options of an open wallet file. */
export interface WalletFileOptions extends WalletOptions {
  /** Default: the machine's. */
  readonly fileSystem?: FileSystem;
  /** How long a writer waits for others. Default 30,000. */
  readonly lockTimeoutMs?: number;
}

/** Where a backup goes and what it is called. */
export interface BackupRequest {
  /** Becomes part of the name: `ewallet_<time>_<identifier>.p12`. */
  readonly identifier?: string | null;
  /** Default: the wallet's own directory. */
  readonly directory?: string;
}

/** What a change left. */
export interface Changed<T> {
  readonly result: T;
  /** Path of the backup; null where none was asked for. */
  readonly backupPath: string | null;
}

/**
 * Makes a wallet in a directory, which is made when missing (mode 0700).
 *
 * @param password of the new wallet; copied as far as it is kept at all
 * @param fill puts the first contents in, waited for, so that the file appears with them or not at all
 * @throws {StateError} ERR_WALLET_EXISTS when there is one
 */
export async function createWalletFile(
  directory: string,
  password: WalletPassword,
  options: WalletFileOptions = {},
  fill: (wallet: Wallet) => unknown = () => undefined,
): Promise<WalletFile> {
  const fs = options.fileSystem ?? nodeFileSystem;
  const path = join(directory, WALLET_FILE);
  if ((await fs.stamp(path)) !== null) throw walletExists(directory);
  const wallet = await createWallet(password, walletOptions(options));
  try {
    await fill(wallet);
    const bytes = await wallet.encode();
    await makeWholeDirectory(fs, directory, 0o700);
    if (!(await createWholeFile(fs, path, bytes))) throw walletExists(directory);
    return new WalletFile(directory, wallet, bytes, await fs.stamp(path), options);
  } catch (error) {
    wallet.dispose();
    throw error;
  }
}

/**
 * Opens the wallet of a directory.
 *
 * @param password of the wallet; copied as far as it is kept at all
 * @throws {StateError} ERR_WALLET_MISSING
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD; {FormatError} ERR_DER_…: with a hint that names the newest backup beside a
 *   file that is damaged
 */
export async function openWalletFile(
  directory: string,
  password: WalletPassword,
  options: WalletFileOptions = {},
): Promise<WalletFile> {
  const fs = options.fileSystem ?? nodeFileSystem;
  const { bytes, stamp } = await readStamped(fs, join(directory, WALLET_FILE));
  try {
    const wallet = await openWallet(bytes, password, walletOptions(options));
    return new WalletFile(directory, wallet, bytes, stamp, options);
  } catch (error) {
    throw await withBackupHint(fs, directory, error, password);
  }
}

/** An open wallet file. Made by `createWalletFile` and `openWalletFile`. */
export class WalletFile {
  readonly directory: string;
  readonly path: string;
  readonly #fs: FileSystem;
  readonly #options: WalletFileOptions;
  #wallet: Wallet;
  #bytes: Uint8Array;
  #stamp: FileStamp | null;
  #closed = false;
  #resting = false;
  #queue: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(
    directory: string,
    wallet: Wallet,
    bytes: Uint8Array,
    stamp: FileStamp | null,
    options: WalletFileOptions,
  ) {
    this.directory = directory;
    this.path = join(directory, WALLET_FILE);
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#options = options;
    this.#wallet = wallet;
    this.#bytes = bytes;
    this.#stamp = stamp;
  }

  /** The wallet as last read or written. Read it only: `change` is what changes it. @throws {UsageError} ERR_WALLET_DISPOSED */
  get wallet(): Wallet {
    if (this.#closed) throw new UsageError('ERR_WALLET_DISPOSED', 'this wallet was closed');
    return this.#wallet;
  }

  /**
   * Sees whether another process wrote the file, and if so reads it with the keys already derived.
   *
   * @returns true when there was something new
   * @throws {StateError} ERR_PASSWORD_CHANGED, ERR_WALLET_MISSING
   */
  refresh(): Promise<boolean> {
    return this.#inTurn(() => this.#reload());
  }

  /** True from `rest` until something was read from the file again: `wallet` is then empty. */
  get isResting(): boolean {
    return this.#resting;
  }

  /**
   * Wipes what was decrypted; what it takes to read the file again stays. A change, and a `refresh` that finds the file changed, read it.
   *
   * @param generation the state that the caller has done with: a later one stays as it is
   */
  rest(generation: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#resting || this.wallet.generation !== generation) return;
      const resting = this.wallet.resting();
      this.#wallet.dispose();
      this.#wallet = resting;
      this.#resting = true;
    });
  }

  /**
   * Changes the wallet: `edit` gets a fork to work on; when it returns, the fork is written and taken over.
   *
   * @param edit makes the change on the fork; throwing leaves everything as it was
   * @param backup asks for a backup of the file as it was before; null for none
   */
  change<T>(edit: (wallet: Wallet) => T | Promise<T>, backup: BackupRequest | null = null): Promise<Changed<T>> {
    return this.#inTurn(() => this.#locked(() => this.#write(edit, backup)));
  }

  /** Fetches master keys that a provider keeps: see `Wallet.fetchKeys`. */
  fetchKeys(keyIds: readonly string[] | null = null): Promise<void> {
    return this.#inTurn(() => this.wallet.fetchKeys(keyIds));
  }

  /** Writes a backup of the file as it is, and notes in the wallet that its keys are backed up. @returns the backup's path */
  backup(request: BackupRequest = {}): Promise<string> {
    const noted = this.change((wallet) => wallet.markBackedUp(), request);
    return noted.then(({ backupPath }) => backupPath as string);
  }

  /** The same wallet on another file system, to try changes on; shares nothing with this one. Costs no key derivation. */
  rehearse(fileSystem: FileSystem): Promise<WalletFile> {
    return this.#inTurn(async () => {
      await this.#reload();
      const copy = this.wallet.reopen(this.#bytes);
      return new WalletFile(this.directory, copy, this.#bytes, this.#stamp, { ...this.#options, fileSystem });
    });
  }

  /** Wipes the wallet from memory. Safe to call twice. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#closed) return;
      this.#closed = true;
      this.#wallet.dispose();
    });
  }

  /** Closes it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One thing after the other, whatever the earlier came to. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work, work);
    this.#queue = mine.catch(() => undefined);
    return mine;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const { lockTimeoutMs, signal } = this.#options;
    const options = {
      ...(lockTimeoutMs === undefined ? {} : { timeoutMs: lockTimeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    };
    const lock = await acquireLock(this.#fs, join(this.directory, LOCK_DIRECTORY), options);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  async #write<T>(edit: (wallet: Wallet) => T | Promise<T>, backup: BackupRequest | null): Promise<Changed<T>> {
    await removeTemporaries(this.#fs, this.directory);
    await this.#reload(true);
    const fork = this.wallet.fork();
    try {
      if (backup !== null) fork.markBackedUp();
      const result = await edit(fork);
      const bytes = await fork.encode();
      const backupPath = backup === null ? null : await this.#backUp(backup);
      await replaceFile(this.#fs, this.path, bytes);
      this.#wallet.adopt(fork);
      this.#bytes = bytes;
      this.#stamp = await this.#fs.stamp(this.path);
      return { result, backupPath };
    } catch (error) {
      // What failed may have come after the file was replaced: the next look at it must not be skipped.
      this.#stamp = null;
      this.#wallet.discard(fork);
      throw error;
    }
  }

  #backUp(request: BackupRequest): Promise<string> {
    const now = (this.#options.now ?? (() => new Date()))();
    return writeBackup(this.#fs, request.directory ?? this.directory, this.#bytes, now, request.identifier ?? null);
  }

  /** @param awake asks for contents, whether the file changed or not */
  async #reload(awake: boolean = false): Promise<boolean> {
    const wallet = this.wallet;
    const sleeps = awake && this.#resting;
    const seen = await this.#fs.stamp(this.path);
    if (!sleeps && seen !== null && this.#stamp !== null && sameStamp(seen, this.#stamp)) return false;
    const { bytes, stamp } = await readStamped(this.#fs, this.path);
    if (!sleeps && sameBytes(bytes, this.#bytes)) {
      this.#stamp = stamp;
      return false;
    }
    let newer: Wallet;
    try {
      newer = wallet.reopen(bytes);
    } catch (error) {
      throw await withBackupHint(this.#fs, this.directory, error, null);
    }
    wallet.dispose();
    this.#wallet = newer;
    this.#resting = false;
    this.#bytes = bytes;
    this.#stamp = stamp;
    await newer.fetchAhead();
    return true;
  }
}

/** Reads a file together with a stamp that surely belongs to what was read: the same before and after. */
async function readStamped(
  fs: FileSystem,
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly stamp: FileStamp | null }> {
  for (;;) {
    const before = await fs.stamp(path);
    if (before === null) {
      throw new StateError('ERR_WALLET_MISSING', `wallet does not exist: ${path}`, {
        hint: 'create it: ADMINISTER KEY MANAGEMENT CREATE KEYSTORE',
      });
    }
    const bytes = await fs.readFile(path);
    const after = await fs.stamp(path);
    if (after !== null && sameStamp(before, after)) return { bytes, stamp: after };
    bytes.fill(0);
  }
}

/**
 * To an error about a file that may be damaged, adds the newest intact backup and the command that would restore it. Of a torn
 * file the password may be right all the same: then intact means that the backup opens; else, that it is built as a wallet is.
 */
async function withBackupHint(
  fs: FileSystem,
  directory: string,
  error: unknown,
  password: WalletPassword | null,
): Promise<unknown> {
  const torn = error instanceof FormatError;
  if (!torn && !(error instanceof AuthenticationError && error.code === 'ERR_WRONG_PASSWORD')) return error;
  const found = await findIntactBackup(fs, directory, torn ? password : null).catch(() => null);
  if (found === null) return error;
  const { name, opens, damaged } = found;
  const others = damaged === 0 ? '' : ` (${damaged} newer ${damaged === 1 ? 'one is' : 'ones are'} damaged too)`;
  const hint =
    `if the file is damaged, the newest intact backup is ${name}${others}${opens ? ', which opens with this password' : ''}: ` +
    `keyward wallet restore ${quote(name)} --directory ${quote(directory)}`;
  return withHint(error as KeywardError, hint);
}

/** As one word of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Backups opened in search of an intact one: each costs a key derivation. */
const MAX_BACKUPS_OPENED = 4;

interface IntactBackup {
  readonly name: string;
  /** With the password given. */
  readonly opens: boolean;
  /** Newer backups that are not intact. */
  readonly damaged: number;
}

/** The newest backup that opens with a password; where none of the newest does (or no password is given), the newest well built. */
async function findIntactBackup(
  fs: FileSystem,
  directory: string,
  password: WalletPassword | null,
): Promise<IntactBackup | null> {
  let wellBuilt: IntactBackup | null = null;
  let opened = 0;
  let damaged = 0;
  for (const { name } of await listBackups(fs, directory)) {
    const bytes = await fs.readFile(join(directory, name));
    if (!isWellBuilt(bytes)) {
      damaged++;
      continue;
    }
    wellBuilt ??= { name, opens: false, damaged };
    if (password === null || opened++ === MAX_BACKUPS_OPENED) break;
    if (await opens(bytes, password)) return { name, opens: true, damaged };
    damaged++;
  }
  return wellBuilt;
}

async function opens(bytes: Uint8Array, password: WalletPassword): Promise<boolean> {
  try {
    (await openWallet(bytes, password)).dispose();
    return true;
  } catch (error) {
    if (error instanceof KeywardError) return false;
    throw error;
  }
}

function withHint(error: KeywardError, hint: string): KeywardError {
  const options = { cause: error.cause, hint: error.hint === undefined ? hint : `${error.hint}; ${hint}` };
  if (error instanceof FormatError) return new FormatError(error.code, error.message, error, options);
  if (error instanceof AuthenticationError) return new AuthenticationError(error.code, error.message, options);
  return new KeywardError(error.code, error.message, options);
}

function walletExists(directory: string): StateError {
  return new StateError('ERR_WALLET_EXISTS', `keystore cannot be created at location ${directory}: there is one`, {
    hint: 'at most one wallet per directory',
  });
}

function walletOptions(options: WalletFileOptions): WalletOptions {
  const { fileSystem: _, lockTimeoutMs: __, ...rest } = options;
  return rest;
}

function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.bytes === b.bytes && a.modifiedNs === b.modifiedNs && a.changedNs === b.changedNs;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
