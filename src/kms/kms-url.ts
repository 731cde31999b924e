/**
 * The URL that configures a key management service, in place of a keystore password:
 *
 *   kms://<type>/<path>?<key>=<value>{&<key>=<value>}#<API address>
 *   kms://tencent/?password=…&keyId=…&secretId=…&secretKey=…#https://kms.tencentcloudapi.com/
 *
 * Scheme and type in any case; the path is reserved and means nothing. Keys are case-sensitive, each at most once. A value is
 * literal bytes, UTF-8, but for `%XX`, which is the byte XX: so `%`, `&` and `#` in a value are written `%25`, `%26` and `%23`, and `+` is
 * a plus. The API address is taken literally. Parsed as bytes: no secret of the URL becomes a string.
 * Source: the vendor's page on ADMINISTER KEY MANAGEMENT, 1.1.2; percent-decoding is ours, the page does not say. Layer: kms, pure.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { equalSecretBytes } from '../core/index.ts';
import { FormatError } from '../errors.ts';
import { Secret } from '../secret.ts';

/** Kinds of services. */
export type KmsType = 'tencent';

/** What a URL says. */
export interface KmsUrlParts {
  readonly type: KmsType;
  /** Reserved; kept as it stands, `/` for none. */
  readonly path: string;
  /** Of the wallet; null where the URL has none. */
  readonly password: Secret | null;
  /** The service's key, in the form of a UUID. */
  readonly keyId: string;
  /** Identifier of the API key. Lent: disposed of with the URL. */
  readonly secretId: Secret;
  /** The API key, which signs requests. Lent: disposed of with the URL. */
  readonly secretKey: Secret;
  /** True: nothing is asked of the service when the wallet is opened. */
  readonly skipCheck: boolean;
  /** Scheme, host and port of the API, with `/` behind them. */
  readonly address: string;
}

/** A parsed URL. Holds secrets until disposed of; printed, it shows none. */
export class KmsUrl implements KmsUrlParts {
  readonly type: KmsType;
  readonly path: string;
  readonly password: Secret | null;
  readonly keyId: string;
  readonly secretId: Secret;
  readonly secretKey: Secret;
  readonly skipCheck: boolean;
  readonly address: string;

  /** @internal Use `parseKmsUrl`. */
  constructor(parts: KmsUrlParts) {
    this.type = parts.type;
    this.path = parts.path;
    this.password = parts.password;
    this.keyId = parts.keyId;
    this.secretId = parts.secretId;
    this.secretKey = parts.secretKey;
    this.skipCheck = parts.skipCheck;
    this.address = parts.address;
  }

  /** Wipes the three secrets. Safe to call twice. */
  dispose(): void {
    this.password?.dispose();
    this.secretId.dispose();
    this.secretKey.dispose();
  }

  /** Disposes of it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Formats the URL with `[redacted]` in the place of each secret. */
  toString(): string {
    const password = this.password === null ? '' : `password=${REDACTED}&`;
    const skip = this.skipCheck ? '&skipCheck=true' : '';
    const query = `${password}keyId=${this.keyId}&secretId=${REDACTED}&secretKey=${REDACTED}${skip}`;
    return `kms://${this.type}${this.path}?${query}#${this.address}`;
  }

  /** Formats as `toString` does, so that no JSON holds a secret. */
  toJSON(): string {
    return this.toString();
  }
}

/**
 * Says whether a keystore password is meant as a URL: `text`, in UTF-8, begins with `kms:`, in any case. Branches on four bytes only.
 */
export function isKmsUrl(text: Uint8Array | Secret): boolean {
  const bytes = text instanceof Secret ? text.expose() : text;
  return /^kms:$/i.test(String.fromCharCode(...bytes.subarray(0, 4)));
}

/**
 * Parses a URL.
 *
 * @param text the URL; UTF-8 bytes or a Secret of them, which are not changed, or a string, which cannot be wiped
 * @returns the parts, the caller's to dispose of
 * @throws {FormatError} ERR_KMS_URL with the byte offset; names the key, never a value
 *
 * @example
 * using url = parseKmsUrl('kms://tencent/?password=pw&keyId=…&secretId=…&secretKey=…#https://kms.tencentcloudapi.com/');
 * String(url); // 'kms://tencent/?password=[redacted]&keyId=…&secretId=[redacted]&secretKey=[redacted]#https://…'
 */
