/**
 * The platform's PBKDF2 (WebCrypto), and which derivations it is worth having. In Node, WebCrypto runs on the libuv pool
 * of four threads. Layer: core, internal.
 */
import { abortReason } from '../errors.ts';
import type { Derivation } from './kdf-plan.ts';

/** Fewer iterations than this cost less in the wasm than a trip to the platform. */
const WORTHWHILE_ITERATIONS = 4096;
/** The platform's names of the hashes for which it can help. SHA-1 is not among them: four lanes are always faster. */
const NAMES: Readonly<Record<string, string>> = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' };
/** Threads to use where the platform does not say how many there are. */
const UNKNOWN_THREADS = 2;
const MOST_THREADS = 4;

/** How many derivations the platform should have at a time; one thread is left for the wasm. */
export function platformThreads(): number {
  if (globalThis.crypto?.subtle === undefined) return 0;
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  const cores = navigator?.hardwareConcurrency;
  return cores === undefined ? UNKNOWN_THREADS : Math.min(Math.max(cores - 1, 1), MOST_THREADS);
}

/**
 * Says whether the platform should do a derivation that the wasm could do. One scalar chain of SHA-256 is faster there
 * (with the CPU's SHA instructions), one of SHA-512 is not: of those it gets what would have to `wait`.
 */
export function suitsPlatform(of: Derivation, wait: boolean): boolean {
  return (
    of.kdf === 'pbkdf2' &&
    of.hashName in NAMES &&
    (wait || of.hashName === 'sha256') &&
    of.iterations * of.blocks >= WORTHWHILE_ITERATIONS
  );
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
