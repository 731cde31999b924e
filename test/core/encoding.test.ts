import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeBase64Text,
  encodeHex,
  encodeHexText,
} from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';
import { runs } from '../support/runs.ts';

const ascii = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** What a fault says: code and offset. */
function faultOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    const { name, code, offset } = error as { name: string; code: string; offset?: number };
    return offset === undefined ? `${name} ${code}` : `${code} at ${offset}`;
  }
  return 'no error';
}

/** A window and a bit: every length here is read or written in more than one piece. */
const LARGE = [65_535, 65_536, 65_537, 200_001];
const pattern = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (i * 167) ^ (i >> 8));

describe('RFC 4648 §10', () => {
  it.each([
    ['', '', ''],
    ['f', 'Zg==', '66'],
    ['fo', 'Zm8=', '666f'],
    ['foo', 'Zm9v', '666f6f'],
    ['foob', 'Zm9vYg==', '666f6f62'],
    ['fooba', 'Zm9vYmE=', '666f6f6261'],
    ['foobar', 'Zm9vYmFy', '666f6f626172'],
  ])('%j', (plain, base64, hex) => {
    const bytes = ascii(plain);
    expect(text(encodeBase64(bytes))).toBe(base64);
    expect(encodeBase64Text(bytes)).toBe(base64);
    expect(text(encodeHex(bytes))).toBe(hex);
    expect(text(encodeHex(bytes, { letters: 'upper' }))).toBe(hex.toUpperCase());
    expect(encodeHexText(bytes)).toBe(hex);
    for (const form of [(t: string) => t, ascii, (t: string) => Secret.fromText(t)]) {
      expect(decodeBase64(form(base64))).toEqual(bytes);
      expect(decodeHex(form(hex))).toEqual(bytes);
      expect(decodeHex(form(hex.toUpperCase()))).toEqual(bytes);
    }
    const bare = base64.replaceAll('=', '');
    expect(encodeBase64Text(bytes, { padding: false })).toBe(bare);
    expect(decodeBase64(bare, { padding: 'forbidden' })).toEqual(bytes);
    expect(decodeBase64(bare, { padding: 'optional' })).toEqual(bytes);
    expect(decodeBase64(base64, { padding: 'optional' })).toEqual(bytes);
  });
});

describe('alphabets', () => {
  it('standard and url differ in the last two characters, and each refuses the other', () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xfe);
    expect(encodeBase64Text(bytes)).toBe('+//+');
    expect(encodeBase64Text(bytes, { alphabet: 'url' })).toBe('-__-');
    expect(decodeBase64('-__-', { alphabet: 'url' })).toEqual(bytes);
    expect(faultOf(() => decodeBase64('+//+', { alphabet: 'url' }))).toBe('ERR_ENCODING at 0');
    expect(faultOf(() => decodeBase64('A__-'))).toBe('ERR_ENCODING at 1');
  });

  it('every byte in every place of a text is taken or refused as the alphabet says', () => {
    const hex = '0123456789abcdefABCDEF';
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    for (let c = 0; c < 256; c++) {
      const is = (set: string): boolean => c < 128 && set.includes(String.fromCharCode(c));
      for (const at of [0, 1, 2, 3]) {
        const four = ascii('AAAA');
        four[at] = c;
        const verdict = (ok: boolean): string => (ok ? 'no error' : `ERR_ENCODING at ${at}`);
        expect(faultOf(() => decodeHex(four))).toBe(verdict(is(hex)));
        expect(faultOf(() => decodeBase64(four, { padding: 'forbidden' }))).toBe(verdict(is(`${letters}+/`)));
        expect(faultOf(() => decodeBase64(four, { padding: 'forbidden', alphabet: 'url' }))).toBe(
          verdict(is(`${letters}-_`)),
        );
      }
    }
  });

  it('a character of a string whose low byte is a digit is still not one', () => {
    for (const unit of [0x130, 0x141, 0x1041, 0xff11, 0x80, 0xb0, 0xff]) {
      const odd = String.fromCharCode(unit);
      expect(faultOf(() => decodeHex(`0${odd}`))).toBe('ERR_ENCODING at 1');
      expect(faultOf(() => decodeBase64(`AA${odd}A`))).toBe('ERR_ENCODING at 2');
      expect(faultOf(() => decodeBase64(`AA${odd}A`, { whitespace: 'ignore' }))).toBe('ERR_ENCODING at 2');
    }
  });
});

