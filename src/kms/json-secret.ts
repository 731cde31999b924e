/**
 * JSON with key material in it, in and out without a string of the key: a body is put together as bytes, and of an answer the
 * secret field is taken out, as bytes, before the rest is parsed. Layer: kms, pure.
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';

const CHAR = { quote: 0x22, colon: 0x3a, backslash: 0x5c, u: 0x75, x: 0x78 } as const;

/**
 * Encodes a flat object as compact JSON. Byte values are ASCII text that needs no escape (base64).
 *
 * @returns the body, the caller's to wipe
 */
export function encodeBody(fields: Readonly<Record<string, string | number | Uint8Array>>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const [name, value] of Object.entries(fields)) {
    parts.push(encodeUtf8(`${parts.length === 0 ? '{' : ','}${JSON.stringify(name)}:`));
    if (value instanceof Uint8Array) parts.push(QUOTE, value, QUOTE);
    else parts.push(encodeUtf8(JSON.stringify(value)));
  }
  parts.push(encodeUtf8(parts.length === 0 ? '{}' : '}'));
  return concatBytes(...parts);
}

const QUOTE = /* @__PURE__ */ Uint8Array.of(CHAR.quote);

/**
 * Takes the text value of the first field of a name out of JSON, at any depth: overwrites it in `json` and returns its bytes,
 * unescaped (encoders write `/` and `+` of base64 in several ways).
 *
 * @param json bytes of the text; changed
 * @returns the value, the caller's to wipe; null where there is no such field with a text value
 */
export function takeSecretField(json: Uint8Array, name: string): Uint8Array<ArrayBuffer> | null {
  let isName = false;
  for (let at = 0; at < json.length; at++) {
    if (json[at] !== CHAR.quote) {
      if (!isSpaceOrColon(json[at] as number)) isName = false;
      continue;
    }
    const end = stringEnd(json, at + 1);
    if (end < 0) return null;
    if (isName) {
      const value = unescaped(json.subarray(at + 1, end));
      json.fill(CHAR.x, at + 1, end);
      return value;
    }
    isName = isFollowedByColon(json, end + 1) && decodeUtf8(json.subarray(at + 1, end)) === name;
    at = end;
  }
  return null;
}

function isSpaceOrColon(byte: number): boolean {
  return byte === CHAR.colon || byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function isFollowedByColon(json: Uint8Array, from: number): boolean {
  for (let at = from; at < json.length; at++) {
    if (json[at] === CHAR.colon) return true;
    if (!isSpaceOrColon(json[at] as number)) return false;
  }
  return false;
}

function stringEnd(json: Uint8Array, from: number): number {
  for (let at = from; at < json.length; at++) {
    if (json[at] === CHAR.backslash) at++;
    else if (json[at] === CHAR.quote) return at;
  }
  return -1;
}

/** Undoes `\/`, `\uXXXX` below U+0100 and the like; whatever cannot be base64 is left for the decoder to refuse. */
function unescaped(text: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let byte = text[at] as number;
    if (byte === CHAR.backslash) {
      byte = text[++at] as number;
      if (byte === CHAR.u) {
        byte = Number.parseInt(String.fromCharCode(...text.subarray(at + 1, at + 5)), 16);
        at += 4;
      }
    }
    out[length++] = byte;
  }
  const value = out.slice(0, length);
  out.fill(0);
  return value;
}
