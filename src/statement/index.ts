/**
 * The SQL statements: `ADMINISTER KEY MANAGEMENT` and the statements of MySQL's keyring, from text to data (`parseStatement`), on a
 * host (`runStatement`), and with their secrets cut out (`redactStatement`). Node and browsers.
 *
 * @module keyward/statement
 */
export type * from './ast.ts';
export type { Binds } from './call-secrets.ts';
export { ErrorLog, formatLogEntry, type LogEntry, type OkvSymbol } from './error-log.ts';
export type {
  ForeignKeystore,
  KeystoreAccess,
  KeystoreBackup,
  KeystoreHost,
  MigrationRequest,
  NewKeyRequest,
  ResultValue,
  StatementHost,
  StatementResult,
} from './host.ts';
export { KEYRING_FUNCTIONS } from './keyring-functions.ts';
export {
  type KeyringHost,
  type KeyringService,
  type KeyringServiceInfo,
  type Owned,
  type PluginName,
  PRIVILEGES,
  type Privilege,
} from './keyring-host.ts';
export { type MigrationStep, migrationFailure, migrationStatus } from './keyring-migration.ts';
export { type ParseOptions, parseStatement, placeOf, type ScriptStatement, splitScript } from './parse.ts';
export { redactStatement } from './redact.ts';
export { runStatement } from './run.ts';
export { like, select, type Table } from './select.ts';
export {
  type Dialect,
  type EncryptionKeyRow,
  type EncryptionWalletRow,
  encryptionKeysView,
  encryptionWalletView,
  type KeyActor,
} from './views.ts';
