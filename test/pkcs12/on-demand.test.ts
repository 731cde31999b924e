/**
 * Parts that are loaded on demand: the synchronous form refuses before any work, with what to do about it; the asynchronous one loads
 * them by itself. The order of these tests matters: each part is loaded once for all.
 */
import { describe, expect, it } from 'vitest';
import { loadLegacy } from '../../src/core/index.ts';
import { type DerNode, derNull, integer, objectIdentifier, octetString, sequence } from '../../src/pkcs12/der.ts';
import { encodePfx, encodePfxSync, loadRare, parsePfx } from '../../src/pkcs12/index.ts';
import { SCHEME } from '../../src/pkcs12/oids.ts';
import { certBag, encryptedSafe, makePfx, PASSWORD, type pbes2, SALT, sealedSafe } from './craft.ts';

const scrypt = sequence(
  objectIdentifier(SCHEME.SCRYPT),
  sequence(octetString(SALT), integer(16), integer(1), integer(1)),
);
const gcm = sequence(
  objectIdentifier('2.16.840.1.101.3.4.1.46'),
  sequence(octetString(SALT.subarray(0, 12)), integer(16)),
);
const digest = (oid: string): DerNode => sequence(objectIdentifier(oid), derNull());
const tripleDes = sequence(
  objectIdentifier('1.2.840.113549.1.12.1.3'),
  sequence(octetString(SALT.subarray(0, 8)), integer(5)),
);
const safe = (craft: Parameters<typeof pbes2>[1]): DerNode => sealedSafe([certBag()], craft);

const FILES = [
  ['AES-GCM', 'ERR_RARE_NOT_LOADED', makePfx([safe({ statedCipher: gcm })])],
  ['scrypt', 'ERR_RARE_NOT_LOADED', makePfx([safe({ statedKdf: scrypt })])],
  ['a SHA-3 PRF', 'ERR_RARE_NOT_LOADED', makePfx([safe({ prf: digest('2.16.840.1.101.3.4.2.14') })])],
  ['a SHA-3 MAC', 'ERR_RARE_NOT_LOADED', makePfx([safe({})], { digestAlgorithm: digest('2.16.840.1.101.3.4.2.8') })],
  ['an MD5 MAC', 'ERR_RARE_NOT_LOADED', makePfx([safe({})], { digestAlgorithm: digest('1.2.840.113549.2.5') })],
  ['3DES', 'ERR_LEGACY_NOT_LOADED', makePfx([encryptedSafe(tripleDes, new Uint8Array(8))])],
] as const;

describe('on demand', () => {
  it.each(FILES)('%s: refused by the synchronous form', (_, code, bytes) => {
    const opening = () => parsePfx(bytes).unlockSync(PASSWORD);
    expect(opening).toThrow(expect.objectContaining({ name: 'UsageError', code }));
    expect(opening).toThrow(expect.objectContaining({ hint: expect.stringContaining('await load') }));
  });

  it('writing says so, too', () => {
    const write = (options: object) => () =>
      encodePfxSync({ bags: [{ kind: 'crl', crl: SALT }] }, { password: '', iterations: 1, ...options });
    expect(write({ cipher: 'aes-256-gcm' })).toThrow(expect.objectContaining({ code: 'ERR_RARE_NOT_LOADED' }));
    expect(write({ profile: 'legacy' })).toThrow(expect.objectContaining({ code: 'ERR_LEGACY_NOT_LOADED' }));
  });

  it.each(FILES)(
    '%s: loaded by the asynchronous form, which then finds these made-up files wrong',
    async (_, __, bytes) => {
      await expect(parsePfx(bytes).unlock(PASSWORD)).rejects.toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    },
  );

  it('after loading, the synchronous form does', async () => {
    await loadLegacy();
    await loadRare();
    for (const options of [
      { cipher: 'aes-256-gcm' },
      { profile: 'legacy' },
      { prf: 'sha3-256', macHash: 'md5' },
    ] as const) {
      const bytes = await encodePfx(
        { bags: [{ kind: 'crl', crl: SALT }] },
        { password: '', iterations: 1, ...options },
      );
      using opened = parsePfx(bytes).unlockSync('');
      expect(opened.bags).toMatchObject([{ kind: 'crl', crl: SALT }]);
    }
  });
});
