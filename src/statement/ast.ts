/**
 * The statements as data: what the grammar yields. Nodes mirror the SQL grammar, so they speak of keystores where the
 * rest of the code speaks of wallets. Layer: statement, pure.
 */

/** Where a token stands in the statement's text: offsets, end exclusive. */
export interface Span {
  /** Of its first character, from 0. */
  readonly start: number;
  /** Behind its last character. */
  readonly end: number;
}

/** A secret in the text, or the name of the bind value that holds it. */
export interface SecretText {
  readonly secret: 'password' | 'material';
  /** The secret itself; null where it is bound. Never print it. */
  readonly value: string | null;
  /** Name of the bind value, without the colon; null where the secret stands in the text. */
  readonly bind: string | null;
  readonly span: Span;
}

/** `IDENTIFIED BY …`. */
export interface Auth {
  /** `EXTERNAL STORE`: parses, authenticates nothing. */
  readonly external: boolean;
  readonly password: SecretText | null;
}

/** `WITH BACKUP [USING 'id']`. */
export interface BackupClause {
  readonly identifier: string | null;
}

/** One source of MERGE KEYSTORE. */
export interface MergeSource {
  readonly location: string;
  readonly password: SecretText | null;
}

/** How most statements on a keystore authenticate: `[FORCE KEYSTORE] IDENTIFIED BY …`. */
export interface Authenticated {
  readonly force: boolean;
  readonly auth: Auth;
}

/** `ADMINISTER KEY MANAGEMENT …`: what stands after the three words, by its `kind`. */
export type AdministerStatement =
  | { readonly kind: 'create-keystore'; readonly location: string | null; readonly password: SecretText }
  | ({ readonly kind: 'open-keystore' } & Authenticated)
  | { readonly kind: 'close-keystore'; readonly auth: Auth | null }
  | ({
      readonly kind: 'backup-keystore';
      readonly identifier: string | null;
      readonly to: string | null;
    } & Authenticated)
  | ({
      readonly kind: 'set-key' | 'create-key';
      readonly material: SecretText | null;
      readonly keyTag: string | null;
      readonly algorithm: string | null;
      readonly backup: BackupClause;
    } & Authenticated)
  | ({
      readonly kind: 'use-key';
      readonly keyId: string;
      readonly keyTag: string | null;
      readonly backup: BackupClause;
    } & Authenticated)
  | ({
      readonly kind: 'set-tag';
      readonly keyTag: string;
      readonly keyId: string;
      /** Only with `vendorExamples`: null where WITH BACKUP is missing. */
      readonly backup: BackupClause | null;
      /** Only with `vendorExamples`: the second tag, which has no effect. */
      readonly ignoredTag: string | null;
    } & Authenticated)
  | {
      readonly kind: 'alter-password';
      readonly force: boolean;
      readonly oldPassword: SecretText;
      readonly newPassword: SecretText;
      readonly backup: BackupClause | null;
    }
  | {
      readonly kind: 'merge-new-keystore';
      readonly sources: readonly [MergeSource, MergeSource];
      readonly location: string;
      readonly password: SecretText;
    }
  | {
      readonly kind: 'merge-existing-keystore';
      readonly source: MergeSource;
      readonly location: string;
      readonly password: SecretText;
      readonly backup: BackupClause | null;
    }
  | ({
      readonly kind: 'export-keys';
      readonly secret: SecretText;
      readonly file: string;
      readonly which: { readonly keyIds: readonly string[] | null; readonly query: SelectStatement | null } | null;
    } & Authenticated)
  | ({
      readonly kind: 'import-keys';
      readonly secret: SecretText;
      readonly file: string;
      readonly backup: BackupClause;
    } & Authenticated)
  | {
      readonly kind: 'migrate-key';
      readonly verb: string;
      readonly keyId: string | null;
      readonly external: SecretText;
      readonly password: SecretText;
      readonly force: boolean;
      readonly backup: BackupClause | null;
    }
  | {
      readonly kind: 'reverse-migrate-key';
      readonly external: SecretText;
      readonly password: SecretText;
      readonly force: boolean;
      readonly backup: BackupClause | null;
    };

/** The three phases of a starting instance. */
export type InstancePhase = 'nomount' | 'mount' | 'open';

/** `ALTER SYSTEM SET …`, `STARTUP` and `SHUTDOWN`. */
export type InstanceStatement =
  | {
      readonly kind: 'alter-system';
      readonly assignments: readonly { readonly name: string; readonly value: string }[];
      readonly scope: 'spfile' | 'memory' | 'both';
    }
  | { readonly kind: 'startup'; readonly phase: InstancePhase }
  | { readonly kind: 'shutdown'; readonly mode: string };

/** A value that a row or a WHERE clause may hold. */
export type SqlValue = string | number | null;

/** A WHERE clause, as a tree. */
export type Condition =
  | { readonly op: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly op: 'not'; readonly term: Condition }
  | {
      readonly op: 'compare';
      readonly comparison: '=' | '<>' | '<' | '<=' | '>' | '>=';
      readonly column: string;
      readonly value: SqlValue;
    }
  | { readonly op: 'like'; readonly column: string; readonly pattern: string; readonly escape: string | null }
  | { readonly op: 'in'; readonly column: string; readonly values: readonly SqlValue[] }
  | { readonly op: 'is-null'; readonly column: string };

/** `SELECT … FROM view [WHERE …] [ORDER BY …]`. */
export interface SelectStatement {
  readonly kind: 'select';
  /** null for `*`. */
  readonly columns: readonly { readonly name: string; readonly alias: string | null }[] | null;
  readonly schema: string | null;
  readonly view: string;
  readonly where: Condition | null;
  readonly orderBy: readonly { readonly column: string | number; readonly descending: boolean }[];
}

/** An argument of a keyring function. `value` is hex for `bytes`, decimal text for the numbers. */
export interface KeyringArgument {
  readonly type: 'string' | 'bytes' | 'integer' | 'decimal' | 'null' | 'bind';
  readonly value: string | null;
  readonly span: Span;
}

/** One function of a SELECT. */
export interface KeyringCall {
  /** In lower case. */
  readonly function: string;
  readonly arguments: readonly KeyringArgument[];
  readonly alias: string | null;
  /** The call as it was written: the title of its column. Holds the key of keyring_key_store: redact before showing. */
  readonly text: string;
}

/** The statements around MySQL's keyring: its functions, variables, plugins and `ALTER INSTANCE`. */
export type KeyringStatement =
  | { readonly kind: 'keyring-call'; readonly calls: readonly KeyringCall[] }
  /** `value` is null for DEFAULT; `persist` is PERSIST in place of GLOBAL. */
  | { readonly kind: 'set-global'; readonly name: string; readonly value: string | null; readonly persist: boolean }
  | { readonly kind: 'show-variables'; readonly pattern: string | null }
  | { readonly kind: 'install-plugin'; readonly name: string; readonly library: string }
  | { readonly kind: 'uninstall-plugin'; readonly name: string }
  | { readonly kind: 'create-function'; readonly name: string; readonly returns: string; readonly library: string }
  | { readonly kind: 'drop-function'; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: 'alter-instance'; readonly action: 'reload-keyring' | 'rotate-innodb-master-key' };

/** Every statement keyward reads. */
export type Statement = AdministerStatement | InstanceStatement | SelectStatement | KeyringStatement;
