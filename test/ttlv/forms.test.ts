/**
 * The four forms of a message: bytes, text, XML, JSON. Every shared vector goes through all of them and comes back byte for
 * byte; so do random trees. Then the XML of the OASIS test cases gives the bytes that an independent encoder made of it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeTtlv,
  formatTtlvJson,
  formatTtlvText,
  formatTtlvXml,
  ItemType,
  parseTtlvJson,
  parseTtlvText,
  parseTtlvXml,
  readTtlvTree,
  Tag,
  type TtlvLimits,
  type TtlvNode,
  validateTtlv,
} from '../../src/ttlv/index.ts';
import { hex, toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVectorText } from '../support/vectors.ts';

const WHOLE = { redact: false } as const;

/** Through every form and back. */
function roundTrips(message: Uint8Array, options: TtlvLimits = {}): string[] {
  const tree = readTtlvTree(message, options);
  return [
    encodeTtlv(tree),
    encodeTtlv(parseTtlvText(formatTtlvText(tree, WHOLE))),
    encodeTtlv(parseTtlvXml(formatTtlvXml(tree, WHOLE))),
    encodeTtlv(parseTtlvJson(formatTtlvJson(tree, WHOLE))),
  ].map(toHex);
}

const tag = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Object.values(Tag)) },
  { weight: 1, arbitrary: fc.integer({ min: 0x540000, max: 0x54ffff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0x420000, max: 0x42ffff }) },
);
const bytes = (length: fc.Arbitrary<number>) =>
  length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n })).map((b) => new Uint8Array(b));
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(
      '\0',
      '\t',
      '\n',
      '\r',
      '"',
      "'",
      '&',
      '<',
      '>',
      '\\',
      ' ',
      '\ufeff',
      '\uffff',
      'é',
      '😀',
      ']',
      '\u2028',
    ),
  }),
  fc.constantFrom('Cryptographic Usage Mask', 'Operation', 'State', '[redacted]', 'x-ID', 'X.509 Certificate Issuer'),
);
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 0n, 2n ** 52n, 2n ** 52n + 1n, 2n ** 53n),
);
const leaf: fc.Arbitrary<TtlvNode> = fc.oneof(
  fc.record({ tag, type: fc.constant(ItemType.Integer), value: fc.integer() }),
  fc.record({
    tag: fc.constantFrom(Tag.CryptographicUsageMask, Tag.StorageStatusMask, Tag.ProtectionStorageMask),
    type: fc.constant(ItemType.Integer),
    value: fc.integer(),
  }),
  fc.record({
    tag,
    type: fc.constantFrom(ItemType.Enumeration, ItemType.Interval),
    value: fc.integer({ min: 0, max: 0xffffffff }),
  }),
  fc.record({ tag, type: fc.constant(ItemType.Enumeration), value: fc.integer({ min: 0, max: 80 }) }),
  fc.record({
    tag,
    type: fc.constantFrom(ItemType.LongInteger, ItemType.DateTime, ItemType.DateTimeExtended),
    value: int64,
  }),
  fc.record({
    tag,
    type: fc.constantFrom(ItemType.DateTime, ItemType.DateTimeExtended),
    value: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 52n }),
  }),
  fc.record({ tag, type: fc.constant(ItemType.Boolean), value: fc.boolean() }),
  fc.record({ tag, type: fc.constant(ItemType.TextString), value: text }),
  fc.record({ tag: fc.constant(Tag.AttributeName), type: fc.constant(ItemType.TextString), value: text }),
  fc.record({
    tag: fc.constant(Tag.AttributeValue),
    type: fc.constantFrom(ItemType.Integer, ItemType.Enumeration),
    value: fc.integer({ min: 0, max: 0x7fffffff }),
  }),
  fc.record({ tag, type: fc.constant(ItemType.ByteString), value: bytes(fc.nat(20)) }),
  fc.record({
    tag,
    type: fc.constant(ItemType.BigInteger),
    value: bytes(fc.integer({ min: 1, max: 3 }).map((n) => 8 * n)),
  }),
) as fc.Arbitrary<TtlvNode>;
const tree: fc.Arbitrary<TtlvNode> = fc.letrec<{ node: TtlvNode; structure: TtlvNode }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('structure')),
  structure: fc.record({
    tag,
    type: fc.constant(ItemType.Structure),
    value: fc.array(tie('node'), { maxLength: 6 }),
  }) as fc.Arbitrary<TtlvNode>,
})).structure;

