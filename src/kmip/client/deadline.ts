/**
 * One deadline for all that a call does: made once from the caller's `signal` and `timeoutMs`, and passed down to whatever
 * waits. Costs one timer per wait, and a listener where there is a signal. Layer: kmip/client.
 */

/** Why a wait ended: its own limit, the call's deadline, or the caller's signal. */
export type WaitEnd = 'limit' | 'timeout' | 'abort';

/** The time that a call has. */
export class Deadline {
  /** On the clock of `performance.now`. */
  readonly #atMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.timeoutMs = timeoutMs;
    this.#atMs = performance.now() + timeoutMs;
    this.signal = signal;
  }

  /**
   * Calls `onEnd`, once, when the call's time is over, its signal fires, or `limitMs` have passed; what is over already counts
   * from the next turn of the event loop on.
   *
   * @returns ends the watch; safe to call twice
   */
  watch(onEnd: (why: WaitEnd) => void, limitMs: number = Number.POSITIVE_INFINITY): () => void {
    const { signal } = this;
    const leftMs = Math.max(0, this.#atMs - performance.now());
    const onTime = (): void => end(leftMs <= limitMs ? 'timeout' : 'limit');
    const onAbort = (): void => end('abort');
    // Node rounds a timer's time down to whole milliseconds.
    const timer = setTimeout(onTime, Math.ceil(Math.min(leftMs, limitMs)));
    const immediate = signal?.aborted === true ? setImmediate(onAbort) : undefined;
    signal?.addEventListener('abort', onAbort, { once: true });
    function stop(): void {
      clearTimeout(timer);
      if (signal === undefined) return;
      clearImmediate(immediate);
      signal.removeEventListener('abort', onAbort);
    }
    function end(why: WaitEnd): void {
      stop();
      onEnd(why);
    }
    return stop;
  }
}
