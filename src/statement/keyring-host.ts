/**
 * What statements of the MySQL keyring need of the database they run in: a keyring service, the account that asks, and what is
 * installed. Structural: `keyward/keyring` fits it, and this room imports nothing of it. Layer: statement, pure.
 */
import type { Secret } from '../secret.ts';
import type { ErrorLog } from './error-log.ts';

/** Whose key: `user@host`. */
export interface Owned {
  readonly owner: string;
}

/** A key as the service knows it, without its bytes. */
export interface KeyringServiceInfo {
  readonly id: string;
  /** '' for a key of no user. */
  readonly owner: string;
  readonly type: string;
  readonly lengthBytes: number;
  /** null where the back end has no name of its own. */
  readonly backendKeyId: string | null;
}

/** The MySQL keyring service: a `Keyring`, as far as statements use it. Failures are `KeywardError`s. */
export interface KeyringService {
  /** Makes a key of random bytes. */
  generate(id: string, type: string, lengthBytes: number, owned: Owned): Promise<unknown>;
  /** Keeps a key; `key` is lent for the call. */
  store(id: string, type: string, key: Secret, owned: Owned): Promise<unknown>;
  /** Reads a key; null when there is none. The `key` is the caller's to dispose of. */
  fetch(
    id: string,
    owned: Owned,
  ): Promise<{ readonly type: string; readonly lengthBytes: number; readonly key: Secret } | null>;
  /** Says what a key is, without its bytes; null when there is none. */
  info(id: string, owned: Owned): Promise<{ readonly type: string; readonly lengthBytes: number } | null>;
  /** Removes a key; false when there was none. */
  remove(id: string, owned: Owned): Promise<boolean>;
  /** All keys, of all owners. */
  list(): AsyncIterable<KeyringServiceInfo>;
}

/** Global privileges that statements ask for. */
export const PRIVILEGES = [
  'EXECUTE',
  'ENCRYPTION_KEY_ADMIN',
  'SYSTEM_VARIABLES_ADMIN',
  'SUPER',
  'SELECT',
  'INSERT',
  'DELETE',
] as const;

/** A global privilege. */
export type Privilege = (typeof PRIVILEGES)[number];

/** A plugin of MySQL that keyward stands in for. */
export type PluginName = 'keyring_udf' | 'keyring_okv';

/** The keyring of a database. */
export interface KeyringHost {
  /** Which generation of argument checks: `old` is that of MySQL before 8.0.24. */
  readonly checks: 'new' | 'old';
  /** CURRENT_USER(). */
  readonly account: { readonly user: string; readonly host: string };
  readonly privileges: ReadonlySet<Privilege>;

  /** Those that are installed. */
  readonly plugins: ReadonlySet<PluginName>;
  /** INSTALL PLUGIN and UNINSTALL PLUGIN; remembered over restarts. */
  setPlugin(name: PluginName, installed: boolean): Promise<void>;
  /** Names of the functions that CREATE FUNCTION made, in lower case. */
  readonly functions: ReadonlySet<string>;
  /** CREATE FUNCTION and DROP FUNCTION; remembered over restarts. */
  setFunction(name: string, exists: boolean): Promise<void>;

  /** What the keyring in use is to MySQL: keyring_okv is a plugin, an instance's own wallet a component. */
  readonly serviceKind: 'plugin' | 'component';
  /** Name of the component, for the log and the status table; null for a plugin. */
  readonly componentName: string | null;
  /** The keyring in use. @throws {KeywardError} when there is none that could be used */
  service(): Promise<KeyringService>;
  /** Rows of performance_schema.keyring_component_status; none for a plugin. */
  componentStatus(): Promise<readonly (readonly [key: string, value: string])[]>;
  /** ALTER INSTANCE RELOAD KEYRING. @throws {KeywardError} when that failed, the reason in the log; the old state stays then */
  reload(): Promise<void>;

  /** keyring_operations. */
  operations: boolean;
  /** keyring_okv_conf_dir; '' for none. */
  readonly confDir: string;
  /**
   * Makes a directory's server the keyring, or with '' the instance's own again.
   *
   * @returns what about the directory should be mended, as the permissions of its files
   * @throws {KeywardError} when that cannot be, the reason in the log; nothing changed then
   */
  useConfDir(directory: string): Promise<readonly string[]>;
  /** Keeps the value of keyring_okv_conf_dir for the next start. */
  persistConfDir(): Promise<void>;

  /** server_uuid. */
  serverUuid(): Promise<string>;
  readonly errorLog: ErrorLog;
}
