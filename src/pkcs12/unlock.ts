/**
 * Opens a file with a password, in two stages (each derives all its keys together, equal ones once):
 *
 *   1. the MAC, the encrypted safes, and the encrypted bags that stand in plain safes. The MAC is verified first; nothing is
 *      decrypted before.
 *   2. the encrypted bags found inside the safes, only those asked for.
 *
 * Before a stage's first hash its iteration counts are checked, and its cost is added to the file's total and checked. Where the
 * password's usual encoding fails, those of old writers are tried (see password.ts), each retry at its cost.
 * A procedure of steps (derive.ts); holds no password longer than its caller does. Layer: pkcs12.
 */
import { parseSafeContents, type RawBag } from '../core/index.ts';
import { AuthenticationError, type KeywardError, LimitError } from '../errors.ts';
import type { EncryptionInfo, KdfInfo } from './algorithm.ts';
import { lockedContent, type Opening } from './bag.ts';
import { keyMaterial, wrongPasswordError } from './cipher.ts';
import { assertDerivations, costOf, type Derivation, type Steps } from './derive.ts';
import type { Budget, Pkcs12Limits } from './limits.ts';
import { type MacInfo, macDerivation, macParts, verifyMac } from './mac.ts';
import { BAG } from './oids.ts';
import type { Password, PasswordForm } from './password.ts';
import { adoptPrivateKey, readSecretKey } from './private-key.ts';
import type { Quirk } from './quirks.ts';
import type { OnDemand } from './rare.ts';
import { structureLimits } from './structure.ts';
import { deal, type KeptKey, nextTry, Target, type Try } from './target.ts';

/** What there is to open. */
export interface UnlockSource {
  readonly mac: MacInfo | null;
  readonly authSafe: Uint8Array;
  readonly safes: readonly UnlockSafe[];
}

/** One safe: bags in the open, or ciphertext. */
export interface UnlockSafe {
  readonly bags: readonly RawBag[] | null;
  readonly encryption: EncryptionInfo | null;
  readonly ciphertext: Uint8Array | null;
  readonly failure: KeywardError | null;
}

/** How to open it. */
export interface UnlockRequest {
  readonly password: Password;
  /** The MAC's own password; null: the same. */
  readonly macPassword: Password | null;
  readonly allowMissingMac: boolean;
  readonly limits: Pkcs12Limits;
  readonly budget: Budget;
  /** Says which encrypted bags to open. */
  selects(raw: RawBag): boolean;
}

/** What opening brought to light. Whoever takes it wipes it: `wipeUnlocked`. */
export interface UnlockedState {
  /** The bags of each safe; null where it stays closed. */
  readonly bags: (readonly RawBag[] | null)[];
  /** Decrypted contents of bags. */
  readonly openings: Map<RawBag, Opening>;
  /** The decrypted safes, whose bags are views of them. */
  readonly plaintexts: Uint8Array<ArrayBuffer>[];
  /** The key of each encrypted safe that was opened. */
  readonly safeKeys: (KeptKey | null)[];
  /** The keys of the encrypted bags that were opened. */
  readonly bagKeys: KeptKey[];
  macKey: Uint8Array<ArrayBuffer> | null;
  /** The forms of the password that were right, by derivation: for a rewrite. */
  readonly forms: Map<KdfInfo['kdf'], PasswordForm>;
  readonly quirks: Set<Quirk>;
}

/** Opens a file. @throws {AuthenticationError} ERR_WRONG_PASSWORD, ERR_MAC_MISSING; LimitError; UnsupportedError */
export function* unlockSteps(source: UnlockSource, request: UnlockRequest): Steps<UnlockedState> {
  const state = emptyState(source.safes.length);
  try {
    assertOpenable(source, request);
    const stage1 = firstStage(source, request, state);
    const macForm = yield* verifyFirst(source, stage1, request, state);
    yield* openAll(stage1, macForm, request, state);
    const macProves = macForm !== null && request.macPassword === null;
    settle(stage1, macProves);
    yield* openBags(source, request, state, macForm);
    return state;
  } catch (fault) {
    wipeUnlocked(state);
    throw fault;
  }
}

/** Opens further encrypted bags of an opened file: stage 2 on its own. What does not open gets a failure. */
export function* openBagSteps(raws: readonly RawBag[], request: UnlockRequest, state: UnlockedState): Steps<void> {
  const asked = { ...request, selects: () => true };
  const targets = raws.flatMap((raw) => bagTarget(raw, asked, state) ?? []);
  yield* openAll(targets, null, asked, state);
  for (const target of targets) target.giveUp();
}

