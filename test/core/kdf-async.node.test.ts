// The platform's help in the asynchronous derivation. In Node only: every test needs fresh modules, with nothing measured yet.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { deriveKeysSync, type KdfJob, pbkdf2Sync } from '../../src/core/index.ts';
import { toHex } from '../support/hex.ts';

const jobs: KdfJob[] = Array.from({ length: 9 }, (_, n) => {
  const password = Uint8Array.of(n, 1, 2);
  const salt = Uint8Array.of(n, 3, 4, 5);
  const part = { password, salt, iterations: 5000, lengthBytes: 32 };
  if (n === 7) return { kdf: 'pkcs12', id: 3, hash: 'sha256', ...part };
  return { kdf: 'pbkdf2', hash: n === 8 ? 'sha512' : 'sha256', ...part };
});
const asHex = (keys: readonly Uint8Array[]): string[] => keys.map(toHex);

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('the platform', () => {
  /** A platform that is faster than the wasm: the clock stands still while it is measured; `deriveBits` may be replaced. */
  async function withPlatform(
    subtle: object = {},
  ): Promise<{ core: typeof import('../../src/core/index.ts'); asked: () => number }> {
    vi.resetModules();
    let asked = 0;
    const realNow = performance.now.bind(performance);
    let stoppedAt: number | null = null;
    vi.spyOn(performance, 'now').mockImplementation(() => stoppedAt ?? realNow());
    vi.stubGlobal('crypto', {
      subtle: {
        importKey: async (_: string, password: Uint8Array) => {
          if (!('deriveBits' in subtle)) {
            // Until the next task; the measure is taken in this one.
            stoppedAt = realNow();
            setTimeout(() => {
              stoppedAt = null;
            });
          }
          return { password: new Uint8Array(password) };
        },
        deriveBits: async (
          { hash, salt, iterations }: { hash: string; salt: Uint8Array; iterations: number },
          { password }: { password: Uint8Array },
          bits: number,
        ) => {
          if (iterations === 8192) return new ArrayBuffer(16); // the probe
          asked++;
          const name = hash.toLowerCase().replace('-', '') as 'sha256';
          return pbkdf2Sync(name, password, salt, iterations, bits / 8).buffer;
        },
        ...subtle,
      },
    });
    const core = await import('../../src/core/index.ts');
    await core.deriveKeys(jobs.map((job) => ({ ...job, iterations: 40_000 }))); // lets both be measured
    asked = 0;
    return { core, asked: () => asked };
  }

  test('helps where it is measured to be faster', async () => {
    const { core, asked } = await withPlatform();
    const done: number[] = [];
    const keys = await core.deriveKeys(jobs, { onProgress: (n, total) => done.push(n / total) });
    expect(asHex(keys)).toEqual(asHex(deriveKeysSync(jobs)));
    expect(asked()).toBeGreaterThan(0);
    expect(done.at(-1)).toBe(1);
  });

  test('does not, where it is slower', async () => {
    const deriveBits = vi.fn(async () => {
      const until = performance.now() + 200;
      while (performance.now() < until);
      return new ArrayBuffer(32);
    });
    const { core } = await withPlatform({ deriveBits });
    expect(asHex(await core.deriveKeys(jobs))).toEqual(asHex(deriveKeysSync(jobs)));
    expect(deriveBits).toHaveBeenCalledTimes(2); // the probes of two hashes
  });

  test('aborting does not wait for it', async () => {
    const { core } = await withPlatform();
    vi.stubGlobal('crypto', { subtle: { importKey: async () => ({}), deriveBits: () => new Promise(() => {}) } });
    const controller = new AbortController();
    const running = core.deriveKeys(jobs, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(running).rejects.toThrow('enough');
  });

  test('where it refuses or vanishes, the wasm derives', async () => {
    const { core } = await withPlatform();
    const importKey = vi.fn(async () => {
      throw new Error('not here');
    });
    vi.stubGlobal('crypto', { subtle: { importKey } });
    expect(asHex(await core.deriveKeys(jobs))).toEqual(asHex(deriveKeysSync(jobs)));
    expect(importKey).toHaveBeenCalled();
    vi.stubGlobal('crypto', undefined);
    expect(asHex(await core.deriveKeys(jobs))).toEqual(asHex(deriveKeysSync(jobs)));
  });

  test('is never asked with backend wasm', async () => {
    const { core, asked } = await withPlatform();
    await core.deriveKeys(jobs, { backend: 'wasm' });
    expect(asked()).toBe(0);
  });
});
