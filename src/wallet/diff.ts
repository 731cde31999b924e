/** What two wallets have and have not in common; for people and reports, no key bytes. Layer: wallet, universal. */
import { equalSecretBytes } from '../core/index.ts';
import type { MasterKeyInfo } from './options.ts';
import type { Wallet } from './wallet.ts';

/** Master keys of two wallets, compared. */
export interface WalletDifference {
  readonly onlyInFirst: readonly MasterKeyInfo[];
  readonly onlyInSecond: readonly MasterKeyInfo[];
  /** The same identifier, but another key: one of the two opens data that the other does not. */
  readonly conflicting: readonly MasterKeyInfo[];
  /** The same key, but another tag or state, as the two tell it. */
  readonly changed: readonly { readonly first: MasterKeyInfo; readonly second: MasterKeyInfo }[];
  /** Number of keys that are alike in everything. */
  readonly same: number;
}

/** Compares the master keys of two wallets. Keys that only a provider can open are compared by what is known of them. */
export function diffWallets(first: Wallet, second: Wallet): WalletDifference {
  const theirs = new Map(second.masterKeys.map((key) => [key.keyId, key]));
  const onlyInFirst: MasterKeyInfo[] = [];
  const conflicting: MasterKeyInfo[] = [];
  const changed: { first: MasterKeyInfo; second: MasterKeyInfo }[] = [];
  let same = 0;
  for (const key of first.masterKeys) {
    const other = theirs.get(key.keyId);
    theirs.delete(key.keyId);
    if (other === undefined) onlyInFirst.push(key);
    else if (!sameKey(first, second, key)) conflicting.push(key);
    else if (key.keyTag !== other.keyTag || key.state !== other.state) changed.push({ first: key, second: other });
    else same++;
  }
  return { onlyInFirst, onlyInSecond: [...theirs.values()], conflicting, changed, same };
}

function sameKey(first: Wallet, second: Wallet, { keyId, keptBy }: MasterKeyInfo): boolean {
  if (keptBy === 'provider' || second.findKey(keyId).keptBy === 'provider') return true;
  using a = first.exportKey(keyId);
  using b = second.exportKey(keyId);
  return equalSecretBytes(a.expose(), b.expose());
}
