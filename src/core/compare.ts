/** Comparison of secrets in constant time. Layer: core. */
import { IN, IN_BYTES, OUT } from './generated/layout.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { core, memory } from './wasm.ts';

/**
 * Says whether two secrets are the same, in a time that depends on their lengths only (which are public).
 *
 * @param a any length; not changed
 * @param b any length; not changed
 * @returns true when length and all bytes are the same
 * @example
 * equalSecretBytes(computedTag, receivedTag);
 */
export function equalSecretBytes(a: KeyBytes, b: KeyBytes): boolean {
  const left = exposeKey(a);
  const right = exposeKey(b);
  const length = left.length;
  if (length !== right.length) return false;
  const wasm = core();
  const view = memory();
  let seen = 0;
  for (let at = 0; at < length; at += IN_BYTES) {
    const end = Math.min(at + IN_BYTES, length);
    view.set(left.subarray(at, end), IN);
    view.set(right.subarray(at, end), OUT);
    seen |= wasm.differBytes(IN, OUT, end - at);
  }
  const used = Math.min(length, IN_BYTES);
  wasm.wipe(IN, used);
  wasm.wipe(OUT, used);
  return seen === 0; // the public verdict
}
