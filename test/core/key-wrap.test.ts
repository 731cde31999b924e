/** Key wrap of one key: the RFCs' figures, the shared vectors, @noble/ciphers as the other implementation, and what must fail. */
import { aeskw, aeskwp, ecb } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/bytes.ts';
import { unwrapKey, unwrapKeyPadded, wrapKey, wrapKeyPadded } from '../../src/core/index.ts';
import { AuthenticationError, LimitError, UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { hex, toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVectorJson, readVectorText } from '../support/vectors.ts';

const KEK = hex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
const KEY = hex('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F');

const thrown = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};
const expectRefused = (run: () => unknown) => expect(thrown(run)).toBeInstanceOf(Error);

describe('RFC 3394 section 4', () => {
  const cases: [kekBytes: number, keyBytes: number, wrapped: string][] = [
    [16, 16, '1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5'],
    [24, 16, '96778B25AE6CA435 F92B5B97C050AED2 468AB8A17AD84E5D'],
    [32, 16, '64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7'],
    [24, 24, '031D33264E15D332 68F24EC260743EDC E1C6C7DDEE725A93 6BA814915C6762D2'],
    [32, 24, 'A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1'],
    [32, 32, '28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21'],
  ];
  for (const [i, [kekBytes, keyBytes, wrapped]] of cases.entries()) {
    it(`4.${i + 1}: ${8 * keyBytes} bits under a ${8 * kekBytes}-bit KEK`, () => {
      const [kek, key] = [KEK.slice(0, kekBytes), KEY.slice(0, keyBytes)];
      expect(toHex(wrapKey(kek, key))).toBe(toHex(hex(wrapped)));
      expect(toHex(unwrapKey(kek, hex(wrapped)))).toBe(toHex(key));
    });
  }
});

describe('RFC 5649 section 6', () => {
  const kek = hex('5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8');
  for (const [key, wrapped] of [
    [
      'c37b7e6492584340 bed1220780894115 5068f738',
      '138bdeaa9b8fa7fc 61f97742e72248ee 5ae6ae5360d1ae6a 5f54f373fa543b6a',
    ],
    ['466f7250617369', 'afbeb0f07dfbf541 9200f2ccb50bb24f'],
  ] as const) {
    it(`${hex(key).length} bytes`, () => {
      expect(toHex(wrapKeyPadded(kek, hex(key)))).toBe(toHex(hex(wrapped)));
      expect(toHex(unwrapKeyPadded(kek, hex(wrapped)))).toBe(toHex(hex(key)));
    });
  }
});

describe('arguments', () => {
  it('a Secret as KEK and as key', () => {
    using kek = Secret.from(KEK);
    using key = Secret.from(KEY);
    expect(unwrapKey(kek, wrapKey(kek, key))).toEqual(KEY);
    expect(unwrapKeyPadded(kek, wrapKeyPadded(kek, key))).toEqual(KEY);
  });

  it('are not changed', () => {
    const [kek, key] = [KEK.slice(), KEY.slice()];
    const wrapped = wrapKey(kek, key);
    const copy = wrapped.slice();
    unwrapKey(kek, wrapped);
    expect([kek, key, wrapped]).toEqual([KEK, KEY, copy]);
  });

  it('lengths that are refused', () => {
    const of = (n: number) => new Uint8Array(n);
    for (const n of [0, 1, 8, 15, 17, 23]) {
      expect(thrown(() => wrapKey(KEK, of(n)))).toMatchObject({ code: 'ERR_LENGTH', name: 'UsageError' });
    }
    for (const n of [0, 8, 16, 25]) expect(thrown(() => unwrapKey(KEK, of(n)))).toMatchObject({ code: 'ERR_LENGTH' });
    expect(thrown(() => wrapKeyPadded(KEK, of(0)))).toMatchObject({ code: 'ERR_LENGTH' });
    for (const n of [0, 8, 17]) expect(thrown(() => unwrapKeyPadded(KEK, of(n)))).toMatchObject({ code: 'ERR_LENGTH' });
    for (const n of [0, 15, 31, 33])
      expect(thrown(() => wrapKey(of(n), KEY))).toMatchObject({ code: 'ERR_KEY_LENGTH' });
    expect(thrown(() => wrapKey(KEK, of(8 * 1024 * 1024)))).toBeInstanceOf(LimitError);
    expect(thrown(() => wrapKey(KEK, 'key' as never))).toBeInstanceOf(UsageError);
    expect(thrown(() => wrapKey('kek' as never, KEY))).toBeInstanceOf(UsageError);
  });

  it('a disposed Secret', () => {
    const gone = Secret.from(KEK);
    gone.dispose();
    expect(thrown(() => wrapKey(gone, KEY))).toMatchObject({ code: 'ERR_SECRET_DISPOSED' });
  });
});

