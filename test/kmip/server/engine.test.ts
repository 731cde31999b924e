/** What a server must do with messages: versions, faults, sizes, batches, the ID Placeholder, asynchronous requests. */
import { describe, expect, it } from 'vitest';
import {
  decodeResponse,
  encodeRequest,
  KMIP_VERSIONS,
  type RequestItem,
  type RequestMessage,
  type ResponseMessage,
} from '../../../src/kmip/index.ts';
import { createEngine } from '../../../src/kmip/server/index.ts';
import { encodeTtlv, ItemType, parseTtlvXml, readTtlvTree, Tag, type TtlvNode } from '../../../src/ttlv/index.ts';
import { errorOf } from '../../support/errors.ts';
import { type Bench, openBench, START } from './engine-support.ts';
import { aesKey, attributeOf, attributes, keyOf, name, revocation, stateOf } from './objects.ts';

const CLIENT = { owner: 'client' };

/** Sends XML as it stands, and reads the answer. */
async function sendXml(bench: Bench, xml: string): Promise<ResponseMessage> {
  return decodeResponse(await bench.engine.handle(encodeTtlv(parseTtlvXml(xml)), CLIENT));
}

function messageXml(version: string, header: string, ...items: readonly string[]): string {
  const [major, minor] = version.split('.');
  return `<RequestMessage><RequestHeader><ProtocolVersion><ProtocolVersionMajor type="Integer" value="${major}"/>
    <ProtocolVersionMinor type="Integer" value="${minor}"/></ProtocolVersion>${header}
    <BatchCount type="Integer" value="${items.length}"/></RequestHeader>${items.join('')}</RequestMessage>`;
}

function itemXml(operation: string, payload: string, before = ''): string {
  return `<BatchItem><Operation type="Enumeration" value="${operation}"/>${before}<RequestPayload>${payload}</RequestPayload></BatchItem>`;
}

const QUERY = itemXml('Query', '<QueryFunction type="Enumeration" value="QueryObjects"/>');

