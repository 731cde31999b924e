/**
 * Which servers failed lately, and the order to try them in: healthy ones as configured, then failed ones, the one whose
 * failure is longest ago first. A failure is forgotten after a time that doubles with each failure in a row, so that a dead
 * primary is not tried first every few seconds. Pure: times come in. Layer: kmip/client.
 */

interface Failure {
  readonly count: number;
  readonly atMs: number;
  readonly untilMs: number;
}

/** The time a failure is remembered grows up to this many times the configured one. */
const MAX_FACTOR = 16;

/** What is remembered about the servers of one client. `T` names a server. */
export class ServerMemory<T> {
  readonly #servers: readonly T[];
  readonly #rememberMs: number;
  readonly #failures = new Map<T, Failure>();

  /** @param rememberMs how long a first failure counts; 0 remembers nothing */
  constructor(servers: readonly T[], rememberMs: number) {
    this.#servers = servers;
    this.#rememberMs = rememberMs;
  }

  /** The servers in the order to try them at this time. */
  order(nowMs: number): readonly T[] {
    const failedAt = (server: T): number => {
      const failure = this.#failures.get(server);
      return failure === undefined || failure.untilMs <= nowMs ? Number.NEGATIVE_INFINITY : failure.atMs;
    };
    return this.#servers.toSorted((a, b) => compare(failedAt(a), failedAt(b))); // stable: as configured among equals
  }

  /** Remembers that a server failed, or was too slow. */
  failed(server: T, nowMs: number): void {
    const count = (this.#failures.get(server)?.count ?? 0) + 1;
    const factor = Math.min(MAX_FACTOR, 2 ** (count - 1));
    this.#failures.set(server, { count, atMs: nowMs, untilMs: nowMs + this.#rememberMs * factor });
  }

  /** Forgets the failures of a server that answered. */
  succeeded(server: T): void {
    this.#failures.delete(server);
  }
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
