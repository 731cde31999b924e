/** One deadline for all the requests of a call. Layer: keyring, pure. */
import { TransportError } from '../../errors.ts';
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
    if (timeoutMs <= 0)
      throw new TransportError('ERR_KMIP_TIMEOUT', `the keyring did not finish within ${this.#timeoutMs} ms`);
    return { timeoutMs, ...(this.#signal !== undefined && { signal: this.#signal }) };
  }
}
