// Derivation jobs in numbered slots: PBKDF2 (RFC 8018 §5.2) and the PKCS#12 KDF (RFC 7292 appendix B.2) brought to the
// point where only identical steps are left, so that run.ts can do them in slices and in lanes. Layer: mechanism.
//
// One slot is one chain: one output block of PBKDF2, or one round of B.2 (step 6A). A slot is free, running (iterations
// left) or done; kdfFinish and kdfRelease wipe it. Slots outlive a call.
// Constant time: yes. Lengths, counts and the hash are public.
import { E_ARGUMENT, E_LENGTH, E_SLOT, KDF_SLOTS, KDF_SLOTS_BYTES } from '../generated/layout';
import {
  absorb,
  begin,
  blockBytes,
  conclude,
  digestBytes,
  emitDigest,
  HASHES,
  hashAbort,
  initialState,
  PAD,
  SHA384,
  SHA512_224,
  STATE,
} from '../hash/hash';
import { hmacConclude, hmacStates } from '../hash/hmac';

// A slot, every state in native words:
//   0 hash, 4 kind (0 = free), 8 iterations left
//   64 INNER: start state of a step's first compression (PKCS#12 KDF: the hash's initial value)
//  128 OUTER: of its second
//  192 SUM:   PBKDF2's T = U_1 ^ U_2 ^ ...
//  256 BLOCK: the message block of the next compression: the digest so far, then its constant padding
export const SLOT_BYTES: usize = 512;
export const SLOT_INNER: usize = 64;
export const SLOT_OUTER: usize = 128;
export const SLOT_SUM: usize = 192;
export const SLOT_BLOCK: usize = 256;
const SLOT_LEFT: usize = 8;
export const PBKDF2: i32 = 1;
export const PKCS12: i32 = 2;

/** Longest password, salt or prepared input in bytes. */
const MAX_LENGTH: usize = 1 << 16;

/** Address of slot number `slot`, or 0 when there is no such slot. */
export function slotAddress(slot: i32): usize {
  if (<u32>slot >= <u32>(KDF_SLOTS_BYTES / SLOT_BYTES)) return 0;
  return KDF_SLOTS + <usize>slot * SLOT_BYTES;
}
export function slotHash(s: usize): i32 {
  return load<i32>(s);
}
export function slotKind(s: usize): i32 {
  return load<i32>(s, 4);
}
export function slotLeft(s: usize): i32 {
  return load<i32>(s, SLOT_LEFT);
}
export function setSlotLeft(s: usize, left: i32): void {
  store<i32>(s, left, SLOT_LEFT);
}

/** 0 when the arguments name a free slot and a known hash, else a negative status. */
function checkStart(slot: i32, hash: i32, iterations: i32): i32 {
  const s = slotAddress(slot);
  if (s === 0 || slotKind(s) !== 0) return -E_SLOT;
  return <u32>hash >= <u32>HASHES || iterations < 1 ? -E_ARGUMENT : 0;
}

/** Puts STATE, the first digest, into the slot with the padding of a message of `before` bytes plus a digest. */
function enter(s: usize, hash: i32, kind: i32, before: usize, iterations: i32): void {
  memory.copy(s + SLOT_SUM, STATE, 64);
  const block = s + SLOT_BLOCK;
  memory.copy(block, STATE, 64);
  repad(hash, block);
  const bits = <u64>((before + digestBytes(hash)) << 3);
  if (hash < SHA384) store<u32>(block, <u32>bits, 60);
  else store<u64>(block, bits, 120);
  store<i32>(s, hash);
  store<i32>(s, kind, 4);
  setSlotLeft(s, iterations - 1);
}

/**
 * Puts the padding's 1 bit after the digest at the start of a block again, where a compression wrote a whole state over
 * it: the truncated hashes. (For SHA-512/224 the digest ends in the middle of a word.)
 */
export function repad(hash: i32, block: usize): void {
  const n = digestBytes(hash);
  if (hash < SHA384) {
    store<u32>(block + n, 0x80000000);
    return;
  }
  if (hash === SHA512_224) store<u32>(block, 0x80000000, 24);
  else store<u64>(block + n, 0x8000000000000000);
  for (let i: usize = hash === SHA512_224 ? 32 : n + 8; i < 64; i += 8) store<u64>(block + i, 0);
}

