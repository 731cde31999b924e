/** Unlocking: stages, laziness, waiting, wiping, and what can be seen without the password. */
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { type Bag, encodePfxSync, type NewBag, parsePfx } from '../../src/pkcs12/index.ts';
import { Secret } from '../../src/secret.ts';
import { certBag, makePfx, PASSWORD, privateKeyInfo, sealedSafe } from './craft.ts';

const secrets = (count: number): NewBag[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: 'java-secret',
    secretKey: new Uint8Array(32).fill(i),
    friendlyName: `mk${i}`,
  }));
const wallet = encodePfxSync({ bags: secrets(8) }, { password: PASSWORD, profile: 'java', iterations: 50 });
const mixed = encodePfxSync(
  {
    safes: [
      { bags: [{ kind: 'shrouded-key', privateKey: privateKeyInfo(), friendlyName: 'inner' }] },
      { bags: secrets(1), encrypt: false },
    ],
  },
  { password: PASSWORD, iterations: 50 },
);
const isOpen = (bag: Bag): boolean =>
  bag.kind === 'java-secret' ? bag.secretKey !== null : bag.kind === 'shrouded-key' && bag.privateKey !== null;

describe('without the password', () => {
  it('structure, algorithms, counts, salts, sizes and cost are there', () => {
    const pfx = parsePfx(mixed);
    expect(pfx).toMatchObject({ version: 3, sizeBytes: mixed.length, integrity: 'password', quirks: [] });
    expect(pfx.cost).toEqual({ iterations: 150, derivations: 3 }); // the key inside the encrypted safe is not known yet
    expect(pfx.mac).toMatchObject({ hash: 'sha256', kdf: { kdf: 'pkcs12', iterations: 50 }, failure: null });
    expect(pfx.safes).toMatchObject([
      {
        index: 0,
        kind: 'encrypted',
        contentTypeName: 'encryptedData',
        bags: null,
        encryption: { kdf: { iterations: 50 } },
      },
      { index: 1, kind: 'data', contentTypeName: 'data', bags: [{ friendlyName: 'mk0', secretKey: null }] },
    ]);
  });

  it('the input is copied', () => {
    const bytes = mixed.slice();
    const pfx = parsePfx(bytes);
    bytes.fill(0);
    pfx.unlockSync(PASSWORD).dispose();
  });
});

describe('stages', () => {
  it('all keys are opened by default, and the iterations spent are known', () => {
    using opened = parsePfx(mixed).unlockSync(PASSWORD);
    expect(opened.bags.map(isOpen)).toEqual([true, true]);
    expect(opened.iterations).toBe(200);
  });

  it('only those asked for; others later, at their cost', async () => {
    using opened = await parsePfx(wallet).unlock(PASSWORD, { select: (bag) => bag.friendlyName === 'mk3' });
    expect(opened.bags.map(isOpen)).toEqual([false, false, false, true, false, false, false, false]);
    expect(opened.iterations).toBe(100);
    const [fifth, third] = await opened.decrypt([opened.bags[5]!, opened.bags[3]!]);
    expect(opened.iterations).toBe(150);
    expect(fifth).toMatchObject({ friendlyName: 'mk5', failure: null });
    expect(third).toMatchObject({ friendlyName: 'mk3' });
    expect(opened.bags.map(isOpen)).toEqual([false, false, false, true, false, true, false, false]);
    opened.decryptSync(opened.bags);
    expect(opened.bags.every(isOpen)).toBe(true);
    expect(opened.iterations).toBe(450);
  });

  it('the total holds over later calls, too', () => {
    using opened = parsePfx(wallet).unlockSync(PASSWORD, { select: 'none', limits: { maxTotalIterations: 100 } });
    opened.decryptSync([opened.bags[0]!]);
    expect(() => opened.decryptSync(opened.bags)).toThrow('450 iterations in all');
    expect(opened.bags.map(isOpen).filter(Boolean)).toHaveLength(1);
  });

  it('equal derivations count once', () => {
    const craft = { salt: new Uint8Array(16) };
    const pfx = parsePfx(makePfx([sealedSafe([certBag()], craft), sealedSafe([certBag()], craft)]));
    expect(pfx.cost).toEqual({ iterations: 20, derivations: 3 });
    using opened = pfx.unlockSync(PASSWORD);
    expect(opened.iterations).toBe(20);
  });

  it('a wrong password costs no more than the right one', () => {
    const pfx = parsePfx(mixed);
    expect(() => pfx.unlockSync('wrong', { limits: { maxTotalIterations: 150 } })).toThrow('wrong password');
  });

  it('bags of another file are refused', () => {
    using one = parsePfx(wallet).unlockSync(PASSWORD);
    using other = parsePfx(wallet).unlockSync(PASSWORD);
    expect(() => one.decryptSync([other.bags[0]!])).toThrow('not one of this file');
  });
});

