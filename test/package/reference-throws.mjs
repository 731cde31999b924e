// TypeDoc drops the class of `@throws {UsageError} ERR_OPTION`. Here it is kept: a program whose sources have it as code, and links
// from there to the classes.

import { ReflectionKind } from 'typedoc';
import ts from 'typescript';

const CLASSES = /\{([A-Z]\w*Error(?: \| [A-Z]\w*Error)*)\}/g;

/** A program of these files and what they reach; in their comments, classes of errors are code in place of types. */
export function programOf(files, options) {
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile } = host;
  host.getSourceFile = (name, target, ...rest) => {
    if (!files.some((file) => sharesFolder(file, name))) return getSourceFile.call(host, name, target, ...rest);
    const text = host.readFile(name);
    if (text === undefined) return undefined;
    return ts.createSourceFile(
      name,
      text.replace(CLASSES, (_, found) => asCode(found.split(' | '))),
      target,
      true,
    );
  };
  return ts.createProgram(files, options, host);
}

const asCode = (names) => names.map((name) => `\`${name}\``).join(' or ');
/** Whether a file is of the package whose door this is: below the folder of one of its doors. */
const sharesFolder = (door, name) => name.startsWith(door.slice(0, door.lastIndexOf('/') + 1));

/** Makes links of the classes of errors in comments, to the first module that exports them; tells of those that none exports. */
export function linkErrors(project) {
  const faults = [];
  const classes = new Map();
  for (const one of project.getReflectionsByKind(ReflectionKind.Class))
    if (!classes.has(one.name)) classes.set(one.name, one);
  for (const reflection of Object.values(project.reflections))
    for (const tag of reflection.comment?.getTags('@throws') ?? [])
      tag.content = tag.content.map((part) => {
        const [, name] = /^`([A-Z]\w*Error)`$/.exec(part.text) ?? [];
        if (part.kind !== 'code' || name === undefined) return part;
        const target = classes.get(name);
        if (target !== undefined) return { kind: 'inline-tag', tag: '@link', text: name, target };
        faults.push(`${reflection.getFullName()}: no export is called ${name}`);
        return part;
      });
  return faults;
}