describe('random trees', () => {
  it('come back from every form, byte for byte', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const message = encodeTtlv(node);
        validateTtlv(message);
        for (const back of roundTrips(message)) expect(back).toBe(toHex(message));
      }),
      { numRuns: runs(300) },
    );
  });
});

interface Row {
  readonly hex: string;
  readonly check: string;
  readonly nonzeroPadding?: number;
  readonly nonStandardTags?: number;
  readonly file: string;
}
const rowsOf = async (path: string): Promise<Row[]> =>
  (await readVectorText(path))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

/** Rows whose padding is not zero: read with `padding: 'tolerant'`, written with zeros. */
const ZEROED = 5;

describe.skipIf(!hasVectors())('vectors kmip/', () => {
  it('ttlv-vectors.jsonl: every valid message comes back from every form', async () => {
    const rows = (await rowsOf('kmip/ttlv-vectors.jsonl')).filter((row) => row.check === 'valid');
    let zeroed = 0;
    for (const row of rows) {
      const message = hex(row.hex);
      const backs = roundTrips(message, {
        padding: row.nonzeroPadding ? 'tolerant' : 'strict',
        tags: row.nonStandardTags ? 'tolerant' : 'strict',
      });
      if (row.nonzeroPadding) zeroed++;
      for (const back of backs)
        if (row.nonzeroPadding) expect(toHex(encodeTtlv(readTtlvTree(hex(back))))).toBe(back);
        else expect(back, row.hex).toBe(row.hex);
    }
    expect(zeroed).toBe(ZEROED);
    console.log(`vectors kmip/ttlv-vectors.jsonl: ${rows.length} valid through text, XML and JSON`);
    expect(rows.length).toBe(804);
  });

  it('xml-ttlv.jsonl: every message comes back from every form', async () => {
    const rows = await rowsOf('kmip/xml-ttlv.jsonl');
    for (const row of rows) for (const back of roundTrips(hex(row.hex))) expect(back, row.file).toBe(row.hex);
    console.log(`vectors kmip/xml-ttlv.jsonl: ${rows.length} through text, XML and JSON`);
    expect(rows.length).toBe(2792);
  });

  it('xml/: the XML of every OASIS test case gives the bytes listed for it', async () => {
    const rows = await rowsOf('kmip/xml-ttlv.jsonl');
    const files = [...new Set(rows.map((row) => row.file))];
    let messages = 0;
    for (const file of files) {
      const xml = await readVectorText(`kmip/${file}`);
      const found = [...xml.replace(/<!--.*?-->/gs, '').matchAll(/<(Request|Response)Message>.*?<\/\1Message>/gs)];
      const expected = rows.filter((row) => row.file === file);
      expect(found.length, file).toBe(expected.length);
      for (const [i, [message]] of found.entries()) {
        expect(toHex(encodeTtlv(parseTtlvXml(fill(message)))), `${file} ${i}`).toBe(expected[i]!.hex);
        messages++;
      }
    }
    console.log(`vectors kmip/xml/: ${files.length} files, ${messages} messages`);
    expect(messages).toBe(2792);
  });
});

/** Puts values in place of the placeholders: dates get one, byte strings their own name as bytes, texts stay as they are. */
function fill(xml: string): string {
  return xml
    .replace(/\$NOW([+-]\d+)?/g, (_, change = '0') =>
      new Date(1000 * (1_700_000_000 + Number(change))).toISOString().replace(/\.\d+Z$/, '+00:00'),
    )
    .replace(
      /(type="ByteString"\s+value=")(\$\w+)/g,
      (_, start, name) => start + toHex(new TextEncoder().encode(name)),
    );
}
