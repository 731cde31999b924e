/**
 * The XML encoding of messages (KMIP Additional Message Encodings 1.0, section 4): an element per item, named after its tag,
 * with the attributes `type` (left out for a Structure) and `value`; `<TTLV tag="0x…">` for tags without a name; masks are
 * names separated by spaces. Reading is in xml-reader.ts. Parsing it back loses nothing; `redacted="true"` in place of a
 * value cannot be parsed. Layer: ttlv.
 *
 * [Deviation: text with characters that XML 1.0 cannot carry (controls, U+FFFE, U+FFFF) is written as `hex="…"`, its UTF-8
 * bytes, in place of `value`.]
 */
import { encodeUtf8, formatHex } from '../bytes.ts';
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
import { type XmlElement, XmlFault, XmlReader } from './xml-reader.ts';

/**
 * Formats a message as XML, two spaces a level. Key material and passwords are redacted unless `redact` is `false`.
 *
 * @throws as `validateTtlv`, when given bytes
 * @example
 * formatTtlvXml(request, { redact: false });
 */
export function formatTtlvXml(message: Uint8Array | TtlvNode, options: FormatOptions = {}): string {
  return formatTree(message, options, (root, redact) => {
    const lines: string[] = [];
    addElement(lines, root, '', undefined, false, redact);
    return `${lines.join('\n')}\n`;
  });
}

function addElement(
  lines: string[],
  node: TtlvNode,
  indent: string,
  attributeName: string | undefined,
  inKeyMaterial: boolean,
  options: RedactOptions,
): void {
  const name = tagName(node.tag);
  const element = name.startsWith('0x') ? 'TTLV' : name;
  const start = `${indent}<${element}${element === name ? '' : ` tag="${name}"`}`;
  if (node.type !== ItemType.Structure) {
    const value = isSecret(node, inKeyMaterial, options) ? 'redacted="true"' : formatLeaf(node, attributeName);
    lines.push(`${start} type="${typeName(node.type)}" ${value}/>`);
    return;
  }
  if (node.value.length === 0) {
    lines.push(`${start}/>`);
    return;
  }
  lines.push(`${start}>`);
  let attribute: string | undefined;
  for (const child of node.value) {
    addElement(lines, child, `${indent}  `, attribute, inKeyMaterial || node.tag === Tag.KeyMaterial, options);
    attribute = attributeNameOf(child, attribute);
  }
  lines.push(`${indent}</${element}>`);
}

function formatLeaf(node: TtlvNode, attributeName: string | undefined): string {
  if (node.type !== ItemType.TextString) return `value="${formatValue(node, meaningOf(node.tag, attributeName), ' ')}"`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 lacks
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(node.value)) return `hex="${formatHex(encodeUtf8(node.value))}"`;
  return `value="${node.value.replace(/[&<>"\t\n\r]/g, (c) => ESCAPES[c]!)}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/**
 * Parses the XML encoding: one element, with an XML declaration, comments and white space around and inside it. Nothing
 * else of XML is taken: no document type, no entities but the five and numbers, no CDATA, no processing instructions, no
 * text.
 *
 * @throws {FormatError} ERR_TTLV_XML, ERR_TTLV_TAG, ERR_TTLV_TYPE, ERR_TTLV_VALUE, ERR_TTLV_UTF8, ERR_TTLV_REDACTED, with the
 *   offset in characters and the tag path
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH
 */
export function parseTtlvXml(text: string): TtlvNode {
  assertSize(text, 'TTLV XML');
  const path: number[] = [];
  try {
    const reader = new XmlReader(text);
    const root = readElement(reader, reader.root(), undefined, path);
    reader.end();
    return root;
  } catch (error) {
    if (error instanceof XmlFault) throw formFault('XML', 'ERR_TTLV_XML', error.message, error.offset, path);
    throw error;
  }
}

function readElement(
  reader: XmlReader,
  element: XmlElement,
  attributeName: string | undefined,
  path: number[],
): TtlvNode {
  const { name, attributes, offset } = element;
  const fail: Fail = (code, message) => {
    throw formFault('XML', code, message, offset, path);
  };
  const tag = tagOfElement(name, attributes, fail);
  assertDepth(path.length);
  path.push(tag);
  const type = typeOfName(attributes.get('type') ?? 'Structure') ?? fail('ERR_TTLV_TYPE', 'unknown item type');
  const node =
    type === ItemType.Structure
      ? readStructure(reader, element, tag, path, fail)
      : readLeaf(reader, element, tag, type, meaningOf(tag, attributeName), fail);
  path.pop();
  return node;
}

function tagOfElement(name: string, attributes: ReadonlyMap<string, string>, fail: Fail): number {
  for (const key of attributes.keys())
    if (!ATTRIBUTES.includes(key) || (key === 'tag' && name !== 'TTLV'))
      fail('ERR_TTLV_XML', 'an element has no such attribute');
  const written = name === 'TTLV' ? (attributes.get('tag') ?? '') : name;
  return tagOfName(written) ?? fail('ERR_TTLV_TAG', 'unknown tag name');
}

const ATTRIBUTES: readonly string[] = ['tag', 'name', 'type', 'value', 'hex', 'redacted'];

function readStructure(reader: XmlReader, element: XmlElement, tag: number, path: number[], fail: Fail): TtlvNode {
  if (element.attributes.has('value')) fail('ERR_TTLV_XML', 'a Structure has no value');
  const value: TtlvNode[] = [];
  let name: string | undefined;
  for (let child = reader.child(element); child !== undefined; child = reader.child(element)) {
    const node = readElement(reader, child, name, path);
    name = attributeNameOf(node, name);
    value.push(node);
  }
  return { tag, type: ItemType.Structure, value };
}

function readLeaf(
  reader: XmlReader,
  element: XmlElement,
  tag: number,
  type: number,
  meaning: number,
  fail: Fail,
): TtlvNode {
  const { attributes } = element;
  if (attributes.get('redacted') !== undefined) fail('ERR_TTLV_REDACTED', 'the value was redacted');
  if (reader.child(element) !== undefined) fail('ERR_TTLV_XML', 'only a Structure has elements inside');
  const hex = attributes.get('hex');
  if (hex === undefined) {
    const value = attributes.get('value') ?? fail('ERR_TTLV_XML', 'the value is missing');
    return parseValue(tag, type, type === ItemType.TextString ? value : value.trim(), meaning, fail);
  }
  if (type !== ItemType.TextString || attributes.has('value'))
    fail('ERR_TTLV_XML', 'hex is for text, in place of value');
  const bytes = parseValue(tag, ItemType.ByteString, hex, meaning, fail).value as Uint8Array;
  return { tag, type: ItemType.TextString, value: decodeText(bytes, fail) };
}

function decodeText(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('ERR_TTLV_UTF8', 'text is not UTF-8');
  }
}
