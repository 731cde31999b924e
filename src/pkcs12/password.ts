/**
 * One password, in the byte forms that the schemes of PKCS#12 hash, and the order in which a reader tries them.
 *
 * The PKCS#12 KDF takes a BMPString with a 16-bit zero terminator (RFC 7292 B.1; surrogate pairs as they are); PBES1, PBES2
 * and PBMAC1 take UTF-8 without terminator (RFC 8018 §3; RFC 9879 §4). Nothing is normalised. `null`, no password at all, is
 * not the empty one: it has no terminator either. Old writers erred in three ways, which are tried after the right one:
 *
 * | form      | bytes                              | right for     | else written by                               |
 * | --------- | ---------------------------------- | ------------- | --------------------------------------------- |
 * | `utf16`   | UTF-16BE, 00 00                    | PKCS#12 KDF   | NSS before 3.3x, in PBES1 and PBES2           |
 * | `utf8`    | UTF-8                              | PBES1, PBES2  |                                               |
 * | `widened` | each UTF-8 byte as 16 bits, 00 00  |               | OpenSSL up to 1.0.2, non-ASCII, PKCS#12 KDF   |
 * | `none`    | no bytes                           | `null`        | many, where the user typed nothing            |
 *
 * Layer: pkcs12.
 */
import { encodeUtf8 } from '../bytes.ts';
import { UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';

/** What callers may give as a password. Bytes are UTF-8. `null` is no password, which is not the empty password. */
export type PasswordInput = string | Uint8Array | Secret | null;

/** One way to turn a password into bytes. */
export type PasswordForm = 'utf8' | 'utf16' | 'widened' | 'none';

/** The forms of one password, made on first use and wiped together. Copies the caller's bytes. */
export class Password {
  readonly #isNull: boolean;
  readonly #utf8: Uint8Array<ArrayBuffer>;
  readonly #made = new Map<PasswordForm, Uint8Array<ArrayBuffer>>();

  /** @throws {UsageError} ERR_PASSWORD for another type, or for text that has a lone surrogate */
  constructor(input: PasswordInput) {
    this.#isNull = input === null;
    this.#utf8 = toUtf8(input);
  }

  /** No password at all, as opposed to the empty one. */
  get isNull(): boolean {
    return this.#isNull;
  }

  /** True while every byte is ASCII; some readers (Java) refuse others. */
  get isAscii(): boolean {
    return this.#utf8.every((byte) => byte < 0x80);
  }

  /** The bytes of one form, lent until `dispose`. */
  form(form: PasswordForm): Uint8Array<ArrayBuffer> {
    let bytes = this.#made.get(form);
    if (bytes === undefined) {
      bytes = this.#make(form);
      this.#made.set(form, bytes);
    }
    return bytes;
  }

  /** The forms to try in a PKCS#12 KDF, likeliest first. */
  pkcs12Forms(): readonly PasswordForm[] {
    if (this.#isNull) return ['none', 'utf16'];
    if (this.#utf8.length === 0) return ['utf16', 'none'];
    return this.isAscii ? ['utf16'] : ['utf16', 'widened'];
  }

  /** The forms to try in PBES1 and PBES2, likeliest first. */
  pbesForms(): readonly PasswordForm[] {
    return ['utf8', 'utf16'];
  }

  /** An independent copy. */
  clone(): Password {
    return new Password(this.#isNull ? null : this.#utf8);
  }

  /** Zeroes every form. */
  dispose(): void {
    this.#utf8.fill(0);
    for (const bytes of this.#made.values()) bytes.fill(0);
    this.#made.clear();
  }

  #make(form: PasswordForm): Uint8Array<ArrayBuffer> {
    if (form === 'utf8') return this.#utf8.slice();
    if (form === 'none') return new Uint8Array(0);
    if (form === 'widened') return widen(this.#utf8);
    // Bytes that are not UTF-8 are not text: the only reading left is one character per byte, as OpenSSL takes it.
    return utf8ToUtf16(this.#utf8) ?? widen(this.#utf8);
  }
}

/** Copies a password's bytes. */
function toUtf8(input: PasswordInput): Uint8Array<ArrayBuffer> {
  if (input === null) return new Uint8Array(0);
  if (typeof input === 'string') {
    if (/\p{Surrogate}/u.test(input)) throw new UsageError('ERR_PASSWORD', 'the password has half a surrogate pair');
    return encodeUtf8(input);
  }
  if (input instanceof Secret) return input.copy();
  if (input instanceof Uint8Array) return new Uint8Array(input);
  throw new UsageError('ERR_PASSWORD', 'a password is a string, bytes, a Secret or null');
}

/** Each byte as one 16-bit unit, then the terminator. */
function widen(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(2 * bytes.length + 2);
  for (let i = 0; i < bytes.length; i++) out[2 * i + 1] = bytes[i] as number;
  return out;
}

/** UTF-8 to UTF-16BE with terminator, without a string in between; null where the bytes are not UTF-8 (RFC 3629). */
function utf8ToUtf16(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const wide = new Uint8Array(2 * bytes.length + 2); // one byte never makes more than one unit
  let at = 0;
  const put = (unit: number): void => {
    wide[at++] = unit >>> 8;
    wide[at++] = unit & 0xff;
  };
  try {
    for (let i = 0; i < bytes.length; ) {
      const lead = bytes[i++] as number;
      const more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
      if (more < 0 || i + more > bytes.length) return null;
      let code = more === 0 ? lead : lead & (0x3f >> more);
      for (let k = 0; k < more; k++) {
        const next = bytes[i++] as number;
        if ((next & 0xc0) !== 0x80) return null;
        code = (code << 6) | (next & 0x3f);
      }
      const overlong = (more === 2 && code < 0x800) || (more === 3 && code < 0x10000);
      if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
      if (code < 0x10000) put(code);
      else {
        put(0xd800 + ((code - 0x10000) >>> 10));
        put(0xdc00 + ((code - 0x10000) & 0x3ff));
      }
    }
    return wide.slice(0, at + 2);
  } finally {
    wide.fill(0);
  }
}
