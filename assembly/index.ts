// The core module: what TypeScript may call. One line per file of this folder, in the order of the layers.

export { cbcDecrypt, cbcEncrypt } from './aes/cbc';
export { kwpUnwrap, kwpWrap, kwUnwrap, kwWrap } from './aes/key-wrap';
export { kwUnwrapBatch, kwWrapBatch } from './aes/key-wrap-batch';
export { kekLoad, kekWipe } from './aes/schedule';
export { authSafeRead, derOrigin, derPlace, pfxRead, safeContentsRead } from './der/grammar';
export { derNormalize, derRelease } from './der/normalize';
export { derWrite } from './der/write';
export { decodeText, encodeText, removeSpace } from './encoding/text';
export { differBytes } from './hash/equal';
export { hashAbort, hashFinish, hashOnce, hashStart, hashUpdate } from './hash/hash';
export { hmacFinish, hmacOnce, hmacStart } from './hash/hmac';
export { kdfRun, kdfRunLanes } from './kdf/run';
export { kdfFinish, kdfPbkdf2, kdfPkcs12, kdfPkcs12Next, kdfRelease } from './kdf/slots';
export { ttlvValidate } from './ttlv/validate';
export { ttlvClose, ttlvFrame, ttlvOpen, ttlvPut32, ttlvPut64 } from './ttlv/write';
export { wipe } from './wipe';
