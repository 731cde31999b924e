/**
 * The MySQL keyring of an instance. Which one it is: the one that the instance was given; else that of the server whose directory
 * keyring_okv_conf_dir names; else the instance's own wallet, while it is open. Never one in place of another: a server that does
 * not answer is an error, not a reason to use the wallet. Layer: instance, Node only.
 */
import { resolve } from 'node:path';
import { StateError, UsageError } from '../errors.ts';
import { type Keyring, openKeyring } from '../keyring/index.ts';
import {
  type ErrorLog,
  type KeyringHost,
  type KeyringService,
  type PluginName,
  PRIVILEGES,
  type Privilege,
} from '../statement/index.ts';
import { type FileSystem, WALLET_FILE, type WalletFile } from '../wallet/file/index.ts';
import { changeKeyringState, freshState, type KeyringState, makeServerUuid } from './keyring-state.ts';
import { logOkvFailure, openOkvDirectory, tryOkvDirectory } from './okv-directory.ts';
import { type KeyringChange, TriedKeyring } from './tried-keyring.ts';

/** Who asks, and of which keyring. */
export interface KeyringSettings {
  /** In place of the instance's own; stays the caller's to close. */
  readonly keyring?: Keyring;
  /** CURRENT_USER(): the owner of keys that functions make. Default `root@localhost`. */
  readonly account?: string;
  /** Global privileges of that account. Default: all. */
  readonly privileges?: readonly Privilege[];
  /** Generation of the functions' argument checks; `old` is before MySQL 8.0.24. Default `new`. */
  readonly keyringChecks?: 'new' | 'old';
  /** Whether a home where nothing is remembered has the plugins and functions. Default true; false makes INSTALL PLUGIN needed. */
  readonly keyringPlugins?: boolean;
}

/** What the keyring asks of its instance. */
export interface KeyringSurroundings {
  readonly home: string;
  readonly fs: FileSystem;
  readonly started: boolean;
  /** The instance's own wallet; null while it is closed. */
  readonly walletFile: WalletFile | null;
  /** True where statements are only tried. */
  readonly isRehearsal: boolean;
  readonly errorLog: ErrorLog;
}

/** Where a start begins. */
export interface KeyringStart {
  readonly state: KeyringState;
  /** What my.cnf says. */
  readonly optionFile: { readonly confDir: string | null; readonly loadsOkv: boolean };
}

/** A keyring that is open, and what it was opened on. */
interface Opened<On, K = Keyring> {
  readonly on: On;
  readonly keyring: K;
}

/** Name of the component that an instance's own wallet is to MySQL. */
const WALLET_COMPONENT = 'component_keyring_wallet';
const MEMORY_COMPONENT = 'component_keyring_memory';

