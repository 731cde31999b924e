// AES-CBC (SP 800-38A, 6.2), in place, window by window: the 16 bytes at `iv` carry the chain from one call to the next.
// Padding is PKCS#7 (RFC 5652, 6.3), in the last window only.
//
// Constant time: yes. Lengths are public; so are the verdict over a padding and, if it is good, its length.

import { decrypt8 } from '../generated/aes-bitslice';
import { AES_SCRATCH, E_INTEGRITY, E_LENGTH } from '../generated/layout';
import { transposeBits, transposeBytes } from './bitslice';
import { acquire, decryptKeys, encryptKeys, planes, release, roundsOf, SCHEDULE_BYTES } from './schedule';
import { decryptBlock, encryptBlock, fromD, fromE, toD, toE } from './serial';

const STATE: usize = AES_SCRATCH + SCHEDULE_BYTES;
/** From this many bytes on, computing the planes pays off, idle lanes or not. */
const MIN_BYTES: u32 = 5 * 16;
/** With the planes at hand, a group pays off from this many bytes on. */
const MIN_REST: usize = 4 * 16;

/**
 * Encrypts `len` bytes at `data`; with `padding` 1 it appends 1 to 16 bytes first, with 0 `len` must be a multiple of 16.
 * Returns the encrypted length and leaves the last block at `iv`. For `key` see `acquire`.
 */
export function cbcEncrypt(data: usize, len: u32, iv: usize, padding: u32, key: usize, keyLen: u32): i32 {
  if (padding === 0 && len & 15) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  if (padding) {
    const pad = 16 - (len & 15);
    memory.fill(data + len, <u8>pad, pad);
    len += pad;
  }
  const keys = encryptKeys(schedule);
  const rounds = roundsOf(schedule);
  const end = data + len;
  let chain = toE(v128.load(iv));
  for (; data < end; data += 16) {
    chain = encryptBlock(v128.xor(chain, toE(v128.load(data))), keys, rounds);
    v128.store(data, fromE(chain));
  }
  v128.store(iv, fromE(chain));
  release(schedule);
  return len;
}

/** Decrypts `len` bytes at `data`, one to eight blocks, through the planes; `previous` is the ciphertext block before them. */
function decryptGroup(data: usize, len: usize, previous: v128, keys: usize, rounds: usize): void {
  for (let i: usize = 0; i < 128; i += 16) {
    v128.store(STATE + i, i < len ? transposeBytes(v128.load(data + i)) : i64x2.splat(0));
  }
  transposeBits(STATE);
  decrypt8(STATE, keys, rounds);
  transposeBits(STATE);
  for (let i: usize = 0; i < len; i += 16) {
    const block = v128.load(data + i);
    v128.store(data + i, v128.xor(transposeBytes(v128.load(STATE + i)), previous));
    previous = block;
  }
}

/** The length of the plaintext before a PKCS#7 padding that ends at `end`, or -E_INTEGRITY. */
function unpadded(end: usize, len: u32): i32 {
  const pad = <i32>load<u8>(end - 1);
  // negative: pad is 0, or greater than 16
  let bad = (pad - 1) | (16 - pad);
  for (let i = 0; i < 16; i++) {
    const differs = <i32>load<u8>(end - 1 - i) ^ pad;
    bad |= -differs & ((i - pad) >> 31); // counts while i < pad
  }
  return bad < 0 ? -E_INTEGRITY : <i32>len - pad; // public: whether the whole check passed
}

/**
 * Decrypts `len` bytes at `data`, a multiple of 16; with `padding` 1 it checks and strips the padding at their end.
 * Returns the length of the plaintext and leaves the last ciphertext block at `iv`; on failure it wipes `data`.
 */
export function cbcDecrypt(data: usize, len: u32, iv: usize, padding: u32, key: usize, keyLen: u32): i32 {
  if (len & 15 || (padding && len === 0)) return -E_LENGTH;
  const schedule = acquire(key, keyLen);
  if (schedule < 0) return schedule;
  const rounds = roundsOf(schedule);
  const end = data + len;
  let at = data;
  let chain = v128.load(iv);
  if (len >= MIN_BYTES) {
    const keys = planes(schedule);
    for (let left: usize = len; left >= MIN_REST; left = end - at) {
      const group = min<usize>(left, 128);
      const next = v128.load(at + group - 16);
      decryptGroup(at, group, chain, keys, rounds);
      chain = next;
      at += group;
    }
    memory.fill(STATE, 0, 128);
  }
  if (at < end) {
    const keys = decryptKeys(schedule);
    for (; at < end; at += 16) {
      const block = v128.load(at);
      v128.store(at, v128.xor(fromD(decryptBlock(toD(block), keys, rounds)), chain));
      chain = block;
    }
  }
  v128.store(iv, chain);
  release(schedule);
  if (padding === 0) return len;
  const length = unpadded(end, len);
  if (length < 0) memory.fill(data, 0, len);
  return length;
}
