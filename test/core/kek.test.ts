/** KEK handles: a cache that evicts, reloads and forgets, and is never mistaken for another's. */
import { afterEach, describe, expect, it } from 'vitest';
import { KEK_SLOTS, KEK_SLOTS_BYTES } from '../../src/core/generated/layout.ts';
import { importKek, type Kek, unwrapKey, unwrapKeys, wrapKey, wrapKeys } from '../../src/core/index.ts';
import { KEK_SLOT_COUNT } from '../../src/core/kek.ts';
import { memory } from '../../src/core/wasm.ts';
import { Secret } from '../../src/secret.ts';
import { toHex } from '../support/hex.ts';

const bytesOf = (n: number, length = 32) => Uint8Array.from({ length }, (_, i) => n * 17 + i);
const KEY = bytesOf(200);
const slots = () => memory().subarray(KEK_SLOTS, KEK_SLOTS + KEK_SLOTS_BYTES);

const made: Kek[] = [];
const kekOf = (n: number, length = 32): Kek => {
  const kek = importKek(bytesOf(n, length));
  made.push(kek);
  return kek;
};
afterEach(() => {
  for (const kek of made.splice(0)) kek.dispose();
  expect(slots().every((b) => b === 0)).toBe(true);
});

describe('importKek', () => {
  it('AES-128, -192 and -256 handles do what the bytes do', () => {
    for (const length of [16, 24, 32]) {
      const kek = kekOf(length, length);
      const wrapped = wrapKey(kek, KEY);
      expect(toHex(wrapped)).toBe(toHex(wrapKey(bytesOf(length, length), KEY)));
      expect(toHex(unwrapKey(kek, wrapped))).toBe(toHex(KEY));
    }
  });

  it('copies the key', () => {
    const bytes = bytesOf(1);
    using kek = importKek(bytes);
    bytes.fill(0);
    expect(toHex(wrapKey(kek, KEY))).toBe(toHex(wrapKey(bytesOf(1), KEY)));
    using secret = Secret.from(bytesOf(2));
    using other = importKek(secret);
    secret.dispose();
    expect(toHex(wrapKey(other, KEY))).toBe(toHex(wrapKey(bytesOf(2), KEY)));
  });

  it('refuses other lengths', () => {
    expect(() => importKek(new Uint8Array(20))).toThrow(expect.objectContaining({ code: 'ERR_KEY_LENGTH' }));
  });
});

describe('the slots', () => {
  it('three times as many handles as slots, used in several orders, each time through every form of schedule', () => {
    const keks = Array.from({ length: 3 * KEK_SLOT_COUNT }, (_, i) => kekOf(i));
    const flat = new Uint8Array(8 * 32).map((_, i) => i);
    const use = (i: number) => {
      const wrapped = wrapKey(keks[i]!, KEY);
      expect(toHex(wrapped)).toBe(toHex(wrapKey(bytesOf(i), KEY)));
      expect(toHex(unwrapKey(keks[i]!, wrapped))).toBe(toHex(KEY));
      const many = wrapKeys(keks[i]!, flat, 32);
      expect(toHex(many)).toBe(toHex(wrapKeys(bytesOf(i), flat, 32)));
      expect(unwrapKeys(keks[i]!, many, 32).failed).toEqual([]);
    };
    for (let i = 0; i < keks.length; i++) use(i);
    for (let i = keks.length - 1; i >= 0; i--) use(i);
    for (let i = 0; i < 200; i++) use((i * 31) % keks.length);
  });

  it('an evicted schedule is wiped: its slot then holds the new one only', () => {
    const first = kekOf(0, 32);
    wrapKeys(first, new Uint8Array(256), 32); // planes, the largest form
    unwrapKey(first, wrapKey(first, KEY));
    const before = slots().slice();
    for (let i = 1; i <= KEK_SLOT_COUNT; i++) wrapKey(kekOf(i, 16), KEY);
    const after = slots();
    // AES-128 schedules that only wrapped are shorter than what the first had filled in
    const size = KEK_SLOTS_BYTES / KEK_SLOT_COUNT;
    const slot = before.findIndex((b) => b !== 0) / size;
    const place = Math.floor(slot) * size;
    expect(before.subarray(place + 512, place + size).some((b) => b !== 0)).toBe(true);
    expect(after.subarray(place + 272, place + size).every((b) => b === 0)).toBe(true);
  });

  it('the slot used longest ago goes first', () => {
    const keks = Array.from({ length: KEK_SLOT_COUNT }, (_, i) => kekOf(i));
    for (const kek of keks) wrapKey(kek, KEY);
    wrapKey(keks[0]!, KEY); // now the second is the oldest
    const before = slots().slice();
    wrapKey(kekOf(99), KEY);
    const size = KEK_SLOTS_BYTES / KEK_SLOT_COUNT;
    const changed = keks.map(
      (_, i) => toHex(slots().subarray(i * size, (i + 1) * size)) !== toHex(before.subarray(i * size, (i + 1) * size)),
    );
    expect(changed).toEqual(keks.map((_, i) => i === 1));
  });
});

describe('dispose', () => {
  it('wipes the slot, can be called twice, and leaves others alone', () => {
    const [a, b] = [kekOf(1), kekOf(2)];
    wrapKey(a, KEY);
    wrapKey(b, KEY);
    a.dispose();
    a.dispose();
    expect(toHex(wrapKey(b, KEY))).toBe(toHex(wrapKey(bytesOf(2), KEY)));
    expect(() => wrapKey(a, KEY)).toThrow(expect.objectContaining({ code: 'ERR_KEK_DISPOSED' }));
  });

  it('of a handle that lost its slot does not touch the new holder', () => {
    const first = kekOf(0);
    wrapKey(first, KEY);
    const rest = Array.from({ length: KEK_SLOT_COUNT }, (_, i) => kekOf(i + 1));
    for (const kek of rest) wrapKey(kek, KEY);
    const before = toHex(slots());
    first.dispose();
    expect(toHex(slots())).toBe(before);
  });

  it('of a handle never used', () => {
    kekOf(5).dispose();
  });

  it('does not show its key', () => {
    const kek = kekOf(65);
    expect(JSON.stringify(kek)).toBe('{}');
    expect(String(kek)).not.toMatch(/[0-9]/);
  });
});
