/**
 * The object identifiers of PKCS#12 files, with the names by which reports and errors call them, unsupported ones included:
 * a file is refused by a name that its owner can look up, not by digits.
 * Sources: RFC 7292, RFC 8018, RFC 9879, RFC 7914, NIST CSOR, and the registrations of the vendors named. Layer: pkcs12.
 */

/** Content types of a ContentInfo (RFC 5652). */
export const CONTENT = {
  DATA: '1.2.840.113549.1.7.1',
  SIGNED_DATA: '1.2.840.113549.1.7.2',
  ENVELOPED_DATA: '1.2.840.113549.1.7.3',
  ENCRYPTED_DATA: '1.2.840.113549.1.7.6',
} as const;

/** Bag types (RFC 7292 §4.2). */
export const BAG = {
  KEY: '1.2.840.113549.1.12.10.1.1',
  SHROUDED_KEY: '1.2.840.113549.1.12.10.1.2',
  CERTIFICATE: '1.2.840.113549.1.12.10.1.3',
  CRL: '1.2.840.113549.1.12.10.1.4',
  SECRET: '1.2.840.113549.1.12.10.1.5',
  SAFE_CONTENTS: '1.2.840.113549.1.12.10.1.6',
} as const;

/** Types inside certBag, crlBag and secretBag. */
export const BAG_TYPE = {
  X509_CERTIFICATE: '1.2.840.113549.1.9.22.1',
  SDSI_CERTIFICATE: '1.2.840.113549.1.9.22.2',
  X509_CRL: '1.2.840.113549.1.9.23.1',
  /** Oracle's (alias, value) entry. The arc ends in 16.12.12, not 12.x: it is Oracle's own. */
  ORACLE_SECRET: '1.2.840.113549.1.16.12.12',
} as const;

/** Bag attributes. */
export const ATTRIBUTE = {
  FRIENDLY_NAME: '1.2.840.113549.1.9.20',
  LOCAL_KEY_ID: '1.2.840.113549.1.9.21',
  /** Java: this certificate is trusted, for the extended key usages listed. */
  JAVA_TRUSTED_USAGE: '2.16.840.1.113894.746875.1.1',
  MS_CSP_NAME: '1.3.6.1.4.1.311.17.1',
  MS_LOCAL_KEY_SET: '1.3.6.1.4.1.311.17.2',
} as const;

/** Password-based schemes that take parameters of their own (RFC 8018, RFC 7914). */
export const SCHEME = {
  PBKDF2: '1.2.840.113549.1.5.12',
  PBES2: '1.2.840.113549.1.5.13',
  PBMAC1: '1.2.840.113549.1.5.14',
  SCRYPT: '1.3.6.1.4.1.11591.4.11',
} as const;

/** anyExtendedKeyUsage: what Java writes into its trusted-usage attribute. */
export const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';

/** The AES key algorithm, as Java's SecretKeyEntry names it. */
export const AES_KEY = '2.16.840.1.101.3.4.1';

/** RC2-CBC: the one cipher whose parameters say how many bits of its key count. */
export const RC2_CBC = '1.2.840.113549.3.2';

