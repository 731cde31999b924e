/** `keyward wallet migrate` and `reencrypt`: master keys to a key management service, back from it, and under its rotated key. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { StateError, UsageError } from '../errors.ts';
import { KeystoreCredential, moveKeystore, openKeystoreFile } from '../instance/index.ts';
import { Secret } from '../secret.ts';
import { nodeFileSystem, OverlayFileSystem, type WalletFile } from '../wallet/file/index.ts';
import { choice } from './options.ts';
import { askPassword, firstLine, type PasswordSource, print, printable } from './terminal.ts';

interface MigrateOptions extends PasswordSource {
  readonly to: (typeof PLACES)[number];
  readonly urlFile?: string;
  readonly newPasswordFile?: string;
  readonly identifier?: string;
  readonly dryRun?: boolean;
}

const PLACES = ['kms', 'wallet'] as const;

interface ReencryptOptions extends PasswordSource {
  readonly dryRun?: boolean;
}

/** Adds the commands to `keyward wallet`, by its own way of adding one. */
export function addWalletKmsCommands(add: (name: string, description: string, example: string) => Command): void {
  add(
    'migrate <directory>',
    'move all master keys to a key management service, or back into the wallet, after a backup',
    'migrate ./wallet/tde --to kms --url-file kms-url --password-file password.txt --dry-run',
  )
    .addOption(choice('--to <place>', 'where the keys go', PLACES).makeOptionMandatory())
    .option('--url-file <file>', "kms: the kms:// URL; its password is the wallet's from then on")
    .option('--new-password-file <file>', 'wallet: the password from then on; default: the same')
    .option('--identifier <text>', "becomes part of the backup's name")
    .option('--dry-run', 'ask the service and say what would change; change nothing')
    .action(migrate);
  add(
    'reencrypt <directory>',
    'encrypt master keys anew at the service, after its key was rotated; after a backup',
    'reencrypt ./wallet/tde --password-file password.txt',
  )
    .option('--dry-run', 'ask the service and say what would change; change nothing')
    .action(reencrypt);
}

async function migrate(directory: string, options: MigrateOptions): Promise<void> {
  const place = options.to;
  using given = await askPassword('keystore password', options);
  using from = KeystoreCredential.parse(given);
  using target = targetOf(place, options, from);
  using to = KeystoreCredential.parse(target);
  if (place === 'kms') to.requireUrl('the file of --url-file holds no kms:// URL');
  else if (to.url !== null) throw new UsageError('ERR_KMS_CONFIGURATION', 'the new password is a kms:// URL');
  await using file = await openKeystoreFile(resolve(directory), from, {}, {});
  if ((file.wallet.keptBy === 'provider') === (place === 'kms'))
    throw new StateError(
      'ERR_KMS_MIGRATED',
      `the master keys are kept ${place === 'kms' ? 'by a service' : 'in the wallet'} already`,
    );
  await inPlaceOrRehearsed(file, options.dryRun === true, async (stage) => {
    const backup = { identifier: options.identifier ?? null };
    const { keys, backupPath } = await moveKeystore({ file: stage, to, backup }, {});
    return [`${keys} master keys ${place === 'kms' ? 'to the service' : 'into the wallet'}`, backupPath];
  });
}

/** What the wallet is identified by afterwards. */
function targetOf(place: 'kms' | 'wallet', options: MigrateOptions, from: KeystoreCredential): Secret {
  const file = place === 'kms' ? options.urlFile : options.newPasswordFile;
  if (file !== undefined) return firstLine(readFileSync(file));
  if (place === 'kms') throw new UsageError('ERR_OPTION', '--to kms needs --url-file');
  return Secret.from(from.password.expose());
}

async function reencrypt(directory: string, options: ReencryptOptions): Promise<void> {
  using given = await askPassword('keystore password', options);
  using credential = KeystoreCredential.parse(given);
  await using file = await openKeystoreFile(resolve(directory), credential, {}, { fetchKeys: 'use' });
  if (file.wallet.keptBy === 'wallet')
    throw new StateError('ERR_KMS_MIGRATED', 'the master keys of this wallet are kept in the wallet');
  await inPlaceOrRehearsed(file, options.dryRun === true, async (stage) => {
    const { result, backupPath } = await stage.change((wallet) => wallet.reencryptKeys(), {});
    return [`${result} of ${stage.wallet.masterKeys.length} master keys encrypted anew`, backupPath];
  });
}

type Work = (file: WalletFile) => Promise<readonly [done: string, backupPath: string | null]>;

/** Does the work on the file; for a dry run, on a copy whose changes stay in memory. */
async function inPlaceOrRehearsed(file: WalletFile, dryRun: boolean, work: Work): Promise<void> {
  if (!dryRun) {
    const [done, backupPath] = await work(file);
    return print(`${done}; backup: ${backupPath}`);
  }
  const files = new OverlayFileSystem(nodeFileSystem);
  await using stage = await file.rehearse(files);
  const [done] = await work(stage);
  print(`would be done: ${done}`);
  for (const { path, change } of await files.takeChanges()) print(`file ${printable(path)}: would be ${change}`);
}
