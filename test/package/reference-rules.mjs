// What TypeDoc does not check of the API reference:
//   names    the modules are called what one imports
//   bytes    a comment speaks of each argument and member that is bytes: their shape, and whose they are
//   numbers  a member that is a number has a comment, or its unit in its name
//   options  an optional member of an options type has a comment: its default
//   codes    every ERR_… of a comment stands in the sources, where it is thrown
// Fields of KMIP structures are excused: the standard says what they are, and they have its names.
import { readdirSync, readFileSync } from 'node:fs';
import { ReflectionKind } from 'typedoc';

const BYTES = /\b(?:Uint8Array|ArrayBuffer|Secret|KeyBytes|PasswordInput|WalletPassword)\b/;
const NUMBER = /^(?:number|bigint)(?: \| null)?$/;
const UNIT = /(?:Ms|Ns|Bytes|Bits|Seconds|iterations|offset|count|total)$/i;
/** A comment that sends the reader to another one: "as `unlock`", "see `deriveKeysSync`". */
const ELSEWHERE = /\b(?:as|see|what|inverse of) `\w+`/i;
/** A code, or with `…` a family of them. */
const CODE = /\bERR_[A-Z0-9_]+…?/g;
/** Codes that are put together: `ERR_KMIP_` and a server's Result Reason. */
const MADE = ['ERR_KMIP_ITEM_NOT_FOUND', 'ERR_KMIP_FAILED'];

/**
 * Checks a converted project.
 *
 * @param {import('typedoc').ProjectReflection} project
 * @param {{ root: string, names: readonly string[] }} expected where the sources are, and what one imports
 * @returns {{ faults: string[], counts: { exports: number, members: number } }}
 */
export function checkReference(project, { root, names }) {
  const modules = project.getChildrenByKind(ReflectionKind.Module);
  const called = modules.map(({ name }) => name).sort();
  const faults = [];
  if (called.join() !== [...names].sort().join()) faults.push(`modules are called ${called.join(', ')}`);
  for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter))
    faults.push(...faultOfParameter(parameter));
  const members = project.getReflectionsByKind(ReflectionKind.Property).filter(isOfExport);
  for (const member of members) faults.push(...faultOfMember(member));
  faults.push(...unknownCodes(project, `${root}src`));
  return { faults, counts: countDocumented(project, modules) };
}

function* faultOfParameter(parameter) {
  if (!BYTES.test(String(parameter.type)) || parameter.comment?.hasVisibleComponent()) return;
  if (ownerOf(parameter) === undefined) return; // of a callback's type
  const said = textOf(parameter.parent.comment);
  if (ELSEWHERE.test(said) || new RegExp(`\\b${parameter.name}\\b`, 'i').test(said)) return;
  yield `${parameter.getFullName()}: the comment does not speak of these bytes`;
}

function* faultOfMember(member) {
  if (member.comment?.hasVisibleComponent()) return;
  const type = String(member.type);
  const name = member.getFullName();
  if (BYTES.test(type)) yield `${name}: no comment says what bytes these are`;
  else if (NUMBER.test(type) && !UNIT.test(member.name))
    yield `${name}: neither comment nor name says the unit of this number`;
  else if (member.flags.isOptional && /(?:Options|Settings)$/.test(ownerOf(member).name))
    yield `${name}: no comment says the default`;
}

/** The interface, class or type alias that a member stands in, or the function of a parameter; undefined for what is nested deeper. */
function ownerOf(reflection) {
  let owner = reflection.parent;
  while (owner?.kindOf([ReflectionKind.TypeLiteral, ReflectionKind.SomeSignature])) {
    if (
      owner.kindOf(ReflectionKind.TypeLiteral) &&
      owner.parent?.kindOf([ReflectionKind.Parameter, ReflectionKind.SomeSignature])
    )
      return undefined;
    owner = owner.parent;
  }
  return owner?.kindOf([ReflectionKind.Parameter, ReflectionKind.Property]) ? undefined : owner;
}

function isOfExport(member) {
  const file = member.sources?.[0]?.fileName ?? '';
  return (
    !/\/generated\//.test(file) &&
    ownerOf(member)?.kindOf([ReflectionKind.Interface, ReflectionKind.Class, ReflectionKind.TypeAlias])
  );
}

function* unknownCodes(project, folder) {
  const thrown = new Set(MADE);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(name)) continue;
    const code = readFileSync(`${folder}/${name}`, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [found] of code.matchAll(CODE)) thrown.add(found);
  }
  const isThrown = (code) =>
    code.endsWith('…') ? [...thrown].some((one) => one.startsWith(code.slice(0, -1))) : thrown.has(code);
  for (const reflection of Object.values(project.reflections))
    for (const [code] of textOf(reflection.comment).matchAll(CODE))
      if (!isThrown(code)) yield `${reflection.getFullName()}: nothing throws ${code}`;
}

/** What a comment says, without its examples. */
function textOf(comment) {
  if (comment === undefined) return '';
  const blocks = comment.blockTags.filter(({ tag }) => tag !== '@example').map(({ content }) => content);
  return [comment.summary, ...blocks].map((parts) => parts.map(({ text }) => text).join('')).join('\n');
}

function countDocumented(project, modules) {
  const isExport = (reflection) => reflection.parent !== undefined && modules.includes(reflection.parent);
  const documented = Object.values(project.reflections).filter(
    (reflection) => reflection.hasComment() || reflection.signatures?.some((signature) => signature.hasComment()),
  );
  return {
    exports: documented.filter(isExport).length,
    members: documented.filter(
      (r) => !isExport(r) && r.kindOf([ReflectionKind.Property, ReflectionKind.Accessor, ReflectionKind.Method]),
    ).length,
  };
}
