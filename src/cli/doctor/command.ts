/**
 * `keyward doctor`: whether this machine is fit for keys, and whether the directories named are kept as they should be. It needs no
 * password, changes nothing, and shows no secret.
 */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { Checks, formatChecks, terminalWidth, worstOf } from '../checks.ts';
import { EXIT } from '../exit.ts';
import { collect } from '../options.ts';
import { print } from '../terminal.ts';
import { readPackageInfo } from '../version.ts';
import {
  checkClock,
  checkCore,
  checkLmdb,
  checkMemory,
  checkRandom,
  checkRuntime,
  checkUmask,
  readMemoryFacts,
} from './machine.ts';
import { checkPlace, type PlaceKind } from './place.ts';

interface DoctorOptions {
  readonly home?: readonly string[];
  readonly wallet?: readonly string[];
  readonly okv?: readonly string[];
  readonly kmipHome?: readonly string[];
  readonly json?: boolean;
}

/** Adds what the command takes and does. */
export function defineDoctor(command: Command): void {
  command
    .description(
      'look whether this machine is fit for keys, and whether directories with keys are kept as they should be',
    )
    .option('--home <dir>', 'look at the home of an instance, too; each of these may be given several times', collect)
    .option('--wallet <dir>', 'look at a directory with a wallet', collect)
    .option('--okv <dir>', 'look at the configuration directory of keyring_okv', collect)
    .option('--kmip-home <dir>', 'look at the home of a KMIP server', collect)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(doctor);
}

const EXAMPLES = `
Examples:
  $ keyward doctor
  $ keyward doctor --home ./home --okv ./okv --json

ok: as it should be; note: worth knowing; warn: better otherwise; fail: must be
mended, and the exit status is 10. Servers are asked by: keyward okv check
`;

const VERDICTS = {
  ok: 'everything is as it should be',
  warn: 'it works, with warnings',
  fail: 'not everything is as it should be',
} as const;

async function doctor(options: DoctorOptions): Promise<void> {
  const checks = new Checks();
  const info = readPackageInfo();
  checkRuntime(process.versions, info, checks);
  await checkCore(new URL('../../', import.meta.url), checks);
  await checkLmdb(loadLmdb, checks);
  checkRandom((bytes) => crypto.getRandomValues(bytes), checks);
  checkClock(readClock(), checks);
  checkUmask(readUmask(), checks);
  const { coreLimit, swaps } = readMemoryFacts();
  checkMemory(coreLimit, swaps, checks);
  const viewer = { uid: process.getuid?.() ?? null, now: () => new Date() };
  for (const [kind, path] of placesOf(options)) await checkPlace(kind, path, viewer, checks);
  const verdict = worstOf(checks.list);
  if (options.json === true) print(JSON.stringify({ version: info.version, verdict, checks: checks.list }));
  else print(`${formatChecks(checks.list, terminalWidth())}\n\n${VERDICTS[verdict]}`);
  if (verdict === 'fail') process.exitCode = EXIT.checkFailed;
}

function placesOf({ home = [], wallet = [], okv = [], kmipHome = [] }: DoctorOptions): [PlaceKind, string][] {
  const named = (kind: PlaceKind, paths: readonly string[]) => paths.map((path): [PlaceKind, string] => [kind, path]);
  return [...named('home', home), ...named('wallet', wallet), ...named('okv', okv), ...named('kmip-home', kmipHome)];
}

function readClock() {
  const now = new Date();
  const driftMs = now.getTime() - (performance.timeOrigin + performance.now());
  return { now, driftMs, installed: statSync(new URL(import.meta.url)).mtime };
}

async function loadLmdb(): Promise<void> {
  const { assertLmdb } = await import('../../kmip/server/index.ts');
  await assertLmdb();
}

/** It can only be read by being set. */
function readUmask(): number {
  const umask = process.umask(0o077);
  process.umask(umask);
  return umask;
}