/** Implements the statements of the MySQL keyring. */
export class InstanceKeyring implements KeyringHost {
  readonly checks: 'new' | 'old';
  readonly account: { readonly user: string; readonly host: string };
  readonly privileges: ReadonlySet<Privilege>;
  readonly errorLog: ErrorLog;
  operations = true;
  readonly #settings: KeyringSettings;
  readonly #around: KeyringSurroundings;
  readonly #loadsOkv: boolean;
  #state: KeyringState;
  #confDir: string;
  #server: Opened<string> | null = null;
  #wallet: Opened<WalletFile> | null = null;
  #try: Opened<Keyring, TriedKeyring> | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  /** @internal An instance makes its own. */
  constructor(settings: KeyringSettings, around: KeyringSurroundings, { state, optionFile }: KeyringStart) {
    this.checks = settings.keyringChecks ?? 'new';
    this.account = parseAccount(settings.account ?? 'root@localhost');
    this.privileges = new Set(settings.privileges ?? PRIVILEGES);
    this.errorLog = around.errorLog;
    this.#settings = settings;
    this.#around = around;
    this.#loadsOkv = optionFile.loadsOkv;
    this.#state = state;
    this.#confDir = state.confDir ?? optionFile.confDir ?? '';
    if (this.#usesOkv && this.#confDir === '' && settings.keyring === undefined)
      this.errorLog.okv('INCORRECT_KEY_VAULT_CONFIGURED');
  }

  /** @internal What a start of the same instance, or a rehearsal of it, begins with. */
  get start(): KeyringStart {
    const state = { ...this.#state, confDir: this.confDir === '' ? null : this.confDir };
    return { state, optionFile: { confDir: null, loadsOkv: this.#loadsOkv } };
  }

  get plugins(): ReadonlySet<PluginName> {
    return new Set([...this.#state.plugins, ...(this.#loadsOkv ? ['keyring_okv' as const] : [])]);
  }

  async setPlugin(name: PluginName, installed: boolean): Promise<void> {
    if (name === 'keyring_okv' && !installed) await this.#inTurn(() => this.#closeServer());
    await this.#remember((state) => ({ ...state, plugins: changed(state.plugins, name, installed) }));
  }

  get functions(): ReadonlySet<string> {
    return new Set(this.#state.functions);
  }

  async setFunction(name: string, exists: boolean): Promise<void> {
    await this.#remember((state) => ({ ...state, functions: changed(state.functions, name, exists) }));
  }

  get serviceKind(): 'plugin' | 'component' {
    return this.componentName === null ? 'plugin' : 'component';
  }

  get componentName(): string | null {
    const given = this.#settings.keyring;
    if (given !== undefined) return given.backend === 'kmip' ? null : `component_keyring_${given.backend}`;
    return this.#usesServer ? null : WALLET_COMPONENT;
  }

  service(): Promise<KeyringService> {
    return this.#inTurn(() => this.#inUse());
  }

  async #inUse(): Promise<KeyringService> {
    if (!this.#around.started) throw new StateError('ERR_PHASE', 'the instance is not started', { hint: 'STARTUP' });
    const outside = this.#settings.keyring ?? (this.#usesServer ? await this.#serverKeyring() : null);
    const keyring = outside ?? (await this.#walletKeyring());
    return this.#around.isRehearsal ? await this.#tried(keyring, outside === null) : keyring;
  }

  /** In a rehearsal: what statements would have done to keys since the last call. */
  takeChanges(): readonly KeyringChange[] {
    return this.#try?.keyring.takeChanges() ?? [];
  }

  async componentStatus(): Promise<readonly (readonly [string, string])[]> {
    const name = this.componentName;
    if (name === null) return [];
    const file = this.#around.walletFile;
    const active = name === MEMORY_COMPONENT || this.#settings.keyring !== undefined || file !== null;
    return [
      ['Component_name', name],
      ['Author', 'keyward'],
      ['License', 'Apache-2.0'],
      ['Implementation_name', name],
      ['Version', '1.0'],
      ['Component_status', active ? 'Active' : 'Disabled'],
      ['Data_file', file === null ? '<NONE>' : `${file.directory}/${WALLET_FILE}`],
      ['Read_only', 'No'],
    ];
  }

  async reload(): Promise<void> {
    if (this.#settings.keyring !== undefined) return;
    if (this.#usesServer) {
      await this.#useServer(this.#confDir);
      return;
    }
    const file = this.#around.walletFile;
    if (file === null) {
      this.errorLog.component(WALLET_COMPONENT, 13714);
      throw walletNotOpen();
    }
    await file.refresh();
  }

  get confDir(): string {
    return this.#confDir;
  }

  async useConfDir(directory: string): Promise<readonly string[]> {
    let remarks: readonly string[] = [];
    if (directory !== '') remarks = await this.#useServer(directory);
    else {
      await this.#inTurn(() => this.#closeServer());
      this.errorLog.okv('INCORRECT_KEY_VAULT_CONFIGURED');
    }
    this.#confDir = directory;
    return remarks;
  }

  async persistConfDir(): Promise<void> {
    await this.#remember((state) => ({ ...state, confDir: this.#confDir }));
  }

  async serverUuid(): Promise<string> {
    if (this.#state.serverUuid === null)
      await this.#remember((state) => ({ ...state, serverUuid: state.serverUuid ?? makeServerUuid() }));
    return this.#state.serverUuid as string;
  }

  /** @internal Lets go of the keys of the instance's wallet, which is about to close. */
  closeWallet(): Promise<void> {
    return this.#inTurn(() => this.#dropWallet());
  }

  /** @internal Lets go of everything but the keyring that was given. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#try?.keyring.close();
      this.#try = null;
      await this.#dropWallet();
      await this.#closeServer();
    });
  }

  /** One opening or closing after the other: of several statements at once, one opens the keyring and all use it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work, work);
    this.#queue = mine.catch(() => undefined);
    return mine;
  }

  async #dropWallet(): Promise<void> {
    const wallet = this.#wallet;
    this.#wallet = null;
    await wallet?.keyring.close();
  }

  get #usesOkv(): boolean {
    return this.plugins.has('keyring_okv');
  }

  get #usesServer(): boolean {
    return this.#usesOkv && this.#confDir !== '';
  }

  async #tried(keyring: Keyring, isCopy: boolean): Promise<TriedKeyring> {
    if (this.#try?.on !== keyring) {
      await this.#try?.keyring.close();
      this.#try = { on: keyring, keyring: isCopy ? TriedKeyring.onCopy(keyring) : await TriedKeyring.over(keyring) };
    }
    return this.#try.keyring;
  }

  async #walletKeyring(): Promise<Keyring> {
    const file = this.#around.walletFile;
    if (file === null) throw walletNotOpen();
    if (this.#wallet?.on !== file) {
      await this.#dropWallet();
      this.#wallet = { on: file, keyring: await openKeyring({ backend: 'wallet', file }) };
    }
    return this.#wallet.keyring;
  }

  /** The server's keyring; opened on first use after a start, and tried again as long as that fails. */
  async #serverKeyring(): Promise<Keyring> {
    if (this.#server === null) {
      const on = this.#resolved(this.#confDir);
      try {
        this.#server = { on, keyring: await openOkvDirectory(on) };
      } catch (error) {
        logOkvFailure(error, on, this.errorLog);
        throw error;
      }
    }
    return this.#server.keyring;
  }

  /** Opens a directory's server and takes it in place of the one before, if it answers. */
  async #useServer(directory: string): Promise<readonly string[]> {
    const on = this.#resolved(directory);
    try {
      const { keyring, remarks } = await tryOkvDirectory(on);
      await this.#inTurn(async () => {
        await this.#closeServer();
        this.#server = { on, keyring };
      });
      return remarks;
    } catch (error) {
      logOkvFailure(error, on, this.errorLog);
      throw error;
    }
  }

  async #closeServer(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.keyring.close();
  }

  #resolved(directory: string): string {
    return resolve(this.#around.home, directory);
  }

  async #remember(edit: (state: KeyringState) => KeyringState): Promise<void> {
    const fresh = freshState(this.#settings.keyringPlugins ?? true);
    this.#state = await changeKeyringState(this.#around.fs, this.#around.home, fresh, edit);
  }
}

function changed<T>(list: readonly T[], item: T, present: boolean): readonly T[] {
  const others = list.filter((other) => other !== item);
  return present ? [...others, item] : others;
}

/** `user@host`; a name alone is of every host. @throws {UsageError} ERR_ACCOUNT */
function parseAccount(text: string): { readonly user: string; readonly host: string } {
  const at = text.lastIndexOf('@');
  const account = at < 0 ? { user: text, host: '%' } : { user: text.slice(0, at), host: text.slice(at + 1) };
  if (account.host !== '' && !/[\0'"`]/.test(text)) return account;
  throw new UsageError('ERR_ACCOUNT', 'an account is user@host, without quotes');
}

function walletNotOpen(): StateError {
  return new StateError('ERR_WALLET_NOT_OPEN', 'the keyring is in the wallet, and the wallet is not open', {
    hint: 'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY …',
  });
}
