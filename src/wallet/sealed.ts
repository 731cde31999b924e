/**
 * A wallet's contents in their PKCS#12 file, and back. Whatever else the file holds (other aliases, certificates, keys, unknown
 * bags, whole safes) is written again byte for byte. Layer: wallet, universal.
 *
 * Layout `oracle`: one Oracle secret entry per (alias, value) pair. Layout `java`: master keys and keyring keys as Java
 * SecretKeyEntries, which keytool lists, and all other pairs together as JSON in one more of them, named KEYWARD.
 */
import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { equalSecretBytes } from '../core/index.ts';
import { AuthenticationError, KeywardError, StateError, UsageError } from '../errors.ts';
import {
  type Bag,
  type BagInput,
  type NewBag,
  type Pfx,
  type PfxContents,
  type PfxSession,
  type ProfileName,
  parsePfx,
  type Safe,
  sealPfx,
  type UnlockedPfx,
} from '../pkcs12/index.ts';
import { Secret } from '../secret.ts';
import { type ChangeContext, emptyContents, type WalletContents } from './contents.ts';
import {
  type Entry,
  formatEntries,
  masterKeyAlias,
  masterKeyEntry,
  ownsAlias,
  parseEntries,
  sameRecord,
  secretEntry,
} from './entries.ts';
import type { WalletOptions, WalletPassword } from './options.ts';

/** Encoder profiles: see the pkcs12 room. */
export type WalletProfile = ProfileName;
/** The form of the entries. */
export type WalletLayout = 'oracle' | 'java';

/** Contents and the file around them. */
export interface OpenedWallet {
  readonly contents: WalletContents;
  readonly sealed: SealedWallet;
}

/** A file and what the next one needs. */
export interface EncodedWallet {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sealed: SealedWallet;
}

/** Makes the seal of a new wallet. Nothing is derived before the first `encode`. */
export function createSealed(password: WalletPassword, options: WalletOptions): SealedWallet {
  const profile = options.profile ?? 'modern';
  const layout = options.layout ?? (profile === 'java' ? 'java' : 'oracle');
  return new SealedWallet({
    layout,
    profile,
    options,
    opened: null,
    read: null,
    session: null,
    password: copyPassword(password),
  });
}

/** Says, without a password, whether bytes are built as a wallet is, whole and with a MAC. */
export function isWellBuilt(bytes: Uint8Array): boolean {
  try {
    return parsePfx(bytes).mac !== null;
  } catch (error) {
    if (error instanceof KeywardError) return false;
    throw error;
  }
}

