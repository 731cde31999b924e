/**
 * The independent programs that tests compare with, and what tests need to run them: Node only. A missing peer makes a
 * test skip by name (`describe.skipIf(!hasPeer('openssl'))`); `npm test` installs them where it can (test/run.mjs).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import peers from './peers.json' with { type: 'json' };

/** An independent program, by the name tests use; `peers.json` says what it is called and which Debian package has it. */
export type Peer = keyof typeof peers;

/** The Python that Debian's packages (PyKMIP) belong to; another one on the PATH would not see them. */
export const PYTHON = '/usr/bin/python3';

const known = new Map<Peer, boolean>();

/** Says whether a peer can be run here. Asked once per process. */
export function hasPeer(peer: Peer): boolean {
  let found = known.get(peer);
  if (found === undefined) {
    const { program } = peers[peer];
    found = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
    known.set(peer, found);
  }
  return found;
}

/** What a peer said. */
export interface PeerResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end, without a shell; throws only when it cannot be started or takes over a minute. */
export function runPeer(
  program: string,
  args: readonly string[],
  options: { readonly input?: Uint8Array | string; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): PeerResult {
  const run = spawnSync(program, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  if (run.error) throw run.error;
  return { status: run.status, stdout: run.stdout, stderr: run.stderr.toString('utf8') };
}

/** A folder of its own under the system's temporary folder, removed with everything in it when disposed of. */
export interface TempFolder extends Disposable {
  readonly path: string;
  /** The full path of a file in it. */
  file(name: string): string;
}

/**
 * Makes a temporary folder, mode 0700.
 *
 * @example
 * using folder = makeTempFolder();
 * writeFileSync(folder.file('wallet.p12'), bytes);
 */
export function makeTempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), 'keyward-test-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]() {
      if (existsSync(path)) rmSync(path, { recursive: true, force: true });
    },
  };
}
