/**
 * Every scheme that can be read: encrypted here by the room's own ciphers and derivations, which have their own tests, or by the
 * published vectors; read back from a file. And PBES2 against Wycheproof.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { loadLegacy } from '../../src/core/index.ts';
import { describeEncryption, type EncryptionInfo } from '../../src/pkcs12/algorithm.ts';
import { readAlgorithm } from '../../src/pkcs12/bag.ts';
import { decrypt, derivationsFor, encrypt, keyMaterial } from '../../src/pkcs12/cipher.ts';
import {
  type DerNode,
  derNull,
  encodeDer,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} from '../../src/pkcs12/der.ts';
import { type Derivation, runStepsSync, type Steps } from '../../src/pkcs12/derive.ts';
import { hashFacts, type Pkcs12HashName } from '../../src/pkcs12/hashes.ts';
import { loadRare, parsePfx } from '../../src/pkcs12/index.ts';
import { SCHEME } from '../../src/pkcs12/oids.ts';
import { Password } from '../../src/pkcs12/password.ts';
import { hasVectors, readVectorJson } from '../support/vectors.ts';
import { aesCbc, certBag, encryptedSafe, makePfx, PASSWORD, SALT } from './craft.ts';

beforeAll(async () => {
  await Promise.all([loadLegacy(), loadRare()]);
});

const SALT8 = SALT.subarray(0, 8);
const IV8 = SALT.subarray(4, 12);

function describeDer(node: DerNode): EncryptionInfo {
  return describeEncryption(readAlgorithm(encodeDer(node), 'algorithm'));
}

function derive(derivations: readonly Derivation[]): readonly Uint8Array<ArrayBuffer>[] {
  return runStepsSync(
    (function* (): Steps<readonly Uint8Array<ArrayBuffer>[]> {
      return yield { derive: derivations };
    })(),
  );
}

/** A file with one safe of this algorithm, encrypted by us. */
function fileUnder(node: DerNode, password: string = PASSWORD): Uint8Array {
  const { kdf, cipher, failure } = describeDer(node);
  if (kdf === null || cipher === null) throw failure;
  const form = new Password(password).form(kdf.kdf === 'pkcs12' ? 'utf16' : 'utf8');
  const material = keyMaterial(kdf, cipher, derive(derivationsFor(kdf, cipher, form)));
  return makePfx([encryptedSafe(node, encrypt(cipher, material, encodeDer(sequence(certBag()))))], { password });
}

const pkcs12Scheme = (n: number): DerNode =>
  sequence(objectIdentifier(`1.2.840.113549.1.12.1.${n}`), sequence(octetString(SALT8), integer(5)));
const pbes1Scheme = (n: number): DerNode =>
  sequence(objectIdentifier(`1.2.840.113549.1.5.${n}`), sequence(octetString(SALT8), integer(5)));
const prf = (hash: Pkcs12HashName): DerNode => sequence(objectIdentifier(hashFacts(hash).hmacOid), derNull());
const pbes2Scheme = (cipher: DerNode, hash: Pkcs12HashName = 'sha256', keyLength?: number): DerNode =>
  sequence(
    objectIdentifier(SCHEME.PBES2),
    sequence(
      sequence(
        objectIdentifier(SCHEME.PBKDF2),
        sequence(octetString(SALT), integer(5), ...(keyLength === undefined ? [] : [integer(keyLength)]), prf(hash)),
      ),
      cipher,
    ),
  );
const rc2 = (version: number | null): DerNode =>
  sequence(
    objectIdentifier('1.2.840.113549.3.2'),
    sequence(...(version === null ? [] : [integer(version)]), octetString(IV8)),
  );
const gcm = (bits: number, icv: number | null | 'bare'): DerNode => {
  const oid = objectIdentifier(`2.16.840.1.101.3.4.1.${{ 128: 6, 192: 26, 256: 46 }[bits]}`);
  const nonce = octetString(SALT.subarray(0, 12));
  return sequence(oid, icv === 'bare' ? nonce : sequence(nonce, ...(icv === null ? [] : [integer(icv)])));
};

