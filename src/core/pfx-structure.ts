/**
 * The structure of a PKCS#12 file (RFC 7292) as plain objects: which safes, bags, algorithms and octets there are, with
 * no opinion about any of them and no password. The wasm checks the encoding and the grammar; here its FIELD records
 * become objects. The encodings lie inside each other (PFX, AuthenticatedSafe, SafeContents), each may be BER, and each
 * is made DER when entered; the octets under the MAC are the original ones. Layer: core.
 */
import { FormatError, LimitError } from '../errors.ts';
import { atMost, type DerBounds, type DerLimits, derError, derResult, enterDer, resolveLimits, words } from './der.ts';
import { integerOf, smallIntegerOf } from './der-cursor.ts';
import {
  ARENA,
  ARENA_RECORDS,
  DER_RESULT_FIELDS,
  DER_RESULT_LENGTH,
  DER_SCRATCH,
  FIELD_ALGORITHM,
  FIELD_ALGORITHM_OID,
  FIELD_ALGORITHM_PARAMETERS,
  FIELD_ATTRIBUTE,
  FIELD_ATTRIBUTE_VALUE,
  FIELD_CIPHERTEXT,
  FIELD_CONTENT,
  FIELD_CONTENT_TYPE,
  FIELD_DEPTH,
  FIELD_KIND,
  FIELD_LENGTH,
  FIELD_MAC_DIGEST,
  FIELD_MAC_ITERATIONS,
  FIELD_MAC_SALT,
  FIELD_NESTED,
  FIELD_OFFSET,
  FIELD_RECORD,
  FIELD_SAFE,
  FIELD_VERSION,
  PLACES,
  STATUS,
  TAPE_RECORD,
} from './generated/layout.ts';
import { formatOid, formatOidAt } from './oid.ts';
import type { RawAlgorithm, RawAttribute, RawBag, RawMac, RawPfx, RawSafe } from './raw-pfx.ts';
import { splitStatus } from './status.ts';
import { core, memory } from './wasm.ts';

/**
 * Bounds of one file. `maxElements` is for all its layers together, the other limits of `DerLimits` for each of them,
 * `trailing` too.
 */
export interface PfxLimits extends DerLimits {
  /** SafeContents within SafeContents. Default 16. */
  readonly maxNesting?: number;
}

const OID_DATA = '1.2.840.113549.1.7.1';
const AUTH_SAFE_PATH = ['PFX', 'authSafe'] as const;

/**
 * Reads the structure of a PKCS#12 file. Nothing is decrypted or verified.
 *
 * @param bytes the file, at most 8 MiB of BER or DER; copied, not changed
 * @throws {FormatError} ERR_DER_… with offset and path; ERR_PFX_VERSION
 * @throws {LimitError} ERR_DER_SIZE, ERR_DER_DEPTH, ERR_DER_COUNT, ERR_LIMIT_ITERATIONS
 * @example
 * const { safes, mac } = parsePfxStructure(file);
 */
export function parsePfxStructure(bytes: Uint8Array, limits?: PfxLimits): RawPfx {
  const run = new Run(limits);
  const file = run.layer(bytes, null, 0);
  const pfx = run.read('pfx', file, ['PFX'], readPfx);
  if (pfx.contentType !== OID_DATA) return { ...pfx.raw, safes: [], wasBer: run.wasBer };

  const inner = run.layer(pfx.raw.authSafe, file, pfx.contentOffset);
  const safes = run.read('authsafe', inner, AUTH_SAFE_PATH, readSafes).map(({ content, contentOffset, ...safe }) => {
    if (content === null) return safe;
    const contents = run.layer(content, inner, contentOffset);
    const bags = run.read('safecontents', contents, [...AUTH_SAFE_PATH, 'SafeContents'], readBags);
    content.fill(0);
    return { ...safe, bags };
  });
  return { ...pfx.raw, safes, wasBer: run.wasBer };
}

/**
 * Reads SafeContents: the plaintext of an encrypted safe.
 *
 * @param bytes BER or DER, at most 8 MiB; copied, not changed. The bags are views of one copy, the caller's to wipe: `der` of
 *   every bag covers all there is in it
 * @throws as `parsePfxStructure`
 */
export function parseSafeContents(bytes: Uint8Array, limits?: PfxLimits): RawBag[] {
  const run = new Run(limits);
  return run.read('safecontents', run.layer(bytes, null, 0), ['SafeContents'], readBags);
}

