// HKDF against RFC 5869 appendix A and the Wycheproof file.
import { describe, expect, test } from 'vitest';
import { hkdf } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';
import { hex, toHex } from '../support/hex.ts';
import { hasVectors, readVectorJson } from '../support/vectors.ts';

const counted = (from: number, to: number): Uint8Array =>
  Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i);

// RFC 5869 A.1 to A.5, A.7 (A.7 has no salt at all).
test.each([
  [
    'A.1',
    'sha256',
    { key: new Uint8Array(22).fill(0x0b), salt: counted(0, 12), info: counted(0xf0, 0xf9), lengthBytes: 42 },
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
  [
    'A.2',
    'sha256',
    { key: counted(0, 0x4f), salt: counted(0x60, 0xaf), info: counted(0xb0, 0xff), lengthBytes: 82 },
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  ],
  [
    'A.3',
    'sha256',
    { key: new Uint8Array(22).fill(0x0b), salt: new Uint8Array(0), info: new Uint8Array(0), lengthBytes: 42 },
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  ],
  [
    'A.4',
    'sha1',
    { key: new Uint8Array(11).fill(0x0b), salt: counted(0, 12), info: counted(0xf0, 0xf9), lengthBytes: 42 },
    '085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896',
  ],
  [
    'A.7',
    'sha1',
    { key: new Uint8Array(22).fill(0x0c), lengthBytes: 42 },
    '2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48',
  ],
] as const)('RFC 5869 %s', (_, name, options, okm) => {
  expect(toHex(hkdf(name, options))).toBe(okm);
});

test('shorter output is a prefix of longer output, and secrets are as good as bytes', () => {
  using key = Secret.fromText('input keying material');
  const longest = hkdf('sha512', { key, lengthBytes: 255 * 64 });
  for (const lengthBytes of [1, 63, 64, 65, 128, 1000, 255 * 64 - 1])
    expect(toHex(hkdf('sha512', { key, lengthBytes }))).toBe(toHex(longest.subarray(0, lengthBytes)));
});

test('lengths and options that RFC 5869 or this door do not know are refused', () => {
  const key = new Uint8Array(16);
  for (const lengthBytes of [0, -1, 1.5, Number.NaN, 255 * 32 + 1])
    expect(() => hkdf('sha256', { key, lengthBytes })).toThrow(expect.objectContaining({ code: 'ERR_LENGTH' }));
  expect(() => hkdf('sha256', { key, lengthBytes: 16, length: 16 } as never)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION' }),
  );
});

interface HkdfFile {
  readonly testGroups: readonly {
    readonly tests: readonly {
      tcId: number;
      ikm: string;
      salt: string;
      info: string;
      size: number;
      okm: string;
      result: 'valid' | 'invalid';
    }[];
  }[];
}

describe.skipIf(!hasVectors())('vectors', () => {
  test('HKDF-SHA-256: Wycheproof', async () => {
    let run = 0;
    const { testGroups } = await readVectorJson<HkdfFile>('wycheproof/hkdf_sha256_test.json');
    for (const { tcId, ikm, salt, info, size, okm, result } of testGroups.flatMap((group) => group.tests)) {
      const derive = () => hkdf('sha256', { key: hex(ikm), salt: hex(salt), info: hex(info), lengthBytes: size });
      if (result === 'valid') expect(toHex(derive()), `${tcId}`).toBe(okm);
      else expect(derive, `${tcId}`).toThrow(expect.objectContaining({ code: 'ERR_LENGTH' }));
      run++;
    }
    expect(run).toBeGreaterThan(80);
    console.log(`vectors wycheproof/hkdf_sha256_test.json: ${run} run`);
  });
});
