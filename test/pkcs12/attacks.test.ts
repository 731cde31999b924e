/** The attacks and bugs that other implementations had: each is refused, by the error that belongs to it, before the work it wants. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeywardError, LimitError } from '../../src/errors.ts';
import {
  type DerNode,
  derNull,
  element,
  encodeDer,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  primitive,
  sequence,
} from '../../src/pkcs12/der.ts';
import { encodePfxSync, judgePfx, type NewBag, parsePfx } from '../../src/pkcs12/index.ts';
import { ATTRIBUTE, BAG, CONTENT, SCHEME } from '../../src/pkcs12/oids.ts';
import { costsAtMost } from '../support/cost.ts';
import { runs } from '../support/runs.ts';
import {
  AES256,
  aesCbc,
  bag,
  bigInteger,
  certBag,
  encryptedSafe,
  hmacAlgorithm,
  makePbmac1Pfx,
  makePfx,
  openSafe,
  PASSWORD,
  pbes2,
  privateKeyInfo,
  SALT,
  sealedSafe,
} from './craft.ts';

const INTEGER_2_31 = bigInteger(2n ** 31n);

/** What unlocking throws: its code. */
function refusal(bytes: Uint8Array, password: string | null = PASSWORD, options = {}): string {
  try {
    parsePfx(bytes).unlockSync(password, options).dispose();
  } catch (fault) {
    if (fault instanceof KeywardError) return fault.code;
    throw fault;
  }
  return 'opened';
}

/** Runs something that must not take the time of its attack. */
const quickly = <T>(run: () => T): T => costsAtMost(1000, run);

describe('the crafted files are right where they are not wrong', () => {
  it('PKCS#12 MAC, PBES2 safe', () => {
    using opened = parsePfx(makePfx([sealedSafe([certBag()])])).unlockSync(PASSWORD);
    expect(opened.bags).toMatchObject([{ kind: 'certificate', certificate: Uint8Array.of(1, 2, 3) }]);
  });
  it('PBMAC1', () => {
    using opened = parsePfx(makePbmac1Pfx([openSafe(certBag())])).unlockSync(PASSWORD);
    expect(opened.macVerified).toBe(true);
  });
});

describe('MAC', () => {
  const safes = [sealedSafe([certBag()])];

  it('stripped: refused, unless asked for by name, and then said so', () => {
    const bytes = makePfx(safes, { withoutMac: true });
    expect(parsePfx(bytes).integrity).toBe('none');
    expect(refusal(bytes)).toBe('ERR_MAC_MISSING');
    using opened = parsePfx(bytes).unlockSync(PASSWORD, { allowMissingMac: true });
    expect(opened.macVerified).toBe(false);
  });

  it.each([
    ['a bit changed', (d: Uint8Array) => d.map((b, i) => (i === 0 ? b ^ 1 : b))],
    ['truncated', (d: Uint8Array) => d.subarray(0, 16)],
    ['truncated to one byte', (d: Uint8Array) => d.subarray(0, 1)],
    ['extended', (d: Uint8Array) => Uint8Array.from([...d, 0])],
    ['empty', () => new Uint8Array(0)],
    ['all zeros', (d: Uint8Array) => new Uint8Array(d.length)],
  ])('digest %s: a wrong password', (_, digest) => {
    expect(refusal(makePfx(safes, { digest }))).toBe('ERR_WRONG_PASSWORD');
  });

  it('with a tag that is not MacData: no MAC, but an error', () => {
    for (const macTag of [0x31, 0x04, 0xa0, 0x80]) {
      expect(refusal(makePfx(safes, { macTag }), PASSWORD, { allowMissingMac: true })).toMatch(/^ERR_DER_/);
    }
  });

  it('followed by a further element: an error', () => {
    const extra = encodeDer(
      sequence(
        integer(3),
        sequence(objectIdentifier(CONTENT.DATA), explicit(0, octetString(encodeDer(sequence())))),
        derNull(),
      ),
    );
    expect(refusal(extra, PASSWORD, { allowMissingMac: true })).toMatch(/^ERR_DER_/);
  });

  it.each([
    ['MD2', '1.2.840.113549.2.2'],
    ['MD4', '1.2.840.113549.2.4'],
    ['SM3', '1.2.156.10197.1.401'],
    ['GOST R 34.11-2012 256', '1.2.643.7.1.1.2.2'],
  ])('over %s: refused by name, the file still shown', (name, oid) => {
    const pfx = parsePfx(makePfx(safes, { digestAlgorithm: sequence(objectIdentifier(oid), derNull()) }));
    expect(pfx.safes).toHaveLength(1);
    expect(pfx.mac?.failure).toMatchObject({ code: 'ERR_UNSUPPORTED_ALGORITHM', oid });
    expect(pfx.mac?.failure?.message).toContain(name);
    expect(() => pfx.unlockSync(PASSWORD)).toThrow(name);
  });
});

