/**
 * Making an object: the attributes that the server sets, checked and completed, and the record (KMIP 1.4, section 3, "When implicitly
 * set"). All operations that make objects end here. Layer: kmip/server, Node only.
 */
import { type KeyBlock, keyBlockOf, type ObjectFields, type UsageLimits } from '../index.ts';
import type { AttributeSet } from './attributes.ts';
import type { Context } from './context.ts';
import { readCertificate } from './crypto/certificate.ts';
import { digest } from './crypto/hashes.ts';
import { MAX_MODULUS_BITS } from './crypto/key-format.ts';
import { assertNameIsFree, saveObject } from './managed-object.ts';

import { encodeMaterial, encodeObject } from './record-codec.ts';
import { refuse } from './refusal.ts';
import { settle } from './state.ts';

/** What an object is made of. */
export interface Making {
  /** Object Type token. */
  readonly objectType: string;
  /** The client's attributes. Becomes the object's. */
  readonly attributes: AttributeSet;
  readonly fields: ObjectFields;
  /** Whether the server generated it. */
  readonly generated: boolean;
  /** Given by Import, and by pairs that link to each other; a random UUID when left out. */
  readonly uniqueIdentifier?: string;
  /** What Import takes over of the object's life elsewhere: above what a new object gets. */
  readonly life?: AttributeSet;
}

/** Makes an object and stores it; gives its identifier. */
export function makeObject(context: Context, making: Making): string {
  const { objectType, attributes, fields } = making;
  const uniqueIdentifier = making.uniqueIdentifier ?? newIdentifier(context);
  const object = { uniqueIdentifier, owner: context.client.owner, objectType, attributes };
  for (const { nameValue } of attributes.values('Name')) assertNameIsFree(context, object, nameValue, 'InvalidField');
  describe(attributes, objectType, fields);
  setDates(context, attributes, making);
  setUsageLimits(attributes);
  for (const { name, value } of making.life?.all ?? [])
    if (hasState(objectType) || name === 'Initial Date') attributes.set(name as 'Initial Date', value as bigint);
  settle(attributes, context.now);
  const bytes = context.wipeLater(encodeObject(objectType, fields));
  saveObject(context, object, bytes);
  return uniqueIdentifier;
}

