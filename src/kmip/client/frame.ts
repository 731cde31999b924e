/**
 * Cutting a stream of bytes into messages (KMIP 1.4, section 9.1): the eight bytes of the outermost item say how long it is, and
 * TLS records may split it anywhere, or hold several. Pure: bytes in, whole messages out; nothing is read beyond the length
 * that was allowed, because a length is refused as soon as its last byte is there. Layer: kmip/client.
 *
 *   42 00 7B | 01 | length, 4 bytes big-endian | value
 */
import { FormatError, LimitError } from '../../errors.ts';

/** Bytes of the header of the outermost item. */
const HEADER_BYTES = 8;
/** Response Message, Structure. */
const RESPONSE_START = [0x42, 0x00, 0x7b, 0x01] as const;

/**
 * Collects one connection's bytes. What was pushed is copied where it has to wait for more, and the pushed bytes are the
 * caller's to wipe once `onMessage` has returned.
 */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #message: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param maxBytes the largest message, its header included */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True in the middle of a message: the stream must not end here. */
  get isInside(): boolean {
    return this.#headerBytes > 0;
  }

  /**
   * Takes what was received and hands out each message that it completes, header included; lent for the length of the call.
   *
   * @throws {FormatError} ERR_KMIP_FRAME when the bytes do not begin a Response Message
   * @throws {LimitError} ERR_KMIP_RESPONSE_SIZE when a longer one than allowed is announced
   */
  push(chunk: Uint8Array, onMessage: (message: Uint8Array) => void): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#message === undefined) {
        const whole = this.#takeWhole(chunk, at);
        if (whole !== undefined) {
          at += whole.length;
          onMessage(whole);
          continue;
        }
        at += this.#takeHeader(chunk, at);
      } else {
        at += this.#takeValue(this.#message, chunk, at);
      }
      if (this.#message !== undefined && this.#filled === this.#message.length) this.#handOut(onMessage);
    }
  }

  /** Wipes what waits for more. */
  dispose(): void {
    this.#message?.fill(0);
    this.#header.fill(0);
    this.#message = undefined;
    this.#headerBytes = 0;
  }

  /** The common case: a message that lies in one chunk is lent from there, without a copy. */
  #takeWhole(chunk: Uint8Array, at: number): Uint8Array | undefined {
    if (this.#headerBytes !== 0 || chunk.length - at < HEADER_BYTES) return undefined;
    const length = this.#messageBytes(chunk, at);
    return chunk.length - at >= length ? chunk.subarray(at, at + length) : undefined;
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + taken), this.#headerBytes);
    this.#headerBytes += taken;
    this.#assertStart();
    if (this.#headerBytes === HEADER_BYTES) {
      this.#message = new Uint8Array(this.#messageBytes(this.#header, 0));
      this.#message.set(this.#header);
      this.#filled = HEADER_BYTES;
    }
    return taken;
  }

  #takeValue(message: Uint8Array, chunk: Uint8Array, at: number): number {
    const taken = Math.min(message.length - this.#filled, chunk.length - at);
    message.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    return taken;
  }

  #handOut(onMessage: (message: Uint8Array) => void): void {
    const message = this.#message as Uint8Array;
    this.#message = undefined;
    this.#headerBytes = 0;
    try {
      onMessage(message);
    } finally {
      message.fill(0);
    }
  }

  /** Refuses a wrong first byte as soon as it is there, not after eight. */
  #assertStart(): void {
    for (let i = 0; i < Math.min(this.#headerBytes, RESPONSE_START.length); i++)
      if (this.#header[i] !== RESPONSE_START[i]) throw notAResponse(i);
  }

  #messageBytes(bytes: Uint8Array, at: number): number {
    for (let i = 0; i < RESPONSE_START.length; i++) if (bytes[at + i] !== RESPONSE_START[i]) throw notAResponse(i);
    // Not by shifts: four bytes are unsigned, and the sum below must not wrap.
    const length = bytes[at + 4]! * 2 ** 24 + bytes[at + 5]! * 2 ** 16 + bytes[at + 6]! * 2 ** 8 + bytes[at + 7]!;
    const total = HEADER_BYTES + length;
    if (total > this.#maxBytes) {
      const bound = { limit: this.#maxBytes, actual: total };
      throw new LimitError(
        'ERR_KMIP_RESPONSE_SIZE',
        `the server announced a message of ${total} bytes; at most ${this.#maxBytes} are read`,
        bound,
      );
    }
    if (length === 0 || length % 8 !== 0)
      throw new FormatError('ERR_KMIP_FRAME', `a response message cannot have a value of ${length} bytes`, {
        offset: 4,
      });
    return total;
  }
}

function notAResponse(offset: number): FormatError {
  const place = { offset };
  return new FormatError(
    'ERR_KMIP_FRAME',
    'the server does not speak KMIP: its bytes do not begin a response message',
    place,
  );
}
