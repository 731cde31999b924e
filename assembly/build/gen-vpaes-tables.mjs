// Derives every table of the vector-permute AES (assembly/aes/serial.ts) from the mathematics and writes them to
// assembly/generated/aes-tables.ts. Nothing is pasted: the derivation checks itself over all 256 bytes and fails the build.
//
// The idea (Hamburg, "Accelerating AES with Vector Permute Instructions", CHES 2009): a 16-byte shuffle is a table look-up of a
// nibble in constant time, so the S-box must be cut into functions of nibbles.
//
//   GF(256) = GF(16)[w] / (w^2 + a w + a), GF(16) = GF(2)[z] / (z^4 + z + 1); a byte is x = k + i w, k the low nibble
//   j = k + i
//   N = k^2 + a i k + a i^2                          the norm of x; 1/x = ((k + a i) + i w) / N
//   io = j + 1 / (1/i + a/k) = N / (k + a i)
//   jo = i + 1 / (1/j + a/k) = N / (k + a j)         five look-ups of a nibble: a/k, 1/i, 1/j, and two outer inverses
//
// 1/x is then a *linear* function of (1/io, 1/jo), so one pair of tables [f(1/io), f(1/jo)] gives f(1/x) for any linear f: the
// S-box's affine part, times 2 or 3 for MixColumns, and the change back to another basis all cost the same two look-ups.
// Zero: 1/0 is written 0x80, "infinity". A shuffle answers 0 to an index with the top bit set, which is 1/infinity, and an XOR
// with a nibble keeps the top bit, which is infinity + n; so zero needs no case of its own.
//
// Two bases hold the state, both with 0x63 added so that the affine constant vanishes into the round keys:
//   E, encryption: E(x) = T(x), the tower basis
//   D, decryption: D(x) = T(L^-1 (x)), L the S-box's linear part, so that a round may start with the inversion
//
// ShiftRows is put off: after r rounds the register holds the state with ShiftRows^-r applied. All other steps work on single
// bytes and do not care, save MixColumns, whose rotation of columns becomes ShiftRows^-r . rotation . ShiftRows^r: a table for
// each r mod 4. The last round undoes what has gathered. Decryption goes the other way, hence takes the tables of -r.
import { mkdirSync, writeFileSync } from 'node:fs';

const range = (n) => Array.from({ length: n }, (_, i) => i);
const fail = (what) => {
  throw new Error(`gen-vpaes-tables: ${what}`);
};

// --- GF(16) and the AES field ---------------------------------------------------------------------------------------

/** Carry-less product of a and b modulo `poly`, whose degree is `degree`. */
function multiply(a, b, poly, degree) {
  let product = 0;
  for (let bit = 0; bit < degree; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 2 * degree - 2; bit >= degree; bit--) if ((product >> bit) & 1) product ^= poly << (bit - degree);
  return product;
}
const mul4 = (a, b) => multiply(a, b, 0x13, 4);
const mul8 = (a, b) => multiply(a, b, 0x11b, 8);
const inv4 = (a) => range(16).find((b) => mul4(a, b) === 1) ?? 0;
const inv8 = (a) => range(256).find((b) => mul8(a, b) === 1) ?? 0;

// --- the tower: the first a that makes w^2 + a w + a irreducible, and the first isomorphism ---------------------------

const a = range(16).find((c) => c > 0 && range(16).every((x) => (mul4(x, x) ^ mul4(c, x) ^ c) !== 0));
const mulTower = (x, y) => {
  const [k1, i1, k2, i2] = [x & 15, x >> 4, y & 15, y >> 4];
  const w2 = mul4(mul4(i1, i2), a); // i1 i2 w^2 = i1 i2 a (w + 1)
  return (mul4(k1, k2) ^ w2) | ((mul4(k1, i2) ^ mul4(i1, k2) ^ w2) << 4);
};
const powTower = (x, n) => range(n).reduce((product) => mulTower(product, x), 1);
/** The image of the AES field's generator: a root of x^8 + x^4 + x^3 + x + 1 in the tower. */
const root = range(256).find((r) => r > 1 && (powTower(r, 8) ^ powTower(r, 4) ^ powTower(r, 3) ^ r ^ 1) === 0);
const T = (x) => range(8).reduce((y, bit) => ((x >> bit) & 1 ? y ^ powTower(root, bit) : y), 0);
const inverseOf = (f) => {
  const table = [];
  for (const x of range(256)) table[f(x)] = x;
  return (y) => table[y];
};
const Tinv = inverseOf(T);

// --- the S-box (FIPS 197, 5.1.1): S(x) = L(1/x) + 0x63 ----------------------------------------------------------------

const L = (x) =>
  range(8).reduce(
    (y, b) =>
      y |
      ((((x >> b) ^ (x >> ((b + 4) % 8)) ^ (x >> ((b + 5) % 8)) ^ (x >> ((b + 6) % 8)) ^ (x >> ((b + 7) % 8))) & 1) <<
        b),
    0,
  ); // prettier-ignore
