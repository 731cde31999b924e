/**
 * Key material in the formats of Key Format Type (KMIP 1.4, 2.1.3 and 9.1.3.2.3), from and to one another: raw bytes, PKCS#1, PKCS#8,
 * SubjectPublicKeyInfo (`X_509`), SEC 1 (`ECPrivateKey`), and the transparent forms of symmetric, RSA and EC keys. DER is OpenSSL's
 * business; a key given back in the format it came in is given back byte for byte. Layer: kmip/server, Node only.
 */
import { createECDH, createPrivateKey, createPublicKey, ECDH, type JsonWebKey, type KeyObject } from 'node:crypto';
import { concatBytes } from '../../../bytes.ts';
import { refuse } from '../refusal.ts';
import { copyOf } from './hashes.ts';

/** The fields of a transparent key, as the message codec gives them. */
export type TransparentFields = Readonly<Record<string, unknown>>;
/** Key Material: bytes, or the structure of a transparent key. */
export type Material = Uint8Array | TransparentFields;

/** Key material with its format. */
export interface FormattedKey {
  /** Key Format Type token. */
  readonly format: string | number;
  readonly material: Material;
}

/** Raw bytes of a symmetric key, a secret or an opaque value, lent from the material. */
export function rawBytesOf({ format, material }: FormattedKey): Uint8Array {
  if (material instanceof Uint8Array) {
    if (format === 'Raw' || format === 'Opaque') return material;
  } else if (format === 'TransparentSymmetricKey' && material.key instanceof Uint8Array) return material.key;
  return refuse('KeyFormatTypeNotSupported', 'the key is not in a format of raw bytes');
}

/** Reads a private key. */
export function privateKeyOf(key: FormattedKey): KeyObject {
  return bounded(() => {
    const { format, material } = key;
    if (!(material instanceof Uint8Array)) return createPrivateKey({ key: privateJwk(key), format: 'jwk' });
    const type = PRIVATE_TYPES[format];
    if (type !== undefined) return createPrivateKey({ key: lent(material), format: 'der', type });
    return createPrivateKey({ key: lent(material), format: 'der', type: guessPrivate(material) });
  });
}

/** Reads a public key. */
export function publicKeyOf(key: FormattedKey): KeyObject {
  return bounded(() => {
    const { format, material } = key;
    if (!(material instanceof Uint8Array)) return createPublicKey({ key: publicJwk(key), format: 'jwk' });
    return createPublicKey({ key: lent(material), format: 'der', type: format === 'PKCS_1' ? 'pkcs1' : 'spki' });
  });
}

/** Writes a private key in a format; the result is the caller's to wipe. */
export function formatPrivateKey(key: KeyObject, format: string | number): Material {
  const rsa = key.asymmetricKeyType === 'rsa';
  const ec = key.asymmetricKeyType === 'ec';
  if (format === 'PKCS_8') return copyOf(key.export({ format: 'der', type: 'pkcs8' }));
  if (format === 'PKCS_1' && rsa) return copyOf(key.export({ format: 'der', type: 'pkcs1' }));
  if (format === 'ECPrivateKey' && ec) return copyOf(key.export({ format: 'der', type: 'sec1' }));
  if (format === 'TransparentRSAPrivateKey' && rsa) {
    const { n, e, d, p, q, dp, dq, qi } = key.export({ format: 'jwk' });
    return {
      modulus: bigInteger(n),
      privateExponent: bigInteger(d),
      publicExponent: bigInteger(e),
      p: bigInteger(p),
      q: bigInteger(q),
      primeExponentP: bigInteger(dp),
      primeExponentQ: bigInteger(dq),
      crtCoefficient: bigInteger(qi),
    };
  }
  if (TRANSPARENT_EC_PRIVATE.includes(format) && ec) {
    const { crv, d } = key.export({ format: 'jwk' });
    return { recommendedCurve: curveToken(crv), d: bigInteger(d) };
  }
  return refuse('KeyFormatTypeNotSupported', 'a private key of this kind has no such format');
}

