/** What a printed message does not show: by default no form lets a secret through, and none of them can be parsed back. */
import { describe, expect, it } from 'vitest';
import {
  encodeTtlv,
  formatTtlvJson,
  formatTtlvText,
  formatTtlvXml,
  ItemType,
  parseTtlvJson,
  parseTtlvText,
  parseTtlvXml,
  Tag,
  type TtlvNode,
} from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';

const MARK = 'c0ffee5ec2e7beef';
const SECRET = new Uint8Array([0xc0, 0xff, 0xee, 0x5e, 0xc2, 0xe7, 0xbe, 0xef]);
const bytes = (tag: number): TtlvNode => ({ tag, type: ItemType.ByteString, value: SECRET });
const big = (tag: number): TtlvNode => ({ tag, type: ItemType.BigInteger, value: SECRET });
const text = (tag: number, value: string): TtlvNode => ({ tag, type: ItemType.TextString, value });
const structure = (tag: number, ...value: TtlvNode[]): TtlvNode => ({ tag, type: ItemType.Structure, value });

const FORMS = [
  { name: 'text', format: formatTtlvText, parse: parseTtlvText },
  { name: 'XML', format: formatTtlvXml, parse: parseTtlvXml },
  { name: 'JSON', format: formatTtlvJson, parse: parseTtlvJson },
];

const secrets: [what: string, node: TtlvNode][] = [
  ['raw Key Material', structure(Tag.KeyValue, bytes(Tag.KeyMaterial))],
  ['a wrapped Key Value', bytes(Tag.KeyValue)],
  ['a password', structure(Tag.CredentialValue, text(Tag.Username, 'scott'), text(Tag.Password, MARK))],
  ...[Tag.D, Tag.P, Tag.Q, Tag.X, Tag.PrivateExponent, Tag.PrimeExponentP, Tag.PrimeExponentQ, Tag.CRTCoefficient].map(
    (tag): [string, TtlvNode] => [`private number ${tag.toString(16)}`, structure(Tag.KeyMaterial, big(tag))],
  ),
  ['an unknown tag inside Key Material', structure(Tag.KeyMaterial, structure(0x540002, text(0x540001, MARK)))],
  ['the data of Decrypt', bytes(Tag.Data)],
  ['an opaque object', bytes(Tag.OpaqueDataValue)],
  ['a one-time password', text(Tag.OneTimePassword, MARK)],
  ['a ticket', bytes(Tag.TicketValue)],
];

describe.each(FORMS)('$name', ({ format, parse }) => {
  for (const [what, node] of secrets)
    it(`${what} is redacted, from a tree and from bytes, and shown when asked`, () => {
      const inside = structure(Tag.ResponsePayload, text(Tag.UniqueIdentifier, 'id-1'), node);
      for (const message of [inside, encodeTtlv(inside)]) {
        const shown = format(message);
        expect(shown.toLowerCase()).not.toContain(MARK);
        expect(shown).toContain('redacted');
        expect(shown).toContain('id-1');
        expect(errorOf(() => parse(shown)).code).toBe('ERR_TTLV_REDACTED');
        expect(format(message, { redact: false })).toContain(MARK);
      }
    });

  it('public numbers of a key are shown', () => {
    const shown = format(structure(Tag.KeyMaterial, big(Tag.Modulus), big(Tag.PublicExponent), big(Tag.D)));
    expect(shown.split(MARK).length).toBe(3);
  });

  it('wrapped keys are shown when asked for, and nothing else', () => {
    const both = structure(Tag.ResponsePayload, bytes(Tag.KeyValue), bytes(Tag.KeyMaterial));
    expect(format(both, { showWrapped: true }).split(MARK).length).toBe(2);
  });

  it('a text that reads [redacted] is a text', () => {
    const node = text(Tag.UniqueIdentifier, '[redacted]');
    expect(parse(format(node, { redact: false }))).toEqual(node);
  });

  it('refuses options it does not know', () => {
    const node = text(Tag.UniqueIdentifier, 'a');
    for (const options of [{ redact: 'no' }, { showWrapped: 1 }, { redacted: false }, { maxDepth: 1 }])
      expect(errorOf(() => format(node, options as object)).code).toBe('ERR_OPTION');
    expect(errorOf(() => format(encodeTtlv(node), { redacted: false } as object)).code).toBe('ERR_OPTION');
  });
});