describe('passwords', () => {
  it.each([
    ['text', PASSWORD],
    ['bytes', encodeUtf8(PASSWORD)],
    ['a Secret', Secret.fromText(PASSWORD)],
  ])('as %s, which stay as they are', async (_, password) => {
    (await parsePfx(wallet).unlock(password)).dispose();
    parsePfx(wallet).unlockSync(password).dispose();
    if (password instanceof Secret) expect(password.disposed).toBe(false);
    if (password instanceof Uint8Array) expect(password).toEqual(encodeUtf8(PASSWORD));
  });
});

describe('waiting', () => {
  const slow = encodePfxSync({ bags: secrets(4) }, { password: PASSWORD, iterations: 40_000 });

  it('progress rises to the end', async () => {
    const seen: [number, number][] = [];
    using opened = await parsePfx(slow).unlock(PASSWORD, {
      backend: 'wasm',
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(opened.bags.every(isOpen)).toBe(true);
    expect(seen.at(-1)).toEqual([200_000, 200_000]);
    for (const [i, [done]] of seen.entries()) expect(done).toBeGreaterThanOrEqual(seen[i - 1]?.[0] ?? 0);
  });

  it('an abort rejects with its reason, before or during', async () => {
    await expect(parsePfx(slow).unlock(PASSWORD, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    const controller = new AbortController();
    const running = parsePfx(slow).unlock(PASSWORD, { signal: controller.signal, backend: 'wasm' });
    setTimeout(() => controller.abort('stop'), 1);
    await expect(running).rejects.toBe('stop');
  });

  it('a deadline', async () => {
    await expect(parsePfx(slow).unlock(PASSWORD, { timeoutMs: 1, backend: 'wasm' })).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
    });
  });

  it('unknown options are refused', async () => {
    await expect(parsePfx(slow).unlock(PASSWORD, { timeout: 1 } as object)).rejects.toMatchObject({
      code: 'ERR_OPTION',
    });
    expect(() => parsePfx(slow).unlockSync(PASSWORD, { signal: undefined } as object)).toThrow('unknown option');
  });
});

describe('secrets', () => {
  it('show themselves nowhere', () => {
    using opened = parsePfx(wallet).unlockSync(PASSWORD);
    const [bag] = opened.bags;
    if (bag?.kind !== 'java-secret') throw new Error('no secret');
    expect(JSON.stringify(bag.secretKey)).toContain('[redacted]');
    expect(String(bag.der)).toBe('[redacted]');
    expect(JSON.stringify(opened.session)).toBe('"[redacted]"');
  });

  it('are gone after dispose', () => {
    const opened = parsePfx(mixed).unlockSync(PASSWORD);
    const bags = opened.bags;
    const lent = bags.flatMap((bag) => {
      const inner =
        bag.kind === 'java-secret' ? bag.secretKey!.bytes : bag.kind === 'shrouded-key' ? bag.privateKey!.der : [];
      return [bag.der, inner].flat();
    });
    const views = lent.map((secret) => secret.expose());
    const keys = [opened.session.parts.mac!.key, ...opened.session.parts.safes.flatMap((k) => k?.key ?? [])];
    expect(keys.every((key) => key.some((b) => b !== 0))).toBe(true);
    opened.dispose();
    opened.dispose();
    for (const view of [...views, ...keys]) expect(view.every((b) => b === 0)).toBe(true);
    for (const secret of lent) expect(secret.disposed).toBe(true);
    expect(() => opened.bags).toThrow('was closed');
    expect(() => opened.session).toThrow('was closed');
    parsePfx(mixed).unlockSync(PASSWORD).dispose(); // the file itself was not touched
  });

  it('a file can be unlocked again after the first is closed', () => {
    const pfx = parsePfx(mixed);
    pfx.unlockSync(PASSWORD).dispose();
    using again = pfx.unlockSync(PASSWORD);
    expect(again.bags.every(isOpen)).toBe(true);
  });
});
