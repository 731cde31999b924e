/** Keyring keys among a wallet's contents: found, added, removed, by owner, id and version. Layer: wallet, pure. */
import { StateError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { ChangeContext, KeyringEntry, WalletContents } from './contents.ts';
import { keyringAlias } from './entries.ts';

/** What a new keyring key is made of. */
export interface NewKeyringEntry {
  readonly owner: string;
  readonly id: string;
  readonly type: string;
  /** Copied. */
  readonly key: Uint8Array;
  /** Default 1. */
  readonly version?: number;
}

/** One version of a key, the newest unless asked otherwise; undefined when there is none. */
export function findKeyringEntry(
  { keyring }: WalletContents,
  owner: string,
  id: string,
  version: number | undefined,
): KeyringEntry | undefined {
  if (version !== undefined) return keyring.get(keyringAlias(owner, id, version));
  let newest: KeyringEntry | undefined;
  for (const entry of keyring.values())
    if (isOf(entry, owner, id) && entry.version > (newest?.version ?? 0)) newest = entry;
  return newest;
}

/** Adds a version of a key. @throws {StateError} ERR_KEYRING_EXISTS when that version is there */
export function addKeyringEntry(
  contents: WalletContents,
  entry: NewKeyringEntry,
  context: ChangeContext,
): WalletContents {
  const { owner, id, type, version = 1 } = entry;
  const alias = keyringAlias(owner, id, version);
  if (contents.keyring.has(alias)) throw new StateError('ERR_KEYRING_EXISTS', 'a key of that owner and id exists');
  const created = context.now().toISOString();
  const added: KeyringEntry = { owner, id, type, version, created, key: Secret.from(entry.key) };
  return { ...contents, keyring: new Map(contents.keyring).set(alias, added) };
}

/** Removes all versions of a key; the same contents when there was none. */
export function removeKeyringEntry(contents: WalletContents, owner: string, id: string): WalletContents {
  const keyring = new Map([...contents.keyring].filter(([, entry]) => !isOf(entry, owner, id)));
  return keyring.size === contents.keyring.size ? contents : { ...contents, keyring };
}

/** Wipes the keys of one state of the keyring that are not in another. */
export function wipeOtherEntries(
  wiped: ReadonlyMap<string, KeyringEntry>,
  kept: ReadonlyMap<string, KeyringEntry>,
): void {
  for (const [alias, entry] of wiped) if (kept.get(alias) !== entry) entry.key.dispose();
}

function isOf(entry: KeyringEntry, owner: string, id: string): boolean {
  return entry.id === id && entry.owner === owner;
}
