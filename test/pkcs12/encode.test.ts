/** Writing: every profile and option reads back as it was given, what a rewrite does not touch stays byte for byte, and keys are kept. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8, formatHex } from '../../src/bytes.ts';
import { DerCursor } from '../../src/core/index.ts';
import { KeywardError } from '../../src/errors.ts';
import {
  type Bag,
  type BagInput,
  type EncodeSyncOptions,
  encodePfx,
  encodePfxSync,
  loadRare,
  type NewBag,
  type PfxContents,
  parsePfx,
  sealPfx,
  sealPfxSync,
} from '../../src/pkcs12/index.ts';
import { Secret } from '../../src/secret.ts';
import { costsAtMost } from '../support/cost.ts';
import { runs } from '../support/runs.ts';
import { privateKeyInfo } from './craft.ts';

const PASSWORD = 'correct horse';
const KEY = privateKeyInfo();
const CERTIFICATE = Uint8Array.from({ length: 40 }, (_, i) => i);
const MASTER_KEY = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
const ID = Uint8Array.of(1, 2, 3, 4);

const BAGS: readonly NewBag[] = [
  { kind: 'certificate', certificate: CERTIFICATE, friendlyName: 'Zertifikat 🔑', localKeyId: ID, trusted: true },
  { kind: 'shrouded-key', privateKey: KEY, friendlyName: 'server', localKeyId: ID },
  { kind: 'key', privateKey: Secret.from(KEY) },
  { kind: 'java-secret', secretKey: MASTER_KEY, friendlyName: 'mk' },
  { kind: 'java-secret', secretKey: Uint8Array.of(1), algorithm: '1.2.840.113549.2.9' },
  { kind: 'oracle-secret', alias: 'ORACLE.SECURITY.DB.ENCRYPTION.MASTERKEY', value: encodeUtf8('AbC'), localKeyId: ID },
  { kind: 'other-secret', secretType: '1.3.6.1.4.1.99999.1', value: Uint8Array.of(4, 1, 9) },
  { kind: 'crl', crl: Uint8Array.of(0x30, 0) },
  {
    kind: 'unknown',
    bagId: '1.2.3.4',
    value: Uint8Array.of(5, 0),
    attributes: [{ oid: '1.2.3', values: [Uint8Array.of(2, 1, 7)] }],
  },
  { kind: 'safe-contents', bags: [{ kind: 'shrouded-key', privateKey: KEY, friendlyName: 'inner' }] },
];

/** A bag as what one would give to write it. */
function plain(bag: Bag): unknown {
  const { friendlyName, localKeyId } = bag;
  const base = { friendlyName, id: localKeyId && formatHex(localKeyId), trusted: bag.trustedUsages };
  switch (bag.kind) {
    case 'key':
    case 'shrouded-key':
      return { ...base, kind: bag.kind, key: bag.privateKey && formatHex(bag.privateKey.der.expose()) };
    case 'certificate':
      return { ...base, kind: bag.kind, value: formatHex(bag.certificate) };
    case 'crl':
      return { ...base, kind: bag.kind, value: formatHex(bag.crl) };
    case 'java-secret':
      return { ...base, kind: bag.kind, type: bag.secretKey?.algorithm, key: formatHex(bag.secretKey!.bytes.expose()) };
    case 'oracle-secret':
      return { ...base, kind: bag.kind, alias: bag.alias, value: formatHex(bag.value.expose()) };
    case 'other-secret':
      return { ...base, kind: bag.kind, type: bag.secretType, value: formatHex(bag.value.expose()) };
    case 'unknown':
      return { ...base, kind: bag.kind, type: bag.bagId, value: formatHex(bag.value.expose()) };
    case 'safe-contents':
      return { ...base, kind: bag.kind, bags: bag.bags.map(plain) };
  }
}

const hexOf = (bytes: Uint8Array | Secret): string => formatHex(bytes instanceof Secret ? bytes.expose() : bytes);

