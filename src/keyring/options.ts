/** What `openKeyring` is told: which back end, and how. Layer: keyring. */
import { UsageError } from '../errors.ts';
import type { WalletFile, WalletFileOptions } from '../wallet/file/index.ts';
import type { WalletPassword } from '../wallet/index.ts';
import type { RuleSet } from './rules.ts';

/** Options of every back end. */
export interface CommonKeyringOptions {
  /**
   * Whether key bytes stay in this process's memory, as `Secret`s. False: a KMIP server is asked each time; the others keep them
   * wrapped and unwrap them for each fetch. Default true.
   */
  readonly cacheKeys?: boolean;
  /** Types and lengths that are taken. Default `component`; of `kmip`, `okv`. */
  readonly rules?: RuleSet;
  /** Default: the platform's cryptographic source. */
  readonly randomBytes?: (length: number) => Uint8Array<ArrayBuffer>;
}

/** Keys in this process, gone with it. */
export interface MemoryKeyringOptions extends CommonKeyringOptions {
  readonly backend: 'memory';
}

/** Keys in an `ewallet.p12`: one that the keyring opens, or one that is open (`file`), which then stays the caller's to close. */
export type WalletKeyringOptions = CommonKeyringOptions & {
  readonly backend: 'wallet';
  /**
   * For how long what was last seen of the file is taken for what is there, milliseconds: another process's change is seen this
   * late. Writing always looks first. 0 looks every time. Default 100.
   */
  readonly refreshMs?: number;
} & (
    | {
        readonly directory: string;
        readonly password: WalletPassword;
        /** Makes the wallet when there is none. Default false. */
        readonly create?: boolean;
        /** How the wallet is opened or made: profile, iterations, lock … */
        readonly walletOptions?: WalletFileOptions;
      }
    | { readonly file: WalletFile }
  );

/** Options of `openKeyring`, told apart by `backend`. */
export type KeyringOptions = MemoryKeyringOptions | WalletKeyringOptions;

/** The platform's cryptographic source. */
export function platformRandomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Refuses options that a function does not know. @throws {UsageError} ERR_OPTION */
export function assertKnownOptions(given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new UsageError('ERR_OPTION', `unknown option "${unknown}"`, { hint: `known: ${known.join(', ')}` });
}
