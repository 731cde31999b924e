/** Splits a line of the documentation into the words of the `keyward` command in it, as a shell would, and runs nothing. */

/**
 * The words from `keyward` on, up to a pipe, a redirection, the end of a list or of a substitution, or a comment. Quotes and
 * backslashes count as in a shell; nothing is substituted.
 *
 * @example
 * splitCommandLine("echo 42 | keyward ttlv decode --to 'json' > out"); // ['keyward', 'ttlv', 'decode', '--to', 'json']
 */
export function splitCommandLine(line: string): string[] {
  const start = /(?:^|[\s(|;])keyward\s/.exec(line);
  if (start === null) throw new Error(`no keyward in: ${line}`);
  const words: string[] = [];
  let at = line.indexOf('keyward', start.index);
  while (at < line.length) {
    const part = WORD.exec(line.slice(at))?.[0];
    if (part !== undefined) {
      words.push(part.replace(PIECE, unquote));
      at += part.length;
    } else if (/\s/.test(line[at] as string)) at++;
    else break; // one of | > < ) ; &
    if (line[at] === '#' && /\s/.test(line[at - 1] as string)) break;
  }
  return words;
}

const WORD = /^(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\|<>();&])+/;
const PIECE = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g;

function unquote(_: string, single?: string, double?: string, escaped?: string): string {
  return single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? (escaped as string);
}
