/**
 * What the AES bindings share: the known answers that run before first use, and the one way a key and its data enter linear
 * memory. Layer: core, internal.
 *
 *   IN:  +0 key, 32 bytes | +32 IV, 16 bytes | +64 data, or the data lie in ARENA when they are larger
 */
import { formatHex } from '../bytes.ts';
import { KeywardError, LimitError, UsageError } from '../errors.ts';
import type { CoreExports } from './generated/core-exports.ts';
import { ARENA, ARENA_BYTES, IN, IN_BYTES, OUT } from './generated/layout.ts';
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

let serial: CoreExports | undefined;
let parallel: CoreExports | undefined;

/** The core, its AES known to work one block at a time. @throws {KeywardError} ERR_SELF_TEST, ERR_WASM_UNAVAILABLE */
export function aes(): CoreExports {
  return serial ?? testSerial();
}

/** The core, its AES known to work eight blocks at a time too. @throws {KeywardError} ERR_SELF_TEST, ERR_WASM_UNAVAILABLE */
export function aesParallel(): CoreExports {
  return parallel ?? testParallel();
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

/** The known answer of the serial kernels and the key schedule: RFC 3394 section 4.6, there and back. */
function testSerial(): CoreExports {
  const w = core();
  const m = memory();
  placeExample(1);
  const ok =
    w.kwWrap(DATA_AT, 32, KEY_AT, 32) === 40 &&
    formatHex(m.subarray(DATA_AT, DATA_AT + 40)) === WRAPPED &&
    w.kwUnwrap(DATA_AT, 40, KEY_AT, 32) === 32 &&
    formatHex(m.subarray(DATA_AT + 8, DATA_AT + 40)) === KEY;
  w.wipe(IN, 64 + 40);
  if (!ok) throw selfTestError();
  serial = w;
  return w;
}

/** The known answer of the bit-sliced kernels: the same in eight lanes, there and back. */
function testParallel(): CoreExports {
  const w = aes();
  const m = memory();
  placeExample(8);
  const wrapped = w.kwWrapBatch(OUT, DATA_AT, 8, 32, KEY_AT, 32) === 0 && formatHex(m.subarray(OUT, OUT + 320));
  const unwrapped =
    w.kwUnwrapBatch(DATA_AT, OUT, OUT + 320, 8, 32, KEY_AT, 32) === 0 && formatHex(m.subarray(DATA_AT, DATA_AT + 256));
  w.wipe(IN, 64 + 256);
  w.wipe(OUT, 328);
  if (wrapped !== WRAPPED.repeat(8) || unwrapped !== KEY.repeat(8)) throw selfTestError();
  parallel = w;
  return w;
}

/** Puts the example's KEK at KEY_AT and its key `copies` times where one wrap, or a batch, expects it. */
function placeExample(copies: number): void {
  const m = memory();
  for (let i = 0; i < 32; i++) m[KEY_AT + i] = i;
  const at = copies === 1 ? DATA_AT + 8 : DATA_AT;
  for (let i = 0; i < 32 * copies; i++) m[at + i] = i & 16 ? i & 15 : (i & 15) * 0x11;
}

function selfTestError(): KeywardError {
  return new KeywardError('ERR_SELF_TEST', 'AES does not give its known answer');
}

/** RFC 3394, 4.6: 256 bits under the 256-bit KEK 00..1f. */
const KEY = '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f';
const WRAPPED = '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';
