/** Node's OpenSSL as the other implementation of key wrap and CBC. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decryptCbc, encryptCbc, unwrapKey, unwrapKeyPadded, wrapKey, wrapKeyPadded } from '../../src/core/index.ts';
import { toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';

const keys = fc.constantFrom(16, 24, 32).chain((n) => fc.uint8Array({ minLength: n, maxLength: n }));
const KW_IV = new Uint8Array(8).fill(0xa6);
const KWP_IV = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6);

describe('node:crypto agrees', () => {
  it('id-aes*-wrap', () => {
    fc.assert(
      fc.property(keys, fc.uint8Array({ minLength: 16, maxLength: 512, size: 'max' }), (kek, bytes) => {
        const key = bytes.subarray(0, bytes.length & ~7);
        const name = `id-aes${kek.length * 8}-wrap`;
        const wrapped = createCipheriv(name, kek, KW_IV).update(key);
        expect(toHex(wrapKey(kek, key))).toBe(toHex(wrapped));
        expect(toHex(unwrapKey(kek, wrapped))).toBe(toHex(createDecipheriv(name, kek, KW_IV).update(wrapped)));
      }),
      { numRuns: runs(300) },
    );
  });

  it('id-aes*-wrap-pad', () => {
    fc.assert(
      fc.property(keys, fc.uint8Array({ minLength: 1, maxLength: 300, size: 'max' }), (kek, key) => {
        const name = `id-aes${kek.length * 8}-wrap-pad`;
        const wrapped = createCipheriv(name, kek, KWP_IV).update(key);
        expect(toHex(wrapKeyPadded(kek, key))).toBe(toHex(wrapped));
        expect(toHex(unwrapKeyPadded(kek, wrapped))).toBe(toHex(key));
      }),
      { numRuns: runs(300) },
    );
  });

  it('aes-*-cbc', () => {
    const ivs = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(keys, ivs, fc.uint8Array({ maxLength: 1000, size: 'max' }), (key, iv, plain) => {
        const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv);
        const expected = new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final()]));
        expect(toHex(encryptCbc(key, iv, plain))).toBe(toHex(expected));
        expect(toHex(decryptCbc(key, iv, expected))).toBe(toHex(plain));
      }),
      { numRuns: runs(300) },
    );
  });

  it('refuses the same changed ciphertexts, give or take nothing', () => {
    const key = new Uint8Array(32).fill(7);
    const iv = new Uint8Array(16).fill(9);
    const cipher = encryptCbc(key, iv, new Uint8Array(37));
    for (let value = 0; value < 256; value++) {
      const changed = cipher.slice();
      changed[cipher.length - 17] = value;
      const theirs = createDecipheriv('aes-256-cbc', key, iv);
      let expected: string;
      try {
        expected = toHex(Buffer.concat([theirs.update(changed), theirs.final()]));
      } catch {
        expected = 'refused';
      }
      let ours: string;
      try {
        ours = toHex(decryptCbc(key, iv, changed));
      } catch {
        ours = 'refused';
      }
      expect(ours).toBe(expected);
    }
  });
});
