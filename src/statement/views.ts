/**
 * V$ENCRYPTION_KEYS and V$ENCRYPTION_WALLET in the two renderings: YashanDB's columns, types and codes, and Oracle's.
 * Layer: statement, pure; the facts come from the host.
 */
import type { SqlValue } from './ast.ts';
import type { Table } from './select.ts';

/** Whose columns and codes the views show. */
export type Dialect = 'yashandb' | 'oracle';

/** Where and by whom something was done to a key. */
export interface KeyActor {
  readonly user: string;
  /** As the database numbers its users. */
  readonly userId: number;
  readonly databaseName: string;
  /** −1 when done in NOMOUNT. */
  readonly databaseId: number;
  readonly instanceName: string;
  /** As the database numbers its instances. */
  readonly instanceNumber: number;
}

/** One master key as the view shows it. No key bytes. */
export interface EncryptionKeyRow {
  readonly keyId: string;
  readonly hexKeyId: string;
  readonly keyTag: string | null;
  readonly created: Date;
  readonly creator: KeyActor;
  /** null while the key was never activated. */
  readonly activated: Date | null;
  readonly activator: KeyActor | null;
  readonly keyUse: string;
  readonly origin: 'local' | 'imported';
  readonly backedUp: boolean;
}

/** The wallet as the view shows it. */
export interface EncryptionWalletRow {
  readonly open: boolean;
  /** Directory of the wallet; null while WALLET_ROOT is not set. */
  readonly location: string | null;
  /** Whether there is a wallet in that directory. */
  readonly present: boolean;
  readonly hasActiveKey: boolean;
  readonly fullyBackedUp: boolean;
  readonly autoLogin: boolean;
}

const SERIAL = -1;

/** V$ENCRYPTION_KEYS. */
export function encryptionKeysView(keys: readonly EncryptionKeyRow[], dialect: Dialect): Table {
  const fields = dialect === 'oracle' ? ORACLE_KEYS : YASHANDB_KEYS;
  return { columns: fields.map(([name]) => name), rows: keys.map((key) => fields.map(([, value]) => value(key))) };
}

/** V$ENCRYPTION_WALLET: one row. */
export function encryptionWalletView(wallet: EncryptionWalletRow, dialect: Dialect): Table {
  const fields = dialect === 'oracle' ? ORACLE_WALLET : YASHANDB_WALLET;
  return { columns: fields.map(([name]) => name), rows: [fields.map(([, value]) => value(wallet))] };
}

type Field<T> = readonly [string, (row: T) => SqlValue];

const yesNo = (value: boolean): string => (value ? 'YES' : 'NO');
const bit = (value: boolean): number => (value ? 1 : 0);
/** `2026-11-21 18:30:00.123000`, UTC, six digits as TIMESTAMP(6). */
const timestamp = (date: Date | null): string | null =>
  date === null ? null : `${date.toISOString().slice(0, 23).replace('T', ' ')}000`;
const withZone = (date: Date | null): string | null => (date === null ? null : `${timestamp(date)} +00:00`);

const KEY_HEAD: readonly Field<EncryptionKeyRow>[] = [
  ['KEY_ID', (k) => k.keyId],
  ['TAG', (k) => k.keyTag],
];

const YASHANDB_KEYS: readonly Field<EncryptionKeyRow>[] = [
  ...KEY_HEAD,
  ['CREATION_TIME', (k) => timestamp(k.created)],
  ['ACTIVATION_TIME', (k) => timestamp(k.activated)],
  ['CREATOR', (k) => k.creator.user],
  ['CREATOR_ID', (k) => k.creator.userId],
  ['USER#', (k) => k.activator?.user ?? null],
  ['USER_ID', (k) => k.activator?.userId ?? null],
  ['KEY_USE', (k) => k.keyUse],
  ['KEYSTORE_TYPE', () => 1],
  ['ORIGIN', (k) => bit(k.origin === 'imported')],
  ['BACKED_UP', (k) => bit(k.backedUp)],
  ['CREATOR_DBNAME', (k) => k.creator.databaseName],
  ['CREATOR_DBID', (k) => k.creator.databaseId],
  ['CREATOR_INSTANCE_NAME', (k) => k.creator.instanceName],
  ['CREATOR_INSTANCE_NUMBER', (k) => k.creator.instanceNumber],
  ['CREATOR_INSTANCE_SERIAL', () => SERIAL],
  ['ACTIVATING_DBNAME', (k) => k.activator?.databaseName ?? null],
  ['ACTIVATING_DBID', (k) => k.activator?.databaseId ?? null],
  ['ACTIVATING_INSTANCE_NAME', (k) => k.activator?.instanceName ?? null],
  ['ACTIVATING_INSTANCE_NUMBER', (k) => k.activator?.instanceNumber ?? null],
  ['ACTIVATING_INSTANCE_SERIAL', (k) => (k.activator === null ? null : SERIAL)],
];

