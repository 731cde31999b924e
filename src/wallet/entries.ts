/**
 * Wallet contents to and from (alias, value) pairs, the form they have in the file. Values are UTF-8 bytes, those that
 * hold key material never become strings. Layer: wallet, pure.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { decodeBase64, encodeBase64, encodeBase64Text } from '../core/index.ts';
import { FormatError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type {
  KeyActor,
  KeyFacts,
  KeyringEntry,
  MasterKey,
  ProviderFacts,
  WalletContents,
  WalletFacts,
} from './contents.ts';
import { formatKeyFacts, parseKeyFacts } from './key-facts.ts';
import { decodeKeyId, MASTER_KEY_BYTES, SIGNIFICANT_CHARACTERS } from './key-id.ts';
import { encodeMasterKeyRecord, type MasterKeyRecord, parseMasterKeyRecord } from './master-key-record.ts';

/** One pair. */
export interface Entry {
  readonly alias: string;
  /** UTF-8 bytes. */
  readonly value: Secret;
}

const MASTER_KEY_PREFIX = 'ORACLE.SECURITY.DB.ENCRYPTION.';
const ACTIVE_ALIAS = `${MASTER_KEY_PREFIX}MASTERKEY`;
const FACTS_ALIAS = 'KEYWARD.KEYS';
const PROVIDER_ALIAS = 'KEYWARD.KMS';
const KMS_PREFIX = 'KEYWARD.KMS.';
const KEYRING_PREFIX = 'KEYWARD.KEYRING.';
const WALLET_ALIAS = 'KEYWARD.WALLET';
/** Between the JSON head and the secret of a value that has both. */
const HEAD_SEPARATOR = 0x0a;

/** Entries there is one of. */
const TEXT_ALIASES: readonly string[] = [ACTIVE_ALIAS, WALLET_ALIAS, FACTS_ALIAS];

/** Says whether an alias is one of those that `formatEntries` writes; all others are kept as they are. */
export function ownsAlias(alias: string): boolean {
  if (TEXT_ALIASES.includes(alias) || alias === PROVIDER_ALIAS) return true;
  if (alias.startsWith(KEYRING_PREFIX)) return true;
  return mkidAfter(alias, MASTER_KEY_PREFIX) !== null || mkidAfter(alias, KMS_PREFIX) !== null;
}

/** The alias of a master key's record. */
export function masterKeyAlias(keyId: string): string {
  return MASTER_KEY_PREFIX + keyId;
}

/** Says whether two states of a master key have the same record. */
export function sameRecord(a: MasterKey, b: MasterKey): boolean {
  return (
    a.key === b.key &&
    a.iv === b.iv &&
    a.recordOthers === b.recordOthers &&
    a.facts.createdMs === b.facts.createdMs &&
    a.providerCiphertext === null &&
    b.providerCiphertext === null
  );
}

/** The alias of one version of a keyring key; different names and versions give different aliases, as no name keeps a dot. */
export function keyringAlias(owner: string, id: string, version: number = 1): string {
  const alias = `${KEYRING_PREFIX}${encodeName(owner)}.${encodeName(id)}`;
  return version === 1 ? alias : `${alias}.${version}`;
}

/**
 * Reads contents from the pairs of a file. A wallet that another program made has no facts of ours: they are made up from
 * what its records tell, and `fallback` gives the rest.
 *
 * @throws {FormatError} ERR_WALLET_ENTRY naming the alias (never the value)
 */
