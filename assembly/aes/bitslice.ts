// AES (FIPS 197), eight blocks at once, bit-sliced: for batches of keys and for CBC decryption. The rounds are generated
// (assembly/build/gen-aes-bitslice.mjs); this file moves blocks in and out of planes.
//
// Plane b holds bit b of every byte of eight blocks. Byte 4r + c of a plane is row r, column c of the state (the standard's
// order transposed, so that MixColumns rotates 32-bit lanes), and bit s of that byte belongs to block s.
//
// Constant time: yes. There are no look-ups; addresses and branches depend on the number of rounds.

/** The standard's byte order <-> the planes': its own inverse. */
export function transposeBytes(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

/** Writes the eight planes of a round key: each bit of it stands in all eight blocks. */
export function planesOfKey(out: usize, k: v128): void {
  let bits = transposeBytes(k);
  const zero = i64x2.splat(0);
  for (let plane = out + 112; plane >= out; plane -= 16) {
    v128.store(plane, i8x16.lt_s(bits, zero)); // the sign: the highest bit first
    bits = i8x16.add(bits, bits);
  }
}

/** Exchanges the bits of `a` above `shift` with those of `b` below it, under `mask`; writes both back. */
function exchange(a: usize, b: usize, shift: i32, mask: v128): void {
  const x = v128.load(a);
  const y = v128.load(b);
  const t = v128.and(v128.xor(i64x2.shr_u(x, shift), y), mask);
  v128.store(b, v128.xor(y, t));
  v128.store(a, v128.xor(x, i64x2.shl(t, shift)));
}

/** Eight byte-transposed blocks at `at` <-> eight planes: an 8 by 8 transposition of bits, its own inverse. */
export function transposeBits(at: usize): void {
  const m1 = i8x16.splat(0x55);
  const m2 = i8x16.splat(0x33);
  const m4 = i8x16.splat(0x0f);
  for (let p = at; p < at + 128; p += 32) exchange(p, p + 16, 1, m1);
  for (let p = at; p < at + 128; p += 64) {
    exchange(p, p + 32, 2, m2);
    exchange(p + 16, p + 48, 2, m2);
  }
  for (let p = at; p < at + 64; p += 16) exchange(p, p + 64, 4, m4);
}
