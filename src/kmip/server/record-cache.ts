/**
 * Records that were opened lately, by ordinal: bounded by their number and by their bytes, so that no client can fill the memory with
 * large objects. What is large itself is opened anew each time. Layer: kmip/server, Node only.
 */
import type { RecordContents } from './record.ts';

/** What a cache may hold. */
export interface CacheLimits {
  readonly records: number;
  readonly bytes: number;
  /** Larger ones are not kept. */
  readonly recordBytes: number;
}

const LIMITS: CacheLimits = { records: 8192, bytes: 32 << 20, recordBytes: 64 << 10 };

/** A cache that lets go of its oldest records. */
export class RecordCache {
  readonly #limits: CacheLimits;
  readonly #records = new Map<number, RecordContents>();
  #bytes = 0;

  constructor(limits: CacheLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Bytes of all records, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get(ordinal: number): RecordContents | undefined {
    return this.#records.get(ordinal);
  }

  /** Keeps a record in the place of an earlier state of it. */
  set(record: RecordContents): void {
    this.delete(record.ordinal);
    const bytes = sizeOf(record);
    if (bytes > this.#limits.recordBytes) return;
    this.#records.set(record.ordinal, record);
    this.#bytes += bytes;
    // A Map lists its keys in the order of their insertion.
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= this.#limits.records && this.#bytes <= this.#limits.bytes) break;
      this.delete(oldest);
    }
  }

  delete(ordinal: number): void {
    const record = this.#records.get(ordinal);
    if (record === undefined) return;
    this.#records.delete(ordinal);
    this.#bytes -= sizeOf(record);
  }

  clear(): void {
    this.#records.clear();
    this.#bytes = 0;
  }
}

function sizeOf({ attributes, wrapped, indexKeys }: RecordContents): number {
  let bytes = attributes.length + wrapped.length;
  for (const key of indexKeys) bytes += key.length;
  return bytes;
}
