/**
 * The emulator's keys in a wallet: every version of a key is a master key there, and its tag says of which key it is the version,
 * that key's alias and state. A ciphertext names its version, so that it opens by itself:
 *
 *   "KWEM" | format 1 u8 | nonce (16) | MKID of the version (16) | RFC 5649 wrapping, under
 *   HKDF-SHA256(subkey of the version, salt = nonce, info = EncryptionContext)
 *
 * Layer: kms/emulator, Node only.
 */
import { randomUUID } from 'node:crypto';
import { concatBytes, encodeUtf8 } from '../../bytes.ts';
import { hkdf, unwrapKeyPadded, wrapKeyPadded } from '../../core/index.ts';
import { KeywardError } from '../../errors.ts';
import { formatKeyId, type MasterKeyInfo, type Wallet } from '../../wallet/index.ts';
import { Refusal } from './refusal.ts';

/** States of a key. */
export type CmkState = 'Enabled' | 'Disabled' | 'PendingDelete' | 'PendingImport' | 'Archived';

/** A key of the emulator, without its bytes. */
export interface Cmk {
  readonly keyId: string;
  readonly alias: string;
  readonly state: CmkState;
  readonly created: Date;
  /** From 1; `rotate` makes the next. */
  readonly version: number;
}

/** A wallet and how it is changed: in memory, or in its file. */
export interface WalletHolder {
  readonly wallet: Wallet;
  /** Makes a change and keeps it: where there is a file, in the file. */
  change(edit: (wallet: Wallet) => unknown): Promise<unknown>;
}

interface VersionTag {
  readonly cmk: string;
  readonly alias: string;
  readonly state: CmkState;
  readonly version: number;
}

interface KeptCmk extends Cmk {
  /** Newest last. */
  readonly versions: readonly MasterKeyInfo[];
}

const MAGIC = /* @__PURE__ */ Uint8Array.of(0x4b, 0x57, 0x45, 0x4d, 1);
const NONCE_BYTES = 16;
const MKID_BYTES = 16;
const HEAD_BYTES = 5 + NONCE_BYTES + MKID_BYTES;

/** Keys, found, made, changed and used. */
export class CmkStore {
  readonly #holder: WalletHolder;

  constructor(holder: WalletHolder) {
    this.#holder = holder;
  }

  /** All keys, oldest first. */
  get keys(): readonly Cmk[] {
    return [...this.#all().values()].map(({ versions: _, ...cmk }) => cmk);
  }

  /** Makes a key. @returns its identifier */
  async create(alias = '', keyId: string = randomUUID()): Promise<string> {
    const tag: VersionTag = { cmk: keyId, alias, state: 'Enabled', version: 1 };
    await this.#holder.change((wallet) => wallet.createKey({ keyTag: JSON.stringify(tag) }));
    return keyId;
  }

  /** Makes the next version of a key; the earlier ones still decrypt. */
  async rotate(keyId: string): Promise<void> {
    const { alias, state, version } = this.find(keyId);
    const tag: VersionTag = { cmk: keyId, alias, state, version: version + 1 };
    await this.#holder.change((wallet) => wallet.createKey({ keyTag: JSON.stringify(tag) }));
  }

  /** Puts a key into a state. */
  async setState(keyId: string, state: CmkState): Promise<void> {
    const { alias, version, versions } = this.find(keyId);
    const newest = versions.at(-1) as MasterKeyInfo;
    const tag: VersionTag = { cmk: keyId, alias, state, version };
    await this.#holder.change((wallet) => wallet.setKeyTag(newest.keyId, JSON.stringify(tag)));
  }

  /** @throws {Refusal} ResourceUnavailable.CmkNotFound */
  find(keyId: string): KeptCmk {
    const cmk = this.#all().get(keyId);
    if (cmk === undefined) throw new Refusal('ResourceUnavailable.CmkNotFound', 'the CMK does not exist');
    return cmk;
  }

  /** Encrypts 1 to 4,096 bytes under the newest version of a key; `context` is the text of the EncryptionContext. */
  encrypt(keyId: string, plaintext: Uint8Array, context: string): Uint8Array<ArrayBuffer> {
    const newest = this.find(keyId).versions.at(-1) as MasterKeyInfo;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const kek = this.#kek(newest.keyId, nonce, context);
    try {
      return concatBytes(MAGIC, nonce, newest.mkid, wrapKeyPadded(kek, plaintext));
    } finally {
      kek.fill(0);
    }
  }

  /** The key that made a ciphertext. @throws {Refusal} InvalidParameterValue.InvalidCiphertext */
  keyOf(ciphertext: Uint8Array): { readonly cmk: Cmk; readonly isNewest: boolean } {
    const id = this.#versionOf(ciphertext);
    for (const cmk of this.#all().values())
      if (cmk.versions.some(({ keyId }) => keyId === id)) return { cmk, isNewest: cmk.versions.at(-1)?.keyId === id };
    throw invalidCiphertext();
  }

  /** Decrypts; the result is the caller's to wipe. @throws {Refusal} InvalidParameterValue.InvalidCiphertext */
  decrypt(ciphertext: Uint8Array, context: string): Uint8Array<ArrayBuffer> {
    this.keyOf(ciphertext);
    const kek = this.#kek(this.#versionOf(ciphertext), ciphertext.subarray(5, 5 + NONCE_BYTES), context);
    try {
      return unwrapKeyPadded(kek, ciphertext.subarray(HEAD_BYTES));
    } catch (error) {
      throw error instanceof KeywardError ? invalidCiphertext() : error;
    } finally {
      kek.fill(0);
    }
  }

  #versionOf(ciphertext: Uint8Array): string {
    if (ciphertext.length <= HEAD_BYTES || !MAGIC.every((byte, i) => ciphertext[i] === byte)) throw invalidCiphertext();
    return formatKeyId(ciphertext.subarray(5 + NONCE_BYTES, HEAD_BYTES));
  }

  #kek(versionId: string, nonce: Uint8Array, context: string): Uint8Array<ArrayBuffer> {
    using subkey = this.#holder.wallet.deriveSubkey(versionId, 'data-key');
    return hkdf('sha256', { key: subkey.expose(), salt: nonce, info: encodeUtf8(context), lengthBytes: 32 });
  }

  #all(): ReadonlyMap<string, KeptCmk> {
    const found = new Map<string, KeptCmk>();
    for (const key of this.#holder.wallet.masterKeys) {
      if (key.keyTag === null || !key.keyTag.startsWith('{"cmk":')) continue;
      const { cmk, alias, state, version } = JSON.parse(key.keyTag) as VersionTag;
      const earlier = found.get(cmk);
      found.set(cmk, {
        keyId: cmk,
        alias,
        state,
        version,
        created: earlier?.created ?? key.created,
        versions: [...(earlier?.versions ?? []), key].sort((a, b) => versionOf(a) - versionOf(b)),
      });
    }
    for (const [id, cmk] of found) {
      const { alias, state, version } = JSON.parse(cmk.versions.at(-1)?.keyTag as string) as VersionTag;
      found.set(id, { ...cmk, alias, state, version });
    }
    return found;
  }
}

function versionOf(key: MasterKeyInfo): number {
  return (JSON.parse(key.keyTag as string) as VersionTag).version;
}

function invalidCiphertext(): Refusal {
  return new Refusal('InvalidParameterValue.InvalidCiphertext', 'the ciphertext is not valid');
}
