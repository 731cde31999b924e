/**
 * X.509 certificates (RFC 5280 §4.1). Nothing is verified: neither signature nor chain nor time. Layer: x509.
 *
 *   Certificate    ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
 *   TBSCertificate ::= SEQUENCE { version [0] INTEGER DEFAULT v1, serialNumber INTEGER, signature AlgorithmIdentifier,
 *                                 issuer Name, validity SEQUENCE { notBefore Time, notAfter Time }, subject Name,
 *                                 subjectPublicKeyInfo, issuerUniqueID [1], subjectUniqueID [2], extensions [3] }
 */
import { formatHex } from '../bytes.ts';
import { DER, DerCursor, hash } from '../core/index.ts';
import { FormatError } from '../errors.ts';
import { type ExtensionSummary, readExtensions } from './extension.ts';
import { type KeySummary, readPublicKeyInfo } from './key-info.ts';
import { type NameSummary, readName } from './name.ts';
import { nameX509Oid, OID } from './oids.ts';

/** A certificate, described. */
export interface CertificateSummary {
  /** 1 to 3. */
  readonly version: number;
  /** Hex, as it stands in the certificate. */
  readonly serialNumber: string;
  readonly issuer: NameSummary;
  readonly subject: NameSummary;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeySummary;
  /** `ecdsa-with-SHA256`, … or the digits of its identifier. */
  readonly signatureAlgorithm: string;
  /** Issuer and subject are the same name; whether the signature is its own was not checked. */
  readonly selfIssued: boolean;
  readonly isCa: boolean;
  /** `DNS:…`, `IP:…`, `email:…` */
  readonly subjectAlternativeNames: readonly string[];
  readonly keyUsage: readonly string[];
  readonly extendedKeyUsage: readonly string[];
  readonly extensions: readonly ExtensionSummary[];
  /** Hex, over the whole certificate. */
  readonly fingerprints: { readonly sha1: string; readonly sha256: string };
}

/**
 * Describes a certificate.
 *
 * @param der the certificate in DER; not changed
 * @throws {FormatError} ERR_DER_… with the offset of the fault
 * @example
 * const [block] = parsePem(text);
 * if (block !== undefined) console.log(parseCertificate(block.bytes).subject);
 */
export function parseCertificate(der: Uint8Array): CertificateSummary {
  const outer = DerCursor.over(der, undefined, ['Certificate']);
  const certificate = outer.readSequence();
  outer.assertEnd();
  const tbs = certificate.readSequence('tbsCertificate');
  const version = tbs.is(0xa0) ? tbs.readContext(0).readSmallInteger() + 1 : 1;
  const serialNumber = formatHex(tbs.lendContents(DER.INTEGER));
  const algorithm = tbs.readSequence('signature').readOid();
  const issuer = readName(tbs);
  const validity = tbs.readSequence('validity');
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  const subject = readName(tbs);
  const publicKey = readPublicKeyInfo(tbs);
  while (tbs.more && !tbs.is(0xa3)) tbs.skip();
  const extensions = tbs.more ? readExtensions(tbs.readContext(3)) : [];
  const linesOf = (oid: string): readonly string[] => extensions.find((e) => e.oid === oid)?.lines ?? [];
  return {
    version,
    serialNumber,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    signatureAlgorithm: nameX509Oid(algorithm) ?? algorithm,
    selfIssued: issuer.text === subject.text,
    isCa: linesOf(OID.BASIC_CONSTRAINTS)[0] === 'CA',
    subjectAlternativeNames: linesOf(OID.SUBJECT_ALTERNATIVE_NAME),
    keyUsage: linesOf(OID.KEY_USAGE),
    extendedKeyUsage: linesOf(OID.EXTENDED_KEY_USAGE),
    extensions,
    fingerprints: { sha1: formatHex(hash('sha1', der)), sha256: formatHex(hash('sha256', der)) },
  };
}

/** Time ::= CHOICE { UTCTime, GeneralizedTime }: always with seconds, always Z (RFC 5280 §4.1.2.5); years 50 to 99 are 1950 to 1999. */
function readTime(cursor: DerCursor): Date {
  const { derTag, offset } = cursor;
  let text = '';
  for (const byte of cursor.lendContents(derTag)) text += String.fromCharCode(byte);
  if (derTag === DER.UTC_TIME) text = `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const isTime = derTag === DER.UTC_TIME || derTag === DER.GENERALIZED_TIME;
  const iso = match === null ? '' : `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`;
  const date = new Date(iso);
  if (isTime && !Number.isNaN(date.getTime())) return date;
  throw new FormatError('ERR_DER_VALUE', `validity: not a time at offset ${offset}`, { offset, path: ['validity'] });
}
