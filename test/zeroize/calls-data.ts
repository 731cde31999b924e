/** Encodings, DER, PKCS#12 structure, TTLV and the legacy ciphers: what works and what fails. Layer: test only. */
import * as core from '../../src/core/index.ts';
import { bytes, type Calls, changed, disposed, fail, HUGE, key, LARGE, noBytes, type Paths } from './calls-values.ts';

const der = Uint8Array.of(0x30, 0x08, 0x02, 0x01, 0x05, 0x04, 0x03, 1, 2, 3);
const ber = Uint8Array.of(0x30, 0x80, 0x24, 0x80, 0x04, 0x02, 1, 2, 0x04, 0x01, 3, 0, 0, 0, 0);
/** SafeContents with one keyBag, and a PFX around it, by the writer under test. */
const safeContents = bagsOf(1);
const pfx = pfxOf(safeContents);

function bagsOf(count: number): Uint8Array {
  const w = new core.DerWriter().open(core.DER.SEQUENCE);
  for (let i = 0; i < count; i++) {
    w.open(core.DER.SEQUENCE).putOid('1.2.840.113549.1.12.10.1.1').open(0xa0);
    w.open(core.DER.SEQUENCE).putInteger(0).open(core.DER.SEQUENCE).putOid('1.2.840.113549.1.1.1').putNull().close();
    w.putOctets(bytes(24)).close().close().close();
  }
  return w.close().finish();
}

function pfxOf(bags: Uint8Array, version = 3): Uint8Array {
  const { SEQUENCE, OCTET_STRING } = core.DER;
  const w = new core.DerWriter().open(SEQUENCE).putInteger(version);
  w.open(SEQUENCE).putOid('1.2.840.113549.1.7.1').open(0xa0).open(OCTET_STRING).open(SEQUENCE);
  w.open(SEQUENCE).putOid('1.2.840.113549.1.7.1').open(0xa0).putOctets(bags).close().close();
  return w.close().close().close().close().close().finish();
}

const message = core.writeTtlv((w) => {
  w.open(0x420043);
  w.byteString(0x420043, bytes(40));
  w.bigInteger(0x42003e, bytes(16));
  w.text(0x420094, 'é and ASCII');
  w.close();
});
const largeMessage = core.writeTtlv((w) => w.byteString(0x420043, bytes(LARGE)));

