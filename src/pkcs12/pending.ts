/** Stands in for functions of the core until they are there. */
import { deriveKeysSync, type KdfJob } from '../core/index.ts';
import { UsageError } from '../errors.ts';

export async function deriveKeys(
  jobs: readonly KdfJob[],
  _options: {
    signal?: AbortSignal;
    timeoutMs?: number;
    onProgress?: (done: number, total: number) => void;
    backend?: 'auto' | 'wasm';
  },
): Promise<Uint8Array<ArrayBuffer>[]> {
  return deriveKeysSync(jobs);
}
export async function loadLegacy(): Promise<void> {}
type Legacy = 'des' | '3des' | 'rc2';
export function legacyDecryptCbc(
  _c: Legacy,
  _k: Uint8Array,
  _iv: Uint8Array,
  _d: Uint8Array,
  _o?: { effectiveBits?: number },
): Uint8Array<ArrayBuffer> {
  throw new UsageError('ERR_LEGACY_NOT_LOADED', 'pending');
}
export const legacyEncryptCbc: typeof legacyDecryptCbc = legacyDecryptCbc;
export function rc4(_k: Uint8Array, _d: Uint8Array): Uint8Array<ArrayBuffer> {
  throw new UsageError('ERR_LEGACY_NOT_LOADED', 'pending');
}