describe('refusals', () => {
  it.each([
    ['one digit', () => decodeHex('a'), 'ERR_ENCODING at 1'],
    ['three digits', () => decodeHex('abc'), 'ERR_ENCODING at 3'],
    ['a prefix', () => decodeHex('0xab'), 'ERR_ENCODING at 1'],
    ['white space in hex', () => decodeHex('ab cd'), 'ERR_ENCODING at 2'],
    ['one character', () => decodeBase64('A'), 'ERR_ENCODING at 1'],
    ['five characters', () => decodeBase64('AAAAA', { padding: 'optional' }), 'ERR_ENCODING at 5'],
    ['no padding', () => decodeBase64('AA'), 'ERR_ENCODING at 2'],
    ['too little padding', () => decodeBase64('AA='), 'ERR_ENCODING at 2'],
    [
      'too little padding, where it is optional',
      () => decodeBase64('AA=', { padding: 'optional' }),
      'ERR_ENCODING at 2',
    ],
    ['too much padding', () => decodeBase64('AAA=='), 'ERR_ENCODING at 3'],
    ['three of it', () => decodeBase64('A==='), 'ERR_ENCODING at 1'],
    ['four of it', () => decodeBase64('===='), 'ERR_ENCODING at 0'],
    ['after a whole group', () => decodeBase64('AAAA===='), 'ERR_ENCODING at 4'],
    ['padding in the middle', () => decodeBase64('AA==AAAA'), 'ERR_ENCODING at 2'],
    ['padding where it is forbidden', () => decodeBase64('AA==', { padding: 'forbidden' }), 'ERR_ENCODING at 2'],
    ['unused bits, one', () => decodeBase64('AAB='), 'ERR_ENCODING at 3'],
    ['unused bits, the highest', () => decodeBase64('AAC='), 'ERR_ENCODING at 3'],
    ['unused bits of two characters', () => decodeBase64('AI=='), 'ERR_ENCODING at 2'],
    ['unused bits, not padded', () => decodeBase64('AI', { padding: 'forbidden' }), 'ERR_ENCODING at 2'],
    ['white space in base64', () => decodeBase64('AAAA\n'), 'ERR_ENCODING at 4'],
    ['two strangers: the first counts', () => decodeBase64('A!A!'), 'ERR_ENCODING at 1'],
    ['a stranger counts before the end', () => decodeHex('0!0'), 'ERR_ENCODING at 1'],
  ])('%s', (_name, act, fault) => {
    expect(faultOf(act)).toBe(fault);
  });

  it('every text of four characters that decodes is what its bytes encode to', () => {
    const set = ['A', 'B', 'Q', 'g', '8', '/', '='];
    let taken = 0;
    for (const a of set)
      for (const b of set)
        for (const c of set)
          for (const d of set) {
            const four = a + b + c + d;
            try {
              expect(encodeBase64Text(decodeBase64(four))).toBe(four);
              taken++;
            } catch (error) {
              if ((error as { code?: string }).code !== 'ERR_ENCODING') throw error;
            }
          }
    expect(taken).toBeGreaterThan(6 ** 4);
  });

  it('the message does not repeat the text', () => {
    expect(() => decodeHex('deadbeefsecret!!')).toThrow(/^not hex: the text is wrong or ends too early at offset 8$/);
  });

  it('arguments and options of the wrong kind', () => {
    const wrong = (act: (x: never) => unknown, value: unknown): unknown => faultOf(() => act(value as never));
    for (const value of [null, undefined, 1, [1, 2], new ArrayBuffer(2)]) {
      expect(wrong(encodeHex, value)).toBe('UsageError ERR_BYTES_TYPE');
      expect(wrong(encodeBase64, value)).toBe('UsageError ERR_BYTES_TYPE');
      expect(wrong(decodeHex, value)).toBe('UsageError ERR_BYTES_TYPE');
      expect(wrong(decodeBase64, value)).toBe('UsageError ERR_BYTES_TYPE');
    }
    const none = new Uint8Array(1);
    for (const [act, options] of [
      [encodeHex, { letters: 'Upper' }],
      [encodeHex, { upper: true }],
      [encodeBase64, { alphabet: 'base64url' }],
      [encodeBase64, { padding: 'required' }],
      [encodeBase64, { whitespace: 'ignore' }],
      [decodeHex, { whitespace: true }],
      [decodeHex, { alphabet: 'url' }],
      [decodeBase64, { padding: true }],
      [decodeBase64, { padding: 'toString' }],
      [decodeBase64, { alphabet: 2 }],
      [decodeBase64, { whiteSpace: 'ignore' }],
    ] as const)
      expect(faultOf(() => (act as (b: Uint8Array, o: object) => unknown)(none, options))).toBe(
        'UsageError ERR_OPTION',
      );
    const gone = Secret.from(none);
    gone.dispose();
    expect(faultOf(() => encodeHex(gone))).toBe('UsageError ERR_SECRET_DISPOSED');
  });
});

