/**
 * A file as its elements: where each begins, how long its header and its contents are, what it is called, what is in it. For
 * views that link a tree with the bytes. Elements are numbered in the order of the file, a child after its parent; what is shown of
 * one is made when it is asked for. Values of secrets are in the bytes, not in here. Layer: inspect.
 */
import { decodeUtf8, formatHex } from '../bytes.ts';
import { DER, type DerLimits, formatOid, indexDer } from '../core/index.ts';
import { FormatError, LimitError, UsageError } from '../errors.ts';
import { nameOid } from '../pkcs12/index.ts';
import { formatTtlvText, parseTtlv, type TtlvItem } from '../ttlv/index.ts';
import { nameX509Oid } from '../x509/index.ts';

/** One element. */
export interface DissectionElement {
  /** In the bytes of the dissection. */
  readonly offset: number;
  readonly headerBytes: number;
  readonly contentBytes: number;
  /** 0 for the outermost. */
  readonly depth: number;
  /** Number of the element around it; −1 for the outermost. */
  readonly parent: number;
  /** Number of the first element behind it and all that is in it. */
  readonly next: number;
  /** `SEQUENCE`, `OCTET STRING`, `[0]`; `RequestMessage`, … */
  readonly name: string;
  /** One short line: an identifier's name, a number, a text, the first bytes; empty for what only holds others. */
  readonly value: string;
}

/** A file as its elements. */
export interface Dissection {
  /** The bytes that offsets are in: the file's own, or its DER form where it was BER. */
  readonly bytes: Uint8Array;
  /** The file was BER: `bytes` is another encoding of it. */
  readonly wasBer: boolean;
  readonly count: number;
  /** Describes one element, from 0. @throws {UsageError} ERR_ARGUMENT where there is none */
  element(index: number): DissectionElement;
  /** The innermost element that a byte belongs to; −1 for none. */
  at(offset: number): number;
}

/** Structures inside strings inside structures: more than any format has. */
const MAX_NESTED_STRINGS = 8;
const MAX_ELEMENTS = 400_000;
const PREVIEW_BYTES = 24;
const TAPE_WORDS = 4;
const HEADER_SHIFT = 20;
const TAG_MASK = 0xfffff;

/** What is known of an element at once; the rest when asked. */
interface Place {
  readonly offset: number;
  readonly headerBytes: number;
  readonly contentBytes: number;
  readonly depth: number;
  readonly parent: number;
  next: number;
}

/**
 * Takes DER or BER apart, and what is itself DER inside of OCTET STRINGs and BIT STRINGs.
 *
 * @param bytes one whole element; kept by the dissection, not changed
 * @throws {FormatError} ERR_DER_…; {LimitError}
 */
export function dissectDer(bytes: Uint8Array, limits: DerLimits = {}): Dissection {
  const places: Place[] = [];
  const { der, wasBer } = indexDer(bytes, limits);
  addDer(places, der, { start: 0, end: der.length, depth: 0, parent: -1, nested: 0 });
  return makeDissection(der, wasBer, places, (place) => {
    const derTag = der[place.offset] as number;
    const contents = der.subarray(
      place.offset + place.headerBytes,
      place.offset + place.headerBytes + place.contentBytes,
    );
    return { name: derName(derTag), value: derValue(derTag, contents) };
  });
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly parent: number;
  readonly nested: number;
}

/** Adds the elements of one part of `der`; false, and nothing added, when it is not DER. */
function addDer(places: Place[], der: Uint8Array, part: Part): boolean {
  const tape = tapeOf(der.subarray(part.start, part.end), MAX_ELEMENTS - places.length);
  if (tape === null) return false;
  const words = tape.length / TAPE_WORDS;
  const open: { readonly index: number; readonly nextRecord: number }[] = [];
  for (let record = 0; record < words; record++) {
    closeDone(open, record, places);
    const at = record * TAPE_WORDS;
    const meta = tape[at + 1] as number;
    const headerBytes = (meta >>> HEADER_SHIFT) & 0xff;
    const offset = part.start + (tape[at] as number);
    const contentBytes = tape[at + 2] as number;
    const parent = open[open.length - 1]?.index ?? part.parent;
    const depth = part.depth + open.length;
    const index = places.push({ offset, headerBytes, contentBytes, depth, parent, next: 0 }) - 1;
    const derTag = meta & TAG_MASK & 0xff;
    open.push({ index, nextRecord: tape[at + 3] as number });
    const inner = innerOf(derTag, der, offset + headerBytes, contentBytes);
    if (inner !== null && part.nested < MAX_NESTED_STRINGS)
      addDer(places, der, { ...inner, depth: depth + 1, parent: index, nested: part.nested + 1 });
  }
  closeDone(open, words, places);
  return true;
}

function closeDone(
  open: { readonly index: number; readonly nextRecord: number }[],
  record: number,
  places: Place[],
): void {
  for (
    let last = open[open.length - 1];
    last !== undefined && last.nextRecord <= record;
    last = open[open.length - 1]
  ) {
    (places[last.index] as Place).next = places.length;
    open.pop();
  }
}

function tapeOf(bytes: Uint8Array, maxElements: number): Uint32Array | null {
  try {
    const { tape, wasBer } = indexDer(bytes, { maxElements });
    return wasBer ? null : tape;
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return null;
    throw error;
  }
}

