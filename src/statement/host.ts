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
  create(location: string | null, password: Secret): Promise<string>;
  open(access: KeystoreAccess): Promise<string>;
  /** `access` is null without IDENTIFIED BY. */
  close(access: KeystoreAccess | null): Promise<string>;
  backup(identifier: string | null, to: string | null, access: KeystoreAccess): Promise<string>;
  newKey(request: NewKeyRequest, access: KeystoreAccess, backup: KeystoreBackup): Promise<string>;
  useKey(keyId: string, keyTag: string | null, access: KeystoreAccess, backup: KeystoreBackup): Promise<string>;
  setTag(keyId: string, keyTag: string, access: KeystoreAccess, backup: KeystoreBackup | null): Promise<string>;
  changePassword(
    oldPassword: Secret,
    newPassword: Secret,
    force: boolean,
    backup: KeystoreBackup | null,
  ): Promise<string>;
  mergeInto(
    sources: readonly ForeignKeystore[],
    target: ForeignKeystore,
    isNew: boolean,
    backup: KeystoreBackup | null,
  ): Promise<string>;
  /** `keyIds` is null for all keys. */
  exportKeys(file: string, secret: Secret, keyIds: readonly string[] | null, access: KeystoreAccess): Promise<string>;
  importKeys(file: string, secret: Secret, access: KeystoreAccess, backup: KeystoreBackup): Promise<string>;
  migrate(request: MigrationRequest, backup: KeystoreBackup | null): Promise<string>;
  keys(): Promise<readonly EncryptionKeyRow[]>;
  wallet(): Promise<EncryptionWalletRow>;
}

/** Everything around the keystore. */
export interface StatementHost {
  readonly dialect: Dialect;
  readonly keystore: KeystoreHost;
  /** Without it, statements of the MySQL keyring do not run here. */
  readonly keyring?: KeyringHost;
  setParameters(
    assignments: readonly { readonly name: string; readonly value: string }[],
    scope: 'spfile' | 'memory' | 'both',
  ): Promise<string>;
  startup(phase: InstancePhase): Promise<{ readonly message: string; readonly warnings: readonly string[] }>;
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
