/**
 * The two subkeys of each master key that seal the object store: `server-object` wraps material, `server-mac` authenticates
 * records. Derived on first use, kept for the time the server runs, wiped with `dispose`. Layer: kmip/server, Node only.
 */
import { importKek, type Kek } from '../../core/index.ts';
import { StateError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import { createWallet, PURPOSE, type Wallet } from '../../wallet/index.ts';

/** Keys by KEY_ID. */
export interface ObjectKeys extends Disposable {
  /** KEY_ID of the key that new records are sealed under. @throws {StateError} ERR_NO_ACTIVE_KEY */
  readonly activeKeyId: string;
  /** Says whether the wallet holds a master key. */
  has(keyId: string): boolean;
  /** Lent. @throws {StateError} ERR_KEY_NOT_FOUND */
  kek(keyId: string): Kek;
  /** Lent. @throws {StateError} ERR_KEY_NOT_FOUND */
  mac(keyId: string): Secret;
}

/** The keys of an open wallet. `walletOf` is asked at every use, for a wallet that is read anew when its file changes. */
export function walletObjectKeys(walletOf: () => Wallet): ObjectKeys {
  return new WalletObjectKeys(walletOf);
}

/** Keys of a wallet in memory with one random master key: for a server whose objects end with it. */
export async function memoryObjectKeys(): Promise<ObjectKeys> {
  const wallet = await createWallet('memory only', { iterations: 1000 });
  wallet.setKey();
  return new WalletObjectKeys(
    () => wallet,
    () => wallet.dispose(),
  );
}

class WalletObjectKeys implements ObjectKeys {
  readonly #walletOf: () => Wallet;
  readonly #release: () => void;
  readonly #keys = new Map<string, { readonly kek: Kek; readonly mac: Secret }>();

  constructor(walletOf: () => Wallet, release: () => void = () => undefined) {
    this.#walletOf = walletOf;
    this.#release = release;
  }

  get activeKeyId(): string {
    const wallet = this.#walletOf();
    const active = wallet.activeKey;
    if (active === null) throw new StateError('ERR_NO_ACTIVE_KEY', 'the wallet of the server has no active master key');
    return active.keyId;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId) || this.#walletOf().masterKeys.some((key) => key.keyId === keyId);
  }

  kek(keyId: string): Kek {
    return this.#of(keyId).kek;
  }

  mac(keyId: string): Secret {
    return this.#of(keyId).mac;
  }

  [Symbol.dispose](): void {
    for (const { kek, mac } of this.#keys.values()) {
      kek.dispose();
      mac.dispose();
    }
    this.#keys.clear();
    this.#release();
  }

  #of(keyId: string): { readonly kek: Kek; readonly mac: Secret } {
    let found = this.#keys.get(keyId);
    if (found === undefined) {
      const wallet = this.#walletOf();
      using objectKey = wallet.deriveSubkey(keyId, PURPOSE.serverObject);
      found = { kek: importKek(objectKey), mac: wallet.deriveSubkey(keyId, PURPOSE.serverMac) };
      this.#keys.set(keyId, found);
    }
    return found;
  }
}
