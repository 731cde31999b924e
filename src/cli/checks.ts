/** Lists of checks, as `keyward doctor` and `keyward okv check` make and print them. */
import { printable } from './terminal.ts';

/** What a check found. `note`: worth knowing, and nothing wrong; `skip`: it could not be done because another one failed. */
export type Verdict = 'ok' | 'note' | 'warn' | 'fail' | 'skip';

/** One check. */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** What to do. */
  readonly hint?: string;
}

/** A list of checks that grows. */
export class Checks {
  readonly list: Check[] = [];

  add(name: string, verdict: Verdict, detail: string, hint?: string): void {
    this.list.push({ name, verdict, detail, ...(hint !== undefined && { hint }) });
  }

  /** Adds the failure that `run` throws; otherwise what it returns. */
  attempt<T>(name: string, run: () => T): T | null {
    try {
      return run();
    } catch (error) {
      const { hint } = error as { readonly hint?: string };
      this.add(name, 'fail', error instanceof Error ? error.message : 'unknown failure', hint);
      return null;
    }
  }
}

/** The verdict on all of them. */
export function worstOf(checks: readonly Check[], strict = false): 'ok' | 'warn' | 'fail' {
  const found = (verdict: Verdict): boolean => checks.some((check) => check.verdict === verdict);
  if (found('fail') || (strict && found('warn'))) return 'fail';
  return found('warn') ? 'warn' : 'ok';
}

/** Formats checks: what was found of each, and in the line below what to do. On a terminal `width` columns wide. */
export function formatChecks(checks: readonly Check[], width: number = Number.POSITIVE_INFINITY): string {
  const nameWidth = Math.max(...checks.map(({ name }) => printable(name).length));
  const margin = ' '.repeat(6 + nameWidth + 2);
  return checks
    .flatMap(({ name, verdict, detail, hint }) => {
      const text = [detail, ...(hint === undefined || verdict === 'ok' ? [] : [`hint: ${hint}`])];
      const lines = text.flatMap((one) => wrapText(printable(one), width - margin.length));
      const head = `${verdict.padEnd(6)}${printable(name).padEnd(nameWidth)}  `;
      return lines.map((line, i) => (i === 0 ? head : margin) + line);
    })
    .join('\n');
}

/** Breaks a text at spaces; a word that is too long stays whole. */
function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** How wide the terminal is that standard output goes to; no limit where it is none. */
export const terminalWidth = (): number => (process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY);

/** Permission bits as chmod takes them. */
export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
