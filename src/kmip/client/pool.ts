/**
 * A few connections, used by one request each at a time: the one that was used last goes first, those that were idle too long
 * or are too old are closed instead of used, and who finds none waits in line. Layer: kmip/client, Node only.
 */
import { abortReason, TransportError } from '../../errors.ts';
import { type Connection, closedError } from './connection.ts';
import type { Deadline } from './deadline.ts';
import type { Settings } from './options.ts';

/** Someone in line. */
interface Waiter {
  /** Called with a connection, or with nothing: there is room to make one. */
  readonly serve: (connection: Connection | null) => void;
  readonly refuse: (error: unknown) => void;
}

/** The connections of one client. */
export class Pool {
  readonly #settings: Settings;
  readonly #connect: (deadline: Deadline) => Promise<Connection>;
  /** The last one was used last. */
  readonly #idle: Connection[] = [];
  readonly #busy = new Set<Connection>();
  /** Connections being made. */
  #coming = 0;
  readonly #line: Waiter[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(settings: Settings, connect: (deadline: Deadline) => Promise<Connection>) {
    this.#settings = settings;
    this.#connect = connect;
  }

  /** Connections, those being made included. */
  get size(): number {
    return this.#idle.length + this.#busy.size + this.#coming;
  }

  /**
   * Takes a connection, makes one where there is room, or waits for one. To be given back.
   *
   * @throws {StateError} ERR_KMIP_CLOSED
   * @throws {TransportError} ERR_KMIP_TIMEOUT while waiting; what connecting throws
   */
  async acquire(deadline: Deadline): Promise<Connection> {
    this.assertOpen();
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.size >= this.#settings.maxConnections) {
      const served = await this.#waitInLine(deadline);
      if (served !== null) return served;
    } else {
      this.#coming++;
    }
    return this.#make(deadline);
  }

  /** Takes back a connection: for whoever waits, or until it is needed. One that is gone makes room. */
  release(connection: Connection): void {
    if (!this.#busy.delete(connection)) return;
    if (!connection.isUsable || this.#isClosed) {
      connection.close('client');
      this.#makeRoom();
      return;
    }
    if (this.#isTooOld(connection)) {
      connection.close('age');
      this.#makeRoom();
      return;
    }
    const waiter = this.#line.shift();
    if (waiter !== undefined) {
      this.#busy.add(connection);
      waiter.serve(connection);
      return;
    }
    connection.rest();
    this.#idle.push(connection);
    this.#scheduleSweep();
  }

  /** Closes everything; who waits is refused. Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#sweeper);
    for (const waiter of this.#line.splice(0)) waiter.refuse(closedError());
    for (const connection of [...this.#idle, ...this.#busy]) connection.close('client');
    this.#idle.length = 0;
  }

  /** @throws {StateError} ERR_KMIP_CLOSED */
  assertOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      const reason = this.#reasonToClose(connection);
      if (reason === null && connection.isUsable) {
        connection.wake();
        this.#busy.add(connection);
        return connection;
      }
      connection.close(reason ?? 'peer');
    }
  }

  /** Makes a connection on a place that was taken before. */
  async #make(deadline: Deadline): Promise<Connection> {
    let connection: Connection;
    try {
      connection = await this.#connect(deadline);
    } catch (error) {
      this.#coming--;
      this.#makeRoom();
      throw error;
    }
    this.#coming--;
    if (this.#isClosed) {
      connection.close('client');
      throw closedError();
    }
    connection.onGone = () => this.#forget(connection);
    this.#busy.add(connection);
    return connection;
  }

  #waitInLine(deadline: Deadline): Promise<Connection | null> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const at = this.#line.indexOf(waiter);
        if (at !== -1) this.#line.splice(at, 1);
        stopWatch();
      };
      const waiter: Waiter = {
        serve: (connection) => {
          stopWatch();
          resolve(connection);
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const stopWatch = deadline.watch((why) => {
        const aborted = why === 'abort' && deadline.signal !== undefined;
        waiter.refuse(aborted ? abortReason(deadline.signal as AbortSignal) : this.#waitedTooLong(deadline));
      });
      this.#line.push(waiter);
    });
  }

  #waitedTooLong({ timeoutMs }: Deadline): TransportError {
    const message = `all ${this.#settings.maxConnections} connections were in use for ${timeoutMs} ms`;
    return new TransportError('ERR_KMIP_TIMEOUT', message, [], { hint: 'maxConnections may be higher' });
  }

  /** An idle connection that broke is nobody's any more. A busy one is given back by whoever has it. */
  #forget(connection: Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** Lets the first in line make a connection of its own. */
  #makeRoom(): void {
    if (this.#isClosed || this.size >= this.#settings.maxConnections) return;
    const waiter = this.#line.shift();
    if (waiter === undefined) return;
    this.#coming++;
    waiter.serve(null);
  }

  #scheduleSweep(): void {
    if (this.#sweeper !== undefined || this.#idle.length === 0) return;
    const sweep = (): void => {
      this.#sweeper = undefined;
      for (const connection of [...this.#idle]) {
        const reason = this.#reasonToClose(connection);
        if (reason !== null) connection.close(reason);
      }
      this.#scheduleSweep();
    };
    const { idleMs, maxAgeMs } = this.#settings;
    this.#sweeper = setTimeout(sweep, Math.max(1, Math.min(idleMs, maxAgeMs) / 4)).unref();
  }

  #reasonToClose(connection: Connection): 'idle' | 'age' | null {
    if (this.#isTooOld(connection)) return 'age';
    return performance.now() - connection.idleSinceMs >= this.#settings.idleMs ? 'idle' : null;
  }

  #isTooOld(connection: Connection): boolean {
    return performance.now() - connection.openedMs >= this.#settings.maxAgeMs;
  }
}
