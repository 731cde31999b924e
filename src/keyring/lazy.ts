/** Doors to what is loaded on use, so that importing the keyring costs little. Layer: keyring. */
import type { KeyringFile } from './component-file.ts';
import type { Keyring } from './keyring.ts';
import type { KmipConfiguration } from './kmip/configuration.ts';
import type { KeyringSource, MigrateOptions, Migration } from './migrate.ts';

/**
 * Copies all keys of one keyring into another, all versions of each: everything or nothing.
 *
 * @throws {MigrationError} ERR_KEYRING_EXISTS: keys of the target are in the way; ERR_KEYRING_TYPE: keys that the target does not take.
 *   Nothing was copied
 * @throws {MigrationError} ERR_KEYRING_MIGRATION: a key could not be copied; the cause says why. What was copied was removed again,
 *   except for what `left` names
 * @example
 * await migrateKeyring(server, wallet, { onProgress: (done, total) => console.log(`${done} of ${total}`) });
 */
export async function migrateKeyring(
  from: KeyringSource,
  to: Keyring,
  options: MigrateOptions = {},
): Promise<Migration> {
  const { copyKeyring } = await import('./migrate.ts');
  return await copyKeyring(from, to, options);
}

/**
 * Reads the file of MySQL's `component_keyring_file`, as a source for `migrateKeyring`.
 *
 * @param text the file, as text or UTF-8 bytes; the caller's to wipe
 * @throws {FormatError} ERR_KEYRING_FILE with the path of the element
 * @example
 * using file = await readComponentKeyringFile(await readFile('component_keyring_file'));
 * await migrateKeyring(file, keyring);
 */
export async function readComponentKeyringFile(text: string | Uint8Array): Promise<KeyringFile> {
  const { parseComponentKeyringFile } = await import('./component-file.ts');
  return parseComponentKeyringFile(text);
}

/**
 * Reads a configuration directory: `okvclient.ora`, `ssl/CA.pem`, `ssl/cert.pem`, `ssl/key.pem`, and `ssl/password.txt` where the key
 * is encrypted.
 *
 * @throws {StateError} ERR_KEYRING_CONFIGURATION when a file is missing or cannot be read
 * @throws {FormatError | LimitError} ERR_OKV_…
 */
export async function readOkvDirectory(directory: string): Promise<KmipConfiguration> {
  const { readDirectory } = await import('./kmip/configuration.ts');
  return await readDirectory(directory);
}

/**
 * Reads a configuration file: `component_keyring_kmip.cnf`, Oracle's or Percona's, or a `my.cnf` that names
 * `keyring_okv_conf_dir`. Paths in it are relative to its own directory.
 *
 * @throws as `readOkvDirectory`; {FormatError} ERR_OKV_JSON, ERR_OKV_MEMBER, ERR_OKV_VENDOR, ERR_OKV_CNF
 */
export async function readKmipConfigFile(path: string): Promise<KmipConfiguration> {
  const { readConfigFile } = await import('./kmip/configuration.ts');
  return await readConfigFile(path);
}
