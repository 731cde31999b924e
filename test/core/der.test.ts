/** BER to DER, the tape and the cursor: on figures, on random trees against an independent encoder, and on what must be refused. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalPublicBytes, formatHex } from '../../src/bytes.ts';
import { DER, DerCursor, type DerLimits, indexDer, normalizeDer } from '../../src/core/index.ts';
import { explicit, indefinite, int, join, lengthOctets, nul, octets, oid, seq, set, tlv } from '../support/ber.ts';
import { costsAtMost } from '../support/cost.ts';
import { runs } from '../support/runs.ts';

const bytes = (hex: string) =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (b) => Number.parseInt(b, 16));
const error = (code: string, offset?: number) =>
  expect.objectContaining(offset === undefined ? { code } : { code, offset });

/** Checks that `input` (hex) becomes `der` (hex). */
function becomes(input: string, der: string, limits?: DerLimits): void {
  const result = normalizeDer(bytes(input), limits);
  expect(formatHex(result.der)).toBe(der.replaceAll(' ', ''));
  expect(result.wasBer).toBe(formatHex(result.der) !== input.replaceAll(' ', ''));
}

/** Checks that `input` (hex) is refused with this code at this offset. */
function refuses(input: string, code: string, offset: number, limits?: DerLimits): void {
  expect(() => normalizeDer(bytes(input), limits), input).toThrow(error(code, offset));
}

describe('normalizeDer', () => {
  it('leaves DER as it is', () => {
    for (const der of [
      '0500',
      '3000',
      '30030101ff',
      '020100',
      '0400',
      '030100',
      '9f1f00',
      '9f8100 00',
      'bf9f7f 02 0500',
    ])
      becomes(der, der);
  });

  it('makes lengths definite and minimal', () => {
    becomes('30800500 0000', '30020500');
    becomes('3080 3080 0000 0500 0000', '3004 3000 0500');
    becomes('308102 0500', '3002 0500');
    becomes('3084 00000002 0500', '3002 0500');
    becomes(`30fe${'00'.repeat(125)}020500`, '3002 0500');
    becomes('a080 3080 0201 05 0000 0000', 'a005 3003 020105');
  });

  it('joins strings in segments', () => {
    becomes('2480 0000', '0400');
    becomes('2400', '0400');
    becomes('2408 0402 0102 0402 0304', '0404 01020304');
    becomes('2480 2480 0401 01 0401 02 0000 2403 0401 03 0000', '0403 010203');
    becomes('2c80 0401 61 0c01 62 0000', '0c02 6162'); // UTF8String in OCTET STRINGs and its own type
    becomes('3e80 0402 0041 0000', '1e02 0041'); // BMPString
    becomes('2380 0302 00ff 0302 04f0 0000', '0303 04fff0'); // BIT STRING: the last segment says how many bits are unused
    becomes('2380 2304 0302 00aa 0301 00 0000', '0302 00aa');
    becomes('2300', '0301 00');
  });

  it('writes a true BOOLEAN as FF', () => becomes('3003 0101 01', '3003 0101 ff'));

  it('keeps the order of a SET and the contents of primitives', () =>
    becomes('3180 0201 02 0201 01 0000', '3106 0201 02 0201 01'));

  it('tolerates what follows only when told', () => {
    refuses('0500 00', 'ERR_DER_TRAILING', 2);
    refuses('0500 0001', 'ERR_DER_TRAILING', 3, { trailing: 'zeros' });
    expect(normalizeDer(bytes('05000000'), { trailing: 'zeros' })).toEqual({ der: nul, wasBer: false });
    expect(normalizeDer(bytes('05000102'), { trailing: 'allow' })).toEqual({ der: nul, wasBer: false });
    expect(normalizeDer(bytes('308005000000ff'), { trailing: 'allow' }).der).toEqual(seq(nul));
  });
});

