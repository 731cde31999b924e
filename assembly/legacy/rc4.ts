// RC4 (as RFC 6229 tests it). Only to read old files. Layer: legacy.
// Constant time: NO. The permutation is read at addresses that depend on the key.
import { E_CAPACITY, E_LENGTH, LEGACY_DATA_BYTES, LEGACY_SCRATCH } from './generated/layout';

const S: usize = LEGACY_SCRATCH;

/** XORs `length` bytes at `data` with the key stream, in place. Key of 1 to 256 bytes. Returns `length` or a status. */
export function legacyRc4(data: usize, length: usize, key: usize, keyLength: usize): i32 {
  if (keyLength < 1 || keyLength > 256) return -E_LENGTH;
  if (length > LEGACY_DATA_BYTES) return -E_CAPACITY;
  for (let i: usize = 0; i < 256; i++) store<u8>(S + i, i);
  let j: usize = 0;
  for (let i: usize = 0; i < 256; i++) {
    const s = <usize>load<u8>(S + i);
    j = (j + s + load<u8>(key + (i % keyLength))) & 0xff;
    store<u8>(S + i, load<u8>(S + j));
    store<u8>(S + j, s);
  }
  let i: usize = 0;
  j = 0;
  for (let at: usize = 0; at < length; at++) {
    i = (i + 1) & 0xff;
    const a = <usize>load<u8>(S + i);
    j = (j + a) & 0xff;
    const b = <usize>load<u8>(S + j);
    store<u8>(S + i, b);
    store<u8>(S + j, a);
    store<u8>(data + at, load<u8>(data + at) ^ load<u8>(S + ((a + b) & 0xff)));
  }
  memory.fill(S, 0, 256);
  return <i32>length;
}
