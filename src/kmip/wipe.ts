/** Zeroing the byte strings of a message. Layer: kmip. */

/**
 * Zeroes every byte string in a message, a payload, an object or any part of one: keys, wrapped keys, data. The strings in it
 * (a password in a credential) cannot be wiped.
 *
 * @example
 * const payload = item.responsePayload;
 * try {
 *   use(payload);
 * } finally {
 *   wipeMessage(payload);
 * }
 */
export function wipeMessage(message: unknown): void {
  if (message instanceof Uint8Array) message.fill(0);
  else if (Array.isArray(message)) for (const one of message) wipeMessage(one);
  else if (typeof message === 'object' && message !== null)
    for (const one of Object.values(message)) if (typeof one === 'object') wipeMessage(one);
}
