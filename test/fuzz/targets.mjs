// What is fuzzed: for each format the exports of the instrumented module, called as they are, and then the bindings over the
// same instance. Both must agree on what is valid, and what was read must be a fixed point of writing. Layer: test only.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as layout from '../../assembly/build/layout.mjs';
import { EDGE_MAP_BYTES, instrument } from '../constant-time/pass.mjs';
import { derCodec, ttlvCodec } from './codecs.mjs';
import { Instrumented } from './engine.mjs';

const dist = (name) => new URL(`../../dist/${name}`, import.meta.url);

/** A room of the built package. */
const room = (name) => import(dist(`${name}/index.js`));

const core = await room('core');
const pkcs12 = await room('pkcs12');
const kmip = await room('kmip');
const { KeywardError, UsageError } = await import(dist('errors.js'));
const { placed: REGIONS } = layout.core;
const addressOf = (name) => REGIONS.find((r) => r.name === name).address;
const ARENA = addressOf('ARENA');
const RECORDS = addressOf('ARENA_RECORDS');

const { bytes, mapAddress } = instrument(readFileSync(dist('core.wasm')), { watch: 'edges' });
const raw = startCore();
const memory = new Uint8Array(raw.memory.buffer);
const words = new Uint32Array(raw.memory.buffer);

/** Gives the bindings the instrumented module, and returns the exports of the instance that they make of it. */
function startCore() {
  const { Instance } = WebAssembly;
  let made;
  WebAssembly.Instance = class extends Instance {
    constructor(module, imports) {
      super(module, imports);
      made = this.exports;
    }
  };
  core.init(new WebAssembly.Module(bytes));
  WebAssembly.Instance = Instance;
  return made;
}

/** The shipped module, instrumented, under the built bindings. */
export const instance = new Instrumented(
  raw,
  mapAddress,
  EDGE_MAP_BYTES,
  layout.CONSTANTS_BYTES,
  REGIONS.map((r) => r.address),
);

/** Bad input is answered by an error of ours that blames the input, not the caller. */
const isExpected = (error) => error instanceof KeywardError && !(error instanceof UsageError);

class Disagreement extends Error {}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function demand(condition, what) {
  if (!condition) throw new Disagreement(what);
}

/** What `read` returns, or undefined where it refuses its input. */
function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (!isExpected(error)) throw error;
    return undefined;
  }
}

const TRAILING = ['refuse', 'zeros', 'allow'];
const MAX_DEPTH = 40;
/** Most elements or items: within an input's reach now and then, so that this limit is met too. */
const maxElements = (input) => (input.length % 8 === 5 ? 60 : 20_000);

/** Calls an export on `input` in the arena; returns its status after everything was released. */
function rawDer(name, input, ...more) {
  memory.set(input, ARENA);
  const status = raw[name](input.length, MAX_DEPTH, maxElements(input), ...more);
  if (status >= 0) raw.derRelease();
  return status;
}

function fuzzDer(input) {
  const trailing = input.length % 3;
  const status = rawDer('derNormalize', input, trailing);
  memory.set(input, ARENA);
  raw.derOrigin(input.length, input.length >> 1, input.length & 1);
  rawDerWrite(input);

  const limits = { maxDepth: MAX_DEPTH, maxElements: maxElements(input), trailing: TRAILING[trailing] };
  const index = attempt(() => core.indexDer(input, limits));
  demand(
    (index !== undefined) === status >= 0,
    `derNormalize says ${status}, indexDer ${index ? 'passes' : 'refuses'}`,
  );
  if (index === undefined) return;
  const again = core.normalizeDer(index.der, limits);
  demand(!again.wasBer && same(again.der, index.der), 'the DER form of the DER form is another');
  walkDer(core.DerCursor.from(index));

  const plain = writeDer(core.DerCursor.from(index), new core.DerWriter(), false).finish();
  demand(same(plain, index.der), 'DER written again element by element is another');
  const sorted = writeDer(core.DerCursor.from(index), new core.DerWriter(), true).finish();
  demand(!core.normalizeDer(sorted, limits).wasBer, 'what was written with sorted sets is no DER');
}

/** Puts every element into the writer, constructed ones opened and closed; with `sort`, every other one as a SET OF. */
function writeDer(cursor, writer, sort) {
  while (cursor.more) {
    const { derTag } = cursor;
    if ((derTag & 0x20) === 0 || derTag > 255) {
      writer.putRaw(cursor.readElement());
      continue;
    }
    if (sort && (cursor.offset & 1) === 0) writer.openSetOf(derTag);
    else writer.open(derTag);
    writeDer(cursor.enter(derTag), writer, sort).close();
  }
  return writer;
}

/** Gives the writer's export a tape that no binding makes: eight bytes of input are one record, near to valid or far from it. */
function rawDerWrite(input) {
  const count = Math.min(input.length >> 3, 64);
  memory.set(input, ARENA);
  for (let i = 0; i < count; i++) {
    const [offset, length, next, tag, flags, header, high, depth] = input.subarray(8 * i, 8 * i + 8);
    const far = high > 250 ? 2 ** 31 - 1 : high > 240 ? 2 ** 20 : 0;
    const at = RECORDS / 4 + 4 * i;
    words[at] = offset + (header & 1 ? far : 0);
    words[at + 1] = tag | ((flags & 0xf) << 28) | (header > 240 ? header << 20 : 0) | (header > 200 ? header << 8 : 0);
    words[at + 2] = length + (header & 2 ? far : 0);
    words[at + 3] = depth < 200 ? i + 1 + (depth > 100 ? next % 8 : 0) : next;
  }
  const status = raw.derWrite(input.length, count);
  if (status >= 0) raw.derRelease();
}