describe('malformed BER', () => {
  it('input that ends early', () => {
    refuses('', 'ERR_DER_TRUNCATED', 0);
    refuses('30', 'ERR_DER_TRUNCATED', 0);
    refuses('3f', 'ERR_DER_TRUNCATED', 0);
    refuses('3082', 'ERR_DER_TRUNCATED', 0);
    refuses('308201', 'ERR_DER_TRUNCATED', 0);
    refuses('3003 0500', 'ERR_DER_TRUNCATED', 0);
    refuses('3080 0500', 'ERR_DER_TRUNCATED', 4);
    refuses('3080 0500 00', 'ERR_DER_TRUNCATED', 4);
    refuses('3080 04', 'ERR_DER_TRUNCATED', 2);
  });

  it('tags', () => {
    refuses('1f1e00', 'ERR_DER_TAG', 0); // below 31 in the high form
    refuses('1f8001 00', 'ERR_DER_TAG', 0); // a leading zero
    refuses('1fa000 00', 'ERR_DER_TAG', 0); // 4096
    refuses('1fffffffffffffffff7f00', 'ERR_DER_TAG', 0);
    refuses('1000', 'ERR_DER_TAG', 0); // primitive SEQUENCE
    refuses('1100', 'ERR_DER_TAG', 0);
    refuses('2203 020100', 'ERR_DER_TAG', 0); // constructed INTEGER
    refuses('2100', 'ERR_DER_TAG', 0);
    refuses('2500', 'ERR_DER_TAG', 0);
    refuses('2600', 'ERR_DER_TAG', 0);
    refuses('2480 0201 00 0000', 'ERR_DER_TAG', 2); // an INTEGER as a segment
    refuses('2380 0401 00 0000', 'ERR_DER_TAG', 2); // OCTET STRING in a BIT STRING
    refuses('2480 0c01 61 0000', 'ERR_DER_TAG', 2);
  });

  it('lengths', () => {
    refuses('30ff', 'ERR_DER_LENGTH', 0); // 127 length octets: reserved
    refuses(`30ff${'00'.repeat(127)}`, 'ERR_DER_LENGTH', 0);
    refuses('3085 0100000000 0500', 'ERR_DER_LENGTH', 0); // 2^32
    refuses('3088 ffffffffffffffff', 'ERR_DER_LENGTH', 0); // 2^64 - 1
    refuses('3089 010000000000000002 0500', 'ERR_DER_LENGTH', 0); // 2^64 + 2
    refuses('3084 ffffffff 0500', 'ERR_DER_LENGTH', 0); // 2^32 - 1
    refuses('3084 7fffffff 0500', 'ERR_DER_TRUNCATED', 0); // possible, but not here
    refuses('0480 0000', 'ERR_DER_LENGTH', 0); // indefinite and primitive
    refuses('3004 0403 0102', 'ERR_DER_LENGTH', 2); // overruns its parent
  });

  it('an element that overruns its parent', () => {
    refuses('3006 3002 0403 0102 0304', 'ERR_DER_LENGTH', 4);
    refuses('3004 3001 04 00', 'ERR_DER_LENGTH', 4); // only the tag fits
    refuses('3005 3002 0482 00', 'ERR_DER_LENGTH', 4); // the length does not
    refuses('3080 3003 3080 04 0000 0000', 'ERR_DER_LENGTH', 6); // indefinite inside definite
  });

  it('end-of-contents', () => {
    refuses('0000', 'ERR_DER_EOC', 0);
    refuses('3002 0000', 'ERR_DER_EOC', 2);
    refuses('3080 0001 00 0000', 'ERR_DER_EOC', 2);
    refuses('3080 3002 0000 0000', 'ERR_DER_EOC', 4);
    refuses('3004 3080 0500', 'ERR_DER_EOC', 6, { trailing: 'allow' });
    refuses('3006 3080 0500 0500 0000', 'ERR_DER_EOC', 8);
    refuses('2480 0000 0000', 'ERR_DER_TRAILING', 4);
    refuses('2000', 'ERR_DER_TAG', 0); // constructed tag 0
  });

  it('contents', () => {
    for (const value of [
      '0100',
      '0102ffff',
      '0200',
      '02020001',
      '0202007f',
      '0202ff80',
      '0a020000',
      '0501ff',
      '0300',
      '030101',
      '030208ff',
      '0600',
      '060180',
      '0602802a',
      '06032a8001',
      '06022a80',
      '0d0180',
    ])
      refuses(value, 'ERR_DER_VALUE', 0);
    refuses('2380 0302 04f0 0302 00ff 0000', 'ERR_DER_VALUE', 6); // unused bits before the last segment
    for (const value of ['020180', '02020080', '0202ff7f', '0202017f', '06012a', '06028837', '0d0105', '030207 80'])
      becomes(value, value);
  });
});

