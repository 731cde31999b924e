/**
 * Encoder profiles: named sets of algorithms, each with who can read the result. Layer: pkcs12.
 *
 * - `modern` (the default): what is recommended today. PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256, 600,000 iterations
 *   (OWASP Password Storage), 16-byte salts (NIST SP 800-132), MAC HMAC-SHA-256 under the PKCS#12 KDF with as many.
 *   Read by OpenSSL 1.1+, NSS, GnuTLS, Java 8u301+, Windows Server 2019+, macOS 15+.
 * - `pbmac1`: as `modern`, with the MAC of RFC 9879. Read by OpenSSL 3.4+, NSS 3.101+, GnuTLS 3.8.6+, Java 26+, Go. Others refuse.
 * - `oracle`: what current Oracle tools write: one encrypted safe, PBES2 with AES-256-CBC, PBKDF2-HMAC-SHA-256, 10,000
 *   iterations, 8-byte salts, MAC HMAC-SHA-1. Read by Oracle's tools, and by all that read `modern`.
 * - `java`: what the JDK writes: as `oracle` but HMAC-SHA-256, 20-byte salts, keys and secrets outside the encrypted safe.
 *   Read by `keytool` (which refuses passwords that are not ASCII), and by all that read `modern`.
 * - `legacy`: pbeWithSHAAnd3-KeyTripleDES-CBC and an HMAC-SHA-1 MAC, 10,000 iterations. For readers that know nothing else: Windows
 *   before 2019, old macOS. Weak: use a long random password.
 */
import type { Pkcs12HashName } from './hashes.ts';

/** Names of the profiles. */
export type ProfileName = 'modern' | 'pbmac1' | 'oracle' | 'java' | 'legacy';

/** The ciphers that a writer offers. */
export type WriteCipher =
  | 'aes-128-cbc'
  | 'aes-192-cbc'
  | 'aes-256-cbc'
  | 'aes-128-gcm'
  | 'aes-192-gcm'
  | 'aes-256-gcm'
  | '3des-cbc'
  | 'pkcs12-3des';

/** scrypt's cost (RFC 7914): N, r and p. */
export interface ScryptCost {
  /** CPU and memory cost: a power of 2. */
  readonly n: number;
  /** Block size, in units of 128 bytes. */
  readonly r: number;
  /** Parallelization. */
  readonly p: number;
}

/** The algorithms of a written file. */
export interface Algorithms {
  /** `pkcs12-3des` is pbeWithSHAAnd3-KeyTripleDES-CBC, a scheme of its own; all others are PBES2. */
  readonly cipher: WriteCipher;
  /** PBKDF2 with this PRF. */
  readonly prf: Pkcs12HashName;
  /** In place of PBKDF2. */
  readonly scrypt: ScryptCost | null;
  /** Iterations of each derivation. */
  readonly iterations: number;
  /** Length of each salt. */
  readonly saltBytes: number;
  /** Write the key length, though the cipher tells it. */
  readonly statesKeyLength: boolean;
  /** `pkcs12` is HMAC under the PKCS#12 KDF, `pbmac1` under PBKDF2 (RFC 9879), `none` leaves the file open to change. */
  readonly mac: 'pkcs12' | 'pbmac1' | 'none';
  /** Of the MAC and of its derivation. */
  readonly macHash: Pkcs12HashName;
  /** Where `bags` go: keys with encryption of their own beside the encrypted safe, or everything into it. */
  readonly layout: 'keys-apart' | 'one-safe';
}

/** The algorithms of a profile. */
export function profileAlgorithms(name: ProfileName): Algorithms | undefined {
  return Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
}

const MODERN: Algorithms = {
  cipher: 'aes-256-cbc',
  prf: 'sha256',
  scrypt: null,
  iterations: 600_000,
  saltBytes: 16,
  statesKeyLength: false,
  mac: 'pkcs12',
  macHash: 'sha256',
  layout: 'keys-apart',
};

const PROFILES: Readonly<Record<ProfileName, Algorithms>> = {
  modern: MODERN,
  pbmac1: { ...MODERN, mac: 'pbmac1' },
  oracle: { ...MODERN, iterations: 10_000, saltBytes: 8, statesKeyLength: true, macHash: 'sha1', layout: 'one-safe' },
  java: { ...MODERN, iterations: 10_000, saltBytes: 20, statesKeyLength: true },
  legacy: { ...MODERN, cipher: 'pkcs12-3des', iterations: 10_000, saltBytes: 8, macHash: 'sha1' },
};
