/**
 * Oracle's record of one master key, the value of `ORACLE.SECURITY.DB.ENCRYPTION.<KEY_ID>` (base64 in the wallet):
 *
 *   00 | total length u16le | { type u8 | length u16le | value }*
 *   type 1 = the key (32 bytes), 3 = IV for data keys (16), 5 = Oracle DATE of creation (7)
 *
 * Items of other types are kept as they are. Source: two published samples, both 67 bytes (facts: wallet, key record).
 */
import { FormatError } from '../errors.ts';

/** One record, taken apart. */
export interface MasterKeyRecord {
  /** 32 bytes. The caller's to wipe. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** 16 bytes, or null where the record has none. */
  readonly iv: Uint8Array<ArrayBuffer> | null;
  /** Creation time as the record tells it, to the second, taken as UTC; null where it has none. */
  readonly created: Date | null;
  /** Every item that is none of these, whole (type, length, value). */
  readonly others: readonly Uint8Array[];
}

const TYPE = { key: 1, iv: 3, date: 5 } as const;
const HEAD_BYTES = 3;

/**
 * Parses a record.
 *
 * @param bytes a whole record, decoded from its base64; not changed
 * @throws {FormatError} ERR_MASTER_KEY_RECORD with the offset of the fault
 */
export function parseMasterKeyRecord(bytes: Uint8Array): MasterKeyRecord {
  if (bytes.length < HEAD_BYTES || bytes[0] !== 0 || readU16(bytes, 1) !== bytes.length) throw malformed(0);
  let key: Uint8Array<ArrayBuffer> | null = null;
  let iv: Uint8Array<ArrayBuffer> | null = null;
  let created: Date | null = null;
  const others: Uint8Array[] = [];
  for (let at = HEAD_BYTES; at < bytes.length; ) {
    if (at + HEAD_BYTES > bytes.length) throw malformed(at);
    const length = readU16(bytes, at + 1);
    const end = at + HEAD_BYTES + length;
    if (end > bytes.length) throw malformed(at);
    const value = bytes.slice(at + HEAD_BYTES, end);
    if (bytes[at] === TYPE.key && length === 32 && key === null) key = value;
    else if (bytes[at] === TYPE.iv && length === 16 && iv === null) iv = value;
    else if (bytes[at] === TYPE.date && length === 7 && created === null) created = parseOracleDate(value);
    else others.push(bytes.slice(at, end));
    at = end;
  }
  if (key === null) throw malformed(HEAD_BYTES);
  return { key, iv, created, others };
}

/** Encodes a record: key, IV, date, then the other items, as Oracle orders them. The result is the caller's to wipe. */
export function encodeMasterKeyRecord(record: MasterKeyRecord): Uint8Array<ArrayBuffer> {
  const items: [number, Uint8Array][] = [[TYPE.key, record.key]];
  if (record.iv !== null) items.push([TYPE.iv, record.iv]);
  if (record.created !== null) items.push([TYPE.date, encodeOracleDate(record.created)]);
  let length = HEAD_BYTES;
  for (const [, value] of items) length += HEAD_BYTES + value.length;
  for (const other of record.others) length += other.length;
  const out = new Uint8Array(length);
  writeU16(out, 1, length);
  let at = HEAD_BYTES;
  for (const [type, value] of items) {
    out[at] = type;
    writeU16(out, at + 1, value.length);
    out.set(value, at + HEAD_BYTES);
    at += HEAD_BYTES + value.length;
  }
  for (const other of record.others) {
    out.set(other, at);
    at += other.length;
  }
  return out;
}

/** Oracle DATE: century + 100, year + 100, month, day, hour + 1, minute + 1, second + 1. */
function parseOracleDate(b: Uint8Array): Date | null {
  const at = (i: number): number => b[i] as number;
  const ms = Date.UTC((at(0) - 100) * 100 + (at(1) - 100), at(2) - 1, at(3), at(4) - 1, at(5) - 1, at(6) - 1);
  return Number.isNaN(ms) ? null : new Date(ms);
}

function encodeOracleDate(date: Date): Uint8Array<ArrayBuffer> {
  const year = date.getUTCFullYear();
  return Uint8Array.of(
    Math.trunc(year / 100) + 100,
    (year % 100) + 100,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours() + 1,
    date.getUTCMinutes() + 1,
    date.getUTCSeconds() + 1,
  );
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = value >> 8;
}

function malformed(offset: number): FormatError {
  return new FormatError('ERR_MASTER_KEY_RECORD', `malformed master key record at offset ${offset}`, { offset });
}
