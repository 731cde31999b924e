/** Batches of keys: the same results as one by one, at every count and length, and exact word of which keys failed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importKek, unwrapKey, unwrapKeys, wrapKey, wrapKeys } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';
import { hex, toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVectorJson } from '../support/vectors.ts';

const KEK = hex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');

/** Bytes that differ everywhere, from a seed. */
const bytesFrom = (seed: number, length: number): Uint8Array<ArrayBuffer> => {
  let state = seed | 1;
  return new Uint8Array(length).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
};
const split = (flat: Uint8Array, each: number) =>
  Array.from({ length: flat.length / each }, (_, i) => flat.subarray(i * each, (i + 1) * each));
const oneByOne = (kek: Uint8Array, flat: Uint8Array, each: number) =>
  split(flat, each).map((key) => toHex(wrapKey(kek, key)));

describe('wrapKeys and unwrapKeys do what wrapKey and unwrapKey do', () => {
  it('1 to 25 keys of 32 bytes: every count of idle lanes and of keys left over', () => {
    for (let count = 1; count <= 25; count++) {
      const flat = bytesFrom(count, 32 * count);
      const wrapped = wrapKeys(KEK, flat, 32);
      expect(split(wrapped, 40).map(toHex)).toEqual(oneByOne(KEK, flat, 32));
      const { keys, failed } = unwrapKeys(KEK, wrapped, 32);
      expect([toHex(keys), failed]).toEqual([toHex(flat), []]);
    }
  });

  it('every KEK length and key length, counters above 255 and keys too long for the planes too', () => {
    for (const kekBytes of [16, 24, 32]) {
      for (const each of [16, 24, 40, 128, 344, 352, 360, 760, 864, 872, 4096]) {
        const kek = bytesFrom(kekBytes, kekBytes);
        const flat = bytesFrom(each, each * 9);
        const wrapped = wrapKeys(kek, flat, each);
        expect(split(wrapped, each + 8).map(toHex)).toEqual(oneByOne(kek, flat, each));
        expect(toHex(unwrapKeys(kek, wrapped, each).keys)).toBe(toHex(flat));
      }
    }
  });

  it('any count and length, with a handle', () => {
    using kek = importKek(KEK);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 2, max: 12 }), fc.integer(), (count, n, seed) => {
        const flat = bytesFrom(seed, count * n * 8);
        const wrapped = wrapKeys(kek, flat, 8 * n);
        expect(split(wrapped, 8 * n + 8).map(toHex)).toEqual(oneByOne(KEK, flat, 8 * n));
        expect(toHex(unwrapKeys(kek, wrapped, 8 * n).keys)).toBe(toHex(flat));
      }),
      { numRuns: runs(60) },
    );
  });

  it('more than one window', () => {
    for (const [count, each] of [
      [5000, 16],
      [3001, 32],
      [5, 32_768],
    ] as const) {
      const flat = bytesFrom(7, count * each);
      const wrapped = wrapKeys(KEK, flat, each);
      for (const i of [0, 1, count >> 1, count - 1]) {
        expect(toHex(wrapped.subarray(i * (each + 8), (i + 1) * (each + 8)))).toBe(
          toHex(wrapKey(KEK, flat.subarray(i * each, (i + 1) * each))),
        );
      }
      const { keys, failed } = unwrapKeys(KEK, wrapped, each);
      expect([toHex(keys) === toHex(flat), failed]).toEqual([true, []]);
    }
  });

  it('a Secret; arguments are not changed', () => {
    using secret = Secret.from(bytesFrom(3, 32 * 20));
    const wrapped = wrapKeys(KEK, secret, 32);
    const copy = wrapped.slice();
    unwrapKeys(KEK, wrapped, 32);
    expect([toHex(secret.expose()), toHex(wrapped)]).toEqual([toHex(bytesFrom(3, 32 * 20)), toHex(copy)]);
  });
});

