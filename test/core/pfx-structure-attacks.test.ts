/** The attack classes of PKCS#12 readers that concern the encoding and the structure, each by name, and faults in their places. */
import { describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { type PfxLimits, parsePfxStructure, parseSafeContents } from '../../src/core/index.ts';
import {
  bag,
  bagId,
  DATA,
  dataSafe,
  ENCRYPTED_DATA,
  explicit,
  indefinite,
  int,
  join,
  macData,
  nul,
  octets,
  oid,
  pfx,
  seq,
  set,
  tlv,
} from '../support/ber.ts';

const KEY_BAG = bag(bagId(1), seq(int(0)));
const FRIENDLY_NAME = oid('1.2.840.113549.1.9.20');
const ALGORITHM = seq(oid('1.2.840.113549.1.5.13'), seq());

const encryptedSafe = (content: Uint8Array) =>
  seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq(DATA, ALGORITHM, content))));

/** Checks that a file is refused with this code, at this offset if given, in the structure named last. */
function refuses(file: Uint8Array, code: string, place?: string, offset?: number, limits?: PfxLimits): void {
  let error: unknown;
  try {
    parsePfxStructure(file, limits);
  } catch (e) {
    error = e;
  }
  expect(error, 'must be refused').toBeDefined();
  expect(error).toMatchObject({ code });
  if (place !== undefined) expect((error as { path: string[] }).path.at(-1)).toBe(place);
  if (offset !== undefined) expect(error).toMatchObject({ offset });
}

/** Where `part` lies in `whole`. */
function find(whole: Uint8Array, part: Uint8Array): number {
  const at = formatHex(whole).indexOf(formatHex(part));
  expect(at % 2).toBe(0);
  return at / 2;
}

describe('absent content (CVE-2024-0727, CVE-2025-69421)', () => {
  it('of the PFX', () => {
    const file = seq(int(3), seq(DATA));
    refuses(file, 'ERR_DER_MISSING', 'ContentInfo', file.length);
    refuses(seq(int(3), seq(DATA, explicit(0))), 'ERR_DER_MISSING', 'ContentInfo');
    refuses(seq(int(3)), 'ERR_DER_MISSING', 'PFX', 5);
    refuses(seq(), 'ERR_DER_MISSING', 'PFX', 2);
  });

  it('of a safe', () => {
    for (const safe of [
      seq(DATA),
      seq(ENCRYPTED_DATA),
      seq(oid('1.2.3')),
      seq(DATA, explicit(0)),
      seq(ENCRYPTED_DATA, explicit(0)),
    ]) {
      const file = pfx([safe]);
      refuses(file, 'ERR_DER_MISSING', 'ContentInfo', file.length);
    }
    refuses(pfx([seq()]), 'ERR_DER_MISSING', 'ContentInfo');
  });

  it('encryptedContent', () => {
    const file = pfx([encryptedSafe(new Uint8Array())]);
    refuses(file, 'ERR_DER_MISSING', 'EncryptedContentInfo', file.length);
  });

  it('of everything else', () => {
    refuses(pfx([seq(ENCRYPTED_DATA, explicit(0, seq()))]), 'ERR_DER_MISSING', 'EncryptedData');
    refuses(pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0))))]), 'ERR_DER_MISSING', 'EncryptedData');
    refuses(pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq())))]), 'ERR_DER_MISSING', 'EncryptedContentInfo');
    refuses(pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq(DATA))))]), 'ERR_DER_MISSING', 'EncryptedContentInfo');
    refuses(
      pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq(DATA, seq()))))]),
      'ERR_DER_MISSING',
      'AlgorithmIdentifier',
    );
    refuses(pfx([dataSafe(seq())]), 'ERR_DER_MISSING', 'SafeBag');
    refuses(pfx([dataSafe(seq(bagId(1)))]), 'ERR_DER_MISSING', 'SafeBag');
    refuses(pfx([dataSafe(seq(bagId(1), explicit(0)))]), 'ERR_DER_MISSING', 'SafeBag');
    refuses(pfx([dataSafe(bag(bagId(1), nul, seq()))]), 'ERR_DER_MISSING', 'Attribute');
    refuses(pfx([dataSafe(bag(bagId(1), nul, seq(FRIENDLY_NAME)))]), 'ERR_DER_MISSING', 'Attribute');
    refuses(pfx([], seq()), 'ERR_DER_MISSING', 'MacData');
    refuses(pfx([], seq(seq())), 'ERR_DER_MISSING', 'DigestInfo');
    refuses(pfx([], seq(seq(ALGORITHM))), 'ERR_DER_MISSING', 'DigestInfo');
    refuses(pfx([], seq(seq(ALGORITHM, octets()))), 'ERR_DER_MISSING', 'MacData');
  });
});

