/**
 * Wallets of other programs, read; ours, read by other programs. The auto-login files are built here with node:crypto and a
 * DER writer of ten lines, independent of the sources: no Oracle-made one may be copied.
 */
import { createCipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { parsePfx } from '../../src/pkcs12/index.ts';
import {
  createWallet,
  formatKeyId,
  openAutoLogin,
  openWallet,
  parseAutoLoginHeader,
  parseKeyId,
} from '../../src/wallet/index.ts';
import { hasPeer, makeTempFolder, runPeer } from '../support/peers.ts';
import { hasVectors, readVector } from '../support/vectors.ts';

const PASSWORD = 'Your_keystore_password';

describe.skipIf(!hasVectors())('the Oracle test wallet (3DES, four secrets)', () => {
  const ALIASES = [
    'oracle.security.client.connect_string1',
    'a@#3#@b',
    'oracle.security.client.username1',
    'oracle.security.client.password1',
  ];
  const bags = async (bytes: Uint8Array, password: string): Promise<readonly string[]> => {
    using opened = await parsePfx(bytes).unlock(password);
    return opened.bags.flatMap((bag) =>
      bag.kind === 'oracle-secret' && ALIASES.includes(bag.alias) ? [formatHex(bag.der.expose())] : [],
    );
  };

  it('opens and lists its four entries', async () => {
    const bytes = await readVector('pkcs12/dotnet/SimpleOracleWallet.p12');
    using wallet = await openWallet(bytes, '123Wallet');
    expect(wallet.otherEntries).toEqual(ALIASES);
    expect(wallet.masterKeys).toEqual([]);
  });

  it('keeps them byte for byte through rewrites, and opens again', async () => {
    const bytes = await readVector('pkcs12/dotnet/SimpleOracleWallet.p12');
    const before = await bags(bytes, '123Wallet');
    expect(before).toHaveLength(4);
    using wallet = await openWallet(bytes, '123Wallet');
    wallet.setKey({ keyTag: 'beside them' });
    const once = await wallet.encode();
    expect(await bags(once, '123Wallet')).toEqual(before);
    using again = await openWallet(once, '123Wallet');
    expect([again.otherEntries, again.activeKey?.keyTag]).toEqual([ALIASES, 'beside them']);
    again.createKey();
    expect(await bags(await again.encode(), '123Wallet')).toEqual(before);
    await again.changePassword('another');
    expect(await bags(await again.encode(), 'another')).toEqual(before);
  });
});

describe.skipIf(!hasPeer('openssl'))('openssl', () => {
  it.each(['modern', 'oracle', 'legacy'] as const)(
    'verifies the MAC of a wallet of profile %s and lists its bags',
    async (profile) => {
      using folder = makeTempFolder();
      using wallet = await createWallet(PASSWORD, { profile });
      wallet.setKey({ keyTag: 'one' });
      writeFileSync(folder.file('ewallet.p12'), await wallet.encode());
      const info = (password: string) =>
        runPeer('openssl', [
          'pkcs12',
          '-info',
          '-nodes',
          '-legacy',
          '-in',
          folder.file('ewallet.p12'),
          '-passin',
          `pass:${password}`,
        ]);
      const { status, stderr, stdout } = info(PASSWORD);
      expect(status, stderr).toBe(0);
      expect(stderr).toMatch(profile === 'modern' ? /MAC: sha256, Iteration 600000/ : /MAC: sha1, Iteration \d+/);
      const shown = stderr + stdout.toString('utf8');
      expect(shown.match(/Secret bag/gi)).toHaveLength(4);
      expect(info('wrong').stderr).toContain('Mac verify error: invalid password?');
    },
  );
});

describe.skipIf(!hasPeer('keytool'))('keytool', () => {
  it('lists the keys of a wallet of the java layout', async () => {
    using folder = makeTempFolder();
    using wallet = await createWallet(PASSWORD, { profile: 'java' });
    const keyIds = [wallet.setKey().keyId, wallet.createKey().keyId];
    writeFileSync(folder.file('ewallet.p12'), await wallet.encode());
    const list = runPeer('keytool', [
      '-J-Duser.language=en',
      '-list',
      '-keystore',
      folder.file('ewallet.p12'),
      '-storetype',
      'PKCS12',
      '-storepass',
      PASSWORD,
    ]);
    const shown = list.stdout.toString('utf8');
    expect(list.status, shown + list.stderr).toBe(0);
    // The two keys and the entry of everything else.
    expect(shown).toContain('Your keystore contains 3 entries');
    for (const keyId of keyIds)
      expect(shown.toLowerCase()).toContain(`oracle.security.db.encryption.${keyId}`.toLowerCase());
    expect(shown.match(/SecretKeyEntry/g)).toHaveLength(3);
  });
});

// ---------------------------------------------------------------- an independent writer of Oracle's files

type Bytes = Uint8Array;
const der = (tag: number, ...parts: readonly Bytes[]): Bytes => {
  const body = Buffer.concat(parts);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: readonly Bytes[]): Bytes => der(0x30, ...parts);
const oid = (text: string): Bytes => {
  const [a = 0, b = 0, ...rest] = text.split('.').map(Number);
  const base128 = (n: number): number[] => (n < 128 ? [n] : [...base128(n >> 7).map((x) => x | 128), n & 127]);
  return der(6, Buffer.from([40 * a + b, ...rest.flatMap(base128)]));
};
const int = (n: number): Bytes =>
  der(2, Buffer.from(n < 128 ? [n] : n < 32768 ? [n >> 8, n & 255] : [n >> 16, (n >> 8) & 255, n & 255]));
const octets = (bytes: Bytes): Bytes => der(4, bytes);
const utf8 = (text: string): Bytes => der(12, Buffer.from(text, 'utf8'));
const nothing = der(5);

/** RFC 7292 appendix B with SHA-1. */
function pkcs12Kdf(id: number, password: Bytes, salt: Bytes, iterations: number, length: number): Bytes {
  const bmp = Buffer.concat([...password].map((b) => Buffer.from([0, b])).concat(Buffer.from([0, 0])));
  const fill = (bytes: Bytes): Buffer => Buffer.alloc(64 * Math.ceil(bytes.length / 64), bytes);
  const input = Buffer.concat([fill(salt), fill(bmp)]);
  const out: Buffer[] = [];
  while (Buffer.concat(out).length < length) {
    let a = Buffer.concat([Buffer.alloc(64, id), input]);
    for (let i = 0; i < iterations; i++) a = createHash('sha1').update(a).digest();
    out.push(a);
    const b = Buffer.alloc(64, a);
    for (let at = 0; at < input.length; at += 64) {
      let carry = 1;
      for (let i = 63; i >= 0; i--) {
        const sum = (input[at + i] as number) + (b[i] as number) + carry;
        input[at + i] = sum & 255;
        carry = sum >> 8;
      }
    }
  }
  return Buffer.concat(out).subarray(0, length);
}

const ITERATIONS = 10_000;

/** A PFX as current Oracle tools write it: one PBES2 safe of secret entries, newest first, HMAC-SHA1 MAC. */
function oraclePfx(password: Bytes, entries: readonly (readonly [alias: string, value: string])[]): Bytes {
  const salt = Buffer.from('0123456789abcdef', 'hex');
  const iv = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const bags = entries.map(([alias, value], i) => {
    const localKeyId = Buffer.alloc(24);
    [0xe6b652dd, 4, 0, 6, entries.length - 1 - i, 0].forEach((word, at) => {
      localKeyId.writeUInt32BE(word, 4 * at);
    });
    const secret = sequence(oid('1.2.840.113549.1.16.12.12'), der(0xa0, sequence(utf8(alias), utf8(value))));
    const attribute = sequence(oid('1.2.840.113549.1.9.21'), der(0x31, octets(localKeyId)));
    return sequence(oid('1.2.840.113549.1.12.10.1.5'), der(0xa0, secret), der(0x31, attribute));
  });
  const key = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const ciphertext = Buffer.concat([cipher.update(sequence(...bags)), cipher.final()]);
  const prf = sequence(oid('1.2.840.113549.2.9'), nothing);
  const kdf = sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(salt), int(ITERATIONS), int(32), prf));
  const scheme = sequence(oid('2.16.840.1.101.3.4.1.42'), octets(iv));
  const pbes2 = sequence(oid('1.2.840.113549.1.5.13'), sequence(kdf, scheme));
  const data = oid('1.2.840.113549.1.7.1');
  const content = sequence(int(0), sequence(data, pbes2, der(0x80, ciphertext)));
  const safes = sequence(sequence(oid('1.2.840.113549.1.7.6'), der(0xa0, content)));
  const mac = createHmac('sha1', pkcs12Kdf(3, password, salt, ITERATIONS, 20))
    .update(safes)
    .digest();
  const digest = sequence(sequence(oid('1.3.14.3.2.26'), nothing), octets(mac));
  return sequence(int(3), sequence(data, der(0xa0, octets(safes))), sequence(digest, octets(salt), int(ITERATIONS)));
}

