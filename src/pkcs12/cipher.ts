/**
 * From an EncryptionInfo to bytes: which derivations its key takes, and the cipher run both ways. Every failed decryption looks
 * the same to the caller, whether blocks, padding or authentication value were wrong. Layer: pkcs12.
 */
import { decryptCbc, encryptCbc, equalSecretBytes, legacyDecryptCbc, legacyEncryptCbc, rc4 } from '../core/index.ts';
import { AuthenticationError } from '../errors.ts';
import type { CipherInfo, KdfInfo } from './algorithm.ts';
import type { Derivation } from './derive.ts';
import { type OnDemand, partOfHash, rareCtr, rareGcmEncrypt } from './rare.ts';

/** A cipher's key and, where it is derived too, its IV. */
export interface KeyMaterial {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array;
}

/** The one error for a wrong password and for every failed check: MAC, padding, block length, authentication value, grammar. */
export function wrongPasswordError(): AuthenticationError {
  return new AuthenticationError('ERR_WRONG_PASSWORD', 'wrong password or damaged file');
}

/** The derivations that the key of a cipher takes: one, or key and IV apart for the PKCS#12 KDF. */
export function derivationsFor(kdf: KdfInfo, cipher: CipherInfo, password: Uint8Array): readonly Derivation[] {
  const lengthBytes = cipher.keyLengthBytes;
  if (kdf.kdf === 'scrypt') return [{ ...kdf, password, lengthBytes }];
  const { hash, salt, iterations } = kdf;
  const base = { kdf: kdf.kdf, hash, password, salt, iterations };
  // PBES1: one string of 16 bytes, key first, IV after it (RFC 8018 §6.1.1).
  if (kdf.kdf === 'pbkdf1') return [{ ...base, lengthBytes: 16 }];
  if (kdf.kdf === 'pbkdf2') return [{ ...base, lengthBytes }];
  const key: Derivation = { ...base, id: 1, lengthBytes };
  return cipher.cipher === 'rc4' ? [key] : [key, { ...base, id: 2, lengthBytes: 8 }];
}

/** Puts derived strings together: key and IV. The key is a view or the array itself, to be wiped by the caller. */
export function keyMaterial(
  kdf: KdfInfo,
  cipher: CipherInfo,
  derived: readonly Uint8Array<ArrayBuffer>[],
): KeyMaterial {
  const [first, second] = derived as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer> | undefined];
  if (kdf.kdf === 'pbkdf1') return { key: first.subarray(0, 8), iv: first.subarray(8, 16) };
  return { key: first, iv: cipher.iv ?? second ?? new Uint8Array(0) };
}

/** The on-demand parts that decrypting with this needs. */
export function partsFor(kdf: KdfInfo, cipher: CipherInfo): readonly OnDemand[] {
  const parts: OnDemand[] = [];
  if (cipher.cipher === 'aes-gcm') parts.push('aes-gcm');
  else if (cipher.cipher !== 'aes-cbc') parts.push('legacy');
  const part = kdf.kdf === 'scrypt' ? 'scrypt' : partOfHash(kdf.hash);
  if (part !== null) parts.push(part);
  return parts;
}

/** Decrypts; the result is the caller's to wipe. @throws {AuthenticationError} ERR_WRONG_PASSWORD */
export function decrypt(cipher: CipherInfo, material: KeyMaterial, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { key, iv } = material;
  const blockBytes = BLOCK_BYTES[cipher.cipher];
  if (data.length % blockBytes !== 0 || (blockBytes > 1 && data.length === 0)) throw wrongPasswordError();
  try {
    switch (cipher.cipher) {
      case 'aes-cbc':
        return decryptCbc(key, iv, data);
      case 'aes-gcm':
        return decryptGcm(cipher, key, iv, data);
      case 'rc4':
        return rc4(key, data);
      case 'rc2-cbc':
        return legacyDecryptCbc('rc2', key, iv, data, { effectiveBits: cipher.effectiveBits ?? 8 * key.length });
      case 'des-cbc':
        return legacyDecryptCbc('des', key, iv, data);
      case '3des-cbc':
        return legacyDecryptCbc('3des', key, iv, data);
    }
  } catch (fault) {
    if (fault instanceof AuthenticationError) throw wrongPasswordError();
    throw fault;
  }
}

/** Encrypts, with PKCS#7 padding where the cipher has blocks. */
export function encrypt(cipher: CipherInfo, material: KeyMaterial, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { key, iv } = material;
  switch (cipher.cipher) {
    case 'aes-cbc':
      return encryptCbc(key, iv, data);
    case 'aes-gcm':
      return encryptGcm(cipher, key, iv, data);
    case 'rc4':
      return rc4(key, data);
    case 'rc2-cbc':
      return legacyEncryptCbc('rc2', key, iv, data, { effectiveBits: cipher.effectiveBits ?? 8 * key.length });
    case 'des-cbc':
      return legacyEncryptCbc('des', key, iv, data);
    case '3des-cbc':
      return legacyEncryptCbc('3des', key, iv, data);
  }
}

/** GCM with a shorter authentication value: its first bytes (NIST SP 800-38D §7.1 step 6). */
function encryptGcm(cipher: CipherInfo, key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return rareGcmEncrypt(key, nonce, data).slice(0, data.length + (cipher.icvLengthBytes ?? 16));
}

/** Decrypts, encrypts again and compares, which serves every length of authentication value; nothing is released on failure. */
function decryptGcm(cipher: CipherInfo, key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const icvLengthBytes = cipher.icvLengthBytes ?? 16;
  if (data.length < icvLengthBytes) throw wrongPasswordError();
  const block = new Uint8Array(16); // J0 + 1: nonce, then the 32-bit counter 2 (SP 800-38D §7.2)
  block.set(nonce);
  block[15] = 2;
  const plaintext = rareCtr(key, block, data.subarray(0, data.length - icvLengthBytes));
  const again = encryptGcm(cipher, key, nonce, plaintext);
  if (equalSecretBytes(again, data)) return plaintext;
  plaintext.fill(0);
  throw wrongPasswordError();
}

const BLOCK_BYTES: Readonly<Record<CipherInfo['cipher'], number>> = {
  'aes-cbc': 16,
  'aes-gcm': 1,
  '3des-cbc': 8,
  'des-cbc': 8,
  'rc2-cbc': 8,
  rc4: 1,
};
