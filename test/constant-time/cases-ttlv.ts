/**
 * TTLV messages that carry key material under the constant-time lane. Text is not among it: it is checked as UTF-8 and says so.
 * Layer: test only.
 */
import { type Case, type Core, turn } from './cases.ts';
import type { Secrets } from './secrets.ts';

/** A Get response with key material, near enough: text that is public, a byte string and a big integer that are not. */
function message(core: Core, secrets: Secrets, pair: number): () => Uint8Array<ArrayBuffer> {
  const key = secrets.bytes(turn([16, 24, 32, 33, 300], pair));
  const number = secrets.bytes(8 * (1 + (pair % 4)));
  return () =>
    core.writeTtlv((w) => {
      w.open(0x42007b);
      w.text(0x420094, '49a1ca88-6bea-4fb2-b450-7e58802c3038');
      w.byteString(0x420043, key);
      w.bigInteger(0x42003e, number);
      w.close();
    });
}

export const TTLV_CASES: readonly Case[] = [
  {
    name: 'writeTtlv of a secret byte string and big integer',
    drives: ['writeTtlv', 'TtlvWriter'],
    prepare: (core, secrets, pair) => message(core, secrets, pair),
  },
  {
    name: 'TTLV messages with a secret byte string and big integer: validate, read, parse',
    drives: ['validateTtlv', 'readTtlv', 'parseTtlv'],
    prepare: (core, secrets, pair) => {
      const bytes = message(core, secrets, pair)();
      return () => {
        core.validateTtlv(bytes);
        core.readTtlv(bytes, (m) => m.byteString(m.child(m.root, 0x420043)));
        core.parseTtlv(bytes).dispose();
      };
    },
  },
];
