import { describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { AuthenticationError, FormatError } from '../../src/errors.ts';
import { parsePfx } from '../../src/pkcs12/index.ts';
import { Secret } from '../../src/secret.ts';
import {
  createWallet,
  formatKeyId,
  openWallet,
  parseKeyId,
  verifyWallet,
  type Wallet,
  type WalletOptions,
} from '../../src/wallet/index.ts';
import { runs } from '../support/runs.ts';

const PASSWORD = 'Your_keystore_password';
const MKID = parseKeyId('1e3eeec2f7cc8af9a919517216e8057d');
const KEY_ID = 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const MK = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const CHEAP: WalletOptions = { iterations: 100 };

const made = async (
  options: WalletOptions = CHEAP,
  fill?: (wallet: Wallet) => void,
): Promise<Uint8Array<ArrayBuffer>> => {
  using wallet = await createWallet(PASSWORD, options);
  fill?.(wallet);
  return await wallet.encode();
};
const hexOf = (wallet: Wallet, keyId: string): string => {
  using key = wallet.exportKey(keyId);
  return formatHex(key.expose());
};

describe('master keys', () => {
  it('are created, set, used and tagged; one is active, those before it are previous', async () => {
    using wallet = await createWallet(PASSWORD, CHEAP);
    const first = wallet.setKey({ mkid: MKID, key: MK, keyTag: 'myTag' });
    expect(first).toMatchObject({ keyId: KEY_ID, state: 'active', keyTag: 'myTag', origin: 'local', backedUp: false });
    const second = wallet.createKey();
    expect(second.state).toBe('created');
    expect(second.activated).toBeNull();
    expect(wallet.useKey(second.keyId, { keyTag: 'newTag' })).toMatchObject({ state: 'active', keyTag: 'newTag' });
    expect(wallet.findKey('1E3EEEC2F7CC8AF9A919517216E8057D').state).toBe('previous');
    expect(wallet.setKeyTag(KEY_ID, 'mynewTag').keyTag).toBe('mynewTag');
    expect(wallet.masterKeys.map((k) => k.state)).toEqual(['previous', 'active']);
  });

  it('are refused as the database refuses them', async () => {
    using wallet = await createWallet(PASSWORD, CHEAP);
    wallet.setKey({ mkid: MKID, key: MK });
    expect(() => wallet.setKey({ mkid: MKID })).toThrowError('master key identifier exists in the keystore');
    for (const wrong of [
      { mkid: new Uint8Array(16) },
      { mkid: new Uint8Array(15).fill(1) },
      { key: new Uint8Array(31) },
    ]) {
      expect(() => wallet.createKey(wrong)).toThrowError('invalid master key identifier or master key value');
    }
    expect(() => wallet.useKey(formatKeyId(new Uint8Array(16).fill(9)))).toThrowError(
      expect.objectContaining({ code: 'ERR_KEY_NOT_FOUND' }),
    );
    expect(() => wallet.setKeyTag(KEY_ID, 'x'.repeat(4001))).toThrowError(
      expect.objectContaining({ code: 'ERR_TAG_LENGTH' }),
    );
    expect(wallet.setKeyTag(KEY_ID, '😀'.repeat(4000)).keyTag).toHaveLength(8000);
  });
});

describe('the file', () => {
  it.each<WalletOptions>([
    { iterations: 100 },
    { profile: 'oracle', iterations: 100 },
    { profile: 'pbmac1', iterations: 100 },
    { profile: 'legacy', iterations: 100 },
    { profile: 'java', iterations: 100 },
    { profile: 'modern', layout: 'java', iterations: 100 },
  ])('keeps everything through $profile, layout $layout', async (options) => {
    const bytes = await made(options, (wallet) => {
      wallet.setKey({ mkid: MKID, key: MK, keyTag: 'ein Schlüssel 钥匙' });
      wallet.setKey();
      wallet.createKey({ keyTag: null });
      wallet.addKeyringEntry({ owner: 'root@localhost', id: 'My.Key', type: 'AES', key: MK.slice(0, 16) });
      wallet.markBackedUp();
    });
    using opened = await openWallet(bytes, PASSWORD);
    expect(opened.generation).toBe(1);
    expect(opened.masterKeys.map((k) => [k.state, k.keyTag, k.backedUp])).toEqual([
      ['previous', 'ein Schlüssel 钥匙', true],
      ['active', null, true],
      ['created', null, true],
    ]);
    expect(hexOf(opened, KEY_ID)).toBe(formatHex(MK));
    expect(opened.keyringEntry('root@localhost', 'My.Key')?.key.expose()).toEqual(MK.slice(0, 16));
    expect(opened.layout).toBe(options.layout ?? (options.profile === 'java' ? 'java' : 'oracle'));
  });

  it('takes fresh IVs with every save, whatever the profile', async () => {
    for (const profile of ['modern', 'oracle', 'pbmac1', 'java', 'legacy'] as const) {
      using wallet = await createWallet(PASSWORD, { profile, iterations: 100 });
      wallet.setKey();
      const ivs = new Set<string>();
      for (let save = 0; save < 3; save++) {
        const pfx = parsePfx(await wallet.encode());
        for (const safe of pfx.safes) {
          const encryptions = [
            safe.encryption,
            ...(safe.bags ?? []).map((bag) => ('encryption' in bag ? bag.encryption : null)),
          ];
          for (const encryption of encryptions) {
            if (encryption?.cipher == null) continue;
            const kdf = encryption.kdf;
            const mark = formatHex(encryption.cipher.iv ?? (kdf === null ? new Uint8Array() : kdf.salt));
            expect(ivs.has(mark), `${profile} save ${save}`).toBe(false);
            ivs.add(mark);
          }
        }
      }
      expect(ivs.size).toBeGreaterThanOrEqual(3);
    }
  });

  it('opens only with its password, told apart without deriving keys once it is open', async () => {
    const bytes = await made();
    await expect(openWallet(bytes, 'wrong')).rejects.toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    using wallet = await openWallet(bytes, PASSWORD);
    expect([wallet.verifyPassword(PASSWORD), wallet.verifyPassword('wrong'), wallet.verifyPassword('')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('gets another password, with everything made new', async () => {
    const bytes = await made(CHEAP, (wallet) => wallet.setKey({ mkid: MKID, key: MK }));
    using wallet = await openWallet(bytes, PASSWORD, CHEAP);
    await wallet.changePassword('another');
    const next = await wallet.encode();
    expect(wallet.verifyPassword('another')).toBe(true);
    await expect(openWallet(next, PASSWORD)).rejects.toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    using opened = await openWallet(next, 'another');
    expect(hexOf(opened, KEY_ID)).toBe(formatHex(MK));
    using old = await openWallet(bytes, PASSWORD, CHEAP);
    expect(() => old.reopen(next)).toThrowError('password changed, open again');
  });

  it('takes no empty password, in any of its forms', async () => {
    const empty = { code: 'ERR_PASSWORD_EMPTY' };
    for (const password of ['', new Uint8Array(0), Secret.fromText('')])
      await expect(createWallet(password, CHEAP)).rejects.toMatchObject(empty);
    using wallet = await createWallet(PASSWORD, CHEAP);
    await expect(wallet.changePassword('')).rejects.toMatchObject(empty);
    expect(wallet.verifyPassword(PASSWORD)).toBe(true);
  });

  it('is read again with the keys at hand when another process wrote it', async () => {
    const bytes = await made(CHEAP, (wallet) => wallet.setKey({ mkid: MKID, key: MK }));
    using mine = await openWallet(bytes, PASSWORD);
    using theirs = await openWallet(bytes, PASSWORD);
    const rotated = theirs.setKey({ keyTag: 'theirs' });
    using again = mine.reopen(await theirs.encode());
    expect(again.activeKey?.keyId).toBe(rotated.keyId);
    expect(again.generation).toBe(2);
    const once = again.setKey();
    using third = theirs.reopen(await again.encode());
    expect(third.activeKey?.keyId).toBe(once.keyId);
  });

  it('holds a thousand keys in either layout within our own limits', { timeout: 120_000 }, async () => {
    for (const profile of ['oracle', 'java'] as const) {
      const bytes = await made({ profile }, (wallet) => {
        for (let i = 0; i < 1000; i++) wallet.createKey();
      });
      using opened = await openWallet(bytes, PASSWORD);
      expect(opened.masterKeys).toHaveLength(1000);
    }
  });

  it('cut at any byte or with any byte changed never opens with keys missing, and says where or why', async () => {
    const bytes = await made({ iterations: 1 }, (wallet) => wallet.setKey({ mkid: MKID, key: MK }));
    const counts = { cuts: 0, changes: 0, offset: 0, refused: 0, limit: 0, opened: 0 };
    const tried = async (file: Uint8Array): Promise<void> => {
      try {
        using wallet = await openWallet(file, PASSWORD);
        expect(wallet.activeKey?.keyId).toBe(KEY_ID);
        expect(hexOf(wallet, KEY_ID)).toBe(formatHex(MK));
        counts.opened++;
      } catch (error) {
        if (error instanceof FormatError) {
          expect(error.code).toMatch(/^ERR_(DER|PFX|MAC|PBMAC1)_/);
          expect(error.offset).toBeGreaterThanOrEqual(0);
          expect(error.offset).toBeLessThanOrEqual(file.length);
          counts.offset++;
        } else if (error instanceof AuthenticationError) {
          expect(error.message).toBe('wrong password or damaged file');
          counts.refused++;
        } else {
          expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(LIMIT|UNSUPPORTED)_/) });
          counts.limit++;
        }
      }
    };
    // Every byte in `npm run soak`, a sample here.
    const every = runs(1) > 1;
    for (let length = 0; length < bytes.length; length += every ? 1 : 7, counts.cuts++)
      await tried(bytes.slice(0, length));
    for (let at = 0; at < bytes.length; at += every ? 1 : 3) {
      for (const flip of every ? [1, 2, 4, 8, 16, 32, 64, 128, 255] : [1 << (at % 8)]) {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ flip;
        await tried(changed);
        counts.changes++;
      }
    }
    console.log(`a wallet of ${bytes.length} bytes, damaged: ${JSON.stringify(counts)}`);
    expect(counts.offset).toBeGreaterThan(0);
    expect(counts.refused).toBeGreaterThan(0);
  });
});

describe('verifyWallet', () => {
  it('tells what a sound wallet holds and how well it is protected, and refuses any other', async () => {
    const bytes = await made({ profile: 'oracle' }, (wallet) => wallet.setKey({ mkid: MKID, key: MK }));
    const report = await verifyWallet(bytes, PASSWORD);
    expect(report).toMatchObject({
      integrity: 'verified',
      generation: 1,
      masterKeys: 1,
      activeKey: KEY_ID,
      otherEntries: [],
    });
    expect(report.verdicts.map((v) => `${v.where}: ${v.id}`)).toContain('MAC: kdf-iterations');
    expect(JSON.stringify(report)).not.toContain(formatHex(MK).slice(0, 16));
    await expect(verifyWallet(bytes.slice(0, -1), PASSWORD)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_DER_/),
    });
  });
});