describe('PBMAC1 key length (CVE-2025-11187, CVE-2026-34181)', () => {
  const safes = [openSafe(certBag())];

  it.each([
    ['absent', { keyLength: null }],
    ['1', { keyLengthBytes: 1 }],
    ['19', { keyLengthBytes: 19 }],
    ['65', { keyLengthBytes: 65 }],
    ['2^31 - 1', { keyLength: bigInteger(2n ** 31n - 1n) }],
  ])('%s', (_, craft) => {
    expect(quickly(() => refusal(makePbmac1Pfx(safes, craft)))).toBe('ERR_PBMAC1_KEY_LENGTH');
  });

  it.each([
    ['0', 0n],
    ['negative', -32n],
    ['2^64', 2n ** 64n],
  ])('%s', (_, length) => {
    expect(refusal(makePbmac1Pfx(safes, { keyLength: bigInteger(length) }))).toBe('ERR_DER_VALUE');
  });

  it.each([20, 64])('%i is allowed', (keyLengthBytes) => {
    expect(refusal(makePbmac1Pfx(safes, { keyLengthBytes }))).toBe('opened');
  });

  it('the salt is an algorithm, not a string', () => {
    const kdf = sequence(objectIdentifier(SCHEME.PBKDF2), sequence(hmacAlgorithm('sha256'), integer(10), integer(32)));
    const digestAlgorithm = sequence(objectIdentifier(SCHEME.PBMAC1), sequence(kdf, hmacAlgorithm('sha256')));
    expect(refusal(makePfx(safes, { digestAlgorithm }))).toMatch(/^ERR_DER_/);
  });

  it('macSalt and iterations are not looked at: a bomb there does nothing', () => {
    const bytes = makePbmac1Pfx(safes);
    expect(parsePfx(bytes).cost.iterations).toBe(10);
  });
});

describe('iteration bombs are refused before any work', () => {
  it.each([
    ['2^31', INTEGER_2_31],
    ['2^32 + 1', bigInteger(2n ** 32n + 1n)],
    ['2^64 + 1', bigInteger(2n ** 64n + 1n)],
    ['10^9', bigInteger(1_000_000_000n)],
    ['5,000,001', integer(5_000_001)],
    ['0', integer(0)],
    ['-1', bigInteger(-1n)],
    ['a number of 200 bytes', primitive(0x02, new Uint8Array(200).fill(0x7f))],
  ])('MAC, PBES2 safe, bag: %s', (_, statedIterations) => {
    const bombs = [
      () => makePfx([sealedSafe([certBag()])], { statedIterations }),
      () => makePfx([sealedSafe([certBag()], { statedIterations })]),
      () => makePfx([openSafe(shrouded({ statedIterations }))]),
      () => makePfx([sealedSafe([shrouded({ statedIterations })])]),
    ];
    for (const bomb of bombs) expect(quickly(() => refusal(bomb()))).toBe('ERR_LIMIT_ITERATIONS');
  });

  it('PKCS#12 schemes and PBES1', () => {
    for (const oid of ['1.2.840.113549.1.12.1.3', '1.2.840.113549.1.5.3']) {
      const algorithm = sequence(objectIdentifier(oid), sequence(octetString(SALT.subarray(0, 8)), INTEGER_2_31));
      expect(quickly(() => refusal(makePfx([encryptedSafe(algorithm, new Uint8Array(8))])))).toBe(
        'ERR_LIMIT_ITERATIONS',
      );
    }
  });

  it('500 safes of 5,000,000: the limit of the file', () => {
    const safes = Array.from({ length: 500 }, (_, i) => {
      const salt = SALT.slice();
      salt[0] = i;
      salt[1] = i >>> 8;
      return sealedSafe([certBag()], { statedIterations: integer(5_000_000), statedSalt: octetString(salt) });
    });
    const pfx = parsePfx(makePfx(safes));
    expect(pfx.cost).toEqual({ iterations: 500 * 5_000_000 + 10, derivations: 501 });
    const fault = quickly(() => errorOf(() => pfx.unlockSync(PASSWORD)));
    expect(fault).toBeInstanceOf(LimitError);
    expect(fault).toMatchObject({ code: 'ERR_LIMIT_TOTAL_ITERATIONS', limit: 20_000_000, actual: 2_500_000_010 });
  });

  it('hidden in the second stage: bags inside a safe count, too', () => {
    const bags = Array.from({ length: 5 }, (_, i) =>
      shrouded({ statedIterations: integer(4_900_000), salt: SALT.map((b) => b + i) }),
    );
    expect(quickly(() => refusal(makePfx([sealedSafe(bags)])))).toBe('ERR_LIMIT_TOTAL_ITERATIONS');
  });

  it('limits can be set, per file and per unlock', () => {
    const bytes = makePfx([sealedSafe([certBag()])]);
    expect(() => parsePfx(bytes, { maxIterations: 9 }).unlockSync(PASSWORD)).toThrow('10 iterations');
    expect(refusal(bytes, PASSWORD, { limits: { maxTotalIterations: 19 } })).toBe('ERR_LIMIT_TOTAL_ITERATIONS');
    expect(refusal(bytes, PASSWORD, { limits: { maxTotalIterations: 20 } })).toBe('opened');
    expect(() => parsePfx(bytes, { maxIteration: 9 } as object)).toThrow('unknown limit');
  });

  it('each retry counts: the empty password has two forms', () => {
    const bytes = makePfx([openSafe(certBag())], { password: null });
    expect(refusal(bytes, '', { limits: { maxTotalIterations: 19 } })).toBe('ERR_LIMIT_TOTAL_ITERATIONS');
    expect(refusal(bytes, '', { limits: { maxTotalIterations: 20 } })).toBe('opened');
  });
});