/** Writes a public key in a format. */
export function formatPublicKey(key: KeyObject, format: string | number): Material {
  const rsa = key.asymmetricKeyType === 'rsa';
  const ec = key.asymmetricKeyType === 'ec';
  if (format === 'X_509' || format === 'PKCS_8') return copyOf(key.export({ format: 'der', type: 'spki' }));
  if (format === 'PKCS_1' && rsa) return copyOf(key.export({ format: 'der', type: 'pkcs1' }));
  if (format === 'TransparentRSAPublicKey' && rsa) {
    const { n, e } = key.export({ format: 'jwk' });
    return { modulus: bigInteger(n), publicExponent: bigInteger(e) };
  }
  if (TRANSPARENT_EC_PUBLIC.includes(format) && ec) {
    const { crv, x, y } = key.export({ format: 'jwk' });
    return { recommendedCurve: curveToken(crv), qString: concatBytes(Uint8Array.of(4), bytesOf(x), bytesOf(y)) };
  }
  return refuse('KeyFormatTypeNotSupported', 'a public key of this kind has no such format');
}

/** OpenSSL's name of a Recommended Curve. */
export function opensslCurve(curve: string | number): string {
  return OPENSSL_CURVES[curve] ?? refuse('CryptographicFailure', 'this curve is not supported here');
}

/** Cryptographic Length of a curve, bits; undefined for one that is not supported. */
export function curveBits(curve: string | number): number | undefined {
  return CURVE_BITS[curve];
}

/** The Recommended Curve that a length stands for when none was named. */
export function curveOfLength(bits: number): string {
  return CURVES_BY_LENGTH[bits] ?? refuse('InvalidField', 'no curve of this length; name a Recommended Curve');
}

/** Longest modulus, bits, of keys that others have made: the time of an operation grows with its third power. */
export const MAX_MODULUS_BITS = 8192;

/** Reads a key. Refuses what is none, and one that takes too long to use. */
export function bounded(read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    return refuse('CryptographicFailure', 'the key material is not a key of its format');
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) > MAX_MODULUS_BITS)
    refuse('CryptographicFailure', `the modulus of the key has more than ${MAX_MODULUS_BITS} bits`);
  return key;
}

