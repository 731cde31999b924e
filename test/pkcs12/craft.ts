/** Builds PKCS#12 files that no writer would make, piece by piece, with MACs and encryption that are right unless asked otherwise. */
import { encodeUtf8 } from '../../src/bytes.ts';
import { encryptCbc, type HashName, hmac, pbkdf2Sync, pkcs12KdfSync } from '../../src/core/index.ts';
import {
  type DerNode,
  derNull,
  element,
  encodeDer,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  primitive,
  sequence,
} from '../../src/pkcs12/der.ts';
import { hashFacts } from '../../src/pkcs12/hashes.ts';
import { BAG, CONTENT, SCHEME } from '../../src/pkcs12/oids.ts';
import { Password } from '../../src/pkcs12/password.ts';

export const PASSWORD = 'open sesame';
export const SALT: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const IV = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 - i);

/** A bag: certBag with some bytes for a certificate. */
export function certBag(content: Uint8Array = Uint8Array.of(1, 2, 3), attributes: readonly DerNode[] = []): DerNode {
  const value = sequence(objectIdentifier('1.2.840.113549.1.9.22.1'), explicit(0, octetString(content)));
  return bag(BAG.CERTIFICATE, value, attributes);
}

/** A bag of any type. */
export function bag(bagId: string, value: DerNode, attributes: readonly DerNode[] = []): DerNode {
  const set = attributes.length === 0 ? [] : [element(0x31, ...attributes)];
  return sequence(objectIdentifier(bagId), explicit(0, value), ...set);
}

/** A plain safe. */
export function openSafe(...bags: readonly DerNode[]): DerNode {
  return sequence(objectIdentifier(CONTENT.DATA), explicit(0, element(0x04, sequence(...bags))));
}

export interface Pbes2Craft {
  readonly password?: string;
  readonly salt?: Uint8Array;
  /** What really runs. */
  readonly iterations?: number;
  /** What the file says, where that differs. */
  readonly statedIterations?: DerNode;
  readonly statedSalt?: DerNode;
  readonly statedKdf?: DerNode;
  readonly statedCipher?: DerNode;
  readonly prf?: DerNode;
  readonly keyLength?: DerNode;
  /** Ciphertext in place of the right one. */
  readonly ciphertext?: Uint8Array;
}

export const AES256 = '2.16.840.1.101.3.4.1.42';
export const aesCbc = (oid: string = AES256, iv: Uint8Array = IV): DerNode =>
  sequence(objectIdentifier(oid), octetString(iv));
export const hmacAlgorithm = (hash: HashName): DerNode =>
  sequence(objectIdentifier(hashFacts(hash).hmacOid), derNull());

/** PBES2 AlgorithmIdentifier and ciphertext over a plaintext: AES-256-CBC, PBKDF2-HMAC-SHA-256, 10 iterations. */
export function pbes2(plaintext: Uint8Array, craft: Pbes2Craft = {}): { algorithm: DerNode; ciphertext: Uint8Array } {
  const { password = PASSWORD, salt = SALT, iterations = 10 } = craft;
  const kdf = sequence(
    objectIdentifier(SCHEME.PBKDF2),
    sequence(
      craft.statedSalt ?? octetString(salt),
      craft.statedIterations ?? integer(iterations),
      ...(craft.keyLength ? [craft.keyLength] : []),
      craft.prf ?? hmacAlgorithm('sha256'),
    ),
  );
  const algorithm = sequence(
    objectIdentifier(SCHEME.PBES2),
    sequence(craft.statedKdf ?? kdf, craft.statedCipher ?? aesCbc()),
  );
  const key = pbkdf2Sync('sha256', encodeUtf8(password), salt, iterations, 32);
  return { algorithm, ciphertext: craft.ciphertext ?? encryptCbc(key, IV, plaintext) };
}

