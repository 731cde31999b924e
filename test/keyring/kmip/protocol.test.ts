import { describe, expect, it } from 'vitest';
import type { Keyring } from '../../../src/keyring/index.ts';
import { attribute, findAttribute, textAttribute } from '../../../src/kmip/index.ts';
import { FakeServer, type FakeServerOptions, type Fate, refusal } from './fake-server.ts';
import { keyringOver } from './support.ts';

/** Both profiles, by the servers that call for them. */
const SERVERS: Record<string, FakeServerOptions> = {
  okv: {},
  name: {
    operations: ['Create', 'Register', 'Locate', 'Get', 'GetAttributes', 'Activate', 'Revoke', 'Destroy'],
    customAttributes: false,
  },
};
const profiles = Object.entries(SERVERS);

/** A fate for the n-th request of an operation. */
function onNth(operation: string, n: number, fate: Fate): NonNullable<FakeServerOptions['fate']> {
  let seen = 0;
  return (name) => (name === operation && seen++ === n ? fate : 'answered');
}

async function bytesOf(keyring: Keyring, id: string): Promise<Uint8Array | undefined> {
  using found = await keyring.fetch(id);
  return found?.key.copy();
}

describe.each(profiles)('a key in a KMIP server, profile %s', (profile, options) => {
  const publishing = profile === 'okv' ? ['Create', 'Activate', 'AddAttribute'] : ['Create', 'Activate'];

  it('is chosen by Query', async () => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port());
    await keyring.generate('x', 'AES', 16);
    const [object] = server.living;
    const names = object?.attributes.map(({ attributeName }) => attributeName) ?? [];
    expect(names.includes('x-key-ready')).toBe(profile === 'okv');
    expect(names.includes('Application Specific Information')).toBe(profile === 'name');
    expect(findAttribute(object?.attributes, 'Cryptographic Usage Mask')).toBe(12);
    expect(object).toMatchObject({ objectType: 'SymmetricKey', state: 'Active' });
  });

  it('takes five or six requests to make and three to fetch', async () => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port(), { cacheKeys: false });
    await keyring.generate('x', 'AES', 16);
    const made = ['Locate', 'Create', 'Locate', 'GetAttributes', 'Activate'];
    expect(server.log.splice(0)).toEqual(profile === 'okv' ? [...made, 'AddAttribute'] : made);
    await bytesOf(keyring, 'x');
    expect(server.log.splice(0)).toEqual(['Locate', 'GetAttributes', 'Get']);
  });

  it.each(publishing)('the answer to %s is lost: found again, never made twice', async (operation) => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port(onNth(operation, 0, 'lost')));
    const made = await keyring.generate('x', 'AES', 16);
    expect(server.living).toHaveLength(1);
    expect(server.living[0]).toMatchObject({ uid: made.backendKeyId, state: 'Active' });
    expect(server.log.filter((name) => name === 'Create')).toHaveLength(1);
    expect((await bytesOf(keyring, 'x'))?.length).toBe(16);
  });

  it.each(publishing)('the request for %s is lost: sent again', async (operation) => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port(onNth(operation, 0, 'dropped')));
    await keyring.generate('x', 'AES', 16);
    expect(server.living).toHaveLength(1);
    expect((await bytesOf(keyring, 'x'))?.length).toBe(16);
  });

  it.each(['first', 'next'] as const)(
    'a Create whose answer is lost as the call ends leaves nothing in the way (%s version)',
    async (goal) => {
      const server = new FakeServer(options);
      await using keyring = await keyringOver(server.port());
      if (goal === 'next') await keyring.generate('x', 'AES', 16);
      const ending = new AbortController();
      const losing = server.port((operation) => {
        if (operation !== 'Create') return 'answered';
        ending.abort(new Error('enough'));
        return 'lost';
      });
      await using ended = await keyringOver(losing);
      const call = { signal: ending.signal };
      const made = goal === 'first' ? ended.generate('x', 'AES', 16, call) : ended.rotate('x', call);
      await expect(made).rejects.toThrow('enough');
      expect(server.living).toHaveLength(goal === 'first' ? 0 : 1);
    },
  );

  it.each(publishing)(
    '%s never gets anywhere: given up after as many rounds as there are, with pauses',
    async (operation) => {
      const server = new FakeServer(options);
      let sent = 0;
      let pauses = 0;
      const port = server.port((name) => {
        if (name !== operation) return 'answered';
        sent++;
        return 'dropped';
      });
      await using keyring = await keyringOver(port, {
        maxRounds: 5,
        sleep: async () => {
          pauses++;
        },
      });
      const code = operation === 'Create' ? 'ERR_KEYRING_BUSY' : 'ERR_KMIP_OUTCOME_UNKNOWN';
      await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code });
      expect(sent).toBe(5);
      expect(pauses).toBe(operation === 'Create' ? 4 : 0);
      // What may have become a key is not destroyed; nothing else is left.
      expect(server.living).toHaveLength(operation === 'Create' ? 0 : 1);
    },
  );

  it('the versions after an AES key of a length of its own are made here', async () => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port());
    await keyring.store('x', 'AES', new Uint8Array(13).fill(5));
    expect(await keyring.rotate('x')).toMatchObject({ version: 2, type: 'AES', lengthBytes: 13 });
    expect((await bytesOf(keyring, 'x'))?.length).toBe(13);
    expect(server.log).not.toContain('Create');
  });

  it('a Create that arrives after all is no key, and is collected', async () => {
    let now = 1_000_000;
    const server = new FakeServer({ ...options, now: () => now });
    await using keyring = await keyringOver(server.port(onNth('Create', 0, 'late')), { now: () => now * 1000 });
    await keyring.generate('x', 'AES', 16);
    const bytes = await bytesOf(keyring, 'x');
    server.deliver();
    expect(server.living).toHaveLength(2);
    expect(await bytesOf(keyring, 'x')).toEqual(bytes);
    expect(await keyring.gc()).toBe(0); // not old enough: it might be somebody's at work
    now += 601;
    expect(await keyring.gc()).toBe(1);
    expect(server.living).toHaveLength(1);
    expect(await bytesOf(keyring, 'x')).toEqual(bytes);
  });

  it('what a maker that died left is in the way until it is old, and never a key', async () => {
    let now = 1_000_000;
    const server = new FakeServer({ ...options, now: () => now });
    const dying = await keyringOver(
      server.port((operation) => (operation === 'Activate' || operation === 'Destroy' ? 'down' : 'answered')),
    );
    await expect(dying.generate('x', 'AES', 16)).rejects.toMatchObject({ name: 'TransportError' });
    expect(server.living).toMatchObject([{ state: 'PreActive' }]);
    await using keyring = await keyringOver(server.port(), { now: () => now * 1000, maxRounds: 3 });
    expect(await keyring.has('x')).toBe(false);
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KEYRING_BUSY' });
    expect(server.living).toHaveLength(1);
    now += 601;
    await keyring.generate('x', 'AES', 32);
    expect(server.living).toMatchObject([{ state: 'Active' }]);
    expect((await bytesOf(keyring, 'x'))?.length).toBe(32);
  });

  it('a refusal of any step leaves nothing behind, and is what the caller is told', async () => {
    for (const operation of publishing) {
      const server = new FakeServer(options);
      const port = server.port((name) => (name === operation ? refusal(name, 'PermissionDenied', 'no') : 'answered'));
      await using keyring = await keyringOver(port, { maxRounds: 3 });
      const generated = keyring.generate('x', 'AES', 16);
      await expect(generated).rejects.toMatchObject({
        name: 'ProtocolError',
        operation,
        resultReason: 'PermissionDenied',
      });
      expect(server.living).toEqual([]);
    }
  });

  it('a Locate that fails is not an absence', async () => {
    const server = new FakeServer(options);
    await using writer = await keyringOver(server.port());
    await writer.generate('x', 'AES', 16);
    const denied = refusal('Locate', 'PermissionDenied', 'not you');
    await using keyring = await keyringOver(server.port((name) => (name === 'Locate' ? denied : 'answered')));
    await expect(keyring.fetch('x')).rejects.toBe(denied);
    await expect(keyring.has('x')).rejects.toBe(denied);
    await expect(keyring.generate('x', 'AES', 16)).rejects.toBe(denied);
    await expect(keyring.remove('x')).rejects.toBe(denied);
    expect(server.living).toHaveLength(1);
  });

  it('an object that may not be looked at is not an absence either', async () => {
    const server = new FakeServer(options);
    await using writer = await keyringOver(server.port());
    await writer.generate('x', 'AES', 16);
    const denied = refusal('GetAttributes', 'PermissionDenied', 'not you');
    await using keyring = await keyringOver(server.port((name) => (name === 'GetAttributes' ? denied : 'answered')));
    await expect(keyring.has('x')).rejects.toBe(denied);
    await expect(keyring.generate('x', 'AES', 16)).rejects.toBe(denied);
  });

  it('objects that only look like keys are passed over', async () => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port());
    await keyring.generate('x', 'AES', 16);
    const [real] = server.living;
    const swapped = (real?.attributes ?? []).map((a) => {
      if (a.attributeName === 'Name') return attribute('Name', { nameValue: 'x', nameType: 'UninterpretedTextString' });
      return a.attributeName === 'x-key-length' ? textAttribute('x-key-length', '-1') : a;
    });
    server.objects.set('uid-x', { ...(real as NonNullable<typeof real>), uid: 'uid-x', attributes: swapped });
    expect((await keyring.info('x'))?.backendKeyId).toBe(real?.uid);
  });

  it('two keys of one name, which none of us made, are refused by name', async () => {
    const server = new FakeServer(options);
    await using keyring = await keyringOver(server.port());
    await keyring.generate('x', 'AES', 16);
    const [real] = server.living;
    server.objects.set('uid-x', { ...(real as NonNullable<typeof real>), uid: 'uid-x' });
    await expect(keyring.fetch('x')).rejects.toMatchObject({
      code: 'ERR_KEYRING_DUPLICATE',
      message: expect.stringMatching(/uid-1 and uid-x/),
    });
  });

  it('instances do not see each other’s keys', async () => {
    const server = new FakeServer(options);
    await using one = await keyringOver(server.port(), { instance: 'one' });
    await using two = await keyringOver(server.port(), { instance: 'two' });
    await one.generate('x', 'AES', 16);
    expect(await two.has('x')).toBe(false);
    await two.generate('x', 'AES', 32);
    expect(await two.remove('x')).toBe(true);
    expect((await bytesOf(one, 'x'))?.length).toBe(16);
    const listed: string[] = [];
    for await (const { id } of two.list()) listed.push(id);
    expect(listed).toEqual([]);
  });

  describe('removing', () => {
    it('in whatever state the object is', async () => {
      for (const state of ['Active', 'Deactivated', 'Compromised']) {
        const server = new FakeServer(options);
        await using keyring = await keyringOver(server.port());
        await keyring.generate('x', 'AES', 16);
        (server.living[0] as { state: string }).state = state;
        expect(await keyring.has('x'), state).toBe(true);
        expect(await keyring.remove('x'), state).toBe(true);
        expect(server.living).toEqual([]);
      }
    });

    it.each(['Revoke', 'Destroy'])('the answer to %s is lost: done all the same', async (operation) => {
      for (const fate of ['lost', 'dropped'] as const) {
        const server = new FakeServer(options);
        await using keyring = await keyringOver(server.port(onNth(operation, 0, fate)));
        await keyring.generate('x', 'AES', 16);
        expect(await keyring.remove('x')).toBe(true);
        expect(server.living).toEqual([]);
      }
    });

    it('that the server refuses is an error, and the key is there still', async () => {
      const server = new FakeServer(options);
      const port = server.port((name) =>
        name === 'Destroy' ? refusal(name, 'PermissionDenied', 'policy') : 'answered',
      );
      await using keyring = await keyringOver(port);
      await keyring.generate('x', 'AES', 16);
      await expect(keyring.remove('x')).rejects.toMatchObject({
        code: 'ERR_KEYRING_NOT_DESTROYED',
        cause: { resultMessage: 'policy' },
      });
      expect(await keyring.has('x')).toBe(true);
    });
  });

  it('an outage: keys that were kept go on, others fail, and all is well again without a restart', async () => {
    let isDown = false;
    const server = new FakeServer(options);
    const port = server.port(() => (isDown ? 'down' : 'answered'));
    await using keyring = await keyringOver(port);
    await keyring.generate('x', 'AES', 16);
    const bytes = await bytesOf(keyring, 'x');
    isDown = true;
    expect(await bytesOf(keyring, 'x')).toEqual(bytes);
    await expect(keyring.fetch('y')).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    await expect(keyring.generate('y', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    isDown = false;
    await keyring.generate('y', 'AES', 16);
    expect(await keyring.has('y')).toBe(true);
  });

  it('a keyring opened lazily while the server is down works once it is up', async () => {
    let isDown = true;
    const server = new FakeServer(options);
    const port = server.port(() => (isDown ? 'down' : 'answered'));
    const capabilities = async () => {
      await port.locateAll([]);
      return await port.capabilities();
    };
    const asking = { ...port, capabilities };
    await expect(keyringOver(asking)).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    await using keyring = await keyringOver(asking, { lazy: true });
    await expect(keyring.has('x')).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    isDown = false;
    await keyring.generate('x', 'AES', 16);
  });

  it('refreshMs: within it a fetch asks for the bytes alone, or for nothing when keys are kept', async () => {
    const server = new FakeServer(options);
    let time = 0;
    const clock = () => time;
    await using other = await keyringOver(server.port());
    await using caching = await keyringOver(server.port(), { refreshMs: 1000, clock });
    await using asking = await keyringOver(server.port(), { refreshMs: 1000, clock, cacheKeys: false });
    await other.generate('x', 'AES', 16);
    await bytesOf(caching, 'x');
    await bytesOf(asking, 'x');
    server.log.splice(0);
    await bytesOf(caching, 'x');
    expect(server.log.splice(0)).toEqual([]);
    await bytesOf(asking, 'x');
    expect(server.log.splice(0)).toEqual(['Get']);
    await other.remove('x');
    await other.generate('x', 'AES', 32);
    expect((await bytesOf(caching, 'x'))?.length).toBe(16); // not yet
    expect((await bytesOf(asking, 'x'))?.length).toBe(32); // the Get found nothing, so it looked
    time = 1000;
    expect((await bytesOf(caching, 'x'))?.length).toBe(32);
  });

  it('a deadline is one for all requests of a call', async () => {
    let time = 0;
    const server = new FakeServer(options);
    const port = server.port(() => {
      time += 400;
      return 'answered';
    });
    await using keyring = await keyringOver(port, { clock: () => time });
    await expect(keyring.generate('x', 'AES', 16, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'ERR_KMIP_TIMEOUT',
    });
    // The candidate was withdrawn, in time of its own.
    expect(server.living).toEqual([]);
  });

  it('one that took too long does not publish what others may take for left behind', async () => {
    let time = 0;
    const server = new FakeServer(options);
    let slow = true;
    const port = server.port((name) => {
      // The look after the Create takes longer than half of the grace time.
      if (name === 'GetAttributes' && slow) {
        slow = false;
        time += 301_000;
      }
      return 'answered';
    });
    await using keyring = await keyringOver(port, { clock: () => time, timeoutMs: 900_000 });
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KMIP_TIMEOUT' });
    expect(server.log).not.toContain('Activate');
    expect(server.living).toEqual([]);
  });

  it("a failure while others' leavings are destroyed withdraws one's own candidate", async () => {
    let now = 1_000_000;
    const server = new FakeServer({ ...options, now: () => now });
    const dying = await keyringOver(
      server.port((name) => (['Activate', 'Destroy'].includes(name) ? 'down' : 'answered')),
    );
    const rival = async () => await dying.generate('x', 'AES', 16).catch(() => undefined);
    let isFirst = true;
    let failures = 0;
    const port = server.port((name) => (name === 'Destroy' && failures++ === 0 ? 'down' : 'answered'));
    const meeting: typeof port = {
      ...port,
      // Between the first look and the Create another leaves its candidate, which is old by the second look.
      request: async (operation, payload, call) => {
        if (operation === 'Create' && isFirst) {
          isFirst = false;
          await rival();
          now += 601;
        }
        return await port.request(operation, payload, call);
      },
    };
    await using keyring = await keyringOver(meeting, { now: () => now * 1000 });
    await expect(keyring.generate('x', 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KMIP_CONNECT' });
    expect(server.living).toHaveLength(1); // the other's
    expect(failures).toBe(2);
  });
});

describe('material', () => {
  it('is made by the server: AES by Create, secrets by its generator where it has one', async () => {
    const server = new FakeServer();
    const asked: number[] = [];
    const randomBytes = (length: number) => {
      asked.push(length);
      return crypto.getRandomValues(new Uint8Array(length));
    };
    await using keyring = await keyringOver(server.port(), { randomBytes });
    await keyring.generate('a', 'AES', 24);
    await keyring.generate('s', 'SECRET', 3000); // more than the server gives at once
    expect(server.log.filter((name) => name === 'RNGRetrieve')).toHaveLength(3);
    expect(asked.every((length) => length <= 12)).toBe(true); // names and pauses only
    expect(server.living.map(({ objectType }) => objectType)).toEqual(['SymmetricKey', 'SecretData']);
  });

  it('is made here where the server has none, or has one only in its list', async () => {
    const server = new FakeServer();
    const port = server.port((name) =>
      name === 'RNGRetrieve' ? refusal(name, 'OperationNotSupported', 'not for you') : 'answered',
    );
    await using keyring = await keyringOver(port);
    await keyring.generate('s', 'SECRET', 100);
    const found = await bytesOf(keyring, 's');
    expect(new Set(found).size).toBeGreaterThan(20);
  });

  it('of another length than the object says is refused', async () => {
    const server = new FakeServer();
    await using keyring = await keyringOver(server.port());
    await keyring.generate('x', 'AES', 16);
    const [object] = server.living;
    server.objects.set('uid-1', { ...(object as NonNullable<typeof object>), bytes: new Uint8Array(15) });
    await expect(keyring.fetch('x')).rejects.toMatchObject({ code: 'ERR_KEYRING_OBJECT' });
  });
});
