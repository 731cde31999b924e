/**
 * The legacy module: DES, Triple DES, RC2 and RC4, which only old wallets need. It is a wasm of its own, loaded on
 * demand by `loadLegacy`; what is synchronous throws before that. None of it is constant time. Layer: core.
 */
import { KeywardError, LimitError, UsageError } from '../errors.ts';
import { LEGACY_DATA, LEGACY_DATA_BYTES, LEGACY_KEY, LEGACY_KEY_BYTES } from './generated/layout.ts';
import type { LegacyExports } from './generated/legacy-exports.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { statusError } from './status.ts';
import { decodeBase64, instantiateModule } from './wasm.ts';

/** The block ciphers of the legacy module; all have blocks of 8 bytes. */
export type LegacyCipher = 'des' | '3des' | 'rc2';

/** Options of the legacy CBC functions. */
export interface LegacyCbcOptions {
  /** RC2: effective key bits, 1 to 1024. Default: the length of the key. */
  readonly effectiveBits?: number;
  /** PKCS #7 (the default), or none: whole blocks only. */
  readonly padding?: 'pkcs7' | 'none';
}

// Numbers of assembly/legacy/cbc.ts.
const CIPHERS: Readonly<Record<LegacyCipher, number>> = { des: 0, '3des': 1, rc2: 2 };
const IV = LEGACY_KEY + 256;

let exports: LegacyExports | undefined;
let view: Uint8Array<ArrayBuffer>;

/**
 * Loads the legacy module. Safe to call again.
 *
 * @throws {KeywardError} ERR_WASM_UNAVAILABLE, ERR_SELF_TEST
 * @example
 * await loadLegacy();
 * legacyDecryptCbc('3des', key, iv, ciphertext);
 */
export async function loadLegacy(): Promise<void> {
  if (exports !== undefined) return;
  const { LEGACY_WASM_BASE64 } = await import('./generated/legacy-wasm.ts');
  if (exports !== undefined) return; // another call was faster
  const made = instantiateModule<LegacyExports>(decodeBase64(LEGACY_WASM_BASE64));
  view = new Uint8Array(made.memory.buffer as ArrayBuffer);
  selfTest(made);
  exports = made;
}

/**
 * Decrypts CBC with an old cipher and removes the padding.
 *
 * @param key 8 bytes (DES), 16 or 24 (Triple DES; parity ignored), 1 to 128 (RC2)
 * @param iv 8 bytes
 * @param data whole blocks of 8 bytes, at most 8 MiB; copied, not changed
 * @throws {AuthenticationError} ERR_INTEGRITY when length or padding are wrong
 * @throws {UsageError} ERR_LEGACY_NOT_LOADED, ERR_LENGTH, ERR_ARGUMENT, ERR_OPTION
 */
export function legacyDecryptCbc(
  cipher: LegacyCipher,
  key: KeyBytes,
  iv: Uint8Array,
  data: Uint8Array,
  options: LegacyCbcOptions = {},
): Uint8Array<ArrayBuffer> {
  return cbc(cipher, key, iv, data, options, true);
}

/** Encrypts CBC with an old cipher; for tests and for writers that old readers force. Arguments as `legacyDecryptCbc`. */
export function legacyEncryptCbc(
  cipher: LegacyCipher,
  key: KeyBytes,
  iv: Uint8Array,
  data: Uint8Array,
  options: LegacyCbcOptions = {},
): Uint8Array<ArrayBuffer> {
  return cbc(cipher, key, iv, data, options, false);
}

/**
 * XORs `data` with the RC4 key stream: encrypts and decrypts.
 *
 * @param key 1 to 256 bytes
 * @param data at most 8 MiB; copied, not changed
 * @throws {UsageError} ERR_LEGACY_NOT_LOADED, ERR_LENGTH
 */
export function rc4(key: KeyBytes, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const wasm = loaded();
  const keyBytes = exposeKey(key);
  if (keyBytes.length > 256) throw new UsageError('ERR_LENGTH', 'RC4 key: 1 to 256 bytes');
  assertFits(data.length);
  view.set(keyBytes, LEGACY_KEY);
  view.set(data, LEGACY_DATA);
  return finish(wasm, wasm.legacyRc4(LEGACY_DATA, data.length, LEGACY_KEY, keyBytes.length), data.length, 'RC4');
}

