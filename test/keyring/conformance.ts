/**
 * What every keyring must do, whatever keeps its keys: run by the test file of each back end. Ids are made fresh for each test, so
 * that a back end that outlives a test (a server) is no trouble.
 */
import { describe, expect, it } from 'vitest';
import type { Keyring, KeyringKeyInfo } from '../../src/keyring/index.ts';
import { Secret } from '../../src/secret.ts';

/** How a back end's test file opens its keyrings. */
export interface Subject {
  /** Opens a keyring on the same keys each time; the caller closes it. */
  open(): Promise<Keyring>;
  /** True when another `open` finds what the first one left. */
  readonly durable: boolean;
  /** Types other than AES and SECRET are taken. */
  readonly anyType: boolean;
  /** An owner other than '' is kept. */
  readonly owners?: boolean;
}

const OWNER = 'root@localhost';
const bytesOf = (length: number, first = 1): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (first + 7 * i) & 0xff);

let serial = 0;
const freshId = (): string => `Key-${serial++}`;

async function read(keyring: Keyring, id: string, options: { owner?: string; version?: number } = {}) {
  const found = await keyring.fetch(id, options);
  if (found === null) return null;
  using _ = found;
  const { key, ...info } = found;
  return { ...(info as KeyringKeyInfo), bytes: key.copy() };
}

async function listed(keyring: Keyring, owner?: string): Promise<KeyringKeyInfo[]> {
  const all: KeyringKeyInfo[] = [];
  for await (const info of keyring.list(owner === undefined ? {} : { owner })) all.push(info);
  return all;
}

/** Names that an encoding may confuse: separators, escapes, case, blanks, characters of two to four bytes, controls. */
const AWKWARD = [
  'a.b',
  'a%2Eb',
  'a b',
  ' ',
  'Ä',
  'ä',
  'MYKEY',
  'mykey',
  '日本語',
  '🔑',
  '\u0000',
  'a\nb',
  'a/b',
  'a:b',
  '~',
  "'",
  '"',
];

