/** What `openKeyring` is told: which back end, and how. Layer: keyring. */
import { UsageError } from '../errors.ts';
import type { KmipClientOptions } from '../kmip/client/index.ts';
import type { WalletFile, WalletFileOptions } from '../wallet/file/index.ts';
import type { WalletPassword } from '../wallet/index.ts';
import type { OkvAttributeNames } from './kmip/attribute-names.ts';
import type { KeyringWarning } from './kmip/configuration.ts';
import type { ProfileName } from './kmip/profile.ts';
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
        /** Of the wallet. */
        readonly password: WalletPassword;
        /** Makes the wallet when there is none. Default false. */
        readonly create?: boolean;
        /** How the wallet is opened or made: profile, iterations, lock … */
        readonly walletOptions?: WalletFileOptions;
      }
    | { readonly file: WalletFile }
  );

/**
 * Keys in a KMIP server, named by a directory, a file, or the client's own options; `client` then overrides what they say.
 *
 * Several servers are taken for one: a key that one of them made is a key at all of them at once. Standby servers that lag behind
 * weaken what is promised for several makers of one key.
 */
export type KmipKeyringOptions = CommonKeyringOptions & {
  readonly backend: 'kmip';
  /**
   * How a key's identity is kept in the server. Default: `percona` for a configuration file of Percona's component; else by what the
   * server's Query says: `okv` where it has Add Attribute, else `name`. Keys kept in one way are not found in another: with a server
   * that refuses Query this is to be set (ERR_KEYRING_PROFILE). `percona` keeps neither owners nor versions, and says so.
   */
  readonly profile?: ProfileName;
  /** Names of the custom attributes of profile `okv`. The defaults were not compared with MySQL Enterprise. */
  readonly attributeNames?: Partial<OkvAttributeNames>;
  /**
   * Namespace of the keys, so that several users of one credential stay apart; in profile `percona` the Object Group. Default '', or
   * what Percona's file says.
   */
  readonly instance?: string;
  /**
   * For how long what was last seen of a key is taken for what is there, milliseconds: another client's change is seen this late. A
   * key that is not known is always looked for. 0 looks every time. Default 1,000.
   */
  readonly refreshMs?: number;
  /** Age from which an unfinished object was left behind, milliseconds. Creating takes half of it at most. Default 600,000. */
  readonly graceMs?: number;
  /** For all that one call does, milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Connect with the first call, instead of at once. Default false. */
  readonly lazy?: boolean;
  /** Told what about the configuration files should be mended. */
  readonly onWarning?: (warning: KeyringWarning) => void;
} & (
    | {
        /** With `okvclient.ora` and `ssl/`. */ readonly directory: string;
        /** In place of what the files say. Default: nothing. */
        readonly client?: Partial<KmipClientOptions>;
      }
    | {
        /** `component_keyring_kmip.cnf`, Oracle's or Percona's, or a `my.cnf` that sets `keyring_okv_conf_dir`. */
        readonly configFile: string;
        /** In place of what the files say. Default: nothing. */
        readonly client?: Partial<KmipClientOptions>;
      }
    | { readonly client: KmipClientOptions }
  );

/** Options of `openKeyring`, told apart by `backend`. */
export type KeyringOptions = MemoryKeyringOptions | WalletKeyringOptions | KmipKeyringOptions;

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
