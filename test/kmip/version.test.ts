/** Versions: nothing of a later one is written to an older peer, and what an older message holds of a later one is kept as it came. */
import { describe, expect, it } from 'vitest';
import type { FormatError } from '../../src/errors.ts';
import { KMIP_VERSIONS, type KmipVersion } from '../../src/kmip/base.ts';
import { ATTRIBUTES } from '../../src/kmip/generated/attributes.ts';
import { OPERATIONS } from '../../src/kmip/generated/operations.ts';
import { STRUCTURES } from '../../src/kmip/generated/structures.ts';
import {
  attribute,
  CryptographicUsageMask,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  isInVersion,
  isKmipVersion,
  type RequestMessage,
  type ResponseMessage,
} from '../../src/kmip/index.ts';
import { shapeOf } from '../../src/kmip/shape.ts';
import {
  CryptographicAlgorithm,
  encodeTtlv,
  ItemType,
  readTtlvTree,
  TAGS_SINCE,
  Tag,
  type TtlvNode,
  tagName,
  VALUES_SINCE,
} from '../../src/ttlv/index.ts';
import { errorOf } from '../support/errors.ts';

const OLDEST_FIRST = KMIP_VERSIONS.toReversed();
const request = (version: KmipVersion, operation: string, requestPayload: object): RequestMessage =>
  ({ protocolVersion: version, batchItem: [{ operation, requestPayload }] }) as unknown as RequestMessage;
const codeOf = (message: RequestMessage): string => errorOf(() => encodeRequest(message)).code;

