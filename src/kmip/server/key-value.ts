/**
 * The least that the object store needs of a database: ordered keys, reads, and commits that are whole or absent. Beside it the
 * memory twin, which says on demand what a power cut would have left. Layer: kmip/server, Node only.
 */
import { StateError } from '../../errors.ts';

/** One change of a commit: a value to put under a key, or null to delete it. */
export interface KeyValueChange {
  /** From 1. */
  readonly key: number;
  /** Lent until the commit resolves; null deletes. */
  readonly value: Uint8Array | null;
}

/** An ordered transactional store of byte strings under whole numbers from 0 to 2^53-1. */
export interface KeyValueStore {
  /** The value under a key, as last committed durably or later; the caller's own. */
  get(key: number): Uint8Array | undefined;
  /** All pairs with a key of at least `from`, ascending. The values are lent until the next step. */
  range(from: number): Iterable<readonly [key: number, value: Uint8Array]>;
  /**
   * Makes changes, all or none. Commits take effect in the order of these calls. Resolves when the changes are on the disk and `get`
   * sees them; rejects when they are not, and then no later one may succeed.
   */
  commit(changes: readonly KeyValueChange[]): Promise<void>;
  /** Lets go of memory that reading everything took, where that is possible. Nothing else is under way. */
  trim?(): Promise<void>;
  /** Waits for all commits and lets go. */
  close(): Promise<void>;
}

/** Options of the memory twin. */
export interface MemoryStoreOptions {
  /** What is in it at first. */
  readonly entries?: Iterable<readonly [key: number, value: Uint8Array]>;
  /** True: commits stay in the air until `flush`. Default false: each is durable in the next microtask. */
  readonly manualFlush?: boolean;
}

/** A store in memory. */
export class MemoryKeyValueStore implements KeyValueStore {
  readonly #durable: Map<number, Uint8Array>;
  readonly #waiting: { readonly changes: readonly KeyValueChange[]; readonly settle: (error?: Error) => void }[] = [];
  readonly #manualFlush: boolean;
  #failure: Error | undefined;

  constructor(options: MemoryStoreOptions = {}) {
    this.#durable = new Map([...(options.entries ?? [])].map(([key, value]) => [key, value.slice()]));
    this.#manualFlush = options.manualFlush ?? false;
  }

  get(key: number): Uint8Array | undefined {
    return this.#durable.get(key)?.slice();
  }

  *range(from: number): Iterable<readonly [key: number, value: Uint8Array]> {
    const keys = [...this.#durable.keys()].filter((key) => key >= from).sort((a, b) => a - b);
    for (const key of keys) {
      const value = this.#durable.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  commit(changes: readonly KeyValueChange[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      if (!this.#manualFlush) queueMicrotask(() => this.flush(1));
    });
  }

  /** Puts the oldest `count` waiting commits on the "disk"; all of them when left out. */
  flush(count: number = this.#waiting.length): void {
    for (const { changes, settle } of this.#waiting.splice(0, count)) {
      for (const { key, value } of changes) {
        if (value === null) this.#durable.delete(key);
        else this.#durable.set(key, value.slice());
      }
      settle();
    }
  }

  /** Number of commits that are not on the "disk" yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Makes every commit fail from now on, those waiting included. */
  fail(error: Error): void {
    this.#failure = error;
    for (const { settle } of this.#waiting.splice(0)) settle(error);
  }

  /** What a power cut now would leave: everything flushed, nothing else. This store is of no use afterwards. */
  cutPower(): MemoryKeyValueStore {
    this.fail(new StateError('ERR_STORE_FAILED', 'the power was cut'));
    return new MemoryKeyValueStore({ entries: this.#durable, manualFlush: this.#manualFlush });
  }

  async close(): Promise<void> {
    this.flush();
  }
}
