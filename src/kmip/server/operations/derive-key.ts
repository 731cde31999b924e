/** Derive Key (KMIP 1.4, 4.6): makes a symmetric key or secret data from one that the server has. */
import { CryptographicUsageMask } from '../../../ttlv/index.ts';
import type { DeriveKeyRequestPayload } from '../../index.ts';
import type { AttributeSet } from '../attributes.ts';
import type { Context, Handler } from '../context.ts';
import { deriveBytes } from '../crypto/derive.ts';
import { assertUsage, charge } from '../key-use.ts';
import { type ManagedObject, openLiveObject, saveObject } from '../managed-object.ts';
import { makeObject } from '../new-object.ts';
import { secretBytesOf } from '../object-material.ts';
import { refuse } from '../refusal.ts';
import { gatherAttributes } from '../template.ts';
import { keyLengthBytes } from './create.ts';

/** Derive Key. */
export const deriveKey: Handler<'DeriveKey'> = {
  async prepare(payload, context) {
    const { base, lengthBytes } = plan(payload, context);
    const { derivationParameters: parameters } = payload;
    const { cryptographicParameters: cipher = {} } = parameters;
    return context.wipeLater(
      await deriveBytes({
        method: payload.derivationMethod,
        key: secretBytesOf(context, base),
        algorithm: cipher.cryptographicAlgorithm ?? base.attributes.get('Cryptographic Algorithm'),
        lengthBytes,
        hash: cipher.hashingAlgorithm,
        mode: cipher.blockCipherMode,
        padding: cipher.paddingMethod,
        data: parameters.derivationData,
        iv: parameters.initializationVector,
        salt: parameters.salt,
        iterations: parameters.iterationCount,
      }),
    );
  },
  run(payload, context, prepared) {
    const keyMaterial = prepared as Uint8Array;
    const { base, attributes, bits, lengthBytes, algorithm } = plan(payload, context);
    const { objectType } = payload;
    attributes.set('Cryptographic Length', bits);
    attributes.add('Link', { linkType: 'DerivationBaseObjectLink', linkedObjectIdentifier: base.uniqueIdentifier });
    const keyBlock = {
      keyValue: { keyMaterial },
      cryptographicLength: bits,
      ...(algorithm !== undefined && { cryptographicAlgorithm: algorithm as 'AES' }),
    };
    const uniqueIdentifier = makeObject(context, {
      objectType: String(objectType),
      attributes,
      generated: true,
      fields:
        objectType === 'SymmetricKey'
          ? { symmetricKey: { keyBlock: { keyFormatType: 'Raw', ...keyBlock } } }
          : { secretData: { secretDataType: 'Seed', keyBlock: { keyFormatType: 'Opaque', ...keyBlock } } },
    });
    const charged = charge(base, lengthBytes);
    if (linkDerived(base, uniqueIdentifier) || charged) saveObject(context, base);
    context.placeholder = uniqueIdentifier;
    return { uniqueIdentifier };
  },
};

/** A base key names its first derived keys only: one that is used for each of many would grow with every use. */
const MAX_DERIVED_LINKS = 64;

/** Gives whether the base key has changed. */
function linkDerived(base: ManagedObject, linkedObjectIdentifier: string): boolean {
  const linked = base.attributes.values('Link').filter(({ linkType }) => linkType === 'DerivedKeyLink');
  if (linked.length >= MAX_DERIVED_LINKS) return false;
  base.attributes.add('Link', { linkType: 'DerivedKeyLink', linkedObjectIdentifier });
  return true;
}

interface DerivationPlan {
  readonly base: ManagedObject;
  readonly attributes: AttributeSet;
  readonly algorithm: string | number | undefined;
  readonly bits: number;
  readonly lengthBytes: number;
}

function plan(payload: DeriveKeyRequestPayload, context: Context): DerivationPlan {
  const { objectType, uniqueIdentifier, templateAttribute } = payload;
  if (objectType !== 'SymmetricKey' && objectType !== 'SecretData')
    refuse('InvalidField', 'what is derived is a symmetric key or secret data');
  if (uniqueIdentifier.length !== 1) refuse('FeatureNotSupported', 'keys are derived from one object');
  const base = openLiveObject(context, uniqueIdentifier[0], 'own');
  if (base.objectType !== 'SymmetricKey' && base.objectType !== 'SecretData')
    refuse('InvalidField', 'keys are derived from symmetric keys and secret data');
  assertUsage(context, base, CryptographicUsageMask.DeriveKey, 'protect');
  const attributes = gatherAttributes(context, templateAttribute);
  const algorithm = attributes.get('Cryptographic Algorithm');
  const bits = attributes.get('Cryptographic Length');
  if (bits === undefined) return refuse('InvalidField', 'the Cryptographic Length is missing');
  if (objectType === 'SymmetricKey' && algorithm === undefined)
    return refuse('InvalidField', 'the Cryptographic Algorithm is missing');
  const lengthBytes = keyLengthBytes(algorithm ?? '', bits);
  return { base, attributes, algorithm, bits, lengthBytes };
}
