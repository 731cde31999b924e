/** Nobody reads or changes another owner's object: every operation, tried by another client on every way to an object. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importKek, unwrapKey } from '../../../src/core/index.ts';
import { StateError } from '../../../src/errors.ts';
import {
  decodeResponse,
  encodeRequest,
  type OperationName,
  type RequestItem,
  type RequestPayloads,
} from '../../../src/kmip/index.ts';
import {
  createEngine,
  MemoryKeyValueStore,
  memoryObjectKeys,
  type ObjectStore,
  type OperationEvent,
  openObjectStore,
} from '../../../src/kmip/server/index.ts';
import { type Bench, openBench, START } from './engine-support.ts';
import { aesKey, attributes, keyOf, knownKey, name, revocation } from './objects.ts';

const MALLORY = { owner: 'mallory' };
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 ^ i);
const DATA = new Uint8Array(16);
const ECB = { cryptographicParameters: { blockCipherMode: 'ECB' as const } };
const USES = 0x3ff; // all uses from Sign to Derive Key

/** For each operation on an object: its payload, were it the client's own. */
function attempts(id: string): { readonly [O in OperationName]?: RequestPayloads[O] } {
  const attribute = { attributeName: 'x-mine', attributeValue: { type: 7, value: 'now' } } as const;
  return {
    Get: { uniqueIdentifier: id },
    Export: { uniqueIdentifier: id },
    GetAttributes: { uniqueIdentifier: id },
    GetAttributeList: { uniqueIdentifier: id },
    AddAttribute: { uniqueIdentifier: id, attribute },
    ModifyAttribute: { uniqueIdentifier: id, attribute: { ...attribute, attributeName: 'x-hers' } },
    DeleteAttribute: { uniqueIdentifier: id, attributeName: 'x-hers' },
    Check: { uniqueIdentifier: id },
    ObtainLease: { uniqueIdentifier: id },
    GetUsageAllocation: { uniqueIdentifier: id, usageLimitsCount: 1n },
    Activate: { uniqueIdentifier: id },
    Revoke: { uniqueIdentifier: id, ...revocation('KeyCompromise') },
    Destroy: { uniqueIdentifier: id },
    Archive: { uniqueIdentifier: id },
    Recover: { uniqueIdentifier: id },
    ReKey: { uniqueIdentifier: id },
    ReKeyKeyPair: { privateKeyUniqueIdentifier: id },
    DeriveKey: {
      objectType: 'SecretData',
      uniqueIdentifier: [id],
      derivationMethod: 'HMAC',
      derivationParameters: { cryptographicParameters: { hashingAlgorithm: 'SHA_256' }, derivationData: DATA },
      templateAttribute: { attribute: attributes({ 'Cryptographic Length': 128, 'Cryptographic Usage Mask': 12 }) },
    },
    Encrypt: { uniqueIdentifier: id, ...ECB, data: DATA },
    Decrypt: { uniqueIdentifier: id, ...ECB, data: DATA },
    Sign: { uniqueIdentifier: id, data: DATA },
    SignatureVerify: { uniqueIdentifier: id, data: DATA, signatureData: DATA },
    MAC: { uniqueIdentifier: id, data: DATA },
    MACVerify: { uniqueIdentifier: id, data: DATA, macData: DATA },
    Import: {
      uniqueIdentifier: id,
      replaceExisting: true,
      attribute: attributes({ 'Object Type': 'SymmetricKey', 'Cryptographic Usage Mask': 12 }),
      symmetricKey: knownKey(new Uint8Array(32)).symmetricKey!,
    },
  };
}

/** Operations that name no object; tried below in their own ways where they could reach one. */
const WITHOUT_OBJECT: readonly OperationName[] = [
  'Create',
  'CreateKeyPair',
  'Register',
  'Locate',
  'Query',
  'DiscoverVersions',
  'Poll',
  'Cancel',
  'RNGRetrieve',
  'RNGSeed',
  'Hash',
];

let bench: Bench;
let id: string;

beforeAll(async () => {
  bench = await openBench();
  const dates = {
    'Activation Date': BigInt(START - 1),
    'Usage Limits': { usageLimitsTotal: 100n, usageLimitsUnit: 'Byte' },
  };
  const more = { Name: name('hers'), 'Object Group': 'group', 'x-hers': { type: 7, value: 'hers' }, ...dates };
  ({ uniqueIdentifier: id } = await bench.ok(
    'Register',
    knownKey(SECRET, { 'Cryptographic Usage Mask': USES, ...more }),
  ));
});
afterAll(async () => bench[Symbol.asyncDispose]());

