import { describe, expect, it } from 'vitest';
import { type Keyring, migrateKeyring, openKeyring, readComponentKeyringFile } from '../../src/keyring/index.ts';
import { CrashFileSystem } from '../wallet/file/crash-file-system.ts';
import { FakeServer, refusal } from './kmip/fake-server.ts';
import { keyringOver } from './kmip/support.ts';

const OWNER = 'root@localhost';
const OPEN: Record<string, () => Promise<Keyring>> = {
  memory: () => openKeyring({ backend: 'memory', rules: 'okv' }),
  wallet: () =>
    openKeyring({
      ...{ backend: 'wallet', directory: '/w', password: 'a long password', create: true, rules: 'okv' },
      walletOptions: { fileSystem: new CrashFileSystem(), iterations: 1 },
    }),
  'kmip okv': () => keyringOver(new FakeServer().port()),
  'kmip name': () => keyringOver(new FakeServer({ customAttributes: false }).port(), { profile: 'name' }),
};

/** Keys of two owners, one of three versions. */
async function fill(keyring: Keyring): Promise<void> {
  await keyring.generate('one', 'AES', 32, { owner: OWNER });
  await keyring.store('two', 'SECRET', Uint8Array.of(1, 2, 3));
  await keyring.rotate('two');
  await keyring.rotate('two', { key: Uint8Array.of(7, 8, 9) });
  await keyring.store('one', 'AES', new Uint8Array(13).fill(5));
}

/** Everything in a keyring, in hex. */
async function contents(keyring: Keyring): Promise<string[]> {
  const lines: string[] = [];
  for await (const { owner, id, type, version: newest } of keyring.list())
    for (let version = 1; version <= newest; version++) {
      using found = await keyring.fetch(id, { owner, version });
      lines.push(`${owner}/${id}/${version} ${type} ${Buffer.from(found?.key.expose() ?? []).toString('hex')}`);
    }
  return lines.sort();
}

