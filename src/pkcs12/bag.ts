/**
 * The bags of a safe as plain data (RFC 7292 §4.2). Each keeps the encoding it was read from, so that a rewrite leaves it byte
 * for byte as it was; secrets are `Secret`s. What needs the password and has not been opened is null, and `failure` says
 * why where it cannot be opened. Layer: pkcs12.
 */

import { decodeUtf8 } from '../bytes.ts';
import { DER, type RawAlgorithm, type RawBag } from '../core/index.ts';
import { KeywardError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { describeEncryption, type EncryptionInfo } from './algorithm.ts';
import { type Attribute, type KnownAttributes, listAttributes, readKnownAttributes } from './attribute.ts';
import { readChecked, readDer } from './der.ts';
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
  const entry = raw.bagId === BAG.SECRET ? OracleEntry.of(raw, own) : null;
  if (entry !== null) {
    context.made(entry, raw);
    return entry;
  }
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
      const { encryption } = readLockedContent(raw) as LockedContent;
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

/* SecretBag ::= SEQUENCE { secretTypeId OBJECT IDENTIFIER, secretValue [0] EXPLICIT ANY } */
function modelSecretBag(raw: RawBag, base: BagBase, context: BagContext, own: (bytes: Uint8Array) => Secret): Bag {
  const { type, value } = readTypedValue(raw.value, 'SecretBag');
  const java = readLockedContent(raw);
  if (java === null) return { ...base, kind: 'other-secret', secretType: type, value: own(value) };
  const { secretKey = null, failure = null } = context.openingOf(raw) ?? {};
  const { encryption } = java;
  return { ...base, kind: 'java-secret', encryption, secretKey, failure: encryption.failure ?? failure };
}

/**
 * An entry of Oracle's secret store: secretValue is SEQUENCE { alias UTF8String, value UTF8String }. Wallets hold thousands, and of
 * most nobody asks more than the alias: what else there is, is made when asked for.
 */
class OracleEntry implements OracleSecretBag {
  readonly kind = 'oracle-secret';
  readonly alias: string;
  readonly #raw: RawBag;
  readonly #text: Uint8Array;
  readonly #own: (bytes: Uint8Array) => Secret;
  #value: Secret | undefined;
  #der: Secret | undefined;
  #known: KnownAttributes | undefined;

  private constructor(raw: RawBag, alias: string, text: Uint8Array, own: (bytes: Uint8Array) => Secret) {
    this.#raw = raw;
    this.alias = alias;
    this.#text = text;
    this.#own = own;
  }

  /** Makes the model; null where the bag is none, or is built otherwise. */
  static of(raw: RawBag, own: (bytes: Uint8Array) => Secret): OracleEntry | null {
    try {
      const { type, value } = readTypedValue(raw.value, 'SecretBag');
      const found = type === BAG_TYPE.ORACLE_SECRET ? readOracleEntry(value) : null;
      return found === null ? null : new OracleEntry(raw, found.alias, found.text, own);
    } catch (fault) {
      if (fault instanceof KeywardError) return null;
      throw fault;
    }
  }

  get bagId(): string {
    return this.#raw.bagId;
  }

  get offset(): number {
    return this.#raw.offset;
  }

  get value(): Secret {
    this.#value ??= this.#own(this.#text);
    return this.#value;
  }

  get der(): Secret {
    this.#der ??= this.#own(this.#raw.der);
    return this.#der;
  }

  get attributes(): readonly Attribute[] {
    return listAttributes(this.#raw.attributes);
  }

  get friendlyName(): string | null {
    return this.#attributes().friendlyName;
  }

  get localKeyId(): Uint8Array | null {
    return this.#attributes().localKeyId;
  }

  get trustedUsages(): readonly string[] | null {
    return this.#attributes().trustedUsages;
  }

  #attributes(): KnownAttributes {
    this.#known ??= readKnownAttributes(this.#raw.attributes);
    return this.#known;
  }
}

/** The encrypted content of a bag, or null where it has none (or is malformed, which its model reports). */
export function lockedContent(raw: RawBag): LockedContent | null {
  try {
    return readLockedContent(raw);
  } catch (fault) {
    if (fault instanceof KeywardError) return null;
    throw fault;
  }
}

/** What was read before: a bag is asked several times, from its first description to its model. */
const known: WeakMap<RawBag, LockedContent> = /* @__PURE__ */ new WeakMap();

/** The same, but throws where it is malformed. @throws {FormatError} ERR_DER_… */
function readLockedContent(raw: RawBag): LockedContent | null {
  const before = known.get(raw);
  if (before !== undefined) return before;
  let content: LockedContent | null = null;
  if (raw.bagId === BAG.SHROUDED_KEY) content = readEncryptedPrivateKey(raw.value);
  else if (raw.bagId === BAG.SECRET) {
    const { type, value } = readTypedValue(raw.value, 'SecretBag');
    if (type === BAG.SHROUDED_KEY) content = javaContent(value);
  }
  if (content !== null) known.set(raw, content);
  return content;
}

/** Makes a RawAlgorithm of an AlgorithmIdentifier, DER. @throws {FormatError} ERR_DER_… */
export function readAlgorithm(der: Uint8Array<ArrayBuffer>, name: string): RawAlgorithm {
  return readDer(der, name, (cursor) => {
    const algorithm = cursor.readSequence();
    const oid = algorithm.readOid();
    const parameters = algorithm.more ? algorithm.readElement() : null;
    algorithm.assertEnd();
    return { oid, der, parameters };
  });
}

/** A Java secret: OCTET STRING around an EncryptedPrivateKeyInfo; null where it is something else. */
function javaContent(value: Uint8Array): LockedContent | null {
  const inner = readChecked(value, 'SecretBag', (cursor) => {
    if (cursor.is(DER.OCTET_STRING)) return cursor.readOctets();
    cursor.skip();
    return null;
  });
  return inner === null ? null : readEncryptedPrivateKey(inner);
}

/** Alias and value of an Oracle entry; null where the value is built otherwise. `text` is a view. */
function readOracleEntry(value: Uint8Array): { readonly alias: string; readonly text: Uint8Array } | null {
  return readChecked(value, 'Oracle entry', (cursor) => {
    if (!cursor.is(DER.SEQUENCE)) {
      cursor.skip();
      return null;
    }
    const entry = cursor.readSequence();
    if (!entry.is(DER.UTF8_STRING)) return null;
    const alias = entry.lendContents(DER.UTF8_STRING);
    if (!entry.is(DER.UTF8_STRING)) return null;
    const text = entry.lendContents(DER.UTF8_STRING);
    return entry.more ? null : { alias: decodeUtf8(alias), text };
  });
}

/* EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } */
function readEncryptedPrivateKey(bytes: Uint8Array): LockedContent {
  const name = 'EncryptedPrivateKeyInfo';
  const [algorithm, ciphertext] = readDer(bytes, name, (cursor) => {
    const info = cursor.readSequence();
    return [info.readElement(), info.readOctets()] as const;
  });
  return { encryption: describeEncryption(readAlgorithm(algorithm, 'encryptionAlgorithm')), ciphertext };
}

/** SEQUENCE { type OBJECT IDENTIFIER, value [0] EXPLICIT ANY }: CertBag, CRLBag and SecretBag alike. The value is a view. */
function readTypedValue(bytes: Uint8Array, name: string): { readonly type: string; readonly value: Uint8Array } {
  return readChecked(bytes, name, (cursor) => {
    const typed = cursor.readSequence();
    const type = typed.readOid();
    const inner = typed.readContext(0);
    const value = inner.lendElement();
    inner.assertEnd();
    return { type, value };
  });
}

/** X.509 values are wrapped in an OCTET STRING; what is not of that type is given as it stands. */
function unwrapX509(type: string, x509: string, value: Uint8Array): Uint8Array {
  if (type !== x509) return value.slice();
  return readChecked(value, nameOid(type), (cursor) =>
    cursor.is(DER.OCTET_STRING) ? cursor.readOctets() : cursor.readElement(),
  );
}

/** One line that says what a bag is, for reports and errors: its type's name and its alias. */
export function formatBag(bag: Bag): string {
  const alias = bag.kind === 'oracle-secret' ? bag.alias : bag.friendlyName;
  return alias === null ? nameOid(bag.bagId) : `${nameOid(bag.bagId)} "${alias}"`;
}
