/**
 * What an opened or written file leaves in memory so that writing it again costs no key derivation: the derived keys with
 * their salts and counts. A rewrite takes fresh IVs under the same keys (PBES2), so the file changes but its password does not.
 * Schemes that derive the IV from the salt (PBES1, PKCS#12) must not be reused: for them the session keeps the password, and a
 * rewrite derives anew. Layer: pkcs12.
 */
import { UsageError } from '../errors.ts';
import type { EncryptionInfo, KdfInfo } from './algorithm.ts';
import { derivationsFor } from './cipher.ts';
import { type Derivation, publicId } from './derive.ts';
import { type MacInfo, macDerivation } from './mac.ts';
import type { Password, PasswordForm } from './password.ts';

/** A derived key and the algorithm it belongs to. */
export interface SessionKey {
  readonly encryption: EncryptionInfo;
  /** The derived key; empty for schemes that need a new salt at every rewrite. */
  readonly key: Uint8Array<ArrayBuffer>;
}

/** What a session holds. */
export interface SessionParts {
  readonly mac: (MacInfo & { readonly key: Uint8Array<ArrayBuffer> }) | null;
  /** By the place of the safe in the file. */
  readonly safes: readonly (SessionKey | null)[];
  /** Of encrypted bags; new ones take the first. */
  readonly bags: readonly SessionKey[];
  /** Only where a scheme needs it; the session's own copy. */
  readonly password: Password | null;
  /** The form of the password that each derivation of this file takes. */
  readonly forms: ReadonlyMap<KdfInfo['kdf'], PasswordForm>;
}

/** The keys of a file for its next rewrite. Secret: dispose of it (an `UnlockedPfx` disposes of its own). */
export class PfxSession {
  #parts: SessionParts | undefined;
  #byDerivation: ReadonlyMap<string, Uint8Array<ArrayBuffer>> | undefined;

  /** @internal Made by `unlock` and `sealPfx`. Takes the parts over. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** True when a rewrite costs no key derivation. */
  get isFree(): boolean {
    return this.parts.password === null;
  }

  /** @internal The parts, lent. @throws {UsageError} ERR_SESSION_DISPOSED */
  get parts(): SessionParts {
    if (this.#parts === undefined) throw new UsageError('ERR_SESSION_DISPOSED', 'this session was disposed of');
    return this.#parts;
  }

  /** @internal Says whether a key is here. */
  hasKey(derivation: Derivation): boolean {
    return this.#index().has(publicId(derivation));
  }

  /** @internal A copy of the key that a derivation would give, whatever its password; undefined where it is not here. */
  findKey(derivation: Derivation): Uint8Array<ArrayBuffer> | undefined {
    return this.#index().get(publicId(derivation))?.slice();
  }

  /** The keys by their derivations. Schemes that must not reuse a salt have none here. */
  #index(): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
    const { mac, safes, bags } = this.parts;
    if (this.#byDerivation !== undefined) return this.#byDerivation;
    const index = new Map<string, Uint8Array<ArrayBuffer>>();
    if (mac !== null && mac.kdf !== null) {
      index.set(publicId(macDerivation({ ...mac, kdf: mac.kdf }, NO_PASSWORD)), mac.key);
    }
    for (const kept of [...safes, ...bags]) {
      if (kept === null || kept.encryption.scheme !== 'pbes2') continue;
      const { kdf, cipher } = kept.encryption;
      if (kdf === null || cipher === null) continue;
      for (const derivation of derivationsFor(kdf, cipher, NO_PASSWORD)) index.set(publicId(derivation), kept.key);
    }
    this.#byDerivation = index;
    return index;
  }

  /** A session of its own with the same keys. @throws {UsageError} ERR_SESSION_DISPOSED */
  clone(): PfxSession {
    const { mac, safes, bags, password, forms } = this.parts;
    const copy = <K extends { readonly key: Uint8Array<ArrayBuffer> }>(kept: K): K => ({
      ...kept,
      key: kept.key.slice(),
    });
    return new PfxSession({
      mac: mac && copy(mac),
      safes: safes.map((kept) => kept && copy(kept)),
      bags: bags.map(copy),
      password: password?.clone() ?? null,
      forms,
    });
  }

  /** Zeroes all keys. Safe to call twice. */
  dispose(): void {
    if (this.#parts === undefined) return;
    const { mac, safes, bags, password } = this.#parts;
    for (const kept of [...safes, ...bags]) kept?.key.fill(0);
    mac?.key.fill(0);
    password?.dispose();
    this.#parts = undefined;
    this.#byDerivation = undefined;
  }

  /** Zeroes all keys, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Gives `[redacted]`, so that no JSON holds a key. */
  toJSON(): string {
    return '[redacted]';
  }
}

const NO_PASSWORD = /* @__PURE__ */ new Uint8Array(0);

/** Drops keys that are there twice, and wipes the copies dropped. Takes them over. */
export function uniqueKeys(keys: readonly SessionKey[]): readonly SessionKey[] {
  const seen = new Set<string>();
  return keys.filter((kept) => {
    const { kdf, cipher } = kept.encryption;
    const id = kdf === null || cipher === null ? '' : derivationsFor(kdf, cipher, NO_PASSWORD).map(publicId).join();
    if (!seen.has(id)) {
      seen.add(id);
      return true;
    }
    kept.key.fill(0);
    return false;
  });
}