describe('messages that cannot be taken as they are', () => {
  it('answers bytes that are no message with one item without Operation', async () => {
    await using bench = await openBench();
    const nonsense = [
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
      new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'),
      encodeTtlv({ tag: Tag.ResponseMessage, type: ItemType.Structure, value: [] }),
      encodeTtlv({ tag: Tag.RequestMessage, type: ItemType.Structure, value: [] }),
    ];
    for (const bytes of nonsense) {
      const { batchItem } = decodeResponse(await bench.engine.handle(bytes, CLIENT));
      expect(batchItem).toMatchObject([{ resultStatus: 'OperationFailed', resultReason: 'InvalidMessage' }]);
      expect(batchItem[0]?.operation).toBeUndefined();
    }
  });

  it('answers another major version so, and a later minor one as the latest that it knows', async () => {
    await using bench = await openBench();
    const other = await sendXml(bench, messageXml('2.1', '', QUERY));
    expect(other).toMatchObject({ protocolVersion: '1.4', batchItem: [{ resultReason: 'InvalidMessage' }] });
    const later = await sendXml(bench, messageXml('1.9', '', QUERY));
    expect(later).toMatchObject({
      protocolVersion: '1.4',
      batchItem: [{ operation: 'Query', resultStatus: 'Success' }],
    });
  });

  it('ignores an unknown field of a later minor version, and refuses it in one that it knows', async () => {
    await using bench = await openBench();
    const unknown = '<TTLV tag="0x540099" type="Integer" value="1"/>';
    const item = itemXml('Query', `<QueryFunction type="Enumeration" value="QueryObjects"/>${unknown}`);
    expect((await sendXml(bench, messageXml('1.9', '', item))).batchItem).toMatchObject([{ resultStatus: 'Success' }]);
    expect((await sendXml(bench, messageXml('1.4', '', item))).batchItem).toMatchObject([
      { operation: 'Query', resultReason: 'InvalidField' },
    ]);
    const header = await sendXml(bench, messageXml('1.2', unknown, QUERY));
    expect(header).toMatchObject({ protocolVersion: '1.2', batchItem: [{ resultReason: 'InvalidField' }] });
  });

  it('refuses one item for its own fault, and a single field given twice', async () => {
    await using bench = await openBench();
    const id = '<UniqueBatchItemID type="ByteString" value="01"/>';
    const twice = itemXml(
      'Get',
      '<UniqueIdentifier type="TextString" value="a"/><UniqueIdentifier type="TextString" value="b"/>',
      id,
    );
    const good = itemXml('Query', '<QueryFunction type="Enumeration" value="QueryObjects"/>', id.replace('01', '02'));
    const header = '<BatchErrorContinuationOption type="Enumeration" value="Continue"/>';
    const { batchItem } = await sendXml(bench, messageXml('1.4', header, twice, good));
    expect(batchItem).toMatchObject([
      { operation: 'Get', resultReason: 'InvalidMessage', uniqueBatchItemID: Uint8Array.of(1) },
      { operation: 'Query', resultStatus: 'Success', uniqueBatchItemID: Uint8Array.of(2) },
    ]);
  });

  it('does not support operations of later versions, of other servers, or of nobody', async () => {
    await using bench = await openBench();
    for (const [version, operation] of [
      ['1.0', 'DiscoverVersions'],
      ['1.1', 'Encrypt'],
      ['1.3', 'Import'],
      ['1.4', 'Certify'],
      ['1.4', 'Notify'],
      ['1.4', 'Ping'],
    ] as const) {
      const xml = messageXml(version, '', itemXml(operation, ''));
      const { batchItem } = await sendXml(bench, xml);
      const reason = batchItem[0]?.resultReason;
      // What misses its fields is faulty before it is not supported.
      expect(['OperationNotSupported', 'InvalidMessage']).toContain(reason);
      expect(batchItem[0]?.resultStatus).toBe('OperationFailed');
    }
    const [unknown] = (await sendXml(bench, messageXml('1.4', '', itemXml('0x8000abcd', '')))).batchItem;
    expect(unknown).toMatchObject({ operation: 0x8000abcd, resultReason: 'OperationNotSupported' });
  });

  it('answers in the client’s version, with nothing of a later one', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ Description: 'of 1.4', Sensitive: false }));
    for (const version of KMIP_VERSIONS) {
      // The decoder of the test is strict: a field that the version does not have would throw.
      const options = { version };
      const { attribute = [] } = await bench.ok('GetAttributes', { uniqueIdentifier }, options);
      const names = attribute.map((one) => one.attributeName);
      expect(names.includes('Description')).toBe(version === '1.4');
      expect(names.includes('Original Creation Date')).toBe(version >= '1.2');
      expect(names.includes('Fresh')).toBe(version >= '1.1');
      const { attributeName } = await bench.ok('GetAttributeList', { uniqueIdentifier }, options);
      expect([...attributeName].sort()).toEqual([...names].sort());
      const { operation = [] } = await bench.ok(
        'Query',
        { queryFunction: ['QueryOperations', 'QueryObjects'] },
        options,
      );
      expect(operation.includes('Encrypt')).toBe(version >= '1.2');
      expect(operation.includes('Import')).toBe(version === '1.4');
    }
  });
});

describe('header', () => {
  it('echoes the Client Correlation Value to 1.4', async () => {
    await using bench = await openBench();
    const header = { clientCorrelationValue: 'request 7' };
    const answer = await bench.send([{ operation: 'Query', requestPayload: { queryFunction: ['QueryObjects'] } }], {
      header,
    });
    expect(answer).toMatchObject({ clientCorrelationValue: 'request 7', timeStamp: BigInt(START) });
  });

  it('keeps to the Maximum Response Size: nothing has happened', async () => {
    await using bench = await openBench();
    const item: RequestItem = { operation: 'Create', requestPayload: aesKey({ Name: name('large') }) };
    const { batchItem } = await bench.send([item], { header: { maximumResponseSize: 120 } });
    expect(batchItem).toMatchObject([{ operation: 'Create', resultReason: 'ResponseTooLarge' }]);
    expect((await bench.ok('Locate', { attribute: [] })).uniqueIdentifier).toBeUndefined();
    expect((await bench.send([item], { header: { maximumResponseSize: 4096 } })).batchItem).toMatchObject([
      { resultStatus: 'Success' },
    ]);
  });

  it('looks at credentials when it is told how', async () => {
    await using bench = await openBench({
      authenticate: ({ credential }, client) =>
        credential.some(({ credentialValue }) => (credentialValue as { username?: string }).username === 'fred')
          ? { owner: `${client.owner}/fred` }
          : undefined,
    });
    const as = (username: string): { readonly header: RequestMessage } => ({
      header: {
        authentication: {
          credential: [{ credentialType: 'UsernameAndPassword', credentialValue: { username, password: 'p' } }],
        },
      } as never,
    });
    const { uniqueIdentifier } = await bench.ok('Create', aesKey(), as('fred') as never);
    expect(await bench.refused('Get', { uniqueIdentifier })).toBe('PermissionDenied');
    await bench.ok('Get', { uniqueIdentifier }, as('fred') as never);
    expect(await bench.ask('Get', { uniqueIdentifier }, as('barney') as never)).toMatchObject({
      resultReason: 'AuthenticationNotSuccessful',
    });
  });

  it('refuses a critical message extension, and passes over another', async () => {
    await using bench = await openBench();
    const item = (criticalityIndicator: boolean): RequestItem => ({
      operation: 'Query',
      requestPayload: { queryFunction: ['QueryObjects'] },
      messageExtension: { vendorIdentification: 'v', criticalityIndicator, vendorExtension: {} },
    });
    expect((await bench.send([item(true)])).batchItem).toMatchObject([{ resultReason: 'FeatureNotSupported' }]);
    expect((await bench.send([item(false)])).batchItem).toMatchObject([{ resultStatus: 'Success' }]);
  });

  it('refuses a Batch Error Continuation Option that it does not know', async () => {
    await using bench = await openBench();
    const create: RequestItem = { operation: 'Create', requestPayload: aesKey() };
    const { batchItem } = await bench.send([create], { header: { batchErrorContinuationOption: 9 } });
    expect(batchItem).toMatchObject([{ resultReason: 'InvalidField' }]);
    expect((await bench.ok('Locate', { attribute: [] })).uniqueIdentifier).toBeUndefined();
  });
});

