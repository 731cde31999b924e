/**
 * `keyward doctor`, the part that looks at a directory with keys in it: who may read and write it, whether the disk does what a safe
 * save needs, and who is at work there. It asks for no password and shows no secret. Node only.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, type Stats, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { encodeUtf8 } from '../../bytes.ts';
import { parsePfx } from '../../pkcs12/index.ts';
import { nodeFileSystem, readLock, WALLET_FILE } from '../../wallet/file/index.ts';
import { type Checks, octal } from '../checks.ts';
import { checkFiles } from '../okv/check.ts';
import { syncDirectory, writeSynced } from '../okv/files.ts';

/** What a directory is said to be. */
export type PlaceKind = 'home' | 'wallet' | 'okv' | 'kmip-home';

/** Who looks, and when. */
export interface Viewer {
  /** Null where files have no owners. */
  readonly uid: number | null;
  readonly now: () => Date;
}

/** One of these says that the directory is what it is said to be. */
const SIGNS: Readonly<Record<PlaceKind, readonly string[]>> = {
  home: ['control.json'],
  wallet: [WALLET_FILE, 'cwallet.sso'],
  okv: ['okvclient.ora'],
  'kmip-home': ['server.json'],
};

/** Looks at a directory and all that lies in it. */
export async function checkPlace(kind: PlaceKind, path: string, viewer: Viewer, checks: Checks): Promise<void> {
  const directory = resolve(path);
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) {
    checks.add(kind, 'fail', `${path} is no directory`, 'look at the path');
    return;
  }
  const found = SIGNS[kind].some((name) => statSync(join(directory, name), { throwIfNoEntry: false }) !== undefined);
  if (found) checks.add(kind, 'ok', directory);
  else checks.add(kind, 'warn', `there is no ${SIGNS[kind].join(' or ')} in ${directory}`, 'look at the path');
  checkAbove(directory, viewer, checks);
  if (kind === 'okv') {
    checks.list.push(...checkFiles(directory, viewer.now()).checks);
    return;
  }
  const entries = listEntries(directory);
  checkModes(directory, entries, checks);
  checkOwners(entries, viewer, checks);
  checkWallets(entries, checks);
  await checkLocks(entries, checks);
  checkSpace(directory, checks);
  checkDisk(directory, viewer, checks);
  if (kind === 'kmip-home') checkClients(directory, viewer, checks);
}

interface Entry {
  readonly path: string;
  readonly stats: Stats;
}

/** More than any home has: objects lie in one file. */
const MOST_ENTRIES = 20_000;

/** The directory and everything below it. Links are not followed. */
function listEntries(directory: string): Entry[] {
  const entries: Entry[] = [{ path: directory, stats: statSync(directory) }];
  for (const { path, stats } of entries) {
    if (!stats.isDirectory() || entries.length > MOST_ENTRIES) continue;
    for (const name of readdirSync(path)) {
      const below = lstatSync(join(path, name), { throwIfNoEntry: false }); // it may have gone since
      if (below !== undefined) entries.push({ path: join(path, name), stats: below });
    }
  }
  return entries;
}

/** Whoever may write in a directory above may put another one in the place of this. */
function checkAbove(directory: string, { uid }: Viewer, checks: Checks): void {
  let open = 0;
  for (let at = dirname(directory); ; at = dirname(at)) {
    const { mode, uid: owner } = statSync(at);
    const sticky = (mode & 0o1000) !== 0;
    if ((mode & 0o022) !== 0 && !sticky) {
      open++;
      checks.add(
        'directories above',
        'warn',
        `others may replace what is in ${at} (mode ${octal(mode & 0o777)})`,
        `chmod go-w ${at}`,
      );
    } else if (uid !== null && owner !== uid && owner !== 0) {
      open++;
      checks.add(
        'directories above',
        'warn',
        `${at} belongs to user ${owner}`,
        'keep keys below directories of your own',
      );
    }
    if (at === dirname(at)) break;
  }
  if (open === 0) checks.add('directories above', 'ok', 'nobody else may replace it');
}

/** What opens without a password, or is one. */
const NAKED = /^(?:cwallet\.sso|password(?:\.txt)?|kms-url|key\.pem)$/;
/** What a client of a server shows to everybody. */
const PUBLIC = /^(?:CA\.pem|cert\.pem|okvclient\.ora)$/;
const MOST_TOLD = 5;

function checkModes(directory: string, entries: readonly Entry[], checks: Checks): void {
  const open = entries.flatMap(({ path, stats }) => {
    if (stats.isSymbolicLink()) return [];
    const isClient = relative(directory, path).split('/').includes('clients');
    const forbidden = PUBLIC.test(basename(path)) ? 0o022 : isClient ? (stats.isDirectory() ? 0o027 : 0o037) : 0o077;
    const mode = stats.mode & 0o777;
    return (mode & forbidden) === 0 ? [] : [{ path, mode, wanted: mode & ~forbidden }];
  });
  for (const { path, mode, wanted } of open.slice(0, MOST_TOLD)) {
    const grave = (mode & 0o022) !== 0 || NAKED.test(basename(path));
    checks.add(
      'permissions',
      grave ? 'fail' : 'warn',
      `${path} has mode ${octal(mode)}`,
      `chmod ${octal(wanted)} ${path}`,
    );
  }
  const more = open.slice(MOST_TOLD);
  const grave = more.some(({ path, mode }) => (mode & 0o022) !== 0 || NAKED.test(basename(path)));
  if (more.length > 0)
    checks.add(
      'permissions',
      grave ? 'fail' : 'warn',
      `${more.length} more are open to others`,
      `chmod -R go-rwx ${directory}`,
    );
  if (open.length === 0)
    checks.add('permissions', 'ok', `nobody else reads or writes any of ${entries.length} files and directories`);
}

