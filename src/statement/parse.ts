/**
 * Text to statements: one statement, or a script of many. Errors carry line, column and what could have stood there,
 * and never the text of a secret. Layer: statement, pure; the grammar is grammar.peggy.
 */
import { StatementError } from '../errors.ts';
import type { Statement } from './ast.ts';
import { parser } from './generated/parser.ts';

/** How strictly a statement is read. */
export interface ParseOptions {
  /**
   * Admits the two slips of the vendor's SET TAG example: a second `USING TAG` (which has no effect) and a missing
   * `WITH BACKUP`. Default false.
   */
  readonly vendorExamples?: boolean;
}

/** One statement of a script, with the place where it starts. */
export interface ScriptStatement {
  readonly text: string;
  /** Offset of `text` in the script. */
  readonly offset: number;
  /** Line in the script, from 1. */
  readonly line: number;
  /** Column in that line, from 1. */
  readonly column: number;
}

/**
 * Parses one statement, with or without its `;` and a copied `SQL>` prompt.
 *
 * @throws {StatementError} ERR_STATEMENT_SYNTAX with line, column and the tokens that could have stood there
 *
 * @example
 * parseStatement("ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY :pw").kind; // 'open-keystore'
 */
export function parseStatement(text: string, options: ParseOptions = {}): Statement {
  try {
    return parser.parse(text, { vendorExamples: options.vendorExamples === true }) as Statement;
  } catch (error) {
    throw syntaxError(error as GeneratedSyntaxError, text);
  }
}

interface GeneratedSyntaxError {
  readonly expected: readonly { readonly type: string; readonly description?: string; readonly text?: string }[] | null;
  readonly location?: { readonly start: { readonly line: number; readonly column: number; readonly offset: number } };
}

/** What a reader need not be told could stand there too. */
const UNSAID: ReadonlySet<string> = /* @__PURE__ */ new Set(['white space', 'SQL> prompt']);

function syntaxError(error: GeneratedSyntaxError, text: string): unknown {
  if (error.location === undefined) return error;
  const { line, column, offset } = error.location.start;
  const names = (error.expected ?? []).map((e) =>
    e.type === 'end' ? 'end of statement' : (e.description ?? (e.text === undefined ? '' : `'${e.text}'`)),
  );
  const expected = [...new Set(names)].filter((name) => name !== '' && !UNSAID.has(name)).sort();
  const found = offset >= text.length ? 'the statement ends here' : 'this cannot stand here';
  const listed = expected.length === 0 ? '' : `: expected ${formatAlternatives(expected)}`;
  return new StatementError('ERR_STATEMENT_SYNTAX', `${found} (line ${line}, column ${column})${listed}`, {
    line,
    column,
    expected,
  });
}

function formatAlternatives(names: readonly string[]): string {
  return names.length === 1 ? String(names[0]) : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`;
}

/**
 * Cuts a script into its statements: at `;` outside of strings and comments; STARTUP and SHUTDOWN also end with their
 * line, as they do in the tools that know them. Comments between statements belong to the statement after them.
 */
export function* splitScript(script: string): Generator<ScriptStatement> {
  let from = 0;
  while (from < script.length) {
    const start = skipBlank(script, from);
    if (start >= script.length) return;
    const end = statementEnd(script, start);
    if (end > start) yield { text: script.slice(start, end), offset: start, ...placeOf(script, start) };
    from = end + 1;
  }
}

/** Line and column, both from 1, of an offset in a text. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}

const BLANK = /(?:[\s\ufeff;]|--[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const TOKEN = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*`?|;|[\s\S]/gy;
/** In MySQL's statements a backslash escapes inside quotes. */
const MYSQL_TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|"(?:[^"\\]|""|\\[\s\S])*(?:"|$)|`[^`]*`?|;|[\s\S]/gy;
const MYSQL_START =
  /^(?:SQL>\s*|mysql>\s*)?(?:SELECT(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)+keyring_key_|SET\s+(?:GLOBAL\b|PERSIST\b|@@(?:global|persist)\b)|SHOW\b|INSTALL\b|UNINSTALL\b|CREATE\s+FUNCTION\b|DROP\s+FUNCTION\b)/i;
const LINE_COMMAND = /^(?:SQL>\s*)?(?:STARTUP|SHUTDOWN)\b[^\n;]*/i;

function skipBlank(script: string, from: number): number {
  BLANK.lastIndex = from;
  return from + (BLANK.exec(script)?.[0].length ?? 0);
}

function statementEnd(script: string, start: number): number {
  const rest = script.slice(start);
  const command = LINE_COMMAND.exec(rest);
  if (command !== null) return start + command[0].length;
  const token = new RegExp(MYSQL_START.test(rest) ? MYSQL_TOKEN : TOKEN);
  token.lastIndex = start;
  for (let match = token.exec(script); match !== null; match = token.exec(script))
    if (match[0] === ';') return match.index;
  return script.length;
}
