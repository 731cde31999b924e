/**
 * Reading a PKCS#12 file: `parsePfx` shows what can be seen without the password, `unlock` opens it. Layer: pkcs12.
 *
 * PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }  (RFC 7292 §4)
 */
import { parsePfxStructure, type RawBag, type RawPfx } from '../core/index.ts';
import { UnsupportedError } from '../errors.ts';
import type { Bag, BagContext } from './bag.ts';
import { lockedContent } from './bag.ts';
import { derivationsFor, wrongPasswordError } from './cipher.ts';
import {
  costOf,
  type Derivation,
  runSteps,
  runStepsSync,
  type Steps,
  WAIT_OPTIONS,
  type WaitOptions,
} from './derive.ts';
import { assertKnownOptions, Budget, type Pkcs12Limits, resolveLimits } from './limits.ts';
import { describeMac, type MacInfo, macDerivation } from './mac.ts';
import { CONTENT, nameOid } from './oids.ts';
import { Password, type PasswordInput } from './password.ts';
import type { Quirk } from './quirks.ts';
import { type ClosedSafe, describeSafe, modelSafe, type Safe } from './safe.ts';
import type { PfxSession } from './session.ts';
import { structureLimits } from './structure.ts';
import { flattenRaw, type UnlockRequest, type UnlockSource, unlockSteps } from './unlock.ts';
import { UnlockedPfx } from './unlocked.ts';

/** Options of `unlock`. */
export interface UnlockOptions extends WaitOptions, UnlockSyncOptions {}

/** Options of `unlockSync`. */
export interface UnlockSyncOptions {
  /** The MAC's password, where it is not the one that the contents are encrypted under. */
  readonly macPassword?: PasswordInput;
  /** Open a file that has no MAC, that is, that anybody may have changed. Default false. */
  readonly allowMissingMac?: boolean;
  /** Which encrypted keys to decrypt at once; `decrypt` opens others later. Default `'all'`. */
  readonly select?: 'all' | 'none' | ((bag: Bag) => boolean);
  /** Other limits than those the file was parsed with. */
  readonly limits?: Partial<Pkcs12Limits>;
}

/** The work that a file is known to ask for, before its inner bags are seen. */
export interface KnownCost {
  /** Iterations of all derivations, equal ones counted once. */
  readonly iterations: number;
  readonly derivations: number;
}

/**
 * Parses a PKCS#12 file, without its password: structure, algorithms, counts, salts, cost, and what is not encrypted.
 *
 * @param bytes the file, BER or DER, at most `limits.maxBytes`; copied, not changed
 * @throws {FormatError} ERR_DER_… with offset and path; ERR_PFX_VERSION
 * @throws {LimitError} ERR_DER_SIZE, ERR_DER_DEPTH, ERR_DER_COUNT; ERR_LIMIT_ITERATIONS for a count no number holds
 * @example
 * const pfx = parsePfx(file);
 * console.log(pfx.mac?.name, pfx.cost.iterations);
 * using opened = await pfx.unlock('password');
 */
export function parsePfx(bytes: Uint8Array, limits?: Partial<Pkcs12Limits>): Pfx {
  const resolved = resolveLimits(limits);
  return new Pfx(parsePfxStructure(bytes, structureLimits(resolved)), bytes.length, resolved);
}

/** A parsed file. Holds no secret, unless the file has unencrypted ones. Made by `parsePfx`. */
export class Pfx {
  /** Always 3: others are refused. */
  readonly version: number;
  readonly sizeBytes: number;
  /** How the file is protected from change: by a password, not at all, or by a signature, which is not supported. */
  readonly integrity: 'password' | 'none' | 'signature';
  readonly mac: MacInfo | null;
  readonly limits: Pkcs12Limits;
  /** Deviations seen so far. */
  readonly quirks: readonly Quirk[];
  readonly #raw: RawPfx;
  readonly #closed: readonly ClosedSafe[];
  #safes: readonly Safe[] | undefined;

  /** @internal Use `parsePfx`. */
  constructor(raw: RawPfx, sizeBytes: number, limits: Pkcs12Limits) {
    this.#raw = raw;
    this.#closed = raw.safes.map(describeSafe);
    this.version = raw.version;
    this.sizeBytes = sizeBytes;
    this.limits = limits;
    this.mac = raw.mac === null ? null : describeMac(raw.mac);
    this.integrity = raw.contentType !== CONTENT.DATA ? 'signature' : raw.mac === null ? 'none' : 'password';
    const encryptions = [
      ...this.#closed.map((safe) => safe.encryption),
      ...this.#outerBags().map((bag) => bag.encryption),
    ];
    const quirks = [...(this.mac?.quirks ?? []), ...encryptions.flatMap((e) => e?.quirks ?? [])];
    this.quirks = [...new Set<Quirk>([...(raw.wasBer ? (['ber'] as const) : []), ...quirks])];
  }

  /** The safes, those in the open with their bags. */
  get safes(): readonly Safe[] {
    this.#safes ??= this.#closed.map((safe, i) => modelSafe(safe, this.#raw.safes[i]?.bags ?? null, CLOSED));
    return this.#safes;
  }

  /** What opening costs, as far as can be seen: bags inside encrypted safes come on top. */
  get cost(): KnownCost {
    const none = new Uint8Array(0);
    const derivations: Derivation[] = [];
    if (this.mac !== null && this.mac.kdf !== null) {
      derivations.push(macDerivation({ ...this.mac, kdf: this.mac.kdf }, none));
    }
    const encryptions = [
      ...this.#closed.map((safe) => safe.encryption),
      ...this.#outerBags().map((bag) => bag.encryption),
    ];
    for (const encryption of encryptions) {
      if (encryption === null || encryption.kdf === null || encryption.cipher === null) continue;
      derivations.push(...derivationsFor(encryption.kdf, encryption.cipher, none));
    }
    return { iterations: costOf(derivations), derivations: derivations.length };
  }

