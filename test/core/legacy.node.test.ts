/** The legacy ciphers beside OpenSSL's, on keys and data without a pattern. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { legacyDecryptCbc, legacyEncryptCbc, loadLegacy, rc4 } from '../../src/core/index.ts';
import { hasPeer, runPeer } from '../support/peers.ts';

/** Bytes without a pattern, the same in every run. */
function noise(length: number, seed: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    createHash('shake256', { outputLength: length + 1 })
      .update(seed)
      .digest()
      .subarray(0, length),
  );
}

function openssl(cipher: string, key: Uint8Array, iv: Uint8Array | null, data: Uint8Array): Uint8Array {
  const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');
  const args = ['enc', '-provider', 'legacy', '-provider', 'default', '-e', `-${cipher}`, '-K', hex(key)];
  const { status, stdout, stderr } = runPeer('openssl', iv ? [...args, '-iv', hex(iv)] : args, { input: data });
  if (status !== 0) throw new Error(stderr);
  return new Uint8Array(stdout);
}

describe.skipIf(!hasPeer('openssl'))('legacy ciphers beside openssl', () => {
  beforeAll(loadLegacy);

  it.each([
    ['des-cbc', 'des', 8, 64],
    ['des-ede-cbc', '3des', 16, 128],
    ['des-ede3-cbc', '3des', 24, 192],
    ['rc2-40-cbc', 'rc2', 5, 40],
    ['rc2-64-cbc', 'rc2', 8, 64],
    ['rc2-cbc', 'rc2', 16, 128],
  ] as const)('%s', (theirs, ours, keyLengthBytes, effectiveBits) => {
    for (const length of [0, 8, 100, 70_001]) {
      const [key, iv, data] = [noise(keyLengthBytes, `key ${length}`), noise(8, 'iv'), noise(length, 'data')];
      const cipher = openssl(theirs, key, iv, data);
      expect(legacyEncryptCbc(ours, key, iv, data, { effectiveBits })).toEqual(cipher);
      expect(legacyDecryptCbc(ours, key, iv, cipher, { effectiveBits })).toEqual(data);
    }
  });

  it.each([
    ['rc4-40', 5],
    ['rc4', 16],
  ] as const)('%s', (theirs, keyLengthBytes) => {
    for (const length of [1, 257, 70_001]) {
      const [key, data] = [noise(keyLengthBytes, `key ${length}`), noise(length, 'data')];
      expect(rc4(key, data)).toEqual(openssl(theirs, key, null, data));
    }
  });
});
