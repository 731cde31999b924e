/**
 * `Secret`: bytes that do not show themselves. Printed, logged, serialised or inspected they read `[redacted]`;
 * disposed of, they are zero. What JavaScript copied elsewhere (strings, moved buffers) is out of its reach.
 */
import { UsageError } from './errors.ts';

const REDACTED = '[redacted]';
/** Node's custom-inspection symbol; registered globally, so no import of `node:util` is needed. */
const INSPECT = /* @__PURE__ */ Symbol.for('nodejs.util.inspect.custom');

/** Secret bytes with an owner. Use with `using`, or call `dispose()`. */
export class Secret {
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    if (INSPECT in this) return;
    // Once for all secrets, with the first: a property of each would cost more than its bytes.
    Object.defineProperty(Secret.prototype, INSPECT, { value: () => `Secret ${REDACTED}` });
  }

  /**
   * Makes a secret from a copy of `bytes`; the caller's bytes are not changed and remain the caller's to wipe.
   *
   * @example
   * using key = Secret.from(new Uint8Array(32));
   */
  static from(bytes: Uint8Array): Secret {
    return new Secret(new Uint8Array(bytes));
  }

  /** Makes a secret that takes `bytes` over without a copy: they are zeroed when the secret is disposed of. */
  static adopt(bytes: Uint8Array<ArrayBuffer>): Secret {
    return new Secret(bytes);
  }

  /** Makes a secret of the UTF-8 bytes of `text`. The string itself cannot be wiped. */
  static fromText(text: string): Secret {
    return new Secret(new TextEncoder().encode(text));
  }

  /** Number of bytes. @throws {UsageError} ERR_SECRET_DISPOSED */
  get length(): number {
    return this.#live().length;
  }

  /** True once the bytes are gone. */
  get disposed(): boolean {
    return this.#bytes === undefined;
  }

  /**
   * Lends the live bytes, not a copy: valid until the secret is disposed of; do not keep or change them.
   *
   * @throws {UsageError} ERR_SECRET_DISPOSED
   */
  expose(): Uint8Array<ArrayBuffer> {
    return this.#live();
  }

  /** Copies the bytes out; the copy is the caller's to wipe. @throws {UsageError} ERR_SECRET_DISPOSED */
  copy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#live());
  }

  /** Zeroes the bytes. Safe to call twice. */
  dispose(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  /** Zeroes the bytes, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Gives `[redacted]`, so that no message shows the bytes. */
  toString(): string {
    return REDACTED;
  }

  /** Gives `[redacted]`, so that no JSON holds the bytes. */
  toJSON(): string {
    return REDACTED;
  }

  #live(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) throw new UsageError('ERR_SECRET_DISPOSED', 'this secret was disposed of');
    return this.#bytes;
  }
}
