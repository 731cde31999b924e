/** Activate, Revoke, Destroy, Archive and Recover (KMIP 1.4, 4.19 to 4.23): the ways of an object through its states. */
import type { Context, Handler } from '../context.ts';
import { type ManagedObject, openLiveObject, openObject, saveObject } from '../managed-object.ts';
import { refuse } from '../refusal.ts';
import * as state from '../state.ts';

/** Activate. */
export const activate: Handler<'Activate'> = {
  run({ uniqueIdentifier }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'own');
    state.activate(object.attributes, context.now);
    return saved(context, object);
  },
};

/** Revoke. */
export const revoke: Handler<'Revoke'> = {
  run({ uniqueIdentifier, revocationReason, compromiseOccurrenceDate }, context) {
    const object = openObject(context, uniqueIdentifier, 'own');
    const { attributes } = object;
    const code = revocationReason.revocationReasonCode;
    if (typeof code === 'number') refuse('InvalidField', 'the Revocation Reason Code is not known');
    const compromise = code === 'KeyCompromise' || code === 'CACompromise';
    state.revoke(attributes, context.now, compromise);
    // [The specification requires the date with Key Compromise. PyKMIP's and other clients leave it out: then it is now.]
    if (compromise) attributes.set('Compromise Occurrence Date', compromiseOccurrenceDate ?? context.now);
    attributes.set('Revocation Reason', revocationReason);
    return saved(context, object);
  },
};

/** Destroy: the material is gone at once; the attributes stay, to be asked for. */
export const destroy: Handler<'Destroy'> = {
  run({ uniqueIdentifier }, context) {
    const object = openObject(context, uniqueIdentifier, 'own');
    if (state.isDestroyed(object.attributes)) refuse('ItemNotFound', 'the object was destroyed');
    state.destroy(object.attributes, context.now);
    return saved(context, object, null);
  },
};

/** Archive. */
export const archive: Handler<'Archive'> = {
  run({ uniqueIdentifier }, context) {
    const object = openLiveObject(context, uniqueIdentifier, 'own');
    object.attributes.set('Archive Date', context.now);
    return saved(context, object);
  },
};

/** Recover. */
export const recover: Handler<'Recover'> = {
  run({ uniqueIdentifier }, context) {
    const object = openObject(context, uniqueIdentifier, 'own');
    if (state.isDestroyed(object.attributes)) refuse('ItemNotFound', 'the object was destroyed');
    if (!object.attributes.has('Archive Date')) refuse('IllegalOperation', 'the object is not archived');
    object.attributes.remove('Archive Date');
    context.placeholder = object.uniqueIdentifier;
    return saved(context, object);
  },
};

function saved(context: Context, object: ManagedObject, material?: null): { readonly uniqueIdentifier: string } {
  saveObject(context, object, material);
  return { uniqueIdentifier: object.uniqueIdentifier };
}
