/** The cache of records: bounded by bytes as well as by number. */
import { describe, expect, it } from 'vitest';
import type { RecordContents } from '../../../src/kmip/server/record.ts';
import { RecordCache } from '../../../src/kmip/server/record-cache.ts';

const record = (ordinal: number, bytes: number): RecordContents => ({
  ordinal,
  keyId: 'k',
  uniqueIdentifier: String(ordinal),
  owner: 'client',
  objectType: 'SecretData',
  attributes: new Uint8Array(bytes / 2),
  indexKeys: [],
  hasMaterial: true,
  wrapped: new Uint8Array(bytes / 2),
});

describe('record cache', () => {
  it('lets go of the oldest beyond its bytes, and beyond its number', () => {
    const cache = new RecordCache({ records: 4, bytes: 1000, recordBytes: 500 });
    for (let i = 1; i <= 3; i++) cache.set(record(i, 400));
    expect([1, 2, 3].map((i) => cache.get(i)?.ordinal)).toEqual([undefined, 2, 3]);
    expect(cache.bytes).toBe(800);
    for (let i = 4; i <= 8; i++) cache.set(record(i, 2));
    expect([3, 4, 5, 8].map((i) => cache.get(i)?.ordinal)).toEqual([undefined, undefined, 5, 8]);
    expect(cache.bytes).toBe(8);
  });

  it('does not keep what is large, nor an earlier state of it', () => {
    const cache = new RecordCache({ records: 4, bytes: 1000, recordBytes: 500 });
    cache.set(record(1, 400));
    cache.set(record(1, 502));
    expect([cache.get(1), cache.bytes]).toEqual([undefined, 0]);
  });

  it('counts a record once, however often it is kept or removed', () => {
    const cache = new RecordCache();
    for (let i = 0; i < 5; i++) cache.set(record(1, 400));
    expect(cache.bytes).toBe(400);
    for (let i = 0; i < 2; i++) cache.delete(1);
    expect(cache.bytes).toBe(0);
  });

  it('holds at most 32 MiB of a client that makes objects as large as it may', () => {
    const cache = new RecordCache();
    for (let i = 1; i <= 600; i++) cache.set(record(i, 64 << 10));
    for (let i = 601; i <= 700; i++) cache.set(record(i, 1 << 20));
    expect(cache.bytes).toBe(32 << 20);
  });
});
