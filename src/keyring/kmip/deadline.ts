/** One deadline for all the requests of a call. Layer: keyring, pure. */
import { abortReason, TransportError } from '../../errors.ts';
import type { CallOptions } from '../keyring.ts';

/** The time that a call has. */
export class CallDeadline {
  readonly #endMs: number;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: () => number;

  /** @param timeoutMs used where the call says nothing */
  constructor(call: CallOptions, timeoutMs: number, clock: () => number) {
    this.#timeoutMs = call.timeoutMs ?? timeoutMs;
    this.#endMs = clock() + this.#timeoutMs;
    this.#signal = call.signal;
    this.#clock = clock;
  }

  /** What is left of it, for one request. @throws {TransportError} ERR_KMIP_TIMEOUT; the signal's reason */
  call(): CallOptions & { readonly timeoutMs: number } {
    this.#signal?.throwIfAborted();
    const timeoutMs = Math.ceil(this.#endMs - this.#clock());
    if (timeoutMs <= 0) throw this.#over();
    return { timeoutMs, ...(this.#signal !== undefined && { signal: this.#signal }) };
  }
  /** Waits for what others may wait for as well: no longer than is left, and it goes on without. @throws as `call` */
  async share<T>(work: Promise<T>): Promise<T> {
    const { timeoutMs, signal } = this.call();
    let stop = (): void => undefined;
    const end = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(this.#over()), Math.min(timeoutMs, LONGEST_TIMER_MS));
      const onAbort = (): void => reject(abortReason(signal as AbortSignal));
      signal?.addEventListener('abort', onAbort, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
    });
    try {
      return await Promise.race([work, end]);
    } finally {
      stop();
    }
  }

  #over(): TransportError {
    return new TransportError('ERR_KMIP_TIMEOUT', `the keyring did not finish within ${this.#timeoutMs} ms`);
  }
}

/** Timers that are set for longer go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