describe('migrating', () => {
  const pairs = Object.keys(OPEN).flatMap((from) => Object.keys(OPEN).map((to) => [from, to] as const));

  it.each(pairs)('%s to %s: every version, owner and type; the source stays', async (from, to) => {
    await using source = await (OPEN[from] as () => Promise<Keyring>)();
    await using target = await (OPEN[to] as () => Promise<Keyring>)();
    await fill(source);
    const before = await contents(source);
    expect(before).toHaveLength(5);
    const steps: string[] = [];
    const { copied } = await migrateKeyring(source, target, {
      onProgress: (done, total, { id }) => steps.push(`${done}/${total} ${id}`),
    });
    expect(copied).toHaveLength(3);
    expect(steps).toHaveLength(3);
    expect(steps[2]).toMatch(/^3\/3 /);
    expect(await contents(target)).toEqual(before);
    expect(await contents(source)).toEqual(before);
  });

  it('a dry run says what would be copied and what is in the way, and copies nothing', async () => {
    await using source = await openKeyring({ backend: 'memory' });
    await using target = await openKeyring({ backend: 'memory', rules: 'okv' });
    await fill(source);
    await source.generate('three', 'DSA', 8);
    await target.store('two', 'SECRET', Uint8Array.of(0));
    const before = await contents(target);
    const plan = await migrateKeyring(source, target, { dryRun: true });
    expect(plan.copied.map(({ id, owner }) => `${owner}/${id}`).sort()).toEqual(['/one', `${OWNER}/one`]);
    expect(plan.conflicts).toMatchObject([{ id: 'two', lengthBytes: 1 }]);
    expect(plan.refused).toMatchObject([{ id: 'three', type: 'DSA' }]);
    expect(await contents(target)).toEqual(before);
    await expect(migrateKeyring(source, target)).rejects.toMatchObject({
      code: 'ERR_KEYRING_EXISTS',
      message: 'one key of the target is in the way: "two" of ""',
      ...{ name: 'MigrationError', step: 'check', keys: [{ id: 'two', owner: '' }], left: [] },
    });
    await target.remove('two');
    await expect(migrateKeyring(source, target)).rejects.toMatchObject({ code: 'ERR_KEYRING_TYPE' });
    expect(await contents(target)).toEqual([]);
  });

  it.each([
    ['percona', [`${OWNER}/one`, '/two'], ['/one']],
    ['name', ['/odd'], [`${OWNER}/one`, '/one', '/two']],
  ] as const)('a dry run knows what the profile %s has no place for', async (profile, refused, copied) => {
    await using source = await openKeyring({ backend: 'memory' });
    await source.generate('one', 'AES', 32, { owner: OWNER });
    await source.generate('one', 'AES', 32);
    if (profile === 'percona') {
      await source.generate('two', 'SECRET', 5);
      await source.rotate('two');
    } else {
      await source.generate('two', 'X'.repeat(127), 5);
      await source.generate('odd', '/'.repeat(51), 5);
    }
    const server = new FakeServer();
    const lazy = await keyringOver(server.port(), { profile, lazy: true }, 'component');
    for (const target of [lazy, await keyringOver(server.port(), { profile }, 'component')]) {
      const plan = await migrateKeyring(source, target, { dryRun: true });
      const names = (keys: readonly { owner: string; id: string }[]) => keys.map(({ owner, id }) => `${owner}/${id}`);
      expect(names(plan.refused).sort()).toEqual([...refused].sort());
      expect(names(plan.copied).sort()).toEqual([...copied].sort());
      await expect(migrateKeyring(source, target)).rejects.toMatchObject({ code: 'ERR_KEYRING_TYPE' });
    }
    expect(server.living).toEqual([]);
  });

  it('skipSame goes on where a copy was killed', async () => {
    await using source = await openKeyring({ backend: 'memory' });
    await using target = await openKeyring({ backend: 'memory' });
    await fill(source);
    await migrateKeyring(source, target);
    await source.store('later', 'SECRET', Uint8Array.of(4));
    const { copied, skipped } = await migrateKeyring(source, target, { skipSame: true });
    expect([copied.length, skipped.length]).toEqual([1, 3]);
    expect(await contents(target)).toEqual(await contents(source));
    await source.rotate('later');
    await expect(migrateKeyring(source, target, { skipSame: true })).rejects.toMatchObject({
      code: 'ERR_KEYRING_EXISTS',
    });
  });

  it('a failure at any request takes back what was copied', async () => {
    await using source = await openKeyring({ backend: 'memory' });
    await fill(source);
    let failures = 0;
    for (let n = 0; ; n++) {
      let requests = -1;
      const server = new FakeServer();
      let undoing = false;
      const port = server.port((operation) => {
        // Refused from the n-th change on, until the first one is undone.
        if (operation === 'Revoke' || operation === 'Destroy') undoing = true;
        if (undoing || !['Create', 'Register', 'Activate', 'AddAttribute'].includes(operation)) return 'answered';
        return ++requests >= n ? refusal(operation, 'GeneralFailure', 'disk full') : 'answered';
      });
      await using target = await keyringOver(port);
      const error = await migrateKeyring(source, target).catch((e: unknown) => e as { code: string; message: string });
      if (!('code' in error)) break;
      failures++;
      expect(error.code).toBe('ERR_KEYRING_MIGRATION');
      expect(error.message).toContain('what was copied was removed again');
      expect(server.living).toEqual([]);
    }
    expect(failures).toBe(15); // five versions, three requests each
  });

  it('ends for a signal, and takes back what was copied', async () => {
    await using source = await openKeyring({ backend: 'memory' });
    await using target = await openKeyring({ backend: 'memory' });
    await fill(source);
    const ending = new AbortController();
    const migration = migrateKeyring(source, target, {
      signal: ending.signal,
      onProgress: (done) => (done === 2 ? ending.abort(new Error('enough')) : undefined),
    });
    await expect(migration).rejects.toMatchObject({ code: 'ERR_KEYRING_MIGRATION', cause: { message: 'enough' } });
    expect(await contents(target)).toEqual([]);
  });

  it("a roll-back leaves another's key under the name that was next", async () => {
    await using source = await openKeyring({ backend: 'memory' });
    await using target = await openKeyring({ backend: 'memory' });
    await source.store('x', 'SECRET', Uint8Array.of(1));
    const from = {
      list: () => source.list(),
      fetch: async () => {
        await target.store('x', 'SECRET', Uint8Array.of(2));
        throw new Error('the source broke');
      },
    };
    await expect(migrateKeyring(from, target)).rejects.toMatchObject({ code: 'ERR_KEYRING_MIGRATION', step: 'read' });
    expect(await contents(target)).toEqual(['/x/1 SECRET 02']);
    await target.remove('x');
    // The same where the target cannot be asked, and another was faster.
    const refusing = Object.assign(Object.create(target), {
      store: async () => {
        await target.store('x', 'SECRET', Uint8Array.of(3));
        throw refusal('Register', 'GeneralFailure', 'disk full');
      },
    });
    for (const method of ['info', 'fetch', 'remove', 'accepts'] as const)
      refusing[method] = target[method].bind(target) as never;
    await expect(migrateKeyring(source, refusing)).rejects.toMatchObject({ code: 'ERR_KEYRING_MIGRATION' });
    expect(await contents(target)).toEqual(['/x/1 SECRET 03']);
  });

  it.each([
    ['is told that it is there', 'answered', []],
    ['is told nothing', 'down', ['/x/1 SECRET 01']],
  ] as const)('a store of unknown outcome: the copy %s', async (_what, fate, left) => {
    await using source = await openKeyring({ backend: 'memory' });
    await source.store('x', 'SECRET', Uint8Array.of(1));
    const server = new FakeServer();
    let looks = -1;
    // The mark is set, its answer lost, and the look after that fails; then the network is well again, or not.
    const port = server.port((operation) => {
      if (operation === 'AddAttribute') looks = 0;
      if (operation === 'AddAttribute') return 'lost';
      if (looks < 0) return 'answered';
      return operation === 'Locate' && looks++ === 0 ? 'down' : fate;
    });
    await using target = await keyringOver(port);
    await expect(migrateKeyring(source, target)).rejects.toMatchObject({
      code: 'ERR_KEYRING_MIGRATION',
      message: expect.stringContaining(fate === 'down' ? 'this one may have been left: "x"' : 'was removed again'),
    });
    await using later = await keyringOver(server.port());
    expect(await contents(later)).toEqual(left);
  });

  it('names what it could not take back', async () => {
    await using source = await openKeyring({ backend: 'memory' });
    await fill(source);
    const server = new FakeServer();
    let made = 0;
    const port = server.port((operation) => {
      if (operation === 'Register' && ++made === 3) return refusal(operation, 'GeneralFailure', 'disk full');
      return operation === 'Destroy' ? refusal(operation, 'PermissionDenied', 'never') : 'answered';
    });
    await using target = await keyringOver(port);
    await expect(migrateKeyring(source, target)).rejects.toMatchObject({
      code: 'ERR_KEYRING_MIGRATION',
      message: expect.stringMatching(/could not be removed: .*"one" of "root@localhost"/),
      step: 'write',
      keys: [{ id: expect.any(String) }],
      left: expect.arrayContaining([{ id: 'one', owner: OWNER }]),
    });
  });
});

