/** The door of the statement room: SQL text to statements, without their secrets where they are shown. */
export type * from './ast.ts';
export type {
  ForeignKeystore,
  KeystoreAccess,
  KeystoreBackup,
  KeystoreHost,
  NewKeyRequest,
  StatementHost,
  StatementResult,
} from './host.ts';
export { type ParseOptions, parseStatement, placeOf, type ScriptStatement, splitScript } from './parse.ts';
export { redactStatement } from './redact.ts';
export { type Binds, runStatement } from './run.ts';
export { like, select, type Table } from './select.ts';
export {
  type Dialect,
  type EncryptionKeyRow,
  type EncryptionWalletRow,
  encryptionKeysView,
  encryptionWalletView,
  type KeyActor,
} from './views.ts';