/** Declares the tests. */
export function conformance(name: string, subject: Subject): void {
  const use = async (work: (keyring: Keyring) => Promise<void>): Promise<void> => {
    await using keyring = await subject.open();
    await work(keyring);
  };

  // Declared or not, rather than skipped: what a back end cannot do is no test that is missing.
  const ifDurable = subject.durable ? it : () => undefined;
  const ifOwners = subject.owners === false ? () => undefined : it;

  describe(`keyring conformance: ${name}`, () => {
    it.each([16, 24, 32])('generates an AES key of %i bytes and gives back the same each time', (length) =>
      use(async (keyring) => {
        const id = freshId();
        const made = await keyring.generate(id, 'AES', length, { owner: OWNER });
        expect(made).toMatchObject({ id, owner: OWNER, type: 'AES', lengthBytes: length, version: 1 });
        const first = await read(keyring, id, { owner: OWNER });
        expect(first).toMatchObject({ id, owner: OWNER, type: 'AES', lengthBytes: length, version: 1 });
        expect(first?.bytes.length).toBe(length);
        expect(first?.bytes.some((b) => b !== 0)).toBe(true);
        expect((await read(keyring, id, { owner: OWNER }))?.bytes).toEqual(first?.bytes);
      }),
    );

    it.each([1, 7, 32, 1000, 16_384])('generates a SECRET of %i bytes', (length) =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.generate(id, 'SECRET', length);
        const found = await read(keyring, id);
        expect(found).toMatchObject({ type: 'SECRET', lengthBytes: length, owner: '' });
        expect(found?.bytes.length).toBe(length);
      }),
    );

    it.each([
      ['AES', 16],
      ['AES', 32],
      ['AES', 13],
      ['SECRET', 1],
      ['SECRET', 16],
      ['SECRET', 513],
      ['SECRET', 16_384],
    ])('stores %s of %i bytes as they are', (type, length) =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.store(id, type, bytesOf(length), { owner: OWNER });
        const found = await read(keyring, id, { owner: OWNER });
        expect(found).toMatchObject({ type, lengthBytes: length, version: 1 });
        expect(found?.bytes).toEqual(bytesOf(length));
      }),
    );

    it('keeps its own copy of what is stored, and hands out copies', () =>
      use(async (keyring) => {
        const id = freshId();
        const bytes = bytesOf(32);
        const stored = keyring.store(id, 'SECRET', bytes);
        bytes.fill(0); // at once, while it is under way
        await stored;
        const found = await keyring.fetch(id);
        found?.key.expose().fill(0xff);
        found?.key.dispose();
        expect((await read(keyring, id))?.bytes).toEqual(bytesOf(32));
      }));

    it('takes a Secret, which stays the caller’s', () =>
      use(async (keyring) => {
        const id = freshId();
        using secret = Secret.from(bytesOf(24));
        await keyring.store(id, 'SECRET', secret);
        expect(secret.disposed).toBe(false);
        expect((await read(keyring, id))?.bytes).toEqual(bytesOf(24));
      }));

    it('absent is null for reading and false for removing', () =>
      use(async (keyring) => {
        const id = freshId();
        expect(await keyring.fetch(id)).toBeNull();
        expect(await keyring.info(id)).toBeNull();
        expect(await keyring.has(id)).toBe(false);
        expect(await keyring.remove(id)).toBe(false);
      }));

    it('never replaces a key: a second generate or store is refused', () =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.store(id, 'SECRET', bytesOf(10));
        await expect(keyring.generate(id, 'AES', 16)).rejects.toMatchObject({ code: 'ERR_KEYRING_EXISTS' });
        await expect(keyring.store(id, 'SECRET', bytesOf(10, 9))).rejects.toMatchObject({ code: 'ERR_KEYRING_EXISTS' });
        expect((await read(keyring, id))?.bytes).toEqual(bytesOf(10));
      }));

    it('removes a key, after which its name is free', () =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.store(id, 'SECRET', bytesOf(10));
        expect(await keyring.remove(id)).toBe(true);
        expect(await keyring.fetch(id)).toBeNull();
        expect((await listed(keyring)).some((info) => info.id === id)).toBe(false);
        expect(await keyring.remove(id)).toBe(false);
        await keyring.store(id, 'AES', bytesOf(16, 3));
        expect(await read(keyring, id)).toMatchObject({ type: 'AES', version: 1, bytes: bytesOf(16, 3) });
      }));

    ifOwners('tells owners apart: the same id twice', () =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.store(id, 'SECRET', bytesOf(5), { owner: 'a@b' });
        expect(await keyring.fetch(id, { owner: 'a@B' })).toBeNull();
        expect(await keyring.fetch(id)).toBeNull();
        await keyring.store(id, 'AES', bytesOf(16), { owner: '' });
        expect((await read(keyring, id, { owner: 'a@b' }))?.bytes).toEqual(bytesOf(5));
        expect(await keyring.remove(id, { owner: '' })).toBe(true);
        expect((await read(keyring, id, { owner: 'a@b' }))?.bytes).toEqual(bytesOf(5));
      }),
    );

    ifOwners('does not run id and owner together', () =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.store(`${id}ab`, 'SECRET', bytesOf(1), { owner: 'c' });
        expect(await keyring.fetch(`${id}a`, { owner: 'bc' })).toBeNull();
        await keyring.store(`${id}a`, 'SECRET', bytesOf(2), { owner: 'bc' });
        expect((await read(keyring, `${id}ab`, { owner: 'c' }))?.lengthBytes).toBe(1);
        expect((await read(keyring, `${id}a`, { owner: 'bc' }))?.lengthBytes).toBe(2);
      }),
    );

    it('keeps awkward ids apart and gives them back exactly', () =>
      use(async (keyring) => {
        const prefix = freshId();
        const ids = AWKWARD.map((tail) => prefix + tail);
        for (const [i, id] of ids.entries()) await keyring.store(id, 'SECRET', bytesOf(i + 1));
        for (const [i, id] of ids.entries()) expect((await read(keyring, id))?.bytes).toEqual(bytesOf(i + 1));
        const found = (await listed(keyring)).map((info) => info.id).filter((id) => id.startsWith(prefix));
        expect(found.sort()).toEqual([...ids].sort());
      }));

    it('keeps long ids apart that differ only in their last character', () =>
      use(async (keyring) => {
        const prefix = freshId().padEnd(300, 'ö');
        await keyring.store(`${prefix}1`, 'SECRET', bytesOf(1));
        expect(await keyring.fetch(`${prefix}2`)).toBeNull();
        await keyring.store(`${prefix}2`, 'SECRET', bytesOf(2));
        expect((await read(keyring, `${prefix}1`))?.lengthBytes).toBe(1);
        expect(
          (await listed(keyring)).filter(({ id }) => id.startsWith(prefix)).map(({ id }) => id.at(-1)),
        ).toHaveLength(2);
      }));

    it('rotates: a new version of the same type and length, the old ones readable', () =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.generate(id, 'AES', 24, { owner: OWNER });
        const first = await read(keyring, id, { owner: OWNER });
        expect(await keyring.rotate(id, { owner: OWNER })).toMatchObject({ version: 2, type: 'AES', lengthBytes: 24 });
        expect(await keyring.rotate(id, { owner: OWNER })).toMatchObject({ version: 3 });
        const newest = await read(keyring, id, { owner: OWNER });
        expect(newest).toMatchObject({ version: 3, lengthBytes: 24 });
        expect((await read(keyring, id, { owner: OWNER, version: 1 }))?.bytes).toEqual(first?.bytes);
        expect((await read(keyring, id, { owner: OWNER, version: 2 }))?.bytes).not.toEqual(first?.bytes);
        expect(await keyring.fetch(id, { owner: OWNER, version: 4 })).toBeNull();
        expect((await listed(keyring)).filter((info) => info.id === id)).toMatchObject([{ version: 3 }]);
        expect(await keyring.remove(id, { owner: OWNER })).toBe(true);
        expect(await keyring.fetch(id, { owner: OWNER, version: 1 })).toBeNull();
        await expect(keyring.rotate(id, { owner: OWNER })).rejects.toMatchObject({ code: 'ERR_KEY_NOT_FOUND' });
      }));

    ifOwners('lists the keys of one owner, or of all', () =>
      use(async (keyring) => {
        const id = freshId();
        await keyring.store(id, 'SECRET', bytesOf(4), { owner: `${id}@x` });
        await keyring.store(id, 'SECRET', bytesOf(4), { owner: `${id}@y` });
        expect(await listed(keyring, `${id}@x`)).toMatchObject([{ id, owner: `${id}@x`, lengthBytes: 4 }]);
        expect((await listed(keyring)).filter((info) => info.id === id)).toHaveLength(2);
      }),
    );

    it('refuses names, types and lengths before anything else', () =>
      use(async (keyring) => {
        const refused = async (what: Promise<unknown>, code: string): Promise<void> => {
          await expect(what).rejects.toMatchObject({ name: 'UsageError', code });
        };
        await refused(keyring.generate('', 'AES', 16), 'ERR_KEYRING_ID');
        await refused(keyring.fetch(''), 'ERR_KEYRING_ID');
        await refused(keyring.remove(''), 'ERR_KEYRING_ID');
        await refused(keyring.fetch('a\ud800'), 'ERR_KEYRING_ID');
        await refused(keyring.generate('x', '', 16), 'ERR_KEYRING_TYPE');
        for (const length of [-1, 0, 1.5, 16_385, Number.NaN])
          await refused(keyring.generate('x', 'SECRET', length), 'ERR_KEYRING_LENGTH');
        await refused(keyring.store('x', 'SECRET', new Uint8Array(16_385)), 'ERR_KEYRING_LENGTH');
        if (subject.anyType) {
          const id = freshId();
          await keyring.generate(id, 'DSA', 8);
          expect(await read(keyring, id)).toMatchObject({ type: 'DSA', lengthBytes: 8 });
        } else {
          await refused(keyring.generate('x', 'aes', 16), 'ERR_KEYRING_TYPE');
          await refused(keyring.store('x', 'RSA', bytesOf(128)), 'ERR_KEYRING_TYPE');
          await refused(keyring.generate('x', 'AES', 17), 'ERR_KEYRING_LENGTH');
        }
      }));

    it('ends at once for a signal that is aborted', () =>
      use(async (keyring) => {
        const id = freshId();
        const signal = AbortSignal.abort(new Error('enough'));
        await expect(keyring.generate(id, 'AES', 16, { signal })).rejects.toThrow('enough');
        expect(await keyring.has(id)).toBe(false);
      }));

    ifDurable('another keyring on the same keys finds them, with owner, type and length', async () => {
      const id = freshId();
      await using one = await subject.open();
      await using other = await subject.open();
      expect(await other.has(id, { owner: OWNER })).toBe(false);
      await one.generate(id, 'AES', 32, { owner: OWNER });
      const here = await read(one, id, { owner: OWNER });
      const there = await read(other, id, { owner: OWNER });
      expect(there).toEqual(here);
      await other.rotate(id, { owner: OWNER });
      expect(await other.remove(id, { owner: OWNER })).toBe(true);
      await using third = await subject.open();
      expect(await third.has(id, { owner: OWNER })).toBe(false);
    });

    ifDurable('of many makers of one key one succeeds, the others are told that it exists', async () => {
      const id = freshId();
      const keyrings = await Promise.all(Array.from({ length: 4 }, () => subject.open()));
      const outcomes = await Promise.allSettled(keyrings.map((keyring) => keyring.generate(id, 'AES', 16)));
      const made = outcomes.filter(({ status }) => status === 'fulfilled');
      const refusals = outcomes.flatMap((o) => (o.status === 'rejected' ? [(o.reason as { code: string }).code] : []));
      expect(refusals).toEqual(Array(3).fill('ERR_KEYRING_EXISTS'));
      expect(made).toHaveLength(1);
      const seen = await Promise.all(keyrings.map(async (keyring) => (await read(keyring, id))?.bytes));
      for (const bytes of seen) expect(bytes).toEqual(seen[0]);
      await Promise.all(keyrings.map((keyring) => keyring.close()));
    });

    it('closes once and for all', async () => {
      const keyring = await subject.open();
      await keyring.close();
      await keyring.close();
      await expect(keyring.fetch('x')).rejects.toMatchObject({ code: 'ERR_KEYRING_CLOSED' });
      await expect(listed(keyring)).rejects.toMatchObject({ code: 'ERR_KEYRING_CLOSED' });
    });
  });
}