describe('a type where another belongs (CVE-2026-22795)', () => {
  const no = tlv(1, Uint8Array.of(0));
  it('a BOOLEAN in every place', () => {
    for (const [file, place] of [
      [no, 'PFX'],
      [seq(no, seq()), 'PFX'],
      [seq(int(3), no), 'PFX'],
      [seq(int(3), seq(no)), 'ContentInfo'],
      [seq(int(3), seq(DATA, no)), 'ContentInfo'],
      [seq(int(3), seq(DATA, explicit(0, no))), 'ContentInfo'],
      [seq(int(3), seq(DATA, explicit(0, octets(no)))), 'AuthenticatedSafe'],
      [pfx([no]), 'AuthenticatedSafe'],
      [pfx([seq(no)]), 'ContentInfo'],
      [pfx([seq(DATA, no)]), 'ContentInfo'],
      [pfx([seq(DATA, explicit(0, no))]), 'ContentInfo'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, no))]), 'ContentInfo'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, seq(no)))]), 'EncryptedData'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), no)))]), 'EncryptedData'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq(no))))]), 'EncryptedContentInfo'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq(DATA, no))))]), 'EncryptedContentInfo'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), seq(DATA, seq(no)))))]), 'AlgorithmIdentifier'],
      [pfx([encryptedSafe(no)]), 'EncryptedContentInfo'],
      [pfx([encryptedSafe(explicit(0, no))]), 'authSafe'], // a segment that is no OCTET STRING
      [pfx([seq(DATA, explicit(0, octets(no)))]), 'SafeContents'],
      [pfx([dataSafe(no)]), 'SafeContents'],
      [pfx([dataSafe(seq(no))]), 'SafeBag'],
      [pfx([dataSafe(seq(bagId(1), no))]), 'SafeBag'],
      [pfx([dataSafe(seq(bagId(1), explicit(0, nul), no))]), 'SafeBag'],
      [pfx([dataSafe(bag(bagId(1), nul, no))]), 'SafeBag'],
      [pfx([dataSafe(bag(bagId(1), nul, seq(no)))]), 'Attribute'],
      [pfx([dataSafe(bag(bagId(1), nul, seq(FRIENDLY_NAME, no)))]), 'Attribute'],
      [pfx([dataSafe(bag(bagId(6), no))]), 'SafeBag'],
      [pfx([dataSafe(bag(bagId(6), seq(no)))]), 'SafeContents'],
      [pfx([], no), 'PFX'],
      [pfx([], seq(no)), 'MacData'],
      [pfx([], seq(seq(no))), 'DigestInfo'],
      [pfx([], seq(seq(seq(no)))), 'AlgorithmIdentifier'],
      [pfx([], seq(seq(ALGORITHM, no))), 'DigestInfo'],
      [pfx([], seq(seq(ALGORITHM, octets()), no)), 'MacData'],
      [pfx([], macData(no)), 'MacData'],
    ] as const)
      refuses(file, 'ERR_DER_TAG', place, find(file, no));
  });

  it('inside an attribute it is handed on with its tag, for the reader of that attribute to refuse', () => {
    const attribute = seq(FRIENDLY_NAME, set(no));
    const [safe] = parsePfxStructure(pfx([dataSafe(bag(bagId(1), nul, attribute))])).safes;
    expect(safe!.bags![0]!.attributes).toEqual([{ oid: '1.2.840.113549.1.9.20', der: attribute, values: [no] }]);
  });
});

