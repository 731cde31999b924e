/**
 * What a file is to contain, as the caller says it: safes with bags, opened ones or new ones. Layer: pkcs12.
 */
import type { KeyBytes } from '../core/index.ts';
import type { NewAttributes } from './attribute.ts';
import type { Bag } from './bag.ts';
import type { Safe } from './safe.ts';

/** A bag to be made. Bytes are copied; those of keys may be lent as a `Secret`. */
export type NewBag =
  | (NewAttributes & {
      /** keyBag: not encrypted by itself; belongs into an encrypted safe. */
      readonly kind: 'key';
      /** PrivateKeyInfo, DER. */
      readonly privateKey: KeyBytes;
    })
  | (NewAttributes & {
      readonly kind: 'shrouded-key';
      /** PrivateKeyInfo, DER. */
      readonly privateKey: KeyBytes;
    })
  | (NewAttributes & {
      readonly kind: 'certificate';
      /** The certificate, DER. */
      readonly certificate: Uint8Array;
    })
  | (NewAttributes & {
      readonly kind: 'crl';
      /** The list, DER. */
      readonly crl: Uint8Array;
    })
  | (NewAttributes & {
      /** A secretBag that Java reads as a SecretKeyEntry; `friendlyName` is its alias. */
      readonly kind: 'java-secret';
      /** The key itself; copied. */
      readonly secretKey: KeyBytes;
      /** OID of the key's algorithm. Default: AES. */
      readonly algorithm?: string;
    })
  | (NewAttributes & {
      /** A secretBag of Oracle's secret store; not encrypted by itself. */
      readonly kind: 'oracle-secret';
      readonly alias: string;
      /** The value's UTF-8 bytes. */
      readonly value: KeyBytes;
    })
  | (NewAttributes & {
      /** A secretBag of any type; not encrypted by itself. */
      readonly kind: 'other-secret';
      readonly secretType: string;
      /** The value, DER. */
      readonly value: KeyBytes;
    })
  | (NewAttributes & {
      readonly kind: 'safe-contents';
      readonly bags: readonly BagInput[];
    })
  | (NewAttributes & {
      readonly kind: 'unknown';
      readonly bagId: string;
      /** The value, DER. */
      readonly value: KeyBytes;
    });

/** A bag to be written: one of an opened file, as it stands, or a new one. */
export type BagInput = Bag | NewBag;

/** A safe to be made. */
export interface NewSafe {
  readonly bags: readonly BagInput[];
  /** False: leave it in the open. Default true. */
  readonly encrypt?: boolean;
  /** With a session: the opened safe whose key it takes. Default: the first that has one. */
  readonly like?: Safe;
}

/** A safe to be written: one of an opened file, or a new one. */
export type SafeInput = Safe | NewSafe;

/** What a file is to contain: safes, or bags that the profile puts into safes. */
export type PfxContents = { readonly safes: readonly SafeInput[] } | { readonly bags: readonly BagInput[] };

/** Says whether a bag comes from an opened file. */
export function isOpenedBag(bag: BagInput): bag is Bag {
  return 'der' in bag;
}

/** Says whether a safe comes from an opened file. */
export function isOpenedSafe(safe: SafeInput): safe is Safe {
  return 'der' in safe;
}
