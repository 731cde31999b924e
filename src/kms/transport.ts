/**
 * How requests to a key management service travel. `fetchTransport` uses the platform's `fetch`, in Node and in the browser;
 * anything else that takes a request and gives an answer can stand in its place. Layer: kms, universal.
 */
import { concatBytes } from '../bytes.ts';
import { FormatError } from '../errors.ts';

/** One HTTP request; always POST. */
export interface KmsHttpRequest {
  readonly url: string;
  /** All but Host, which the platform sets from the URL. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lent for the call: it may hold key material, and is wiped afterwards. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One answer. */
export interface KmsHttpResponse {
  /** HTTP's. */
  readonly status: number;
  /** The caller's to wipe. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The Date header; null where there is none or the platform hides it. */
  readonly date: string | null;
}

/** Sends a request; rejects when there is no answer. */
export type KmsTransport = (request: KmsHttpRequest, signal: AbortSignal) => Promise<KmsHttpResponse>;

/** Larger than any answer: 4 KiB of plaintext and its ciphertext take less than 20 KiB. */
const MAX_ANSWER_BYTES = 262_144;

/** Sends by `fetch`. Follows no redirection: a signed request goes where it was meant to or nowhere. */
export const fetchTransport: KmsTransport = async ({ url, headers, body }, signal) => {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    signal,
    redirect: 'error',
    credentials: 'omit',
    cache: 'no-store',
  });
  return { status: response.status, body: await readBody(response), date: response.headers.get('date') };
};

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    length += chunk.value.length;
    chunks.push(chunk.value);
    if (length <= MAX_ANSWER_BYTES) continue;
    await reader?.cancel();
    throw new FormatError('ERR_KMS_ANSWER', 'the answer of the key management service is too long', {
      offset: MAX_ANSWER_BYTES,
    });
  }
  const body = concatBytes(...chunks);
  for (const chunk of chunks) chunk.fill(0);
  return body;
}

/** What time it is, and waiting. Replaced in tests. */
export interface KmsClock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds that only grow. */
  monotonic(): number;
  /** Resolves after a time; rejects with the signal's reason when it fires earlier. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The platform's clock. */
export const platformClock: KmsClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    }),
};
