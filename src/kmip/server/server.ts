/**
 * A server at work: wallet, object store, engine and listener of one home, and what runs beside them: the wallet is looked at for a
 * rotated master key, and what is sealed under an older one is sealed anew in batches. Layer: kmip/server, Node only.
 */
import { join, resolve } from 'node:path';
import { StateError } from '../../errors.ts';
import {
  acquireLock,
  type HeldLock,
  nodeFileSystem,
  openWalletFile,
  removeTemporaries,
  type WalletFile,
} from '../../wallet/file/index.ts';
import type { WalletPassword } from '../../wallet/index.ts';
import { readEpochFloor, writeEpochFloor } from './epoch-floor.ts';
import { clientHost, homePaths, pointClients, readSettings, serverIdentity } from './home.ts';
import {
  type ConnectionLimits,
  type Listener,
  type ListenerOptions,
  type RequestHandler,
  startListener,
} from './listener.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { walletObjectKeys } from './object-keys.ts';
import { openObjectStore, type SealedObjectStore } from './object-store.ts';
import type { ObjectStore } from './store.ts';

/** Options of `startKmipServer`. */
export interface KmipServerOptions {
  /** Made by `initKmipHome`. */
  readonly home: string;
  /** Of the home's wallet. */
  readonly password: WalletPassword;
  /** Address to listen on. Default: as in the home's `server.json`. */
  readonly host?: string;
  /** 0: any free one. Default: as in the home's `server.json`. */
  readonly port?: number;
  /** Default: as `ConnectionLimits` say. */
  readonly limits?: Partial<ConnectionLimits>;
  /** How often the wallet's file is looked at for changes. Default 5,000. */
  readonly refreshMs?: number;
  /** Told what happens beside the requests. */
  readonly onEvent?: (event: ServerEvent) => void;
}

/** What happens beside the requests. */
export type ServerEvent =
  | {
      readonly type: 'rewrap';
      /** Objects sealed anew so far. */
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'wallet-error' | 'rewrap-error'; readonly error: unknown };

/** A server at work. Use with `await using`. */
export interface KmipServer extends AsyncDisposable {
  /** The address that it listens on. */
  readonly host: string;
  /** The TCP port that it listens on. */
  readonly port: number;
  /** Number of connected clients. */
  readonly connections: number;
  /** Number of objects, of all owners. */
  readonly objects: number;
  /** Number of objects still sealed under an older master key. */
  readonly outdated: number;
  /** Looks at the wallet now; resolves when everything is sealed under its active master key. */
  refresh(): Promise<void>;
  /** Answers what is under way, then lets go of everything. Safe to call twice. */
  close(): Promise<void>;
}

/** What is sealed anew in one commit; requests wait for it, and wrapping takes its time by the byte. */
const REWRAP_BATCH = { objects: 512, bytes: 256 << 10 } as const;
const REFRESH_MS = 5000;
const LOCK_TIMEOUT_MS = 250;

