/**
 * Tencent Cloud KMS, API 2019-01-18: Encrypt, Decrypt, ReEncrypt, GenerateDataKey, DescribeKey. Fits the wallet's
 * `MasterKeyProvider`, of which it knows nothing. Keys travel base64 in JSON; here they are bytes from end to end.
 *
 * One deadline holds for a call with all its attempts. Attempts are repeated for transport faults and for what the service calls
 * passing (provider-error.ts), after a random pause that doubles; the five actions change nothing, so repeating them is safe.
 * Layer: kms, universal.
 */
import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { decodeBase64, encodeBase64 } from '../core/index.ts';
import {
  abortReason,
  FormatError,
  KeywardError,
  LimitError,
  ProviderError,
  type TransportAttempt,
  TransportError,
  UsageError,
} from '../errors.ts';
import { Secret } from '../secret.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { encodeBody } from './json-secret.ts';
import type { KmsUrlParts } from './kms-url.ts';
import { isPassing } from './provider-error.ts';
import { signTc3 } from './tc3.ts';
import { fetchTransport, type KmsClock, type KmsTransport, platformClock } from './transport.ts';

/** Where the service is, which key, and who asks. */
export interface TencentKmsSettings {
  /** Scheme, host and port of the API. */
  readonly address: string;
  /** The service's key, in the form of a UUID. */
  readonly keyId: string;
  /** Identifier of the API key; copied. */
  readonly secretId: string | Secret;
  /** The API key, which signs requests; copied. */
  readonly secretKey: string | Secret;
  /** Of temporary credentials. */
  readonly token?: string | Secret;
  /** Default: that of the address, `kms.<region>.…`; none where it names none. */
  readonly region?: string;
}

/** How the service is asked. */
export interface TencentKmsOptions {
  /** For a call with all its attempts. Default 10,000. */
  readonly timeoutMs?: number;
  /** For one attempt. Default 4,000. */
  readonly attemptTimeoutMs?: number;
  /** Default 4. */
  readonly maxAttempts?: number;
  /** Default: `fetch`. */
  readonly transport?: KmsTransport;
  /** Default: the platform's. */
  readonly clock?: KmsClock;
  /** A number from 0 to 1, for pauses. Default: the platform's. */
  readonly random?: () => number;
}

/** Options of a call. */
export interface KmsCallOptions {
  /** Ends the wait. Default: none. */
  readonly signal?: AbortSignal;
  /** Default: the client's. */
  readonly timeoutMs?: number;
  /** EncryptionContext: what was encrypted with one decrypts only with the same. At most 1,024 characters of JSON. */
  readonly context?: Readonly<Record<string, string>>;
}

/** The service's key, described. */
export interface KmsKeyDescription {
  readonly type: 'tencent';
  readonly keyId: string;
  /** `Enabled`, `Disabled`, `PendingDelete`, `PendingImport`, `Archived`. */
  readonly state: string;
  readonly alias: string | null;
  /** `ENCRYPT_DECRYPT` for a key that can be used here. */
  readonly usage: string | null;
  readonly rotates: boolean;
}

/** What `reencrypt` gives. */
export interface ReencryptedKey {
  /** What decrypts from now on; as it was where nothing changed. */
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  /** False where the service's key had not changed since. */
  readonly changed: boolean;
}

/** The API's version. */
export const KMS_API_VERSION = '2019-01-18';
const CONTENT_TYPE = 'application/json; charset=utf-8';
const SERVICE = 'kms';
const MAX_PLAINTEXT_BYTES = 4096;
const MAX_CONTEXT_CHARACTERS = 1024;
const MAX_DATA_KEY_BYTES = 1024;
const FIRST_PAUSE_MS = 200;

/**
 * A client of the service under one key. Holds credentials until disposed of.
 *
 * @example
 * using kms = new TencentKms({ address: 'https://kms.tencentcloudapi.com/', keyId, secretId, secretKey });
 * const ciphertext = await kms.encrypt(key, { timeoutMs: 5000 });
 */
export class TencentKms implements Disposable {
  readonly keyId: string;
  /** Host and port of the API. */
  readonly server: string;
  readonly #url: string;
  readonly #region: string | null;
  readonly #secretId: Secret;
  readonly #secretKey: Secret;
  readonly #token: Secret | null;
  readonly #timeoutMs: number;
  readonly #attemptTimeoutMs: number;
  readonly #maxAttempts: number;
  readonly #transport: KmsTransport;
  readonly #clock: KmsClock;
  readonly #random: () => number;

