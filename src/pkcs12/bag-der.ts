/**
 * Bags to DER: opened ones as they stand, new ones built, encrypted contents made when the keys are there. Layer: pkcs12.
 *
 * SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY, bagAttributes SET OF PKCS12Attribute OPTIONAL }
 */
import { encodeUtf8 } from '../bytes.ts';
import { DER, type KeyBytes } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { EncryptionInfo } from './algorithm.ts';
import { encodeAttributes, type NewAttributes } from './attribute.ts';
import { type Bag, formatBag } from './bag.ts';
import { type BagInput, isOpenedBag, type NewBag } from './contents.ts';
import {
  assertDer,
  type DerNode,
  element,
  encodeDer,
  explicit,
  objectIdentifier,
  octetString,
  primitive,
  sequence,
} from './der.ts';
import { AES_KEY, BAG, BAG_TYPE } from './oids.ts';
import { assertPrivateKey, encodeSecretKey } from './private-key.ts';
import { type Seal, sealBytes } from './seal.ts';

/** Plans the bags of one file. Each plan is a function that writes the bag once all keys are derived. */
export class BagEncoder {
  /** Encryptions of bags that are written as they stand. */
  readonly kept: EncryptionInfo[] = [];
  /** Encryptions of the bags that are made. */
  readonly seals: Seal[] = [];
  readonly #sealFor: (bag: string) => Seal;
  readonly #keepsOpened: boolean;

  /**
   * @param sealFor plans the encryption of a bag, which is named for errors
   * @param keepsOpened opened bags are written byte for byte; else their encrypted contents are encrypted anew
   */
  constructor(sealFor: (bag: string) => Seal, keepsOpened: boolean) {
    this.#sealFor = sealFor;
    this.#keepsOpened = keepsOpened;
  }

  /** Plans a bag. @throws {UsageError} ERR_BAG_LOCKED, ERR_BAG */
  plan(bag: BagInput): () => DerNode {
    if (!isOpenedBag(bag)) return this.#planNew(bag);
    if (this.#keepsOpened || !hasSealed(bag)) {
      this.noteKept([bag]);
      const { der } = bag;
      return () => der.expose();
    }
    return this.#planNew(renew(bag));
  }

  /** Counts the encryptions of bags that stay as they are. */
  noteKept(bags: readonly Bag[]): void {
    for (const bag of bags) {
      if (bag.kind === 'shrouded-key' || bag.kind === 'java-secret') this.kept.push(bag.encryption);
      if (bag.kind === 'safe-contents') this.noteKept(bag.bags);
    }
  }

  #planNew(bag: NewBag): () => DerNode {
    const attributes = encodeAttributes(bag);
    const make = (bagId: string, value: () => DerNode) => (): DerNode =>
      sequence(objectIdentifier(bagId), explicit(0, value()), ...(attributes === null ? [] : [attributes]));
    switch (bag.kind) {
      case 'key':
        assertPrivateKey(bytesOf(bag.privateKey));
        return make(BAG.KEY, () => bytesOf(bag.privateKey));
      case 'shrouded-key': {
        assertPrivateKey(bytesOf(bag.privateKey));
        const seal = this.#seal('a private key');
        return make(BAG.SHROUDED_KEY, () => encryptedPrivateKey(seal, bytesOf(bag.privateKey)));
      }
      case 'certificate':
        return make(BAG.CERTIFICATE, () => typed(BAG_TYPE.X509_CERTIFICATE, octetString(bag.certificate)));
      case 'crl':
        return make(BAG.CRL, () => typed(BAG_TYPE.X509_CRL, octetString(bag.crl)));
      case 'java-secret': {
        const seal = this.#seal('a secret key');
        return make(BAG.SECRET, () => typed(BAG.SHROUDED_KEY, element(DER.OCTET_STRING, encryptedSecret(seal, bag))));
      }
      case 'oracle-secret': {
        const alias = primitive(DER.UTF8_STRING, encodeUtf8(bag.alias));
        return make(BAG.SECRET, () =>
          typed(BAG_TYPE.ORACLE_SECRET, sequence(alias, primitive(DER.UTF8_STRING, bytesOf(bag.value)))),
        );
      }
      case 'other-secret':
        assertDer(bytesOf(bag.value), 'secretValue');
        return make(BAG.SECRET, () => typed(bag.secretType, bytesOf(bag.value)));
      case 'safe-contents': {
        const inner = bag.bags.map((b) => this.plan(b));
        return make(BAG.SAFE_CONTENTS, () => sequence(...inner.map((write) => write())));
      }
      case 'unknown':
        assertDer(bytesOf(bag.value), 'bagValue');
        return make(bag.bagId, () => bytesOf(bag.value));
      default:
        throw new UsageError('ERR_BAG', `unknown kind of bag "${(bag as { kind: string }).kind}"`);
    }
  }

  #seal(what: string): Seal {
    const seal = this.#sealFor(what);
    this.seals.push(seal);
    return seal;
  }
}

/** Says whether an opened bag has encrypted contents. */
function hasSealed(bag: Bag): boolean {
  if (bag.kind === 'safe-contents') return bag.bags.some(hasSealed);
  return bag.kind === 'shrouded-key' || bag.kind === 'java-secret';
}

/** An opened bag as a new one, with the same contents and attributes. @throws {UsageError} ERR_BAG_LOCKED */
function renew(bag: Bag): NewBag {
  const attributes: NewAttributes = { attributes: bag.attributes };
  if (bag.kind === 'safe-contents') return { ...attributes, kind: 'safe-contents', bags: bag.bags };
  if (bag.kind === 'shrouded-key' && bag.privateKey !== null) {
    return { ...attributes, kind: 'shrouded-key', privateKey: bag.privateKey.der };
  }
  if (bag.kind === 'java-secret' && bag.secretKey !== null) {
    const { algorithm, bytes } = bag.secretKey;
    return { ...attributes, kind: 'java-secret', algorithm, secretKey: bytes };
  }
  throw new UsageError('ERR_BAG_LOCKED', `${formatBag(bag)} was not opened, so it cannot be put under a new password`, {
    hint: 'decrypt it first, or rewrite the file with its session, which leaves it as it is',
  });
}

/** SEQUENCE { type OBJECT IDENTIFIER, value [0] EXPLICIT ANY }: CertBag, CRLBag and SecretBag alike. */
function typed(type: string, value: DerNode): DerNode {
  return sequence(objectIdentifier(type), explicit(0, value));
}

function encryptedSecret(seal: Seal, bag: NewBag & { readonly kind: 'java-secret' }): DerNode {
  const plaintext = encodeDer(encodeSecretKey(bag.algorithm ?? AES_KEY, bytesOf(bag.secretKey)));
  try {
    return encryptedPrivateKey(seal, plaintext);
  } finally {
    plaintext.fill(0);
  }
}

/* EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } */
function encryptedPrivateKey(seal: Seal, plaintext: Uint8Array): DerNode {
  return sequence(seal.encryption.der, octetString(sealBytes(seal, plaintext)));
}

function bytesOf(key: KeyBytes): Uint8Array {
  return key instanceof Secret ? key.expose() : key;
}