/** An encrypted safe over bags, or over any plaintext. */
export function sealedSafe(content: readonly DerNode[] | Uint8Array, craft: Pbes2Craft = {}): DerNode {
  const plaintext = content instanceof Uint8Array ? content : encodeDer(sequence(...content));
  const { algorithm, ciphertext } = pbes2(plaintext, craft);
  return encryptedSafe(algorithm, ciphertext);
}

/** An encrypted safe of any algorithm. */
export function encryptedSafe(algorithm: DerNode, ciphertext: Uint8Array): DerNode {
  const content = sequence(objectIdentifier(CONTENT.DATA), algorithm, primitive(0x80, ciphertext));
  return sequence(objectIdentifier(CONTENT.ENCRYPTED_DATA), explicit(0, sequence(integer(0), content)));
}

export interface PfxCraft {
  readonly password?: string | null;
  readonly hash?: HashName;
  readonly iterations?: number;
  readonly statedIterations?: DerNode;
  readonly digestAlgorithm?: DerNode;
  /** Changes the right digest. */
  readonly digest?: (right: Uint8Array) => Uint8Array;
  readonly withoutMac?: boolean;
  /** In place of SEQUENCE. */
  readonly macTag?: number;
  readonly version?: DerNode;
}

/** A file over safes, with a MAC of HMAC-SHA-256 and 10 iterations. */
export function makePfx(safes: readonly DerNode[], craft: PfxCraft = {}): Uint8Array<ArrayBuffer> {
  const { hash = 'sha256', iterations = 10 } = craft;
  const authSafe = encodeDer(sequence(...safes));
  const form = new Password(craft.password === undefined ? PASSWORD : craft.password);
  const bytes = form.form(form.pkcs12Forms()[0]!);
  const key = pkcs12KdfSync(hash, 3, bytes, SALT, iterations, hashFacts(hash).digestBytes);
  const right = hmac(hash, key, authSafe);
  const digestAlgorithm = craft.digestAlgorithm ?? sequence(objectIdentifier(hashFacts(hash).oid), derNull());
  const mac = element(
    craft.macTag ?? 0x30,
    sequence(digestAlgorithm, octetString(craft.digest?.(right) ?? right)),
    octetString(SALT),
    craft.statedIterations ?? integer(iterations),
  );
  const content = sequence(objectIdentifier(CONTENT.DATA), explicit(0, octetString(authSafe)));
  return encodeDer(sequence(craft.version ?? integer(3), content, ...(craft.withoutMac ? [] : [mac])));
}

/** PBMAC1 over the safes: HMAC-SHA-256 under PBKDF2-HMAC-SHA-256, 10 iterations. */
export function makePbmac1Pfx(
  safes: readonly DerNode[],
  craft: { readonly keyLengthBytes?: number; readonly keyLength?: DerNode | null; readonly password?: string } = {},
): Uint8Array<ArrayBuffer> {
  const { keyLengthBytes = 32, password = PASSWORD } = craft;
  const keyLength = craft.keyLength === null ? [] : [craft.keyLength ?? integer(keyLengthBytes)];
  const kdf = sequence(
    objectIdentifier(SCHEME.PBKDF2),
    sequence(octetString(SALT), integer(10), ...keyLength, hmacAlgorithm('sha256')),
  );
  const digestAlgorithm = sequence(objectIdentifier(SCHEME.PBMAC1), sequence(kdf, hmacAlgorithm('sha256')));
  const authSafe = encodeDer(sequence(...safes));
  const key = pbkdf2Sync('sha256', encodeUtf8(password), SALT, 10, keyLengthBytes);
  return makePfx(safes, { digestAlgorithm, digest: () => hmac('sha256', key, authSafe) });
}

/** A DER INTEGER with these contents. */
export function bigInteger(value: bigint): DerNode {
  return (writer) => writer.putInteger(value);
}

/** PrivateKeyInfo with some bytes for an EC key. */
export function privateKeyInfo(key: Uint8Array = Uint8Array.of(9, 9, 9)): Uint8Array<ArrayBuffer> {
  return encodeDer(sequence(integer(0), sequence(objectIdentifier('1.2.840.10045.2.1'), derNull()), octetString(key)));
}
