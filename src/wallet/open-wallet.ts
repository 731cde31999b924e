/** Making and opening wallets: the doors to `Wallet`. Layer: wallet, universal. */
import type { UnlockedPfx } from '../pkcs12/index.ts';
import { emptyContents } from './contents.ts';
import { contextOf, type WalletOptions, type WalletPassword } from './options.ts';
import { passwordMark } from './password-mark.ts';
import { createSealed, openSealed, readOpened } from './sealed.ts';
import { Wallet } from './wallet.ts';

/**
 * Makes an empty wallet. Derives keys: the cost is that of the profile's iterations. With `provider`, its master keys will be kept
 * by that provider, which is asked for a check at once.
 *
 * @param password not empty; copied, until the first `encode` has derived keys of it
 * @throws {UsageError} ERR_OPTION; ERR_PASSWORD_EMPTY; and what the provider throws
 * @example
 * const wallet = await createWallet('a long password');
 * wallet.setKey({ keyTag: 'first' });
 * const file = await wallet.encode();
 */
export async function createWallet(password: WalletPassword, options: WalletOptions = {}): Promise<Wallet> {
  const context = contextOf(options);
  const sealed = createSealed(password, options);
  const wallet = new Wallet(emptyContents(context), sealed, passwordMark(password), context);
  const { provider } = options;
  return await orWipe(wallet, async () => {
    if (provider?.settings !== undefined) await wallet.keepKeysAtProvider(provider);
  });
}

/**
 * Opens a wallet. Where a provider keeps its master keys and `provider` says how to reach it, that it is the right one is checked
 * and the keys are fetched, as the settings in the wallet and `provider.fetchKeys` tell; without `provider`, everything but the
 * keys themselves is there.
 *
 * @param bytes an `ewallet.p12`; copied
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD: wrong password or damaged file
 * @throws {FormatError} ERR_DER_…, ERR_WALLET_ENTRY; {LimitError} ERR_LIMIT_ITERATIONS
 * @throws {StateError} ERR_KMS_CHECK, and what the provider throws
 */
export async function openWallet(
  bytes: Uint8Array,
  password: WalletPassword,
  options: WalletOptions = {},
): Promise<Wallet> {
  const context = contextOf(options);
  const { contents, sealed } = await openSealed(bytes, password, options, context);
  const wallet = new Wallet(contents, sealed, passwordMark(password), context);
  const { provider } = options;
  return await orWipe(wallet, async () => {
    if (provider !== undefined) await wallet.attachProvider(provider);
  });
}

/**
 * Makes a wallet of a PKCS#12 file that is open already; nothing is derived again. The wallet takes the file over, and disposes of it
 * with itself, unless this throws.
 *
 * @param password the one it was opened with; copied in a form that only tells whether another is the same
 * @throws {FormatError} ERR_WALLET_ENTRY
 */
export function adoptWallet(opened: UnlockedPfx, password: WalletPassword, options: WalletOptions = {}): Wallet {
  const context = contextOf(options);
  const { contents, sealed } = readOpened(opened, options, context);
  return new Wallet(contents, sealed, passwordMark(password), context);
}

async function orWipe(wallet: Wallet, finish: () => Promise<void>): Promise<Wallet> {
  try {
    await finish();
    return wallet;
  } catch (error) {
    wallet.dispose();
    throw error;
  }
}
