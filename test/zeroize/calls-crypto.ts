/** Keys, hashes and derivations: what works and what fails. Layer: test only. */
import * as core from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';
import {
  badKeys,
  bytes,
  type Calls,
  changed,
  disposed,
  fail,
  HUGE,
  iv,
  kek,
  key,
  LARGE,
  noBytes,
} from './calls-values.ts';

export const pbkdf2: core.KdfJob = {
  kdf: 'pbkdf2',
  hash: 'sha256',
  password: bytes(10),
  salt: bytes(8),
  iterations: 20,
  lengthBytes: 40,
};
export const pkcs12: core.KdfJob = {
  kdf: 'pkcs12',
  hash: 'sha1',
  id: 1,
  password: bytes(12),
  salt: bytes(8),
  iterations: 20,
  lengthBytes: 24,
};

export const CRYPTO_CALLS: Calls = {
  wrapKey: {
    works: [
      () => core.wrapKey(kek, key),
      () => core.wrapKey(Secret.from(kek), key),
      () => core.wrapKey(kek, bytes(LARGE)),
    ],
    fails: [
      ...badKeys((k) => core.wrapKey(k, key)),
      ['ERR_LENGTH', () => core.wrapKey(kek, bytes(15))],
      ['ERR_BYTES_TYPE', () => core.wrapKey(kek, noBytes)],
      ['ERR_LIMIT_SIZE', () => core.wrapKey(kek, new Uint8Array(HUGE))],
    ],
  },
  unwrapKey: {
    works: [
      () => core.unwrapKey(kek, core.wrapKey(kek, key)),
      () => core.unwrapKey(kek, core.wrapKey(kek, bytes(LARGE))),
    ],
    fails: [
      ...badKeys((k) => core.unwrapKey(k, bytes(40))),
      ['ERR_INTEGRITY', () => core.unwrapKey(kek, bytes(40))],
      ['ERR_INTEGRITY', () => core.unwrapKey(kek, bytes(LARGE))],
      ['ERR_LENGTH', () => core.unwrapKey(kek, bytes(39))],
    ],
  },
  wrapKeyPadded: {
    works: [1, 7, 8, 9, 20, LARGE + 3].map((n) => () => core.wrapKeyPadded(kek, bytes(n))),
    fails: [
      ...badKeys((k) => core.wrapKeyPadded(k, key)),
      ['ERR_LENGTH', () => core.wrapKeyPadded(kek, bytes(0))],
      ['ERR_LIMIT_SIZE', () => core.wrapKeyPadded(kek, new Uint8Array(HUGE))],
    ],
  },
  unwrapKeyPadded: {
    works: [5, 20, LARGE + 3].map((n) => () => core.unwrapKeyPadded(kek, core.wrapKeyPadded(kek, bytes(n)))),
    fails: [
      ...badKeys((k) => core.unwrapKeyPadded(k, bytes(40))),
      ['ERR_INTEGRITY', () => core.unwrapKeyPadded(kek, bytes(16))],
      ['ERR_INTEGRITY', () => core.unwrapKeyPadded(kek, bytes(40))],
      ['ERR_INTEGRITY', () => core.unwrapKeyPadded(kek, bytes(LARGE))],
      ['ERR_LENGTH', () => core.unwrapKeyPadded(kek, bytes(8))],
    ],
  },
  wrapKeys: {
    works: [0, 1, 7, 8, 21, 3000].map((n) => () => core.wrapKeys(kek, bytes(n * 32), 32)),
    fails: [
      ...badKeys((k) => core.wrapKeys(k, bytes(96), 32)),
      ['ERR_LENGTH', () => core.wrapKeys(kek, bytes(33), 32)],
      ['ERR_LIMIT_SIZE', () => core.wrapKeys(kek, bytes(40_000), 40_000)],
    ],
  },
  unwrapKeys: {
    works: [
      ...[0, 1, 8, 21, 3000].map((n) => () => core.unwrapKeys(kek, core.wrapKeys(kek, bytes(n * 32), 32), 32)),
      () => core.unwrapKeys(kek, bytes(21 * 40), 32), // all of them fail, which is no error
      () => core.unwrapKeys(kek, changed(core.wrapKeys(kek, bytes(3000 * 32), 32), 70_000), 32),
    ],
    fails: [
      ...badKeys((k) => core.unwrapKeys(k, bytes(120), 32)),
      ['ERR_LENGTH', () => core.unwrapKeys(kek, bytes(41), 32)],
    ],
  },
  encryptCbc: {
    works: [0, 15, 16, 500, LARGE].map((n) => () => core.encryptCbc(kek, iv, bytes(n))),
    fails: [
      ...badKeys((k) => core.encryptCbc(k as core.KeyBytes, iv, key)).filter(([code]) => code !== 'ERR_KEK_DISPOSED'),
      ['ERR_LENGTH', () => core.encryptCbc(kek, bytes(15), key)],
      ['ERR_LENGTH', () => core.encryptCbc(kek, iv, bytes(17), 'none')],
      ['ERR_ARGUMENT', () => core.encryptCbc(kek, iv, key, 'pkcs5' as 'pkcs7')],
      ['ERR_BYTES_TYPE', () => core.encryptCbc(kek, iv, noBytes)],
    ],
  },
  decryptCbc: {
    works: [
      ...[0, 15, 16, 500, LARGE].map((n) => () => core.decryptCbc(kek, iv, core.encryptCbc(kek, iv, bytes(n)))),
      () => core.decryptCbc(kek, iv, bytes(16 * 9), 'none'),
      () => core.decryptCbc(kek, iv, bytes(16 * 9999), 'none'),
    ],
    fails: [
      ...badKeys((k) => core.decryptCbc(k as core.KeyBytes, iv, bytes(32))).filter(
        ([code]) => code !== 'ERR_KEK_DISPOSED',
      ),
      ['ERR_INTEGRITY', () => core.decryptCbc(kek, iv, core.encryptCbc(kek, iv, bytes(32), 'none'))],
      ['ERR_INTEGRITY', () => core.decryptCbc(kek, iv, core.encryptCbc(kek, iv, bytes(LARGE), 'none'))],
      ['ERR_LENGTH', () => core.decryptCbc(kek, iv, bytes(17))],
      ['ERR_LENGTH', () => core.decryptCbc(kek, iv, bytes(0))],
      ['ERR_LENGTH', () => core.decryptCbc(kek, bytes(8), bytes(16))],
    ],
  },
  importKek: {
    works: [() => core.importKek(kek).dispose()],
    fails: badKeys((k) => core.importKek(k as core.KeyBytes)).filter(([code]) => code !== 'ERR_KEK_DISPOSED'),
  },
  hash: {
    works: (['sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-224', 'sha512-256'] as const).flatMap((name) =>
      [0, 3, 64, 200, LARGE].map((n) => () => core.hash(name, bytes(n))),
    ),
    fails: [
      ['ERR_HASH_NAME', () => core.hash('md5' as 'sha1', key)],
      ['ERR_BYTES_TYPE', () => core.hash('sha256', noBytes)],
      ['ERR_SECRET_DISPOSED', () => core.hash('sha256', disposed)],
    ],
  },
  hmac: {
    works: (['sha1', 'sha256', 'sha512'] as const).flatMap((name) =>
      [0, 32, 64, 200, LARGE].flatMap((n) => [
        () => core.hmac(name, bytes(n), key),
        () => core.hmac(name, key, bytes(n)),
      ]),
    ),
    fails: [
      ['ERR_HASH_NAME', () => core.hmac('md5' as 'sha1', key, key)],
      ['ERR_BYTES_TYPE', () => core.hmac('sha256', key, noBytes)],
      ['ERR_SECRET_DISPOSED', () => core.hmac('sha256', disposed, key)],
    ],
  },
  hkdf: {
    works: [() => core.hkdf('sha256', { key, salt: kek, info: bytes(9), lengthBytes: 100 })],
    fails: [
      ['ERR_LENGTH', () => core.hkdf('sha256', { key, lengthBytes: 255 * 32 + 1 })],
      ['ERR_OPTION', () => core.hkdf('sha256', { key, lengthBytes: 1, other: 1 } as never)],
      ['ERR_SECRET_DISPOSED', () => core.hkdf('sha256', { key: disposed, lengthBytes: 1 })],
    ],
  },
  pbkdf2Sync: {
    works: [
      () => core.pbkdf2Sync('sha1', key, bytes(8), 50, 70),
      () => core.pbkdf2Sync('sha512', bytes(300), bytes(8), 5, 70),
    ],
    fails: [
      ['ERR_KDF_JOB', () => core.pbkdf2Sync('sha1', key, bytes(8), 0, 20)],
      ['ERR_BYTES_TYPE', () => core.pbkdf2Sync('sha1', noBytes, bytes(8), 1, 20)],
    ],
  },
  pkcs12KdfSync: {
    works: [
      () => core.pkcs12KdfSync('sha256', 1, bytes(20), bytes(8), 50, 70),
      () => core.pkcs12KdfSync('sha512', 3, bytes(2), bytes(8), 1, 200),
    ],
    fails: [['ERR_KDF_JOB', () => core.pkcs12KdfSync('sha1', 4 as 1, key, bytes(8), 1, 20)]],
  },
  deriveKeysSync: {
    works: [
      () => core.deriveKeysSync([pbkdf2, pkcs12, pbkdf2, { ...pkcs12, hash: 'sha256' }]),
      () => core.deriveKeysSync([]),
    ],
    fails: [
      ['ERR_KDF_JOB', () => core.deriveKeysSync([pbkdf2, { ...pbkdf2, iterations: 0.5 }])],
      ['ERR_HASH_NAME', () => core.deriveKeysSync([pbkdf2, { ...pkcs12, hash: 'md5' as 'sha1' }])],
      ['ERR_LIMIT_ITERATIONS', () => core.deriveKeysSync([pbkdf2, { ...pbkdf2, iterations: 2 ** 40 }])],
      ['ERR_LIMIT_KDF_LENGTH', () => core.deriveKeysSync([pbkdf2, { ...pbkdf2, salt: bytes(LARGE) }])],
    ],
  },
  deriveKeys: {
    works: [
      () => core.deriveKeys([pbkdf2, pkcs12]),
      () => core.deriveKeys([pbkdf2, pkcs12, { ...pbkdf2, hash: 'sha512', iterations: 20_000 }], { backend: 'wasm' }),
    ],
    fails: [
      ['ERR_KDF_JOB', () => core.deriveKeys([pbkdf2, { ...pbkdf2, lengthBytes: 0 }])],
      ['ERR_OPTION', () => core.deriveKeys([pbkdf2], { speed: 1 } as never)],
      [
        'ERR_TIMEOUT',
        () => core.deriveKeys([{ ...pbkdf2, iterations: 50_000_000 }], { backend: 'wasm', timeoutMs: 30 }),
      ],
      [
        'ABORTED',
        () => core.deriveKeys([{ ...pkcs12, iterations: 50_000_000 }], { backend: 'wasm', signal: abortSoon() }),
      ],
      [
        'ABORTED',
        () => core.deriveKeys([pbkdf2], { signal: AbortSignal.abort(Object.assign(new Error(), { code: 'ABORTED' })) }),
      ],
      ['THROWN', () => core.deriveKeys([{ ...pbkdf2, iterations: 1_000_000 }], { backend: 'wasm', onProgress: fail })],
    ],
  },
  equalSecretBytes: {
    works: [
      () => core.equalSecretBytes(key, new Uint8Array(key)),
      () => core.equalSecretBytes(key, kek),
      () => core.equalSecretBytes(bytes(LARGE), bytes(LARGE, 2)),
    ],
    fails: [
      ['ERR_BYTES_TYPE', () => core.equalSecretBytes(key, noBytes)],
      ['ERR_SECRET_DISPOSED', () => core.equalSecretBytes(disposed, key)],
    ],
  },
};

function abortSoon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(Object.assign(new Error(), { code: 'ABORTED' })), 30);
  return controller.signal;
}
