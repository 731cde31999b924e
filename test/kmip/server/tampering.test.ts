/** An object store whose records were changed behind its back: every change is seen at the next start, or at the next read. */
import { beforeAll, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/errors.ts';
import {
  MemoryKeyValueStore,
  memoryObjectKeys,
  type ObjectKeys,
  openObjectStore,
  type SealedObjectStore,
} from '../../../src/kmip/server/index.ts';
import { walletObjectKeys } from '../../../src/kmip/server/object-keys.ts';
import { createWallet, type Wallet } from '../../../src/wallet/index.ts';

const BATCH = { objects: 12, bytes: 1 << 30 } as const;

type Entries = Map<number, Uint8Array>;

let wallet: Wallet;
beforeAll(async () => {
  wallet = await createWallet('pw', { iterations: 1000 });
  wallet.setKey();
});

const keys = (): ObjectKeys => walletObjectKeys(() => wallet);
const open = (entries: Entries, epochFloor = 0): Promise<SealedObjectStore> =>
  openObjectStore({ records: new MemoryKeyValueStore({ entries }), keys: keys(), epochFloor });

const entriesOf = (records: MemoryKeyValueStore): Entries =>
  new Map([...records.range(0)].map(([key, value]) => [key, value.slice()]));

/** Three objects, then one of them changed and one removed: the entries before and after. */
async function twoMoments(): Promise<{ readonly before: Entries; readonly after: Entries }> {
  const records = new MemoryKeyValueStore();
  await using store = await openObjectStore({ records, keys: keys(), create: true });
  const put = (id: string, state: string): Promise<void> =>
    store.transaction((t) =>
      t.put({
        uniqueIdentifier: id,
        owner: `owner of ${id}`,
        objectType: 'SymmetricKey',
        attributes: new TextEncoder().encode(state),
        index: [['state', state]],
        material: new Uint8Array(32).fill(id.charCodeAt(0)),
      }),
    );
  for (const id of ['a', 'b', 'c']) await put(id, 'active');
  const before = entriesOf(records);
  await put('b', 'revoked');
  await store.transaction((t) => t.delete('c'));
  return { before, after: entriesOf(records) };
}

const codeOf = async (entries: Entries, epochFloor = 0): Promise<string> => {
  try {
    const store = await open(entries, epochFloor);
    await store.close();
    return 'opened';
  } catch (error) {
    return error instanceof KeywardError ? error.code : String(error);
  }
};

/** A copy with some entries replaced, or removed by null. */
const edited = (entries: Entries, changes: Readonly<Record<number, Uint8Array | null | undefined>>): Entries => {
  const copy = new Map([...entries].map(([key, value]) => [key, value.slice()]));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined) copy.delete(Number(key));
    else copy.set(Number(key), value.slice());
  }
  return copy;
};

