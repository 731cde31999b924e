/** Starts the core, under its real bindings, on the instrumented form of the module that is shipped. Layer: test only. */
import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import type { Core } from './cases.ts';
import { instrument } from './pass.mjs';
import { type TraceGlobals, Tracer } from './trace.ts';

const dist = (name: string) => readFileSync(new URL(`../../dist/${name}`, import.meta.url));

/** The shipped binary, and the text form that the same compilation wrote: it has the functions' names. */
export const SHIPPED: Uint8Array = dist('core.wasm');
export const SHIPPED_WAT: string = dist('core.wat').toString('utf8');

/**
 * Loads a fresh copy of the core room over the instrumented form of `bytes`.
 *
 * @param bytes the shipped module, or a changed one of the same functions
 */
export async function startTraced(bytes: Uint8Array = SHIPPED): Promise<{ core: Core; tracer: Tracer }> {
  const traced = instrument(bytes, { watch: 'trace', wat: SHIPPED_WAT, describe: true });
  vi.resetModules();
  const core: Core = await import('../../src/core/index.ts');
  const wasm = await import('../../src/core/wasm.ts');
  core.init(new WebAssembly.Module(traced.bytes));
  return { core, tracer: new Tracer(wasm.core() as unknown as TraceGlobals, traced.sites) };
}
