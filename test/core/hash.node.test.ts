// Hashes and HMAC against node:crypto (OpenSSL) and @noble/hashes, at every length around the block borders.
import { createHash, createHmac } from 'node:crypto';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HashName, hash, hmac } from '../../src/core/index.ts';
import { toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';

const NOBLE = {
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  'sha512-224': sha512_224,
  'sha512-256': sha512_256,
} as const;
const NAMES = Object.keys(NOBLE) as HashName[];

/** Bytes that differ at every place and length. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + length) & 255);
}

test.each(NAMES)('%s: every length to 400, and around the window', (name) => {
  const windowed = [65_535, 65_536, 65_537, 65_536 + 63, 65_536 + 64, 131_072, 131_073, 300_001];
  for (const length of [...Array.from({ length: 401 }, (_, i) => i), ...windowed]) {
    const bytes = pattern(length);
    const got = toHex(hash(name, bytes));
    expect(got, `${length}`).toBe(createHash(name).update(bytes).digest('hex'));
    expect(got, `${length}`).toBe(toHex(NOBLE[name](bytes)));
  }
});

test.each(NAMES)('HMAC-%s: every key length to 300, texts around the block borders', (name) => {
  for (let keyLength = 0; keyLength <= 300; keyLength++) {
    const key = pattern(keyLength);
    const text = pattern((keyLength * 7) % 270);
    const got = toHex(hmac(name, key, text));
    expect(got, `${keyLength}`).toBe(createHmac(name, key).update(text).digest('hex'));
    expect(got, `${keyLength}`).toBe(toHex(nobleHmac(NOBLE[name], key, text)));
  }
});

test('random keys and texts', () => {
  const bytes = fc.uint8Array({ maxLength: 1000 });
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), bytes, bytes, (name, key, text) => {
      expect(toHex(hash(name, text))).toBe(createHash(name).update(text).digest('hex'));
      expect(toHex(hmac(name, key, text))).toBe(createHmac(name, key).update(text).digest('hex'));
    }),
    { numRuns: runs(300) },
  );
});
