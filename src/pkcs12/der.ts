/**
 * The little DER that policy needs: taking apart parameters and bag values that the core has already validated as DER, and
 * building new structures. A structure is described as a tree of nodes and written in one pass into one allocation, so that
 * no half-built copy of a secret is left behind. Grammar of the PFX itself, BER and limits are the core's. Layer: pkcs12.
 */
import { FormatError } from '../errors.ts';

/** Identifier octets (X.690 §8.1.2) used here. */
export const DER_TAG = {
  INTEGER: 0x02,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
  CONTEXT_0: 0x80,
  CONTEXT_0_CONSTRUCTED: 0xa0,
} as const;

/** One element: views of the bytes it was read from. */
export interface DerElement {
  /** The identifier octet; tags of several octets are not used by any structure here. */
  readonly derTag: number;
  readonly contents: Uint8Array;
  /** Identifier, length and contents. */
  readonly der: Uint8Array;
}

/** A structure to be written: an identifier octet over parts, or bytes that already are DER. */
export type DerNode =
  | Uint8Array
  | { readonly derTag: number; readonly parts: readonly DerNode[]; readonly length: number };

/** The fault that every reader here reports: the structure named is not what it must be. */
export function derError(what: string, detail: string): FormatError {
  return new FormatError('ERR_DER_VALUE', `${what}: ${detail}`, { offset: 0, path: [what] });
}

/** Reads exactly one element. @throws {FormatError} ERR_DER_VALUE */
export function readElement(bytes: Uint8Array, what: string): DerElement {
  const element = elementAt(bytes, 0, what);
  if (element.der.length !== bytes.length) throw derError(what, 'bytes after the end');
  return element;
}

/** Reads exactly one element that must have a given identifier. @throws {FormatError} ERR_DER_VALUE */
export function readTagged(bytes: Uint8Array, derTag: number, what: string): DerElement {
  const element = readElement(bytes, what);
  if (element.derTag !== derTag) throw derError(what, 'wrong type');
  return element;
}

/** Reads all elements of a constructed one. @throws {FormatError} ERR_DER_VALUE */
export function readChildren(contents: Uint8Array, what: string): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < contents.length; ) {
    const child = elementAt(contents, at, what);
    children.push(child);
    at += child.der.length;
  }
  return children;
}

/** Reads the elements of a SEQUENCE that is all of `bytes`. @throws {FormatError} ERR_DER_VALUE */
export function readSequence(bytes: Uint8Array, what: string): readonly DerElement[] {
  return readChildren(readTagged(bytes, DER_TAG.SEQUENCE, what).contents, what);
}

/** Takes the contents of an element that must have a given identifier. @throws {FormatError} ERR_DER_VALUE */
export function contentsOf(element: DerElement | undefined, derTag: number, what: string): Uint8Array {
  if (element === undefined) throw derError(what, 'missing');
  if (element.derTag !== derTag) throw derError(what, 'wrong type');
  return element.contents;
}

/** Reads a whole number of any size as decimal text and, where it is exact, as a number; else NaN. */
export function readInteger(element: DerElement | undefined, what: string): { value: number; text: string } {
  const contents = contentsOf(element, DER_TAG.INTEGER, what);
  if (contents.length === 0) throw derError(what, 'an INTEGER without contents');
  if (contents.length > 64) return { value: Number.NaN, text: `a ${contents.length}-byte number` };
  let big = 0n;
  for (const byte of contents) big = (big << 8n) | BigInt(byte);
  big = BigInt.asIntN(8 * contents.length, big);
  const value = Number(big);
  return { value: Number.isSafeInteger(value) ? value : Number.NaN, text: big.toString() };
}

/** Reads an OBJECT IDENTIFIER in dotted form; nonsense that vendors wrote (long zero arcs) included. */
export function readOid(element: DerElement | undefined, what: string): string {
  const contents = contentsOf(element, DER_TAG.OID, what);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [i, byte] of contents.entries()) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0n;
    if (i > 128) throw derError(what, 'object identifier too long');
  }
  const first = arcs[0];
  if (first === undefined || (contents[contents.length - 1] as number) & 0x80) {
    throw derError(what, 'malformed object identifier');
  }
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [root, first - 40n * root, ...arcs.slice(1)].join('.');
}

