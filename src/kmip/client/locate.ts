/**
 * Finding all objects that match, however many: by pages where the server has Offset Items (from 1.3), and else in one answer
 * that is allowed to grow. Servers give less than a whole page, in no stable order, without Located Items, or with a wrong number
 * there; so what counts is whether a page brings anything new. Pure but for the request it is given. Layer: kmip/client.
 */
import { LimitError, ProtocolError } from '../../errors.ts';
import type { Attribute, KmipVersion, LocateRequestPayload, LocateResponsePayload } from '../index.ts';

/** What else a Locate may ask for. */
export interface LocateFilter {
  /** Bits of `StorageStatusMask`. Default: objects on line. */
  readonly storageStatusMask?: number;
  /** Since 1.1. */
  readonly objectGroupMember?: NonNullable<LocateRequestPayload['objectGroupMember']>;
  /** Identifiers of one page. Default 256. */
  readonly pageItems?: number;
}

/** Sends one Locate, with a Maximum Response Size of its own where one is given. */
export type SendLocate = (
  payload: LocateRequestPayload,
  maximumResponseSize?: number,
) => Promise<LocateResponsePayload>;

/** The bounds of an answer in one piece, bytes. */
export interface LocateBounds {
  readonly maximumResponseSize: number;
  readonly maxMessageBytes: number;
}

/** A first page of this many identifiers (36 bytes each) stays far below what any server refuses. */
const PAGE_ITEMS = 256;
/** Rounds over all pages: an order that changes meanwhile hides objects from the first. */
const MAX_ROUNDS = 3;
const GROWTH = 4;

/**
 * Lists the Unique Identifiers of all matching objects, each once.
 *
 * @throws {ProtocolError} what the server refuses the Locate with: not the same as that nothing matches
 * @throws {LimitError} ERR_KMIP_LOCATE_SIZE when they do not fit one message and the server has no pages
 */
export function locateAll(
  send: SendLocate,
  attribute: readonly Attribute[],
  filter: LocateFilter,
  version: KmipVersion,
  bounds: LocateBounds,
): Promise<readonly string[]> {
  const { pageItems = PAGE_ITEMS, ...rest } = filter;
  const query: LocateRequestPayload = { ...rest, ...(attribute.length > 0 ? { attribute } : {}) };
  return version >= '1.3' ? byPages(send, query, pageItems) : inOneAnswer(send, query, bounds);
}

async function byPages(send: SendLocate, query: LocateRequestPayload, pageItems: number): Promise<readonly string[]> {
  const found = new Set<string>();
  let maximumItems = pageItems;
  let total: number | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = found.size;
    for (let offsetItems = 0; ; ) {
      const page = await onePage({ ...query, maximumItems, ...(offsetItems > 0 ? { offsetItems } : {}) });
      maximumItems = page.maximumItems;
      const ids = page.answer.uniqueIdentifier ?? [];
      total = page.answer.locatedItems || total; // some say 0 beside what they found
      const known = found.size;
      for (const id of ids) found.add(id);
      offsetItems += ids.length;
      // Some count the page alone: after a full one, a total that was reached says nothing. Further rounds are for a larger one.
      const isTotalReached = total !== undefined && offsetItems >= total && (round > 0 || ids.length < maximumItems);
      // A server that ignores the offset repeats itself: in the first round a page without news is the last one.
      if (ids.length === 0 || (round === 0 && found.size === known) || isTotalReached) break;
    }
    // All there are, or all there is a way to see: a further round brought nothing, or none is needed.
    if (found.size >= (total ?? 0) || (round > 0 && found.size === before)) break;
  }
  return [...found];

  async function onePage(
    payload: LocateRequestPayload,
  ): Promise<{ answer: LocateResponsePayload; maximumItems: number }> {
    for (let items = payload.maximumItems as number; ; items = Math.floor(items / 2)) {
      try {
        return { answer: await send({ ...payload, maximumItems: items }), maximumItems: items };
      } catch (error) {
        if (!isTooLarge(error) || items <= 1) throw error;
      }
    }
  }
}

async function inOneAnswer(
  send: SendLocate,
  query: LocateRequestPayload,
  { maximumResponseSize, maxMessageBytes }: LocateBounds,
): Promise<readonly string[]> {
  for (let size = maximumResponseSize; ; size = Math.min(size * GROWTH, maxMessageBytes)) {
    try {
      return [...new Set((await send(query, size)).uniqueIdentifier ?? [])];
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      // Maximum Items would only cut the list short: without Offset Items there is no way to the rest.
      if (size === 0 || size >= maxMessageBytes) {
        const bound = { limit: maxMessageBytes, actual: `more than ${size}` };
        throw new LimitError(
          'ERR_KMIP_LOCATE_SIZE',
          'the identifiers of all matching objects do not fit one message',
          bound,
          {
            cause: error,
            hint: 'ask for fewer at a time, by object group or dates, or use a server of KMIP 1.3 or later',
          },
        );
      }
    }
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof ProtocolError && error.resultReason === 'ResponseTooLarge';
