import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { locateAll, type SendLocate } from '../../../src/kmip/client/locate.ts';
import type { LocateRequestPayload, LocateResponsePayload } from '../../../src/kmip/index.ts';

const BOUNDS = { maximumResponseSize: 280_000, maxMessageBytes: 8 * 2 ** 20 };
const IDS = Array.from({ length: 1000 }, (_, i) => `id ${i}`);
const tooLarge = (): ProtocolError =>
  new ProtocolError('ERR_KMIP_RESPONSE_TOO_LARGE', 'Locate failed', { resultReason: 'ResponseTooLarge' });

/** A server with its own ideas; notes what it was asked. */
function server(
  answer: (payload: LocateRequestPayload, size: number | undefined, n: number) => LocateResponsePayload,
): {
  readonly asked: (readonly [LocateRequestPayload, number | undefined])[];
  readonly send: SendLocate;
} {
  const asked: [LocateRequestPayload, number | undefined][] = [];
  const send: SendLocate = async (payload, size) => {
    asked.push([payload, size]);
    if (asked.length > 2000) throw new Error('it asks without end');
    return answer(payload, size, asked.length);
  };
  return { asked, send };
}

const page = (
  ids: readonly string[],
  { offsetItems = 0, maximumItems = ids.length }: LocateRequestPayload,
): readonly string[] => ids.slice(offsetItems, offsetItems + maximumItems);
const all = (send: SendLocate, version: '1.1' | '1.4', pageItems?: number): Promise<readonly string[]> =>
  locateAll(send, [], pageItems === undefined ? {} : { pageItems }, version, BOUNDS);

describe('locateAll from 1.3 on', () => {
  it.each([
    [
      'that says how many there are',
      (p: LocateRequestPayload) => ({ locatedItems: IDS.length, uniqueIdentifier: page(IDS, p) }),
      4,
    ],
    ['that does not', (p: LocateRequestPayload) => ({ uniqueIdentifier: page(IDS, p) }), 5],
    ['that says 0', (p: LocateRequestPayload) => ({ locatedItems: 0, uniqueIdentifier: page(IDS, p) }), 5],
    [
      'that gives 16 at a time',
      (p: LocateRequestPayload) => ({ uniqueIdentifier: page(IDS, { ...p, maximumItems: 16 }) }),
      64,
    ],
  ])('a server %s', async (_, answer, requests) => {
    const { asked, send } = server(answer);
    expect(await all(send, '1.4')).toEqual(IDS);
    expect(asked.length).toBe(requests);
    expect(asked[0]).toEqual([{ maximumItems: 256 }, undefined]);
    expect(asked[1]?.[0].offsetItems).toBeGreaterThan(0);
  });

  it.each([
    ['an empty payload', {}],
    ['an empty list', { uniqueIdentifier: [] }],
    ['a wrong total', { locatedItems: 7, uniqueIdentifier: [] }],
  ])('nothing found, told by %s', async (_, answer) => {
    const { asked, send } = server(() => answer);
    expect(await all(send, '1.4')).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it('regression: a server whose Located Items counts the page, not all: every page is asked for', async () => {
    const counting = server((payload) => {
      const ids = page(IDS, payload);
      return { locatedItems: ids.length, uniqueIdentifier: ids };
    });
    expect(await all(counting.send, '1.4')).toEqual(IDS);
    expect(counting.asked.length).toBe(4);
    const even = server((payload) => {
      const ids = page(IDS.slice(0, 512), payload);
      return { locatedItems: ids.length, uniqueIdentifier: ids };
    });
    expect(await all(even.send, '1.4')).toEqual(IDS.slice(0, 512));
    expect(even.asked.length).toBe(3);
  });

  it('a server that ignores the offset, and counts rightly or too much, is not asked without end', async () => {
    for (const locatedItems of [10, 11]) {
      const { asked, send } = server((_, __, n) => ({
        ...(n < 3 ? { locatedItems } : {}),
        uniqueIdentifier: IDS.slice(0, 10),
      }));
      expect(await all(send, '1.4', 10)).toEqual(IDS.slice(0, 10));
      expect(asked.length).toBeLessThanOrEqual(6);
    }
  });

  it('a server that ignores the offset, or the maximum', async () => {
    const ignoresOffset = server(() => ({ uniqueIdentifier: IDS.slice(0, 10) }));
    expect(await all(ignoresOffset.send, '1.4', 10)).toEqual(IDS.slice(0, 10));
    const ignoresMaximum = server(({ offsetItems = 0 }) => ({ uniqueIdentifier: IDS.slice(offsetItems) }));
    expect(await all(ignoresMaximum.send, '1.4', 10)).toEqual(IDS);
  });

  it('an order that changes between pages: what one round missed the next one finds', async () => {
    const { send } = server((payload, _, n) => {
      const turned = [...IDS.slice(n * 7), ...IDS.slice(0, n * 7)];
      return { locatedItems: IDS.length, uniqueIdentifier: page(turned, payload) };
    });
    const found = await all(send, '1.4');
    expect(new Set(found).size).toBe(found.length);
    expect([...found].sort()).toEqual([...IDS].sort());
  });

  it('pages that are too large become smaller', async () => {
    const { asked, send } = server((payload) => {
      if ((payload.maximumItems ?? 0) > 20) throw tooLarge();
      return { locatedItems: IDS.length, uniqueIdentifier: page(IDS, payload) };
    });
    expect(await all(send, '1.4')).toEqual(IDS);
    expect(asked.slice(0, 5).map(([{ maximumItems }]) => maximumItems)).toEqual([256, 128, 64, 32, 16]);
    expect(asked.slice(5).every(([{ maximumItems }]) => maximumItems === 16)).toBe(true);
    const never = server(() => {
      throw tooLarge();
    });
    await expect(all(never.send, '1.4')).rejects.toMatchObject({ resultReason: 'ResponseTooLarge' });
    expect(never.asked.length).toBe(9);
  });

  it('a refusal is not an empty list', async () => {
    const denied = new ProtocolError('ERR_KMIP_PERMISSION_DENIED', 'Locate failed', {
      resultReason: 'PermissionDenied',
    });
    for (const version of ['1.1', '1.4'] as const) {
      const { send } = server(() => {
        throw denied;
      });
      await expect(all(send, version)).rejects.toBe(denied);
    }
  });
});

describe('locateAll before 1.3', () => {
  it('asks for one answer, and lets it grow', async () => {
    const { asked, send } = server((_, size = 0) => {
      if (size < 1_000_000) throw tooLarge();
      return { uniqueIdentifier: [...IDS, 'id 5'] };
    });
    expect(await all(send, '1.1')).toEqual(IDS);
    expect(asked).toEqual([
      [{}, 280_000],
      [{}, 1_120_000],
    ]);
  });

  it('says so when even the largest message is too small', async () => {
    const { asked, send } = server(() => {
      throw tooLarge();
    });
    await expect(all(send, '1.1')).rejects.toMatchObject({
      name: 'LimitError',
      code: 'ERR_KMIP_LOCATE_SIZE',
      limit: 8 * 2 ** 20,
    });
    expect(asked.map(([, size]) => size)).toEqual([280_000, 1_120_000, 4_480_000, 8 * 2 ** 20]);
  });
});
