/** Derivations through the room's own step machinery: the core's and the rare ones against published vectors; drivers; cost. */
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeUtf8, formatHex } from '../../src/bytes.ts';
import {
  assertDerivations,
  costOf,
  type Derivation,
  runSteps,
  runStepsSync,
  type Steps,
} from '../../src/pkcs12/derive.ts';
import type { Pkcs12HashName } from '../../src/pkcs12/hashes.ts';
import { DEFAULT_LIMITS } from '../../src/pkcs12/limits.ts';
import { loadRare } from '../../src/pkcs12/rare.ts';
import { hasVectors, readVectorJson, readVectorText } from '../support/vectors.ts';

beforeAll(() => loadRare());

const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16));

function* ask(derivations: readonly Derivation[]): Steps<readonly string[]> {
  const keys = yield { derive: derivations };
  return keys.map(formatHex);
}

/** Both drivers, which must agree. */
async function derive(derivations: readonly Derivation[]): Promise<readonly string[]> {
  const waited = await runSteps(ask(derivations), {});
  expect(runStepsSync(ask(derivations))).toEqual(waited);
  return waited;
}

/** The records of OpenSSL's evp_test files that begin with `KDF = …`. */
function parseRecords(text: string): readonly Readonly<Record<string, string>>[] {
  return text
    .split(/\n\s*\n/)
    .map((block) =>
      Object.fromEntries(
        block.split('\n').flatMap((line) => {
          const match = /^(?:Ctrl\.)?(\w+) = (?:\w+:)?(.*)$/.exec(line);
          return match === null ? [] : [[match[1], match[2]]];
        }),
      ),
    )
    .filter((record) => record.KDF !== undefined && record.Output !== undefined);
}

/** A field that is text, or hex under another name. */
function bytesOf(record: Readonly<Record<string, string>>, name: string): Uint8Array {
  const hex = record[`hex${name}`];
  return hex === undefined ? encodeUtf8(record[name] ?? '') : fromHex(hex);
}

describe.skipIf(!hasVectors())('vectors', () => {
  it('kdf/pkcs12kdf-openssl.json, SHA-3 and MD5 included', async () => {
    const path = 'kdf/pkcs12kdf-openssl.json';
    const { tests } = await readVectorJson<{
      readonly tests: readonly {
        hash: string;
        bmp: string;
        salt: string;
        iterations: number;
        id: 1 | 2 | 3;
        length: number;
        out: string;
      }[];
    }>(path);
    const derivations = tests.map(
      ({ hash, bmp, salt, iterations, id, length }): Derivation => ({
        kdf: 'pkcs12',
        hash: hash.toLowerCase() as Pkcs12HashName,
        password: fromHex(bmp),
        salt: fromHex(salt),
        iterations,
        id,
        lengthBytes: length,
      }),
    );
    expect(await derive(derivations)).toEqual(tests.map(({ out }) => out));
    console.log(`vectors ${path}: ${tests.length} run`);
  });

  it('kdf/openssl-evpkdf_pbkdf1.txt, but for MD2', async () => {
    const path = 'kdf/openssl-evpkdf_pbkdf1.txt';
    const records = parseRecords(await readVectorText(path)).filter(({ digest }) => digest !== 'md2');
    const derivations = records.map(
      (r): Derivation => ({
        kdf: 'pbkdf1',
        hash: r.digest as 'md5' | 'sha1',
        password: encodeUtf8(r.pass!),
        salt: encodeUtf8(r.salt!),
        iterations: Number(r.iter),
        lengthBytes: r.Output!.length / 2,
      }),
    );
    expect(await derive(derivations)).toEqual(records.map((r) => r.Output!.toLowerCase()));
    expect(records.length).toBe(10);
    console.log(`vectors ${path}: ${records.length} run`);
  });

  it('kdf/openssl-evpkdf_pbkdf2.txt: SHA-3', async () => {
    const path = 'kdf/openssl-evpkdf_pbkdf2.txt';
    const records = parseRecords(await readVectorText(path)).filter((r) => r.digest?.startsWith('sha3'));
    const derivations = records.map(
      (r): Derivation => ({
        kdf: 'pbkdf2',
        hash: r.digest as Pkcs12HashName,
        password: encodeUtf8(r.pass!),
        salt: encodeUtf8(r.salt!),
        iterations: Number(r.iter),
        lengthBytes: r.Output!.length / 2,
      }),
    );
    expect(records.length).toBeGreaterThan(0);
    expect(await derive(derivations)).toEqual(records.map((r) => r.Output!.toLowerCase()));
    console.log(`vectors ${path}: ${records.length} run (SHA-3)`);
  });

  it('kdf/openssl-evpkdf_scrypt.txt', async () => {
    const path = 'kdf/openssl-evpkdf_scrypt.txt';
    const records = parseRecords(await readVectorText(path)).filter((r) => Number(r.N) <= 2 ** 10);
    const derivations = records.map(
      (r): Derivation => ({
        kdf: 'scrypt',
        password: bytesOf(r, 'pass'),
        salt: bytesOf(r, 'salt'),
        n: Number(r.N),
        r: Number(r.r),
        p: Number(r.p),
        lengthBytes: r.Output!.length / 2,
      }),
    );
    expect(records.length).toBeGreaterThan(1);
    expect(await derive(derivations)).toEqual(records.map((r) => r.Output!.toLowerCase()));
    console.log(`vectors ${path}: ${records.length} run`);
  });
});

