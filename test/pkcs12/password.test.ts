/** Password forms, the order in which they are tried, and the writers' quirks that are read and reported. */
import { describe, expect, it } from 'vitest';
import { encodeUtf8, formatHex } from '../../src/bytes.ts';
import { encryptCbc, pbkdf2Sync } from '../../src/core/index.ts';
import { type DerNode, encodeDer, integer, objectIdentifier, octetString, sequence } from '../../src/pkcs12/der.ts';
import { encodePfxSync, parsePfx } from '../../src/pkcs12/index.ts';
import { Password, type PasswordForm } from '../../src/pkcs12/password.ts';
import { Secret } from '../../src/secret.ts';
import { AES256, aesCbc, certBag, encryptedSafe, makePfx, openSafe, pbes2, SALT, sealedSafe } from './craft.ts';

const form = (input: ConstructorParameters<typeof Password>[0], name: PasswordForm): string =>
  formatHex(new Password(input).form(name));

describe('forms', () => {
  it.each([
    ['smeg', '0073006d006500670000'], // RFC 7292 B.1 style
    ['', '0000'],
    ['ge@äheim', '006700650040 00e4 00680065 0069006d0000'],
    ['密码', '5bc678010000'],
    ['🔐', 'd83ddd100000'],
    ['\u0000', '00000000'],
    ['\uffff\u{10ffff}', 'ffffdbffdfff0000'],
  ])('%j as a BMPString', (text, hex) => {
    const expected = hex.replaceAll(' ', '');
    expect(form(text, 'utf16')).toBe(expected);
    expect(form(encodeUtf8(text), 'utf16')).toBe(expected);
    expect(form(Secret.fromText(text), 'utf16')).toBe(expected);
    expect(form(text, 'utf8')).toBe(formatHex(encodeUtf8(text)));
  });

  it('null has no terminator; nothing is normalised', () => {
    expect(form(null, 'none')).toBe('');
    expect(form(null, 'utf8')).toBe('');
    expect(form('e\u0301', 'utf16')).toBe('006503010000');
    expect(form('\u00e9', 'utf16')).toBe('00e90000');
  });

  it('bytes that are not UTF-8 are one character each', () => {
    for (const hex of ['80', 'c080', 'e08080', 'eda080', 'f08080a0', 'f4908080', 'ff', 'c3', 'e282']) {
      const bytes = Uint8Array.from(hex.match(/../g)!, (h) => Number.parseInt(h, 16));
      expect(form(bytes, 'utf16')).toBe(`${hex.replace(/../g, '00$&')}0000`);
    }
  });

  it('half a surrogate pair, and other types, are refused', () => {
    expect(() => new Password('a\ud83d')).toThrow('surrogate');
    expect(() => new Password(7 as unknown as string)).toThrow('a password is');
  });

  it('tries the likeliest first', () => {
    expect(new Password('abc').pkcs12Forms()).toEqual(['utf16']);
    expect(new Password('ä').pkcs12Forms()).toEqual(['utf16', 'widened']);
    expect(new Password('').pkcs12Forms()).toEqual(['utf16', 'none']);
    expect(new Password(null).pkcs12Forms()).toEqual(['none', 'utf16']);
    expect(new Password('abc').pbesForms()).toEqual(['utf8', 'utf16']);
  });

  it('is wiped, and does not touch what it was given', () => {
    const given = encodeUtf8('secret');
    const password = new Password(given);
    const bytes = password.form('utf16');
    password.dispose();
    expect(bytes.every((b) => b === 0)).toBe(true);
    expect(given).toEqual(encodeUtf8('secret'));
  });
});

