/**
 * A safe: one ContentInfo of the AuthenticatedSafe (RFC 7292 §4.1), as data. Layer: pkcs12.
 *
 * ContentInfo of type data holds SafeContents in the open, encryptedData holds it under a password; envelopedData (a public
 * key's) and others are named, not opened.
 */
import type { RawBag, RawSafe } from '../core/index.ts';
import { type KeywardError, UnsupportedError } from '../errors.ts';
import { describeEncryption, type EncryptionInfo } from './algorithm.ts';
import { type Bag, type BagContext, modelBag } from './bag.ts';
import { nameOid } from './oids.ts';

/** One safe of a file. */
export interface Safe {
  /** Its place in the file, from 0. */
  readonly index: number;
  readonly kind: 'data' | 'encrypted' | 'other';
  /** OID of its content type, and its name. */
  readonly contentType: string;
  readonly contentTypeName: string;
  /** How it is encrypted; null where it is not, or not by a password. */
  readonly encryption: EncryptionInfo | null;
  /** Its bags; null while it is closed. */
  readonly bags: readonly Bag[] | null;
  /** Why it cannot be opened, password or not; null where it can. */
  readonly failure: KeywardError | null;
  /** Its ContentInfo as it stands in the file. */
  readonly der: Uint8Array;
  /** Where that begins in the file; 0 where BER makes it impossible to say. */
  readonly offset: number;
}

/** A safe before it is opened: everything but the bags. */
export type ClosedSafe = Omit<Safe, 'bags'>;

/** Describes a safe. */
export function describeSafe(raw: RawSafe, index: number): ClosedSafe {
  const encryption = raw.algorithm === null ? null : describeEncryption(raw.algorithm);
  return {
    index,
    kind: raw.kind,
    contentType: raw.contentType,
    contentTypeName: nameOid(raw.contentType),
    encryption,
    failure: raw.kind === 'other' ? notOpened(raw.contentType) : (encryption?.failure ?? null),
    der: raw.der,
    offset: raw.offset,
  };
}

/** Adds the bags to a safe. */
export function modelSafe(safe: ClosedSafe, bags: readonly RawBag[] | null, context: BagContext): Safe {
  return { ...safe, bags: bags === null ? null : bags.map((bag) => modelBag(bag, context)) };
}

/** All bags of a list of safes, those inside SafeContentsBags included, in the order of the file. */
export function listBags(safes: readonly { readonly bags: readonly Bag[] | null }[]): readonly Bag[] {
  const all: Bag[] = [];
  for (const { bags } of safes) {
    for (const bag of bags ?? []) {
      all.push(bag);
      if (bag.kind === 'safe-contents') for (const inner of listBags([bag])) all.push(inner);
    }
  }
  return all;
}

function notOpened(contentType: string): UnsupportedError {
  const name = nameOid(contentType);
  return new UnsupportedError(
    'ERR_UNSUPPORTED_SAFE',
    `a safe of type ${name} is not opened with a password`,
    contentType,
  );
}
