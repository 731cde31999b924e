/**
 * `keyward doctor`, the part that looks at the machine: the runtime, the core, randomness, the clock, and what may carry memory or
 * files to where they should not be. What it judges comes in as values. Node only.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { selfTest } from '../../core/index.ts';
import { KeywardError } from '../../errors.ts';
import { type Checks, octal } from '../checks.ts';
import type { PackageInfo } from '../version.ts';

/** Judges the runtime. `versions` is `process.versions`. */
export function checkRuntime(
  versions: Readonly<Record<string, string | undefined>>,
  info: PackageInfo,
  checks: Checks,
): void {
  checks.add('keyward', 'ok', `version ${info.version}`);
  const other = (['bun', 'deno'] as const).find((name) => versions[name] !== undefined);
  if (other !== undefined) {
    checks.add(
      'runtime',
      'warn',
      `${other} ${versions[other]}`,
      'the library runs there; this command is tested in Node',
    );
    return;
  }
  const wanted = (/\d+(?:\.\d+)*/.exec(info.engines.node)?.[0] ?? '').split('.').map(Number);
  const found = `${versions.node}`.split('.').map(Number);
  const at = wanted.findIndex((part, i) => part !== found[i]);
  const old = at >= 0 && (found[at] ?? 0) < (wanted[at] as number);
  const hint = `keyward needs Node ${info.engines.node}`;
  checks.add('runtime', old ? 'fail' : 'ok', `Node ${versions.node}`, old ? hint : undefined);
}

/** Runs the core's known answers, and compares the module's files. `folder` is that of the built package, `dist/`. */
export async function checkCore(folder: URL, checks: Checks): Promise<void> {
  try {
    const { results, moduleSha256 } = await selfTest();
    checks.add('WebAssembly', 'ok', 'it is there, with SIMD');
    const failed = results.filter(({ passed }) => !passed);
    for (const { name, source } of failed)
      checks.add('self-test', 'fail', `${name} does not give the known answer of ${source}`, REINSTALL);
    if (failed.length === 0) checks.add('self-test', 'ok', `${results.length} known answers, those of the standards`);
    checkModule(folder, moduleSha256, checks);
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    checks.add(
      'WebAssembly',
      'fail',
      error.message,
      'start Node without --jitless, and without a policy that forbids it',
    );
    checks.add('self-test', 'skip', 'not run: it needs WebAssembly');
  }
}

const REINSTALL = 'install keyward again; if it stays so, do not trust this machine with keys';

function checkModule(folder: URL, sha256: string, checks: Checks): void {
  const file = new URL('core.wasm', folder);
  const found = existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : null;
  if (found === sha256) checks.add('core.wasm', 'ok', `SHA-256 ${sha256}, the one that was built`);
  else
    checks.add(
      'core.wasm',
      'fail',
      found === null ? 'it is missing' : `SHA-256 ${found}, built was ${sha256}`,
      REINSTALL,
    );
}

/** Says whether the package lmdb is there, which the KMIP server needs; `load` loads it, or throws. */
export async function checkLmdb(load: () => unknown, checks: Checks): Promise<void> {
  try {
    await load();
    checks.add('lmdb', 'ok', 'it can be loaded: keyward kmip serve has its object store');
  } catch {
    checks.add('lmdb', 'note', 'it is not installed: keyward kmip serve does not run', 'npm install lmdb');
  }
}

/** Draws twice. A generator that stands still, or that gives zeros, is found; a bad one is not. */
export function checkRandom(draw: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array, checks: Checks): void {
  const [first, second] = [draw(new Uint8Array(32)), draw(new Uint8Array(32))];
  const works = Buffer.compare(first, second) !== 0 && first.some((b) => b !== 0) && second.some((b) => b !== 0);
  if (works) checks.add('random source', 'ok', 'two draws of 32 bytes differ');
  else checks.add('random source', 'fail', 'two draws of 32 bytes are the same', 'make no keys on this machine');
}

/** What is known of the time. */
export interface Clock {
  readonly now: Date;
  /** When the package was put on this machine. */
  readonly installed: Date;
  /** By how much wall clock and monotonic clock went apart since the start, milliseconds. */
  readonly driftMs: number;
}

/** Nothing of keyward is older. */
const FIRST_YEAR = 2026;
const DAY_MS = 86_400_000;

/** Judges the clock. */
export function checkClock({ now, installed, driftMs }: Clock, checks: Checks): void {
  const hint = 'set the clock: validity of certificates and activation times of keys depend on it';
  const text = now.toISOString();
  if (now.getUTCFullYear() < FIRST_YEAR) checks.add('clock', 'fail', `it shows ${text}, before keyward was made`, hint);
  else if (now.getTime() < installed.getTime() - DAY_MS)
    checks.add('clock', 'fail', `it shows ${text}; keyward was installed at ${installed.toISOString()}`, hint);
  else if (Math.abs(driftMs) > 1000)
    checks.add(
      'clock',
      'warn',
      `it was set by ${Math.round(driftMs)} ms while this ran`,
      'let a time service adjust it slowly',
    );
  else checks.add('clock', 'ok', text);
}

/** Judges the mask of new files. keyward sets the modes of its own files whatever it is. */
export function checkUmask(umask: number, checks: Checks): void {
  if ((umask & 0o022) === 0o022) checks.add('umask', 'ok', octal(umask));
  else checks.add('umask', 'warn', `${octal(umask)}: others may write what other programs make`, 'umask 0077');
}

/** Tells of core dumps and swap, through which keys in memory may reach a disk. Null: not known here. */
export function checkMemory(coreLimit: string | null, swaps: string | null, checks: Checks): void {
  if (coreLimit === null) checks.add('core dumps', 'note', 'not known on this system');
  else if (coreLimit === '0') checks.add('core dumps', 'ok', 'none are written');
  else checks.add('core dumps', 'note', 'a crash may write memory, keys included, to a file', 'ulimit -c 0');
  if (swaps === null) return;
  const areas = swaps
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/)[0]);
  if (areas.length === 0) checks.add('swap', 'ok', 'there is none');
  else
    checks.add(
      'swap',
      'note',
      `memory, keys included, may be written to ${areas.join(', ')}`,
      'encrypt it, or turn it off',
    );
}

/** The soft limit of core dumps, and the swap areas: from Linux's /proc. */
export function readMemoryFacts(): { readonly coreLimit: string | null; readonly swaps: string | null } {
  const read = (file: string): string | null => (existsSync(file) ? readFileSync(file, 'utf8') : null);
  const coreLimit = /^Max core file size\s+(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1] ?? null;
  return { coreLimit, swaps: read('/proc/swaps') };
}