type Grammar = 'pfx' | 'authsafe' | 'safecontents';

/** One encoding: its bytes, and where they lie in the DER form of the encoding around them. */
interface Layer {
  readonly bytes: Uint8Array;
  readonly parent: Layer | null;
  readonly at: number;
  grammar: Grammar | null;
  wasBer: boolean;
}

/** One file being read: its limits, of which the layers use up a part each, and its layers. */
class Run {
  readonly maxNesting: number;
  wasBer = false;
  #bounds: DerBounds;

  constructor(limits: PfxLimits = {}) {
    this.#bounds = resolveLimits(limits);
    this.maxNesting = atMost('maxNesting', limits.maxNesting, 16, 64);
  }

  layer(bytes: Uint8Array, parent: Layer | null, at: number): Layer {
    return { bytes, parent, at, grammar: null, wasBer: false };
  }

  /** Lets the wasm check a layer and `make` build objects from what it found; then wipes. */
  read<T>(grammar: Grammar, layer: Layer, path: readonly string[], make: (fields: Fields) => T): T {
    const wasm = core();
    const { maxDepth, maxElements, trailing } = this.#bounds;
    const length = layer.bytes.length;
    layer.grammar = grammar;
    enterDer(layer.bytes, this.#bounds);
    const status =
      grammar === 'pfx'
        ? wasm.pfxRead(length, maxDepth, maxElements, trailing)
        : grammar === 'authsafe'
          ? wasm.authSafeRead(length, maxDepth, maxElements, trailing)
          : wasm.safeContentsRead(length, maxDepth, maxElements, trailing, this.maxNesting);
    if (status < 0) throw this.#error(status, layer, path);
    try {
      const { base, count, wasBer } = derResult();
      this.#bounds = { ...this.#bounds, maxElements: maxElements - count };
      layer.wasBer = wasBer;
      if (wasBer) this.wasBer = true;
      return make(new Fields(base, count, fileOffset(layer)));
    } finally {
      wasm.derRelease();
    }
  }

  #error(status: number, layer: Layer, path: readonly string[]): Error {
    const wasm = core();
    const place = PLACES[wasm.derPlace()] as string;
    const { code, offset } = splitStatus(status);
    const named = place === '' || place === path.at(-1) ? path : [...path, place];
    const inGrammar = place !== '';
    const bounds =
      inGrammar && code === STATUS.DER_DEPTH ? { ...this.#bounds, maxDepth: this.maxNesting } : this.#bounds;
    return derError(status, bounds, named, toFile(layer, offset, inGrammar));
  }
}

/** What must be added to offsets in a layer's DER form to get offsets in the file; 0 where BER makes that impossible. */
function fileOffset(layer: Layer): number {
  let offset = 0;
  for (let l: Layer | null = layer; l !== null; l = l.parent) {
    if (l.wasBer) return 0;
    offset += l.at;
  }
  return offset;
}

/** Traces an offset in a layer (in its DER form when `inDer`) back to the file. Only done when something failed. */
function toFile(layer: Layer, offset: number, inDer: boolean): number {
  let at = inDer ? originOf(layer, offset) : offset;
  for (let l = layer; l.parent !== null; l = l.parent) at = originOf(l.parent, at + l.at);
  return at;
}

function originOf(layer: Layer, offset: number): number {
  memory().set(layer.bytes, ARENA);
  const found = core().derOrigin(layer.bytes.length, offset, layer.grammar === 'authsafe' ? 1 : 0);
  return found < 0 ? offset : found;
}

/** The FIELD records of one layer, while they lie in wasm memory. */
class Fields {
  readonly #base: number;
  readonly #shift: number;
  readonly #end: number;
  #at: number;

  constructor(base: number, records: number, shift: number) {
    this.#base = base;
    this.#shift = shift;
    this.#at = ARENA_RECORDS / 4 + records * TAPE_RECORD;
    this.#end = this.#at + (words()[DER_SCRATCH / 4 + DER_RESULT_FIELDS] as number) * FIELD_RECORD;
  }

  /** The kind ahead, 0 at the end. */
  get kind(): number {
    return this.#at < this.#end ? (words()[this.#at + FIELD_KIND] as number) : 0;
  }