describe('data keys', () => {
  it('are wrapped in envelopes that say which master key opens them', async () => {
    using wallet = await createWallet(PASSWORD, CHEAP);
    expect(() => wallet.wrapDataKey(new Uint8Array(32))).toThrowError('the wallet has no active master key');
    const first = wallet.setKey();
    for (const length of [1, 7, 8, 15, 16, 24, 32, 33, 64, 4096]) {
      const dek = crypto.getRandomValues(new Uint8Array(length));
      const envelope = wallet.wrapDataKey(dek, { context: 'tablespace 7' });
      using back = wallet.unwrapDataKey(envelope, { context: 'tablespace 7' });
      expect(back.expose()).toEqual(dek);
      for (const context of ['tablespace 8', undefined]) {
        expect(() => wallet.unwrapDataKey(envelope, context === undefined ? {} : { context })).toThrowError(
          expect.objectContaining({ code: 'ERR_DATA_KEY' }),
        );
      }
    }
    const envelope = wallet.wrapDataKey(new Uint8Array(32).fill(7));
    wallet.setKey();
    using back = wallet.unwrapDataKey(envelope);
    expect(back.expose()).toEqual(new Uint8Array(32).fill(7));
    expect(wallet.findKey(first.keyId).state).toBe('previous');
    for (let at = 0; at < envelope.length; at++) {
      const changed = envelope.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => wallet.unwrapDataKey(changed), `byte ${at}`).toThrowError(
        expect.objectContaining({ code: expect.stringMatching(/^ERR_(DATA_KEY|KEY_NOT_FOUND)/) }),
      );
    }
  });

  it('are rewrapped in batches after a rotation; what does not open is told apart', async () => {
    using wallet = await createWallet(PASSWORD, CHEAP);
    wallet.setKey();
    const keys = Array.from({ length: 100 }, (_, i) =>
      crypto.getRandomValues(new Uint8Array([16, 24, 32, 20][i % 4] as number)),
    );
    const envelopes = keys.map((key) => wallet.wrapDataKey(key));
    (envelopes[5] as Uint8Array)[40] = ((envelopes[5] as Uint8Array)[40] as number) ^ 1;
    const active = wallet.setKey();
    const seen: number[] = [];
    const fresh = await wallet.rewrapDataKeys(envelopes, { onProgress: (done) => seen.push(done) });
    expect(fresh[5]).toBeNull();
    expect(seen.at(-1)).toBe(100);
    for (const [i, envelope] of fresh.entries()) {
      if (envelope === null) continue;
      expect(formatHex(envelope.slice(6, 22))).toBe(formatHex(active.mkid));
      using back = wallet.unwrapDataKey(envelope);
      expect(back.expose()).toEqual(keys[i]);
    }
  });
});
