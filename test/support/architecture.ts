/**
 * The check of one file of `src/` against the table of rooms: reads every import (static, type-only, dynamic, re-exported,
 * `import('…')` types) with TypeScript's own parser. Used by test/architecture.test.ts. Node only.
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';
import { ROOMS, type Room, roomOf } from './rooms.ts';

export { COMMON, ROOMS, type Room, type Runtime, roomOf } from './rooms.ts';

/** Names of Node's globals that a room for both, or for the browser, must not use. */
const NODE_GLOBALS = new Set(['Buffer', 'process', 'require', 'global', 'setImmediate', '__dirname', '__filename']);

/** What a file may do against the rules, with the reason. */
const EXCEPTIONS: readonly { readonly file: string; readonly what: string; readonly why: string }[] = [
  {
    file: 'core/wasm.ts',
    what: 'Buffer',
    why: 'decodes the embedded module, public bytes, by the platform where that is faster',
  },
];

/** Files that are started, not imported: the only ones that act when loaded. */
export const PROGRAMS: readonly string[] = ['cli/main.ts', 'web/main.tsx'];

/** One breach of the rules. */
export interface Violation {
  /** `src/room/file.ts:line`. */
  readonly place: string;
  readonly message: string;
}

/** Checks one file. `file` is its path below `src/`, with forward slashes. */
export function checkFile(file: string, text: string): Violation[] {
  const source = ts.createSourceFile(
    file,
    text,
    ts.ScriptTarget.Latest,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const found: Violation[] = [];
  const report = (node: ts.Node, message: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    found.push({ place: `src/${file}:${line + 1}`, message });
  };
  const room = roomOf(file);
  if (room === undefined) {
    report(source, 'belongs to no room of the table');
    return found;
  }
  checkImports(source, file, room, report);
  checkNames(source, file, room, report);
  checkDefaultExport(source, report);
  if (!PROGRAMS.includes(file)) checkTopLevel(source, report);
  return found;
}

/** Checks the table itself: no room points back at one that stands on it, none for both at one for Node only. */
export function checkTable(rooms: Readonly<Record<string, Room>> = ROOMS): string[] {
  const found: string[] = [];
  const below = (name: string): readonly string[] => {
    const { mayImport } = rooms[name]!;
    return mayImport === 'everything' ? [] : mayImport;
  };
  for (const [name, { runsIn }] of Object.entries(rooms)) {
    for (const target of below(name)) {
      const other = rooms[target];
      if (other === undefined) found.push(`${name} may import ${target}, which is no room`);
      else if (other.runsIn !== 'both' && other.runsIn !== runsIn)
        found.push(`${name} (${runsIn}) may import ${target} (${other.runsIn})`);
    }
    const reached = new Set<string>();
    const walk = (at: string): void => {
      for (const next of rooms[at] === undefined ? [] : below(at)) {
        if (reached.has(next)) continue;
        reached.add(next);
        walk(next);
      }
    };
    walk(name);
    if (reached.has(name)) found.push(`${name} reaches itself`);
  }
  return found;
}

type Report = (node: ts.Node, message: string) => void;

interface ImportSite {
  readonly node: ts.Node;
  /** Undefined when it is computed. */
  readonly specifier: string | undefined;
  readonly how: 'static' | 'type' | 'dynamic';
}

function* importsOf(node: ts.Node): Generator<ImportSite> {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    if (node.moduleSpecifier !== undefined) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.isTypeOnly === true : node.isTypeOnly;
      yield { node, specifier: literal(node.moduleSpecifier), how: typeOnly ? 'type' : 'static' };
    }
  } else if (ts.isImportTypeNode(node)) {
    const argument = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
    yield { node, specifier: literal(argument), how: 'type' };
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    yield { node, specifier: literal(node.arguments[0]), how: 'dynamic' };
  } else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    yield { node, specifier: literal(node.moduleReference.expression), how: 'static' };
  } else if (isImportMetaResolve(node)) {
    yield { node, specifier: undefined, how: 'dynamic' };
  }
  const children: ImportSite[] = [];
  ts.forEachChild(node, (child) => {
    children.push(...importsOf(child));
  });
  yield* children;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function isImportMetaResolve(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    ts.isMetaProperty(node.expression) &&
    node.expression.keywordToken === ts.SyntaxKind.ImportKeyword &&
    node.name.text === 'resolve'
  );
}

function checkImports(source: ts.SourceFile, file: string, room: string, report: Report): void {
  for (const { node, specifier, how } of importsOf(source)) {
    let fault: string | undefined;
    if (specifier === undefined) fault = 'imports something computed, which no test can check';
    else if (specifier.startsWith('.')) fault = faultOfRelative(specifier, file, room);
    else fault = faultOfPackage(specifier, how, room);
    if (fault !== undefined) report(node, fault);
  }
}

