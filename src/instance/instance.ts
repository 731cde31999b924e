/**
 * An instance: a home directory with parameters, and the wallet that this process has open. Runs statements as a database
 * would. Layer: instance, Node only.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { StateError } from '../errors.ts';
import {
  type Binds,
  type Dialect,
  ErrorLog,
  type InstancePhase,
  parseStatement,
  runStatement,
  type Statement,
  type StatementHost,
  type StatementResult,
} from '../statement/index.ts';
import { type FileSystem, nodeFileSystem, OverlayFileSystem, type WalletFileOptions } from '../wallet/file/index.ts';
import type { KeyActor } from '../wallet/index.ts';
import { readActiveKey, writeActiveKey } from './control-file.ts';
import { type Explanation, Rehearsal } from './explain.ts';
import { InstanceKeyring, type KeyringSettings, type KeyringStart } from './keyring.ts';
import { freshState, readKeyringState, readOptionFile } from './keyring-state.ts';
import { Keystore } from './keystore.ts';
import type { KmsOptions } from './kms-wallet.ts';
import { assignParameters, changeSpfile, type Parameters, readSpfile, usesKms, walletDirectory } from './parameters.ts';

/** Options of an instance. */
export interface InstanceOptions extends KeyringSettings {
  /** Columns and codes of the views. Default `yashandb`. */
  readonly dialect?: Dialect;
  /** `isc`: the storage-compute-integrated deployment, where the statement does not exist. Default `standalone`. */
  readonly deployment?: 'standalone' | 'isc';
  /** Admits the slips of the vendor's examples (see the statement room). Default false. */
  readonly vendorExamples?: boolean;
  /** Whom the views name. Default SYS, 0. */
  readonly user?: { readonly name: string; readonly id: number };
  /** Default `keyward`, 1. */
  readonly database?: { readonly name: string; readonly id: number };
  /** For new wallets, and how files are kept. */
  readonly wallet?: Omit<WalletFileOptions, 'actor' | 'provider'>;
  /** How the key management service of a KMS wallet is used. */
  readonly kms?: KmsOptions;
}

/** Opens an instance on a home directory; it starts in the OPEN phase, with its wallet closed. */
export async function openInstance(home: string, options: InstanceOptions = {}): Promise<Instance> {
  const path = resolve(home);
  return new Instance(path, options, await readSpfile(fileSystemOf(options), path), await readStart(path, options));
}

/** What a start finds in the home. */
async function readStart(home: string, options: InstanceOptions): Promise<KeyringStart> {
  const fs = fileSystemOf(options);
  const state = await readKeyringState(fs, home, freshState(options.keyringPlugins ?? true));
  return { state, optionFile: await readOptionFile(fs, home) };
}

/** An instance of this process. */
export class Instance implements StatementHost {
  readonly home: string;
  readonly dialect: Dialect;
  /** What the keyring has to say besides errors of statements; goes on over restarts. */
  readonly errorLog: ErrorLog;
  readonly #options: InstanceOptions;
  readonly #fs: FileSystem;
  readonly #isRehearsal: boolean;
  #keystore: Keystore;
  #keyring: InstanceKeyring;
  #phase: InstancePhase | 'down' = 'open';
  #parameters: Parameters;

  /** @internal Use `openInstance`. */
  constructor(
    home: string,
    options: InstanceOptions,
    parameters: Parameters,
    start: KeyringStart,
    isRehearsal: boolean = false,
  ) {
    this.home = home;
    this.dialect = options.dialect ?? 'yashandb';
    this.errorLog = new ErrorLog(options.wallet?.now);
    this.#options = options;
    this.#fs = fileSystemOf(options);
    this.#parameters = parameters;
    this.#isRehearsal = isRehearsal;
    this.#keystore = new Keystore(this.#surroundings());
    this.#keyring = this.#startKeyring(start);
  }

  /** What the statements do to the wallet. */
  get keystore(): Keystore {
    return this.#keystore;
  }

  /** The MySQL keyring. */
  get keyring(): InstanceKeyring {
    return this.#keyring;
  }

  /** NOMOUNT, MOUNT or OPEN; `down` after SHUTDOWN. */
  get phase(): InstancePhase | 'down' {
    return this.#phase;
  }

  /** The parameters in force. */
  get parameters(): Parameters {
    return this.#parameters;
  }

  /** Parses and runs one statement. @throws {StatementError} and what its kind of statement throws */
  async execute(text: string, binds?: Binds): Promise<StatementResult> {
    return await this.run(this.parse(text), binds);
  }

