/**
 * Runs a parsed statement against a host. Secrets of the text become `Secret`s for the time of the call. Layer: statement.
 */
import { StatementError, UnsupportedError } from '../errors.ts';
import type { AdministerStatement, MergeSource, SelectStatement, Statement } from './ast.ts';
import { type Binds, CallSecrets } from './call-secrets.ts';
import type { ForeignKeystore, StatementHost, StatementResult } from './host.ts';
import type { KeyringHost } from './keyring-host.ts';
import { KEYRING_TABLES, keyringTable, runKeyringStatement } from './keyring-statements.ts';
import { select } from './select.ts';
import { encryptionKeysView, encryptionWalletView } from './views.ts';

/**
 * Runs one statement.
 *
 * @throws {StatementError} ERR_STATEMENT_BIND for a `:name` without a value, ERR_STATEMENT_VIEW, ERR_STATEMENT_COLUMN
 * @throws {UnsupportedError} ERR_STATEMENT_HOST for statements that this host does not run; and what the host throws
 * @throws {DatabaseError} what statements of the MySQL keyring are refused with
 */
export async function runStatement(
  statement: Statement,
  host: StatementHost,
  binds: Binds = new Map(),
): Promise<StatementResult> {
  using secrets = new CallSecrets(binds);
  switch (statement.kind) {
    case 'select':
      return { ...(await runSelect(statement, host)), message: null, warnings: [] };
    case 'alter-system':
      return said(await host.setParameters(statement.assignments, statement.scope));
    case 'startup':
      return { columns: [], rows: [], ...(await host.startup(statement.phase)) };
    case 'shutdown':
      return said(await host.shutdown(statement.mode));
    case 'keyring-call':
    case 'set-global':
    case 'show-variables':
    case 'install-plugin':
    case 'uninstall-plugin':
    case 'create-function':
    case 'drop-function':
    case 'alter-instance':
      return await runKeyringStatement(statement, keyringOf(host), secrets);
    default:
      return said(await runAdminister(statement, host, secrets), warningsOf(statement));
  }
}

async function runAdminister(
  statement: AdministerStatement,
  host: StatementHost,
  secrets: CallSecrets,
): Promise<string> {
  const { keystore } = host;
  switch (statement.kind) {
    case 'create-keystore':
      return await keystore.create(statement.location, secrets.of(statement.password));
    case 'open-keystore':
      return await keystore.open(secrets.access(statement));
    case 'close-keystore':
      return await keystore.close(
        statement.auth === null ? null : secrets.access({ force: false, auth: statement.auth }),
      );
    case 'backup-keystore':
      return await keystore.backup(statement.identifier, statement.to, secrets.access(statement));
    case 'set-key':
    case 'create-key': {
      const { keyTag, algorithm } = statement;
      const request = {
        material: secrets.orNull(statement.material),
        keyTag,
        algorithm,
        activate: statement.kind === 'set-key',
      };
      return await keystore.newKey(request, secrets.access(statement), statement.backup);
    }
    case 'use-key':
      return await keystore.useKey(statement.keyId, statement.keyTag, secrets.access(statement), statement.backup);
    case 'set-tag':
      return await keystore.setTag(statement.keyId, statement.keyTag, secrets.access(statement), statement.backup);
    case 'alter-password': {
      const { force, backup } = statement;
      return await keystore.changePassword(
        secrets.of(statement.oldPassword),
        secrets.of(statement.newPassword),
        force,
        backup,
      );
    }
    case 'merge-new-keystore': {
      const sources = statement.sources.map((source) => foreign(source, secrets));
      return await keystore.mergeInto(sources, foreign(statement, secrets), true, null);
    }
    case 'merge-existing-keystore':
      return await keystore.mergeInto(
        [foreign(statement.source, secrets)],
        foreign(statement, secrets),
        false,
        statement.backup,
      );
    case 'export-keys': {
      const keyIds = await chosenKeys(statement.which, host);
      return await keystore.exportKeys(statement.file, secrets.of(statement.secret), keyIds, secrets.access(statement));
    }
    case 'import-keys':
      return await keystore.importKeys(
        statement.file,
        secrets.of(statement.secret),
        secrets.access(statement),
        statement.backup,
      );
    case 'migrate-key':
    case 'reverse-migrate-key': {
      const toProvider = statement.kind === 'migrate-key';
      const keyId = statement.kind === 'migrate-key' ? statement.keyId : null;
      const [external, password] = [secrets.of(statement.external), secrets.of(statement.password)];
      return await keystore.migrate({ toProvider, external, password, keyId }, statement.backup);
    }
  }
}

function foreign(source: MergeSource, secrets: CallSecrets): ForeignKeystore {
  return { location: source.location, password: secrets.orNull(source.password) };
}

async function chosenKeys(
  which: { readonly keyIds: readonly string[] | null; readonly query: SelectStatement | null } | null,
  host: StatementHost,
): Promise<readonly string[] | null> {
  if (which === null) return null;
  if (which.query === null) return which.keyIds;
  const { rows } = await runSelect(which.query, host);
  return rows.map((row) => String(row[0]));
}

async function runSelect(statement: SelectStatement, host: StatementHost) {
  const name = statement.view.toUpperCase();
  if (name === 'V$ENCRYPTION_KEYS')
    return select(statement, encryptionKeysView(await host.keystore.keys(), host.dialect));
  if (name === 'V$ENCRYPTION_WALLET')
    return select(statement, encryptionWalletView(await host.keystore.wallet(), host.dialect));
  const table = host.keyring === undefined ? null : await keyringTable(statement, host.keyring);
  if (table !== null) return select(statement, table);
  const expected = [...VIEWS, ...(host.keyring === undefined ? [] : KEYRING_TABLES)];
  throw new StatementError('ERR_STATEMENT_VIEW', `there is no view ${name}`, { line: 1, column: 1, expected });
}

const VIEWS = ['V$ENCRYPTION_KEYS', 'V$ENCRYPTION_WALLET'] as const;

function keyringOf(host: StatementHost): KeyringHost {
  if (host.keyring !== undefined) return host.keyring;
  throw new UnsupportedError(
    'ERR_STATEMENT_HOST',
    'this host has no keyring: statements of the MySQL keyring do not run here',
  );
}

function warningsOf(statement: AdministerStatement): readonly string[] {
  if (statement.kind !== 'set-tag') return [];
  const warnings: string[] = [];
  if (statement.ignoredTag !== null)
    warnings.push('the second tag (USING TAG) has no effect: SET TAG already names the tag');
  if (statement.backup === null) warnings.push('no backup was taken: WITH BACKUP is missing');
  return warnings;
}

function said(message: string, warnings: readonly string[] = []): StatementResult {
  return { columns: [], rows: [], message, warnings };
}
