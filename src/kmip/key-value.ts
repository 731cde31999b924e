/** A Key Value on its own: what is wrapped with TTLV Encoding (KMIP 1.4, section 2.1.6). Layer: kmip. */
import { writeLargeTtlv } from '../core/index.ts';
import { type KeyFormatType, readTtlv, Tag } from '../ttlv/index.ts';
import type { KmipVersion, Token } from './base.ts';
import { Decoder } from './decode.ts';
import { Encoder } from './encode.ts';
import type { KeyValue } from './generated/structures.ts';

/** Encodes a Key Value item, header included. The bytes are the caller's to wipe. @throws as `encodeRequest` */
export function encodeKeyValue(
  value: KeyValue,
  format: Token<typeof KeyFormatType>,
  version: KmipVersion = '1.4',
): Uint8Array<ArrayBuffer> {
  return writeLargeTtlv((writer) => new Encoder(writer, version, 'response').keyValue(value, format));
}

/** Decodes a Key Value item. Its byte strings are copies. @throws as `decodeResponse` */
export function decodeKeyValue(bytes: Uint8Array, format: Token<typeof KeyFormatType>): KeyValue {
  return readTtlv(bytes, (m) => {
    if (m.tag(m.root) !== Tag.KeyValue) throw m.fault(m.root, 'ERR_KMIP_MESSAGE', 'not a Key Value');
    const decoder = new Decoder(m, { version: '1.4', strict: false, side: 'response' });
    try {
      return decoder.keyValue(m.root, format) as unknown as KeyValue;
    } catch (error) {
      decoder.wipe();
      throw error;
    }
  });
}