/** An operation of a batch. */
interface Step {
  readonly operation: string;
  readonly requestPayload: object;
}

/** Items with their numbers as Unique Batch Item ID. */
function batch(...items: readonly Step[]): RequestItem[] {
  return items.map((item, i) => ({ ...item, uniqueBatchItemID: Uint8Array.of(i) })) as unknown as RequestItem[];
}

const create = (label: string) => ({ operation: 'Create', requestPayload: aesKey({ Name: name(label) }) });
const failing = { operation: 'Get', requestPayload: { uniqueIdentifier: 'nothing' } };

describe('batches', () => {
  const statuses = async (bench: Bench, option: 'Stop' | 'Continue' | 'Undo' | undefined): Promise<unknown[]> => {
    const header = option === undefined ? {} : { batchErrorContinuationOption: option };
    const { batchItem } = await bench.send(batch(create('a'), create('b'), failing, create('c')), { header });
    expect(batchItem.map((item) => item.uniqueBatchItemID)).toEqual(batchItem.map((_, i) => Uint8Array.of(i)));
    return batchItem.map((item) => item.resultStatus);
  };
  const count = async (bench: Bench): Promise<number> =>
    (await bench.ok('Locate', { attribute: [] })).uniqueIdentifier?.length ?? 0;

  for (const option of [undefined, 'Stop'] as const)
    it(`${option ?? 'nothing said'}: what comes after a failure is not done`, async () => {
      await using bench = await openBench();
      expect(await statuses(bench, option)).toEqual(['Success', 'Success', 'OperationFailed']);
      expect(await count(bench)).toBe(2);
    });

  it('Continue: it is done', async () => {
    await using bench = await openBench();
    expect(await statuses(bench, 'Continue')).toEqual(['Success', 'Success', 'OperationFailed', 'Success']);
    expect(await count(bench)).toBe(3);
  });

  it('Undo: what came before is undone', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'x-note': { type: 7, value: 'before' } }));
    const attribute = { attributeName: 'x-note', attributeValue: { type: 7, value: 'after' } };
    const modify = { operation: 'ModifyAttribute', requestPayload: { uniqueIdentifier, attribute } };
    const destroy = { operation: 'Destroy', requestPayload: { uniqueIdentifier } };
    const header = { batchErrorContinuationOption: 'Undo' as const };
    const { batchItem } = await bench.send(batch(create('a'), modify, destroy, failing), { header });
    expect(batchItem.map((item) => item.resultStatus)).toEqual([
      'OperationUndone',
      'OperationUndone',
      'OperationUndone',
      'OperationFailed',
    ]);
    expect(
      batchItem.some((item) => item.resultStatus === 'OperationUndone' && item.responsePayload !== undefined),
    ).toBe(false);
    expect(await count(bench)).toBe(1);
    expect(await attributeOf(bench, uniqueIdentifier, 'x-note')).toMatchObject({ value: 'before' });
    expect((await keyOf(bench, uniqueIdentifier)).length).toBe(32);
  });

  it('leaves nothing of a failed item behind', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ Name: name('taken') }));
    // Re-key takes the names of the old key before it makes the new one, which then cannot be made.
    const payload = {
      uniqueIdentifier,
      templateAttribute: {
        attribute: attributes({
          Name: name('taken'),
          'x-a': { type: 7, value: '' },
          'Deactivation Date': 1n,
          'Activation Date': 2n,
        }),
      },
    };
    expect(await bench.refused('ReKey', payload)).toBe('InvalidField');
    expect(await attributeOf(bench, uniqueIdentifier, 'Name')).toEqual(name('taken'));
    expect(await attributeOf(bench, uniqueIdentifier, 'Link')).toBeUndefined();
  });

  it('waits for key pairs in the middle, and undoes them', async () => {
    await using bench = await openBench();
    const pair = {
      operation: 'CreateKeyPair',
      requestPayload: {
        commonTemplateAttribute: {
          attribute: attributes({
            'Cryptographic Algorithm': 'EC',
            'Cryptographic Length': 256,
            'Cryptographic Usage Mask': 3,
          }),
        },
      },
    };
    const activate = { operation: 'Activate', requestPayload: {} };
    const done = await bench.send(batch(create('a'), pair, activate));
    expect(done.batchItem.map((item) => item.resultStatus)).toEqual(['Success', 'Success', 'Success']);
    const made = done.batchItem[1]?.responsePayload as { privateKeyUniqueIdentifier: string };
    expect(await stateOf(bench, made.privateKeyUniqueIdentifier)).toBe('Active');
    await bench.send(batch(pair, failing), { header: { batchErrorContinuationOption: 'Undo' } });
    expect(await count(bench)).toBe(3);
  });
});

