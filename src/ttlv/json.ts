/**
 * The JSON encoding of messages (KMIP Additional Message Encodings 1.0, section 5): `{"tag", "type", "value"}`, the type
 * left out for a Structure, whose value is an array. Long Integers beyond ±2^52 and Big Integers are hex strings; masks are
 * names joined with `|`. Parsing it back loses nothing; `{"redacted": true}` in place of a value cannot be parsed.
 * Layer: ttlv.
 */
import { ItemType, typeName } from '../core/index.ts';
import {
  assertDepth,
  assertSize,
  attributeNameOf,
  type FormatOptions,
  formatTree,
  formFault,
  tagName,
  tagOfName,
  typeOfName,
} from './form.ts';
import { Tag } from './generated/registry.ts';
import { isMask, meaningOf } from './names.ts';
import { isSecret, type RedactOptions } from './redact.ts';
import type { TtlvNode } from './tree.ts';
import { type Fail, formatValue, hex64, parseValue } from './value.ts';

/** Long Integers up to here are JSON numbers. */
const EXACT = 2n ** 52n;

/** One item as JSON has it. */
interface JsonItem {
  readonly tag: string;
  readonly type?: string;
  readonly value?: string | number | boolean | readonly JsonItem[];
  readonly redacted?: true;
}

/**
 * Formats a message as JSON, two spaces a level. Key material and passwords are redacted unless `redact` is `false`.
 *
 * @throws as `validateTtlv`, when given bytes
 * @example
 * formatTtlvJson(answer, { redact: false });
 */
export function formatTtlvJson(message: Uint8Array | TtlvNode, options: FormatOptions = {}): string {
  return formatTree(
    message,
    options,
    (root, redact) => `${JSON.stringify(toJson(root, undefined, false, redact), undefined, 2)}\n`,
  );
}

function toJson(
  node: TtlvNode,
  attributeName: string | undefined,
  inKeyMaterial: boolean,
  options: RedactOptions,
): JsonItem {
  const tag = tagName(node.tag);
  if (node.type === ItemType.Structure) {
    let name: string | undefined;
    const value = node.value.map((child) => {
      const item = toJson(child, name, inKeyMaterial || node.tag === Tag.KeyMaterial, options);
      name = attributeNameOf(child, name);
      return item;
    });
    return { tag, value };
  }
  const type = typeName(node.type);
  if (isSecret(node, inKeyMaterial, options)) return { tag, type, redacted: true };
  return { tag, type, value: toJsonValue(node, meaningOf(node.tag, attributeName)) };
}

function toJsonValue(node: TtlvNode, meaning: number): string | number | boolean {
  switch (node.type) {
    case ItemType.Integer:
      return isMask(meaning) && node.value !== 0 ? formatValue(node, meaning, '|') : node.value;
    case ItemType.Interval:
    case ItemType.Boolean:
    case ItemType.TextString:
      return node.value;
    case ItemType.LongInteger:
      return node.value >= -EXACT && node.value <= EXACT ? Number(node.value) : hex64(node.value);
    case ItemType.BigInteger:
      return `0x${formatValue(node, meaning, '|')}`;
    default:
      return formatValue(node, meaning, '|');
  }
}

/**
 * Parses the JSON encoding.
 *
 * @throws {FormatError} ERR_TTLV_JSON, ERR_TTLV_TAG, ERR_TTLV_TYPE, ERR_TTLV_VALUE, ERR_TTLV_UTF8, ERR_TTLV_REDACTED, with
 *   the tag path; the offset is always 0
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH
 */
export function parseTtlvJson(text: string): TtlvNode {
  assertSize(text, 'TTLV JSON');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw formFault('JSON', 'ERR_TTLV_JSON', 'not JSON', 0, []); // the engine's message may quote the text: it is left out
  }
  return fromJson(json, undefined, []);
}

function fromJson(json: unknown, attributeName: string | undefined, path: readonly number[]): TtlvNode {
  let place = path;
  const fail: Fail = (code, message) => {
    throw formFault('JSON', code, message, 0, place);
  };
  if (typeof json !== 'object' || json === null || Array.isArray(json)) fail('ERR_TTLV_JSON', 'an item is an object');
  const item = json as Record<string, unknown>;
  for (const key of Object.keys(item))
    if (!['tag', 'type', 'value', 'name', 'redacted'].includes(key))
      fail('ERR_TTLV_JSON', 'an item has no such member');
  const tag = tagOfName(String(item.tag)) ?? fail('ERR_TTLV_TAG', 'unknown tag name');
  place = [...path, tag];
  const type = typeOfName(String(item.type ?? 'Structure')) ?? fail('ERR_TTLV_TYPE', 'unknown item type');
  if (item.redacted === true) fail('ERR_TTLV_REDACTED', 'the value was redacted');
  if (type !== ItemType.Structure) return leafFromJson(tag, type, item.value, meaningOf(tag, attributeName), fail);
  assertDepth(path.length);
  if (!Array.isArray(item.value)) return fail('ERR_TTLV_JSON', 'the value of a Structure is an array');
  let name: string | undefined;
  const value = item.value.map((child: unknown) => {
    const node = fromJson(child, name, place);
    name = attributeNameOf(node, name);
    return node;
  });
  return { tag, type: ItemType.Structure, value };
}

/** Which JSON types a value may have: strings always, hex or names; numbers and booleans where the type has them. */
function leafFromJson(tag: number, type: number, value: unknown, meaning: number, fail: Fail): TtlvNode {
  if (typeof value === 'number' && Number.isSafeInteger(value) && NUMBERS.includes(type))
    return parseValue(tag, type, String(value), meaning, fail);
  if (typeof value === 'boolean' && type === ItemType.Boolean) return { tag, type, value };
  if (typeof value !== 'string') return fail('ERR_TTLV_VALUE', 'not a value of the type');
  if (type === ItemType.Boolean) return { tag, type, value: parseHexBoolean(value, fail) };
  return parseValue(tag, type, value, meaning, fail);
}

const NUMBERS: readonly number[] = [ItemType.Integer, ItemType.Enumeration, ItemType.Interval, ItemType.LongInteger];

function parseHexBoolean(text: string, fail: Fail): boolean {
  const value = /^0x0{0,15}([01])$/i.exec(text)?.[1] ?? fail('ERR_TTLV_VALUE', 'neither true nor false');
  return value === '1';
}
