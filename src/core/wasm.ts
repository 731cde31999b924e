/**
 * The only file that instantiates the core module: lazily, synchronously, once per realm, from the bytes embedded in the
 * package, or from what `init` was given before first use. Every other file of this room calls `core()` and works on
 * `memory()`, whose view never detaches because the memory cannot grow.
 */
import { KeywardError, UsageError } from '../errors.ts';
import type { CoreExports } from './generated/core-exports.ts';
import { CORE_WASM_BASE64 } from './generated/core-wasm.ts';

let exports: CoreExports | undefined;
let view: Uint8Array<ArrayBuffer> | undefined;

/** The core's exported functions; instantiates the module on first use. @throws {KeywardError} ERR_WASM_UNAVAILABLE */
export function core(): CoreExports {
  return exports ?? instantiate();
}

/** The whole of linear memory. Views of it never leave this room. */
export function memory(): Uint8Array<ArrayBuffer> {
  if (view === undefined) instantiate();
  return view as Uint8Array<ArrayBuffer>;
}

/**
 * Gives the core its module before first use: the bytes of `keyward/core.wasm` or a compiled module. Only needed where
 * the embedded bytes cannot be compiled, or to share one compiled module between workers.
 *
 * @param source the module's bytes, `keyward/core.wasm` as it is, or the module compiled
 * @throws {UsageError} ERR_WASM_STARTED when the core is already running
 * @throws {KeywardError} ERR_WASM_UNAVAILABLE when WebAssembly or its SIMD instructions are missing or forbidden
 */
export function init(source: Uint8Array<ArrayBuffer> | WebAssembly.Module): void {
  if (exports !== undefined) throw new UsageError('ERR_WASM_STARTED', 'the core is already running');
  instantiate(source);
}

function instantiate(source?: Uint8Array<ArrayBuffer> | WebAssembly.Module): CoreExports {
  const made = instantiateModule<CoreExports>(source ?? decodeBase64(CORE_WASM_BASE64));
  view = new Uint8Array(made.memory.buffer as ArrayBuffer);
  exports = made;
  return made;
}

/** Compiles and instantiates one of the two modules. @throws {KeywardError} ERR_WASM_UNAVAILABLE */
export function instantiateModule<T>(source: Uint8Array<ArrayBuffer> | WebAssembly.Module): T {
  try {
    const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
    return new WebAssembly.Instance(module, {}).exports as T;
  } catch (cause) {
    throw new KeywardError('ERR_WASM_UNAVAILABLE', 'WebAssembly with SIMD is missing or forbidden here', {
      cause,
      hint: "a page's Content-Security-Policy must allow it: script-src 'self' 'wasm-unsafe-eval'",
    });
  }
}

/** Decodes the embedded (public) module: by the platform where it can, else by `atob`. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const platform = globalThis as { Buffer?: { from(t: string, e: 'base64'): Uint8Array<ArrayBuffer> } };
  if (platform.Buffer !== undefined) return platform.Buffer.from(text, 'base64');
  const modern = Uint8Array as unknown as { fromBase64?(t: string): Uint8Array<ArrayBuffer> };
  if (modern.fromBase64 !== undefined) return modern.fromBase64(text);
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
