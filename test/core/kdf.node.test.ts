// Random sets of jobs, hashes and kinds mixed, lanes finishing at different times, against node:crypto.
import { createHash, pbkdf2Sync as nodePbkdf2 } from 'node:crypto';
import { pbkdf2 as noblePbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha224, sha512_256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deriveKeys, deriveKeysSync, type HashName, type KdfJob, pbkdf2Sync } from '../../src/core/index.ts';
import { toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';

const NARROW: readonly HashName[] = ['sha1', 'sha224', 'sha256'];
const WIDE: readonly HashName[] = ['sha384', 'sha512', 'sha512-224', 'sha512-256'];

/** RFC 7292 B.2 written down step by step, on big integers and node's hashes. */
function referencePkcs12({ hash, id, password, salt, iterations, lengthBytes }: KdfJob): Buffer {
  const v = NARROW.includes(hash) ? 64 : 128;
  const repeat = (bytes: Uint8Array, length: number): Buffer =>
    Buffer.from(Array.from({ length }, (_, i) => bytes[i % bytes.length]!));
  const whole = (bytes: Uint8Array): Buffer => repeat(bytes, v * Math.ceil(bytes.length / v));
  const input = Buffer.concat([whole(salt), whole(password)]);
  const blocks: Buffer[] = [];
  for (let got = 0; got < lengthBytes; ) {
    let a: Buffer = createHash(hash).update(Buffer.alloc(v, id)).update(input).digest();
    for (let i = 1; i < iterations; i++) a = createHash(hash).update(a).digest();
    blocks.push(a);
    got += a.length;
    const b = BigInt(`0x${repeat(a, v).toString('hex')}`);
    for (let at = 0; at < input.length; at += v) {
      const sum = BigInt(`0x${input.subarray(at, at + v).toString('hex')}`) + b + 1n;
      const text = BigInt.asUintN(8 * v, sum).toString(16);
      Buffer.from(text.padStart(2 * v, '0'), 'hex').copy(input, at);
    }
  }
  return Buffer.concat(blocks).subarray(0, lengthBytes);
}

function reference(job: KdfJob): string {
  if (job.kdf === 'pkcs12') return toHex(referencePkcs12(job));
  return toHex(nodePbkdf2(job.password, job.salt, job.iterations, job.lengthBytes, job.hash));
}

/** Jobs with counts that seldom agree, inputs around the block borders, some of them equal. */
const jobsOf = (names: readonly HashName[], maxIterations: number): fc.Arbitrary<KdfJob[]> => {
  const part = {
    hash: fc.constantFrom(...names),
    password: fc.uint8Array({ maxLength: 140 }),
    salt: fc.uint8Array({ maxLength: 140 }),
    iterations: fc.integer({ min: 1, max: maxIterations }),
    lengthBytes: fc.integer({ min: 1, max: 150 }),
  };
  const pbkdf2 = fc.record({ kdf: fc.constant('pbkdf2' as const), ...part });
  const id = fc.constantFrom(1 as const, 2 as const, 3 as const);
  const pkcs12 = fc.record({ kdf: fc.constant('pkcs12' as const), id, ...part });
  return fc
    .array(fc.oneof(pbkdf2, pkcs12), { minLength: 1, maxLength: 9 })
    .chain((jobs) =>
      fc
        .array(fc.nat({ max: jobs.length - 1 }), { maxLength: 3 })
        .map((again) => [...jobs, ...again.map((i) => ({ ...jobs[i]! }))]),
    );
};

test.each([
  ['one hash: SHA-1', ['sha1']],
  ['one hash: SHA-224', ['sha224']],
  ['one hash: SHA-256', ['sha256']],
  ['32-bit hashes', NARROW],
  ['all hashes', [...NARROW, ...WIDE]],
] as const)('mixed lanes, %s', (_, names) => {
  fc.assert(
    fc.property(jobsOf(names, 40), (jobs) => {
      expect(deriveKeysSync(jobs).map(toHex)).toEqual(jobs.map(reference));
    }),
    { numRuns: runs(60) },
  );
});

test('mixed lanes, asynchronous calls side by side', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(jobsOf([...NARROW, ...WIDE], 3000), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('auto' as const, 'wasm' as const),
      async (calls, backend) => {
        const keys = await Promise.all(calls.map((jobs) => deriveKeys(jobs, { backend })));
        expect(keys.map((k) => k.map(toHex))).toEqual(calls.map((jobs) => jobs.map(reference)));
      },
    ),
    { numRuns: runs(10) },
  );
});

test('counts past one slice, in lanes and alone, every residue of two', () => {
  const salt = new Uint8Array(8);
  const jobs: KdfJob[] = [4095, 4096, 4097, 4098, 8193, 8194, 12_289].flatMap((iterations, n) => {
    const part = { hash: 'sha1', password: Uint8Array.of(n), salt, iterations, lengthBytes: 20 } as const;
    return [
      { kdf: 'pbkdf2', ...part },
      { kdf: 'pkcs12', id: 1, ...part },
    ] as const;
  });
  const want = jobs.map(reference);
  expect(deriveKeysSync(jobs).map(toHex)).toEqual(want);
  expect(jobs.map((job) => toHex(deriveKeysSync([job])[0]!))).toEqual(want);
});

test('hashes that @noble has and some platforms lack', () => {
  const password = Uint8Array.of(1, 2, 3);
  const salt = Uint8Array.of(4, 5);
  const noble = (hash: Parameters<typeof noblePbkdf2>[0]) =>
    toHex(noblePbkdf2(hash, password, salt, { c: 77, dkLen: 100 }));
  expect(toHex(pbkdf2Sync('sha224', password, salt, 77, 100))).toBe(noble(sha224));
  expect(toHex(pbkdf2Sync('sha512-256', password, salt, 77, 100))).toBe(noble(sha512_256));
});