/**
 * Starts PBKDF2 for one output block: U_1 = HMAC(password, message), message = salt || INT(i), which the caller made.
 */
export function kdfPbkdf2(
  slot: i32,
  hash: i32,
  password: usize,
  passwordLen: usize,
  message: usize,
  messageLen: usize,
  iterations: i32,
): i32 {
  const status = checkStart(slot, hash, iterations);
  if (status < 0) return status;
  if (passwordLen > MAX_LENGTH || messageLen > MAX_LENGTH) return -E_LENGTH;
  const s = slotAddress(slot);
  hmacStates(s + SLOT_INNER, s + SLOT_OUTER, hash, password, passwordLen);
  begin(hash, s + SLOT_INNER, blockBytes(hash));
  hmacConclude(hash, s + SLOT_OUTER, message, messageLen);
  enter(s, hash, PBKDF2, blockBytes(hash), iterations);
  hashAbort();
  return 0;
}

/** Starts one round of B.2: A_1 = H(D || I); `id` is 1 (key), 2 (IV) or 3 (MAC key), I = S || P, whole blocks. */
export function kdfPkcs12(slot: i32, hash: i32, id: i32, prepared: usize, preparedLen: usize, iterations: i32): i32 {
  const status = checkStart(slot, hash, iterations);
  if (status < 0) return status;
  if (id < 1 || id > 3) return -E_ARGUMENT;
  const block = blockBytes(hash);
  if (preparedLen > MAX_LENGTH || (preparedLen & (block - 1)) !== 0) return -E_LENGTH;
  const s = slotAddress(slot);
  const initial = initialState(hash);
  const words: usize = hash < SHA384 ? 32 : 64;
  memory.copy(s + SLOT_INNER, initial, words);
  memory.copy(s + SLOT_OUTER, initial, words);
  begin(hash, initial, block);
  memory.fill(PAD, <u8>id, block);
  absorb(hash, PAD, block);
  memory.fill(PAD, 0, block);
  conclude(hash, prepared, preparedLen);
  enter(s, hash, PKCS12, 0, iterations);
  hashAbort();
  return 0;
}

/**
 * B.2 step 6B and 6C in place: every block I_j = (I_j + B + 1) mod 2^(8v), big-endian, B = the digest `a` repeated to a
 * block. Makes the input of the next round.
 */
export function kdfPkcs12Next(hash: i32, prepared: usize, preparedLen: usize, a: usize): i32 {
  if (<u32>hash >= <u32>HASHES) return -E_ARGUMENT;
  const v = blockBytes(hash);
  const u = digestBytes(hash);
  if (preparedLen > MAX_LENGTH || (preparedLen & (v - 1)) !== 0) return -E_LENGTH;
  for (let j: usize = 0; j < preparedLen; j += v) {
    let carry: u32 = 1;
    for (let i: usize = v; i > 0; i--) {
      const at = prepared + j + i - 1;
      carry += <u32>load<u8>(at) + <u32>load<u8>(a + ((i - 1) % u));
      store<u8>(at, carry);
      carry >>= 8;
    }
  }
  return 0;
}

/** Writes the block that a finished slot derived to `dst`, frees and wipes the slot; returns the block's length. */
export function kdfFinish(dst: usize, slot: i32): i32 {
  const s = slotAddress(slot);
  if (s === 0 || slotKind(s) === 0 || slotLeft(s) !== 0) return -E_SLOT;
  const hash = slotHash(s);
  const n = digestBytes(hash);
  emitDigest(hash, dst, s + (slotKind(s) === PBKDF2 ? SLOT_SUM : SLOT_BLOCK), n);
  hashAbort();
  memory.fill(s, 0, SLOT_BYTES);
  return <i32>n;
}

/** Frees and wipes a slot, whatever its state. */
export function kdfRelease(slot: i32): i32 {
  const s = slotAddress(slot);
  if (s === 0) return -E_SLOT;
  memory.fill(s, 0, SLOT_BYTES);
  return 0;
}
