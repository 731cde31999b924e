/** The object store over its memory twin: transactions, savepoints, the index, durability, conflicts. */
import { describe, expect, it } from 'vitest';
import {
  MemoryKeyValueStore,
  memoryObjectKeys,
  type ObjectChange,
  type ObjectKeys,
  openObjectStore,
  type SealedObjectStore,
} from '../../../src/kmip/server/index.ts';
import { walletObjectKeys } from '../../../src/kmip/server/object-keys.ts';
import { createWallet } from '../../../src/wallet/index.ts';

const NAMES = (change: Partial<ObjectChange> = {}): ObjectChange => ({
  uniqueIdentifier: 'a',
  owner: 'client',
  objectType: 'SymmetricKey',
  attributes: Uint8Array.of(1, 2, 3),
  index: [['name', 'first']],
  material: Uint8Array.from({ length: 32 }, (_, i) => i),
  ...change,
});

async function emptyStore(): Promise<SealedObjectStore> {
  return await openObjectStore({ records: new MemoryKeyValueStore(), keys: await memoryObjectKeys(), create: true });
}

/** Keys that several stores of a test share: the test disposes of them. */
function shared(keys: ObjectKeys): ObjectKeys {
  return {
    get activeKeyId() {
      return keys.activeKeyId;
    },
    has: (id) => keys.has(id),
    kek: (id) => keys.kek(id),
    mac: (id) => keys.mac(id),
    [Symbol.dispose]: () => undefined,
  };
}

const idsOf = (objects: Iterable<{ readonly uniqueIdentifier: string }>): string[] =>
  [...objects].map((object) => object.uniqueIdentifier);

