/**
 * When to try which server: in order, the next one early (hedged), each for a limited time. A pure state machine: it knows no
 * socket and no clock, is told what happened and at what time (ms of any monotonic clock), and says what is due. Layer: kmip/client.
 *
 *   start 0 ── hedgeAfterMs ──> start 1 ── hedgeAfterMs ──> start 2 …      a failure starts the next one at once
 *        └───── attemptTimeoutMs ─────> expired                              hedgeAfterMs = 0: one after another
 */

/** The times of a plan, in ms. */
export interface AttemptTimes {
  /** The next attempt starts this long after the last one did; 0: only when all before it have ended. */
  readonly hedgeAfterMs: number;
  /** An attempt that takes longer has failed. */
  readonly attemptTimeoutMs: number;
}

/** What is due: attempts to begin, and attempts to give up. */
export interface DueAttempts<T> {
  readonly start: readonly T[];
  readonly expire: readonly T[];
}

/** The attempts at one connection. `T` names a server. */
export class AttemptPlan<T> {
  readonly #waiting: T[];
  readonly #times: AttemptTimes;
  /** When each running attempt began. */
  readonly #running = new Map<T, number>();
  #nextStart: number;

  /** @param order the servers, those to try first in front */
  constructor(order: readonly T[], times: AttemptTimes, nowMs: number) {
    this.#waiting = [...order];
    this.#times = times;
    this.#nextStart = nowMs;
  }

  /** True when nothing runs and nothing waits: all have failed. */
  get isOver(): boolean {
    return this.#waiting.length === 0 && this.#running.size === 0;
  }

  /** The attempts that run. */
  get running(): readonly T[] {
    return [...this.#running.keys()];
  }

  /** Takes what is due at this time; what starts counts as running, what expired as failed. */
  due(nowMs: number): DueAttempts<T> {
    const expire = this.running.filter((server) => nowMs - this.#running.get(server)! >= this.#times.attemptTimeoutMs);
    for (const server of expire) this.failed(server, nowMs);
    const start: T[] = [];
    while (this.#waiting.length > 0 && this.#nextStart <= nowMs) {
      const server = this.#waiting.shift() as T;
      start.push(server);
      this.#running.set(server, nowMs);
      const { hedgeAfterMs } = this.#times;
      this.#nextStart = hedgeAfterMs === 0 ? Number.POSITIVE_INFINITY : nowMs + hedgeAfterMs;
    }
    return { start, expire };
  }

  /** Tells that an attempt has failed: the next one is due now. */
  failed(server: T, nowMs: number): void {
    if (!this.#running.delete(server)) return;
    // Strictly one after another means after all that run; otherwise a failure is reason enough not to wait any longer.
    if (this.#times.hedgeAfterMs > 0 || this.#running.size === 0) this.#nextStart = Math.min(this.#nextStart, nowMs);
  }

  /** When something is due next; null when only an event can change anything. */
  get wakeAtMs(): number | null {
    let at = this.#waiting.length > 0 ? this.#nextStart : Number.POSITIVE_INFINITY;
    for (const began of this.#running.values()) at = Math.min(at, began + this.#times.attemptTimeoutMs);
    return Number.isFinite(at) ? at : null;
  }
}
