/** The client against scripted answers, on a clock that only moves when it waits: families of errors, repetitions, deadlines. */
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/bytes.ts';
import {
  type KmsClock,
  type KmsHttpRequest,
  type KmsTransport,
  TencentKms,
  type TencentKmsOptions,
} from '../../src/kms/index.ts';
import type { MasterKeyProvider } from '../../src/wallet/index.ts';

const KEY_ID = '6a1b2c3d-0000-4000-8000-5a6b7c8d9c09';
const SECRET_ID = 'AKIDtest';
const SECRET_KEY = 'the-secret-key';
const settings = {
  address: 'https://kms.tencentcloudapi.com/',
  keyId: KEY_ID,
  secretId: SECRET_ID,
  secretKey: SECRET_KEY,
};

/** A clock whose time passes by waiting alone. */
class FakeClock implements KmsClock {
  ms = 1_700_000_000_000;
  readonly pauses: number[] = [];
  /** Sleeps that somebody may still end. */
  readonly #sleeps = new Set<{ readonly at: number; readonly wake: () => void }>();

  now = (): number => this.ms;
  monotonic = (): number => this.ms;
  sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const sleep = { at: this.ms + ms, wake: resolve };
      this.#sleeps.add(sleep);
      signal.addEventListener('abort', () => {
        this.#sleeps.delete(sleep);
        reject(signal.reason);
      });
      // Whoever waits when nothing else happens any more is woken, the earliest first.
      setTimeout(() => this.#advance(sleep), 1);
    });

  #advance(sleep: { readonly at: number; readonly wake: () => void }): void {
    if (!this.#sleeps.has(sleep)) return;
    const earliest = [...this.#sleeps].reduce((a, b) => (b.at < a.at ? b : a));
    this.#sleeps.delete(earliest);
    this.pauses.push(earliest.at - this.ms);
    this.ms = Math.max(this.ms, earliest.at);
    earliest.wake();
  }
}

type Reply = object | string | number | Error | 'hang';

/** A service that gives these answers in order, the last one for ever. */
function service(...replies: readonly Reply[]) {
  const requests: KmsHttpRequest[] = [];
  const bodies: string[] = [];
  const clock = new FakeClock();
  const transport: KmsTransport = (request, signal) => {
    const reply = replies[Math.min(requests.length, replies.length - 1)] as Reply;
    requests.push(request);
    bodies.push(decodeUtf8(request.body));
    if (reply === 'hang')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    if (reply instanceof Error) return Promise.reject(reply);
    const body = typeof reply === 'string' ? reply : JSON.stringify({ Response: reply });
    const date = new Date(clock.ms + 400_000).toUTCString();
    return Promise.resolve({ status: typeof reply === 'number' ? reply : 200, body: encodeUtf8(body), date });
  };
  const client = (options: TencentKmsOptions = {}): TencentKms =>
    new TencentKms(settings, { transport, clock, random: () => 0.5, ...options });
  return { requests, bodies, clock, client };
}

const failure = (Code: string, Message = 'no'): object => ({ Error: { Code, Message }, RequestId: 'r-1' });
const described = { KeyMetadata: { KeyId: KEY_ID, KeyState: 'Enabled' }, RequestId: 'r-2' };
const reset = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });

