// SHA-1 and SHA-2 against the examples of FIPS 180-4.
import { describe, expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../src/bytes.ts';
import { type HashName, hash } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';

// FIPS 180-4 example computations (csrc.nist.gov, "Examples with Intermediate Values"): none, one and two blocks.
const TWO_BLOCKS_32 = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
const TWO_BLOCKS_64 =
  'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
const FIGURES: readonly [HashName, string, string][] = [
  ['sha1', '', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['sha1', TWO_BLOCKS_32, '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  ['sha224', 'abc', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
  ['sha224', TWO_BLOCKS_32, '75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525'],
  ['sha256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['sha256', TWO_BLOCKS_32, '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ['sha384', 'abc', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
  [
    'sha384',
    TWO_BLOCKS_64,
    '09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039',
  ],
  [
    'sha512',
    'abc',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  [
    'sha512',
    TWO_BLOCKS_64,
    '8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909',
  ],
  ['sha512-224', 'abc', '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa'],
  ['sha512-224', TWO_BLOCKS_64, '23fec5bb94d60b23308192640b0c453335d664734fe40e7268674af9'],
  ['sha512-256', 'abc', '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23'],
  ['sha512-256', TWO_BLOCKS_64, '3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a'],
];

test.each(FIGURES)('%s of %j', (name, text, digest) => {
  expect(formatHex(hash(name, encodeUtf8(text)))).toBe(digest);
});

// FIPS 180-2 appendix: one million times 'a'; longer than the input window.
test.each([
  ['sha1', '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
  ['sha256', 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  [
    'sha512',
    'e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b',
  ],
] as const)('%s of a million letters', (name, digest) => {
  expect(formatHex(hash(name, new Uint8Array(1_000_000).fill(0x61)))).toBe(digest);
});

describe('arguments', () => {
  test('a Secret is as good as bytes', () => {
    using secret = Secret.fromText('abc');
    expect(formatHex(hash('sha1', secret))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
  });
  test('an unknown name is refused', () => {
    for (const name of ['md5', 'SHA256', 'constructor', '__proto__'])
      expect(() => hash(name as HashName, new Uint8Array(1))).toThrow(
        expect.objectContaining({ code: 'ERR_HASH_NAME' }),
      );
  });
  test('what is not bytes is refused', () => {
    for (const value of ['abc', [1, 2], new ArrayBuffer(3), null, undefined, 7])
      expect(() => hash('sha256', value as unknown as Uint8Array)).toThrow(
        expect.objectContaining({ code: 'ERR_BYTES_TYPE' }),
      );
  });
});
