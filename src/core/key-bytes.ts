/** Byte arguments of the core's functions: plain bytes or a `Secret`. Layer: core, internal. */
import { UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';

/** Key material as an argument: plain bytes, or a `Secret` that lends its own. Never changed, never kept. */
export type KeyBytes = Uint8Array | Secret;

/**
 * The bytes behind an argument. Refuses anything else: `TypedArray.set` would take a string or an array for zeros.
 *
 * @throws {UsageError} ERR_BYTES_TYPE; ERR_SECRET_DISPOSED
 */
export function exposeKey(key: KeyBytes): Uint8Array {
  if (key instanceof Uint8Array) return key;
  if (key instanceof Secret) return key.expose();
  if (ArrayBuffer.isView(key) && Object.prototype.toString.call(key) === '[object Uint8Array]') return key; // other realm
  throw new UsageError('ERR_BYTES_TYPE', 'expected a Uint8Array or a Secret');
}
