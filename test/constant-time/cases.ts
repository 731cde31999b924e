/**
 * What the constant-time lane runs: every keyed operation of the core's door. `prepare` draws secrets and makes what is
 * needed untraced (a valid wrapped key, say); the function it returns is traced, and may run many times. Whatever is
 * public (lengths, counts, names, which key of a batch is bad) depends on the pair's number only. Layer: test only.
 */
import type { HashName } from '../../src/core/index.ts';
import type { Secrets } from './secrets.ts';

/** The door of the core room, as loaded over the instrumented module. */
export type Core = typeof import('../../src/core/index.ts');

/** Makes one run. */
export type Prepare = (core: Core, secrets: Secrets, pair: number) => () => unknown;

/** Two runs with different secrets and the same public input: their traces must be the same. */
export interface Case {
  readonly name: string;
  /** Exports of the door that it drives. */
  readonly drives: readonly (keyof Core)[];
  readonly prepare: Prepare;
}

const HASHES: readonly HashName[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-224', 'sha512-256'];

/** One of a list, by a public number. */
const turn = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** Lengths around blocks and windows; a long one now and then. */
function length(pair: number, longBytes = 0): number {
  return longBytes > 0 && pair % 250 === 249 ? longBytes : (pair * 7) % 300;
}

const salt = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => i * 29);

export const HASH_CASES: readonly Case[] = [
  ...HASHES.map(
    (name): Case => ({
      name: `hash ${name}`,
      drives: ['hash'],
      prepare: (core, secrets, pair) => {
        const message = secrets.bytes(length(pair, 70_000));
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
        const text = secrets.bytes(length(pair, 70_000));
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
      const info = salt(pair % 20);
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
        return () => core.pbkdf2Sync(name, password, salt(16), 1 + (pair % 5), turn([16, 32, 48, 150], pair));
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
        return () => core.pkcs12KdfSync(name, id, password, salt(8), 1 + (pair % 6), turn([8, 20, 24, 32, 100], pair));
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
        salt: salt(8 + n),
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
      const a = secrets.bytes(length(pair, 70_000));
      const b = new Uint8Array(a);
      return () => mustBe(true, core.equalSecretBytes(a, b));
    },
  },
  {
    name: 'equalSecretBytes, different anywhere',
    drives: ['equalSecretBytes'],
    prepare: (core, secrets, pair) => {
      const a = secrets.bytes(1 + length(pair, 70_000));
      const b = secrets.changed(a);
      return () => mustBe(false, core.equalSecretBytes(a, b));
    },
  },
];

function mustBe(want: boolean, got: boolean): void {
  if (got !== want) throw new Error('the case does not do what it says');
}
