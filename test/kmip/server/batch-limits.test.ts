/** What one request may cost: a client that has a certificate is not yet one that means well. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { RequestItem } from '../../../src/kmip/index.ts';
import { type Bench, openBench, START } from './engine-support.ts';
import { aesKey, attributes, knownKey, name } from './objects.ts';

const QUERY: RequestItem = { operation: 'Query', requestPayload: { queryFunction: ['QueryObjects'] } };
const CONTINUE = { header: { batchErrorContinuationOption: 'Continue' } } as const;

/** Items with their numbers. */
function batch(...items: readonly RequestItem[]): RequestItem[] {
  return items.map((item, i) => ({ ...item, uniqueBatchItemID: Uint8Array.of(i >> 8, i) }));
}

function times(count: number, item: RequestItem): RequestItem[] {
  return Array.from({ length: count }, () => item);
}

async function registerOpaque(bench: Bench, lengthBytes: number): Promise<string> {
  const opaqueObject = { opaqueDataType: 0x80000001, opaqueDataValue: new Uint8Array(lengthBytes) };
  const payload = { objectType: 'OpaqueObject', templateAttribute: {}, opaqueObject } as const;
  return (await bench.ok('Register', payload)).uniqueIdentifier;
}

async function located(bench: Bench): Promise<number> {
  return (await bench.ok('Locate', { attribute: [] })).uniqueIdentifier?.length ?? 0;
}

describe('a request', () => {
  it('has at most 1,000 items, and nothing of a longer one is done', async () => {
    await using bench = await openBench();
    const create: RequestItem = { operation: 'Create', requestPayload: aesKey() };
    const long = await bench.send(batch(create, ...times(1000, QUERY)));
    expect(long.batchItem).toMatchObject([{ resultStatus: 'OperationFailed', resultReason: 'InvalidMessage' }]);
    expect(await located(bench)).toBe(0);
    const fits = await bench.send(batch(...times(1000, QUERY)));
    expect(fits.batchItem.every(({ resultStatus }) => resultStatus === 'Success')).toBe(true);
  });

  it('is refused as a whole when its answers have more than 8 MiB together', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await registerOpaque(bench, 600_000);
    const get: RequestItem = { operation: 'Get', requestPayload: { uniqueIdentifier } };
    const create: RequestItem = { operation: 'Create', requestPayload: aesKey() };
    const { batchItem } = await bench.send(batch(create, ...times(900, get)));
    expect(batchItem).toHaveLength(901);
    expect(new Set(batchItem.map((item) => item.resultReason))).toEqual(new Set(['ResponseTooLarge']));
    expect(await located(bench)).toBe(1);
    expect((await bench.send(batch(get, get))).batchItem).toHaveLength(2);
  });

  it('is refused, and the connection lives, when the answer is longer than a message by its headers alone', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await registerOpaque(bench, 932_000);
    const get: RequestItem = { operation: 'Get', requestPayload: { uniqueIdentifier } };
    const { batchItem } = await bench.send(batch(...times(9, get)));
    expect(batchItem).toHaveLength(9);
    expect(batchItem[8]).toMatchObject({
      resultReason: 'ResponseTooLarge',
      resultMessage: 'the response has 8389528 bytes, at most 8388608 may be sent',
    });
  });

  it('is refused as a whole when it opens more than 16 MiB of objects, whatever becomes of them', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await registerOpaque(bench, 1_000_000);
    const failing = { uniqueIdentifier, keyWrappingSpecification: { wrappingMethod: 'Encrypt' } } as const;
    const items = batch(...times(20, { operation: 'Get', requestPayload: failing }));
    const few = await bench.send(items.slice(0, 2), CONTINUE);
    expect(new Set(few.batchItem.map((item) => item.resultReason))).toEqual(new Set(['InvalidField']));
    const many = await bench.send(items, CONTINUE);
    expect(new Set(many.batchItem.map((item) => item.resultReason))).toEqual(new Set(['ResponseTooLarge']));
  });

  it('names at most 16 templates in an item, and reads each of them once', async () => {
    await using bench = await openBench();
    await bench.ok('Register', {
      objectType: 'Template',
      templateAttribute: { attribute: attributes({ Name: name('t') }) },
      template: { attribute: attributes({ 'x-note': { type: 7, value: 'from the template' } }) },
    });
    const { templateAttribute, ...rest } = aesKey();
    const payload = (count: number) => ({
      ...rest,
      templateAttribute: { ...templateAttribute, name: Array.from({ length: count }, () => name('t')) },
    });
    expect(await bench.refused('Create', payload(17), { version: '1.2' })).toBe('InvalidField');
    const { uniqueIdentifier } = await bench.ok('Create', payload(16), { version: '1.2' });
    const { attribute } = await bench.ok('GetAttributes', { uniqueIdentifier, attributeName: ['x-note'] });
    expect(attribute).toHaveLength(16);
  });

  it('lets others have their turn, and ends when it has taken long', async () => {
    let ms = START * 1000;
    // Every look at the clock takes 10 ms: some items, and others have waited for 50.
    await using bench = await openBench({ clock: () => (ms += 10) });
    const create: RequestItem = { operation: 'Create', requestPayload: aesKey() };
    const order: string[] = [];
    const long = bench.send(batch(...times(100, create))).then((answer) => {
      order.push('long');
      return answer;
    });
    const short = bench.send([QUERY]).then(() => order.push('short'));
    const [{ batchItem }] = await Promise.all([long, short]);
    expect(batchItem.every(({ resultStatus }) => resultStatus === 'Success')).toBe(true);
    expect(order).toEqual(['short', 'long']);
    // Ten minutes a look.
    await using slow = await openBench({ clock: () => (ms += 600_000) });
    const late = await slow.send(batch(create, create), CONTINUE);
    expect(late.batchItem).toMatchObject([{ resultReason: 'GeneralFailure' }, { resultReason: 'GeneralFailure' }]);
    expect(slow.faults).toEqual([]);
  });
});

describe('keys with a long modulus', () => {
  it('are not taken in when they say so, and not used when they do not', async () => {
    await using bench = await openBench();
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { e } = publicKey.export({ format: 'jwk' });
    const modulus = new Uint8Array(1288).fill(0xff, 8);
    const register = (cryptographicLength: number) => ({
      objectType: 'PublicKey' as const,
      templateAttribute: {
        attribute: attributes({ 'Cryptographic Usage Mask': 2, 'Activation Date': BigInt(START) }),
      },
      publicKey: {
        keyBlock: {
          keyFormatType: 'TransparentRSAPublicKey' as const,
          keyValue: {
            keyMaterial: { modulus, publicExponent: new Uint8Array([0, 0, 0, 0, 0, ...Buffer.from(e!, 'base64url')]) },
          },
          cryptographicAlgorithm: 'RSA' as const,
          cryptographicLength,
        },
      },
    });
    expect(await bench.refused('Register', register(10_240))).toBe('InvalidField');
    const { uniqueIdentifier } = await bench.ok('Register', register(2048));
    const verify = {
      uniqueIdentifier,
      cryptographicParameters: { digitalSignatureAlgorithm: 'SHA_256WithRSAEncryption' as const },
      data: new Uint8Array(1),
      signatureData: new Uint8Array(1280),
    };
    expect(await bench.ask('SignatureVerify', verify)).toMatchObject({
      resultReason: 'CryptographicFailure',
      resultMessage: 'the modulus of the key has more than 8192 bits',
    });
    await bench.ok('Register', knownKey(new Uint8Array(32)));
  });
});
