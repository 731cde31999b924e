// The core module: what TypeScript may call. One line per file of this folder, in the order of the layers.

export { authsafe_read, der_origin, der_place, pfx_read, safecontents_read } from './der/grammar';
export { der_normalize, der_release } from './der/normalize';
export { der_write } from './der/write';
export { differBytes } from './hash/equal';
export { hashAbort, hashFinish, hashOnce, hashStart, hashUpdate } from './hash/hash';
export { hmacFinish, hmacOnce, hmacStart } from './hash/hmac';
export { kdfRun, kdfRunLanes } from './kdf/run';
export { kdfFinish, kdfPbkdf2, kdfPkcs12, kdfPkcs12Next, kdfRelease } from './kdf/slots';
export { wipe } from './wipe';
