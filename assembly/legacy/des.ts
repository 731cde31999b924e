// DES and Triple DES (FIPS 46-3, SP 800-67), one block at a time. Only to read old files. Layer: legacy.
// Constant time: NO. The S-boxes are look-ups at addresses that depend on key and data.
//
// A block is a u64: left half above, right half below. A key schedule is 16 rounds of 8 octets, each the six bits for
// one S-box; decryption takes the rounds backwards.
import { PC1, PC2, SP } from './generated/des-tables';

const ROUND: usize = 8;
/** Bytes of one DES key's schedule. */
export const DES_SCHEDULE: usize = 16 * ROUND;
/** Rounds before which the halves of the key turn by one bit and not by two: 1, 2, 9 and 16. */
const SINGLE_TURNS: u32 = (1 << 0) | (1 << 1) | (1 << 8) | (1 << 15);

function turn28(half: u32): u32 {
  return ((half << 1) | (half >>> 27)) & 0x0fffffff;
}

/** Expands the 8-byte key at `key`; its parity bits are not looked at. */
export function desExpand(dst: usize, key: usize): void {
  const bits = bswap(load<u64>(key));
  let c: u32 = 0;
  let d: u32 = 0;
  for (let i: u32 = 0; i < 28; i++) {
    c = (c << 1) | (<u32>(bits >> (64 - load<u8>(PC1 + i))) & 1);
    d = (d << 1) | (<u32>(bits >> (64 - load<u8>(PC1 + i, 28))) & 1);
  }
  for (let round: u32 = 0; round < 16; round++) {
    c = turn28(c);
    d = turn28(d);
    if (((SINGLE_TURNS >>> round) & 1) === 0) {
      c = turn28(c);
      d = turn28(d);
    }
    const cd = ((<u64>c) << 28) | d;
    for (let box: u32 = 0; box < 8; box++) {
      let six: u32 = 0;
      for (let i: u32 = 0; i < 6; i++) six = (six << 1) | (<u32>(cd >> (56 - load<u8>(PC2 + box * 6 + i))) & 1);
      store<u8>(dst + <usize>round * ROUND + box, six);
    }
  }
}

/** f(R, K): expansion, S-boxes and P. Six neighbouring bits of R enter each S-box, the outer two shared. */
function f(r: u32, key: usize): u32 {
  let out: u32 = 0;
  for (let box: u32 = 0; box < 8; box++) {
    const six = (rotl<u32>(r, 4 * box - 1) >>> 26) ^ load<u8>(key + box);
    // rotl by 4·box - 1 brings the bit left of the S-box's four to the top
    out |= load<u32>(SP + ((box * 64 + six) << 2));
  }
  return out;
}

/** Sixteen rounds with the final exchange of halves; `step` is ±ROUND, `key` the first round to take. */
function rounds(block: u64, key: usize, step: isize): u64 {
  let l = <u32>(block >> 32);
  let r = <u32>block;
  for (let round = 0; round < 16; round++) {
    const next = l ^ f(r, key);
    l = r;
    r = next;
    key += step;
  }
  return ((<u64>r) << 32) | l;
}

/** Exchanges the bits of `mask` in `a` with those `shift` above them in `b`; one step of IP on both halves. */
function initialPermutation(block: u64): u64 {
  let l = <u32>(block >> 32);
  let r = <u32>block;
  let t = ((l >>> 4) ^ r) & 0x0f0f0f0f;
  r ^= t;
  l ^= t << 4;
  t = ((l >>> 16) ^ r) & 0x0000ffff;
  r ^= t;
  l ^= t << 16;
  t = ((r >>> 2) ^ l) & 0x33333333;
  l ^= t;
  r ^= t << 2;
  t = ((r >>> 8) ^ l) & 0x00ff00ff;
  l ^= t;
  r ^= t << 8;
  t = ((l >>> 1) ^ r) & 0x55555555;
  r ^= t;
  l ^= t << 1;
  return ((<u64>l) << 32) | r;
}

/** The inverse: the same exchanges backwards. */
function finalPermutation(block: u64): u64 {
  let l = <u32>(block >> 32);
  let r = <u32>block;
  let t = ((l >>> 1) ^ r) & 0x55555555;
  r ^= t;
  l ^= t << 1;
  t = ((r >>> 8) ^ l) & 0x00ff00ff;
  l ^= t;
  r ^= t << 8;
  t = ((r >>> 2) ^ l) & 0x33333333;
  l ^= t;
  r ^= t << 2;
  t = ((l >>> 16) ^ r) & 0x0000ffff;
  r ^= t;
  l ^= t << 16;
  t = ((l >>> 4) ^ r) & 0x0f0f0f0f;
  r ^= t;
  l ^= t << 4;
  return ((<u64>l) << 32) | r;
}

/** One block of DES, or with three schedules of Triple DES: encrypt, decrypt, encrypt. IP and its inverse cancel between. */
export function desEncrypt(block: u64, schedule: usize, triple: bool): u64 {
  block = rounds(initialPermutation(block), schedule, ROUND);
  if (triple) {
    block = rounds(block, schedule + 2 * DES_SCHEDULE - ROUND, -(<isize>ROUND));
    block = rounds(block, schedule + 2 * DES_SCHEDULE, ROUND);
  }
  return finalPermutation(block);
}

/** The inverse of `desEncrypt`. */
export function desDecrypt(block: u64, schedule: usize, triple: bool): u64 {
  block = initialPermutation(block);
  if (triple) {
    block = rounds(block, schedule + 3 * DES_SCHEDULE - ROUND, -(<isize>ROUND));
    block = rounds(block, schedule + DES_SCHEDULE, ROUND);
  }
  return finalPermutation(rounds(block, schedule + DES_SCHEDULE - ROUND, -(<isize>ROUND)));
}
