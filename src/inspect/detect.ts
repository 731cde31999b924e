/**
 * What a file is, by its first bytes and the shape of its outermost structure. No bytes make it throw; it never needs a password.
 * Layer: inspect.
 */
import { DER, DerCursor } from '../core/index.ts';
import { FormatError, LimitError } from '../errors.ts';
import { isAutoLogin } from '../wallet/index.ts';

/** The kinds of files that a report can be made of. */
export type FileKind =
  | 'pkcs12'
  | 'auto-login'
  | 'certificate'
  | 'certificate-request'
  | 'private-key'
  | 'encrypted-private-key'
  | 'public-key'
  | 'pem'
  | 'ttlv'
  | 'ttlv-hex'
  | 'ttlv-xml'
  | 'ttlv-json'
  | 'okvclient'
  | 'statement'
  | 'unknown';

/** Text is looked at up to here. */
const TEXT_BYTES = 64 * 1024;
/** Structures larger than this are told apart by their first bytes alone. */
const STRUCTURE_BYTES = 8 * 1024 * 1024;

/** Says what a file is; `bytes` are all of it, and not changed. @throws {KeywardError} ERR_WASM_UNAVAILABLE */
export function detectKind(bytes: Uint8Array): FileKind {
  if (isAutoLogin(bytes)) return 'auto-login';
  if (isTtlv(bytes)) return 'ttlv';
  if (bytes[0] === DER.SEQUENCE) {
    const kind = detectDer(bytes);
    if (kind !== 'unknown') return kind;
  }
  return detectText(bytes);
}

/** A message begins with a tag of 42xxxx or 54xxxx and the type Structure. */
function isTtlv(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && (bytes[0] === 0x42 || bytes[0] === 0x54) && bytes[3] === 1;
}

/**
 * By the first elements of the outermost sequence:
 *   PFX                     INTEGER 3, SEQUENCE { contentType, … }
 *   PrivateKeyInfo          INTEGER 0 | 1, SEQUENCE { algorithm }, OCTET STRING
 *   EncryptedPrivateKeyInfo SEQUENCE { algorithm }, OCTET STRING
 *   SubjectPublicKeyInfo    SEQUENCE { algorithm }, BIT STRING
 *   Certificate, request    SEQUENCE { … }, SEQUENCE { algorithm }, BIT STRING
 */
function detectDer(bytes: Uint8Array): FileKind {
  // A PFX of any size, damaged or not: SEQUENCE, INTEGER 3.
  const afterLength = 2 + ((bytes[1] ?? 0) > 0x80 ? (bytes[1] ?? 0) & 0x7f : 0);
  const [tag, length, version] = bytes.subarray(afterLength, afterLength + 3);
  if (tag === DER.INTEGER && length === 1 && version === 3) return 'pkcs12';
  if (bytes.length > STRUCTURE_BYTES) return 'unknown';
  try {
    const outer = DerCursor.over(bytes, { trailing: 'allow' }).readSequence();
    if (outer.is(DER.INTEGER)) {
      outer.skip();
      outer.skip();
      return outer.is(DER.OCTET_STRING) ? 'private-key' : 'unknown';
    }
    const first = outer.readSequence();
    if (outer.is(DER.OCTET_STRING)) return 'encrypted-private-key';
    if (outer.is(DER.BIT_STRING)) return 'public-key';
    if (!outer.is(DER.SEQUENCE)) return 'unknown';
    // A request's first element is its version 0, then comes its subject; a certificate begins with [0] or a serial number.
    if (!first.is(DER.INTEGER)) return 'certificate';
    first.skip();
    const inner = first.is(DER.SEQUENCE) ? first.readSequence() : null;
    return inner?.is(DER.OBJECT_IDENTIFIER) === true ? 'certificate' : 'certificate-request';
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return 'unknown';
    throw error;
  }
}

function detectText(bytes: Uint8Array): FileKind {
  const text = readText(bytes.subarray(0, TEXT_BYTES), bytes.length <= TEXT_BYTES);
  if (text === null) return 'unknown';
  if (/^-----BEGIN [A-Z0-9 .#-]+-----/m.test(text)) return 'pem';
  if (/^\s*(0x)?(42|54)[\s:]*[0-9a-f]{2}[\s:]*[0-9a-f]{2}[\s:]*01/i.test(text) && /^[\s:0-9a-fx]*$/i.test(text))
    return 'ttlv-hex';
  if (
    /^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)?<(RequestMessage|ResponseMessage|KMIP|TTLV|[A-Z][A-Za-z0-9_]*[ />])/.test(
      text,
    )
  )
    return 'ttlv-xml';
  if (/^\s*\{\s*"(tag|type|value)"\s*:/.test(text)) return 'ttlv-json';
  if (/^\s*(STANDBY_)?SERVER\s*=/im.test(text)) return 'okvclient';
  if (
    /\b(ADMINISTER\s+KEY\s+MANAGEMENT|V\$ENCRYPTION_(KEYS|WALLET)|keyring_key_\w+\s*\(|keyring_(keys|okv\w*|operations))\b/i.test(
      text,
    )
  )
    return 'statement';
  return 'unknown';
}

/** The text of bytes that are text; null for others. The end of a part may cut a character. */
function readText(bytes: Uint8Array, whole: boolean): string | null {
  if (bytes.length === 0 || bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return null;
  }
}
