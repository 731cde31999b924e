/** Re-key (KMIP 1.4, 4.4): generates a key that takes the place, the names and the attributes of another. */
import type { Handler } from '../context.ts';
import { openLiveObject } from '../managed-object.ts';
import { newIdentifier } from '../new-object.ts';
import { refuse } from '../refusal.ts';
import { assertReplaceable, attributesOfReplacement, retire } from '../replacement.ts';
import { gatherAttributes } from '../template.ts';
import { makeSymmetricKey } from './create.ts';

/** Re-key. */
export const reKey: Handler<'ReKey'> = {
  run({ uniqueIdentifier: oldIdentifier, offset, templateAttribute }, context) {
    const old = openLiveObject(context, oldIdentifier, 'own');
    if (old.objectType !== 'SymmetricKey') refuse('InvalidField', 'Re-key replaces symmetric keys');
    assertReplaceable(old);
    const given = gatherAttributes(context, templateAttribute);
    const attributes = attributesOfReplacement(context, old, offset, given);
    const algorithm = attributes.get('Cryptographic Algorithm');
    const bits = attributes.get('Cryptographic Length');
    if (algorithm === undefined || bits === undefined)
      return refuse('InvalidField', 'the key to replace has no algorithm or length');
    attributes.add('Link', { linkType: 'ReplacedObjectLink', linkedObjectIdentifier: old.uniqueIdentifier });
    const uniqueIdentifier = newIdentifier(context);
    retire(context, old, uniqueIdentifier);
    makeSymmetricKey(context, { attributes, algorithm, bits, uniqueIdentifier });
    context.placeholder = uniqueIdentifier;
    return { uniqueIdentifier };
  },
};