describe('object store', () => {
  it('returns what was put, material unwrapped', async () => {
    await using store = await emptyStore();
    await store.transaction((t) => t.put(NAMES()));
    await store.transaction((t) => {
      const object = t.get('a');
      expect(object).toMatchObject({ uniqueIdentifier: 'a', owner: 'client', objectType: 'SymmetricKey', ordinal: 1 });
      expect(object?.attributes).toEqual(Uint8Array.of(1, 2, 3));
      expect(t.material(object!)).toEqual(NAMES().material);
      expect(JSON.stringify(object)).not.toContain('0,1,2,3,4,5');
    });
  });

  it('keeps material when a change leaves it out, and drops it for null', async () => {
    await using store = await emptyStore();
    const { material: _, ...facts } = NAMES({ attributes: Uint8Array.of(9) });
    await store.transaction((t) => t.put(NAMES()));
    await store.transaction((t) => t.put(facts));
    expect(await store.transaction((t) => t.material(t.get('a')!))).toEqual(NAMES().material);
    await store.transaction((t) => t.put({ ...facts, material: null }));
    expect(await store.transaction((t) => [t.get('a')?.hasMaterial, t.material(t.get('a')!)])).toEqual([false, null]);
  });

  it('finds by index entries in the order of making, through changes and removals', async () => {
    await using store = await emptyStore();
    await store.transaction((t) => {
      for (const id of ['z', 'y', 'x'])
        t.put(
          NAMES({
            uniqueIdentifier: id,
            index: [
              ['type', 'k'],
              ['name', id],
            ],
          }),
        );
      expect(idsOf(t.find('type', 'k'))).toEqual(['z', 'y', 'x']);
      expect(t.count('type', 'k')).toBe(3);
    });
    await store.transaction((t) => {
      t.put(NAMES({ uniqueIdentifier: 'y', index: [['name', 'renamed']] }));
      t.delete('z');
      expect(idsOf(t.find('type', 'k'))).toEqual(['x']);
      expect(t.count('type', 'k')).toBe(1);
      expect(t.count('name', 'renamed')).toBe(1);
    });
    await store.transaction((t) => {
      expect(idsOf(t.find('name', 'y'))).toEqual([]);
      expect(idsOf(t.find('name', 'renamed'))).toEqual(['y']);
      expect(idsOf(t.find('owner', 'client'))).toEqual(['y', 'x']);
      expect(idsOf(t.all())).toEqual(['y', 'x']);
    });
    expect(store.size).toBe(2);
  });

  it('changes nothing when the work throws', async () => {
    await using store = await emptyStore();
    const failed = store.transaction((t) => {
      t.put(NAMES());
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(store.size).toBe(0);
  });

  it('goes back to a savepoint', async () => {
    await using store = await emptyStore();
    await store.transaction((t) => {
      t.put(NAMES());
      const savepoint = t.savepoint();
      t.put(NAMES({ owner: 'other', uniqueIdentifier: 'b' }));
      t.delete('a');
      t.rollBackTo(savepoint);
      expect([t.get('a')?.owner, t.get('b')]).toEqual(['client', undefined]);
    });
    expect(await store.transaction((t) => idsOf(t.all()))).toEqual(['a']);
  });

  it('refuses a transaction that has ended', async () => {
    await using store = await emptyStore();
    const transaction = await store.transaction((t) => t);
    expect(() => transaction.get('a')).toThrow(/has ended/);
  });
});

describe('durability', () => {
  it('resolves after the flush, and a reader of an unflushed change waits for it too', async () => {
    const records = new MemoryKeyValueStore({ manualFlush: true });
    const opening = openObjectStore({ records, keys: await memoryObjectKeys(), create: true });
    records.flush();
    await using store = await opening;
    const done: string[] = [];
    const note = (name: string) => () => done.push(name);
    const writing = store.transaction((t) => t.put(NAMES())).then(note('write'));
    const reading = store.transaction((t) => t.get('a')?.owner).then(note('read'));
    const finding = store.transaction((t) => idsOf(t.find('name', 'first'))).then(note('find'));
    const elsewhere = store.transaction((t) => t.get('b')).then(note('elsewhere'));
    const failing = store.transaction((t) => {
      if (t.get('a') !== undefined) throw new Error('exists');
    });
    const failed = failing.catch(note('error'));
    await elsewhere;
    expect(done).toEqual(['elsewhere']);
    records.flush();
    await Promise.all([writing, reading, finding, failed]);
    expect(done.sort()).toEqual(['elsewhere', 'error', 'find', 'read', 'write']);
  });

  it('loses nothing acknowledged and nothing by halves when the power is cut', async () => {
    using keys = await memoryObjectKeys();
    for (let flushed = 0; flushed <= 4; flushed++) {
      const records = new MemoryKeyValueStore({ manualFlush: true });
      const opening = openObjectStore({ records, keys: shared(keys), create: true });
      records.flush();
      const store = await opening;
      const acknowledged = new Set<string>();
      const batches = [0, 1, 2, 3].map((batch) =>
        store
          .transaction((t) => {
            for (const half of ['l', 'r']) t.put(NAMES({ uniqueIdentifier: `${batch}${half}` }));
          })
          .then(
            () => acknowledged.add(`${batch}`),
            () => undefined,
          ),
      );
      await Promise.resolve();
      records.flush(flushed);
      const left = records.cutPower();
      await Promise.all(batches);
      expect(acknowledged.size).toBe(flushed);
      await using again = await openObjectStore({ records: left, keys: shared(keys) });
      const found = await again.transaction((t) => idsOf(t.all()));
      for (const batch of acknowledged) expect(found).toEqual(expect.arrayContaining([`${batch}l`, `${batch}r`]));
      expect(found.length % 2).toBe(0);
    }
  });

  it('refuses everything after a commit that failed', async () => {
    const records = new MemoryKeyValueStore();
    await using store = await openObjectStore({ records, keys: await memoryObjectKeys(), create: true });
    records.fail(new Error('disk full'));
    await expect(store.transaction((t) => t.put(NAMES()))).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
    await expect(store.transaction((t) => t.get('a'))).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
  });
});

describe('a rewrap', () => {
  it('ends a batch with the object that reaches its bytes, however few those are', async () => {
    const wallet = await createWallet('pw', { iterations: 1000 });
    wallet.setKey();
    const keys = walletObjectKeys(() => wallet);
    await using store = await openObjectStore({ records: new MemoryKeyValueStore(), keys, create: true });
    const sizes = [10_000, 10_000, 32, 32, 20_000, 32, 32];
    await store.transaction((t) => {
      for (const [i, size] of sizes.entries())
        t.put(NAMES({ uniqueIdentifier: String(i), material: new Uint8Array(size) }));
    });
    wallet.setKey();
    const nexts: (number | null)[] = [];
    for (let from: number | null = 1; from !== null; nexts.push(from))
      from = await store.rewrapBatch(from, { objects: 3, bytes: 16_000 });
    expect(nexts).toEqual([3, 6, null]);
    expect(store.outdated).toBe(0);
    wallet.dispose();
  });
});

describe('a head that cannot be sealed', () => {
  it('has nothing changed: memory and disk stay the same', async () => {
    const keys = await memoryObjectKeys();
    let activeKeyId = keys.activeKeyId;
    const moving: ObjectKeys = {
      get activeKeyId() {
        return activeKeyId;
      },
      has: (id) => keys.has(id),
      kek: (id) => keys.kek(id),
      mac: (id) => keys.mac(id),
      [Symbol.dispose]: () => keys[Symbol.dispose](),
    };
    await using store = await openObjectStore({ records: new MemoryKeyValueStore(), keys: moving, create: true });
    await store.transaction((t) => t.put(NAMES()));
    activeKeyId = 'A key that the wallet does not hold';
    await expect(store.transaction((t) => t.delete('a'))).rejects.toMatchObject({ name: 'StateError' });
    activeKeyId = keys.activeKeyId;
    expect(await store.transaction((t) => [t.get('a')?.owner, t.count('name', 'first')])).toEqual(['client', 1]);
    expect(store.size).toBe(1);
  });
});

describe('work that waits', () => {
  it('runs again when what it read was changed meanwhile, and not when something else was', async () => {
    await using store = await emptyStore();
    await store.transaction((t) => t.put(NAMES()));
    const runs: (string | undefined)[] = [];
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const slow = store.transaction(async (t) => {
      runs.push(t.get('a')?.owner);
      await gate;
      t.put(NAMES({ uniqueIdentifier: 'copy', owner: t.get('a')!.owner }));
    });
    await store.transaction((t) => t.put(NAMES({ uniqueIdentifier: 'b' })));
    await store.transaction((t) => t.put(NAMES({ owner: 'new' })));
    go();
    await slow;
    expect(runs).toEqual(['client', 'new']);
    expect(await store.transaction((t) => t.get('copy')?.owner)).toBe('new');
  });

  it('two that make the same name: the second one sees the first', async () => {
    await using store = await emptyStore();
    const make = (id: string): Promise<boolean> =>
      store.transaction(async (t) => {
        if (t.count('name', 'unique') > 0) return false;
        await new Promise((resolve) => setImmediate(resolve));
        t.put(NAMES({ uniqueIdentifier: id, index: [['name', 'unique']] }));
        return true;
      });
    expect((await Promise.all([make('a'), make('b')])).sort()).toEqual([false, true]);
    expect(store.size).toBe(1);
  });
});