/** Internal: serves a home with a handler made over its store. `startKmipServer` is this with the engine. */
export async function serveHome(
  options: KmipServerOptions,
  handlerOf: (store: ObjectStore) => RequestHandler,
  listen: Pick<ListenerOptions, 'http' | 'send'> = {},
): Promise<KmipServer> {
  const home = resolve(options.home);
  const settings = await readSettings(home);
  const { host = settings.host, port = settings.port, limits } = options;
  const paths = homePaths(home);
  const lock = await lockHome(home);
  const closers: (() => Promise<unknown>)[] = [() => lock.release()];
  try {
    const wallet = await openWalletFile(paths.wallet, options.password);
    closers.push(() => wallet.close());
    const keys = walletObjectKeys(() => wallet.wallet);
    // Twice where all goes well: the store disposes of them too.
    closers.push(async () => keys[Symbol.dispose]());
    await removeTemporaries(nodeFileSystem, home);
    const epochFloor = await readEpochFloor(paths.epoch, keys);
    const records = await openLmdbStore(paths.objects);
    const store = await openObjectStore({ records, keys, epochFloor });
    // Once the store is closed, for only then is its epoch on the disk: a floor above it would keep the next start from happening. The
    // store wiped the keys; the one that this derives anew is wiped by the closer above.
    closers.push(() => writeEpochFloor(paths.epoch, keys, store.epoch));
    closers.push(() => store.close());
    await writeEpochFloor(paths.epoch, keys, store.epoch);
    const tls = tlsOptions(wallet);
    const listener = await startListener({
      ...listen,
      host,
      port,
      tls,
      handler: handlerOf(store),
      ...(limits !== undefined && { limits }),
    });
    closers.push(() => listener.close());
    await pointClients(home, clientHost(host), listener.port);
    return new RunningServer({ listener, store, wallet, options, closers });
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

/** Objects whose records are at fault: not looked at again before something else is outdated. */
interface LeftOver {
  readonly keyId: string;
  readonly outdated: number;
  readonly error: unknown;
}

interface Parts {
  readonly listener: Listener;
  readonly store: SealedObjectStore;
  readonly wallet: WalletFile;
  readonly options: KmipServerOptions;
  /** In the order of their opening. */
  readonly closers: readonly (() => Promise<unknown>)[];
}

class RunningServer implements KmipServer {
  readonly #parts: Parts;
  readonly #timer: NodeJS.Timeout;
  #refreshing: Promise<void> | undefined;
  /** What the last rewrap could not seal anew. */
  #leftOver: LeftOver | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const look = (): void => void this.refresh().catch(() => undefined);
    this.#timer = setInterval(look, parts.options.refreshMs ?? REFRESH_MS);
    this.#timer.unref();
    // What a rotation before the last kill left to do.
    look();
  }

  get host(): string {
    return this.#parts.listener.host;
  }

  get port(): number {
    return this.#parts.listener.port;
  }

  get connections(): number {
    return this.#parts.listener.connections;
  }

  get objects(): number {
    return this.#parts.store.size;
  }

  get outdated(): number {
    return this.#parts.store.outdated;
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #refresh(): Promise<void> {
    const { wallet, options } = this.#parts;
    let step: 'wallet-error' | 'rewrap-error' = 'wallet-error';
    try {
      await wallet.refresh();
      step = 'rewrap-error';
      await this.#rewrap();
    } catch (error) {
      if (this.#closing !== undefined) return;
      options.onEvent?.({ type: step, error });
      throw error;
    }
  }

  async #rewrap(): Promise<void> {
    const { store, options } = this.#parts;
    const left = this.#leftOver;
    if (left !== undefined && left.keyId === store.activeKeyId && left.outdated === store.outdated) throw left.error;
    this.#leftOver = undefined;
    const total = store.outdated;
    let faults: unknown[] = [];
    let before = total;
    let from = 1;
    while (store.outdated > 0 && this.#closing === undefined) {
      const next = await store.rewrapBatch(from, { ...REWRAP_BATCH, onFault: (error) => faults.push(error) });
      options.onEvent?.({ type: 'rewrap', done: total - store.outdated, total });
      await breathe();
      from = next ?? 1;
      if (next !== null) continue;
      if (faults.length > 0 && store.outdated >= before) return this.#leave(faults);
      // Changes made meanwhile may have kept an older key: then once more from the start.
      faults = [];
      before = store.outdated;
    }
  }

  /** Ends a rewrap that sealed everything but records at fault. */
  #leave([error, ...others]: readonly unknown[]): never {
    const { store, options } = this.#parts;
    this.#leftOver = { keyId: store.activeKeyId, outdated: store.outdated, error };
    for (const other of others) options.onEvent?.({ type: 'rewrap-error', error: other });
    throw error;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#refreshing?.catch(() => undefined);
    await closeAll(this.#parts.closers);
  }
}

/** Lets requests run between two batches. */
function breathe(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

/** Closes in reverse order; everything is tried, and the first error is the one thrown. */
async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closers.toReversed()) await close().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** One server per home: the lock of a killed one is recognised as such. */
async function lockHome(home: string): Promise<HeldLock> {
  try {
    return await acquireLock(nodeFileSystem, join(home, '.lock'), { timeoutMs: LOCK_TIMEOUT_MS });
  } catch (cause) {
    if (!(cause instanceof StateError)) throw cause;
    throw new StateError('ERR_SERVER_RUNNING', `another server serves ${home}`, { cause });
  }
}

function tlsOptions(wallet: WalletFile): ListenerOptions['tls'] {
  const { server, authority } = serverIdentity(wallet);
  return {
    cert: server.certificate,
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ca: authority,
  };
}
