// Writes the rounds of the bit-sliced AES, assembly/generated/aes-bitslice.ts: `encrypt8` and `decrypt8` work in place on the
// eight planes of eight blocks (layout: assembly/aes/bitslice.ts), in locals, a loop over rounds around one round.
import { mkdirSync, writeFileSync } from 'node:fs';

const BITS = [0, 1, 2, 3, 4, 5, 6, 7];

// The S-box as circuits of AND and XOR, x0 and s0 the highest bits. Between two linear layers lies the inversion in a tower of
// GF(4), with the products that lead out of it: 32 AND, 30 XOR. That MIDDLE is the one of Boyar and Peralta ("A new combinational
// logic minimization technique with applications to cryptology", SEA 2010), as is the forward TOP. The other layers were found
// by their greedy method: of all sums of two signals made so far, take the one that brings the outputs still missing nearest;
// a BOTTOM is the transpose of a circuit found so for the transposed matrix (every XOR becomes a fork and every fork an XOR).
// The inverse S-box is 1/L^-1(x): its layers have L^-1, the inverse of the S-box's linear part, multiplied in.
// The constant 0x63 is left out on both sides: the round keys add it.
const TOP = `
  y14 = x3 ^ x5; y13 = x0 ^ x6; y9 = x0 ^ x3; y8 = x0 ^ x5; t0 = x1 ^ x2; y1 = t0 ^ x7; y4 = y1 ^ x3; y12 = y13 ^ y14;
  y2 = y1 ^ x0; y5 = y1 ^ x6; y3 = y5 ^ y8; t1 = x4 ^ y12; y15 = t1 ^ x5; y20 = t1 ^ x1; y6 = y15 ^ x7; y10 = y15 ^ t0;
  y11 = y20 ^ y9; y7 = x7 ^ y11; y17 = y10 ^ y11; y19 = y10 ^ y8; y16 = t0 ^ y11; y21 = y13 ^ y16; y18 = x0 ^ y16`;
const MIDDLE = `
  t2 = y12 & y15; t3 = y3 & y6; t4 = t3 ^ t2; t5 = y4 & w7; t6 = t5 ^ t2; t7 = y13 & y16; t8 = y5 & y1; t9 = t8 ^ t7;
  t10 = y2 & y7; t11 = t10 ^ t7; t12 = y9 & y11; t13 = y14 & y17; t14 = t13 ^ t12; t15 = y8 & y10; t16 = t15 ^ t12;
  t17 = t4 ^ t14; t18 = t6 ^ t16; t19 = t9 ^ t14; t20 = t11 ^ t16; t21 = t17 ^ y20; t22 = t18 ^ y19; t23 = t19 ^ y21;
  t24 = t20 ^ y18; t25 = t21 ^ t22; t26 = t21 & t23; t27 = t24 ^ t26; t28 = t25 & t27; t29 = t28 ^ t22; t30 = t23 ^ t24;
  t31 = t22 ^ t26; t32 = t31 & t30; t33 = t32 ^ t24; t34 = t23 ^ t33; t35 = t27 ^ t33; t36 = t24 & t35; t37 = t36 ^ t34;
  t38 = t27 ^ t36; t39 = t29 & t38; t40 = t25 ^ t39; t41 = t40 ^ t37; t42 = t29 ^ t33; t43 = t29 ^ t40; t44 = t33 ^ t37;
  t45 = t42 ^ t41; z0 = t44 & y15; z1 = t37 & y6; z2 = t33 & w7; z3 = t43 & y16; z4 = t40 & y1; z5 = t29 & y7;
  z6 = t42 & y11; z7 = t45 & y17; z8 = t41 & y10; z9 = t44 & y12; z10 = t37 & y3; z11 = t33 & y4; z12 = t43 & y13;
  z13 = t40 & y5; z14 = t29 & y2; z15 = t42 & y9; z16 = t45 & y14; z17 = t41 & y8`;
const BOTTOM = `
  b0 = z3 ^ z4; b1 = z6 ^ b0; b2 = b1 ^ z7; b3 = z0 ^ b0; b4 = z15 ^ z16; b5 = z9 ^ z10; b6 = b5 ^ b4; b7 = z1 ^ b3;
  s3 = b7 ^ b6; b9 = z2 ^ b3; b10 = z8 ^ z7; b11 = b10 ^ b9; b12 = z12 ^ b4; b13 = b12 ^ b11; b14 = z14 ^ b13;
  b15 = z5 ^ z4; b16 = b15 ^ b9; b17 = z13 ^ b13; s6 = b17 ^ b16; s7 = b11 ^ s6; b19 = z11 ^ z10; s5 = b19 ^ b14;
  s4 = s3 ^ b16; b20 = z17 ^ b2; b21 = b20 ^ z16; s2 = b21 ^ b14; s1 = b2 ^ s3; s0 = b2 ^ b6`;
