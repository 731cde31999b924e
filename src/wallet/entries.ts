/**
 * Wallet contents to and from (alias, value) pairs, the form they have in the file. Values are UTF-8 bytes, those that
 * hold key material never become strings. Layer: wallet, pure.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { decodeBase64, encodeBase64 } from '../core/index.ts';
import { FormatError, KeywardError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { KeyActor, KeyFacts, KeyringEntry, MasterKey, WalletContents, WalletFacts } from './contents.ts';
import { MASTER_KEY_BYTES, parseKeyId } from './key-id.ts';
import { encodeMasterKeyRecord, type MasterKeyRecord, parseMasterKeyRecord } from './master-key-record.ts';

/** One pair. */
export interface Entry {
  readonly alias: string;
  /** UTF-8 bytes. */
  readonly value: Secret;
}

const MASTER_KEY_PREFIX = 'ORACLE.SECURITY.DB.ENCRYPTION.';
const ACTIVE_ALIAS = `${MASTER_KEY_PREFIX}MASTERKEY`;
const FACTS_PREFIX = 'KEYWARD.KEY.';
const KMS_PREFIX = 'KEYWARD.KMS.';
const KEYRING_PREFIX = 'KEYWARD.KEYRING.';
const WALLET_ALIAS = 'KEYWARD.WALLET';
/** Between the JSON head and the key of a keyring value. */
const KEYRING_SEPARATOR = 0x0a;

/** Says whether an alias is one of those that `formatEntries` writes; all others are kept as they are. */
export function ownsAlias(alias: string): boolean {
  if (alias === ACTIVE_ALIAS || alias === WALLET_ALIAS || alias.startsWith(KEYRING_PREFIX)) return true;
  return [MASTER_KEY_PREFIX, FACTS_PREFIX, KMS_PREFIX].some((prefix) => keyIdAfter(alias, prefix) !== null);
}

/** The alias of a keyring key; different names give different aliases. */
export function keyringAlias(owner: string, id: string): string {
  return `${KEYRING_PREFIX}${encodeName(owner)}.${encodeName(id)}`;
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
  const byAlias = new Map(entries.map((entry) => [entry.alias, entry.value]));
  const facts = readJson<WalletFacts>(byAlias, WALLET_ALIAS) ?? fallback.facts;
  const activeText = byAlias.get(ACTIVE_ALIAS);
  const activeKeyId = activeText === undefined ? null : decodeUtf8(activeText.expose());
  const masterKeys = new Map<string, MasterKey>();
  for (const keyId of keyIdsOf(entries))
    masterKeys.set(keyId, readMasterKey(keyId, byAlias, activeKeyId, fallback.actor));
  const inOrder = [...masterKeys].sort(([, a], [, b]) =>
    a.facts.created < b.facts.created ? -1 : a.facts.created > b.facts.created ? 1 : 0,
  );
  const keyring = new Map<string, KeyringEntry>();
  for (const { alias, value } of entries)
    if (alias.startsWith(KEYRING_PREFIX)) keyring.set(alias, readKeyringEntry(alias, value));
  return { facts, masterKeys: new Map(inOrder), activeKeyId: activeKeyId === '' ? null : activeKeyId, keyring };
}

/** The pairs of a wallet's contents, in order. The values are new `Secret`s, the caller's to dispose of. */
export function formatEntries(contents: WalletContents): Entry[] {
  const entries: Entry[] = [textEntry(WALLET_ALIAS, JSON.stringify(contents.facts))];
  if (contents.activeKeyId !== null) entries.push(textEntry(ACTIVE_ALIAS, contents.activeKeyId));
  for (const key of contents.masterKeys.values()) {
    entries.push(textEntry(FACTS_PREFIX + key.keyId, JSON.stringify(key.facts)));
    if (key.providerCiphertext !== null)
      entries.push({ alias: KMS_PREFIX + key.keyId, value: base64Secret(key.providerCiphertext) });
    else if (key.key !== null) entries.push({ alias: MASTER_KEY_PREFIX + key.keyId, value: recordSecret(key) });
  }
  for (const [alias, entry] of contents.keyring) entries.push({ alias, value: keyringSecret(entry) });
  return entries;
}

/** What an alias holds: a master key, a keyring key, or (null) nothing that has to stay secret by itself. */
export function secretEntry(alias: string, contents: WalletContents): MasterKey | 'keyring' | null {
  if (alias.startsWith(KEYRING_PREFIX)) return 'keyring';
  const keyId = keyIdAfter(alias, MASTER_KEY_PREFIX);
  return keyId === null ? null : (contents.masterKeys.get(keyId) ?? null);
}

