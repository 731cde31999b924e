/**
 * Making a connection to whichever server answers: drives the plan of attempts (attempt-plan.ts) with sockets and a clock, remembers
 * who failed, agrees on a version. Layer: kmip/client, Node only.
 */
import { abortReason, type TransportAttempt, TransportError } from '../../errors.ts';
import { decodeResponse, encodeRequest, type KmipVersion } from '../index.ts';
import { AttemptPlan } from './attempt-plan.ts';
import { type Connection, ExchangeFailure, type Opening, openConnection } from './connection.ts';
import type { CredentialStore } from './credentials.ts';
import type { Deadline, WaitEnd } from './deadline.ts';
import { publishConnect, publishFailover } from './events.ts';
import { chooseVersion, DISCOVER_VERSIONS } from './negotiate.ts';
import type { Server, Settings } from './options.ts';
import { ServerMemory } from './server-memory.ts';
import { describeFailure, hintFor, type Phase } from './tls-errors.ts';

/** Makes the connections of one client. */
export class Connector {
  readonly #settings: Settings;
  readonly #credentials: CredentialStore;
  readonly #memory: ServerMemory<Server>;
  readonly #versions = new Map<Server, KmipVersion>();
  readonly #races = new Set<Race>();
  #last: Server | undefined;

  constructor(settings: Settings, credentials: CredentialStore) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#memory = new ServerMemory(settings.servers, settings.rememberFailureMs);
  }

  /** The server that was connected to last; before the first one the one to be tried first. */
  get server(): Server {
    return this.#last ?? (this.#settings.servers[0] as Server);
  }

  /** The version that is spoken with that server; null before it is known. */
  get version(): KmipVersion | null {
    return this.#settings.version ?? this.#versions.get(this.server) ?? null;
  }

  /** Remembers that a server did not answer a request: it is tried last for a while, and asked for its version again. */
  failed(server: Server): void {
    this.#memory.failed(server, performance.now());
    this.#versions.delete(server);
  }

  /**
   * Connects to the first server that is ready.
   *
   * @throws {TransportError} ERR_KMIP_CONNECT, ERR_KMIP_TIMEOUT: with every attempt
   * @throws what `CredentialStore.context` throws; the signal's reason
   */
  async connect(deadline: Deadline): Promise<Connection> {
    const context = await this.#credentials.context();
    const race = new Race(this.#memory.order(performance.now()), this.#settings, {
      open: (server) => openConnection(server, context, this.#settings),
      prepare: (connection) => this.#agreeOnVersion(connection, deadline),
      failed: (server) => this.failed(server),
    });
    this.#races.add(race);
    const connection = await race.run(deadline).finally(() => this.#races.delete(race));
    this.#memory.succeeded(connection.server);
    if (this.#last !== undefined && this.#last !== connection.server)
      publishFailover({ from: this.#last.name, to: connection.server.name });
    this.#last = connection.server;
    return connection;
  }

  /** Gives up all that are on their way, with this error. */
  abort(error: Error): void {
    for (const race of this.#races) race.abort(error);
  }

  async #agreeOnVersion(connection: Connection, deadline: Deadline): Promise<void> {
    const { version, versions, attemptTimeoutMs } = this.#settings;
    const { server } = connection;
    let agreed = version ?? this.#versions.get(server) ?? (versions[0] === '1.0' ? '1.0' : undefined);
    if (agreed === undefined) {
      const question = encodeRequest(DISCOVER_VERSIONS);
      const choose = (answer: Uint8Array): KmipVersion => chooseVersion(decodeResponse(answer), versions);
      agreed = await connection.exchange(question, choose, deadline, attemptTimeoutMs);
      this.#versions.set(server, agreed);
    }
    connection.version = agreed;
  }
}

/** What a race needs from outside. */
interface RaceParts {
  open(server: Server): Opening;
  /** Makes a connection ready for use, or throws. */
  prepare(connection: Connection): Promise<void>;
  failed(server: Server): void;
}

interface Runner {
  readonly opening: Opening;
  readonly startedMs: number;
  connection: Connection | undefined;
}

/** One race of attempts: the first connection that is ready wins, the others are given up. */
class Race {
  readonly #parts: RaceParts;
  readonly #plan: AttemptPlan<Server>;
  readonly #runners = new Map<Server, Runner>();
  readonly #failures: TransportAttempt[] = [];
  #lastError: unknown;
  #timer: NodeJS.Timeout | undefined;
  #settle: ((error: unknown, connection?: Connection) => void) | undefined;

  constructor(order: readonly Server[], settings: Settings, parts: RaceParts) {
    this.#parts = parts;
    this.#plan = new AttemptPlan(order, settings, performance.now());
  }

  run(deadline: Deadline): Promise<Connection> {
    return new Promise<Connection>((resolve, reject) => {
      const stopWatch = deadline.watch((why) => this.#settle?.(this.#endedBy(why, deadline)));
      this.#settle = (error, connection) => {
        this.#settle = undefined;
        stopWatch();
        clearTimeout(this.#timer);
        this.#giveUpOthers(connection);
        if (connection === undefined) reject(error);
        else resolve(connection);
      };
      this.#step();
    });
  }

  /** Ends the race without a winner. */
  abort(error: Error): void {
    this.#settle?.(error);
  }

  /** Does what is due, and comes back when something else is. */
  #step(): void {
    if (this.#settle === undefined) return;
    clearTimeout(this.#timer);
    const now = performance.now();
    const { start, expire } = this.#plan.due(now);
    for (const server of expire) this.#fail(server, new Error('no answer came in time'));
    for (const server of start) this.#start(server, now);
    if (this.#plan.isOver) {
      this.#settle(this.#error('ERR_KMIP_CONNECT', 'no KMIP server could be reached'));
      return;
    }
    const at = this.#plan.wakeAtMs;
    if (at !== null) this.#timer = setTimeout(() => this.#step(), Math.max(0, Math.ceil(at - performance.now())));
  }

  #start(server: Server, startedMs: number): void {
    const runner: Runner = { opening: this.#parts.open(server), startedMs, connection: undefined };
    this.#runners.set(server, runner);
    this.#attempt(runner).then(
      (connection) => this.#won(server, connection),
      (error: unknown) => this.#lost(server, error),
    );
  }

  async #attempt(runner: Runner): Promise<Connection> {
    const connection = await runner.opening.opened;
    runner.connection = connection;
    await this.#parts.prepare(connection);
    return connection;
  }

  #won(server: Server, connection: Connection): void {
    const runner = this.#runners.get(server);
    if (runner === undefined || this.#settle === undefined) {
      connection.close('client');
      return;
    }
    this.#runners.delete(server);
    this.#publish(server, runner, null);
    // Those that began earlier and are not ready yet are too slow to be tried first next time.
    for (const [other, { startedMs }] of this.#runners) if (startedMs < runner.startedMs) this.#parts.failed(other);
    this.#settle(undefined, connection);
  }

  #lost(server: Server, error: unknown): void {
    if (!this.#runners.has(server)) return;
    this.#plan.failed(server, performance.now());
    this.#fail(server, error instanceof ExchangeFailure ? error.cause : error);
    this.#step();
  }

  /** Notes a failure and lets go of what the attempt holds. */
  #fail(server: Server, error: unknown): void {
    const runner = this.#runners.get(server);
    if (runner === undefined) return;
    this.#runners.delete(server);
    this.#note(server, runner.opening.phase, error);
    this.#publish(server, runner, describeFailure(error));
    this.#drop(runner);
    this.#lastError = error;
    this.#parts.failed(server);
  }

  #note(server: Server, phase: Phase, error: unknown): void {
    this.#failures.push({ server: server.name, phase, cause: describeFailure(error) });
  }

  #giveUpOthers(winner: Connection | undefined): void {
    for (const [server, runner] of this.#runners) {
      this.#runners.delete(server);
      if (runner.connection === undefined || runner.connection !== winner) this.#drop(runner);
      this.#publish(server, runner, 'given up');
    }
  }

  #drop(runner: Runner): void {
    runner.opening.abort(new Error('given up'));
    runner.connection?.close('client');
  }

  #endedBy(why: WaitEnd, deadline: Deadline): unknown {
    if (why === 'abort' && deadline.signal !== undefined) return abortReason(deadline.signal);
    for (const [server, { opening }] of this.#runners) {
      this.#note(server, opening.phase, new Error("the call's time was over"));
      this.#parts.failed(server);
    }
    return this.#error('ERR_KMIP_TIMEOUT', `no KMIP server was ready within ${deadline.timeoutMs} ms`);
  }

  #error(code: string, message: string): TransportError {
    const list = this.#failures.map(({ server, phase, cause }) => `${server}: ${phase}: ${cause}`).join('; ');
    const hint = hintFor(this.#lastError);
    return new TransportError(code, list === '' ? message : `${message}: ${list}`, this.#failures, {
      ...(this.#lastError === undefined ? {} : { cause: this.#lastError }),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #publish(server: Server, { opening, connection, startedMs }: Runner, error: string | null): void {
    publishConnect({
      server: server.name,
      durationMs: performance.now() - startedMs,
      phase: error === null ? 'ready' : opening.phase,
      error,
      tls: connection?.tls.protocol ?? null,
      cipher: connection?.tls.cipher ?? null,
      version: error === null ? (connection?.version ?? null) : null,
    });
  }
}
