/**
 * Template-Attribute structures (KMIP 1.4, 2.1.8): the attributes that a client gives a new object, by themselves and through the
 * names of templates. Layer: kmip/server, Node only.
 */
import type { Attribute, TemplateAttribute } from '../index.ts';
import { assertMayCreateWith, isMultiple } from './attribute-rules.ts';
import { AttributeSet } from './attributes.ts';
import { MAX_TEMPLATES } from './batch-limits.ts';
import type { Context } from './context.ts';
import { indexValue } from './managed-object.ts';
import { objectBytes } from './object-material.ts';
import { decodeObject } from './record-codec.ts';
import { refuse } from './refusal.ts';

/**
 * Gathers the attributes of template structures, in their order: what stands in a later one, or beside the names of templates, takes
 * the place of what came before; attributes that may have several instances are joined.
 */
export function gatherAttributes(
  context: Context,
  ...templates: readonly (TemplateAttribute | undefined)[]
): AttributeSet {
  const set = new AttributeSet();
  const names = templates.reduce((sum, template) => sum + (template?.name?.length ?? 0), 0);
  if (names > MAX_TEMPLATES) refuse('InvalidField', `at most ${MAX_TEMPLATES} templates are named`);
  for (const template of templates) {
    // A Name in a template is the template's own.
    for (const { nameValue } of template?.name ?? [])
      for (const attribute of templateNamed(context, nameValue))
        if (attribute.attributeName !== 'Name') put(context, set, attribute, new Set());
    const given = new Set<string>();
    for (const attribute of template?.attribute ?? []) put(context, set, attribute, given);
  }
  return set;
}

function put(context: Context, set: AttributeSet, attribute: Attribute, given: Set<string>): void {
  const { attributeName, attributeValue } = attribute;
  if (attributeName === STORAGE_STATUS_MASK) return;
  assertMayCreateWith(attributeName, context.version);
  if (isMultiple(attributeName)) {
    set.addAny(attributeName, attributeValue);
    return;
  }
  if (given.has(attributeName)) refuse('InvalidField', `${attributeName} was given twice`);
  given.add(attributeName);
  set.remove(attributeName);
  set.addAny(attributeName, attributeValue);
}

/** MySQL's keyring_okv sends it as an attribute of the keys that it creates. It says nothing about an object. */
const STORAGE_STATUS_MASK = 'Storage Status Mask';

function templateNamed(context: Context, name: string): readonly Attribute[] {
  for (const stored of context.transaction.find('Name', indexValue(context.client.owner, name))) {
    if (stored.objectType !== 'Template') continue;
    const read = context.templates.get(stored);
    if (read !== undefined) return read;
    const bytes = objectBytes(context, stored);
    const attributes = bytes === null ? [] : (decodeObject('Template', bytes).template?.attribute ?? []);
    context.templates.set(stored, attributes);
    return attributes;
  }
  return refuse('ItemNotFound', 'no template has this name');
}