/** The same for what was given. */
function given(bag: NewBag): unknown {
  const base = {
    friendlyName: bag.friendlyName ?? null,
    id: bag.localKeyId === undefined ? null : formatHex(bag.localKeyId),
    trusted: bag.trusted ? ['2.5.29.37.0'] : null,
  };
  switch (bag.kind) {
    case 'key':
    case 'shrouded-key':
      return { ...base, kind: bag.kind, key: hexOf(bag.privateKey) };
    case 'certificate':
      return { ...base, kind: bag.kind, value: formatHex(bag.certificate) };
    case 'crl':
      return { ...base, kind: bag.kind, value: formatHex(bag.crl) };
    case 'java-secret':
      return { ...base, kind: bag.kind, type: bag.algorithm ?? '2.16.840.1.101.3.4.1', key: hexOf(bag.secretKey) };
    case 'oracle-secret':
      return { ...base, kind: bag.kind, alias: bag.alias, value: hexOf(bag.value) };
    case 'other-secret':
      return { ...base, kind: bag.kind, type: bag.secretType, value: hexOf(bag.value) };
    case 'unknown':
      return { ...base, kind: bag.kind, type: bag.bagId, value: hexOf(bag.value) };
    case 'safe-contents':
      return { ...base, kind: bag.kind, bags: bag.bags.map((b) => given(b as NewBag)) };
  }
}

const ofKind = (bag: { readonly kind: string }): string => bag.kind;
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

async function roundTrip(contents: PfxContents, options: EncodeSyncOptions) {
  const bytes = await encodePfx(contents, options);
  using opened = await parsePfx(bytes).unlock(options.password ?? null, {
    ...(options.macPassword !== undefined && { macPassword: options.macPassword }),
    allowMissingMac: options.mac === 'none',
  });
  expect(opened.quirks).toEqual([]);
  expect(DerCursor.over(bytes).readSequence().readInteger()).toBe(3n);
  return opened.safes.flatMap((safe) => safe.bags ?? []).map(plain);
}

describe('profiles', () => {
  it.each(['modern', 'pbmac1', 'oracle', 'java', 'legacy'] as const)(
    '%s: every kind of bag reads back as given',
    async (profile) => {
      const read = await roundTrip({ bags: BAGS }, { password: PASSWORD, profile, iterations: 3 });
      expect(read.sort(byText)).toEqual(BAGS.map(given).sort(byText));
    },
  );

  it('say what they do', () => {
    const facts = (profile: 'modern' | 'pbmac1' | 'oracle' | 'java') => {
      const bytes = encodePfxSync({ bags: BAGS.slice(0, 2) }, { password: PASSWORD, profile, iterations: 7 });
      const { mac, safes } = parsePfx(bytes);
      return [
        mac?.name,
        mac?.macData.macSalt.length,
        ...safes.map((s) => [s.kind, s.encryption?.name, s.encryption?.kdf?.salt.length]),
      ];
    };
    const pbes2 = 'PBES2, AES-256-CBC, PBKDF2-HMAC-SHA-256';
    const open = ['data', undefined, undefined];
    expect(facts('modern')).toEqual(['HMAC-SHA-256 under the PKCS#12 KDF', 16, ['encrypted', pbes2, 16], open]);
    expect(facts('pbmac1')).toEqual(['PBMAC1, HMAC-SHA-256, PBKDF2-HMAC-SHA-256', 8, ['encrypted', pbes2, 16], open]);
    expect(facts('oracle')).toEqual(['HMAC-SHA-1 under the PKCS#12 KDF', 8, ['encrypted', pbes2, 8]]);
    expect(facts('java')).toEqual(['HMAC-SHA-256 under the PKCS#12 KDF', 20, ['encrypted', pbes2, 20], open]);
  });

  it('iterations where none are given: 600,000 and 10,000', () => {
    const iterations = (profile: 'modern' | 'oracle' | 'java') => {
      const bytes = encodePfxSync({ bags: [] }, { password: '', profile });
      return parsePfx(bytes).mac?.macData.iterations;
    };
    expect([iterations('modern'), iterations('oracle'), iterations('java')]).toEqual([600_000, 10_000, 10_000]);
  });

  it('an Oracle wallet has the size of a real one', () => {
    // Published sizes of auto-login wallets (270 bytes when empty, …) less the 45 bytes before the PFX.
    const options = { password: 'x', profile: 'oracle' } as const;
    expect(encodePfxSync({ bags: [] }, options)).toHaveLength(270 - 45);
    const secret = (length: number): NewBag => ({
      kind: 'oracle-secret',
      alias: 'dbtools.database.password.base64',
      value: new Uint8Array(length).fill(0x41),
      localKeyId: new Uint8Array(24),
    });
    for (const [length, size] of [
      [0, 391],
      [4, 391],
      [24, 409],
      [32, 426],
      [40, 426],
      [1368, 1771],
    ] as const) {
      expect(encodePfxSync({ bags: [secret(length)] }, options)).toHaveLength(size - 45);
    }
  });
});

