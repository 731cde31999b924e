/**
 * The back end that keeps keys in an `ewallet.p12`: every write is durable before it is acknowledged, and made on what is in the
 * file by then, whoever wrote it; reading sees what others wrote at most `refreshMs` later. Layer: keyring.
 */
import type { WalletFile, WalletFileOptions } from '../wallet/file/index.ts';
import { createWalletFile, openWalletFile } from '../wallet/file/index.ts';
import type { Wallet, WalletPassword } from '../wallet/index.ts';
import type { FoundKey, KeyName, KeyringBackend, NewKey } from './backend.ts';
import { KeyTable, type KeyTableOptions } from './key-table.ts';
import type { CallOptions, KeyringKeyInfo } from './keyring.ts';
import { keyExists, keyNotFound } from './memory.ts';
import { assertSameLength } from './rules.ts';

/** Which wallet. */
export type WalletSource =
  | {
      readonly directory: string;
      readonly password: WalletPassword;
      readonly create: boolean;
      readonly walletOptions: WalletFileOptions;
    }
  | { readonly file: WalletFile };

/** How it is used. */
export interface WalletBackendOptions extends KeyTableOptions {
  readonly refreshMs: number;
  /** Milliseconds of a clock that only goes forward. Default: the platform's. */
  readonly clock?: () => number;
}

/** Opens the wallet of a directory, or uses one that is open. @throws as `openWalletFile`, `createWalletFile` */
export async function openWalletBackend(source: WalletSource, options: WalletBackendOptions): Promise<KeyringBackend> {
  if ('file' in source) return new WalletBackend(source.file, false, options);
  const backend = new WalletBackend(await openOrCreate(source), true, options);
  await backend.settle();
  return backend;
}

async function openOrCreate(source: Exclude<WalletSource, { readonly file: WalletFile }>): Promise<WalletFile> {
  const { directory, password, create, walletOptions } = source;
  try {
    return await openWalletFile(directory, password, walletOptions);
  } catch (error) {
    if (!create || codeOf(error) !== 'ERR_WALLET_MISSING') throw error;
  }
  try {
    return await createWalletFile(directory, password, walletOptions);
  } catch (error) {
    // Another process was quicker.
    if (codeOf(error) !== 'ERR_WALLET_EXISTS') throw error;
    return await openWalletFile(directory, password, walletOptions);
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}

class WalletBackend implements KeyringBackend {
  readonly name = 'wallet';
  readonly #file: WalletFile;
  readonly #ours: boolean;
  readonly #options: WalletBackendOptions;
  readonly #clock: () => number;
  readonly #table: KeyTable;
  /** The state of the wallet that the table shows. */
  #shown: { readonly wallet: Wallet; readonly generation: number } | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(file: WalletFile, ours: boolean, options: WalletBackendOptions) {
    this.#file = file;
    this.#ours = ours;
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#table = new KeyTable(options);
  }

  add(name: KeyName, key: NewKey, call: CallOptions): Promise<KeyringKeyInfo> {
    return this.#change(call, (wallet) => {
      if (wallet.keyringEntry(name.owner, name.id) !== undefined) throw keyExists();
      return this.#add(wallet, { ...name, type: key.type, lengthBytes: key.lengthBytes, version: 1 }, key.bytes);
    });
  }

  rotate(name: KeyName, bytes: Uint8Array | null, call: CallOptions): Promise<KeyringKeyInfo> {
    return this.#change(call, (wallet) => {
      const newest = wallet.keyringEntry(name.owner, name.id);
      if (newest === undefined) throw keyNotFound();
      const { type, key, version } = newest;
      assertSameLength(key.length, bytes);
      return this.#add(wallet, { ...name, type, lengthBytes: key.length, version: version + 1 }, bytes);
    });
  }

  async remove(name: KeyName, call: CallOptions): Promise<boolean> {
    // Asked first, so that removing nothing writes nothing.
    if ((await this.#look(true)).info(name, undefined) === null) return false;
    return await this.#change(call, (wallet) => wallet.removeKeyringEntry(name.owner, name.id));
  }

  async fetch(name: KeyName, version: number | undefined): Promise<FoundKey | null> {
    const found = (await this.#look(false)).fetch(name, version);
    return found ?? (await this.#look(true)).fetch(name, version);
  }

  async info(name: KeyName, version: number | undefined): Promise<KeyringKeyInfo | null> {
    const found = (await this.#look(false)).info(name, version);
    return found ?? (await this.#look(true)).info(name, version);
  }

  async *list(owner: string | undefined): AsyncIterable<KeyringKeyInfo> {
    yield* (await this.#look(true)).list(owner);
  }

  async close(): Promise<void> {
    this.#table.dispose();
    if (this.#ours) await this.#file.close();
  }

  /** Shows what the wallet holds in the table; a wallet of our own whose keys are not to be in the clear is wiped after that. */
  async settle(): Promise<void> {
    await this.#show();
  }

  async #change<T>({ signal }: CallOptions, edit: (wallet: Wallet) => T): Promise<T> {
    try {
      const { result } = await this.#file.change((wallet) => {
        signal?.throwIfAborted(); // the last moment at which nothing has happened
        return edit(wallet);
      });
      return result;
    } finally {
      await this.#show();
    }
  }

  #add(wallet: Wallet, about: Omit<KeyringKeyInfo, 'backendKeyId'>, bytes: Uint8Array | null): KeyringKeyInfo {
    const { owner, id, type, version, lengthBytes } = about;
    const made = bytes === null ? this.#options.randomBytes(lengthBytes) : null;
    try {
      wallet.addKeyringEntry({ owner, id, type, version, key: made ?? (bytes as Uint8Array) });
    } finally {
      made?.fill(0);
    }
    return { ...about, backendKeyId: null };
  }

  /** The table of the wallet as it is; `now` looks at the file however lately it was looked at. */
  async #look(now: boolean): Promise<KeyTable> {
    const time = this.#clock();
    if (now || time - this.#lookedAt >= this.#options.refreshMs) {
      await this.#file.refresh();
      this.#lookedAt = time;
    }
    return await this.#show();
  }

  async #show(): Promise<KeyTable> {
    // Resting means that it was shown, and that nothing changed since.
    if (this.#file.isResting) return this.#table;
    const { wallet } = this.#file;
    const { generation } = wallet;
    if (this.#shown?.wallet === wallet && this.#shown.generation === generation) return this.#table;
    this.#table.clear();
    for (const { owner, id, type, version, key } of wallet.keyringEntries) {
      const info = { owner, id, type, version, lengthBytes: key.length, backendKeyId: null };
      this.#table.add(info, key.expose());
    }
    this.#shown = { wallet, generation };
    if (this.#ours && !this.#options.cacheKeys) await this.#file.rest(generation);
    return this.#table;
  }
}