describe('writing', () => {
  it('refuses every field of every payload before its version', () => {
    let refused = 0;
    for (const [operation, { request: rows }] of Object.entries(OPERATIONS)) {
      for (const version of OLDEST_FIRST) {
        const now = shapeOf(rows, version).byProperty;
        const later = [...shapeOf(rows, '1.4').byProperty.keys()].filter((name) => !now.has(name));
        for (const property of later) {
          const error = errorOf(() => encodeRequest(request(version, operation, { [property]: 0 })));
          expect([error.code, error.message], `${operation} ${version} ${property}`).toEqual([
            'ERR_KMIP_VERSION',
            expect.stringMatching(/ came with KMIP 1\.\d; this message is 1\.\d$/),
          ]);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(80);
  });

  it('refuses every operation before its version', () => {
    let refused = 0;
    for (const [operation, { request: rows }] of Object.entries(OPERATIONS))
      for (const version of OLDEST_FIRST.filter((v) => v < rows[0]![0])) {
        expect(isInVersion(version, 'Operation', operation), operation).toBe(false);
        expect(codeOf(request(version, operation, {})), operation).toBe('ERR_KMIP_VERSION');
        refused++;
      }
    expect(refused).toBeGreaterThan(20);
    expect(isInVersion('1.2', 'Operation', 'Encrypt')).toBe(true);
    expect(isInVersion('1.4', 'Operation', 'Ping')).toBe(false);
    expect(isInVersion('1.4', 'CryptographicUsageMask', 'Unrestricted')).toBe(false);
    expect(isInVersion('1.4', 'Operation', 'Fetch')).toBe(false);
  });

  it('refuses every attribute before its version, by name and by value', () => {
    for (const [label, { since }] of Object.entries(ATTRIBUTES))
      for (const version of OLDEST_FIRST.filter((v) => v < since)) {
        const one = attribute(label, { type: 2, value: 1 });
        expect(codeOf(request(version, 'Locate', { attribute: [one] })), label).toBe('ERR_KMIP_VERSION');
        expect(codeOf(request(version, 'GetAttributes', { attributeName: [label] })), label).toBe('ERR_KMIP_VERSION');
      }
  });

  it('refuses values and bits of later versions, by name and by number, and lets extensions through', () => {
    const algorithm = (value: unknown) =>
      request('1.2', 'Locate', { attribute: [{ attributeName: 'Cryptographic Algorithm', attributeValue: value }] });
    expect(codeOf(algorithm('ChaCha20'))).toBe('ERR_KMIP_VERSION');
    expect(codeOf(algorithm(CryptographicAlgorithm.ChaCha20))).toBe('ERR_KMIP_VERSION');
    encodeRequest(algorithm(0x80000001));
    const mask = (cryptographicUsageMask: number) => request('1.4', 'Check', { cryptographicUsageMask });
    expect(codeOf(mask(CryptographicUsageMask.Unrestricted))).toBe('ERR_KMIP_VERSION');
    encodeRequest(mask(0x0fffff | -0x80000000));
    const unknown = [{ tag: Tag.Sensitive, type: ItemType.Boolean, value: true }];
    expect(codeOf(request('1.3', 'Get', { unknown }))).toBe('ERR_KMIP_VERSION');
    encodeRequest(request('1.3', 'Get', { unknown: [{ tag: 0x540001, type: ItemType.TextString, value: 'ours' }] }));
  });

  it('has one credential before 1.2, several from then on', () => {
    const credential = {
      credentialType: 'UsernameAndPassword',
      credentialValue: { username: 'a', password: 'b' },
    } as const;
    const with2 = (protocolVersion: KmipVersion): RequestMessage => ({
      ...request(protocolVersion, 'Get', {}),
      authentication: { credential: [credential, credential] },
    });
    expect(codeOf(with2('1.1'))).toBe('ERR_KMIP_VERSION');
    expect(encodeRequest(with2('1.2')).length).toBeGreaterThan(0);
    const device = { credentialType: 'Device', credentialValue: { deviceIdentifier: 'd' } } as const;
    expect(codeOf({ ...request('1.0', 'Get', {}), authentication: { credential: [device] } })).toBe('ERR_KMIP_VERSION');
  });
});

describe('reading', () => {
  const NEW: ResponseMessage = {
    protocolVersion: '1.4',
    timeStamp: 1n,
    clientCorrelationValue: 'c',
    serverCorrelationValue: 's',
    batchItem: [
      {
        operation: 'Locate',
        resultStatus: 'Success',
        responsePayload: { locatedItems: 5, uniqueIdentifier: ['1', '2'] },
      },
    ],
  };

  it('keeps what a 1.0 message holds of 1.4 as it came', () => {
    const message = decodeResponse(as10(encodeResponse(NEW)));
    expect([message.protocolVersion, message.serverCorrelationValue]).toEqual(['1.0', undefined]);
    expect(message.unknown?.map((node) => [tagName(node.tag), node.value])).toEqual([
      ['ClientCorrelationValue', 'c'],
      ['ServerCorrelationValue', 's'],
    ]);
    const payload = message.batchItem[0]?.responsePayload;
    expect(payload).toMatchObject({ uniqueIdentifier: ['1', '2'], unknown: [{ value: 5 }] });
    expect(errorOf(() => encodeResponse(message)).code).toBe('ERR_KMIP_VERSION');
  });

  it('strictly, refuses it', () => {
    const error = errorOf<FormatError>(() => decodeResponse(as10(encodeResponse(NEW)), { strict: true }));
    expect([error.code, error.path]).toEqual([
      'ERR_KMIP_FIELD',
      ['ResponseMessage', 'ResponseHeader', 'ClientCorrelationValue'],
    ]);
  });

  it('names values of later versions: they are kept', () => {
    const reason = { ...NEW.batchItem[0]!, resultStatus: 'OperationFailed', resultReason: 'NotExtractable' } as const;
    const message = decodeResponse(as10(encodeResponse({ ...NEW, batchItem: [reason] })));
    expect(message.batchItem[0]?.resultReason).toBe('NotExtractable');
  });
});

describe('the tables', () => {
  it('name only tags of their version', () => {
    const since = new Map(Object.entries(TAGS_SINCE).flatMap(([v, names]) => names.map((name) => [name, v] as const)));
    const all = [...Object.values(STRUCTURES), ...Object.values(OPERATIONS).flatMap((o) => [o.request, o.response])];
    for (const rows of all)
      for (const [version] of rows)
        for (const { name } of shapeOf(rows, version).fields)
          expect((since.get(name) ?? '1.0') <= version, `${version} ${name}`).toBe(true);
  });

  it('know five versions', () => {
    expect(OLDEST_FIRST).toEqual(['1.0', '1.1', '1.2', '1.3', '1.4']);
    expect([isKmipVersion('1.4'), isKmipVersion('2.0')]).toEqual([true, false]);
    expect(Object.keys(VALUES_SINCE)).toContain('1.4');
  });
});

/** The same message with another version in its header. */
function as10(bytes: Uint8Array): Uint8Array {
  const patch = (node: TtlvNode): TtlvNode => {
    if (tagName(node.tag) === 'ProtocolVersionMinor') return { ...node, value: 0 } as TtlvNode;
    return Array.isArray(node.value) ? ({ ...node, value: node.value.map(patch) } as TtlvNode) : node;
  };
  return encodeTtlv(patch(readTtlvTree(bytes)));
}