/** A new Unique Identifier: a random UUID (RFC 9562, version 4). */
export function newIdentifier(context: Context): string {
  const bytes = context.server.randomBytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether objects of a type have a state, and dates of one: everything cryptographic. */
export function hasState(objectType: string): boolean {
  return objectType !== 'Template' && objectType !== 'OpaqueObject';
}

/** Sets what the object itself says. */
function describe(attributes: AttributeSet, objectType: string, fields: ObjectFields): void {
  const { certificate, opaqueObject } = fields;
  if (certificate !== undefined) {
    attributes.set('Certificate Type', certificate.certificateType);
    if (certificate.certificateType === 'X_509') describeCertificate(attributes, certificate.certificateValue);
    setDigest(attributes, certificate.certificateValue);
  } else if (opaqueObject !== undefined) setDigest(attributes, opaqueObject.opaqueDataValue);
  else if (objectType !== 'Template') describeKey(attributes, keyBlockOf(fields));
}

function describeKey(attributes: AttributeSet, block: KeyBlock | undefined): void {
  if (block === undefined) refuse('InvalidField', 'the key block is missing');
  if (block.cryptographicAlgorithm !== undefined)
    agree(attributes, 'Cryptographic Algorithm', block.cryptographicAlgorithm);
  if (HAVE_MODULUS.has(block.cryptographicAlgorithm ?? '') && (block.cryptographicLength ?? 0) > MAX_MODULUS_BITS)
    refuse('InvalidField', `a key of this algorithm has at most ${MAX_MODULUS_BITS} bits`);
  if (block.cryptographicLength !== undefined) agree(attributes, 'Cryptographic Length', block.cryptographicLength);
  if (block.keyValue === undefined) {
    // KMIP 1.2, 3.41: a key without its value, which lies elsewhere.
    if (!attributes.has('Key Value Location'))
      refuse('InvalidField', 'the key has neither a value nor a location of it');
    attributes.set('Key Value Present', false);
    return;
  }
  if (block.keyValue instanceof Uint8Array) return;
  const { keyMaterial } = block.keyValue;
  if (keyMaterial instanceof Uint8Array) setDigest(attributes, keyMaterial, block.keyFormatType);
  else {
    // The digest of a structure is that of its TTLV item, header included (OASIS test case TC-181).
    const item = encodeMaterial(block);
    setDigest(attributes, item, block.keyFormatType);
    item.fill(0);
  }
}

const HAVE_MODULUS: ReadonlySet<string | number> = /* @__PURE__ */ new Set(['RSA', 'DSA', 'DH']);

function agree(
  attributes: AttributeSet,
  name: 'Cryptographic Algorithm' | 'Cryptographic Length',
  value: string | number,
): void {
  const given = attributes.get(name);
  if (given !== undefined && given !== value) refuse('InvalidField', `${name} is not that of the key`);
  attributes.set(name, value as never);
}

function setDigest(attributes: AttributeSet, value: Uint8Array, keyFormatType?: KeyBlock['keyFormatType']): void {
  const digestValue = digest('SHA_256', value);
  attributes.remove('Digest');
  attributes.add('Digest', {
    hashingAlgorithm: 'SHA_256',
    digestValue,
    ...(keyFormatType !== undefined && { keyFormatType }),
  });
}

function describeCertificate(attributes: AttributeSet, der: Uint8Array): void {
  const { subject, issuer, serial, serialDer, keyBits, signatureAlgorithm } = readCertificate(der);
  attributes.set('Certificate Length', der.length);
  if (keyBits !== null) attributes.set('Cryptographic Length', keyBits);
  attributes.set('Certificate Identifier', { issuer: issuer.text, serialNumber: serial });
  attributes.set('Certificate Subject', { certificateSubjectDistinguishedName: subject.text });
  attributes.set('Certificate Issuer', { certificateIssuerDistinguishedName: issuer.text });
  attributes.set('X.509 Certificate Identifier', {
    issuerDistinguishedName: issuer.der,
    certificateSerialNumber: serialDer,
  });
  attributes.set('X.509 Certificate Subject', { subjectDistinguishedName: subject.der });
  attributes.set('X.509 Certificate Issuer', { issuerDistinguishedName: issuer.der });
  if (signatureAlgorithm !== undefined) attributes.add('Digital Signature Algorithm', signatureAlgorithm as never);
  for (const [side, { parts }] of [['Subject', subject] as const, ['Issuer', issuer] as const])
    for (const { type, value } of parts) {
      const part = NAME_PARTS[type];
      if (part !== undefined) attributes.addAny(`Certificate ${side} ${part}`, value);
    }
}

/** Names of the x509 room to the ends of attribute names (KMIP 1.4, 3.11). */
const NAME_PARTS: Readonly<Record<string, string>> = {
  CN: 'CN',
  O: 'O',
  OU: 'OU',
  emailAddress: 'Email',
  C: 'C',
  ST: 'ST',
  L: 'L',
  UID: 'UID',
  serialNumber: 'Serial Number',
  title: 'Title',
  DC: 'DC',
  dnQualifier: 'DN Qualifier',
};

function setDates(context: Context, attributes: AttributeSet, { objectType, generated }: Making): void {
  const { now, server } = context;
  attributes.set('Initial Date', now);
  attributes.set('Lease Time', server.leaseTimeSeconds);
  if (generated) attributes.set('Original Creation Date', now);
  // PGP keys have none in the OASIS test cases; opaque objects and templates are no cryptographic objects (KMIP 1.4, 3.34).
  if (!attributes.has('Fresh') && hasState(objectType) && objectType !== 'PGPKey') attributes.set('Fresh', true);
  if (!hasState(objectType)) return;
  const [activation, deactivation] = [attributes.get('Activation Date'), attributes.get('Deactivation Date')];
  if (activation !== undefined && deactivation !== undefined && deactivation < activation)
    refuse('InvalidField', 'the Deactivation Date lies before the Activation Date');
  attributes.set('State', 'PreActive');
  settle(attributes, now);
  setExtractability(attributes, objectType);
}

/** KMIP 1.4, 3.48 to 3.51. */
function setExtractability(attributes: AttributeSet, objectType: string): void {
  if (objectType === 'Certificate' || objectType === 'PublicKey') return;
  const sensitive = attributes.get('Sensitive') ?? false;
  const extractable = attributes.get('Extractable') ?? true;
  attributes.set('Sensitive', sensitive);
  attributes.set('Always Sensitive', sensitive);
  attributes.set('Extractable', extractable);
  attributes.set('Never Extractable', !extractable);
}

/** A client gives the total and the unit; all of it is left. */
function setUsageLimits(attributes: AttributeSet): void {
  const limits = attributes.get('Usage Limits');
  if (limits !== undefined) attributes.set('Usage Limits', freshLimits(limits));
}

/** Usage Limits of which nothing has been used. */
export function freshLimits(limits: UsageLimits): UsageLimits {
  const { usageLimitsTotal, usageLimitsUnit } = limits;
  if (usageLimitsTotal < 0n) refuse('InvalidField', 'Usage Limits Total is negative');
  return { usageLimitsTotal, usageLimitsCount: usageLimitsTotal, usageLimitsUnit };
}

/** Refuses a new key without Cryptographic Usage Mask, which must be given. */
export function assertUsageMask(attributes: AttributeSet): void {
  if (!attributes.has('Cryptographic Usage Mask')) refuse('InvalidField', 'the Cryptographic Usage Mask is missing');
}
