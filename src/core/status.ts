/** Turns a negative status of the wasm into the error that the caller sees. Layer: core, internal. */
import { AuthenticationError, FormatError, type KeywardError, UsageError } from '../errors.ts';
import { STATUS } from './generated/layout.ts';

/** A failed call's code (a value of `STATUS`) and the input offset it names. */
export function splitStatus(status: number): { readonly code: number; readonly offset: number } {
  const n = -status;
  return { code: n & 127, offset: n >>> 7 };
}

/** The name of a status code, as in `STATUS`. */
export function statusName(code: number): string {
  for (const [name, value] of Object.entries(STATUS)) if (value === code) return name;
  return `UNKNOWN_${code}`;
}

/** The one error for every failed integrity check, MAC, padding and wrong key. */
export function integrityError(): AuthenticationError {
  return new AuthenticationError('ERR_INTEGRITY', 'integrity check failed: wrong key, or the bytes were changed');
}

/** Makes the error for a negative status. `what` names the input in the message. */
export function statusError(status: number, what: string): KeywardError {
  const { code, offset } = splitStatus(status);
  const name = statusName(code);
  if (code === STATUS.INTEGRITY) return integrityError();
  if (code < 16) return new UsageError(`ERR_${name}`, `${what}: ${WORDS[name] ?? 'not allowed here'}`);
  return new FormatError(`ERR_${name}`, `${what}: ${WORDS[name] ?? 'malformed'} at offset ${offset}`, { offset });
}

const WORDS: Readonly<Record<string, string>> = {
  LENGTH: 'length not allowed here',
  CAPACITY: 'too large',
  SLOT: 'no such slot',
  ARGUMENT: 'argument not allowed here',
  ENCODING: 'not in the expected encoding',
  DER_TRUNCATED: 'the input ends inside an element',
  DER_TAG: 'unexpected or malformed tag',
  DER_LENGTH: 'malformed length, or longer than its parent',
  DER_DEPTH: 'nested too deep',
  DER_COUNT: 'too many elements',
  DER_TRAILING: 'bytes after the end',
  DER_EOC: 'end-of-contents missing or misplaced',
  DER_VALUE: 'contents not allowed for their type',
  DER_MISSING: 'a required element is absent',
  TTLV_TRUNCATED: 'the message ends inside an item',
  TTLV_TAG: 'malformed tag',
  TTLV_TYPE: 'unknown item type',
  TTLV_LENGTH: 'length not allowed for the type, or longer than its parent',
  TTLV_PADDING: 'padding is not zero',
  TTLV_BOOLEAN: 'boolean is neither 0 nor 1',
  TTLV_DEPTH: 'nested too deep',
  TTLV_COUNT: 'too many items',
  TTLV_TRAILING: 'bytes after the end',
  TTLV_UTF8: 'text is not UTF-8',
  TTLV_STATE: 'structures opened and closed out of order',
};