const SCHEMES: readonly (readonly [string, DerNode])[] = [
  ['pbeWithSHAAnd128BitRC4', pkcs12Scheme(1)],
  ['pbeWithSHAAnd40BitRC4', pkcs12Scheme(2)],
  ['pbeWithSHAAnd3-KeyTripleDES-CBC', pkcs12Scheme(3)],
  ['pbeWithSHAAnd2-KeyTripleDES-CBC', pkcs12Scheme(4)],
  ['pbeWithSHAAnd128BitRC2-CBC', pkcs12Scheme(5)],
  ['pbeWithSHAAnd40BitRC2-CBC', pkcs12Scheme(6)],
  ['pbeWithMD5AndDES-CBC', pbes1Scheme(3)],
  ['pbeWithMD5AndRC2-CBC', pbes1Scheme(6)],
  ['pbeWithSHA1AndDES-CBC', pbes1Scheme(10)],
  ['pbeWithSHA1AndRC2-CBC', pbes1Scheme(11)],
  ['PBES2, AES-128-CBC, PBKDF2-HMAC-SHA-256', pbes2Scheme(aesCbc('2.16.840.1.101.3.4.1.2'))],
  ['PBES2, AES-192-CBC, PBKDF2-HMAC-SHA-256', pbes2Scheme(aesCbc('2.16.840.1.101.3.4.1.22'))],
  ['PBES2, AES-256-CBC, PBKDF2-HMAC-SHA-256', pbes2Scheme(aesCbc())],
  [
    'PBES2, DES-EDE3-CBC, PBKDF2-HMAC-SHA-256',
    pbes2Scheme(sequence(objectIdentifier('1.2.840.113549.3.7'), octetString(IV8))),
  ],
  ['PBES2, DES-CBC, PBKDF2-HMAC-SHA-256', pbes2Scheme(sequence(objectIdentifier('1.3.14.3.2.7'), octetString(IV8)))],
  ...[160, 120, 58, 256, 1024, null].map((v) => ['PBES2, RC2-CBC, PBKDF2-HMAC-SHA-256', pbes2Scheme(rc2(v))] as const),
  ['PBES2, RC2-CBC, PBKDF2-HMAC-SHA-256', pbes2Scheme(rc2(58), 'sha256', 5)],
  ...[128, 192, 256].flatMap((bits) =>
    ([12, 13, 14, 15, 16, null, 'bare'] as const).map(
      (icv) => [`PBES2, AES-${bits}-GCM, PBKDF2-HMAC-SHA-256`, pbes2Scheme(gcm(bits, icv))] as const,
    ),
  ),
  ...(
    [
      'sha1',
      'sha224',
      'sha384',
      'sha512',
      'sha512-224',
      'sha512-256',
      'md5',
      'sha3-224',
      'sha3-256',
      'sha3-384',
      'sha3-512',
    ] as const
  ).map((hash) => [`PBES2, AES-256-CBC, PBKDF2-HMAC-${hashFacts(hash).title}`, pbes2Scheme(aesCbc(), hash)] as const),
];

describe('every scheme', () => {
  it.each(SCHEMES)('%s', async (name, node) => {
    const bytes = fileUnder(node);
    const pfx = parsePfx(bytes);
    expect(pfx.safes[0]?.encryption).toMatchObject({ name, failure: null });
    using opened = await pfx.unlock(PASSWORD);
    expect(opened.bags).toMatchObject([{ kind: 'certificate', certificate: Uint8Array.of(1, 2, 3) }]);
    expect(() => parsePfx(bytes).unlockSync('other')).toThrow('wrong password');
  });

  it('a changed authentication value of GCM, of any length, is a wrong password', () => {
    for (const icv of [12, 16]) {
      const { cipher } = describeDer(pbes2Scheme(gcm(256, icv)));
      const material = { key: new Uint8Array(32), iv: cipher!.iv! };
      const data = encrypt(cipher!, material, Uint8Array.of(1, 2, 3));
      expect(data).toHaveLength(3 + icv);
      expect(decrypt(cipher!, material, data)).toEqual(Uint8Array.of(1, 2, 3));
      for (let i = 0; i < data.length; i++) {
        const changed = data.slice();
        changed[i]! ^= 0x10;
        expect(() => decrypt(cipher!, material, changed)).toThrow('wrong password');
      }
      expect(() => decrypt(cipher!, material, data.subarray(0, icv - 1))).toThrow('wrong password');
    }
  });

  it('parameters of GCM and RC2 that are not allowed', () => {
    for (const node of [gcm(256, 11), gcm(256, 17), rc2(56), rc2(0), rc2(2000)]) {
      expect(describeDer(pbes2Scheme(node)).failure).not.toBeNull();
    }
  });
});

interface PbeGroups {
  readonly testGroups: readonly {
    readonly tests: readonly {
      readonly tcId: number;
      readonly password: string;
      readonly salt: string;
      readonly iterationCount: number;
      readonly iv: string;
      readonly msg: string;
      readonly ct: string;
      readonly result: string;
    }[];
  }[];
}

const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16));

describe.skipIf(!hasVectors())('vectors wycheproof/pbes2', () => {
  const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
  const cases = hashes.flatMap((hash) => ([128, 192, 256] as const).map((bits) => ({ hash, bits })));

  it.each(cases)('hmac$hash aes $bits', async ({ hash, bits }) => {
    const path = `wycheproof/pbes2_hmac${hash}_aes_${bits}_test.json`;
    const { testGroups } = await readVectorJson<PbeGroups>(path);
    const tests = testGroups.flatMap((group) => group.tests);
    const infos = tests.map((test) => {
      const parameters = sequence(octetString(fromHex(test.salt)), integer(test.iterationCount), prf(hash));
      const kdf = sequence(objectIdentifier(SCHEME.PBKDF2), parameters);
      const oid = { 128: '2.16.840.1.101.3.4.1.2', 192: '2.16.840.1.101.3.4.1.22', 256: '2.16.840.1.101.3.4.1.42' }[
        bits
      ];
      return describeDer(sequence(objectIdentifier(SCHEME.PBES2), sequence(kdf, aesCbc(oid, fromHex(test.iv)))));
    });
    const keys = derive(
      infos.flatMap(({ kdf, cipher }, i) => derivationsFor(kdf!, cipher!, fromHex(tests[i]!.password))),
    );
    for (const [i, test] of tests.entries()) {
      const { kdf, cipher } = infos[i]!;
      const material = keyMaterial(kdf!, cipher!, [keys[i]!]);
      if (test.result === 'invalid')
        expect(() => decrypt(cipher!, material, fromHex(test.ct))).toThrow('wrong password');
      else {
        expect(formatHex(decrypt(cipher!, material, fromHex(test.ct))), `tcId ${test.tcId}`).toBe(test.msg);
        expect(formatHex(encrypt(cipher!, material, fromHex(test.msg)))).toBe(test.ct);
      }
    }
    console.log(`vectors ${path}: ${tests.length} run`);
  });
});
