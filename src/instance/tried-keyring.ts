/**
 * A keyring in which statements are only tried. Over the wallet of a rehearsal it writes through, because that wallet is a copy; over
 * any other keyring it reads, and keeps in memory what would have been written. It notes what changed. Layer: instance, Node only.
 */
import { StateError } from '../errors.ts';
import { type Keyring, openKeyring } from '../keyring/index.ts';
import type { Secret } from '../secret.ts';
import type { KeyringService, KeyringServiceInfo } from '../statement/index.ts';

/** What a statement would do to a key of the keyring. */
export interface KeyringChange {
  readonly id: string;
  readonly owner: string;
  readonly change: 'created' | 'removed';
}

type Owned = Parameters<KeyringService['fetch']>[1];

/** A keyring over another one. */
export class TriedKeyring implements KeyringService {
  readonly #base: Keyring;
  /** What would have been written; null where the other keyring is a copy that may be written to. */
  readonly #held: Keyring | null;
  readonly #removed = new Set<string>();
  readonly #changes = new Map<string, KeyringChange>();

  private constructor(base: Keyring, held: Keyring | null) {
    this.#base = base;
    this.#held = held;
  }

  /** Over a keyring that may be written to. */
  static onCopy(copy: Keyring): TriedKeyring {
    return new TriedKeyring(copy, null);
  }

  /** Over a keyring that must not change. */
  static async over(base: Keyring): Promise<TriedKeyring> {
    const rules = base.backend === 'kmip' ? 'okv' : 'component';
    return new TriedKeyring(base, await openKeyring({ backend: 'memory', rules }));
  }

  async generate(id: string, type: string, lengthBytes: number, owned: Owned): Promise<void> {
    const target = await this.#target(id, owned);
    await target.generate(id, type, lengthBytes, owned);
    this.#note(id, owned.owner, 'created');
  }

  async store(id: string, type: string, key: Secret, owned: Owned): Promise<void> {
    const target = await this.#target(id, owned);
    await target.store(id, type, key, owned);
    this.#note(id, owned.owner, 'created');
  }

  async fetch(id: string, owned: Owned): ReturnType<KeyringService['fetch']> {
    return await (await this.#holderOf(id, owned)).fetch(id, owned);
  }

  async info(id: string, owned: Owned): ReturnType<KeyringService['info']> {
    return await (await this.#holderOf(id, owned)).info(id, owned);
  }

  async remove(id: string, owned: Owned): Promise<boolean> {
    const target = await this.#holderOf(id, owned);
    if (target === this.#base && this.#held !== null) {
      if ((await target.info(id, owned)) === null) return false;
      this.#removed.add(nameOf(id, owned.owner));
    } else if (!(await target.remove(id, owned))) return false;
    this.#note(id, owned.owner, 'removed');
    return true;
  }

  async *list(): AsyncGenerator<KeyringServiceInfo> {
    for await (const key of this.#base.list()) if (!this.#removed.has(nameOf(key.id, key.owner))) yield key;
    if (this.#held !== null) yield* this.#held.list();
  }

  /** What changed since the last call, in order. */
  takeChanges(): readonly KeyringChange[] {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    return changes;
  }

  async close(): Promise<void> {
    await this.#held?.close();
  }

  /** Where a new key goes. */
  async #target(id: string, owned: Owned): Promise<Keyring> {
    const held = this.#held;
    if (held === null) return this.#base;
    if (id !== '' && (await this.#holderOf(id, owned)) === this.#base && (await this.#base.info(id, owned)) !== null)
      throw new StateError('ERR_KEYRING_EXISTS', 'a key of that owner and id exists');
    return held;
  }

  async #holderOf(id: string, owned: Owned): Promise<Keyring> {
    if (this.#held === null) return this.#base;
    const isHeld = this.#removed.has(nameOf(id, owned.owner)) || (await this.#held.info(id, owned)) !== null;
    return isHeld ? this.#held : this.#base;
  }

  #note(id: string, owner: string, change: KeyringChange['change']): void {
    const name = nameOf(id, owner);
    const before = this.#changes.get(name);
    if (before?.change === 'created' && change === 'removed') this.#changes.delete(name);
    else this.#changes.set(name, { id, owner, change });
  }
}

const nameOf = (id: string, owner: string): string => JSON.stringify([owner, id]);
