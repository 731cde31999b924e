/**
 * Plays exchanges against an engine and compares each answer with the one that is to come: structure and values. Placeholders are bound
 * at their first sight and must keep their value; so are the bytes of keys that the server made up. Dates that the client did not
 * give are compared by type.
 */

import { formatHex } from '../../../../src/bytes.ts';
import {
  encodeTtlv,
  ItemType,
  parseTtlvXml,
  readTtlvTree,
  Tag,
  type TtlvNode,
  tagName,
} from '../../../../src/ttlv/index.ts';
import type { Bench } from '../engine-support.ts';
import type { Exchange } from './cases.ts';

/** What the answers of one case may differ in, each with a reason in the table of cases. */
export interface Tolerance {
  /** Attributes that the server has and the case does not list. */
  readonly extraAttributes?: readonly string[];
  /** Bytes in the case that are wrong, hex: anything is taken in their place. */
  readonly wrongBytes?: readonly string[];
  /** Attributes that the case lists and nobody set. */
  readonly missingAttributes?: readonly string[];
  /** Moves the clock by so many seconds before the request of this number, from 0. */
  readonly advance?: Readonly<Record<number, number>>;
  /** Seconds since 1970 at which the case begins. */
  readonly begin?: number;
}

/** What has been bound so far. */
export class Bindings {
  readonly texts: Map<string, string> = new Map();
  readonly bytes: Map<string, string> = new Map();
  /** Everything that the client sent: not to be made up by the server. */
  readonly sent: Set<string> = new Set();
}

/** Plays a case. Gives the differences, empty when there are none. */
export async function play(
  bench: Bench,
  exchanges: readonly Exchange[],
  bindings: Bindings,
  tolerance: Tolerance = {},
): Promise<string[]> {
  const found: string[] = [];
  if (tolerance.begin !== undefined) bench.now = tolerance.begin;
  for (const [i, exchange] of exchanges.entries()) {
    bench.now += tolerance.advance?.[i] ?? 0;
    const request = parseTtlvXml(fill(exchange.request, bench.now, bindings));
    remember(request, bindings);
    const answer = await bench.engine.handle(encodeTtlv(request), { owner: ownerOf(request) });
    const expected = parseTtlvXml(fill(mark(exchange.response), bench.now, new Bindings()));
    const comparison = new Comparison(bindings, tolerance);
    comparison.nodes(expected, readTtlvTree(answer), []);
    found.push(...comparison.differences.map((text) => `${i}: ${text}`));
  }
  return found;
}

/** The client that a request names in its credential; all others are one. */
function ownerOf(request: TtlvNode): string {
  return textIn(request, Tag.Username) ?? textIn(request, Tag.DeviceSerialNumber) ?? 'client';
}