describe("another owner's object", () => {
  it('is tried by every operation that the server has', async () => {
    const { operation = [] } = await bench.ok('Query', { queryFunction: ['QueryOperations'] });
    expect([...Object.keys(attempts('')), ...WITHOUT_OBJECT].sort()).toEqual([...operation].sort());
  });

  for (const operation of Object.keys(attempts('')) as OperationName[]) {
    it(`${operation} is denied, and changes nothing`, async () => {
      const before = await bench.ok('GetAttributes', { uniqueIdentifier: id });
      const item = await bench.ask(operation, attempts(id)[operation] as never, MALLORY);
      expect(item).toMatchObject({ resultStatus: 'OperationFailed', resultReason: 'PermissionDenied' });
      expect(item.responsePayload).toBeUndefined();
      expect(await bench.ok('GetAttributes', { uniqueIdentifier: id })).toEqual(before);
      expect(await keyOf(bench, id)).toEqual(SECRET);
    });

    it(`${operation} is denied by way of the ID Placeholder, and in 1.0 as in 1.4`, async () => {
      const payload = attempts(id)[operation] as never;
      const batch = [
        { operation: 'Locate', uniqueBatchItemID: Uint8Array.of(1), requestPayload: { attribute: [] } },
        { operation, uniqueBatchItemID: Uint8Array.of(2), requestPayload: payload },
      ] as RequestItem[];
      const { batchItem } = await bench.send(batch, {
        ...MALLORY,
        header: { batchErrorContinuationOption: 'Continue' },
      });
      expect(batchItem[0]).toMatchObject({ resultStatus: 'Success' });
      expect(batchItem[1]).toMatchObject({ resultReason: 'PermissionDenied' });
      expect(JSON.stringify(batchItem[0]?.responsePayload)).not.toContain(id);
    });
  }

  it('is not located, by any attribute', async () => {
    const filters = [
      {},
      { Name: name('hers') },
      { 'Unique Identifier': id },
      { 'Object Group': 'group' },
      { 'x-hers': { type: 7, value: 'hers' } },
      { State: 'Active' },
      { 'Object Type': 'SymmetricKey' },
    ];
    for (const filter of filters) {
      expect((await bench.ok('Locate', { attribute: attributes(filter) })).uniqueIdentifier).toEqual([id]);
      const found = await bench.ok('Locate', { attribute: attributes(filter) }, MALLORY);
      expect(found.uniqueIdentifier ?? []).toEqual([]);
      expect(found.locatedItems).toBe(0);
    }
    for (const objectGroupMember of ['GroupMemberFresh', 'GroupMemberDefault'] as const) {
      const payload = { objectGroupMember, attribute: attributes({ 'Object Group': 'group' }) };
      expect((await bench.ok('Locate', payload, MALLORY)).uniqueIdentifier ?? []).toEqual([]);
    }
  });

  it('does not wrap, and does not unwrap, for another', async () => {
    const encryptionKeyInformation = {
      uniqueIdentifier: id,
      cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' },
    } as const;
    const mine = await bench.ok('Create', aesKey(), MALLORY);
    const wrap = { wrappingMethod: 'Encrypt' as const, encryptionKeyInformation };
    const asked = { uniqueIdentifier: mine.uniqueIdentifier, keyWrappingSpecification: wrap };
    expect(await bench.refused('Get', asked, MALLORY)).toBe('PermissionDenied');
    // Wrapped under a key that is not hers, a key is kept as it came: the server does not unwrap it for her.
    const wrapped = (
      await bench.ok('Get', { ...asked, uniqueIdentifier: (await bench.ok('Create', aesKey())).uniqueIdentifier })
    ).symmetricKey!;
    const registered = await bench.ok('Register', { ...knownKey(new Uint8Array(32)), symmetricKey: wrapped }, MALLORY);
    const { symmetricKey } = await bench.ok('Get', { uniqueIdentifier: registered.uniqueIdentifier }, MALLORY);
    expect(symmetricKey).toEqual(wrapped);
    using kek = importKek(SECRET);
    expect(unwrapKey(kek, symmetricKey!.keyBlock.keyValue as Uint8Array).length).toBeGreaterThan(32);
  });

  it('lends no template', async () => {
    await bench.ok('Register', {
      objectType: 'Template',
      templateAttribute: { attribute: attributes({ Name: name('template') }) },
      template: { attribute: attributes({ 'Contact Information': 'her address' }) },
    });
    const { templateAttribute } = aesKey();
    const payload = {
      objectType: 'SymmetricKey' as const,
      templateAttribute: { name: [name('template')], ...templateAttribute },
    };
    await bench.ok('Create', payload);
    expect(await bench.refused('Create', payload, MALLORY)).toBe('ItemNotFound');
  });

  it('does not stand in the way of a name', async () => {
    await bench.ok('Create', aesKey({ Name: name('hers') }), MALLORY);
  });

  it('is not reached by a Correlation Value, nor is a request that was put off', async () => {
    const encrypting = { uniqueIdentifier: id, ...ECB, data: DATA, initIndicator: true };
    const { correlationValue } = await bench.ok('Encrypt', encrypting);
    const last = { correlationValue: correlationValue!, finalIndicator: true, data: DATA };
    const mine = await bench.ok('Create', aesKey({ 'Activation Date': BigInt(START) }), MALLORY);
    expect(await bench.refused('Encrypt', { ...last, uniqueIdentifier: mine.uniqueIdentifier }, MALLORY)).toBe(
      'InvalidField',
    );
    const header = { asynchronousIndicator: true };
    const { asynchronousCorrelationValue } = await bench.ask('Archive', { uniqueIdentifier: id }, { header });
    const value = { asynchronousCorrelationValue: asynchronousCorrelationValue! };
    expect(await bench.refused('Poll', value, MALLORY)).toBe('ItemNotFound');
    expect((await bench.ok('Cancel', value, MALLORY)).cancellationResult).toBe('Unavailable');
    expect((await bench.ok('Cancel', value)).cancellationResult).toBe('Canceled');
  });

  it('is kept apart from an object that does not exist by nothing but the reason', async () => {
    const nothing = await bench.ask('Get', { uniqueIdentifier: 'nothing' }, MALLORY);
    expect(nothing).toMatchObject({ resultStatus: 'OperationFailed', resultReason: 'ItemNotFound' });
  });
});

