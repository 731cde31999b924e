/**
 * Extensions of certificates, each as lines of text; those that are not known as hex (RFC 5280 §4.2). Layer: x509.
 *
 *   Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 */
import { formatHex } from '../bytes.ts';
import { DER, DerCursor } from '../core/index.ts';
import { readGeneralName } from './name.ts';
import { nameX509Oid, OID } from './oids.ts';

/** One extension. */
export interface ExtensionSummary {
  readonly oid: string;
  /** As the standard calls it; its digits where it has no name here. */
  readonly name: string;
  readonly critical: boolean;
  /** What it says, one item a line; hex of the value where its structure is not known or does not hold. */
  readonly lines: readonly string[];
}

/** Reads the Extensions ahead: a SEQUENCE OF Extension. */
export function readExtensions(cursor: DerCursor): readonly ExtensionSummary[] {
  const list = cursor.readSequence('extensions');
  const found: ExtensionSummary[] = [];
  while (list.more) {
    const extension = list.readSequence('extension');
    const oid = extension.readOid();
    const critical = extension.is(DER.BOOLEAN) ? extension.readBoolean() : false;
    const value = extension.readOctets();
    found.push({ oid, name: nameX509Oid(oid) ?? oid, critical, lines: describe(oid, value) });
  }
  return found;
}

function describe(oid: string, value: Uint8Array): readonly string[] {
  const reader = READERS[oid];
  if (reader === undefined) return [formatHex(value)];
  try {
    return reader(DerCursor.over(value, undefined, [nameX509Oid(oid) ?? oid]));
  } catch {
    return [`malformed: ${formatHex(value)}`];
  }
}

function sequenceOf(cursor: DerCursor, read: (item: DerCursor) => string): readonly string[] {
  const list = cursor.readSequence();
  const lines: string[] = [];
  while (list.more) lines.push(read(list));
  return lines;
}

function keyUsage(cursor: DerCursor): readonly string[] {
  const contents = cursor.lendContents(DER.BIT_STRING);
  return KEY_USAGES.filter((_, i) => (((contents[1 + (i >> 3)] ?? 0) >> (7 - (i & 7))) & 1) === 1);
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function basicConstraints(cursor: DerCursor): readonly string[] {
  const sequence = cursor.readSequence();
  const ca = sequence.is(DER.BOOLEAN) ? sequence.readBoolean() : false;
  const lines = [ca ? 'CA' : 'not a CA'];
  if (sequence.is(DER.INTEGER)) lines.push(`path length ${sequence.readSmallInteger()}`);
  return lines;
}

/** AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OCTET STRING OPTIONAL, … } */
function authorityKeyIdentifier(cursor: DerCursor): readonly string[] {
  const sequence = cursor.readSequence();
  return sequence.is(0x80) ? [formatHex(sequence.lendContents(0x80))] : ['without a key identifier'];
}

/** SEQUENCE OF SEQUENCE { accessMethod OBJECT IDENTIFIER, accessLocation GeneralName } */
function authorityInfoAccess(cursor: DerCursor): readonly string[] {
  return sequenceOf(cursor, (item) => {
    const access = item.readSequence();
    const method = access.readOid();
    return `${nameX509Oid(method) ?? method} ${readGeneralName(access)}`;
  });
}

/** SEQUENCE OF SEQUENCE { policyIdentifier OBJECT IDENTIFIER, … } */
function certificatePolicies(cursor: DerCursor): readonly string[] {
  return sequenceOf(cursor, (item) => {
    const oid = item.readSequence().readOid();
    return nameX509Oid(oid) ?? oid;
  });
}

/** SEQUENCE OF SEQUENCE { distributionPoint [0] { fullName [0] GeneralNames } OPTIONAL, … } */
function distributionPoints(cursor: DerCursor): readonly string[] {
  return sequenceOf(cursor, (item) => {
    const point = item.readSequence();
    if (!point.is(0xa0)) return 'a point without a name';
    const name = point.readContext(0);
    if (!name.is(0xa0)) return 'relative to the issuer';
    const names = name.readContext(0);
    const texts: string[] = [];
    while (names.more) texts.push(readGeneralName(names));
    return texts.join(', ');
  });
}

const oidName = (cursor: DerCursor): string => {
  const oid = cursor.readOid();
  return nameX509Oid(oid) ?? oid;
};

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

const READERS: Readonly<Record<string, (cursor: DerCursor) => readonly string[]>> = {
  [OID.SUBJECT_KEY_IDENTIFIER]: (cursor) => [formatHex(cursor.readOctets())],
  [OID.KEY_USAGE]: keyUsage,
  [OID.SUBJECT_ALTERNATIVE_NAME]: (cursor) => sequenceOf(cursor, readGeneralName),
  [OID.ISSUER_ALTERNATIVE_NAME]: (cursor) => sequenceOf(cursor, readGeneralName),
  [OID.BASIC_CONSTRAINTS]: basicConstraints,
  [OID.CRL_DISTRIBUTION_POINTS]: distributionPoints,
  [OID.CERTIFICATE_POLICIES]: certificatePolicies,
  [OID.AUTHORITY_KEY_IDENTIFIER]: authorityKeyIdentifier,
  [OID.EXTENDED_KEY_USAGE]: (cursor) => sequenceOf(cursor, oidName),
  [OID.AUTHORITY_INFO_ACCESS]: authorityInfoAccess,
};