describe('ID Placeholder', () => {
  const first = async (bench: Bench, ...items: readonly Step[]): Promise<unknown> => {
    const { batchItem } = await bench.send(batch(...items));
    return (batchItem.at(-1)?.responsePayload as { uniqueIdentifier?: string } | undefined)?.uniqueIdentifier;
  };
  const get = { operation: 'Get', requestPayload: {} };

  it('is left by what makes or finds one object', async () => {
    await using bench = await openBench();
    const made = await first(bench, create('a'), get);
    expect(made).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
    const locate = { operation: 'Locate', requestPayload: { attribute: attributes({ Name: name('a') }) } };
    expect(await first(bench, locate, get)).toBe(made);
    const reKey = { operation: 'ReKey', requestPayload: { uniqueIdentifier: made } };
    expect(await first(bench, reKey, get)).not.toBe(made);
  });

  it('is emptied by what finds none or several, and by a Check that fails', async () => {
    await using bench = await openBench();
    await bench.ok('Create', aesKey());
    await bench.ok('Create', aesKey());
    const all = { operation: 'Locate', requestPayload: { attribute: [] } };
    const none = { operation: 'Locate', requestPayload: { attribute: attributes({ Name: name('none') }) } };
    for (const before of [all, none]) {
      const { batchItem } = await bench.send(batch(create(`made ${before === all}`), before, get));
      expect(batchItem[2]).toMatchObject({ resultReason: 'ItemNotFound' });
    }
    const check = { operation: 'Check', requestPayload: { cryptographicUsageMask: 1 } };
    const header = { batchErrorContinuationOption: 'Continue' as const };
    const { batchItem } = await bench.send(batch(create('checked'), check, get), { header });
    expect(batchItem.map((item) => item.resultReason)).toEqual([undefined, 'PermissionDenied', 'ItemNotFound']);
    expect(batchItem[1]?.responsePayload).toEqual({ cryptographicUsageMask: 1 });
  });

  it('does not outlive its batch', async () => {
    await using bench = await openBench();
    await bench.ok('Create', aesKey());
    expect(await bench.refused('Get', {})).toBe('ItemNotFound');
  });
});