describe('scrypt', () => {
  const scrypt = (n: bigint, r: bigint, p: bigint): Uint8Array<ArrayBuffer> => {
    const parameters = sequence(octetString(SALT), bigInteger(n), bigInteger(r), bigInteger(p));
    return makePfx([sealedSafe([certBag()], { statedKdf: sequence(objectIdentifier(SCHEME.SCRYPT), parameters) })]);
  };

  it.each([
    ['N = 2^30', 2n ** 30n, 8n, 1n, 'ERR_LIMIT_SCRYPT_MEMORY'],
    ['r = 2^20', 2n, 2n ** 20n * 2n, 1n, 'ERR_LIMIT_SCRYPT_MEMORY'],
    ['p = 2^26', 2n, 8n, 2n ** 26n, 'ERR_LIMIT_TOTAL_ITERATIONS'],
  ])('bomb: %s', (_, n, r, p, code) => {
    expect(quickly(() => refusal(scrypt(n, r, p)))).toBe(code);
  });

  it.each([
    ['N no power of two', 1000n, 8n, 1n],
    ['N = 1', 1n, 8n, 1n],
    ['N = 0', 0n, 8n, 1n],
    ['N negative', -1024n, 8n, 1n],
    ['N = 2^2000', 2n ** 2000n, 8n, 1n],
    ['r = 0', 1024n, 0n, 1n],
    ['r · p = 2^30', 1024n, 2n ** 15n, 2n ** 15n],
    ['N too large for r', 2n ** 16n, 1n, 1n],
  ])('not allowed by RFC 7914: %s', (_, n, r, p) => {
    const pfx = parsePfx(scrypt(n, r, p));
    expect(pfx.safes[0]?.failure).toMatchObject({ code: 'ERR_DER_VALUE' });
  });
});

