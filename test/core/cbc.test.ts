/** AES-CBC: SP 800-38A's figures, the shared vectors, @noble/ciphers as the other implementation, and bad paddings. */
import { cbc } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decryptCbc, encryptCbc } from '../../src/core/index.ts';
import { AuthenticationError, UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { hex, toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVectorJson } from '../support/vectors.ts';

const IV = hex('000102030405060708090a0b0c0d0e0f');
const thrown = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

describe('FIPS 197 appendix C: one block', () => {
  const plain = hex('00112233445566778899aabbccddeeff');
  for (const [bytes, cipher] of [
    [16, '69c4e0d86a7b0430d8cdb78070b4c55a'],
    [24, 'dda97ca4864cdfe06eaf70a0ec0d7191'],
    [32, '8ea2b7ca516745bfeafc49904b496089'],
  ] as const) {
    it(`AES-${8 * bytes}`, () => {
      const key = Uint8Array.from({ length: bytes }, (_, i) => i);
      expect(toHex(encryptCbc(key, new Uint8Array(16), plain, 'none'))).toBe(cipher);
      expect(toHex(decryptCbc(key, new Uint8Array(16), hex(cipher), 'none'))).toBe(toHex(plain));
    });
  }
});

describe('SP 800-38A appendix F.2', () => {
  const plain = hex(`6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef
         f69f2445df4f9b17ad2b417be66c3710`);
  for (const [name, key, cipher] of [
    [
      'F.2.1, F.2.2: AES-128',
      '2b7e151628aed2a6abf7158809cf4f3c',
      `7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2 73bed6b8e3c1743b7116e69e22229516
       3ff1caa1681fac09120eca307586e1a7`,
    ],
    [
      'F.2.3, F.2.4: AES-192',
      '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
      `4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a 571b242012fb7ae07fa9baac3df102e0
       08b0e27988598881d920a9e64f5615cd`,
    ],
    [
      'F.2.5, F.2.6: AES-256',
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      `f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d 39f23369a9d9bacfa530e26304231461
       b2eb05e2c39be9fcda6c19078c6a9d1b`,
    ],
  ] as const) {
    it(name, () => {
      expect(toHex(encryptCbc(hex(key), IV, plain, 'none'))).toBe(toHex(hex(cipher)));
      expect(toHex(decryptCbc(hex(key), IV, hex(cipher), 'none'))).toBe(toHex(plain));
    });
  }
});

describe('arguments', () => {
  const key = new Uint8Array(32);
  it('lengths and words that are refused', () => {
    for (const n of [1, 15, 17]) {
      expect(thrown(() => encryptCbc(key, IV, new Uint8Array(n), 'none'))).toMatchObject({ code: 'ERR_LENGTH' });
      expect(thrown(() => decryptCbc(key, IV, new Uint8Array(n)))).toMatchObject({ code: 'ERR_LENGTH' });
    }
    expect(thrown(() => decryptCbc(key, IV, new Uint8Array(0)))).toMatchObject({ code: 'ERR_LENGTH' });
    expect(thrown(() => encryptCbc(key, IV.subarray(1), new Uint8Array(16)))).toMatchObject({ code: 'ERR_LENGTH' });
    expect(thrown(() => encryptCbc(key.subarray(1), IV, key))).toMatchObject({ code: 'ERR_KEY_LENGTH' });
    expect(thrown(() => encryptCbc(key, IV, key, 'zero' as never))).toBeInstanceOf(UsageError);
    expect(thrown(() => encryptCbc(key, IV, 'text' as never))).toBeInstanceOf(UsageError);
  });

  it('nothing, without padding, is nothing', () => {
    expect(encryptCbc(key, IV, new Uint8Array(0), 'none')).toHaveLength(0);
    expect(decryptCbc(key, IV, new Uint8Array(0), 'none')).toHaveLength(0);
  });

  it('a Secret as key and as plaintext; arguments are not changed', () => {
    using secret = Secret.from(key);
    const iv = IV.slice();
    const text = encryptCbc(secret, iv, secret);
    const copy = text.slice();
    expect(decryptCbc(secret, iv, text)).toEqual(key);
    expect([iv, text]).toEqual([IV, copy]);
  });
});

describe('@noble/ciphers agrees', () => {
  const key = fc.constantFrom(16, 24, 32).chain((n) => fc.uint8Array({ minLength: n, maxLength: n }));
  const iv = fc.uint8Array({ minLength: 16, maxLength: 16 });

  it('any length: single blocks, groups of eight and tails', () => {
    fc.assert(
      fc.property(key, iv, fc.uint8Array({ maxLength: 600, size: 'max' }), (k, v, plain) => {
        const cipher = encryptCbc(k, v, plain);
        expect(toHex(cipher)).toBe(toHex(cbc(k, v).encrypt(plain)));
        expect(toHex(decryptCbc(k, v, cipher))).toBe(toHex(plain));
        const whole = plain.subarray(0, plain.length & ~15);
        const bare = encryptCbc(k, v, whole, 'none');
        expect(toHex(bare)).toBe(toHex(cbc(k, v, { disablePadding: true }).encrypt(whole)));
        expect(toHex(decryptCbc(k, v, bare, 'none'))).toBe(toHex(whole));
      }),
      { numRuns: runs(100) },
    );
  });

  it('around the window: 64 KiB and more', () => {
    const k = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
    const step = 65_536 - 128;
    for (const n of [step - 16, step - 1, step, step + 1, step + 16, 65_536, 2 * step - 1, 2 * step, 200_001]) {
      const plain = new Uint8Array(n).map((_, i) => i * 31 + (i >> 8));
      const cipher = encryptCbc(k, IV, plain);
      expect(toHex(cipher)).toBe(toHex(cbc(k, IV).encrypt(plain)));
      expect(toHex(decryptCbc(k, IV, cipher))).toBe(toHex(plain));
    }
  });
});

describe('bad paddings fail, with one wording', () => {
  const key = hex('2b7e151628aed2a6abf7158809cf4f3c');
  const errors = new Set<string>();
  /** The last block as given, encrypted without padding, decrypted with. */
  const tryLast = (last: Uint8Array, blocksBefore: number) => {
    const plain = new Uint8Array(16 * blocksBefore + 16);
    plain.set(last, 16 * blocksBefore);
    return () => decryptCbc(key, IV, encryptCbc(key, IV, plain, 'none'));
  };

  it('every value of the last byte, after 0, 7 and 8 other blocks', () => {
    for (const before of [0, 7, 8]) {
      for (let value = 0; value < 256; value++) {
        const run = tryLast(new Uint8Array(16).fill(value), before);
        if (value >= 1 && value <= 16) {
          expect(run()).toHaveLength(16 * before + 16 - value);
        } else {
          const error = thrown(run);
          expect(error).toBeInstanceOf(AuthenticationError);
          errors.add(`${(error as AuthenticationError).code} ${(error as AuthenticationError).message}`);
        }
      }
    }
  });

  it('every single wrong byte of every padding; bytes before a padding do not matter', () => {
    for (let pad = 1; pad <= 16; pad++) {
      for (let at = 0; at < 15; at++) {
        const last = new Uint8Array(16).fill(pad, 16 - pad);
        last[at]! ^= 0x40;
        const run = tryLast(last, 1);
        if (at < 16 - pad) {
          expect(run()).toHaveLength(32 - pad);
        } else {
          const error = thrown(run);
          errors.add(`${(error as AuthenticationError).code} ${(error as AuthenticationError).message}`);
        }
      }
    }
    expect(errors.size).toBe(1);
  });

  it('in the second window', () => {
    const cipher = encryptCbc(key, IV, new Uint8Array(70_000), 'none');
    expect(thrown(() => decryptCbc(key, IV, cipher))).toBeInstanceOf(AuthenticationError);
  });
});

describe.skipIf(!hasVectors())('shared vectors: AES-CBC', () => {
  it('wycheproof/aes_cbc_pkcs5_test.json', async () => {
    const file = 'wycheproof/aes_cbc_pkcs5_test.json';
    interface Wycheproof {
      readonly testGroups: readonly {
        readonly tests: readonly {
          readonly tcId: number;
          readonly key: string;
          readonly iv: string;
          readonly msg: string;
          readonly ct: string;
          readonly result: string;
        }[];
      }[];
    }
    const tests = (await readVectorJson<Wycheproof>(file)).testGroups.flatMap((g) => g.tests);
    for (const { tcId, key, iv, msg, ct, result } of tests) {
      if (result === 'valid') {
        expect(toHex(encryptCbc(hex(key), hex(iv), hex(msg))), `test ${tcId}`).toBe(ct);
        expect(toHex(decryptCbc(hex(key), hex(iv), hex(ct))), `test ${tcId}`).toBe(msg);
      } else {
        expect(() => decryptCbc(hex(key), hex(iv), hex(ct)), `test ${tcId}`).toThrow();
      }
    }
    expect(tests).toHaveLength(216);
    console.log(`vectors ${file}: ${tests.length} run`);
  });
});