/** Describes an element over parts. */
export function element(derTag: number, ...parts: readonly DerNode[]): DerNode {
  let length = 0;
  for (const part of parts) length += sizeOf(part);
  return { derTag, parts, length };
}

/** SEQUENCE. */
export function sequence(...parts: readonly DerNode[]): DerNode {
  return element(DER_TAG.SEQUENCE, ...parts);
}

/** SET OF, its members in the order of their encodings (X.690 §11.6). */
export function setOf(parts: readonly DerNode[]): DerNode {
  return element(DER_TAG.SET, ...parts.map(encodeDer).sort(compareBytes));
}

/** [n] EXPLICIT. */
export function explicit(n: number, ...parts: readonly DerNode[]): DerNode {
  return element(DER_TAG.CONTEXT_0_CONSTRUCTED | n, ...parts);
}

/** OCTET STRING over bytes, or over the encoding of a structure. */
export function octetString(...parts: readonly DerNode[]): DerNode {
  return element(DER_TAG.OCTET_STRING, ...parts);
}

/** UTF8String over bytes that are UTF-8. */
export function utf8String(utf8: Uint8Array): DerNode {
  return element(DER_TAG.UTF8_STRING, utf8);
}

/** BMPString: UTF-16BE. [X.680 forbids surrogates in it; all writers put them there, and all readers take them.] */
export function bmpString(text: string): DerNode {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) >>> 8;
    bytes[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return element(DER_TAG.BMP_STRING, bytes);
}

/** NULL. */
export function derNull(): DerNode {
  return element(DER_TAG.NULL);
}

/** INTEGER, 0 or more. */
export function integer(value: number): DerNode {
  const octets: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  if (octets.length === 0 || (octets[0] as number) & 0x80) octets.unshift(0);
  return element(DER_TAG.INTEGER, Uint8Array.from(octets));
}

/** OBJECT IDENTIFIER from its dotted form. @throws {FormatError} ERR_DER_VALUE */
export function objectIdentifier(dotted: string): DerNode {
  if (!/^[0-2](\.(0|[1-9]\d{0,38}))+$/.test(dotted)) throw derError(`"${dotted}"`, 'not an object identifier');
  const [root, second, ...rest] = dotted.split('.').map(BigInt) as [bigint, bigint, ...bigint[]];
  if (root < 2n && second > 39n) throw derError(`"${dotted}"`, 'not an object identifier');
  const octets: number[] = [];
  for (const arc of [root * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return element(DER_TAG.OID, Uint8Array.from(octets));
}

/** Writes a structure into one new array; the caller's to wipe where it holds a secret. */
export function encodeDer(node: DerNode): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(sizeOf(node));
  write(node, out, 0);
  return out;
}

function write(node: DerNode, out: Uint8Array, start: number): number {
  if (node instanceof Uint8Array) {
    out.set(node, start);
    return start + node.length;
  }
  let at = start;
  out[at++] = node.derTag;
  const lengthOctets = lengthSize(node.length) - 1;
  if (lengthOctets === 0) out[at++] = node.length;
  else {
    out[at++] = 0x80 | lengthOctets;
    for (let i = lengthOctets - 1; i >= 0; i--) out[at++] = (node.length >>> (8 * i)) & 0xff;
  }
  for (const part of node.parts) at = write(part, out, at);
  return at;
}

function sizeOf(node: DerNode): number {
  return node instanceof Uint8Array ? node.length : 1 + lengthSize(node.length) + node.length;
}

/** Octets of a definite length, minimal (X.690 §10.1). */
function lengthSize(length: number): number {
  return length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 5;
}

function elementAt(bytes: Uint8Array, start: number, what: string): DerElement {
  const derTag = bytes[start];
  const first = bytes[start + 1];
  if (derTag === undefined || first === undefined) throw derError(what, 'ends inside an element');
  if ((derTag & 0x1f) === 0x1f) throw derError(what, 'unexpected tag');
  let at = start + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4 || at + octets > bytes.length) throw derError(what, 'malformed length');
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[at++] as number);
    if (lengthSize(length) !== 1 + octets) throw derError(what, 'length not minimal');
  }
  if (length > bytes.length - at) throw derError(what, 'length overruns its parent');
  return { derTag, contents: bytes.subarray(at, at + length), der: bytes.subarray(start, at + length) };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
