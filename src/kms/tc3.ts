/**
 * TC3-HMAC-SHA256, the signature of Tencent Cloud's API 3.0, on the core's hashes.
 *
 *   CanonicalRequest = Method \n URI \n Query \n CanonicalHeaders \n SignedHeaders \n hex(SHA256(payload))
 *   CanonicalHeaders = { lower-case name ":" trimmed lower-case value \n }, by name; content-type and host are obligatory
 *   StringToSign     = "TC3-HMAC-SHA256" \n timestamp \n UTC date "/" service "/tc3_request" \n hex(SHA256(CanonicalRequest))
 *   kSigning         = HMAC(HMAC(HMAC("TC3" SecretKey, date), service), "tc3_request")
 *   Signature        = hex(HMAC(kSigning, StringToSign))
 *
 * Source: Tencent Cloud, "Signature v3". Says nothing about which request is sent. Layer: kms, pure.
 */
import { concatBytes, encodeUtf8, formatHex } from '../bytes.ts';
import { hash, hmac } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** A request as the signature sees it. */
export interface Tc3Request {
  /** Default `POST`. */
  readonly method?: 'POST' | 'GET';
  /** Default `/`, the only one the service has. */
  readonly path?: string;
  /** Percent-encoded as sent, without `?`. Default none. */
  readonly query?: string;
  /** Every header that is signed, names in any case; content-type and host must be there. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, as sent. */
  readonly payload: Uint8Array;
  /** First label of the API's host name, such as `kms`. */
  readonly service: string;
  /** Seconds since 1970, UTC. */
  readonly timestamp: number;
}

/** Who signs. */
export interface Tc3Credentials {
  readonly secretId: string;
  /** The bytes of the text of the SecretKey; lent for the call. */
  readonly secretKey: Secret | Uint8Array;
}

/** A signature and what led to it. */
export interface Tc3Signature {
  /** Value of the Authorization header. Holds the SecretId. */
  readonly authorization: string;
  /** 64 hexadecimal digits. */
  readonly signature: string;
  /** SHA-256 of the canonical request, in hex. */
  readonly canonicalHash: string;
}

const ALGORITHM = 'TC3-HMAC-SHA256';
const TERMINATOR = 'tc3_request';

/**
 * Signs a request.
 *
 * @throws {UsageError} ERR_TC3_HEADER without content-type or host; ERR_TC3_TIMESTAMP for a time that is no number of seconds
 * @example
 * const { authorization } = signTc3({ headers: { 'content-type': 'application/json', host }, payload, service: 'kms', timestamp }, credentials);
 */
export function signTc3(request: Tc3Request, credentials: Tc3Credentials): Tc3Signature {
  const { names, canonical } = canonicalHeaders(request.headers);
  const { method = 'POST', path = '/', query = '', payload, service, timestamp } = request;
  const payloadHash = formatHex(hash('sha256', payload));
  const canonicalRequest = [method, path, query, canonical, names, payloadHash].join('\n');
  const canonicalHash = formatHex(hash('sha256', encodeUtf8(canonicalRequest)));
  const date = utcDate(timestamp);
  const scope = `${date}/${service}/${TERMINATOR}`;
  const toSign = [ALGORITHM, String(timestamp), scope, canonicalHash].join('\n');
  const key = signingKey(credentials.secretKey, date, service);
  try {
    const signature = formatHex(hmac('sha256', key, encodeUtf8(toSign)));
    const credential = `Credential=${credentials.secretId}/${scope}`;
    return {
      authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}`,
      signature,
      canonicalHash,
    };
  } finally {
    key.fill(0);
  }
}

function canonicalHeaders(headers: Readonly<Record<string, string>>): { names: string; canonical: string } {
  const lines = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) lines.set(name.toLowerCase(), value.trim().toLowerCase());
  for (const name of ['content-type', 'host'])
    if (!lines.has(name)) throw new UsageError('ERR_TC3_HEADER', `the header ${name} must be signed`);
  const names = [...lines.keys()].sort();
  return { names: names.join(';'), canonical: names.map((name) => `${name}:${lines.get(name)}\n`).join('') };
}

/** The key of a day and a service: 32 bytes, the caller's to wipe. */
function signingKey(secretKey: Secret | Uint8Array, date: string, service: string): Uint8Array<ArrayBuffer> {
  const bytes = secretKey instanceof Uint8Array ? secretKey : secretKey.expose();
  let key = concatBytes(encodeUtf8('TC3'), bytes);
  for (const step of [date, service, TERMINATOR]) {
    const next = hmac('sha256', key, encodeUtf8(step));
    key.fill(0);
    key = next;
  }
  return key;
}

/** `YYYY-MM-DD`, UTC whatever the machine's zone. */
function utcDate(timestamp: number): string {
  const date = new Date(timestamp * 1000);
  if (!Number.isInteger(timestamp) || Number.isNaN(date.getTime()))
    throw new UsageError('ERR_TC3_TIMESTAMP', 'a timestamp is a whole number of seconds since 1970');
  return date.toISOString().slice(0, 10);
}
