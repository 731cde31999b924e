/**
 * PBMAC1 (RFC 9879) checked by a reader of its own, on asn1js and node:crypto, which shares nothing with ours: it first passes the RFC's
 * own files, good and bad, and then judges what we write.
 */
import { createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { type BaseBlock, fromBER, Integer, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import { describe, expect, it } from 'vitest';
import { encodePfx, encodePfxSync, parsePfx, sealPfxSync } from '../../src/pkcs12/index.ts';
import { hasVectors, readVector } from '../support/vectors.ts';

const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

function items(block: BaseBlock | undefined): BaseBlock[] {
  const value = (block?.valueBlock as { value?: unknown } | undefined)?.value;
  if (!Array.isArray(value)) throw new Error('not a structure');
  return value as BaseBlock[];
}

function as<T extends BaseBlock>(block: BaseBlock | undefined, type: abstract new (...args: never[]) => T): T {
  if (!(block instanceof type)) throw new Error(`not ${type.name}`);
  return block;
}

const bytes = (block: BaseBlock | undefined): Uint8Array => new Uint8Array(as(block, OctetString).getValue());
const oid = (block: BaseBlock | undefined): string => as(block, ObjectIdentifier).getValue();
const number = (block: BaseBlock | undefined): number => as(block, Integer).valueBlock.valueDec;

/** Says whether the PBMAC1 of a file verifies. Throws where the file is not one, or breaks the rules of RFC 9879. */
function verifyPbmac1(file: Uint8Array, password: string): boolean {
  const { result, offset } = fromBER(file);
  if (offset !== file.length) throw new Error('not BER, or bytes after it');
  const [version, authSafe, macData] = items(as(result, Sequence));
  if (number(version) !== 3) throw new Error('version');
  const [contentType, content] = items(authSafe);
  if (oid(contentType) !== '1.2.840.113549.1.7.1') throw new Error('content type');
  const [digestInfo] = items(macData);
  const [algorithm, digest] = items(digestInfo);
  const [name, parameters] = items(algorithm);
  if (oid(name) !== '1.2.840.113549.1.5.14') throw new Error('not PBMAC1');
  const [kdf, mac] = items(parameters);
  const [kdfName, kdfParameters] = items(kdf);
  if (oid(kdfName) !== '1.2.840.113549.1.5.12') throw new Error('not PBKDF2');
  const [salt, iterations, keyLength, prf] = items(kdfParameters);
  if (!(keyLength instanceof Integer)) throw new Error('no key length');
  if (number(keyLength) < 20) throw new Error('key too short');
  const prfName = prf === undefined ? 'sha1' : HMACS[oid(items(prf)[0])];
  const macName = HMACS[oid(items(mac)[0])];
  if (prfName === undefined || macName === undefined) throw new Error('unknown HMAC');
  const key = pbkdf2Sync(password, bytes(salt), number(iterations), number(keyLength), prfName);
  const computed = createHmac(macName, key)
    .update(bytes(items(content)[0]))
    .digest();
  const stated = bytes(digest);
  return computed.length === stated.length && timingSafeEqual(computed, stated);
}

describe.skipIf(!hasVectors())('the reader passes the files of the RFC', () => {
  const read = (name: string): Promise<Uint8Array> => readVector(`pkcs12/rfc9579/${name}.p12`);

  it.each(['rfc9579-a1', 'rfc9579-a2', 'rfc9579-a3'])('%s is good', async (name) => {
    expect(verifyPbmac1(await read(name), '1234')).toBe(true);
    expect(verifyPbmac1(await read(name), '12345')).toBe(false);
  });

  it.each(['rfc9579-a4', 'rfc9579-a5'])('%s does not verify', async (name) => {
    expect(verifyPbmac1(await read(name), '1234')).toBe(false);
  });

  it('rfc9579-a6 has no key length, the attack file too short a one', async () => {
    const [a6, attack] = await Promise.all([read('rfc9579-a6'), read('pbmac1-short-key-bypass')]);
    expect(() => verifyPbmac1(a6, '1234')).toThrow('no key length');
    expect(() => verifyPbmac1(attack, '1234')).toThrow('key too short');
  });
});

describe('what we write', () => {
  const contents = { bags: [{ kind: 'certificate', certificate: Uint8Array.of(1, 2, 3) } as const] };

  it.each(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const)('verifies: %s', async (macHash) => {
    for (const password of ['1234', '', 'pässwörd 🔐']) {
      const file = await encodePfx(contents, { password, profile: 'pbmac1', macHash, iterations: 100 });
      expect(verifyPbmac1(file, password)).toBe(true);
      expect(verifyPbmac1(file, `${password}!`)).toBe(false);
      parsePfx(file).unlockSync(password).dispose();
    }
  });

  it('verifies after a rewrite', () => {
    const { bytes: file, session } = sealPfxSync(contents, { password: 'p', profile: 'pbmac1', iterations: 100 });
    const again = encodePfxSync({ bags: [] }, { session });
    session.dispose();
    expect([verifyPbmac1(file, 'p'), verifyPbmac1(again, 'p')]).toEqual([true, true]);
  });

  it('says that salt and iterations of MacData are not used, and leaves out the default', () => {
    const pfx = parsePfx(encodePfxSync(contents, { password: 'p', profile: 'pbmac1', iterations: 100 }));
    expect(new TextDecoder().decode(pfx.mac?.macData.macSalt)).toBe('NOT USED');
    expect(pfx.mac?.macData.iterations).toBe(1);
    expect(pfx.mac?.kdf).toMatchObject({ iterations: 100, keyLengthBytes: 32 });
  });
});