export const DATA_CALLS: Calls = {
  encodeHex: encoder(
    (b) => core.encodeHex(b, { letters: 'upper' }),
    () => core.encodeHex(key, { letters: 'all' } as never),
  ),
  encodeHexText: encoder(
    (b) => core.encodeHexText(b),
    () => core.encodeHexText(key, { letters: 'all' } as never),
  ),
  encodeBase64: encoder(
    (b) => core.encodeBase64(b),
    () => core.encodeBase64(key, { alphabet: 'other' } as never),
  ),
  encodeBase64Text: encoder(
    (b) => core.encodeBase64Text(b),
    () => core.encodeBase64Text(key, { padding: 1 } as never),
  ),
  decodeHex: {
    works: [
      () => core.decodeHex('cafe'),
      () => core.decodeHex(core.encodeHex(bytes(LARGE))),
      () => core.decodeHex(' ca\nfe ', { whitespace: 'ignore' }),
    ],
    fails: [
      ['ERR_ENCODING', () => core.decodeHex('cafx')],
      ['ERR_ENCODING', () => core.decodeHex('caf')],
      ['ERR_ENCODING', () => core.decodeHex(changed(core.encodeHex(bytes(LARGE)), LARGE).fill(0x7a, LARGE, LARGE + 1))],
      ['ERR_ENCODING', () => core.decodeHex('ca fé', { whitespace: 'ignore' })],
      ['ERR_SECRET_DISPOSED', () => core.decodeHex(disposed)],
      ['ERR_OPTION', () => core.decodeHex('cafe', { whitespace: 1 } as never)],
    ],
  },
  decodeBase64: {
    works: [
      () => core.decodeBase64('yv66vg=='),
      () => core.decodeBase64(core.encodeBase64(bytes(LARGE))),
      () => core.decodeBase64(' yv6 6vg', { whitespace: 'ignore', padding: 'optional' }),
    ],
    fails: [
      ['ERR_ENCODING', () => core.decodeBase64('yv66v*==')],
      ['ERR_ENCODING', () => core.decodeBase64('yv66vh==')],
      ['ERR_ENCODING', () => core.decodeBase64('yv66vg')],
      ['ERR_ENCODING', () => core.decodeBase64(core.encodeBase64(bytes(LARGE)).fill(0x2a, 150_000, 150_001))],
      ['ERR_OPTION', () => core.decodeBase64('', { padding: 'some' } as never)],
    ],
  },
  normalizeDer: {
    works: [() => core.normalizeDer(der), () => core.normalizeDer(ber)],
    fails: [
      ['ERR_DER_TRUNCATED', () => core.normalizeDer(der.subarray(0, 6))],
      ['ERR_DER_TRUNCATED', () => core.normalizeDer(ber.subarray(0, 12))],
      ['ERR_DER_TRAILING', () => core.normalizeDer(Uint8Array.of(...der, 5))],
      ['ERR_DER_DEPTH', () => core.normalizeDer(ber, { maxDepth: 0 })],
      ['ERR_DER_COUNT', () => core.normalizeDer(ber, { maxElements: 2 })],
      ['ERR_DER_SIZE', () => core.normalizeDer(ber, { maxBytes: 2 })],
      ['ERR_OPTION', () => core.normalizeDer(ber, { max: 2 } as never)],
    ],
  },
  indexDer: {
    works: [() => core.indexDer(der), () => core.indexDer(ber)],
    fails: [['ERR_DER_TRUNCATED', () => core.indexDer(ber.subarray(0, 5))]],
  },
  DerCursor: {
    works: [() => core.DerCursor.over(der).readSequence().readInteger()],
    fails: [
      ['ERR_DER_TRUNCATED', () => core.DerCursor.over(der.subarray(0, 4))],
      ['ERR_DER_TAG', () => core.DerCursor.over(der).readOctets()],
    ],
  },
  DerWriter: {
    works: [
      () => bagsOf(3),
      () => new core.DerWriter().openSetOf().putOctets(bytes(9, 3)).putOctets(bytes(9)).close().finish(),
      () => new core.DerWriter().putOctets(bytes(LARGE)).finish(),
    ],
    fails: [
      ['ERR_DER_STATE', () => new core.DerWriter().open(core.DER.SEQUENCE).putOctets(key).finish()],
      ['ERR_DER_STATE', () => new core.DerWriter().close()],
      ['ERR_OID', () => new core.DerWriter().putOctets(key).putOid('1')],
      ['ERR_DER_SIZE', () => new core.DerWriter().putOctets(bytes(5_000_000)).putOctets(bytes(5_000_000)).finish()],
    ],
  },
  parsePfxStructure: {
    works: [() => core.parsePfxStructure(pfx), () => core.parsePfxStructure(pfxOf(bagsOf(40)))],
    fails: [
      ['ERR_DER_TRUNCATED', () => core.parsePfxStructure(pfx.subarray(0, 60))],
      ['ERR_PFX_VERSION', () => core.parsePfxStructure(pfxOf(safeContents, 4))],
      ['ERR_DER_TAG', () => core.parsePfxStructure(pfxOf(changed(safeContents)))],
      ['ERR_DER_MISSING', () => core.parsePfxStructure(Uint8Array.of(0x30, 0))],
      ['ERR_DER_COUNT', () => core.parsePfxStructure(pfx, { maxElements: 20 })],
    ],
  },
  parseSafeContents: {
    works: [() => core.parseSafeContents(safeContents), () => core.parseSafeContents(bagsOf(40))],
    fails: [
      ['ERR_DER_TRUNCATED', () => core.parseSafeContents(safeContents.subarray(0, 30))],
      ['ERR_DER_TAG', () => core.parseSafeContents(changed(safeContents))],
    ],
  },
  validateTtlv: ttlvReader((m, limits) => core.validateTtlv(m, limits)),
  parseTtlv: ttlvReader((m, limits) => core.parseTtlv(m, limits).dispose()),
  readTtlv: {
    works: [
      ...ttlvReader((m, limits) => core.readTtlv(m, () => 1, limits)).works,
      () => core.readTtlv(message, () => core.readTtlv(message, () => 1)),
    ],
    fails: [
      ...ttlvReader((m, limits) => core.readTtlv(m, () => 1, limits)).fails,
      ['THROWN', () => core.readTtlv(message, fail)],
      ['THROWN', () => core.readTtlv(largeMessage, fail)],
    ],
  },
  writeTtlv: {
    works: [
      () => core.writeTtlv((w) => w.byteString(0x420043, key)),
      () => core.writeTtlv((w) => w.byteString(0x420043, bytes(LARGE))),
    ],
    fails: [
      [
        'THROWN',
        () =>
          core.writeTtlv((w) => {
            w.byteString(0x420043, key);
            fail();
          }),
      ],
      [
        'ERR_TTLV_STATE',
        () =>
          core.writeTtlv((w) => {
            w.open(0x420043);
            w.byteString(0x420043, key);
          }),
      ],
      [
        'ERR_TTLV_STATE',
        () =>
          core.writeTtlv((w) => {
            w.byteString(0x420043, key);
            w.close();
          }),
      ],
      [
        'ERR_TTLV_SIZE',
        () =>
          core.writeTtlv((w) => {
            w.byteString(0x420043, key);
            w.byteString(0x420043, new Uint8Array(2 ** 21));
          }),
      ],
      [
        'ERR_TTLV_DEPTH',
        () =>
          core.writeTtlv((w) => {
            for (let i = 0; i < 40; i++) w.open(0x420043);
          }),
      ],
      [
        'ERR_TTLV_VALUE',
        () =>
          core.writeTtlv((w) => {
            w.byteString(0x420043, key);
            w.text(0x420094, 'é\ud800');
          }),
      ],
    ],
  },
  writeLargeTtlv: {
    works: [() => core.writeLargeTtlv((w) => w.byteString(0x420043, bytes(2 ** 21)))],
    fails: [
      [
        'THROWN',
        () =>
          core.writeLargeTtlv((w) => {
            w.byteString(0x420043, bytes(2 ** 21));
            fail();
          }),
      ],
    ],
  },
  loadLegacy: { works: [() => core.loadLegacy()], fails: [] },
  selfTest: { works: [() => core.selfTest()], fails: [] },
  legacyEncryptCbc: {
    works: [
      () => core.legacyEncryptCbc('3des', bytes(24), bytes(8), key),
      () => core.legacyEncryptCbc('rc2', bytes(16), bytes(8), bytes(LARGE), { effectiveBits: 40 }),
    ],
    fails: legacyFailures(core.legacyEncryptCbc),
  },
  legacyDecryptCbc: {
    works: (['des', '3des', 'rc2'] as const).map((c) => () => {
      const k = bytes(c === '3des' ? 24 : 8);
      core.legacyDecryptCbc(c, k, bytes(8), core.legacyEncryptCbc(c, k, bytes(8), bytes(60)));
    }),
    fails: [
      ...legacyFailures(core.legacyDecryptCbc),
      [
        'ERR_INTEGRITY',
        () =>
          core.legacyDecryptCbc(
            'des',
            bytes(8),
            bytes(8),
            core.legacyEncryptCbc('des', bytes(8), bytes(8), key, { padding: 'none' }),
          ),
      ],
    ],
  },
  rc4: {
    works: [() => core.rc4(bytes(5), key), () => core.rc4(bytes(16), bytes(LARGE))],
    fails: [
      ['ERR_LENGTH', () => core.rc4(bytes(0), key)],
      ['ERR_LENGTH', () => core.rc4(bytes(257), key)],
    ],
  },
};

