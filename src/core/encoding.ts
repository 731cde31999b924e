/**
 * Hex and base64 (RFC 4648 §4, §5, §8) in constant time: for keys, which must not pass through a table or a platform
 * decoder whose timing depends on them. Text is ASCII in a `Uint8Array`; the `…Text` forms make strings, which cannot be
 * wiped, and are for what may be seen. Decoding is strict: one text per byte string, letters' case and, where asked,
 * padding and white space apart. Layer: core.
 */
import { FormatError, KeywardError, UsageError } from '../errors.ts';
import type { CoreExports } from './generated/core-exports.ts';
import { IN, IN_BYTES, OUT } from './generated/layout.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { splitStatus, statusError } from './status.ts';
import { core, memory } from './wasm.ts';

/** How hex is written. */
export interface HexOptions {
  /** Case of the digits a to f. Default `'lower'`. */
  readonly letters?: 'lower' | 'upper';
}

/** How hex is read; both cases are. */
export interface HexDecodeOptions {
  /** What to do with tab, LF, FF, CR and space. Default `'refuse'`. */
  readonly whitespace?: 'refuse' | 'ignore';
}

/** How base64 is written. */
export interface Base64Options {
  /** RFC 4648 §4 (`+` and `/`) or §5 (`-` and `_`). Default `'standard'`. */
  readonly alphabet?: 'standard' | 'url';
  /** Whether `=` fills the last group of four. Default true, in both alphabets. */
  readonly padding?: boolean;
}

/** How base64 is read. */
export interface Base64DecodeOptions {
  /** RFC 4648 §4 (`+` and `/`) or §5 (`-` and `_`); only the one named. Default `'standard'`. */
  readonly alphabet?: 'standard' | 'url';
  /** Whether `=` must, must not, or may fill the last group of four. Default `'required'`. */
  readonly padding?: 'required' | 'forbidden' | 'optional';
  /** What to do with tab, LF, FF, CR and space. Default `'refuse'`. */
  readonly whitespace?: 'refuse' | 'ignore';
}

/**
 * Encodes bytes of any length as hex, in constant time.
 *
 * @param bytes not changed
 * @returns two ASCII characters per byte, the caller's to wipe
 * @throws {UsageError} ERR_BYTES_TYPE, ERR_OPTION, ERR_SECRET_DISPOSED
 * @example
 * encodeHex(Uint8Array.of(0xca, 0xfe)); // the bytes of "cafe"
 */
export function encodeHex(bytes: KeyBytes, options: HexOptions = {}): Uint8Array<ArrayBuffer> {
  return encode(bytes, hexAlphabet(options), 0);
}

/**
 * Encodes bytes of any length as a string of hex. The conversion is in constant time; the string cannot be wiped.
 *
 * @throws {UsageError} ERR_BYTES_TYPE, ERR_OPTION, ERR_SECRET_DISPOSED
 * @example
 * encodeHexText(Uint8Array.of(0xca, 0xfe)); // "cafe"
 */
export function encodeHexText(bytes: KeyBytes, options: HexOptions = {}): string {
  return textOf(encode(bytes, hexAlphabet(options), 0));
}

/**
 * Decodes hex of any length, in either case, in constant time.
 *
 * @param text ASCII bytes, a `Secret` of them, or a string; not changed
 * @returns the bytes, the caller's to wipe
 * @throws {FormatError} ERR_ENCODING with the offset of the first character that does not belong, or of the end of the digits
 * @throws {UsageError} ERR_BYTES_TYPE, ERR_OPTION, ERR_SECRET_DISPOSED
 * @example
 * decodeHex('CAFE'); // Uint8Array [0xca, 0xfe]
 */
export function decodeHex(text: KeyBytes | string, options: HexDecodeOptions = {}): Uint8Array<ArrayBuffer> {
  refuseUnknown(options, ['whitespace']);
  return decode(text, HEX_LOWER, PADDING.forbidden, ignoresSpace(options.whitespace), 'hex');
}

/**
 * Encodes bytes of any length as base64, in constant time.
 *
 * @param bytes not changed
 * @returns ASCII, the caller's to wipe
 * @throws {UsageError} ERR_BYTES_TYPE, ERR_OPTION, ERR_SECRET_DISPOSED
 * @example
 * encodeBase64(Uint8Array.of(0xca, 0xfe)); // the bytes of "yv4="
 */
export function encodeBase64(bytes: KeyBytes, options: Base64Options = {}): Uint8Array<ArrayBuffer> {
  refuseUnknown(options, ['alphabet', 'padding']);
  const { padding = true } = options;
  if (typeof padding !== 'boolean') throw optionError('padding');
  return encode(bytes, base64Alphabet(options.alphabet), padding ? 1 : 0);
}

