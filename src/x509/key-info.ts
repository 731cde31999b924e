/**
 * Public and private keys: algorithm, size and curve, without their values (RFC 5280 §4.1.2.7, RFC 5958, RFC 8017 §A.1, RFC 5915).
 * Layer: x509.
 *
 *   SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
 *   OneAsymmetricKey     ::= SEQUENCE { version INTEGER, algorithm AlgorithmIdentifier, privateKey OCTET STRING, … }
 */
import { DER, DerCursor } from '../core/index.ts';
import { CURVES, nameX509Oid, OID } from './oids.ts';

/** What is known of a key without its value. */
export interface KeySummary {
  /** `RSA`, `EC`, `Ed25519`, … or the digits of its identifier. */
  readonly algorithm: string;
  readonly oid: string;
  /** Size of the modulus, or of the curve's field; null where it is not known. */
  readonly bits: number | null;
  /** `P-256`, …; null for what has no curve. */
  readonly curve: string | null;
}

/**
 * Describes a SubjectPublicKeyInfo.
 *
 * @param der not changed
 * @throws {FormatError} ERR_DER_…
 */
export function parsePublicKeyInfo(der: Uint8Array): KeySummary {
  const cursor = DerCursor.over(der, undefined, ['SubjectPublicKeyInfo']);
  const summary = readPublicKeyInfo(cursor);
  cursor.assertEnd();
  return summary;
}

/** Describes the SubjectPublicKeyInfo ahead. */
export function readPublicKeyInfo(cursor: DerCursor): KeySummary {
  const info = cursor.readSequence('subjectPublicKeyInfo');
  const { oid, curve } = readKeyAlgorithm(info);
  const bits = oid === OID.RSA || oid === OID.RSA_PSS ? rsaBits(info.readBits()) : null;
  return summarise(oid, curve, bits);
}

/**
 * Describes an unencrypted PKCS#8 private key. The bytes are only looked through: no value of the key is copied out.
 *
 * @param der not changed; the copy that was made of it is wiped
 * @throws {FormatError} ERR_DER_…
 */
export function parsePrivateKeyInfo(der: Uint8Array): KeySummary {
  const copy = new Uint8Array(der);
  try {
    const info = DerCursor.over(copy, undefined, ['PrivateKeyInfo']).readSequence();
    info.readSmallInteger();
    const { oid, curve } = readKeyAlgorithm(info);
    const value = info.lendContents(DER.OCTET_STRING);
    return summarise(oid, curve, oid === OID.RSA || oid === OID.RSA_PSS ? rsaPrivateBits(value) : null);
  } finally {
    copy.fill(0);
  }
}

function readKeyAlgorithm(cursor: DerCursor): { readonly oid: string; readonly curve: string | null } {
  const algorithm = cursor.readSequence('algorithm');
  const oid = algorithm.readOid();
  if (oid !== OID.EC || !algorithm.is(DER.OBJECT_IDENTIFIER)) return { oid, curve: null };
  const curve = algorithm.readOid();
  return { oid, curve };
}

function summarise(oid: string, curve: string | null, bits: number | null): KeySummary {
  const algorithm = nameX509Oid(oid) ?? oid;
  if (curve !== null) {
    const known = CURVES[curve];
    return { algorithm, oid, bits: known?.bits ?? null, curve: known?.name ?? curve };
  }
  return { algorithm, oid, bits: bits ?? EDWARDS_BITS[oid] ?? null, curve: null };
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
function rsaBits(key: Uint8Array): number {
  return bitsOf(DerCursor.over(key, undefined, ['RSAPublicKey']).readSequence().lendContents(DER.INTEGER));
}

/** RSAPrivateKey ::= SEQUENCE { version INTEGER, modulus INTEGER, … } */
function rsaPrivateBits(key: Uint8Array): number {
  const sequence = DerCursor.checked(key, ['RSAPrivateKey']).readSequence();
  sequence.skip();
  return bitsOf(sequence.lendContents(DER.INTEGER));
}

function bitsOf(integer: Uint8Array): number {
  let at = 0;
  while (at < integer.length && integer[at] === 0) at++;
  return at === integer.length ? 0 : 8 * (integer.length - at) - Math.clz32(integer[at] ?? 0) + 24;
}

const EDWARDS_BITS: Readonly<Record<string, number>> = {
  [OID.X25519]: 256,
  [OID.ED25519]: 256,
  [OID.X448]: 448,
  [OID.ED448]: 456,
};
