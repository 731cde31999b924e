/**
 * OBJECT IDENTIFIERs: contents octets to dotted text and back (X.690 8.19). Arcs of any size are exact, so that no arc
 * can pose as another one modulo 2^32. Layer: core; needs no wasm.
 */
import { FormatError, UsageError } from '../errors.ts';

/** More octets than any identifier in use has; keeps the conversion of a hostile one cheap. */
const MAX_OCTETS = 256;

/**
 * Formats the contents octets of an OBJECT IDENTIFIER as dotted text.
 *
 * @param contents the octets behind tag and length; not changed
 * @param offset where they lie, for the error
 * @throws {FormatError} ERR_DER_VALUE when empty, cut, padded, or longer than 256 octets
 * @example
 * formatOid(Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d)); // '1.2.840.113549'
 */
export function formatOid(contents: Uint8Array, offset = 0): string {
  return formatOidAt(contents, 0, contents.length, offset);
}

/** Does the same for contents that lie in other bytes, `from` to `to`: no view of them is made for an identifier seen before. */
export function formatOidAt(bytes: Uint8Array, from: number, to: number, offset: number = from): string {
  const length = to - from;
  if (length < 3 || length > 31) return makeText(bytes.subarray(from, to), offset);
  // identifiers of one family differ in their last octets
  const slot = (sum(bytes, to - 1, 1) + sum(bytes, to - 2, 5) + sum(bytes, to - 3, 11)) & 63;
  const before = known[slot];
  if (before !== undefined && isAt(before.contents, bytes, from, length)) return before.text;
  const contents = bytes.slice(from, to);
  const text = makeText(contents, offset);
  known[slot] = { contents, text };
  return text;
}

function sum(bytes: Uint8Array, at: number, weight: number): number {
  return weight * (bytes[at] as number);
}

function isAt(contents: Uint8Array, bytes: Uint8Array, from: number, length: number): boolean {
  if (contents.length !== length) return false;
  for (let i = 0; i < length; i++) if (contents[i] !== bytes[from + i]) return false;
  return true;
}

/** Texts made before: a file repeats a few identifiers thousands of times. One per slot, the latest. */
const known: ({ readonly contents: Uint8Array; readonly text: string } | undefined)[] = [];

function makeText(contents: Uint8Array, offset: number): string {
  const length = contents.length;
  const last = contents[length - 1];
  if (last === undefined || last >= 0x80 || length > MAX_OCTETS) throw badOid(offset);
  let text = '';
  for (let i = 0; i < length; ) {
    if (contents[i] === 0x80) throw badOid(offset + i);
    // up to seven octets, 49 bits, are exact as numbers
    const start = i;
    let arc = 0;
    while ((contents[i] as number) >= 0x80) arc = arc * 128 + ((contents[i++] as number) & 0x7f);
    arc = arc * 128 + (contents[i++] as number);
    if (i - start <= 7) text = text === '' ? firstArcs(arc) : `${text}.${arc}`;
    else {
      const big = bigArc(contents.subarray(start, i));
      text = text === '' ? `2.${big - 80n}` : `${text}.${big}`;
    }
  }
  return text;
}

/**
 * Encodes dotted text as the contents octets of an OBJECT IDENTIFIER.
 *
 * @throws {UsageError} ERR_OID when the text is not an object identifier
 * @example
 * encodeOid('1.2.840.113549.1.7.1'); // the nine octets of pkcs-7 data
 */
export function encodeOid(oid: string): Uint8Array<ArrayBuffer> {
  const match = /^([012])\.(0|[1-9]\d*)((?:\.(?:0|[1-9]\d*))*)$/.exec(oid);
  if (match === null || oid.length > 2 * MAX_OCTETS) throw new UsageError('ERR_OID', 'not an object identifier');
  const second = toArc(match[2] as string);
  if (match[1] !== '2' && second > 39)
    throw new UsageError('ERR_OID', 'not an object identifier: the second arc is above 39');
  const out: number[] = [];
  const first = Number(match[1]) * 40;
  putArc(out, typeof second === 'bigint' ? second + BigInt(first) : second + first);
  const rest = match[3] as string;
  if (rest !== '') for (const arc of rest.slice(1).split('.')) putArc(out, toArc(arc));
  return Uint8Array.from(out);
}

/** An arc as a number where that is exact, with room for what `encodeOid` adds. */
function toArc(digits: string): number | bigint {
  return digits.length <= 15 ? Number(digits) : BigInt(digits);
}

function firstArcs(value: number): string {
  return value < 40 ? `0.${value}` : value < 80 ? `1.${value - 40}` : `2.${value - 80}`;
}

function bigArc(octets: Uint8Array): bigint {
  let arc = 0n;
  for (const octet of octets) arc = (arc << 7n) | BigInt(octet & 0x7f);
  return arc;
}

function putArc(out: number[], arc: number | bigint): void {
  if (arc < 0x80) {
    out.push(Number(arc));
    return;
  }
  const octets: number[] = [];
  if (typeof arc === 'number') for (let rest = arc; rest > 0; rest = Math.floor(rest / 128)) octets.push(rest % 128);
  else for (let rest = arc; rest > 0n; rest >>= 7n) octets.push(Number(rest & 0x7fn));
  for (let i = octets.length - 1; i > 0; i--) out.push((octets[i] as number) | 0x80);
  out.push(octets[0] as number);
}

function badOid(offset: number): FormatError {
  return new FormatError('ERR_DER_VALUE', `malformed object identifier at offset ${offset}`, { offset });
}
