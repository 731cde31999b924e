// The asynchronous derivation: the same keys as the synchronous one, progress, abort, timeout.
import { describe, expect, test } from 'vitest';
import { type DeriveOptions, deriveKeys, deriveKeysSync, type KdfJob } from '../../src/core/index.ts';
import { toHex } from '../support/hex.ts';

/** Different jobs, made from a number. */
function job(n: number, change: Partial<KdfJob> = {}): KdfJob {
  const password = Uint8Array.from({ length: 8 }, (_, i) => n * 7 + i);
  const salt = Uint8Array.from({ length: 16 }, (_, i) => n * 13 + i);
  return { kdf: 'pbkdf2', hash: 'sha256', password, salt, iterations: 500, lengthBytes: 32, ...change };
}
const many = (count: number, change: Partial<KdfJob> = {}): KdfJob[] =>
  Array.from({ length: count }, (_, n) => job(n, change));
const asHex = (keys: readonly Uint8Array[]): string[] => keys.map(toHex);
const MAC: Partial<KdfJob> = { kdf: 'pkcs12', id: 3, iterations: 777 };
const LONG: Partial<KdfJob> = { iterations: 200_000_000 };

describe('keys', () => {
  const mixed: KdfJob[] = [
    ...many(5),
    ...many(3, { hash: 'sha1', lengthBytes: 50 }),
    ...many(2, { hash: 'sha512', iterations: 100 }),
    ...many(4, MAC),
    job(1, { ...MAC, hash: 'sha224', lengthBytes: 100 }),
    job(1, { iterations: 1 }),
    job(0),
  ];

  test.each(['wasm', 'auto'] as const)('are those of the synchronous form: %s', async (backend) => {
    expect(asHex(await deriveKeys(mixed, { backend }))).toEqual(asHex(deriveKeysSync(mixed)));
  });

  test('are right when calls of both forms overlap, more of them than there are slots', async () => {
    const calls = Array.from({ length: 12 }, (_, n) => mixed.map((j) => ({ ...j, salt: Uint8Array.of(n, ...j.salt) })));
    const running = calls.map((jobs) => deriveKeys(jobs, { backend: 'wasm' }));
    await new Promise((resolve) => setTimeout(resolve, 1));
    const sync = calls.map((jobs) => asHex(deriveKeysSync(jobs)));
    expect((await Promise.all(running)).map(asHex)).toEqual(sync);
  });

  test('do not change when the caller changes its bytes meanwhile', async () => {
    const jobs = many(2, { iterations: 5000 });
    const want = asHex(deriveKeysSync(jobs));
    const running = deriveKeys(jobs);
    for (const { password, salt } of jobs) {
      password.fill(0);
      salt.fill(0);
    }
    expect(asHex(await running)).toEqual(want);
  });

  test('of no jobs are none', async () => {
    expect(await deriveKeys([])).toEqual([]);
  });
});

describe('progress', () => {
  test('grows to exactly the sum of all blocks of all different jobs', async () => {
    const jobs = [...many(3), job(0), job(1, { hash: 'sha1', lengthBytes: 41 }), job(2, { ...MAC, lengthBytes: 33 })];
    const seen: number[] = [];
    let total = 0;
    await deriveKeys(jobs, {
      backend: 'wasm',
      onProgress(done, all) {
        seen.push(done);
        total = all;
      },
    });
    expect(total).toBe(3 * 500 + 3 * 500 + 2 * 777);
    expect(seen.at(-1)).toBe(total);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('comes in many steps for a long job, and other tasks run in between', async () => {
    let reports = 0;
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    await deriveKeys([job(0, { iterations: 200_000 })], { backend: 'wasm', onProgress: () => reports++ });
    clearInterval(ticking);
    expect(reports).toBeGreaterThan(5);
    expect(ticks).toBeGreaterThan(3);
  });

  test('an error of the callback rejects and stops', async () => {
    const stop = new Error('stop');
    let reports = 0;
    const onProgress = (): void => {
      reports++;
      throw stop;
    };
    await expect(deriveKeys([job(0, LONG)], { backend: 'wasm', onProgress })).rejects.toBe(stop);
    expect(reports).toBe(1);
  });

  test('a callback may abort its own call', async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const running = deriveKeys(many(5, LONG), { backend: 'wasm', onProgress, signal: controller.signal });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe.each(['wasm', 'auto'] as const)('abort and timeout, %s', (backend) => {
  test('a signal that is aborted already rejects before any work', async () => {
    const reason = new Error('not now');
    await expect(deriveKeys(many(4, LONG), { backend, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('aborting rejects with the reason, and the other calls go on', async () => {
    const controller = new AbortController();
    const aborted = deriveKeys([...many(6, LONG), job(9, { ...MAC, ...LONG })], {
      backend: 'wasm',
      signal: controller.signal,
    });
    const other = deriveKeys(many(3), { backend });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(aborted).rejects.toThrow('enough');
    expect(asHex(await other)).toEqual(asHex(deriveKeysSync(many(3))));
  });

  test('a timeout rejects with ERR_TIMEOUT', async () => {
    const running = deriveKeys(many(2, { ...LONG, hash: 'sha1' }), { backend, timeoutMs: 20 });
    await expect(running).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  test('a timeout that does not pass does nothing', async () => {
    expect(asHex(await deriveKeys(many(1), { backend, timeoutMs: 60_000 }))).toEqual(asHex(deriveKeysSync(many(1))));
  });
});

test('unknown options and bad values are refused, as rejections', async () => {
  const refused = async (options: object, code: string, jobs = many(1)): Promise<void> => {
    await expect(deriveKeys(jobs, options as DeriveOptions)).rejects.toMatchObject({ code });
  };
  await refused({ timeout: 5 }, 'ERR_OPTION');
  for (const timeoutMs of [-1, Number.NaN, 2 ** 31]) await refused({ timeoutMs }, 'ERR_OPTION');
  await refused({ backend: 'gpu' }, 'ERR_OPTION');
  await refused({}, 'ERR_LIMIT_ITERATIONS', [job(0, { iterations: 2 ** 31 })]);
  await refused({}, 'ERR_KDF_JOB', [job(0, { iterations: 0 })]);
});