function checkOwners(entries: readonly Entry[], { uid }: Viewer, checks: Checks): void {
  if (uid === null) return;
  const foreign = entries.filter(({ stats }) => stats.uid !== uid);
  const [first] = foreign;
  if (first === undefined) checks.add('owner', 'ok', `all belong to user ${uid}`);
  else {
    const more = foreign.length > 1 ? `, and ${foreign.length - 1} more` : '';
    const hint = `run keyward as user ${first.stats.uid}: what it writes belongs to the user who runs it`;
    checks.add('owner', 'warn', `${first.path} belongs to user ${first.stats.uid}, not ${uid}${more}`, hint);
  }
}

/** Wallets are read as far as that goes without a password. A save replaces a link, not what it leads to. */
function checkWallets(entries: readonly Entry[], checks: Checks): void {
  for (const { path, stats } of entries.filter((entry) => basename(entry.path) === WALLET_FILE)) {
    if (stats.isSymbolicLink())
      checks.add(
        'wallet file',
        'warn',
        `${path} is a symbolic link, which the next save replaces`,
        'name the directory it leads to',
      );
    const pfx = checks.attempt('wallet file', () => parsePfx(new Uint8Array(readFileSync(path))));
    if (pfx !== null)
      checks.add('wallet file', 'ok', `${path}: ${pfx.sizeBytes} bytes of PKCS#12, ${pfx.mac?.name ?? pfx.integrity}`);
  }
}

async function checkLocks(entries: readonly Entry[], checks: Checks): Promise<void> {
  const locks = entries.filter(({ path, stats }) => stats.isDirectory() && /^\.(?:.+\.)?lock$/.test(basename(path)));
  let found = 0;
  for (const { path } of locks) {
    const { living, gone } = await readLock(nodeFileSystem, path);
    if (living.length > 0) checks.add('locks', 'note', `${path} is held by ${living.join(', ')}`);
    if (gone > 0)
      checks.add(
        'locks',
        'note',
        `${path} has ${gone} left by processes that are gone`,
        'the next writer clears them away',
      );
    found += living.length + gone;
  }
  if (found === 0) checks.add('locks', 'ok', 'none is held');
}

/** A save keeps the old wallet beside the new one. */
const LEAST_BYTES = 1024 ** 2;
const LOW_BYTES = 64 * LEAST_BYTES;

function checkSpace(directory: string, checks: Checks): void {
  const { bavail, bsize, files, ffree } = statfsSync(directory);
  const free = bavail * bsize;
  const detail = `${Math.floor(free / LEAST_BYTES)} MiB free`;
  if (free < LEAST_BYTES || (files > 0 && ffree === 0))
    checks.add('disk space', 'fail', `${detail}, or no file more`, 'make room: no save can succeed');
  else if (free < LOW_BYTES) checks.add('disk space', 'warn', detail, 'make room: each save keeps a backup');
  else checks.add('disk space', 'ok', detail);
}

/** More than the granularity of any file system's times. */
const SKEW_MS = 2500;

/** Does with two small files what a save does with a wallet, and compares the clocks. */
function checkDisk(directory: string, { now }: Viewer, checks: Checks): void {
  const name = join(directory, `.keyward-doctor.${randomBytes(8).toString('hex')}`);
  const [target, temporary] = [`${name}.old`, `${name}.new`];
  try {
    writeSynced(target, encodeUtf8('old'), { mode: 0o600 });
    writeSynced(temporary, encodeUtf8('new'), { mode: 0o600 });
    const skewMs = statSync(temporary).mtimeMs - now().getTime();
    renameSync(temporary, target);
    syncDirectory(directory);
    if (readFileSync(target, 'utf8') !== 'new') throw new Error('a rename over a file left the old one');
    checks.add('safe save', 'ok', 'written, synced, renamed over another file, directory synced');
    if (Math.abs(skewMs) > SKEW_MS)
      checks.add(
        'file times',
        'warn',
        `the file system's clock is ${Math.round(skewMs / 1000)} s off this machine's`,
        'let both follow a time service',
      );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    checks.add(
      'safe save',
      'fail',
      `${directory}: ${code ?? message}`,
      'wallets cannot be changed there: look at its owner and mode, and whether it is read-only',
    );
  } finally {
    for (const file of [temporary, target]) rmSync(file, { force: true });
  }
}

/** The directories of a server's clients, whose certificates end. */
function checkClients(home: string, { now }: Viewer, checks: Checks): void {
  const clients = join(home, 'clients');
  const names = statSync(clients, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(clients).sort() : [];
  for (const name of names) {
    const found = checkFiles(join(clients, name), now()).checks;
    const wrong = found.filter(({ verdict }) => verdict !== 'ok');
    for (const check of wrong)
      checks.list.push({ ...check, name: `client ${name}`, detail: `${check.name}: ${check.detail}` });
    const valid = found.find((check) => check.name === 'cert.pem');
    if (wrong.length === 0) checks.add(`client ${name}`, 'ok', valid?.detail ?? 'its files fit together');
  }
}