describe('something more where nothing belongs', () => {
  it('after every last element', () => {
    const more = tlv(0x0a, Uint8Array.of(7));
    const info = seq(DATA, ALGORITHM, tlv(0x80));
    for (const [file, place] of [
      [pfx([], macData(), more), 'PFX'],
      [pfx([], seq(seq(ALGORITHM, octets()), octets(), int(1), more)), 'MacData'],
      [pfx([], seq(seq(ALGORITHM, octets(), more), octets())), 'DigestInfo'],
      [pfx([], seq(seq(seq(oid('1.2.3'), seq(), more), octets()), octets())), 'AlgorithmIdentifier'],
      [seq(int(3), seq(DATA, explicit(0, octets(), more))), 'ContentInfo'],
      [seq(int(3), seq(DATA, explicit(0, octets()), more)), 'ContentInfo'],
      [pfx([seq(DATA, explicit(0, octets(seq())), more)]), 'ContentInfo'],
      [pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), info, explicit(1), more)))]), 'EncryptedData'],
      [pfx([encryptedSafe(join(tlv(0x80), more))]), 'EncryptedContentInfo'],
      [pfx([dataSafe(seq(bagId(1), explicit(0, seq(), more)))]), 'SafeBag'],
      [pfx([dataSafe(seq(bagId(1), explicit(0, seq()), set(), more))]), 'SafeBag'],
      [pfx([dataSafe(bag(bagId(1), seq(), seq(FRIENDLY_NAME, set(), more)))]), 'Attribute'],
    ] as const)
      refuses(file, 'ERR_DER_TRAILING', place, find(file, more));
    const file = pfx([seq(ENCRYPTED_DATA, explicit(0, seq(int(0), info, more)))]);
    refuses(file, 'ERR_DER_TAG', 'EncryptedData', find(file, more)); // not the optional [1]
  });

  it('trailing bytes: in the file and in each inner encoding, unless tolerated', () => {
    const whole = pfx([dataSafe(KEY_BAG)], macData());
    refuses(join(whole, Uint8Array.of(0)), 'ERR_DER_TRAILING', 'PFX', whole.length);
    expect(parsePfxStructure(join(whole, new Uint8Array(20)), { trailing: 'zeros' }).safes.length).toBe(1);
    expect(parsePfxStructure(join(whole, nul), { trailing: 'allow' }).safes.length).toBe(1);
    refuses(seq(int(3), seq(DATA, explicit(0, octets(seq(), Uint8Array.of(7))))), 'ERR_DER_TRAILING', 'authSafe');
    refuses(pfx([seq(DATA, explicit(0, octets(seq(), Uint8Array.of(7))))]), 'ERR_DER_TRAILING', 'SafeContents');
    expect(() => parseSafeContents(join(seq(KEY_BAG), Uint8Array.of(8)))).toThrow(
      expect.objectContaining({ code: 'ERR_DER_TRAILING' }),
    );
  });

  it('[1] unprotected attributes of an EncryptedData are allowed', () => {
    const safe = seq(ENCRYPTED_DATA, explicit(0, seq(int(2), seq(DATA, ALGORITHM, tlv(0x80)), explicit(1, seq()))));
    expect(parsePfxStructure(pfx([safe])).safes[0]!.kind).toBe('encrypted');
  });
});

describe('PFX version', () => {
  it('only 3', () => {
    for (const [contents, says] of [
      [[0], '0'],
      [[1], '1'],
      [[2], '2'],
      [[4], '4'],
      [[0xfd], '-3'],
      [[1, 3], '259'],
      [[1, 0, 0, 0, 3], '4294967299'], // 2^32 + 3
      [[1, 0, 0, 0, 0, 0, 0, 0, 3], '18446744073709551619'],
      [[1, ...new Uint8Array(100)], 'of 101 bytes'],
    ] as const) {
      const file = seq(tlv(2, Uint8Array.from(contents)), seq(DATA, explicit(0, octets(seq()))));
      const offset = find(file, tlv(2, Uint8Array.from(contents))) + 2;
      expect(() => parsePfxStructure(file)).toThrow(
        expect.objectContaining({
          code: 'ERR_PFX_VERSION',
          offset,
          message: expect.stringContaining(`version ${says},`),
        }),
      );
    }
  });
});

