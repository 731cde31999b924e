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
 * @throws {UsageError} ERR_WASM_SOURCE when it is given something else
 * @throws {KeywardError} ERR_WASM_UNAVAILABLE when WebAssembly or its SIMD instructions are missing, or it is forbidden
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

/**
 * Compiles and instantiates one of the two modules. What failed once is tried again at the next call: it fails alike.
 *
 * @throws {KeywardError} ERR_WASM_UNAVAILABLE
 * @throws {UsageError} ERR_WASM_SOURCE
 */
export function instantiateModule<T extends { readonly memory: WebAssembly.Memory }>(
  source: Uint8Array<ArrayBuffer> | WebAssembly.Module,
): T {
  if (typeof WebAssembly === 'undefined')
    throw unavailable(
      'WebAssembly is missing here: it is switched off',
      "a browser's lockdown mode or a flag such as --jitless does that: make an exception for this site or program",
    );
  let made: T;
  try {
    const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
    made = new WebAssembly.Instance(module, {}).exports as T;
  } catch (cause) {
    throw reasonOf(source, cause);
  }
  if (made.memory instanceof WebAssembly.Memory) return made;
  throw new UsageError('ERR_WASM_SOURCE', 'the module given is not the one of keyward/core.wasm');
}

/** What a failure means. Engines word it differently, so it is asked what still works: `validate` runs no code and no policy forbids it. */
function reasonOf(source: Uint8Array<ArrayBuffer> | WebAssembly.Module, cause: unknown): KeywardError {
  if (!WebAssembly.validate(simdProbe()))
    return unavailable(
      'WebAssembly has no SIMD here',
      'a newer browser or runtime, or another processor, has it',
      cause,
    );
  if (cause instanceof RangeError)
    return unavailable(
      'WebAssembly cannot start here: no memory for it',
      'it takes 24 MiB, and address space beside that (ulimit -v); Chromium before 114 starts it in workers only',
      cause,
    );
  if (source instanceof Uint8Array && !WebAssembly.validate(source))
    return new UsageError('ERR_WASM_SOURCE', 'the bytes given are not those of keyward/core.wasm', { cause });
  return unavailable(
    "WebAssembly is forbidden here: the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'",
    "add 'wasm-unsafe-eval' to script-src beside 'self'; where no policy forbids it, give init() a module that the host compiled",
    cause,
  );
}

function unavailable(message: string, hint: string, cause?: unknown): KeywardError {
  return new KeywardError('ERR_WASM_UNAVAILABLE', message, { cause, hint });
}

/** A module of one function that makes a v128: `(func (result v128) (i8x16.splat (i32.const 0)))`. */
function simdProbe(): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // types: () → v128
    ...[0x03, 0x02, 0x01, 0x00], // functions: one, of that type
    ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b], // code: i32.const 0, i8x16.splat, end
  ]);
}

/** Decodes the embedded (public) module: by the platform where it can, else by `atob`. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const platform = globalThis as { Buffer?: { from(t: string, e: 'base64'): Uint8Array<ArrayBuffer> } };
  if (platform.Buffer !== undefined) return platform.Buffer.from(text, 'base64');
  const modern = Uint8Array as unknown as { fromBase64?(t: string): Uint8Array<ArrayBuffer> };
  if (modern.fromBase64 !== undefined) return modern.fromBase64(text);
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
