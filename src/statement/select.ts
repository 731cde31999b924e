/**
 * SELECT over rows in memory: projection, WHERE, ORDER BY, with SQL's three-valued logic (a comparison with NULL is
 * neither true nor false). Column names compare without case. Layer: statement, pure.
 */
import { StatementError } from '../errors.ts';
import type { Condition, SelectStatement, SqlValue } from './ast.ts';

/** A view or a result: column names in order, and rows of as many values. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/**
 * Runs a SELECT over a view's whole contents. `ROWNUM` counts the rows that pass, from 1, as in Oracle.
 *
 * @throws {StatementError} ERR_STATEMENT_COLUMN for a column that the view does not have; lists those it has
 */
export function select(statement: SelectStatement, view: Table): Table {
  const columnOf = (name: string): number => findColumn(view, name);
  const test = statement.where === null ? () => true : compile(statement.where, columnOf);
  const rows: (readonly SqlValue[])[] = [];
  for (const row of view.rows) if (test(row, rows.length + 1) === true) rows.push(row);

  const picked = statement.columns?.map((c) => ({ title: c.alias ?? c.name.toUpperCase(), index: columnOf(c.name) }));
  for (const term of statement.orderBy.toReversed()) {
    const index = typeof term.column === 'string' ? columnOf(term.column) : ordinal(term.column, picked, view);
    rows.sort((a, b) => (term.descending ? -1 : 1) * order(a[index] ?? null, b[index] ?? null));
  }
  if (picked === undefined) return { columns: view.columns, rows };
  return {
    columns: picked.map((c) => c.title),
    rows: rows.map((row) => picked.map((c) => row[c.index] ?? null)),
  };
}

/** SQL's LIKE: `%` any run, `_` one character, case-sensitive. */
export function like(value: string, pattern: string, escapeCharacter: string | null): boolean {
  let source = '';
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] as string;
    if (c === escapeCharacter && i + 1 < characters.length) source += quote(characters[++i] as string);
    else source += c === '%' ? '[^]*' : c === '_' ? '[^]' : quote(c);
  }
  return new RegExp(`^${source}$`, 'u').test(value);
}

const quote = (c: string): string => c.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replace(/\\-/g, '\\x2d');

const ROWNUM = -1;
/** true, false, or null for unknown. */
type Test = (row: readonly SqlValue[], rowNumber: number) => boolean | null;

function compile(condition: Condition, columnOf: (name: string) => number): Test {
  switch (condition.op) {
    case 'and':
    case 'or': {
      const terms = condition.terms.map((t) => compile(t, columnOf));
      const decisive = condition.op === 'or';
      return (row, n) => {
        const values = terms.map((t) => t(row, n));
        return values.includes(decisive) ? decisive : values.includes(null) ? null : !decisive;
      };
    }
    case 'not': {
      const term = compile(condition.term, columnOf);
      return (row, n) => {
        const value = term(row, n);
        return value === null ? null : !value;
      };
    }
    default:
      return predicate(condition, columnOf(condition.column));
  }
}

type Predicate = Exclude<Condition, { readonly op: 'and' | 'or' | 'not' }>;

function predicate(condition: Predicate, index: number): Test {
  const cellOf = (row: readonly SqlValue[], n: number): SqlValue => (index === ROWNUM ? n : (row[index] ?? null));
  switch (condition.op) {
    case 'is-null':
      return (row, n) => cellOf(row, n) === null;
    case 'like':
      return (row, n) => {
        const value = cellOf(row, n);
        return value === null ? null : like(String(value), condition.pattern, condition.escape);
      };
    case 'in':
      return (row, n) => {
        const found = condition.values.map((v) => compare(cellOf(row, n), v));
        return found.includes(0) ? true : found.includes(null) ? null : false;
      };
    case 'compare':
      return (row, n) => {
        const sign = compare(cellOf(row, n), condition.value);
        return sign === null ? null : HOLDS[condition.comparison](sign);
      };
  }
}

const HOLDS = {
  '=': (sign: number) => sign === 0,
  '<>': (sign: number) => sign !== 0,
  '<': (sign: number) => sign < 0,
  '<=': (sign: number) => sign <= 0,
  '>': (sign: number) => sign > 0,
  '>=': (sign: number) => sign >= 0,
} as const;

/** −1, 0 or 1; null when either side is NULL. A number meets a text as a number where the text is one. */
function compare(a: SqlValue, b: SqlValue): number | null {
  if (a === null || b === null) return null;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? null : Math.sign(x - y);
}

/** For ORDER BY: NULL comes last, as in Oracle. */
function order(a: SqlValue, b: SqlValue): number {
  return compare(a, b) ?? (a === null ? 1 : 0) - (b === null ? 1 : 0);
}

function findColumn(view: Table, name: string): number {
  const wanted = name.toUpperCase();
  if (wanted === 'ROWNUM') return ROWNUM;
  const index = view.columns.findIndex((c) => c.toUpperCase() === wanted);
  if (index >= 0) return index;
  throw new StatementError(
    'ERR_STATEMENT_COLUMN',
    `there is no column ${wanted}: the view has ${view.columns.join(', ')}`,
    {
      line: 1,
      column: 1,
      expected: view.columns,
    },
  );
}

function ordinal(position: number, picked: readonly { readonly index: number }[] | undefined, view: Table): number {
  const index = picked === undefined ? position - 1 : picked[position - 1]?.index;
  if (index !== undefined && Number.isInteger(position) && position >= 1 && index < view.columns.length) return index;
  throw new StatementError('ERR_STATEMENT_COLUMN', `ORDER BY ${position} is not a position in the select list`, {
    line: 1,
    column: 1,
  });
}
