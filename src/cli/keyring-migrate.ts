/**
 * `keyward keyring migrate`: copies all keys of one keyring into another, or none. The source is only read. Each end is named as
 * `okv:DIR`, `config:FILE`, `wallet:DIR`; the source also as `file:FILE`, the JSON of MySQL's component_keyring_file.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type DatabaseError, MigrationError, UsageError } from '../errors.ts';
import {
  type Keyring,
  type KeyringKeyInfo,
  type KeyringSource,
  type Migration,
  migrateKeyring,
  openKeyring,
  readComponentKeyringFile,
} from '../keyring/index.ts';
import { type MigrationStep, migrationFailure, migrationStatus } from '../statement/index.ts';
import { WALLET_FILE } from '../wallet/file/index.ts';
import { EXIT, formatError } from './exit.ts';
import { type KeyringTarget, openTarget } from './keyring-target.ts';
import { formatTable, print, printable } from './terminal.ts';

interface MigrateCommandOptions {
  readonly from: string;
  readonly to: string;
  readonly fromPasswordFile?: string;
  readonly fromPasswordFd?: string;
  readonly toPasswordFile?: string;
  readonly toPasswordFd?: string;
  readonly fromInstance?: string;
  readonly toInstance?: string;
  readonly create?: boolean;
  readonly dryRun?: boolean;
  readonly skipSame?: boolean;
  readonly json?: boolean;
}

const KINDS = ['okv', 'config', 'wallet', 'file'] as const;

/** Adds the command to the group. */
export function addMigrateCommand(keyring: Command): void {
  keyring
    .command('migrate')
    .description('copy all keys of one keyring into another, with all their versions: all or nothing')
    .requiredOption('--from <kind:path>', 'okv:DIR, config:FILE, wallet:DIR, or file:FILE of component_keyring_file')
    .requiredOption('--to <kind:path>', 'okv:DIR, config:FILE or wallet:DIR')
    .option('--from-password-file <file>', 'read the password of the source, a wallet, from a file')
    .option('--from-password-fd <number>', 'read it from a file descriptor')
    .option('--to-password-file <file>', 'read the password of the target, a wallet, from a file')
    .option('--to-password-fd <number>', 'read it from a file descriptor')
    .option('--from-instance <name>', 'namespace of the keys in the source, a server')
    .option('--to-instance <name>', 'namespace of the keys in the target, a server')
    .option('--create', 'make the target, a wallet, when there is none')
    .option('--dry-run', 'say what would be copied and what is in the way, and copy nothing')
    .option('--skip-same', 'pass over keys that the target has already, the same')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ keyward keyring migrate --from okv:./okv --to wallet:./wallet --create --dry-run\n',
    )
    .action(migrate);
}

/** What is being done, for MySQL's words of it. */
interface Course {
  step: MigrationStep | null;
  /** The key that it is about. */
  id?: string;
}

async function migrate(options: MigrateCommandOptions): Promise<void> {
  const course: Course = { step: null };
  try {
    const migration = await run(options, course);
    report(migration, options);
    if (migration.conflicts.length + migration.refused.length > 0) process.exitCode = EXIT.state;
  } catch (error) {
    if (options.json === true) {
      const database = [...failuresOf(error, course), migrationStatus('failed')].map(asJson);
      print(JSON.stringify({ error: formatError(error).split('\n')[0], database }));
    }
    throw error;
  }
}

