/**
 * Messages as fields. Every OASIS test case decodes and comes back byte for byte, strictly too; then each of them with one item
 * doubled, left out, or of another type is either refused, with the place, or read without losing anything.
 */
import { describe, expect, it } from 'vitest';
import { FormatError, UsageError } from '../../src/errors.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type FaultyItem,
  type RequestMessage,
  type ResponseMessage,
  receiveRequest,
  resultReasonOf,
  wipeMessage,
} from '../../src/kmip/index.ts';
import { encodeTtlv, ItemType, parseTtlvText, readTtlvTree, type TtlvNode, tagName } from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';
import { hex, toHex } from '../support/hex.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVectorText } from '../support/vectors.ts';

const GET: RequestMessage = {
  protocolVersion: '1.1',
  maximumResponseSize: 280_000,
  batchItem: [{ operation: 'Get', requestPayload: { uniqueIdentifier: '1742' } }],
};
const GET_TEXT = `RequestMessage
  RequestHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 1
      ProtocolVersionMinor Integer 1
    MaximumResponseSize Integer 280000
    BatchCount Integer 1
  BatchItem
    Operation Enumeration Get
    RequestPayload
      UniqueIdentifier TextString "1742"
`;
const FAILED: ResponseMessage = {
  protocolVersion: '1.1',
  timeStamp: 1_700_000_000n,
  batchItem: [
    {
      operation: 'Get',
      resultStatus: 'OperationFailed',
      resultReason: 'ItemNotFound',
      resultMessage: 'Could not locate object: 7',
    },
  ],
};

const bytesOf = (text: string): Uint8Array => encodeTtlv(parseTtlvText(text));
/** Replaces a line of a message's text. */
const changed = (from: string | RegExp, to: string): Uint8Array => {
  const text = GET_TEXT.replace(from, to);
  expect(text).not.toBe(GET_TEXT);
  return bytesOf(text);
};

describe('a message', () => {
  it('is the bytes that its text says, and comes back', () => {
    expect(toHex(encodeRequest(GET))).toBe(toHex(bytesOf(GET_TEXT)));
    expect(decodeRequest(encodeRequest(GET))).toEqual(GET);
    expect(decodeResponse(encodeResponse(FAILED))).toEqual(FAILED);
  });

  it('of several items needs an id for each, and counts them', () => {
    const item = GET.batchItem[0]!;
    expect(errorOf(() => encodeRequest({ ...GET, batchItem: [item, item] })).code).toBe('ERR_KMIP_MISSING');
    const batchItem = [1, 2, 3].map((n) => ({ ...item, uniqueBatchItemID: Uint8Array.of(n) }));
    const back = decodeRequest(encodeRequest({ ...GET, batchItem }), { strict: true });
    expect(back.batchItem.map((one) => one.uniqueBatchItemID)).toEqual([1, 2, 3].map((n) => Uint8Array.of(n)));
    expect(errorOf(() => encodeRequest({ ...GET, batchItem: [] })).code).toBe('ERR_KMIP_MISSING');
  });

  it('is wiped with all that it holds', () => {
    const key = new Uint8Array(16).fill(7);
    const message: RequestMessage = {
      ...GET,
      batchItem: [
        {
          operation: 'Register',
          uniqueBatchItemID: Uint8Array.of(1),
          requestPayload: {
            objectType: 'SymmetricKey',
            templateAttribute: {},
            symmetricKey: { keyBlock: { keyFormatType: 'Raw', keyValue: { keyMaterial: key } } },
            unknown: [{ tag: 0x540001, type: ItemType.ByteString, value: key.slice() }],
          },
        },
      ],
    };
    const back = decodeRequest(encodeRequest(message));
    wipeMessage(back);
    expect(toHex(encodeRequest(back))).not.toContain('0707');
    expect(toHex(encodeRequest(back))).toContain('00'.repeat(16));
    expect(key[0]).toBe(7);
  });
});

