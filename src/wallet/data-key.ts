/**
 * Data keys wrapped under a master key, as envelopes that say which master key they need:
 *
 *   "KWDK" | version 1 u8 | flags u8 | MKID (16) | wrapped key
 *   flags: bit 0 = a context entered the derivation · bit 1 = wrapped with padding (RFC 5649), else RFC 3394
 *
 * A master key never wraps anything itself: HKDF-SHA256 makes a subkey of it per purpose, and of the `data-key` subkey one
 * per context. A wrong context, a foreign envelope and a changed byte all fail alike. Layer: wallet, universal.
 */
import { concatBytes, encodeUtf8 } from '../bytes.ts';
import { hkdf, unwrapKey, unwrapKeyPadded, unwrapKeys, wrapKey, wrapKeyPadded, wrapKeys } from '../core/index.ts';
import { AuthenticationError, FormatError, UsageError } from '../errors.ts';
import { formatKeyId, MKID_BYTES } from './key-id.ts';

/** What subkeys are made for. */
export const PURPOSE = { dataKey: 'data-key', serverObject: 'server-object', serverMac: 'server-mac' } as const;
/** One of the purposes. */
export type Purpose = (typeof PURPOSE)[keyof typeof PURPOSE];

const MAGIC = 'KWDK';
const VERSION = 1;
const FLAG = { context: 1, padded: 2 } as const;
const HEAD_BYTES = 6 + MKID_BYTES;
const SUBKEY_BYTES = 32;
/** Largest data key. */
const MAX_DATA_KEY_BYTES = 4096;

/** An envelope taken apart; no key is needed for that. */
export interface DataKeyEnvelope {
  /** KEY_ID of the master key that opens it. */
  readonly keyId: string;
  /** 16 bytes. */
  readonly mkid: Uint8Array;
  readonly hasContext: boolean;
  readonly padded: boolean;
  /** The data key, wrapped (RFC 3394 or, where `padded`, RFC 5649). */
  readonly wrapped: Uint8Array;
}

/** Derives the subkey of a master key (32 bytes) for one purpose: 32 bytes, the caller's to wipe. */
export function deriveSubkey(masterKey: Uint8Array, purpose: Purpose): Uint8Array<ArrayBuffer> {
  return hkdf('sha256', {
    key: masterKey,
    salt: new Uint8Array(0),
    info: encodeUtf8(`keyward/v1/${purpose}`),
    lengthBytes: SUBKEY_BYTES,
  });
}

/** Takes an envelope apart. @throws {FormatError} ERR_DATA_KEY_ENVELOPE with the offset of the fault */
export function parseDataKeyEnvelope(envelope: Uint8Array): DataKeyEnvelope {
  const flags = checkedFlags(envelope);
  const mkid = envelope.slice(6, HEAD_BYTES);
  return {
    keyId: formatKeyId(mkid),
    mkid,
    hasContext: (flags & FLAG.context) !== 0,
    padded: (flags & FLAG.padded) !== 0,
    wrapped: envelope.slice(HEAD_BYTES),
  };
}

/** Checks the form of an envelope; returns its flags. @throws {FormatError} ERR_DATA_KEY_ENVELOPE */
function checkedFlags(envelope: Uint8Array): number {
  for (let i = 0; i < MAGIC.length; i++) if (envelope[i] !== MAGIC.charCodeAt(i)) throw malformed(i);
  if (envelope[4] !== VERSION) throw malformed(4);
  const flags = envelope[5];
  if (flags === undefined || flags > 3) throw malformed(5);
  if (envelope.length < HEAD_BYTES + 16 || (envelope.length - HEAD_BYTES) % 8 !== 0) throw malformed(envelope.length);
  return flags;
}

/** Wraps one data key (1 to 4,096 bytes). @throws {UsageError} ERR_DATA_KEY_LENGTH */
export function wrapDataKey(
  masterKey: Uint8Array,
  mkid: Uint8Array,
  dataKey: Uint8Array,
  context: Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  if (dataKey.length < 1 || dataKey.length > MAX_DATA_KEY_BYTES) {
    throw new UsageError(
      'ERR_DATA_KEY_LENGTH',
      `a data key has 1 to ${MAX_DATA_KEY_BYTES} bytes, not ${dataKey.length}`,
    );
  }
  const padded = needsPadding(dataKey.length);
  return withContextKey(masterKey, context, (kek) =>
    concatBytes(
      envelopeHead(mkid, context !== null, padded),
      padded ? wrapKeyPadded(kek, dataKey) : wrapKey(kek, dataKey),
    ),
  );
}

/**
 * Unwraps one data key; the result is the caller's to wipe.
 *
 * @throws {AuthenticationError} ERR_DATA_KEY when key, context or bytes are not those of the wrapping
 */
export function unwrapDataKey(
  masterKey: Uint8Array,
  envelope: DataKeyEnvelope,
  context: Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  if (envelope.hasContext !== (context !== null)) throw wrongKey();
  return withContextKey(masterKey, context, (kek) => {
    try {
      return envelope.padded ? unwrapKeyPadded(kek, envelope.wrapped) : unwrapKey(kek, envelope.wrapped);
    } catch (error) {
      throw error instanceof AuthenticationError ? wrongKey() : error;
    }
  });
}

/** Envelopes that a batch can take together: one master key, one length, one form. */
export interface EnvelopeGroup {
  readonly keyId: string;
  readonly padded: boolean;
  /** Their places among all. */
  readonly indices: readonly number[];
}