  /**
   * Opens the file: verifies the MAC, then decrypts.
   *
   * @param password text, UTF-8 bytes, a Secret, or null for no password at all (which is not the empty one); copied
   * @throws {AuthenticationError} ERR_WRONG_PASSWORD, whatever failed; ERR_MAC_MISSING
   * @throws {LimitError} ERR_LIMIT_ITERATIONS, ERR_LIMIT_TOTAL_ITERATIONS, ERR_LIMIT_SCRYPT_MEMORY, before the work they forbid
   * @throws {UnsupportedError} ERR_UNSUPPORTED_ALGORITHM for the MAC; safes and bags get a `failure` instead
   * @example
   * using opened = await parsePfx(file).unlock('password', { signal });
   * for (const bag of opened.bags) console.log(bag.kind, bag.friendlyName);
   */
  async unlock(password: PasswordInput, options: UnlockOptions = {}): Promise<UnlockedPfx> {
    assertKnownOptions(options, [...UNLOCK_OPTIONS, ...WAIT_OPTIONS]);
    const { request, dispose } = this.#request(password, options);
    try {
      return await runSteps(this.#unlock(request), options);
    } finally {
      dispose();
    }
  }

  /** Does what `unlock` does, in this thread, at once. @throws as `unlock`; {UsageError} ERR_…_NOT_LOADED, see `loadRare` */
  unlockSync(password: PasswordInput, options: UnlockSyncOptions = {}): UnlockedPfx {
    assertKnownOptions(options, UNLOCK_OPTIONS);
    const { request, dispose } = this.#request(password, options);
    try {
      return runStepsSync(this.#unlock(request));
    } finally {
      dispose();
    }
  }

  /**
   * Opens another version of a file whose keys are at hand: nothing is derived, unless its scheme takes a new salt with every write.
   * Encrypted keys that stand in it under salts of their own stay closed.
   *
   * @param session of the version that was opened or written before; lent
   * @throws {AuthenticationError} ERR_WRONG_PASSWORD when this version is under another password or other salts, or was changed
   */
  reopen(session: PfxSession): UnlockedPfx {
    const kept = session.parts.password;
    const { request, dispose } = this.#request('', {});
    const password = kept?.clone();
    try {
      if (password !== undefined) return runStepsSync(this.#unlock({ ...request, password }));
      return runStepsSync(this.#unlock({ ...request, selects: (raw) => isKnown(raw, session) }), (derivations) => {
        if (!derivations.every((derivation) => session.hasKey(derivation))) throw wrongPasswordError();
        return derivations.map((derivation) => session.findKey(derivation) as Uint8Array<ArrayBuffer>);
      });
    } finally {
      password?.dispose();
      dispose();
    }
  }

  *#unlock(request: UnlockRequest): Steps<UnlockedPfx> {
    if (this.integrity === 'signature') {
      const name = nameOid(this.#raw.contentType);
      const message = `a file protected by ${name} (a public key's signature) is not supported`;
      throw new UnsupportedError('ERR_UNSUPPORTED_INTEGRITY', message, this.#raw.contentType);
    }
    const state = yield* unlockSteps(this.#source(), request);
    return new UnlockedPfx(this, this.#closed, state, request);
  }

  #source(): UnlockSource {
    const safes = this.#raw.safes.map(({ bags, ciphertext }, i) => {
      const { encryption, failure } = this.#closed[i] as ClosedSafe;
      return { bags, ciphertext, encryption, failure };
    });
    return { mac: this.mac, authSafe: this.#raw.authSafe, safes };
  }

  #request(input: PasswordInput, options: UnlockSyncOptions): { readonly request: UnlockRequest; dispose(): void } {
    const limits = resolveLimits(options.limits, this.limits);
    const password = new Password(input);
    const macPassword = options.macPassword === undefined ? null : new Password(options.macPassword);
    const request: UnlockRequest = {
      password,
      macPassword,
      allowMissingMac: options.allowMissingMac ?? false,
      limits,
      budget: new Budget(limits),
      selects: selector(options.select ?? 'all'),
    };
    return {
      request,
      dispose() {
        password.dispose();
        macPassword?.dispose();
      },
    };
  }

  /** Encrypted bags that stand in the open. */
  #outerBags(): readonly NonNullable<ReturnType<typeof lockedContent>>[] {
    return this.#raw.safes.flatMap(({ bags }) => flattenRaw(bags ?? []).flatMap((raw) => lockedContent(raw) ?? []));
  }
}

/** Says whether a session has the key of an encrypted bag. */
function isKnown(raw: RawBag, session: PfxSession): boolean {
  const { kdf, cipher } = lockedContent(raw)?.encryption ?? {};
  if (!kdf || !cipher) return false;
  return derivationsFor(kdf, cipher, new Uint8Array(0)).every((derivation) => session.hasKey(derivation));
}

/** Models of bags that nobody has opened. */
const CLOSED: BagContext = { openingOf: () => undefined, own() {}, made() {} };

const UNLOCK_OPTIONS = ['macPassword', 'allowMissingMac', 'select', 'limits'] as const;

function selector(select: 'all' | 'none' | ((bag: Bag) => boolean)): (raw: RawBag) => boolean {
  if (typeof select !== 'function') return () => select === 'all';
  return (raw) => {
    let chosen = false;
    const context: BagContext = { ...CLOSED, made: (bag) => (chosen = select(bag)) };
    // A model of its own, so that the caller decides on what it will also see later.
    modelSafe({} as ClosedSafe, [raw], context);
    return chosen;
  };
}
