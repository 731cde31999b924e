/** Runs the built command in a folder, as its users do. Node only; needs `dist/` (npm run build). */
import { execFile } from 'node:child_process';
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
