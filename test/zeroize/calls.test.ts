/**
 * Every function of the core's door, on its success and its failure paths: after each single call, no byte of linear memory
 * outside the constants is non-zero (KEK and KDF slots excepted while a handle or a derivation lives).
 */
import { afterEach, describe, expect, it } from 'vitest';
import * as core from '../../src/core/index.ts';
import { CRYPTO_CALLS, pbkdf2, pkcs12 } from './calls-crypto.ts';
import { DATA_CALLS } from './calls-data.ts';
import { bytes, type Calls, kek, key, type Paths } from './calls-values.ts';
import { assertNothingLeft, cleanMemory, SLOT_REGIONS } from './memory.ts';

const CALLS: Calls = { ...CRYPTO_CALLS, ...DATA_CALLS };

/** Exports that do not touch linear memory. */
const PURE = ['DER', 'ItemType', 'Kek', 'TtlvWriter', 'encodeOid', 'formatOid', 'formatTag', 'init', 'typeName'];

/** The code of what a call throws or rejects with; null when it works. */
async function codeOf(call: () => unknown): Promise<string | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

afterEach(cleanMemory);

describe('after every single call', () => {
  for (const [name, { works, fails }] of Object.entries(CALLS) as [string, Paths][]) {
    it(`${name}: ${works.length} that work, ${fails.length} that fail`, async () => {
      for (const [i, call] of works.entries()) {
        expect(await codeOf(call), `call ${i} that works`).toBeNull();
        assertNothingLeft(`${name}, call ${i} that works,`);
      }
      for (const [i, [code, call]] of fails.entries()) {
        expect(await codeOf(call), `call ${i} that fails`).toBe(code);
        assertNothingLeft(`${name}, call ${i} that fails (${code}),`);
      }
    });
  }

  it('no function of the door is left out', () => {
    expect(
      Object.keys(core)
        .filter((name) => !(name in CALLS))
        .sort(),
    ).toEqual(PURE);
  });
});

describe('slots', () => {
  it('a KEK handle keeps its schedule only, however it is used, and nothing once disposed of', async () => {
    const handle = core.importKek(kek);
    const uses: (() => unknown)[] = [
      () => core.wrapKey(handle, key),
      () => core.unwrapKey(handle, core.wrapKey(kek, key)),
      () => core.unwrapKeyPadded(handle, core.wrapKeyPadded(handle, bytes(20))),
      () => core.unwrapKeys(handle, core.wrapKeys(handle, bytes(40 * 32), 32), 32),
      () => codeOf(() => core.unwrapKey(handle, bytes(40))),
      () => codeOf(() => core.unwrapKeyPadded(handle, bytes(40))),
      () => core.unwrapKeys(handle, bytes(400), 32),
      () => codeOf(() => core.wrapKey(handle, bytes(3))),
    ];
    for (const [i, use] of uses.entries()) {
      await use();
      assertNothingLeft(`use ${i} of a handle`, SLOT_REGIONS);
    }
    expect(() => assertNothingLeft('a live handle')).toThrow(/KEK_SLOTS/);
    handle.dispose();
    assertNothingLeft('a disposed handle');
  });

  it('more handles than slots: the evicted, the reloaded and the disposed of leave nothing', () => {
    const handles = Array.from({ length: 40 }, (_, i) => core.importKek(bytes(turn(i), i + 1)));
    for (let round = 0; round < 3; round++) for (const handle of handles) core.wrapKey(handle, key);
    assertNothingLeft('forty live handles', SLOT_REGIONS);
    for (const handle of handles) handle.dispose();
    for (const handle of handles) handle.dispose();
    assertNothingLeft('forty disposed handles');

    function turn(i: number) {
      return [16, 24, 32][i % 3]!;
    }
  });

  it('a derivation under way keeps its slots only; finished, nothing', async () => {
    const seen: number[] = [];
    await core.deriveKeys(
      [
        { ...pbkdf2, iterations: 200_000 },
        { ...pkcs12, iterations: 200_000 },
      ],
      {
        backend: 'wasm',
        onProgress: (done) => {
          seen.push(done);
          if (seen.length < 4) assertNothingLeft('a slice of a derivation', SLOT_REGIONS);
        },
      },
    );
    expect(seen.length).toBeGreaterThan(1);
    assertNothingLeft('a finished derivation');
  });
});
