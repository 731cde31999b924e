/** Create (KMIP 1.4, 4.1): generates a symmetric key. */
import type { Context, Handler } from '../context.ts';
import { assertUsageMask, makeObject } from '../new-object.ts';
import { refuse } from '../refusal.ts';
import { gatherAttributes } from '../template.ts';

/** Create. */
export const create: Handler<'Create'> = {
  run({ objectType, templateAttribute }, context) {
    if (objectType !== 'SymmetricKey') refuse('InvalidField', 'Create makes symmetric keys');
    const attributes = gatherAttributes(context, templateAttribute);
    assertUsageMask(attributes);
    const algorithm = attributes.get('Cryptographic Algorithm');
    if (algorithm === undefined) return refuse('InvalidField', 'the Cryptographic Algorithm is missing');
    const bits = attributes.get('Cryptographic Length') ?? DEFAULT_BITS[algorithm];
    if (bits === undefined) return refuse('InvalidField', 'the Cryptographic Length is missing');
    const uniqueIdentifier = makeSymmetricKey(context, { attributes, algorithm, bits });
    context.placeholder = uniqueIdentifier;
    return { objectType, uniqueIdentifier };
  },
};

/** Generates a key and makes an object of it. */
export function makeSymmetricKey(
  context: Context,
  key: Pick<Parameters<typeof makeObject>[1], 'attributes'> & {
    readonly algorithm: string | number;
    readonly bits: number;
    readonly uniqueIdentifier?: string;
  },
): string {
  const { attributes, algorithm, bits } = key;
  const keyMaterial = context.wipeLater(context.server.randomBytes(keyLengthBytes(algorithm, bits)));
  return makeObject(context, {
    objectType: 'SymmetricKey',
    attributes,
    generated: true,
    fields: {
      symmetricKey: {
        keyBlock: {
          keyFormatType: 'Raw',
          keyValue: { keyMaterial },
          cryptographicAlgorithm: algorithm as 'AES',
          cryptographicLength: bits,
        },
      },
    },
    ...(key.uniqueIdentifier !== undefined && { uniqueIdentifier: key.uniqueIdentifier }),
  });
}

/** Bytes of a key of this algorithm and length. Refuses lengths that the algorithm does not have. */
export function keyLengthBytes(algorithm: string | number, bits: number): number {
  const lengths = LENGTHS[algorithm];
  if (lengths !== undefined)
    return lengths[bits] ?? refuse('InvalidField', 'the Cryptographic Length is not one of this algorithm');
  if (NOT_SYMMETRIC.has(algorithm)) refuse('InvalidField', 'the Cryptographic Algorithm is not symmetric');
  if (bits < 8 || bits > MAX_BITS || bits % 8 !== 0) refuse('InvalidField', 'the Cryptographic Length is out of range');
  return bits / 8;
}

const MAX_BITS = 65_536;

/** Bytes by Cryptographic Length. 3DES counts with and without its parity bits. */
const LENGTHS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  AES: { 128: 16, 192: 24, 256: 32 },
  DES: { 56: 8, 64: 8 },
  DES3: { 112: 16, 128: 16, 168: 24, 192: 24 },
  Camellia: { 128: 16, 192: 24, 256: 32 },
  ARIA: { 128: 16, 192: 24, 256: 32 },
  SKIPJACK: { 80: 10 },
  ChaCha20: { 256: 32 },
  ChaCha20Poly1305: { 256: 32 },
  Poly1305: { 256: 32 },
};

const DEFAULT_BITS: Readonly<Record<string, number>> = { AES: 256, DES3: 168, ChaCha20: 256, ChaCha20Poly1305: 256 };

const NOT_SYMMETRIC: ReadonlySet<string | number> = /* @__PURE__ */ new Set([
  'RSA',
  'DSA',
  'ECDSA',
  'EC',
  'DH',
  'ECDH',
  'ECMQV',
]);
