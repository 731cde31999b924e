/**
 * The index in memory: for each (index, value) the ordinals of its objects, ascending. Made anew from the verified records at every
 * start, so nothing on the disk can make it lie. A lone ordinal stands without an array: most names have one object.
 * Layer: kmip/server, Node only.
 */
import type { IndexEntry } from './store.ts';

/** The key of the posting that lists every object. No entry's key lacks the NUL. */
export const ALL_OBJECTS = 'all';

/** Ordinals by index entry. */
export class ObjectIndex {
  readonly #postings = new Map<string, number | number[]>();

  /** The ordinals of an entry, ascending: lent until the next change. */
  find(key: string): readonly number[] {
    const found = this.#postings.get(key);
    if (found === undefined) return [];
    return typeof found === 'number' ? [found] : found;
  }

  count(key: string): number {
    const found = this.#postings.get(key);
    if (found === undefined) return 0;
    return typeof found === 'number' ? 1 : found.length;
  }

  has(key: string, ordinal: number): boolean {
    const found = this.find(key);
    return found[lowerBound(found, ordinal)] === ordinal;
  }

  /** The place in `find(key)` of the first ordinal that is not below `from`. */
  position(key: string, from: number): number {
    return lowerBound(this.find(key), from);
  }

  add(key: string, ordinal: number): void {
    const found = this.#postings.get(key);
    if (found === undefined) this.#postings.set(key, ordinal);
    else if (typeof found === 'number') {
      if (found !== ordinal) this.#postings.set(key, found < ordinal ? [found, ordinal] : [ordinal, found]);
    } else {
      const at = lowerBound(found, ordinal);
      if (found[at] !== ordinal) found.splice(at, 0, ordinal);
    }
  }

  remove(key: string, ordinal: number): void {
    const found = this.#postings.get(key);
    if (found === undefined) return;
    if (typeof found === 'number') {
      if (found === ordinal) this.#postings.delete(key);
      return;
    }
    const at = lowerBound(found, ordinal);
    if (found[at] === ordinal) found.splice(at, 1);
    if (found.length === 1) this.#postings.set(key, found[0] as number);
  }
}

/** The key of an entry in the index. */
export function indexKey(index: string, value: string): string {
  return `${index}\0${value}`;
}

/** All keys of an object, each once, the store's own for the owner among them. */
export function indexKeys(owner: string, entries: readonly IndexEntry[]): readonly string[] {
  const keys = [indexKey('owner', owner), ...entries.map(([index, value]) => indexKey(index, value))];
  return [...new Set(keys)];
}

/** Where `ordinal` is or would go. New objects go to the end, so that is looked at first. */
export function lowerBound(sorted: readonly number[], ordinal: number): number {
  let low = 0;
  let high = sorted.length;
  if (high > 0 && (sorted[high - 1] as number) < ordinal) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}
