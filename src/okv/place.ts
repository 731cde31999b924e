/**
 * What the parsers of this room share: places in a text, remarks about what was read all the same, and the errors.
 * Layer: okv, internal; pure.
 */
import { FormatError, LimitError, UsageError } from '../errors.ts';

/** A place in a text. */
export interface TextPlace {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** Something that was read although it is not as it should be. */
export interface Remark extends TextPlace {
  /** `warning`: somebody should mend it, and `strict` refuses it. `notice`: good to know. */
  readonly severity: 'warning' | 'notice';
  /** Stable identifier, `OKV_…`. */
  readonly code: string;
  /** What was found and what was made of it; lower case, no period. */
  readonly message: string;
}

/** How a configuration text is read. */
export interface ParseOptions {
  /** Refuse what otherwise only makes a warning. Default false. */
  readonly strict?: boolean;
  /** Stands in messages. Default: the file's usual name. */
  readonly fileName?: string;
}

/** Characters of a configuration text. */
const MAX_CHARACTERS = 1024 * 1024;

/** One parse of one text: where things are, what was remarked, and how it fails. */
export class TextReading {
  readonly text: string;
  readonly fileName: string;
  readonly remarks: Remark[] = [];
  readonly #strict: boolean;
  /** Offsets at which lines start. */
  readonly #starts: number[] = [0];

  /** Takes a text without its byte order mark. @throws {LimitError} ERR_OKV_SIZE @throws {UsageError} ERR_OPTION */
  constructor(text: string, options: ParseOptions, usualName: string) {
    for (const name of Object.keys(options))
      if (name !== 'strict' && name !== 'fileName') throw new UsageError('ERR_OPTION', `unknown option: ${name}`);
    this.text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.fileName = options.fileName ?? usualName;
    this.#strict = options.strict ?? false;
    if (text.length > MAX_CHARACTERS)
      throw new LimitError('ERR_OKV_SIZE', `${this.fileName}: more than ${MAX_CHARACTERS} characters`, {
        limit: MAX_CHARACTERS,
        actual: text.length,
      });
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** The lines, without their ends, each with the offset at which it starts. */
  *lines(): Generator<{ readonly line: string; readonly offset: number }> {
    for (const [i, offset] of this.#starts.entries()) {
      const end = (this.#starts[i + 1] ?? this.text.length + 1) - 1;
      yield { line: this.text.slice(offset, end).replace(/\r$/, ''), offset };
    }
  }

  /** The place of an offset. */
  placeOf(offset: number): TextPlace {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }

  /** Keeps a notice. */
  notice(code: string, message: string, offset: number): void {
    this.remarks.push({ severity: 'notice', code, message, ...this.placeOf(offset) });
  }

  /** Keeps a warning; in a strict parse refuses. @throws {FormatError} ERR_OKV_STRICT */
  warn(code: string, message: string, offset: number): void {
    if (this.#strict) this.fail('ERR_OKV_STRICT', message, offset, [], `a strict reading refuses ${code}`);
    this.remarks.push({ severity: 'warning', code, message, ...this.placeOf(offset) });
  }

  /** Refuses the text. */
  fail(code: string, message: string, offset: number, path: readonly string[] = [], hint?: string): never {
    const { line, column } = this.placeOf(offset);
    throw new FormatError(
      code,
      `${this.fileName}: ${message} (line ${line}, column ${column})`,
      { offset, path },
      hint === undefined ? {} : { hint },
    );
  }
}