function faultOfRelative(specifier: string, file: string, room: string): string | undefined {
  const target = posix.join(posix.dirname(file), specifier);
  if (target.startsWith('..')) return `imports '${specifier}', outside src/`;
  const targetRoom = roomOf(target);
  if (targetRoom === undefined) return `imports '${specifier}', which belongs to no room`;
  if (targetRoom === room || targetRoom === 'common') return undefined;
  const allowed = room === 'common' ? [] : ROOMS[room]!.mayImport;
  if (allowed !== 'everything' && !allowed.includes(targetRoom))
    return `${room} may not import ${targetRoom} ('${specifier}')`;
  const door = targetRoom.endsWith('.ts') ? targetRoom : `${targetRoom}/index.ts`;
  return target === door ? undefined : `imports '${specifier}' past the door ${door}`;
}

function faultOfPackage(specifier: string, how: ImportSite['how'], room: string): string | undefined {
  if (specifier.startsWith('node:'))
    return ROOMS[room]?.runsIn === 'Node' ? undefined : `${room} is not Node only and may not import '${specifier}'`;
  if (isBuiltin(specifier)) return `imports '${specifier}' without 'node:'`;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const allowed = ROOMS[room]?.packages?.[name];
  if (allowed === undefined) return `${room} may not import the package '${name}'`;
  return allowed === 'dynamic' && how === 'static' ? `'${name}' may only be imported on use, by import()` : undefined;
}

function checkNames(source: ts.SourceFile, file: string, room: string, report: Report): void {
  const universal = ROOMS[room]?.runsIn !== 'Node';
  const excepted = (what: string): boolean => EXCEPTIONS.some((e) => e.file === file && e.what === what);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isDeclarationName(node)) {
      const name = node.text;
      const member = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
      // As a member only Buffer is asked about (`globalThis.Buffer`): `x.process` is an ordinary name.
      if (universal && NODE_GLOBALS.has(name) && (!member || name === 'Buffer') && !excepted(name))
        report(node, `uses ${name}, which only Node has`);
      if (name === 'WebAssembly' && !member && room !== 'core') report(node, 'touches WebAssembly outside core');
      if (name === 'getBuiltinModule' && universal) report(node, 'reaches for a Node module');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** Names that only name: `{ process: 1 }`, `interface X { Buffer: … }`, labels and the like. */
function isDeclarationName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isShorthandPropertyAssignment(parent)) return false;
  if (ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent))
    return parent.name === node;
  return ts.isPropertyDeclaration(parent) && parent.name === node;
}

function checkDefaultExport(source: ts.SourceFile, report: Report): void {
  for (const statement of source.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    if (ts.isExportAssignment(statement) || modifiers?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword))
      report(statement, 'has a default export');
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause))
      continue;
    for (const { name } of statement.exportClause.elements)
      if (name.text === 'default') report(name, 'has a default export');
  }
}

/** Nothing happens at import: no call outside a function, unless marked PURE so that bundlers may drop it. */
function checkTopLevel(source: ts.SourceFile, report: Report): void {
  // What stands before a node's first token, comments included.
  const isPure = (node: ts.Node): boolean =>
    /[@#]__PURE__/.test(source.text.slice(node.getFullStart(), node.getStart(source)));
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      if (node.name !== undefined && ts.isComputedPropertyName(node.name)) visit(node.name);
      return;
    }
    // Fields of instances are set when one is made; static ones when the class is.
    if (ts.isPropertyDeclaration(node) && !node.modifiers?.some((m) => m.kind === ts.SyntaxKind.StaticKeyword)) return;
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
    if (ts.isAwaitExpression(node)) report(node, 'waits at import');
    const acts = ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node);
    if (acts && !isPure(node)) report(node, 'calls something at import without /* @__PURE__ */');
    ts.forEachChild(node, visit);
  };
  for (const statement of source.statements) {
    const declares =
      ts.isVariableStatement(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isFunctionDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isImportDeclaration(statement) ||
      ts.isExportDeclaration(statement) ||
      ts.isExportAssignment(statement) ||
      ts.isModuleDeclaration(statement) ||
      ts.isImportEqualsDeclaration(statement);
    if (!declares) report(statement, 'has a statement that runs at import');
    else if (ts.isImportDeclaration(statement) && statement.importClause === undefined)
      report(statement, 'imports a file only for its effects');
    else visit(statement);
  }
}
