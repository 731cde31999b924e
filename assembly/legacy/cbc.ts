// CBC (SP 800-38A 6.2) over the 8-byte block ciphers, with the padding of PKCS #5 and #7 or none, in place. Layer: legacy.
// Constant time: no, the ciphers are not; the padding is checked as a whole before the one verdict.
import { DES_SCHEDULE, desDecrypt, desEncrypt, desExpand } from './des';
import {
  E_ARGUMENT,
  E_CAPACITY,
  E_INTEGRITY,
  E_LENGTH,
  LEGACY_DATA_BYTES,
  LEGACY_SCRATCH,
  LEGACY_SCRATCH_BYTES,
} from './generated/layout';
import { rc2Decrypt, rc2Encrypt, rc2Expand } from './rc2';

// Cipher numbers, shared with src/core/legacy.ts.
const DES: i32 = 0;
const TRIPLE_DES: i32 = 1;
const RC2: i32 = 2;

/** Expands the key into LEGACY_SCRATCH. Returns 0 or a status. */
function expand(cipher: i32, key: usize, keyLength: usize, effectiveBits: u32): i32 {
  if (cipher === RC2) {
    if (keyLength < 1 || keyLength > 128) return -E_LENGTH;
    if (effectiveBits < 1 || effectiveBits > 1024) return -E_ARGUMENT;
    rc2Expand(LEGACY_SCRATCH, key, keyLength, effectiveBits);
    return 0;
  }
  if (cipher === DES) {
    if (keyLength !== 8) return -E_LENGTH;
    desExpand(LEGACY_SCRATCH, key);
    return 0;
  }
  if (cipher !== TRIPLE_DES) return -E_ARGUMENT;
  if (keyLength !== 16 && keyLength !== 24) return -E_LENGTH;
  desExpand(LEGACY_SCRATCH, key);
  desExpand(LEGACY_SCRATCH + DES_SCHEDULE, key + 8);
  // two-key Triple DES: the first key is the third too
  desExpand(LEGACY_SCRATCH + 2 * DES_SCHEDULE, keyLength === 24 ? key + 16 : key);
  return 0;
}

function encryptBlock(cipher: i32, block: u64): u64 {
  if (cipher === RC2) return rc2Encrypt(block, LEGACY_SCRATCH);
  return bswap(desEncrypt(bswap(block), LEGACY_SCRATCH, cipher === TRIPLE_DES));
}

function decryptBlock(cipher: i32, block: u64): u64 {
  if (cipher === RC2) return rc2Decrypt(block, LEGACY_SCRATCH);
  return bswap(desDecrypt(bswap(block), LEGACY_SCRATCH, cipher === TRIPLE_DES));
}

/** Encrypts `length` bytes at `data` in place, padded if `pad`, else whole blocks. Returns the new length or a status. */
export function legacyCbcEncrypt(
  cipher: i32,
  data: usize,
  length: usize,
  key: usize,
  keyLength: usize,
  effectiveBits: u32,
  iv: usize,
  pad: bool,
): i32 {
  if (!pad && (length & 7) !== 0) return -E_LENGTH;
  if (length > LEGACY_DATA_BYTES - 8) return -E_CAPACITY;
  const status = expand(cipher, key, keyLength, effectiveBits);
  if (status < 0) return status;
  if (pad) {
    const fill: usize = 8 - (length & 7);
    memory.fill(data + length, <u8>fill, fill);
    length += fill;
  }
  let chain = load<u64>(iv);
  for (let at = data; at < data + length; at += 8) {
    chain = encryptBlock(cipher, load<u64>(at) ^ chain);
    store<u64>(at, chain);
  }
  memory.fill(LEGACY_SCRATCH, 0, LEGACY_SCRATCH_BYTES);
  return <i32>length;
}

/** Decrypts `length` bytes at `data` in place; with `pad` removes and checks the padding. On failure `data` is wiped. */
export function legacyCbcDecrypt(
  cipher: i32,
  data: usize,
  length: usize,
  key: usize,
  keyLength: usize,
  effectiveBits: u32,
  iv: usize,
  pad: bool,
): i32 {
  if (length > LEGACY_DATA_BYTES) return -E_CAPACITY;
  if ((length & 7) !== 0 || (pad && length === 0)) {
    memory.fill(data, 0, length);
    return -E_INTEGRITY;
  }
  const status = expand(cipher, key, keyLength, effectiveBits);
  if (status < 0) return status;
  let chain = load<u64>(iv);
  for (let at = data; at < data + length; at += 8) {
    const block = load<u64>(at);
    store<u64>(at, decryptBlock(cipher, block) ^ chain);
    chain = block;
  }
  memory.fill(LEGACY_SCRATCH, 0, LEGACY_SCRATCH_BYTES);
  if (!pad) return <i32>length;

  const last = data + length - 8;
  const fill = <i32>load<u8>(last, 7);
  let wrong = (fill - 1) >> 31; // all ones when fill is 0
  wrong |= (8 - fill) >> 31; // all ones when it is above 8
  for (let i: i32 = 0; i < 8; i++) {
    const padding = (7 - i - fill) >> 31; // all ones for the last `fill` bytes
    wrong |= padding & (<i32>load<u8>(last + i) ^ fill);
  }
  // the public verdict
  if (wrong !== 0) {
    memory.fill(data, 0, length);
    return -E_INTEGRITY;
  }
  return <i32>length - fill;
}
