/**
 * The lock between writers of one wallet, in this process and in others, on a plain file system.
 *
 * Everyone who wants to write creates a file of a name of its own in the lock directory, then lists the directory, and
 * enters only when nobody else alive is listed. An entry is there before its owner lists and until its owner has left, and
 * POSIX lets a listing miss only what comes or goes during it, so of two owners at least one sees the other: two can never
 * be inside. Who sees another of a smaller name withdraws and comes again; the smallest waits in place. Names begin with
 * random digits, so nobody is always last.
 *
 * A killed owner's entry is recognised as such (its process is gone: same machine, same boot, same process namespace, and
 * no such process or another start time) and ignored from the next listing on, so nothing has to be broken open. An owner
 * on another machine cannot be judged: it counts as alive, and the error at the deadline names its entry.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StateError } from '../../errors.ts';
import { errnoCode, type FileSystem } from './file-system.ts';

/** How long to wait, and what ends the waiting. */
export interface LockOptions {
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Ends the wait. Default: none. */
  readonly signal?: AbortSignal;
}

/** A lock that is held. */
export interface HeldLock {
  /** Leaves; safe to call twice. */
  release(): Promise<void>;
}

/** Milliseconds between two looks; the wait of one who withdrew is random up to four times this. */
const POLL_MS = 4;

/**
 * Takes the lock of a directory of locks, made when missing.
 *
 * @throws {StateError} ERR_WALLET_LOCKED when others held it until the deadline; names them
 */
export async function acquireLock(fs: FileSystem, directory: string, options: LockOptions = {}): Promise<HeldLock> {
  await fs.makeDirectory(directory, 0o700);
  const deadline = performance.now() + (options.timeoutMs ?? 30_000);
  for (;;) {
    options.signal?.throwIfAborted();
    const name = entryName();
    const entry = await fs.create(join(directory, name), 0o600);
    try {
      await entry.close();
      if (await waitAlone(fs, directory, name, deadline, options.signal)) return held(fs, directory, name);
    } catch (error) {
      await leave(fs, directory, name);
      throw error;
    }
    await leave(fs, directory, name);
    await delay(POLL_MS * (0.5 + 4 * Math.random()), undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** True once nobody else is there; false when someone of a smaller name is, and this one has to withdraw. */
async function waitAlone(
  fs: FileSystem,
  directory: string,
  name: string,
  deadline: number,
  signal?: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const others = await livingOthers(fs, directory, name);
    if (others.length === 0) return true;
    if (performance.now() > deadline) {
      throw new StateError('ERR_WALLET_LOCKED', `the wallet is being written by ${others.map(describe).join(', ')}`, {
        hint: `when that process is surely gone, remove its entry from ${directory}`,
      });
    }
    if (others.some((other) => other < name)) return false;
    await delay(POLL_MS, undefined, signal ? { signal } : {});
  }
}

async function livingOthers(fs: FileSystem, directory: string, name: string): Promise<readonly string[]> {
  const others = (await fs.list(directory)).filter((entry) => entry !== name && ENTRY.test(entry));
  const living: string[] = [];
  for (const other of others) {
    if (!abandoned.has(other) && isAlive(other)) living.push(other);
    else await leave(fs, directory, other);
  }
  return living;
}

/** Who is in a directory of locks. */
export interface LockHolders {
  /** Words for each that is alive, or of which this machine cannot tell. */
  readonly living: readonly string[];
  /** How many entries are of processes that are gone: the next writer removes them. */
  readonly gone: number;
}

/** Looks into a directory of locks and changes nothing. One that is not there holds nobody. */
export async function readLock(fs: FileSystem, directory: string): Promise<LockHolders> {
  const entries = (await fs.list(directory)).filter((entry) => ENTRY.test(entry));
  const living = entries.filter(isAlive);
  return { living: living.map(describe), gone: entries.length - living.length };
}

function held(fs: FileSystem, directory: string, name: string): HeldLock {
  let inside = true;
  return {
    async release() {
      if (inside) await leave(fs, directory, name);
      inside = false;
    },
  };
}

/**
 * Removes an entry; one that is gone already was removed by somebody who saw its owner dead. Never fails: an entry of ours that
 * cannot be removed now counts as gone in this process, and is tried again at the next look.
 */
async function leave(fs: FileSystem, directory: string, name: string): Promise<void> {
  try {
    await fs.remove(join(directory, name));
    abandoned.delete(name);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') abandoned.add(name);
  }
}

/** Entries that this process has left and could not remove. */
const abandoned = /* @__PURE__ */ new Set<string>();

/** random . process id . process start . machine, boot and process namespace */
const ENTRY = /^([0-9a-f]{12})\.(\d+)\.(\d+)\.([\w-]+)$/;

let place: string | undefined;

function entryName(): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  const hex = Array.from(random, (b) => b.toString(16).padStart(2, '0')).join('');
  return `${hex}.${process.pid}.${startTime(process.pid) ?? 0}.${thisPlace()}`;
}

/** Names where process ids mean the same: machine, boot, and on Linux the process namespace. */
function thisPlace(): string {
  if (place === undefined) {
    const parts = [
      hostname(),
      tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)),
      tryRead(() => readlinkSync('/proc/self/ns/pid')),
    ];
    place = parts.join('-').replace(/[^\w-]+/g, '_');
  }
  return place;
}

function isAlive(entry: string): boolean {
  const [, , pid, started, where] = ENTRY.exec(entry) as RegExpExecArray;
  if (where !== thisPlace()) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (errnoCode(error) === 'ESRCH') return false;
  }
  const now = startTime(Number(pid));
  return now === null ? !existsProc() : now === 0 || started === '0' || String(now) === started;
}

/** Start of a process in clock ticks since boot; null when it is gone or only its remains are; 0 where nobody tells. */
function startTime(pid: number): number | null {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === '') return existsProc() ? null : 0;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19]);
}

function existsProc(): boolean {
  return tryRead(() => readFileSync('/proc/self/stat', 'utf8')) !== '';
}

function tryRead(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function describe(entry: string): string {
  const [, , pid, , where] = ENTRY.exec(entry) as RegExpExecArray;
  return where === thisPlace() ? `process ${pid}` : `process ${pid} of ${where}`;
}