describe('options', () => {
  const contents = { bags: BAGS };
  const sorted = BAGS.map(given).sort(byText);

  it.each([
    'aes-128-cbc',
    'aes-192-cbc',
    'aes-256-cbc',
    'aes-128-gcm',
    'aes-192-gcm',
    'aes-256-gcm',
    '3des-cbc',
    'pkcs12-3des',
  ] as const)('cipher %s', async (cipher) => {
    expect((await roundTrip(contents, { password: PASSWORD, cipher, iterations: 3 })).sort(byText)).toEqual(sorted);
  });

  it.each([
    'sha1',
    'sha224',
    'sha256',
    'sha384',
    'sha512',
    'sha512-224',
    'sha512-256',
    'sha3-224',
    'sha3-256',
    'sha3-384',
    'sha3-512',
    'md5',
  ] as const)('PRF and MAC over %s, PBMAC1 too', async (hash) => {
    const options = { password: PASSWORD, prf: hash, macHash: hash, iterations: 3 } as const;
    expect((await roundTrip(contents, options)).sort(byText)).toEqual(sorted);
    const tooShort = hash === 'md5'; // 16 bytes are no PBMAC1 key
    const pbmac1 = roundTrip(contents, { ...options, mac: 'pbmac1' }).then((read) => read.sort(byText));
    if (tooShort) await expect(pbmac1).rejects.toMatchObject({ code: 'ERR_PBMAC1_KEY_LENGTH' });
    else expect(await pbmac1).toEqual(sorted);
  });

  it('scrypt', async () => {
    const scrypt = { n: 16, r: 2, p: 1 };
    expect((await roundTrip(contents, { password: PASSWORD, scrypt, iterations: 3 })).sort(byText)).toEqual(sorted);
  });

  it('the default PRF, HMAC-SHA-1, is left out, and 1 iteration of the MAC too', () => {
    const size = (options: EncodeSyncOptions) =>
      encodePfxSync({ bags: [BAGS[0]!] }, { password: '', iterations: 2, ...options }).length;
    expect(size({ prf: 'sha256' }) - size({ prf: 'sha1' })).toBe(14);
    expect(size({ iterations: 2 }) - size({ iterations: 1 })).toBe(3);
  });

  it('no MAC, nothing encrypted: only when asked', async () => {
    const bags = BAGS.slice(0, 1);
    const bytes = encodePfxSync({ bags }, { mac: 'none', encrypt: false });
    const pfx = parsePfx(bytes);
    expect(pfx).toMatchObject({ integrity: 'none', cost: { iterations: 0 } });
    expect(pfx.safes[0]?.bags?.map(plain)).toEqual(bags.map(given));
    expect(() => encodePfxSync({ bags }, {})).toThrow(KeywardError);
    expect(() => encodePfxSync({ bags }, { mac: 'none' })).toThrow('needs a key');
    expect(() => encodePfxSync({ bags }, { encrypt: false })).toThrow('the MAC needs a key');
  });

  it('a password of its own for the MAC', async () => {
    const options = { password: PASSWORD, macPassword: 'other', iterations: 3 };
    expect((await roundTrip(contents, options)).sort(byText)).toEqual(sorted);
    const bytes = encodePfxSync(contents, options);
    expect(() => parsePfx(bytes).unlockSync(PASSWORD)).toThrow('wrong password');
    expect(() => parsePfx(bytes).unlockSync('other')).toThrow('wrong password');
    expect(() => parsePfx(bytes).unlockSync('wrong', { macPassword: 'other' })).toThrow('wrong password');
  });

  it('unknown ones are refused', () => {
    const write = (options: object) => () => encodePfxSync({ bags: [] }, { password: '', iterations: 1, ...options });
    expect(write({ iteration: 1 })).toThrow('unknown option "iteration"');
    expect(write({ profile: 'best' })).toThrow('unknown profile');
    expect(() =>
      encodePfxSync({ bags: BAGS }, { password: '', iterations: 1, cipher: 'rot13' as 'aes-128-cbc' }),
    ).toThrow('unknown cipher');
    expect(write({ saltBytes: 7 })).toThrow('saltBytes');
    expect(() =>
      encodePfxSync({ bags: [{ kind: 'no' } as unknown as NewBag] }, { password: '', iterations: 1 }),
    ).toThrow('unknown kind of bag');
    expect(() =>
      encodePfxSync({ bags: [{ kind: 'key', privateKey: Uint8Array.of(1) }] }, { password: '', iterations: 1 }),
    ).toThrow(KeywardError);
  });

  it('randomness comes in as an argument: the same gives the same file', () => {
    const counter = () => {
      let n = 0;
      return (length: number) => Uint8Array.from({ length }, () => n++);
    };
    const options = () => ({ password: PASSWORD, iterations: 2, random: counter() });
    expect(encodePfxSync(contents, options())).toEqual(encodePfxSync(contents, options()));
    expect(encodePfxSync(contents, { password: PASSWORD, iterations: 2 })).not.toEqual(
      encodePfxSync(contents, options()),
    );
  });

  it('every salt and IV is its own', () => {
    const bags: NewBag[] = Array.from({ length: 5 }, () => ({ kind: 'java-secret', secretKey: MASTER_KEY }));
    const pfx = parsePfx(encodePfxSync({ bags: [...bags, BAGS[0]!] }, { password: '', iterations: 2 }));
    const salts = [
      pfx.mac!.macData.macSalt,
      ...pfx.safes
        .flatMap((s) => [s.encryption, ...(s.bags ?? []).map((b) => (b.kind === 'java-secret' ? b.encryption : null))])
        .flatMap((e) => e?.kdf?.salt ?? []),
    ];
    expect(new Set(salts.map(formatHex)).size).toBe(7);
  });
});

