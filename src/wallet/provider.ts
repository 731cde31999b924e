/**
 * Who protects master keys when the wallet does not: a key management service. The wallet declares what it needs; rooms
 * that fit it (kms) know nothing of wallets. Layer: wallet, universal.
 */

/** One deadline for all that an operation does, and what ends it early. */
export interface ProviderOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Encrypts and decrypts master keys outside of the wallet. */
export interface MasterKeyProvider {
  /** Encrypts 1 to 4,096 bytes; the result says by itself which provider key made it. */
  encrypt(plaintext: Uint8Array, options?: ProviderOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** The inverse; the result is the caller's to wipe. */
  decrypt(ciphertext: Uint8Array, options?: ProviderOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** What the provider says of its key; for people, without secrets. */
  describe(options?: ProviderOptions): Promise<ProviderDescription>;
}

/** A provider's key, described. */
export interface ProviderDescription {
  /** Kind of provider, such as `tencent`. */
  readonly type: string;
  readonly keyId: string;
  /** The provider's own word for the state of its key. */
  readonly state: string;
}