/** Where a string could hold a structure of its own: one that begins like a SEQUENCE and fills it. */
function innerOf(derTag: number, der: Uint8Array, at: number, length: number): { start: number; end: number } | null {
  const skip = derTag === DER.BIT_STRING ? 1 : 0;
  if (derTag !== DER.OCTET_STRING && derTag !== DER.BIT_STRING && derTag !== 0x80) return null;
  return length > 2 && der[at + skip] === DER.SEQUENCE ? { start: at + skip, end: at + length } : null;
}

function derName(derTag: number): string {
  const known = DER_NAMES[derTag];
  if (known !== undefined) return known;
  const number = derTag & 31;
  return [`universal ${number}`, `application ${number}`, `[${number}]`, `private ${number}`][derTag >> 6] as string;
}

function derValue(derTag: number, contents: Uint8Array): string {
  switch (derTag) {
    case DER.OBJECT_IDENTIFIER: {
      const oid = formatOid(contents);
      const name = nameX509Oid(oid) ?? nameOid(oid);
      return name === oid ? oid : `${name} (${oid})`;
    }
    case DER.BOOLEAN:
      return contents[0] === 0 ? 'FALSE' : 'TRUE';
    case DER.INTEGER:
    case DER.ENUMERATED:
      return contents.length > 6 ? preview(contents) : String(Number.parseInt(formatHex(contents), 16));
    case DER.UTF8_STRING:
    case DER.PRINTABLE_STRING:
    case DER.IA5_STRING:
    case DER.UTC_TIME:
    case DER.GENERALIZED_TIME:
      return decodeUtf8(contents.subarray(0, 200));
    case DER.NULL:
      return '';
    default:
      return (derTag & 0x20) === 0 ? preview(contents) : '';
  }
}

function preview(bytes: Uint8Array): string {
  const hex = formatHex(bytes.subarray(0, PREVIEW_BYTES));
  return bytes.length > PREVIEW_BYTES ? `${hex}…` : hex;
}

/**
 * Takes a TTLV message apart. Values of key material read `[redacted]`, as in the text form.
 *
 * @param bytes one whole message; kept by the dissection, not changed
 * @throws {FormatError} ERR_TTLV_…; {LimitError}
 */
export function dissectTtlv(bytes: Uint8Array): Dissection {
  const places: Place[] = [];
  using message = parseTtlv(bytes);
  const add = (item: TtlvItem, depth: number, parent: number): void => {
    const contentBytes = message.lengthBytes(item);
    const place = { offset: message.offset(item), headerBytes: 8, contentBytes, depth, parent, next: 0 };
    const index = places.push(place) - 1;
    for (const child of message.children(item)) add(child, depth + 1, index);
    place.next = places.length;
  };
  add(message.root, 0, -1);
  // The text form has a line for each item, in this order.
  const lines = formatTtlvText(bytes).split('\n');
  return makeDissection(bytes, false, places, (_, index) => {
    const [name = '', type = '', ...value] = (lines[index] ?? '').trim().split(' ');
    return { name, value: type === '' ? '' : `${type} ${value.join(' ')}` };
  });
}

function makeDissection(
  bytes: Uint8Array,
  wasBer: boolean,
  places: readonly Place[],
  describe: (place: Place, index: number) => { readonly name: string; readonly value: string },
): Dissection {
  return {
    bytes,
    wasBer,
    count: places.length,
    element(index) {
      const place = places[index];
      if (place === undefined) throw new UsageError('ERR_ARGUMENT', `there is no element ${index}`);
      return { ...place, ...describe(place, index) };
    },
    at: (offset) => innermost(places, offset),
  };
}

/** Elements are sorted by offset: the last that begins at or before a byte, or one around it. */
function innermost(places: readonly Place[], offset: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as Place).offset <= offset) low = middle + 1;
    else high = middle;
  }
  for (let index = low - 1; index >= 0; ) {
    const { offset: start, headerBytes, contentBytes, parent } = places[index] as Place;
    if (offset < start + headerBytes + contentBytes) return index;
    index = parent;
  }
  return -1;
}

const DER_NAMES: Readonly<Record<number, string>> = {
  [DER.BOOLEAN]: 'BOOLEAN',
  [DER.INTEGER]: 'INTEGER',
  [DER.BIT_STRING]: 'BIT STRING',
  [DER.OCTET_STRING]: 'OCTET STRING',
  [DER.NULL]: 'NULL',
  [DER.OBJECT_IDENTIFIER]: 'OBJECT IDENTIFIER',
  [DER.ENUMERATED]: 'ENUMERATED',
  [DER.UTF8_STRING]: 'UTF8String',
  [DER.PRINTABLE_STRING]: 'PrintableString',
  [DER.T61_STRING]: 'T61String',
  [DER.IA5_STRING]: 'IA5String',
  [DER.UTC_TIME]: 'UTCTime',
  [DER.GENERALIZED_TIME]: 'GeneralizedTime',
  [DER.UNIVERSAL_STRING]: 'UniversalString',
  [DER.BMP_STRING]: 'BMPString',
  [DER.SEQUENCE]: 'SEQUENCE',
  [DER.SET]: 'SET',
};