describe('limits', () => {
  const nested = (n: number) =>
    join(
      new Uint8Array(2 * n).map((_, i) => (i % 2 === 0 ? 0x30 : 0x80)),
      new Uint8Array(2 * n),
    );

  it('depth', () => {
    expect(normalizeDer(nested(64)).der.length).toBe(128);
    expect(() => normalizeDer(nested(65))).toThrow(error('ERR_DER_DEPTH'));
    expect(normalizeDer(nested(1016), { maxDepth: 5000 }).wasBer).toBe(true);
    expect(() => normalizeDer(nested(1017), { maxDepth: 5000 })).toThrow(error('ERR_DER_DEPTH'));
    expect(() => normalizeDer(seq(nul), { maxDepth: 0 })).toThrow(error('ERR_DER_DEPTH'));
    expect(normalizeDer(nul, { maxDepth: 0 }).der).toEqual(nul);
  });

  it('10,000 nested structures, definite, indefinite or OCTET STRINGs: refused at once', () => {
    const chain = (header: readonly number[]) =>
      Uint8Array.from({ length: 10_000 * header.length }, (_, i) => header[i % header.length]!);
    // definite: each length is that of the rest
    const inner = Uint8Array.from({ length: 50_000 }, (_, i) => {
      const rest = 50_000 - (i - (i % 5)) - 5;
      return [0x30, 0x83, rest >> 16, (rest >> 8) & 255, rest & 255][i % 5]!;
    });
    costsAtMost(1000, () => {
      for (const header of [
        [0x30, 0x80],
        [0x24, 0x80],
        [0xa0, 0x80],
      ])
        expect(() => normalizeDer(chain(header))).toThrow(error('ERR_DER_DEPTH'));
      expect(() => normalizeDer(inner)).toThrow(error('ERR_DER_DEPTH'));
    });
  });

  it('count', () => {
    const many = seq(new Uint8Array(800_000).map((_, i) => (i % 2 === 0 ? 5 : 0)));
    expect(indexDer(many).tape.length).toBe(4 * 400_001);
    expect(() => normalizeDer(many, { maxElements: 400_000 })).toThrow(error('ERR_DER_COUNT'));
    expect(normalizeDer(many, { maxElements: 400_001 }).wasBer).toBe(false);
    const more = seq(new Uint8Array(1_000_000).map((_, i) => (i % 2 === 0 ? 5 : 0)));
    expect(() => normalizeDer(more)).toThrow(error('ERR_DER_COUNT'));
  });

  it('size', () => {
    const file = new Uint8Array(8 << 20);
    file.set([0x04, 0x83, 0x7f, 0xff, 0xfb]);
    expect(normalizeDer(file).der.length).toBe(8 << 20);
    expect(() => normalizeDer(new Uint8Array((8 << 20) + 1))).toThrow(error('ERR_DER_SIZE'));
    expect(() => normalizeDer(nul, { maxBytes: 1 })).toThrow(
      expect.objectContaining({ name: 'LimitError', code: 'ERR_DER_SIZE', limit: 1, actual: 2 }),
    );
  });

  it('the DER form may be longer than the BER', () => {
    const long = octets(new Uint8Array(70_000));
    const ber = indefinite(0x30, indefinite(0x30, indefinite(0x30, long)));
    expect(equalPublicBytes(normalizeDer(ber).der, seq(seq(seq(long))))).toBe(true);
    expect(normalizeDer(ber).der.length).toBe(ber.length + 3);
  });

  it('refuses limits it does not know', () => {
    expect(() => normalizeDer(nul, { maxDeep: 3 } as DerLimits)).toThrow(error('ERR_OPTION'));
    expect(() => normalizeDer(nul, { maxDepth: -1 })).toThrow(error('ERR_OPTION'));
    expect(() => normalizeDer(nul, { trailing: 'maybe' as 'allow' })).toThrow(error('ERR_OPTION'));
  });
});