describe('white space', () => {
  const ignore = { whitespace: 'ignore' } as const;

  it('is skipped anywhere when asked, also inside padding', () => {
    expect(decodeHex(' \t4\n1\r\n 4 2\f', ignore)).toEqual(ascii('AB'));
    expect(decodeBase64('\nQU\r\nI =\t\n', ignore)).toEqual(ascii('AB'));
    expect(decodeBase64(' \n ', ignore)).toEqual(new Uint8Array());
  });

  it('is these five characters and no other', () => {
    for (let c = 0; c < 256; c++) {
      const spaced = Uint8Array.of(0x34, c, 0x31);
      const isSpace = [9, 10, 12, 13, 32].includes(c);
      const isDigit = /[0-9a-f]/i.test(String.fromCharCode(c));
      const fault = isDigit ? 'ERR_ENCODING at 3' : 'ERR_ENCODING at 1';
      expect(faultOf(() => decodeHex(spaced, ignore))).toBe(isSpace ? 'no error' : fault);
    }
  });

  it('offsets count it', () => {
    expect(faultOf(() => decodeHex('4 1\n4 !', ignore))).toBe('ERR_ENCODING at 6');
    expect(faultOf(() => decodeHex('4 1\n4 ', ignore))).toBe('ERR_ENCODING at 6');
    expect(faultOf(() => decodeBase64(ascii(' AA\n!A'), ignore))).toBe('ERR_ENCODING at 4');
  });
});

describe('any length', () => {
  it.each(LARGE)('%i bytes, or characters, in pieces', (length) => {
    const bytes = pattern(length);
    const hex = encodeHexText(bytes);
    expect(hex).toBe(bytesToHex(bytes));
    expect(same(decodeHex(hex), bytes)).toBe(true);
    for (const options of [{}, { alphabet: 'url' }, { padding: false }] as const) {
      const { padding = true, ...rest } = options as { padding?: boolean };
      const base64 = encodeBase64Text(bytes, options);
      expect(base64.length).toBe(padding ? Math.ceil(length / 3) * 4 : Math.ceil((length * 4) / 3));
      const back = decodeBase64(base64, { ...rest, padding: padding ? 'required' : 'forbidden' });
      expect(same(back, bytes)).toBe(true);
      const lines = base64.replace(/.{64}/g, '$&\r\n');
      expect(same(decodeBase64(ascii(lines), { ...rest, padding: 'optional', whitespace: 'ignore' }), bytes)).toBe(
        true,
      );
    }
  });

  it('a fault in a later piece is found at its place', () => {
    const hex = ascii(bytesToHex(pattern(70_000)));
    for (const at of [65_535, 65_536, 65_537, 139_999]) {
      const broken = hex.slice();
      broken[at] = 0x67;
      expect(faultOf(() => decodeHex(broken))).toBe(`ERR_ENCODING at ${at}`);
    }
    expect(faultOf(() => decodeHex(hex.subarray(0, 65_537)))).toBe('ERR_ENCODING at 65537');
    const base64 = encodeBase64(pattern(70_000));
    base64.set([0x3d, 0x3d], 65_534); // a padded group at the end of the first piece
    expect(faultOf(() => decodeBase64(base64))).toBe('ERR_ENCODING at 65534');
  });

  it('results stand alone and arguments are not changed', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const written = encodeHex(bytes);
    encodeHex(Uint8Array.of(9, 9, 9));
    expect(text(written)).toBe('010203');
    expect(written.buffer.byteLength).toBe(6);
    const read = decodeBase64(ascii('AQID'));
    expect(read.buffer.byteLength).toBe(3);
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('properties', () => {
  it('agree with @noble, and reading undoes writing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), fc.boolean(), (bytes, url, padding) => {
        const alphabet = url ? 'url' : 'standard';
        const hex = encodeHexText(bytes);
        expect(hex).toBe(bytesToHex(bytes));
        expect(decodeHex(hex)).toEqual(hexToBytes(hex));
        const base64 = encodeBase64Text(bytes, { alphabet, padding });
        expect(decodeBase64(base64, { alphabet, padding: padding ? 'required' : 'forbidden' })).toEqual(
          new Uint8Array(bytes),
        );
        const plain = base64.replaceAll('=', '').replaceAll('-', '+').replaceAll('_', '/');
        expect(plain).toBe(btoa(String.fromCharCode(...bytes)).replaceAll('=', ''));
      }),
      { numRuns: runs(300) },
    );
  });

  it('whatever is read is what would be written', () => {
    const near = fc.stringMatching(/^[A-Za-z0-9+/= \n-]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (guess) => {
        for (const read of [() => encodeBase64Text(decodeBase64(guess)), () => encodeHexText(decodeHex(guess))]) {
          let back: string;
          try {
            back = read();
          } catch (error) {
            expect((error as { code?: string }).code).toBe('ERR_ENCODING');
            continue;
          }
          expect(back.toLowerCase()).toBe(guess.toLowerCase());
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
