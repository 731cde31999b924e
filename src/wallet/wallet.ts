/**
 * An open wallet: master keys, keyring keys and data keys over bytes, in Node and in the browser. Changes are made in
 * memory; `encode` gives the file. `wallet/file` puts files, locks and backups around it. Layer: wallet, universal.
 */
import { StateError, UsageError } from '../errors.ts';
import type { UnlockedPfx } from '../pkcs12/index.ts';
import { Secret } from '../secret.ts';
import {
  activateKey,
  addMasterKey,
  adoptMasterKey,
  type ChangeContext,
  emptyContents,
  findMasterKey,
  type KeyringEntry,
  type MasterKey,
  markBackedUp,
  type NewMasterKey,
  stateOf,
  tagKey,
  type WalletContents,
} from './contents.ts';
import {
  deriveContextKey,
  deriveSubkey,
  PURPOSE,
  type Purpose,
  parseDataKeyEnvelope,
  unwrapDataKey,
  wrapDataKey,
} from './data-key.ts';
import { formatHexKeyId } from './key-id.ts';
import {
  addKeyringEntry,
  findKeyringEntry,
  type NewKeyringEntry,
  removeKeyringEntry,
  wipeOtherEntries,
} from './keyring-entry.ts';
import {
  contextBytes,
  contextOf,
  type DataKeyOptions,
  type MasterKeyInfo,
  type RewrapOptions,
  type WalletOptions,
  type WalletPassword,
} from './options.ts';
import { matchesMark, type PasswordMark, passwordMark } from './password-mark.ts';
import { rewrapAll } from './rewrap.ts';
import { createSealed, openSealed, readOpened, type SealedWallet, type WalletLayout } from './sealed.ts';

/**
 * Makes an empty wallet. Derives keys: the cost is that of the profile's iterations.
 *
 * @throws {UsageError} ERR_OPTION; ERR_PASSWORD_EMPTY
 * @example
 * const wallet = await createWallet('a long password');
 * wallet.setKey({ keyTag: 'first' });
 * const file = await wallet.encode();
 */
export async function createWallet(password: WalletPassword, options: WalletOptions = {}): Promise<Wallet> {
  const context = contextOf(options);
  const sealed = createSealed(password, options);
  return new Wallet(emptyContents(context), sealed, passwordMark(password), context);
}

/**
 * Opens a wallet.
 *
 * @param bytes an `ewallet.p12`; copied
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD: wrong password or damaged file
 * @throws {FormatError} ERR_DER_…, ERR_WALLET_ENTRY; {LimitError} ERR_LIMIT_ITERATIONS
 */
export async function openWallet(
  bytes: Uint8Array,
  password: WalletPassword,
  options: WalletOptions = {},
): Promise<Wallet> {
  const context = contextOf(options);
  const { contents, sealed } = await openSealed(bytes, password, options, context);
  return new Wallet(contents, sealed, passwordMark(password), context);
}

/**
 * Makes a wallet of a PKCS#12 file that is open already; nothing is derived again. The wallet takes the file over, and disposes of it
 * with itself, unless this throws.
 *
 * @param password the one it was opened with; copied in a form that only tells whether another is the same
 * @throws {FormatError} ERR_WALLET_ENTRY
 */
export function adoptWallet(opened: UnlockedPfx, password: WalletPassword, options: WalletOptions = {}): Wallet {
  const context = contextOf(options);
  const { contents, sealed } = readOpened(opened, options, context);
  return new Wallet(contents, sealed, passwordMark(password), context);
}

/** An open wallet. Holds secrets until disposed of. */
export class Wallet {
  #contents: WalletContents;
  #sealed: SealedWallet;
  #mark: PasswordMark;
  readonly #context: ChangeContext;
  #disposed = false;

  /** Internal: use `createWallet` or `openWallet`. */
  constructor(contents: WalletContents, sealed: SealedWallet, mark: PasswordMark, context: ChangeContext) {
    this.#contents = contents;
    this.#sealed = sealed;
    this.#mark = mark;
    this.#context = context;
  }