function encoder(encode: (b: core.KeyBytes) => unknown, badOption: () => unknown): Paths {
  return {
    works: [0, 1, 40, LARGE].map((n) => () => encode(bytes(n))),
    fails: [
      ['ERR_OPTION', badOption],
      ['ERR_BYTES_TYPE', () => encode(noBytes)],
      ['ERR_SECRET_DISPOSED', () => encode(disposed)],
    ],
  };
}

function ttlvReader(read: (message: Uint8Array, limits?: core.TtlvLimits) => unknown): Paths {
  return {
    works: [() => read(message), () => read(largeMessage)],
    fails: [
      ['ERR_TTLV_TRUNCATED', () => read(message.subarray(0, message.length - 8))],
      ['ERR_TTLV_TRUNCATED', () => read(largeMessage.subarray(0, LARGE))],
      ['ERR_TTLV_TYPE', () => read(changed(message, 11).fill(0x1f, 11, 12))],
      ['ERR_TTLV_DEPTH', () => read(message, { maxDepth: 0 })],
      ['ERR_TTLV_COUNT', () => read(message, { maxItems: 2 })],
      ['ERR_TTLV_SIZE', () => read(message, { maxBytes: 8 })],
      ['ERR_OPTION', () => read(message, { depth: 1 } as never)],
    ],
  };
}

function legacyFailures(run: typeof core.legacyDecryptCbc): Paths['fails'] {
  return [
    ['ERR_LENGTH', () => run('des', bytes(7), bytes(8), key)],
    ['ERR_LENGTH', () => run('des', bytes(8), bytes(9), key)],
    ['ERR_LENGTH', () => run('rc2', bytes(129), bytes(8), key)],
    ['ERR_ARGUMENT', () => run('idea' as 'des', bytes(8), bytes(8), key)],
    ['ERR_CAPACITY', () => run('des', bytes(8), bytes(8), new Uint8Array(HUGE))],
  ];
}
