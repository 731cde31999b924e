/** Checking a wallet file: its integrity, what it holds, and how well it is protected. Layer: wallet, universal. */
import { judgePfx, parsePfx, type Verdict } from '../pkcs12/index.ts';
import { openWallet } from './open-wallet.ts';
import type { WalletOptions, WalletPassword } from './options.ts';

/** What a check found. No key bytes. */
export interface WalletReport {
  /** The MAC and every record verified; a wallet that does not verify is an error. */
  readonly integrity: 'verified';
  readonly id: string;
  /** One more with every write. */
  readonly generation: number;
  /** Number of master keys. */
  readonly masterKeys: number;
  /** KEY_ID; null while there is no active key. */
  readonly activeKey: string | null;
  /** Number of keyring keys, each version counted. */
  readonly keyringKeys: number;
  readonly fullyBackedUp: boolean;
  /** Aliases of entries that are not the wallet's own. */
  readonly otherEntries: readonly string[];
  /** Weaknesses of the file's protection, worst first, each with its standard. */
  readonly verdicts: readonly Verdict[];
}

/**
 * Opens a wallet file, checks it and closes it again.
 *
 * @param bytes an `ewallet.p12`; not changed
 * @throws as `openWallet`
 * @example
 * const { activeKey, verdicts } = await verifyWallet(file, 'a long password');
 */
export async function verifyWallet(
  bytes: Uint8Array,
  password: WalletPassword,
  options: WalletOptions = {},
): Promise<WalletReport> {
  using wallet = await openWallet(bytes, password, options);
  return {
    integrity: 'verified',
    id: wallet.id,
    generation: wallet.generation,
    masterKeys: wallet.masterKeys.length,
    activeKey: wallet.activeKey?.keyId ?? null,
    keyringKeys: wallet.keyringEntries.length,
    fullyBackedUp: wallet.fullyBackedUp,
    otherEntries: wallet.otherEntries,
    verdicts: judgePfx(parsePfx(bytes)),
  };
}
