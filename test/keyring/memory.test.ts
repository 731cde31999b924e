import { describe, expect, it } from 'vitest';
import { openKeyring } from '../../src/keyring/index.ts';
import { conformance } from './conformance.ts';

conformance('memory', { open: () => openKeyring({ backend: 'memory' }), durable: false, anyType: true });
conformance('memory, keys at rest wrapped, rules of okv', {
  open: () => openKeyring({ backend: 'memory', cacheKeys: false, rules: 'okv' }),
  durable: false,
  anyType: false,
});

describe('memory keyring', () => {
  it('stores nothing as nothing', async () => {
    await using keyring = await openKeyring({ backend: 'memory', cacheKeys: false });
    await keyring.store('x', 'SECRET', new Uint8Array());
    using found = await keyring.fetch('x');
    expect(found?.key.length).toBe(0);
  });

  it('shows no key when printed', async () => {
    await using keyring = await openKeyring({ backend: 'memory' });
    await keyring.store('x', 'SECRET', new TextEncoder().encode('hunter2'));
    using found = await keyring.fetch('x');
    expect(JSON.stringify(found)).toBe(
      '{"id":"x","owner":"","type":"SECRET","lengthBytes":7,"version":1,"backendKeyId":null,"key":"[redacted]"}',
    );
  });

  it('refuses options that it does not know', async () => {
    const open = (options: object) => openKeyring(options as Parameters<typeof openKeyring>[0]);
    await expect(open({ backend: 'memory', cachekeys: true })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(open({ backend: 'vault' })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(open({ backend: 'memory', rules: 'none' })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  it.each([
    ['AES', [16, 24, 32], [8, 33, 512]],
    ['RSA', [128, 256, 512], [16, 384]],
    ['DSA', [128, 256, 384], [8, 512]],
    ['SECRET', [1, 16_384], [0, 16_385]],
  ])('rules of the plugin: %s', async (type, taken, refused) => {
    await using keyring = await openKeyring({ backend: 'memory', rules: 'plugin' });
    for (const length of taken) await keyring.generate(`${type}${length}`, type, length);
    for (const length of refused)
      await expect(keyring.generate('x', type, length)).rejects.toMatchObject({ code: 'ERR_KEYRING_LENGTH' });
    await keyring.store('any length', type, new Uint8Array(13));
    await expect(keyring.store('x', type.toLowerCase(), new Uint8Array(16))).rejects.toMatchObject({
      code: 'ERR_KEYRING_TYPE',
    });
  });
});
