/**
 * What a wallet holds, as values: master keys with what is known of them, the active one, keyring keys, the wallet's own
 * facts. Values are immutable; a change makes a new `WalletContents` that shares the rest. Layer: wallet, pure.
 *
 * Aliases (Oracle's, and ours beside them):
 *   ORACLE.SECURITY.DB.ENCRYPTION.<KEY_ID>    base64 of the key record (master-key-record.ts)
 *   ORACLE.SECURITY.DB.ENCRYPTION.MASTERKEY   KEY_ID of the active key
 *   KEYWARD.KEYS                              JSON, the KeyFacts of all keys (key-facts.ts)
 *   KEYWARD.KMS                               the provider: JSON head, then its settings
 *   KEYWARD.KMS.<KEY_ID>                      the provider's ciphertext of the key's record, base64
 *   KEYWARD.KEYRING.<owner>.<id>[.<version>]  a keyring key: JSON head and base64 key; version 1 has no number
 *   KEYWARD.WALLET                            JSON, WalletFacts
 */
import { formatHex } from '../bytes.ts';
import { StateError, UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { assertMkid, formatKeyId, invalidKeyError, MASTER_KEY_BYTES, parseKeyId } from './key-id.ts';

/** By whom and where something was done to a key. */
export interface KeyActor {
  readonly user: string;
  /** As the database numbers its users. */
  readonly userId: number;
  readonly databaseName: string;
  /** −1 when done before the database was mounted. */
  readonly databaseId: number;
  readonly instanceName: string;
  /** As the database numbers its instances. */
  readonly instanceNumber: number;
}

/** What is known of a master key besides its bytes. */
export interface KeyFacts {
  /** At most 4,000 characters; null for none. */
  readonly keyTag: string | null;
  /** Milliseconds since 1970, UTC. */
  readonly createdMs: number;
  readonly creator: KeyActor;
  /** Milliseconds since 1970, UTC; null while the key was never activated. */
  readonly activatedMs: number | null;
  readonly activator: KeyActor | null;
  readonly origin: 'local' | 'imported';
  readonly backedUp: boolean;
}

/** One master key. */
export interface MasterKey {
  readonly keyId: string;
  /** 16 bytes. */
  readonly mkid: Uint8Array;
  /** 32 bytes; null where only a provider can open it and nobody has yet. */
  readonly key: Secret | null;
  /** The record's IV (16 bytes), which Oracle uses for its data keys; null where there is none. */
  readonly iv: Uint8Array<ArrayBuffer> | null;
  /** Items of the record that are kept as they are. */
  readonly recordOthers: readonly Uint8Array[];
  /** The provider's ciphertext, in KMS mode. */
  readonly providerCiphertext: Uint8Array | null;
  readonly facts: KeyFacts;
}

/** created: never activated · active: the one in use · previous: active once. */
export type KeyState = 'created' | 'active' | 'previous';

/** A keyring key. */
export interface KeyringEntry {
  readonly owner: string;
  readonly id: string;
  readonly type: string;
  /** Its bytes; the wallet's own, lent. */
  readonly key: Secret;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** From 1; `rotate` makes the next. */
  readonly version: number;
}

/** The wallet's own facts. */
export interface WalletFacts {
  readonly format: 1;
  /** UUID. */
  readonly id: string;
  /** One more with every write. */
  readonly generation: number;
}

/** What a wallet holds of the provider that keeps its master keys. */
export interface ProviderFacts {
  /** Where it is and who asks: opaque here. */
  readonly settings: Secret;
  /** The provider's ciphertext of a text that both know, by which one sees that it is the right provider. */
  readonly check: Uint8Array;
}

/** Everything. */
export interface WalletContents {
  readonly facts: WalletFacts;
  /** By KEY_ID, in the order they were made. */
  readonly masterKeys: ReadonlyMap<string, MasterKey>;
  readonly activeKeyId: string | null;
  /** By alias. */
  readonly keyring: ReadonlyMap<string, KeyringEntry>;
  /** In KMS mode: then no master key stands in the file but as the provider's ciphertext. */
  readonly provider: ProviderFacts | null;
}

/** What a new master key is made of. What is left out is generated. */
export interface NewMasterKey {
  /** 16 bytes, not all zero. */
  readonly mkid?: Uint8Array;
  /** 32 bytes; copied. */
  readonly key?: Uint8Array;
  readonly keyTag?: string | null;
  readonly origin?: 'local' | 'imported';
}

/** Where the values come from that a pure function cannot make: the clock, randomness, and who is asking. */
export interface ChangeContext {
  now(): Date;
  randomBytes(length: number): Uint8Array<ArrayBuffer>;
  readonly actor: KeyActor;
}

/** Characters a tag may have. */
export const MAX_TAG_CHARACTERS = 4000;

/** The state of a key. */
export function stateOf(contents: WalletContents, key: MasterKey): KeyState {
  if (key.keyId === contents.activeKeyId) return 'active';
  return key.facts.activatedMs === null ? 'created' : 'previous';
}

/** An empty wallet. */
export function emptyContents(context: ChangeContext): WalletContents {
  return {
    facts: { format: 1, id: uuid(context.randomBytes(16)), generation: 0 },
    masterKeys: new Map(),
    activeKeyId: null,
    keyring: new Map(),
    provider: null,
  };
}

/**
 * Adds a master key, and activates it when asked to. The key bytes are copied into a `Secret`.
 *
 * @throws {StateError} ERR_KEY_MATERIAL for an MKID or MK of the wrong length, ERR_KEY_EXISTS for an MKID that is there
 * @throws {UsageError} ERR_TAG_LENGTH
 */
export function addMasterKey(
  contents: WalletContents,
  input: NewMasterKey,
  activate: boolean,
  context: ChangeContext,
): { readonly contents: WalletContents; readonly keyId: string } {
  const mkid = new Uint8Array(input.mkid ?? freshMkid(contents, context));
  assertMkid(mkid);
  if (input.key !== undefined && input.key.length !== MASTER_KEY_BYTES) throw invalidKeyError();
  const keyId = formatKeyId(mkid);
  if (contents.masterKeys.has(keyId)) throw keyExists();
  const facts: KeyFacts = {
    keyTag: checkedTag(input.keyTag ?? null),
    createdMs: context.now().getTime(),
    creator: context.actor,
    activatedMs: null,
    activator: null,
    origin: input.origin ?? 'local',
    backedUp: false,
  };
  const key = input.key === undefined ? Secret.adopt(context.randomBytes(MASTER_KEY_BYTES)) : Secret.from(input.key);
  const added: MasterKey = {
    keyId,
    mkid,
    key,
    iv: context.randomBytes(16),
    recordOthers: [],
    providerCiphertext: null,
    facts,
  };
  const withKey = replaceKey(contents, added);
  return { contents: activate ? activateKey(withKey, keyId, undefined, context) : withKey, keyId };
}

/** Adds a copy of another wallet's key, facts included; whatever kept it there, here it is kept as all others are. @throws {StateError} ERR_KEY_EXISTS */
export function adoptMasterKey(contents: WalletContents, key: MasterKey, origin: 'local' | 'imported'): WalletContents {
  if (contents.masterKeys.has(key.keyId)) throw keyExists();
  const facts: KeyFacts = { ...key.facts, origin, backedUp: false };
  const copy = key.key === null ? null : Secret.from(key.key.expose());
  const added: MasterKey = { ...key, key: copy, providerCiphertext: null, facts };
  return replaceKey(contents, added);
}

/** Makes a key the active one; `keyTag` replaces its tag unless undefined. @throws {StateError} ERR_KEY_NOT_FOUND */
export function activateKey(
  contents: WalletContents,
  keyId: string,
  keyTag: string | null | undefined,
  context: ChangeContext,
): WalletContents {
  const key = findMasterKey(contents, keyId);
  const facts: KeyFacts = {
    ...key.facts,
    keyTag: keyTag === undefined ? key.facts.keyTag : checkedTag(keyTag),
    activatedMs: context.now().getTime(),
    activator: context.actor,
    backedUp: false,
  };
  return { ...replaceKey(contents, { ...key, facts }), activeKeyId: key.keyId };
}

/** Sets or replaces a key's tag. @throws {StateError} ERR_KEY_NOT_FOUND; {UsageError} ERR_TAG_LENGTH */
export function tagKey(contents: WalletContents, keyId: string, keyTag: string | null): WalletContents {
  const key = findMasterKey(contents, keyId);
  return replaceKey(contents, { ...key, facts: { ...key.facts, keyTag: checkedTag(keyTag), backedUp: false } });
}

/** Notes that every key there is stands in a backup. */
export function markBackedUp(contents: WalletContents): WalletContents {
  const masterKeys = new Map<string, MasterKey>();
  for (const [id, key] of contents.masterKeys) masterKeys.set(id, { ...key, facts: { ...key.facts, backedUp: true } });
  return { ...contents, masterKeys };
}

/**
 * Finds a key by its KEY_ID in any of the forms that databases print.
 *
 * @throws {StateError} ERR_KEY_NOT_FOUND, ERR_KEY_MATERIAL when the text is no identifier
 */
export function findMasterKey(contents: WalletContents, keyId: string): MasterKey {
  const key = contents.masterKeys.get(keyId) ?? contents.masterKeys.get(formatKeyId(parseKeyId(keyId)));
  if (key !== undefined) return key;
  throw new StateError('ERR_KEY_NOT_FOUND', 'the master encryption key with the specified identifier does not exist', {
    hint: 'SELECT KEY_ID, TAG FROM V$ENCRYPTION_KEYS lists those there are',
  });
}

/** Puts other values of some keys in their place. */
export function replaceKeys(contents: WalletContents, keys: Iterable<MasterKey>): WalletContents {
  const masterKeys = new Map(contents.masterKeys);
  for (const key of keys) masterKeys.set(key.keyId, key);
  return { ...contents, masterKeys };
}

function keyExists(): StateError {
  return new StateError('ERR_KEY_EXISTS', 'master key identifier exists in the keystore');
}

function replaceKey(contents: WalletContents, key: MasterKey): WalletContents {
  return { ...contents, masterKeys: new Map(contents.masterKeys).set(key.keyId, key) };
}

function checkedTag(keyTag: string | null): string | null {
  if (keyTag !== null && [...keyTag].length > MAX_TAG_CHARACTERS) {
    throw new UsageError(
      'ERR_TAG_LENGTH',
      `a tag has at most ${MAX_TAG_CHARACTERS} characters, not ${[...keyTag].length}`,
    );
  }
  return keyTag;
}

function freshMkid(contents: WalletContents, context: ChangeContext): Uint8Array<ArrayBuffer> {
  for (;;) {
    const mkid = context.randomBytes(16);
    if (mkid.some((b) => b !== 0) && !contents.masterKeys.has(formatKeyId(mkid))) return mkid;
  }
}

/** A version 4 UUID of 16 random bytes (RFC 9562 §5.4). */
function uuid(bytes: Uint8Array): string {
  const b = new Uint8Array(bytes);
  b[6] = ((b[6] as number) & 0x0f) | 0x40;
  b[8] = ((b[8] as number) & 0x3f) | 0x80;
  return formatHex(b).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