// Random trees ------------------------------------------------------------------------------------------------------

interface Node {
  readonly derTag: number;
  readonly contents: Uint8Array;
  readonly children: readonly Node[] | null;
}

const leaf: fc.Arbitrary<Node> = fc.oneof(
  fc.record({
    derTag: fc.constantFrom(0x04, 0x0c, 0x13, 0x16, 0x1e, 0x17, 0x80, 0x85, 0x41, 0xc7),
    contents: fc.oneof(
      { weight: 5, arbitrary: fc.uint8Array({ maxLength: 40 }) },
      { weight: 1, arbitrary: fc.uint8Array({ minLength: 120, maxLength: 300 }) },
    ),
    children: fc.constant(null),
  }),
  fc.record({
    derTag: fc.constant(0x03),
    contents: fc.uint8Array({ maxLength: 40 }).map((c) => Uint8Array.of(0, ...c)),
    children: fc.constant(null),
  }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map((n) => {
    let hex = BigInt.asUintN(96, n).toString(16).padStart(24, '0');
    while (/^(00[0-7]|ff[89a-f])/.test(hex)) hex = hex.slice(2);
    return { derTag: 0x02, contents: bytes(hex), children: null };
  }),
  fc.boolean().map((b) => ({ derTag: 0x01, contents: Uint8Array.of(b ? 255 : 0), children: null })),
  fc.constant({ derTag: 0x05, contents: new Uint8Array(), children: null }),
);
const tree: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.record({
      derTag: fc.constantFrom(0x30, 0x31, 0xa0, 0xa3, 0x61),
      contents: fc.constant(new Uint8Array()),
      children: fc.array(tie('node'), { maxLength: 5 }),
    }),
  ),
})).node;

function toDer({ derTag, contents, children }: Node): Uint8Array {
  return children === null ? tlv(derTag, contents) : tlv(derTag, ...children.map(toDer));
}

/** Any BER form of a tree; `dice` decides. */
function toBer(node: Node, dice: () => number): Uint8Array {
  const { derTag, contents, children } = node;
  const wrap = (octet: number, body: Uint8Array) => {
    const style = dice() % 4;
    if (style === 0 && octet & 0x20) return indefinite(octet, body);
    return join(Uint8Array.of(octet), lengthOctets(body.length, style === 1 ? 1 + (dice() % 5) : 0), body);
  };
  if (children !== null) return wrap(derTag, join(...children.map((child) => toBer(child, dice))));
  if (derTag < 0x40 && ![1, 2, 5].includes(derTag) && dice() % 3 === 0) {
    // a string: cut it
    const bits = derTag === 3;
    const body = bits ? contents.subarray(1) : contents;
    const cut = body.length === 0 ? 0 : dice() % (body.length + 1);
    const part = (piece: Uint8Array) =>
      toBer({ derTag: bits ? 3 : 4, contents: bits ? join(Uint8Array.of(0), piece) : piece, children: null }, dice);
    return wrap(derTag | 0x20, join(part(body.subarray(0, cut)), part(body.subarray(cut))));
  }
  return wrap(derTag, derTag === 1 && contents[0] === 255 ? Uint8Array.of(1 + (dice() % 255)) : contents);
}

/** Reads the tree back through a cursor. */
function read(cursor: DerCursor): Node {
  const { derTag } = cursor;
  if ((derTag & 0x20) === 0) return { derTag, contents: cursor.readContents(derTag), children: null };
  const inside = cursor.enter(derTag);
  const children: Node[] = [];
  while (inside.more) children.push(read(inside));
  inside.assertEnd();
  return { derTag, contents: new Uint8Array(), children };
}