export function parseEntries(
  entries: readonly Entry[],
  fallback: { readonly facts: WalletFacts; readonly actor: KeyActor },
): WalletContents {
  const found = sortEntries(entries);
  const facts = readJson<WalletFacts>(found.own, WALLET_ALIAS) ?? fallback.facts;
  const activeText = found.own.get(ACTIVE_ALIAS);
  const activeKeyId = activeText === undefined ? null : decodeUtf8(activeText.expose());
  const table = readJson<object>(found.own, FACTS_ALIAS);
  const known = table === null ? new Map<string, KeyFacts>() : parseKeyFacts(table);
  if (known === null) throw malformed(FACTS_ALIAS);
  const masterKeys = new Map<string, MasterKey>();
  const add = (source: KeySource, keyFacts: KeyFacts | undefined): void => {
    masterKeys.set(source.keyId, readMasterKey(source, keyFacts, activeKeyId, fallback.actor));
  };
  for (const [id, keyFacts] of known) {
    const source = found.keys.get(id);
    if (source !== undefined) add(source, keyFacts);
  }
  if (masterKeys.size < found.keys.size)
    for (const source of found.keys.values()) if (!masterKeys.has(source.keyId)) add(source, undefined);
  const provider = found.own.get(PROVIDER_ALIAS);
  const keyring = new Map<string, KeyringEntry>();
  for (const [alias, value] of found.keyring) keyring.set(alias, readKeyringEntry(alias, value));
  return {
    facts,
    masterKeys: oldestFirst(masterKeys),
    activeKeyId: activeKeyId === '' ? null : activeKeyId,
    keyring,
    provider: provider === undefined ? null : readProvider(provider),
  };
}

/** The pairs that hold one master key. */
interface KeySource {
  readonly keyId: string;
  readonly mkid: Uint8Array<ArrayBuffer>;
  record?: Secret;
  cipher?: Secret;
}

/** The pairs by what they are; of two with one alias the later counts. */
interface SortedEntries {
  readonly own: ReadonlyMap<string, Secret>;
  /** By the first characters of the KEY_ID, those that differ. */
  readonly keys: ReadonlyMap<string, KeySource>;
  readonly keyring: ReadonlyMap<string, Secret>;
}

function sortEntries(entries: readonly Entry[]): SortedEntries {
  const own = new Map<string, Secret>();
  const keyring = new Map<string, Secret>();
  const keys = new Map<string, KeySource>();
  const sourceOf = (alias: string, prefix: string): KeySource | null => {
    const mkid = mkidAfter(alias, prefix);
    if (mkid === null) return null;
    const id = alias.slice(prefix.length, prefix.length + SIGNIFICANT_CHARACTERS);
    let source = keys.get(id);
    if (source === undefined) {
      source = { keyId: alias.slice(prefix.length), mkid };
      keys.set(id, source);
    }
    return source;
  };
  for (const entry of entries) {
    const { alias } = entry;
    if (TEXT_ALIASES.includes(alias) || alias === PROVIDER_ALIAS) own.set(alias, entry.value);
    else if (alias.startsWith(KEYRING_PREFIX)) keyring.set(alias, entry.value);
    else {
      const ofRecord = sourceOf(alias, MASTER_KEY_PREFIX);
      const ofCipher = ofRecord === null ? sourceOf(alias, KMS_PREFIX) : null;
      if (ofRecord !== null) ofRecord.record = entry.value;
      if (ofCipher !== null) ofCipher.cipher = entry.value;
    }
  }
  return { own, keys, keyring };
}

function oldestFirst(keys: ReadonlyMap<string, MasterKey>): ReadonlyMap<string, MasterKey> {
  let latest = Number.NEGATIVE_INFINITY;
  let inOrder = true;
  for (const { facts } of keys.values()) {
    if (facts.createdMs < latest) inOrder = false;
    latest = facts.createdMs;
  }
  return inOrder ? keys : new Map([...keys].sort(([, a], [, b]) => a.facts.createdMs - b.facts.createdMs));
}

/**
 * The pairs of a wallet's contents, in order. The values are new `Secret`s, the caller's to dispose of.
 *
 * @param stands says of which master keys the record stands in the file already: they get no pair
 */
