import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeyring } from '../../../src/keyring/index.ts';
import type { RequestEvent } from '../../../src/kmip/client/index.ts';
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

  it('the profile percona: makes, stores, lists and removes, beside other groups', async () => {
    const open = (instance: string) =>
      openKeyring({ backend: 'kmip', directory, profile: 'percona', instance, refreshMs: 0 });
    await using keyring = await open('percona');
    await using other = await open('percona-too');
    await other.generate('x', 'AES', 16);
    expect(await keyring.has('x')).toBe(false);
    const { backendKeyId } = await keyring.generate('x', 'AES', 32);
    await keyring.store('s', 'SECRET', Uint8Array.of(1, 2, 3));
    await expect(keyring.generate('x', 'AES', 32)).rejects.toMatchObject({ code: 'ERR_KEYRING_EXISTS' });
    await using again = await open('percona');
    const listed: string[] = [];
    for await (const { id, owner, type, lengthBytes } of again.list())
      listed.push(`${id} ${owner} ${type} ${lengthBytes}`);
    expect(listed.sort()).toEqual(['s  SECRET 3', 'x  AES 32']);
    expect((await again.info('x'))?.backendKeyId).toBe(backendKeyId);
    using secret = await again.fetch('s');
    expect([...(secret?.key.expose() ?? [])]).toEqual([1, 2, 3]);
    using key = await keyring.fetch('x');
    using same = await again.fetch('x');
    expect(key?.key.expose()).toEqual(same?.key.expose());
    for (const id of ['x', 's']) expect(await again.remove(id)).toBe(true);
    expect(await keyring.has('x')).toBe(false);
    expect((await other.info('x'))?.lengthBytes).toBe(16);
  });

  it('lists many keys with one message for each 32', async () => {
    await using keyring = await openKeyring({ backend: 'kmip', directory, instance: 'many', refreshMs: 0 });
    const ids = Array.from({ length: 33 }, (_, i) => `k${i}`);
    for (const id of ids) await keyring.generate(id, 'AES', 16);
    const sent: string[] = [];
    const note = (event: unknown): void => {
      const { operations } = event as RequestEvent;
      if (operations[0] !== 'Locate') sent.push(`${operations[0]} ${operations.length}`); // as many as there are pages
    };
    subscribe('keyward:kmip:request', note);
    try {
      const listed: string[] = [];
      for await (const { id } of keyring.list()) listed.push(id);
      expect(listed.sort()).toEqual(ids.sort());
    } finally {
      unsubscribe('keyward:kmip:request', note);
    }
    expect(sent).toEqual(['GetAttributes 32', 'GetAttributes 1']);
  });

  it.each(['des3', 'pkcs8'] as const)('an encrypted client key with its password.txt: %s', async (keyForm) => {
    const encrypted = server.clientFolder(`okv-${keyForm}`, { keyForm });
    await using keyring = await openKeyring({ backend: 'kmip', directory: encrypted, instance: keyForm });
    await keyring.generate('x', 'AES', 16);
    expect(await keyring.has('x')).toBe(true);
  });

  it('a primary that is dead costs no more than the next one’s head start', async () => {
    const standby = server.clientFolder('standby', { server: '127.0.0.1:1', standby: [`127.0.0.1:${server.port}`] });
    await using keyring = await openKeyring({ backend: 'kmip', directory: standby, instance: 'standby' });
    await keyring.generate('x', 'AES', 16);
    expect(await keyring.has('x')).toBe(true);
  });

  it('another client’s keys are absent, and its names are free', async () => {
    const other = server.clientFolder('other', { client: 'client-b' });
    await using mine = await openKeyring({ backend: 'kmip', directory, instance: 'shared' });
    await using theirs = await openKeyring({ backend: 'kmip', directory: other, instance: 'shared' });
    await mine.generate('x', 'AES', 16);
    expect(await theirs.has('x')).toBe(false);
    await theirs.generate('x', 'AES', 32);
    expect(await theirs.remove('x')).toBe(true);
    expect(await mine.has('x')).toBe(true);
  });

  it('every state of an object: what was revoked is a key still, what was never activated is none and collected', async () => {
    const { connectKmip } = await import('../../../src/kmip/client/index.ts');
    const { cert, key } = server.client();
    const credentials = { ca: { file: server.authority.ca }, cert: { file: cert }, key: { file: key } };
    await using client = await connectKmip({ servers: [server], credentials });
    await using keyring = await openKeyring({ backend: 'kmip', directory, instance: 'states', refreshMs: 0 });
    const { backendKeyId } = await keyring.generate('x', 'AES', 16);
    const uniqueIdentifier = backendKeyId as string;
    await expect(client.request('Destroy', { uniqueIdentifier })).rejects.toMatchObject({
      resultReason: 'PermissionDenied',
    });
    const revocationReason = { revocationReasonCode: 'KeyCompromise' } as const;
    await client.request('Revoke', { uniqueIdentifier, revocationReason, compromiseOccurrenceDate: 1n });
    expect(await keyring.has('x')).toBe(true);
    expect(await keyring.remove('x')).toBe(true);

    await keyring.generate('y', 'AES', 16);
    const { attribute = [] } = await client.request('GetAttributes', {
      uniqueIdentifier: (await keyring.info('y'))?.backendKeyId as string,
      attributeName: ['Name', 'Application Specific Information', 'Object Group'],
    });
    expect(await keyring.remove('y')).toBe(true);
    const aes = [
      { attributeName: 'Cryptographic Algorithm', attributeValue: 'AES' },
      { attributeName: 'Cryptographic Length', attributeValue: 128 },
      { attributeName: 'Cryptographic Usage Mask', attributeValue: 12 },
    ] as const;
    // As a maker leaves it that dies before it publishes.
    await client.request('Create', {
      objectType: 'SymmetricKey',
      templateAttribute: { attribute: [...aes, ...attribute.map(({ attributeIndex: _, ...rest }) => rest as never)] },
    });
    expect(await keyring.has('y')).toBe(false);
    expect(await keyring.gc()).toBe(0);
    const realNow = Date.now;
    Date.now = () => realNow() + 3_600_000;
    try {
      expect(await keyring.gc()).toBe(1);
    } finally {
      Date.now = realNow;
    }
    await keyring.generate('y', 'AES', 16);
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
