/**
 * SHA-1, SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224 and SHA-512/256 (FIPS 180-4) on the wasm, one-shot, for input of
 * any length: what does not fit the input window passes through it in pieces, within one synchronous call.
 * SHA-3 and MD5 are not here. Layer: core.
 */
import { formatHex } from '../bytes.ts';
import { KeywardError, UsageError } from '../errors.ts';
import { HASH_SCRATCH, HASH_SCRATCH_BYTES, IN, IN_BYTES, OUT } from './generated/layout.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { statusError } from './status.ts';
import { core, memory } from './wasm.ts';

/** The hashes of the core. */
export type HashName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'sha512-224' | 'sha512-256';

/** What the rest of this room needs to know of a hash. */
export interface HashFacts {
  /** Its number in the wasm (assembly/hash/hash.ts). */
  readonly id: number;
  readonly digestBytes: number;
  readonly blockBytes: number;
  /** The digest of "abc" (FIPS 180-4 examples), checked before the hash's first use. */
  readonly knownAnswer: string;
}

/**
 * Hashes `bytes`.
 *
 * @param name which hash
 * @param bytes the message, any length; not changed
 * @returns the digest: 20 (SHA-1), 28, 32, 48 or 64 bytes, the caller's own
 * @throws {UsageError} ERR_HASH_NAME for a name that is not a `HashName`
 * @throws {KeywardError} ERR_SELF_TEST when the wasm does not compute what it must
 * @example
 * hash('sha256', new TextEncoder().encode('abc')); // ba7816bf…
 */
export function hash(name: HashName, bytes: KeyBytes): Uint8Array<ArrayBuffer> {
  const { id } = hashFacts(name);
  return digest(id, exposeKey(bytes));
}

/** Hashes without looking at names or self-tests. The windows are zero again on return. */
function digest(id: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const wasm = core();
  const view = memory();
  const length = bytes.length;
  if (length > IN_BYTES) {
    wasm.hashStart(id);
    return finishStream(wasm.hashFinish, bytes);
  }
  view.set(bytes, IN);
  const written = wasm.hashOnce(IN, id, IN, length); // over its input: one window to wipe
  const out = written < 0 ? undefined : view.slice(IN, IN + written);
  wasm.wipe(IN, Math.max(length, 64));
  if (out === undefined) throw statusError(written, 'hash input');
  return out;
}

/** Feeds a started stream from `bytes`, window by window, and ends it with the given call. */
export function finishStream(
  finish: (dst: number, src: number, length: number) => number,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const wasm = core();
  const view = memory();
  try {
    let at = 0;
    for (; bytes.length - at > IN_BYTES; at += IN_BYTES) {
      view.set(bytes.subarray(at, at + IN_BYTES), IN);
      const status = wasm.hashUpdate(IN, IN_BYTES);
      if (status < 0) throw statusError(status, 'hash input');
    }
    view.set(at === 0 ? bytes : bytes.subarray(at), IN);
    const written = finish(OUT, IN, bytes.length - at);
    if (written < 0) throw statusError(written, 'hash input');
    return view.slice(OUT, OUT + written);
  } finally {
    wasm.wipe(HASH_SCRATCH, HASH_SCRATCH_BYTES);
    wasm.wipe(IN, Math.min(bytes.length, IN_BYTES));
    wasm.wipe(OUT, 64);
  }
}

/**
 * The facts of a hash, after its known answer was checked once.
 *
 * @throws {UsageError} ERR_HASH_NAME
 * @throws {KeywardError} ERR_SELF_TEST
 */
export function hashFacts(name: HashName): HashFacts {
  const facts = HASHES[name];
  if (facts?.id === undefined)
    // what an object inherits is no hash either
    throw new UsageError('ERR_HASH_NAME', `no hash of this name: ${String(name)}`);
  if (tested[facts.id] !== true) selfTest(name, facts);
  return facts;
}

function selfTest(name: HashName, facts: HashFacts): void {
  const got = digest(facts.id, Uint8Array.of(0x61, 0x62, 0x63));
  if (formatHex(got) !== facts.knownAnswer)
    throw new KeywardError('ERR_SELF_TEST', `${name} does not compute its known answer`);
  tested[facts.id] = true;
}

const tested: boolean[] = [false, false, false, false, false, false, false];

/** In the order of their numbers in the wasm. */
export const HASHES: Readonly<Record<HashName, HashFacts>> = {
  sha1: { id: 0, digestBytes: 20, blockBytes: 64, knownAnswer: 'a9993e364706816aba3e25717850c26c9cd0d89d' },
  sha224: {
    id: 1,
    digestBytes: 28,
    blockBytes: 64,
    knownAnswer: '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7',
  },
  sha256: {
    id: 2,
    digestBytes: 32,
    blockBytes: 64,
    knownAnswer: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  sha384: {
    id: 3,
    digestBytes: 48,
    blockBytes: 128,
    knownAnswer: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  },
  sha512: {
    id: 4,
    digestBytes: 64,
    blockBytes: 128,
    knownAnswer:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  },
  'sha512-224': {
    id: 5,
    digestBytes: 28,
    blockBytes: 128,
    knownAnswer: '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa',
  },
  'sha512-256': {
    id: 6,
    digestBytes: 32,
    blockBytes: 128,
    knownAnswer: '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
  },
};