export function formatEntries(contents: WalletContents, stands: (key: MasterKey) => boolean = () => false): Entry[] {
  const entries: Entry[] = [textEntry(WALLET_ALIAS, JSON.stringify(contents.facts))];
  if (contents.activeKeyId !== null) entries.push(textEntry(ACTIVE_ALIAS, contents.activeKeyId));
  if (contents.masterKeys.size > 0) entries.push(textEntry(FACTS_ALIAS, formatKeyFacts(contents.masterKeys.values())));
  if (contents.provider !== null) entries.push({ alias: PROVIDER_ALIAS, value: providerSecret(contents.provider) });
  for (const key of contents.masterKeys.values()) {
    if (stands(key)) continue;
    if (key.providerCiphertext !== null)
      entries.push({ alias: KMS_PREFIX + key.keyId, value: base64Secret(key.providerCiphertext) });
    // The one place where a plain master key is written: never beside a provider that keeps them.
    else if (contents.provider !== null) throw malformed(KMS_PREFIX + key.keyId);
    else if (key.key !== null) entries.push({ alias: MASTER_KEY_PREFIX + key.keyId, value: recordSecret(key) });
  }
  for (const [alias, entry] of contents.keyring) entries.push({ alias, value: keyringSecret(entry) });
  return entries;
}

/** What an alias holds: a master key, another secret (a keyring key, credentials), or (null) nothing secret by itself. */
export function secretEntry(alias: string, contents: WalletContents): MasterKey | 'secret' | null {
  if (alias.startsWith(KEYRING_PREFIX) || alias === PROVIDER_ALIAS) return 'secret';
  if (mkidAfter(alias, MASTER_KEY_PREFIX) === null) return null;
  return contents.masterKeys.get(alias.slice(MASTER_KEY_PREFIX.length)) ?? null;
}

/** The pair of a master key that stands in the file as its bare 32 bytes; null where the alias is not one of a master key. */
export function masterKeyEntry(entry: Entry): Entry | null {
  if (mkidAfter(entry.alias, MASTER_KEY_PREFIX) === null) return null;
  if (entry.value.length !== MASTER_KEY_BYTES) throw malformed(entry.alias);
  const record = encodeMasterKeyRecord({ key: entry.value.copy(), iv: null, created: null, others: [] });
  try {
    return { alias: entry.alias, value: base64Secret(record) };
  } finally {
    record.fill(0);
  }
}

/** The MKID of the KEY_ID behind a prefix; null where something else stands there (Oracle has `…MASTERKEY.<PDB>`). */
function mkidAfter(alias: string, prefix: string): Uint8Array<ArrayBuffer> | null {
  return alias.startsWith(prefix) ? decodeKeyId(alias, prefix.length) : null;
}

function readMasterKey(
  source: KeySource,
  facts: KeyFacts | undefined,
  activeKeyId: string | null,
  actor: KeyActor,
): MasterKey {
  const { keyId } = source;
  const record = source.record === undefined ? null : readRecord(MASTER_KEY_PREFIX + keyId, source.record);
  return {
    keyId,
    mkid: source.mkid,
    key: record === null ? null : Secret.adopt(record.key),
    iv: record?.iv ?? null,
    recordOthers: record?.others ?? [],
    providerCiphertext: source.cipher === undefined ? null : decodeValue(KMS_PREFIX + keyId, source.cipher.expose()),
    facts: facts ?? madeUpFacts(record, keyId === activeKeyId, actor),
  };
}

function readRecord(alias: string, value: Secret): MasterKeyRecord {
  const bytes = decodeValue(alias, value.expose());
  try {
    const record = parseMasterKeyRecord(bytes);
    if (record.key.length !== MASTER_KEY_BYTES) throw malformed(alias);
    return record;
  } catch (cause) {
    throw malformed(alias, cause);
  } finally {
    bytes.fill(0);
  }
}

/** Of a wallet that another program made, nothing is known but the record's date; all but the active key were active once. */
function madeUpFacts(record: MasterKeyRecord | null, active: boolean, actor: KeyActor): KeyFacts {
  const createdMs = record?.created?.getTime() ?? 0;
  return {
    keyTag: null,
    createdMs,
    creator: actor,
    activatedMs: createdMs,
    activator: active ? actor : null,
    origin: 'local',
    backedUp: false,
  };
}

