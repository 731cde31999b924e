/**
 * Values as text, the same in the text, XML and JSON forms (KMIP Additional Message Encodings 1.0, sections 4 and 5):
 * names for enumerations and mask bits where the registry has them, hex where it has not, ISO 8601 for dates that have a
 * calendar day. Every function here is one direction of a lossless pair. Layer: ttlv.
 *
 * [Deviations: a date outside the years 0000 to 9999 is `0x` and 16 hex digits in XML and text too, as JSON allows; the
 * largest Date-Time, which means "undefined", is one of them. Date-Time Extended is ISO 8601 with six decimals.]
 */
import { formatHex } from '../bytes.ts';
import { ItemType } from '../core/index.ts';
import { enumerationName, enumerationValue, isMask, maskBit, maskNames } from './names.ts';
import type { TtlvNode } from './tree.ts';

/** Throws the form's own error, which knows the place. */
export type Fail = (code: string, message: string) => never;

/** The seconds of 0000-01-01 and of 10000-01-01. */
const FIRST_SECOND = -62_167_219_200n;
const PAST_LAST_SECOND = 253_402_300_800n;
/** How far a JavaScript Date reaches from 1970, in seconds. */
const DATE_SECONDS = 8_640_000_000_000n;

/**
 * Makes a Date of a Date-Time. Undefined where there is none: beyond what a Date holds, which the largest value, the
 * protocol's "undefined", is.
 *
 * @param seconds since 1970
 */
export function dateFromSeconds(seconds: bigint): Date | undefined {
  return seconds < -DATE_SECONDS || seconds > DATE_SECONDS ? undefined : new Date(Number(seconds) * 1000);
}

/** Makes a Date-Time of a Date; parts of a second are cut off. */
export function secondsFromDate(date: Date): bigint {
  return BigInt(Math.floor(date.getTime() / 1000));
}

/** Formats the value of any leaf but a Text String. `meaning` is the tag whose names it uses. */
export function formatValue(node: TtlvNode, meaning: number, maskSeparator: string): string {
  switch (node.type) {
    case ItemType.Integer:
      return isMask(meaning) && node.value !== 0
        ? maskNames(meaning, node.value).join(maskSeparator)
        : String(node.value);
    case ItemType.Enumeration:
      return enumerationName(meaning, node.value) ?? `0x${node.value.toString(16).padStart(8, '0')}`;
    case ItemType.DateTime:
      return formatDateTime(node.value);
    case ItemType.DateTimeExtended:
      return formatDateTimeExtended(node.value);
    case ItemType.BigInteger:
    case ItemType.ByteString:
      return formatHex(node.value);
    case ItemType.Structure:
      return '';
    default:
      return String(node.value); // Long Integer, Interval, Boolean
  }
}

function formatDateTime(seconds: bigint): string {
  if (seconds < FIRST_SECOND || seconds >= PAST_LAST_SECOND) return hex64(seconds);
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}+00:00`;
}

function formatDateTimeExtended(microseconds: bigint): string {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = formatDateTime((microseconds - fraction) / 1_000_000n);
  if (seconds.startsWith('0x')) return hex64(microseconds);
  return `${seconds.slice(0, 19)}.${String(fraction).padStart(6, '0')}+00:00`;
}

/** 64 bits in hex, two's complement. */
export function hex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(16, '0')}`;
}

