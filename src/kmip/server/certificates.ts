/**
 * The certificates of a server's own authority: ECDSA P-256, X.509 version 3 (RFC 5280), made with the core's DER writer and signed
 * by node:crypto. Only what this server needs to issue; nothing is read here. Layer: kmip/server, Node only.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { encodeUtf8 } from '../../bytes.ts';
import { DER, DerWriter, hash } from '../../core/index.ts';
import { UsageError } from '../../errors.ts';

/** A certificate and its private key. */
export interface Identity {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: KeyObject;
}

/** What a certificate is to say. */
export interface CertificateRequest {
  /** 1 to 64 characters (RFC 5280 A.1, ub-common-name), none of them a control character. */
  readonly commonName: string;
  readonly usage: 'server' | 'client';
  /** DNS names and IP addresses of a server. */
  readonly names?: readonly string[];
  readonly notBefore: Date;
  readonly days: number;
}

const OID = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;
/** KeyUsage bits, RFC 5280 section 4.2.1.3: the BIT STRING with its count of unused bits. */
const KEY_USAGE = {
  authority: /* @__PURE__ */ Uint8Array.of(1, 0x06), // keyCertSign, cRLSign
  endEntity: /* @__PURE__ */ Uint8Array.of(7, 0x80), // digitalSignature
} as const;
const MAX_COMMON_NAME = 64;
const SERIAL_BYTES = 16;
const KEY_IDENTIFIER_BYTES = 20;
const DAY_MS = 86_400_000;
/** Clocks of clients may be slow. */
const BACKDATE_MS = 3_600_000;

/** Makes an authority: a self-signed certificate that issues end-entity certificates only. */
export function createAuthority(commonName: string, notBefore: Date, days: number): Identity {
  const privateKey = newKey();
  const extensions = new DerWriter().open(DER.SEQUENCE);
  putExtension(extensions, OID.basicConstraints, true, (w) =>
    w.open(DER.SEQUENCE).putBoolean(true).putInteger(0).close(),
  );
  putExtension(extensions, OID.keyUsage, true, (w) => w.put(DER.BIT_STRING, KEY_USAGE.authority));
  putKeyIdentifiers(extensions, privateKey, privateKey);
  const subject = nameOf(commonName);
  const certificate = makeCertificate({
    issuer: subject,
    subject,
    subjectKey: privateKey,
    issuerKey: privateKey,
    extensions: extensions.close().finish(),
    notBefore,
    days,
  });
  return { certificate, privateKey };
}

/**
 * Issues an end-entity certificate with a new key.
 *
 * @throws {UsageError} ERR_CERTIFICATE_NAME when a name cannot stand in a certificate
 */
export function issueCertificate(authority: Identity, request: CertificateRequest): Identity {
  const privateKey = newKey();
  const extensions = new DerWriter().open(DER.SEQUENCE);
  putExtension(extensions, OID.basicConstraints, true, (w) => w.open(DER.SEQUENCE).close());
  putExtension(extensions, OID.keyUsage, true, (w) => w.put(DER.BIT_STRING, KEY_USAGE.endEntity));
  const purpose = request.usage === 'server' ? OID.serverAuth : OID.clientAuth;
  putExtension(extensions, OID.extendedKeyUsage, false, (w) => w.open(DER.SEQUENCE).putOid(purpose).close());
  putKeyIdentifiers(extensions, privateKey, authority.privateKey);
  const { names = [] } = request;
  if (names.length > 0) putExtension(extensions, OID.subjectAltName, false, (w) => putNames(w, names));
  const certificate = makeCertificate({
    issuer: issuerName(authority),
    subject: nameOf(request.commonName),
    subjectKey: privateKey,
    issuerKey: authority.privateKey,
    extensions: extensions.close().finish(),
    notBefore: request.notBefore,
    days: request.days,
  });
  return { certificate, privateKey };
}

/** A private key as PKCS#8: the caller's to wipe. */
export function exportPrivateKey(key: KeyObject): Uint8Array<ArrayBuffer> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const copy = new Uint8Array(der);
  der.fill(0);
  return copy;
}

