/**
 * Distinguished names and general names as text (RFC 5280 §4.1.2.4, §4.2.1.6; the string form is RFC 4514's). Layer: x509.
 *
 *   Name        ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }
 *   GeneralName ::= CHOICE { otherName [0], rfc822Name [1] IA5String, dNSName [2] IA5String, x400Address [3],
 *                            directoryName [4] Name, ediPartyName [5], uniformResourceIdentifier [6] IA5String,
 *                            iPAddress [7] OCTET STRING, registeredID [8] OBJECT IDENTIFIER }
 */
import { decodeUtf8, formatHex } from '../bytes.ts';
import { DER, type DerCursor, formatOid } from '../core/index.ts';
import { ATTRIBUTE_TYPES } from './oids.ts';

/** A distinguished name. */
export interface NameSummary {
  /** As RFC 4514 writes it: most specific part first, special characters escaped. */
  readonly text: string;
  /** In the order of the certificate: most general part first. */
  readonly parts: readonly { readonly type: string; readonly oid: string; readonly value: string }[];
}

/** Reads the Name ahead. */
export function readName(cursor: DerCursor): NameSummary {
  const sequence = cursor.readSequence('name');
  const parts: NameSummary['parts'][number][] = [];
  const texts: string[] = [];
  while (sequence.more) {
    const set = sequence.readSet();
    const together: string[] = [];
    while (set.more) {
      const pair = set.readSequence();
      const oid = pair.readOid();
      const value = readDirectoryString(pair);
      const type = ATTRIBUTE_TYPES[oid] ?? oid;
      parts.push({ type, oid, value });
      together.push(`${type}=${escapeValue(value)}`);
    }
    texts.unshift(together.join('+'));
  }
  return { text: texts.join(','), parts };
}

/** Reads the GeneralName ahead as `KIND:text`. */
export function readGeneralName(cursor: DerCursor): string {
  const { derTag } = cursor;
  if (derTag === 0xa4) return `dirName:${readName(cursor.readContext(4)).text}`;
  if (derTag === 0xa0) {
    const other = cursor.readContext(0);
    const oid = other.readOid();
    const inner = other.readContext(0);
    return `otherName:${oid}:${readDirectoryString(inner)}`;
  }
  const kind = GENERAL_NAMES[derTag];
  if (kind === undefined) return `unknown:${formatHex(cursor.readElement())}`;
  const contents = cursor.lendContents(derTag);
  if (derTag === 0x87) return `${kind}:${formatAddress(contents)}`;
  if (derTag === 0x88) return `${kind}:${formatOid(contents)}`;
  return `${kind}:${latin1(contents)}`;
}

/** An address of 4 or 16 bytes, or one with its mask, as people write it (RFC 5952 without the shortening of zero runs). */
function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 8 || bytes.length === 32) {
    const half = bytes.length / 2;
    return `${formatAddress(bytes.subarray(0, half))}/${formatAddress(bytes.subarray(half))}`;
  }
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return formatHex(bytes);
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}

/** Reads a string of any of the kinds that names use; anything else as hex. */
function readDirectoryString(cursor: DerCursor): string {
  const { derTag } = cursor;
  if (derTag === DER.UTF8_STRING) return decodeUtf8(cursor.lendContents(derTag));
  if (derTag === DER.BMP_STRING) return utf16(cursor.lendContents(derTag));
  if (
    derTag === DER.PRINTABLE_STRING ||
    derTag === DER.IA5_STRING ||
    derTag === DER.T61_STRING ||
    derTag === NUMERIC_STRING
  )
    return latin1(cursor.lendContents(derTag));
  return `#${formatHex(cursor.readElement())}`;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function utf16(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2)
    text += String.fromCharCode(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  return text;
}

/** RFC 4514 §2.4. */
function escapeValue(value: string): string {
  return value.replace(/[\\,+"<>;]|^[ #]| $/g, (c) => `\\${c}`).replaceAll('\0', '\\00');
}

const NUMERIC_STRING = 0x12;
const GENERAL_NAMES: Readonly<Record<number, string>> = {
  129: 'email',
  130: 'DNS',
  134: 'URI',
  135: 'IP',
  136: 'RID',
};