describe('parameters that are not what they must be: the safe gets a failure, nothing runs, the rest is still shown', () => {
  const cases: readonly (readonly [string, Parameters<typeof sealedSafe>[1], RegExp])[] = [
    ['keyLength 2^31 - 1', { keyLength: bigInteger(2n ** 31n - 1n) }, /ERR_DER_VALUE/],
    ['keyLength 16 for AES-256', { keyLength: integer(16) }, /ERR_DER_VALUE/],
    ['keyLength negative', { keyLength: bigInteger(-1n) }, /ERR_DER_VALUE/],
    ['salt otherSource', { statedSalt: sequence(objectIdentifier(SCHEME.PBKDF2)) }, /ERR_DER_TAG/],
    ['IV of 8 bytes', { statedCipher: aesCbc(AES256, new Uint8Array(8)) }, /ERR_DER_VALUE/],
    ['IV of 17 bytes', { statedCipher: aesCbc(AES256, new Uint8Array(17)) }, /ERR_DER_VALUE/],
    ['IV absent', { statedCipher: sequence(objectIdentifier(AES256)) }, /ERR_DER_MISSING/],
    ['unknown PRF', { prf: sequence(objectIdentifier('1.2.3.4'), derNull()) }, /ERR_UNSUPPORTED_ALGORITHM/],
    ['unknown cipher', { statedCipher: aesCbc('1.2.3.4') }, /ERR_UNSUPPORTED_ALGORITHM/],
    [
      'unknown derivation',
      { statedKdf: sequence(objectIdentifier('1.2.3.4'), derNull()) },
      /ERR_UNSUPPORTED_ALGORITHM/,
    ],
    ['iteration count as text', { statedIterations: primitive(0x0c, Uint8Array.of(0x31)) }, /ERR_DER_TAG/],
    [
      'bytes after the PRF',
      { prf: element(0x30, objectIdentifier('1.2.840.113549.2.9'), derNull()), keyLength: sequence() },
      /ERR_DER/,
    ],
  ];
  it.each(cases)('%s', (_, craft, code) => {
    using opened = parsePfx(makePfx([sealedSafe([certBag()], craft), sealedSafe([certBag()])])).unlockSync(PASSWORD);
    expect(opened.safes[0]?.failure?.code).toMatch(code);
    expect(opened.safes[0]?.bags).toBeNull();
    expect(opened.safes[1]?.bags).toHaveLength(1);
  });

  it.each([
    ['ARIA-256-CBC', '1.2.410.200046.1.1.12'],
    ['SM4-CBC', '1.2.156.10197.1.104.2'],
    ['Camellia-256-CBC', '1.2.392.200011.61.1.1.1.4'],
    ['SEED-CBC', '1.2.410.200004.1.4'],
    ['AES-256-ECB', '2.16.840.1.101.3.4.1.41'],
    ['AES-256-CFB', '2.16.840.1.101.3.4.1.44'],
    ['AES-256-OFB', '2.16.840.1.101.3.4.1.43'],
    ['GOST 28147-89', '1.2.643.2.2.21'],
  ])('%s is refused by name', (name, oid) => {
    using opened = parsePfx(
      makePfx([sealedSafe([certBag()], { statedCipher: aesCbc(oid) }), openSafe(certBag())]),
    ).unlockSync(PASSWORD);
    expect(opened.safes[0]?.failure).toMatchObject({ code: 'ERR_UNSUPPORTED_ALGORITHM', oid });
    expect(opened.safes[0]?.failure?.message).toContain(name);
    expect(opened.safes[0]?.encryption?.name).toContain(name);
    expect(opened.bags).toHaveLength(1);
  });

  it.each([
    ['pbeWithMD2AndDES-CBC', '1.2.840.113549.1.5.1'],
    ['pbeWithMD2AndRC2-CBC', '1.2.840.113549.1.5.4'],
  ])('%s is refused by name', (name, oid) => {
    const algorithm = sequence(objectIdentifier(oid), sequence(octetString(SALT.subarray(0, 8)), integer(10)));
    const pfx = parsePfx(makePfx([encryptedSafe(algorithm, new Uint8Array(8))]));
    expect(pfx.safes[0]?.failure?.message).toContain(name);
  });

  it.each([
    ['envelopedData', CONTENT.ENVELOPED_DATA],
    ['signedData', CONTENT.SIGNED_DATA],
  ])('a safe of %s is named, the others are opened', (name, oid) => {
    const safe = sequence(objectIdentifier(oid), explicit(0, sequence(integer(0))));
    using opened = parsePfx(makePfx([safe, openSafe(certBag())])).unlockSync(PASSWORD);
    expect(opened.safes[0]).toMatchObject({ kind: 'other', contentTypeName: name, failure: { oid } });
    expect(opened.bags).toHaveLength(1);
  });

  it('a file signed with a public key is shown as such, and not opened', () => {
    const bytes = encodeDer(
      sequence(integer(3), sequence(objectIdentifier(CONTENT.SIGNED_DATA), explicit(0, sequence(integer(1))))),
    );
    expect(parsePfx(bytes).integrity).toBe('signature');
    expect(refusal(bytes)).toBe('ERR_UNSUPPORTED_INTEGRITY');
  });
});