function cbc(
  cipher: LegacyCipher,
  key: KeyBytes,
  iv: Uint8Array,
  data: Uint8Array,
  options: LegacyCbcOptions,
  decrypt: boolean,
): Uint8Array<ArrayBuffer> {
  const wasm = loaded();
  const keyBytes = exposeKey(key);
  const { effectiveBits = 8 * keyBytes.length, padding = 'pkcs7', ...unknown } = options;
  for (const name of Object.keys(unknown)) throw new UsageError('ERR_OPTION', `unknown option ${name}`);
  if (padding !== 'pkcs7' && padding !== 'none') throw new UsageError('ERR_OPTION', 'padding is pkcs7 or none');
  const number = Object.hasOwn(CIPHERS, cipher) ? CIPHERS[cipher] : undefined;
  if (number === undefined) throw new UsageError('ERR_ARGUMENT', 'the legacy ciphers are des, 3des and rc2');
  if (iv.length !== 8) throw new UsageError('ERR_LENGTH', `IV of ${iv.length} bytes, 8 belong there`);
  if (keyBytes.length > 128) throw new UsageError('ERR_LENGTH', `${cipher} key: length not allowed here`);
  assertFits(data.length);
  view.set(keyBytes, LEGACY_KEY);
  view.set(iv, IV);
  view.set(data, LEGACY_DATA);
  const run = decrypt ? wasm.legacyCbcDecrypt : wasm.legacyCbcEncrypt;
  const pad = padding === 'pkcs7' ? 1 : 0;
  const status = run(number, LEGACY_DATA, data.length, LEGACY_KEY, keyBytes.length, effectiveBits, IV, pad);
  return finish(wasm, status, data.length + 8, `${cipher} key or data`);
}

/** Copies the result out, wipes key, IV and data, and turns a failure into its error. */
function finish(wasm: LegacyExports, status: number, used: number, what: string): Uint8Array<ArrayBuffer> {
  const out = status < 0 ? new Uint8Array() : view.slice(LEGACY_DATA, LEGACY_DATA + status);
  wasm.wipe(LEGACY_KEY, LEGACY_KEY_BYTES);
  wasm.wipe(LEGACY_DATA, used);
  if (status < 0) throw statusError(status, what);
  return out;
}

function loaded(): LegacyExports {
  if (exports !== undefined) return exports;
  throw new UsageError('ERR_LEGACY_NOT_LOADED', 'DES, Triple DES, RC2 and RC4 are in a module that is not loaded yet', {
    hint: "call `await loadLegacy()` from 'keyward/core' first, or use the asynchronous form",
  });
}

function assertFits(bytes: number): void {
  const limit = LEGACY_DATA_BYTES - 64;
  if (bytes > limit)
    throw new LimitError('ERR_CAPACITY', `${bytes} bytes, the limit is ${limit}`, { limit, actual: bytes });
}

/**
 * One block of each cipher: Triple DES of SP 800-67 B.1, the seventh vector of RFC 2268 clause 5, the first key stream of
 * RFC 6229. DES is the first and last third of Triple DES.
 */
function selfTest(wasm: LegacyExports): void {
  const block = (cipher: number, key: string, data: string) => {
    const bytes = putHex(LEGACY_KEY, key);
    view.fill(0, IV, IV + 8);
    putHex(LEGACY_DATA, data);
    return wasm.legacyCbcEncrypt(cipher, LEGACY_DATA, 8, LEGACY_KEY, bytes, 8 * bytes, IV, 0) === 8 && result();
  };
  const stream = () => {
    const bytes = putHex(LEGACY_KEY, '0102030405');
    return wasm.legacyRc4(LEGACY_DATA, 8, LEGACY_KEY, bytes) === 8 && result();
  };
  const result = () => {
    const hex = Array.from(view.subarray(LEGACY_DATA, LEGACY_DATA + 8), (b) => b.toString(16).padStart(2, '0')).join(
      '',
    );
    view.fill(0, LEGACY_KEY, LEGACY_KEY + LEGACY_KEY_BYTES);
    view.fill(0, LEGACY_DATA, LEGACY_DATA + 8);
    return hex;
  };
  if (
    block(1, '0123456789abcdef23456789abcdef01456789abcdef0123', '5468652071756663') !== 'a826fd8ce53b855f' ||
    block(2, '88bca90e90875a7f0f79c384627bafb2', '0000000000000000') !== '2269552ab0f85ca6' ||
    stream() !== 'b2396305f03dc027'
  )
    throw new KeywardError('ERR_SELF_TEST', 'the legacy module does not compute its known answers');
}

/** Puts public hex digits into memory; returns how many bytes. */
function putHex(at: number, hex: string): number {
  for (let i = 0; i < hex.length; i += 2) view[at + i / 2] = Number.parseInt(hex.slice(i, i + 2), 16);
  return hex.length / 2;
}
