/**
 * An opened file: its bags with their contents, and the session that a rewrite needs. Holds secrets until disposed of.
 * Layer: pkcs12.
 */
import type { RawBag } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { type Bag, type BagContext, lockedContent } from './bag.ts';
import { runSteps, runStepsSync, type Steps, WAIT_OPTIONS, type WaitOptions } from './derive.ts';
import { assertKnownOptions } from './limits.ts';
import { Password, type PasswordInput } from './password.ts';
import type { Pfx } from './pfx.ts';
import type { Quirk } from './quirks.ts';
import { type ClosedSafe, listBags, modelSafe, type Safe } from './safe.ts';
import { PfxSession, uniqueKeys } from './session.ts';
import { flattenRaw, openBagSteps, type UnlockedState, type UnlockRequest, wipeUnlocked } from './unlock.ts';

/** Options of `decrypt`. */
export interface DecryptOptions extends WaitOptions {
  /** The bags' own password. Default: the one the file was opened with. */
  readonly password?: PasswordInput;
}

/** An opened file. Made by `Pfx.unlock`; use with `using`, or call `dispose()`. */
export class UnlockedPfx {
  /** The file as parsed. */
  readonly pfx: Pfx;
  /** True when the MAC was there and verified. */
  readonly macVerified: boolean;
  /** Deviations of the writer, those that only opening shows included. */
  readonly quirks: readonly Quirk[];
  readonly #closed: readonly ClosedSafe[];
  readonly #state: UnlockedState;
  readonly #request: UnlockRequest;
  readonly #owned: Secret[] = [];
  readonly #raws = new WeakMap<Bag, RawBag>();
  #safes: readonly Safe[] | undefined;
  #session: PfxSession | undefined;
  #disposed = false;

  /** @internal Takes the state over, copies the password. */
  constructor(pfx: Pfx, closed: readonly ClosedSafe[], state: UnlockedState, request: UnlockRequest) {
    this.pfx = pfx;
    this.#closed = closed;
    this.#state = state;
    this.#request = { ...request, password: request.password.clone(), macPassword: null };
    this.macVerified = state.macKey !== null;
    this.quirks = [...new Set<Quirk>([...pfx.quirks, ...this.#innerQuirks(), ...state.quirks])];
  }

  /** All safes with their bags. @throws {UsageError} ERR_PFX_DISPOSED */
  get safes(): readonly Safe[] {
    this.#assertLive();
    this.#safes ??= this.#closed.map((safe, i) => modelSafe(safe, this.#state.bags[i] ?? null, this.#context()));
    return this.#safes;
  }

  /** All bags, those inside SafeContentsBags included, in the order of the file. @throws {UsageError} ERR_PFX_DISPOSED */
  get bags(): readonly Bag[] {
    return listBags(this.safes);
  }

  /** Iterations spent on this file so far. */
  get iterations(): number {
    return this.#request.budget.spent;
  }

  /** The derived keys for rewriting this file without deriving them again; disposed of together with this object. */
  get session(): PfxSession {
    this.#assertLive();
    this.#session ??= this.#makeSession();
    return this.#session;
  }

  /**
   * Decrypts keys that `unlock` was told to leave, or that have a password of their own. `bags` and `safes` show them from then on.
   *
   * @param bags some of this file's; others than encrypted ones are given back as they are
   * @returns the bags, in order: decrypted, or with a `failure`
   * @throws {LimitError} as `unlock`
   */
  async decrypt(bags: readonly Bag[], options: DecryptOptions = {}): Promise<readonly Bag[]> {
    assertKnownOptions(options, ['password', ...WAIT_OPTIONS]);
    const { raws, request } = this.#prepare(bags, options);
    try {
      return await runSteps(this.#decrypt(raws, request), options);
    } finally {
      if (request !== this.#request) request.password.dispose();
    }
  }

  /** Does what `decrypt` does, in this thread, at once. */
  decryptSync(bags: readonly Bag[], options: { readonly password?: PasswordInput } = {}): readonly Bag[] {
    assertKnownOptions(options, ['password']);
    const { raws, request } = this.#prepare(bags, options);
    try {
      return runStepsSync(this.#decrypt(raws, request));
    } finally {
      if (request !== this.#request) request.password.dispose();
    }
  }

  /** Zeroes everything secret: plaintexts, keys, the password. The bags handed out are then without contents. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const secret of this.#owned) secret.dispose();
    for (const [i, safe] of this.#closed.entries()) {
      if (safe.kind !== 'encrypted') continue;
      for (const raw of this.#state.bags[i] ?? []) raw.der.fill(0); // what it holds lies in it
    }
    wipeUnlocked(this.#state);
    this.#session?.dispose();
    this.#request.password.dispose();
  }

  /** Disposes of it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #prepare(bags: readonly Bag[], options: { readonly password?: PasswordInput }) {
    this.#assertLive();
    const raws = bags.map((bag) => {
      const raw = this.#raws.get(bag);
      if (raw === undefined) throw new UsageError('ERR_BAG_FOREIGN', 'this bag is not one of this file');
      return raw;
    });
    const { password } = options;
    const request = password === undefined ? this.#request : { ...this.#request, password: new Password(password) };
    return { raws, request };
  }

  *#decrypt(raws: readonly RawBag[], request: UnlockRequest): Steps<readonly Bag[]> {
    const { openings } = this.#state;
    yield* openBagSteps(
      raws.filter((raw) => !isOpen(openings.get(raw))),
      request,
      this.#state,
    );
    this.#safes = undefined;
    const models = new Map(this.bags.map((bag) => [this.#raws.get(bag), bag]));
    return raws.map((raw) => models.get(raw) as Bag);
  }

  #context(): BagContext {
    return {
      openingOf: (raw) => this.#state.openings.get(raw),
      own: (secret) => {
        if (this.#disposed) secret.dispose();
        else this.#owned.push(secret);
      },
      made: (bag, raw) => this.#raws.set(bag, raw),
    };
  }

  #innerQuirks(): readonly Quirk[] {
    const raws = this.#state.bags.flatMap((bags) => flattenRaw(bags ?? []));
    return raws.flatMap((raw) => lockedContent(raw)?.encryption.quirks ?? []);
  }

  #makeSession(): PfxSession {
    const { macKey, safeKeys, bagKeys, forms } = this.#state;
    const { mac } = this.pfx;
    const needsPassword = safeKeys.some((kept) => kept !== null && kept.encryption.scheme !== 'pbes2');
    return new PfxSession({
      mac: mac === null || macKey === null ? null : { ...mac, key: macKey.slice() },
      safes: safeKeys.map((kept) => kept && { encryption: kept.encryption, key: kept.key.slice() }),
      bags: uniqueKeys(bagKeys.map((kept) => ({ encryption: kept.encryption, key: kept.key.slice() }))),
      password: needsPassword ? this.#request.password.clone() : null,
      forms,
    });
  }

  #assertLive(): void {
    if (this.#disposed) throw new UsageError('ERR_PFX_DISPOSED', 'this file was closed');
  }
}

function isOpen(opening: { readonly failure?: unknown } | undefined): boolean {
  return opening !== undefined && opening.failure === undefined;
}
