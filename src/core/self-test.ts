/**
 * The known answers of the core, all at once and on demand: the figures are those of the standards. What uses a primitive needs not
 * call this: each one computes a known answer of its own before its first use. Layer: core.
 */
import { encodeUtf8, formatHex } from '../bytes.ts';
import { KeywardError } from '../errors.ts';
import { encryptCbc } from './cbc.ts';
import { encodeBase64Text } from './encoding.ts';
import { CORE_WASM_BASE64, CORE_WASM_SHA256 } from './generated/core-wasm.ts';
import { type HashName, hash } from './hash.ts';
import { hkdf } from './hkdf.ts';
import { hmac } from './hmac.ts';
import { pbkdf2Sync } from './kdf.ts';
import { unwrapKey, wrapKey, wrapKeyPadded } from './key-wrap.ts';
import { unwrapKeys, wrapKeys } from './key-wrap-batch.ts';
import { loadLegacy } from './legacy.ts';
import { decodeBase64 } from './wasm.ts';

/** How one primitive did. */
export interface SelfTestResult {
  /** Such as `AES-256 key wrap`. */
  readonly name: string;
  /** Where the known answer stands. */
  readonly source: string;
  readonly passed: boolean;
}

/** How all of them did. */
export interface SelfTestReport {
  /** Of the embedded core module, hex: what the build computed. */
  readonly moduleSha256: string;
  readonly passed: boolean;
  readonly results: readonly SelfTestResult[];
}

/**
 * Computes the known answer of every primitive, the old ciphers included, and the hash of the embedded module. Does not throw for
 * a wrong answer: the result says so.
 *
 * @throws {KeywardError} ERR_WASM_UNAVAILABLE
 * @example
 * const { passed, results } = await selfTest();
 */
export async function selfTest(): Promise<SelfTestReport> {
  const results: SelfTestResult[] = [];
  for (const [name, source, run] of KNOWN_ANSWERS) results.push({ name, source, passed: await passes(run) });
  return { moduleSha256: CORE_WASM_SHA256, passed: results.every(({ passed }) => passed), results };
}

/** A primitive that finds itself wrong before its first use fails; one that cannot be run at all is an error. */
async function passes(run: KnownAnswer[2]): Promise<boolean> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof KeywardError && error.code === 'ERR_WASM_UNAVAILABLE') throw error;
    return false;
  }
}

type KnownAnswer = readonly [name: string, source: string, run: () => boolean | Promise<boolean>];

const is = (bytes: Uint8Array, hex: string): boolean => formatHex(bytes) === hex;
const abc = (name: HashName, hex: string): boolean => is(hash(name, Uint8Array.of(0x61, 0x62, 0x63)), hex);
const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const KEK = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const KEY = '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f';
const WRAPPED = '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';

const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  ['embedded module', 'build', () => is(hash('sha256', decodeBase64(CORE_WASM_BASE64)), CORE_WASM_SHA256)],
  [
    'AES-256 key wrap',
    'RFC 3394, 4.6',
    () => is(wrapKey(fromHex(KEK), fromHex(KEY)), WRAPPED) && is(unwrapKey(fromHex(KEK), fromHex(WRAPPED)), KEY),
  ],
  [
    'AES-256 key wrap, eight keys at once',
    'RFC 3394, 4.6',
    () => {
      const wrapped = wrapKeys(fromHex(KEK), fromHex(KEY.repeat(8)), 32);
      return is(wrapped, WRAPPED.repeat(8)) && is(unwrapKeys(fromHex(KEK), wrapped, 32).keys, KEY.repeat(8));
    },
  ],
  [
    'AES-192 key wrap with padding',
    'RFC 5649, 6',
    () =>
      is(
        wrapKeyPadded(
          fromHex('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8'),
          fromHex('c37b7e6492584340bed12207808941155068f738'),
        ),
        '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a',
      ),
  ],
  [
    'AES-256-CBC',
    'NIST SP 800-38A, F.2.5',
    () =>
      is(
        encryptCbc(
          fromHex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'),
          fromHex('000102030405060708090a0b0c0d0e0f'),
          fromHex('6bc1bee22e409f96e93d7e117393172a'),
          'none',
        ),
        'f58c4c04d6e5f1ba779eabfb5f7bfbd6',
      ),
  ],
  ['SHA-1', 'FIPS 180-4 examples', () => abc('sha1', 'a9993e364706816aba3e25717850c26c9cd0d89d')],
  [
    'SHA-256',
    'FIPS 180-4 examples',
    () => abc('sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
  ],
  [
    'SHA-512',
    'FIPS 180-4 examples',
    () =>
      abc(
        'sha512',
        'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      ),
  ],
  [
    'HMAC-SHA256',
    'RFC 4231, 4.3',
    () =>
      is(
        hmac('sha256', encodeUtf8('Jefe'), encodeUtf8('what do ya want for nothing?')),
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      ),
  ],
  [
    'HKDF-SHA256',
    'RFC 5869, A.1',
    () =>
      is(
        hkdf('sha256', {
          key: new Uint8Array(22).fill(0x0b),
          salt: fromHex('000102030405060708090a0b0c'),
          info: fromHex('f0f1f2f3f4f5f6f7f8f9'),
          lengthBytes: 42,
        }),
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
      ),
  ],
  [
    'PBKDF2-HMAC-SHA1',
    'RFC 6070',
    () =>
      is(
        pbkdf2Sync('sha1', encodeUtf8('password'), encodeUtf8('salt'), 2, 20),
        'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957',
      ),
  ],
  [
    'PBKDF2-HMAC-SHA256',
    'RFC 7914, 11',
    () =>
      is(
        pbkdf2Sync('sha256', encodeUtf8('passwd'), encodeUtf8('salt'), 1, 64),
        '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
      ),
  ],
  ['base64', 'RFC 4648, 10', () => encodeBase64Text(encodeUtf8('foobar')) === 'Zm9vYmFy'],
  // Run when the module is instantiated: SP 800-67, RFC 2268, RFC 6229.
  ['Triple DES, RC2, RC4', 'SP 800-67, B.1; RFC 2268, 5; RFC 6229', () => loadLegacy().then(() => true)],
];
