/** The XML form: how it looks, and everything of XML that it is not. */
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { encodeTtlv, formatTtlvXml, ItemType, parseTtlvXml, Tag, type TtlvNode } from '../../src/ttlv/index.ts';
import { costsAtMost } from '../support/cost.ts';
import { errorOf } from '../support/errors.ts';
import { toHex } from '../support/hex.ts';

const PAYLOAD = `<RequestPayload>
  <Attribute>
    <AttributeName type="TextString" value="Cryptographic Usage Mask"/>
    <AttributeValue type="Integer" value="Encrypt Decrypt 0x40000000"/>
  </Attribute>
  <Attribute>
    <AttributeName type="TextString" value="State"/>
    <AttributeValue type="Enumeration" value="PreActive"/>
  </Attribute>
  <ObjectType type="Enumeration" value="0x80000001"/>
  <TTLV tag="0x540001" type="TextString" value="a &lt;b&gt; &amp; &quot;c&quot;&#10;&#9;&#13;"/>
  <UniqueIdentifier type="TextString" hex="6100"/>
  <ActivationDate type="DateTime" value="2012-04-27T08:14:44+00:00"/>
  <DestroyDate type="DateTime" value="0x7fffffffffffffff"/>
  <TTLV tag="0x540002"/>
</RequestPayload>
`;

describe('the form', () => {
  it('is what the profile shows', () => {
    const node = parseTtlvXml(PAYLOAD);
    expect(formatTtlvXml(node, { redact: false })).toBe(PAYLOAD);
    expect(toHex(encodeTtlv(node))).toContain('42000b020000000440' + '00000c');
  });

  const value = (xml: string) => (parseTtlvXml(xml) as { value: unknown }).value;
  const leaves: [xml: string, value: unknown][] = [
    ['<BatchCount type="Integer" value="-5"/>', -5],
    ['<BatchCount type="Integer" value="0xffffffff"/>', -1],
    ['<CryptographicUsageMask type="Integer" value="Decrypt   Encrypt"/>', 12],
    ['<CryptographicUsageMask type="Integer" value="ContentCommitmentNonRepudiation"/>', 1024],
    ['<Operation type="Enumeration" value="Get"/>', 10],
    ['<Operation type="Enumeration" value="10"/>', 10],
    ["<BatchOrderOption type='Boolean' value='true'></BatchOrderOption>", true],
    ['<LeaseTime type="Interval" value="4294967295"/>', 4294967295],
    ['<UsageLimitsCount type="LongInteger" value="-9223372036854775808"/>', -(2n ** 63n)],
    ['<ActivationDate type="DateTime" value="2012-04-27T10:14:44+02:00"/>', 1335514484n],
    ['<ActivationDate type="DateTime" value="2012-04-27T08:14:44Z"/>', 1335514484n],
    ['<ActivationDate type="DateTimeExtended" value="1969-12-31T23:59:59.999999Z"/>', -1n],
    [
      '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<!-- a - b --><BatchCount name="x" type="Integer" value="1" /><!----> ',
      1,
    ],
    ['<Username type="TextString" value="a&#x1F600;&apos;\r\nb"/>', "a😀' b"],
  ];
  for (const [xml, expected] of leaves) it(xml, () => expect(value(xml)).toEqual(expected));
});

