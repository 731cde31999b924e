/** Messages with the registry's names in their errors; the tree; and the two messages of fetching a key. */
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import {
  decodeGetResponse,
  encodeGetRequest,
  encodeTtlv,
  formatTtlvText,
  ItemType,
  parseTtlv,
  parseTtlvText,
  readTtlv,
  readTtlvTree,
  Tag,
  type TtlvNode,
  treeOf,
  validateTtlv,
  wipeTree,
} from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';
import { hex, toHex } from '../support/hex.ts';

const RESPONSE = encodeTtlv(
  parseTtlvText(`ResponseMessage
  ResponseHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 1
      ProtocolVersionMinor Integer 1
    TimeStamp DateTime 2025-01-01T00:00:00+00:00
    BatchCount Integer 1
  BatchItem
    Operation Enumeration Get
    ResultStatus Enumeration Success
    ResponsePayload
      ObjectType Enumeration SymmetricKey
      UniqueIdentifier TextString "1742"
      SymmetricKey
        KeyBlock
          KeyFormatType Enumeration Raw
          KeyValue
            KeyMaterial ByteString 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
          CryptographicAlgorithm Enumeration AES
          CryptographicLength Integer 256
`),
);

describe('errors name the tags', () => {
  it('of a length that no message can have', () => {
    const message = RESPONSE.slice();
    message.set(hex('fffffff8'), 204);
    for (const use of [() => validateTtlv(message), () => parseTtlv(message), () => readTtlv(message, () => 0)]) {
      const error = errorOf<FormatError>(use);
      expect(error).toBeInstanceOf(FormatError);
      expect([error.code, error.offset]).toEqual(['ERR_TTLV_LENGTH', 200]);
      expect(error.path.join('.')).toBe('ResponseMessage.BatchItem.ResponsePayload.SymmetricKey.KeyBlock.KeyValue');
      expect(error.message).toContain('KeyBlock.KeyValue');
    }
  });

  it('of an item that is missing', () => {
    const error = errorOf<FormatError>(() =>
      readTtlv(RESPONSE, (m) => m.child(m.child(m.root, Tag.BatchItem), Tag.ResultReason)),
    );
    expect([error.code, error.path]).toEqual(['ERR_TTLV_MISSING', ['ResponseMessage', 'BatchItem']]);
    expect(error.message).toContain('ResultReason is missing');
  });
});

describe('a leaf has no children', () => {
  // Found by fuzzing: its bytes were taken for items, and zeros led nowhere for ever.
  it('in place of a structure', () => {
    for (const value of ['00'.repeat(24), '4200690500000010'.repeat(3)]) {
      const leaf = encodeTtlv(parseTtlvText(`RequestMessage ByteString ${value}\n`));
      const [found, listed] = readTtlv(leaf, (m) => [m.find(m.root, Tag.ProtocolVersion), m.children(m.root)]);
      expect([found, listed]).toEqual([undefined, []]);
      const error = errorOf<FormatError>(() => readTtlv(leaf, (m) => m.child(m.root, Tag.ProtocolVersion)));
      expect([error.code, error.path]).toEqual(['ERR_TTLV_TYPE', ['RequestMessage']]);
    }
  });
});

describe('the tree', () => {
  it('of a message, of an item, and wiped', () => {
    const tree = readTtlvTree(RESPONSE);
    expect(toHex(encodeTtlv(tree))).toBe(toHex(RESPONSE));
    using message = parseTtlv(RESPONSE);
    const header = treeOf(message, message.child(message.root, Tag.ResponseHeader));
    expect(formatTtlvText(header)).toMatch(/^ResponseHeader\n {2}ProtocolVersion\n/);
    wipeTree(tree);
    expect(formatTtlvText(tree, { redact: false })).toContain(`KeyMaterial ByteString ${'00'.repeat(32)}`);
  });

  it('a node of no known type is refused', () => {
    expect(errorOf(() => encodeTtlv({ tag: Tag.KeyValue, type: 12, value: 1 } as unknown as TtlvNode)).code).toBe(
      'ERR_TTLV_VALUE',
    );
    expect(errorOf(() => encodeTtlv({ tag: Tag.KeyValue, type: ItemType.Integer, value: 0.5 })).code).toBe(
      'ERR_TTLV_VALUE',
    );
  });

  it('deeper than a message may be is refused', () => {
    let node: TtlvNode = { tag: Tag.KeyValue, type: ItemType.Structure, value: [] };
    for (let i = 0; i < 50; i++) node = { tag: Tag.KeyValue, type: ItemType.Structure, value: [node] };
    expect(errorOf(() => encodeTtlv(node)).code).toBe('ERR_TTLV_DEPTH');
  });
});

describe('fetching a key', () => {
  it('the request', () => {
    expect(toHex(encodeGetRequest('1'))).toBe(
      '42007801000000704200770100000038420069010000002042006a0200000004000000010000000042006b0200000004000000010000000042000d0200000004000000010000000042000f010000002842005c05000000040000000a0000000042007901000000104200940700000001' +
        '3100000000000000',
    );
    expect(encodeGetRequest('é'.repeat(100)).length).toBe(312);
  });

  it('the response', () => {
    const { key, ...rest } = decodeGetResponse(RESPONSE);
    expect(RESPONSE.length).toBe(280);
    expect(rest).toEqual({ uniqueIdentifier: '1742', algorithm: 3, lengthBits: 256 });
    expect(toHex(key)).toBe('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  });

  it('a refusal', () => {
    const refused = RESPONSE.slice();
    refused[123] = 1;
    const error = errorOf<FormatError>(() => decodeGetResponse(refused));
    expect([error.code, error.path.at(-1)]).toEqual(['ERR_TTLV_VALUE', 'ResultStatus']);
  });
});
