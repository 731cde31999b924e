/**
 * Who protects master keys when the wallet does not: a key management service. The wallet declares what it needs; rooms
 * that fit it (kms) know nothing of wallets. Layer: wallet, universal.
 */
import type { Secret } from '../secret.ts';

/** One deadline for all that an operation does, and what ends it early. */
export interface ProviderOptions {
  /** Ends the wait. Default: none. */
  readonly signal?: AbortSignal;
  /** Default: the provider's own. */
  readonly timeoutMs?: number;
  /** Bound to the ciphertext: it decrypts only with the same. Public. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Encrypts and decrypts master keys outside of the wallet. */
export interface MasterKeyProvider {
  /** Encrypts a `plaintext` of 1 to 4,096 bytes, lent for the call; the result says by itself which provider key made it. */
  encrypt(plaintext: Uint8Array, options?: ProviderOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Decrypts a `ciphertext` that `encrypt` or `reencrypt` gave; the result is the caller's to wipe. */
  decrypt(ciphertext: Uint8Array, options?: ProviderOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** What the provider says of its key; for people, without secrets. */
  describe(options?: ProviderOptions): Promise<ProviderDescription>;
  /** Encrypts a `ciphertext` anew at the provider, where the plaintext stays; without it, the wallet decrypts and encrypts. */
  reencrypt?(
    ciphertext: Uint8Array,
    options?: ProviderOptions,
  ): Promise<{ readonly ciphertext: Uint8Array<ArrayBuffer>; readonly changed: boolean }>;
  /** Wipes credentials, when the wallet lets go of the provider. */
  dispose?(): void;
}

/** A provider's key, described. */
export interface ProviderDescription {
  /** Kind of provider, such as `tencent`. */
  readonly type: string;
  readonly keyId: string;
  /** The provider's own word for the state of its key. */
  readonly state: string;
}

/** A provider made of a wallet's settings. */
export interface ProviderConnection {
  /** The wallet's to dispose of. */
  readonly provider: MasterKeyProvider;
  /** Nothing is asked of the provider at open: neither the check nor, whatever `fetchKeys` says, keys. */
  readonly skipCheck: boolean;
}

/** How a wallet reaches the provider that keeps its master keys. */
export interface ProviderSetup {
  /** Makes a provider of the settings that the wallet holds, which are lent for the call. Asks nothing of it yet. */
  connect(settings: Secret): ProviderConnection;
  /** Settings of a new wallet, opaque here; lent for the call. An opened one has its own. */
  readonly settings?: Secret;
  /** When plain keys are fetched: all at open, or each when it is first needed (see `Wallet.fetchKeys`). Default `open`. */
  readonly fetchKeys?: 'open' | 'use';
  /** For all that opening, or one change, asks of the provider. Default 30,000. */
  readonly timeoutMs?: number;
}