describe('what is written must be right', () => {
  const payload = (operation: string, requestPayload: object): RequestMessage =>
    ({ ...GET, batchItem: [{ operation, requestPayload }] }) as unknown as RequestMessage;
  const cases: [string, RequestMessage, string, string][] = [
    ['a field that nobody knows', payload('Get', { uniqeIdentifier: '1' }), 'ERR_KMIP_FIELD', 'uniqeIdentifier'],
    ['a type', payload('Get', { uniqueIdentifier: 1 }), 'ERR_KMIP_VALUE', 'uniqueIdentifier'],
    ['a value', payload('Get', { keyFormatType: 'Row' }), 'ERR_KMIP_VALUE', 'keyFormatType'],
    ['a missing field', payload('Create', { objectType: 'SymmetricKey' }), 'ERR_KMIP_MISSING', 'TemplateAttribute'],
    ['an empty list', payload('Query', { queryFunction: [] }), 'ERR_KMIP_MISSING', 'QueryFunction'],
    ['no list', payload('Query', { queryFunction: 'QueryOperations' }), 'ERR_KMIP_VALUE', 'queryFunction'],
    ['an operation', payload('Fetch', {}), 'ERR_KMIP_VALUE', 'operation'],
    ['no payload', payload('Get', undefined as unknown as object), 'ERR_KMIP_MISSING', 'RequestPayload'],
    ['a payload that is none', payload('Get', 5 as unknown as object), 'ERR_KMIP_VALUE', 'requestPayload'],
    ['a count', payload('GetUsageAllocation', { usageLimitsCount: 5 }), 'ERR_KMIP_VALUE', 'usageLimitsCount'],
    ['a mask', payload('Check', { cryptographicUsageMask: 2 ** 32 }), 'ERR_KMIP_VALUE', 'cryptographicUsageMask'],
    ['an interval', payload('Check', { leaseTime: -1 }), 'ERR_KMIP_VALUE', 'leaseTime'],
    ['no object', payload('Import', { uniqueIdentifier: '1', attribute: [] }), 'ERR_KMIP_VERSION', 'operation'],
    [
      'two objects',
      payload('Register', {
        objectType: 'OpaqueObject',
        templateAttribute: {},
        opaqueObject: { opaqueDataType: 1, opaqueDataValue: Uint8Array.of(1) },
        certificate: { certificateType: 'X_509', certificateValue: Uint8Array.of(1) },
      }),
      'ERR_KMIP_VALUE',
      'more than one object',
    ],
    ['text with half a character', payload('Get', { uniqueIdentifier: '\ud800' }), 'ERR_TTLV_VALUE', '0x420094'],
    ['a number as a version', { ...GET, protocolVersion: '2.0' }, 'ERR_KMIP_VERSION', '2.0'],
  ];
  it.each(cases)('%s', (_, message, code, words) => {
    const error = errorOf(() => encodeRequest(message));
    expect(error).toBeInstanceOf(UsageError);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
  });
});

describe('what is read is refused with its place', () => {
  const cases: [string, Uint8Array, string, string][] = [
    ['a response', encodeResponse(FAILED), 'ERR_KMIP_MESSAGE', 'ResponseMessage'],
    ['no version', changed(/ {4}ProtocolVersion\n.*\n.*\n/, ''), 'ERR_TTLV_MISSING', 'RequestHeader'],
    [
      'a version that is a leaf',
      changed(/ProtocolVersion\n.*\n.*\n/, `ProtocolVersion ByteString ${'00'.repeat(24)}\n`),
      'ERR_TTLV_TYPE',
      'ProtocolVersion',
    ],
    ['a version below zero', changed('Minor Integer 1', 'Minor Integer -1'), 'ERR_KMIP_VALUE', 'ProtocolVersion'],
    ['no item', changed(/ {2}BatchItem[\s\S]*/, ''), 'ERR_KMIP_MISSING', 'RequestMessage'],
    [
      'a payload that is a leaf',
      changed(/RequestPayload\n.*\n/, 'RequestPayload Integer 1\n'),
      'ERR_KMIP_TYPE',
      'RequestPayload',
    ],
    [
      'an operation that is text',
      changed('Operation Enumeration Get', 'Operation TextString "Get"'),
      'ERR_KMIP_TYPE',
      'Operation',
    ],
    [
      'a size out of range',
      changed('Size Integer 280000', 'Size LongInteger 4294967296'),
      'ERR_KMIP_VALUE',
      'MaximumResponseSize',
    ],
    ['an id twice', changed(/(.*UniqueIdentifier.*\n)/, '$1$1'), 'ERR_KMIP_DUPLICATE', 'UniqueIdentifier'],
  ];
  it.each(cases)('%s', (_, bytes, code, last) => {
    const error = errorOf<FormatError>(() => decodeRequest(bytes));
    expect(error).toBeInstanceOf(FormatError);
    expect([error.code, error.path.at(-1)]).toEqual([code, last]);
    expect(error.message).toContain(`at offset ${error.offset}`);
    expect(tagAt(bytes, error.offset)).toBe(last);
  });

  it('the key in it is wiped', () => {
    const slices: Uint8Array[] = [];
    const slice = Uint8Array.prototype.slice;
    const bytes = bytesOf(`RequestMessage
  RequestHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 1
      ProtocolVersionMinor Integer 1
    BatchCount Integer 1
  BatchItem
    Operation Enumeration RNGSeed
    RequestPayload
      Data ByteString 0707070707070707
      Data ByteString 0707070707070707
`);
    Uint8Array.prototype.slice = function (...range) {
      const copy = slice.apply(this, range);
      slices.push(copy);
      return copy;
    };
    try {
      expect(errorOf(() => decodeRequest(bytes)).code).toBe('ERR_KMIP_DUPLICATE');
    } finally {
      Uint8Array.prototype.slice = slice;
    }
    expect(slices.map((copy) => toHex(copy))).toEqual(['0000000000000000']);
  });
});

