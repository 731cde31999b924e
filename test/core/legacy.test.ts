/** DES, Triple DES, RC2 and RC4 on the figures of their standards. */
import { beforeAll, describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { legacyDecryptCbc, legacyEncryptCbc, loadLegacy, rc4 } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const ZERO_IV = new Uint8Array(8);
const block = { padding: 'none' } as const;

describe('before loading', () => {
  it('says what to do', () => {
    for (const call of [
      () => rc4(new Uint8Array(5), new Uint8Array(1)),
      () => legacyDecryptCbc('des', new Uint8Array(8), ZERO_IV, new Uint8Array(8)),
    ])
      expect(call).toThrow(
        expect.objectContaining({
          code: 'ERR_LEGACY_NOT_LOADED',
          hint: expect.stringContaining("await loadLegacy()` from 'keyward/core'"),
        }),
      );
  });
});

describe('the standards', () => {
  beforeAll(async () => {
    await Promise.all([loadLegacy(), loadLegacy()]);
    await loadLegacy();
  });

  // key, plaintext, ciphertext
  const DES = [
    // SP 800-17 table A.1, variable plaintext
    ['0101010101010101', '8000000000000000', '95f8a5e5dd31d900'],
    ['0101010101010101', '4000000000000000', 'dd7f121ca5015619'],
    ['0101010101010101', '0000000080000000', 'e943d7568aec0c5c'],
    ['0101010101010101', '0000000000000001', '166b40b44aba4bd6'],
    // table A.2, variable key
    ['8001010101010101', '0000000000000000', '95a8d72813daa94d'],
    // table A.4, substitution tables
    ['7ca110454a1a6e57', '01a1d6d039776742', '690f5b0d9a26939b'],
    ['0131d9619dc1376e', '5cd54ca83def57da', '7a389d10354bd271'],
    // complement of key and text gives the complement
    ['fefefefefefefefe', '7fffffffffffffff', '6a075a1a22ce26ff'],
  ] as const;
  it.each(DES)('DES, SP 800-17: %s', (key, plain, cipher) => {
    expect(formatHex(legacyEncryptCbc('des', bytes(key), ZERO_IV, bytes(plain), block))).toBe(cipher);
    expect(formatHex(legacyDecryptCbc('des', bytes(key), ZERO_IV, bytes(cipher), block))).toBe(plain);
  });

  it('DES CBC, FIPS 81 table C1', () => {
    const text = new TextEncoder().encode('Now is the time for all ');
    const key = bytes('0123456789abcdef');
    const iv = bytes('1234567890abcdef');
    const cipher = legacyEncryptCbc('des', key, iv, text, block);
    expect(formatHex(cipher)).toBe('e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6');
    expect(legacyDecryptCbc('des', key, iv, cipher, block)).toEqual(text);
  });

  it('Triple DES, SP 800-67 B.1', () => {
    const key = bytes('0123456789abcdef23456789abcdef01456789abcdef0123');
    for (const [plain, cipher] of [
      ['5468652071756663', 'a826fd8ce53b855f'],
      ['6b2062726f776e20', 'cce21c8112256fe6'],
      ['666f78206a756d70', '68d5c05dd9b6b900'],
    ] as const) {
      expect(formatHex(legacyEncryptCbc('3des', key, ZERO_IV, bytes(plain), block))).toBe(cipher);
      expect(formatHex(legacyDecryptCbc('3des', key, ZERO_IV, bytes(cipher), block))).toBe(plain);
    }
  });

  it('Triple DES with equal keys is DES, with two keys the third is the first', () => {
    const data = new Uint8Array(24).map((_, i) => 7 * i);
    const [a, b] = [bytes('0123456789abcdef'), bytes('fedcba9876543210')];
    expect(legacyEncryptCbc('3des', Uint8Array.of(...a, ...a, ...a), a, data)).toEqual(
      legacyEncryptCbc('des', a, a, data),
    );
    expect(legacyEncryptCbc('3des', Uint8Array.of(...a, ...b), a, data)).toEqual(
      legacyEncryptCbc('3des', Uint8Array.of(...a, ...b, ...a), a, data),
    );
  });

  // key, effective bits, plaintext, ciphertext
  const RC2 = [
    ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
    ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
    ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
    ['88', 64, '0000000000000000', '61a8a244adacccf0'],
    ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
    ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
    ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
    ['88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e', 129, '0000000000000000', '5b78d3a43dfff1f1'],
  ] as const;
  it.each(RC2)('RC2, RFC 2268 clause 5: %s with %i bits', (key, effectiveBits, plain, cipher) => {
    const options = { padding: 'none', effectiveBits } as const;
    expect(formatHex(legacyEncryptCbc('rc2', bytes(key), ZERO_IV, bytes(plain), options))).toBe(cipher);
    expect(formatHex(legacyDecryptCbc('rc2', bytes(key), ZERO_IV, bytes(cipher), options))).toBe(plain);
  });

  // key, then the key stream at 0, 16, 240 and 4096
  const RC4 = [
    [
      '0102030405',
      'b2396305f03dc027ccc3524a0a1118a8',
      '6982944f18fc82d589c403a47a0d0919',
      '28cb1132c96ce286421dcaadb8b69eae',
      'ff25b58995996707e51fbdf08b34d875',
    ],
    [
      '0102030405060708090a0b0c0d0e0f10',
      '9ac7cc9a609d1ef7b2932899cde41b97',
      '5248c4959014126a6e8a84f11d1a9e1c',
      '065902e4b620f6cc36c8589f66432f2b',
      'a36a4c301ae8ac13610ccbc12256cacc',
    ],
  ] as const;
  it.each(RC4)('RC4, RFC 6229: %s', (key, at0, at16, at240, at4096) => {
    const stream = formatHex(rc4(bytes(key), new Uint8Array(4112)));
    expect([0, 16, 240, 4096].map((at) => stream.slice(2 * at, 2 * at + 32))).toEqual([at0, at16, at240, at4096]);
  });
});

describe('padding, limits and leftovers', () => {
  beforeAll(loadLegacy);
  const key = Secret.from(bytes('0123456789abcdef'));

  it('every length comes back', () => {
    for (let n = 0; n < 40; n++) {
      const data = new Uint8Array(n).fill(n);
      const cipher = legacyEncryptCbc('rc2', key, ZERO_IV, data, { effectiveBits: 40 });
      expect(cipher.length).toBe(8 * Math.floor(n / 8) + 8);
      expect(legacyDecryptCbc('rc2', key, ZERO_IV, cipher, { effectiveBits: 40 })).toEqual(data);
    }
  });

  it('every wrong padding has one error', () => {
    const wrong = expect.objectContaining({ code: 'ERR_INTEGRITY', name: 'AuthenticationError' });
    for (const end of [
      '00',
      '09',
      'ff',
      '0102',
      '030303030203',
      '0808080808080708',
      '0708080808080808',
      '07070707070708',
    ]) {
      const data = bytes(end.padStart(32, 'a'));
      const cipher = legacyEncryptCbc('des', key, ZERO_IV, data, block);
      expect(() => legacyDecryptCbc('des', key, ZERO_IV, cipher), end).toThrow(wrong);
    }
    for (const n of [0, 1, 7, 9])
      expect(() => legacyDecryptCbc('des', key, ZERO_IV, new Uint8Array(n)), String(n)).toThrow(wrong);
  });

  it('refuses wrong arguments', () => {
    const code = (wanted: string) => expect.objectContaining({ code: wanted });
    const data = new Uint8Array(8);
    for (const n of [0, 7, 9, 16, 129])
      expect(() => legacyEncryptCbc('des', new Uint8Array(n), ZERO_IV, data)).toThrow(code('ERR_LENGTH'));
    for (const n of [0, 8, 15, 23, 25])
      expect(() => legacyEncryptCbc('3des', new Uint8Array(n), ZERO_IV, data)).toThrow(code('ERR_LENGTH'));
    for (const n of [0, 129])
      expect(() => legacyDecryptCbc('rc2', new Uint8Array(n), ZERO_IV, data, { effectiveBits: 40 })).toThrow(
        code('ERR_LENGTH'),
      );
    for (const effectiveBits of [0, -1, 1025])
      expect(() => legacyDecryptCbc('rc2', key, ZERO_IV, data, { effectiveBits })).toThrow(code('ERR_ARGUMENT'));
    for (const n of [0, 7, 9, 16])
      expect(() => legacyDecryptCbc('des', key, new Uint8Array(n), data)).toThrow(code('ERR_LENGTH'));
    expect(() => legacyEncryptCbc('des', key, ZERO_IV, new Uint8Array(7), block)).toThrow(code('ERR_LENGTH'));
    expect(() => legacyEncryptCbc('blowfish' as 'des', key, ZERO_IV, data)).toThrow(code('ERR_ARGUMENT'));
    expect(() => legacyEncryptCbc('des', key, ZERO_IV, data, { bits: 1 } as object)).toThrow(code('ERR_OPTION'));
    for (const n of [0, 257]) expect(() => rc4(new Uint8Array(n), data)).toThrow(code('ERR_LENGTH'));
    const huge = new Uint8Array((8 << 20) + 1);
    expect(() => rc4(key, huge)).toThrow(code('ERR_CAPACITY'));
    expect(() => legacyDecryptCbc('des', key, ZERO_IV, huge)).toThrow(code('ERR_CAPACITY'));
  });

  it('takes the largest input', () => {
    const data = new Uint8Array(8 << 20).fill(5);
    const cipher = legacyEncryptCbc('des', key, ZERO_IV, data);
    expect(cipher.length).toBe(data.length + 8);
  });
});
