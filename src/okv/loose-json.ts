/**
 * JSON as people write it into configuration files, read with a place for every member: what JSON forbids and the manual's
 * samples do all the same (missing commas, missing quotes, a comma too many) is mended, and each repair remarked. Valid JSON is
 * read as JSON.parse reads it. Layer: okv, internal; pure.
 */
import type { TextReading } from './place.ts';

/** A member of the object. */
export interface LooseMember {
  readonly name: string;
  readonly value: LooseValue;
  /** Of the name. */
  readonly offset: number;
}

/** A value with its place. Objects inside are kept as their members. */
export type LooseValue = { readonly offset: number } & (
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly LooseValue[] }
  | { readonly kind: 'object'; readonly members: readonly LooseMember[] }
);

/** Arrays and objects inside each other. */
const MAX_DEPTH = 8;

/** Reads one object that fills the text. @throws {FormatError} ERR_OKV_JSON, ERR_OKV_STRICT */
export function readLooseJson(reading: TextReading): readonly LooseMember[] {
  const reader = new LooseReader(reading);
  reader.skipSpace();
  if (!reader.starts('{')) reader.fail('the file is no JSON object: it must begin with {');
  const members = reader.members(1);
  reader.skipSpace();
  if (reader.at < reading.text.length) reader.fail('something stands behind the object');
  return members;
}

class LooseReader {
  at = 0;
  readonly #reading: TextReading;
  readonly #text: string;

  constructor(reading: TextReading) {
    this.#reading = reading;
    this.#text = reading.text;
  }

  starts(what: string): boolean {
    return this.#text.startsWith(what, this.at);
  }

  skipSpace(): void {
    while (this.at < this.#text.length && /[ \t\r\n]/.test(this.#text[this.at]!)) this.at++;
  }

  fail(message: string, hint?: string): never {
    this.#reading.fail('ERR_OKV_JSON', message, this.at, [], hint);
  }

  #repair(message: string, offset: number = this.at): void {
    this.#reading.warn('OKV_JSON_REPAIRED', message, offset);
  }

  members(depth: number): readonly LooseMember[] {
    const members: LooseMember[] = [];
    this.at++; // {
    while (this.#separated('}', members.length)) {
      const offset = this.at;
      const name = this.starts('"') ? this.#string() : this.#bare(/[\s:,{}[\]"]/, 'the name of a member');
      this.skipSpace();
      if (this.starts(':')) this.at++;
      else this.#repair(`the colon behind "${name}" is missing`);
      this.skipSpace();
      members.push({ name, value: this.#value(depth), offset });
    }
    return members;
  }

  /** Goes to the next element, over a comma; false, and past the bracket, when there is none. */
  #separated(close: string, count: number): boolean {
    const end = this.at;
    this.skipSpace();
    const comma = this.starts(',');
    const commaAt = this.at;
    if (comma) {
      if (count === 0) this.#repair('a comma stands before the first element');
      this.at++;
      this.skipSpace();
    }
    if (this.starts(close)) {
      if (comma && count > 0) this.#repair('a comma stands behind the last element', commaAt);
      this.at++;
      return false;
    }
    if (this.at >= this.#text.length) this.fail(`the text ends before its ${close}`);
    if (!comma && count > 0) this.#repair('a comma is missing', end);
    if (this.starts(',')) this.fail('two commas follow each other');
    return true;
  }

  #value(depth: number): LooseValue {
    const offset = this.at;
    if (this.starts('{') || this.starts('[')) {
      if (depth >= MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} arrays and objects inside each other`);
      return this.starts('{')
        ? { kind: 'object', members: this.members(depth + 1), offset }
        : { kind: 'array', items: this.#items(depth + 1), offset };
    }
    if (this.starts('"')) return { kind: 'string', value: this.#string(), offset };
    return this.#word(offset);
  }

  #items(depth: number): readonly LooseValue[] {
    const items: LooseValue[] = [];
    this.at++; // [
    while (this.#separated(']', items.length)) items.push(this.#value(depth));
    return items;
  }

  /** A string; one without its closing quote ends with its line. */
  #string(): string {
    const start = this.at;
    const open = /"(?:[^"\\\n]|\\[^\n])*/y;
    open.lastIndex = start;
    const [whole] = open.exec(this.#text)!;
    if (this.#text[start + whole.length] === '"') {
      this.at = start + whole.length + 1;
      return this.#unescape(`${whole}"`, start);
    }
    let end = whole.length;
    while (/[,\s]/.test(whole[end - 1]!)) end--;
    const body = whole.slice(0, end);
    if (body.length < 2) this.fail('a string is not closed');
    this.#repair('the closing quote of a string is missing', start);
    this.at = start + body.length;
    return this.#unescape(`${body}"`, start);
  }

  #unescape(literal: string, offset: number): string {
    try {
      return JSON.parse(literal) as string;
    } catch {
      // A Windows path with single backslashes, or a tab: taken as it stands.
      this.#repair('a string holds a character that must be escaped', offset);
      return literal.slice(1, -1);
    }
  }

  #word(offset: number): LooseValue {
    const word = this.#bareText(/[\s,{}[\]"]/);
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true', offset };
    if (word === 'null') return { kind: 'null', offset };
    if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(word))
      return { kind: 'number', value: Number(word), offset };
    this.at = offset;
    if (word === '') this.fail('a value is missing');
    if (word === 'true/false') this.fail('this is a choice, not a value', 'write true or false');
    return { kind: 'string', value: this.#bare(/[\s,{}[\]"]/, 'a string'), offset };
  }

  /** A word without quotes, which JSON has not. */
  #bare(end: RegExp, what: string): string {
    const offset = this.at;
    const word = this.#bareText(end);
    if (word === '') this.fail(`${what} is missing`);
    this.#repair(`the quotes of ${what} are missing`, offset);
    if (this.starts('"')) this.at++; // only the opening one was
    return word;
  }

  #bareText(end: RegExp): string {
    const start = this.at;
    while (this.at < this.#text.length && !end.test(this.#text[this.at]!)) this.at++;
    return this.#text.slice(start, this.at);
  }
}
