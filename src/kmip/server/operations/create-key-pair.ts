/** Create Key Pair and Re-key Key Pair (KMIP 1.4, 4.2 and 4.5). */
import type { CreateKeyPairRequestPayload, KeyBlock, ReKeyKeyPairRequestPayload } from '../../index.ts';
import type { AttributeSet } from '../attributes.ts';
import type { Context, Handler } from '../context.ts';
import { formatPrivateKey, formatPublicKey } from '../crypto/key-format.ts';
import { generatePair, generatePairNow, type KeyPair, type PairPlan, planPair } from '../crypto/key-pair.ts';
import { type ManagedObject, openLiveObject } from '../managed-object.ts';
import { assertUsageMask, makeObject, newIdentifier } from '../new-object.ts';
import { keepBytes } from '../object-material.ts';
import { Refusal, refuse } from '../refusal.ts';
import { assertReplaceable, attributesOfReplacement, retire } from '../replacement.ts';
import { gatherAttributes } from '../template.ts';

/** Create Key Pair. */
export const createKeyPair: Handler<'CreateKeyPair'> = {
  async prepare(payload, context) {
    const { plan } = planCreation(payload, context);
    return { plan, pair: await generatePair(plan) };
  },
  run(payload, context, prepared) {
    const { plan, privateAttributes, publicAttributes } = planCreation(payload, context);
    const { pair } = prepared as { readonly pair: KeyPair };
    assertUsageMask(privateAttributes);
    assertUsageMask(publicAttributes);
    return makePair(context, plan, pair, privateAttributes, publicAttributes);
  },
};

interface Creation {
  readonly plan: PairPlan;
  readonly privateAttributes: AttributeSet;
  readonly publicAttributes: AttributeSet;
}

/** Common attributes are both keys'; their own stand above them. */
function planCreation(payload: CreateKeyPairRequestPayload, context: Context): Creation {
  const { commonTemplateAttribute: common } = payload;
  const privateAttributes = gatherAttributes(context, common, payload.privateKeyTemplateAttribute);
  const publicAttributes = gatherAttributes(context, common, payload.publicKeyTemplateAttribute);
  const [mine, other] = [privateAttributes, publicAttributes].map((set) => ({
    algorithm: set.get('Cryptographic Algorithm'),
    bits: set.get('Cryptographic Length'),
    curve: set.get('Cryptographic Domain Parameters')?.recommendedCurve,
  })) as [PairTraits, PairTraits];
  for (const name of ['algorithm', 'bits', 'curve'] as const)
    if (mine[name] !== undefined && other[name] !== undefined && mine[name] !== other[name])
      refuse('InvalidField', 'the two keys of a pair have the same algorithm, length and curve');
  const plan = planPair(mine.algorithm ?? other.algorithm, mine.bits ?? other.bits, mine.curve ?? other.curve);
  return { plan, privateAttributes, publicAttributes };
}

interface PairTraits {
  readonly algorithm: string | number | undefined;
  readonly bits: number | undefined;
  readonly curve: string | number | undefined;
}