describe('one salt for all bags, when asked', () => {
  it('opens at the cost of one derivation for all of them', () => {
    const bags: NewBag[] = Array.from({ length: 20 }, () => ({ kind: 'java-secret', secretKey: MASTER_KEY }));
    const cost = (bagSalts: 'own' | 'shared') =>
      parsePfx(encodePfxSync({ bags }, { password: '', iterations: 5, bagSalts })).cost.iterations;
    expect([cost('own'), cost('shared')]).toEqual([21 * 5, 2 * 5]);
  });
});

describe('no writer makes a file that our own default limits refuse', () => {
  it('too many iterations', () => {
    expect(() => encodePfxSync({ bags: [] }, { password: '', iterations: 5_000_001 })).toThrow('iterations');
    expect(() => encodePfxSync({ bags: [] }, { password: '', iterations: 0 })).toThrow('iterations');
  });

  it('many keys: when their own salts would cost readers too much, new bags share one, with IVs of their own', () => {
    const bags: NewBag[] = Array.from({ length: 50 }, () => ({ kind: 'java-secret', secretKey: MASTER_KEY }));
    const bytes = encodePfxSync({ bags }, { password: '', iterations: 400_001 });
    const pfx = parsePfx(bytes);
    expect(pfx.cost.iterations).toBe(2 * 400_001);
    const encryptions = pfx.safes[0]!.bags!.map((b) => (b.kind === 'java-secret' ? b.encryption : null));
    expect(new Set(encryptions.map((e) => formatHex(e!.cipher!.iv!))).size).toBe(50);
    expect(new Set(encryptions.map((e) => formatHex(e!.kdf!.salt))).size).toBe(1);
  });

  it('what is too costly all the same', () => {
    const safes = Array.from({ length: 5 }, () => ({ bags: [BAGS[0]!] }));
    expect(() => encodePfxSync({ safes }, { password: '', iterations: 4_000_000 })).toThrow('readers of this file');
  });

  it('scrypt that takes too much memory', () => {
    const scrypt = { n: 2 ** 19, r: 8, p: 1 };
    const write = () => encodePfxSync({ bags: [BAGS[0]!] }, { password: '', iterations: 1, scrypt });
    expect(write).toThrow(expect.objectContaining({ code: 'ERR_LIMIT_SCRYPT_MEMORY' }));
    expect(() =>
      encodePfxSync({ bags: [BAGS[0]!] }, { password: '', iterations: 1, scrypt: { n: 3, r: 8, p: 1 } }),
    ).toThrow('RFC 7914');
  });

  it('nested too deep', () => {
    let nested: NewBag = BAGS[0]!;
    for (let i = 0; i < 20; i++) nested = { kind: 'safe-contents', bags: [nested] };
    expect(() => encodePfxSync({ bags: [nested] }, { password: '', iterations: 1 })).toThrow(KeywardError);
    expect(() => encodePfxSync({ bags: [nested] }, { mac: 'none', encrypt: false })).toThrow(KeywardError);
  });
});

