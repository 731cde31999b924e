import { describe, expect, it } from 'vitest';
import { openKeyring } from '../../../src/keyring/index.ts';
import type { KmipPort } from '../../../src/keyring/kmip/port.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { refuseItem, startFakeKmipServer } from '../../support/fake-kmip-server.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';
import { FakeServer, refusal } from './fake-server.ts';
import { keyringOver } from './support.ts';

/** A way to a server whose first Queries are refused. */
function refusingQuery(server: FakeServer, times: number, reason = 'GeneralFailure'): KmipPort {
  const port = server.port();
  let asked = 0;
  return {
    ...port,
    capabilities: async (options) => {
      if (asked++ < times) throw refusal('Query', reason, 'busy');
      return await port.capabilities(options);
    },
  };
}

describe('the choice of a profile', () => {
  it('regression: Query refused once with General Failure does not change where keys are; none is made twice', async () => {
    const server = new FakeServer();
    await using first = await keyringOver(server.port());
    const made = await first.generate('x', 'AES', 16);
    await expect(keyringOver(refusingQuery(server, 1))).rejects.toMatchObject({ resultReason: 'GeneralFailure' });
    await using keyring = await keyringOver(refusingQuery(server, 1), { lazy: true });
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ resultReason: 'GeneralFailure' });
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KEYRING_EXISTS' });
    expect((await keyring.info('x'))?.backendKeyId).toBe(made.backendKeyId);
    expect(server.living).toHaveLength(1);
  });

  it.skipIf(!hasPeer('openssl'))('regression: the same by way of the client, over TLS', async () => {
    using folder = makeTempFolder();
    const authority = makeAuthority(folder.path, 'ecdsa');
    const subject = { commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' } as const;
    const own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    const kept = new FakeServer();
    let refusals = 0;
    await using server = await startFakeKmipServer({
      authority,
      certificate: authority.issue('server', subject),
      script: (exchange) => {
        const { request, operation } = exchange;
        const refuse = operation === 'Query' && refusals-- > 0;
        exchange.answer(
          request.batchItem.map((item) => (refuse ? refuseItem(item, 'GeneralFailure', 'busy') : kept.answer(item))),
        );
      },
    });
    const credentials = { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } };
    const options = { backend: 'kmip', client: { servers: [server], credentials }, lazy: true } as const;
    await using first = await openKeyring(options);
    await first.generate('x', 'AES', 16);
    refusals = 1;
    await using keyring = await openKeyring(options);
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ resultReason: 'GeneralFailure' });
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KEYRING_EXISTS' });
    expect(kept.living).toHaveLength(1);
  });

  it('is not guessed for a server that does not tell what it can do', async () => {
    const server = new FakeServer({ operations: null });
    await expect(keyringOver(server.port())).rejects.toMatchObject({
      name: 'UsageError',
      code: 'ERR_KEYRING_PROFILE',
      hint: expect.stringContaining('set profile'),
    });
    expect(server.log).toEqual([]);
  });

  it.each(['okv', 'name'] as const)('needs no Query where it is set: %s', async (profile) => {
    const silent = new FakeServer({ operations: null });
    const failing = new FakeServer();
    for (const [server, port] of [
      [silent, silent.port()],
      [failing, refusingQuery(failing, Number.POSITIVE_INFINITY)],
    ] as const) {
      await using keyring = await keyringOver(port, { profile });
      await keyring.generate('s', 'SECRET', 16);
      expect(server.living).toHaveLength(1);
      expect(server.log).not.toContain('RNGRetrieve');
      const names = server.living[0]?.attributes.map(({ attributeName }) => attributeName);
      expect(names?.includes('x-key-ready')).toBe(profile === 'okv');
    }
  });
});
