/**
 * Writing a PKCS#12 file, DER throughout (RFC 7292 §5.1): plan all encryptions, derive all keys together, encrypt from the inside
 * out, compute the MAC. A file that our own default limits would refuse is not written. Layer: pkcs12.
 *
 * With a session (of the opened file, or of the last write) keys and salts stay, IVs are new, opened bags and safes are written
 * byte for byte, and nothing is derived. With a password everything is made new, opened bags included: so a password is changed.
 */
import { parsePfxStructure, parseSafeContents } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import type { EncryptionInfo, KdfInfo } from './algorithm.ts';
import type { RandomSource } from './algorithm-der.ts';
import { BagEncoder } from './bag-der.ts';
import { type BagInput, isOpenedSafe, type NewSafe, type PfxContents, type SafeInput } from './contents.ts';
import {
  type DerNode,
  encodeDer,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  primitive,
  sequence,
} from './der.ts';
import {
  costOf,
  type Derivation,
  runSteps,
  runStepsSync,
  type Steps,
  uniqueDerivations,
  WAIT_OPTIONS,
  type WaitOptions,
} from './derive.ts';
import { assertKnownOptions, DEFAULT_LIMITS } from './limits.ts';
import { MacPlan } from './mac-der.ts';
import { CONTENT } from './oids.ts';
import { Password, type PasswordForm, type PasswordInput } from './password.ts';
import { type Algorithms, type ProfileName, profileAlgorithms } from './profiles.ts';
import { assertReadable, readersDerivations, type Seal, SealPlan, sealBytes, sealParts } from './seal.ts';
import { PfxSession, type SessionKey, uniqueKeys } from './session.ts';
import { structureLimits } from './structure.ts';

/** Options of `encodePfxSync`. What is not given comes from the profile. */
export interface EncodeSyncOptions
  extends Partial<
    Pick<Algorithms, 'cipher' | 'prf' | 'scrypt' | 'iterations' | 'saltBytes' | 'mac' | 'macHash' | 'layout'>
  > {
  /** The password; null is none at all, not the empty one. Needed unless a session has all keys. Copied. */
  readonly password?: PasswordInput;
  /** Another password for the MAC. Hardly any reader asks for two. */
  readonly macPassword?: PasswordInput;
  /** The keys of the file that is being rewritten. */
  readonly session?: PfxSession;
  /** Default `'modern'`. */
  readonly profile?: ProfileName;
  /** False: encrypt nothing that is not an encrypted bag. Default true. */
  readonly encrypt?: boolean;
  /**
   * `'shared'`: all new encrypted bags of the file are under one salt, and so one key, with IVs of their own; it then opens at the cost of
   * one derivation for all of them. Default `'own'`, unless that would cost readers more than our own default limits allow.
   */
  readonly bagSalts?: 'own' | 'shared';
  /** Where salts and IVs come from. Default: the platform's `crypto.getRandomValues`. */
  readonly random?: RandomSource;
}

/** Options of `encodePfx`. */
export interface EncodeOptions extends EncodeSyncOptions, WaitOptions {}

/** A written file and the keys for its next rewrite. */
export interface SealedPfx {
  /** The file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The caller's to dispose of. */
  readonly session: PfxSession;
}

/**
 * Writes a PKCS#12 file.
 *
 * @param contents safes, or bags that the profile distributes over safes
 * @returns the file, DER
 * @throws {UsageError} ERR_OPTION; ERR_PASSWORD_MISSING; ERR_BAG_LOCKED for an opened bag whose contents a new password needs
 * @throws {LimitError} for what our own default limits would refuse to read
 * @example
 * const bytes = await encodePfx(
 *   { bags: [{ kind: 'certificate', certificate, friendlyName: 'server' }] },
 *   { password: 'a long one', profile: 'java' },
 * );
 */
export async function encodePfx(contents: PfxContents, options: EncodeOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, session } = await sealPfx(contents, options);
  session.dispose();
  return bytes;
}

/** Does what `encodePfx` does, in this thread, at once. */
export function encodePfxSync(contents: PfxContents, options: EncodeSyncOptions): Uint8Array<ArrayBuffer> {
  const { bytes, session } = sealPfxSync(contents, options);
  session.dispose();
  return bytes;
}

