/** Hex and base64 under the constant-time lane. Public: lengths, alphabet, padding, where white space stands. Layer: test only. */
import { type Case, type Prepare, publicLength, turn, type Verdict } from './cases.ts';
import type { Secrets } from './secrets.ts';

const ALPHABETS = ['standard', 'url'] as const;
const LONG = 70_000;

/** The same white space in every text of one length: a line break after each 64 characters. */
function wrapLines(text: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  text.forEach((c, i) => {
    out.push(c);
    if (i % 64 === 63) out.push(13, 10);
  });
  return Uint8Array.from(out);
}

/** Hex digits in both cases, at random: which letter is upper-case is part of the secret. */
function mixedHex(secrets: Secrets, digits: number): Uint8Array<ArrayBuffer> {
  const set = '0123456789abcdefABCDEF';
  return Uint8Array.from({ length: digits }, () => set.charCodeAt(secrets.below(set.length)));
}

/** Characters beside the ranges of both alphabets. */
const NEVER = Array.from('@`[-_.:~{', (c) => c.charCodeAt(0));

/** Reads hex, or base64, with `strangers` characters at secret places that are none. */
const readBroken =
  (form: 'hex' | 'base64', strangers: number): Prepare =>
  (core, secrets, pair) => {
    const bytes = 1 + publicLength(pair);
    const text = form === 'hex' ? mixedHex(secrets, 2 * bytes) : core.encodeBase64(secrets.bytes(3 * bytes));
    for (let n = 0; n < strangers; n++) {
      const stranger = secrets.below(2) === 0 ? 0x7b + secrets.below(0x85) : turn(NEVER, secrets.below(NEVER.length));
      text[secrets.below(text.length)] = stranger;
    }
    const read = form === 'hex' ? core.decodeHex : core.decodeBase64;
    return () => {
      try {
        read(text);
      } catch (error) {
        if (strangers > 0 && (error as { code?: string }).code === 'ERR_ENCODING') return;
        throw error;
      }
      if (strangers > 0) throw new Error('the case does not do what it says');
    };
  };

export const ENCODING_CASES: readonly Case[] = [
  {
    name: 'hex, written',
    drives: ['encodeHex', 'encodeHexText'],
    prepare: (core, secrets, pair) => {
      const bytes = secrets.bytes(publicLength(pair, LONG));
      const options = { letters: turn(['lower', 'upper'] as const, pair) };
      return () => (pair % 2 === 0 ? core.encodeHex(bytes, options) : core.encodeHexText(bytes, options));
    },
  },
  {
    name: 'hex, read, in either case, from bytes and strings',
    drives: ['decodeHex'],
    prepare: (core, secrets, pair) => {
      const text = mixedHex(secrets, 2 * publicLength(pair, LONG));
      const form = pair % 3 === 0 ? new TextDecoder().decode(text) : text;
      return () => core.decodeHex(form);
    },
  },
  {
    name: 'hex, read over line breaks',
    drives: ['decodeHex'],
    prepare: (core, secrets, pair) => {
      const text = wrapLines(mixedHex(secrets, 2 * publicLength(pair, LONG)));
      return () => core.decodeHex(text, { whitespace: 'ignore' });
    },
  },
  {
    name: 'base64, written',
    drives: ['encodeBase64', 'encodeBase64Text'],
    prepare: (core, secrets, pair) => {
      const bytes = secrets.bytes(publicLength(pair, LONG));
      const options = { alphabet: turn(ALPHABETS, pair), padding: pair % 3 !== 0 };
      return () => (pair % 2 === 0 ? core.encodeBase64(bytes, options) : core.encodeBase64Text(bytes, options));
    },
  },
  {
    name: 'base64, read, padded or not, from bytes and strings',
    drives: ['decodeBase64'],
    prepare: (core, secrets, pair) => {
      const alphabet = turn(ALPHABETS, pair);
      const padding = turn(['required', 'forbidden'] as const, pair);
      const bytes = secrets.bytes(publicLength(pair, LONG));
      const text = core.encodeBase64(bytes, { alphabet, padding: padding === 'required' });
      const form = pair % 3 === 0 ? new TextDecoder().decode(text) : text;
      return () => core.decodeBase64(form, { alphabet, padding });
    },
  },
  {
    name: 'base64, read over line breaks',
    drives: ['decodeBase64'],
    prepare: (core, secrets, pair) => {
      const text = wrapLines(core.encodeBase64(secrets.bytes(publicLength(pair, LONG))));
      return () => core.decodeBase64(text, { whitespace: 'ignore' });
    },
  },
  { name: 'hex, characters that are no digits', drives: ['decodeHex'], prepare: readBroken('hex', 2) },
  { name: 'base64, characters that do not belong', drives: ['decodeBase64'], prepare: readBroken('base64', 2) },
];

export const ENCODING_VERDICTS: readonly Verdict[] = [
  {
    name: 'decodeHex: all digits, or not',
    site: 'encoding/text/decodeText: if #15',
    outcomes: [readBroken('hex', 0), readBroken('hex', 2)],
  },
  {
    name: 'decodeBase64: all characters belong, or not',
    site: 'encoding/text/decodeText: if #15',
    outcomes: [readBroken('base64', 0), readBroken('base64', 2)],
  },
  {
    name: 'decodeHex: which characters are no digits',
    site: null,
    outcomes: [readBroken('hex', 1), readBroken('hex', 3)],
  },
];
