import { expect, test } from 'vitest';
import { equalSecretBytes } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';

test('equal bytes are equal, at every length around the window', () => {
  for (const length of [0, 1, 31, 32, 65_535, 65_536, 65_537, 200_000]) {
    const a = Uint8Array.from({ length }, (_, i) => i * 7);
    using secret = Secret.from(a);
    expect(equalSecretBytes(a, a.slice())).toBe(true);
    expect(equalSecretBytes(secret, a)).toBe(true);
  }
});

test('one flipped bit anywhere, or another length, makes a difference', () => {
  const a = Uint8Array.from({ length: 70_000 }, (_, i) => i);
  for (const at of [0, 1, 65_535, 65_536, 69_999]) {
    for (let bit = 0; bit < 8; bit++) {
      const b = a.slice();
      b[at] = b[at]! ^ (1 << bit);
      expect(equalSecretBytes(a, b)).toBe(false);
    }
  }
  expect(equalSecretBytes(a, a.subarray(1))).toBe(false);
  expect(equalSecretBytes(new Uint8Array(0), new Uint8Array(1))).toBe(false);
});
