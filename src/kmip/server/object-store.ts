/**
 * The object store over a key-value store: sealed records, an index in memory, transactions whose results leave only when they
 * are on the disk.
 *
 *   open:    read and verify every record (record.ts), build the index, check the head (head.ts)
 *   commit:  seal what changed and the head · show it to the next transaction · hand it to the disk · resolve when it is there
 *
 * Changes are visible at once, so that commits share a flush; but whoever read one of them waits for its flush before the own
 * result leaves. After a commit that could not be written memory is ahead of the disk, and everything is refused.
 * Layer: kmip/server, Node only.
 */
import { AuthenticationError, type KeywardError, StateError } from '../../errors.ts';
import { type Head, headFault, openHead, SetDigest, sealHead } from './head.ts';
import type { KeyValueChange, KeyValueStore } from './key-value.ts';
import { ALL_OBJECTS, ObjectIndex } from './object-index.ts';
import type { ObjectKeys } from './object-keys.ts';
import {
  type OpenedRecord,
  openRecord,
  type RecordContents,
  recordFault,
  type SealedRecord,
  sealRecord,
  unwrapMaterial,
  wrapMaterial,
} from './record.ts';
import { RecordCache } from './record-cache.ts';
import type { ObjectStore, ObjectTransaction } from './store.ts';
import { entryKey, objectKey, Transaction, type TransactionBase } from './transaction.ts';

/** Options of `openObjectStore`. */
export interface ObjectStoreOptions {
  /** Where the records are. Closed with the object store, or when it cannot be opened. */
  readonly records: KeyValueStore;
  /** What seals them. Disposed of with the object store, or when it cannot be opened. */
  readonly keys: ObjectKeys;
  /** True: there must be no store yet, and an empty one is made. Default false: there must be one. */
  readonly create?: boolean;
  /** Smallest epoch that this store is known to have reached. Default 0. */
  readonly epochFloor?: number;
}

/** What one batch of a rewrap may cost. */
export interface RewrapLimits {
  /** Objects sealed anew. */
  readonly objects: number;
  /** Bytes of their material, wrapped: the batch ends with the object that reaches them. */
  readonly bytes: number;
  /** Told of a record that is not the one that was written; the batch goes on behind it. Default: the batch fails. */
  readonly onFault?: (error: AuthenticationError) => void;
}

/**
 * Opens an object store: verifies every record and the head.
 *
 * @throws {AuthenticationError} ERR_STORE_RECORD: a record was changed, swapped, or is of another wallet
 * @throws {StateError} ERR_STORE_HEAD: records are missing, older, or doubled, or there is no store; ERR_STORE_OLD; ERR_STORE_EXISTS
 * @example
 * const store = await openObjectStore({ records: new MemoryKeyValueStore(), keys: await memoryObjectKeys(), create: true });
 */