describe('TencentKms', () => {
  it('fits the wallet', () => {
    const provider: MasterKeyProvider = service(described).client();
    expect(provider.encrypt).toBeTypeOf('function');
  });

  it('sends signed JSON, without a string of the key, and wipes it', async () => {
    const { client, requests, bodies } = service({ CiphertextBlob: 'blob', KeyId: KEY_ID });
    using kms = client();
    const blob = await kms.encrypt(encodeUtf8('plain'), { context: { a: 'b' } });
    expect(decodeUtf8(blob)).toBe('blob');
    expect(JSON.parse(bodies[0] as string)).toEqual({
      KeyId: KEY_ID,
      Plaintext: btoa('plain'),
      EncryptionContext: '{"a":"b"}',
    });
    expect(requests[0]).toMatchObject({
      url: 'https://kms.tencentcloudapi.com/',
      headers: {
        Authorization: expect.stringMatching(
          /^TC3-HMAC-SHA256 Credential=AKIDtest\/2023-11-14\/kms\/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=[0-9a-f]{64}$/,
        ),
        'X-TC-Action': 'Encrypt',
        'X-TC-Version': '2019-01-18',
        'X-TC-Timestamp': '1700000000',
      },
    });
    expect(requests[0]?.headers).not.toHaveProperty('X-TC-Region');
    expect(requests[0]?.body.every((byte) => byte === 0)).toBe(true);
  });

  it('takes the region from the address, or as told', async () => {
    const region = async (address: string, more = {}): Promise<string | undefined> => {
      let seen: string | undefined;
      const transport: KmsTransport = async ({ headers }) => {
        seen = headers['X-TC-Region'];
        return { status: 200, body: encodeUtf8(JSON.stringify({ Response: described })), date: null };
      };
      using kms = new TencentKms({ ...settings, address, ...more }, { transport });
      await kms.describe();
      return seen;
    };
    expect(await region('https://kms.ap-guangzhou.tencentcloudapi.com/')).toBe('ap-guangzhou');
    expect(await region('https://kms.na-siliconvalley.tencentcloudapi.com')).toBe('na-siliconvalley');
    expect(await region('https://kms.internal.tencentcloudapi.com')).toBeUndefined();
    expect(await region('https://kms.tencentcloudapi.com', { region: 'ap-x' })).toBe('ap-x');
  });

  it.each([
    ['AuthFailure', 'ERR_KMS_CREDENTIALS'],
    ['AuthFailure.SignatureFailure', 'ERR_KMS_CREDENTIALS'],
    ['AuthFailure.SecretIdNotFound', 'ERR_KMS_CREDENTIALS'],
    ['AuthFailure.InvalidSecretId', 'ERR_KMS_CREDENTIALS'],
    ['AuthFailure.TokenFailure', 'ERR_KMS_CREDENTIALS'],
    ['ResourceUnavailable.TokenExpired', 'ERR_KMS_CREDENTIALS'],
    ['AuthFailure.SignatureExpire', 'ERR_KMS_CLOCK'],
    ['AuthFailure.UnauthorizedOperation', 'ERR_KMS_NOT_ALLOWED'],
    ['AuthFailure.MFAFailure', 'ERR_KMS_NOT_ALLOWED'],
    ['UnauthorizedOperation', 'ERR_KMS_NOT_ALLOWED'],
    ['ResourceNotFound', 'ERR_KMS_KEY_MISSING'],
    ['ResourceUnavailable.CmkNotFound', 'ERR_KMS_KEY_MISSING'],
    ['InvalidParameterValue.InvalidKeyId', 'ERR_KMS_KEY_MISSING'],
    ['ResourceUnavailable.CmkDisabled', 'ERR_KMS_KEY_DISABLED'],
    ['ResourceUnavailable.KeyDisabled', 'ERR_KMS_KEY_DISABLED'],
    ['ResourceUnavailable.CmkArchived', 'ERR_KMS_KEY_ARCHIVED'],
    ['ResourceUnavailable.CmkStateNotSupport', 'ERR_KMS_KEY_STATE'],
    ['ResourceUnavailable.NotPurchased', 'ERR_KMS_NOT_ACTIVATED'],
    ['InvalidParameterValue.InvalidKeyUsage', 'ERR_KMS_KEY_USAGE'],
    ['UnsupportedOperation.UnsupportedKeyUsageInCurrentRegion', 'ERR_KMS_KEY_USAGE'],
    ['UnsupportedOperation.NotUserCreatedCmk', 'ERR_KMS_UNSUPPORTED'],
    ['InvalidParameterValue.InvalidCiphertext', 'ERR_KMS_CIPHERTEXT'],
    ['FailedOperation.DecryptError', 'ERR_KMS_CIPHERTEXT'],
    ['InvalidParameter.DecryptMaterialError', 'ERR_KMS_CIPHERTEXT'],
    ['FailedOperation', 'ERR_KMS_REFUSED'],
    ['LimitExceeded.KeyLimitExceeded', 'ERR_KMS_LIMIT'],
    ['InvalidParameter', 'ERR_KMS_REQUEST'],
    ['MissingParameter', 'ERR_KMS_REQUEST'],
    ['UnknownParameter', 'ERR_KMS_REQUEST'],
    ['InvalidAction', 'ERR_KMS_REQUEST'],
    ['NoSuchVersion', 'ERR_KMS_REQUEST'],
    ['UnsupportedRegion', 'ERR_KMS_REQUEST'],
    ['SomethingNew.OfTomorrow', 'ERR_KMS_REFUSED'],
  ])('%s is %s, asked once, with what the service said', async (providerCode, code) => {
    const { client, requests } = service(failure(providerCode, `about ${SECRET_ID} and ${SECRET_KEY}`));
    using kms = client();
    await expect(kms.describe()).rejects.toMatchObject({
      name: 'ProviderError',
      code,
      action: 'DescribeKey',
      providerCode,
      providerMessage: 'about [redacted] and [redacted]',
      requestId: 'r-1',
      message: expect.stringMatching(/^[a-z].*[^.]$/),
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['InternalError', 'ERR_KMS_UNAVAILABLE'],
    ['RequestLimitExceeded', 'ERR_KMS_THROTTLED'],
    ['UnsupportedOperation.ServiceTemporaryUnavailable', 'ERR_KMS_UNAVAILABLE'],
  ])('%s is asked again, after pauses that double; in the end it is %s', async (providerCode, code) => {
    const passing = service(failure(providerCode), failure(providerCode), described);
    using kms = passing.client();
    expect((await kms.describe()).state).toBe('Enabled');
    expect(passing.clock.pauses).toEqual([200, 400]);

    const lasting = service(failure(providerCode));
    using other = lasting.client();
    await expect(other.describe()).rejects.toMatchObject({ name: 'ProviderError', code, providerCode });
    expect(lasting.requests).toHaveLength(4);
  });

  it('says by how much the clocks differ', async () => {
    using kms = service(failure('AuthFailure.SignatureExpire')).client();
    await expect(kms.describe()).rejects.toMatchObject({
      hint: "set the clock of this machine; it is 400 seconds behind the service's",
    });
  });

  it.each([
    ['a connection that breaks', reset, 'connection: ECONNRESET'],
    [
      'a refused name',
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND' } }),
      'connection: ENOTFOUND',
    ],
    ['anything else', new TypeError(`fetch failed ${SECRET_KEY}`), 'connection: failed'],
    ['another status', 502, 'answer: HTTP 502'],
    ['silence', 'hang' as const, 'answer: none within 1000 ms'],
  ])('%s is tried again, and told attempt by attempt', async (_, reply, cause) => {
    const passing = service(reply, described);
    using kms = passing.client({ attemptTimeoutMs: 1000 });
    expect((await kms.describe()).keyId).toBe(KEY_ID);
    const lasting = service(reply);
    using other = lasting.client({ attemptTimeoutMs: 1000 });
    const [phase, what] = cause.split(': ');
    await expect(other.describe()).rejects.toMatchObject({
      name: 'TransportError',
      code: 'ERR_KMS_UNREACHABLE',
      message: `the key management service at kms.tencentcloudapi.com cannot be reached: 4 attempts, ${cause}`,
      attempts: Array.from({ length: 4 }, () => ({ server: 'kms.tencentcloudapi.com', phase, cause: what })),
    });
  });

  it('has one deadline for all attempts', async () => {
    const { client, clock, requests } = service('hang');
    using kms = client({ timeoutMs: 2500, attemptTimeoutMs: 1000, maxAttempts: 100 });
    const start = clock.ms;
    await expect(kms.describe()).rejects.toMatchObject({ code: 'ERR_KMS_UNREACHABLE' });
    expect(clock.ms - start).toBeLessThanOrEqual(2500);
    expect(requests.length).toBe(2); // 1000, a pause of 200, 1000: the next pause would end behind the deadline
    await expect(kms.describe({ timeoutMs: 10 })).rejects.toMatchObject({ attempts: { length: 1 } });
  });

  it('ends at once when the signal says so, with its reason', async () => {
    const { client, requests } = service('hang');
    using kms = client();
    const stop = new AbortController();
    const asked = kms.describe({ signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await expect(kms.describe({ signal: stop.signal })).rejects.toThrow('enough');
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['no JSON', '<html>a proxy</html>', 'no JSON'],
    ['an empty body', '', 'no JSON'],
    ['JSON of another form', '{"ok":true}', 'no Response'],
    ['an error without a code', '{"Response":{"Error":{}}}', 'an error without a code'],
    ['an error with a strange code', '{"Response":{"Error":{"Code":"a b\\nc"}}}', 'an error without a code'],
    ['no field', '{"Response":{}}', 'no KeyMetadata'],
  ])('refuses garbage: %s', async (_, reply, what) => {
    const { client, requests } = service(reply);
    using kms = client();
    await expect(kms.describe()).rejects.toMatchObject({
      name: 'FormatError',
      code: 'ERR_KMS_ANSWER',
      message: `malformed answer of the key management service: ${what}`,
    });
    expect(requests).toHaveLength(1);
  });

  it('refuses garbage in the place of keys', async () => {
    using none = service({ KeyId: KEY_ID }).client();
    await expect(none.decrypt(encodeUtf8('blob'))).rejects.toMatchObject({ code: 'ERR_KMS_ANSWER' });
    await expect(none.encrypt(encodeUtf8('x'))).rejects.toMatchObject({ code: 'ERR_KMS_ANSWER' });
    using wrong = service({ Plaintext: 'not base64!', CiphertextBlob: 'line\nbreak' }).client();
    await expect(wrong.decrypt(encodeUtf8('blob'))).rejects.toMatchObject({ code: 'ERR_KMS_ANSWER' });
    await expect(wrong.encrypt(encodeUtf8('x'))).rejects.toMatchObject({ code: 'ERR_KMS_ANSWER' });
    using short = service({ Plaintext: 'AAAA', CiphertextBlob: 'blob' }).client();
    await expect(short.generateDataKey(32)).rejects.toMatchObject({ code: 'ERR_KMS_ANSWER' });
  });

  it('refuses what the service would', async () => {
    const { client, requests } = service(described);
    using kms = client();
    await expect(kms.encrypt(new Uint8Array(0))).rejects.toMatchObject({ code: 'ERR_KMS_PLAINTEXT_LENGTH' });
    await expect(kms.encrypt(new Uint8Array(4097))).rejects.toMatchObject({ limit: 4096, actual: 4097 });
    await expect(kms.encrypt(new Uint8Array(1), { context: { a: 'x'.repeat(1024) } })).rejects.toMatchObject({
      code: 'ERR_KMS_CONTEXT_LENGTH',
    });
    await expect(kms.generateDataKey(0)).rejects.toMatchObject({ code: 'ERR_KMS_DATA_KEY_LENGTH' });
    expect(() => client({ timeoutMs: 0 })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
    expect(requests).toHaveLength(0);
  });

  it('shows no credentials, and has none once disposed of', async () => {
    const { client } = service(described);
    const kms = client();
    expect(JSON.stringify(kms) + String(kms)).not.toMatch(/AKID|the-secret/);
    kms.dispose();
    await expect(kms.describe()).rejects.toMatchObject({ code: 'ERR_SECRET_DISPOSED' });
  });
});