/**
 * Encodes bytes of any length as a string of base64. The conversion is in constant time; the string cannot be wiped.
 *
 * @throws {UsageError} ERR_BYTES_TYPE, ERR_OPTION, ERR_SECRET_DISPOSED
 * @example
 * encodeBase64Text(Uint8Array.of(0xca, 0xfe), { alphabet: 'url', padding: false }); // "yv4"
 */
export function encodeBase64Text(bytes: KeyBytes, options: Base64Options = {}): string {
  return textOf(encodeBase64(bytes, options));
}

/**
 * Decodes base64 of any length, in constant time. Refuses text that no encoder writes: bits of the last character that
 * are not used must be zero (RFC 4648 §3.5).
 *
 * @param text ASCII bytes, a `Secret` of them, or a string; not changed
 * @returns the bytes, the caller's to wipe
 * @throws {FormatError} ERR_ENCODING with the offset of the first character that does not belong, or of the end of the digits
 * @throws {UsageError} ERR_BYTES_TYPE, ERR_OPTION, ERR_SECRET_DISPOSED
 * @example
 * decodeBase64('yv4', { padding: 'optional' }); // Uint8Array [0xca, 0xfe]
 */
export function decodeBase64(text: KeyBytes | string, options: Base64DecodeOptions = {}): Uint8Array<ArrayBuffer> {
  refuseUnknown(options, ['alphabet', 'padding', 'whitespace']);
  const { padding = 'required' } = options;
  if (!Object.hasOwn(PADDING, padding)) throw optionError('padding');
  const alphabet = base64Alphabet(options.alphabet);
  return decode(text, alphabet, PADDING[padding], ignoresSpace(options.whitespace), 'base64');
}

/** As numbered in assembly/encoding/text.ts. */
const HEX_LOWER = 0;
const HEX_UPPER = 1;
const BASE64 = 2;
const BASE64URL = 3;
const PADDING = { required: 0, forbidden: 1, optional: 2 } as const;

/** Bytes written at once: whole groups of three, whose text fills OUT. */
const ENCODE_STEP: Readonly<Record<number, number>> = {
  [HEX_LOWER]: IN_BYTES / 2,
  [HEX_UPPER]: IN_BYTES / 2,
  [BASE64]: (IN_BYTES / 4) * 3,
  [BASE64URL]: (IN_BYTES / 4) * 3,
};

let tested: CoreExports | undefined;

/** The core, its encodings known to work. */
function encodings(): CoreExports {
  return tested ?? selfTest();
}

function encode(bytes: KeyBytes, alphabet: number, pad: number): Uint8Array<ArrayBuffer> {
  return encodeWith(encodings(), exposeKey(bytes), alphabet, pad);
}

function encodeWith(wasm: CoreExports, from: Uint8Array, alphabet: number, pad: number): Uint8Array<ArrayBuffer> {
  const view = memory();
  const step = ENCODE_STEP[alphabet]!;
  const { length } = from;
  const out = length > step ? new Uint8Array(encodedLength(length, alphabet, pad)) : undefined;
  let written = 0;
  let at = 0;
  try {
    for (;;) {
      const size = Math.min(length - at, step);
      view.set(out === undefined ? from : from.subarray(at, at + size), IN);
      const status = wasm.encodeText(OUT, IN, size, alphabet, pad);
      if (status < 0) throw statusError(status, 'text encoding');
      if (out === undefined) {
        written = status;
        return view.slice(OUT, OUT + status);
      }
      out.set(view.subarray(OUT, OUT + status), written);
      written += status;
      at += size;
      if (at === length) return out;
    }
  } finally {
    wasm.wipe(IN, Math.min(length, step));
    wasm.wipe(OUT, Math.min(written, IN_BYTES));
  }
}

function encodedLength(length: number, alphabet: number, pad: number): number {
  if (alphabet <= HEX_UPPER) return 2 * length;
  return pad === 1 ? Math.ceil(length / 3) * 4 : Math.ceil((length * 4) / 3);
}

function decode(
  text: KeyBytes | string,
  alphabet: number,
  padding: number,
  ignoreSpace: boolean,
  what: string,
): Uint8Array<ArrayBuffer> {
  const wasm = encodings();
  const from = typeof text === 'string' ? text : exposeKey(text);
  if (!ignoreSpace) return decodeWith(wasm, from, alphabet, padding, what);
  const dense = withoutSpace(wasm, from);
  try {
    return decodeWith(wasm, dense, alphabet, padding, what);
  } catch (error) {
    throw error instanceof FormatError ? encodingError(what, offsetWithSpace(from, error.offset)) : error;
  } finally {
    dense.fill(0);
  }
}

