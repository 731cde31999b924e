/**
 * What an opened or written file leaves in memory so that writing it again costs no key derivation: the derived keys with
 * their salts and counts. A rewrite takes fresh IVs under the same keys (PBES2), so the file changes but its password does not.
 * Schemes that derive the IV from the salt (PBES1, PKCS#12) must not be reused: for them the session keeps the password, and a
 * rewrite derives anew. Layer: pkcs12.
 */
import { equalPublicBytes } from '../bytes.ts';
import { UsageError } from '../errors.ts';
import type { EncryptionInfo, KdfInfo } from './algorithm.ts';
import { derivationsFor } from './cipher.ts';
import type { Derivation } from './derive.ts';
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
  /** For new encrypted bags. */
  readonly bag: SessionKey | null;
  /** Only where a scheme needs it; the session's own copy. */
  readonly password: Password | null;
  /** The form of the password that each derivation of this file takes. */
  readonly forms: ReadonlyMap<KdfInfo['kdf'], PasswordForm>;
}

/** The keys of a file for its next rewrite. Secret: dispose of it (an `UnlockedPfx` disposes of its own). */
export class PfxSession {
  #parts: SessionParts | undefined;

  /** Internal: made by `unlock` and `sealPfx`. Takes the parts over. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** True when a rewrite costs no key derivation. */
  get isFree(): boolean {
    return this.parts.password === null;
  }

  /** Internal: the parts, lent. @throws {UsageError} ERR_SESSION_DISPOSED */
  get parts(): SessionParts {
    if (this.#parts === undefined) throw new UsageError('ERR_SESSION_DISPOSED', 'this session was disposed of');
    return this.#parts;
  }

  /** Internal: a copy of the key that a derivation would give, whatever its password; undefined where it is not here. */
  findKey(derivation: Derivation): Uint8Array<ArrayBuffer> | undefined {
    const { mac, safes, bag } = this.parts;
    if (
      mac !== null &&
      mac.kdf !== null &&
      sameDerivation(derivation, macDerivation({ ...mac, kdf: mac.kdf }, NO_PASSWORD))
    ) {
      return mac.key.slice();
    }
    for (const kept of [...safes, bag]) {
      if (kept === null || kept.encryption.scheme !== 'pbes2') continue;
      const { kdf, cipher } = kept.encryption;
      if (kdf === null || cipher === null) continue;
      const [own] = derivationsFor(kdf, cipher, NO_PASSWORD);
      if (own !== undefined && sameDerivation(derivation, own)) return kept.key.slice();
    }
    return undefined;
  }

  /** Zeroes all keys. Safe to call twice. */
  dispose(): void {
    if (this.#parts === undefined) return;
    const { mac, safes, bag, password } = this.#parts;
    for (const kept of [...safes, bag]) kept?.key.fill(0);
    mac?.key.fill(0);
    password?.dispose();
    this.#parts = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toJSON(): string {
    return '[redacted]';
  }
}

const NO_PASSWORD = /* @__PURE__ */ new Uint8Array(0);

/** Says whether two derivations are the same but for the password. */
function sameDerivation(a: Derivation, b: Derivation): boolean {
  const { salt: saltA, password: _, ...restA } = a;
  const { salt: saltB, password: __, ...restB } = b;
  if (!equalPublicBytes(saltA, saltB)) return false;
  const names = new Set([...Object.keys(restA), ...Object.keys(restB)]) as Set<keyof typeof restA>;
  return [...names].every((name) => restA[name] === restB[name]);
}
