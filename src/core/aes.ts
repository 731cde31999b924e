/**
 * What the AES bindings share: the known answers that run before first use, and the one way a key and its data enter linear
 * memory. Layer: core, internal.
 *
 *   IN:  +0 key, 32 bytes | +32 IV, 16 bytes | +64 data, or the data lie in ARENA when they are larger
 */
import { formatHex } from '../bytes.ts';
import { KeywardError, LimitError, UsageError } from '../errors.ts';
import type { CoreExports } from './generated/core-exports.ts';
import { ARENA, ARENA_BYTES, IN, IN_BYTES } from './generated/layout.ts';
import { core, memory } from './wasm.ts';

export const KEY_AT: number = IN;
export const IV_AT: number = IN + 32;
export const DATA_AT: number = IN + 64;
/** Room kept after the data for padding and the extra semiblock. */
const SLACK = 32;
/** Data up to this length go through the window. */
export const WINDOW_BYTES: number = IN_BYTES - 64 - SLACK;
/** Data up to this length go through the arena. */
const ARENA_ROOM = ARENA_BYTES - SLACK;

let tested: CoreExports | undefined;

/** The core, its AES known to work. @throws {KeywardError} ERR_SELF_TEST, ERR_WASM_UNAVAILABLE */
export function aes(): CoreExports {
  return tested ?? testAes();
}

/** Where data of this length go. @throws {LimitError} ERR_LIMIT_SIZE */
export function dataAt(lengthBytes: number): number {
  if (lengthBytes <= WINDOW_BYTES) return DATA_AT;
  if (lengthBytes <= ARENA_ROOM) return ARENA;
  throw new LimitError('ERR_LIMIT_SIZE', `${lengthBytes} bytes at once; the limit is ${ARENA_ROOM}`, {
    limit: ARENA_ROOM,
    actual: lengthBytes,
  });
}

/** Wipes the key, the IV and `lengthBytes` of data with their slack. */
export function wipeData(at: number, lengthBytes: number): void {
  if (at === DATA_AT) {
    core().wipe(IN, 64 + lengthBytes + SLACK);
  } else {
    core().wipe(IN, 64);
    core().wipe(at, lengthBytes + SLACK);
  }
}

/** Refuses a key that is not AES-128, -192 or -256. @throws {UsageError} ERR_KEY_LENGTH */
export function assertAesKey(key: Uint8Array): void {
  const n = key.length;
  if (n === 32 || n === 16 || n === 24) return;
  throw new UsageError('ERR_KEY_LENGTH', `an AES key has 16, 24 or 32 bytes, not ${n}`);
}

/**
 * The family's known answers: RFC 3394 section 4.6 there and back, which takes the vector-permute kernels and the key schedule,
 * and FIPS 197 appendix C.3 in eight CBC blocks, which takes the bit-sliced one. The batch tests its own (key-wrap-batch.ts).
 */
function testAes(): CoreExports {
  const w = core();
  const m = memory();
  for (let i = 0; i < 32; i++) m[KEY_AT + i] = i;
  const key = DATA_AT + 8;
  for (let i = 0; i < 16; i++) {
    m[key + i] = i * 0x11;
    m[key + 16 + i] = i;
  }
  const wrapped = w.kwWrap(DATA_AT, 32, KEY_AT, 32) === 40 && formatHex(m.subarray(DATA_AT, DATA_AT + 40)) === WRAPPED;
  const unwrapped =
    w.kwUnwrap(DATA_AT, 40, KEY_AT, 32) === 32 && formatHex(m.subarray(key, key + 32)) === PLAIN + SEQUENCE;
  for (let i = 0; i < 8; i++) m.set(BLOCK, DATA_AT + 16 * i);
  const decrypted =
    w.cbcDecrypt(DATA_AT, 128, IV_AT, 0, KEY_AT, 32) === 128 &&
    formatHex(m.subarray(DATA_AT, DATA_AT + 16)) === PLAIN &&
    m
      .subarray(DATA_AT + 16, DATA_AT + 128)
      .every((byte, i) => byte === ((BLOCK[i & 15] as number) ^ ((i & 15) * 0x11)));
  w.wipe(IN, 64 + 128);
  if (!(wrapped && unwrapped && decrypted))
    throw new KeywardError('ERR_SELF_TEST', 'AES does not give its known answer');
  tested = w;
  return w;
}

/** RFC 3394, 4.6. */
const WRAPPED = '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';
const PLAIN = '00112233445566778899aabbccddeeff';
const SEQUENCE = '000102030405060708090a0b0c0d0e0f';
/** FIPS 197, C.3: the encryption of PLAIN under 00..1f. */
const BLOCK = /* @__PURE__ */ Uint8Array.of(
  ...[0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf, 0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89],
);
