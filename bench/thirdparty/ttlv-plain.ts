/**
 * The peer of the `ttlv-…` rows: a TTLV codec in plain TypeScript, as fast as we know how to make one, with the same
 * checks, limits and wipes as ours. Also the other implementation in the differential tests. Imports nothing.
 *
 * What makes it fast: one scratch buffer with views made once (a new DataView per message costs more than the walk), which
 * V8 takes for constants, and plain numbers for items. Measured slower: whole little-endian words in place of the
 * DataView (by 8 %), with native lengths left behind for the reader; byte by byte on the caller's own array; a tree.
 * A new array for the result is the largest single cost of either direction.
 */

const BYTES = new Uint8Array(1 << 20);
const WORDS = new Int32Array(BYTES.buffer);
const VIEW = new DataView(BYTES.buffer);
const ENDS = new Int32Array(32);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const MAX_ITEMS = 250_000;
const LENGTH_4 = 0x04000000;

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

/** Checks the message in the scratch. */
function walk(size: number): number {
  if (size < 8) throw new PlainTtlvError('truncated', 0);
  const rootLength = VIEW.getUint32(4);
  const rootEnd = 8 + rootLength + 7 - ((rootLength + 7) % 8);
  let end = Math.min(rootEnd, size);
  let depth = 0;
  let items = 0;
  let p = 0;
  for (;;) {
    const head = VIEW.getUint32(p);
    const length = VIEW.getUint32(p + 4);
    const tagClass = head >>> 24;
    if (tagClass !== 0x42 && tagClass !== 0x54) throw new PlainTtlvError('tag', p);
    if (++items > MAX_ITEMS) throw new PlainTtlvError('count', p);
    const room = end - p - 8;
    switch (head & 0xff) {
      case 1:
        if (length > room || (length & 7) !== 0) throw new PlainTtlvError('length', p);
        if (depth === 32) throw new PlainTtlvError('depth', p);
        ENDS[depth++] = end;
        p += 8;
        end = p + length;
        break;
      case 2:
      case 5:
      case 10:
        if (length !== 4 || room < 8) throw new PlainTtlvError('length', p);
        if (VIEW.getInt32(p + 12) !== 0) throw new PlainTtlvError('padding', p + 12);
        p += 16;
        break;
      case 3:
      case 9:
      case 11:
        if (length !== 8 || room < 8) throw new PlainTtlvError('length', p);
        p += 16;
        break;
      case 6:
        if (length !== 8 || room < 8) throw new PlainTtlvError('length', p);
        if (VIEW.getInt32(p + 8) !== 0 || VIEW.getUint32(p + 12) > 1) throw new PlainTtlvError('boolean', p);
        p += 16;
        break;
      case 4:
        if (length > room || length === 0 || (length & 7) !== 0) throw new PlainTtlvError('length', p);
        p += 8 + length;
        break;
      case 7:
      case 8: {
        if (length > room) throw new PlainTtlvError('length', p);
        const value = p + 8;
        const next = value + ((length + 7) & ~7);
        if (next > end) throw new PlainTtlvError('length', p);
        for (let i = value + length; i < next; i++)
          if (BYTES[i] !== 0) throw new PlainTtlvError('padding', value + length);
        if ((head & 0xff) === 7) checkText(value, length);
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

// Reading: positions are offsets of headers in the scratch.

function child(parent: number, tag: number): number {
  const head = tag << 8;
  let p = parent + 8;
  const end = p + VIEW.getInt32(parent + 4);
  while (p < end) {
    if ((VIEW.getInt32(p) & -256) === head) return p;
    p += 8 + ((VIEW.getInt32(p + 4) + 7) & ~7);
  }
  throw new PlainTtlvError(`no ${tag.toString(16)}`, parent);
}

function typed(item: number, type: number): number {
  if (BYTES[item + 3] !== type) throw new PlainTtlvError('another type', item);
  return item;
}

function text(item: number): string {
  const from = typed(item, 7) + 8;
  const to = from + VIEW.getInt32(item + 4);
  let out = '';
  if (to - from > 12) return decoder.decode(BYTES.subarray(from, to));
  for (let i = from; i < to; i++) {
    if (BYTES[i]! > 0x7f) return decoder.decode(BYTES.subarray(from, to));
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
    if (VIEW.getUint32(typed(child(item, 0x42007f), 5) + 8) !== 0) throw new PlainTtlvError('failed', item);
    const payload = child(item, 0x42007c);
    const block = child(child(payload, 0x42008f), 0x420040);
    const key = typed(child(child(block, 0x420045), 0x420043), 8);
    const from = key + 8;
    return {
      uniqueIdentifier: text(child(payload, 0x420094)),
      algorithm: VIEW.getUint32(typed(child(block, 0x420028), 5) + 8),
      lengthBits: VIEW.getInt32(typed(child(block, 0x42002a), 2) + 8),
      key: BYTES.slice(from, from + VIEW.getInt32(key + 4)),
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