/** The same bytes for OpenSSL: a copy of a short key would lie in memory that Node shares out and does not clear. */
function lent(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

const PRIVATE_TYPES: Readonly<Record<string, 'pkcs1' | 'pkcs8' | 'sec1'>> = {
  PKCS_1: 'pkcs1',
  PKCS_8: 'pkcs8',
  ECPrivateKey: 'sec1',
};

/** Clients register private keys as Raw or Opaque, too: PKCS#8 has a SEQUENCE after the version, PKCS#1 an INTEGER, SEC 1 a string. */
function guessPrivate(der: Uint8Array): 'pkcs1' | 'pkcs8' | 'sec1' {
  const header = (der[1] ?? 0) < 0x80 ? 2 : 2 + ((der[1] ?? 0) & 0x7f);
  const afterVersion = der[header + 3];
  return afterVersion === 0x30 ? 'pkcs8' : afterVersion === 0x02 ? 'pkcs1' : 'sec1';
}

function privateJwk({ format, material }: FormattedKey): JsonWebKey {
  const fields = material as TransparentFields;
  if (format === 'TransparentRSAPrivateKey') {
    const { modulus, privateExponent, publicExponent, p, q, primeExponentP, primeExponentQ, crtCoefficient } = fields;
    return {
      kty: 'RSA',
      n: number(modulus),
      e: number(publicExponent),
      d: number(privateExponent),
      p: number(p),
      q: number(q),
      dp: number(primeExponentP),
      dq: number(primeExponentQ),
      qi: number(crtCoefficient),
    };
  }
  const curve = String(fields.recommendedCurve);
  const pair = createECDH(opensslCurve(curve));
  const size = Math.ceil((CURVE_BITS[curve] ?? 0) / 8);
  const d = fixed(unsigned(fields.d), size);
  pair.setPrivateKey(d);
  return { ...publicJwkOfPoint(curve, new Uint8Array(pair.getPublicKey())), d: base64Url(d) };
}

function publicJwk({ format, material }: FormattedKey): JsonWebKey {
  const fields = material as TransparentFields;
  if (format === 'TransparentRSAPublicKey')
    return { kty: 'RSA', n: number(fields.modulus), e: number(fields.publicExponent) };
  if (!(fields.qString instanceof Uint8Array)) return refuse('InvalidField', 'the public key has no Q String');
  return publicJwkOfPoint(String(fields.recommendedCurve), fields.qString);
}

/** SEC 1, 2.3.3: an uncompressed point is 04 || x || y. */
function publicJwkOfPoint(curve: string, point: Uint8Array): JsonWebKey {
  const full = point[0] === 4 ? point : new Uint8Array(ECDH.convertKey(point, opensslCurve(curve)) as Buffer);
  const half = (full.length - 1) / 2;
  const crv = JWK_CURVES[curve] ?? refuse('KeyFormatTypeNotSupported', 'this curve has no transparent form here');
  return { kty: 'EC', crv, x: base64Url(full.subarray(1, 1 + half)), y: base64Url(full.subarray(1 + half)) };
}

function curveToken(crv: unknown): string {
  const found = Object.entries(JWK_CURVES).find(([, name]) => name === crv);
  return found?.[0] ?? refuse('KeyFormatTypeNotSupported', 'this curve has no transparent form here');
}

/** A Big Integer (two's complement, a multiple of 8 bytes) of a positive number. */
function bigInteger(text: string | undefined): Uint8Array<ArrayBuffer> {
  const digits = bytesOf(text);
  const extra = (digits[0] ?? 0) >= 0x80 ? 1 : 0;
  const out = new Uint8Array(Math.ceil((digits.length + extra) / 8) * 8);
  out.set(digits, out.length - digits.length);
  digits.fill(0);
  return out;
}

function bytesOf(text: string | undefined): Uint8Array<ArrayBuffer> {
  return copyOf(Buffer.from(text ?? '', 'base64url'));
}

function unsigned(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) return refuse('InvalidField', 'the transparent key lacks a number');
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  return value.subarray(start);
}

function number(value: unknown): string {
  return base64Url(unsigned(value));
}

function fixed(digits: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  out.set(digits, size - digits.length);
  return out;
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

const TRANSPARENT_EC_PRIVATE: readonly (string | number)[] = [
  'TransparentECPrivateKey',
  'TransparentECDSAPrivateKey',
  'TransparentECDHPrivateKey',
];
const TRANSPARENT_EC_PUBLIC: readonly (string | number)[] = [
  'TransparentECPublicKey',
  'TransparentECDSAPublicKey',
  'TransparentECDHPublicKey',
];

const JWK_CURVES: Readonly<Record<string, string>> = {
  P_256: 'P-256',
  P_384: 'P-384',
  P_521: 'P-521',
  SECP256K1: 'secp256k1',
};

const OPENSSL_CURVES: Readonly<Record<string, string>> = {
  P_192: 'prime192v1',
  P_224: 'secp224r1',
  P_256: 'prime256v1',
  P_384: 'secp384r1',
  P_521: 'secp521r1',
  SECP192K1: 'secp192k1',
  SECP224K1: 'secp224k1',
  SECP256K1: 'secp256k1',
  BRAINPOOLP256R1: 'brainpoolP256r1',
  BRAINPOOLP384R1: 'brainpoolP384r1',
  BRAINPOOLP512R1: 'brainpoolP512r1',
};

const CURVE_BITS: Readonly<Record<string, number>> = {
  P_192: 192,
  P_224: 224,
  P_256: 256,
  P_384: 384,
  P_521: 521,
  SECP192K1: 192,
  SECP224K1: 224,
  SECP256K1: 256,
  BRAINPOOLP256R1: 256,
  BRAINPOOLP384R1: 384,
  BRAINPOOLP512R1: 512,
};

const CURVES_BY_LENGTH: Readonly<Record<number, string>> = {
  192: 'P_192',
  224: 'P_224',
  256: 'P_256',
  384: 'P_384',
  521: 'P_521',
};
