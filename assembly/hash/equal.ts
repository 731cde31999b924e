// Comparison of secrets. Constant time: yes; the length is public, the verdict is the caller's to act on.

/** Returns 0 when the `len` bytes at `a` and `b` are the same, else another number from 1 to 255. */
export function differBytes(a: usize, b: usize, len: usize): i32 {
  let seen: u32 = 0;
  for (let i: usize = 0; i < len; i++) seen |= load<u8>(a + i) ^ load<u8>(b + i);
  return <i32>seen;
}