/** Reads what `exportPrivateKey` gave. */
export function importPrivateKey(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length),
    format: 'der',
    type: 'pkcs8',
  });
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** Certificate, RFC 5280 section 4.1: SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }. */
function makeCertificate(parts: {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly subjectKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly extensions: Uint8Array;
  readonly notBefore: Date;
  readonly days: number;
}): string {
  const { issuer, subject, subjectKey, issuerKey, extensions, notBefore, days } = parts;
  const from = new Date(notBefore.getTime() - BACKDATE_MS);
  const until = new Date(notBefore.getTime() + days * DAY_MS);
  // TBSCertificate: [0] version v3(2), serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, [3] extensions
  const tbs = new DerWriter().open(DER.SEQUENCE).open(0xa0).putInteger(2).close().put(DER.INTEGER, newSerial());
  putAlgorithm(tbs).putRaw(issuer).open(DER.SEQUENCE);
  putTime(putTime(tbs, from), until).close().putRaw(subject).putRaw(spkiOf(subjectKey));
  const toBeSigned = tbs.open(0xa3).putRaw(extensions).close().close().finish();
  const signature = sign('sha256', toBeSigned, issuerKey);
  const whole = putAlgorithm(new DerWriter().open(DER.SEQUENCE).putRaw(toBeSigned)).putBits(signature).close().finish();
  return new X509Certificate(whole).toString();
}

function putAlgorithm(writer: DerWriter): DerWriter {
  return writer.open(DER.SEQUENCE).putOid(OID.ecdsaWithSha256).close();
}

/** Time, RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
function putTime(writer: DerWriter, date: Date): DerWriter {
  const digits = `${date.toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
  const utc = date.getUTCFullYear() < 2050;
  return writer.put(utc ? DER.UTC_TIME : DER.GENERALIZED_TIME, encodeUtf8(utc ? digits.slice(2) : digits));
}

/** Positive, at most 20 octets (section 4.1.2.2): 16 random ones behind a first octet from 1 to 127. */
function newSerial(): Uint8Array<ArrayBuffer> {
  const serial = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

/** Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }: here one common name. */
function nameOf(commonName: string): Uint8Array<ArrayBuffer> {
  if (commonName === '' || [...commonName].length > MAX_COMMON_NAME || /\p{Cc}/u.test(commonName)) {
    throw new UsageError('ERR_CERTIFICATE_NAME', `a common name has 1 to ${MAX_COMMON_NAME} printable characters`);
  }
  return new DerWriter()
    .open(DER.SEQUENCE)
    .open(DER.SET)
    .open(DER.SEQUENCE)
    .putOid(OID.commonName)
    .put(DER.UTF8_STRING, encodeUtf8(commonName))
    .close()
    .close()
    .close()
    .finish();
}

/** The authority's own name. Its certificate was made here, so the common name is all there is to it. */
function issuerName(authority: Identity): Uint8Array<ArrayBuffer> {
  const { CN } = new X509Certificate(authority.certificate).toLegacyObject().subject;
  return nameOf(typeof CN === 'string' ? CN : '');
}

function putNames(writer: DerWriter, names: readonly string[]): DerWriter {
  writer.open(DER.SEQUENCE);
  // GeneralName: [2] dNSName IA5String, [7] iPAddress OCTET STRING
  for (const name of names) {
    if (isIP(name) !== 0) writer.put(0x87, addressBytes(name));
    else if (/^[A-Za-z0-9.*-]{1,253}$/.test(name)) writer.put(0x82, encodeUtf8(name));
    else throw new UsageError('ERR_CERTIFICATE_NAME', 'a server is named by a DNS name or an IP address');
  }
  return writer.close();
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.'), Number);
  // The URL parser writes any form of an IPv6 address in the shortest one, without an IPv4 tail.
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const tail = after === undefined ? [] : groups(after);
  const zeros = Array<string>(8 - groups(before).length - tail.length).fill('0');
  return Uint8Array.from(
    [...groups(before), ...zeros, ...tail].flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 0xff]),
  );
}

/** Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }. */
function putExtension(writer: DerWriter, oid: string, critical: boolean, value: (writer: DerWriter) => unknown): void {
  writer.open(DER.SEQUENCE).putOid(oid);
  if (critical) writer.putBoolean(true);
  writer.open(DER.OCTET_STRING);
  value(writer);
  writer.close().close();
}

function putKeyIdentifiers(writer: DerWriter, subjectKey: KeyObject, issuerKey: KeyObject): void {
  putExtension(writer, OID.subjectKeyIdentifier, false, (w) => w.putOctets(keyIdentifier(subjectKey)));
  // AuthorityKeyIdentifier ::= SEQUENCE { [0] keyIdentifier }
  putExtension(writer, OID.authorityKeyIdentifier, false, (w) =>
    w.open(DER.SEQUENCE).put(0x80, keyIdentifier(issuerKey)).close(),
  );
}

/** Any name for a key will do (section 4.2.1.2): the start of the SHA-256 of its SubjectPublicKeyInfo (RFC 7093). */
function keyIdentifier(key: KeyObject): Uint8Array<ArrayBuffer> {
  return hash('sha256', spkiOf(key)).slice(0, KEY_IDENTIFIER_BYTES);
}

function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