/** Names of everything that has one; what is not here is called by its digits. */
const NAMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.7.1': 'data',
  '1.2.840.113549.1.7.2': 'signedData',
  '1.2.840.113549.1.7.3': 'envelopedData',
  '1.2.840.113549.1.7.4': 'signedAndEnvelopedData',
  '1.2.840.113549.1.7.5': 'digestedData',
  '1.2.840.113549.1.7.6': 'encryptedData',
  '1.2.840.113549.1.12.10.1.1': 'keyBag',
  '1.2.840.113549.1.12.10.1.2': 'pkcs8ShroudedKeyBag',
  '1.2.840.113549.1.12.10.1.3': 'certBag',
  '1.2.840.113549.1.12.10.1.4': 'crlBag',
  '1.2.840.113549.1.12.10.1.5': 'secretBag',
  '1.2.840.113549.1.12.10.1.6': 'safeContentsBag',
  '1.2.840.113549.1.9.22.1': 'x509Certificate',
  '1.2.840.113549.1.9.22.2': 'sdsiCertificate',
  '1.2.840.113549.1.9.23.1': 'x509CRL',
  '1.2.840.113549.1.16.12.12': 'Oracle secret store entry',
  '2.16.840.1.113894.2.99.300.1': 'Oracle secret store entry (old)',
  '1.2.840.113549.1.9.20': 'friendlyName',
  '1.2.840.113549.1.9.21': 'localKeyID',
  '2.16.840.1.113894.746875.1.1': 'Java trusted key usage',
  '1.3.6.1.4.1.311.17.1': 'Microsoft CSP name',
  '1.3.6.1.4.1.311.17.2': 'Microsoft local key set',
  '2.5.29.15': 'keyUsage',
  '2.5.29.37': 'extKeyUsage',
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  // Password-based encryption
  '1.2.840.113549.1.12.1.1': 'pbeWithSHAAnd128BitRC4',
  '1.2.840.113549.1.12.1.2': 'pbeWithSHAAnd40BitRC4',
  '1.2.840.113549.1.12.1.3': 'pbeWithSHAAnd3-KeyTripleDES-CBC',
  '1.2.840.113549.1.12.1.4': 'pbeWithSHAAnd2-KeyTripleDES-CBC',
  '1.2.840.113549.1.12.1.5': 'pbeWithSHAAnd128BitRC2-CBC',
  '1.2.840.113549.1.12.1.6': 'pbeWithSHAAnd40BitRC2-CBC',
  '1.2.840.113549.1.5.1': 'pbeWithMD2AndDES-CBC',
  '1.2.840.113549.1.5.3': 'pbeWithMD5AndDES-CBC',
  '1.2.840.113549.1.5.4': 'pbeWithMD2AndRC2-CBC',
  '1.2.840.113549.1.5.6': 'pbeWithMD5AndRC2-CBC',
  '1.2.840.113549.1.5.10': 'pbeWithSHA1AndDES-CBC',
  '1.2.840.113549.1.5.11': 'pbeWithSHA1AndRC2-CBC',
  '1.2.840.113549.1.5.12': 'PBKDF2',
  '1.2.840.113549.1.5.13': 'PBES2',
  '1.2.840.113549.1.5.14': 'PBMAC1',
  '1.3.6.1.4.1.11591.4.11': 'scrypt',
  // Ciphers
  '2.16.840.1.101.3.4.1': 'AES',
  '2.16.840.1.101.3.4.1.1': 'AES-128-ECB',
  '2.16.840.1.101.3.4.1.2': 'AES-128-CBC',
  '2.16.840.1.101.3.4.1.3': 'AES-128-OFB',
  '2.16.840.1.101.3.4.1.4': 'AES-128-CFB',
  '2.16.840.1.101.3.4.1.6': 'AES-128-GCM',
  '2.16.840.1.101.3.4.1.21': 'AES-192-ECB',
  '2.16.840.1.101.3.4.1.22': 'AES-192-CBC',
  '2.16.840.1.101.3.4.1.23': 'AES-192-OFB',
  '2.16.840.1.101.3.4.1.24': 'AES-192-CFB',
  '2.16.840.1.101.3.4.1.26': 'AES-192-GCM',
  '2.16.840.1.101.3.4.1.41': 'AES-256-ECB',
  '2.16.840.1.101.3.4.1.42': 'AES-256-CBC',
  '2.16.840.1.101.3.4.1.43': 'AES-256-OFB',
  '2.16.840.1.101.3.4.1.44': 'AES-256-CFB',
  '2.16.840.1.101.3.4.1.46': 'AES-256-GCM',
  '1.2.840.113549.3.2': 'RC2-CBC',
  '1.2.840.113549.3.4': 'RC4',
  '1.2.840.113549.3.7': 'DES-EDE3-CBC',
  '1.2.840.113549.3.9': 'RC5-CBC',
  '1.3.14.3.2.6': 'DES-ECB',
  '1.3.14.3.2.7': 'DES-CBC',
  '1.3.14.3.2.8': 'DES-OFB',
  '1.3.14.3.2.9': 'DES-CFB',
  '1.3.14.3.2.17': 'DES-EDE',
  '1.2.392.200011.61.1.1.1.2': 'Camellia-128-CBC',
  '1.2.392.200011.61.1.1.1.3': 'Camellia-192-CBC',
  '1.2.392.200011.61.1.1.1.4': 'Camellia-256-CBC',
  '1.2.410.200046.1.1.2': 'ARIA-128-CBC',
  '1.2.410.200046.1.1.7': 'ARIA-192-CBC',
  '1.2.410.200046.1.1.12': 'ARIA-256-CBC',
  '1.2.410.200004.1.4': 'SEED-CBC',
  '1.2.156.10197.1.104.1': 'SM4-ECB',
  '1.2.156.10197.1.104.2': 'SM4-CBC',
  '1.2.643.2.2.21': 'GOST 28147-89',
  '1.2.643.7.1.1.5.2.2': 'GOST Kuznyechik-CTR-ACPKM',
  '1.3.6.1.4.1.188.7.1.1.2': 'IDEA-CBC',
  '1.3.6.1.4.1.3029.1.2': 'Blowfish-CBC',
  '1.2.840.113533.7.66.10': 'CAST5-CBC',
  // Hashes
  '1.2.840.113549.2.2': 'MD2',
  '1.2.840.113549.2.4': 'MD4',
  '1.2.840.113549.2.5': 'MD5',
  '1.3.14.3.2.26': 'SHA-1',
  '1.3.36.3.2.1': 'RIPEMD-160',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
  '2.16.840.1.101.3.4.2.4': 'SHA-224',
  '2.16.840.1.101.3.4.2.5': 'SHA-512/224',
  '2.16.840.1.101.3.4.2.6': 'SHA-512/256',
  '2.16.840.1.101.3.4.2.7': 'SHA3-224',
  '2.16.840.1.101.3.4.2.8': 'SHA3-256',
  '2.16.840.1.101.3.4.2.9': 'SHA3-384',
  '2.16.840.1.101.3.4.2.10': 'SHA3-512',
  '1.3.6.1.4.1.1722.12.2.1.16': 'BLAKE2b-512',
  '1.3.6.1.4.1.1722.12.2.2.8': 'BLAKE2s-256',
  '1.2.156.10197.1.401': 'SM3',
  '1.2.643.2.2.9': 'GOST R 34.11-94',
  '1.2.643.7.1.1.2.2': 'GOST R 34.11-2012 256',
  '1.2.643.7.1.1.2.3': 'GOST R 34.11-2012 512',
  // HMACs
  '1.2.840.113549.2.6': 'HMAC-MD5',
  '1.2.840.113549.2.7': 'HMAC-SHA-1',
  '1.2.840.113549.2.8': 'HMAC-SHA-224',
  '1.2.840.113549.2.9': 'HMAC-SHA-256',
  '1.2.840.113549.2.10': 'HMAC-SHA-384',
  '1.2.840.113549.2.11': 'HMAC-SHA-512',
  '1.2.840.113549.2.12': 'HMAC-SHA-512/224',
  '1.2.840.113549.2.13': 'HMAC-SHA-512/256',
  '2.16.840.1.101.3.4.2.13': 'HMAC-SHA3-224',
  '2.16.840.1.101.3.4.2.14': 'HMAC-SHA3-256',
  '2.16.840.1.101.3.4.2.15': 'HMAC-SHA3-384',
  '2.16.840.1.101.3.4.2.16': 'HMAC-SHA3-512',
  '1.2.643.7.1.1.4.1': 'HMAC GOST R 34.11-2012 256',
  '1.2.643.7.1.1.4.2': 'HMAC GOST R 34.11-2012 512',
  // Keys
  '1.2.840.113549.1.1.1': 'RSA',
  '1.2.840.10045.2.1': 'EC',
  '1.2.840.10040.4.1': 'DSA',
  '1.3.101.110': 'X25519',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
};

/** Names an object identifier; its dotted digits where it has no name here. */
export function nameOid(oid: string): string {
  return NAMES[oid] ?? oid;
}
