/** Answers as other servers give them: each way in which clients have met them. */
import { describe, expect, it } from 'vitest';
import { decodeResponse, encodeRequest, type RequestHeader, type RequestItem } from '../../../src/kmip/index.ts';
import { type Bench, openBench, START } from './engine-support.ts';
import { aesKey, attributes, keyOf, knownKey, name } from './objects.ts';

const text = (value: string): { readonly type: 7; readonly value: string } => ({ type: 7, value });

/** Sends one item and reads the answer leniently, as a client must that is to bear these servers. */
async function lenient(bench: Bench, item: RequestItem, version: '1.0' | '1.4' = '1.0', header: RequestHeader = {}) {
  const request = encodeRequest({ ...header, protocolVersion: version, batchItem: [item] });
  return decodeResponse(await bench.engine.handle(request, { owner: 'client' }));
}

describe('as PyKMIP', () => {
  it('lacks operations, object types, custom attributes, Undo and asynchronous requests', async () => {
    await using bench = await openBench({ quirks: 'pykmip' });
    const {
      operation = [],
      objectType,
      vendorIdentification,
    } = await bench.ok('Query', {
      queryFunction: ['QueryOperations', 'QueryObjects', 'QueryServerInformation'],
    });
    expect(operation).toContain('Create');
    expect(operation).not.toContain('AddAttribute');
    expect(objectType).toBeUndefined();
    expect(vendorIdentification).toBe('PyKMIP 0.10.0 Software Server');
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ Name: name('n') }));
    await bench.ok('Create', aesKey({ Name: name('n') }));
    const attribute = { attributeName: 'x-a', attributeValue: text('') };
    expect(await bench.refused('AddAttribute', { uniqueIdentifier, attribute })).toBe('OperationNotSupported');
    expect(await bench.refused('Create', aesKey({ 'x-a': text('') }))).toBe('InvalidField');
    for (const header of [
      { batchErrorContinuationOption: 'Undo' },
      { asynchronousIndicator: true },
      { timeStamp: BigInt(START + 1) },
    ] as const)
      expect(await bench.refused('Get', { uniqueIdentifier }, { header })).toBe('InvalidMessage');
  });

  it('puts a wrapped key inside of a Key Value', async () => {
    await using bench = await openBench({ quirks: 'pykmip' });
    const kek = await bench.ok(
      'Register',
      knownKey(new Uint8Array(16), { 'Cryptographic Usage Mask': 16, 'Activation Date': BigInt(START) }),
    );
    const { uniqueIdentifier } = await bench.ok('Create', aesKey());
    const { symmetricKey } = await bench.ok('Get', {
      uniqueIdentifier,
      keyWrappingSpecification: {
        wrappingMethod: 'Encrypt',
        encryptionKeyInformation: {
          uniqueIdentifier: kek.uniqueIdentifier,
          cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' },
        },
        encodingOption: 'NoEncoding',
      },
    });
    expect((symmetricKey!.keyBlock.keyValue as { keyMaterial: Uint8Array }).keyMaterial.length).toBe(40);
  });
});

describe('as Vault', () => {
  it('sends fields that the version, or the operation, does not have', async () => {
    await using bench = await openBench({ quirks: 'vault' });
    const answer = await lenient(bench, { operation: 'Register', requestPayload: knownKey(new Uint8Array(16)) });
    expect(answer).toMatchObject({ protocolVersion: '1.0', batchItem: [{ resultStatus: 'Success' }] });
    expect(answer.unknown).toMatchObject([{ value: 'vault' }]);
    expect(
      await keyOf(bench, (answer.batchItem[0]!.responsePayload as { uniqueIdentifier: string }).uniqueIdentifier, {
        version: '1.4',
      }),
    ).toEqual(new Uint8Array(16));
    expect(answer.batchItem[0]?.responsePayload?.unknown).toMatchObject([{ value: 2 }]);
    const query: RequestItem = { operation: 'Query', requestPayload: { queryFunction: ['QueryObjects'] } };
    expect((await lenient(bench, query, '1.4')).serverCorrelationValue).toBe('vault');
  });
});

describe('as Fortanix', () => {
  const secret = (mask: number): RequestItem => ({
    operation: 'Register',
    requestPayload: {
      objectType: 'SecretData',
      templateAttribute: { attribute: attributes({ 'Cryptographic Usage Mask': mask }) },
      secretData: {
        secretDataType: 'Password',
        keyBlock: { keyFormatType: 'Opaque', keyValue: { keyMaterial: Uint8Array.of(1, 2, 3) } },
      },
    },
  });

  it('takes no secret to encrypt with, and gives secrets back as Raw', async () => {
    await using bench = await openBench({ quirks: 'fortanix' });
    expect((await bench.send([secret(12)])).batchItem).toMatchObject([{ resultReason: 'InvalidField' }]);
    const [made] = (await bench.send([secret(0x240)])).batchItem;
    const { uniqueIdentifier } = made!.responsePayload as { readonly uniqueIdentifier: string };
    const { secretData } = await bench.ok('Get', { uniqueIdentifier });
    expect(secretData?.keyBlock).toMatchObject({
      keyFormatType: 'Raw',
      keyValue: { keyMaterial: Uint8Array.of(1, 2, 3) },
    });
  });
});