export function parseKmsUrl(text: string | Uint8Array | Secret): KmsUrl {
  using copy = typeof text === 'string' ? Secret.fromText(text) : null;
  const bytes = copy?.expose() ?? (text instanceof Secret ? text.expose() : (text as Uint8Array));
  const { type, path, queryAt, hashAt } = splitUrl(bytes);
  const values = readQuery(bytes, queryAt, hashAt);
  try {
    const address = parseAddress(bytes.subarray(hashAt + 1), hashAt + 1);
    const keyId = textOf(required(values, 'keyId', hashAt));
    if (!KEY_ID.test(keyId)) throw malformed('keyId has not the form of a UUID', values.get('keyId')?.offset ?? 0);
    const secretId = required(values, 'secretId', hashAt);
    if (!secretId.value.expose().every(isTokenByte))
      throw malformed('secretId has a character that no identifier has', secretId.offset);
    const password = values.get('password');
    const parts: KmsUrlParts = {
      type,
      path,
      password: password === undefined ? null : copyOf(required(values, 'password', hashAt)),
      keyId,
      secretId: copyOf(secretId),
      secretKey: copyOf(required(values, 'secretKey', hashAt)),
      skipCheck: parseSkipCheck(values),
      address,
    };
    return new KmsUrl(parts);
  } finally {
    for (const { value } of values.values()) value.dispose();
  }
}

/**
 * Encodes what a wallet keeps of a URL: all but the password, in one form for one meaning, so that two can be compared.
 *
 * @returns a URL, the caller's to dispose of
 */
export function encodeKmsSettings(url: KmsUrlParts): Secret {
  const parts = [
    encodeUtf8(`kms://${url.type}${url.path}?keyId=${url.keyId}&secretId=`),
    percentEncode(url.secretId.expose()),
    encodeUtf8('&secretKey='),
    percentEncode(url.secretKey.expose()),
    encodeUtf8(`${url.skipCheck ? '&skipCheck=true' : ''}#${url.address}`),
  ];
  const bytes = concatBytes(...parts);
  for (const part of parts) part.fill(0);
  return Secret.adopt(bytes);
}

/**
 * Says what two URLs have in common: the same key reached the same way; the same key reached otherwise (renewed credentials, another
 * address); or another key. Secrets are compared in constant time; password and skipCheck do not count.
 */
export function compareKmsUrls(a: KmsUrlParts, b: KmsUrlParts): 'same' | 'renewed' | 'other-key' {
  if (a.type !== b.type || a.keyId !== b.keyId) return 'other-key';
  const sameId = equalSecretBytes(a.secretId.expose(), b.secretId.expose());
  const sameKey = equalSecretBytes(a.secretKey.expose(), b.secretKey.expose());
  return sameId && sameKey && a.address === b.address ? 'same' : 'renewed';
}

interface Value {
  readonly value: Secret;
  /** Where it stands in the URL. */
  readonly offset: number;
}

const REDACTED = '[redacted]';
const SCHEME = 'kms://';
const TYPES: readonly string[] = ['tencent'];
const KEYS: readonly string[] = ['password', 'skipCheck', 'keyId', 'secretId', 'secretKey'];
/** The vendor's page masks most digits of a keyId with letters: any letter is let through, the service judges. */
const KEY_ID = /^[0-9A-Za-z]{8}(?:-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}$/;
const CHAR = { hash: 0x23, percent: 0x25, ampersand: 0x26, slash: 0x2f, equals: 0x3d, question: 0x3f } as const;

function splitUrl(bytes: Uint8Array): { type: KmsType; path: string; queryAt: number; hashAt: number } {
  if (textOf(bytes.subarray(0, SCHEME.length)).toLowerCase() !== SCHEME)
    throw malformed('it does not begin with kms://', 0);
  const hashAt = bytes.indexOf(CHAR.hash);
  if (hashAt < 0) throw malformed('the API address is missing: #https://…', bytes.length);
  const question = bytes.subarray(0, hashAt).indexOf(CHAR.question);
  if (question < 0) throw malformed('the settings are missing: ?keyId=…', hashAt);
  const pathAt = bytes.subarray(0, question).indexOf(CHAR.slash, SCHEME.length);
  const typeEnd = pathAt < 0 ? question : pathAt;
  const type = textOf(bytes.subarray(SCHEME.length, typeEnd)).toLowerCase();
  if (!TYPES.includes(type)) throw malformed('the only type of service is tencent', SCHEME.length);
  const path = pathAt < 0 ? '/' : textOf(bytes.subarray(pathAt, question));
  if (!/^[\x21-\x7e]*$/.test(path)) throw malformed('the path has a character that no URL has', typeEnd);
  return { type: type as KmsType, path, queryAt: question + 1, hashAt };
}

