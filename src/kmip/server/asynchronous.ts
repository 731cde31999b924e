/**
 * Asynchronous requests (KMIP 1.4, 6.7, 6.8, 4.26 and 4.27): operations put off, and their answers kept until they are polled. In memory:
 * what has not run when the server stops has not happened. Layer: kmip/server, Node only.
 */
import type { ResponseItem } from '../index.ts';
import { refuse } from './refusal.ts';

/** An operation that was put off. */
interface Pending {
  readonly owner: string;
  readonly run: () => Promise<ResponseItem>;
  /** There once it runs. */
  answer?: Promise<ResponseItem>;
  finished: boolean;
}

/** Puts a task off. The default waits a moment, so that a Cancel that follows at once finds it still to be cancelled. */
export type Defer = (task: () => void) => void;

/** The operations put off, by Asynchronous Correlation Value. */
export class PendingRequests {
  readonly #pending = new Map<string, Pending>();
  readonly #defer: Defer;
  readonly #randomBytes: (lengthBytes: number) => Uint8Array<ArrayBuffer>;

  constructor(randomBytes: (lengthBytes: number) => Uint8Array<ArrayBuffer>, defer: Defer) {
    this.#randomBytes = randomBytes;
    this.#defer = defer;
  }

  /** Puts an operation off; gives its correlation value. */
  add(owner: string, run: () => Promise<ResponseItem>): Uint8Array<ArrayBuffer> {
    let mine = 0;
    for (const one of this.#pending.values()) if (one.owner === owner) mine++;
    if (mine >= MAX_PER_OWNER) refuse('PermissionDenied', 'too many requests are pending: poll them');
    const value = this.#randomBytes(16);
    const pending: Pending = { owner, run, finished: false };
    this.#pending.set(keyOf(value), pending);
    this.#defer(() => {
      if (this.#pending.get(keyOf(value)) === pending) start(pending).catch(() => undefined);
    });
    return value;
  }

  /** Poll: what the operation answers, lent until it is forgotten. It is run now if it has not been. */
  async poll(owner: string, value: Uint8Array): Promise<ResponseItem> {
    const pending = this.#mine(owner, value);
    if (pending === undefined) return refuse('ItemNotFound', 'no request of yours is pending under this value');
    const answer = await start(pending);
    // Another Poll may have had it meanwhile, and wiped it.
    if (this.#mine(owner, value) !== pending) refuse('ItemNotFound', 'the answer has been polled');
    return answer;
  }

  /** Forgets an answer that has been handed out. */
  forget(owner: string, value: Uint8Array): void {
    if (this.#mine(owner, value)?.finished === true) this.#pending.delete(keyOf(value));
  }

  /** Cancel. Gives the Cancellation Result. */
  cancel(owner: string, value: Uint8Array): 'Canceled' | 'UnableToCancel' | 'Completed' | 'Unavailable' {
    const pending = this.#mine(owner, value);
    if (pending === undefined) return 'Unavailable';
    if (pending.finished) return 'Completed';
    if (pending.answer !== undefined) return 'UnableToCancel';
    this.#pending.delete(keyOf(value));
    return 'Canceled';
  }

  #mine(owner: string, value: Uint8Array): Pending | undefined {
    const pending = this.#pending.get(keyOf(value));
    return pending?.owner === owner ? pending : undefined;
  }
}

/** More than a client that polls needs. */
const MAX_PER_OWNER = 64;

function keyOf(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}

function start(pending: Pending): Promise<ResponseItem> {
  pending.answer ??= pending.run().finally(() => {
    pending.finished = true;
  });
  return pending.answer;
}
