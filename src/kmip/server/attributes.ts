/**
 * The attributes of one object: instances by name and index, in the order in which they were set (KMIP 1.4, section 3). An index is
 * given once and kept: deleting instance 0 of two leaves instance 1 (KMIP 1.4, 2.1.1). Layer: kmip/server, Node only.
 */
import type { Attribute, AttributeName, AttributeValues, RawValue } from '../index.ts';
import { refuse } from './refusal.ts';

/** One instance of an attribute. */
export interface AttributeInstance {
  readonly name: string;
  readonly index: number;
  /** Of the type that the name tells; `RawValue` for custom ones. */
  readonly value: unknown;
}

/** Attributes of one object, all instances counted: what bounds the work of looking at it. */
const MAX_INSTANCES = 1024;

/** A set of attributes. Copied before it is changed: `copy()`. */
export class AttributeSet {
  #instances: AttributeInstance[];

  constructor(instances: readonly AttributeInstance[] = []) {
    this.#instances = [...instances];
  }

  /** Makes a set of the attributes of a message: each name's instances are numbered anew, in their order. */
  static of(attributes: readonly Attribute[]): AttributeSet {
    const set = new AttributeSet();
    for (const { attributeName, attributeValue } of attributes) set.addAny(attributeName, attributeValue);
    return set;
  }

  copy(): AttributeSet {
    return new AttributeSet(this.#instances);
  }

  /** All instances, in order. */
  get all(): readonly AttributeInstance[] {
    return this.#instances;
  }

  has(name: string): boolean {
    return this.#instances.some((one) => one.name === name);
  }

  /** The value of an attribute that the specifications describe; of its first instance. */
  get<N extends AttributeName>(name: N): AttributeValues[N] | undefined {
    return this.#instances.find((one) => one.name === name)?.value as AttributeValues[N] | undefined;
  }

  /** The values of all instances. */
  values<N extends AttributeName>(name: N): AttributeValues[N][] {
    return this.instances(name).map((one) => one.value as AttributeValues[N]);
  }

  instances(name: string): AttributeInstance[] {
    return this.#instances.filter((one) => one.name === name);
  }

  instance(name: string, index: number): AttributeInstance | undefined {
    return this.#instances.find((one) => one.name === name && one.index === index);
  }

  /** Sets an attribute of one instance: replaces its value, or adds it. */
  set<N extends AttributeName>(name: N, value: AttributeValues[N]): void {
    const at = this.#instances.findIndex((one) => one.name === name);
    if (at < 0) this.#instances.push({ name, index: 0, value });
    else this.#instances[at] = { name, index: this.#instances[at]!.index, value };
  }

  /** Adds an instance; gives its index. */
  add<N extends AttributeName>(name: N, value: AttributeValues[N]): number {
    return this.addAny(name, value);
  }

  /** Adds an instance of any attribute. Refuses more than an object may have. */
  addAny(name: string, value: unknown): number {
    if (this.#instances.length >= MAX_INSTANCES)
      refuse('IndexOutOfBounds', `an object has at most ${MAX_INSTANCES} attributes`);
    const taken = this.instances(name).map((one) => one.index);
    const index = taken.length === 0 ? 0 : Math.max(...taken) + 1;
    this.#instances.push({ name, index, value });
    return index;
  }

  /** Replaces the value of an instance. */
  replace(name: string, index: number, value: unknown): void {
    this.#instances = this.#instances.map((one) =>
      one.name === name && one.index === index ? { name, index, value } : one,
    );
  }

  /** Removes one instance, or without an index all of them. */
  remove(name: string, index?: number): void {
    this.#instances = this.#instances.filter(
      (one) => one.name !== name || (index !== undefined && one.index !== index),
    );
  }
}

/** An instance as an attribute of a message. Index 0 is left out: some clients refuse it (facts: older decoders expect the value second). */
export function toMessage({ name, index, value }: AttributeInstance): Attribute {
  const attribute = { attributeName: name, attributeValue: value };
  return (index === 0 ? attribute : { ...attribute, attributeIndex: index }) as Attribute;
}

/** The text of a custom attribute that is a Text String; undefined for one of another type. */
export function textOf(value: unknown): string | undefined {
  const raw = value as RawValue;
  return typeof raw?.value === 'string' ? raw.value : undefined;
}