describe('asynchronous requests', () => {
  const header = { asynchronousIndicator: true };

  it('run when their time has come, and are polled once', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey());
    const pending = await bench.ask('Archive', { uniqueIdentifier }, { header });
    expect(pending.resultStatus).toBe('OperationPending');
    expect(pending.responsePayload).toBeUndefined();
    expect(await attributeOf(bench, uniqueIdentifier, 'Archive Date')).toBeUndefined();
    bench.deferred[0]?.();
    const value = { asynchronousCorrelationValue: pending.asynchronousCorrelationValue! };
    expect(await bench.ask('Poll', value)).toMatchObject({
      operation: 'Archive',
      resultStatus: 'Success',
      responsePayload: { uniqueIdentifier },
    });
    expect(await attributeOf(bench, uniqueIdentifier, 'Archive Date')).toBe(BigInt(START));
    expect(await bench.refused('Poll', value)).toBe('ItemNotFound');
  });

  it('do not run once they are cancelled, and cannot be cancelled once they have', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey());
    const first = await bench.ask('Archive', { uniqueIdentifier }, { header });
    const value = { asynchronousCorrelationValue: first.asynchronousCorrelationValue! };
    expect((await bench.ok('Cancel', value)).cancellationResult).toBe('Canceled');
    for (const task of bench.deferred.splice(0)) task();
    expect((await bench.ok('Cancel', value)).cancellationResult).toBe('Unavailable');
    expect(await attributeOf(bench, uniqueIdentifier, 'Archive Date')).toBeUndefined();
  });

  it('fail as they would have failed at once', async () => {
    await using bench = await openBench();
    const pending = await bench.ask('Archive', { uniqueIdentifier: 'nothing' }, { header });
    const value = { asynchronousCorrelationValue: pending.asynchronousCorrelationValue! };
    expect(await bench.ask('Poll', value)).toMatchObject({ operation: 'Archive', resultReason: 'ItemNotFound' });
  });

  it('are answered at once where there is nothing to wait for', async () => {
    await using bench = await openBench();
    expect((await bench.ask('Create', aesKey(), { header })).resultStatus).toBe('Success');
  });

  it('keep an answer that was too large for a poll', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey());
    const pending = await bench.ask('Locate', { attribute: [] }, { header });
    const value = { asynchronousCorrelationValue: pending.asynchronousCorrelationValue! };
    const small = { header: { maximumResponseSize: 100 } };
    expect(await bench.refused('Poll', value, small)).toBe('ResponseTooLarge');
    expect((await bench.ask('Poll', value)).responsePayload).toMatchObject({ uniqueIdentifier: [uniqueIdentifier] });
    expect(await bench.refused('Poll', value)).toBe('ItemNotFound');
  });

  it('are limited in number', async () => {
    await using bench = await openBench();
    const ask = async (): Promise<unknown> => (await bench.ask('Locate', { attribute: [] }, { header })).resultStatus;
    for (let i = 0; i < 64; i++) expect(await ask()).toBe('OperationPending');
    expect(await ask()).toBe('OperationFailed');
  });
});

describe('hostile bytes', () => {
  it('always get an answer that can be read, and never a fault of the server', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey());
    const request = encodeRequest({
      protocolVersion: '1.4',
      batchItem: [{ operation: 'Revoke', requestPayload: { uniqueIdentifier, ...revocation('Unspecified') } }],
    });
    for (let at = 0; at < request.length; at++)
      for (const flip of [0x01, 0x80, 0xff]) {
        const broken = request.slice();
        broken[at]! ^= flip;
        const { batchItem } = decodeResponse(await bench.engine.handle(broken, CLIENT));
        expect(batchItem.length).toBe(1);
      }
    expect(bench.faults).toEqual([]);
  });

  it('as trees of any shape under every operation', async () => {
    await using bench = await openBench();
    const { operation = [] } = await bench.ok('Query', { queryFunction: ['QueryOperations'] });
    const deep = (levels: number): TtlvNode => ({
      tag: Tag.Attribute,
      type: ItemType.Structure,
      value: levels === 0 ? [] : [deep(levels - 1)],
    });
    for (const one of operation) {
      const template = readTtlvTree(encodeTtlv(parseTtlvXml(messageXml('1.4', '', itemXml(String(one), '')))));
      const fill = (node: TtlvNode): TtlvNode =>
        node.tag === Tag.RequestPayload
          ? { tag: Tag.RequestPayload, type: ItemType.Structure, value: [deep(20)] }
          : ({
              ...node,
              value: Array.isArray(node.value) ? node.value.map((child) => fill(child as TtlvNode)) : node.value,
            } as TtlvNode);
      const { batchItem } = decodeResponse(await bench.engine.handle(encodeTtlv(fill(template)), CLIENT));
      expect(batchItem[0]?.resultStatus).toBe('OperationFailed');
    }
  });
});

describe('createEngine', () => {
  it('refuses options that it does not know', () => {
    for (const wrong of [{ colour: 'red' }, { quirks: 'hsm' }, { quirks: 'toString' }])
      expect(errorOf(() => createEngine({ store: undefined as never, ...wrong } as never))).toMatchObject({
        code: 'ERR_OPTION',
      });
  });
});
