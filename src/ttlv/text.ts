/**
 * Messages as indented text, for people: an item a line, two spaces a level.
 *
 *   line    = indent tag [ " " type [ " " value ] ]     no type: a structure, whose children are indented below it
 *   tag     = registry name | "0x" 6 hex digits
 *   value   = JSON string (Text String) | hex (Byte String, Big Integer) | as in value.ts | "[redacted]"
 *
 * Parsing it back loses nothing; a redacted value cannot be parsed. Layer: ttlv.
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
import { meaningOf } from './names.ts';
import { isSecret, type RedactOptions } from './redact.ts';
import type { TtlvNode } from './tree.ts';
import { type Fail, formatValue, parseValue } from './value.ts';

const REDACTED = '[redacted]';

/**
 * Formats a message as indented text. Key material and passwords are redacted unless `redact` is `false`.
 *
 * @throws as `validateTtlv`, when given bytes
 * @example
 * console.log(formatTtlvText(answer));
 */
export function formatTtlvText(message: Uint8Array | TtlvNode, options: FormatOptions = {}): string {
  return formatTree(message, options, (root, redact) => {
    const lines: string[] = [];
    addLines(lines, root, '', undefined, false, redact);
    return `${lines.join('\n')}\n`;
  });
}

function addLines(
  lines: string[],
  node: TtlvNode,
  indent: string,
  attributeName: string | undefined,
  inKeyMaterial: boolean,
  options: RedactOptions,
): void {
  const start = indent + tagName(node.tag);
  if (node.type === ItemType.Structure) {
    lines.push(start);
    let name: string | undefined;
    for (const child of node.value) {
      addLines(lines, child, `${indent}  `, name, inKeyMaterial || node.tag === Tag.KeyMaterial, options);
      name = attributeNameOf(child, name);
    }
    return;
  }
  lines.push(`${start} ${typeName(node.type)} ${formatLeaf(node, attributeName, inKeyMaterial, options)}`.trimEnd());
}

function formatLeaf(
  node: TtlvNode,
  attributeName: string | undefined,
  inKeyMaterial: boolean,
  options: RedactOptions,
): string {
  if (isSecret(node, inKeyMaterial, options)) return REDACTED;
  if (node.type === ItemType.TextString) return JSON.stringify(node.value);
  return formatValue(node, meaningOf(node.tag, attributeName), '|');
}

/** A structure that later lines may be put into. */
interface Open {
  readonly tag: number;
  readonly children: TtlvNode[];
  attributeName: string | undefined;
}

/**
 * Parses what `formatTtlvText` wrote with `redact: false`. Lines end with LF or CR LF.
 *
 * @throws {FormatError} ERR_TTLV_TEXT, ERR_TTLV_TAG, ERR_TTLV_TYPE, ERR_TTLV_VALUE, ERR_TTLV_UTF8, ERR_TTLV_REDACTED
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH
 */
export function parseTtlvText(text: string): TtlvNode {
  assertSize(text, 'TTLV text');
  const open: Open[] = [];
  let root: TtlvNode | undefined;
  let offset = 0;
  for (const line of text.split('\n')) {
    const at = offset;
    offset += line.length + 1;
    const fail: Fail = (code, message) => {
      throw formFault(
        'text',
        code,
        message,
        at,
        open.map((o) => o.tag),
      );
    };
    const [, indent = '', name, typeText, value = ''] =
      LINE.exec(line.replace(/\r$/, '')) ?? fail('ERR_TTLV_TEXT', 'not a line of an item');
    if (name === undefined) continue;
    const depth = indent.length / 2;
    if (!Number.isInteger(depth) || depth > open.length || (root === undefined) !== (depth === 0))
      fail('ERR_TTLV_TEXT', 'indented to no level');
    open.length = depth;
    const parent = open.at(-1);
    const node = parseLine(name, typeText, value, parent?.attributeName, fail);
    if (node.type === ItemType.Structure) {
      assertDepth(depth);
      open.push({ tag: node.tag, children: node.value as TtlvNode[], attributeName: undefined });
    }
    if (parent === undefined) root = node;
    else {
      parent.children.push(node);
      parent.attributeName = attributeNameOf(node, parent.attributeName);
    }
  }
  if (root === undefined) throw formFault('text', 'ERR_TTLV_TEXT', 'no item', 0, []);
  return root;
}

/** Indent, tag, type, value; or nothing at all. */
const LINE = /^(?:( *)([^\s]+)(?: ([^\s]+)(?: (.+))?)?)?$/s;

function parseLine(
  name: string,
  typeText: string | undefined,
  value: string,
  attributeName: string | undefined,
  fail: Fail,
): TtlvNode {
  const tag = tagOfName(name) ?? fail('ERR_TTLV_TAG', 'unknown tag name');
  if (typeText === undefined) return { tag, type: ItemType.Structure, value: [] };
  const type = typeOfName(typeText) ?? fail('ERR_TTLV_TYPE', 'unknown item type');
  if (value === REDACTED) fail('ERR_TTLV_REDACTED', 'the value was redacted');
  const plain = type === ItemType.TextString ? parseString(value, fail) : value;
  return parseValue(tag, type, plain, meaningOf(tag, attributeName), fail);
}

function parseString(value: string, fail: Fail): string {
  try {
    const text: unknown = JSON.parse(value);
    if (typeof text === 'string') return text;
  } catch {
    // falls through to the one error
  }
  return fail('ERR_TTLV_VALUE', 'not a string in double quotes');
}
