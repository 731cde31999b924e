/**
 * The platform's PBKDF2 (WebCrypto), and whether it is worth having. In Node, WebCrypto runs on the libuv pool of four
 * threads. With the CPU's SHA instructions it runs one chain of SHA-256 faster than the wasm, without them it does not; so
 * both are measured once, and only the faster one is used. Layer: core, internal.
 */
import { abortReason } from '../errors.ts';
import type { Derivation } from './kdf-plan.ts';

/** Fewer iterations than this cost less in the wasm than a trip to the platform. */
const WORTHWHILE_ITERATIONS = 4096;
const PROBE_ITERATIONS = 8192;
/** The platform's names of the hashes it has. */
const NAMES: Readonly<Record<string, string>> = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};
/** Threads to use where the platform does not say how many there are. */
const UNKNOWN_THREADS = 2;
const MOST_THREADS = 4;

/** The best time seen for one iteration of one chain, in ms; by hash name. */
const wasmMs: Record<string, number> = {};
const platformMs: Record<string, number> = {};

/** How many derivations the platform should have at a time; one thread is left for the wasm. */
export function platformThreads(): number {
  if (globalThis.crypto?.subtle === undefined) return 0;
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  const cores = navigator?.hardwareConcurrency;
  return cores === undefined ? UNKNOWN_THREADS : Math.min(Math.max(cores - 1, 1), MOST_THREADS);
}

/** Says whether the platform could do a derivation, and it would be worth its while. */
export function suitsPlatform({ kdf, hashName, iterations, blocks }: Derivation): boolean {
  return kdf === 'pbkdf2' && hashName in NAMES && iterations * blocks >= WORTHWHILE_ITERATIONS;
}

/** Says whether the platform was measured to be faster; false while that is not known. */
export function platformIsFaster(hashName: string): boolean {
  return (platformMs[hashName] ?? Number.POSITIVE_INFINITY) < (wasmMs[hashName] ?? 0);
}

/** Notes how long the wasm took for iterations of one chain; too short a time says nothing. */
export function noteWasm(hashName: string, tookMs: number, iterations: number): void {
  if (iterations === 0 || tookMs < 1) return;
  wasmMs[hashName] = Math.min(wasmMs[hashName] ?? Number.POSITIVE_INFINITY, tookMs / iterations);
}

/** Measures the platform once for each hash, on public bytes. Resolves to true when that told something new. */
export async function probePlatform(hashName: string): Promise<boolean> {
  if (platformMs[hashName] !== undefined || globalThis.crypto?.subtle === undefined) return false;
  platformMs[hashName] = Number.POSITIVE_INFINITY; // until the answer comes, and if none comes
  const { subtle } = globalThis.crypto;
  const zeros = new Uint8Array(16);
  const key = await subtle.importKey('raw', zeros, 'PBKDF2', false, ['deriveBits']);
  const start = performance.now();
  await subtle.deriveBits(
    { name: 'PBKDF2', hash: NAMES[hashName] as string, salt: zeros, iterations: PROBE_ITERATIONS },
    key,
    128,
  );
  platformMs[hashName] = (performance.now() - start) / PROBE_ITERATIONS;
  return true;
}

/** Derives all blocks of a PBKDF2 derivation on the platform. Rejects where the platform cannot, or when aborted. */
export async function derivePlatform(of: Derivation, signal: AbortSignal): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto;
  // The platform copies the bytes before these calls return.
  const password = of.password as Uint8Array<ArrayBuffer>;
  const salt = of.input.subarray(0, of.input.length - 4) as Uint8Array<ArrayBuffer>;
  const key = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  if (signal.aborted) throw abortReason(signal);
  const algorithm = { name: 'PBKDF2', hash: NAMES[of.hashName] as string, salt, iterations: of.iterations };
  return new Uint8Array(await subtle.deriveBits(algorithm, key, of.out.length * 8));
}
