import { describe, expect, it } from 'vitest';
import type { Keyring } from '../../../src/keyring/index.ts';
import { attribute, findAttribute } from '../../../src/kmip/index.ts';
import { FakeServer } from './fake-server.ts';
import { keyringOver } from './support.ts';

const over = (server: FakeServer, instance = 'db1') => keyringOver(server.port(), { profile: 'percona', instance });

async function read(keyring: Keyring, id: string) {
  using found = await keyring.fetch(id);
  return found === null ? null : { type: found.type, length: found.lengthBytes, bytes: found.key.copy() };
}

/** An object as Percona's component makes it. */
async function registerAsPercona(server: FakeServer, name: string, group: string | null, secret: Uint8Array | null) {
  const port = server.port();
  const common = [
    attribute('Name', { nameValue: name, nameType: 'UninterpretedTextString' }),
    ...(group === null ? [] : [attribute('Object Group', group)]),
  ];
  const keyBlock = {
    keyFormatType: 'Opaque',
    keyValue: { keyMaterial: secret ?? new Uint8Array(32).fill(7) },
  } as const;
  const payload =
    secret === null
      ? {
          objectType: 'SymmetricKey' as const,
          templateAttribute: {
            attribute: [
              ...common,
              attribute('Cryptographic Algorithm', 'AES'),
              attribute('Cryptographic Length', 256),
              attribute('Cryptographic Usage Mask', 12),
            ],
          },
          symmetricKey: { keyBlock: { ...keyBlock, keyFormatType: 'Raw' as const } },
        }
      : {
          objectType: 'SecretData' as const,
          templateAttribute: { attribute: [...common, attribute('Cryptographic Usage Mask', 0x240)] },
          secretData: { secretDataType: 'Password' as const, keyBlock },
        };
  const { uniqueIdentifier } = await port.request('Register', payload as never);
  return uniqueIdentifier;
}

