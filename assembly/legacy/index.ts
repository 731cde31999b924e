// The legacy module: old ciphers that only read old wallets. Same rules as the core, apart from constant time.

export { wipe } from '../wipe';
export { legacyCbcDecrypt, legacyCbcEncrypt } from './cbc';
export { legacyRc4 } from './rc4';
