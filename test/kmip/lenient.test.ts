/** What real peers get wrong, and is understood all the same. Each case was seen in the wild. */
import { describe, expect, it } from 'vitest';
import {
  decodeRequest,
  decodeResponse,
  findAttribute,
  keyMaterialOf,
  type ObjectFields,
  type OperationName,
  type OperationResponse,
} from '../../src/kmip/index.ts';
import { encodeTtlv, parseTtlvText } from '../../src/ttlv/index.ts';
import { toHex } from '../support/hex.ts';

const indent = (text: string): string => text.replace(/^(?=.)/gm, '      ');
const response = (operation: string, payload: string | undefined, header = '', minor = 1): Uint8Array =>
  encodeTtlv(
    parseTtlvText(`ResponseMessage
  ResponseHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 1
      ProtocolVersionMinor Integer ${minor}
${header}    BatchCount Integer 1
  BatchItem
${operation === '' ? '' : `    Operation Enumeration ${operation}\n`}    ResultStatus Enumeration Success
${payload === undefined ? '' : `    ResponsePayload\n${indent(payload)}`}`),
  );
/** The payload of a response, of the operation named. */
function payloadOf<O extends OperationName>(operation: O, payload: string, header = '', minor = 1) {
  const [item] = decodeResponse(response(operation, payload, header, minor)).batchItem;
  return (item as OperationResponse<O>).responsePayload!;
}
const GET = (keyBlock: string, more = ''): ObjectFields =>
  payloadOf(
    'Get',
    `ObjectType Enumeration SecretData
UniqueIdentifier TextString "1"
SecretData
  SecretDataType Enumeration Password
  KeyBlock
${keyBlock.replace(/^(?=.)/gm, '    ')}${more}`,
  );

describe('a client understands', () => {
  it('a Server Correlation Value in a 1.0 response', () => {
    const payload = payloadOf(
      'Activate',
      'UniqueIdentifier TextString "1"\n',
      '    ServerCorrelationValue TextString "s"\n',
      0,
    );
    expect(payload.uniqueIdentifier).toBe('1');
  });

  it('an Object Type in the response to Register', () => {
    const payload = payloadOf('Register', 'ObjectType Enumeration SymmetricKey\nUniqueIdentifier TextString "1"\n');
    expect([payload.uniqueIdentifier, payload.unknown?.length]).toEqual(['1', 1]);
  });

  it('Vendor Identification after Server Information', () => {
    const payload = payloadOf(
      'Query',
      'ServerInformation\n  0x540001 Integer 1\nVendorIdentification TextString "v"\n',
    );
    expect([payload.vendorIdentification, payload.serverInformation?.unknown?.length]).toEqual(['v', 1]);
  });

  it('attributes that it does not know, and those of later versions', () => {
    const payload = payloadOf(
      'GetAttributes',
      `UniqueIdentifier TextString "1"
Attribute
  AttributeName TextString "Quantum Safe"
  AttributeValue Boolean true
Attribute
  AttributeName TextString "Sensitive"
  AttributeValue Boolean true
Attribute
  AttributeIndex Integer 0
  AttributeValue Enumeration 2
  AttributeName TextString "State"
`,
    );
    expect(findAttribute(payload.attribute, 'Quantum Safe')).toEqual({ type: 6, value: true });
    expect(findAttribute(payload.attribute, 'Sensitive')).toBe(true);
    expect(findAttribute(payload.attribute, 'State')).toBe('Active');
  });

  it('a Lease Time as Integer, dates and counts as other numbers, enumerations as Integer', () => {
    const lease = payloadOf(
      'ObtainLease',
      'UniqueIdentifier TextString "1"\nLeaseTime Integer 3600\nLastChangeDate LongInteger 1700000000\n',
    );
    expect([lease.leaseTime, lease.lastChangeDate]).toEqual([3600, 1_700_000_000n]);
    const check = payloadOf('Check', 'UsageLimitsCount Integer 5\nCryptographicUsageMask Enumeration 0x80000001\n');
    expect([check.usageLimitsCount, check.cryptographicUsageMask]).toEqual([5n, 0x80000001 | 0]);
    const query = payloadOf('Query', 'Operation Integer 10\nOperation Enumeration 0x8000000a\n');
    expect(query.operation).toEqual(['Get', 0x8000000a]);
    expect(payloadOf('RNGSeed', 'DataLength LongInteger 32\n', '', 2).dataLength).toBe(32);
  });

  it('key material as Raw or Opaque, with attributes in the Key Value', () => {
    for (const format of ['Raw', 'Opaque']) {
      const payload = GET(`KeyFormatType Enumeration ${format}
KeyValue
  KeyMaterial ByteString 0102
  Attribute
    AttributeName TextString "Name"
    AttributeValue
      NameValue TextString "n"
      NameType Enumeration UninterpretedTextString
`);
      expect(toHex(keyMaterialOf(payload))).toBe('0102');
    }
  });

  it('a Key Value before its Key Format Type', () => {
    const payload = GET(`KeyValue
  KeyMaterial
    Key ByteString 0102
KeyFormatType Enumeration TransparentSymmetricKey
`);
    expect(toHex(keyMaterialOf(payload))).toBe('0102');
  });

  it('a Locate without a match: an empty payload, or none', () => {
    expect(payloadOf('Locate', '').uniqueIdentifier).toBeUndefined();
    expect(decodeResponse(response('Locate', undefined)).batchItem[0]).toEqual({
      operation: 'Locate',
      resultStatus: 'Success',
    });
  });

  it('an item without its operation, whose payload stays as it came', () => {
    const [item] = decodeResponse(response('', 'UniqueIdentifier TextString "1"\n')).batchItem;
    expect(item).toMatchObject({ resultStatus: 'Success', responsePayload: { unknown: [{ value: '1' }] } });
    expect(item?.operation).toBeUndefined();
  });

  it('no time stamp', () => {
    expect(decodeResponse(response('Locate', undefined)).timeStamp).toBeUndefined();
  });
});

describe('a server understands', () => {
  const request = (payload: string, operation: string): Uint8Array =>
    encodeTtlv(
      parseTtlvText(`RequestMessage
  RequestHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 1
      ProtocolVersionMinor Integer 2
    BatchCount Integer 1
  BatchItem
    Operation Enumeration ${operation}
    RequestPayload
${indent(payload)}`),
    );

  it('the length of random bytes as Long Integer', () => {
    const { batchItem } = decodeRequest(request('DataLength LongInteger 32\n', 'RNGRetrieve'), { strict: true });
    expect(batchItem).toEqual([{ operation: 'RNGRetrieve', requestPayload: { dataLength: 32 } }]);
  });

  it("MySQL's Storage Status Mask among the attributes, each with its index before the value", () => {
    const { batchItem } = decodeRequest(
      request(
        `ObjectType Enumeration SymmetricKey
TemplateAttribute
  Attribute
    AttributeName TextString "Cryptographic Length"
    AttributeIndex Integer 0
    AttributeValue Integer 256
  Attribute
    AttributeName TextString "Storage Status Mask"
    AttributeIndex Integer 0
    AttributeValue Integer 1
`,
        'Create',
      ),
      { strict: true },
    );
    expect(batchItem[0]).toMatchObject({
      requestPayload: {
        templateAttribute: {
          attribute: [
            { attributeName: 'Cryptographic Length', attributeIndex: 0, attributeValue: 256 },
            { attributeName: 'Storage Status Mask', attributeIndex: 0, attributeValue: { type: 2, value: 1 } },
          ],
        },
      },
    });
  });
});
