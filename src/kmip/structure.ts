/**
 * Single structures of the protocol, outside of a message: for what is stored, or wrapped. Layer: kmip.
 */
import { writeLargeTtlv } from '../core/index.ts';
import { readTtlv, Tag } from '../ttlv/index.ts';
import type { KmipVersion } from './base.ts';
import { Decoder } from './decode.ts';
import { Encoder } from './encode.ts';
import type {
  Certificate,
  KeyBlock,
  OpaqueObject,
  PGPKey,
  PrivateKey,
  PublicKey,
  SecretData,
  SplitKey,
  SymmetricKey,
  Template,
  TemplateAttribute,
} from './generated/structures.ts';

/** The structures that can stand alone, by the name of their tag. */
export interface LoneStructures {
  readonly TemplateAttribute: TemplateAttribute;
  readonly KeyBlock: KeyBlock;
  readonly Certificate: Certificate;
  readonly SymmetricKey: SymmetricKey;
  readonly PublicKey: PublicKey;
  readonly PrivateKey: PrivateKey;
  readonly SplitKey: SplitKey;
  readonly Template: Template;
  readonly SecretData: SecretData;
  readonly OpaqueObject: OpaqueObject;
  readonly PGPKey: PGPKey;
}

/**
 * Encodes a structure as a TTLV item under its own tag.
 *
 * @returns the item, header included, which holds what secrets the structure holds; the caller's to wipe
 * @throws as `encodeRequest`
 */
export function encodeStructure<N extends keyof LoneStructures>(
  name: N,
  value: LoneStructures[N],
  version: KmipVersion = '1.4',
): Uint8Array<ArrayBuffer> {
  return writeLargeTtlv((writer) => {
    new Encoder(writer, version, 'response').structure(Tag[name], name, value, name);
  });
}

/**
 * Decodes a structure from a TTLV item; the caller's bytes are not changed. Byte strings are copies, the caller's to wipe.
 *
 * @throws as `decodeRequest`
 */
export function decodeStructure<N extends keyof LoneStructures>(
  name: N,
  item: Uint8Array,
  version: KmipVersion = '1.4',
): LoneStructures[N] {
  return readTtlv(item, (m) => {
    if (m.tag(m.root) !== Tag[name]) throw m.fault(m.root, 'ERR_KMIP_TYPE', `not a ${name}`);
    return new Decoder(m, { version, strict: false, side: 'response' }).structure(m.root, name) as never;
  });
}