function textIn(node: TtlvNode, ttlvTag: number): string | undefined {
  if (node.tag === ttlvTag && typeof node.value === 'string') return node.value;
  if (!Array.isArray(node.value)) return undefined;
  for (const child of node.value as TtlvNode[]) {
    const found = textIn(child, ttlvTag);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Puts what is bound in the place of placeholders. */
function fill(xml: string, now: number, bindings: Bindings): string {
  return xml
    .replace(
      /\$NOW([+-]\d+)?/g,
      (_, offset = '0') => `${new Date((now + Number(offset)) * 1000).toISOString().slice(0, 19)}Z`,
    )
    .replace(/\$[A-Z][A-Z_]*\d*/g, (name) => bindings.texts.get(name) ?? bindings.bytes.get(hexOf(name)) ?? name);
}

/** Placeholders for bytes, as bytes: their name. */
function mark(xml: string): string {
  return xml.replace(/(type="ByteString"\s+value=")(\$[A-Z_0-9]+)/g, (_, start, name) => start + hexOf(name));
}

function hexOf(text: string): string {
  return formatHex(new TextEncoder().encode(text));
}

function remember(node: TtlvNode, bindings: Bindings): void {
  if (Array.isArray(node.value)) for (const child of node.value) remember(child as TtlvNode, bindings);
  else if (node.value instanceof Uint8Array) bindings.sent.add(formatHex(node.value));
  else if (typeof node.value === 'bigint') bindings.sent.add(`date ${node.value}`);
}

/** Items that the server words as it likes. */
const FREE: ReadonlySet<number> = new Set([
  Tag.TimeStamp,
  Tag.ResultMessage,
  Tag.VendorIdentification,
  Tag.ServerInformation,
  Tag.LeaseTime,
]);
/** Bytes that come from the server's generator, or are made of such. */
const MADE_UP: ReadonlySet<number> = new Set([
  Tag.KeyMaterial,
  Tag.DigestValue,
  Tag.Modulus,
  Tag.PrivateExponent,
  Tag.P,
  Tag.Q,
  Tag.PrimeExponentP,
  Tag.PrimeExponentQ,
  Tag.CRTCoefficient,
  Tag.AsynchronousCorrelationValue,
]);
/** Lists of what a server has: more is no fault. Operations that this one does not have are not asked for. */
const SUBSET: ReadonlySet<number> = new Set([Tag.Operation, Tag.ObjectType, Tag.ProtocolVersion]);
const NOT_HERE: ReadonlySet<number> = new Set([0x06, 0x07, 0x1b, 0x1c, 0x28, 0x29]);

class Comparison {
  readonly differences: string[] = [];
  readonly #bindings: Bindings;
  readonly #tolerance: Tolerance;

  constructor(bindings: Bindings, tolerance: Tolerance) {
    this.#bindings = bindings;
    this.#tolerance = tolerance;
  }

  nodes(expected: TtlvNode, actual: TtlvNode, path: readonly string[]): void {
    const here = [...path, tagName(expected.tag) ?? '?'];
    if (expected.tag !== actual.tag || expected.type !== actual.type) {
      this.#differ(here, `wanted ${show(expected)}, got ${tagName(actual.tag)} ${show(actual)}`);
      return;
    }
    if (FREE.has(expected.tag)) return;
    if (expected.type === ItemType.Structure) this.#structures(expected, actual, here);
    else this.#leaves(expected, actual, here);
  }

  #structures(expected: TtlvNode, actual: TtlvNode, path: readonly string[]): void {
    const [wanted, got] = [childrenOf(expected), childrenOf(actual)];
    const parent = path.at(-1);
    if (parent === 'ResponsePayload' && wanted.some(({ tag }) => tag === Tag.Attribute || tag === Tag.AttributeName))
      this.#attributes(wanted, got, path);
    else if (parent === 'ResponsePayload' && (wanted.length === 0 || wanted.every(({ tag }) => isListed(tag))))
      this.#subsets(wanted, got, path);
    else {
      if (wanted.length !== got.length) this.#differ(path, `wanted ${names(wanted)}, got ${names(got)}`);
      for (const [i, child] of wanted.entries()) if (got[i] !== undefined) this.nodes(child, got[i], path);
    }
  }

  /** Unique Identifier first, then attributes or their names in any order. */
  #attributes(wanted: readonly TtlvNode[], got: readonly TtlvNode[], path: readonly string[]): void {
    const left = [...got];
    for (const child of wanted) {
      const key = keyOf(child);
      const at = left.findIndex((one) => one.tag === child.tag && keyOf(one) === key);
      const [found] = at < 0 ? [] : left.splice(at, 1);
      if (found === undefined && this.#tolerance.missingAttributes?.includes(key)) continue;
      if (found === undefined) this.#differ(path, `lacks ${tagName(child.tag)} ${key}`);
      else this.nodes(child, found, [...path, key]);
    }
    const extra = this.#tolerance.extraAttributes ?? [];
    for (const child of left)
      if (!extra.includes(keyOf(child).replace(/\[\d+\]$/, '')))
        this.#differ(path, `too much: ${tagName(child.tag)} ${keyOf(child)}`);
  }

  /** Lists of what the server has. */
  #subsets(wanted: readonly TtlvNode[], got: readonly TtlvNode[], path: readonly string[]): void {
    for (const child of wanted) {
      if (FREE.has(child.tag)) {
        if (!got.some(({ tag }) => tag === child.tag)) this.#differ(path, `lacks ${tagName(child.tag)}`);
        continue;
      }
      const missing = !got.some((one) => one.tag === child.tag && show(one) === show(child));
      if (missing && !(child.tag === Tag.Operation && NOT_HERE.has(Number(child.value))))
        this.#differ(path, `lacks ${tagName(child.tag)} ${show(child)}`);
    }
    if (wanted.length === 0 && got.length > 0) this.#differ(path, `wanted nothing, got ${names(got)}`);
  }

  #leaves(expected: TtlvNode, actual: TtlvNode, path: readonly string[]): void {
    const { value } = expected;
    if (typeof value === 'string') this.#texts(value, String(actual.value), path);
    else if (value instanceof Uint8Array) this.#bytes(expected, actual, path);
    else if (expected.type === ItemType.DateTime && !this.#bindings.sent.has(`date ${String(value)}`)) return;
    else if (value !== actual.value) this.#differ(path, `wanted ${String(value)}, got ${String(actual.value)}`);
  }

  /** Identifiers: placeholders, and those of the server that the case was recorded with. */
  #texts(wanted: string, got: string, path: readonly string[]): void {
    const isIdentifier = wanted.startsWith('$') || /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(wanted);
    const bound = this.#bindings.texts.get(wanted);
    if (isIdentifier && bound === undefined) this.#bindings.texts.set(wanted, got);
    else if ((isIdentifier ? bound : wanted) !== got) this.#differ(path, `wanted ${bound ?? wanted}, got ${got}`);
  }

  #bytes(expected: TtlvNode, actual: TtlvNode, path: readonly string[]): void {
    const [wanted, got] = [expected, actual].map((node) => formatHex(node.value as Uint8Array)) as [string, string];
    if (wanted === got || this.#tolerance.wrongBytes?.some((start) => wanted.startsWith(start))) return;
    const placeholder = wanted.startsWith('24'); // '$'
    // A new one with each request that is put off, under one name.
    if (expected.tag === Tag.AsynchronousCorrelationValue && !this.#bindings.sent.has(got))
      this.#bindings.bytes.delete(wanted);
    const bound = this.#bindings.bytes.get(wanted);
    if (bound !== undefined && bound === got) return;
    const free = placeholder || (MADE_UP.has(expected.tag) && !this.#bindings.sent.has(wanted));
    // Encodings of RSA keys differ by a few bytes, with the leading zeros of their numbers.
    const alike = placeholder || Math.abs(wanted.length - got.length) <= (wanted.length > 128 ? 32 : 0);
    if (bound !== undefined || !free || !alike) this.#differ(path, `wanted ${wanted}, got ${got}`);
    else this.#bindings.bytes.set(wanted, got);
  }

  #differ(path: readonly string[], text: string): void {
    this.differences.push(`${path.slice(1).join('/')}: ${text}`);
  }
}

function childrenOf(node: TtlvNode): readonly TtlvNode[] {
  const children = node.value as readonly TtlvNode[];
  // The Server Correlation Value and the like are not of these versions; index 0 may be said or not.
  return children.filter(({ tag, value }) => tag !== Tag.AttributeIndex || value !== 0);
}

function isListed(ttlvTag: number): boolean {
  return SUBSET.has(ttlvTag) || FREE.has(ttlvTag);
}

/** What tells the children of a payload apart: the name and index of an attribute. */
function keyOf(node: TtlvNode): string {
  if (node.tag === Tag.AttributeName) return String(node.value);
  if (node.tag !== Tag.Attribute) return '';
  const [name, second] = node.value as readonly TtlvNode[];
  return `${String(name?.value)}[${second?.tag === Tag.AttributeIndex ? String(second.value) : '0'}]`;
}

function names(nodes: readonly TtlvNode[]): string {
  return (
    nodes.map((node) => `${tagName(node.tag)}${Array.isArray(node.value) ? '' : `=${show(node)}`}`).join(' ') ||
    'nothing'
  );
}

function show(node: TtlvNode): string {
  if (Array.isArray(node.value))
    return `{${(node.value as TtlvNode[]).map((child) => `${tagName(child.tag)}=${show(child)}`).join(' ')}}`;
  return node.value instanceof Uint8Array ? formatHex(node.value) : String(node.value);
}