  get depth(): number {
    return words()[this.#at + FIELD_DEPTH] as number;
  }

  /** Offset of the field ahead in the layer's DER form. */
  get offset(): number {
    return words()[this.#at + FIELD_OFFSET] as number;
  }

  /** The same in the file, if it can be told. */
  get fileOffset(): number {
    return this.offset + this.#shift;
  }

  skip(): void {
    this.#at += FIELD_RECORD;
  }

  /** Copies the bytes of the field ahead, which is of this kind, and steps over it. */
  take(kind: number): Uint8Array<ArrayBuffer> {
    if (this.kind !== kind) throw new Error(`field ${this.kind} where ${kind} belongs`);
    const from = this.#base + this.offset;
    const bytes = memory().slice(from, from + (words()[this.#at + FIELD_LENGTH] as number));
    this.skip();
    return bytes;
  }

  /** Copies what is left, which are the bags of SafeContents. */
  takeAll(): Part {
    const length = words()[DER_SCRATCH / 4 + DER_RESULT_LENGTH] as number;
    const der = memory().slice(this.#base, this.#base + length);
    const part = new Part(der, words().slice(this.#at, this.#end), this.#shift);
    this.#at = this.#end;
    return part;
  }

  takeOid(kind: number): string {
    const offset = this.fileOffset;
    return formatOid(this.take(kind), offset);
  }
}

function readPfx(fields: Fields) {
  const versionOffset = fields.fileOffset;
  const version = fields.take(FIELD_VERSION);
  if (version.length !== 1 || version[0] !== 3)
    throw new FormatError('ERR_PFX_VERSION', `PFX version ${describeInteger(version)}, only 3 is defined`, {
      offset: versionOffset,
      path: ['PFX', 'version'],
    });
  const contentType = fields.takeOid(FIELD_CONTENT_TYPE);
  const contentOffset = fields.offset;
  const authSafe = fields.take(FIELD_CONTENT);
  const mac = fields.kind === FIELD_ALGORITHM ? readMac(fields) : null;
  return { contentType, contentOffset, raw: { version: 3, contentType, authSafe, mac } };
}

function readMac(fields: Fields): RawMac {
  const algorithm = readAlgorithm(fields);
  const digest = fields.take(FIELD_MAC_DIGEST);
  const salt = fields.take(FIELD_MAC_SALT);
  const iterations = fields.kind === FIELD_MAC_ITERATIONS ? iterationsOf(fields.take(FIELD_MAC_ITERATIONS)) : 1;
  return { algorithm, digest, salt, iterations };
}

/** Turns an INTEGER's contents into a count. @throws {LimitError} ERR_LIMIT_ITERATIONS when negative or above 2^53 - 1 */
export function iterationsOf(contents: Uint8Array): number {
  const value = smallIntegerOf(contents);
  if (value !== undefined && value >= 0) return value;
  const actual = describeInteger(contents);
  throw new LimitError('ERR_LIMIT_ITERATIONS', `${actual} iterations`, { limit: Number.MAX_SAFE_INTEGER, actual });
}

/** A decimal text; for a monstrous number its size only. */
function describeInteger(contents: Uint8Array): string {
  return contents.length <= 64 ? integerOf(contents).toString() : `of ${contents.length} bytes`;
}

function readAlgorithm(fields: Fields): RawAlgorithm {
  const der = fields.take(FIELD_ALGORITHM);
  const oid = fields.takeOid(FIELD_ALGORITHM_OID);
  const parameters = fields.kind === FIELD_ALGORITHM_PARAMETERS ? fields.take(FIELD_ALGORITHM_PARAMETERS) : null;
  return { oid, der, parameters };
}

/** A safe whose plain contents are still to be read. */
type OpenSafe = RawSafe & { readonly content: Uint8Array<ArrayBuffer> | null; readonly contentOffset: number };

function readSafes(fields: Fields): OpenSafe[] {
  const safes: OpenSafe[] = [];
  while (fields.kind !== 0) {
    const offset = fields.fileOffset;
    const der = fields.take(FIELD_SAFE);
    const contentType = fields.takeOid(FIELD_CONTENT_TYPE);
    const contentOffset = fields.offset;
    const common = { contentType, offset, der, bags: null, contentOffset };
    if (fields.kind === FIELD_ALGORITHM) {
      const algorithm = readAlgorithm(fields);
      const ciphertext = fields.take(FIELD_CIPHERTEXT);
      safes.push({ ...common, kind: 'encrypted', algorithm, ciphertext, content: null });
    } else {
      const content = fields.take(FIELD_CONTENT);
      const plain = contentType === OID_DATA;
      safes.push({
        ...common,
        kind: plain ? 'data' : 'other',
        algorithm: null,
        ciphertext: null,
        content: plain ? content : null,
      });
    }
  }
  return safes;
}

function readBags(fields: Fields): RawBag[] {
  const part = fields.takeAll();
  const root: RawBag[] = [];
  // for each depth of SafeContents: the list being filled, and the last bag in it, whose attributes follow its own bags
  const lists: RawBag[][] = [root];
  const last: BagRecord[] = [];
  for (let at = 0; at < part.end; ) {
    const depth = part.depth(at);
    if (part.kind(at) === FIELD_ATTRIBUTE) {
      (last[depth] as BagRecord).attributesAt.push(at);
      part.oid(at + 1); // refuses it now, if at all
      at += 2;
      while (part.kind(at) === FIELD_ATTRIBUTE_VALUE) at++;
      continue;
    }
    const nested = part.kind(at + 3) === FIELD_NESTED;
    const bag = new BagRecord(part, at, nested ? [] : null);
    (lists[depth] as RawBag[]).push(bag);
    last[depth] = bag;
    if (bag.bags !== null) lists[depth + 1] = bag.bags;
    at += nested ? 4 : 3;
  }
  return root;
}

/** SafeContents with their FIELD records, copied out of wasm memory: what bags show is cut out of them when asked for. */
class Part {
  readonly #der: Uint8Array<ArrayBuffer>;
  readonly #fields: Uint32Array;
  readonly #shift: number;
  /** Number of fields. */
  readonly end: number;

  constructor(der: Uint8Array<ArrayBuffer>, fields: Uint32Array, shift: number) {
    this.#der = der;
    this.#fields = fields;
    this.#shift = shift;
    this.end = fields.length / FIELD_RECORD;
  }

  /** The kind of a field, 0 behind the last. */
  kind(at: number): number {
    return this.#fields[at * FIELD_RECORD + FIELD_KIND] ?? 0;
  }

  depth(at: number): number {
    return this.#fields[at * FIELD_RECORD + FIELD_DEPTH] as number;
  }

  /** Where a field lies in the file, if it can be told. */
  fileOffset(at: number): number {
    return (this.#fields[at * FIELD_RECORD + FIELD_OFFSET] as number) + this.#shift;
  }

  bytes(at: number): Uint8Array<ArrayBuffer> {
    const from = this.#fields[at * FIELD_RECORD + FIELD_OFFSET] as number;
    return this.#der.subarray(from, from + (this.#fields[at * FIELD_RECORD + FIELD_LENGTH] as number));
  }

  oid(at: number): string {
    const from = this.#fields[at * FIELD_RECORD + FIELD_OFFSET] as number;
    const to = from + (this.#fields[at * FIELD_RECORD + FIELD_LENGTH] as number);
    return formatOidAt(this.#der, from, to, from + this.#shift);
  }
}

/** A bag: the fields BAG, BAG_ID and BAG_VALUE, and those of its attributes. */
class BagRecord implements RawBag {
  readonly bagId: string;
  readonly bags: RawBag[] | null;
  readonly attributesAt: number[] = [];
  readonly #part: Part;
  readonly #at: number;
  #attributes: readonly RawAttribute[] | undefined;

  constructor(part: Part, at: number, bags: RawBag[] | null) {
    this.#part = part;
    this.#at = at;
    this.bagId = part.oid(at + 1);
    this.bags = bags;
  }

  get offset(): number {
    return this.#part.fileOffset(this.#at);
  }

  get der(): Uint8Array<ArrayBuffer> {
    return this.#part.bytes(this.#at);
  }

  get value(): Uint8Array<ArrayBuffer> {
    return this.#part.bytes(this.#at + 2);
  }

  get attributes(): readonly RawAttribute[] {
    this.#attributes ??= this.attributesAt.map((at) => readAttribute(this.#part, at));
    return this.#attributes;
  }
}

function readAttribute(part: Part, at: number): RawAttribute {
  const values: Uint8Array<ArrayBuffer>[] = [];
  for (let i = at + 2; part.kind(i) === FIELD_ATTRIBUTE_VALUE; i++) values.push(part.bytes(i));
  return { oid: part.oid(at + 1), der: part.bytes(at), values };
}
