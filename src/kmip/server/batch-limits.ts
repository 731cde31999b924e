/**
 * What one request may cost: items, bytes kept until its answer is sent, and time. A message of 1 MiB names thousands of operations,
 * each of which may open an object of the same size or take a private key's time. Layer: kmip/server, Node only.
 */
import { setImmediate } from 'node:timers/promises';
import { TooLarge } from './too-large.ts';

/** Most items of one request. */
export const MAX_ITEMS = 1000;
/** Most names of templates in one item. */
export const MAX_TEMPLATES = 16;
/** Longest answer, bytes: what clients' decoders take at most, ours among them. */
export const MAX_ANSWER_BYTES: number = 8 << 20;
/** Most bytes of objects that are open at once. */
const MAX_HELD_BYTES = 16 << 20;
/** Milliseconds after which other requests get their turn. */
const TURN_MS = 50;
/** Milliseconds after which the items that are left are refused. */
const MAX_MS = 30_000;

/** What a batch has cost so far. */
export class BatchCost {
  readonly #clock: () => number;
  readonly #begin: number;
  readonly #maxAnswerBytes: number;
  #turn: number;
  #answerBytes = 0;

  /**
   * @param clock milliseconds
   * @param maximumResponseSize what the client takes at most, bytes
   */
  constructor(clock: () => number, maximumResponseSize: number = MAX_ANSWER_BYTES) {
    this.#clock = clock;
    this.#begin = clock();
    this.#turn = this.#begin;
    this.#maxAnswerBytes = Math.min(maximumResponseSize, MAX_ANSWER_BYTES);
  }

  /** Counts an answer. @throws {TooLarge} when those so far cannot be sent together, or `heldBytes` is too much */
  add(payload: unknown, heldBytes: number): void {
    this.#answerBytes += bytesIn(payload);
    if (this.#answerBytes > this.#maxAnswerBytes)
      throw new TooLarge(`the response has more than ${this.#maxAnswerBytes} bytes`);
    if (heldBytes > MAX_HELD_BYTES) throw new TooLarge('the request opens more objects than fit into memory together');
  }

  /** Whether others have waited long enough. */
  get isLong(): boolean {
    return this.#clock() - this.#turn >= TURN_MS;
  }

  /** Whether nothing more is to be begun. */
  get isOver(): boolean {
    return this.#clock() - this.#begin >= MAX_MS;
  }

  /** Lets others have their turn. */
  async pause(): Promise<void> {
    await setImmediate();
    this.#turn = this.#clock();
  }
}

/** The bytes and texts of a payload: what its encoding has at least. */
function bytesIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  // A short one may be a token, which stands for 16 bytes.
  if (typeof value === 'string') return value.length > 64 ? value.length : Math.min(value.length, 16);
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const one of Object.values(value)) bytes += bytesIn(one);
  return bytes;
}
