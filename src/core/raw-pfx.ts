/**
 * The parts of a PKCS#12 file as `parsePfxStructure` hands them on (RFC 7292): octets and identifiers, unjudged. All byte
 * strings are the caller's own; those of the bags of one SafeContents are views of one copy. Layer: core.
 */

/** AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
export interface RawAlgorithm {
  /** `algorithm`, dotted. */
  readonly oid: string;
  /** The whole AlgorithmIdentifier. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** `parameters` as a whole element, `null` when absent. */
  readonly parameters: Uint8Array<ArrayBuffer> | null;
}

/** PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY } */
export interface RawAttribute {
  /** `attrId`, dotted. */
  readonly oid: string;
  /** The whole attribute. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** `attrValues`, each a whole element. */
  readonly values: readonly Uint8Array<ArrayBuffer>[];
}

/** SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY, bagAttributes SET OF PKCS12Attribute OPTIONAL } */
export interface RawBag {
  /** `bagId`, dotted. */
  readonly bagId: string;
  /** Where it begins: in the file, or, where BER had to be rewritten around it, in the DER form of its SafeContents. */
  readonly offset: number;
  /** The whole SafeBag; byte for byte as read when that was DER. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** The element inside `bagValue [0]`. */
  readonly value: Uint8Array<ArrayBuffer>;
  readonly attributes: readonly RawAttribute[];
  /** The bags of a safeContentsBag, `null` for every other type. */
  readonly bags: readonly RawBag[] | null;
}

/** One ContentInfo of the AuthenticatedSafe. */
export interface RawSafe {
  /** `contentType`, dotted. */
  readonly contentType: string;
  /** `data` has bags, `encrypted` has an algorithm and a ciphertext, `other` (enveloped, signed, unknown) only `der`. */
  readonly kind: 'data' | 'encrypted' | 'other';
  /** Where it begins; as in `RawBag`. */
  readonly offset: number;
  /** The whole ContentInfo. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** null unless the safe is in the open. */
  readonly bags: readonly RawBag[] | null;
  /** null unless it is encrypted. */
  readonly algorithm: RawAlgorithm | null;
  /** The encryptedContent's octets; null unless it is encrypted. */
  readonly ciphertext: Uint8Array<ArrayBuffer> | null;
}

/** MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 } */
export interface RawMac {
  /** `mac.digestAlgorithm`. */
  readonly algorithm: RawAlgorithm;
  /** `mac.digest`. */
  readonly digest: Uint8Array<ArrayBuffer>;
  /** `macSalt`. */
  readonly salt: Uint8Array<ArrayBuffer>;
  /** 0 to 2^53 - 1; what is more, or less, is refused. */
  readonly iterations: number;
}

/** PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL } */
export interface RawPfx {
  /** Always 3. */
  readonly version: number;
  /** Of `authSafe`, dotted: data (password integrity) or signedData. */
  readonly contentType: string;
  /** The octets under the MAC: the contents of `authSafe`, chunks joined. For another type than data, the whole element. */
  readonly authSafe: Uint8Array<ArrayBuffer>;
  /** The safes; none when `contentType` is not data. */
  readonly safes: readonly RawSafe[];
  readonly mac: RawMac | null;
  /** True when any part that was read is BER and not DER. */
  readonly wasBer: boolean;
}