describe('random trees', () => {
  it('any BER form becomes the DER of an independent encoder, and the cursor reads the tree back', () => {
    const property = fc.property(tree, fc.infiniteStream(fc.nat(1000)), (node, stream) => {
      const dice = () => stream.next().value as number;
      const der = toDer(node);
      const ber = toBer(node, dice);
      const result = indexDer(ber, { maxDepth: 200 });
      expect(formatHex(result.der)).toBe(formatHex(der));
      expect(result.wasBer).toBe(formatHex(ber) !== formatHex(der));
      expect(read(DerCursor.from(result))).toEqual(node);
      expect(normalizeDer(der)).toEqual({ der, wasBer: false });
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it('random bytes never trap', () => {
    const noise = fc.uint8Array({ maxLength: 60 });
    const tagged = fc.array(fc.constantFrom(0x30, 0x80, 0, 0, 4, 0x24, 1, 2, 3, 0x23, 0x82, 0xff, 0x1f), {
      maxLength: 60,
    });
    const property = fc.property(
      fc.oneof(
        noise,
        tagged.map((a) => Uint8Array.from(a)),
      ),
      (input) => {
        try {
          const { der } = normalizeDer(input);
          expect(normalizeDer(der)).toEqual({ der, wasBer: false });
        } catch (e) {
          expect(e).toMatchObject({ code: expect.stringMatching(/^ERR_DER_/) });
        }
      },
    );
    fc.assert(property, { numRuns: runs(5000) });
  });
});

describe('DerCursor', () => {
  const document = seq(
    oid('1.2.840.113549.1.12.10.1.1'),
    int(0x01, 0x00),
    tlv(0x01, Uint8Array.of(0xff)),
    explicit(0, octets(Uint8Array.of(1, 2, 3)), nul),
    set(tlv(0x03, Uint8Array.of(0, 0xaa))),
    tlv([0x9f, 0x85, 0x05], Uint8Array.of(9)),
  );

  it('reads', () => {
    const c = DerCursor.over(document).readSequence('Document');
    expect(c.readOid()).toBe('1.2.840.113549.1.12.10.1.1');
    expect(c.readInteger()).toBe(256n);
    expect(c.readBoolean()).toBe(true);
    expect(c.is(0xa0)).toBe(true);
    const inner = c.readContext(0);
    expect(inner.readOctets()).toEqual(Uint8Array.of(1, 2, 3));
    inner.readNull();
    inner.assertEnd();
    expect(c.readSet().readBits()).toEqual(Uint8Array.of(0xaa));
    expect(c.derTag).toBe(0x9f | (645 << 8));
    expect(c.readElement()).toEqual(bytes('9f85050109'));
    expect(c.more).toBe(false);
    expect(c.derTag).toBe(-1);
  });

  it('refuses what is not there, with place and path', () => {
    const c = DerCursor.over(document, {}, ['File']).readSequence('Document');
    const at = (code: string, offset: number) => expect.objectContaining({ code, offset, path: ['File', 'Document'] });
    expect(() => c.readInteger()).toThrow(at('ERR_DER_TAG', 2));
    expect(() => c.assertEnd()).toThrow(at('ERR_DER_TRAILING', 2));
    while (c.more) c.skip();
    expect(() => c.readNull()).toThrow(at('ERR_DER_MISSING', document.length));
    expect(() => c.skip()).toThrow(at('ERR_DER_MISSING', document.length));
    expect(() => c.readElement()).toThrow(at('ERR_DER_MISSING', document.length));
    expect(() => DerCursor.over(octets()).enter(DER.OCTET_STRING)).toThrow(error('ERR_ARGUMENT'));
    expect(() => DerCursor.over(tlv(3, Uint8Array.of(1, 2))).readBits()).toThrow(error('ERR_DER_VALUE'));
  });

  it('integers are exact or refused', () => {
    const small = (...contents: number[]) => DerCursor.over(int(...contents)).readSmallInteger();
    expect(small(0x80)).toBe(-128);
    expect(small(0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => small(0x20, 0, 0, 0, 0, 0, 0)).toThrow(error('ERR_DER_VALUE'));
    expect(() => small(1, 0, 0, 0, 0, 0, 0, 0, 1)).toThrow(error('ERR_DER_VALUE'));
    expect(DerCursor.over(int(1, 0, 0, 0, 0, 0, 0, 0, 1)).readInteger()).toBe(2n ** 64n + 1n);
    expect(DerCursor.over(int(0xff, 0x00)).readInteger()).toBe(-256n);
    expect(() => DerCursor.over(int(1, ...new Uint8Array(1024))).readInteger()).toThrow(error('ERR_DER_VALUE'));
  });
});
