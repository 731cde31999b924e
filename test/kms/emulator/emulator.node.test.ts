/** The emulator, asked by the vendor's own SDK and by our client, interchangeably. */
import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommonClient } from 'tencentcloud-sdk-nodejs-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../../src/bytes.ts';
import type { KmsEmulator } from '../../../src/kms/emulator/index.ts';
import { signTc3 } from '../../../src/kms/index.ts';
import { Secret } from '../../../src/secret.ts';
import { createWalletFile, openWalletFile } from '../../../src/wallet/file/index.ts';
import { clientOf, SECRET_ID, SECRET_KEY, startEmulator } from './support.ts';

let emulator: KmsEmulator;
let keyId: string;
beforeAll(async () => {
  emulator = await startEmulator();
  keyId = await emulator.createKey({ alias: 'test' });
});
afterAll(() => emulator.close());

const base64 = (text: string): string => btoa(text);

/** The vendor's client: by the service's name, resolved to loopback, or by the address itself. */
function sdk(to: KmsEmulator, way: 'name' | 'address' = 'name', secret = SECRET_KEY) {
  const { port, host } = new URL(to.address);
  const lookup = (_: string, options: { all?: boolean }, done: (...all: unknown[]) => void): void =>
    options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  const agent = new Agent({ lookup: lookup as never });
  const endpoint = way === 'name' ? `kms.tencentcloudapi.com:${port}` : host;
  return new CommonClient(endpoint, '2019-01-18', {
    credential: { secretId: SECRET_ID, secretKey: secret },
    region: 'ap-guangzhou',
    profile: { httpProfile: { protocol: 'http://', endpoint, agent: agent as never } },
  });
}