describe('quirks', () => {
  const open = (bytes: Uint8Array, password: string | null) => {
    using opened = parsePfx(bytes).unlockSync(password);
    return { quirks: opened.quirks, bags: opened.bags.length };
  };

  it('null-password and empty-password', () => {
    const withNull = encodePfxSync(
      { bags: [{ kind: 'certificate', certificate: SALT }] },
      { password: null, iterations: 2 },
    );
    const withEmpty = encodePfxSync(
      { bags: [{ kind: 'certificate', certificate: SALT }] },
      { password: '', iterations: 2 },
    );
    expect(open(withNull, null)).toEqual({ quirks: [], bags: 1 });
    expect(open(withNull, '')).toEqual({ quirks: ['null-password'], bags: 1 });
    expect(open(withEmpty, '')).toEqual({ quirks: [], bags: 1 });
    expect(open(withEmpty, null)).toEqual({ quirks: ['empty-password'], bags: 1 });
    expect(() => open(withNull, 'x')).toThrow('wrong password');
  });

  it('widened-password: OpenSSL 1.0 and a password that is not ASCII', () => {
    // What it did: each UTF-8 byte became a character. So its file is one whose password is those characters.
    const asOpenssl = String.fromCharCode(...encodeUtf8('pässwörd'));
    expect(open(makePfx([openSafe(certBag())], { password: asOpenssl }), 'pässwörd')).toEqual({
      quirks: ['widened-password'],
      bags: 1,
    });
    // PBES2 had raw UTF-8 all the same.
    const mixed = makePfx([sealedSafe([certBag()], { password: 'pässwörd' })], { password: asOpenssl });
    expect(open(mixed, 'pässwörd')).toEqual({ quirks: ['widened-password'], bags: 1 });
  });

  it('utf16-password-in-pbes: NSS before 3.3x, in PBES2', () => {
    const utf16 = new Password('pässwörd').form('utf16');
    const iv = new Uint8Array(16);
    const key = pbkdf2Sync('sha256', utf16, SALT, 10, 32);
    const { algorithm } = pbes2(new Uint8Array(0), { statedCipher: aesCbc(AES256, iv) });
    const ciphertext = encryptCbc(key, iv, encodeDer(sequence(certBag())));
    const bytes = makePfx([encryptedSafe(algorithm, ciphertext)], { password: 'pässwörd' });
    expect(open(bytes, 'pässwörd')).toEqual({ quirks: ['utf16-password-in-pbes'], bags: 1 });
  });

  it('key-length-over-cipher: the OID of AES-128 over what is AES-256', () => {
    const craft = { statedCipher: aesCbc('2.16.840.1.101.3.4.1.2'), keyLength: integer(32) };
    expect(open(makePfx([sealedSafe([certBag()], craft)]), 'open sesame')).toEqual({
      quirks: ['key-length-over-cipher'],
      bags: 1,
    });
    const bytes = makePfx([sealedSafe([certBag()], craft)]);
    using opened = parsePfx(bytes).unlockSync('open sesame');
    const [safe] = opened.safes;
    const rewritten = encodePfxSync({ safes: [{ like: safe!, bags: safe!.bags! }] }, { session: opened.session });
    expect(open(rewritten, 'open sesame')).toEqual({ quirks: [], bags: 1 });
  });

  it('digest-without-null', () => {
    const digestAlgorithm: DerNode = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'));
    expect(open(makePfx([openSafe(certBag())], { digestAlgorithm }), 'open sesame')).toEqual({
      quirks: ['digest-without-null'],
      bags: 1,
    });
    const notNull = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'), octetString(new Uint8Array(0)));
    expect(parsePfx(makePfx([openSafe(certBag())], { digestAlgorithm: notNull })).mac?.failure).toMatchObject({
      name: 'FormatError',
    });
  });

  it('a rewrite keeps the form that was right', () => {
    const bytes = makePfx([openSafe(certBag())], { password: String.fromCharCode(...encodeUtf8('ö')) });
    using opened = parsePfx(bytes).unlockSync('ö');
    const again = encodePfxSync({ safes: [...opened.safes, ...opened.safes] }, { session: opened.session });
    expect(open(again, 'ö')).toEqual({ quirks: ['widened-password'], bags: 2 });
  });

  it('an HMAC without parameters is read, one with others than NULL is not', () => {
    const prf = sequence(objectIdentifier('1.2.840.113549.2.9'), integer(1));
    expect(parsePfx(makePfx([sealedSafe([certBag()], { prf })])).safes[0]?.failure).toMatchObject({
      name: 'FormatError',
    });
    const fine = sequence(objectIdentifier('1.2.840.113549.2.9'));
    expect(open(makePfx([sealedSafe([certBag()], { prf: fine })]), 'open sesame').bags).toBe(1);
  });
});