/**
 * Groups envelopes; those that differ from `hasContext` are in no group.
 *
 * @throws {FormatError} ERR_DATA_KEY_ENVELOPE
 */
export function groupEnvelopes(envelopes: readonly Uint8Array[], hasContext: boolean): readonly EnvelopeGroup[] {
  const groups = new Map<string, EnvelopeGroup & { readonly indices: number[] }>();
  // Most envelopes are like the one before them, so their heads are compared before anything is made of them.
  let like: Uint8Array | undefined;
  let current: number[] = [];
  for (let index = 0; index < envelopes.length; index++) {
    const envelope = envelopes[index] as Uint8Array;
    if (like === undefined || !sameForm(like, envelope)) {
      const { keyId, padded, hasContext: own, wrapped } = parseDataKeyEnvelope(envelope);
      const name = `${keyId} ${own} ${padded} ${wrapped.length}`;
      let group = groups.get(name);
      if (group === undefined) {
        group = { keyId, padded, indices: [] };
        if (own === hasContext) groups.set(name, group);
      }
      like = envelope;
      current = group.indices;
    }
    current.push(index);
  }
  return [...groups.values()];
}

function sameForm(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < HEAD_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Wraps the envelopes at some of a group's places anew, and puts them into `out` at the same places; those that fail are left out.
 * `from` and `to` are subkeys of the purpose `data-key`, or of their context.
 */
export function rewrapBatch(
  from: Uint8Array,
  to: Uint8Array,
  newHead: Uint8Array,
  envelopes: readonly Uint8Array[],
  indices: readonly number[],
  out: (Uint8Array<ArrayBuffer> | null)[],
): void {
  const count = indices.length;
  const envelopeBytes = (envelopes[indices[0] as number] as Uint8Array).length;
  const wrappedBytes = envelopeBytes - HEAD_BYTES;
  const keyBytes = wrappedBytes - 8;
  // Envelopes stand in `flat` so that the wrapped keys touch: the head of each lies over the end of the one before, which is written
  // after it. So each is copied whole, without a view of its part.
  const flat = new Uint8Array(HEAD_BYTES + count * wrappedBytes);
  for (let i = count - 1; i >= 0; i--) flat.set(envelopes[indices[i] as number] as Uint8Array, i * wrappedBytes);
  const { keys, failed } = unwrapKeys(from, flat.subarray(HEAD_BYTES), keyBytes);
  try {
    const wrapped = wrapKeys(to, keys, keyBytes);
    const bad = new Set(failed);
    for (let i = 0; i < count; i++) {
      if (bad.has(i)) continue;
      const made = new Uint8Array(envelopeBytes);
      made.set(newHead);
      made.set(wrapped.subarray(i * wrappedBytes, (i + 1) * wrappedBytes), HEAD_BYTES);
      out[indices[i] as number] = made;
    }
  } finally {
    keys.fill(0);
  }
}

/** Wraps one envelope with padding anew; null where it fails. The rest is as for `rewrapBatch`. */
export function rewrapPadded(
  from: Uint8Array,
  to: Uint8Array,
  newHead: Uint8Array,
  envelope: Uint8Array,
): Uint8Array<ArrayBuffer> | null {
  let key: Uint8Array;
  try {
    key = unwrapKeyPadded(from, envelope.subarray(HEAD_BYTES));
  } catch (error) {
    if (error instanceof AuthenticationError) return null;
    throw error;
  }
  try {
    return concatBytes(newHead, wrapKeyPadded(to, key));
  } finally {
    key.fill(0);
  }
}

/** Derives the key that wraps under a context from the `data-key` subkey; without one, the subkey itself (a copy). */
export function deriveContextKey(subkey: Uint8Array, context: Uint8Array | null): Uint8Array<ArrayBuffer> {
  if (context === null) return new Uint8Array(subkey);
  return hkdf('sha256', { key: subkey, salt: new Uint8Array(0), info: context, lengthBytes: SUBKEY_BYTES });
}

function withContextKey<T>(masterKey: Uint8Array, context: Uint8Array | null, use: (kek: Uint8Array) => T): T {
  const subkey = deriveSubkey(masterKey, PURPOSE.dataKey);
  let kek: Uint8Array | undefined;
  try {
    kek = deriveContextKey(subkey, context);
    return use(kek);
  } finally {
    subkey.fill(0);
    kek?.fill(0);
  }
}

function needsPadding(keyLengthBytes: number): boolean {
  return keyLengthBytes < 16 || keyLengthBytes % 8 !== 0;
}

/** What stands before the wrapped key. */
export function envelopeHead(mkid: Uint8Array, hasContext: boolean, padded: boolean): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEAD_BYTES);
  out.set(encodeUtf8(MAGIC));
  out[4] = VERSION;
  out[5] = (hasContext ? FLAG.context : 0) | (padded ? FLAG.padded : 0);
  out.set(mkid, 6);
  return out;
}

function malformed(offset: number): FormatError {
  return new FormatError('ERR_DATA_KEY_ENVELOPE', `not a data key envelope: fault at offset ${offset}`, { offset });
}

function wrongKey(): AuthenticationError {
  return new AuthenticationError(
    'ERR_DATA_KEY',
    'the data key cannot be unwrapped: wrong master key or context, or the envelope was changed',
  );
}