const ORACLE_KEYS: readonly Field<EncryptionKeyRow>[] = [
  ...KEY_HEAD,
  ['CREATION_TIME', (k) => withZone(k.created)],
  ['ACTIVATION_TIME', (k) => withZone(k.activated)],
  ['CREATOR', (k) => k.creator.user],
  ['CREATOR_ID', (k) => k.creator.userId],
  ['USER', (k) => k.activator?.user ?? null],
  ['USER_ID', (k) => k.activator?.userId ?? null],
  ['KEY_USE', (k) => k.keyUse],
  ['KEYSTORE_TYPE', () => 'SOFTWARE KEYSTORE'],
  ['ORIGIN', (k) => (k.origin === 'imported' ? 'IMPORTED' : 'LOCAL')],
  ['BACKED_UP', (k) => yesNo(k.backedUp)],
  ['CREATOR_DBNAME', (k) => k.creator.databaseName],
  ['CREATOR_DBID', (k) => k.creator.databaseId],
  ['CREATOR_INSTANCE_NAME', (k) => k.creator.instanceName],
  ['CREATOR_INSTANCE_NUMBER', (k) => k.creator.instanceNumber],
  ['CREATOR_INSTANCE_SERIAL', () => SERIAL],
  ['CREATOR_PDBNAME', () => null],
  ['CREATOR_PDBID', () => null],
  ['CREATOR_PDBUID', () => null],
  ['CREATOR_PDBGUID', () => null],
  ['ACTIVATING_DBNAME', (k) => k.activator?.databaseName ?? null],
  ['ACTIVATING_DBID', (k) => k.activator?.databaseId ?? null],
  ['ACTIVATING_INSTANCE_NAME', (k) => k.activator?.instanceName ?? null],
  ['ACTIVATING_INSTANCE_NUMBER', (k) => k.activator?.instanceNumber ?? null],
  ['ACTIVATING_INSTANCE_SERIAL', (k) => (k.activator === null ? null : SERIAL)],
  ['ACTIVATING_PDBNAME', () => null],
  ['ACTIVATING_PDBID', () => null],
  ['ACTIVATING_PDBUID', () => null],
  ['ACTIVATING_PDBGUID', () => null],
  ['HEX_MKID', (k) => k.hexKeyId],
  ['CON_ID', () => 0],
];

const YASHANDB_WALLET: readonly Field<EncryptionWalletRow>[] = [
  ['WRL_TYPE', (w) => bit(w.open)],
  ['WRL_PARAMETER', (w) => (w.open ? w.location : null)],
  ['STATUS', (w) => (w.open ? (w.hasActiveKey ? 2 : 1) : 0)],
  ['WALLET_TYPE', (w) => bit(w.open)],
  ['WALLET_ORDER', (w) => (w.open ? 0 : null)],
  ['KEYSTORE_MODE', () => 0],
  ['FULLY_BACKED_UP', (w) => bit(w.fullyBackedUp)],
];

const ORACLE_WALLET: readonly Field<EncryptionWalletRow>[] = [
  ['WRL_TYPE', () => 'FILE'],
  ['WRL_PARAMETER', (w) => w.location],
  [
    'STATUS',
    (w) => (w.open ? (w.hasActiveKey ? 'OPEN' : 'OPEN_NO_MASTER_KEY') : w.present ? 'CLOSED' : 'NOT_AVAILABLE'),
  ],
  ['WALLET_TYPE', (w) => (w.open ? (w.autoLogin ? 'AUTOLOGIN' : 'PASSWORD') : 'UNKNOWN')],
  ['WALLET_ORDER', () => 'SINGLE'],
  ['KEYSTORE_MODE', () => 'NONE'],
  ['FULLY_BACKED_UP', (w) => (w.open ? yesNo(w.fullyBackedUp) : 'UNDEFINED')],
  ['CON_ID', () => 0],
];
