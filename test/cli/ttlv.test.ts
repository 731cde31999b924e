import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGetRequest, encodeTtlv, formatTtlvXml, ItemType, Tag, type TtlvNode } from '../../src/ttlv/index.ts';
import { toHex } from '../support/hex.ts';
import { makeTempFolder } from '../support/peers.ts';
import { commandIn } from './run.ts';

const folder = makeTempFolder();
const keyward = commandIn(folder.path);
afterAll(() => folder[Symbol.dispose]());

const SECRET = 'f00dfeedf00dfeed';
const text = (tag: number, value: string): TtlvNode => ({ tag, type: ItemType.TextString, value });
const structure = (tag: number, ...value: TtlvNode[]): TtlvNode => ({ tag, type: ItemType.Structure, value });
const bytes = (tag: number, hex: string): TtlvNode => ({
  tag,
  type: ItemType.ByteString,
  value: new Uint8Array(Buffer.from(hex, 'hex')),
});

/** An answer with key material in it. */
const answer = encodeTtlv(
  structure(
    Tag.ResponsePayload,
    text(Tag.UniqueIdentifier, '1742'),
    structure(Tag.KeyValue, bytes(Tag.KeyMaterial, SECRET)),
  ),
);
const request = encodeGetRequest('1742');

beforeAll(() => {
  writeFileSync(folder.file('request.bin'), request);
  writeFileSync(folder.file('two.bin'), Buffer.concat([request, answer]));
});

describe.concurrent('keyward ttlv', () => {
  it('tells binary, hex, XML, JSON and text apart, and writes each back to the same bytes', async () => {
    const hex = toHex(request);
    const shown = await keyward(['ttlv', 'decode', 'request.bin']);
    expect(shown).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringContaining('UniqueIdentifier TextString "1742"'),
    });
    const thereAndBack = async (to: string): Promise<void> => {
      const { out } = await keyward(['ttlv', 'decode', '--to', to], hex);
      expect(await keyward(['ttlv', 'encode'], out)).toEqual({ status: 0, err: '', out: `${hex}\n` });
    };
    await Promise.all(['text', 'xml', 'json'].map(thereAndBack));
    const spaced = `0x${hex.toUpperCase().replace(/(..)/g, '$1 ')}\r\n`;
    expect((await keyward(['ttlv', 'decode'], spaced)).out).toBe(shown.out);
    expect((await keyward(['ttlv', 'decode'], `\ufeff${formatTtlvXml(request)}`)).out).toBe(shown.out);
  });

  it('redacts key material unless it is asked for, and refuses to encode what was redacted', async () => {
    for (const to of ['text', 'xml', 'json']) {
      const redacted = await keyward(['ttlv', 'decode', '--to', to], answer);
      expect(redacted.out).toContain('redacted');
      expect(redacted.out.toLowerCase()).not.toContain(SECRET);
      expect(await keyward(['ttlv', 'encode'], redacted.out)).toMatchObject({
        status: 8,
        err: expect.stringContaining('ERR_TTLV_REDACTED'),
      });
      const { out } = await keyward(['ttlv', 'decode', '--show-secrets', '--to', to], answer);
      expect(out.toLowerCase()).toContain(SECRET);
    }
  });

  it('shows messages that stand one behind the other', async () => {
    const { out } = await keyward(['ttlv', 'decode', 'two.bin']);
    expect(out.match(/^\S.*$/gm)).toEqual(['RequestMessage', 'ResponsePayload']);
    expect((await keyward(['ttlv', 'encode', 'two.bin'])).out).toBe(`${toHex(request)}${toHex(answer)}\n`);
  });

  it('writes binary into a new file that only its owner reads', async () => {
    expect(await keyward(['ttlv', 'encode', '--to', 'binary', '--out', 'x.bin'], toHex(answer))).toMatchObject({
      status: 0,
    });
    expect(new Uint8Array(readFileSync(folder.file('x.bin')))).toEqual(answer);
    expect(statSync(folder.file('x.bin')).mode & 0o777).toBe(0o600);
    expect(await keyward(['ttlv', 'encode', '--to', 'binary', '--out', 'x.bin'], toHex(request))).toMatchObject({
      status: 2,
      err: expect.stringContaining('ERR_FILE_EXISTS'),
    });
    expect(new Uint8Array(readFileSync(folder.file('x.bin')))).toEqual(answer);
  });

  it.each([
    ['a message that is cut off', toHex(request).slice(0, -16), [], 'ERR_TTLV_TRUNCATED', 8],
    ['something behind it', `${toHex(request)}00`, [], 'ERR_TTLV_', 8],
    ['nothing', '', [], 'ERR_TTLV_TRUNCATED', 8],
    ['an odd digit, where hex was said', '420', ['--from', 'hex'], 'ERR_ENCODING', 8],
    ['a form that there is not', '', ['--from', 'asn1'], '--from must be one of', 2],
    ['JSON that is none', '{', [], 'ERR_TTLV_JSON', 8],
  ])('refuses %s', async (_, input, args, message, status) => {
    expect(await keyward(['ttlv', 'decode', ...args], input)).toMatchObject({
      status,
      out: '',
      err: expect.stringContaining(message),
    });
  });
});
