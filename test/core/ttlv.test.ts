/**
 * TTLV in the core: every rule of the validator with the offset it names, the shared vectors, a plain TypeScript codec as
 * the other implementation, truncation at every byte, flips of every bit, depth and size; and the writer.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlainTtlvError, validate } from '../../bench/thirdparty/ttlv-plain.ts';
import {
  parseTtlv,
  readTtlv,
  type TtlvLimits,
  type TtlvMessage,
  validateTtlv,
  writeTtlv,
} from '../../src/core/index.ts';
import { FormatError, KeywardError, LimitError, UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { costsAtMost } from '../support/cost.ts';
import { hex, toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVectorText } from '../support/vectors.ts';

/** One item from its parts; padded, and with the length that the value has. */
function item(tagAndType: string, value = ''): string {
  const bytes = value.replaceAll(' ', '').length / 2;
  const padding = '00'.repeat((8 - (bytes % 8)) % 8);
  return tagAndType + bytes.toString(16).padStart(8, '0') + value + padding;
}

const faultOf = (run: () => unknown): KeywardError => {
  try {
    run();
  } catch (error) {
    if (error instanceof KeywardError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
const verdict = (message: Uint8Array, options?: TtlvLimits): string => {
  try {
    return String(validateTtlv(message, options));
  } catch (error) {
    if (error instanceof FormatError) return `${error.code}@${error.offset}`;
    if (error instanceof LimitError) return error.code;
    throw error;
  }
};

const INT = item('42006a02', '00000001');

describe('the validator: KMIP 1.4, section 9.1', () => {
  const good: [what: string, message: string, items: number][] = [
    ['an empty Structure', item('42007801'), 1],
    ['an Integer', INT, 1],
    ['a Long Integer', item('42006a03', 'ffffffffffffffff'), 1],
    [
      'a Big Integer of 8 and of 16 bytes',
      item('42007801', item('42006a04', '00'.repeat(8)) + item('42006a04', 'ff'.repeat(16))),
      3,
    ],
    ['an Enumeration', item('42006a05', '80000001'), 1],
    [
      'a Boolean, false and true',
      item('42007801', item('42006a06', '0000000000000000') + item('42006a06', '0000000000000001')),
      3,
    ],
    ['an empty Text String', item('42006a07'), 1],
    ['a Text String with NUL', item('42006a07', '6100'), 1],
    ['a Text String of 8 bytes: no padding', item('42006a07', '3132333435363738'), 1],
    [
      'UTF-8 at every boundary',
      item('42006a07', 'c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf 7f'.replaceAll(' ', '')),
      1,
    ],
    ['an empty Byte String', item('42006a08'), 1],
    ['a Date-Time, the largest', item('42006a09', '7fffffffffffffff'), 1],
    ['an Interval', item('42006a0a', 'ffffffff'), 1],
    ['a Date-Time Extended', item('42006a0b', '0000000000000001'), 1],
    ['an extension tag', item('54000102', '00000001'), 1],
    ['structures closed together', item('42007801', item('42007701', item('42006901', INT))), 4],
  ];
  for (const [what, message, items] of good)
    it(`takes ${what}`, () => {
      expect(verdict(hex(message))).toBe(String(items));
    });

  const inside = (bad: string) => item('42007801', INT + bad); // the fault is at 24 + its own offset
  const bad: [what: string, message: string, fault: string][] = [
    ['nothing', '', 'ERR_TTLV_TRUNCATED@0'],
    ['7 bytes', '42007801000000', 'ERR_TTLV_TRUNCATED@0'],
    ['a tag of another class', inside(item('01424202', '00000001')), 'ERR_TTLV_TAG@24'],
    ['type 00', inside(item('42006a00', '00000001')), 'ERR_TTLV_TYPE@27'],
    ["type 0C, which is 3.0's", inside(item('42006a0c', '00000001')), 'ERR_TTLV_TYPE@27'],
    ['type FF', inside(item('42006aff', '00000001')), 'ERR_TTLV_TYPE@27'],
    ['type 22: 2 in its low bits', inside(item('42006a22', '00000001')), 'ERR_TTLV_TYPE@27'],
    ['an Integer of 3 bytes', inside('42006a02000000030000000000000000'), 'ERR_TTLV_LENGTH@24'],
    ['an Integer of 8 bytes', inside('42006a02000000080000000000000000'), 'ERR_TTLV_LENGTH@24'],
    ['an Interval of 0 bytes', inside('42006a0a00000000'), 'ERR_TTLV_LENGTH@24'],
    ['a Long Integer of 4 bytes', inside('42006a03000000040000000000000000'), 'ERR_TTLV_LENGTH@24'],
    ['a Date-Time of 16 bytes', inside(item('42006a09', '00'.repeat(16))), 'ERR_TTLV_LENGTH@24'],
    ['a Boolean of 4 bytes', inside('42006a06000000040000000000000000'), 'ERR_TTLV_LENGTH@24'],
    ['a Boolean of 2', inside(item('42006a06', '0000000000000002')), 'ERR_TTLV_BOOLEAN@24'],
    ['a Boolean with a high bit', inside(item('42006a06', '8000000000000001')), 'ERR_TTLV_BOOLEAN@24'],
    ['an empty Big Integer', inside('42006a0400000000'), 'ERR_TTLV_LENGTH@24'],
    ['a Big Integer of 9 bytes', inside(item('42006a04', '00'.repeat(9))), 'ERR_TTLV_LENGTH@24'],
    ['a Structure of 12 bytes', inside(`420069010000000c${INT}`), 'ERR_TTLV_LENGTH@24'],
    ['a child longer than its Structure', inside(`42006a0800000011${'00'.repeat(16)}`), 'ERR_TTLV_LENGTH@24'],
    ['a child whose padding overruns', `420078010000001042006a0800000009${'00'.repeat(8)}`, 'ERR_TTLV_LENGTH@8'],
    ['a Structure longer than its parent', inside('4200690100000008'), 'ERR_TTLV_LENGTH@24'],
    ['a message cut short', `4200780100000018${INT}`, 'ERR_TTLV_TRUNCATED@0'],
    ['an Integer cut before its padding', '42006a020000000400000001', 'ERR_TTLV_TRUNCATED@0'],
    ['bytes after the message', INT + INT, 'ERR_TTLV_TRAILING@16'],
    ['one byte after the message', `${INT}00`, 'ERR_TTLV_TRAILING@16'],
    ['Integer padding', inside('42006a02000000040000000100000001'), 'ERR_TTLV_PADDING@36'],
    ['Text padding', inside('42006a07000000016100000000000001'), 'ERR_TTLV_PADDING@33'],
    ['Byte String padding', inside('42006a08000000076100000000000001'), 'ERR_TTLV_PADDING@39'],
    ...[
      '80',
      'c0af',
      'c1bf',
      'e09f80',
      'eda080',
      'f08f8080',
      'f4908080',
      'f5808080',
      'ff',
      'c3',
      'e282',
      'f09f98',
      'e28228',
    ].map((text): [string, string, string] => [
      `text ${text}`,
      inside(item('42006a07', `6161${text}`)),
      'ERR_TTLV_UTF8@34',
    ]),
    ['text that a neighbour would complete', inside(item('42006a07', '61616161616161c3')), 'ERR_TTLV_UTF8@39'],
  ];
  for (const [what, message, fault] of bad)
    it(`refuses ${what}`, () => {
      expect(verdict(hex(message))).toBe(fault);
    });

  for (const length of ['fffffff8', 'fffffff9', 'ffffffff', '80000000', '7ffffff8', '00800000'])
    for (const type of ['01', '02', '03', '04', '06', '07', '08'])
      it(`refuses length ${length} of type ${type}`, () => {
        const deep = item('42007b01', item('42007a01', `420069${type}${length}${'00'.repeat(8)}`));
        const error = faultOf(() => validateTtlv(hex(deep))) as FormatError;
        expect([error.code, error.offset]).toEqual(['ERR_TTLV_LENGTH', 16]);
        expect(error.path).toEqual(['0x42007b', '0x42007a', '0x420069']);
        expect(verdict(hex(`420069${type}${length}${'00'.repeat(8)}`))).toBe('ERR_TTLV_LENGTH@0');
      });

  it('tolerant padding lets any padding through, and nothing else', () => {
    for (const text of [
      '42006a02000000040000000100000001',
      '42006a07000000016100000000ff0001',
      '42006a08000000076100000000000001',
    ])
      expect(verdict(hex(text), { padding: 'tolerant' })).toBe('1');
    expect(verdict(hex(item('42006a06', '0000000000000002')), { padding: 'tolerant' })).toBe('ERR_TTLV_BOOLEAN@0');
  });

  it('tolerant tags let any tag through', () => {
    expect(verdict(hex(item('01424202', '00000001')), { tags: 'tolerant' })).toBe('1');
    expect(verdict(hex(item('00000002', '00000001')), { tags: 'tolerant' })).toBe('1');
  });

  it('refuses options it does not know', () => {
    for (const options of [
      { depth: 1 },
      { padding: 'no' },
      { tags: 1 },
      { maxDepth: 1025 },
      { maxBytes: -1 },
      { maxItems: 0.5 },
    ])
      expect(faultOf(() => validateTtlv(hex(INT), options as TtlvLimits)).code).toBe('ERR_OPTION');
  });

  it('limits: size, depth and items, each exact', () => {
    const two = hex(item('42007801', INT + INT));
    expect(verdict(two, { maxBytes: 40, maxItems: 3, maxDepth: 1 })).toBe('3');
    expect(verdict(two, { maxBytes: 39 })).toBe('ERR_TTLV_SIZE');
    expect(verdict(two, { maxItems: 2 })).toBe('ERR_TTLV_COUNT');
    expect(verdict(two, { maxDepth: 0 })).toBe('ERR_TTLV_DEPTH');
    expect(verdict(hex(INT), { maxDepth: 0 })).toBe('1');
    const error = faultOf(() => validateTtlv(new Uint8Array(8 * 1024 * 1024 + 8))) as LimitError;
    expect([error.code, error.limit, error.actual]).toEqual(['ERR_TTLV_SIZE', 8_388_608, 8_388_616]);
    expect(faultOf(() => readTtlv(two, () => 0, { maxBytes: 39 })).code).toBe('ERR_TTLV_SIZE');
  });

  it('leaves the input alone', () => {
    const message = hex(item('42007801', INT));
    validateTtlv(message);
    parseTtlv(message).dispose();
    expect(toHex(message)).toBe(item('42007801', INT));
  });
});

/** Structures inside each other, the innermost empty. */
function nested(depth: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(8 * depth);
  const view = new DataView(message.buffer);
  for (let i = 0; i < depth; i++) {
    view.setUint32(8 * i, 0x42007801);
    view.setUint32(8 * i + 4, 8 * (depth - 1 - i));
  }
  return message;
}

describe('hostile sizes', () => {
  it('32 structures inside each other are taken, 33 and 10,000 are not', () => {
    expect(verdict(nested(32))).toBe('32');
    expect(verdict(nested(33))).toBe('ERR_TTLV_DEPTH');
    expect(verdict(nested(10_000))).toBe('ERR_TTLV_DEPTH');
    expect(verdict(nested(1024), { maxDepth: 1024 })).toBe('1024');
    expect(verdict(nested(1025), { maxDepth: 1024 })).toBe('ERR_TTLV_DEPTH');
  });

  it('the largest messages take one pass: items, empty structures, one text, one byte string', () => {
    const size = 8 * 1024 * 1024;
    const fill = (unit: Uint8Array) => {
      const message = new Uint8Array(size);
      for (let i = 8; i < size; i += unit.length) message.set(unit, i);
      message.set(hex('42007801007ffff8'));
      return message;
    };
    const all = { maxItems: 1_048_576 };
    // A quadratic walk would take hours.
    costsAtMost(20_000, () => {
      expect(verdict(fill(hex('4200780100000000')), all)).toBe('1048576');
      expect(verdict(fill(hex('4200780100000000')))).toBe('ERR_TTLV_COUNT');
      const text = new Uint8Array(size).fill(0x61);
      text.set(hex('42007807007ffff8'));
      expect(verdict(text)).toBe('1');
      text[size - 1] = 0x80;
      expect(verdict(text)).toBe(`ERR_TTLV_UTF8@${size - 1}`);
      const wide = new Uint8Array(size);
      for (let i = 8; i < size; i += 4) wide.set([0xf0, 0x9f, 0x98, 0x80], i);
      wide.set(hex('42007807007ffff8'));
      expect(verdict(wide)).toBe('1');
      text[3] = 0x08;
      expect(verdict(text)).toBe('1');
    });
  });
});

const SAMPLE = hex(
  item(
    '42007b01',
    item(
      '42007a01',
      item('42006901', INT + INT) + item('42009209', '0000000067748580') + item('42000d02', '00000001'),
    ) +
      item(
        '42000f01',
        item('42005c05', '0000000a') +
          item('42009407', '61c3a962') +
          item('42004308', '000102030405060708') +
          item('42005204', 'ff'.repeat(16)) +
          item('42008006', '0000000000000001') +
          item('42004903', '8000000000000000') +
          item('4200490a', '00000e10') +
          item('4200ff0b', '00038d7ea4c68000'),
      ),
  ),
);

describe('the same verdicts as a plain TypeScript codec', () => {
  const agree = (message: Uint8Array): boolean => {
    let plain: number;
    try {
      plain = validate(message);
    } catch (error) {
      if (!(error instanceof PlainTtlvError)) throw error;
      plain = -1;
    }
    const ours = verdict(message);
    expect(/^\d+$/.test(ours) ? Number(ours) : -1).toBe(plain);
    return plain >= 0;
  };

  it('of a message cut at every byte', () => {
    for (let n = 0; n < SAMPLE.length; n++) expect(verdict(SAMPLE.slice(0, n))).toBe('ERR_TTLV_TRUNCATED@0');
    expect(agree(SAMPLE)).toBe(true);
  });

  it('of a message with every bit flipped', () => {
    let accepted = 0;
    for (let bit = 0; bit < 8 * SAMPLE.length; bit++) {
      const message = SAMPLE.slice();
      message[bit >> 3]! ^= 1 << (bit & 7);
      if (agree(message)) accepted++;
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('of random changes', () => {
    const change = fc.array(fc.tuple(fc.nat(SAMPLE.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(change, fc.nat(16), (changes, cut) => {
        const message = SAMPLE.slice(0, SAMPLE.length - 8 * cut);
        for (const [at, value] of changes) message[at % message.length] = value;
        agree(message);
      }),
      { numRuns: runs(3000) },
    );
  });
});

describe('reading', () => {
  const read = (m: TtlvMessage) => {
    const item = m.child(m.root, 0x42000f);
    return {
      operation: m.enumeration(m.child(item, 0x42005c)),
      id: m.text(m.child(item, 0x420094)),
      material: toHex(m.byteString(m.child(item, 0x420043))),
      modulus: toHex(m.bigInteger(m.child(item, 0x420052))),
      flag: m.boolean(m.child(item, 0x420080)),
      long: m.longInteger(m.child(item, 0x420049)),
      lease: m.interval(m.children(item, 0x420049)[1]!),
      extended: m.dateTimeExtended(m.child(item, 0x4200ff)),
      time: m.dateTime(m.child(m.child(m.root, 0x42007a), 0x420092)),
      count: m.integer(m.child(m.child(m.root, 0x42007a), 0x42000d)),
    };
  };
  const values = {
    operation: 10,
    id: 'aéb',
    material: '000102030405060708',
    modulus: 'ff'.repeat(16),
    flag: true,
    long: -(2n ** 63n),
    lease: 3600,
    extended: 1_000_000_000_000_000n,
    time: 1_735_689_600n,
    count: 1,
  };

  it('every type, from a lent message, from a copy, and from a lent one inside another', () => {
    expect(readTtlv(SAMPLE, read)).toEqual(values);
    using copy = parseTtlv(SAMPLE);
    expect(read(copy)).toEqual(values);
    expect(readTtlv(SAMPLE, (m) => [readTtlv(SAMPLE, read), read(m), validateTtlv(SAMPLE)])).toEqual([
      values,
      values,
      16,
    ]);
  });

  it('a message above 64 KiB', () => {
    const big = hex(item('42007801', item('42004308', '5a'.repeat(100_000)) + INT));
    expect(
      readTtlv(big, (m) => [m.byteString(m.child(m.root, 0x420043)).length, m.integer(m.child(m.root, 0x42006a))]),
    ).toEqual([100_000, 1]);
  });

  it('a byte order mark is text', () => {
    for (const text of ['efbbbf61', `efbbbf${'61'.repeat(40)}`])
      expect(readTtlv(hex(item('42006a07', text)), (m) => m.text(m.root).charCodeAt(0))).toBe(0xfeff);
  });

  it('says what is missing or of another type, and where', () => {
    const error = faultOf(() => readTtlv(SAMPLE, (m) => m.child(m.child(m.root, 0x42000f), 0x420001))) as FormatError;
    expect([error.code, error.offset, error.path]).toEqual(['ERR_TTLV_MISSING', 88, ['0x42007b', '0x42000f']]);
    const other = faultOf(() =>
      readTtlv(SAMPLE, (m) => m.integer(m.child(m.child(m.root, 0x42000f), 0x42005c))),
    ) as FormatError;
    expect([other.code, other.offset, other.path]).toEqual(['ERR_TTLV_TYPE', 96, ['0x42007b', '0x42000f', '0x42005c']]);
    expect(other.message).toContain('Enumeration in place of Integer');
  });

  it('a message that has ended refuses every read, and its copy is wiped', () => {
    let kept: TtlvMessage | undefined;
    readTtlv(SAMPLE, (m) => {
      kept = m;
    });
    const copy = parseTtlv(SAMPLE);
    copy.dispose();
    copy.dispose();
    for (const m of [kept!, copy])
      for (const use of [
        () => m.child(m.root, 0x42000f),
        () => m.integer(m.root),
        () => m.text(m.root),
        () => m.tag(m.root),
      ])
        expect(faultOf(use).code).toBe('ERR_TTLV_DISPOSED');
  });

  it('an error thrown by the reader comes through', () => {
    expect(() =>
      readTtlv(SAMPLE, () => {
        throw new RangeError('mine');
      }),
    ).toThrow(RangeError);
    expect(readTtlv(SAMPLE, (m) => m.tag(m.root))).toBe(0x42007b);
  });
});

describe('the writer', () => {
  it('writes every type', () => {
    const written = writeTtlv((w) => {
      w.open(0x42007b);
      w.open(0x42007a);
      w.open(0x420069);
      w.integer(0x42006a, 1);
      w.integer(0x42006a, 1);
      w.close();
      w.dateTime(0x420092, 1_735_689_600n);
      w.integer(0x42000d, 1);
      w.close();
      w.open(0x42000f);
      w.enumeration(0x42005c, 10);
      w.text(0x420094, 'aéb');
      w.byteString(0x420043, Secret.from(hex('000102030405060708')));
      w.bigInteger(0x420052, hex('ff'.repeat(16)));
      w.boolean(0x420080, true);
      w.longInteger(0x420049, -(2n ** 63n));
      w.interval(0x420049, 3600);
      w.dateTimeExtended(0x4200ff, 1_000_000_000_000_000n);
      w.close();
      w.close();
    });
    expect(toHex(written)).toBe(toHex(SAMPLE));
  });

  it('refuses what is not a value of the type', () => {
    const refused = (write: Parameters<typeof writeTtlv>[0]) => faultOf(() => writeTtlv(write)).code;
    for (const value of [2 ** 31, -(2 ** 31) - 1, 1.5, Number.NaN])
      expect(refused((w) => w.integer(0x42006a, value))).toBe('ERR_TTLV_VALUE');
    for (const value of [-1, 2 ** 32, 0.5]) {
      expect(refused((w) => w.enumeration(0x42006a, value))).toBe('ERR_TTLV_VALUE');
      expect(refused((w) => w.interval(0x42006a, value))).toBe('ERR_TTLV_VALUE');
    }
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
      expect(refused((w) => w.longInteger(0x42006a, value))).toBe('ERR_TTLV_VALUE');
      expect(refused((w) => w.dateTime(0x42006a, value))).toBe('ERR_TTLV_VALUE');
    }
    for (const value of ['\ud800', 'abc\udc00d', 'é\ud83d'])
      expect(refused((w) => w.text(0x42006a, value))).toBe('ERR_TTLV_VALUE');
    for (const bytes of [0, 7, 12])
      expect(refused((w) => w.bigInteger(0x42006a, new Uint8Array(bytes)))).toBe('ERR_TTLV_VALUE');
    expect(refused((w) => w.integer(0x1000000, 1))).toBe('ERR_TTLV_TAG');
  });

  it('refuses values of no type that only plain JavaScript can pass, and leaves nothing behind', () => {
    const wrong = [{}, 7, null, undefined, ['a']] as unknown as string[];
    for (const value of wrong) {
      const secret = Secret.from(new Uint8Array(32).fill(0x5a));
      const write = (put: 'text' | 'byteString') => () =>
        writeTtlv((w) => {
          w.open(0x420001);
          w.byteString(0x420002, secret);
          w[put](0x420003, value as never);
          w.close();
        });
      for (const put of ['text', 'byteString'] as const)
        expect(write(put), `${put} ${String(value)}`).toThrow(expect.objectContaining({ code: 'ERR_TTLV_VALUE' }));
    }
  });

  it('refuses what is not one item', () => {
    const refused = (write: Parameters<typeof writeTtlv>[0]) => faultOf(() => writeTtlv(write)).code;
    expect(refused(() => {})).toBe('ERR_TTLV_STATE');
    expect(refused((w) => w.open(0x42007b))).toBe('ERR_TTLV_STATE');
    expect(refused((w) => w.close())).toBe('ERR_TTLV_STATE');
    expect(refused((w) => [w.open(0x42007b), w.close(), w.close()])).toBe('ERR_TTLV_STATE');
    expect(refused((w) => [w.integer(0x42007b, 1), w.integer(0x42007b, 1)])).toBe('ERR_TTLV_STATE');
    expect(refused((w) => [w.integer(0x42007b, 1), w.close()])).toBe('ERR_TTLV_STATE');
    expect(refused(() => writeTtlv((w) => w.integer(0x42007b, 1)))).toBe('ERR_TTLV_STATE');
  });

  it('limits: 32 structures, 1 MiB', () => {
    const deep = (n: number) =>
      writeTtlv((w) => {
        for (let i = 0; i < n; i++) w.open(0x42007b);
        for (let i = 0; i < n; i++) w.close();
      });
    expect(validateTtlv(deep(32))).toBe(32);
    expect(faultOf(() => deep(33)).code).toBe('ERR_TTLV_DEPTH');
    const of = (bytes: number) => writeTtlv((w) => w.byteString(0x420043, new Uint8Array(bytes).fill(7)));
    expect(of(2 ** 20 - 8).length).toBe(2 ** 20);
    expect(faultOf(() => of(2 ** 20 - 7)).code).toBe('ERR_TTLV_SIZE');
    expect(faultOf(() => writeTtlv((w) => w.text(0x420043, 'é'.repeat(2 ** 20 - 9)))).code).toBe('ERR_TTLV_SIZE');
    expect(writeTtlv((w) => w.text(0x420043, 'é'.repeat(2 ** 19 - 4))).length).toBe(2 ** 20);
  });

  it('a writer that has ended refuses', () => {
    let kept: Parameters<Parameters<typeof writeTtlv>[0]>[0] | undefined;
    writeTtlv((w) => {
      kept = w;
      w.integer(0x42007b, 1);
    });
    for (const use of [
      () => kept!.integer(0x42007b, 1),
      () => kept!.open(0x42007b),
      () => kept!.text(0x42007b, 'a'),
      () => kept!.byteString(0x42007b, new Uint8Array(1)),
      () => kept!.close(),
    ]) {
      const error = faultOf(use);
      expect(error).toBeInstanceOf(UsageError);
      expect(error.code).toBe('ERR_TTLV_STATE');
    }
    expect(toHex(writeTtlv((w) => w.integer(0x42006a, 1)))).toBe(INT);
  });
});

interface Row {
  readonly hex: string;
  readonly check: string;
  readonly items?: number;
  readonly nonzeroPadding?: number;
  readonly nonStandardTags?: number;
}

describe.skipIf(!hasVectors())('vectors kmip/', () => {
  it('ttlv-vectors.jsonl: the valid are taken, the others refused at their first fault', async () => {
    const rows = (await readVectorText('kmip/ttlv-vectors.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    const faults: [RegExp, string[]][] = [
      [/^value-overruns-parent/, ['ERR_TTLV_LENGTH', 'ERR_TTLV_TRUNCATED']],
      [/^trailing/, ['ERR_TTLV_TRAILING']],
      [/-length-/, ['ERR_TTLV_LENGTH']],
      [/^bad-type/, ['ERR_TTLV_TYPE']],
      [/^boolean-value/, ['ERR_TTLV_BOOLEAN']],
    ];
    for (const row of rows) {
      const message = hex(row.hex);
      if (row.check === 'valid') {
        const options: TtlvLimits = {
          padding: row.nonzeroPadding ? 'tolerant' : 'strict',
          tags: row.nonStandardTags ? 'tolerant' : 'strict',
        };
        expect(verdict(message, options), row.hex).toBe(String(row.items));
        if (row.nonzeroPadding) expect(verdict(message), row.hex).toMatch(/^ERR_TTLV_PADDING@/);
        if (row.nonStandardTags) expect(verdict(message), row.hex).toMatch(/^ERR_TTLV_TAG@/);
        continue;
      }
      const error = faultOf(() => validateTtlv(message)) as FormatError;
      expect(faults.find(([pattern]) => pattern.test(row.check))?.[1], row.check).toContain(error.code);
      const trailing = /^trailing-(\d+)-bytes$/.exec(row.check);
      const at = trailing ? message.length - Number(trailing[1]) : Number(row.check.split('@')[1]);
      expect(error.offset, row.check).toBe(at);
    }
    console.log(`vectors kmip/ttlv-vectors.jsonl: ${rows.length} validated`);
    expect(rows.length).toBe(832);
  });

  it('xml-ttlv.jsonl: all are taken', async () => {
    const rows = (await readVectorText('kmip/xml-ttlv.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    for (const row of rows) expect(verdict(hex(row.hex)), row.hex).toMatch(/^\d+$/);
    console.log(`vectors kmip/xml-ttlv.jsonl: ${rows.length} validated`);
    expect(rows.length).toBe(2792);
  });
});