function readQuery(bytes: Uint8Array, queryAt: number, hashAt: number): Map<string, Value> {
  const values = new Map<string, Value>();
  try {
    for (let at = queryAt; at <= hashAt; ) {
      const found = bytes.subarray(0, hashAt).indexOf(CHAR.ampersand, at);
      const end = found < 0 ? hashAt : found;
      const equals = bytes.subarray(0, end).indexOf(CHAR.equals, at);
      if (equals < 0) throw malformed('a setting has no =', at, ESCAPES);
      const key = textOf(bytes.subarray(at, equals));
      if (!KEYS.includes(key)) throw unknownKey(key, at);
      if (values.has(key)) throw malformed(`${key} stands there twice`, at);
      values.set(key, { value: percentDecode(bytes, equals + 1, end, key), offset: equals + 1 });
      at = end + 1;
    }
    return values;
  } catch (error) {
    for (const { value } of values.values()) value.dispose();
    throw error;
  }
}

/** What stands where a key should may be the rest of a password with a bare `&` in it: only what looks like a name is repeated. */
function unknownKey(key: string, offset: number): FormatError {
  const name = /^[A-Za-z]{1,16}$/.test(key) ? `unknown setting ${key}` : 'unknown setting';
  return malformed(`${name}: there are ${KEYS.join(', ')}`, offset, ESCAPES);
}

function required(values: ReadonlyMap<string, Value>, key: string, end: number): Value {
  const found = values.get(key);
  if (found === undefined) throw malformed(`${key} is missing`, end, ESCAPES);
  if (found.value.length === 0) throw malformed(`${key} is empty`, found.offset);
  return found;
}

function parseSkipCheck(values: ReadonlyMap<string, Value>): boolean {
  const found = values.get('skipCheck');
  if (found === undefined) return false;
  const text = textOf(found).toLowerCase();
  if (text !== 'true' && text !== 'false') throw malformed('skipCheck is neither true nor false', found.offset);
  return text === 'true';
}

/**
 * The API address: https, or http on this machine, where tests are; no path, since the signature knows only `/`.
 * A `#` in a password would make the rest of the URL stand here, so no error repeats it.
 */
function parseAddress(bytes: Uint8Array, offset: number): string {
  let url: URL;
  try {
    url = new URL(textOf(bytes));
  } catch {
    throw malformed('what follows # is no URL of an API', offset, ESCAPES);
  }
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    throw malformed('the API address must be https: master keys would travel in clear', offset);
  if (url.username !== '' || url.password !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw malformed('the API address is more than scheme, host and port', offset, ESCAPES);
  return `${url.origin}/`;
}

function percentDecode(bytes: Uint8Array, from: number, to: number, key: string): Secret {
  const out = new Uint8Array(to - from);
  let length = 0;
  for (let at = from; at < to; at++) {
    let byte = bytes[at] as number;
    if (byte === CHAR.percent) {
      const high = at + 2 < to ? hexDigit(bytes[at + 1]) : -1;
      const low = at + 2 < to ? hexDigit(bytes[at + 2]) : -1;
      if (high < 0 || low < 0) {
        out.fill(0);
        throw malformed(`a % in ${key} is not followed by two hexadecimal digits`, at, ESCAPES);
      }
      byte = high * 16 + low;
      at += 2;
    }
    out[length++] = byte;
  }
  const value = Secret.from(out.subarray(0, length));
  out.fill(0);
  return value;
}

function percentEncode(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(3 * bytes.length);
  let length = 0;
  for (const byte of bytes) {
    if (isUnreserved(byte)) out[length++] = byte;
    else {
      out[length++] = CHAR.percent;
      out[length++] = HEX.charCodeAt(byte >> 4);
      out[length++] = HEX.charCodeAt(byte & 15);
    }
  }
  const encoded = out.slice(0, length);
  out.fill(0);
  return encoded;
}

const HEX = '0123456789ABCDEF';

function hexDigit(byte: number | undefined): number {
  return byte === undefined ? -1 : HEX.indexOf(String.fromCharCode(byte).toUpperCase());
}

/** RFC 3986 §2.3. */
function isUnreserved(byte: number): boolean {
  return /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte));
}

/** What may stand in the Credential of an Authorization header: visible, and none of its separators. */
function isTokenByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== 0x2c && byte !== CHAR.slash && byte !== CHAR.equals;
}

function copyOf({ value }: Value): Secret {
  return Secret.from(value.expose());
}

/** For parts that are no secret. */
function textOf(part: Uint8Array | Value): string {
  return decodeUtf8(part instanceof Uint8Array ? part : part.value.expose());
}

const ESCAPES = 'in a value, write % as %25, & as %26, # as %23';

function malformed(what: string, offset: number, hint?: string): FormatError {
  return new FormatError('ERR_KMS_URL', `malformed kms URL: ${what}`, { offset }, hint === undefined ? {} : { hint });
}