async function run(options: MigrateCommandOptions, course: Course): Promise<Migration> {
  course.step = 'name the source';
  parseEnd('--from', options.from);
  course.step = 'name the target';
  assertWritable(parseEnd('--to', options.to));
  course.step = null;
  if (options.from === options.to && (options.fromInstance ?? '') === (options.toInstance ?? ''))
    throw new UsageError('ERR_OPTION', 'source and target are the same');
  course.step = 'open the source';
  await using from = await openSource(options);
  course.step = 'open the target';
  await using to = await openSink(options);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort(new UsageError('ERR_INTERRUPTED', 'interrupted'));
  process.once('SIGINT', onInterrupt);
  try {
    return await migrateKeyring(watched(from, course), to, {
      dryRun: options.dryRun ?? false,
      skipSame: options.skipSame ?? false,
      signal: interrupt.signal,
      onProgress: (done, total, key) => progress(done, total, key),
    });
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

/** A source whose walk can be told from the looks at the target in between. */
function watched(from: KeyringSource, course: Course): KeyringSource {
  return {
    async *list(call) {
      course.step = 'walk the source';
      for await (const info of from.list(call)) {
        course.step = 'open the target';
        yield info;
        course.step = 'walk the source';
      }
    },
    async fetch(id, call) {
      const { step } = course;
      Object.assign(course, { step: 'fetch a key', id } satisfies Course);
      const found = await from.fetch(id, call);
      course.step = step;
      return found;
    },
  };
}

/** 3201 of a failure: of the key whose turn it was or that is in the way, then of each copy that is left. */
function failuresOf(error: unknown, { step, id }: Course): readonly DatabaseError[] {
  if (!(error instanceof MigrationError)) return step === null ? [] : [migrationFailure(step, id)];
  const what = error.step === 'read' ? 'fetch a key' : 'store a key';
  return [
    ...error.keys.map(({ id }) => migrationFailure(what, id)),
    ...error.left.map(({ id }) => migrationFailure('remove a copy', id)),
  ];
}

function asJson({ code, errno, sqlState, sqlMessage }: DatabaseError): object {
  return { code, errno, sqlState, message: sqlMessage };
}

/** A source, to be closed. */
type Source = KeyringSource & AsyncDisposable;

async function openSource(options: MigrateCommandOptions): Promise<Source> {
  const { kind, path } = parseEnd('--from', options.from);
  if (kind !== 'file')
    return await openEnd('--from', options.from, {
      ...password(options.fromPasswordFile, options.fromPasswordFd),
      ...(options.fromInstance !== undefined && { instance: options.fromInstance }),
    });
  const bytes = readFileSync(path);
  try {
    const source = await readComponentKeyringFile(bytes);
    return {
      list: (call) => source.list(call),
      fetch: (id, call) => source.fetch(id, call),
      [Symbol.asyncDispose]: async () => source[Symbol.dispose](),
    };
  } finally {
    bytes.fill(0);
  }
}

async function openSink(options: MigrateCommandOptions): Promise<Keyring> {
  const { kind, path } = parseEnd('--to', options.to);
  const { dryRun = false, create = false } = options;
  // A wallet that is not there is not made to find out that nothing in it is in the way.
  if (kind === 'wallet' && create && dryRun && !existsSync(join(path, WALLET_FILE)))
    return await openKeyring({ backend: 'memory' });
  return await openEnd('--to', options.to, {
    ...password(options.toPasswordFile, options.toPasswordFd),
    ...(options.toInstance !== undefined && { instance: options.toInstance }),
    create,
  });
}

async function openEnd(option: string, text: string, target: KeyringTarget): Promise<Keyring> {
  const { kind, path } = parseEnd(option, text);
  return await openTarget({ ...target, [kind]: path }, `${option === '--to' ? 'target' : 'source'} wallet password`);
}

interface End {
  readonly kind: (typeof KINDS)[number];
  readonly path: string;
}

function assertWritable({ kind }: End): void {
  if (kind === 'file') throw new UsageError('ERR_OPTION', 'nothing is written into a file of component_keyring_file');
}

function parseEnd(option: string, text: string): End {
  const colon = text.indexOf(':');
  const kind = KINDS.find((word) => word === text.slice(0, colon));
  const path = text.slice(colon + 1);
  if (kind !== undefined && path !== '') return { kind, path };
  throw new UsageError('ERR_OPTION', `${option} is ${KINDS.map((word) => `${word}:PATH`).join(', ')}`);
}

function password(file: string | undefined, fd: string | undefined): KeyringTarget {
  return { ...(file !== undefined && { passwordFile: file }), ...(fd !== undefined && { passwordFd: fd }) };
}

/** A line that replaces itself on a terminal; in a log one line for each key. */
function progress(done: number, total: number, { id, owner }: KeyringKeyInfo): void {
  const line = `${done}/${total} ${printable(id)}${owner === '' ? '' : ` of ${printable(owner)}`}`;
  const { stderr } = process;
  stderr.write(stderr.isTTY ? `\r\u001b[K${line}${done === total ? '\n' : ''}` : `${line}\n`);
}

function report({ copied, skipped, conflicts, refused }: Migration, options: MigrateCommandOptions): void {
  if (options.json === true) {
    const { dryRun = false } = options;
    const database = dryRun ? [] : [asJson(migrationStatus('successful'))];
    print(JSON.stringify({ dryRun, copied, skipped, conflicts, refused, database }));
    return;
  }
  if (options.dryRun === true) {
    const rows = [
      ...copied.map((key) => ['would be copied', key] as const),
      ...skipped.map((key) => ['there already, the same', key] as const),
      ...conflicts.map((key) => ['IN THE WAY', key] as const),
      ...refused.map((key) => ['NOT TAKEN', key] as const),
    ].map(([what, k]) => [what, k.id, k.owner, k.type, k.lengthBytes, k.version]);
    print(formatTable(['WHAT', 'KEY_ID', 'KEY_OWNER', 'TYPE', 'LENGTH', 'VERSION'], rows));
    print('nothing was copied');
    return;
  }
  if (copied.length + skipped.length === 0) print('Source keyring does not have any keys to migrate.');
  else print(`copied ${copied.length} keys${skipped.length > 0 ? `, ${skipped.length} were there already` : ''}`);
}
