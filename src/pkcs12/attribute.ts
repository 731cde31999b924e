/**
 * Attributes of a bag: the few that have a meaning here read, all of them kept as they are. Layer: pkcs12.
 *
 * PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY }
 * friendlyName BMPString, single; localKeyID OCTET STRING, single (RFC 2985 §5.5); Java's trusted usage: a SET of OIDs.
 */
import { decodeUtf8 } from '../bytes.ts';
import { DER, type DerCursor, type RawAttribute } from '../core/index.ts';
import { KeywardError } from '../errors.ts';
import {
  assertDer,
  bmpString,
  type DerNode,
  encodeDer,
  objectIdentifier,
  octetString,
  readChecked,
  sequence,
  setOf,
} from './der.ts';
import { ANY_EXTENDED_KEY_USAGE, ATTRIBUTE, nameOid } from './oids.ts';

/** One attribute as it stands in the file. */
export interface Attribute {
  readonly oid: string;
  /** Its name, or its digits where it has none here. */
  readonly name: string;
  /** Each value, DER. */
  readonly values: readonly Uint8Array[];
}

/** What the known attributes of a bag say; null where one is absent, or is not of its type. */
export interface KnownAttributes {
  /** The alias. Any Unicode; lone surrogates and zeros are kept. */
  readonly friendlyName: string | null;
  /** Joins a key and its certificate. */
  readonly localKeyId: Uint8Array | null;
  /** Java: the extended key usages for which this certificate is trusted, as OIDs. */
  readonly trustedUsages: readonly string[] | null;
}

/** Attributes that a new bag is to have. */
export interface NewAttributes {
  readonly friendlyName?: string;
  /** Ties a key to its certificate; any bytes, the same in both. */
  readonly localKeyId?: Uint8Array;
  /** Java: mark a certificate as trusted for any use, which `keytool` needs to list it. */
  readonly trusted?: boolean;
  /** Any others; values are DER. */
  readonly attributes?: readonly { readonly oid: string; readonly values: readonly Uint8Array[] }[];
}

/** Lists a bag's attributes. */
export function listAttributes(raw: readonly RawAttribute[]): readonly Attribute[] {
  return raw.map(({ oid, values }) => ({ oid, name: nameOid(oid), values }));
}

/** Reads the known ones. A value of the wrong type (a BOOLEAN for a name) is no value; it stays in the list. */
export function readKnownAttributes(raw: readonly RawAttribute[]): KnownAttributes {
  const first = (oid: string): Uint8Array | undefined => raw.find((a) => a.oid === oid)?.values[0];
  const trusted = raw.find((a) => a.oid === ATTRIBUTE.JAVA_TRUSTED_USAGE);
  return {
    friendlyName: readText(first(ATTRIBUTE.FRIENDLY_NAME)),
    localKeyId: tolerant(first(ATTRIBUTE.LOCAL_KEY_ID), (cursor) =>
      cursor.is(DER.OCTET_STRING) ? cursor.readOctets() : null,
    ),
    trustedUsages: trusted?.values.flatMap((value) => tolerant(value, (cursor) => cursor.readOid()) ?? []) ?? null,
  };
}

/** Builds the SET OF attributes of a new bag; null for none, since an empty SET is not written. */
export function encodeAttributes(wanted: NewAttributes): DerNode | null {
  const attribute = (oid: string, ...values: readonly DerNode[]): DerNode =>
    sequence(objectIdentifier(oid), setOf(values));
  const nodes: DerNode[] = [];
  if (wanted.friendlyName !== undefined) nodes.push(attribute(ATTRIBUTE.FRIENDLY_NAME, bmpString(wanted.friendlyName)));
  if (wanted.localKeyId !== undefined) nodes.push(attribute(ATTRIBUTE.LOCAL_KEY_ID, octetString(wanted.localKeyId)));
  if (wanted.trusted) nodes.push(attribute(ATTRIBUTE.JAVA_TRUSTED_USAGE, objectIdentifier(ANY_EXTENDED_KEY_USAGE)));
  for (const { oid, values } of wanted.attributes ?? []) {
    for (const value of values) assertDer(value, `attribute ${oid}`);
    nodes.push(attribute(oid, ...values));
  }
  return nodes.length === 0 ? null : encodeDer(setOf(nodes));
}

/** BMPString (UTF-16BE), or UTF8String as some writers have it. */
function readText(value: Uint8Array | undefined): string | null {
  return tolerant(value, (cursor) => {
    if (cursor.is(DER.UTF8_STRING)) return decodeUtf8(cursor.readContents(DER.UTF8_STRING));
    const contents = cursor.readContents(DER.BMP_STRING);
    if (contents.length % 2 !== 0) return null;
    let text = '';
    for (let i = 0; i < contents.length; i += 2) {
      text += String.fromCharCode(((contents[i] as number) << 8) | (contents[i + 1] as number));
    }
    return text;
  });
}

/** Reads a value that may be of any type; null where it is not of the type expected. */
function tolerant<T>(value: Uint8Array | undefined, read: (cursor: DerCursor) => T | null): T | null {
  if (value === undefined) return null;
  try {
    return readChecked(value, 'attribute', read);
  } catch (fault) {
    if (fault instanceof KeywardError) return null;
    throw fault;
  }
}
