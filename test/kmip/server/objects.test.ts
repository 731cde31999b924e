/** Objects and their attributes: what may be given, added, changed and deleted; what is found; what replaces what; how keys leave. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hash, unwrapKey, unwrapKeyPadded } from '../../../src/core/index.ts';
import type { KeyBlock, RegisterRequestPayload } from '../../../src/kmip/index.ts';
import { CryptographicUsageMask as Mask } from '../../../src/ttlv/index.ts';
import { type Bench, openBench, START } from './engine-support.ts';
import {
  type AttributeMap,
  aesKey,
  attributeOf,
  attributes,
  keyOf,
  knownKey,
  name,
  revocation,
  stateOf,
} from './objects.ts';

const text = (value: string): { readonly type: 7; readonly value: string } => ({ type: 7, value });
const BYTES = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

async function locate(bench: Bench, map: AttributeMap, more: object = {}): Promise<readonly string[]> {
  return (await bench.ok('Locate', { attribute: attributes(map), ...more })).uniqueIdentifier ?? [];
}

describe('attributes of a new object', () => {
  it('are what the client gave and what the server adds', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok(
      'Create',
      aesKey({ Name: [name('a'), name('b')], 'x-text': text('t'), 'x-number': { type: 2, value: 7 } }),
    );
    const { attribute = [] } = await bench.ok('GetAttributes', { uniqueIdentifier });
    const digestValue = hash('sha256', await keyOf(bench, uniqueIdentifier));
    expect(attribute.map((one) => [one.attributeName, one.attributeIndex ?? 0, one.attributeValue])).toEqual([
      ['x-text', 0, text('t')],
      ['x-number', 0, { type: 2, value: 7 }],
      ['Unique Identifier', 0, uniqueIdentifier],
      ['Object Type', 0, 'SymmetricKey'],
      ['Always Sensitive', 0, false],
      ['Cryptographic Algorithm', 0, 'AES'],
      ['Cryptographic Length', 0, 256],
      ['Cryptographic Usage Mask', 0, 12],
      ['Digest', 0, { hashingAlgorithm: 'SHA_256', digestValue, keyFormatType: 'Raw' }],
      ['Extractable', 0, true],
      ['Fresh', 0, true],
      ['Initial Date', 0, BigInt(START)],
      ['Last Change Date', 0, BigInt(START)],
      ['Lease Time', 0, 3600],
      ['Name', 0, name('a')],
      ['Name', 1, name('b')],
      ['Never Extractable', 0, false],
      ['Original Creation Date', 0, BigInt(START)],
      ['Sensitive', 0, false],
      ['State', 0, 'PreActive'],
    ]);
  });

  it('must be there, known, settable and single', async () => {
    await using bench = await openBench();
    const without = (label: string): ReturnType<typeof aesKey> => {
      const payload = aesKey();
      const attribute = payload.templateAttribute.attribute!.filter((one) => one.attributeName !== label);
      return { ...payload, templateAttribute: { attribute } };
    };
    for (const label of ['Cryptographic Usage Mask', 'Cryptographic Algorithm'])
      expect(await bench.refused('Create', without(label))).toBe('InvalidField');
    for (const more of [
      { State: 'Active' },
      { 'Initial Date': 1n },
      { 'Unique Identifier': 'mine' },
      { Digest: { hashingAlgorithm: 'SHA_256' } },
      { 'Always Sensitive': true },
      { 'Contact Information': ['a', 'b'] },
      { 'Deactivation Date': 1n, 'Activation Date': 2n },
      { 'Cryptographic Length': 257 },
    ])
      expect([Object.keys(more), await bench.refused('Create', aesKey(more))]).toEqual([
        Object.keys(more),
        'InvalidField',
      ]);
    for (const label of ['y-server', 'No Such Attribute'])
      expect(await bench.refused('Create', aesKey({ [label]: text('') }))).toBe('InvalidField');
    expect((await bench.ok('Locate', { attribute: [] })).uniqueIdentifier).toBeUndefined();
  });

  it('have names that are not taken, by type and among the living', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ Name: name('one') }));
    expect(await bench.refused('Create', aesKey({ Name: name('one') }))).toBe('InvalidField');
    await bench.ok('Register', {
      objectType: 'OpaqueObject',
      templateAttribute: { attribute: attributes({ Name: name('one') }) },
      opaqueObject: { opaqueDataType: 1, opaqueDataValue: BYTES },
    });
    await bench.ok('Destroy', { uniqueIdentifier });
    await bench.ok('Create', aesKey({ Name: name('one') }));
    await using easy = await openBench({ uniqueNames: false });
    for (let i = 0; i < 2; i++) await easy.ok('Create', aesKey({ Name: name('one') }));
    expect((await locate(easy, { Name: name('one') })).length).toBe(2);
  });
});

describe('Add, Modify and Delete Attribute', () => {
  const contact = (value: string) => ({ attributeName: 'Contact Information', attributeValue: value }) as const;

  it('number the instances, and keep their numbers', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'x-n': text('0') }));
    const add = async (value: string) =>
      (
        await bench.ok('AddAttribute', {
          uniqueIdentifier,
          attribute: { attributeName: 'x-n', attributeValue: text(value) },
        })
      ).attribute;
    expect((await add('1')).attributeIndex).toBe(1);
    expect((await add('2')).attributeIndex).toBe(2);
    await bench.ok('DeleteAttribute', { uniqueIdentifier, attributeName: 'x-n', attributeIndex: 1 });
    expect((await add('3')).attributeIndex).toBe(3);
    const modified = { attributeName: 'x-n', attributeIndex: 2, attributeValue: text('two') };
    expect((await bench.ok('ModifyAttribute', { uniqueIdentifier, attribute: modified })).attribute).toEqual(modified);
    const { attribute = [] } = await bench.ok('GetAttributes', { uniqueIdentifier, attributeName: ['x-n'] });
    expect(attribute.map((one) => [one.attributeIndex ?? 0, (one.attributeValue as { value: string }).value])).toEqual([
      [0, '0'],
      [2, 'two'],
      [3, '3'],
    ]);
    const gone = { uniqueIdentifier, attributeName: 'x-n', attributeIndex: 1 };
    expect(await bench.refused('DeleteAttribute', gone)).toBe('ItemNotFound');
  });

  it('keep to the rules of each attribute', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ Name: name('n') }));
    const add = (attribute: object) => bench.refused('AddAttribute', { uniqueIdentifier, attribute } as never);
    const modify = (attribute: object) => bench.refused('ModifyAttribute', { uniqueIdentifier, attribute } as never);
    const drop = (attributeName: string) => bench.refused('DeleteAttribute', { uniqueIdentifier, attributeName });
    for (const attributeName of [
      'State',
      'Digest',
      'Initial Date',
      'Lease Time',
      'Unique Identifier',
      'Cryptographic Usage Mask',
      'Destroy Date',
    ]) {
      const attributeValue =
        {
          State: 'Active',
          Digest: { hashingAlgorithm: 'SHA_256' },
          'Initial Date': 1n,
          'Destroy Date': 1n,
          'Unique Identifier': 'x',
        }[attributeName] ?? 1;
      expect([attributeName, await add({ attributeName, attributeValue })]).toEqual([
        attributeName,
        'PermissionDenied',
      ]);
      if (attributeName === 'Destroy Date') continue;
      expect([attributeName, await modify({ attributeName, attributeValue })]).toEqual([
        attributeName,
        'PermissionDenied',
      ]);
      expect([attributeName, await drop(attributeName)]).toEqual([attributeName, 'PermissionDenied']);
    }
    await bench.ok('AddAttribute', { uniqueIdentifier, attribute: contact('a') });
    expect(await add(contact('b'))).toBe('IllegalOperation');
    expect(await modify({ attributeName: 'Description', attributeValue: 'none yet' })).toBe('ItemNotFound');
    expect(await drop('Description')).toBe('ItemNotFound');
    expect(await add({ attributeName: 'y-server', attributeValue: text('') })).toBe('InvalidField');
    expect(await add({ attributeName: 'x-a', attributeIndex: 3, attributeValue: text('') })).toBe('InvalidField');
    expect(await add({ attributeName: 'Name', attributeValue: name('n') })).toBe('IllegalOperation');
    await bench.ok('Activate', { uniqueIdentifier });
    expect(await modify({ attributeName: 'Activation Date', attributeValue: BigInt(START + 9) })).toBe(
      'PermissionDenied',
    );
    expect(await drop('Activation Date')).toBe('PermissionDenied');
    const deactivation = { attributeName: 'Deactivation Date', attributeValue: BigInt(START) } as const;
    await bench.ok('AddAttribute', { uniqueIdentifier, attribute: deactivation });
    expect(await stateOf(bench, uniqueIdentifier)).toBe('Deactivated');
  });

  it('are bounded in number', async () => {
    await using bench = await openBench();
    const many = Array.from({ length: 1100 }, (_, i) => text(String(i)));
    expect(await bench.refused('Create', aesKey({ 'x-n': many }))).toBe('IndexOutOfBounds');
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'x-n': many.slice(0, 1000) }));
    let reason: unknown;
    for (let i = 0; i < 20 && reason === undefined; i++) {
      const attribute = { attributeName: 'x-n', attributeValue: text('more') };
      reason = (await bench.ask('AddAttribute', { uniqueIdentifier, attribute })).resultReason;
    }
    expect(reason).toBe('IndexOutOfBounds');
  });

  it('fix Usage Limits once some of them are used', async () => {
    await using bench = await openBench();
    const limits = { usageLimitsTotal: 10n, usageLimitsUnit: 'Object' } as const;
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'Usage Limits': limits }));
    const attribute = { attributeName: 'Usage Limits', attributeValue: { ...limits, usageLimitsTotal: 5n } } as const;
    await bench.ok('ModifyAttribute', { uniqueIdentifier, attribute });
    expect(await attributeOf(bench, uniqueIdentifier, 'Usage Limits')).toMatchObject({ usageLimitsCount: 5n });
    await bench.ok('GetUsageAllocation', { uniqueIdentifier, usageLimitsCount: 4n });
    expect(await bench.refused('GetUsageAllocation', { uniqueIdentifier, usageLimitsCount: 2n })).toBe(
      'PermissionDenied',
    );
    expect(await bench.refused('GetUsageAllocation', { uniqueIdentifier, usageLimitsCount: -2n })).toBe('InvalidField');
    expect(await bench.refused('ModifyAttribute', { uniqueIdentifier, attribute })).toBe('PermissionDenied');
    expect(await bench.refused('DeleteAttribute', { uniqueIdentifier, attributeName: 'Usage Limits' })).toBe(
      'PermissionDenied',
    );
  });
});

describe('Locate', () => {
  it('matches all attributes as the specification says', async () => {
    await using bench = await openBench();
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      bench.now = START + i;
      const more = {
        Name: name(`n${i}`),
        'Object Group': i < 2 ? 'low' : 'high',
        'x-n': text(String(i % 2)),
        'Cryptographic Usage Mask': i === 3 ? Mask.Encrypt : Mask.Encrypt | Mask.Decrypt,
        'Application Specific Information': { applicationNamespace: 'ssl', applicationData: `host${i}` },
        'Usage Limits': { usageLimitsTotal: BigInt(10 * i), usageLimitsUnit: 'Byte' },
      };
      ids.push((await bench.ok('Create', aesKey(more))).uniqueIdentifier);
    }
    const found = async (map: AttributeMap, more: object = {}): Promise<number[]> =>
      (await locate(bench, map, more)).map((id) => ids.indexOf(id));
    expect(await found({})).toEqual([0, 1, 2, 3]);
    expect(await found({ Name: name('n2') })).toEqual([2]);
    expect(await found({ Name: name('n2'), 'Object Group': 'low' })).toEqual([]);
    expect(await found({ Name: [name('n2'), name('n1')] })).toEqual([]);
    expect(await found({ 'Object Group': 'low', 'x-n': text('1') })).toEqual([1]);
    expect(await found({ 'x-n': { type: 8, value: new Uint8Array(1) } })).toEqual([]);
    expect(await found({ 'Cryptographic Usage Mask': Mask.Decrypt })).toEqual([0, 1, 2]);
    expect(await found({ 'Initial Date': BigInt(START + 2) })).toEqual([2]);
    expect(await found({ 'Initial Date': [BigInt(START + 1), BigInt(START + 2)] })).toEqual([1, 2]);
    expect(await found({ 'Initial Date': [BigInt(START + 2), BigInt(START + 1)] })).toEqual([1, 2]);
    expect(await found({ 'Application Specific Information': { applicationNamespace: 'ssl' } })).toEqual([0, 1, 2, 3]);
    expect(
      await found({ 'Application Specific Information': { applicationNamespace: 'ssl', applicationData: 'host3' } }),
    ).toEqual([3]);
    expect(await found({ 'Usage Limits': { usageLimitsTotal: 15n, usageLimitsUnit: 'Byte' } })).toEqual([2, 3]);
    expect(await found({ 'Storage Status Mask': { type: 2, value: 1 } })).toEqual([0, 1, 2, 3]);
    expect(await found({}, { maximumItems: 2 })).toEqual([0, 1]);
    expect(await found({}, { maximumItems: 2, offsetItems: 3 })).toEqual([3]);
    expect((await bench.ok('Locate', { maximumItems: 1, attribute: [] })).locatedItems).toBe(4);
    const older = await bench.ok('Locate', { maximumItems: 2, attribute: [] }, { version: '1.1' });
    expect(older).toEqual({ uniqueIdentifier: ids.slice(0, 2) });
    expect(await bench.refused('Locate', { attribute: attributes({ 'No Such': text('') }) })).toBe('InvalidField');
  });

  it('leaves out what is archived or destroyed, unless it is asked for', async () => {
    await using bench = await openBench();
    const [archived, destroyed] = [
      await bench.ok('Create', aesKey()),
      await bench.ok('Create', aesKey({ Name: name('d') })),
    ];
    await bench.ok('Archive', { uniqueIdentifier: archived.uniqueIdentifier });
    await bench.ok('Destroy', { uniqueIdentifier: destroyed.uniqueIdentifier });
    expect(await locate(bench, {})).toEqual([]);
    expect(await locate(bench, {}, { storageStatusMask: 3 })).toEqual([archived.uniqueIdentifier]);
    expect(await locate(bench, { State: 'Destroyed', Name: name('d') })).toEqual([destroyed.uniqueIdentifier]);
  });

  it('finds long values, which no index holds', async () => {
    await using bench = await openBench();
    const long = 'x'.repeat(5000);
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ Name: name(long), 'x-long': text(long) }));
    expect(await locate(bench, { Name: name(long) })).toEqual([uniqueIdentifier]);
    expect(await locate(bench, { 'x-long': text(long) })).toEqual([uniqueIdentifier]);
    expect(await locate(bench, { Name: name(`${long}x`) })).toEqual([]);
  });
});

describe('Re-key', () => {
  it('moves the name, links both keys, shifts the dates and begins Usage Limits anew', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier: old } = await bench.ok(
      'Create',
      aesKey({
        Name: name('k'),
        'Activation Date': BigInt(START - 100),
        'Deactivation Date': BigInt(START + 1000),
        'Usage Limits': { usageLimitsTotal: 9n, usageLimitsUnit: 'Object' },
        'x-note': text('kept'),
      }),
    );
    await bench.ok('GetUsageAllocation', { uniqueIdentifier: old, usageLimitsCount: 9n });
    bench.now = START + 50;
    const { uniqueIdentifier } = await bench.ok('ReKey', { uniqueIdentifier: old, offset: 10 });
    expect(await locate(bench, { Name: name('k') })).toEqual([uniqueIdentifier]);
    expect(await attributeOf(bench, old, 'Name')).toBeUndefined();
    expect(await attributeOf(bench, old, 'Link')).toEqual({
      linkType: 'ReplacementObjectLink',
      linkedObjectIdentifier: uniqueIdentifier,
    });
    expect(await attributeOf(bench, uniqueIdentifier, 'Link')).toEqual({
      linkType: 'ReplacedObjectLink',
      linkedObjectIdentifier: old,
    });
    expect(await attributeOf(bench, uniqueIdentifier, 'Activation Date')).toBe(BigInt(START + 60));
    expect(await attributeOf(bench, uniqueIdentifier, 'Deactivation Date')).toBe(BigInt(START + 60 + 1100));
    expect(await attributeOf(bench, uniqueIdentifier, 'Initial Date')).toBe(BigInt(START + 50));
    expect(await attributeOf(bench, uniqueIdentifier, 'Usage Limits')).toMatchObject({ usageLimitsCount: 9n });
    expect(await attributeOf(bench, uniqueIdentifier, 'x-note')).toEqual(text('kept'));
    expect(await stateOf(bench, uniqueIdentifier)).toBe('PreActive');
    expect(await keyOf(bench, uniqueIdentifier)).not.toEqual(await keyOf(bench, old));
    expect(await bench.refused('ReKey', { uniqueIdentifier: old })).toBe('IllegalOperation');
    await bench.ok('ReKey', { uniqueIdentifier });
  });
});

describe('keys on their way out', () => {
  async function withKek(bench: Bench): Promise<string> {
    const payload = knownKey(BYTES.slice(0, 16), {
      'Cryptographic Usage Mask': Mask.WrapKey | Mask.UnwrapKey,
      'Activation Date': BigInt(START),
    });
    return (await bench.ok('Register', payload)).uniqueIdentifier;
  }
  const KEK = BYTES.slice(0, 16);

  for (const [mode, unwrap] of [
    ['NISTKeyWrap', unwrapKey],
    ['AESKeyWrapPadding', unwrapKeyPadded],
  ] as const)
    it(`wrapped by ${mode}, in both encodings, and back in`, async () => {
      await using bench = await openBench();
      const kek = await withKek(bench);
      const { uniqueIdentifier } = await bench.ok('Register', knownKey(BYTES.slice(), { 'x-note': text('t') }));
      const encryptionKeyInformation = { uniqueIdentifier: kek, cryptographicParameters: { blockCipherMode: mode } };
      for (const encodingOption of ['NoEncoding', 'TTLVEncoding'] as const) {
        const keyWrappingSpecification = {
          wrappingMethod: 'Encrypt' as const,
          encryptionKeyInformation,
          encodingOption,
        };
        const { symmetricKey } = await bench.ok('Get', { uniqueIdentifier, keyWrappingSpecification });
        const wrapped = symmetricKey!.keyBlock.keyValue as Uint8Array;
        const plain = unwrap(KEK, wrapped);
        expect(encodingOption === 'NoEncoding' ? plain : plain.subarray(16, 48)).toEqual(BYTES);
        const back = await bench.ok('Register', { ...knownKey(BYTES), symmetricKey: symmetricKey! });
        expect(await keyOf(bench, back.uniqueIdentifier)).toEqual(BYTES);
        const block: KeyBlock = {
          ...symmetricKey!.keyBlock,
          keyValue: wrapped.map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
        };
        const broken: RegisterRequestPayload = { ...knownKey(BYTES), symmetricKey: { keyBlock: block } };
        expect(await bench.refused('Register', broken)).toBe('CryptographicFailure');
      }
      const asked = {
        wrappingMethod: 'Encrypt' as const,
        encryptionKeyInformation,
        encodingOption: 'NoEncoding' as const,
      };
      const withAttributes = { ...asked, attributeName: ['x-note'] };
      expect(await bench.refused('Get', { uniqueIdentifier, keyWrappingSpecification: withAttributes })).toBe(
        'EncodingOptionError',
      );
      await bench.ok('Revoke', { uniqueIdentifier: kek, ...revocation('Unspecified') });
      expect(await bench.refused('Get', { uniqueIdentifier, keyWrappingSpecification: asked })).toBe(
        'PermissionDenied',
      );
    });

  it('not at all when not extractable, wrapped only when sensitive', async () => {
    await using bench = await openBench();
    const kek = await withKek(bench);
    const sensitive = await bench.ok('Create', aesKey({ Sensitive: true }));
    const fixed = await bench.ok('Create', aesKey({ Extractable: false }));
    const information = { uniqueIdentifier: kek, cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' } } as const;
    const keyWrappingSpecification = { wrappingMethod: 'Encrypt' as const, encryptionKeyInformation: information };
    expect(await bench.refused('Get', { uniqueIdentifier: sensitive.uniqueIdentifier })).toBe('Sensitive');
    expect(await bench.refused('Export', { uniqueIdentifier: sensitive.uniqueIdentifier })).toBe('Sensitive');
    await bench.ok('Get', { uniqueIdentifier: sensitive.uniqueIdentifier, keyWrappingSpecification });
    expect(await bench.refused('Get', { uniqueIdentifier: fixed.uniqueIdentifier, keyWrappingSpecification })).toBe(
      'NotExtractable',
    );
    // An older client hears of it in words that it knows.
    expect(await bench.refused('Get', { uniqueIdentifier: fixed.uniqueIdentifier }, { version: '1.1' })).toBe(
      'PermissionDenied',
    );
  });

  it('opaque objects no less than keys', async () => {
    await using bench = await openBench();
    const opaque = async (map: AttributeMap): Promise<string> => {
      const templateAttribute = { attribute: attributes(map) };
      const opaqueObject = { opaqueDataType: 0x80000001, opaqueDataValue: BYTES.slice() };
      return (await bench.ok('Register', { objectType: 'OpaqueObject', templateAttribute, opaqueObject }))
        .uniqueIdentifier;
    };
    const [sensitive, fixed] = [await opaque({ Sensitive: true }), await opaque({ Extractable: false })];
    for (const operation of ['Get', 'Export'] as const) {
      expect(await bench.refused(operation, { uniqueIdentifier: sensitive })).toBe('Sensitive');
      expect(await bench.refused(operation, { uniqueIdentifier: fixed })).toBe('NotExtractable');
    }
  });

  it('wrapped at the cost of the wrapping key’s Usage Limits, of its own when it wraps itself', async () => {
    await using bench = await openBench();
    const kek = async (usageLimitsUnit: 'Byte' | 'Object', usageLimitsTotal: bigint): Promise<string> => {
      const payload = knownKey(BYTES.slice(0, 16), {
        'Cryptographic Usage Mask': Mask.WrapKey,
        'Activation Date': BigInt(START),
        'Usage Limits': { usageLimitsTotal, usageLimitsUnit },
      });
      return (await bench.ok('Register', payload)).uniqueIdentifier;
    };
    const left = async (uniqueIdentifier: string): Promise<unknown> =>
      (await attributeOf(bench, uniqueIdentifier, 'Usage Limits')) as { readonly usageLimitsCount: bigint };
    const wrappedBy = (uniqueIdentifier: string) => ({
      keyWrappingSpecification: {
        wrappingMethod: 'Encrypt' as const,
        encryptionKeyInformation: {
          uniqueIdentifier,
          cryptographicParameters: { blockCipherMode: 'NISTKeyWrap' as const },
        },
        encodingOption: 'NoEncoding' as const,
      },
    });
    const { uniqueIdentifier } = await bench.ok('Register', knownKey(BYTES.slice()));
    const [bytes, objects] = [await kek('Byte', 48n), await kek('Object', 2n)];
    for (const one of [bytes, objects]) {
      await bench.ok('Get', { uniqueIdentifier, ...wrappedBy(one) });
      const { attribute } = await bench.ok('Export', { uniqueIdentifier: one, ...wrappedBy(one) });
      expect(await left(one)).toMatchObject({ usageLimitsCount: 0n });
      expect(attribute?.find(({ attributeName }) => attributeName === 'Usage Limits')?.attributeValue).toMatchObject({
        usageLimitsCount: 0n,
      });
      expect(await attributeOf(bench, one, 'Fresh')).toBe(false);
      expect(await bench.refused('Get', { uniqueIdentifier, ...wrappedBy(one) })).toBe('PermissionDenied');
    }
  });

  it('in every format of an RSA and an EC key, there and back', async () => {
    await using bench = await openBench();
    const pairs = [
      [generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RSA', ['PKCS_1', 'PKCS_8', 'TransparentRSAPrivateKey']],
      [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'EC', ['ECPrivateKey', 'PKCS_8', 'TransparentECPrivateKey']],
    ] as const;
    for (const [{ privateKey }, cryptographicAlgorithm, formats] of pairs) {
      const der = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
      const register = async (keyBlock: KeyBlock): Promise<string> => {
        const templateAttribute = { attribute: attributes({ 'Cryptographic Usage Mask': 1 }) };
        return (await bench.ok('Register', { objectType: 'PrivateKey', templateAttribute, privateKey: { keyBlock } }))
          .uniqueIdentifier;
      };
      const first = await register({
        keyFormatType: 'PKCS_8',
        keyValue: { keyMaterial: der },
        cryptographicAlgorithm,
        cryptographicLength: 2048,
      });
      for (const keyFormatType of formats) {
        const given = (await bench.ok('Get', { uniqueIdentifier: first, keyFormatType })).privateKey!;
        expect(given.keyBlock.keyFormatType).toBe(keyFormatType);
        const again = await register(given.keyBlock);
        const back = (await bench.ok('Get', { uniqueIdentifier: again, keyFormatType: 'PKCS_8' })).privateKey!;
        const { keyMaterial } = back.keyBlock.keyValue as { readonly keyMaterial: Uint8Array };
        const key = createPrivateKey({ key: Buffer.from(keyMaterial), format: 'der', type: 'pkcs8' });
        expect(key.equals(privateKey)).toBe(true);
      }
      expect(await bench.refused('Get', { uniqueIdentifier: first, keyFormatType: 'X_509' })).toBe(
        'KeyFormatTypeNotSupported',
      );
    }
  });
});

describe('Import and Export', () => {
  it('carry a key with its life to another server', async () => {
    await using here = await openBench();
    const { uniqueIdentifier } = await here.ok('Create', aesKey({ Name: name('k'), 'x-note': text('n') }));
    await here.ok('Activate', { uniqueIdentifier });
    await here.ok('Revoke', { uniqueIdentifier, ...revocation('KeyCompromise') });
    const exported = await here.ok('Export', { uniqueIdentifier });
    await using there = await openBench();
    there.now = START + 1000;
    const payload = { uniqueIdentifier, attribute: exported.attribute, symmetricKey: exported.symmetricKey! };
    await there.ok('Import', payload);
    expect(await stateOf(there, uniqueIdentifier)).toBe('Compromised');
    expect(await attributeOf(there, uniqueIdentifier, 'Initial Date')).toBe(BigInt(START));
    expect(await keyOf(there, uniqueIdentifier)).toEqual(await keyOf(here, uniqueIdentifier));
    expect(await locate(there, { Name: name('k'), 'x-note': text('n') })).toEqual([uniqueIdentifier]);
    expect(await there.refused('Import', payload)).toBe('ObjectAlreadyExists');
    // A compromised key does not become another one under its name.
    expect(await there.refused('Import', { ...payload, replaceExisting: true })).toBe('PermissionDenied');
  });

  it('replace what is neither Active nor compromised', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'x-note': text('old') }));
    const { symmetricKey } = knownKey(BYTES.slice());
    const attribute = attributes({ 'Cryptographic Usage Mask': 12, 'x-note': text('new') });
    const payload = { uniqueIdentifier, attribute, symmetricKey: symmetricKey!, replaceExisting: true };
    await bench.ok('Import', payload);
    expect(await attributeOf(bench, uniqueIdentifier, 'x-note')).toMatchObject({ value: 'new' });
    await bench.ok('Activate', { uniqueIdentifier });
    expect(await bench.refused('Import', payload)).toBe('PermissionDenied');
  });

  it('take over what is left of Usage Limits, and no State that nobody knows', async () => {
    await using bench = await openBench();
    const imported = async (count: bigint | undefined): Promise<unknown> => {
      const uniqueIdentifier = `limits-${count}`;
      const limits = {
        usageLimitsTotal: 10n,
        usageLimitsUnit: 'Object',
        ...(count !== undefined && { usageLimitsCount: count }),
      };
      const attribute = attributes({ 'Cryptographic Usage Mask': 12, 'Usage Limits': limits });
      const { symmetricKey } = knownKey(BYTES.slice());
      await bench.ok('Import', { uniqueIdentifier, attribute, symmetricKey: symmetricKey! });
      return attributeOf(bench, uniqueIdentifier, 'Usage Limits');
    };
    expect(await imported(3n)).toMatchObject({ usageLimitsTotal: 10n, usageLimitsCount: 3n });
    expect(await imported(11n)).toMatchObject({ usageLimitsCount: 10n });
    expect(await imported(undefined)).toMatchObject({ usageLimitsCount: 10n });
    const { symmetricKey } = knownKey(BYTES.slice());
    const attribute = attributes({ 'Cryptographic Usage Mask': 12, State: 0x80000001 });
    expect(await bench.refused('Import', { uniqueIdentifier: 'odd', attribute, symmetricKey: symmetricKey! })).toBe(
      'InvalidField',
    );
  });
});
