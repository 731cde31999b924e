/**
 * What the three forms share: options, the tree they are given, names of tags and types, and errors with their place.
 * Layer: ttlv, internal.
 */
import { ItemType, type TtlvLimits, typeName } from '../core/index.ts';
import { FormatError, LimitError, UsageError } from '../errors.ts';
import { Tag } from './generated/registry.ts';
import { tagName, tagOfName } from './names.ts';
import type { RedactOptions } from './redact.ts';
import { readTtlvTree, type TtlvNode, wipeTree } from './tree.ts';

/** Options of every form: what is shown, and with bytes what they may be. */
export type FormatOptions = RedactOptions & TtlvLimits;

/** Limits of what is parsed: as deep as a message may be. */
const MAX_DEPTH = 32;
/** Characters of a form that is parsed. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Runs `format` on the tree of `message`; a tree made here is wiped. */
export function formatTree(
  message: Uint8Array | TtlvNode,
  options: FormatOptions,
  format: (root: TtlvNode, redact: RedactOptions) => string,
): string {
  const { redact = true, showWrapped = false, ...limits } = options;
  for (const [name, value] of Object.entries({ redact, showWrapped }))
    if (typeof value !== 'boolean') throw new UsageError('ERR_OPTION', `${name} must be true or false`);
  if (!(message instanceof Uint8Array)) {
    for (const key of Object.keys(limits))
      throw new UsageError('ERR_OPTION', `${key} goes with bytes, not with a tree`);
    return format(message, { redact, showWrapped });
  }
  const root = readTtlvTree(message, limits);
  try {
    return format(root, { redact, showWrapped });
  } finally {
    wipeTree(root);
  }
}

/** The Attribute Name among the children before an Attribute Value, which says what that value means. */
export function attributeNameOf(node: TtlvNode, before: string | undefined): string | undefined {
  return node.tag === Tag.AttributeName && node.type === ItemType.TextString ? node.value : before;
}

/** Refuses input too large to be looked at. */
export function assertSize(text: string, what: string): void {
  if (text.length <= MAX_CHARACTERS) return;
  throw new LimitError('ERR_TTLV_SIZE', `${what}: more than ${MAX_CHARACTERS} characters`, {
    limit: MAX_CHARACTERS,
    actual: text.length,
  });
}

/** Refuses a structure inside as many others as the limit allows. */
export function assertDepth(depth: number): void {
  if (depth < MAX_DEPTH) return;
  throw new LimitError('ERR_TTLV_DEPTH', `TTLV: more than ${MAX_DEPTH} structures inside each other`, {
    limit: MAX_DEPTH,
    actual: depth + 1,
  });
}

/** Makes the error for a fault in a form. `offset` counts characters. Messages never hold a value. */
export function formFault(
  form: string,
  code: string,
  message: string,
  offset: number,
  tags: readonly number[],
): FormatError {
  const path = tags.map(tagName);
  const where = path.length > 0 ? ` in ${path.join('.')}` : '';
  return new FormatError(code, `TTLV ${form}: ${message}${where} at offset ${offset}`, { offset, path });
}

/** The type of a name or of a hex number, or undefined. */
export function typeOfName(name: string): number | undefined {
  if (Object.hasOwn(ItemType, name)) return ItemType[name as keyof typeof ItemType];
  const number = /^0x[\da-f]{1,8}$/i.test(name) ? Number(name) : -1;
  return typeName(number).startsWith('0x') ? undefined : number;
}

export { tagName, tagOfName };
