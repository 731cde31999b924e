/**
 * Verification of TC3 signatures, as strict as the service but for two habits of the vendor's SDKs: they sign `host` without the
 * port that they send, and take the first label of whatever host they were given for the service. Layer: kms/emulator, Node only.
 */
import { encodeUtf8 } from '../../bytes.ts';
import { equalSecretBytes } from '../../core/index.ts';
import type { Secret } from '../../secret.ts';
import { KMS_API_VERSION, signTc3 } from '../index.ts';
import { Refusal } from './refusal.ts';

/** A pair of API keys that the emulator knows. */
export interface EmulatorCredentials {
  readonly secretId: string;
  /** Lent for the emulator's life. */
  readonly secretKey: Secret;
  /** Of temporary credentials: then X-TC-Token must be this. */
  readonly token?: Secret;
}

/** A request as it came. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query, if any. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

const AUTHORIZATION =
  /^TC3-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{4}-\d\d-\d\d)\/([A-Za-z0-9_-]+)\/tc3_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Verifies a request.
 *
 * @param nowMs milliseconds since 1970
 * @param skewMs by how much a timestamp may differ
 * @returns the action asked for
 * @throws {Refusal} AuthFailure.… and the like
 */
export function verifyRequest(
  request: ReceivedRequest,
  known: readonly EmulatorCredentials[],
  nowMs: number,
  skewMs: number,
): string {
  const { headers } = request;
  if (request.method !== 'POST' || request.target !== '/')
    throw new Refusal('UnsupportedProtocol', 'only POST / is emulated');
  const action = headers['x-tc-action'];
  if (action === undefined) throw new Refusal('MissingParameter', 'X-TC-Action is missing');
  if (headers['x-tc-version'] !== KMS_API_VERSION)
    throw new Refusal('NoSuchVersion', `the version of this API is ${KMS_API_VERSION}`);
  const parts = AUTHORIZATION.exec(headers.authorization ?? '');
  if (parts === null) throw new Refusal('AuthFailure.SignatureFailure', 'Authorization is missing or malformed');
  const [, secretId, date, service, signedHeaders, signature] = parts as unknown as readonly string[] & { length: 6 };
  const credentials = known.find((pair) => pair.secretId === secretId);
  if (credentials === undefined) throw new Refusal('AuthFailure.SecretIdNotFound', 'the SecretId is not found');
  const timestamp = timestampOf(headers['x-tc-timestamp'], date as string, nowMs, skewMs);
  const signed = { service: service as string, names: (signedHeaders as string).split(';'), timestamp };
  if (!hostsOf(request).some((host) => isSigned(request, host, signed, credentials, signature as string)))
    throw new Refusal('AuthFailure.SignatureFailure', 'the signature does not match');
  assertToken(credentials, headers['x-tc-token']);
  return action;
}

function timestampOf(text: string | undefined, date: string, nowMs: number, skewMs: number): number {
  if (text === undefined || !/^\d{1,12}$/.test(text))
    throw new Refusal('MissingParameter', 'X-TC-Timestamp is missing');
  const timestamp = Number(text);
  if (Math.abs(timestamp * 1000 - nowMs) > skewMs)
    throw new Refusal('AuthFailure.SignatureExpire', 'the timestamp is too far from the time of the service');
  if (new Date(timestamp * 1000).toISOString().slice(0, 10) !== date)
    throw new Refusal('AuthFailure.SignatureFailure', 'the date of the scope is not that of the timestamp');
  return timestamp;
}

/** The Host header as sent, and without its port. */
function hostsOf({ headers }: ReceivedRequest): readonly string[] {
  const host = headers.host ?? '';
  return [host, host.replace(/:\d+$/, '')];
}

function isSigned(
  { method, headers, body }: ReceivedRequest,
  host: string,
  { service, names, timestamp }: { service: string; names: readonly string[]; timestamp: number },
  credentials: EmulatorCredentials,
  signature: string,
): boolean {
  if (service !== 'kms' && service !== host.split('.')[0]) return false;
  if (!names.includes('host') || !names.includes('content-type')) return false;
  const values: Record<string, string> = {};
  for (const name of names) values[name] = name === 'host' ? host : (headers[name] ?? '');
  const expected = signTc3(
    { method: method as 'POST', headers: values, payload: body, service, timestamp },
    credentials,
  );
  return equalSecretBytes(encodeUtf8(expected.signature), encodeUtf8(signature));
}

function assertToken({ token }: EmulatorCredentials, given: string | undefined): void {
  const isRight = token === undefined ? given === undefined : equalSecretBytes(token.expose(), encodeUtf8(given ?? ''));
  if (!isRight) throw new Refusal('AuthFailure.TokenFailure', 'the token does not belong to the SecretId');
}