/** Reads every element with the reader of its type, and as a whole. */
function walkDer(cursor) {
  while (cursor.more) {
    const { derTag } = cursor;
    if (derTag & 0x20 && derTag < 256) {
      walkDer(cursor.enter(derTag));
      continue;
    }
    const read = {
      [core.DER.BOOLEAN]: () => cursor.readBoolean(),
      [core.DER.INTEGER]: () => cursor.readInteger(),
      [core.DER.BIT_STRING]: () => cursor.readBits(),
      [core.DER.NULL]: () => cursor.readNull(),
      [core.DER.OBJECT_IDENTIFIER]: () => cursor.readOid(),
    }[derTag];
    const before = cursor.offset;
    if (read !== undefined) attempt(read);
    if (cursor.offset === before) cursor.skip();
  }
  cursor.assertEnd();
}

function fuzzPkcs12(input) {
  const trailing = input.length % 3;
  const limits = { maxDepth: MAX_DEPTH, maxElements: maxElements(input), trailing: TRAILING[trailing] };
  const pfxStatus = rawDer('pfxRead', input, trailing);
  rawDer('authSafeRead', input, trailing);
  const bagsStatus = rawDer('safeContentsRead', input, trailing, 16);

  const pfx = attempt(() => core.parsePfxStructure(input, limits));
  demand(pfx === undefined || pfxStatus >= 0, `pfxRead says ${pfxStatus}, parsePfxStructure passes`);
  const bags = attempt(() => core.parseSafeContents(input, limits));
  demand(bags === undefined || bagsStatus >= 0, `safeContentsRead says ${bagsStatus}, parseSafeContents passes`);
  for (const bag of bags ?? []) core.normalizeDer(bag.der);
  for (const safe of pfx?.safes ?? []) core.normalizeDer(safe.der);
  attempt(() => pkcs12.parsePfx(input));
}

const TTLV_DEPTH = 32; // what the writer takes
const ANY_PADDING = 1;
const ANY_TAG = 2;

function fuzzTtlv(input) {
  for (const flags of [0, ANY_PADDING | ANY_TAG]) {
    memory.set(input, ARENA);
    const status = raw.ttlvValidate(ARENA, input.length, flags, TTLV_DEPTH, maxElements(input));
    raw.wipe(ARENA, input.length);

    const how = flags === 0 ? 'strict' : 'tolerant';
    const limits = { padding: how, tags: how, maxDepth: TTLV_DEPTH, maxItems: maxElements(input) };
    const items = attempt(() => core.validateTtlv(input, limits));
    demand((items ?? -1) === Math.max(status, -1), `ttlvValidate says ${status}, validateTtlv ${items}`);
    if (items === undefined) continue;
    const message = core.parseTtlv(input, limits);
    let seen = 0;
    const written = core.writeTtlv((writer) => {
      seen = copyItem(message, message.root, writer);
    });
    demand(seen === items, `ttlvValidate counts ${items} items, a walk ${seen}`);
    if (flags === 0) demand(same(written, input.subarray(0, written.length)), 'what was read is written differently');
    core.readTtlv(input, (lent) => copyItem(lent, lent.root, null), limits);
    message.dispose();
  }
}

/** Reads an item with the reader of its type, and all below it, and puts them into the writer; returns how many they are. */
function copyItem(message, item, writer) {
  const type = message.type(item);
  const tag = message.tag(item);
  if (type !== core.ItemType.Structure) {
    const [name] = Object.entries(core.ItemType).find(([, number]) => number === type);
    const method = name === 'TextString' ? 'text' : name[0].toLowerCase() + name.slice(1);
    const value = message[method](item);
    writer?.[method](tag, value);
    return 1;
  }
  writer?.open(tag);
  let count = 1;
  for (const child of message.children(item)) count += copyItem(message, child, writer);
  writer?.close();
  return count;
}

/** Messages: what decodes and may be written, by the rules of its version, decodes to the same fields again. */
function fuzzKmip(input) {
  attempt(() => kmip.receiveRequest(input));
  for (const [decode, encode] of [
    [kmip.decodeRequest, kmip.encodeRequest],
    [kmip.decodeResponse, kmip.encodeResponse],
  ]) {
    const message = attempt(() => decode(input));
    if (message === undefined) continue;
    let written;
    try {
      written = encode(message);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      continue;
    }
    demand(isDeepStrictEqual(decode(written), message), 'the fields of a message that was written again are others');
  }
}

/** The targets, by the names that `run.mjs` takes. */
export const TARGETS = {
  der: { name: 'der', codec: derCodec, maxBytes: 4096, isExpected, run: fuzzDer },
  pkcs12: { name: 'pkcs12', codec: derCodec, maxBytes: 4096, isExpected, run: fuzzPkcs12 },
  ttlv: { name: 'ttlv', codec: ttlvCodec, maxBytes: 2048, isExpected, run: fuzzTtlv },
  kmip: { name: 'kmip', codec: ttlvCodec, maxBytes: 2048, isExpected, run: fuzzKmip },
};
