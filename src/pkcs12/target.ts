/**
 * One encrypted thing (a safe or a bag) on its way to being opened: the forms of the password still to be tried, what each try
 * derives, and the try itself. Layer: pkcs12.
 */
import { KeywardError, LimitError, UsageError } from '../errors.ts';
import type { CipherInfo, EncryptionInfo, KdfInfo } from './algorithm.ts';
import type { LockedContent } from './bag.ts';
import { decrypt, derivationsFor, type KeyMaterial, partsFor, wrongPasswordError } from './cipher.ts';
import type { Derivation } from './derive.ts';
import type { Password, PasswordForm } from './password.ts';
import type { OnDemand } from './rare.ts';

/** A cipher's key with what it belongs to, kept for rewriting. */
export interface KeptKey {
  readonly encryption: EncryptionInfo;
  readonly key: Uint8Array<ArrayBuffer>;
}

/** One encrypted thing on its way to being opened. */
export class Target {
  readonly kdf: KdfInfo;
  readonly cipher: CipherInfo;
  /** Forms of the password still to be tried. */
  forms: readonly PasswordForm[];
  opened = false;
  readonly #content: LockedContent;
  readonly #accept: (plaintext: Uint8Array<ArrayBuffer>) => void;
  readonly #isProven: () => boolean;
  readonly #keep: (kept: KeptKey) => void;
  readonly #fail: (failure: KeywardError) => void;

  constructor(
    content: LockedContent,
    password: Password,
    on: {
      /** Takes the plaintext over, or throws a KeywardError where it is not what it must be. */
      accept(plaintext: Uint8Array<ArrayBuffer>): void;
      /** Whether something else has shown the password to be right, so that what does not fit is too large, not wrong. */
      isProven(): boolean;
      keep(kept: KeptKey): void;
      fail(failure: KeywardError): void;
    },
  ) {
    this.kdf = content.encryption.kdf as KdfInfo;
    this.cipher = content.encryption.cipher as CipherInfo;
    this.forms = this.kdf.kdf === 'pkcs12' ? password.pkcs12Forms() : password.pbesForms();
    this.#content = content;
    this.#accept = on.accept;
    this.#isProven = on.isProven;
    this.#keep = on.keep;
    this.#fail = on.fail;
  }

  /** Tries a key. A failure of any kind is the same failure: a wrong password. */
  tryKey(material: KeyMaterial): void {
    let plaintext: Uint8Array<ArrayBuffer> | undefined;
    try {
      plaintext = decrypt(this.cipher, material, this.#content.ciphertext);
      this.#accept(plaintext);
      this.opened = true;
      this.#keep({ encryption: this.#content.encryption, key: material.key.slice() });
    } catch (fault) {
      plaintext?.fill(0);
      if (!(fault instanceof KeywardError) || fault instanceof UsageError) throw fault;
      if (fault instanceof LimitError && this.#isProven()) throw fault;
    }
  }

  giveUp(): void {
    if (!this.opened) this.#fail(wrongPasswordError());
  }
}

/** One attempt at one target with one form of the password. */
export interface Try {
  readonly target: Target;
  readonly form: PasswordForm;
  readonly derivations: readonly Derivation[];
  readonly parts: readonly OnDemand[];
  keys: readonly Uint8Array<ArrayBuffer>[];
}

/** Takes the next form of the password and says what it derives. */
export function nextTry(target: Target, password: Password): Try {
  const [form, ...rest] = target.forms as [PasswordForm, ...PasswordForm[]];
  target.forms = rest;
  const { kdf, cipher } = target;
  return {
    target,
    form,
    derivations: derivationsFor(kdf, cipher, password.form(form)),
    parts: partsFor(kdf, cipher),
    keys: [],
  };
}

/** Hands derived strings, in order, to the tries that asked for them. */
export function deal(tries: readonly Try[], keys: readonly Uint8Array<ArrayBuffer>[]): void {
  let at = 0;
  for (const attempt of tries) {
    attempt.keys = keys.slice(at, at + attempt.derivations.length);
    at += attempt.derivations.length;
  }
}
