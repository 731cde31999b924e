import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeyring } from '../../../src/keyring/index.ts';
import { hasPeer } from '../../support/peers.ts';
import { type PykmipServer, startPykmip } from '../../support/pykmip.ts';
import { conformance } from '../conformance.ts';

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('keyring over PyKMIP', () => {
  let server: PykmipServer;
  let directory: string;
  beforeAll(async () => {
    server = await startPykmip();
    directory = server.clientFolder('okv');
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  conformance('kmip over PyKMIP, from an okvclient.ora directory', {
    open: () => openKeyring({ backend: 'kmip', directory, instance: 'conformance', refreshMs: 0 }),
    durable: true,
    anyType: false,
  });

  it('a key lives through a restart of the server between two calls, and of the keyring', async () => {
    await using keyring = await openKeyring({ backend: 'kmip', directory, cacheKeys: false, refreshMs: 0 });
    await keyring.generate('restart', 'AES', 32, { owner: 'a@b' });
    using before = await keyring.fetch('restart', { owner: 'a@b' });
    await server.stop();
    await expect(keyring.fetch('restart', { owner: 'a@b', timeoutMs: 3000 })).rejects.toMatchObject({
      name: 'TransportError',
    });
    await server.start();
    using after = await keyring.fetch('restart', { owner: 'a@b' });
    expect(after?.key.expose()).toEqual(before?.key.expose());
  });
});