describe('what is refused', () => {
  const faults: [xml: string, code: string][] = [
    ['', 'ERR_TTLV_XML'],
    ['text', 'ERR_TTLV_XML'],
    ['<!DOCTYPE a><BatchCount type="Integer" value="1"/>', 'ERR_TTLV_XML'],
    ['<!DOCTYPE a [<!ENTITY b "c">]><Username type="TextString" value="&b;"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="&b;"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="&amp"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="&toString;"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="&#0;"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="&#xD800;"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="&#x110000;"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="a\0"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="a<b"/>', 'ERR_TTLV_XML'],
    ['<Username type="TextString" value="\ud800"/>', 'ERR_TTLV_UTF8'],
    ['<Username type="TextString" hex="ff"/>', 'ERR_TTLV_UTF8'],
    ['<Username type="TextString" hex="61" value="a"/>', 'ERR_TTLV_XML'],
    ['<KeyMaterial type="ByteString" hex="61"/>', 'ERR_TTLV_XML'],
    ['<?xml version="1.0" encoding="ISO-8859-1"?><BatchCount type="Integer" value="1"/>', 'ERR_TTLV_XML'],
    ['<?php?><BatchCount type="Integer" value="1"/>', 'ERR_TTLV_XML'],
    ['<RequestPayload><![CDATA[a]]></RequestPayload>', 'ERR_TTLV_XML'],
    ['<RequestPayload>text</RequestPayload>', 'ERR_TTLV_XML'],
    ['<RequestPayload><!-- a -- b --></RequestPayload>', 'ERR_TTLV_XML'],
    ['<RequestPayload><!-- a', 'ERR_TTLV_XML'],
    ['<RequestPayload>', 'ERR_TTLV_XML'],
    ['<RequestPayload></RequestHeader>', 'ERR_TTLV_XML'],
    ['<RequestPayload></RequestPayload', 'ERR_TTLV_XML'],
    ['<RequestPayload/><RequestPayload/>', 'ERR_TTLV_XML'],
    ['<RequestPayload value="1"/>', 'ERR_TTLV_XML'],
    ['<BatchCount type="Integer"/>', 'ERR_TTLV_XML'],
    ['<BatchCount type="Integer" type="Integer" value="1"/>', 'ERR_TTLV_XML'],
    ['<BatchCount type="Integer"value="1"/>', 'ERR_TTLV_XML'],
    ['<BatchCount type=Integer value="1"/>', 'ERR_TTLV_XML'],
    ['<BatchCount type="Integer" value="1" xmlns="a"/>', 'ERR_TTLV_XML'],
    ['<BatchCount tag="0x42000d" type="Integer" value="1"/>', 'ERR_TTLV_XML'],
    ['<BatchCount type="Integer" value="1"><BatchCount/></BatchCount>', 'ERR_TTLV_XML'],
    ['<a:BatchCount type="Integer" value="1"/>', 'ERR_TTLV_XML'],
    ['<NoSuchTag type="Integer" value="1"/>', 'ERR_TTLV_TAG'],
    ['<TTLV type="Integer" value="1"/>', 'ERR_TTLV_TAG'],
    ['<TTLV tag="0x5400" type="Integer" value="1"/>', 'ERR_TTLV_TAG'],
    ['<BatchCount type="Identifier" value="1"/>', 'ERR_TTLV_TYPE'],
    ['<BatchCount type="toString" value="1"/>', 'ERR_TTLV_TYPE'],
    ['<BatchCount type="Integer" value=""/>', 'ERR_TTLV_VALUE'],
    ['<BatchCount type="Integer" value="2147483648"/>', 'ERR_TTLV_VALUE'],
    ['<BatchCount type="Integer" value="1.0"/>', 'ERR_TTLV_VALUE'],
    ['<BatchCount type="Integer" value="Encrypt"/>', 'ERR_TTLV_VALUE'],
    ['<Operation type="Enumeration" value="Gett"/>', 'ERR_TTLV_VALUE'],
    ['<Operation type="Enumeration" value="0x100000000"/>', 'ERR_TTLV_VALUE'],
    ['<LeaseTime type="Interval" value="-1"/>', 'ERR_TTLV_VALUE'],
    ['<UsageLimitsCount type="LongInteger" value="9223372036854775808"/>', 'ERR_TTLV_VALUE'],
    ['<BatchOrderOption type="Boolean" value="yes"/>', 'ERR_TTLV_VALUE'],
    ['<KeyMaterial type="ByteString" value="123"/>', 'ERR_TTLV_VALUE'],
    ['<KeyMaterial type="ByteString" value="0x12"/>', 'ERR_TTLV_VALUE'],
    ['<Modulus type="BigInteger" value=""/>', 'ERR_TTLV_VALUE'],
    ['<Modulus type="BigInteger" value="0102"/>', 'ERR_TTLV_VALUE'],
    ...[
      '2012-02-30T00:00:00Z',
      '2012-13-01T00:00:00Z',
      '2012-04-27 08:14:44Z',
      '2012-04-27T08:14:44',
      '2012-04-27T24:00:00Z',
      '2012-04-27T08:14:44.5Z',
      'now',
      '$NOW',
    ].map((date): [string, string] => [`<ActivationDate type="DateTime" value="${date}"/>`, 'ERR_TTLV_VALUE']),
  ];
  for (const [xml, code] of faults)
    it(xml || '(nothing)', () => {
      const error = errorOf(() => parseTtlvXml(xml));
      expect(error).toBeInstanceOf(FormatError);
      expect(error.code).toBe(code);
    });

  it('names the place, and never the value', () => {
    const xml =
      '<RequestMessage>\n <BatchItem>\n  <KeyMaterial type="ByteString" value="5ec2e7x"/>\n </BatchItem>\n</RequestMessage>';
    const error = errorOf<FormatError>(() => parseTtlvXml(xml));
    expect([error.offset, error.path]).toEqual([
      xml.indexOf('<KeyMaterial'),
      ['RequestMessage', 'BatchItem', 'KeyMaterial'],
    ]);
    expect(JSON.stringify([error.message, error.path, String(error.cause)])).not.toContain('5ec2e7');
  });

  it('32 structures inside each other are taken, 33 and 100,000 are not', () => {
    const nested = (n: number) => '<KeyValue>'.repeat(n) + '</KeyValue>'.repeat(n);
    expect((parseTtlvXml(nested(32)) as TtlvNode).type).toBe(ItemType.Structure);
    for (const n of [33, 100_000]) expect(errorOf(() => parseTtlvXml(nested(n))).code).toBe('ERR_TTLV_DEPTH');
  });

  it('hostile input takes linear time', () => {
    costsAtMost(10_000, () => {
      for (const xml of [
        '<'.repeat(1e6),
        `<a${' '.repeat(1e6)}`,
        `<!--${'-'.repeat(1e6)}`,
        `<BatchCount type="${'&'.repeat(1e6)}"/>`,
        ' '.repeat(1e6),
        `<?xml${' '.repeat(1e6)}`,
      ])
        expect(errorOf(() => parseTtlvXml(xml)).code).toBe('ERR_TTLV_XML');
      const many = `<KeyValue>${`<BatchCount type="Integer" value="${Tag.BatchCount}"/>`.repeat(20_000)}</KeyValue>`;
      expect((parseTtlvXml(many).value as readonly TtlvNode[]).length).toBe(20_000);
    });
  });
});
