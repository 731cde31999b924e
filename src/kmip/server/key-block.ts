/**
 * Key blocks in the Key Format Type that a client asks for (KMIP 1.4, 2.1.3). Layer: kmip/server, Node only.
 */
import type { KeyBlock, KeyValue } from '../index.ts';
import type { Context } from './context.ts';
import {
  type FormattedKey,
  formatPrivateKey,
  formatPublicKey,
  type Material,
  privateKeyOf,
  publicKeyOf,
  rawBytesOf,
} from './crypto/key-format.ts';
import { formattedKeyOf, keepBytes } from './object-material.ts';
import { refuse } from './refusal.ts';

/** Converts a key block; without a format, or in the one that it has, it stays byte for byte. */
export function convertKeyBlock(
  context: Context,
  objectType: string,
  block: KeyBlock,
  keyFormatType: KeyBlock['keyFormatType'] | undefined,
): KeyBlock {
  const plain = forVersion(context, block);
  if (keyFormatType === undefined || keyFormatType === block.keyFormatType || block.keyValue === undefined)
    return plain;
  const material = convert(objectType, formattedKeyOf(block), keyFormatType);
  keepBytes(context, material);
  return { ...plain, keyFormatType, keyValue: { keyMaterial: material } as KeyValue };
}

function convert(objectType: string, key: FormattedKey, format: string | number): Material {
  if (objectType === 'PrivateKey') return formatPrivateKey(privateKeyOf(key), format);
  if (objectType === 'PublicKey') return formatPublicKey(publicKeyOf(key), format);
  const bytes = rawBytesOf(key).slice();
  if (format === 'TransparentSymmetricKey' && objectType === 'SymmetricKey') return { key: bytes };
  // Secrets are Opaque to some clients and Raw to others: they are the same bytes.
  if (format === 'Raw' || (format === 'Opaque' && objectType === 'SecretData')) return bytes;
  return refuse('KeyFormatTypeNotSupported', 'the object has no such format');
}

/** EC came with 1.2 for what was ECDSA before (KMIP 1.2, 9.1.3.2.13). */
function forVersion(context: Context, block: KeyBlock): KeyBlock {
  return block.cryptographicAlgorithm === 'EC' && context.version < '1.2'
    ? { ...block, cryptographicAlgorithm: 'ECDSA' }
    : block;
}
