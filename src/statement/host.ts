/**
 * What statements need of the world they run in. The instance room implements it on files; anything else that keeps wallets can.
 * Layer: statement, pure.
 */
import type { Secret } from '../secret.ts';
import type { InstancePhase, SqlValue } from './ast.ts';
import type { KeyringHost } from './keyring-host.ts';
import type { Dialect, EncryptionKeyRow, EncryptionWalletRow } from './views.ts';

/** How a statement authenticates. */
export interface KeystoreAccess {
  /** FORCE KEYSTORE: opens a closed wallet, which stays open. */
  readonly force: boolean;
  /** null for IDENTIFIED BY EXTERNAL STORE. Lent for the call. */
  readonly password: Secret | null;
}

/** WITH BACKUP [USING 'identifier']. */
export interface KeystoreBackup {
  readonly identifier: string | null;
}

/** SET KEY and CREATE KEY. */
export interface NewKeyRequest {
  /** The text `MKID:MK` or `MK`, in ASCII; null to have both made. Lent for the call. */
  readonly material: Secret | null;
  readonly keyTag: string | null;
  readonly algorithm: string | null;
  readonly activate: boolean;
}

/** MIGRATE and REVERSE MIGRATE: master keys to a key management service, or back from it. */
export interface MigrationRequest {
  readonly toProvider: boolean;
  /** Settings of the service. Lent for the call. */
  readonly external: Secret;
  /** Of the local keystore. Lent for the call. */
  readonly password: Secret;
  /** USE KEY 'key_id': becomes active with it; null to leave the active key. */
  readonly keyId: string | null;
}

/** A keystore named by its directory. */
export interface ForeignKeystore {
  readonly location: string;
  /** null: opened without a password (an auto-login wallet). Lent for the call. */
  readonly password: Secret | null;
}

/** The keystore of an instance. Each method resolves to one line that says what was done. */
export interface KeystoreHost {
  /** CREATE KEYSTORE; `location` is null for the instance's own directory, `password` is lent for the call. */
  create(location: string | null, password: Secret): Promise<string>;
  /** SET KEYSTORE OPEN. */
  open(access: KeystoreAccess): Promise<string>;
  /** SET KEYSTORE CLOSE; `access` is null without IDENTIFIED BY. */
  close(access: KeystoreAccess | null): Promise<string>;
  /** BACKUP KEYSTORE; `to` is the directory, null for the wallet's own. */
  backup(identifier: string | null, to: string | null, access: KeystoreAccess): Promise<string>;
  /** SET KEY and CREATE KEY. */
  newKey(request: NewKeyRequest, access: KeystoreAccess, backup: KeystoreBackup): Promise<string>;
  /** USE KEY; `keyTag` null leaves the key's tag. */
  useKey(keyId: string, keyTag: string | null, access: KeystoreAccess, backup: KeystoreBackup): Promise<string>;
  /** SET TAG. */
  setTag(keyId: string, keyTag: string, access: KeystoreAccess, backup: KeystoreBackup | null): Promise<string>;
  /** ALTER KEYSTORE PASSWORD; `oldPassword` and `newPassword` are lent for the call. */
  changePassword(
    oldPassword: Secret,
    newPassword: Secret,
    force: boolean,
    backup: KeystoreBackup | null,
  ): Promise<string>;
  /** MERGE KEYSTORE: `isNew` makes the target of the sources, else they are added to it. */
  mergeInto(
    sources: readonly ForeignKeystore[],
    target: ForeignKeystore,
    isNew: boolean,
    backup: KeystoreBackup | null,
  ): Promise<string>;
  /** EXPORT KEYS to a file under `secret`, which is lent for the call; `keyIds` is null for all keys. */
  exportKeys(file: string, secret: Secret, keyIds: readonly string[] | null, access: KeystoreAccess): Promise<string>;
  /** IMPORT KEYS; `secret` is what they were exported under, lent for the call. */
  importKeys(file: string, secret: Secret, access: KeystoreAccess, backup: KeystoreBackup): Promise<string>;
  /** MIGRATE KEY and REVERSE MIGRATE KEY. */
  migrate(request: MigrationRequest, backup: KeystoreBackup | null): Promise<string>;
  /** Rows of V$ENCRYPTION_KEYS; none while the wallet is closed. */
  keys(): Promise<readonly EncryptionKeyRow[]>;
  /** The row of V$ENCRYPTION_WALLET. */
  wallet(): Promise<EncryptionWalletRow>;
}

/** Everything around the keystore. */
export interface StatementHost {
  readonly dialect: Dialect;
  readonly keystore: KeystoreHost;
  /** Without it, statements of the MySQL keyring do not run here. */
  readonly keyring?: KeyringHost;
  /** ALTER SYSTEM SET; resolves to one line that says what was done. */
  setParameters(
    assignments: readonly { readonly name: string; readonly value: string }[],
    scope: 'spfile' | 'memory' | 'both',
  ): Promise<string>;
  /** STARTUP: goes on to a phase. */
  startup(phase: InstancePhase): Promise<{ readonly message: string; readonly warnings: readonly string[] }>;
  /** SHUTDOWN; resolves to one line that says what was done. */
  shutdown(mode: string): Promise<string>;
}

/** A value of a result. Key bytes come as a Secret, which is the receiver's to dispose of and prints as `[redacted]`. */
export type ResultValue = SqlValue | Secret;

/** What a statement came to. */
export interface StatementResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ResultValue[])[];
  /** One line for a person; null where rows say it all. */
  readonly message: string | null;
  readonly warnings: readonly string[];
}