describe('what must fail fails, with one wording', () => {
  it('every single-bit change of a wrapped key', () => {
    const messages = new Set<string>();
    for (const [wrap, unwrap] of [
      [wrapKey, unwrapKey],
      [wrapKeyPadded, unwrapKeyPadded],
    ] as const) {
      const wrapped = wrap(KEK, KEY.slice(0, 16));
      for (let bit = 0; bit < 8 * wrapped.length; bit++) {
        const changed = wrapped.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const error = thrown(() => unwrap(KEK, changed));
        expect(error).toBeInstanceOf(AuthenticationError);
        messages.add(`${(error as AuthenticationError).code} ${(error as AuthenticationError).message}`);
      }
    }
    expect(messages.size).toBe(1);
  });

  it('KW and KWP are not taken for one another', () => {
    expectRefused(() => unwrapKeyPadded(KEK, wrapKey(KEK, KEY)));
    expectRefused(() => unwrapKey(KEK, wrapKeyPadded(KEK, KEY)));
  });

  it('a KWP with a good prefix and a length or padding that does not fit', () => {
    // RFC 5649 section 3; each of these initial values or paddings is wrong in one way only
    for (const [n, length, last] of [
      [2, 8, 0],
      [2, 17, 0],
      [2, 0, 0],
      [2, 0xffffffff, 0],
      [2, 9, 1],
      [2, 15, 0x80],
      [1, 0, 0],
      [1, 9, 0],
      [1, 7, 1],
    ] as const) {
      const data = new Uint8Array(8 * (n + 1));
      data.set(hex('A65959A6'));
      new DataView(data.buffer).setUint32(4, length);
      data[data.length - 1] = last;
      expect(
        thrown(() => unwrapKeyPadded(KEK, wrapRaw(KEK, data))),
        `n ${n}, length ${length}`,
      ).toBeInstanceOf(AuthenticationError);
    }
    // and the harness itself makes good ones
    const good = new Uint8Array(24);
    good.set(hex('A65959A60000000f'));
    expect(unwrapKeyPadded(KEK, wrapRaw(KEK, good))).toEqual(new Uint8Array(15));
  });
});

describe('@noble/ciphers agrees', () => {
  const kek = fc.constantFrom(16, 24, 32).chain((n) => fc.uint8Array({ minLength: n, maxLength: n }));

  it('KW, both ways', () => {
    fc.assert(
      fc.property(kek, fc.uint8Array({ minLength: 2, maxLength: 40 }), fc.nat(7), (k, seed, fill) => {
        const key = new Uint8Array(8 * seed.length).map((_, i) => seed[i >> 3]! + i * fill);
        const wrapped = wrapKey(k, key);
        expect(toHex(wrapped)).toBe(toHex(aeskw(k).encrypt(key)));
        expect(toHex(unwrapKey(k, wrapped))).toBe(toHex(key));
      }),
      { numRuns: runs(150) },
    );
  });

  it('KWP, both ways', () => {
    fc.assert(
      fc.property(kek, fc.uint8Array({ minLength: 1, maxLength: 200 }), (k, key) => {
        const wrapped = wrapKeyPadded(k, key);
        expect(toHex(wrapped)).toBe(toHex(aeskwp(k).encrypt(key)));
        expect(toHex(unwrapKeyPadded(k, wrapped))).toBe(toHex(key));
      }),
      { numRuns: runs(150) },
    );
  });

  it('long keys: a round counter beyond one and two bytes, the window and the arena', () => {
    for (const n of [344, 4096, 16_384, 16_384 + 8, 65_536 - 96, 65_536 - 88, 100_000]) {
      const key = new Uint8Array(n).map((_, i) => i * 7 + (i >> 8));
      const wrapped = wrapKey(KEK, key);
      expect(toHex(wrapped)).toBe(toHex(aeskw(KEK).encrypt(key)));
      expect(toHex(unwrapKey(KEK, wrapped))).toBe(toHex(key));
      const padded = wrapKeyPadded(KEK, key.subarray(3));
      expect(toHex(padded)).toBe(toHex(aeskwp(KEK).encrypt(key.subarray(3))));
      expect(toHex(unwrapKeyPadded(KEK, padded))).toBe(toHex(key.subarray(3)));
      wrapped[n >> 1]! ^= 1;
      expect(thrown(() => unwrapKey(KEK, wrapped))).toBeInstanceOf(AuthenticationError);
    }
  });
});

