/**
 * What the engine keeps its objects in: transactions over records that are found by unique identifier and by index entries.
 * `openObjectStore` (object-store.ts) makes one over any `KeyValueStore`: memory in tests, lmdb on a disk.
 *
 * A record's attributes are opaque bytes here (canonical TTLV, made and read by the engine), its material is wrapped the moment
 * it is put and unwrapped only by `material`. Index entries are pairs of texts that the engine derives from the attributes, such as
 *
 *   ['name', owner + '\0' + name]   ['type', 'SymmetricKey']   ['group', owner + '\0' + group]   ['x-name', owner + '\0' + value]
 *
 * They are kept and sealed with the record; an index lists objects in the order of their making. `['owner', owner]` is added by the
 * store. The same object is returned for the same record while it is cached, so what was decoded from it may hang on a WeakMap.
 * Layer: kmip/server, Node only.
 */

/** One index entry: the index's name and the value to find the object by. */
export type IndexEntry = readonly [index: string, value: string];

/** What the engine says of an object. */
export interface ObjectFacts {
  /** At most 65,535 UTF-8 bytes, like every text here. */
  readonly uniqueIdentifier: string;
  /** The client it belongs to: the common name of a certificate. */
  readonly owner: string;
  /** KMIP's Object Type token, such as `SymmetricKey`. */
  readonly objectType: string;
  /** All attributes as canonical TTLV. Adopted: not to be changed afterwards. */
  readonly attributes: Uint8Array;
}

/** An object to put in place of the one with its identifier, or as a new one. */
export interface ObjectChange extends ObjectFacts {
  /** All that it is to be found by. The index's name holds no NUL. */
  readonly index: readonly IndexEntry[];
  /**
   * Secret bytes: any form, 1 byte to 1 MiB; copied (wrapped), the caller's to wipe. Left out: those that the object has stay.
   * `null`: none from now on, as after Destroy.
   */
  readonly material?: Uint8Array | null;
}

/** An object as it is stored. */
export interface StoredObject extends ObjectFacts {
  /** Its place in the order of making, from 1; never used twice. */
  readonly ordinal: number;
  /** KEY_ID of the master key that its record is sealed under. */
  readonly keyId: string;
  readonly hasMaterial: boolean;
}

/** A place in a transaction to go back to. */
export type Savepoint = number & { readonly savepoint: unique symbol };

/** A transaction's view: what is committed, with its own changes. */
export interface ObjectTransaction {
  /** Reads an object. @throws {AuthenticationError} ERR_STORE_RECORD when its record is not the one that was written */
  get(uniqueIdentifier: string): StoredObject | undefined;
  /** Unwraps an object's material: the caller's to wipe; null when it has none. @throws {AuthenticationError} ERR_STORE_RECORD */
  material(object: StoredObject): Uint8Array<ArrayBuffer> | null;
  /** Inserts or replaces. @throws {UsageError} ERR_STORE_LIMIT */
  put(change: ObjectChange): void;
  /** Removes an object for good; false when there was none. */
  delete(uniqueIdentifier: string): boolean;
  /** The objects with an index entry, in the order of their making; read one by one as the caller goes on. */
  find(index: string, value: string): Iterable<StoredObject>;
  /** How many `find` would give; to choose the index that gives the fewest. */
  count(index: string, value: string): number;
  /** All objects, of all owners, in the order of their making. */
  all(): Iterable<StoredObject>;
  /** Remembers the state of this transaction, for one item of a batch. */
  savepoint(): Savepoint;
  /** Takes back every change since a savepoint. */
  rollBackTo(savepoint: Savepoint): void;
}

/** Objects, durably. */
export interface ObjectStore extends AsyncDisposable {
  /** Number of objects. */
  readonly size: number;

  /**
   * Runs `work`; its changes become one atomic commit when it returns, and nothing when it throws.
   *
   * Resolves when the commit is on the disk, and everything that `work` read as well: only then may a reply leave. Work that does
   * not wait runs alone. Work that waits may run again from its start when another commit changed what it had read: it changes
   * nothing but through its transaction.
   *
   * @throws what `work` throws; {StateError} ERR_STORE_FAILED after a commit that could not be written, ERR_STORE_CONFLICT
   */
  transaction<T>(work: (transaction: ObjectTransaction) => T | Promise<T>): Promise<T>;

  /** Waits for what is under way and lets go of the files. Safe to call twice. */
  close(): Promise<void>;
}