const INVERSE_TOP = `
  y3 = x3 ^ x0; y6 = x1 ^ y3; y5 = x3 ^ x1; y9 = x4 ^ x3; y1 = x7 ^ y9; y13 = x6 ^ y1; y2 = y5 ^ y13; y4 = y9 ^ y2;
  y12 = y3 ^ y4; y7 = x2 ^ y4; y16 = y1 ^ y7; y14 = x4 ^ y6; y8 = x3 ^ y6; y10 = y6 ^ y1; y19 = x7 ^ x4; y21 = x6 ^ y7;
  y18 = x2 ^ y9; v0 = x5 ^ x0; w7 = x2 ^ v0; y15 = y6 ^ w7; y11 = y4 ^ v0; y17 = y16 ^ y15; y20 = y9 ^ y11`;
const INVERSE_BOTTOM = `
  b0 = z16 ^ z12; b1 = z15 ^ b0; b2 = z6 ^ z13; b3 = b2 ^ b1; b4 = z8 ^ b3; b5 = z5 ^ z3; s0 = b5 ^ b4; b7 = z4 ^ z3;
  b8 = z0 ^ s0; b9 = z1 ^ b7; s5 = b9 ^ b8; b11 = z2 ^ b4; b12 = b11 ^ b8; b13 = z10 ^ b12; b14 = b13 ^ z11;
  b15 = z14 ^ s5; b16 = b15 ^ b14; b17 = z17 ^ b0; b18 = z7 ^ b3; s6 = b18 ^ b7; b20 = z9 ^ z11; b21 = b20 ^ b17;
  s7 = b1 ^ b21; b22 = z12 ^ b14; b23 = b22 ^ b17; s4 = b23 ^ s6; s3 = s0 ^ b12; s2 = z13 ^ b16; s1 = b16 ^ b21`;
const SUB_BYTES = [...parse(TOP), ...parse(MIDDLE.replaceAll('w7', 'x7')), ...parse(BOTTOM)];
const INV_SUB_BYTES = [...parse(INVERSE_TOP), ...parse(MIDDLE), ...parse(INVERSE_BOTTOM)];

function parse(circuit) {
  return circuit
    .trim()
    .split(/;\s*/)
    .map((gate) => {
      const [out, , a, op, b] = gate.split(' ');
      return { out, a, op, b };
    });
}

/** What a circuit makes of one byte. */
function evaluate(circuit, byte) {
  const wire = Object.fromEntries(BITS.map((b) => [`x${7 - b}`, (byte >> b) & 1]));
  for (const { out, a, op, b } of circuit) wire[out] = op === '^' ? wire[a] ^ wire[b] : wire[a] & wire[b];
  return BITS.reduce((sum, b) => sum | (wire[`s${7 - b}`] << b), 0);
}

// Check both against FIPS 197, 5.1.1, for every byte: 3 generates the field's units, so 1/3^n = 3^(255 - n).
const powers = [1];
for (let n = 1; n < 255; n++) powers.push((powers[n - 1] << 1) ^ powers[n - 1] ^ (powers[n - 1] & 0x80 ? 0x11b : 0));
for (let byte = 0; byte < 256; byte++) {
  const inverse = byte === 0 ? 0 : powers[(255 - powers.indexOf(byte)) % 255];
  const linear = BITS.reduce((sum, b) => {
    const bit = [0, 4, 5, 6, 7].reduce((x, d) => x ^ (inverse >> ((b + d) & 7)), 0) & 1;
    return sum | (bit << b);
  }, 0);
  if (evaluate(SUB_BYTES, byte) !== linear) throw new Error(`gen-aes-bitslice: S(${byte}) is wrong`);
  if (evaluate(INV_SUB_BYTES, linear) !== byte) throw new Error(`gen-aes-bitslice: InvS(${linear}) is wrong`);
}