describe.skipIf(!hasVectors())('shared vectors: key wrap', () => {
  interface Nist {
    readonly mode: 'KW' | 'KWP';
    readonly op: 'wrap' | 'unwrap';
    readonly tests: readonly { readonly K: string; readonly C: string; readonly P?: string; readonly fail?: boolean }[];
  }
  const nist = ['kw', 'kwp'].flatMap((mode) =>
    ['ae', 'ad'].flatMap((op) => [128, 192, 256].map((bits) => `keywrap/nist-${mode}_${op}_${bits}.json`)),
  );
  for (const file of nist) {
    it(`${file} (NIST CAVP)`, async () => {
      const { mode, op, tests } = await readVectorJson<Nist>(file);
      const [wrap, unwrap] = mode === 'KW' ? [wrapKey, unwrapKey] : [wrapKeyPadded, unwrapKeyPadded];
      for (const { K, C, P, fail } of tests) {
        if (op === 'wrap') expect(toHex(wrap(hex(K), hex(P!)))).toBe(C);
        else if (fail) expect(thrown(() => unwrap(hex(K), hex(C)))).toBeInstanceOf(AuthenticationError);
        else expect(toHex(unwrap(hex(K), hex(C)))).toBe(P);
      }
      expect(tests).toHaveLength(500);
      console.log(`vectors ${file}: ${tests.length} run`);
    });
  }

  interface Wycheproof {
    readonly testGroups: readonly {
      readonly tests: readonly {
        readonly tcId: number;
        readonly flags: readonly string[];
        readonly key: string;
        readonly msg: string;
        readonly ct: string;
        readonly result: 'valid' | 'acceptable' | 'invalid';
      }[];
    }[];
  }
  for (const [file, wrap, unwrap] of [
    ['wycheproof/aes_wrap_test.json', wrapKey, unwrapKey],
    ['wycheproof/aes_kwp_test.json', wrapKeyPadded, unwrapKeyPadded],
  ] as const) {
    it(file, async () => {
      const tests = (await readVectorJson<Wycheproof>(file)).testGroups.flatMap((g) => g.tests);
      for (const { tcId, flags, key, msg, ct, result } of tests) {
        if (result === 'valid') {
          expect(toHex(wrap(hex(key), hex(msg))), `test ${tcId}`).toBe(ct);
          expect(toHex(unwrap(hex(key), hex(ct))), `test ${tcId}`).toBe(msg);
        } else {
          // "acceptable": 8-byte keys under KW, which SP 800-38F does not define and which we refuse
          expect(result === 'invalid' || flags.includes('ShortKey')).toBe(true);
          expect(() => unwrap(hex(key), hex(ct)), `test ${tcId}`).toThrow();
        }
      }
      console.log(`vectors ${file}: ${tests.length} run`);
    });
  }

  /** `name = value` lines in blocks, as Botan and OpenSSL write them. */
  const blocksOf = (text: string): Map<string, string>[] =>
    text
      .replace(/^#.*$/gm, '')
      .split(/\n\s*\n/)
      .map((block) => new Map([...block.matchAll(/^(\w+) *= *(.*?) *$/gm)].map((m) => [m[1]!, m[2]!])))
      .filter((block) => block.size > 1);
  const sectionsOf = (text: string) =>
    text
      .split(/^\[/m)
      .slice(1)
      .map((part) => ({ name: part.slice(0, part.indexOf(']')), blocks: blocksOf(part.slice(part.indexOf(']') + 1)) }));

  for (const file of ['keywrap/botan-nist_key_wrap.vec', 'keywrap/kwp_botan.txt']) {
    it(file, async () => {
      let count = 0;
      for (const { name, blocks } of sectionsOf(await readVectorText(file))) {
        const [wrap, unwrap] = name === 'KW' ? [wrapKey, unwrapKey] : [wrapKeyPadded, unwrapKeyPadded];
        for (const block of blocks) {
          const [key, input, output] = ['Key', 'Input', 'Output'].map((field) => hex(block.get(field)!));
          count++;
          if (name === 'KW' && input!.length < 16) {
            expectRefused(() => wrap(key!, input!)); // Botan takes 8 bytes; SP 800-38F does not
            continue;
          }
          expect(toHex(wrap(key!, input!))).toBe(toHex(output!));
          expect(toHex(unwrap(key!, output!))).toBe(toHex(input!));
        }
      }
      expect(count).toBeGreaterThan(20);
      console.log(`vectors ${file}: ${count} run`);
    });
  }

  it('keywrap/botan-nist_key_wrap_invalid.vec', async () => {
    const file = 'keywrap/botan-nist_key_wrap_invalid.vec';
    let count = 0;
    for (const { name, blocks } of sectionsOf(await readVectorText(file))) {
      for (const block of blocks) {
        const [key, input] = [hex(block.get('Key')!), hex(block.get('Input')!)];
        expect(() => (name === 'KW' ? unwrapKey : unwrapKeyPadded)(key, input)).toThrow();
        count++;
      }
    }
    expect(count).toBe(10);
    console.log(`vectors ${file}: ${count} run`);
  });

  it('keywrap/botan-rfc3394.vec', async () => {
    const file = 'keywrap/botan-rfc3394.vec';
    const blocks = blocksOf(await readVectorText(file));
    for (const block of blocks) {
      const [kek, key, output] = ['KEK', 'Key', 'Output'].map((field) => hex(block.get(field)!));
      expect(toHex(wrapKey(kek!, key!))).toBe(toHex(output!));
      expect(toHex(unwrapKey(kek!, output!))).toBe(toHex(key!));
    }
    expect(blocks).toHaveLength(6);
    console.log(`vectors ${file}: ${blocks.length} run`);
  });

  it('keywrap/openssl-evpciph_aes_wrap.txt', async () => {
    const file = 'keywrap/openssl-evpciph_aes_wrap.txt';
    const blocks = blocksOf(await readVectorText(file));
    // The -INV ciphers use AES the other way round (SP 800-38F section 5.1); RFC 3394 and 5649 do not, and neither do we.
    const ours = blocks.filter((block) => !/-inv$/i.test(block.get('Cipher')!));
    for (const block of ours) {
      const [wrap, unwrap] = /-pad/i.test(block.get('Cipher')!)
        ? [wrapKeyPadded, unwrapKeyPadded]
        : [wrapKey, unwrapKey];
      const [key, plain, cipher] = ['Key', 'Plaintext', 'Ciphertext'].map((field) => hex(block.get(field)!));
      if (block.has('Result')) {
        expectRefused(() => unwrap(key!, cipher!));
      } else {
        expect(toHex(unwrap(key!, cipher!))).toBe(toHex(plain!));
        expect(toHex(wrap(key!, plain!))).toBe(toHex(cipher!));
      }
    }
    expect(ours.length).toBeGreaterThan(8);
    console.log(`vectors ${file}: ${ours.length} run, ${blocks.length - ours.length} of the inverse variant left out`);
  });
});

/** The wrapping function W (SP 800-38F section 6.1) over raw blocks, on @noble's ECB: takes any initial value. */
function wrapRaw(kek: Uint8Array, data: Uint8Array): Uint8Array {
  const out = data.slice();
  const n = out.length / 8 - 1;
  const encrypt = (block: Uint8Array) => ecb(kek, { disablePadding: true }).encrypt(block);
  if (n === 1) return encrypt(out);
  const view = new DataView(out.buffer);
  for (let t = 1; t <= 6 * n; t++) {
    const at = 8 * (((t - 1) % n) + 1);
    const block = encrypt(concatBytes(out.subarray(0, 8), out.subarray(at, at + 8)));
    out.set(block.subarray(0, 8));
    out.set(block.subarray(8), at);
    view.setUint32(4, view.getUint32(4) ^ t);
  }
  return out;
}
