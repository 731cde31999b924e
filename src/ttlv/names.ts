/**
 * Names for numbers and back: tags, enumeration values and mask bits of the KMIP registry, in the normalised spelling of the
 * XML and JSON encodings (KMIP Additional Message Encodings 1.0, 4.1.3). What the registry does not know is a hex number,
 * so nothing is lost. Layer: ttlv.
 */
import { formatTag } from '../core/index.ts';
import { ALIASES, ENUMERATIONS, LABELS, MASKS, Tag } from './generated/registry.ts';

type Numbers = Readonly<Record<string, number>>;

const reversed = /* @__PURE__ */ new WeakMap<Numbers, Map<number, string>>();

/** The registry's name of a number, or undefined. Reverse maps are made on first use. */
function nameIn(numbers: Numbers, value: number): string | undefined {
  let names = reversed.get(numbers);
  if (names === undefined) {
    names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
    reversed.set(numbers, names);
  }
  return names.get(value);
}

function numberIn(numbers: Numbers, name: string): number | undefined {
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}

/** The registry's name of a tag, or its six hex digits with `0x`. */
export function tagName(ttlvTag: number): string {
  return nameIn(Tag, ttlvTag) ?? formatTag(ttlvTag);
}

/** The tag of a name or of `0x` and six hex digits; undefined for anything else. */
export function tagOfName(name: string): number | undefined {
  return numberIn(Tag, name) ?? (/^0x[\da-f]{6}$/i.test(name) ? Number(name) : undefined);
}

/** The name of a tag in the specification's own spelling: the Attribute Name of KMIP 1.x ("Cryptographic Usage Mask"). */
export function labelOf(ttlvTag: number): string {
  const name = tagName(ttlvTag);
  if (Object.hasOwn(LABELS, name)) return LABELS[name]!;
  return name.replace(/([a-z\d])(?=[A-Z])/g, '$1 ').replace(/([A-Z])(?=[A-Z][a-z])/g, '$1 ');
}

/** The tag of an Attribute Name; runs of white space count as one space. Undefined where the registry has none. */
export function tagOfLabel(label: string): number | undefined {
  return numberIn(Tag, normalizeName(label));
}

/**
 * Makes the name that XML and JSON use of a specification name: `X.509 Certificate` → `X_509Certificate`, `3DES` → `DES3`.
 * KMIP Additional Message Encodings 1.0, 4.1.3, step by step.
 */
export function normalizeName(text: string): string {
  const spaced = text
    .replace(/[()]/g, ' ')
    .replace(/[^\w\s](?=[A-Za-z][a-z])/g, ' ')
    .replace(/[^\w\s]/g, '_')
    .trim();
  const words = spaced.split(/\s+/).map((word, i) => {
    const digitsLast = i === 0 ? word.replace(/^(\d+)(.+)$/, '$2$1') : word;
    return digitsLast.charAt(0).toUpperCase() + digitsLast.slice(1);
  });
  return words.join('');
}

/** What the value of an item means: the tag it stands for, which an Attribute Value takes from the name before it. */
export function meaningOf(ttlvTag: number, attributeName: string | undefined): number {
  if (ttlvTag !== Tag.AttributeValue || attributeName === undefined) return ttlvTag;
  return tagOfLabel(attributeName) ?? ttlvTag;
}

/** The name of an Enumeration's value under a tag, or undefined. */
export function enumerationName(ttlvTag: number, value: number): string | undefined {
  const numbers = numbersOf(ENUMERATIONS, ttlvTag);
  return numbers === undefined ? undefined : nameIn(numbers, value);
}

/** The value of a name under a tag, other spellings included, or undefined. */
export function enumerationValue(ttlvTag: number, name: string): number | undefined {
  const numbers = numbersOf(ENUMERATIONS, ttlvTag);
  return numbers === undefined ? undefined : numberIn(numbers, aliasOf(tagName(ttlvTag), name));
}

/** Whether an Integer under this tag is a mask. */
export function isMask(ttlvTag: number): boolean {
  return Object.hasOwn(MASKS, tagName(ttlvTag));
}

/** The names of a mask's bits, lowest first; bits that the registry does not know are one hex number, last. */
export function maskNames(ttlvTag: number, value: number): string[] {
  const numbers = numbersOf(MASKS, ttlvTag) ?? {};
  const names: string[] = [];
  let rest = value >>> 0;
  for (let bit = 1; bit !== 0 && rest !== 0; bit <<= 1) {
    const name = (rest & bit) === 0 ? undefined : nameIn(numbers, bit);
    if (name === undefined) continue;
    names.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) names.push(`0x${rest.toString(16).padStart(8, '0')}`);
  return names;
}

/** The bit of a mask's name, or undefined. */
export function maskBit(ttlvTag: number, name: string): number | undefined {
  const numbers = numbersOf(MASKS, ttlvTag);
  return numbers === undefined ? undefined : numberIn(numbers, aliasOf(tagName(ttlvTag), name));
}

function numbersOf(tables: Readonly<Record<string, Numbers>>, ttlvTag: number): Numbers | undefined {
  const name = tagName(ttlvTag);
  return Object.hasOwn(tables, name) ? tables[name] : undefined;
}

function aliasOf(table: string, name: string): string {
  const aliases = Object.hasOwn(ALIASES, table) ? ALIASES[table]! : {};
  return Object.hasOwn(aliases, name) ? aliases[name]! : name;
}