describe('a wrong password is one error, whatever failed', () => {
  const wrong = {
    name: 'AuthenticationError',
    code: 'ERR_WRONG_PASSWORD',
    message: 'wrong password or damaged file',
  };
  const garbage = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 0xff);

  it.each([
    ['MAC', () => makePfx([sealedSafe([certBag()])]), 'no'],
    ['padding, no MAC', () => makePfx([sealedSafe([certBag()])], { withoutMac: true }), 'no'],
    ['padding under a good MAC', () => makePfx([sealedSafe([certBag()], { ciphertext: garbage(32) })]), PASSWORD],
    [
      'no whole blocks under a good MAC',
      () => makePfx([sealedSafe([certBag()], { ciphertext: garbage(33) })]),
      PASSWORD,
    ],
    ['no blocks at all', () => makePfx([sealedSafe([certBag()], { ciphertext: garbage(0) })]), PASSWORD],
    ['good padding over what is no SafeContents', () => makePfx([sealedSafe(garbage(40))]), PASSWORD],
    [
      'bytes after the SafeContents',
      () => makePfx([sealedSafe(Uint8Array.from([...encodeDer(sequence(certBag())), 0]))]),
      PASSWORD,
    ],
    ['a shrouded key, no MAC', () => makePfx([openSafe(shrouded())], { withoutMac: true }), 'no'],
  ])('%s', (_, make, password) => {
    const fault = errorOf(() => parsePfx(make()).unlockSync(password, { allowMissingMac: true }));
    expect({ name: fault.name, code: fault.code, message: fault.message }).toEqual(wrong);
    expect(fault.cause).toBeUndefined();
  });

  it('a single bag that does not open under a good MAC may have its own password: it gets the same error as its failure', () => {
    using opened = parsePfx(makePfx([openSafe(shrouded({ password: 'its own' }), shrouded())])).unlockSync(PASSWORD);
    expect(opened.bags).toMatchObject([{ privateKey: null, failure: wrong }, { failure: null }]);
    const [again] = opened.decryptSync([opened.bags[0]!], { password: 'its own' });
    expect(again).toMatchObject({ failure: null, privateKey: { algorithmName: 'EC' } });
    expect(opened.bags[0]).toBe(again);
  });
});

