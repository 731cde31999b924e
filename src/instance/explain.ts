/**
 * What statements would do, without doing it. A rehearsal is a copy of an instance over a file system that keeps every change in
 * memory: statements run in it as they would run, one after the other, and what they changed is told. So an explanation is right
 * by construction, refusals included; only what is random or a time of day is different when the statement runs.
 * Layer: instance, Node only.
 */
import { basename, dirname, join } from 'node:path';
import { KeywardError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { type Binds, redactStatement, type Statement } from '../statement/index.ts';
import { type FileChange, type OverlayFileSystem, parseBackupName } from '../wallet/file/index.ts';
import type { KeyState, MasterKeyInfo } from '../wallet/index.ts';
import type { Instance } from './instance.ts';
import type { KeyringChange } from './tried-keyring.ts';

/** A master key as a statement finds or leaves it. */
export interface KeyView {
  readonly state: KeyState;
  readonly keyTag: string | null;
  readonly keptBy: MasterKeyInfo['keptBy'];
}

/** What a statement would do to a master key. */
export interface KeyChange {
  /** null for a new key whose identifier is generated when the statement runs. */
  readonly keyId: string | null;
  /** null for a new key. */
  readonly before: KeyView | null;
  readonly after: KeyView | null;
}

/** What a statement would do. */
export interface Explanation {
  /** The statement without its secrets. */
  readonly statement: string;
  /** Why it would be refused; null where it would run. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
  /** Files it would make or replace. In the name of a backup, `<YYYYMMDDHHMMSSff>` stands for the time. */
  readonly files: readonly FileChange[];
  /** Master keys of the instance's wallet that would change. */
  readonly keys: readonly KeyChange[];
  /** Keys of the MySQL keyring that would be made or removed. */
  readonly keyring: readonly KeyringChange[];
  readonly walletOpen: { readonly before: boolean; readonly after: boolean };
  readonly phase: { readonly before: string; readonly after: string };
  readonly warnings: readonly string[];
}

/** Statements explained one after the other, each as if those before it had been run. Made by `Instance.rehearse`. */
export class Rehearsal {
  readonly #stage: Instance;
  readonly #files: OverlayFileSystem;

  /** @internal */
  constructor(stage: Instance, files: OverlayFileSystem) {
    this.#stage = stage;
    this.#files = files;
  }

  /** Says what a statement would do. @throws {StatementError} ERR_STATEMENT_SYNTAX */
  async explain(text: string, binds?: Binds): Promise<Explanation> {
    const stage = this.#stage;
    const statement = stage.parse(text);
    const walletBefore = stage.keystore.isOpen;
    const phaseBefore = stage.phase;
    // FORCE KEYSTORE opens the wallet as its first deed: what it holds then is what the keys were before.
    if (!walletBefore) await this.#openForForce(statement, binds);
    const before = stage.keystore.masterKeys;
    let refusal: Explanation['refusal'] = null;
    let warnings: readonly string[] = [];
    try {
      const result = await stage.run(statement, binds);
      ({ warnings } = result);
      for (const value of result.rows.flat()) if (value instanceof Secret) value.dispose();
    } catch (error) {
      if (!(error instanceof KeywardError)) throw error;
      refusal = { code: error.code, message: error.message };
    }
    return {
      statement: redactStatement(text),
      refusal,
      files: (await this.#files.takeChanges()).map(withoutTime),
      keys: changedKeys(
        before ?? beforeMove(statement, stage.keystore.masterKeys),
        stage.keystore.masterKeys,
        generatesKeyId(statement, binds),
      ),
      keyring: stage.keyring.takeChanges(),
      walletOpen: { before: walletBefore, after: stage.keystore.isOpen },
      phase: { before: phaseBefore, after: stage.phase },
      warnings,
    };
  }

  /** Wipes the rehearsal's copy of the wallet. */
  async close(): Promise<void> {
    await this.#stage.close();
  }

  /** Closes it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #openForForce(statement: Statement, binds?: Binds): Promise<void> {
    if (!('force' in statement) || !statement.force || statement.kind === 'open-keystore') return;
    const auth =
      'auth' in statement ? statement.auth : 'oldPassword' in statement ? passwordOf(statement.oldPassword) : null;
    if (auth === null) return;
    try {
      await this.#stage.run({ kind: 'open-keystore', force: false, auth }, binds);
    } catch (error) {
      // The statement itself will be refused for the same reason.
      if (!(error instanceof KeywardError)) throw error;
    }
  }
}

type AuthOf = Extract<Statement, { kind: 'open-keystore' }>['auth'];

function passwordOf(password: AuthOf['password']): AuthOf {
  return { external: false, password };
}

function withoutTime({ path, change }: FileChange): FileChange {
  const name = basename(path);
  if (change !== 'created' || parseBackupName(name) === null) return { path, change };
  return { path: join(dirname(path), name.replace(/\d{16}/, '<YYYYMMDDHHMMSSff>')), change };
}

function changedKeys(
  before: readonly MasterKeyInfo[] | null,
  after: readonly MasterKeyInfo[] | null,
  generated: boolean,
): readonly KeyChange[] {
  if (before === null || after === null) return [];
  const earlier = new Map(before.map((key) => [key.keyId, key]));
  return after.flatMap((key): KeyChange[] => {
    const old = earlier.get(key.keyId);
    if (old === undefined) return [{ keyId: generated ? null : key.keyId, before: null, after: view(key) }];
    if (old.state === key.state && old.keyTag === key.keyTag && old.keptBy === key.keptBy) return [];
    return [{ keyId: key.keyId, before: view(old), after: view(key) }];
  });
}

/** A migration opens the wallet by itself: what was kept here is kept there, and all else as it was. */
function beforeMove(statement: Statement, after: readonly MasterKeyInfo[] | null): readonly MasterKeyInfo[] | null {
  if (after === null || (statement.kind !== 'migrate-key' && statement.kind !== 'reverse-migrate-key')) return null;
  const keptBy = statement.kind === 'migrate-key' ? 'wallet' : 'provider';
  return after.map((key) => ({ ...key, keptBy }));
}

const view = ({ state, keyTag, keptBy }: MasterKeyInfo): KeyView => ({ state, keyTag, keptBy });

const COLON = 0x3a;

/** True where the statement makes a key and leaves its identifier to the wallet. */
function generatesKeyId(statement: Statement, binds?: Binds): boolean {
  if (statement.kind !== 'set-key' && statement.kind !== 'create-key') return false;
  const { material } = statement;
  if (material === null) return true;
  if (material.bind === null) return !(material.value ?? '').includes(':');
  return !(binds?.get(material.bind)?.expose().includes(COLON) ?? false);
}