/** Writes a file as `encodePfx` does, and keeps its keys for the next rewrite. */
export async function sealPfx(contents: PfxContents, options: EncodeOptions): Promise<SealedPfx> {
  assertKnownOptions(options, [...ENCODE_OPTIONS, ...WAIT_OPTIONS]);
  const job = new EncodeJob(contents, options);
  try {
    return await runSteps(job.steps(), options);
  } finally {
    job.dispose();
  }
}

/** Does what `sealPfx` does, in this thread, at once. */
export function sealPfxSync(contents: PfxContents, options: EncodeSyncOptions): SealedPfx {
  assertKnownOptions(options, ENCODE_OPTIONS);
  const job = new EncodeJob(contents, options);
  try {
    return runStepsSync(job.steps());
  } finally {
    job.dispose();
  }
}

const ENCODE_OPTIONS = [
  'password',
  'macPassword',
  'session',
  'profile',
  'encrypt',
  'random',
  'bagSalts',
  'cipher',
  'prf',
  'scrypt',
  'iterations',
  'saltBytes',
  'mac',
  'macHash',
  'layout',
] as const;

/** A safe on its way: written already, or to be written when the keys are there. */
type PlannedSafe =
  | { readonly kind: 'kept'; readonly der: Uint8Array; readonly kept: SessionKey | null }
  | { readonly kind: 'open'; readonly bags: readonly (() => DerNode)[] }
  | { readonly kind: 'sealed'; readonly bags: readonly (() => DerNode)[]; readonly seal: Seal };

/** Everything planned for one file. */
interface Plan {
  readonly safes: readonly PlannedSafe[];
  readonly seals: SealPlan;
  readonly bags: BagEncoder;
  readonly mac: MacPlan | null;
}

class EncodeJob {
  readonly #contents: PfxContents;
  readonly #options: EncodeSyncOptions;
  readonly #algorithms: Algorithms;
  readonly #random: RandomSource;
  readonly #password: Password | null;
  readonly #macPassword: Password | null;
  readonly #forms: ReadonlyMap<KdfInfo['kdf'], PasswordForm>;

  constructor(contents: PfxContents, options: EncodeSyncOptions) {
    this.#contents = contents;
    this.#options = options;
    this.#algorithms = resolveAlgorithms(options);
    this.#random = options.random ?? platformRandom;
    const kept = options.session?.parts;
    this.#password =
      options.password === undefined ? (kept?.password?.clone() ?? null) : new Password(options.password);
    this.#macPassword = options.macPassword === undefined ? null : new Password(options.macPassword);
    this.#forms = kept?.forms ?? new Map();
  }

  dispose(): void {
    this.#password?.dispose();
    this.#macPassword?.dispose();
  }

  *steps(): Steps<SealedPfx> {
    const plan = this.#plan();
    const { seals } = plan.seals;
    const asked: Derivation[] = [...seals.flatMap((seal) => seal.derivations), ...(plan.mac?.derivations ?? [])];
    const load = [...new Set([...sealParts(seals), ...(plan.mac?.parts ?? [])])];
    if (load.length > 0) yield { load };
    const derived = uniqueDerivations(asked).unique.length > 0 ? yield { derive: asked } : [];
    let session: PfxSession | undefined;
    try {
      let at = 0;
      for (const seal of seals) {
        if (seal.derivations.length === 0) continue;
        seal.keys = derived.slice(at, at + seal.derivations.length);
        at += seal.derivations.length;
      }
      const macKey = plan.mac === null ? null : plan.mac.takeKey(derived.slice(at));
      const bytes = write(plan, macKey);
      session = this.#session(plan, macKey);
      return { bytes, session };
    } finally {
      for (const key of derived) key.fill(0);
    }
  }

  /** Plans the file; where that would make it too costly to read, its new bags share one salt. */
  #plan(): Plan {
    const plan = this.#planWith(this.#options.bagSalts === 'shared');
    const derivations = this.#readersDerivations(plan);
    if (costOf(derivations) <= DEFAULT_LIMITS.maxTotalIterations) {
      assertReadable(derivations);
      return plan;
    }
    const cheaper = this.#planWith(true);
    assertReadable(this.#readersDerivations(cheaper));
    return cheaper;
  }