const D = (x) => T(inverseOf(L)(x));
const Dinv = inverseOf(D);

// --- check: the five look-ups do invert, for every byte ---------------------------------------------------------------

const INFINITY = 0x80;
const INV = range(16).map((n) => (n === 0 ? INFINITY : inv4(n)));
const INVA = range(16).map((n) => (n === 0 ? INFINITY : mul4(a, inv4(n))));
/** What the shuffle instruction does. */
const lookup = (table, index) => (index & 0x80 ? 0 : table[index]);
/** 1/x in the tower from p = 1/io and q = 1/jo: p = (k + a i)/N and p + q = a k/N. */
const recover = (p, q) => {
  const kN = mul4(p ^ q, inv4(a));
  const iN = mul4(p ^ kN, inv4(a));
  return p | (iN << 4);
};
/** The pair of tables for f(1/x), f linear: indexed by io and by jo. */
const fromInverse = (f) => [
  ...range(16).map((io) => f(recover(inv4(io), 0))),
  ...range(16).map((jo) => f(recover(0, inv4(jo)))),
];
/** The pair of tables for f(x), f linear: indexed by the low nibble and by the high one. */
const fromNibbles = (f) => [...range(16).map(f), ...range(16).map((n) => f(n << 4))];

for (const x of range(256)) {
  const [k, i] = [x & 15, x >> 4];
  const j = k ^ i;
  const ak = lookup(INVA, k);
  const io = lookup(INV, lookup(INV, i) ^ ak) ^ j;
  const jo = lookup(INV, lookup(INV, j) ^ ak) ^ i;
  const table = fromInverse((y) => y);
  if ((lookup(table.slice(0, 16), io) ^ lookup(table.slice(16), jo)) !== T(inv8(Tinv(x)))) fail(`1/x is wrong at ${x}`);
  for (const y of range(256)) if (T(mul8(x, y)) !== mulTower(T(x), T(y))) fail('T is not an isomorphism');
}

// --- byte permutations of the state: out[p] = in[permutation[p]]; byte 4c + r is row r of column c --------------------

const then = (first, second) => second.map((p) => first[p]);
const identity = range(16);
const SHIFT_ROWS = identity.map((p) => (p + 4 * (p & 3)) & 15);
const shiftRows = (times) => range(times & 3).reduce((p) => then(p, SHIFT_ROWS), identity);
const rotateColumns = (n) => identity.map((p) => (p & ~3) | ((p + n) & 3));
const putOff = (n) => range(4).flatMap((r) => then(then(shiftRows(r), rotateColumns(n)), shiftRows(-r)));

// --- emit -------------------------------------------------------------------------------------------------------------

const tables = [
  ['INV', 'n -> 1/n in GF(16)', INV],
  ['INVA', 'n -> a/n in GF(16)', INVA],
  ['NIBBLE', '0x0f in each byte', range(16).fill(15)],
  ['TO_E', 'AES basis -> E', fromNibbles(T)],
  ['FROM_E', 'E -> AES basis', fromNibbles(Tinv)],
  ['TO_D', 'AES basis -> D', fromNibbles(D)],
  ['FROM_D', 'D -> AES basis', fromNibbles(Dinv)],
  ['S1', '1/x -> E(S(x) - 0x63), AddRoundKey puts 0x63 back', fromInverse((y) => T(L(Tinv(y))))],
  ['S2', 'the same times 2', fromInverse((y) => T(mul8(2, L(Tinv(y)))))],
  ['SHIFT', 'ShiftRows^r, r = 0 .. 3', range(4).flatMap(shiftRows)],
  ...[1, 2, 3].map((n) => [`ROTATE${n}`, `columns rotated by ${n}, ShiftRows put off r = 0 .. 3 times`, putOff(n)]),
  ...[1, 9, 11, 13, 14].map((c) => [`I${c}`, `1/x -> D(${c} InvS(x))`, fromInverse((y) => D(mul8(c, Tinv(y))))]),
  ...[1, 9, 11, 13, 14].map((c) => [`K${c}`, `E -> D of the same times ${c}`, fromNibbles((y) => D(mul8(c, Tinv(y))))]),
];
const out = new URL('../generated/aes-tables.ts', import.meta.url);
mkdirSync(new URL('.', out), { recursive: true });
writeFileSync(
  out,
  `// Generated by assembly/build/gen-vpaes-tables.mjs (which derives them). Do not edit.
${tables.map(([name, what, bytes]) => `/** ${what} */\nexport const ${name}: usize = memory.data<u8>([${bytes.join(', ')}], 16);\n`).join('')}/** E(0x63) */
export const E63: u8 = ${T(0x63)};
`,
);
