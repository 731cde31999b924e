/**
 * Copies the keys of one keyring into another, all versions of each: everything or nothing, as MySQL's migration does. The source is
 * only read. A key that is in the way is found before anything is copied; what was copied is read back and compared; after a failure
 * it is removed again, the last first, and nothing else: a key that another made under such a name meanwhile stays. Layer: keyring.
 */
import { equalSecretBytes } from '../core/index.ts';
import { MigrationError, StateError, UsageError } from '../errors.ts';
import type { CallOptions, Keyring, KeyringKey, KeyringKeyInfo } from './keyring.ts';
import { assertKnownOptions } from './options.ts';

/** What keys can be copied from. */
export type KeyringSource = Pick<Keyring, 'list' | 'fetch'>;

/** How keys are copied. */
export interface MigrateOptions {
  /** Find out what would be copied, and what is in the way, and copy nothing. Default false. */
  readonly dryRun?: boolean;
  /** Pass over keys that are in the target already with the same bytes, as after a copy that was killed. Default false: they are in the way. */
  readonly skipSame?: boolean;
  /** Called after each key. */
  readonly onProgress?: (done: number, total: number, key: KeyringKeyInfo) => void;
  /** Ends it, and takes back what was copied. */
  readonly signal?: AbortSignal;
}

/** What was copied, or would be. */
export interface Migration {
  /** Newest versions, in the order of the source. */
  readonly copied: readonly KeyringKeyInfo[];
  /** Keys that were there already, the same. */
  readonly skipped: readonly KeyringKeyInfo[];
  /** Of a dry run: keys in the target that are in the way. */
  readonly conflicts: readonly KeyringKeyInfo[];
  /** Of a dry run: keys whose name, type, length or versions the target does not take. */
  readonly refused: readonly KeyringKeyInfo[];
}

/** Copies all keys: see `migrateKeyring` of lazy.ts. */
export async function copyKeyring(from: KeyringSource, to: Keyring, options: MigrateOptions = {}): Promise<Migration> {
  assertKnownOptions(options, ['dryRun', 'skipSame', 'onProgress', 'signal']);
  const { dryRun = false, onProgress, signal } = options;
  const call: CallOptions = signal === undefined ? {} : { signal };
  const plan = await planMigration(from, to, options.skipSame ?? false, call);
  if (dryRun) return plan;
  assertNothingInTheWay(plan);
  const journal: Journal = { step: 'read', made: [], doubtful: [] };
  for (const [i, info] of plan.copied.entries()) {
    try {
      await copyKey(from, to, info, call, journal);
      onProgress?.(i + 1, plan.copied.length, info);
    } catch (cause) {
      throw await takeBack(to, journal, info, cause);
    }
  }
  return plan;
}

/** What was made in the target. */
interface Journal {
  /** What is being done. */
  step: 'read' | 'write';
  /** Keys of which at least the first version is there, made by this copy. */
  readonly made: KeyringKeyInfo[];
  /** Keys that may be there, and the target did not say. */
  readonly doubtful: KeyringKeyInfo[];
}

async function planMigration(
  from: KeyringSource,
  to: Keyring,
  skipSame: boolean,
  call: CallOptions,
): Promise<Migration> {
  const copied: KeyringKeyInfo[] = [];
  const skipped: KeyringKeyInfo[] = [];
  const conflicts: KeyringKeyInfo[] = [];
  const refused: KeyringKeyInfo[] = [];
  for await (const info of from.list(call)) {
    const there = await to.info(info.id, { ...call, owner: info.owner });
    if (there === null) (to.accepts(info.type, info.lengthBytes, info) ? copied : refused).push(info);
    else if (skipSame && (await isSame(from, to, info, there, call))) skipped.push(info);
    else conflicts.push(there);
  }
  return { copied, skipped, conflicts, refused };
}

function assertNothingInTheWay({ conflicts, refused }: Migration): void {
  if (conflicts.length > 0)
    throw new MigrationError(
      'ERR_KEYRING_EXISTS',
      `${countOf(conflicts)} of the target ${conflicts.length === 1 ? 'is' : 'are'} in the way: ${namesOf(conflicts)}`,
      { step: 'check', keys: conflicts },
    );
  if (refused.length > 0)
    throw new MigrationError('ERR_KEYRING_TYPE', `the target does not take ${countOf(refused)}: ${namesOf(refused)}`, {
      step: 'check',
      keys: refused,
    });
}

