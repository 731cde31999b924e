// Wiping. Constant time: yes (the length is public).

/** Zeroes `len` bytes at `dst`. */
export function wipe(dst: usize, len: usize): void {
  memory.fill(dst, 0, len);
}