function recordSecret(key: MasterKey): Secret {
  const bytes = recordOf(key);
  try {
    return base64Secret(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** The record of a key whose bytes are known; the caller's to wipe. */
export function recordOf(key: MasterKey): Uint8Array<ArrayBuffer> {
  return encodeMasterKeyRecord({
    key: (key.key as Secret).expose(),
    iv: key.iv,
    created: new Date(key.facts.createdMs),
    others: key.recordOthers,
  });
}

/*
 * The provider's value: one line of JSON (format, check ciphertext in base64), then the settings as they are.
 */
function providerSecret({ settings, check }: ProviderFacts): Secret {
  const head = JSON.stringify({ format: 1, check: encodeBase64Text(check) });
  return Secret.adopt(concatBytes(encodeUtf8(`${head}\n`), settings.expose()));
}

function readProvider(value: Secret): ProviderFacts {
  const [head, settings] = splitHead(PROVIDER_ALIAS, value);
  const { format, check } = parseJson<{ format?: unknown; check?: unknown }>(PROVIDER_ALIAS, head);
  if (format !== 1 || typeof check !== 'string') throw malformed(PROVIDER_ALIAS);
  return { settings: Secret.from(settings), check: decodeValue(PROVIDER_ALIAS, encodeUtf8(check)) };
}

function splitHead(alias: string, value: Secret): [head: Uint8Array, rest: Uint8Array] {
  const bytes = value.expose();
  const split = bytes.indexOf(HEAD_SEPARATOR);
  if (split < 0) throw malformed(alias);
  return [bytes.subarray(0, split), bytes.subarray(split + 1)];
}

/*
 * A keyring value: one line of JSON (type, creation, version), then the key in base64.
 */
function keyringSecret(entry: KeyringEntry): Secret {
  const { type, created, version, owner, id } = entry;
  const text = encodeBase64(entry.key.expose());
  const value = concatBytes(
    encodeUtf8(JSON.stringify({ owner, id, type, created, version })),
    Uint8Array.of(HEAD_SEPARATOR),
    text,
  );
  text.fill(0);
  return Secret.adopt(value);
}

function readKeyringEntry(alias: string, value: Secret): KeyringEntry {
  const [head, key] = splitHead(alias, value);
  const headJson = parseJson<Omit<KeyringEntry, 'key'>>(alias, head);
  const { owner, id, type, created, version } = headJson;
  const typed = [owner, id, type, created].every((text) => typeof text === 'string');
  if (!typed || !Number.isSafeInteger(version) || version < 1) throw malformed(alias);
  if (keyringAlias(owner, id, version) !== alias) throw malformed(alias);
  return { owner, id, type, created, version, key: Secret.adopt(decodeValue(alias, key)) };
}

function base64Secret(bytes: Uint8Array): Secret {
  return Secret.adopt(encodeBase64(bytes));
}

function textEntry(alias: string, text: string): Entry {
  return { alias, value: Secret.adopt(encodeUtf8(text)) };
}

function decodeValue(alias: string, base64: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return decodeBase64(base64);
  } catch {
    throw malformed(alias);
  }
}

function readJson<T>(byAlias: ReadonlyMap<string, Secret>, alias: string): T | null {
  const value = byAlias.get(alias);
  return value === undefined ? null : parseJson<T>(alias, value.expose());
}

function parseJson<T>(alias: string, bytes: Uint8Array): T {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch {
    // The value may be a secret: what JSON.parse says of it must not travel on.
  }
  throw malformed(alias);
}

/** Percent-encodes a name so that no dot and no control character is left, and different names stay different. */
function encodeName(name: string): string {
  return Array.from(encodeUtf8(name), (b) =>
    PLAIN.test(String.fromCharCode(b)) ? String.fromCharCode(b) : `%${b.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
const PLAIN = /[A-Za-z0-9@_-]/;

function malformed(alias: string, cause?: unknown): FormatError {
  return new FormatError(
    'ERR_WALLET_ENTRY',
    `malformed wallet entry ${alias}`,
    { offset: 0, path: [alias] },
    { cause },
  );
}
