/**
 * Attributes of KMIP 1.x: a name, an index, and a value whose type the name tells (KMIP 1.4, section 2.1.1 and 3).
 * What the tables do not list, custom attributes (`x-…` of clients, `y-…` of servers) first of all, keeps the type it came with.
 * Layer: kmip.
 *
 *   Attribute { Attribute Name text, Attribute Index integer?, Attribute Value }
 */
import { ItemType, type TtlvNode } from '../ttlv/index.ts';
import type { Extensible } from './base.ts';
import { ATTRIBUTES, type AttributeValues } from './generated/attributes.ts';

/** The name of an attribute that the specifications describe. */
export type AttributeName = keyof AttributeValues;

/** A TTLV item of any type without its tag. */
export type Untagged<N> = N extends TtlvNode ? Omit<N, 'tag'> : never;
/** A value with its item type: that of an attribute which the tables do not list. */
export type RawValue = Untagged<TtlvNode>;

/** An attribute that the specifications describe. The index is 0 when it is left out, and best left out: some servers refuse it. */
export interface StandardAttribute<N extends AttributeName> extends Extensible {
  readonly attributeName: N;
  /** Which of several instances, from 0. */
  readonly attributeIndex?: number;
  readonly attributeValue: AttributeValues[N];
}

/** Any other attribute, such as a custom one. */
export interface CustomAttribute extends Extensible {
  readonly attributeName: string;
  /** Which of several instances, from 0. */
  readonly attributeIndex?: number;
  readonly attributeValue: RawValue;
}

/** An attribute. `findAttribute` reads one by its name. */
export type Attribute = { [N in AttributeName]: StandardAttribute<N> }[AttributeName] | CustomAttribute;

/**
 * Makes an attribute: of the type that its name tells, or of any type under a name of one's own.
 *
 * @param index left out unless it is given: 0 is what no index means, and some servers refuse one
 * @example
 * attribute('Cryptographic Algorithm', 'AES');
 * attribute('x-owner', { type: ItemType.TextString, value: 'root@localhost' });
 */
export function attribute<N extends AttributeName>(name: N, value: AttributeValues[N], index?: number): Attribute;
export function attribute(name: string, value: RawValue, index?: number): CustomAttribute;
export function attribute(name: string, value: unknown, index?: number): Attribute {
  const named = { attributeName: name, attributeValue: value } as Attribute;
  return index === undefined ? named : { ...named, attributeIndex: index };
}

/** Makes a custom attribute whose value is text: the kind that clients keep their own words in. */
export function textAttribute(name: string, value: string): CustomAttribute {
  return { attributeName: name, attributeValue: { type: ItemType.TextString, value } };
}

/**
 * Finds the value of an attribute by its name, exactly as the specification spells it; undefined when there is none.
 *
 * @param index the instance; default the first, whatever its index
 * @example
 * findAttribute(payload.attribute, 'State'); // 'Active'
 */
export function findAttribute<N extends AttributeName>(
  attributes: readonly Attribute[] | undefined,
  name: N,
  index?: number,
): AttributeValues[N] | undefined;
export function findAttribute(
  attributes: readonly Attribute[] | undefined,
  name: string,
  index?: number,
): RawValue | undefined;
export function findAttribute(attributes: readonly Attribute[] | undefined, name: string, index?: number): unknown {
  return attributes?.find(
    (one) => one.attributeName === name && (index === undefined || (one.attributeIndex ?? 0) === index),
  )?.attributeValue;
}

/** Lists the values of all instances of an attribute, in the order in which they came. */
export function findAttributes<N extends AttributeName>(
  attributes: readonly Attribute[] | undefined,
  name: N,
): AttributeValues[N][];
export function findAttributes(attributes: readonly Attribute[] | undefined, name: string): RawValue[];
export function findAttributes(attributes: readonly Attribute[] | undefined, name: string): unknown[] {
  return (attributes ?? []).filter((one) => one.attributeName === name).map((one) => one.attributeValue);
}

/** Reads the text of an attribute that is not one of the specification's; undefined when there is none or it is no text. */
export function findText(attributes: readonly Attribute[] | undefined, name: string): string | undefined {
  const found = findAttribute(attributes, name);
  return found?.type === ItemType.TextString ? found.value : undefined;
}

/** Says whether an attribute is one that the specification describes, so that its value has the type its name tells. */
export function isStandard(
  attribute: Attribute,
): attribute is { [N in AttributeName]: StandardAttribute<N> }[AttributeName] {
  return Object.hasOwn(ATTRIBUTES, attribute.attributeName);
}