describe('certificates and public keys', () => {
  it('are read by everyone, and changed by their owner', async () => {
    const pair = await bench.ok('CreateKeyPair', {
      commonTemplateAttribute: {
        attribute: attributes({ 'Cryptographic Algorithm': 'EC', 'Cryptographic Length': 256, Name: name('pair') }),
      },
      privateKeyTemplateAttribute: { attribute: attributes({ 'Cryptographic Usage Mask': 1 }) },
      publicKeyTemplateAttribute: { attribute: attributes({ 'Cryptographic Usage Mask': 2 }) },
    });
    const [publicId, privateId] = [pair.publicKeyUniqueIdentifier, pair.privateKeyUniqueIdentifier];
    expect((await bench.ok('Get', { uniqueIdentifier: publicId }, MALLORY)).publicKey).toBeDefined();
    expect(
      (await bench.ok('Locate', { attribute: attributes({ Name: name('pair') }) }, MALLORY)).uniqueIdentifier,
    ).toEqual([publicId]);
    for (const operation of ['GetAttributes', 'GetAttributeList', 'Check', 'ObtainLease'] as const)
      await bench.ok(operation, { uniqueIdentifier: publicId }, MALLORY);
    expect(await bench.refused('Get', { uniqueIdentifier: privateId }, MALLORY)).toBe('PermissionDenied');
    const forbidden = attempts(publicId);
    for (const operation of [
      'Activate',
      'Revoke',
      'Destroy',
      'Archive',
      'AddAttribute',
      'Export',
      'SignatureVerify',
      'Import',
    ] as const)
      expect(await bench.refused(operation, forbidden[operation] as never, MALLORY)).toBe('PermissionDenied');
  });
});