/** Zeroes everything secret that opening made. */
export function wipeUnlocked(state: UnlockedState): void {
  for (const bytes of state.plaintexts) bytes.fill(0);
  for (const kept of [...state.safeKeys, ...state.bagKeys]) kept?.key.fill(0);
  state.macKey?.fill(0);
  for (const opening of state.openings.values()) {
    opening.privateKey?.der.dispose();
    opening.secretKey?.bytes.dispose();
  }
}

/** All bags of a list, those inside SafeContentsBags included. */
export function flattenRaw(bags: readonly RawBag[]): readonly RawBag[] {
  if (bags.every((bag) => bag.bags === null)) return bags;
  return bags.flatMap((bag) => [bag, ...flattenRaw(bag.bags ?? [])]);
}

function emptyState(safes: number): UnlockedState {
  return {
    bags: Array.from({ length: safes }, () => null),
    openings: new Map(),
    plaintexts: [],
    safeKeys: Array.from({ length: safes }, () => null),
    bagKeys: [],
    macKey: null,
    forms: new Map(),
    quirks: new Set(),
  };
}

/** What is refused before any work, whatever the password. */
function assertOpenable(source: UnlockSource, request: UnlockRequest): void {
  if (source.mac === null && !request.allowMissingMac) {
    throw new AuthenticationError('ERR_MAC_MISSING', 'the file has no MAC: nothing shows whether it was changed', {
      hint: 'if you trust where it comes from, open it with allowMissingMac: true',
    });
  }
  if (source.mac?.failure) throw source.mac.failure;
  for (const { failure } of source.safes) if (failure instanceof LimitError) throw failure;
}

/** Everything that can be opened without opening something else first. */
function firstStage(source: UnlockSource, request: UnlockRequest, state: UnlockedState): Target[] {
  return source.safes.flatMap((safe, index) => {
    if (safe.bags !== null) {
      state.bags[index] = safe.bags;
      return bagTargets(safe.bags, request, state);
    }
    return safeTarget(safe, index, request, state) ?? [];
  });
}

function safeTarget(safe: UnlockSafe, index: number, request: UnlockRequest, state: UnlockedState): Target | null {
  const { encryption, ciphertext, failure } = safe;
  if (encryption === null || ciphertext === null || failure !== null) return null;
  return new Target({ encryption, ciphertext }, request.password, {
    accept(plaintext) {
      state.bags[index] = parseSafeContents(plaintext, structureLimits(request.limits));
      state.plaintexts.push(plaintext);
    },
    isProven: () => state.macKey !== null && request.macPassword === null,
    keep(kept) {
      state.safeKeys[index] = kept;
    },
    fail(failure) {
      throw failure;
    },
  });
}

function bagTargets(bags: readonly RawBag[], request: UnlockRequest, state: UnlockedState): Target[] {
  return flattenRaw(bags).flatMap((raw) => bagTarget(raw, request, state) ?? []);
}

function bagTarget(raw: RawBag, request: UnlockRequest, state: UnlockedState): Target | null {
  const content = lockedContent(raw);
  if (content === null || !request.selects(raw)) return null;
  if (content.encryption.failure instanceof LimitError) throw content.encryption.failure;
  if (content.encryption.failure !== null) return null;
  const { openings } = state;
  return new Target(content, request.password, {
    accept(plaintext) {
      if (raw.bagId === BAG.SHROUDED_KEY) openings.set(raw, { privateKey: adoptPrivateKey(plaintext) });
      else {
        openings.set(raw, { secretKey: readSecretKey(plaintext) });
        plaintext.fill(0);
      }
    },
    isProven: () => false,
    keep(kept) {
      if (kept.encryption.scheme === 'pbes2') state.bagKeys.push(kept);
      else kept.key.fill(0);
    },
    fail(failure) {
      openings.set(raw, { failure });
    },
  });
}

/**
 * Derives the MAC key together with the first candidates of all targets, verifies the MAC, and only then tries the targets' keys.
 * Returns the form of the password that verified the MAC; null where there is no MAC.
 */
