/**
 * One transaction on the object store: its own changes over what is committed, what it has read, and savepoints. What it read is
 * remembered as keys, so that the store can tell which commits it depends on and which one spoils it. Layer: kmip/server, Node only.
 */
import { UsageError } from '../../errors.ts';
import { ALL_OBJECTS, indexKey, indexKeys } from './object-index.ts';
import type { RecordContents } from './record.ts';
import type { ObjectChange, ObjectTransaction, Savepoint, StoredObject } from './store.ts';

/** What a transaction needs of the store below it. */
export interface TransactionBase {
  /** An object as last committed. */
  load(uniqueIdentifier: string): RecordContents | undefined;
  loadOrdinal(ordinal: number): RecordContents | undefined;
  /** Ordinals of an index entry, as last committed: lent. */
  ordinals(key: string): readonly number[];
  count(key: string): number;
  /** Wraps material under the active master key. */
  wrap(material: Uint8Array): { readonly keyId: string; readonly wrapped: Uint8Array };
  unwrap(record: RecordContents): Uint8Array<ArrayBuffer> | null;
  readonly activeKeyId: string;
}

/** What a change replaced; undefined when the object had not been changed yet. */
type LogEntry = readonly [id: string, before: RecordContents | null | undefined];

/** More reads than this count as having read everything. */
const MAX_READS = 4096;
const NOTHING = /* @__PURE__ */ new Uint8Array(0);

/** The keys that commits touch and transactions read: of an object by identifier, and of an index entry. */
export const objectKey = (uniqueIdentifier: string): string => `o\0${uniqueIdentifier}`;
export const entryKey = (key: string): string => `i\0${key}`;

/** A transaction under way. */
export class Transaction implements ObjectTransaction {
  readonly #base: TransactionBase;
  /** By unique identifier; null for one deleted. */
  readonly #changes = new Map<string, RecordContents | null>();
  readonly #log: LogEntry[] = [];
  readonly #reads = new Set<string>();
  #readsAll = false;
  #ended = false;
  /** Set by the store when another commit changed what was read here. */
  spoiled = false;

  constructor(base: TransactionBase) {
    this.#base = base;
  }

  /** What to commit. */
  get changes(): ReadonlyMap<string, RecordContents | null> {
    return this.#changes;
  }

  /** True when this transaction read something that a commit touched. */
  hasRead(touched: ReadonlySet<string>): boolean {
    if (this.#readsAll) return touched.size > 0;
    const [few, many] = touched.size < this.#reads.size ? [touched, this.#reads] : [this.#reads, touched];
    for (const key of few) if (many.has(key)) return true;
    return false;
  }

  /** Refuses any further use. */
  end(): void {
    this.#ended = true;
  }

  get(uniqueIdentifier: string): StoredObject | undefined {
    return this.#current(uniqueIdentifier);
  }

  material(object: StoredObject): Uint8Array<ArrayBuffer> | null {
    this.#live();
    return this.#base.unwrap(object as RecordContents);
  }

  put(change: ObjectChange): void {
    const { material, uniqueIdentifier, owner, objectType, attributes, index } = change;
    const before = this.#current(uniqueIdentifier);
    let sealed: { readonly keyId: string; readonly wrapped: Uint8Array };
    if (material === undefined && before !== undefined && before.hasMaterial) sealed = before;
    else if (material === undefined || material === null) sealed = { keyId: this.#base.activeKeyId, wrapped: NOTHING };
    else sealed = this.#base.wrap(material);
    this.#change(uniqueIdentifier, {
      ordinal: before?.ordinal ?? 0,
      uniqueIdentifier,
      owner,
      objectType,
      attributes,
      indexKeys: indexKeys(owner, index),
      keyId: sealed.keyId,
      wrapped: sealed.wrapped,
      hasMaterial: sealed.wrapped.length > 0,
    });
  }

  delete(uniqueIdentifier: string): boolean {
    if (this.#current(uniqueIdentifier) === undefined) return false;
    this.#change(uniqueIdentifier, null);
    return true;
  }

  find(index: string, value: string): Iterable<StoredObject> {
    return this.#list(indexKey(index, value));
  }

  count(index: string, value: string): number {
    const key = indexKey(index, value);
    this.#read(entryKey(key));
    let count = this.#base.count(key);
    for (const [id, record] of this.#changes) {
      const before = this.#base.load(id);
      if (before?.indexKeys.includes(key)) count--;
      if (record?.indexKeys.includes(key)) count++;
    }
    return count;
  }

  all(): Iterable<StoredObject> {
    this.#readsAll = true;
    return this.#list(ALL_OBJECTS);
  }

  savepoint(): Savepoint {
    this.#live();
    return this.#log.length as Savepoint;
  }

  rollBackTo(savepoint: Savepoint): void {
    this.#live();
    while (this.#log.length > savepoint) {
      const [id, before] = this.#log.pop() as LogEntry;
      if (before === undefined) this.#changes.delete(id);
      else this.#changes.set(id, before);
    }
  }

  *#list(key: string): Generator<StoredObject> {
    this.#live();
    this.#read(entryKey(key));
    const changed = new Map(this.#changes);
    // Copied: the index may change while the caller goes on, when its work waits in between.
    for (const ordinal of this.#base.ordinals(key).slice()) {
      const record = this.#base.loadOrdinal(ordinal);
      if (record === undefined || changed.has(record.uniqueIdentifier)) continue;
      this.#read(objectKey(record.uniqueIdentifier));
      yield record;
    }
    for (const record of changed.values())
      if (record !== null && (key === ALL_OBJECTS || record.indexKeys.includes(key))) yield record;
  }

  #current(id: string): RecordContents | undefined {
    this.#live();
    this.#read(objectKey(id));
    const own = this.#changes.get(id);
    return own === undefined ? this.#base.load(id) : (own ?? undefined);
  }

  #change(id: string, record: RecordContents | null): void {
    this.#log.push([id, this.#changes.get(id)]);
    this.#changes.set(id, record);
  }

  #read(key: string): void {
    if (this.#readsAll) return;
    this.#reads.add(key);
    if (this.#reads.size > MAX_READS) this.#readsAll = true;
  }

  #live(): void {
    if (this.#ended) throw new UsageError('ERR_STORE_TRANSACTION', 'this transaction has ended');
  }
}
