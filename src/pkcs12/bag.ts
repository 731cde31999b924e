/**
 * The bags of a safe as plain data (RFC 7292 §4.2). Each keeps the encoding it was read from, so that a rewrite leaves it byte
 * for byte as it was; secrets are `Secret`s. What needs the password and has not been opened is null, and `failure` says
 * why where it cannot be opened. Layer: pkcs12.
 */

import { decodeUtf8 } from '../bytes.ts';
import type { RawAlgorithm, RawBag } from '../core/index.ts';
import { KeywardError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { algorithmParts, describeEncryption, type EncryptionInfo } from './algorithm.ts';
import { type Attribute, type KnownAttributes, listAttributes, readKnownAttributes } from './attribute.ts';
import { contentsOf, DER_TAG, type DerElement, readChildren, readElement, readOid, readSequence } from './der.ts';
import { BAG, BAG_TYPE, nameOid } from './oids.ts';
import { adoptPrivateKey, type PrivateKey, type SecretKey } from './private-key.ts';

/** What every bag has. */
export interface BagBase extends KnownAttributes {
  /** OID of the bag type. */
  readonly bagId: string;
  readonly attributes: readonly Attribute[];
  /** The whole SafeBag as it stands in its safe. */
  readonly der: Secret;
  /** Where it stands: byte offset in the file (DER form), or in its decrypted safe. */
  readonly offset: number;
}

/** keyBag: a private key without encryption of its own. */
export interface KeyBag extends BagBase {
  readonly kind: 'key';
  readonly privateKey: PrivateKey;
}

/** pkcs8ShroudedKeyBag: an encrypted private key. */
export interface ShroudedKeyBag extends BagBase {
  readonly kind: 'shrouded-key';
  readonly encryption: EncryptionInfo;
  /** Null until decrypted. */
  readonly privateKey: PrivateKey | null;
  readonly failure: KeywardError | null;
}

/** certBag. */
export interface CertificateBag extends BagBase {
  readonly kind: 'certificate';
  /** OID: x509Certificate, sdsiCertificate or another. */
  readonly certificateType: string;
  /** X.509: the certificate, DER. Others: the value as it stands, DER. */
  readonly certificate: Uint8Array;
}

/** crlBag. */
export interface CrlBag extends BagBase {
  readonly kind: 'crl';
  /** OID: x509CRL or another. */
  readonly crlType: string;
  /** X.509: the list, DER. Others: the value as it stands, DER. */
  readonly crl: Uint8Array;
}

/** secretBag in the form of Java's SecretKeyEntry: an encrypted secret key. */
export interface JavaSecretBag extends BagBase {
  readonly kind: 'java-secret';
  readonly encryption: EncryptionInfo;
  /** Null until decrypted. */
  readonly secretKey: SecretKey | null;
  readonly failure: KeywardError | null;
}

/** secretBag in Oracle's form: an alias and a value. */
export interface OracleSecretBag extends BagBase {
  readonly kind: 'oracle-secret';
  readonly alias: string;
  /** The value's UTF-8 bytes. */
  readonly value: Secret;
}

/** secretBag of any other type. */
export interface OtherSecretBag extends BagBase {
  readonly kind: 'other-secret';
  /** OID; vendors have written nonsense here, which is kept. */
  readonly secretType: string;
  /** The value as it stands, DER. */
  readonly value: Secret;
}

/** safeContentsBag: bags in a bag. */
export interface SafeContentsBag extends BagBase {
  readonly kind: 'safe-contents';
  readonly bags: readonly Bag[];
}

/** A bag of a type that is not known here, or one that is not built as its type demands. */
export interface UnknownBag extends BagBase {
  readonly kind: 'unknown';
  /** The value as it stands, DER. */
  readonly value: Secret;
  /** What is wrong with it; null where only its type is unknown. */
  readonly failure: KeywardError | null;
}

/** Any bag. */
export type Bag =
  | KeyBag
  | ShroudedKeyBag
  | CertificateBag
  | CrlBag
  | JavaSecretBag
  | OracleSecretBag
  | OtherSecretBag
  | SafeContentsBag
  | UnknownBag;

/** What a shrouded key or a Java secret keeps encrypted. */
export interface LockedContent {
  readonly encryption: EncryptionInfo;
  readonly ciphertext: Uint8Array;
}

/** The result of decrypting one. */
export interface Opening {
  readonly privateKey?: PrivateKey;
  readonly secretKey?: SecretKey;
  readonly failure?: KeywardError;
}

/** Where bag models take decrypted contents from, and where they leave the secrets that they make. */
export interface BagContext {
  openingOf(raw: RawBag): Opening | undefined;
  /** Called with every Secret made, for whoever wipes them. */
  own(secret: Secret): void;
  /** Called with every model and the record it was made from. */
  made(bag: Bag, raw: RawBag): void;
}

/** Makes the model of a bag. Never throws on malformed contents: such a bag is 'unknown' with a failure. */
export function modelBag(raw: RawBag, context: BagContext): Bag {
  const own = (bytes: Uint8Array): Secret => {
    const secret = Secret.from(bytes);
    context.own(secret);
    return secret;
  };
  const base: BagBase = {
    bagId: raw.bagId,
    ...readKnownAttributes(raw.attributes),
    attributes: listAttributes(raw.attributes),
    der: own(raw.der),
    offset: raw.offset,
  };
  let bag: Bag;
  try {
    bag = modelKnownBag(raw, base, context, own) ?? { ...base, kind: 'unknown', value: own(raw.value), failure: null };
  } catch (failure) {
    if (!(failure instanceof KeywardError)) throw failure;
    bag = { ...base, kind: 'unknown', value: own(raw.value), failure };
  }
  context.made(bag, raw);
  return bag;
}

function modelKnownBag(
  raw: RawBag,
  base: BagBase,
  context: BagContext,
  own: (bytes: Uint8Array) => Secret,
): Bag | null {
  switch (raw.bagId) {
    case BAG.KEY: {
      const privateKey = adoptPrivateKey(raw.value.slice());
      context.own(privateKey.der);
      return { ...base, kind: 'key', privateKey };
    }
    case BAG.SHROUDED_KEY: {
      const { encryption } = readEncryptedPrivateKey(raw.value);
      const { privateKey = null, failure = null } = context.openingOf(raw) ?? {};
      return { ...base, kind: 'shrouded-key', encryption, privateKey, failure: encryption.failure ?? failure };
    }
    case BAG.CERTIFICATE: {
      const { type, value } = readTypedValue(raw.value, 'CertBag');
      const certificate = unwrapX509(type, BAG_TYPE.X509_CERTIFICATE, value);
      return { ...base, kind: 'certificate', certificateType: type, certificate };
    }
    case BAG.CRL: {
      const { type, value } = readTypedValue(raw.value, 'CRLBag');
      return { ...base, kind: 'crl', crlType: type, crl: unwrapX509(type, BAG_TYPE.X509_CRL, value) };
    }
    case BAG.SECRET:
      return modelSecretBag(raw, base, context, own);
    case BAG.SAFE_CONTENTS:
      return { ...base, kind: 'safe-contents', bags: (raw.bags ?? []).map((inner) => modelBag(inner, context)) };
    default:
      return null;
  }
}

/*
 * SecretBag ::= SEQUENCE { secretTypeId OBJECT IDENTIFIER, secretValue [0] EXPLICIT ANY }
 * Oracle: secretValue is SEQUENCE { alias UTF8String, value UTF8String }.
 */
function modelSecretBag(raw: RawBag, base: BagBase, context: BagContext, own: (bytes: Uint8Array) => Secret): Bag {
  const { type, value } = readTypedValue(raw.value, 'SecretBag');
  const java = type === BAG.SHROUDED_KEY ? javaContent(value) : null;
  if (java !== null) {
    const { secretKey = null, failure = null } = context.openingOf(raw) ?? {};
    const { encryption } = java;
    return { ...base, kind: 'java-secret', encryption, secretKey, failure: encryption.failure ?? failure };
  }
  if (type === BAG_TYPE.ORACLE_SECRET && value.derTag === DER_TAG.SEQUENCE) {
    const [alias, text, extra] = readChildren(value.contents, 'Oracle entry');
    if (alias?.derTag === DER_TAG.UTF8_STRING && text?.derTag === DER_TAG.UTF8_STRING && extra === undefined) {
      return { ...base, kind: 'oracle-secret', alias: decodeUtf8(alias.contents), value: own(text.contents) };
    }
  }
  return { ...base, kind: 'other-secret', secretType: type, value: own(value.der) };
}

/** The encrypted content of a bag, or null where it has none (or is malformed, which its model reports). */
export function lockedContent(raw: RawBag): LockedContent | null {
  try {
    if (raw.bagId === BAG.SHROUDED_KEY) return readEncryptedPrivateKey(raw.value);
    if (raw.bagId !== BAG.SECRET) return null;
    const { type, value } = readTypedValue(raw.value, 'SecretBag');
    return type === BAG.SHROUDED_KEY ? javaContent(value) : null;
  } catch (fault) {
    if (fault instanceof KeywardError) return null;
    throw fault;
  }
}

/** Makes a RawAlgorithm of an AlgorithmIdentifier found inside a bag. @throws {FormatError} ERR_DER_VALUE */
export function readAlgorithm(algorithm: DerElement | undefined, what: string): RawAlgorithm {
  const [oid, parameters] = algorithmParts(algorithm, what);
  return {
    oid: readOid(oid, what),
    der: (algorithm as DerElement).der.slice(),
    parameters: parameters?.der.slice() ?? null,
  };
}

/** A Java secret: OCTET STRING around an EncryptedPrivateKeyInfo; null where it is something else. */
function javaContent(value: DerElement): LockedContent | null {
  if (value.derTag !== DER_TAG.OCTET_STRING) return null;
  return readEncryptedPrivateKey(value.contents);
}

/* EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } */
function readEncryptedPrivateKey(bytes: Uint8Array): LockedContent {
  const what = 'EncryptedPrivateKeyInfo';
  const [algorithm, data] = readSequence(bytes, what);
  return {
    encryption: describeEncryption(readAlgorithm(algorithm, what)),
    ciphertext: contentsOf(data, DER_TAG.OCTET_STRING, what).slice(),
  };
}

/** SEQUENCE { type OBJECT IDENTIFIER, value [0] EXPLICIT ANY }: CertBag, CRLBag and SecretBag alike. */
function readTypedValue(bytes: Uint8Array, what: string): { readonly type: string; readonly value: DerElement } {
  const [type, wrapped] = readSequence(bytes, what);
  const value = readElement(contentsOf(wrapped, DER_TAG.CONTEXT_0_CONSTRUCTED, what), what);
  return { type: readOid(type, what), value };
}

/** X.509 values are wrapped in an OCTET STRING; what is not of that type is given as it stands. */
function unwrapX509(type: string, x509: string, value: DerElement): Uint8Array {
  const wrapped = type === x509 && value.derTag === DER_TAG.OCTET_STRING;
  return (wrapped ? value.contents : value.der).slice();
}

/** One line that says what a bag is, for reports and errors: its type's name and its alias. */
export function formatBag(bag: Bag): string {
  const alias = bag.kind === 'oracle-secret' ? bag.alias : bag.friendlyName;
  return alias === null ? nameOid(bag.bagId) : `${nameOid(bag.bagId)} "${alias}"`;
}