describe('cost', () => {
  const password = encodeUtf8('p');
  const base = { kdf: 'pbkdf2', hash: 'sha256', password, salt: password, iterations: 100, lengthBytes: 32 } as const;

  it('equal derivations run once and count once; every output block counts', () => {
    expect(costOf([base, { ...base }])).toBe(100);
    expect(costOf([base, { ...base, salt: new Uint8Array(1) }])).toBe(200);
    expect(costOf([base, { ...base, password: encodeUtf8('p') }])).toBe(200);
    expect(costOf([{ ...base, lengthBytes: 33 }])).toBe(200);
    expect(costOf([{ ...base, hash: 'sha1' }])).toBe(200);
    expect(costOf([{ kdf: 'scrypt', password, salt: password, n: 1024, r: 8, p: 2, lengthBytes: 32 }])).toBe(
      2 * 1024 * 8 * 2,
    );
  });

  it('each has its own copy of an equal key', async () => {
    const keys = await runSteps(
      (function* (): Steps<readonly Uint8Array[]> {
        return yield { derive: [base, base] };
      })(),
      {},
    );
    expect(keys[0]).toEqual(keys[1]);
    keys[0]!.fill(0);
    expect(keys[1]!.some((b) => b !== 0)).toBe(true);
  });

  it('counts at the limit pass, above it not', () => {
    const limit = DEFAULT_LIMITS.maxIterations;
    expect(() => assertDerivations([{ ...base, iterations: limit }], DEFAULT_LIMITS)).not.toThrow();
    expect(() => assertDerivations([{ ...base, iterations: limit + 1 }], DEFAULT_LIMITS)).toThrow('5000001 iterations');
  });
});

describe('the drivers', () => {
  it('throw a failure into the procedure, which cleans up', async () => {
    const log: string[] = [];
    function* procedure(): Steps<string> {
      try {
        yield {
          derive: [
            {
              kdf: 'pbkdf2',
              hash: 'sha256',
              password: new Uint8Array(0),
              salt: new Uint8Array(0),
              iterations: 0,
              lengthBytes: 32,
            },
          ],
        };
        return 'derived';
      } finally {
        log.push('cleaned');
      }
    }
    expect(() => runStepsSync(procedure())).toThrow();
    await expect(runSteps(procedure(), {})).rejects.toThrow();
    expect(log).toEqual(['cleaned', 'cleaned']);
  });

  it('a slow rare derivation can be aborted', async () => {
    const derivation: Derivation = {
      kdf: 'pbkdf1',
      hash: 'sha1',
      password: new Uint8Array(1),
      salt: new Uint8Array(8),
      iterations: 4_000_000,
      lengthBytes: 16,
    };
    const signal = AbortSignal.timeout(20);
    await expect(runSteps(ask([derivation]), { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(runSteps(ask([derivation]), { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });
});