function* verifyFirst(
  source: UnlockSource,
  targets: readonly Target[],
  request: UnlockRequest,
  state: UnlockedState,
): Steps<PasswordForm | null> {
  const { mac } = source;
  if (mac === null || mac.kdf === null) return null;
  const password = request.macPassword ?? request.password;
  const forms = mac.kdf.kdf === 'pkcs12' ? password.pkcs12Forms() : (['utf8'] as const);
  const known = { ...mac, kdf: mac.kdf };
  const tries: Try[] = [];
  try {
    for (const [round, form] of forms.entries()) {
      const derivation = macDerivation(known, password.form(form));
      if (round === 0) tries.push(...targets.map((target) => nextTry(target, request.password)));
      const asked = round === 0 ? [derivation, ...tries.flatMap((t) => t.derivations)] : [derivation];
      const parts = round === 0 ? [...macParts(mac), ...tries.flatMap((t) => t.parts)] : [];
      const [macKey, ...keys] = yield* deriveChecked(asked, parts, request);
      if (round === 0) deal(tries, keys);
      if (verifyMac(mac, macKey as Uint8Array, source.authSafe)) {
        state.macKey = macKey as Uint8Array<ArrayBuffer>;
        noteForm(form, mac.kdf.kdf, password, state);
        for (const attempt of tries) attemptKey(attempt, form, request, state);
        return form;
      }
      macKey?.fill(0);
    }
    throw wrongPasswordError();
  } finally {
    for (const attempt of tries) for (const key of attempt.keys) key.fill(0);
  }
}

/** Goes on trying the targets that are still closed, all of them together, form after form. */
function* openAll(
  targets: readonly Target[],
  macForm: PasswordForm | null,
  request: UnlockRequest,
  state: UnlockedState,
): Steps<void> {
  for (const target of targets) target.forms = preferForm(target, macForm);
  for (;;) {
    const tries = targets.filter((t) => !t.opened && t.forms.length > 0).map((t) => nextTry(t, request.password));
    if (tries.length === 0) return;
    try {
      const asked = tries.flatMap((t) => t.derivations);
      deal(
        tries,
        yield* deriveChecked(
          asked,
          tries.flatMap((t) => t.parts),
          request,
        ),
      );
      for (const attempt of tries) attemptKey(attempt, null, request, state);
    } finally {
      for (const attempt of tries) for (const key of attempt.keys) key.fill(0);
    }
  }
}

/** Stage 2. */
function* openBags(
  source: UnlockSource,
  request: UnlockRequest,
  state: UnlockedState,
  macForm: PasswordForm | null,
): Steps<void> {
  const inside = state.bags.filter((bags, i) => bags !== null && source.safes[i]?.bags === null);
  const targets = inside.flatMap((bags) => bagTargets(bags ?? [], request, state));
  yield* openAll(targets, macForm, request, state);
  for (const target of targets) target.giveUp();
}

/**
 * Decides about what did not open. A safe that stays closed is a wrong password. A bag may have a password of its own (Java allows
 * it): it gets a failure, provided that something else has shown the password to be right.
 */
function settle(targets: readonly Target[], proven: boolean): void {
  const closed = targets.filter((target) => !target.opened);
  if (closed.length === 0) return;
  if (!proven && closed.length === targets.length) throw wrongPasswordError();
  for (const target of closed) target.giveUp();
}

/** Tries a key, unless the MAC has meanwhile shown that the password is to be read in another form. */
function attemptKey(
  { target, form, keys }: Try,
  macForm: PasswordForm | null,
  request: UnlockRequest,
  state: UnlockedState,
): void {
  const shared = request.macPassword === null && target.kdf.kdf === 'pkcs12';
  if (macForm !== null && macForm !== 'utf8' && shared && macForm !== form) return;
  target.tryKey(keyMaterial(target.kdf, target.cipher, keys));
  if (!target.opened) return;
  noteForm(form, target.kdf.kdf, request.password, state);
}

/** The form that verified the MAC comes first for what uses the same derivation. */
function preferForm(target: Target, macForm: PasswordForm | null): readonly PasswordForm[] {
  if (macForm === null || target.kdf.kdf !== 'pkcs12' || !target.forms.includes(macForm)) return target.forms;
  return [macForm, ...target.forms.filter((form) => form !== macForm)];
}

/** Checks counts and cost, loads what is needed, derives. */
function* deriveChecked(
  derivations: readonly Derivation[],
  parts: readonly OnDemand[],
  request: UnlockRequest,
): Steps<readonly Uint8Array<ArrayBuffer>[]> {
  assertDerivations(derivations, request.limits);
  request.budget.spend(costOf(derivations));
  const load = [...new Set(parts)];
  if (load.length > 0) yield { load };
  return yield { derive: derivations };
}

/** Remembers which form of the password was right, and reports one that is not the usual. */
function noteForm(form: PasswordForm, kdf: KdfInfo['kdf'], password: Password, state: UnlockedState): void {
  const { forms, quirks } = state;
  if (!forms.has(kdf)) forms.set(kdf, form);
  if (form === 'widened') quirks.add('widened-password');
  if (kdf !== 'pkcs12') {
    if (form === 'utf16') quirks.add('utf16-password-in-pbes');
    return;
  }
  if (form === 'none' && !password.isNull) quirks.add('null-password');
  if (form === 'utf16' && password.isNull) quirks.add('empty-password');
}
