/**
 * A password's mark: its HMAC under a random key of this process. Tells equal from different, in constant time and without
 * deriving keys, and nothing else. Layer: wallet, universal.
 */
import { encodeUtf8 } from '../bytes.ts';
import { equalSecretBytes, hmac } from '../core/index.ts';
import { Secret } from '../secret.ts';
import type { WalletPassword } from './options.ts';

/** The mark. */
export interface PasswordMark {
  readonly key: Uint8Array;
  readonly digest: Uint8Array;
}

/** Makes the mark of a password. */
export function passwordMark(password: WalletPassword): PasswordMark {
  const key = crypto.getRandomValues(new Uint8Array(32));
  return { key, digest: markDigest(key, password) };
}

/** Says whether a password is the marked one. */
export function matchesMark(mark: PasswordMark, password: WalletPassword): boolean {
  return equalSecretBytes(markDigest(mark.key, password), mark.digest);
}

function markDigest(key: Uint8Array, password: WalletPassword): Uint8Array {
  if (password instanceof Secret) return hmac('sha256', key, password.expose());
  if (typeof password !== 'string') return hmac('sha256', key, password);
  const bytes = encodeUtf8(password);
  try {
    return hmac('sha256', key, bytes);
  } finally {
    bytes.fill(0);
  }
}