export async function openObjectStore(options: ObjectStoreOptions): Promise<SealedObjectStore> {
  const store = new SealedObjectStore(options);
  try {
    if (options.create === true) await store.create();
    else await store.open(options.epochFloor ?? 0);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Where a live object is, and the first bytes of its share: an older record in its place is seen. */
interface Row {
  readonly ordinal: number;
  readonly check: number;
}

interface Commit {
  readonly touched: ReadonlySet<string>;
  readonly durable: Promise<void>;
}

interface Resealed {
  readonly before: OpenedRecord | undefined;
  readonly after: (SealedRecord & { readonly record: RecordContents }) | null;
}

const HEAD_KEY = 0;
/** How often work that waits may run again before its transaction gives up. */
const MAX_RUNS = 8;

/** The object store. Made by `openObjectStore`. */
export class SealedObjectStore implements ObjectStore, TransactionBase {
  readonly #records: KeyValueStore;
  readonly #keys: ObjectKeys;
  readonly #rows = new Map<string, Row>();
  readonly #index = new ObjectIndex();
  readonly #digest = new SetDigest();
  /** Records whose commit is under way, by ordinal; null for one removed. */
  readonly #unflushed = new Map<number, { readonly bytes: Uint8Array | null; readonly epoch: number }>();
  readonly #cache = new RecordCache();
  /** Objects per master key. */
  readonly #sealedUnder = new Map<string, number>();
  readonly #commits = new Set<Commit>();
  readonly #waiting = new Set<Transaction>();
  #head: Head = { epoch: 0, nextOrdinal: 1, count: 0 };
  /** Of the last commit that is on the disk; the head in memory may be ahead of it, after a failure for good. */
  #durableEpoch = 0;
  #failure: KeywardError | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Use `openObjectStore`. */
  constructor(options: ObjectStoreOptions) {
    this.#records = options.records;
    this.#keys = options.keys;
  }

  /** Number of objects. */
  get size(): number {
    return this.#rows.size;
  }

  /** Number of commits ever made that are on the disk. */
  get epoch(): number {
    return this.#durableEpoch;
  }

  /** KEY_ID of the master key that new records are sealed under. @throws {StateError} ERR_NO_ACTIVE_KEY */
  get activeKeyId(): string {
    return this.#keys.activeKeyId;
  }

  /** Number of objects that are sealed under another master key than the active one. */
  get outdated(): number {
    return this.#rows.size - (this.#sealedUnder.get(this.activeKeyId) ?? 0);
  }

  /** @internal */
  async create(): Promise<void> {
    for (const _ of this.#records.range(HEAD_KEY)) throw new StateError('ERR_STORE_EXISTS', 'there is an object store');
    await this.#write([], new Set());
  }

  /** @internal */
  async open(epochFloor: number): Promise<void> {
    for (const [ordinal, bytes] of this.#records.range(HEAD_KEY + 1)) {
      const opened = openRecord(this.#keys, ordinal, bytes);
      if (this.#rows.has(opened.record.uniqueIdentifier)) throw headFault();
      this.#enter(opened.record, opened.share, opened.record.indexKeys);
    }
    const head = this.#records.get(HEAD_KEY);
    if (head === undefined) throw headFault();
    this.#head = openHead(this.#keys, head, this.#digest, epochFloor);
    if (this.#head.count !== this.#rows.size) throw headFault();
    this.#durableEpoch = this.#head.epoch;
    await this.#records.trim?.();
  }

  async transaction<T>(work: (transaction: ObjectTransaction) => T | Promise<T>): Promise<T> {
    for (let run = 0; run < MAX_RUNS; run++) {
      this.#usable();
      const transaction = new Transaction(this);
      try {
        const started = work(transaction);
        const result = started instanceof Promise ? await this.#await(transaction, started) : started;
        this.#usable();
        if (transaction.spoiled) continue;
        await this.#commit(transaction);
        return result;
      } catch (error) {
        if (!transaction.spoiled) throw await this.#afterReads(transaction, error);
      } finally {
        transaction.end();
      }
    }
    throw new StateError('ERR_STORE_CONFLICT', 'other clients keep changing what this request works on');
  }

  /**
   * Seals a batch of objects anew under the active master key; call until nothing is `outdated`. Each batch is one commit, so a kill
   * leaves the rest for the next start.
   *
   * @param from smallest ordinal to look at
   * @returns where the next batch starts; null when the end was reached
   * @throws {AuthenticationError} ERR_STORE_RECORD without `onFault`
   */
  async rewrapBatch(from: number, limits: RewrapLimits): Promise<number | null> {
    this.#usable();
    const ordinals = this.#index.find(ALL_OBJECTS);
    const activeKeyId = this.activeKeyId;
    const changes: Resealed[] = [];
    let next: number | null = null;
    let bytes = 0;
    for (let at = this.#index.position(ALL_OBJECTS, from); at < ordinals.length; at++) {
      const ordinal = ordinals[at] as number;
      if (changes.length >= limits.objects || bytes >= limits.bytes) {
        next = ordinal;
        break;
      }
      const change = this.#resealed(ordinal, activeKeyId, limits.onFault);
      if (change === undefined) continue;
      changes.push(change);
      bytes += change.after?.record.wrapped.length ?? 0;
    }
    // Nobody's answer changes by this, so it touches nothing.
    if (changes.length > 0) await this.#write(changes, new Set());
    return next;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes it, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal For transactions. */
  load(uniqueIdentifier: string): RecordContents | undefined {
    const row = this.#rows.get(uniqueIdentifier);
    return row === undefined ? undefined : this.loadOrdinal(row.ordinal);
  }

  /** @internal For transactions. */
  loadOrdinal(ordinal: number): RecordContents | undefined {
    const cached = this.#cache.get(ordinal);
    if (cached !== undefined) return cached;
    const opened = this.#openOrdinal(ordinal);
    if (opened === undefined) return undefined;
    opened.share.fill(0);
    this.#cache.set(opened.record);
    return opened.record;
  }

  /** @internal For transactions. */
  ordinals(key: string): readonly number[] {
    return this.#index.find(key);
  }

  /** @internal For transactions. */
  count(key: string): number {
    return this.#index.count(key);
  }

  /** @internal For transactions. */
  wrap(material: Uint8Array): { readonly keyId: string; readonly wrapped: Uint8Array } {
    const keyId = this.activeKeyId;
    return { keyId, wrapped: wrapMaterial(this.#keys, keyId, material) };
  }

  /** @internal For transactions. */
  unwrap(record: RecordContents): Uint8Array<ArrayBuffer> | null {
    return unwrapMaterial(this.#keys, record);
  }

  async #await<T>(transaction: Transaction, work: Promise<T>): Promise<T> {
    this.#waiting.add(transaction);
    try {
      return await work;
    } finally {
      this.#waiting.delete(transaction);
    }
  }

  /** An error is an answer too: it leaves only when what it was concluded from is on the disk. */
  async #afterReads(transaction: Transaction, error: unknown): Promise<unknown> {
    if (this.#failure !== undefined) return error;
    await this.#flushed(transaction);
    return error;
  }

  /** Waits for the commits that a transaction has seen something of. */
  async #flushed(transaction: Transaction): Promise<void> {
    let last: Commit | undefined;
    for (const commit of this.#commits) if (transaction.hasRead(commit.touched)) last = commit;
    await last?.durable;
  }

  async #commit(transaction: Transaction): Promise<void> {
    const changes: Resealed[] = [];
    const touched = new Set<string>();
    let nextOrdinal = this.#head.nextOrdinal;
    for (const [id, wanted] of transaction.changes) {
      const row = this.#rows.get(id);
      const before = row === undefined ? undefined : this.#openOrdinal(row.ordinal);
      if (before === undefined && wanted === null) continue;
      const after = wanted === null ? null : { ...wanted, ordinal: row?.ordinal ?? nextOrdinal++ };
      changes.push(this.#reseal(before, after));
      touched.add(objectKey(id));
      for (const record of [before?.record, after])
        for (const key of record?.indexKeys ?? []) touched.add(entryKey(key));
    }
    if (changes.length === 0) return await this.#flushed(transaction);
    transaction.end();
    for (const other of this.#waiting) if (other.hasRead(touched)) other.spoiled = true;
    await this.#write(changes, touched);
  }

  #reseal(before: OpenedRecord | undefined, after: RecordContents | null): Resealed {
    return { before, after: after === null ? null : { ...sealRecord(this.#keys, after), record: after } };
  }

  /** One object under another key; undefined when it is there already, or gone, or at fault. */
  #resealed(ordinal: number, keyId: string, onFault: RewrapLimits['onFault']): Resealed | undefined {
    try {
      const before = this.#openOrdinal(ordinal);
      if (before === undefined || before.record.keyId === keyId) return undefined;
      return this.#reseal(before, this.#rewrapped(before.record, keyId));
    } catch (error) {
      if (onFault === undefined || !(error instanceof AuthenticationError)) throw error;
      onFault(error);
      return undefined;
    }
  }

  #rewrapped(record: RecordContents, keyId: string): RecordContents {
    const material = unwrapMaterial(this.#keys, record);
    if (material === null) return { ...record, keyId };
    try {
      return { ...record, keyId, wrapped: wrapMaterial(this.#keys, keyId, material) };
    } finally {
      material.fill(0);
    }
  }

  /** Shows changes in memory and hands them, with the head, to the disk. Nothing before `commit` can fail halfway. */
  #write(changes: readonly Resealed[], touched: ReadonlySet<string>): Promise<void> {
    const epoch = this.#head.epoch + 1;
    const keyId = this.activeKeyId;
    // Derived here if at all: where the wallet no longer has that key, nothing may have changed yet.
    this.#keys.mac(keyId);
    const written: KeyValueChange[] = [];
    let { nextOrdinal } = this.#head;
    for (const { before, after } of changes) {
      this.#replace(before, after);
      const ordinal = (after?.record ?? (before as OpenedRecord).record).ordinal;
      nextOrdinal = Math.max(nextOrdinal, ordinal + 1);
      const bytes = after === null ? null : after.bytes;
      this.#unflushed.set(ordinal, { bytes, epoch });
      written.push({ key: ordinal, value: bytes });
      if (after !== null) this.#cache.set(after.record);
    }
    this.#head = { epoch, nextOrdinal, count: this.#rows.size };
    written.push({ key: HEAD_KEY, value: sealHead(this.#keys, keyId, this.#head, this.#digest) });
    const commit: Commit = { touched, durable: this.#flush(written, epoch) };
    this.#commits.add(commit);
    const over = (): void => void this.#commits.delete(commit);
    commit.durable.then(over, over);
    return commit.durable;
  }

  async #flush(written: readonly KeyValueChange[], epoch: number): Promise<void> {
    try {
      await this.#records.commit(written);
    } catch (cause) {
      this.#failure ??= new StateError('ERR_STORE_FAILED', 'the object store could not be written', {
        cause,
        hint: 'start the server again when the disk is well: everything acknowledged is there',
      });
      throw this.#failure;
    }
    this.#durableEpoch = Math.max(this.#durableEpoch, epoch);
    for (const { key } of written) if (this.#unflushed.get(key)?.epoch === epoch) this.#unflushed.delete(key);
  }

  /** Reads and verifies a record, unflushed or from the disk; the share is the caller's to wipe. */
  #openOrdinal(ordinal: number): OpenedRecord | undefined {
    const unflushed = this.#unflushed.get(ordinal);
    if (unflushed?.bytes === null) return undefined;
    const bytes = unflushed?.bytes ?? this.#records.get(ordinal);
    if (bytes === undefined) {
      // Index and rows say that it is there; a removed one is in neither.
      if (this.#index.has(ALL_OBJECTS, ordinal)) throw recordFault(ordinal);
      return undefined;
    }
    const opened = openRecord(this.#keys, ordinal, bytes);
    const row = this.#rows.get(opened.record.uniqueIdentifier);
    if (row === undefined || row.ordinal !== ordinal || row.check !== checkOf(opened.share)) throw recordFault(ordinal);
    return opened;
  }

  /** Puts one state of an object in the place of another, in memory; only the index entries that differ are touched. */
  #replace(before: OpenedRecord | undefined, after: Resealed['after']): void {
    const record = after?.record;
    if (before !== undefined) {
      const { share, record: old } = before;
      this.#digest.toggle(share);
      share.fill(0);
      for (const key of old.indexKeys) if (!record?.indexKeys.includes(key)) this.#index.remove(key, old.ordinal);
      this.#sealedUnder.set(old.keyId, (this.#sealedUnder.get(old.keyId) ?? 1) - 1);
      this.#cache.delete(old.ordinal);
      if (record === undefined) {
        this.#rows.delete(old.uniqueIdentifier);
        this.#index.remove(ALL_OBJECTS, old.ordinal);
      }
    }
    if (after === null) return;
    const keys = after.record.indexKeys;
    const added = before === undefined ? keys : keys.filter((key) => !before.record.indexKeys.includes(key));
    this.#enter(after.record, after.share, added);
  }

  /** Notes an object and its share; `keys` are the index entries that it is not under yet. */
  #enter(record: RecordContents, share: Uint8Array, keys: readonly string[]): void {
    const { ordinal, uniqueIdentifier, keyId } = record;
    this.#digest.toggle(share);
    this.#rows.set(uniqueIdentifier, { ordinal, check: checkOf(share) });
    for (const key of keys) this.#index.add(key, ordinal);
    this.#index.add(ALL_OBJECTS, ordinal);
    this.#sealedUnder.set(keyId, (this.#sealedUnder.get(keyId) ?? 0) + 1);
    share.fill(0);
  }

  #usable(): void {
    if (this.#closing !== undefined) throw new StateError('ERR_STORE_CLOSED', 'the object store was closed');
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#commits].map(({ durable }) => durable));
    await this.#records.close();
    this.#keys[Symbol.dispose]();
    this.#cache.clear();
  }
}

function checkOf(share: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = share;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