const xor = (...terms) => terms.reduce((a, b) => `v128.xor(${a}, ${b})`);
const rotate = (rows, x) => `v128.shuffle<u32>(${x}, ${x}, ${BITS.slice(0, 4).map((r) => (r + rows) & 3)})`;
/** `const ${name}${b} = f(b)` for the eight planes. */
const planes = (name, f) => BITS.map((b) => `    const ${name}${b} = ${f(b)};\n`).join('');
const assign = (name, f) => BITS.map((b) => `    ${name}${b} = ${f(b)};\n`).join('');

/** Sends the planes `from`0..7 through a circuit into constants `to`0..7. */
function substitute(circuit, from, to) {
  const named = (v) => (v[0] === 'x' ? `${from}${7 - v[1]}` : v[0] === 's' ? `${to}${7 - v[1]}` : v);
  return circuit
    .map(
      ({ out, a, op, b }) =>
        `    const ${named(out)} = v128.${op === '^' ? 'xor' : 'and'}(${named(a)}, ${named(b)});\n`,
    )
    .join('');
}

/** MixColumns of the planes a0..7, plus the round key at `key`, into q0..7: 2 (a + a') + a' + (a + a')'', ' one row on. */
const mixColumns = (addKey) =>
  planes('r', (b) => rotate(1, `a${b}`)) +
  planes('m', (b) => xor(`a${b}`, `r${b}`)) +
  assign('q', (b) => {
    const doubled = [`m${(b + 7) & 7}`, ...([1, 3, 4].includes(b) ? ['m7'] : [])]; // x^8 = x^4 + x^3 + x + 1
    return xor(`r${b}`, rotate(2, `m${b}`), ...doubled, ...(addKey ? [keyPlane('key', b)] : []));
  });

/** InvMixColumns = MixColumns after adding 4 (a + a''). */
const invMixColumns = () =>
  planes('u', (b) => xor(`p${b}`, rotate(2, `p${b}`))) +
  '    const u67 = v128.xor(u6, u7);\n' +
  planes('a', (b) =>
    xor(`p${b}`, ...[['u6'], ['u67'], ['u0', 'u7'], ['u1', 'u6'], ['u2', 'u67'], ['u3', 'u7'], ['u4'], ['u5']][b]),
  ) + // prettier-ignore
  mixColumns(false);

const keyPlane = (key, b) => `v128.load(${key}, ${16 * b})`;
const load = (key) =>
  BITS.map((b) => `  let q${b} = ${xor(`v128.load(state, ${16 * b})`, keyPlane(key, b))};\n`).join('');
const store = (value) => BITS.map((b) => `  v128.store(state, ${value(b)}, ${16 * b});\n`).join('');

const source = `// Generated by assembly/build/gen-aes-bitslice.mjs. Do not edit.
/** Encrypts the eight blocks whose planes are at \`state\`, in place. \`keys\`: rounds + 1 round keys of 8 planes. */
export function encrypt8(state: usize, keys: usize, rounds: usize): void {
  const shift = i8x16(0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14);
  const last = keys + (rounds << 7);
${load('keys')}  for (let key = keys + 128; key < last; key += 128) {
${substitute(SUB_BYTES, 'q', 's')}${planes('a', (b) => `i8x16.swizzle(s${b}, shift)`)}${mixColumns(true)}  }
${substitute(SUB_BYTES, 'q', 's')}${store((b) => xor(`i8x16.swizzle(s${b}, shift)`, keyPlane('last', b)))}}

/** Decrypts the eight blocks whose planes are at \`state\`, in place. \`keys\` as for \`encrypt8\`. */
export function decrypt8(state: usize, keys: usize, rounds: usize): void {
  const shift = i8x16(0, 1, 2, 3, 7, 4, 5, 6, 10, 11, 8, 9, 13, 14, 15, 12);
  const last = keys + (rounds << 7);
${load('last')}  for (let key = last - 128; key > keys; key -= 128) {
${substitute(INV_SUB_BYTES, 'q', 'i')}${planes('p', (b) => xor(`i8x16.swizzle(i${b}, shift)`, keyPlane('key', b)))}${invMixColumns()}  }
${substitute(INV_SUB_BYTES, 'q', 'i')}${store((b) => xor(`i8x16.swizzle(i${b}, shift)`, keyPlane('keys', b)))}}
`;

const out = new URL('../generated/aes-bitslice.ts', import.meta.url);
mkdirSync(new URL('.', out), { recursive: true });
writeFileSync(out, source);