describe('values of another type than they must be (CVE-2026-22795, CVE-2025-69419)', () => {
  const named = (value: DerNode): DerNode => sequence(objectIdentifier(ATTRIBUTE.FRIENDLY_NAME), element(0x31, value));
  const nameOf = (value: DerNode): string | null => {
    using opened = parsePfx(makePfx([openSafe(certBag(undefined, [named(value)]))])).unlockSync(PASSWORD);
    expect(opened.bags[0]?.attributes).toHaveLength(1);
    return opened.bags[0]!.friendlyName;
  };

  it('friendlyName', () => {
    expect(nameOf(primitive(0x01, Uint8Array.of(0xff)))).toBeNull();
    expect(nameOf(derNull())).toBeNull();
    expect(nameOf(sequence())).toBeNull();
    expect(nameOf(primitive(0x1e, Uint8Array.of(0, 0x61, 0)))).toBeNull(); // odd length
    expect(nameOf(primitive(0x1e, Uint8Array.of(0xd8, 0x3d, 0, 0x61)))).toBe('\ud83da'); // half a pair is kept
    expect(nameOf(primitive(0x1e, Uint8Array.of(0, 0x61, 0, 0, 0, 0x62)))).toBe('a\0b');
    expect(nameOf(primitive(0x1e, new Uint8Array(0)))).toBe('');
  });

  it('1,000 attributes, 1,000 bags (GnuTLS CVE-2026-42015)', () => {
    const many = Array.from({ length: 1000 }, (_, i) =>
      sequence(objectIdentifier(`1.2.3.${i}`), element(0x31, integer(i))),
    );
    using opened = parsePfx(
      makePfx([openSafe(certBag(undefined, many), ...Array.from({ length: 999 }, () => certBag()))]),
    ).unlockSync(PASSWORD);
    expect(opened.bags).toHaveLength(1000);
    expect(opened.bags[0]?.attributes).toHaveLength(1000);
  });

  it('unknown bag types are kept (CVE-2023-0767), malformed known ones are unknown with a failure', () => {
    using opened = parsePfx(
      makePfx([openSafe(bag('1.2.3', integer(7)), bag(BAG.CERTIFICATE, integer(7)), bag(BAG.SECRET, derNull()))]),
    ).unlockSync(PASSWORD);
    expect(opened.bags.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(opened.bags).toMatchObject([
      { failure: null },
      { failure: { name: 'FormatError' } },
      { failure: { name: 'FormatError' } },
    ]);
  });

  it('an OID arc that only looks like PKCS#12 modulo 2^32 (CVE-2025-66030)', () => {
    const alias = BAG.CERTIFICATE.replace('113549', String(113549 + 2 ** 32));
    using opened = parsePfx(makePfx([openSafe(bag(alias, integer(1)))])).unlockSync(PASSWORD);
    expect(opened.bags[0]).toMatchObject({ kind: 'unknown', bagId: alias });
  });
});

describe('structure', () => {
  it.each([0n, 1n, 2n, 4n, 2n ** 32n + 3n, -3n])('version %s is refused', (version) => {
    expect(refusal(makePfx([openSafe(certBag())], { version: bigInteger(version) }))).toBe('ERR_PFX_VERSION');
  });

  it('SafeContents in SafeContents: 16 deep, not 17', () => {
    const nested = (depth: number): DerNode =>
      depth === 0 ? certBag() : bag(BAG.SAFE_CONTENTS, sequence(nested(depth - 1)));
    const depthOf = (depth: number) => makePfx([openSafe(nested(depth))]);
    expect(refusal(depthOf(8))).toBe('opened');
    using opened = parsePfx(depthOf(8)).unlockSync(PASSWORD);
    expect(opened.bags).toHaveLength(9);
    expect(refusal(depthOf(40))).toBe('ERR_DER_DEPTH');
    expect(refusal(makePfx([sealedSafe([nested(40)])]))).toBe('ERR_DER_DEPTH'); // under a good MAC: too deep, not wrong
  });

  it('what we write is truncated at every byte: a DER error with a place, or a missing MAC', () => {
    const bytes = encodePfxSync(
      { bags: [{ kind: 'certificate', certificate: Uint8Array.of(1) }] },
      { password: 'p', iterations: 1 },
    );
    for (let length = 0; length < bytes.length; length++) {
      const fault = errorOf(() => parsePfx(bytes.subarray(0, length)));
      expect(fault.code).toMatch(/^ERR_DER_/);
      expect(fault).toHaveProperty('offset');
    }
  });

  it('any bit changed is noticed, or changes nothing that is kept', () => {
    const bytes = makePfx([sealedSafe([certBag()])]);
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 1 << (i & 7);
      expect(refusal(changed), `byte ${i}`).not.toBe('opened');
    }
  });
});

/** A shrouded key bag. */
function shrouded(craft: Parameters<typeof pbes2>[1] = {}): DerNode {
  const { algorithm, ciphertext } = pbes2(privateKeyInfo(), craft);
  return bag(BAG.SHROUDED_KEY, sequence(algorithm, octetString(ciphertext)));
}

function errorOf(run: () => unknown): KeywardError {
  try {
    run();
  } catch (fault) {
    if (fault instanceof KeywardError) return fault;
    throw fault;
  }
  throw new Error('nothing was thrown');
}

describe('hostile bytes', () => {
  const bags: NewBag[] = [
    {
      kind: 'certificate',
      certificate: Uint8Array.of(1, 2),
      friendlyName: 'name',
      localKeyId: Uint8Array.of(1),
      trusted: true,
    },
    { kind: 'shrouded-key', privateKey: privateKeyInfo() },
    { kind: 'key', privateKey: privateKeyInfo() },
    { kind: 'java-secret', secretKey: Uint8Array.of(1) },
    { kind: 'oracle-secret', alias: 'a', value: Uint8Array.of(0x61) },
    { kind: 'safe-contents', bags: [{ kind: 'crl', crl: Uint8Array.of(3) }] },
  ];
  const open = encodePfxSync({ safes: [{ bags, encrypt: false }] }, { password: PASSWORD, mac: 'none', iterations: 1 });

  it('whatever is changed in an unprotected file, it opens or is refused; nothing else happens', () => {
    const change = fc.tuple(fc.nat(open.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = open.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          using opened = parsePfx(bytes).unlockSync(PASSWORD, {
            allowMissingMac: true,
            limits: { maxTotalIterations: 1000 },
          });
          expect(opened.bags.length).toBeGreaterThanOrEqual(0);
          judgePfx(opened);
        } catch (fault) {
          expect(fault).toBeInstanceOf(KeywardError);
        }
      }),
      { numRuns: runs(1500) },
    );
  });
});