  /**
   * @param settings credentials are copied
   * @throws {UsageError} ERR_OPTION
   */
  constructor(settings: TencentKmsSettings | KmsUrlParts, options: TencentKmsOptions = {}) {
    const { address, keyId, secretId, secretKey } = settings;
    const { token, region } = settings as Partial<TencentKmsSettings>;
    const url = new URL(address);
    this.keyId = keyId;
    this.server = url.host;
    this.#url = `${url.origin}/`;
    this.#region = region ?? REGIONAL_HOST.exec(url.hostname)?.[1] ?? null;
    this.#secretId = copy(secretId);
    this.#secretKey = copy(secretKey);
    this.#token = token === undefined ? null : copy(token);
    this.#timeoutMs = positive(options.timeoutMs ?? 10_000, 'timeoutMs');
    this.#attemptTimeoutMs = positive(options.attemptTimeoutMs ?? 4000, 'attemptTimeoutMs');
    this.#maxAttempts = positive(options.maxAttempts ?? 4, 'maxAttempts');
    this.#transport = options.transport ?? fetchTransport;
    this.#clock = options.clock ?? platformClock;
    this.#random = options.random ?? Math.random;
  }

  /**
   * Encrypts 1 to 4,096 bytes under the client's key (Encrypt).
   *
   * @param plaintext not changed
   * @returns the ASCII of the CiphertextBlob, which is opaque and says by itself which key made it
   * @throws {LimitError} ERR_KMS_PLAINTEXT_LENGTH, ERR_KMS_CONTEXT_LENGTH; {ProviderError} ERR_KMS_…
   * @throws {TransportError} ERR_KMS_UNREACHABLE with every attempt; {FormatError} ERR_KMS_ANSWER
   */
  async encrypt(plaintext: Uint8Array, options: KmsCallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    if (plaintext.length < 1 || plaintext.length > MAX_PLAINTEXT_BYTES)
      throw new LimitError(
        'ERR_KMS_PLAINTEXT_LENGTH',
        `the key management service encrypts 1 to ${MAX_PLAINTEXT_BYTES} bytes, not ${plaintext.length}`,
        { limit: MAX_PLAINTEXT_BYTES, actual: plaintext.length },
      );
    const text = encodeBase64(plaintext);
    try {
      const fields = { KeyId: this.keyId, Plaintext: text, ...contextField('EncryptionContext', options.context) };
      return blobOf(await this.#call('Encrypt', fields, options));
    } finally {
      text.fill(0);
    }
  }

  /**
   * Decrypts what `encrypt` or `generateDataKey` gave (Decrypt).
   *
   * @returns the plaintext, the caller's to wipe
   * @throws as `encrypt`
   */
  async decrypt(ciphertext: Uint8Array, options: KmsCallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const fields = { CiphertextBlob: decodeUtf8(ciphertext), ...contextField('EncryptionContext', options.context) };
    return plaintextOf(await this.#call('Decrypt', fields, options));
  }

  /**
   * Encrypts anew at the service, where the plaintext stays (ReEncrypt): under the newest version of the key that made the
   * ciphertext, or under the client's key where that is another one.
   *
   * @throws as `encrypt`
   */
  async reencrypt(ciphertext: Uint8Array, options: KmsCallOptions = {}): Promise<ReencryptedKey> {
    const answer = await this.#call(
      'ReEncrypt',
      {
        CiphertextBlob: decodeUtf8(ciphertext),
        DestinationKeyId: this.keyId,
        ...contextField('SourceEncryptionContext', options.context),
        ...contextField('DestinationEncryptionContext', options.context),
      },
      options,
    );
    const made = blobOf(answer);
    return { ciphertext: made, changed: answer.fields.ReEncrypted !== false };
  }

  /**
   * Has a key of random bytes made, which comes in clear and as ciphertext (GenerateDataKey).
   *
   * @param lengthBytes 1 to 1,024
   * @returns the key, the caller's to dispose of, and the ciphertext
   * @throws as `encrypt`; {LimitError} ERR_KMS_DATA_KEY_LENGTH
   */
  async generateDataKey(
    lengthBytes: number,
    options: KmsCallOptions = {},
  ): Promise<{ readonly key: Secret; readonly ciphertext: Uint8Array<ArrayBuffer> }> {
    if (!(Number.isInteger(lengthBytes) && lengthBytes >= 1 && lengthBytes <= MAX_DATA_KEY_BYTES))
      throw new LimitError(
        'ERR_KMS_DATA_KEY_LENGTH',
        `the key management service makes data keys of 1 to ${MAX_DATA_KEY_BYTES} bytes, not ${lengthBytes}`,
        { limit: MAX_DATA_KEY_BYTES, actual: lengthBytes },
      );
    const fields = { KeyId: this.keyId, NumberOfBytes: lengthBytes };
    const context = contextField('EncryptionContext', options.context);
    const answer = await this.#call('GenerateDataKey', { ...fields, ...context }, options);
    const key = Secret.adopt(plaintextOf(answer));
    try {
      if (key.length !== lengthBytes) throw malformedAnswer('a data key of another length');
      return { key, ciphertext: blobOf(answer) };
    } catch (error) {
      key.dispose();
      throw error;
    }
  }

  /** Describes the client's key (DescribeKey). @throws as `encrypt` */
  async describe(options: KmsCallOptions = {}): Promise<KmsKeyDescription> {
    const { fields } = await this.#call('DescribeKey', { KeyId: this.keyId }, options);
    const facts = fields.KeyMetadata as Readonly<Record<string, unknown>> | null | undefined;
    const { KeyId, KeyState, Alias, KeyUsage, KeyRotationEnabled } = facts ?? {};
    if (typeof KeyId !== 'string' || typeof KeyState !== 'string') throw malformedAnswer('no KeyMetadata');
    return {
      type: 'tencent',
      keyId: KeyId,
      state: KeyState,
      alias: typeof Alias === 'string' && Alias !== '' ? Alias : null,
      usage: typeof KeyUsage === 'string' ? KeyUsage : null,
      rotates: KeyRotationEnabled === true,
    };
  }

  /** Wipes the credentials. Safe to call twice. */
  dispose(): void {
    this.#secretId.dispose();
    this.#secretKey.dispose();
    this.#token?.dispose();
  }

  /** Disposes of it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  async #call(
    action: string,
    fields: Readonly<Record<string, string | number | Uint8Array>>,
    options: KmsCallOptions,
  ): Promise<Answer> {
    const signal = options.signal ?? new AbortController().signal;
    const deadline = this.#clock.monotonic() + positive(options.timeoutMs ?? this.#timeoutMs, 'timeoutMs');
    const tried: TransportAttempt[] = [];
    const body = encodeBody(fields);
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
        if (signal.aborted) throw abortReason(signal);
        let failure: unknown;
        try {
          return await this.#attempt(action, body, signal, deadline - this.#clock.monotonic());
        } catch (error) {
          if (signal.aborted) throw abortReason(signal);
          failure = error;
        }
        tried.push(this.#attemptOf(failure));
        const pause = pauseMs * (0.5 + this.#random());
        if (tried.length === this.#maxAttempts || this.#clock.monotonic() + pause >= deadline)
          throw this.#givenUp(failure, tried);
        await this.#clock.sleep(pause, signal);
      }
    } finally {
      body.fill(0);
    }
  }

  /** What an attempt came to, where it may be repeated; throws what may not. */
  #attemptOf(failure: unknown): TransportAttempt {
    const server = this.server;
    if (failure instanceof NoAnswer) return { server, phase: failure.phase, cause: failure.message };
    if (failure instanceof ProviderError && isPassing(failure.providerCode))
      return { server, phase: 'answer', cause: failure.providerCode };
    throw failure;
  }

