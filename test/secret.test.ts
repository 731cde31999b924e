/** Secret: bytes that print as nothing, and are zero once disposed of. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../src/secret.ts';

const TEXT = 'correct horse';
const BYTES = new TextEncoder().encode(TEXT);
/** Every way in which the bytes could stand in a text. */
const SHOWN = [TEXT, [...BYTES].join(','), Buffer.from(BYTES).toString('hex'), Buffer.from(BYTES).toString('base64')];

describe('a secret', () => {
  it('prints as nothing, however it is printed', () => {
    using secret = Secret.from(BYTES);
    const printed = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }, { showHidden: true, depth: null, customInspect: true }),
      inspect(secret, { customInspect: false, showHidden: true }),
      Object.entries(secret).join(),
      new Error(`with ${secret}`, { cause: secret }).message,
    ];
    for (const text of printed) for (const shown of SHOWN) expect(text).not.toContain(shown);
    expect(printed.slice(0, 4)).toEqual(['[redacted]', '[redacted]', '{"secret":"[redacted]"}', 'Secret [redacted]']);
  });

  it('copies what it is made from, and takes over what it adopts', () => {
    const given = BYTES.slice();
    using copied = Secret.from(given);
    given.fill(0);
    expect(copied.expose()).toEqual(BYTES);
    const adopted = BYTES.slice();
    expect(Secret.adopt(adopted).expose()).toBe(adopted);
  });

  it('zeroes its bytes when it is disposed of', () => {
    const bytes = BYTES.slice();
    {
      using secret = Secret.adopt(bytes);
      expect(secret.length).toBe(BYTES.length);
    }
    expect(bytes).toEqual(new Uint8Array(BYTES.length));
    const copy = (() => {
      using secret = Secret.fromText(TEXT);
      return secret.copy();
    })();
    expect(copy).toEqual(BYTES); // the caller's own
  });

  it('refuses every use afterwards, and a second disposal does nothing', () => {
    const secret = Secret.fromText(TEXT);
    secret.dispose();
    secret.dispose();
    expect(secret.disposed).toBe(true);
    for (const use of [() => secret.expose(), () => secret.copy(), () => secret.length])
      expect(use).toThrowError(expect.objectContaining({ code: 'ERR_SECRET_DISPOSED' }));
    expect(`${secret}`).toBe('[redacted]');
  });
});