  /** UUID of the wallet. */
  get id(): string {
    return this.#live().facts.id;
  }

  /** One more with every write. */
  get generation(): number {
    return this.#live().facts.generation;
  }

  /** The form of the entries in the file. */
  get layout(): WalletLayout {
    return this.#sealed.layout;
  }

  /** Aliases of what else the file holds by name (another program's secrets); a rewrite keeps them byte for byte. */
  get otherEntries(): readonly string[] {
    this.#live();
    return this.#sealed.otherEntries;
  }

  /** All master keys, oldest first. */
  get masterKeys(): readonly MasterKeyInfo[] {
    const contents = this.#live();
    return [...contents.masterKeys.values()].map((key) => describeKey(contents, key));
  }

  /** The active master key; null while there is none. */
  get activeKey(): MasterKeyInfo | null {
    const contents = this.#live();
    const key = contents.activeKeyId === null ? undefined : contents.masterKeys.get(contents.activeKeyId);
    return key === undefined ? null : describeKey(contents, key);
  }

  /** Makes a master key without activating it. @throws {StateError} ERR_KEY_EXISTS, ERR_KEY_MATERIAL */
  createKey(input: NewMasterKey = {}): MasterKeyInfo {
    return this.#add(input, false);
  }

  /** Makes a master key and activates it: the first one, or a rotation. @throws as `createKey` */
  setKey(input: NewMasterKey = {}): MasterKeyInfo {
    return this.#add(input, true);
  }

  /** Activates a key, and gives it another tag unless `keyTag` is left out. @throws {StateError} ERR_KEY_NOT_FOUND */
  useKey(keyId: string, options: { readonly keyTag?: string | null } = {}): MasterKeyInfo {
    this.#contents = activateKey(this.#live(), keyId, options.keyTag, this.#context);
    return this.findKey(keyId);
  }

  /** Sets or replaces a key's tag; null takes it away. @throws {StateError} ERR_KEY_NOT_FOUND */
  setKeyTag(keyId: string, keyTag: string | null): MasterKeyInfo {
    this.#contents = tagKey(this.#live(), keyId, keyTag);
    return this.findKey(keyId);
  }

  /**
   * Copies master keys with all that is known of them from another wallet; none becomes active by that.
   *
   * @param keyIds those to copy; null for all
   * @returns the identifiers of those copied
   * @throws {StateError} ERR_KEY_EXISTS when one is here already, ERR_KEY_NOT_FOUND, ERR_KEY_AT_PROVIDER; then none is copied
   */
  copyKeysFrom(other: Wallet, keyIds: readonly string[] | null, origin: 'local' | 'imported'): readonly string[] {
    const theirs = other.#live();
    const keys = keyIds === null ? [...theirs.masterKeys.values()] : keyIds.map((id) => findMasterKey(theirs, id));
    for (const key of keys) other.#keyBytes(key);
    this.#contents = keys.reduce((contents, key) => adoptMasterKey(contents, key, origin), this.#live());
    return keys.map((key) => key.keyId);
  }

  /** Finds a key by its identifier in any of its forms. @throws {StateError} ERR_KEY_NOT_FOUND, ERR_KEY_MATERIAL */
  findKey(keyId: string): MasterKeyInfo {
    const contents = this.#live();
    return describeKey(contents, findMasterKey(contents, keyId));
  }

