// What is fuzzed: for each format the exports of the instrumented module, called as they are, and then the bindings over the
// same instance. Both must agree on what is valid, and what was read must be a fixed point of writing. Layer: test only.
import { readFileSync } from 'node:fs';
import { EDGE_MAP_BYTES, instrument } from '../constant-time/pass.mjs';
import { derCodec, ttlvCodec } from './codecs.mjs';
import { Instrumented } from './engine.mjs';

const dist = (name) => new URL(`../../dist/${name}`, import.meta.url);

/** A room of the built package, or null while it does not exist. */
const room = (name) =>
  import(dist(`${name}/index.js`)).catch((error) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  });

const core = await room('core');
const pkcs12 = await room('pkcs12');
const ttlv = await room('ttlv');
const { KeywardError, UsageError } = await import(dist('errors.js'));
const layout = await import(dist('core/generated/layout.js'));
const wasm = await import(dist('core/wasm.js'));

const { bytes, mapAddress } = instrument(readFileSync(dist('core.wasm')), { watch: 'edges' });
core.init(new WebAssembly.Module(bytes));
const raw = wasm.core();
const memory = wasm.memory();

/** The shipped module, instrumented, under the built bindings. */
export const instance = new Instrumented(
  raw,
  mapAddress,
  EDGE_MAP_BYTES,
  layout.CONSTANTS_BYTES,
  layout.CORE_REGIONS.map((r) => r.address),
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
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 20_000;

/** Calls an export on `input` in the arena; returns its status after everything was released. */
function rawDer(name, input, ...more) {
  memory.set(input, layout.ARENA);
  const status = raw[name](input.length, MAX_DEPTH, MAX_ELEMENTS, ...more);
  if (status >= 0) raw.derRelease();
  return status;
}

function fuzzDer(input) {
  const trailing = input.length % 3;
  const status = rawDer('derNormalize', input, trailing);
  memory.set(input, layout.ARENA);
  raw.derOrigin(input.length, input.length >> 1, input.length & 1);

  const limits = { maxDepth: MAX_DEPTH, maxElements: MAX_ELEMENTS, trailing: TRAILING[trailing] };
  const index = attempt(() => core.indexDer(input, limits));
  demand(
    (index !== undefined) === status >= 0,
    `derNormalize says ${status}, indexDer ${index ? 'passes' : 'refuses'}`,
  );
  if (index === undefined) return;
  const again = core.normalizeDer(index.der, limits);
  demand(!again.wasBer && same(again.der, index.der), 'the DER form of the DER form is another');
  walkDer(core.DerCursor.from(index));
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
  const limits = { maxDepth: MAX_DEPTH, maxElements: MAX_ELEMENTS, trailing: TRAILING[trailing] };
  const pfxStatus = rawDer('pfxRead', input, trailing);
  rawDer('authSafeRead', input, trailing);
  const bagsStatus = rawDer('safeContentsRead', input, trailing, 16);

  const pfx = attempt(() => core.parsePfxStructure(input, limits));
  demand(pfx === undefined || pfxStatus >= 0, `pfxRead says ${pfxStatus}, parsePfxStructure passes`);
  const bags = attempt(() => core.parseSafeContents(input, limits));
  demand(bags === undefined || bagsStatus >= 0, `safeContentsRead says ${bagsStatus}, parseSafeContents passes`);
  for (const bag of bags ?? []) core.normalizeDer(bag.der);
  for (const safe of pfx?.safes ?? []) core.normalizeDer(safe.der);
  if (pkcs12 !== null) attempt(() => pkcs12.parsePfx(input));
}

const ttlvLimits = { maxBytes: 1 << 20, maxDepth: 32, maxItems: 20_000 };

function fuzzTtlv(input) {
  for (const padding of ['strict', 'tolerant']) {
    const items = attempt(() => core.validateTtlv(input, { padding, ...ttlvLimits }));
    if (items === undefined || ttlv === null) continue;
    const message = ttlv.parseTtlv(input, { padding });
    if (padding === 'strict') demand(same(ttlv.encodeTtlv(message), input), 'what was read is written differently');
  }
}

/** The targets, by the names that `run.mjs` takes. */
export const TARGETS = {
  der: { name: 'der', codec: derCodec, maxBytes: 4096, isExpected, run: fuzzDer },
  pkcs12: { name: 'pkcs12', codec: derCodec, maxBytes: 4096, isExpected, run: fuzzPkcs12 },
  ...(core.validateTtlv && { ttlv: { name: 'ttlv', codec: ttlvCodec, maxBytes: 2048, isExpected, run: fuzzTtlv } }),
};