async function copyKey(
  from: KeyringSource,
  to: Keyring,
  info: KeyringKeyInfo,
  call: CallOptions,
  journal: Journal,
): Promise<void> {
  const { id, owner } = info;
  for (let version = 1; version <= info.version; version++) {
    journal.step = 'read';
    using key = await fetchVersion(from, info, version, call);
    journal.step = 'write';
    const made =
      version === 1
        ? await storeFirst(to, info, key, call, journal)
        : await to.rotate(id, { ...call, owner, key: key.key });
    using back = await fetchVersion(to, made, version, call);
    if (back.type !== key.type || !sameKey(back, key))
      throw new StateError('ERR_KEYRING_COPY', `the target gives back something else: ${nameOf(info)}`);
  }
}

/** Makes the first version, and notes that it is there; after a failure as well, where it is there all the same. */
async function storeFirst(
  to: Keyring,
  info: KeyringKeyInfo,
  key: KeyringKey,
  call: CallOptions,
  { made, doubtful }: Journal,
): Promise<KeyringKeyInfo> {
  const { id, owner } = info;
  try {
    const stored = await to.store(id, key.type, key.key, { ...call, owner });
    made.push(info);
    return stored;
  } catch (error) {
    // Not by the call's signal and time, which may be over.
    const there = isCertain(error) ? null : await to.fetch(id, { owner }).catch(() => undefined);
    using _ = there ?? null;
    if (there === undefined) doubtful.push(info);
    // One with other bytes is another's.
    else if (there !== null && there.version === 1 && there.type === key.type && sameKey(there, key)) made.push(info);
    throw error;
  }
}

/** Whether an error of `store` means that nothing was made. */
function isCertain(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return error instanceof UsageError || code === 'ERR_KEYRING_EXISTS' || code === 'ERR_KEYRING_BUSY';
}

async function fetchVersion(
  from: KeyringSource,
  { id, owner }: KeyringKeyInfo,
  version: number,
  call: CallOptions,
): Promise<KeyringKey> {
  const found = await from.fetch(id, { ...call, owner, version });
  if (found === null)
    throw new StateError('ERR_KEY_NOT_FOUND', `version ${version} of ${nameOf({ id, owner })} is not there`);
  return found;
}

async function isSame(
  from: KeyringSource,
  to: Keyring,
  here: KeyringKeyInfo,
  there: KeyringKeyInfo,
  call: CallOptions,
): Promise<boolean> {
  if (here.type !== there.type || here.version !== there.version) return false;
  for (let version = 1; version <= here.version; version++) {
    using a = await fetchVersion(from, here, version, call);
    using b = await fetchVersion(to, there, version, call);
    if (!sameKey(a, b)) return false;
  }
  return true;
}

function sameKey(a: KeyringKey, b: KeyringKey): boolean {
  return a.key.length === b.key.length && equalSecretBytes(a.key.expose(), b.key.expose());
}

/** Removes what was copied, the last first, whatever stands in the way of one of them. */
async function takeBack(
  to: Keyring,
  { step, made, doubtful }: Journal,
  failed: KeyringKeyInfo,
  cause: unknown,
): Promise<MigrationError> {
  const left: KeyringKeyInfo[] = [];
  for (const info of [...made].reverse()) {
    try {
      await to.remove(info.id, { owner: info.owner });
    } catch {
      left.push(info);
    }
  }
  const outcome = [
    left.length === 0 ? 'what was copied was removed again' : `these copies could not be removed: ${namesOf(left)}`,
    ...(doubtful.length === 0 ? [] : [`this one may have been left: ${namesOf(doubtful)}`]),
  ];
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `copying ${nameOf(failed)} failed: ${reason}; ${outcome.join('; ')}`;
  const fields = { step, keys: [failed], left: [...left, ...doubtful] };
  return new MigrationError('ERR_KEYRING_MIGRATION', message, fields, { cause });
}

function countOf(keys: readonly unknown[]): string {
  return keys.length === 1 ? 'one key' : `${keys.length} keys`;
}

const MAX_NAMED = 5;

function namesOf(keys: readonly KeyringKeyInfo[]): string {
  const names = keys.slice(0, MAX_NAMED).map(nameOf);
  return keys.length > MAX_NAMED ? `${names.join(', ')} and ${keys.length - MAX_NAMED} more` : names.join(', ');
}

function nameOf({ id, owner }: Pick<KeyringKeyInfo, 'id' | 'owner'>): string {
  return `${JSON.stringify(id)} of ${JSON.stringify(owner)}`;
}