  /** True when every master key stands in a backup as it is. */
  get fullyBackedUp(): boolean {
    return [...this.#live().masterKeys.values()].every((key) => key.facts.backedUp);
  }

  /** Notes that a backup of the keys as they are was taken. */
  markBackedUp(): void {
    this.#contents = markBackedUp(this.#live());
  }

  /**
   * Copies a master key out (32 bytes), the caller's to wipe. For most purposes `wrapDataKey` or `deriveSubkey` is right.
   *
   * @throws {StateError} ERR_KEY_NOT_FOUND, ERR_KEY_AT_PROVIDER while only a provider can open it
   */
  exportKey(keyId: string): Secret {
    return Secret.from(this.#keyBytes(findMasterKey(this.#live(), keyId)));
  }

  /** Derives a subkey (32 bytes) of a master key for one of the fixed purposes. @throws as `exportKey` */
  deriveSubkey(keyId: string, purpose: Purpose): Secret {
    return Secret.adopt(deriveSubkey(this.#keyBytes(findMasterKey(this.#live(), keyId)), purpose));
  }

  /**
   * Wraps a data key (1 to 4,096 bytes) under the active master key. The envelope says which key that was.
   *
   * @throws {StateError} ERR_NO_ACTIVE_KEY, ERR_KEY_AT_PROVIDER; {UsageError} ERR_DATA_KEY_LENGTH
   */
  wrapDataKey(dataKey: Uint8Array | Secret, options: DataKeyOptions = {}): Uint8Array<ArrayBuffer> {
    const key = this.#active();
    const bytes = dataKey instanceof Secret ? dataKey.expose() : dataKey;
    return wrapDataKey(this.#keyBytes(key), key.mkid, bytes, contextBytes(options));
  }

  /**
   * Unwraps an envelope with whichever master key of this wallet it names.
   *
   * @throws {FormatError} ERR_DATA_KEY_ENVELOPE; {StateError} ERR_KEY_NOT_FOUND, ERR_KEY_AT_PROVIDER
   * @throws {AuthenticationError} ERR_DATA_KEY
   */
  unwrapDataKey(envelope: Uint8Array, options: DataKeyOptions = {}): Secret {
    const parsed = parseDataKeyEnvelope(envelope);
    const key = findMasterKey(this.#live(), parsed.keyId);
    return Secret.adopt(unwrapDataKey(this.#keyBytes(key), parsed, contextBytes(options)));
  }

  /**
   * Wraps envelopes anew under the active master key, in batches, after a rotation. Data keys never leave the core in between.
   *
   * @returns the new envelopes in order; null where one did not open (wrong context, damaged, or its master key is not here)
   * @throws {StateError} ERR_NO_ACTIVE_KEY
   */
  async rewrapDataKeys(
    envelopes: readonly Uint8Array[],
    options: RewrapOptions = {},
  ): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
    const { masterKeys } = this.#live();
    const keyOf = (key: MasterKey): Uint8Array<ArrayBuffer> => this.#contextKey(key, contextBytes(options));
    return await rewrapAll(envelopes, { masterKeys, active: this.#active(), keyOf }, options);
  }

  /** All versions of all keyring keys. Lent: do not dispose of their secrets. */
  get keyringEntries(): readonly KeyringEntry[] {
    return [...this.#live().keyring.values()];
  }

  /** One version of a keyring key, the newest unless asked otherwise; undefined when there is none. Lent. */
  keyringEntry(owner: string, id: string, version?: number): KeyringEntry | undefined {
    return findKeyringEntry(this.#live(), owner, id, version);
  }

  /** Adds a version of a keyring key (default: the first); its bytes are copied. @throws {StateError} ERR_KEYRING_EXISTS */
  addKeyringEntry(entry: NewKeyringEntry): void {
    this.#contents = addKeyringEntry(this.#live(), entry, this.#context);
  }

  /** Removes a keyring key, all versions of it; false when there was none. */
  removeKeyringEntry(owner: string, id: string): boolean {
    const contents = this.#live();
    this.#contents = removeKeyringEntry(contents, owner, id);
    return this.#contents !== contents;
  }

  /**
   * Says whether this is the wallet's password: in constant time, against a keyed hash of this process, without deriving keys.
   */
  verifyPassword(password: WalletPassword): boolean {
    this.#live();
    return matchesMark(this.#mark, password);
  }

  /** The next file: one generation further. Costs no key derivation, except for schemes that need a new salt. */
  async encode(): Promise<Uint8Array<ArrayBuffer>> {
    const contents = this.#live();
    this.#contents = { ...contents, facts: { ...contents.facts, generation: contents.facts.generation + 1 } };
    const { bytes, sealed } = await this.#sealed.encode(this.#contents);
    this.#sealed = sealed;
    return bytes;
  }

  /** Gives the wallet another password, with new salts and keys; the next `encode` writes it. */
  async changePassword(password: WalletPassword): Promise<void> {
    this.#live();
    this.#sealed = await this.#sealed.withPassword(password);
    this.#mark = passwordMark(password);
  }

  /** A wallet of the same contents to try a change on; `adopt` takes it over. Shares secrets: dispose of only one of the two. */
  fork(): Wallet {
    return new Wallet(this.#live(), this.#sealed, this.#mark, this.#context);
  }

  /** Takes over what a fork has become. */
  adopt(fork: Wallet): void {
    if (this.#sealed !== fork.#sealed) this.#sealed.retire();
    wipeOtherEntries(this.#contents.keyring, fork.#contents.keyring);
    this.#sealed = fork.#sealed;
    this.#contents = fork.#contents;
    this.#mark = fork.#mark;
  }

  /** Wipes what a fork made that came to nothing. */
  discard(fork: Wallet): void {
    if (this.#sealed !== fork.#sealed) fork.#sealed.retire();
    const mine = new Set([...this.#contents.masterKeys.values()].map((key) => key.key));
    for (const { key } of fork.#contents.masterKeys.values()) if (!mine.has(key)) key?.dispose();
    wipeOtherEntries(fork.#contents.keyring, this.#contents.keyring);
  }

  /**
   * Reads another version of this wallet's file with the keys already derived; costs no key derivation.
   *
   * @throws {StateError} ERR_PASSWORD_CHANGED when it is under another password
   */
  reopen(bytes: Uint8Array): Wallet {
    const { contents, sealed } = this.#sealed.reopen(bytes, this.#context);
    const mark = { key: this.#mark.key, digest: this.#mark.digest.slice() };
    return new Wallet(contents, sealed, mark, this.#context);
  }

  /** Zeroes everything secret. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const key of this.#contents.masterKeys.values()) key.key?.dispose();
    for (const entry of this.#contents.keyring.values()) entry.key.dispose();
    this.#sealed.dispose();
    this.#mark.digest.fill(0);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #add(input: NewMasterKey, activate: boolean): MasterKeyInfo {
    const added = addMasterKey(this.#live(), input, activate, this.#context);
    this.#contents = added.contents;
    return this.findKey(added.keyId);
  }

  #active(): MasterKey {
    const { activeKeyId, masterKeys } = this.#live();
    const key = activeKeyId === null ? undefined : masterKeys.get(activeKeyId);
    if (key === undefined)
      throw new StateError('ERR_NO_ACTIVE_KEY', 'the wallet has no active master key', {
        hint: 'set one: SET KEY, or wallet.setKey()',
      });
    return key;
  }

  #keyBytes(key: MasterKey): Uint8Array {
    if (key.key !== null) return key.key.expose();
    throw new StateError(
      'ERR_KEY_AT_PROVIDER',
      'this master key is kept by a key management service and was not fetched',
    );
  }

  #contextKey(key: MasterKey, context: Uint8Array | null): Uint8Array<ArrayBuffer> {
    const subkey = deriveSubkey(this.#keyBytes(key), PURPOSE.dataKey);
    try {
      return deriveContextKey(subkey, context);
    } finally {
      subkey.fill(0);
    }
  }

  #live(): WalletContents {
    if (this.#disposed) throw new UsageError('ERR_WALLET_DISPOSED', 'this wallet was closed');
    return this.#contents;
  }
}

function describeKey(contents: WalletContents, key: MasterKey): MasterKeyInfo {
  const { facts } = key;
  return {
    keyId: key.keyId,
    hexKeyId: formatHexKeyId(key.mkid),
    mkid: key.mkid.slice(),
    state: stateOf(contents, key),
    keyTag: facts.keyTag,
    created: new Date(facts.createdMs),
    creator: facts.creator,
    activated: facts.activatedMs === null ? null : new Date(facts.activatedMs),
    activator: facts.activator,
    origin: facts.origin,
    backedUp: facts.backedUp,
    keptBy: key.providerCiphertext === null ? 'wallet' : 'provider',
  };
}