describe("the vendor's SDK and our client", () => {
  it.each(['name', 'address'] as const)('decrypt what the other encrypted, host given by %s', async (way) => {
    const theirs = sdk(emulator, way);
    using ours = clientOf(emulator, keyId);
    const made = (await theirs.request('Encrypt', { KeyId: keyId, Plaintext: base64('theirs') })) as {
      CiphertextBlob: string;
    };
    expect(decodeUtf8(await ours.decrypt(encodeUtf8(made.CiphertextBlob)))).toBe('theirs');

    const blob = decodeUtf8(await ours.encrypt(encodeUtf8('ours'), { context: { a: 'b' } }));
    await expect(theirs.request('Decrypt', { CiphertextBlob: blob })).rejects.toMatchObject({
      code: 'InvalidParameterValue.InvalidCiphertext',
    });
    const opened = await theirs.request('Decrypt', { CiphertextBlob: blob, EncryptionContext: '{"a":"b"}' });
    expect(opened).toMatchObject({ KeyId: keyId, Plaintext: base64('ours') });
  });

  it('see the same key, data keys and re-encryption', async () => {
    const theirs = sdk(emulator);
    const mine = await emulator.createKey({ alias: 'rotated' });
    using ours = clientOf(emulator, mine);
    expect(await theirs.request('DescribeKey', { KeyId: mine })).toMatchObject({
      KeyMetadata: { KeyId: mine, KeyState: 'Enabled', Alias: 'rotated', KeyUsage: 'ENCRYPT_DECRYPT' },
    });
    expect(await ours.describe()).toEqual({
      type: 'tencent',
      keyId: mine,
      state: 'Enabled',
      alias: 'rotated',
      usage: 'ENCRYPT_DECRYPT',
      rotates: false,
    });
    const { key, ciphertext } = await ours.generateDataKey(32);
    const opened = (await theirs.request('Decrypt', { CiphertextBlob: decodeUtf8(ciphertext) })) as {
      Plaintext: string;
    };
    expect(new Uint8Array(Buffer.from(opened.Plaintext, 'base64'))).toEqual(key.expose());
    key.dispose();

    expect((await ours.reencrypt(ciphertext)).changed).toBe(false);
    await emulator.rotateKey(mine);
    const again = await ours.reencrypt(ciphertext);
    expect(again.changed).toBe(true);
    expect(again.ciphertext).not.toEqual(ciphertext);
    expect(await ours.decrypt(again.ciphertext)).toEqual(await ours.decrypt(ciphertext));
    expect(await theirs.request('ReEncrypt', { CiphertextBlob: decodeUtf8(again.ciphertext) })).toMatchObject({
      ReEncrypted: false,
      SourceKeyId: mine,
    });
    expect((await ours.describe()).rotates).toBe(true);
  });

  it('are refused alike', async () => {
    await expect(sdk(emulator, 'name', 'wrong').request('DescribeKey', { KeyId: keyId })).rejects.toMatchObject({
      code: 'AuthFailure.SignatureFailure',
    });
    using ours = clientOf(emulator, keyId);
    await emulator.setKeyState(keyId, 'Disabled');
    const theirs = sdk(emulator).request('Encrypt', { KeyId: keyId, Plaintext: base64('x') });
    await expect(theirs).rejects.toMatchObject({ code: 'ResourceUnavailable.CmkDisabled' });
    await expect(ours.encrypt(encodeUtf8('x'))).rejects.toMatchObject({
      name: 'ProviderError',
      code: 'ERR_KMS_KEY_DISABLED',
      action: 'Encrypt',
      providerCode: 'ResourceUnavailable.CmkDisabled',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(emulator.records.at(-1)).toMatchObject({ action: 'Encrypt', code: 'ResourceUnavailable.CmkDisabled' });
    await emulator.setKeyState(keyId, 'Enabled');
  });

  it('take temporary credentials', async () => {
    const credentials = [
      { secretId: SECRET_ID, secretKey: Secret.fromText(SECRET_KEY), token: Secret.fromText('a token') },
    ];
    await using strict = await startEmulator({ credentials });
    const id = await strict.createKey();
    const settings = { address: strict.address, keyId: id, secretId: SECRET_ID, secretKey: SECRET_KEY };
    const { TencentKms } = await import('../../../src/kms/index.ts');
    using without = new TencentKms(settings);
    await expect(without.describe()).rejects.toMatchObject({ providerCode: 'AuthFailure.TokenFailure' });
    using withToken = new TencentKms({ ...settings, token: 'a token' });
    expect((await withToken.describe()).keyId).toBe(id);
  });
});

describe('the emulator', () => {
  /** A signed request, any part of which can be another. */
  async function send(
    change: {
      readonly action?: string;
      readonly body?: string;
      readonly headers?: Record<string, string | undefined>;
      readonly timestamp?: number;
    } = {},
    to = emulator,
  ): Promise<{ Error?: { Code: string }; [name: string]: unknown }> {
    const { action = 'DescribeKey', body = JSON.stringify({ KeyId: keyId }) } = change;
    const timestamp = change.timestamp ?? Math.floor(Date.now() / 1000);
    const signed = { 'content-type': 'application/json', host: new URL(to.address).host };
    const { authorization } = signTc3(
      { headers: signed, payload: encodeUtf8(body), service: 'kms', timestamp },
      { secretId: SECRET_ID, secretKey: encodeUtf8(SECRET_KEY) },
    );
    const headers = Object.entries({
      'content-type': 'application/json',
      authorization,
      'x-tc-action': action,
      'x-tc-version': '2019-01-18',
      'x-tc-timestamp': String(timestamp),
      ...change.headers,
    }).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const response = await fetch(to.address, { method: 'POST', body, headers });
    return ((await response.json()) as { Response: never }).Response;
  }

  it('answers a request that is right', async () => {
    expect(await send()).toMatchObject({ KeyMetadata: { KeyId: keyId } });
  });

  const NOW = Math.floor(Date.now() / 1000);
  it.each([
    ['an unsigned one', { headers: { authorization: undefined } }, 'AuthFailure.SignatureFailure'],
    ['a changed body', { headers: { 'content-type': 'application/jsom' } }, 'AuthFailure.SignatureFailure'],
    ['a changed time', { headers: { 'x-tc-timestamp': String(NOW + 200) } }, 'AuthFailure.SignatureFailure'],
    ['an old one', { timestamp: NOW - 310 }, 'AuthFailure.SignatureExpire'],
    ['one of the future', { timestamp: NOW + 310 }, 'AuthFailure.SignatureExpire'],
    ['another version', { headers: { 'x-tc-version': '2018-01-01' } }, 'NoSuchVersion'],
    ['no action', { headers: { 'x-tc-action': undefined } }, 'MissingParameter'],
    ['another action', { action: 'CreateKey' }, 'InvalidAction'],
    ['an inherited action', { action: 'toString' }, 'InvalidAction'],
    ['an unknown parameter', { body: '{"Key":1}' }, 'UnknownParameter'],
    ['no parameter', { body: '{}' }, 'MissingParameter'],
    ['a parameter of another type', { body: '{"KeyId":1}' }, 'InvalidParameter'],
    ['no JSON', { body: '{' }, 'InvalidParameter'],
    ['no identifier', { body: '{"KeyId":"x"}' }, 'InvalidParameterValue.InvalidKeyId'],
    ['no such key', { body: '{"KeyId":"00000000-0000-0000-0000-000000000000"}' }, 'ResourceUnavailable.CmkNotFound'],
    ['no base64', { action: 'Decrypt', body: '{"CiphertextBlob":"!"}' }, 'InvalidParameterValue.InvalidCiphertext'],
    [
      'no ciphertext',
      { action: 'Decrypt', body: '{"CiphertextBlob":"AAAA"}' },
      'InvalidParameterValue.InvalidCiphertext',
    ],
    ['a token that nobody gave', { headers: { 'x-tc-token': 'x' } }, 'AuthFailure.TokenFailure'],
  ])('refuses %s', async (_, change, code) => {
    expect((await send(change)).Error?.Code).toBe(code);
  });

  it('checks what it encrypts', async () => {
    const encrypt = async (more: object): Promise<string | undefined> =>
      (await send({ action: 'Encrypt', body: JSON.stringify({ KeyId: keyId, ...more }) })).Error?.Code;
    const bytes = (length: number): string => btoa('x'.repeat(length));
    expect(await encrypt({ Plaintext: bytes(4096) })).toBeUndefined();
    expect(await encrypt({ Plaintext: bytes(4097) })).toBe('InvalidParameterValue.InvalidPlaintext');
    expect(await encrypt({ Plaintext: '!' })).toBe('InvalidParameterValue.InvalidPlaintext');
    expect(await encrypt({ Plaintext: bytes(1), EncryptionContext: 'x' })).toBe('InvalidParameterValue');
    expect(await encrypt({ Plaintext: bytes(1), EncryptionContext: `{"a":"${'x'.repeat(1020)}"}` })).toBe(
      'InvalidParameterValue',
    );
  });

  it('states of keys decide what they do', async () => {
    const id = await emulator.createKey();
    using client = clientOf(emulator, id);
    const blob = await client.encrypt(encodeUtf8('x'));
    const codes = async (): Promise<unknown[]> =>
      await Promise.all(
        [client.encrypt(encodeUtf8('x')), client.decrypt(blob), client.reencrypt(blob), client.describe()].map((call) =>
          call.then(
            () => 'ok',
            (error: { providerCode: string }) => error.providerCode.replace('ResourceUnavailable.', ''),
          ),
        ),
      );
    expect(await codes()).toEqual(['ok', 'ok', 'ok', 'ok']);
    await emulator.setKeyState(id, 'Archived');
    expect(await codes()).toEqual(['CmkArchived', 'ok', 'CmkArchived', 'ok']);
    await emulator.setKeyState(id, 'Disabled');
    expect(await codes()).toEqual(['CmkDisabled', 'CmkDisabled', 'CmkDisabled', 'ok']);
    await emulator.setKeyState(id, 'PendingDelete');
    expect(await codes()).toEqual(['CmkStateNotSupport', 'CmkStateNotSupport', 'CmkStateNotSupport', 'ok']);
  });

  it('encrypts for a public key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    using client = clientOf(emulator, keyId);
    const blob = decodeUtf8(await client.encrypt(encodeUtf8('to the key')));
    const body = JSON.stringify({
      CiphertextBlob: blob,
      EncryptionPublicKey: publicKey.export({ type: 'spki', format: 'pem' }),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    const { Plaintext } = await send({ action: 'Decrypt', body });
    const opened = privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      Buffer.from(Plaintext as string, 'base64'),
    );
    expect(opened.toString()).toBe('to the key');
  });

  it('keeps a quota per action and second, on its own clock', async () => {
    let now = 1_700_000_000_000;
    await using narrow = await startEmulator({ quotaPerSecond: 2, now: () => now });
    const id = await narrow.createKey();
    const ask = async () =>
      (await send({ timestamp: now / 1000, body: JSON.stringify({ KeyId: id }) }, narrow)).Error?.Code;
    expect([await ask(), await ask(), await ask()]).toEqual([undefined, undefined, 'RequestLimitExceeded']);
    now += 1000;
    expect(await ask()).toBeUndefined();
  });

  it('keeps its keys in a wallet file, states and versions too', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'keyward-kms-'));
    const cheap = { iterations: 1000 };
    let id: string;
    let blobs: Uint8Array[];
    {
      await using file = await createWalletFile(directory, 'pw', cheap);
      await using first = await startEmulator({ keys: file });
      id = await first.createKey({ alias: 'kept' });
      using client = clientOf(first, id);
      blobs = [await client.encrypt(encodeUtf8('one'))];
      await first.rotateKey(id);
      blobs.push(await client.encrypt(encodeUtf8('two')));
      await first.setKeyState(id, 'Archived');
    }
    await using file = await openWalletFile(directory, 'pw', cheap);
    await using second = await startEmulator({ keys: file });
    expect(second.keys).toMatchObject([{ keyId: id, alias: 'kept', state: 'Archived', version: 2 }]);
    using client = clientOf(second, id);
    expect(await Promise.all(blobs.map(async (blob) => decodeUtf8(await client.decrypt(blob))))).toEqual([
      'one',
      'two',
    ]);
    rmSync(directory, { recursive: true });
  });

  it('listens on loopback only', async () => {
    await expect(startEmulator({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });
});
