/** Wallets whose master keys a provider keeps, with a provider of the test's own. */
import { describe, expect, it } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8, equalPublicBytes } from '../../src/bytes.ts';
import { unwrapKeyPadded, wrapKeyPadded } from '../../src/core/index.ts';
import { AuthenticationError, TransportError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { createWallet, type MasterKeyProvider, openWallet, type ProviderSetup } from '../../src/wallet/index.ts';

const CHEAP = { iterations: 1 } as const;
const MK = new Uint8Array(32).fill(0x5a);

/** A provider whose key has versions; ciphertexts are version, context and wrapped key. */
class TestProvider implements MasterKeyProvider {
  readonly asked: string[] = [];
  version = 1;
  away = false;
  disposals = 0;

  async encrypt(plaintext: Uint8Array, options: { readonly context?: Readonly<Record<string, string>> } = {}) {
    this.#ask('encrypt');
    const context = encodeUtf8(JSON.stringify(options.context ?? null));
    return concatBytes(Uint8Array.of(this.version, context.length), context, wrapKeyPadded(this.#kek(), plaintext));
  }

  async decrypt(ciphertext: Uint8Array, options: { readonly context?: Readonly<Record<string, string>> } = {}) {
    this.#ask('decrypt');
    const [version, length] = ciphertext as unknown as [number, number];
    const context = decodeUtf8(ciphertext.subarray(2, 2 + length));
    if (context !== JSON.stringify(options.context ?? null)) throw new AuthenticationError('ERR_TEST', 'other context');
    return unwrapKeyPadded(this.#kek(version), ciphertext.subarray(2 + length));
  }

  async describe() {
    return { type: 'test', keyId: 'k', state: 'Enabled' };
  }

  dispose(): void {
    this.disposals++;
  }

  #ask(what: string): void {
    this.asked.push(what);
    if (this.away) throw new TransportError('ERR_KMS_UNREACHABLE', 'away');
  }

  #kek(version = this.version): Uint8Array {
    return new Uint8Array(32).fill(version);
  }
}

function setupOf(provider: MasterKeyProvider, more: Partial<ProviderSetup> = {}): ProviderSetup {
  return { connect: () => ({ provider, skipCheck: false }), ...more };
}

/** A wallet at a provider with one key, and its file. */
async function atProvider(options: { readonly profile?: 'java' | 'modern' } = {}) {
  const provider = new TestProvider();
  using settings = Secret.fromText('the settings');
  const wallet = await createWallet('pw', { ...CHEAP, ...options, provider: setupOf(provider, { settings }) });
  const { keyId } = wallet.setKey({ key: MK, keyTag: 'first' });
  return { provider, wallet, keyId, file: await wallet.encode() };
}

describe.each(['modern', 'java'] as const)('a wallet at a provider, profile %s', (profile) => {
  it('opens with the keys that were put in, through the provider only', async () => {
    const { provider, wallet, keyId, file } = await atProvider({ profile });
    wallet.dispose();
    expect(provider.disposals).toBe(1);
    using opened = await openWallet(file, 'pw', { provider: setupOf(provider) });
    expect([opened.keptBy, opened.findKey(keyId).keptBy, opened.findKey(keyId).keyTag]).toEqual([
      'provider',
      'provider',
      'first',
    ]);
    using key = opened.exportKey(keyId);
    expect(key.expose()).toEqual(MK);
    using settings = opened.exportProviderSettings();
    expect(decodeUtf8((settings as Secret).expose())).toBe('the settings');

    using closed = await openWallet(file, 'pw');
    expect(closed.findKey(keyId).keyTag).toBe('first');
    expect(() => closed.exportKey(keyId)).toThrow(expect.objectContaining({ code: 'ERR_KEY_AT_PROVIDER' }));
    await expect(closed.fetchKeys()).rejects.toMatchObject({ code: 'ERR_KEY_AT_PROVIDER' });
    closed.setKeyTag(keyId, 'tagged without it');
    expect((await closed.encode()).length).toBeGreaterThan(0);
    closed.createKey();
    await expect(closed.encode()).rejects.toMatchObject({ code: 'ERR_KEY_AT_PROVIDER' });
  });

  it('moves its keys into the file and out again', async () => {
    const { provider, wallet, keyId } = await atProvider({ profile });
    await wallet.keepKeysInWallet();
    expect(provider.disposals).toBe(1);
    const local = await wallet.encode();
    wallet.dispose();
    const opened = await openWallet(local, 'pw');
    expect(opened.keptBy).toBe('wallet');
    using key = opened.exportKey(keyId);
    expect(key.expose()).toEqual(MK);
    using settings = Secret.fromText('others');
    await opened.keepKeysAtProvider(setupOf(provider, { settings }));
    const kept = await opened.encode();
    opened.dispose();
    using again = await openWallet(kept, 'pw');
    expect(again.findKey(keyId).keptBy).toBe('provider');
    expect(again.otherEntries).toEqual([]);
  });
});

describe('a provider', () => {
  it('is asked for a key once, and only when it is time', async () => {
    const { provider, wallet, keyId, file } = await atProvider();
    wallet.dispose();
    provider.asked.length = 0;
    using later = await openWallet(file, 'pw', { provider: setupOf(provider, { fetchKeys: 'use' }) });
    expect(provider.asked).toEqual(['decrypt']); // the check
    await Promise.all([later.fetchKeys([keyId]), later.fetchKeys([keyId])]);
    await later.fetchKeys();
    const asked = provider.asked.length;
    await later.fetchKeys();
    expect(provider.asked.length).toBe(asked);
    using key = later.exportKey(keyId);
    expect(key.expose()).toEqual(MK);
    const skipped = { connect: () => ({ provider, skipCheck: true }) };
    provider.away = true;
    using unasked = await openWallet(file, 'pw', { provider: skipped });
    expect(unasked.masterKeys).toHaveLength(1);
  });

  it('that is another one is seen at open', async () => {
    const { wallet, file } = await atProvider();
    wallet.dispose();
    const other: MasterKeyProvider = {
      encrypt: async (plaintext) => new Uint8Array(plaintext),
      decrypt: async () => encodeUtf8('something else'),
      describe: async () => ({ type: 'test', keyId: '', state: '' }),
    };
    await expect(openWallet(file, 'pw', { provider: setupOf(other) })).rejects.toMatchObject({ code: 'ERR_KMS_CHECK' });
    const lies = { ...other, decrypt: async () => new Uint8Array(67) };
    const setup = { connect: () => ({ provider: lies, skipCheck: true }) };
    using wallet2 = await openWallet(file, 'pw', { provider: setup });
    await expect(wallet2.fetchKeys()).rejects.toMatchObject({
      code: 'ERR_KMS_CHECK',
      message: expect.stringContaining(wallet2.masterKeys[0]?.keyId as string),
    });
  });

  it('is told the KEY_ID with every key, to bind the ciphertext to it', async () => {
    const { provider, wallet } = await atProvider();
    const contexts: unknown[] = [];
    const encrypt = provider.encrypt.bind(provider);
    provider.encrypt = (plaintext, options) => {
      contexts.push(options?.context);
      return encrypt(plaintext, options);
    };
    const { keyId } = wallet.createKey();
    await wallet.encode();
    expect(contexts).toEqual([{ keyId }]);
    wallet.dispose();
  });

  it('that rotated its key: ciphertexts are made anew, the keys stay', async () => {
    const { provider, wallet, keyId, file } = await atProvider();
    provider.version = 2;
    expect(await wallet.reencryptKeys()).toBe(1);
    const again = await wallet.encode();
    wallet.dispose();
    expect(equalPublicBytes(file, again)).toBe(false);
    using opened = await openWallet(again, 'pw', { provider: setupOf(provider) });
    using key = opened.exportKey(keyId);
    expect(key.expose()).toEqual(MK);
    // One that encrypts anew by itself is asked to, and says what changed.
    const changed = { ciphertext: Uint8Array.of(1), changed: false };
    const able = Object.assign(new TestProvider(), { version: 2, reencrypt: async () => changed });
    using other = await openWallet(again, 'pw', { provider: setupOf(able) });
    able.asked.length = 0;
    expect(await other.reencryptKeys()).toBe(0);
    expect(able.asked).toEqual([]);
  });

  it('that is away leaves a fork that comes to nothing, and the wallet as it was', async () => {
    const { provider, wallet, keyId } = await atProvider();
    provider.away = true;
    const fork = wallet.fork();
    fork.setKey();
    await expect(fork.encode()).rejects.toMatchObject({ code: 'ERR_KMS_UNREACHABLE' });
    wallet.discard(fork);
    expect(wallet.masterKeys.map((key) => key.keyId)).toEqual([keyId]);
    const envelope = wallet.wrapDataKey(MK);
    expect(wallet.unwrapDataKey(envelope).expose()).toEqual(MK);
    expect(provider.disposals).toBe(0);
    wallet.dispose();
    expect(provider.disposals).toBe(1);
  });

  it('has one deadline for all keys of a wallet', async () => {
    const { provider, wallet, file } = await atProvider();
    wallet.dispose();
    const slow: MasterKeyProvider = {
      encrypt: (plaintext) => provider.encrypt(plaintext),
      decrypt: (_, options) =>
        new Promise((__, reject) => {
          expect(options?.timeoutMs).toBeLessThanOrEqual(20);
          setTimeout(() => reject(new TransportError('ERR_KMS_UNREACHABLE', 'slow')), options?.timeoutMs);
        }),
      describe: () => provider.describe(),
    };
    const opening = openWallet(file, 'pw', { provider: setupOf(slow, { timeoutMs: 20 }) });
    await expect(opening).rejects.toMatchObject({ code: 'ERR_KMS_UNREACHABLE' });
  });
});
