/** Runs the built command in a folder, as its users do. Node only; needs `dist/` (npm run build). */
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Makes a function that runs `keyward ARGS` in `folder`, standard input given as text or bytes; output is read as UTF-8. */
export function commandIn(folder: string): (args: readonly string[], input?: string | Uint8Array) => Promise<Ended> {
  return (args, input = '') =>
    new Promise((done) => {
      const child = execFile(process.execPath, [main, ...args], { cwd: folder }, (error, out, err) => {
        done({ status: error === null ? 0 : ((error.code as number | undefined) ?? -1), out, err });
      });
      child.stdin?.on('error', () => undefined); // it may end before it has read all
      child.stdin?.end(input);
    });
}

/**
 * Runs the command at a pseudo terminal made by script(1), and types an answer at each question (`…: ` at the end of what is shown).
 * Gives back all that the terminal showed, its status in the last line.
 */
export function atTerminal(folder: string, args: readonly string[], answers: readonly string[] = []): Promise<string> {
  const quoted = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
  return new Promise((done, failed) => {
    const child = spawn('script', ['-qec', `${quoted}; echo "status $?"`, '/dev/null'], {
      cwd: folder,
      env: { ...process.env, TERM: 'xterm' },
    });
    let shown = '';
    let from = 0;
    let next = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor is not what is shown
      shown += String(chunk).replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
      if (next >= answers.length || !/\S: $/.test(shown.slice(from))) return;
      from = shown.length;
      child.stdin.write(`${answers[next++]}\r`);
    });
    child.on('error', failed);
    child.on('close', () => done(shown.replaceAll('\r\n', '\n')));
  });
}