describe('failures', () => {
  it('are named, and only those; their keys are zeros', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.uniqueArray(fc.nat(29)), fc.nat(39), (count, picks, byte) => {
        const bad = picks.filter((i) => i < count).sort((a, b) => a - b);
        const flat = bytesFrom(count, 32 * count);
        const wrapped = wrapKeys(KEK, flat, 32);
        for (const i of bad) wrapped[40 * i + byte]! ^= 1 << (byte & 7);
        const { keys, failed } = unwrapKeys(KEK, wrapped, 32);
        expect(failed).toEqual(bad);
        for (const i of bad) flat.fill(0, 32 * i, 32 * i + 32);
        expect(toHex(keys)).toBe(toHex(flat));
      }),
      { numRuns: runs(100) },
    );
  });

  it('beyond the first window', () => {
    const wrapped = wrapKeys(KEK, bytesFrom(1, 32 * 4000), 32);
    for (const i of [0, 1871, 1872, 3999]) wrapped[40 * i]! ^= 0x80;
    const { keys, failed } = unwrapKeys(KEK, wrapped, 32);
    expect(failed).toEqual([0, 1871, 1872, 3999]);
    expect(keys.subarray(32 * 1871, 32 * 1873).every((b) => b === 0)).toBe(true);
  });

  it('a wrong KEK fails them all', () => {
    const wrapped = wrapKeys(KEK, bytesFrom(1, 32 * 11), 32);
    const { keys, failed } = unwrapKeys(bytesFrom(2, 32), wrapped, 32);
    expect(failed).toHaveLength(11);
    expect(keys.every((b) => b === 0)).toBe(true);
  });

  it('lengths that are refused', () => {
    const code = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return 'nothing was thrown';
    };
    for (const each of [0, 8, 12, 31.5, Number.NaN, -16]) {
      expect(code(() => wrapKeys(KEK, new Uint8Array(96), each))).toBe('ERR_LENGTH');
    }
    expect(code(() => wrapKeys(KEK, new Uint8Array(97), 32))).toBe('ERR_LENGTH');
    expect(code(() => unwrapKeys(KEK, new Uint8Array(96), 32))).toBe('ERR_LENGTH');
    expect(code(() => wrapKeys(KEK, new Uint8Array(0), 40_000))).toBe('ERR_LIMIT_SIZE');
    expect(code(() => wrapKeys(KEK.subarray(1), new Uint8Array(96), 32))).toBe('ERR_KEY_LENGTH');
  });

  it('nothing is nothing', () => {
    expect(wrapKeys(KEK, new Uint8Array(0), 32)).toHaveLength(0);
    expect(unwrapKeys(KEK, new Uint8Array(0), 32)).toEqual({ keys: new Uint8Array(0), failed: [] });
  });
});

describe.skipIf(!hasVectors())('shared vectors: key wrap in batches', () => {
  interface Nist {
    readonly tests: readonly { readonly K: string; readonly C: string; readonly P?: string; readonly fail?: boolean }[];
  }
  for (const bits of [128, 192, 256]) {
    it(`keywrap/nist-kw_ad_${bits}.json, each beside seven others`, async () => {
      const { tests } = await readVectorJson<Nist>(`keywrap/nist-kw_ad_${bits}.json`);
      for (const [i, { K, C, P, fail }] of tests.entries()) {
        const [kek, wrapped] = [hex(K), hex(C)];
        const each = wrapped.length - 8;
        const lane = i % 8;
        const flat = wrapKeys(kek, bytesFrom(i, 8 * each), each);
        flat.set(wrapped, lane * (each + 8));
        const { keys, failed } = unwrapKeys(kek, flat, each);
        expect(failed).toEqual(fail ? [lane] : []);
        expect(toHex(keys.subarray(lane * each, (lane + 1) * each))).toBe(fail ? '00'.repeat(each) : P);
        if (!fail) expect(toHex(unwrapKey(kek, wrapped))).toBe(P);
      }
      console.log(`vectors keywrap/nist-kw_ad_${bits}.json in batches: ${tests.length} run`);
    });
  }
});