  #givenUp(failure: unknown, tried: readonly TransportAttempt[]): unknown {
    if (!(failure instanceof NoAnswer)) return failure;
    const what = [...new Set(tried.map(({ phase, cause }) => `${phase}: ${cause}`))].join(', ');
    const times = tried.length === 1 ? '1 attempt' : `${tried.length} attempts`;
    return new TransportError(
      'ERR_KMS_UNREACHABLE',
      `the key management service at ${this.server} cannot be reached: ${times}, ${what}`,
      tried,
    );
  }

  async #attempt(action: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal, leftMs: number): Promise<Answer> {
    const stop = new AbortController();
    const forward = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', forward, { once: true });
    const timeoutMs = Math.min(this.#attemptTimeoutMs, Math.max(1, leftMs));
    const ends = this.#clock.sleep(timeoutMs, stop.signal).then(() => {
      throw new NoAnswer('answer', `none within ${Math.round(timeoutMs)} ms`);
    });
    try {
      const sent = this.#transport({ url: this.#url, headers: this.#headers(action, body), body }, stop.signal);
      const response = await Promise.race([sent.catch(asNoAnswer), ends]);
      if (response.status !== 200) {
        response.body.fill(0);
        throw new NoAnswer('answer', `HTTP ${response.status}`);
      }
      return parseAnswer(action, response, {
        cut: [this.#secretId, this.#secretKey, this.#token],
        now: this.#clock.now(),
      });
    } finally {
      signal.removeEventListener('abort', forward);
      ends.catch(() => undefined);
      stop.abort();
    }
  }

  #headers(action: string, payload: Uint8Array): Readonly<Record<string, string>> {
    const timestamp = Math.floor(this.#clock.now() / 1000);
    const { authorization } = signTc3(
      {
        headers: { 'content-type': CONTENT_TYPE, host: this.server, 'x-tc-action': action },
        payload,
        service: SERVICE,
        timestamp,
      },
      { secretId: decodeUtf8(this.#secretId.expose()), secretKey: this.#secretKey },
    );
    return {
      Authorization: authorization,
      'Content-Type': CONTENT_TYPE,
      'X-TC-Action': action,
      'X-TC-Version': KMS_API_VERSION,
      'X-TC-Timestamp': String(timestamp),
      'X-TC-Language': 'en-US',
      ...(this.#region !== null && { 'X-TC-Region': this.#region }),
      ...(this.#token !== null && { 'X-TC-Token': decodeUtf8(this.#token.expose()) }),
    };
  }
}

/** `kms.ap-guangzhou.tencentcloudapi.com`: a region has a hyphen, the other labels of the service's hosts have none. */
const REGIONAL_HOST = /^kms\.([a-z]+(?:-[a-z0-9]+)+)\./;

/** There was no answer of the service: nothing that could hold a secret is kept of what the platform said. */
class NoAnswer extends Error {
  readonly phase: string;

  constructor(phase: string, message: string) {
    super(message);
    this.phase = phase;
  }
}

function asNoAnswer(error: unknown): never {
  if (error instanceof KeywardError) throw error;
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const reason = [cause?.code, code].find((name) => typeof name === 'string' && /^[A-Z][A-Z0-9_]+$/.test(name));
  throw new NoAnswer('connection', typeof reason === 'string' ? reason : 'failed');
}

function plaintextOf(answer: Answer): Uint8Array<ArrayBuffer> {
  if (answer.plaintext === null) throw malformedAnswer('no Plaintext');
  try {
    return decodeBase64(answer.plaintext);
  } catch {
    throw malformedAnswer('a Plaintext that is not base64');
  } finally {
    answer.plaintext.fill(0);
  }
}

function blobOf({ fields }: Answer): Uint8Array<ArrayBuffer> {
  const { CiphertextBlob } = fields;
  if (typeof CiphertextBlob !== 'string' || !/^[\x21-\x7e]+$/.test(CiphertextBlob))
    throw malformedAnswer('no CiphertextBlob');
  return encodeUtf8(CiphertextBlob);
}

function malformedAnswer(what: string): FormatError {
  return new FormatError('ERR_KMS_ANSWER', `malformed answer of the key management service: ${what}`, { offset: 0 });
}

function contextField(name: string, context: KmsCallOptions['context']): Readonly<Record<string, string>> {
  if (context === undefined) return {};
  const text = JSON.stringify(context);
  if (text.length <= MAX_CONTEXT_CHARACTERS) return { [name]: text };
  throw new LimitError(
    'ERR_KMS_CONTEXT_LENGTH',
    `an encryption context has at most ${MAX_CONTEXT_CHARACTERS} characters of JSON, not ${text.length}`,
    { limit: MAX_CONTEXT_CHARACTERS, actual: text.length },
  );
}

function copy(secret: string | Secret): Secret {
  return typeof secret === 'string' ? Secret.fromText(secret) : Secret.from(secret.expose());
}

function positive(value: number, name: string): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError('ERR_OPTION', `${name} is a number above 0`);
}
