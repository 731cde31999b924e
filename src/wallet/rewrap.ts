/** Wrapping many data keys anew, in batches between which the event loop runs. Layer: wallet, universal. */
import type { MasterKey } from './contents.ts';
import { envelopeHead, groupEnvelopes, rewrapBatch, rewrapPadded } from './data-key.ts';
import type { RewrapOptions } from './options.ts';

/** The keys of a rewrap. */
export interface RewrapKeys {
  readonly masterKeys: ReadonlyMap<string, MasterKey>;
  /** The key that envelopes are wrapped under afterwards. */
  readonly active: MasterKey;
  /** Derives the wrapping key of a master key: a new array each time, wiped after use. */
  keyOf(key: MasterKey): Uint8Array<ArrayBuffer>;
}

/** Envelopes rewrapped at once: as many of 32-byte keys as the core's windows take. */
const REWRAP_BATCH = 1536;
/** How long the event loop may have to wait. */
const REWRAP_TURN_MS = 25;

/** Lets timers and input run. */
function breathe(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

/** Rewraps envelopes; null in the place of one that does not open. */
export async function rewrapAll(
  envelopes: readonly Uint8Array[],
  { masterKeys, active, keyOf }: RewrapKeys,
  options: RewrapOptions,
): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
  const hasContext = options.context !== undefined;
  const out: (Uint8Array<ArrayBuffer> | null)[] = new Array(envelopes.length).fill(null);
  const to = keyOf(active);
  let done = 0;
  let pause = performance.now() + REWRAP_TURN_MS;
  try {
    for (const { keyId, padded, indices } of groupEnvelopes(envelopes, hasContext)) {
      const source = masterKeys.get(keyId);
      const from = source === undefined ? null : keyOf(source);
      const head = envelopeHead(active.mkid, hasContext, padded);
      try {
        for (let at = 0; at < indices.length; at += REWRAP_BATCH) {
          options.signal?.throwIfAborted();
          const batch = indices.slice(at, at + REWRAP_BATCH);
          if (from !== null && padded) {
            for (const i of batch) out[i] = rewrapPadded(from, to, head, envelopes[i] as Uint8Array);
          } else if (from !== null) rewrapBatch(from, to, head, envelopes, batch, out);
          done += batch.length;
          options.onProgress?.(done, envelopes.length);
          if (performance.now() < pause) continue;
          await breathe();
          pause = performance.now() + REWRAP_TURN_MS;
        }
      } finally {
        from?.fill(0);
      }
    }
  } finally {
    to.fill(0);
  }
  return out;
}
