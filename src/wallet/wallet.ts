/**
 * An open wallet: master keys, keyring keys and data keys over bytes, in Node and in the browser. Changes are made in
 * memory; `encode` gives the file. `wallet/file` puts files, locks and backups around it. Layer: wallet, universal.
 */
import { KeywardError, StateError, UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import {
  activateKey,
  addMasterKey,
  adoptMasterKey,
  type ChangeContext,
  findMasterKey,
  type KeyringEntry,
  type MasterKey,
  markBackedUp,
  type NewMasterKey,
  tagKey,
  type WalletContents,
} from './contents.ts';
import {
  deriveContextKey,
  deriveSubkey,
  groupEnvelopes,
  PURPOSE,
  type Purpose,
  parseDataKeyEnvelope,
  unwrapDataKey,
  wrapDataKey,
} from './data-key.ts';
import {
  assertCheck,
  encryptKeys,
  fetchKeys,
  makeCheck,
  ProviderLink,
  reencryptKeys,
  wipeOtherKeys,
  withOpenKeys,
  withoutCiphertexts,
  withoutProvider,
} from './kept-keys.ts';
import {
  addKeyringEntry,
  findKeyringEntry,
  type NewKeyringEntry,
  removeKeyringEntry,
  wipeOtherEntries,
} from './keyring-entry.ts';
import {
  contextBytes,
  type DataKeyOptions,
  describeKey,
  type MasterKeyInfo,
  type RewrapOptions,
  type WalletPassword,
} from './options.ts';
import { matchesMark, type PasswordMark, passwordMark } from './password-mark.ts';
import type { ProviderOptions, ProviderSetup } from './provider.ts';
import { rewrapAll } from './rewrap.ts';
import type { SealedWallet, WalletLayout } from './sealed.ts';

/** An open wallet. Holds secrets until disposed of. */
export class Wallet {
  #contents: WalletContents;
  #sealed: SealedWallet;
  #mark: PasswordMark;
  readonly #context: ChangeContext;
  #link: ProviderLink | null;
  #isFork = false;
  #disposed = false;

  /** @internal Use `createWallet` or `openWallet`. */
  constructor(
    contents: WalletContents,
    sealed: SealedWallet,
    mark: PasswordMark,
    context: ChangeContext,
    link: ProviderLink | null = null,
  ) {
    this.#contents = contents;
    this.#sealed = sealed;
    this.#mark = mark;
    this.#context = context;
    this.#link = link;
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

  /** Who keeps the master keys: the wallet itself, or a provider, of which the file holds ciphertexts only. */
  get keptBy(): 'wallet' | 'provider' {
    return this.#live().provider === null ? 'wallet' : 'provider';
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
   * Wraps a data key under the active master key. The envelope says which key that was.
   *
   * @param dataKey 1 to 4,096 bytes; not changed
   * @returns an envelope, which `unwrapDataKey` opens; no secret
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
   * @throws {StateError} ERR_NO_ACTIVE_KEY; and as `fetchKeys`, which it does for those it needs
   */
  async rewrapDataKeys(
    envelopes: readonly Uint8Array[],
    options: RewrapOptions = {},
  ): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
    const { signal } = options;
    if (this.#link !== null) await this.fetchKeys(this.#keysOf(envelopes, options), { ...(signal && { signal }) });
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

  /**
   * Fetches master keys that a provider keeps, once; they stay in memory until the wallet is disposed of.
   *
   * @param keyIds those to fetch; null for all
   * @throws {StateError} ERR_KEY_NOT_FOUND, ERR_KEY_AT_PROVIDER for a wallet opened without `provider`, ERR_KMS_CHECK
   * @throws what the provider throws
   */
  async fetchKeys(keyIds: readonly string[] | null = null, options: ProviderOptions = {}): Promise<void> {
    const before = this.#live();
    if (before.provider === null) return;
    const fetched = await fetchKeys(before, keyIds, this.#linked(), options);
    if (this.#disposed) wipeOtherKeys(fetched, before);
    // What changed meanwhile stays changed; of two that fetched the same key one is kept.
    const now = this.#live();
    this.#contents = now === before ? fetched : withOpenKeys(now, fetched, (key) => key);
    if (now !== before) wipeOtherKeys(fetched, this.#contents);
  }

  /** Sees whether the provider answers and is the right one. @throws as `fetchKeys` */
  async checkProvider(options?: ProviderOptions): Promise<void> {
    const { facts, provider } = this.#live();
    if (provider !== null) await assertCheck(facts.id, provider, this.#linked(), options);
  }

  /** Copies out the settings of the provider, the caller's to dispose of; null where the wallet keeps its keys itself. */
  exportProviderSettings(): Secret | null {
    const { provider } = this.#live();
    return provider === null ? null : Secret.from(provider.settings.expose());
  }

  /**
   * Hands all master keys, those to come too, to a provider, or to the same or another one by other settings; the next `encode`
   * asks it for the ciphertexts.
   *
   * @param setup with settings
   * @param keep leaves the ciphertexts of a wallet whose keys a provider keeps already: the same provider key, reached otherwise
   * @throws {UsageError} ERR_OPTION without settings; and as `fetchKeys`
   */
  async keepKeysAtProvider(setup: ProviderSetup, { keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    if (setup.settings === undefined) throw new UsageError('ERR_OPTION', 'a provider needs settings');
    if (!keep) await this.fetchKeys();
    const link = new ProviderLink(setup, setup.settings);
    try {
      const check = await makeCheck(this.id, link);
      const contents = keep ? this.#live() : withoutCiphertexts(this.#live());
      this.#replaceProvider({ ...contents, provider: { settings: Secret.from(setup.settings.expose()), check } }, link);
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** Takes all master keys back into the wallet. @throws as `fetchKeys` */
  async keepKeysInWallet(): Promise<void> {
    await this.fetchKeys();
    this.#replaceProvider(withoutProvider(this.#live()), null);
  }

  /** Encrypts all ciphertexts anew, after the provider rotated its key. @returns how many changed @throws as `fetchKeys` */
  async reencryptKeys(options?: ProviderOptions): Promise<number> {
    const { contents, changed } = await reencryptKeys(this.#live(), this.#linked(), options);
    this.#contents = contents;
    return changed;
  }

  /** @internal Connects a wallet just opened. */
  async attachProvider(setup: ProviderSetup): Promise<void> {
    const { provider } = this.#live();
    if (provider === null) return;
    this.#link = new ProviderLink(setup, provider.settings);
    if (this.#link.skipCheck) return;
    await this.checkProvider();
    if (setup.fetchKeys !== 'use') await this.fetchKeys();
  }

  /** @internal Fetches what another process added, where keys are fetched ahead; a provider that is away is no error yet. */
  async fetchAhead(): Promise<void> {
    if (this.#link === null || this.#link.skipCheck || this.#link.setup.fetchKeys === 'use') return;
    await this.fetchKeys(null, { timeoutMs: AHEAD_TIMEOUT_MS }).catch((error: unknown) => {
      if (!(error instanceof KeywardError)) throw error;
    });
  }

  /**
   * The next file: one generation further. Costs no key derivation, except for schemes that need a new salt. Where a provider keeps
   * the master keys, it is asked to encrypt new ones: none is ever written in clear.
   *
   * @throws what the provider throws
   */
  async encode(): Promise<Uint8Array<ArrayBuffer>> {
    const contents = await this.#encrypted();
    this.#contents = { ...contents, facts: { ...contents.facts, generation: contents.facts.generation + 1 } };
    const { bytes, sealed } = await this.#sealed.encode(this.#contents);
    this.#sealed = sealed;
    return bytes;
  }

  /**
   * Gives the wallet another password, with new salts and keys; the next `encode` writes it.
   *
   * @throws {UsageError} ERR_PASSWORD_EMPTY
   */
  async changePassword(password: WalletPassword): Promise<void> {
    this.#live();
    this.#sealed = await this.#sealed.withPassword(password);
    this.#mark = passwordMark(password);
  }

  /** A wallet of the same contents to try a change on; `adopt` takes it over. Shares secrets: dispose of only one of the two. */
  fork(): Wallet {
    const fork = new Wallet(this.#live(), this.#sealed, this.#mark, this.#context, this.#link);
    fork.#isFork = true;
    return fork;
  }

  /** Takes over what a fork has become. */
  adopt(fork: Wallet): void {
    const before = this.#contents;
    if (this.#sealed !== fork.#sealed) this.#sealed.retire();
    if (this.#link !== fork.#link) this.#link?.close();
    this.#sealed = fork.#sealed;
    this.#contents = withOpenKeys(fork.#contents, before, (key) => key);
    this.#mark = fork.#mark;
    this.#link = fork.#link;
    wipeOtherEntries(before.keyring, this.#contents.keyring);
    wipeOtherKeys(before, this.#contents);
  }

  /** Wipes what a fork made that came to nothing. */
  discard(fork: Wallet): void {
    if (this.#sealed !== fork.#sealed) fork.#sealed.retire();
    if (this.#link !== fork.#link) fork.#link?.close();
    wipeOtherKeys(fork.#contents, this.#contents);
    wipeOtherEntries(fork.#contents.keyring, this.#contents.keyring);
  }

  /**
   * Reads another version of this wallet's file with the keys already derived; costs no key derivation.
   *
   * @param bytes an `ewallet.p12`; copied
   * @throws {StateError} ERR_PASSWORD_CHANGED when it is under another password
   */
  reopen(bytes: Uint8Array): Wallet {
    const { contents, sealed } = this.#sealed.reopen(bytes, this.#context);
    const mark = { key: this.#mark.key, digest: this.#mark.digest.slice() };
    const open = withOpenKeys(contents, this.#live(), (key) => Secret.from(key.expose()));
    const reopened = new Wallet(open, sealed, mark, this.#context);
    if (open.provider !== null && this.#link !== null)
      reopened.#link = new ProviderLink(this.#link.setup, open.provider.settings);
    return reopened;
  }

  /** A wallet without any contents that can `reopen` the file, to hold in this one's place while nobody needs its keys. */
  resting(): Wallet {
    const { masterKeys: _, keyring: __, ...rest } = this.#live();
    const mark = { key: this.#mark.key, digest: this.#mark.digest.slice() };
    const contents = { ...rest, activeKeyId: null, masterKeys: new Map(), keyring: new Map() };
    return new Wallet(contents, this.#sealed.resting(), mark, this.#context);
  }

  /** Zeroes everything secret. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const key of this.#contents.masterKeys.values()) key.key?.dispose();
    for (const entry of this.#contents.keyring.values()) entry.key.dispose();
    this.#contents.provider?.settings.dispose();
    this.#link?.close();
    this.#sealed.dispose();
    this.#mark.digest.fill(0);
  }

  /** Disposes of it, at the end of a `using` block. */
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
      { hint: 'await wallet.fetchKeys()' },
    );
  }

  #replaceProvider(contents: WalletContents, link: ProviderLink | null): void {
    // What a fork replaces is still its wallet's, until that adopts it.
    if (!this.#isFork) {
      this.#link?.close();
      this.#contents.provider?.settings.dispose();
    }
    this.#contents = contents;
    this.#link = link;
  }

  #linked(): ProviderLink {
    if (this.#link !== null) return this.#link;
    throw new StateError(
      'ERR_KEY_AT_PROVIDER',
      'the master keys of this wallet are kept by a key management service, without which it was opened',
      { hint: 'open it with the option provider' },
    );
  }

  /** The contents, every master key of which has its ciphertext where a provider keeps them. */
  async #encrypted(): Promise<WalletContents> {
    const contents = this.#live();
    const isReady = [...contents.masterKeys.values()].every(({ providerCiphertext }) => providerCiphertext !== null);
    return contents.provider === null || isReady ? contents : await encryptKeys(contents, this.#linked());
  }

  /** The master keys that a rewrap needs. */
  #keysOf(envelopes: readonly Uint8Array[], options: DataKeyOptions): readonly string[] {
    const { masterKeys } = this.#live();
    const named = groupEnvelopes(envelopes, options.context !== undefined).map(({ keyId }) => keyId);
    return [...new Set([...named, this.#active().keyId])].filter((keyId) => masterKeys.has(keyId));
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

/** What a look at a file that another process wrote may wait for the provider. */
const AHEAD_TIMEOUT_MS = 5000;