const AES_IV = Buffer.from('c034d8311c02cef851f0144b81ed4bf2', 'hex');
const u32 = (n: number): Bytes => Buffer.from([n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
const header = (type: number, section: Bytes): Bytes =>
  Buffer.concat([Buffer.from([0xa1, 0xf8, 0x4e, type]), u32(6), u32(section.length), section]);

/** Scheme 06: the password under an AES key that lies beside it. */
function aesHeader(type: number, password: Bytes): Bytes {
  const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const cipher = createCipheriv('aes-128-cbc', key, AES_IV).setAutoPadding(false);
  return header(type, Buffer.concat([Buffer.from([6]), key, cipher.update(password), cipher.final()]));
}

/** Scheme 35: hex of the password under single DES, which is 3DES with one key thrice. */
function desHeader(type: number, password: Bytes): Bytes {
  const key = Buffer.from('0123456789abcdef', 'hex');
  const cipher = createCipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), Buffer.alloc(8));
  const hex = Buffer.concat([cipher.update(password), cipher.final()]).toString('hex');
  return header(type, Buffer.concat([Buffer.from('5'), Buffer.from(key.toString('hex')), Buffer.from(hex)]));
}

/** 16 bytes of 1..127, a line feed among them. */
const SSO_PASSWORD = Buffer.from('010a0d207f4142434445464748494a4b', 'hex');
const ENTRY = 'dbtools.database.password.base64';