/** Parses the value of any leaf from text. */
export function parseValue(tag: number, type: number, text: string, meaning: number, fail: Fail): TtlvNode {
  switch (type) {
    case ItemType.Integer:
      return { tag, type, value: parseInteger(text, meaning, fail) };
    case ItemType.Enumeration:
      return { tag, type, value: parseEnumeration(text, meaning, fail) };
    case ItemType.Interval:
      return { tag, type, value: parseUint32(text, fail) };
    case ItemType.LongInteger:
      return { tag, type, value: parseInt64(text, fail) };
    case ItemType.DateTime:
      return { tag, type, value: parseDate(text, 0, fail) };
    case ItemType.DateTimeExtended:
      return { tag, type, value: parseDate(text, 6, fail) };
    case ItemType.Boolean:
      return { tag, type, value: parseBoolean(text, fail) };
    case ItemType.BigInteger: {
      const value = parseHex(text.replace(/^0x/i, ''), fail);
      if (value.length === 0 || value.length % 8 !== 0)
        fail('ERR_TTLV_VALUE', 'a Big Integer has a multiple of 8 bytes');
      return { tag, type, value };
    }
    case ItemType.ByteString:
      return { tag, type, value: parseHex(text, fail) };
    case ItemType.TextString:
      return { tag, type, value: checkText(text, fail) };
    default:
      return fail('ERR_TTLV_TYPE', 'a Structure has no value');
  }
}

/** Refuses lone surrogates, for which UTF-8 has no form. */
export function checkText(text: string, fail: Fail): string {
  if (/\p{Surrogate}/u.test(text)) fail('ERR_TTLV_UTF8', 'text is not Unicode');
  return text;
}

function parseInteger(text: string, meaning: number, fail: Fail): number {
  if (/^-?\d{1,10}$/.test(text)) {
    const value = Number(text);
    return (value | 0) === value ? value : fail('ERR_TTLV_VALUE', 'not a 32-bit Integer');
  }
  let bits = 0;
  for (const word of text.split(/[\s|]+/)) {
    const bit = /^0x[\da-f]{1,8}$/i.test(word) ? Number(word) : maskBit(meaning, word);
    if (bit === undefined) return fail('ERR_TTLV_VALUE', 'neither an Integer nor names of mask bits');
    bits |= bit;
  }
  return bits;
}

function parseEnumeration(text: string, meaning: number, fail: Fail): number {
  const named = enumerationValue(meaning, text);
  if (named !== undefined) return named;
  return /^(0x[\da-f]{1,8}|\d{1,10})$/i.test(text)
    ? parseUint32(text, fail)
    : fail('ERR_TTLV_VALUE', 'unknown name of an Enumeration value');
}

function parseUint32(text: string, fail: Fail): number {
  const value = /^(0x[\da-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : -1;
  return value >>> 0 === value ? value : fail('ERR_TTLV_VALUE', 'not a number of 32 bits');
}

function parseInt64(text: string, fail: Fail): bigint {
  if (/^0x[\da-f]{1,16}$/i.test(text)) return BigInt.asIntN(64, BigInt(text));
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : 2n ** 64n;
  return BigInt.asIntN(64, value) === value ? value : fail('ERR_TTLV_VALUE', 'not a number of 64 bits');
}

function parseBoolean(text: string, fail: Fail): boolean {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : fail('ERR_TTLV_VALUE', 'neither true nor false');
}

const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|([+-])(\d\d):(\d\d))$/;

/** ISO 8601 or 64 bits in hex, in units of 10^-decimals seconds. */
function parseDate(text: string, decimals: number, fail: Fail): bigint {
  if (/^0x/i.test(text)) return parseInt64(text, fail);
  const [, local, fraction = '', , sign, hours = '0', minutes = '0'] = DATE.exec(text) ?? [];
  const utc = local === undefined ? Number.NaN : Date.parse(`${local}Z`);
  // Date.parse takes 30 February for 1 March in some engines: what it understood must be what was written.
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 19) !== local || Number(minutes) > 59)
    return fail('ERR_TTLV_VALUE', 'not a date of ISO 8601');
  if (fraction.length > decimals && /[1-9]/.test(fraction.slice(decimals)))
    return fail('ERR_TTLV_VALUE', 'a date more exact than its type');
  const offset = BigInt((sign === '-' ? -60 : 60) * (60 * Number(hours) + Number(minutes)));
  const scale = 10n ** BigInt(decimals);
  return (BigInt(utc) / 1000n - offset) * scale + BigInt(fraction.slice(0, decimals).padEnd(decimals, '0') || '0');
}

function parseHex(text: string, fail: Fail): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || /[^\da-f]/i.test(text)) return fail('ERR_TTLV_VALUE', 'not hex');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
