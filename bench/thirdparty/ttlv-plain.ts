/**
 * The peer of the `ttlv-…` rows: a TTLV codec in plain TypeScript, as fast as we know how to make one, with the same
 * checks, limits and wipes as ours. Also the other implementation in the differential tests. Imports nothing.
 *
 * What makes it fast: one scratch buffer with views made once (a new DataView per message costs more than the walk), whole
 * words compared as they lie in memory, lengths turned into native words while they are checked so that reading is
 * additions, and plain numbers for items. A new array for the result is the largest single cost of either direction.
 */

const BYTES = new Uint8Array(1 << 20);
const WORDS = new Int32Array(BYTES.buffer);
const ENDS = new Int32Array(32);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const MAX_ITEMS = 250_000;
const LENGTH_4 = 0x04000000;
const LENGTH_8 = 0x08000000;

/** A fault and its offset. */
export class PlainTtlvError extends Error {
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} at ${offset}`);
    this.offset = offset;
  }
}

/** Checks a whole message and returns its number of items. */
export function validate(message: Uint8Array): number {
  load(message);
  try {
    return walk(message.length);
  } finally {
    BYTES.fill(0, 0, message.length);
  }
}

function load(message: Uint8Array): void {
  if (message.length > BYTES.length) throw new PlainTtlvError('too large', 0);
  BYTES.set(message);
}

function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Checks the message in the scratch and turns its lengths into native words. */
function walk(size: number): number {
  if (size < 8) throw new PlainTtlvError('truncated', 0);
  const rootLength = swap(WORDS[1]!) >>> 0;
  const rootEnd = 8 + rootLength + 7 - ((rootLength + 7) % 8);
  let end = Math.min(rootEnd, size);
  let depth = 0;
  let items = 0;
  let p = 0;
  for (;;) {
    const head = WORDS[p >> 2]!;
    const tagClass = head & 0xff;
    if (tagClass !== 0x42 && tagClass !== 0x54) throw new PlainTtlvError('tag', p);
    if (++items > MAX_ITEMS) throw new PlainTtlvError('count', p);
    const lengthWord = WORDS[(p >> 2) + 1]!;
    const room = end - p - 8;
    switch (head >>> 24) {
      case 1: {
        const length = swap(lengthWord) >>> 0;
        if (length > room || (length & 7) !== 0) throw new PlainTtlvError('length', p);
        if (depth === 32) throw new PlainTtlvError('depth', p);
        WORDS[(p >> 2) + 1] = length;
        ENDS[depth++] = end;
        p += 8;
        end = p + length;
        break;
      }
      case 2:
      case 5:
      case 10:
        if (lengthWord !== LENGTH_4 || room < 8) throw new PlainTtlvError('length', p);
        if (WORDS[(p >> 2) + 3] !== 0) throw new PlainTtlvError('padding', p + 12);
        WORDS[(p >> 2) + 1] = 4;
        p += 16;
        break;
      case 3:
      case 9:
      case 11:
        if (lengthWord !== LENGTH_8 || room < 8) throw new PlainTtlvError('length', p);
        WORDS[(p >> 2) + 1] = 8;
        p += 16;
        break;
      case 6:
        if (lengthWord !== LENGTH_8 || room < 8) throw new PlainTtlvError('length', p);
        if (WORDS[(p >> 2) + 2] !== 0 || (WORDS[(p >> 2) + 3]! & 0xfeffffff) !== 0)
          throw new PlainTtlvError('boolean', p);
        WORDS[(p >> 2) + 1] = 8;
        p += 16;
        break;
      case 4: {
        const length = swap(lengthWord) >>> 0;
        if (length > room || length === 0 || (length & 7) !== 0) throw new PlainTtlvError('length', p);
        WORDS[(p >> 2) + 1] = length;
        p += 8 + length;
        break;
      }
      case 7:
      case 8: {
        const length = swap(lengthWord) >>> 0;
        const next = p + 8 + ((length + 7) & ~7);
        if (length > room || next > end) throw new PlainTtlvError('length', p);
        const value = p + 8;
        for (let i = value + length; i < next; i++)
          if (BYTES[i] !== 0) throw new PlainTtlvError('padding', value + length);
        if (head >>> 24 === 7) checkText(value, length);
        WORDS[(p >> 2) + 1] = length;
        p = next;
        break;
      }
      default:
        throw new PlainTtlvError('type', p + 3);
    }
    if (p === end) {
      while (p === end && depth > 0) end = ENDS[--depth]!;
      if (p === end) break;
    }
  }
  if (end !== size) throw new PlainTtlvError('trailing', end);
  return items;
}

function checkText(at: number, length: number): void {
  const end = at + length;
  for (let i = at >> 2; i << 2 < end; i++) {
    if ((WORDS[i]! & 0x80808080) !== 0) {
      try {
        decoder.decode(BYTES.subarray(at, end));
      } catch {
        throw new PlainTtlvError('text', at);
      }
      return;
    }
  }
}

// Reading: positions are word indexes of headers in the scratch.

function child(parent: number, tag: number): number {
  const want = swap(tag << 8);
  let at = parent + 2;
  const end = at + (WORDS[parent + 1]! >> 2);
  while (at < end) {
    if ((WORDS[at]! & 0xffffff) === want) return at;
    at += 2 + (((WORDS[at + 1]! + 7) >> 3) << 1);
  }
  throw new PlainTtlvError(`no ${tag.toString(16)}`, parent << 2);
}

function typed(item: number, type: number): number {
  if (WORDS[item]! >>> 24 !== type) throw new PlainTtlvError('another type', item << 2);
  return item;
}

function text(item: number): string {
  const at = (typed(item, 7) << 2) + 8;
  const end = at + WORDS[item + 1]!;
  let out = '';
  if (end - at > 12) return decoder.decode(BYTES.subarray(at, end));
  for (let i = at; i < end; i++) {
    if (BYTES[i]! > 0x7f) return decoder.decode(BYTES.subarray(at, end));
    out += String.fromCharCode(BYTES[i]!);
  }
  return out;
}

/** The fields that a Get response is read for. */
export interface GetResponse {
  readonly uniqueIdentifier: string;
  readonly algorithm: number;
  readonly lengthBits: number;
  readonly key: Uint8Array<ArrayBuffer>;
}

/** Reads a successful Get response with a symmetric key. */
export function decodeGetResponse(message: Uint8Array): GetResponse {
  load(message);
  try {
    walk(message.length);
    const item = child(0, 0x42000f);
    if (swap(WORDS[typed(child(item, 0x42007f), 5) + 2]!) !== 0) throw new PlainTtlvError('failed', item << 2);
    const payload = child(item, 0x42007c);
    const block = child(child(payload, 0x42008f), 0x420040);
    const key = typed(child(child(block, 0x420045), 0x420043), 8);
    const at = (key << 2) + 8;
    return {
      uniqueIdentifier: text(child(payload, 0x420094)),
      algorithm: swap(WORDS[typed(child(block, 0x420028), 5) + 2]!) >>> 0,
      lengthBits: swap(WORDS[typed(child(block, 0x42002a), 2) + 2]!),
      key: BYTES.slice(at, at + WORDS[key + 1]!),
    };
  } finally {
    BYTES.fill(0, 0, message.length);
  }
}

// Writing: `at` and `open` as word indexes; an open structure's length word holds its parent's place.

let at = 0;
let open = 0;

function begin(tag: number): void {
  if (at + 2 > WORDS.length) throw new PlainTtlvError('too large', 0);
  WORDS[at] = swap((tag << 8) | 1);
  WORDS[at + 1] = open;
  open = at;
  at += 2;
}

function end(): void {
  const parent = WORDS[open + 1]!;
  WORDS[open + 1] = swap((at - open - 2) << 2);
  open = parent;
}

function put32(head: number, value: number): void {
  if (at + 4 > WORDS.length) throw new PlainTtlvError('too large', 0);
  WORDS[at] = swap(head);
  WORDS[at + 1] = LENGTH_4;
  WORDS[at + 2] = swap(value);
  WORDS[at + 3] = 0;
  at += 4;
}

function putText(tag: number, value: string): void {
  const to = (at << 2) + 8;
  if (to + value.length * 3 + 8 > BYTES.length) throw new PlainTtlvError('too large', 0);
  let length = value.length;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 0x7f) {
      length = encoder.encodeInto(value, BYTES.subarray(to)).written;
      break;
    }
    BYTES[to + i] = unit;
  }
  const next = (to + length + 7) & ~7;
  for (let i = to + length; i < next; i++) BYTES[i] = 0;
  WORDS[at] = swap((tag << 8) | 7);
  WORDS[at + 1] = swap(length);
  at = next >> 2;
}

/** Writes a KMIP 1.1 Get request. */
export function encodeGetRequest(uniqueIdentifier: string): Uint8Array<ArrayBuffer> {
  at = 0;
  open = 0;
  try {
    begin(0x420078);
    begin(0x420077);
    begin(0x420069);
    put32(0x42006a02, 1);
    put32(0x42006b02, 1);
    end();
    put32(0x42000d02, 1);
    end();
    begin(0x42000f);
    put32(0x42005c05, 10);
    begin(0x420079);
    putText(0x420094, uniqueIdentifier);
    end();
    end();
    end();
    return BYTES.slice(0, at << 2);
  } finally {
    BYTES.fill(0, 0, at << 2);
  }
}