/** Re-key Key Pair. */
export const reKeyKeyPair: Handler<'ReKeyKeyPair'> = {
  async prepare(payload, context) {
    try {
      const plan = planOf(openPair(payload, context).privateKey);
      return { plan, pair: await generatePair(plan) };
    } catch (error) {
      // An earlier item of the batch may be what makes the key: then it is generated when its turn has come.
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  },
  run(payload, context, prepared) {
    const { privateKey, publicKey } = openPair(payload, context);
    assertReplaceable(privateKey);
    assertReplaceable(publicKey);
    const plan = planOf(privateKey);
    const ready = prepared as { readonly plan: PairPlan; readonly pair: KeyPair } | undefined;
    const pair = ready?.plan.bits === plan.bits && ready.plan.curve === plan.curve ? ready.pair : generatePairNow(plan);
    const { offset, commonTemplateAttribute: common } = payload;
    const given = gatherAttributes(context, common, payload.privateKeyTemplateAttribute);
    const givenPublic = gatherAttributes(context, common, payload.publicKeyTemplateAttribute);
    const privateAttributes = attributesOfReplacement(context, privateKey, offset, given);
    const publicAttributes = attributesOfReplacement(context, publicKey, offset, givenPublic);
    return makePair(context, plan, pair, privateAttributes, publicAttributes, { privateKey, publicKey });
  },
};

interface OldPair {
  readonly privateKey: ManagedObject;
  readonly publicKey: ManagedObject;
}

function openPair(payload: ReKeyKeyPairRequestPayload, context: Context): OldPair {
  const privateKey = openLiveObject(context, payload.privateKeyUniqueIdentifier, 'own');
  if (privateKey.objectType !== 'PrivateKey') refuse('InvalidField', 'Re-key Key Pair names the private key');
  const link = privateKey.attributes.values('Link').find(({ linkType }) => linkType === 'PublicKeyLink');
  if (link === undefined) return refuse('ItemNotFound', 'the private key has no link to its public key');
  return { privateKey, publicKey: openLiveObject(context, link.linkedObjectIdentifier, 'own') };
}

function planOf({ attributes }: ManagedObject): PairPlan {
  const curve = attributes.get('Cryptographic Domain Parameters')?.recommendedCurve;
  return planPair(attributes.get('Cryptographic Algorithm'), attributes.get('Cryptographic Length'), curve);
}

/** Stores a pair, linked to each other and to the pair that it replaces. The private key is left in the ID Placeholder. */
function makePair(
  context: Context,
  plan: PairPlan,
  pair: KeyPair,
  privateAttributes: AttributeSet,
  publicAttributes: AttributeSet,
  old?: OldPair,
): { readonly privateKeyUniqueIdentifier: string; readonly publicKeyUniqueIdentifier: string } {
  const privateKeyUniqueIdentifier = newIdentifier(context);
  const publicKeyUniqueIdentifier = newIdentifier(context);
  privateAttributes.add('Link', { linkType: 'PublicKeyLink', linkedObjectIdentifier: publicKeyUniqueIdentifier });
  publicAttributes.add('Link', { linkType: 'PrivateKeyLink', linkedObjectIdentifier: privateKeyUniqueIdentifier });
  if (old !== undefined) {
    const { privateKey, publicKey } = old;
    for (const [key, attributes, replacement] of [
      [privateKey, privateAttributes, privateKeyUniqueIdentifier] as const,
      [publicKey, publicAttributes, publicKeyUniqueIdentifier] as const,
    ]) {
      attributes.add('Link', { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: key.uniqueIdentifier });
      retire(context, key, replacement);
    }
  }
  const rsa = plan.algorithm === 'RSA';
  const privateKey = blockOf(plan, rsa ? 'PKCS_1' : 'PKCS_8', (format) => formatPrivateKey(pair.privateKey, format));
  const publicKey = blockOf(plan, rsa ? 'PKCS_1' : 'X_509', (format) => formatPublicKey(pair.publicKey, format));
  keepBytes(context, privateKey);
  for (const attributes of [privateAttributes, publicAttributes]) settleTraits(attributes, plan);
  makeObject(context, {
    uniqueIdentifier: privateKeyUniqueIdentifier,
    objectType: 'PrivateKey',
    attributes: privateAttributes,
    fields: { privateKey: { keyBlock: privateKey } },
    generated: true,
  });
  makeObject(context, {
    uniqueIdentifier: publicKeyUniqueIdentifier,
    objectType: 'PublicKey',
    attributes: publicAttributes,
    fields: { publicKey: { keyBlock: publicKey } },
    generated: true,
  });
  context.placeholder = privateKeyUniqueIdentifier;
  return { privateKeyUniqueIdentifier, publicKeyUniqueIdentifier };
}

function blockOf(plan: PairPlan, format: 'PKCS_1' | 'PKCS_8' | 'X_509', write: (format: string) => unknown): KeyBlock {
  return {
    keyFormatType: format,
    keyValue: { keyMaterial: write(format) as Uint8Array },
    cryptographicAlgorithm: plan.algorithm,
    cryptographicLength: plan.bits,
  };
}

/** Both keys say what they are, whichever of the templates said it. */
function settleTraits(attributes: AttributeSet, plan: PairPlan): void {
  attributes.set('Cryptographic Algorithm', plan.algorithm);
  attributes.set('Cryptographic Length', plan.bits);
  if (plan.curve === undefined) return;
  const given = attributes.get('Cryptographic Domain Parameters');
  attributes.set('Cryptographic Domain Parameters', { ...given, recommendedCurve: plan.curve as 'P_256' });
}