/** Opens a file. @throws as `openWallet` */
export async function openSealed(
  bytes: Uint8Array,
  password: WalletPassword,
  options: WalletOptions,
  context: ChangeContext,
): Promise<OpenedWallet> {
  const { signal, onProgress } = options;
  const pfx = parsePfx(bytes);
  const opened = await pfx.unlock(password, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  return takeOpened(opened, options, context);
}

function takeOpened(opened: UnlockedPfx, options: WalletOptions, context: ChangeContext): OpenedWallet {
  try {
    return readOpened(opened, options, context);
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** Reads a file that is open; the wallet takes it over, unless this throws. @throws {FormatError} ERR_WALLET_ENTRY */
export function readOpened(opened: UnlockedPfx, options: WalletOptions, context: ChangeContext): OpenedWallet {
  const { bags } = opened;
  const isJava = bags.some((bag) => bag.kind === 'java-secret' && bag.friendlyName === JSON_ALIAS);
  const layout: WalletLayout = isJava ? 'java' : 'oracle';
  const entries = layout === 'java' ? readJavaEntries(bags) : readOracleEntries(bags);
  const contents = parseEntries(entries, { facts: emptyContents(context).facts, actor: context.actor });
  const profile = options.profile ?? guessProfile(opened.pfx, layout);
  return {
    contents,
    sealed: new SealedWallet({
      layout,
      profile,
      options,
      opened,
      read: contents,
      session: opened.session,
      password: null,
    }),
  };
}

interface SealedParts {
  readonly layout: WalletLayout;
  readonly profile: WalletProfile;
  readonly options: WalletOptions;
  /** The file as opened, whose other bags are kept; null for a new one. */
  readonly opened: UnlockedPfx | null;
  /** What was read from it. */
  readonly read: WalletContents | null;
  /** Keys of the file as opened or last written; null before the first write under a password. */
  readonly session: PfxSession | null;
  /** Only until the first write under it. */
  readonly password: Secret | null;
}

/** The file around a wallet's contents: its other bags, its keys. Immutable; each write makes the next. */
export class SealedWallet {
  readonly #parts: SealedParts;

  /** @internal */
  constructor(parts: SealedParts) {
    this.#parts = parts;
  }

  get layout(): WalletLayout {
    return this.#parts.layout;
  }

  /** Aliases of the entries that are kept as they are, in the file's order. */
  get otherEntries(): readonly string[] {
    const aliases = (this.#parts.opened?.bags ?? []).map(aliasOf);
    return aliases.filter((alias) => alias !== null).filter((alias) => alias !== JSON_ALIAS && !ownsAlias(alias));
  }

  /** Writes contents. Derives keys only for a new password, and for schemes that must not reuse a salt. */
  async encode(contents: WalletContents): Promise<EncodedWallet> {
    const { layout, opened, read, session } = this.#parts;
    const standing = opened === null || read === null ? NONE : standingBags(opened.bags, read, contents);
    const entries = formatEntries(contents, (key) => standing.has(masterKeyAlias(key.keyId)));
    try {
      const made = layout === 'java' ? formatJavaBags(entries, contents) : entries.map(oracleBag);
      const safes = opened === null ? null : mergeSafes(opened.safes, made, standing);
      if (session === null && safes === null && layout === 'java') return await this.#encodeUnderOneSalt(made);
      return await this.#seal(safes === null ? { bags: made } : { safes }, session);
    } finally {
      for (const { value } of entries) value.dispose();
    }
  }

  /** Java's entries are encrypted one by one: a first file of one entry gives the key that all the others then share. */
  async #encodeUnderOneSalt(made: readonly NewBag[]): Promise<EncodedWallet> {
    const first = await this.#seal({ bags: made.slice(0, 1) }, null);
    try {
      return await this.#seal({ bags: made }, first.sealed.#parts.session);
    } finally {
      first.sealed.retire();
    }
  }

  async #seal(contents: PfxContents, session: PfxSession | null): Promise<EncodedWallet> {
    const { profile, options, password } = this.#parts;
    const { iterations, randomBytes, signal } = options;
    const sealed = await sealPfx(contents, {
      profile,
      ...(session === null ? { password: password as Secret } : { session }),
      ...(iterations !== undefined && session === null && { iterations }),
      ...(randomBytes && { random: randomBytes }),
      ...(signal && { signal }),
    });
    const next = sealedOf({ ...this.#parts, session: sealed.session, password: null });
    return { bytes: sealed.bytes, sealed: next };
  }

  /** The same file under another password: new salts, new keys, at the next `encode`. */
  withPassword(password: WalletPassword): SealedWallet {
    return sealedOf({ ...this.#parts, session: null, password: copyPassword(password) });
  }

  /**
   * Opens another version of this file with the keys at hand.
   *
   * @throws {StateError} ERR_PASSWORD_CHANGED when it was written under another password
   */
  reopen(bytes: Uint8Array, context: ChangeContext): OpenedWallet {
    const { session, options } = this.#parts;
    if (session === null) throw passwordChanged();
    let opened: UnlockedPfx;
    try {
      opened = parsePfx(bytes).reopen(session);
    } catch (error) {
      throw error instanceof AuthenticationError ? passwordChanged(error) : error;
    }
    return takeOpened(opened, options, context);
  }

  /** The same without what was decrypted: enough for `reopen`. */
  resting(): SealedWallet {
    const { session } = this.#parts;
    if (session === null) throw passwordChanged();
    return sealedOf({ ...this.#parts, opened: null, read: null, session: session.clone(), password: null });
  }

  /** Wipes what only this one holds, when another takes its place: the file as opened is shared. */
  retire(): void {
    const { opened, session, password } = this.#parts;
    if (session !== opened?.session) session?.dispose();
    password?.dispose();
  }

  /** Wipes everything. */
  dispose(): void {
    this.retire();
    this.#parts.opened?.dispose();
  }
}

/** Stands outside the class: of one that names itself TypeScript keeps an alias, set at import, and no bundler then drops it. */
function sealedOf(parts: SealedParts): SealedWallet {
  return new SealedWallet(parts);
}

/** The one java entry that holds every pair without a key in it. */
const JSON_ALIAS = 'KEYWARD';
/** HMAC-SHA-256, the algorithm that Java entries name which hold no AES key: any length is fine for it. */
const ANY_LENGTH_ALGORITHM = '1.2.840.113549.2.9';

function readOracleEntries(bags: readonly Bag[]): Entry[] {
  return bags.flatMap((bag) => (bag.kind === 'oracle-secret' ? [{ alias: bag.alias, value: bag.value }] : []));
}

function oracleBag({ alias, value }: Entry, index: number): NewBag {
  return { kind: 'oracle-secret', alias, value, localKeyId: oracleLocalKeyId(index) };
}

/** Oracle's local key id of a secret entry: E6B652DD | 4 | 0 | 6 (a secret) | index | 0, big-endian. */
function oracleLocalKeyId(index: number): Uint8Array<ArrayBuffer> {
  const id = new DataView(new ArrayBuffer(24));
  [0xe6b652dd, 4, 0, 6, index, 0].forEach((word, i) => {
    id.setUint32(4 * i, word);
  });
  return new Uint8Array(id.buffer);
}

function readJavaEntries(bags: readonly Bag[]): Entry[] {
  const entries: Entry[] = [];
  for (const bag of bags) {
    if (bag.kind !== 'java-secret' || bag.friendlyName === null) continue;
    if (bag.failure !== null) throw bag.failure;
    const { bytes } = bag.secretKey as { readonly bytes: Secret };
    if (bag.friendlyName !== JSON_ALIAS) entries.push({ alias: bag.friendlyName, value: bytes });
    else
      for (const [alias, text] of Object.entries(JSON.parse(decodeUtf8(bytes.expose())) as Record<string, string>))
        entries.push({ alias, value: Secret.adopt(encodeUtf8(text)) });
  }
  return entries.map((entry) => masterKeyEntry(entry) ?? entry);
}

function formatJavaBags(entries: readonly Entry[], contents: WalletContents): NewBag[] {
  const texts: Record<string, string> = {};
  const bags: NewBag[] = [];
  for (const { alias, value } of entries) {
    const key = secretEntry(alias, contents);
    if (key === null) texts[alias] = decodeUtf8(value.expose());
    else if (key === 'secret')
      bags.push({ kind: 'java-secret', friendlyName: alias, secretKey: value, algorithm: ANY_LENGTH_ALGORITHM });
    else bags.push({ kind: 'java-secret', friendlyName: alias, secretKey: key.key as Secret });
  }
  const json = encodeUtf8(JSON.stringify(texts));
  return [{ kind: 'java-secret', friendlyName: JSON_ALIAS, secretKey: json, algorithm: ANY_LENGTH_ALGORITHM }, ...bags];
}

const NONE: ReadonlyMap<string, Bag> = /* @__PURE__ */ new Map();

/** The bags of the opened file whose master keys are as they were read: by alias, of two with one alias the later. */
function standingBags(bags: readonly Bag[], read: WalletContents, now: WalletContents): ReadonlyMap<string, Bag> {
  const unchanged = new Set<string>();
  for (const key of now.masterKeys.values()) {
    const before = read.masterKeys.get(key.keyId);
    if (before !== undefined && sameRecord(before, key)) unchanged.add(masterKeyAlias(key.keyId));
  }
  const standing = new Map<string, Bag>();
  for (const bag of bags) {
    const alias = aliasOf(bag);
    if (alias !== null && unchanged.has(alias)) standing.set(alias, bag);
  }
  return standing;
}

/**
 * The safes of a rewrite: those that hold nothing of ours as they are; the others with unchanged bags as they are, changed
 * ones made anew in their place, new ones in front (Oracle keeps the newest first), and those no longer wanted left out.
 */
function mergeSafes(
  safes: readonly Safe[],
  made: readonly NewBag[],
  standing: ReadonlyMap<string, Bag>,
): (Safe | { readonly bags: readonly BagInput[]; readonly encrypt: boolean; readonly like: Safe })[] {
  const wanted = new Map(made.map((bag) => [aliasOf(bag), bag]));
  const kept = safes.map((safe) => ({
    safe,
    bags: safe.bags === null ? null : keepOrReplace(safe.bags, wanted, standing),
  }));
  const home =
    kept.find(({ safe, bags }) => bags !== null && safe.kind === 'encrypted') ?? kept.find(({ bags }) => bags !== null);
  return kept.map(({ safe, bags }) => {
    if (bags === null) return safe;
    const all = safe === home?.safe ? [...wanted.values(), ...bags] : bags;
    const unchanged = all.length === safe.bags?.length && all.every((bag, i) => bag === safe.bags?.[i]);
    return unchanged ? safe : { bags: all, encrypt: safe.kind === 'encrypted', like: safe };
  });
}

/** What becomes of the bags of a safe. Takes what stands there out of `wanted`. */
function keepOrReplace(
  bags: readonly Bag[],
  wanted: Map<string | null, NewBag>,
  standing: ReadonlyMap<string, Bag>,
): BagInput[] {
  const kept: BagInput[] = [];
  for (const bag of bags) {
    const alias = aliasOf(bag);
    if (alias === null || (!ownsAlias(alias) && alias !== JSON_ALIAS)) {
      kept.push(bag);
      continue;
    }
    const stands = standing.get(alias);
    if (stands !== undefined) {
      if (stands === bag) kept.push(bag);
      continue;
    }
    const next = wanted.get(alias);
    wanted.delete(alias);
    if (next !== undefined) kept.push(sameValue(bag, next) ? bag : next);
  }
  return kept;
}

function aliasOf(bag: Bag | NewBag): string | null {
  if (bag.kind === 'oracle-secret') return bag.alias;
  return bag.kind === 'java-secret' ? (bag.friendlyName ?? null) : null;
}

function sameValue(old: Bag, next: NewBag): boolean {
  const a = old.kind === 'oracle-secret' ? old.value : old.kind === 'java-secret' ? old.secretKey?.bytes : undefined;
  const b = next.kind === 'oracle-secret' ? next.value : next.kind === 'java-secret' ? next.secretKey : undefined;
  if (a === undefined || b === undefined) return false;
  return equalSecretBytes(a.expose(), b instanceof Secret ? b.expose() : b);
}

/** The profile whose files look like this one, for when everything has to be made new. */
function guessProfile(pfx: Pfx, layout: WalletLayout): WalletProfile {
  if (layout === 'java') return 'java';
  if (pfx.mac?.kdf?.kdf === 'pbkdf2') return 'pbmac1';
  return pfx.mac?.hash === 'sha1' ? 'oracle' : 'modern';
}

/** A copy of a password to be set. @throws {UsageError} ERR_PASSWORD_EMPTY: it would protect nothing */
function copyPassword(password: WalletPassword): Secret {
  if (password.length === 0) throw new UsageError('ERR_PASSWORD_EMPTY', 'the password of a wallet cannot be empty');
  if (typeof password === 'string') return Secret.fromText(password);
  return Secret.from(password instanceof Secret ? password.expose() : password);
}

function passwordChanged(cause?: KeywardError): StateError {
  return new StateError('ERR_PASSWORD_CHANGED', 'password changed, open again', { cause });
}