  /** Parses one statement as this instance reads it. @throws {StatementError} ERR_STATEMENT_SYNTAX */
  parse(text: string): Statement {
    return parseStatement(text, { vendorExamples: this.#options.vendorExamples ?? false });
  }

  /** Runs one parsed statement. @throws as `execute` */
  async run(statement: Statement, binds?: Binds): Promise<StatementResult> {
    return await runStatement(statement, this, binds);
  }

  /**
   * Says what a statement would do, and does not do it: which files it would write, which keys would change, or why it would be
   * refused.
   *
   * @throws {StatementError} ERR_STATEMENT_SYNTAX
   */
  async explain(text: string, binds?: Binds): Promise<Explanation> {
    await using rehearsal = await this.rehearse();
    return await rehearsal.explain(text, binds);
  }

  /** A rehearsal for several statements, each explained as if those before it had been run. */
  async rehearse(): Promise<Rehearsal> {
    const files = new OverlayFileSystem(this.#fs);
    const wallet = { ...this.#options.wallet, fileSystem: files };
    const stage = new Instance(this.home, { ...this.#options, wallet }, this.#parameters, this.#keyring.start, true);
    stage.#phase = this.#phase;
    stage.#keyring.operations = this.#keyring.operations;
    stage.#keystore = await this.#keystore.rehearse(stage.#surroundings(), files);
    return new Rehearsal(stage, files);
  }

  /**
   * Runs ALTER SYSTEM SET: into the spfile for the next start, in force at once, or both.
   *
   * @throws {StateError} ERR_PARAMETER_IN_USE while the wallet is open; {UsageError} for a parameter that there is not
   */
  async setParameters(
    assignments: readonly { readonly name: string; readonly value: string }[],
    scope: 'spfile' | 'memory' | 'both',
  ): Promise<string> {
    this.#assertStarted();
    const inForce = assignParameters(this.#parameters, assignments);
    if (scope !== 'spfile' && this.keystore.isOpen)
      throw new StateError(
        'ERR_PARAMETER_IN_USE',
        'the wallet is open: set the parameter with SCOPE=SPFILE, or close the wallet first',
      );
    if (scope !== 'memory') await changeSpfile(this.#fs, this.home, assignments);
    if (scope !== 'spfile') this.#parameters = inForce;
    return scope === 'spfile' ? 'system altered: takes effect at the next start' : 'system altered';
  }

  /** Starts, or goes on from an earlier phase. Keys in use and a closed wallet: started, with the database's warning. */
  async startup(phase: InstancePhase): Promise<{ readonly message: string; readonly warnings: readonly string[] }> {
    if (this.#phase !== 'down' && PHASES.indexOf(phase) <= PHASES.indexOf(this.#phase))
      throw new StateError('ERR_PHASE', `the instance is in ${this.#phase.toUpperCase()} already`);
    if (this.#phase === 'down') {
      this.#parameters = await readSpfile(this.#fs, this.home);
      this.#keyring = this.#startKeyring(await readStart(this.home, this.#options));
    }
    this.#phase = phase;
    const lacksWallet =
      phase !== 'nomount' && !this.keystore.isOpen && (await readActiveKey(this.#fs, this.home)) !== null;
    return { message: `instance started: ${phase.toUpperCase()}`, warnings: lacksWallet ? ['wallet is not open'] : [] };
  }

  /** Runs SHUTDOWN: closes everything; only STARTUP goes on. @throws {StateError} ERR_PHASE when it is down already */
  async shutdown(): Promise<string> {
    this.#assertStarted();
    await this.close();
    this.#phase = 'down';
    return 'instance shut down';
  }

  /** Closes the wallet and the keyring and wipes them from memory. */
  async close(): Promise<void> {
    await this.keystore.abandon();
    await this.keyring.close();
  }

  /** Closes it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertStarted(): void {
    if (this.#phase === 'down') throw new StateError('ERR_PHASE', 'the instance is not started', { hint: 'STARTUP' });
  }

  #startKeyring(start: KeyringStart): InstanceKeyring {
    const instance = this;
    const around = {
      home: this.home,
      fs: this.#fs,
      isRehearsal: this.#isRehearsal,
      get started() {
        return instance.#phase !== 'down';
      },
      get walletFile() {
        return instance.#keystore.file;
      },
      errorLog: this.errorLog,
    };
    return new InstanceKeyring(this.#options, around, start);
  }

  #surroundings() {
    const instance = this;
    const walletOptions: WalletFileOptions = { ...this.#options.wallet, actor: () => this.#actor() };
    return {
      walletOptions,
      kms: this.#options.kms ?? {},
      isIsc: this.#options.deployment === 'isc',
      get phase() {
        return instance.#phase;
      },
      get directory() {
        return walletDirectory(instance.#parameters, instance.home);
      },
      get usesKms() {
        return usesKms(instance.#parameters);
      },
      noteActiveKey: (keyId: string) => writeActiveKey(this.#fs, this.home, keyId),
      walletCloses: () => this.#keyring.closeWallet(),
    };
  }

  #actor(): KeyActor {
    const mounted = this.#phase === 'mount' || this.#phase === 'open';
    const { user = { name: 'SYS', id: 0 }, database = { name: 'keyward', id: 1 } } = this.#options;
    return {
      user: user.name,
      userId: user.id,
      databaseName: mounted ? database.name : '',
      databaseId: mounted ? database.id : -1,
      instanceName: hostname(),
      instanceNumber: 0,
    };
  }
}

function fileSystemOf(options: InstanceOptions): FileSystem {
  return options.wallet?.fileSystem ?? nodeFileSystem;
}

const PHASES: readonly string[] = ['nomount', 'mount', 'open'];