describe('iteration counts', () => {
  const iterations = (...contents: number[]) => parsePfxStructure(pfx([], macData(int(...contents)))).mac!.iterations;
  it('are exact', () => {
    expect(parsePfxStructure(pfx([], macData())).mac!.iterations).toBe(1);
    expect(iterations(0)).toBe(0);
    expect(iterations(0x08, 0x00)).toBe(2048);
    expect(iterations(0x7f, 0xff, 0xff, 0xff)).toBe(2 ** 31 - 1);
    expect(iterations(1, 0, 0, 0, 1)).toBe(2 ** 32 + 1); // does not wrap to 1
    expect(iterations(0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(Number.MAX_SAFE_INTEGER);
  });
  it('are refused when negative or not exact', () => {
    for (const [contents, actual] of [
      [[0xff], '-1'],
      [[0x80, 0, 0, 0], '-2147483648'],
      [[0x20, 0, 0, 0, 0, 0, 0], '9007199254740992'],
      [[1, 0, 0, 0, 0, 0, 0, 0, 1], '18446744073709551617'], // 2^64 + 1
      [[1, ...new Uint8Array(5000)], 'of 5001 bytes'],
    ] as const)
      expect(() => iterations(...contents)).toThrow(
        expect.objectContaining({ name: 'LimitError', code: 'ERR_LIMIT_ITERATIONS', actual }),
      );
  });
});

describe('counts beyond a fixed array (CVE-2026-42015, CVE-2023-0767)', () => {
  it('500 safes, 1,000 bags, 1,000 attributes of 100 values', () => {
    const safes = parsePfxStructure(pfx(Array.from({ length: 500 }, () => dataSafe(KEY_BAG)))).safes;
    expect(safes.map((s) => s.bags!.length)).toEqual(Array(500).fill(1));
    const unknown = bag(oid('1.2.3.4'), octets());
    expect(parseSafeContents(seq(Array.from({ length: 1000 }, () => unknown))).length).toBe(1000);
    const attribute = seq(FRIENDLY_NAME, set(Array.from({ length: 100 }, () => nul)));
    const [full] = parseSafeContents(seq(bag(bagId(1), nul, ...Array.from({ length: 1000 }, () => attribute))));
    expect(full!.attributes.length).toBe(1000);
    expect(full!.attributes[999]!.values.length).toBe(100);
  });

  it('the limit on elements is for all layers together', () => {
    const file = pfx([dataSafe(KEY_BAG)]); // 6 in the PFX, 5 in the AuthenticatedSafe, 6 in the SafeContents
    expect(parsePfxStructure(file, { maxElements: 17 }).safes.length).toBe(1);
    for (const maxElements of [5, 6, 10, 11, 16]) refuses(file, 'ERR_DER_COUNT', undefined, undefined, { maxElements });
  });
});

describe('recursion (CVE-2025-66031)', () => {
  const nestedBags = (n: number): Uint8Array => {
    let inner: Uint8Array = seq(KEY_BAG);
    for (let i = 0; i < n; i++) inner = seq(bag(bagId(6), inner));
    return inner;
  };

  it('SafeContents in SafeContents: 16, not 17', () => {
    let bags = parseSafeContents(nestedBags(16));
    for (let i = 0; i < 16; i++) bags = bags[0]!.bags as typeof bags;
    expect(bags[0]).toMatchObject({ bagId: '1.2.840.113549.1.12.10.1.1', bags: null });
    expect(() => parseSafeContents(nestedBags(17))).toThrow(
      expect.objectContaining({ name: 'LimitError', code: 'ERR_DER_DEPTH', limit: 16 }),
    );
    expect(() => parseSafeContents(nestedBags(17), { maxDepth: 200 })).toThrow(expect.objectContaining({ limit: 16 }));
    expect(parseSafeContents(nestedBags(40), { maxDepth: 200, maxNesting: 40 }).length).toBe(1);
    expect(() => parseSafeContents(nestedBags(1), { maxNesting: 0 })).toThrow(expect.objectContaining({ limit: 0 }));
  });

  it('attributes and neighbours of a nested bag stay where they belong', () => {
    const name = (s: string) => seq(FRIENDLY_NAME, set(tlv(0x1e, new TextEncoder().encode(s))));
    const bags = parseSafeContents(
      seq(
        bag(bagId(6), seq(bag(bagId(6), seq(), name('bb')), KEY_BAG), name('aa')),
        bag(bagId(6), seq(KEY_BAG, KEY_BAG)),
        bag(bagId(3), nul, name('cc')),
      ),
    );
    expect(bags.map((b) => [b.bags?.length ?? -1, b.attributes.length])).toEqual([
      [2, 1],
      [2, 0],
      [-1, 1],
    ]);
    expect(bags[0]!.bags!.map((b) => [b.bags?.length ?? -1, b.attributes.length])).toEqual([
      [0, 1],
      [-1, 0],
    ]);
  });

  it('deep elements in a bag, an attribute, OCTET STRINGs in OCTET STRINGs', () => {
    let deep: Uint8Array = nul;
    for (let i = 0; i < 64; i++) deep = seq(deep);
    refuses(pfx([dataSafe(bag(bagId(1), deep))]), 'ERR_DER_DEPTH');
    refuses(pfx([dataSafe(bag(bagId(1), nul, seq(FRIENDLY_NAME, set(deep))))]), 'ERR_DER_DEPTH');
    // an OCTET STRING's contents are not looked into
    let nested: Uint8Array = nul;
    for (let i = 0; i < 1000; i++) nested = octets(nested);
    expect(parsePfxStructure(pfx([dataSafe(bag(bagId(1), nested))])).safes.length).toBe(1);
    const endless = join(...Array.from({ length: 10_000 }, () => Uint8Array.of(0x24, 0x80)));
    refuses(seq(int(3), indefinite(0x30, DATA, indefinite(0xa0, endless))), 'ERR_DER_DEPTH');
    refuses(indefinite(0x30, int(3), indefinite(0x30, DATA, indefinite(0xa0, endless))), 'ERR_DER_DEPTH');
  });
});

describe('OIDs that look alike (CVE-2025-66030)', () => {
  it('an arc of 113549 + 2^32 is another OID', () => {
    const alias = oid('1.2.840.4295080845.1.7.1');
    const file = seq(int(3), seq(alias, explicit(0, octets(seq()))));
    const { contentType, safes, authSafe } = parsePfxStructure(file);
    expect(contentType).toBe('1.2.840.4295080845.1.7.1');
    expect(safes).toEqual([]);
    expect(authSafe).toEqual(octets(seq())); // not looked into
  });
  it('a longer OID with the same beginning, and one arc off', () => {
    for (const like of [
      '1.2.840.113549.1.7.1.1',
      '1.2.840.113549.1.7',
      '1.2.840.113549.1.8.1',
      '1.2.840.113549.1.7.129',
    ]) {
      const { safes } = parsePfxStructure(pfx([seq(oid(like), explicit(0, nul))]));
      expect(safes[0]).toMatchObject({ kind: 'other', contentType: like, bags: null, ciphertext: null });
    }
    for (const like of [
      '1.2.840.113549.1.12.10.1.6.1',
      '1.2.840.113549.1.12.10.2.6',
      '1.2.840.113549.1.12.9.1.6',
      '1.2.840.113549.1.12.10.6',
    ])
      expect(parseSafeContents(seq(bag(oid(like), nul)))[0]).toMatchObject({ bagId: like, bags: null });
  });
  it('malformed ones', () => {
    for (const contents of [[], [0x80, 0x01], [0x2a, 0x86]])
      refuses(pfx([dataSafe(bag(tlv(6, Uint8Array.from(contents)), nul))]), 'ERR_DER_VALUE', 'SafeContents');
    refuses(pfx([dataSafe(bag(tlv(6, new Uint8Array(300).fill(1)), nul))]), 'ERR_DER_VALUE');
  });
});

describe('BER', () => {
  const chunked = (bytes: Uint8Array) =>
    indefinite(
      0x24,
      octets(bytes.subarray(0, 3)),
      indefinite(0x24, octets(bytes.subarray(3, 9)), octets()),
      octets(bytes.subarray(9)),
    );

  it('the octets under the MAC are the original ones, chunks joined and nothing else changed', () => {
    const berSafe = indefinite(0x30, seq(DATA, indefinite(0xa0, chunked(indefinite(0x30, KEY_BAG)))));
    const file = indefinite(0x30, int(3), indefinite(0x30, DATA, indefinite(0xa0, chunked(berSafe))), macData());
    const { authSafe, safes, wasBer } = parsePfxStructure(file);
    expect(authSafe).toEqual(berSafe);
    expect(wasBer).toBe(true);
    expect(safes[0]!.der).toEqual(seq(DATA, explicit(0, octets(indefinite(0x30, KEY_BAG)))));
    expect(safes[0]!.bags![0]!.der).toEqual(KEY_BAG);
  });

  it('encryptedContent in segments becomes one primitive', () => {
    const text = Uint8Array.from({ length: 40 }, (_, i) => i);
    const plain = tlv(0x80, text);
    for (const form of [
      indefinite(0xa0, octets(text.subarray(0, 8)), octets(text.subarray(8))),
      tlv(0xa0, octets(text)),
      indefinite(0xa0, indefinite(0x24, octets(text.subarray(0, 8))), octets(text.subarray(8)), octets()),
    ]) {
      const { safes, wasBer } = parsePfxStructure(pfx([encryptedSafe(form)]));
      expect(wasBer).toBe(true);
      expect(safes[0]!.ciphertext).toEqual(text);
      expect(safes[0]!.der).toEqual(encryptedSafe(plain));
    }
    expect(parsePfxStructure(pfx([encryptedSafe(plain)]))).toMatchObject({ wasBer: false });
  });

  it('faults are shown where they lie in the file', () => {
    const no = tlv(1, Uint8Array.of(0));
    const contents = indefinite(0x30, KEY_BAG, indefinite(0x30, bagId(1), no));
    const safes = indefinite(0x30, indefinite(0x30, DATA, indefinite(0xa0, octets(contents))));
    const file = indefinite(
      0x30,
      int(3),
      indefinite(
        0x30,
        DATA,
        indefinite(0xa0, indefinite(0x24, octets(safes.subarray(0, 5)), octets(safes.subarray(5)))),
      ),
      macData(),
    );
    refuses(file, 'ERR_DER_TAG', 'SafeBag', find(file, no));
    const broken = pfx([seq(DATA, explicit(0, octets(indefinite(0x30, seq(bagId(1), no)))))]);
    refuses(broken, 'ERR_DER_TAG', 'SafeBag', find(broken, no));
    const encoding = tlv(2); // an empty INTEGER
    const deep = indefinite(0x30, int(3), seq(DATA, explicit(0, octets(indefinite(0x30, encoding)))));
    refuses(deep, 'ERR_DER_VALUE', 'authSafe', find(deep, encoding));
  });

  it('missing end-of-contents', () => {
    const whole = indefinite(0x30, int(3), indefinite(0x30, DATA, indefinite(0xa0, octets(seq()))));
    for (let cut = 1; cut <= 6; cut++)
      refuses(whole.subarray(0, -cut), 'ERR_DER_TRUNCATED', 'PFX', whole.length - cut - ((6 - cut) % 2 === 0 ? 0 : 1));
    refuses(seq(int(3), Uint8Array.of(0x30, 0x80), DATA), 'ERR_DER_EOC', 'PFX');
  });
});

describe('unknown things are kept', () => {
  it('other safes, bags, attributes', () => {
    const enveloped = seq(oid('1.2.840.113549.1.7.3'), explicit(0, seq(int(0))));
    const attribute = seq(oid('1.3.6.1.4.1.99999.1'), set(nul, octets(Uint8Array.of(9))));
    const strange = bag(
      oid('1.3.6.1.4.1.99999.2'),
      tlv(0x85, Uint8Array.of(1, 2)),
      attribute,
      seq(FRIENDLY_NAME, set()),
    );
    const { safes } = parsePfxStructure(pfx([enveloped, dataSafe(strange)]));
    expect(safes[0]).toMatchObject({ kind: 'other', contentType: '1.2.840.113549.1.7.3', der: enveloped });
    // A bag shows what it is asked for: take its fields one by one.
    const kept = safes[1]!.bags!.map(({ bagId, der, value, attributes, bags }) => ({
      bagId,
      der,
      value,
      attributes,
      bags,
    }));
    expect(kept).toEqual([
      {
        bagId: '1.3.6.1.4.1.99999.2',
        der: strange,
        value: tlv(0x85, Uint8Array.of(1, 2)),
        attributes: [
          { oid: '1.3.6.1.4.1.99999.1', der: attribute, values: [nul, octets(Uint8Array.of(9))] },
          { oid: '1.2.840.113549.1.9.20', der: seq(FRIENDLY_NAME, set()), values: [] },
        ],
        bags: null,
      },
    ]);
  });

  it('offsets of safes and bags are those in the file', () => {
    const file = pfx([dataSafe(), dataSafe(KEY_BAG, bag(bagId(6), seq(bag(bagId(2), nul))))]);
    const { safes } = parsePfxStructure(file);
    const at = (offset: number, der: Uint8Array) =>
      expect(formatHex(file.subarray(offset, offset + der.length))).toBe(formatHex(der));
    for (const safe of safes) {
      at(safe.offset, safe.der);
      for (const b of safe.bags!) {
        at(b.offset, b.der);
        for (const inner of b.bags ?? []) at(inner.offset, inner.der);
      }
    }
  });

  it('signedData: public-key integrity is reported, not read', () => {
    const signed = oid('1.2.840.113549.1.7.2');
    expect(parsePfxStructure(seq(int(3), seq(signed, explicit(0, seq(int(1))))))).toMatchObject({
      contentType: '1.2.840.113549.1.7.2',
      authSafe: seq(int(1)),
      safes: [],
      mac: null,
    });
  });
});