describe('events', () => {
  const create = (label: string, i: number): RequestItem => ({
    operation: 'Create',
    uniqueBatchItemID: Uint8Array.of(i),
    requestPayload: aesKey({ Name: name(label) }),
  });

  it('tell of what was undone as undone', async () => {
    const begin = bench.events.length;
    const failing: RequestItem = {
      operation: 'Get',
      uniqueBatchItemID: Uint8Array.of(1),
      requestPayload: { uniqueIdentifier: 'nothing' },
    };
    await bench.send([create('undone', 0), failing], { header: { batchErrorContinuationOption: 'Undo' } });
    expect(bench.events.slice(begin)).toMatchObject([
      { operation: 'Create', resultStatus: 'OperationUndone', uniqueIdentifier: undefined },
      { operation: 'Get', resultStatus: 'OperationFailed', uniqueIdentifier: 'nothing' },
    ]);
  });

  it('name the private key of a pair', async () => {
    const begin = bench.events.length;
    const pair = { 'Cryptographic Algorithm': 'EC', 'Cryptographic Length': 256, 'Cryptographic Usage Mask': 3 };
    const made = await bench.ok('CreateKeyPair', { commonTemplateAttribute: { attribute: attributes(pair) } });
    expect(bench.events.slice(begin)).toMatchObject([
      { operation: 'CreateKeyPair', uniqueIdentifier: made.privateKeyUniqueIdentifier },
    ]);
  });

  it('tell of requests that are refused as a whole', async () => {
    const begin = bench.events.length;
    await bench.engine.handle(new Uint8Array(8), { owner: 'mallory' });
    expect(bench.events.slice(begin)).toMatchObject([
      { owner: 'mallory', operation: undefined, resultStatus: 'OperationFailed', resultReason: 'InvalidMessage' },
    ]);
  });

  it('tell of a commit that failed as a failure, and of changes that collide', async () => {
    const fault = (code: 'ERR_STORE_FAILED' | 'ERR_STORE_CONFLICT') => new StateError(code, 'no');
    for (const code of ['ERR_STORE_FAILED', 'ERR_STORE_CONFLICT'] as const) {
      const events: OperationEvent[] = [];
      const records = new MemoryKeyValueStore();
      const objects = await openObjectStore({ records, keys: await memoryObjectKeys(), create: true });
      // The work is done, and what it did is not kept.
      const store: ObjectStore = {
        size: 0,
        transaction: (work) =>
          objects.transaction(async (transaction) => {
            await work(transaction);
            throw fault(code);
          }),
        close: () => objects.close(),
        [Symbol.asyncDispose]: () => objects.close(),
      };
      await using _closing = store;
      const engine = createEngine({ store, observe: (event) => events.push(event) });
      const request = encodeRequest({ protocolVersion: '1.4', batchItem: [create('a', 0), create('b', 1)] });
      const answer = engine.handle(request, { owner: 'client' });
      if (code === 'ERR_STORE_FAILED') await expect(answer).rejects.toMatchObject({ code });
      else expect(decodeResponse(await answer).batchItem).toMatchObject([{ resultReason: 'GeneralFailure' }, {}]);
      expect(events.map((event) => event.resultStatus)).toEqual(['OperationFailed', 'OperationFailed']);
    }
  });

  it('say who, what and how it ended, and hold no key', async () => {
    const begin = bench.events.length;
    await bench.ok('Get', { uniqueIdentifier: id });
    await bench.refused('Get', { uniqueIdentifier: id }, MALLORY);
    expect(bench.events.slice(begin)).toMatchObject([
      { owner: 'client', operation: 'Get', uniqueIdentifier: id, resultStatus: 'Success', resultReason: undefined },
      { owner: 'mallory', operation: 'Get', uniqueIdentifier: id, resultReason: 'PermissionDenied' },
    ]);
    expect(JSON.stringify(bench.events, (_, value) => (value instanceof Uint8Array ? 'bytes' : value))).not.toContain(
      'bytes',
    );
  });

  it('tell of what became too large to be answered, and of what was put off', async () => {
    const begin = bench.events.length;
    const requestPayload = aesKey({ Name: name('never') });
    const header = { maximumResponseSize: 100 };
    await bench.send([{ operation: 'Create', requestPayload }], { header });
    await bench.ask('Locate', { attribute: [] }, { header: { asynchronousIndicator: true } });
    expect(bench.events.slice(begin)).toMatchObject([
      { operation: 'Create', resultReason: 'ResponseTooLarge' },
      { operation: 'Locate', resultStatus: 'OperationPending' },
    ]);
  });
});
