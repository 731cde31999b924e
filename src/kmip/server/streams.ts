/**
 * Cryptographic operations in several parts (KMIP 1.3, 4.29 to 4.36): the parts are gathered under a Correlation Value, and the
 * operation is done with the last. A part is answered with the value and no data. In memory, and wiped when done or given up.
 * Layer: kmip/server, Node only.
 *
 *   first part: Init Indicator · parts between: Correlation Value · last part: Correlation Value, Final Indicator
 *   a single part: none of the three, or both indicators
 */
import { concatBytes, formatHex } from '../../bytes.ts';
import { refuse } from './refusal.ts';

/** The fields of a payload that make it a part. */
export interface Part {
  readonly correlationValue?: Uint8Array;
  readonly initIndicator?: boolean;
  readonly finalIndicator?: boolean;
  readonly data?: Uint8Array;
}

/** What the parts must have in common, and the payload of the first one: later parts need not repeat it. */
interface Stream {
  readonly owner: string;
  readonly operation: string;
  readonly first: Part;
  readonly data: Uint8Array[];
  bytes: number;
}

/** Limits of what is gathered. */
const MAX_STREAM_BYTES = 8 << 20;
const MAX_STREAM_PARTS = 4096;
const MAX_STREAMS_PER_OWNER = 16;

/** The operations under way. */
export class DataStreams {
  readonly #streams = new Map<string, Stream>();
  readonly #randomBytes: (lengthBytes: number) => Uint8Array<ArrayBuffer>;

  constructor(randomBytes: (lengthBytes: number) => Uint8Array<ArrayBuffer>) {
    this.#randomBytes = randomBytes;
  }

  /**
   * Takes a part. Gives the payload to do the operation with when the part was the last, or the only one: the first part's with all
   * data; else the Correlation Value to answer with.
   */
  take<P extends Part>(
    owner: string,
    operation: string,
    part: P,
  ): { readonly whole: P } | { readonly value: Uint8Array } {
    const { correlationValue, initIndicator = false, finalIndicator = false } = part;
    if (correlationValue === undefined) {
      if (initIndicator && !finalIndicator) return { value: this.#begin(owner, operation, part) };
      if (finalIndicator && !initIndicator)
        refuse('InvalidField', 'the last part names the Correlation Value of the first');
      return { whole: part };
    }
    const key = formatHex(correlationValue);
    const stream = this.#streams.get(key);
    if (initIndicator || stream === undefined || stream.owner !== owner || stream.operation !== operation)
      return refuse('InvalidField', 'no operation of yours is under way under this Correlation Value');
    this.#append(key, stream, part);
    if (!finalIndicator) return { value: correlationValue };
    this.#streams.delete(key);
    const data = concatBytes(...stream.data);
    wipe(stream);
    const { initIndicator: _init, correlationValue: _value, finalIndicator: _final, ...last } = part;
    return { whole: { ...stream.first, ...last, data } as unknown as P };
  }

  #begin(owner: string, operation: string, first: Part): Uint8Array {
    const mine = [...this.#streams].filter(([, stream]) => stream.owner === owner);
    // The oldest makes room: a client that lost one would otherwise be locked out.
    if (mine.length >= MAX_STREAMS_PER_OWNER) this.#drop(mine[0]![0]);
    const value = this.#randomBytes(16);
    const { initIndicator: _init, data: _data, ...kept } = first;
    // A copy: the request's own bytes are wiped when it has been answered.
    const stream: Stream = { owner, operation, first: structuredClone(kept), data: [], bytes: 0 };
    this.#streams.set(formatHex(value), stream);
    this.#append(formatHex(value), stream, first);
    return value;
  }

  #append(key: string, stream: Stream, { data = new Uint8Array(0) }: Part): void {
    // A part without data costs nothing, and is not kept.
    if (data.length === 0) return;
    if (stream.data.length >= MAX_STREAM_PARTS) {
      this.#drop(key);
      refuse('InvalidField', `the data come in more than ${MAX_STREAM_PARTS} parts`);
    }
    stream.bytes += data.length;
    if (stream.bytes > MAX_STREAM_BYTES) {
      this.#drop(key);
      refuse('InvalidField', 'the parts have more than 8 MiB together');
    }
    stream.data.push(data.slice());
  }

  #drop(key: string): void {
    const stream = this.#streams.get(key);
    if (stream !== undefined) wipe(stream);
    this.#streams.delete(key);
  }
}

function wipe(stream: Stream): void {
  for (const part of stream.data) part.fill(0);
}