describe('rewriting with a session', () => {
  const open = (bytes: Uint8Array, password = PASSWORD) => parsePfx(bytes).unlockSync(password);
  const ders = (bags: readonly Bag[]): string[] => bags.map((bag) => formatHex(bag.der.expose()));
  const original = encodePfxSync(
    { safes: [{ bags: BAGS }, { bags: [BAGS[1]!, BAGS[3]!], encrypt: false }] },
    { password: PASSWORD, iterations: 3 },
  );

  it('untouched, a file stays as it is, IVs included', () => {
    using opened = open(original);
    expect(opened.session.isFree).toBe(true);
    expect(encodePfxSync({ safes: opened.safes }, { session: opened.session })).toEqual(original);
  });

  it('costs no derivation, and takes fresh IVs under the same salt', () => {
    using opened = open(original);
    const [first, second] = opened.safes as [(typeof opened.safes)[0], (typeof opened.safes)[0]];
    const bytes = costsAtMost(1000, () =>
      encodePfxSync({ safes: [{ like: first!, bags: first!.bags! }, second!] }, { session: opened.session }),
    );
    using again = open(bytes);
    expect(again.safes[0]!.encryption!.kdf).toEqual(first!.encryption!.kdf);
    expect(again.safes[0]!.encryption!.cipher!.iv).not.toEqual(first!.encryption!.cipher!.iv);
    expect(ders(again.bags)).toEqual(ders(opened.bags));
    expect(again.pfx.mac!.macData).toEqual(opened.pfx.mac!.macData);
  });

  it.each([
    [
      'added',
      (bags: readonly Bag[]): BagInput[] => [...bags, { kind: 'oracle-secret', alias: 'new', value: encodeUtf8('x') }],
      (i: number) => i,
    ],
    [
      'replaced',
      (bags: readonly Bag[]): BagInput[] =>
        bags.map((b, i) => (i === 5 ? { kind: 'oracle-secret', alias: 'new', value: encodeUtf8('x') } : b)),
      (i: number) => (i === 5 ? -1 : i),
    ],
    [
      'removed',
      (bags: readonly Bag[]): BagInput[] => bags.filter((_, i) => i !== 5),
      (i: number) => (i < 5 ? i : i === 5 ? -1 : i - 1),
    ],
  ])('one entry %s: the others stay byte for byte', (_, change, placeOf) => {
    using opened = open(original);
    const [first, second] = opened.safes;
    const bytes = encodePfxSync(
      { safes: [{ like: first!, bags: change(first!.bags!) }, second!] },
      { session: opened.session },
    );
    using again = open(bytes);
    expect(again.safes[1]!.der).toEqual(second!.der);
    for (const [i, bag] of first!.bags!.entries()) {
      const place = placeOf(i);
      if (place >= 0) expect(again.safes[0]!.bags![place]!.der.expose()).toEqual(bag.der.expose());
    }
  });

  it('new encrypted bags take the key of the old ones', () => {
    using opened = open(original);
    const safes = [
      ...opened.safes,
      { bags: [{ kind: 'java-secret', secretKey: MASTER_KEY, friendlyName: 'second' } as const], encrypt: false },
    ];
    using again = open(encodePfxSync({ safes }, { session: opened.session }));
    expect(again.pfx.cost).toMatchObject({ iterations: parsePfx(original).cost.iterations });
    expect(again.bags.at(-1)).toMatchObject({ kind: 'java-secret', friendlyName: 'second' });
  });

  it('sealPfx keeps the keys of a new file for the next write', async () => {
    const first = await sealPfx({ bags: BAGS }, { password: PASSWORD, iterations: 3 });
    const second = sealPfxSync({ bags: BAGS.slice(0, 4) }, { session: first.session });
    first.session.dispose();
    const third = encodePfxSync({ bags: BAGS.slice(0, 5) }, { session: second.session });
    second.session.dispose();
    using opened = open(third);
    expect(opened.bags.map(ofKind)).toEqual(['certificate', 'key', 'shrouded-key', 'java-secret', 'java-secret']);
    expect(parsePfx(third).mac!.macData).toEqual(parsePfx(first.bytes).mac!.macData);
    expect(() => encodePfxSync({ bags: [] }, { session: first.session })).toThrow('disposed');
  });

  it('another version of the file opens with the keys at hand; a bag under a salt of its own stays closed', () => {
    using opened = open(original);
    const own = encodePfxSync({ bags: [BAGS[3]!] }, { password: PASSWORD, iterations: 3 });
    using foreign = open(own);
    const safes = [...opened.safes, { bags: foreign.bags, encrypt: false }];
    const next = parsePfx(encodePfxSync({ safes }, { session: opened.session }));
    using again = next.reopen(opened.session);
    expect(ders(again.bags.slice(0, -1))).toEqual(ders(opened.bags));
    expect(again.bags.slice(0, -1).map(plain)).toEqual(opened.bags.map(plain));
    expect(again.bags.at(-1)).toMatchObject({ kind: 'java-secret', secretKey: null, failure: null });
    expect(() => parsePfx(own).reopen(opened.session)).toThrow('wrong password');
    using second = again.pfx.reopen(again.session);
    expect(second.bags).toHaveLength(again.bags.length);
  });

  it('PKCS#12-PBE safes get a new salt at every rewrite', async () => {
    const bytes = await encodePfx({ bags: BAGS.slice(5) }, { password: PASSWORD, profile: 'legacy', iterations: 3 });
    using opened = open(bytes);
    expect(opened.session.isFree).toBe(false);
    const [first] = opened.safes;
    using again = open(encodePfxSync({ safes: [{ like: first!, bags: first!.bags! }] }, { session: opened.session }));
    expect(again.safes[0]!.encryption!.oid).toBe(first!.encryption!.oid);
    expect(again.safes[0]!.encryption!.kdf!.salt).not.toEqual(first!.encryption!.kdf!.salt);
    expect(ders(again.bags)).toEqual(ders(opened.bags));
  });

  it('a new password makes everything new, and leaves the contents', () => {
    using opened = open(original);
    const bytes = encodePfxSync({ safes: opened.safes }, { password: 'new', iterations: 4 });
    expect(() => open(bytes)).toThrow('wrong password');
    using again = open(bytes, 'new');
    expect(again.bags.map(plain)).toEqual(opened.bags.map(plain));
    expect(again.iterations).toBeGreaterThan(0);
    for (const bag of again.bags) {
      if (bag.kind === 'shrouded-key' || bag.kind === 'java-secret')
        expect(bag.encryption.kdf).toMatchObject({ iterations: 4 });
    }
  });

  it('what was not opened cannot be put under a new password, but stays in a rewrite', () => {
    const opened = parsePfx(original).unlockSync(PASSWORD, { select: 'none' });
    expect(() => encodePfxSync({ safes: opened.safes }, { password: 'new', iterations: 4 })).toThrow('was not opened');
    expect(encodePfxSync({ safes: opened.safes }, { session: opened.session })).toEqual(original);
    opened.dispose();
  });
});