function decodeWith(
  wasm: CoreExports,
  from: Uint8Array | string,
  alphabet: number,
  padding: number,
  what: string,
): Uint8Array<ArrayBuffer> {
  const { length } = from;
  const view = memory();
  const out = length > IN_BYTES ? new Uint8Array(length) : undefined; // more than it can become
  let written = 0;
  try {
    for (let at = 0; ; at += IN_BYTES) {
      const size = Math.min(length - at, IN_BYTES);
      const last = at + size === length;
      putText(view, from, at, size);
      const status = wasm.decodeText(OUT, IN, size, alphabet, last ? padding : PADDING.forbidden);
      if (status < 0) throw encodingError(what, at + splitStatus(status).offset);
      if (out === undefined) {
        written = status;
        return view.slice(OUT, OUT + status);
      }
      out.set(view.subarray(OUT, OUT + status), written);
      written += status;
      if (last) return out.slice(0, written);
    }
  } finally {
    wasm.wipe(IN, Math.min(length, IN_BYTES));
    wasm.wipe(OUT, Math.min(written, IN_BYTES));
    out?.fill(0);
  }
}

/** Writes text into IN; a character that is not ASCII becomes a byte that is not. */
function putText(view: Uint8Array, from: Uint8Array | string, at: number, size: number): void {
  if (typeof from !== 'string') {
    view.set(from.subarray(at, at + size), IN);
    return;
  }
  for (let i = 0; i < size; i++) {
    const unit = from.charCodeAt(at + i);
    view[IN + i] = unit | (((0x7f - unit) >> 31) & 0x80);
  }
}

/** Copies text without its white space. The caller wipes the copy. */
function withoutSpace(wasm: CoreExports, from: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const view = memory();
  const dense = new Uint8Array(from.length);
  let kept = 0;
  for (let at = 0; at < from.length; at += IN_BYTES) {
    const size = Math.min(from.length - at, IN_BYTES);
    putText(view, from, at, size);
    const left = wasm.removeSpace(IN, size);
    dense.set(view.subarray(IN, IN + left), kept);
    kept += left;
    wasm.wipe(IN, left);
  }
  return dense.subarray(0, kept);
}

/** Where the character that stands at `offset` once white space is gone stands in the text itself. */
function offsetWithSpace(from: Uint8Array | string, offset: number): number {
  let left = offset;
  for (let at = 0; at < from.length; at++) {
    const unit = typeof from === 'string' ? from.charCodeAt(at) : from[at]!;
    const space = unit === 9 || unit === 10 || unit === 12 || unit === 13 || unit === 32;
    if (!space && left-- === 0) return at;
  }
  return from.length;
}

/** The character itself is not shown: it may be a secret's. */
function encodingError(what: string, offset: number): FormatError {
  return new FormatError('ERR_ENCODING', `not ${what}: the text is wrong or ends too early at offset ${offset}`, {
    offset,
  });
}

/** ASCII as a string, in pieces that fit a call's arguments; wipes the bytes. */
function textOf(ascii: Uint8Array): string {
  let text = '';
  for (let at = 0; at < ascii.length; at += 4096)
    text += String.fromCharCode.apply(null, ascii.subarray(at, at + 4096) as unknown as number[]);
  ascii.fill(0);
  return text;
}

function hexAlphabet(options: HexOptions): number {
  refuseUnknown(options, ['letters']);
  const { letters = 'lower' } = options;
  if (letters !== 'lower' && letters !== 'upper') throw optionError('letters');
  return letters === 'upper' ? HEX_UPPER : HEX_LOWER;
}

function base64Alphabet(name: 'standard' | 'url' = 'standard'): number {
  if (name !== 'standard' && name !== 'url') throw optionError('alphabet');
  return name === 'url' ? BASE64URL : BASE64;
}

function ignoresSpace(policy: 'refuse' | 'ignore' = 'refuse'): boolean {
  if (policy !== 'refuse' && policy !== 'ignore') throw optionError('whitespace');
  return policy === 'ignore';
}

function refuseUnknown(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) if (!known.includes(name)) throw optionError(name);
}

function optionError(name: string): UsageError {
  return new UsageError('ERR_OPTION', `unknown option, or a value not allowed for it: ${name}`);
}

/** Known answer: the base64 alphabet itself decodes to 48 bytes that hold each value once, and back. */
function selfTest(): CoreExports {
  const wasm = core();
  const bytes = decodeWith(wasm, ALPHABET, BASE64, PADDING.required, 'base64');
  const hex = textOf(encodeWith(wasm, bytes, HEX_LOWER, 0));
  const text = textOf(encodeWith(wasm, decodeWith(wasm, ALPHABET_HEX, HEX_LOWER, PADDING.forbidden, 'hex'), BASE64, 1));
  if (hex !== ALPHABET_HEX || text !== ALPHABET)
    throw new KeywardError('ERR_SELF_TEST', 'hex and base64 do not give their known answer');
  tested = wasm;
  return wasm;
}

/** RFC 4648 table 1. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const ALPHABET_HEX = '00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf';