describe('component_keyring_file', () => {
  const element = { user: OWNER, data_id: 'MyKey', data_type: 'AES', data: '00'.repeat(16), extension: [] };
  const text = (elements: unknown, version = '1.0') => JSON.stringify({ version, elements });

  it('is a source of keys', async () => {
    const secret = { ...element, user: '', data_type: 'SECRET', data: 'CAFE' };
    using file = await readComponentKeyringFile(new TextEncoder().encode(text([element, secret])));
    expect(file.size).toBe(2);
    await using target = await openKeyring({ backend: 'memory' });
    await migrateKeyring(file, target);
    expect(await contents(target)).toEqual(['/MyKey/1 SECRET cafe', `${OWNER}/MyKey/1 AES ${'00'.repeat(16)}`]);
  });

  it.each([
    ['no JSON', 'hunter2', []],
    ['another version', text([], '2.0'), ['version']],
    ['no list', text({}), ['elements']],
    ['no object', text([7]), ['elements', '0']],
    ['no id', text([{ ...element, data_id: undefined }]), ['elements', '0', 'data_id']],
    ['an empty id', text([{ ...element, data_id: '' }]), ['elements', '0']],
    ['no hex', text([{ ...element, data: 'hunter2' }]), ['elements', '0', 'data']],
    ['a key that is too long', text([{ ...element, data: '00'.repeat(16_385) }]), ['elements', '0']],
    ['a key twice', text([element, { ...element, data: '11' }]), ['elements', '1']],
  ])('%s', async (_name, malformed, path) => {
    const error = await readComponentKeyringFile(malformed).catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ name: 'FormatError', code: 'ERR_KEYRING_FILE', path });
    expect(JSON.stringify(error) + (error as Error).message + String((error as Error).cause)).not.toContain('hunter2');
  });
});
