/** Hex and base64 against Node's own `Buffer`, which is lenient where ours is strict. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBase64, decodeHex, encodeBase64Text, encodeHexText } from '../../src/core/index.ts';
import { runs } from '../support/runs.ts';

it('writes what Buffer writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const node = Buffer.from(bytes);
      expect(encodeHexText(bytes)).toBe(node.toString('hex'));
      expect(encodeHexText(bytes, { letters: 'upper' })).toBe(node.toString('hex').toUpperCase());
      expect(encodeBase64Text(bytes)).toBe(node.toString('base64'));
      expect(encodeBase64Text(bytes, { alphabet: 'url', padding: false })).toBe(node.toString('base64url'));
    }),
    { numRuns: runs(300) },
  );
});

it('takes a text exactly when Buffer reads it and writes it back unchanged', () => {
  const near = fc.stringMatching(/^[A-Za-z0-9+/_-]{0,9}={0,3}$/);
  let taken = 0;
  const check = (guess: string, read: () => Uint8Array, encoding: 'hex' | 'base64' | 'base64url'): void => {
    const reference = Buffer.from(guess, encoding);
    const written = reference.toString(encoding);
    const canonical = written === guess || (encoding === 'hex' && written === guess.toLowerCase());
    let ours: Uint8Array | undefined;
    try {
      ours = read();
    } catch {
      // refused
    }
    expect([guess, ours !== undefined]).toEqual([guess, canonical]);
    if (ours !== undefined) {
      taken++;
      expect(Buffer.from(ours).equals(reference)).toBe(true);
    }
  };
  fc.assert(
    fc.property(near, (guess) => {
      check(guess, () => decodeHex(guess), 'hex');
      check(guess, () => decodeBase64(guess), 'base64');
      check(guess, () => decodeBase64(guess, { alphabet: 'url', padding: 'forbidden' }), 'base64url');
    }),
    { numRuns: runs(2000) },
  );
  expect(taken).toBeGreaterThan(100);
});
