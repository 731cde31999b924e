// RFC 7292 appendix B.2 over any hash function: the loop that a user of a library without the PKCS#12 KDF writes. It is
// the peer of our own and, over node's hash, the independent maker of the MAC keys in fixtures.mjs.

/** Repeats `bytes` to the next multiple of `v`. */
function fill(bytes, v) {
  const out = new Uint8Array(v * Math.ceil(bytes.length / v));
  for (let i = 0; i < out.length; i++) out[i] = bytes[i % bytes.length];
  return out;
}

/**
 * @param {(bytes: Uint8Array) => Uint8Array} hash
 * @param {{ id: 1 | 2 | 3, password: Uint8Array, salt: Uint8Array, iterations: number, lengthBytes: number, u: number, v: number }} p
 *   password: already a NULL-terminated BMPString; u, v: output and block length of the hash
 */
export function pkcs12Kdf(hash, { id, password, salt, iterations, lengthBytes, u, v }) {
  const S = fill(salt, v);
  const P = fill(password, v);
  const input = new Uint8Array(v + S.length + P.length); // D || I, I = S || P
  input.fill(id, 0, v);
  input.set(S, v);
  input.set(P, v + S.length);
  const out = new Uint8Array(u * Math.ceil(lengthBytes / u));
  for (let block = 0; block * u < lengthBytes; block++) {
    let A = hash(input);
    for (let i = 1; i < iterations; i++) A = hash(A);
    out.set(A, block * u);
    for (let j = v; j < input.length; j += v) {
      let carry = 1; // I_j = (I_j + B + 1) mod 2^v
      for (let i = v - 1; i >= 0; i--) {
        carry += input[j + i] + A[i % u];
        input[j + i] = carry;
        carry >>= 8;
      }
    }
  }
  return out.slice(0, lengthBytes);
}

/** A password as the KDF wants it: big-endian UTF-16 with two zero bytes behind. @param {string} text */
export function bmpPassword(text) {
  const out = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    out[2 * i] = text.charCodeAt(i) >> 8;
    out[2 * i + 1] = text.charCodeAt(i);
  }
  return out;
}