describe('cwallet.sso', () => {
  it('of the AES form has the published sizes, and opens without a password', async () => {
    const sizes: number[] = [45 + oraclePfx(SSO_PASSWORD, []).length];
    for (const length of [0, 2, 16, 24, 30, 1024]) {
      const value = Buffer.alloc(length, 7).toString('base64');
      const pfx = oraclePfx(SSO_PASSWORD, [[ENTRY, value]]);
      const file = Buffer.concat([aesHeader(0x36, SSO_PASSWORD), pfx]);
      expect(parseAutoLoginHeader(file)).toEqual({ local: false, version: 6, scheme: 'aes', pfxOffset: 45 });
      using wallet = await openAutoLogin(file);
      expect(wallet.otherEntries).toEqual([ENTRY]);
      sizes.push(file.length);
    }
    expect(sizes).toEqual([270, 391, 391, 409, 426, 426, 1771]);
  });

  it('of the 11g form (DES) opens', async () => {
    const file = Buffer.concat([desHeader(0x37, SSO_PASSWORD), oraclePfx(SSO_PASSWORD, [[ENTRY, 'x']])]);
    expect(parseAutoLoginHeader(file)).toEqual({ local: false, version: 6, scheme: 'des', pfxOffset: 77 });
    using wallet = await openAutoLogin(file);
    expect(wallet.otherEntries).toEqual([ENTRY]);
  });

  it.each([
    ['aes', aesHeader],
    ['des', desHeader],
  ])('of the local kind (%s) opens only with its host and user, as either reader maps 127', async (_, head) => {
    // Some of these MACs have a byte of 127 in their first sixteen, where the two published readers differ.
    let differing = 0;
    for (let i = 0; i < 24; i++) {
      const inner = Buffer.from(SSO_PASSWORD);
      inner[15] = i + 1;
      const mac = createHmac('sha1', 'dbhostoracle').update(inner).digest().subarray(0, 16);
      const password = Buffer.from(mac.map((b) => (i % 2 === 0 ? (b & 127) + 1 : ((b & 127) % 127) + 1)));
      const has127 = mac.some((b) => (b & 127) === 127);
      if (has127) differing++;
      else if (i > 1) continue;
      const file = Buffer.concat([head(0x38, inner), oraclePfx(password, [[ENTRY, 'x']])]);
      using wallet = await openAutoLogin(file, { host: 'dbhost.example.org', user: 'oracle' });
      expect(wallet.otherEntries).toEqual([ENTRY]);
      await expect(openAutoLogin(file)).rejects.toMatchObject({ code: 'ERR_AUTO_LOGIN_LOCAL' });
      await expect(openAutoLogin(file, { host: 'other', user: 'oracle' })).rejects.toMatchObject({
        code: 'ERR_WRONG_PASSWORD',
      });
    }
    expect(differing).toBeGreaterThan(0);
  });

  it('cut or with a damaged header names the place', async () => {
    const file = Buffer.concat([aesHeader(0x36, SSO_PASSWORD), oraclePfx(SSO_PASSWORD, [])]);
    for (let length = 0; length < 60; length++) {
      await expect(openAutoLogin(file.subarray(0, length)), `${length}`).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_(AUTO_LOGIN_HEADER|DER_)/),
      });
    }
  });
});