/** The pair of a master key that stands in the file as its bare 32 bytes; null where the alias is not one of a master key. */
export function masterKeyEntry(entry: Entry): Entry | null {
  if (keyIdAfter(entry.alias, MASTER_KEY_PREFIX) === null) return null;
  if (entry.value.length !== MASTER_KEY_BYTES) throw malformed(entry.alias);
  const record = encodeMasterKeyRecord({ key: entry.value.copy(), iv: null, created: null, others: [] });
  try {
    return { alias: entry.alias, value: base64Secret(record) };
  } finally {
    record.fill(0);
  }
}

function keyIdsOf(entries: readonly Entry[]): Set<string> {
  const found = new Set<string>();
  for (const { alias } of entries) {
    const keyId = keyIdAfter(alias, MASTER_KEY_PREFIX) ?? keyIdAfter(alias, KMS_PREFIX);
    if (keyId !== null) found.add(keyId);
  }
  return found;
}

/** The KEY_ID behind a prefix; null where something else stands there (Oracle has `…MASTERKEY.<PDB>`). */
function keyIdAfter(alias: string, prefix: string): string | null {
  if (!alias.startsWith(prefix)) return null;
  const keyId = alias.slice(prefix.length);
  return /^[A-Za-z0-9+/]{52}$/.test(keyId) && isKeyId(keyId) ? keyId : null;
}

function isKeyId(text: string): boolean {
  try {
    parseKeyId(text);
    return true;
  } catch (error) {
    if (error instanceof KeywardError) return false;
    throw error;
  }
}

function readMasterKey(
  keyId: string,
  byAlias: ReadonlyMap<string, Secret>,
  activeKeyId: string | null,
  actor: KeyActor,
): MasterKey {
  const alias = MASTER_KEY_PREFIX + keyId;
  const text = byAlias.get(alias);
  const cipher = byAlias.get(KMS_PREFIX + keyId);
  const record = text === undefined ? null : readRecord(alias, text);
  const facts = readJson<KeyFacts>(byAlias, FACTS_PREFIX + keyId) ?? madeUpFacts(record, keyId === activeKeyId, actor);
  return {
    keyId,
    mkid: parseKeyId(keyId),
    key: record === null ? null : Secret.adopt(record.key),
    iv: record?.iv ?? null,
    recordOthers: record?.others ?? [],
    providerCiphertext: cipher === undefined ? null : decodeValue(KMS_PREFIX + keyId, cipher.expose()),
    facts,
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
  const created = (record?.created ?? new Date(0)).toISOString();
  return {
    keyTag: null,
    created,
    creator: actor,
    activated: created,
    activator: active ? actor : null,
    origin: 'local',
    backedUp: false,
  };
}

function recordSecret(key: MasterKey): Secret {
  const bytes = encodeMasterKeyRecord({
    key: (key.key as Secret).expose(),
    iv: key.iv,
    created: new Date(key.facts.created),
    others: key.recordOthers,
  });
  try {
    return base64Secret(bytes);
  } finally {
    bytes.fill(0);
  }
}

/*
 * A keyring value: one line of JSON (type, creation, version), then the key in base64.
 */
function keyringSecret(entry: KeyringEntry): Secret {
  const { type, created, version, owner, id } = entry;
  const text = encodeBase64(entry.key.expose());
  const value = concatBytes(
    encodeUtf8(JSON.stringify({ owner, id, type, created, version })),
    Uint8Array.of(KEYRING_SEPARATOR),
    text,
  );
  text.fill(0);
  return Secret.adopt(value);
}

function readKeyringEntry(alias: string, value: Secret): KeyringEntry {
  const bytes = value.expose();
  const split = bytes.indexOf(KEYRING_SEPARATOR);
  if (split < 0) throw malformed(alias);
  const headJson = parseJson<Omit<KeyringEntry, 'key'>>(alias, bytes.subarray(0, split));
  const { owner, id, type, created, version } = headJson;
  if (typeof owner !== 'string' || typeof id !== 'string' || keyringAlias(owner, id) !== alias) throw malformed(alias);
  return { owner, id, type, created, version, key: Secret.adopt(decodeValue(alias, bytes.subarray(split + 1))) };
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