describe('a server', () => {
  const UNKNOWN = `      0x540001 Integer 1\n`;
  it('refuses fields that the version does not have, of versions that it knows', () => {
    const foreign = changed(/$/, UNKNOWN);
    const error = errorOf<FormatError>(() => decodeRequest(foreign, { strict: true }));
    expect([error.code, resultReasonOf(error), error.path.at(-1)]).toEqual([
      'ERR_KMIP_FIELD',
      'InvalidField',
      '0x540001',
    ]);
    const later = bytesOf(GET_TEXT.replace('Minor Integer 1', 'Minor Integer 9') + UNKNOWN);
    expect(decodeRequest(later, { strict: true }).batchItem[0]?.requestPayload.unknown?.length).toBe(1);
    expect(decodeRequest(later).protocolVersion).toBe('1.9');
  });

  it('counts the items', () => {
    const wrong = changed('BatchCount Integer 1', 'BatchCount Integer 2');
    expect(decodeRequest(wrong).batchItem.length).toBe(1);
    const error = errorOf<FormatError>(() => receiveRequest(wrong));
    expect([error.code, resultReasonOf(error)]).toEqual(['ERR_KMIP_COUNT', 'InvalidMessage']);
  });

  it('keeps the good items of a batch beside the faulty ones', () => {
    const item = (id: string, rest: string) =>
      `  BatchItem\n    Operation Enumeration Get\n    UniqueBatchItemID ByteString ${id}\n    RequestPayload\n${rest}`;
    const good = '      UniqueIdentifier TextString "1"\n';
    const header = GET_TEXT.slice(0, GET_TEXT.indexOf('  BatchItem')).replace(
      'BatchCount Integer 1',
      'BatchCount Integer 3',
    );
    const { batchItem } = receiveRequest(
      bytesOf(header + item('01', good) + item('02', good + good) + item('03', good)),
    );
    expect(batchItem.map((one) => [toHex(one.uniqueBatchItemID!), one.operation, 'fault' in one])).toEqual([
      ['01', 'Get', false],
      ['02', 'Get', true],
      ['03', 'Get', false],
    ]);
    const { fault } = batchItem[1] as FaultyItem;
    expect([fault.code, resultReasonOf(fault)]).toEqual(['ERR_KMIP_DUPLICATE', 'InvalidMessage']);
  });

  it('takes a batch apart before it looks at the operations', () => {
    const foreign = changed('Operation Enumeration Get', 'Operation Enumeration 0x80000001');
    expect(receiveRequest(foreign).batchItem[0]).toMatchObject({
      operation: 0x80000001,
      requestPayload: { unknown: [{ value: '1742' }] },
    });
  });
});

describe('another major version', () => {
  it('is read as far as all have it in common', () => {
    const bytes = bytesOf(`ResponseMessage
  ResponseHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 2
      ProtocolVersionMinor Integer 1
    TimeStamp DateTime 2025-01-01T00:00:00+00:00
    ServerHashedPassword ByteString 00
    BatchCount Integer 1
  BatchItem
    Operation Enumeration Ping
    ResultStatus Enumeration OperationFailed
    ResultReason Enumeration InvalidMessage
    ResponsePayload
      Attributes
        ActivationDate DateTime 2025-01-01T00:00:00+00:00
`);
    const message = decodeResponse(bytes);
    expect(message.protocolVersion).toBe('2.1');
    expect(message.unknown?.map((node) => tagName(node.tag))).toEqual(['TimeStamp', 'ServerHashedPassword']);
    expect(message.batchItem[0]).toMatchObject({
      operation: 'Ping',
      resultStatus: 'OperationFailed',
      resultReason: 'InvalidMessage',
    });
    expect(message.batchItem[0]?.responsePayload?.unknown?.length).toBe(1);
    expect(errorOf(() => encodeResponse(message)).code).toBe('ERR_KMIP_VERSION');
  });
});

interface Row {
  readonly file: string;
  readonly kind: 'request' | 'response';
  readonly hex: string;
}

/** Decodes and encodes. */
const back = (kind: Row['kind'], bytes: Uint8Array, strict = false): Uint8Array =>
  kind === 'request'
    ? encodeRequest(decodeRequest(bytes, { strict }))
    : encodeResponse(decodeResponse(bytes, { strict }));

/** Every 20th message has all its items changed in turn; all do in a soak. */
const STEP = Math.max(1, Math.round(20 / runs(1)));