describe('properties', () => {
  const attributes = fc.record(
    { friendlyName: fc.string({ unit: 'binary', maxLength: 12 }), localKeyId: fc.uint8Array({ maxLength: 24 }) },
    { requiredKeys: [] },
  );
  const bytes = fc.uint8Array({ maxLength: 80 });
  const leaf: fc.Arbitrary<NewBag> = fc.oneof(
    fc.tuple(attributes, bytes).map(([a, certificate]): NewBag => ({ ...a, kind: 'certificate', certificate })),
    fc
      .tuple(attributes, bytes)
      .map(([a, key]): NewBag => ({ ...a, kind: 'shrouded-key', privateKey: privateKeyInfo(key) })),
    fc.tuple(attributes, bytes).map(([a, key]): NewBag => ({ ...a, kind: 'key', privateKey: privateKeyInfo(key) })),
    fc.tuple(attributes, bytes).map(([a, secretKey]): NewBag => ({ ...a, kind: 'java-secret', secretKey })),
    fc
      .tuple(attributes, fc.string({ unit: 'grapheme' }), bytes)
      .map(([a, alias, value]): NewBag => ({ ...a, kind: 'oracle-secret', alias, value })),
  );
  const bag: fc.Arbitrary<NewBag> = fc.oneof(
    { weight: 5, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }).map((bags): NewBag => ({ kind: 'safe-contents', bags })) },
  );
  const safes = fc.array(fc.record({ bags: fc.array(bag, { maxLength: 4 }), encrypt: fc.boolean() }), { maxLength: 4 });
  const password = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constant(null),
    fc.uint8Array({ maxLength: 8 }),
  );

  it('contents survive write and read, under any password', () => {
    fc.assert(
      fc.property(safes, password, fc.constantFrom('modern', 'oracle', 'java', 'pbmac1'), (given_, word, profile) => {
        const file = encodePfxSync({ safes: given_ }, { password: word, profile, iterations: 1 });
        using opened = parsePfx(file).unlockSync(word);
        const expected = given_.map((safe) => ({ encrypted: safe.encrypt, bags: safe.bags.map(given) }));
        const read = opened.safes.map((safe) => ({
          encrypted: safe.kind === 'encrypted',
          bags: safe.bags!.map(plain),
        }));
        expect(read).toEqual(expected);
        expect(encodePfxSync({ safes: opened.safes }, { session: opened.session })).toEqual(file);
      }),
      { numRuns: runs(60) },
    );
  });

  it('synchronous calls say what to load', async () => {
    const file = await encodePfx({ bags: [BAGS[0]!] }, { password: '', iterations: 1, macHash: 'sha3-256' });
    await loadRare(['sha3']);
    parsePfx(file).unlockSync('').dispose();
  });
});