describe('tampering', () => {
  it('nothing changed: opens', async () => {
    const { before, after } = await twoMoments();
    expect([await codeOf(before), await codeOf(after)]).toEqual(['opened', 'opened']);
  });

  it('any byte of a record or of the head', async () => {
    const { after } = await twoMoments();
    for (const [key, value] of after) {
      for (let at = 0; at < value.length; at++) {
        const changed = value.slice();
        changed[at] = (changed[at] as number) ^ (1 << (at % 8));
        expect(await codeOf(edited(after, { [key]: changed })), `byte ${at} of ${key}`).toMatch(
          /^ERR_STORE_(RECORD|HEAD)$/,
        );
      }
    }
  });

  it('a record cut short or made longer', async () => {
    const { after } = await twoMoments();
    const value = after.get(1) as Uint8Array;
    for (const length of [0, 3, 20, value.length - 33, value.length - 1])
      expect(await codeOf(edited(after, { 1: value.slice(0, length) }))).toBe('ERR_STORE_RECORD');
    expect(await codeOf(edited(after, { 1: new Uint8Array([...value, 0]) }))).toBe('ERR_STORE_RECORD');
  });

  it('two records in each other’s place', async () => {
    const { after } = await twoMoments();
    expect(await codeOf(edited(after, { 1: after.get(2), 2: after.get(1) }))).toBe('ERR_STORE_RECORD');
  });

  it('an older version of one record', async () => {
    const { before, after } = await twoMoments();
    expect(await codeOf(edited(after, { 2: before.get(2) }))).toBe('ERR_STORE_HEAD');
  });

  it('a record that was removed, put back; one that is missing', async () => {
    const { before, after } = await twoMoments();
    expect(await codeOf(edited(after, { 3: before.get(3) }))).toBe('ERR_STORE_HEAD');
    expect(await codeOf(edited(after, { 1: null }))).toBe('ERR_STORE_HEAD');
  });

  it('an older head, a missing head, everything missing', async () => {
    const { before, after } = await twoMoments();
    expect(await codeOf(edited(after, { 0: before.get(0) }))).toBe('ERR_STORE_HEAD');
    expect(await codeOf(edited(after, { 0: null }))).toBe('ERR_STORE_HEAD');
    expect(await codeOf(new Map())).toBe('ERR_STORE_HEAD');
  });

  it('the whole store put back: seen only by who knows how far it had come', async () => {
    const { before, after } = await twoMoments();
    const store = await open(after);
    const { epoch } = store;
    await store.close();
    expect(await codeOf(before, 0)).toBe('opened');
    expect(await codeOf(before, epoch)).toBe('ERR_STORE_OLD');
    expect(await codeOf(after, epoch)).toBe('opened');
  });

  it('a record of another wallet', async () => {
    const { after } = await twoMoments();
    using others = await memoryObjectKeys();
    const options = { records: new MemoryKeyValueStore({ entries: after }), keys: others };
    await expect(openObjectStore(options)).rejects.toMatchObject({ code: 'ERR_STORE_RECORD' });
  });

  it('an older version of a record under a running server: seen when it is read', async () => {
    const { before, after } = await twoMoments();
    const records = new MemoryKeyValueStore({ entries: after });
    await using store = await openObjectStore({ records, keys: keys() });
    await records.commit([{ key: 2, value: before.get(2) as Uint8Array }]);
    const read = store.transaction((t) => t.get('b'));
    await expect(read).rejects.toMatchObject({ name: 'AuthenticationError', code: 'ERR_STORE_RECORD' });
  });
});

describe('rewrap', () => {
  it('is resumed after a kill between any two batches, and nothing is lost', async () => {
    using mine = await createWallet('pw', { iterations: 1000 });
    mine.setKey();
    const ring = (): ObjectKeys => walletObjectKeys(() => mine);
    const first = new MemoryKeyValueStore();
    const filled = await openObjectStore({ records: first, keys: ring(), create: true });
    const material = (i: number): Uint8Array<ArrayBuffer> => new Uint8Array(1 + (i % 40)).fill(i);
    await filled.transaction((t) => {
      for (let i = 0; i < 50; i++) {
        const facts = { uniqueIdentifier: `${i}`, owner: 'o', objectType: 'SecretData', attributes: new Uint8Array(8) };
        t.put({ ...facts, index: [], material: i % 7 === 0 ? null : material(i) });
      }
    });
    let entries = entriesOf(first);
    await filled.close();
    mine.setKey();
    const left: number[] = [];
    for (let start = 0; start < 10; start++) {
      // Each start does two batches; the second is cut off by the loss of power.
      const records = new MemoryKeyValueStore({ entries, manualFlush: true });
      const store = await openObjectStore({ records, keys: ring() });
      left.push(store.outdated);
      if (store.outdated === 0) {
        await store.close();
        break;
      }
      const durable = store.rewrapBatch(1, BATCH);
      records.flush();
      await durable;
      const lost = store.rewrapBatch(1, BATCH).catch(() => undefined);
      entries = entriesOf(records.cutPower());
      await lost;
      await store.close();
    }
    expect(left).toEqual([50, 38, 26, 14, 2, 0]);
    await using again = await openObjectStore({ records: new MemoryKeyValueStore({ entries }), keys: ring() });
    await again.transaction((t) => {
      for (let i = 0; i < 50; i++) expect(t.material(t.get(`${i}`)!)).toEqual(i % 7 === 0 ? null : material(i));
    });
  });
});