describe('profile percona', () => {
  it('reads what Percona wrote, once it is active', async () => {
    const server = new FakeServer();
    await using keyring = await over(server);
    const uid = await registerAsPercona(server, 'INNODBKey-1', 'db1', null);
    expect(await keyring.has('INNODBKey-1')).toBe(false);
    await server.port().request('Activate', { uniqueIdentifier: uid });
    expect(await read(keyring, 'INNODBKey-1')).toEqual({ type: 'AES', length: 32, bytes: new Uint8Array(32).fill(7) });
    const secret = await registerAsPercona(server, 'audit', 'db1', Uint8Array.of(1, 2, 3));
    await server.port().request('Activate', { uniqueIdentifier: secret });
    expect(await read(keyring, 'audit')).toEqual({ type: 'SECRET', length: 3, bytes: Uint8Array.of(1, 2, 3) });
    const listed: string[] = [];
    for await (const { id, type, lengthBytes } of keyring.list()) listed.push(`${id} ${type} ${lengthBytes}`);
    expect(listed.sort()).toEqual(['INNODBKey-1 AES 32', 'audit SECRET 3']);
  });

  it('writes what Percona reads: registered, named by its id, in its group, active', async () => {
    const server = new FakeServer();
    await using keyring = await over(server);
    await keyring.generate('a', 'AES', 32);
    await keyring.store('s', 'SECRET', Uint8Array.of(9, 8));
    expect(server.log.filter((name) => name === 'Create')).toEqual([]);
    const [aes, secret] = server.living;
    for (const [object, id, mask] of [
      [aes, 'a', 12],
      [secret, 's', 0x240],
    ] as const) {
      expect(findAttribute(object?.attributes, 'Name')?.nameValue).toBe(id);
      expect(findAttribute(object?.attributes, 'Object Group')).toBe('db1');
      expect(findAttribute(object?.attributes, 'Cryptographic Usage Mask')).toBe(mask);
      expect(object?.state).toBe('Active');
    }
    expect(findAttribute(aes?.attributes, 'Cryptographic Length')).toBe(256);
    expect(await keyring.remove('a')).toBe(true);
    expect(server.living).toEqual([secret]);
  });

  it('leaves objects of other groups, without a name or of other kinds alone', async () => {
    const server = new FakeServer();
    await using keyring = await over(server);
    for (const group of ['db2', null]) {
      const uid = await registerAsPercona(server, 'x', group, null);
      await server.port().request('Activate', { uniqueIdentifier: uid });
    }
    expect(await keyring.has('x')).toBe(false);
    await keyring.generate('x', 'AES', 16);
    expect((await read(keyring, 'x'))?.length).toBe(16);
  });

  it('refuses what Percona cannot keep, before anything is asked of the server', async () => {
    const server = new FakeServer();
    await using keyring = await over(server);
    const refused = async (what: Promise<unknown>, code: string): Promise<void> => {
      await expect(what).rejects.toMatchObject({ code });
    };
    await refused(keyring.generate('x', 'AES', 32, { owner: 'root@localhost' }), 'ERR_KEYRING_OWNER');
    await refused(keyring.generate('x'.repeat(251), 'AES', 32), 'ERR_KEYRING_ID');
    await refused(keyring.store('x', 'AES', new Uint8Array(13)), 'ERR_KEYRING_LENGTH');
    await refused(keyring.store('x', 'RSA', new Uint8Array(128)), 'ERR_KEYRING_TYPE');
    await refused(keyring.rotate('x'), 'ERR_KEYRING_VERSIONS');
    expect(server.log).toEqual([]);
    expect(keyring.accepts('AES', 13)).toBe(false);
    expect(await keyring.has('x', { owner: 'root@localhost' })).toBe(false);
  });

  it.each(['db1', ''])(
    'never destroys an inactive key that it did not make, however old (group "%s")',
    async (group) => {
      let now = 1_000_000;
      const server = new FakeServer({ now: () => now });
      const uid = await registerAsPercona(server, 'pg_tde', group === '' ? null : group, null);
      now += 100_000;
      await using keyring = await keyringOver(server.port(), {
        ...{ profile: 'percona', instance: group, now: () => now * 1000, maxRounds: 3 },
      });
      expect(await keyring.gc()).toBe(0);
      await expect(keyring.generate('pg_tde', 'AES', 32)).rejects.toMatchObject({ code: 'ERR_KEYRING_BUSY' });
      const stored = keyring.store('pg_tde', 'SECRET', Uint8Array.of(1));
      await expect(stored).rejects.toMatchObject({ code: 'ERR_KEYRING_BUSY' });
      expect(await keyring.remove('pg_tde')).toBe(false);
      expect(server.living).toMatchObject([{ uid, state: 'PreActive', bytes: new Uint8Array(32).fill(7) }]);
    },
  );

  it('collects what it left unfinished itself, and takes no other data in its namespace for its own', async () => {
    let now = 1_000_000;
    const server = new FakeServer({ now: () => now });
    const dying = await keyringOver(
      server.port((operation) => (['Activate', 'Destroy'].includes(operation) ? 'down' : 'answered')),
      { profile: 'percona', instance: 'db1' },
    );
    await expect(dying.generate('x', 'AES', 16)).rejects.toMatchObject({ name: 'TransportError' });
    const other = await registerAsPercona(server, 'y', 'db1', null);
    server.objects
      .get(other)
      ?.attributes.push(
        attribute('Application Specific Information', { applicationNamespace: 'keyward', applicationData: 'a/b/c' }),
      );
    now += 601;
    await using keyring = await keyringOver(server.port(), {
      ...{ profile: 'percona', instance: 'db1', now: () => now * 1000 },
    });
    expect(await keyring.gc()).toBe(1);
    expect(server.living).toMatchObject([{ uid: other }]);
  });

  it('finds a Register again whose answer was lost', async () => {
    const server = new FakeServer();
    let registers = 0;
    const port = server.port((name) => (name === 'Register' && registers++ === 0 ? 'lost' : 'answered'));
    await using keyring = await keyringOver(port, { profile: 'percona', instance: 'db1' });
    const { backendKeyId } = await keyring.generate('x', 'AES', 16);
    expect(registers).toBe(1);
    expect(server.living).toMatchObject([{ uid: backendKeyId, state: 'Active' }]);
  });

  it('of many makers of one key one succeeds', async () => {
    const server = new FakeServer();
    const keyrings = await Promise.all(Array.from({ length: 4 }, () => over(server)));
    const outcomes = await Promise.allSettled(keyrings.map((keyring) => keyring.generate('x', 'AES', 16)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(server.living).toHaveLength(1);
    await expect((keyrings[0] as Keyring).generate('x', 'AES', 16)).rejects.toMatchObject({
      code: 'ERR_KEYRING_EXISTS',
    });
  });
});