  #readersDerivations({ seals, bags, safes, mac }: Plan): readonly Derivation[] {
    const kept = safes.flatMap((safe) => (safe.kind === 'kept' && safe.kept !== null ? [safe.kept.encryption] : []));
    const encryptions: EncryptionInfo[] = [...seals.seals.map((seal) => seal.encryption), ...bags.kept, ...kept];
    return readersDerivations(encryptions, mac?.readersDerivation ?? null);
  }

  #planWith(sharesSalt: boolean): Plan {
    const seals = new SealPlan(this.#algorithms, this.#random, this.#password, this.#forms, sharesSalt);
    const bags = new BagEncoder((wanted) => this.#sealForBag(seals, wanted), this.#options.session !== undefined);
    const inputs = 'safes' in this.#contents ? this.#contents.safes : this.#arrange(this.#contents.bags);
    const safes = inputs.map((safe) => this.#planSafe(safe, seals, bags));
    return { safes, seals, bags, mac: this.#planMac() };
  }

  #planSafe(safe: SafeInput, seals: SealPlan, bags: BagEncoder): PlannedSafe {
    const kept = this.#options.session?.parts.safes;
    if (isOpenedSafe(safe)) {
      if (kept !== undefined) {
        bags.noteKept(safe.bags ?? []);
        return { kind: 'kept', der: safe.der, kept: kept[safe.index] ?? null };
      }
      if (safe.bags === null) throw lockedError(`safe ${safe.index} (${safe.contentTypeName})`);
      return this.#planSafe({ bags: safe.bags, encrypt: safe.kind === 'encrypted' }, seals, bags);
    }
    const nodes = safe.bags.map((bag) => bags.plan(bag));
    if (safe.encrypt === false || this.#options.encrypt === false) return { kind: 'open', bags: nodes };
    return { kind: 'sealed', bags: nodes, seal: this.#sealForSafe(safe, seals) };
  }

  #sealForSafe(safe: NewSafe, seals: SealPlan): Seal {
    const kept = this.#options.session?.parts.safes ?? [];
    const like = safe.like === undefined ? kept.find((k) => k !== null) : kept[safe.like.index];
    if (like !== undefined && like !== null) return seals.reuse(like);
    this.#assertPassword();
    return seals.make();
  }

  #sealForBag(seals: SealPlan, bag: string): Seal {
    const parts = this.#options.session?.parts;
    const like = parts?.bags[0] ?? parts?.safes.find((kept) => kept?.encryption.scheme === 'pbes2');
    if (like) return seals.reuse(like);
    this.#assertPassword(bag);
    return seals.makeForBag();
  }

  #planMac(): MacPlan | null {
    if (this.#options.mac === 'none' || this.#algorithms.mac === 'none') return null;
    const kept = this.#options.session?.parts.mac;
    if (kept) return MacPlan.kept(kept);
    const password = this.#macPassword ?? this.#password;
    if (password === null) throw missingPassword('the MAC');
    return MacPlan.make(this.#algorithms, this.#random, password, this.#forms);
  }

  /** Puts bags into safes: those that are encrypted by themselves beside an encrypted safe for the rest, or all into one. */
  #arrange(bags: readonly BagInput[]): readonly NewSafe[] {
    const apart = (bag: BagInput): boolean => bag.kind === 'shrouded-key' || bag.kind === 'java-secret';
    if (this.#algorithms.layout === 'one-safe') return [{ bags }];
    const inside = bags.filter((bag) => !apart(bag));
    const outside = bags.filter(apart);
    return [
      ...(inside.length > 0 ? [{ bags: inside }] : []),
      ...(outside.length > 0 ? [{ bags: outside, encrypt: false }] : []),
    ];
  }

  #assertPassword(what: string = 'an encrypted safe'): void {
    if (this.#password === null) throw missingPassword(what);
  }

  #session({ safes, seals, bags, mac }: Plan, macKey: Uint8Array<ArrayBuffer> | null): PfxSession {
    const keep = (seal: Seal | undefined): SessionKey | null => {
      if (seal === undefined) return null;
      const reusable = seal.encryption.scheme === 'pbes2';
      return {
        encryption: seal.encryption,
        key: reusable ? (seal.keys[0] as Uint8Array<ArrayBuffer>).slice() : empty(),
      };
    };
    const copy = (kept: SessionKey | null | undefined): SessionKey | null =>
      kept ? { encryption: kept.encryption, key: kept.key.slice() } : null;
    const needsPassword = seals.seals.some((seal) => seal.encryption.scheme !== 'pbes2');
    const made = bags.seals.filter(({ encryption }) => encryption.scheme === 'pbes2').map(keep);
    const old = (this.#options.session?.parts.bags ?? []).map(copy);
    return new PfxSession({
      mac: mac === null || macKey === null ? null : { ...mac.describe(), key: macKey.slice() },
      safes: safes.map((safe) =>
        safe.kind === 'kept' ? copy(safe.kept) : safe.kind === 'sealed' ? keep(safe.seal) : null,
      ),
      bags: uniqueKeys([...made, ...old].filter((kept) => kept !== null)),
      password: needsPassword && this.#password !== null ? this.#password.clone() : null,
      forms: this.#forms,
    });
  }
}

/** Builds the file, from the inside out. @throws {LimitError} where our own reader's default limits refuse it */
function write(plan: Plan, macKey: Uint8Array | null): Uint8Array<ArrayBuffer> {
  const limits = structureLimits(DEFAULT_LIMITS);
  const authSafe = encodeDer(sequence(...plan.safes.map(writeSafe)));
  const content = sequence(objectIdentifier(CONTENT.DATA), explicit(0, octetString(authSafe)));
  const mac = plan.mac === null || macKey === null ? [] : [plan.mac.write(macKey, authSafe)];
  const bytes = encodeDer(sequence(integer(3), content, ...mac));
  parsePfxStructure(bytes, limits);
  authSafe.fill(0); // may hold keys in the open
  return bytes;
}

function writeSafe(safe: PlannedSafe): DerNode {
  if (safe.kind === 'kept') return safe.der;
  const contents = encodeDer(sequence(...safe.bags.map((bag) => bag())));
  if (safe.kind === 'open') return sequence(objectIdentifier(CONTENT.DATA), explicit(0, octetString(contents)));
  try {
    assertContents(contents);
    const ciphertext = sealBytes(safe.seal, contents);
    const encrypted = sequence(
      objectIdentifier(CONTENT.DATA),
      safe.seal.encryption.der,
      primitive(0x80, ciphertext), // encryptedContent [0] IMPLICIT OCTET STRING, primitive
    );
    return sequence(objectIdentifier(CONTENT.ENCRYPTED_DATA), explicit(0, sequence(integer(0), encrypted)));
  } finally {
    contents.fill(0);
  }
}

/** Refuses contents that our own reader would refuse after decrypting. */
function assertContents(contents: Uint8Array): void {
  const raws = parseSafeContents(contents, structureLimits(DEFAULT_LIMITS));
  for (const raw of raws) raw.der.fill(0);
}

function resolveAlgorithms(options: EncodeSyncOptions): Algorithms {
  const name = options.profile ?? 'modern';
  const profile = profileAlgorithms(name);
  if (profile === undefined) throw new UsageError('ERR_OPTION', `unknown profile "${name}"`);
  const { cipher, prf, scrypt, iterations, saltBytes, mac, macHash, layout } = options;
  const given = { cipher, prf, scrypt, iterations, saltBytes, mac, macHash, layout };
  const algorithms = { ...profile };
  for (const [key, value] of Object.entries(given))
    if (value !== undefined) Object.assign(algorithms, { [key]: value });
  if (options.bagSalts !== undefined && options.bagSalts !== 'own' && options.bagSalts !== 'shared') {
    throw new UsageError('ERR_OPTION', "bagSalts is 'own' or 'shared'");
  }
  if (!(algorithms.saltBytes >= 8 && algorithms.saltBytes <= 64)) {
    throw new UsageError('ERR_OPTION', 'saltBytes must be 8 to 64');
  }
  return algorithms;
}

function platformRandom(lengthBytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(lengthBytes));
}

function missingPassword(what: string): UsageError {
  return new UsageError('ERR_PASSWORD_MISSING', `${what} needs a key, and neither session nor password gives one`);
}

function lockedError(what: string): UsageError {
  return new UsageError('ERR_BAG_LOCKED', `${what} was not opened, so it cannot be put under a new password`, {
    hint: 'open it first, or rewrite the file with its session, which leaves it as it is',
  });
}

function empty(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(0);
}
