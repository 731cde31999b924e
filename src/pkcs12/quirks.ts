/**
 * Deviations of real writers that are read all the same, each reported by name so that nobody is surprised.
 * Layer: pkcs12.
 */

/** What each quirk means, for reports. */
export const QUIRKS = {
  ber: 'the file is BER, not DER (indefinite lengths or strings in pieces)',
  'digest-without-null': 'the hash algorithm of the MAC lacks its NULL parameters',
  'null-password': 'protected with no password at all, where the empty password was given',
  'empty-password': 'protected with the empty password, where none was given',
  'widened-password': 'the password is encoded as by OpenSSL 1.0 and older: each UTF-8 byte as one character',
  'utf16-password-in-pbes': 'the password is encoded as by old NSS: UTF-16 where UTF-8 belongs',
  'key-length-over-cipher': 'as by old NSS: the algorithm names a smaller AES, the key length says AES-256',
  'gcm-bare-nonce': 'AES-GCM parameters are a bare nonce, not GCMParameters',
} as const;

/** The name of a quirk; `QUIRKS` says what it means. */
export type Quirk = keyof typeof QUIRKS;
