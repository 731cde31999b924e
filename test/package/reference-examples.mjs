// The examples of the API reference, type-checked against the sources: a function renamed, an option that is gone or an answer of
// another shape makes a fault. What an example calls and does not declare is taken from the doors, first from its own; any
// other name in it (`password`, `file`) is the reader's, and may be anything.
import { relative } from 'node:path';
import ts from 'typescript';

/** Cannot find name; the same with a suggestion; no value for a shorthand property. */
const UNKNOWN_NAME = new Set([2304, 2552, 2663, 18004]);
const OPTIONS = {
  noUnusedLocals: false,
  noUnusedParameters: false,
  noEmit: true,
  allowImportingTsExtensions: true,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
};

/**
 * Checks the examples of a converted project.
 *
 * @param {import('typedoc').ProjectReflection} project
 * @param {{ root: string, doors: ReadonlyMap<string, string>, program: ts.Program }} sources
 * @returns {{ faults: string[], count: number }}
 */
export function checkExamples(project, { root, doors, program }) {
  const examples = [...collectExamples(project)].map((example, i) => ({
    ...example,
    file: `${root}src/example-${i}.ts`,
  }));
  const free = new Map(examples.map(({ file, code }) => [file, code]));
  const exported = new Map([...doors].map(([name, door]) => [name, namesOf(program, door)]));
  const preludeFor = (names, own) =>
    names.map((name) => {
      const from = [own, ...exported.keys()].find((one) => exported.get(one)?.has(name));
      if (from === undefined) return `declare const ${name}: any;`;
      return `import { ${name} } from './${relative(`${root}src`, doors.get(from))}';`;
    });
  const completed = new Map();
  const first = programWith(free, program);
  for (const { file, module, code } of examples) {
    const unknown = diagnosticsOf(first, file)
      .filter(({ code: c }) => UNKNOWN_NAME.has(c))
      .map((d) => nameAt(free.get(file), d));
    completed.set(file, `${preludeFor([...new Set(unknown)], module).join(' ')}\n${code}`);
  }
  const second = programWith(completed, first);
  const faults = examples.flatMap(({ file, name }) =>
    diagnosticsOf(second, file).map(
      (d) => `example of ${name}: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`,
    ),
  );
  return { faults, count: examples.length };
}

function* collectExamples(project) {
  for (const reflection of Object.values(project.reflections))
    for (const tag of reflection.comment?.getTags('@example') ?? []) {
      const code = tag.content
        .map(({ text }) => text)
        .join('')
        .replace(/^```\w*\n|\n```$/gm, '');
      let module = reflection;
      while (module.parent !== undefined && !module.parent.isProject()) module = module.parent;
      yield { name: reflection.getFullName(), module: module.name, code: `${code}\nexport {};\n` };
    }
}

function namesOf(program, door) {
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(door));
  return new Set(checker.getExportsOfModule(symbol).map(({ name }) => name));
}

/** A program with further files that exist here only. */
function programWith(files, program) {
  const host = ts.createCompilerHost(program.getCompilerOptions());
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  host.getSourceFile = (name, options, ...rest) => {
    if (!files.has(name)) return program.getSourceFile(name) ?? getSourceFile.call(host, name, options, ...rest);
    return ts.createSourceFile(name, files.get(name), options, true);
  };
  return ts.createProgram([...files.keys()], { ...program.getCompilerOptions(), ...OPTIONS }, host);
}

const diagnosticsOf = (program, file) => {
  const source = program.getSourceFile(file);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
};

const nameAt = (text, { start, length }) => text.slice(start, start + length);