describe.skipIf(!hasVectors())('vectors kmip/xml-ttlv.jsonl', () => {
  const rows = async (): Promise<Row[]> =>
    (await readVectorText('kmip/xml-ttlv.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);

  it('every message decodes and comes back byte for byte, and holds nothing that its version does not have', async () => {
    const all = await rows();
    for (const { kind, hex: digits, file } of all) expect(toHex(back(kind, hex(digits), true)), file).toBe(digits);
    console.log(`vectors kmip/xml-ttlv.jsonl: ${all.length} messages as fields and back`);
    expect(all.length).toBe(2792);
  });

  it('an item of another type is refused with its place', async () => {
    let refused = 0;
    let kept = 0;
    for (const { kind, hex: digits, file } of (await rows()).filter((_, i) => i % STEP === 0)) {
      for (const { tree, path } of changesOf(digits, (node) =>
        node.type === ItemType.Structure ? undefined : [{ tag: node.tag, type: ItemType.Structure, value: [] }],
      )) {
        const bytes = encodeTtlv(tree);
        try {
          // Read all the same: what no table describes, custom attributes and extensions.
          expect(toHex(back(kind, bytes)), file).toBe(toHex(bytes));
          kept++;
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          expect(error.code, file).toMatch(/^ERR_(KMIP|TTLV)_(TYPE|MISSING|VALUE)$/);
          if (error.code === 'ERR_KMIP_TYPE') expect(error.path.join('.'), file).toBe(path);
          refused++;
        }
      }
    }
    console.log(`vectors kmip/xml-ttlv.jsonl: ${refused} items of another type refused, ${kept} kept as extensions`);
    expect(refused).toBeGreaterThan(1000);
    expect(kept).toBeLessThan(refused / 20);
  });

  it('an item that is there twice, or not at all, is refused, or read without loss', async () => {
    let refused = 0;
    let read = 0;
    for (const { kind, hex: digits, file } of (await rows()).filter((_, i) => i % STEP === 0)) {
      const doubled = changesOf(digits, (node) => (ownBatch(node) ? undefined : [node, node]));
      const missing = changesOf(digits, (node) => (ownBatch(node) ? undefined : []));
      for (const { tree, path } of [...doubled, ...missing]) {
        const bytes = encodeTtlv(tree);
        try {
          expect(toHex(back(kind, bytes)), `${file} ${path}`).toBe(toHex(bytes));
          read++;
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          expect(error.code, `${file} ${path}`).toMatch(/^ERR_(KMIP|TTLV)_(DUPLICATE|MISSING)$/);
          expect(error.path.length).toBeGreaterThan(0);
          refused++;
        }
      }
    }
    console.log(`vectors kmip/xml-ttlv.jsonl: ${refused} items too many or too few refused, ${read} read as they are`);
    expect(refused).toBeGreaterThan(1000);
    expect(read).toBeGreaterThan(500);
  });

  it('a message cut short is refused', async () => {
    for (const { kind, hex: digits, file } of (await rows()).filter((_, i) => i % 50 === 0)) {
      const bytes = hex(digits);
      for (let length = 0; length < bytes.length; length += 1 + (length % 7)) {
        const error = errorOf<FormatError>(() => back(kind, bytes.subarray(0, length)));
        expect(error, file).toBeInstanceOf(FormatError);
        expect(error.offset).toBeLessThanOrEqual(length);
      }
    }
  });
});

/** Items whose number the writer fixes: they come back right, not as they were. */
function ownBatch(node: TtlvNode): boolean {
  return [
    'RequestMessage',
    'ResponseMessage',
    'BatchItem',
    'BatchCount',
    'UniqueBatchItemID',
    'ProtocolVersionMajor',
    'ProtocolVersionMinor',
  ].includes(tagName(node.tag));
}

/** All the messages that differ from one in one item: `change` gives what stands in its place, or undefined to leave it. */
function changesOf(
  digits: string,
  change: (node: TtlvNode) => TtlvNode[] | undefined,
): { tree: TtlvNode; path: string }[] {
  const found: { tree: TtlvNode; path: string }[] = [];
  const walk = (node: TtlvNode, path: string, rebuild: (node: TtlvNode[]) => TtlvNode): void => {
    const to = change(node);
    if (to !== undefined) found.push({ tree: rebuild(to), path });
    if (node.type !== ItemType.Structure) return;
    for (const [i, child] of node.value.entries())
      walk(child, `${path}.${tagName(child.tag)}`, (put) =>
        rebuild([{ ...node, value: [...node.value.slice(0, i), ...put, ...node.value.slice(i + 1)] }]),
      );
  };
  const root = readTtlvTree(hex(digits));
  walk(root, tagName(root.tag), (nodes) => nodes[0] ?? root);
  return found;
}

function tagAt(bytes: Uint8Array, offset: number): string {
  return tagName((bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!);
}
