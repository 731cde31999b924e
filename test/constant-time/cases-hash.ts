/** Hashes, MACs, derivations and comparison under the constant-time lane. Layer: test only. */
import type { HashName } from '../../src/core/index.ts';
import { type Case, mustBe, publicBytes, publicLength, turn, type Verdict } from './cases.ts';

const HASHES: readonly HashName[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-224', 'sha512-256'];

export const HASH_CASES: readonly Case[] = [
  ...HASHES.map(
    (name): Case => ({
      name: `hash ${name}`,
      drives: ['hash'],
      prepare: (core, secrets, pair) => {
        const message = secrets.bytes(publicLength(pair, 70_000));
        return () => core.hash(name, message);
      },
    }),
  ),
  ...HASHES.map(
    (name): Case => ({
      name: `hmac ${name}`,
      drives: ['hmac'],
      prepare: (core, secrets, pair) => {
        const key = secrets.bytes(turn([0, 16, 20, 32, 63, 64, 65, 128, 129, 200], pair));
        const text = secrets.bytes(publicLength(pair, 70_000));
        return () => core.hmac(name, key, text);
      },
    }),
  ),
  {
    name: 'hkdf, every hash',
    drives: ['hkdf'],
    prepare: (core, secrets, pair) => {
      const key = secrets.bytes(turn([0, 16, 32, 33, 100], pair));
      const saltBytes = secrets.bytes(turn([0, 16, 32], pair));
      const info = publicBytes(pair % 20);
      return () => core.hkdf(turn(HASHES, pair), { key, salt: saltBytes, info, lengthBytes: 1 + ((pair * 5) % 150) });
    },
  },
  ...HASHES.map(
    (name): Case => ({
      name: `pbkdf2 ${name}`,
      drives: ['pbkdf2Sync'],
      prepare: (core, secrets, pair) => {
        const password = secrets.bytes(turn([0, 1, 8, 16, 64, 65, 130], pair));
        // More than one block takes the SIMD lanes where the hash has them.
        return () => core.pbkdf2Sync(name, password, publicBytes(16), 1 + (pair % 5), turn([16, 32, 48, 150], pair));
      },
    }),
  ),
  ...HASHES.map(
    (name): Case => ({
      name: `pkcs12 kdf ${name}`,
      drives: ['pkcs12KdfSync'],
      prepare: (core, secrets, pair) => {
        const password = secrets.bytes(turn([0, 2, 10, 22, 66, 128], pair));
        const id = turn([1, 2, 3] as const, pair);
        return () =>
          core.pkcs12KdfSync(name, id, password, publicBytes(8), 1 + (pair % 6), turn([8, 20, 24, 32, 100], pair));
      },
    }),
  ),
  {
    name: 'jobs of both KDFs mixed in lanes',
    drives: ['deriveKeysSync'],
    prepare: (core, secrets, pair) => {
      const hash = turn(['sha1', 'sha224', 'sha256'] as const, pair);
      const job = (n: number) => ({
        hash,
        password: secrets.bytes(12),
        salt: publicBytes(8 + n),
        iterations: 2 + ((pair + n) % 4),
        lengthBytes: 32,
        ...(n % 2 === 0 ? { kdf: 'pbkdf2' as const } : { kdf: 'pkcs12' as const, id: turn([1, 2, 3] as const, n) }),
      });
      const jobs = Array.from({ length: 2 + (pair % 5) }, (_, n) => job(n));
      return () => core.deriveKeysSync(jobs);
    },
  },
  {
    name: 'equalSecretBytes, the same',
    drives: ['equalSecretBytes'],
    prepare: (core, secrets, pair) => {
      const a = secrets.bytes(publicLength(pair, 70_000));
      const b = new Uint8Array(a);
      return () => mustBe(true, core.equalSecretBytes(a, b));
    },
  },
  {
    name: 'equalSecretBytes, different anywhere',
    drives: ['equalSecretBytes'],
    prepare: (core, secrets, pair) => {
      const a = secrets.bytes(1 + publicLength(pair, 70_000));
      const b = secrets.changed(a);
      return () => mustBe(false, core.equalSecretBytes(a, b));
    },
  },
];

export const HASH_VERDICTS: readonly Verdict[] = [
  {
    name: 'equalSecretBytes: the same, or not',
    site: null,
    outcomes: [
      (core, secrets, pair) => {
        const a = secrets.bytes(1 + publicLength(pair));
        return () => mustBe(true, core.equalSecretBytes(a, a));
      },
      (core, secrets, pair) => {
        const a = secrets.bytes(1 + publicLength(pair));
        const b = secrets.changed(a);
        return () => mustBe(false, core.equalSecretBytes(a, b));
      },
    ],
  },
];
