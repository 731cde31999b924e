/**
 * Answers of the service: `{"Response":{…,"RequestId":"…"}}`, with `Error` in it for a failure, always under HTTP 200. Anything
 * else is no answer of the service. Layer: kms, pure.
 */
import { decodeUtf8 } from '../bytes.ts';
import { FormatError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { takeSecretField } from './json-secret.ts';
import { providerError } from './provider-error.ts';
import type { KmsHttpResponse } from './transport.ts';

/** A successful answer. */
export interface Answer {
  /** All but Plaintext. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Base64, the caller's to wipe; null where there was none. */
  readonly plaintext: Uint8Array<ArrayBuffer> | null;
}

/** What an error needs besides the answer. */
export interface AnswerContext {
  /** Cut out of whatever the service repeats. */
  readonly cut: readonly (Secret | null)[];
  /** Milliseconds since 1970 here, to tell by how much clocks differ. */
  readonly now: number;
}

const MAX_MESSAGE_CHARACTERS = 300;

/**
 * Reads an answer; its body is wiped.
 *
 * @throws {ProviderError} ERR_KMS_…; {FormatError} ERR_KMS_ANSWER
 */
export function parseAnswer(action: string, response: KmsHttpResponse, context: AnswerContext): Answer {
  const { body } = response;
  const plaintext = takeSecretField(body, 'Plaintext');
  try {
    const fields = responseOf(body);
    const { Error: failure, RequestId } = fields;
    if (failure === undefined) return { fields, plaintext };
    const { Code, Message } = (failure ?? {}) as { Code?: unknown; Message?: unknown };
    if (typeof Code !== 'string' || !/^[A-Za-z]+(?:\.[A-Za-z0-9]+)*$/.test(Code))
      throw malformed('an error without a code');
    const requestId = typeof RequestId === 'string' && /^[\w-]{1,64}$/.test(RequestId) ? RequestId : null;
    const message = typeof Message === 'string' ? cutSecrets(Message, context.cut) : '';
    throw providerError(
      { action, code: Code, message, requestId },
      Code === 'AuthFailure.SignatureExpire' ? clockDifference(response.date, context.now) : undefined,
    );
  } catch (error) {
    plaintext?.fill(0);
    throw error;
  } finally {
    body.fill(0);
  }
}

function responseOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(body));
  } catch {
    throw malformed('no JSON');
  }
  const response = (value as { Response?: unknown } | null)?.Response;
  if (typeof response === 'object' && response !== null) return response as Readonly<Record<string, unknown>>;
  throw malformed('no Response');
}

/** A service, or what stands between, may repeat what was sent; what it says is shortened and kept free of control characters. */
function cutSecrets(message: string, secrets: readonly (Secret | null)[]): string {
  let text = message;
  for (const secret of secrets)
    if (secret !== null && secret.length > 0) text = text.replaceAll(decodeUtf8(secret.expose()), '[redacted]');
  text = text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
  return text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}…` : text;
}

function clockDifference(date: string | null, now: number): string | undefined {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return undefined;
  const seconds = Math.round((now - theirs) / 1000);
  return `it is ${Math.abs(seconds)} seconds ${seconds < 0 ? 'behind' : 'ahead of'} the service's`;
}

function malformed(what: string): FormatError {
  return new FormatError('ERR_KMS_ANSWER', `malformed answer of the key management service: ${what}`, { offset: 0 });
}
