/**
 * Keys in memory, by owner, id and version. Their bytes are kept as `Secret`s, or, where keys are not to rest in memory in the
 * clear, wrapped (RFC 5649) under a key of this table alone and unwrapped in the core for each use. Layer: keyring.
 */
import { importKek, type Kek, unwrapKeyPadded, wrapKeyPadded } from '../core/index.ts';
import { Secret } from '../secret.ts';
import type { FoundKey, KeyName } from './backend.ts';
import type { KeyringKeyInfo } from './keyring.ts';

/** A key in the clear, or wrapped. */
type KeptKey = Secret | Uint8Array<ArrayBuffer>;

interface KeptVersion {
  readonly info: KeyringKeyInfo;
  readonly key: KeptKey;
}

/** Where a table's wrapping key comes from. */
export interface KeyTableOptions {
  /** False: keys rest wrapped. */
  readonly cacheKeys: boolean;
  randomBytes(length: number): Uint8Array<ArrayBuffer>;
}

/** A table of keys. Holds secrets until disposed of. */
export class KeyTable {
  /** owner → id → versions, oldest first. */
  readonly #owners: Map<string, Map<string, KeptVersion[]>> = new Map();
  readonly #kek: Kek | null;

  constructor({ cacheKeys, randomBytes }: KeyTableOptions) {
    this.#kek = cacheKeys ? null : makeKek(randomBytes);
  }

  /** Adds one version; `bytes` are copied. */
  add(info: KeyringKeyInfo, bytes: Uint8Array): void {
    const ids = this.#owners.get(info.owner) ?? new Map<string, KeptVersion[]>();
    this.#owners.set(info.owner, ids);
    const versions = ids.get(info.id) ?? [];
    versions.push({ info, key: this.#keep(bytes) });
    versions.sort((a, b) => a.info.version - b.info.version);
    ids.set(info.id, versions);
  }

  /** What is known of one version, or of the newest. */
  info(name: KeyName, version: number | undefined): KeyringKeyInfo | null {
    return this.#find(name, version)?.info ?? null;
  }

  /** One version, or the newest, with a copy of its bytes. */
  fetch(name: KeyName, version: number | undefined): FoundKey | null {
    const found = this.#find(name, version);
    return found === undefined ? null : { info: found.info, bytes: this.#open(found.key) };
  }

  /** Removes and wipes all versions; false when there was none. */
  remove({ owner, id }: KeyName): boolean {
    const ids = this.#owners.get(owner);
    const versions = ids?.get(id);
    if (ids === undefined || versions === undefined) return false;
    wipe(versions);
    ids.delete(id);
    if (ids.size === 0) this.#owners.delete(owner);
    return true;
  }

  /** The newest version of every key, of one owner or of all. */
  list(owner: string | undefined): KeyringKeyInfo[] {
    const chosen = owner === undefined ? [...this.#owners.values()] : [this.#owners.get(owner) ?? new Map()];
    return chosen.flatMap((ids) => [...ids.values()].map((versions) => (versions.at(-1) as KeptVersion).info));
  }

  /** Wipes and forgets all keys. */
  clear(): void {
    for (const ids of this.#owners.values()) for (const versions of ids.values()) wipe(versions);
    this.#owners.clear();
  }

  /** Wipes everything. Safe to call twice. */
  dispose(): void {
    this.clear();
    this.#kek?.dispose();
  }

  #find({ owner, id }: KeyName, version: number | undefined): KeptVersion | undefined {
    const versions = this.#owners.get(owner)?.get(id);
    return version === undefined ? versions?.at(-1) : versions?.find(({ info }) => info.version === version);
  }

  /** Key wrap has no form for zero bytes, and those are no secret. */
  #keep(bytes: Uint8Array): KeptKey {
    return this.#kek === null || bytes.length === 0 ? Secret.from(bytes) : wrapKeyPadded(this.#kek, bytes);
  }

  #open(key: KeptKey): Uint8Array<ArrayBuffer> {
    return key instanceof Secret ? key.copy() : unwrapKeyPadded(this.#kek as Kek, key);
  }
}

function makeKek(randomBytes: KeyTableOptions['randomBytes']): Kek {
  const bytes = randomBytes(32);
  try {
    return importKek(bytes);
  } finally {
    bytes.fill(0);
  }
}

function wipe(versions: readonly KeptVersion[]): void {
  for (const { key } of versions) if (key instanceof Secret) key.dispose();
}
