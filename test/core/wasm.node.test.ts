/** What a runtime that refuses the module is told: one error, its reason by what still works, at every call alike, never at import. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

type Core = typeof import('../../src/core/index.ts');

const real = WebAssembly;
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
let core: Core;

/** Puts something else in place of WebAssembly until the test ends: none, or the real one with changes. */
function replace(changes: object | undefined): void {
  const value = changes && Object.create(real, Object.getOwnPropertyDescriptors(changes));
  Object.defineProperty(globalThis, 'WebAssembly', { value, configurable: true, writable: true });
}

function refusing(name: 'Module' | 'Instance', error: Error): object {
  const refuse = class {
    constructor() {
      throw error;
    }
  };
  return { [name]: refuse };
}

function failure(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it worked');
}

beforeEach(async () => {
  vi.resetModules();
  core = await import('../../src/core/index.ts');
});
afterEach(() => {
  Object.defineProperty(globalThis, 'WebAssembly', { value: real, configurable: true, writable: true });
});

describe('a runtime that refuses the module', () => {
  const first = () => core.hash('sha256', new Uint8Array(3));

  it.each([
    ['has none', undefined, 'WebAssembly is missing here: it is switched off', 'lockdown'],
    [
      'has no SIMD',
      { ...refusing('Module', new real.CompileError('no simd')), validate: () => false },
      'WebAssembly has no SIMD here',
      'processor',
    ],
    [
      'has no memory left',
      refusing('Instance', new RangeError('Out of memory')),
      'WebAssembly cannot start here: no memory for it',
      '24 MiB',
    ],
    [
      'forbids it',
      refusing('Module', new real.CompileError('violates the policy')),
      "WebAssembly is forbidden here: the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'",
      "add 'wasm-unsafe-eval' to script-src beside 'self'",
    ],
    [
      'forbids it, in the words of WebKit',
      refusing('Module', new EvalError('Refused to create a WebAssembly object')),
      "WebAssembly is forbidden here: the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'",
      "add 'wasm-unsafe-eval' to script-src beside 'self'",
    ],
  ])('that %s: the first call says so, and every later one, whatever it is', async (_name, changes, message, hint) => {
    replace(changes);
    const calls = [
      first,
      first,
      () => core.wrapKey(new Uint8Array(32), new Uint8Array(32)),
      () => core.validateTtlv(new Uint8Array(8)),
      () => core.parsePfxStructure(new Uint8Array(8)),
      () => core.indexDer(new Uint8Array(2)),
      () => core.writeTtlv(() => undefined),
      () => core.writeTtlv(() => undefined),
      () => core.wrapKey(core.importKek(new Uint8Array(32)), new Uint8Array(32)),
      () => core.encodeHexText(new Uint8Array(2)),
      () => core.pbkdf2Sync('sha256', new Uint8Array(1), new Uint8Array(8), 1000, 32),
      () => core.init(EMPTY_MODULE),
    ];
    for (const call of calls) {
      expect(failure(call)).toMatchObject({
        name: 'KeywardError',
        code: 'ERR_WASM_UNAVAILABLE',
        message,
        hint: expect.stringContaining(hint),
      });
    }
    const job = { kdf: 'pbkdf2', hash: 'sha256', iterations: 2, lengthBytes: 32 } as const;
    for (const backend of ['wasm', 'auto', 'wasm'] as const) {
      const derived = core.deriveKeys([{ ...job, password: new Uint8Array(1), salt: new Uint8Array(8) }], { backend });
      await expect(derived, backend).rejects.toMatchObject({ code: 'ERR_WASM_UNAVAILABLE', message });
    }
    await expect(core.loadLegacy()).rejects.toMatchObject({ code: 'ERR_WASM_UNAVAILABLE', message });
  });

  it('works as soon as it is allowed', () => {
    replace(undefined);
    expect(failure(first)).toMatchObject({ code: 'ERR_WASM_UNAVAILABLE' });
    replace({});
    expect(first().length).toBe(32);
  });
});

describe('init', () => {
  it.each([
    ['bytes of something else', new Uint8Array([1, 2, 3])],
    ['no bytes', new Uint8Array()],
    ['a module of something else', new real.Module(EMPTY_MODULE)],
  ])('refuses %s, and the core starts all the same', (_name, source) => {
    expect(failure(() => core.init(source))).toMatchObject({ name: 'UsageError', code: 'ERR_WASM_SOURCE' });
    expect(core.hash('sha256', new Uint8Array()).length).toBe(32);
    expect(failure(() => core.init(source))).toMatchObject({ name: 'UsageError', code: 'ERR_WASM_STARTED' });
  });
});