describe('Oracle master keys', () => {
  const SAMPLES = [
    {
      record: 'AEMAASAAzz8dfB/n5MWRlEBxs6Ya3YAUQGHA4EVpvVIho0wBGMYDEAA9MiwNkiHGAkd9O6b3yCnhBQcAeHsLBg8DFQ==',
      key: /^cf3f1d7c.*18c6$/,
      created: '2023-11-06T14:02:20.000Z',
    },
    {
      record: 'AEMAASAASGYs0phWHfNt9J5mEMkkegGFiD4LLfQszDojgDzbfoYDEACv0x3pJC+UGD/PdtE2jLIcBQcAeHgJChQGLA==',
      key: /^48662cd2.*7e86$/,
      created: '2020-09-10T19:05:43.000Z',
    },
  ];

  it('decode out of a wallet, with their dates, the active one, and the bookkeeping beside them kept', async () => {
    const ids = SAMPLES.map((_, i) => formatKeyId(parseKeyId(`${i + 1}`.repeat(32))));
    const others = [
      ['ORACLE.SECURITY.ID.ENCRYPTION.', 'opaque'],
      [`ORACLE.SECURITY.KM.ENCRYPTION.${ids[0]}`, 'opaque too'],
      ['ORACLE.SECURITY.DB.ENCRYPTION.MASTERKEY.0123456789ABCDEF0123456789ABCDEF', ids[1]],
      ['ORACLE.SECURITY.TS.ENCRYPTION.BYxe8gAA', 'an 11g key'],
    ] as [string, string][];
    const file = oraclePfx(Buffer.from(PASSWORD), [
      ...others,
      ['ORACLE.SECURITY.DB.ENCRYPTION.MASTERKEY', ids[1] as string],
      ...SAMPLES.map(({ record }, i) => [`ORACLE.SECURITY.DB.ENCRYPTION.${ids[i]}`, record] as [string, string]),
    ]);
    using wallet = await openWallet(file, PASSWORD);
    expect(wallet.otherEntries).toEqual(others.map(([alias]) => alias));
    expect(wallet.activeKey?.keyId).toBe(ids[1]);
    for (const [i, { key, created }] of SAMPLES.entries()) {
      const info = wallet.findKey(ids[i] as string);
      using bytes = wallet.exportKey(info.keyId);
      expect(formatHex(bytes.expose())).toMatch(key);
      expect(info.created.toISOString()).toBe(created);
      expect(info.state).toBe(i === 1 ? 'active' : 'previous');
    }
    wallet.setKey();
    using again = await openWallet(await wallet.encode(), PASSWORD);
    expect(again.otherEntries).toEqual(others.map(([alias]) => alias));
    using opened = await parsePfx(await again.encode()).unlock(PASSWORD);
    for (const [i, { record }] of SAMPLES.entries()) {
      const bag = opened.bags.find(
        (b) =>
          b.kind === 'oracle-secret' && b.alias.endsWith(ids[i] as string) && b.alias.startsWith('ORACLE.SECURITY.DB'),
      );
      const value = bag?.kind === 'oracle-secret' ? bag.value.expose() : new Uint8Array();
      expect(new TextDecoder().decode(value), 'the record is written as it was').toBe(record);
    }
  });
});
