// PBKDF2 and the PKCS#12 KDF against RFC 6070, the published PKCS#12 figures and all vector files.
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { deriveKeysSync, type HashName, type KdfJob, pbkdf2Sync, pkcs12KdfSync } from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';
import { hex, toHex } from '../support/hex.ts';
import { hasVectors, readVectorJson, readVectorText } from '../support/vectors.ts';

/** Password bytes of the PKCS#12 KDF: UTF-16BE and two zero bytes (RFC 7292 B.1). */
function bmp(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255]).concat([0, 0]));
}

// RFC 6070 section 2, without the one of 16,777,216 iterations.
test.each([
  ['password', 'salt', 1, 20, '0c60c80f961f0e71f3a9b524af6012062fe037a6'],
  ['password', 'salt', 2, 20, 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957'],
  ['password', 'salt', 4096, 20, '4b007901b765489abead49d926f721d065a429c1'],
  [
    'passwordPASSWORDpassword',
    'saltSALTsaltSALTsaltSALTsaltSALTsalt',
    4096,
    25,
    '3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038',
  ],
  ['pass\0word', 'sa\0lt', 4096, 16, '56fa6aa75548099dcc37d7f03425e0c3'],
])('RFC 6070: %j %j %i', (password, salt, iterations, length, key) => {
  expect(toHex(pbkdf2Sync('sha1', encodeUtf8(password), encodeUtf8(salt), iterations, length))).toBe(key);
});

// The "smeg" and "queeg" figures that every PKCS#12 implementation carries, and one of SHA-256 with 100 iterations.
test.each([
  ['sha1', 1, 'smeg', '0a58cf64530d823f', 1, '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3'],
  ['sha1', 2, 'smeg', '0a58cf64530d823f', 1, '79993dfe048d3b76'],
  ['sha1', 3, 'smeg', '3d83c0e4546ac140', 1, '8d967d88f6caa9d714800ab3d48051d63f73a312'],
  ['sha1', 1, 'queeg', '1682c0fc5b3f7ec5', 1000, '483dd6e919d7de2e8e648ba8f862f3fbfbdc2bcb2c02957f'],
  ['sha1', 2, 'queeg', '1682c0fc5b3f7ec5', 1000, '9d461d1b00355c50'],
] as const)('PKCS#12 KDF %s id %i %s', (name, id, password, salt, iterations, key) => {
  expect(toHex(pkcs12KdfSync(name, id, bmp(password), hex(salt), iterations, key.length / 2))).toBe(key);
});

test('no password and no salt at all are not the same as the empty ones', () => {
  const none = new Uint8Array(0);
  const derive = (password: Uint8Array, salt: Uint8Array) => toHex(pkcs12KdfSync('sha1', 3, password, salt, 10, 20));
  expect(derive(none, hex('0102030405060708'))).toBe('5935d016ea5fa8c5a217ad53a57fa705f595fb8a');
  expect(derive(none, none)).not.toBe(derive(bmp(''), none));
});

describe('arguments', () => {
  const job: KdfJob = {
    kdf: 'pbkdf2',
    hash: 'sha256',
    password: encodeUtf8('password'),
    salt: encodeUtf8('salt'),
    iterations: 1,
    lengthBytes: 32,
  };
  const refused = (change: Partial<Record<keyof KdfJob, unknown>>, code: string): void => {
    expect(() => deriveKeysSync([job, { ...job, ...change } as KdfJob])).toThrow(expect.objectContaining({ code }));
  };

  test('counts, lengths, ids and names out of range are refused before any work', () => {
    for (const iterations of [0, -1, 0.5, Number.NaN, '1', 1n]) refused({ iterations }, 'ERR_KDF_JOB');
    for (const iterations of [2 ** 31, 2 ** 32 + 1, 2 ** 53, Number.MAX_VALUE])
      refused({ iterations }, 'ERR_LIMIT_ITERATIONS');
    refused({ iterations: Number.POSITIVE_INFINITY }, 'ERR_KDF_JOB');
    for (const lengthBytes of [0, -1, 1.5, Number.NaN]) refused({ lengthBytes }, 'ERR_KDF_JOB');
    refused({ lengthBytes: 65_537 }, 'ERR_LIMIT_KDF_LENGTH');
    refused({ password: new Uint8Array(16_385) }, 'ERR_LIMIT_KDF_LENGTH');
    refused({ salt: new Uint8Array(16_385) }, 'ERR_LIMIT_KDF_LENGTH');
    refused({ kdf: 'scrypt' }, 'ERR_KDF_JOB');
    refused({ id: 1 }, 'ERR_KDF_JOB');
    for (const id of [0, 4, undefined]) refused({ kdf: 'pkcs12', id }, 'ERR_KDF_JOB');
    refused({ hash: 'md5' }, 'ERR_HASH_NAME');
    refused({ password: 'password' }, 'ERR_BYTES_TYPE');
  });

  test('the longest inputs and outputs are taken', () => {
    const long = new Uint8Array(16_384).fill(7);
    const [a, b] = deriveKeysSync([
      { ...job, hash: 'sha1', password: long, salt: long, lengthBytes: 65_536 },
      { ...job, kdf: 'pkcs12', id: 1, hash: 'sha1', password: long, salt: long, lengthBytes: 65_536 },
    ]);
    expect([a!.length, b!.length]).toEqual([65_536, 65_536]);
  });

  test('a Secret is as good as bytes', () => {
    using secret = Secret.from(job.password);
    const password = secret as unknown as Uint8Array; // the type says bytes, JavaScript says anything
    expect(deriveKeysSync([{ ...job, password }, job])).toEqual(deriveKeysSync([job, job]));
    expect(deriveKeysSync([{ ...job, kdf: 'pkcs12', id: 1, password }])).toEqual(
      deriveKeysSync([{ ...job, kdf: 'pkcs12', id: 1 }]),
    );
  });

  test('nothing in, nothing out; inputs are not changed; equal jobs get bytes of their own', () => {
    expect(deriveKeysSync([])).toEqual([]);
    const before = structuredClone(job);
    const [a, b, c] = deriveKeysSync([job, { ...job, lengthBytes: 64 }, job]);
    expect(job).toEqual(before);
    expect(a).toEqual(c);
    expect(toHex(b!.subarray(0, 32))).toBe(toHex(a!));
    a!.fill(0);
    expect(toHex(c!)).toBe('120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b');
  });
});

const NAMES: Readonly<Record<string, HashName>> = {
  'SHA-1': 'sha1',
  SHA1: 'sha1',
  sha1: 'sha1',
  SHA224: 'sha224',
  'SHA-256': 'sha256',
  SHA256: 'sha256',
  sha256: 'sha256',
  'SHA-384': 'sha384',
  SHA384: 'sha384',
  'SHA-512': 'sha512',
  SHA512: 'sha512',
  sha512: 'sha512',
  'SHA512-256': 'sha512-256',
};

interface Case {
  readonly job: KdfJob;
  readonly out: string;
}

/** Derives every case twice: each by itself, and all of the file at once (so that they share lanes). */
function check(file: string, cases: readonly Case[], skipped = ''): void {
  const together = deriveKeysSync(cases.map(({ job }) => job));
  cases.forEach(({ job, out }, i) => {
    expect(toHex(together[i]!), `${file} #${i}`).toBe(out.toLowerCase());
    if (job.iterations > 1_000_000) return; // many seconds: once is enough
    expect(toHex(deriveKeysSync([job])[0]!), `${file} #${i}`).toBe(out.toLowerCase());
  });
  console.log(`vectors ${file}: ${cases.length} run${skipped}`);
}

/** The `key = value` stanzas of OpenSSL's and Botan's files; a `[header]` becomes the key `header`. */
function stanzas(text: string): Record<string, string>[] {
  let header = '';
  return text
    .split(/\n\s*\n|\n(?=\[)|(?<=\])\n/)
    .map((block) => {
      const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      for (const line of lines) if (line.startsWith('[')) header = line.slice(1, -1);
      const pairs = lines.filter((line) => line.includes('=')).map((line) => line.split(/ *= */) as [string, string]);
      return { header, ...Object.fromEntries(pairs) } as Record<string, string>;
    })
    .filter((stanza) => Object.keys(stanza).length > 2);
}

const text = (value: string): Uint8Array => {
  if (value === 'NULL') return new Uint8Array(0);
  return value.startsWith('"') ? encodeUtf8(JSON.parse(value)) : hex(value);
};

describe.skipIf(!hasVectors())('vectors', () => {
  test.each([
    ['sha1', 'pbkdf2_hmacsha1'],
    ['sha224', 'pbkdf2_hmacsha224'],
    ['sha256', 'pbkdf2_hmacsha256'],
    ['sha384', 'pbkdf2_hmacsha384'],
    ['sha512', 'pbkdf2_hmacsha512'],
  ] as const)('PBKDF2-HMAC-%s: Wycheproof', { timeout: 300_000 }, async (name, file) => {
    interface File {
      testGroups: { tests: { password: string; salt: string; iterationCount: number; dkLen: number; dk: string }[] }[];
    }
    const { testGroups } = await readVectorJson<File>(`wycheproof/${file}_test.json`);
    const tests = testGroups.flatMap((group) => group.tests);
    expect(tests.length).toBeGreaterThanOrEqual(50);
    const cases = tests.map(({ password, salt, iterationCount, dkLen, dk }) => ({
      job: {
        kdf: 'pbkdf2',
        hash: name,
        password: hex(password),
        salt: hex(salt),
        iterations: iterationCount,
        lengthBytes: dkLen,
      } as const,
      out: dk,
    }));
    check(`wycheproof/${file}_test.json`, cases);
  });

  test('PKCS#12 KDF: OpenSSL', async () => {
    interface File {
      tests: {
        hash: string;
        bmp: string;
        salt: string;
        iterations: number;
        id: 1 | 2 | 3;
        length: number;
        out: string;
      }[];
    }
    const { tests } = await readVectorJson<File>('kdf/pkcs12kdf-openssl.json');
    const ours = tests.filter((t) => NAMES[t.hash] !== undefined);
    expect(ours.length).toBeGreaterThan(50);
    const cases = ours.map((t) => ({
      job: {
        kdf: 'pkcs12',
        hash: NAMES[t.hash]!,
        password: hex(t.bmp),
        salt: hex(t.salt),
        iterations: t.iterations,
        lengthBytes: t.length,
        id: t.id,
      } as const,
      out: t.out,
    }));
    check('kdf/pkcs12kdf-openssl.json', cases, `, ${tests.length - ours.length} of hashes outside the core`);
  });

  test('PKCS#12 KDF: Botan', async () => {
    const cases = stanzas(await readVectorText('kdf/botan-pkcs12_kdf.vec')).map((s): Case => {
      const [, name, id] = /\((.*),(\d)\)/.exec(s.header!)!;
      return {
        job: {
          kdf: 'pkcs12',
          hash: NAMES[name!]!,
          password: bmp(s.Passphrase!),
          salt: hex(s.Salt!),
          iterations: Number(s.Iterations),
          lengthBytes: s.Output!.length / 2,
          id: Number(id) as 1 | 2 | 3,
        },
        out: s.Output!,
      };
    });
    expect(cases.length).toBeGreaterThan(10);
    check('kdf/botan-pkcs12_kdf.vec', cases);
  });

  test('PKCS#12 KDF: the classic figures', async () => {
    const cases = stanzas(await readVectorText('kdf/openssl-evppbe_pkcs12.txt'))
      .filter((s) => s.PBE === 'pkcs12')
      .map((s): Case => {
        const job = { kdf: 'pkcs12', hash: NAMES[s.MD!]!, password: hex(s.Password!), salt: hex(s.Salt!) } as const;
        const id = Number(s.id) as 1 | 2 | 3;
        return { job: { ...job, iterations: Number(s.iter), lengthBytes: s.Key!.length / 2, id }, out: s.Key! };
      });
    expect(cases.length).toBe(6);
    check('kdf/openssl-evppbe_pkcs12.txt', cases);
  });

  const pbkdf2 = (name: string, password: Uint8Array, salt: Uint8Array, iterations: string, out: string): Case => ({
    job: {
      kdf: 'pbkdf2',
      hash: NAMES[name]!,
      password,
      salt,
      iterations: Number(iterations),
      lengthBytes: out.length / 2,
    },
    out,
  });

  test('PBKDF2: Botan', async () => {
    const all = stanzas(await readVectorText('kdf/botan-pbkdf2.vec'));
    const ours = all.filter((s) => s.header!.startsWith('PBKDF2(HMAC('));
    const cases = ours.map((s) =>
      pbkdf2(
        /HMAC\((.*?)\)/.exec(s.header!)![1]!,
        encodeUtf8(s.Passphrase!),
        hex(s.Salt!),
        s.Iterations!,
        // an odd number of digits: the output ends in half a byte
        s.Output!.slice(0, s.Output!.length & ~1),
      ),
    );
    expect(cases.length).toBe(14);
    check('kdf/botan-pbkdf2.vec', cases, `, ${all.length - ours.length} over a block cipher`);
  });

  test('PBKDF2: OpenSSL', async () => {
    const evpkdf = stanzas(await readVectorText('kdf/openssl-evpkdf_pbkdf2.txt')).filter((s) => s.KDF === 'PBKDF2');
    const value = (s: Record<string, string>, name: string): Uint8Array => {
      const plain = s[`Ctrl.${name}`];
      return plain === undefined ? hex(s[`Ctrl.hex${name}`]!.slice(name.length + 4)) : encodeUtf8(plain.slice(5));
    };
    const cases = evpkdf
      .filter((s) => NAMES[s['Ctrl.digest']!.slice(7)] !== undefined)
      .map((s) =>
        pbkdf2(s['Ctrl.digest']!.slice(7), value(s, 'pass'), value(s, 'salt'), s['Ctrl.iter']!.slice(5), s.Output!),
      );
    expect(cases.length).toBeGreaterThanOrEqual(18);
    const others = evpkdf.length - cases.length;
    check('kdf/openssl-evpkdf_pbkdf2.txt', cases, `, ${others} of hashes outside the core`);

    const evppbe = stanzas(await readVectorText('kdf/openssl-evppbe_pbkdf2.txt')).filter((s) => s.PBE === 'pbkdf2');
    const known = evppbe.filter((s) => NAMES[s.MD!] !== undefined);
    check(
      'kdf/openssl-evppbe_pbkdf2.txt',
      known.map((s) => pbkdf2(s.MD!, text(s.Password!), text(s.Salt!), s.iter!, s.Key!)),
      `, ${evppbe.length - known.length} of hashes outside the core`,
    );
  });

  test('PBKDF2: RFC 6070', async () => {
    const all = stanzas(await readVectorText('kdf/rfc-6070-PBKDF2-SHA1.txt')).filter((s) => s.COUNT !== undefined);
    const unquote = (value: string): Uint8Array => encodeUtf8(value.replaceAll('\\0', '\0'));
    const cases = all
      .filter((s) => Number(s.ITERATIONS) <= 5_000_000)
      .map((s) => pbkdf2('SHA1', unquote(s.PASSWORD!), unquote(s.SALT!), s.ITERATIONS!, s.DERIVED_KEY!));
    expect(cases.length).toBeGreaterThanOrEqual(4);
    check('kdf/rfc-6070-PBKDF2-SHA1.txt', cases, `, ${all.length - cases.length} of 16,777,216 iterations left out`);
  });
});
