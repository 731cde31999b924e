/**
 * KEK handles: a key-encryption key imported once and used many times. The handle owns the key, in a `Secret`; its schedule lies
 * in one of the core's numbered slots, which are only a cache: the slot used longest ago is wiped for the next handle, and a
 * handle that lost its slot loads its key again on use.
 */
import { UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { aes, assertAesKey, KEY_AT } from './aes.ts';
import { exposeKey, type KeyBytes } from './key-bytes.ts';
import { core, memory } from './wasm.ts';

/** How many schedules the core keeps. */
export const KEK_SLOT_COUNT = 16;

/** For each slot the generation of the handle whose schedule it holds (0: empty), and when it was last used. */
const holders: number[] = /* @__PURE__ */ new Array<number>(KEK_SLOT_COUNT).fill(0);
const lastUses: number[] = /* @__PURE__ */ new Array<number>(KEK_SLOT_COUNT).fill(0);
let generations = 0;
let uses = 0;

/** A key-encryption key, made by `importKek`. Use with `using`, or call `dispose()`. */
export class Kek {
  readonly #secret: Secret;
  /** Unique among all handles ever made, so a slot that was given away is never taken for one's own. */
  readonly #generation: number = ++generations;
  #slot = 0;

  /** @internal Takes the secret over. Use `importKek`. */
  constructor(secret: Secret) {
    this.#secret = secret;
  }

  /** Wipes the key and its schedule. Safe to call twice. */
  dispose(): void {
    if (holders[this.#slot] === this.#generation) {
      core().kekWipe(this.#slot);
      holders[this.#slot] = 0;
      lastUses[this.#slot] = 0;
    }
    this.#secret.dispose();
  }

  /** Disposes of it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * @internal The number of the slot that holds this key's schedule, loaded if it must be.
   *
   * @throws {UsageError} ERR_KEK_DISPOSED
   */
  static slotOf(kek: Kek): number {
    const slot = kek.#slot;
    if (holders[slot] !== kek.#generation) return kek.#load();
    lastUses[slot] = ++uses;
    return slot;
  }

  #load(): number {
    if (this.#secret.disposed) throw new UsageError('ERR_KEK_DISPOSED', 'this KEK was disposed of');
    const w = aes();
    const key = this.#secret.expose();
    let slot = 0;
    for (let i = 1; i < KEK_SLOT_COUNT; i++) if ((lastUses[i] as number) < (lastUses[slot] as number)) slot = i;
    if (holders[slot] !== 0) w.kekWipe(slot);
    memory().set(key, KEY_AT);
    w.kekLoad(slot, KEY_AT, key.length);
    w.wipe(KEY_AT, 32);
    holders[slot] = this.#generation;
    lastUses[slot] = ++uses;
    this.#slot = slot;
    return slot;
  }
}

/**
 * Imports a key-encryption key for use with `wrapKey` and its siblings: its schedule is computed once, not at every call.
 *
 * @param key 16, 24 or 32 bytes: AES-128, -192 or -256. Copied; the caller's bytes are not changed and remain the caller's to wipe.
 * @returns a handle, to be disposed of
 * @throws {UsageError} ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED
 * @example
 * using kek = importKek(new Uint8Array(32));
 * const wrapped = wrapKey(kek, new Uint8Array(32));
 */
export function importKek(key: KeyBytes): Kek {
  const bytes = exposeKey(key);
  assertAesKey(bytes);
  return new Kek(Secret.from(bytes));
}

/** Set by `placeKey`: what to pass as `key` to the wasm, an address or a slot's number. */
export let keyArgument = 0;

/**
 * Makes a KEK ready for one call: puts its bytes into linear memory, or finds its slot. Sets `keyArgument`; returns what to
 * pass as `keyLen`. @throws {UsageError} ERR_KEY_LENGTH, ERR_BYTES_TYPE, ERR_SECRET_DISPOSED, ERR_KEK_DISPOSED
 */
export function placeKey(kek: KeyBytes | Kek): number {
  if (kek instanceof Kek) {
    keyArgument = Kek.slotOf(kek);
    return 0;
  }
  const bytes = exposeKey(kek);
  assertAesKey(bytes);
  memory().set(bytes, KEY_AT);
  keyArgument = KEY_AT;
  return bytes.length;
}
