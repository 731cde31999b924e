// HMAC against RFC 2202 (SHA-1) and RFC 4231 (SHA-2), and the Wycheproof files.
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { type HashName, hash, hmac } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';
import { hex, toHex } from '../support/hex.ts';
import { hasVectors, readVectorJson } from '../support/vectors.ts';

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const LONG_KEY_TEXT = 'Test Using Larger Than Block-Size Key - Hash Key First';

// RFC 2202 section 3, cases 1, 2, 3, 6; RFC 4231 section 4, cases 1, 2, 6 (131-byte key).
const FIGURES: readonly [HashName, Uint8Array, Uint8Array, string][] = [
  ['sha1', filled(20, 0x0b), encodeUtf8('Hi There'), 'b617318655057264e28bc0b6fb378c8ef146be00'],
  ['sha1', encodeUtf8('Jefe'), encodeUtf8('what do ya want for nothing?'), 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  ['sha1', filled(20, 0xaa), filled(50, 0xdd), '125d7342b9ac11cd91a39af48aa17b4f63f175d3'],
  ['sha1', filled(80, 0xaa), encodeUtf8(LONG_KEY_TEXT), 'aa4ae5e15272d00e95705637ce8a3b55ed402112'],
  ['sha224', filled(20, 0x0b), encodeUtf8('Hi There'), '896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22'],
  [
    'sha256',
    filled(20, 0x0b),
    encodeUtf8('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    'sha256',
    encodeUtf8('Jefe'),
    encodeUtf8('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'sha256',
    filled(131, 0xaa),
    encodeUtf8(LONG_KEY_TEXT),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    'sha384',
    filled(20, 0x0b),
    encodeUtf8('Hi There'),
    'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
  ],
  [
    'sha512',
    filled(20, 0x0b),
    encodeUtf8('Hi There'),
    '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
  ],
  [
    'sha512',
    filled(131, 0xaa),
    encodeUtf8(LONG_KEY_TEXT),
    '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
  ],
];

test.each(FIGURES)('HMAC-%s', (name, key, text, tag) => {
  expect(toHex(hmac(name, key, text))).toBe(tag);
});

test('a key longer than a block is the same as its digest; key and text may be secrets, longer than the window', () => {
  for (const name of ['sha1', 'sha256', 'sha512', 'sha512-224'] as const) {
    const key = filled(70_000, 0x6b);
    const text = filled(140_001, 0x74);
    using secretKey = Secret.from(key);
    using secretText = Secret.from(text);
    expect(toHex(hmac(name, secretKey, secretText))).toBe(toHex(hmac(name, hash(name, key), text)));
  }
});

test('text that just does not fit the window beside its key', () => {
  for (const length of [65_536 - 65, 65_536 - 64, 65_536 - 63, 65_535, 65_536, 65_537]) {
    const text = filled(length, 1);
    const inner = hash('sha256', new Uint8Array([...filled(64, 0x36 ^ 7), ...text]));
    const outer = hash('sha256', new Uint8Array([...filled(64, 0x5c ^ 7), ...inner]));
    expect(toHex(hmac('sha256', filled(64, 7), text))).toBe(toHex(outer));
  }
});

interface MacFile {
  readonly testGroups: readonly {
    readonly tagSize: number;
    readonly tests: readonly { tcId: number; key: string; msg: string; tag: string; result: 'valid' | 'invalid' }[];
  }[];
}

describe.skipIf(!hasVectors())('vectors', () => {
  test.each([
    ['sha1', 'hmac_sha1'],
    ['sha224', 'hmac_sha224'],
    ['sha256', 'hmac_sha256'],
    ['sha384', 'hmac_sha384'],
    ['sha512', 'hmac_sha512'],
    ['sha512-224', 'hmac_sha512_224'],
    ['sha512-256', 'hmac_sha512_256'],
  ] as const)('HMAC-%s: Wycheproof', async (name, file) => {
    let run = 0;
    const { testGroups } = await readVectorJson<MacFile>(`wycheproof/${file}_test.json`);
    for (const { tagSize, tests } of testGroups) {
      for (const { tcId, key, msg, tag, result } of tests) {
        const got = toHex(hmac(name, hex(key), hex(msg)).subarray(0, tagSize / 8));
        expect(got === tag, `${file} ${tcId}`).toBe(result === 'valid');
        run++;
      }
    }
    expect(run).toBeGreaterThan(100);
    console.log(`vectors wycheproof/${file}_test.json: ${run} run`);
  });
});
