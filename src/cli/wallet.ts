/** `keyward wallet …`: the same engine as the statements, for wallets in files and directories. */
import { readFileSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { StateError, UsageError } from '../errors.ts';
import { formatBag, parsePfx } from '../pkcs12/index.ts';
import {
  listBackups,
  nodeFileSystem,
  openWalletFile,
  planRestore,
  restoreBackup,
  WALLET_FILE,
} from '../wallet/file/index.ts';
import {
  diffWallets,
  isAutoLogin,
  type MasterKeyInfo,
  openAutoLogin,
  openWallet,
  verifyWallet,
  type Wallet,
} from '../wallet/index.ts';
import { askKeystorePassword, askPassword, formatTable, type PasswordSource, printable } from './terminal.ts';
import { addWalletKmsCommands } from './wallet-kms.ts';

interface Common extends PasswordSource {
  readonly json?: boolean;
}

/** Adds the commands. */
export function defineWallet(wallet: Command): void {
  wallet.description('look into wallets, back them up, restore and compare them');
  const add = (name: string, description: string, example: string): Command =>
    wallet
      .command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  $ keyward wallet ${example}\n`)
      .option('--password-file <file>', 'read the password from the first line of a file')
      .option('--password-fd <number>', 'read the password from a file descriptor')
      .option('--json', 'print JSON');

  add('inspect <path>', 'show what can be seen without the password', 'inspect ./ewallet.p12').action(
    (path: string, options: Common) => inspect(path, options),
  );
  add('keys <path>', 'list the master keys', 'keys ./wallet/tde --password-file password.txt').action(
    (path: string, options: Common) => keys(path, options),
  );
  add('verify <path>', 'open a wallet and check its integrity', 'verify ./ewallet.p12 --json').action(
    (path: string, options: Common) => verify(path, options),
  );
  add('backup <directory>', 'write a backup', 'backup ./wallet/tde --identifier before-upgrade')
    .option('--identifier <text>', 'becomes part of the name')
    .option('--to <directory>', 'where it goes; default: beside the wallet')
    .action((directory: string, options: Common & { identifier?: string; to?: string }) => backup(directory, options));
  add('backups <directory>', 'list the backups, newest first', 'backups ./wallet/tde').action(
    (directory: string, options: Common) => backups(directory, options),
  );
  add(
    'restore <backup>',
    'put a backup in the place of the wallet',
    'restore ewallet_2026010203040506.p12 --directory ./wallet/tde --yes',
  )
    .option('--directory <directory>', 'directory of the wallet', '.')
    .option('--yes', 'do it; without, only say what would be lost')
    .action((name: string, options: Common & { directory: string; yes?: boolean }) => restore(name, options));
  add('diff <first> <second>', 'compare the master keys of two wallets', 'diff ./ewallet.p12 ./other/ewallet.p12')
    .option('--second-password-file <file>', 'password of the second; default: the same')
    .action((first: string, second: string, options: Common & { secondPasswordFile?: string }) =>
      diff(first, second, options),
    );
  add('passwd <directory>', 'change the password, after a backup', 'passwd ./wallet/tde')
    .option('--new-password-file <file>', 'read the new password from the first line of a file')
    .action((directory: string, options: Common & { newPasswordFile?: string }) => passwd(directory, options));
  addWalletKmsCommands(add);
}

/** A path names a wallet file, or a directory with one in it. */
function walletPath(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new StateError('ERR_FILE_MISSING', `there is no file ${path}`);
  const file = stats.isDirectory() ? join(path, WALLET_FILE) : path;
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) return file;
  throw new StateError('ERR_WALLET_MISSING', `wallet does not exist: ${file}`);
}

function inspect(path: string, options: Common): void {
  const pfx = parsePfx(new Uint8Array(readFileSync(walletPath(path))));
  const safes = pfx.safes.map((safe) => ({
    safe: safe.index,
    contents: safe.contentTypeName,
    encryption: safe.encryption?.name ?? (safe.kind === 'data' ? 'none' : ''),
    bags: safe.bags === null ? 'closed' : safe.bags.map(formatBag),
  }));
  const report = {
    sizeBytes: pfx.sizeBytes,
    integrity: pfx.mac?.name ?? pfx.integrity,
    cost: pfx.cost,
    quirks: pfx.quirks,
    safes,
  };
  if (options.json === true) {
    print(JSON.stringify(report, null, 2));
    return;
  }
  print(`${report.sizeBytes} bytes; integrity: ${report.integrity}; opening costs ${pfx.cost.iterations} iterations`);
  if (pfx.quirks.length > 0) print(`quirks: ${pfx.quirks.join(', ')}`);
  print(
    formatTable(
      ['SAFE', 'CONTENTS', 'ENCRYPTION', 'BAGS'],
      safes.map((s) => [s.safe, s.contents, s.encryption, printable(String(s.bags))]),
    ),
  );
}

async function keys(path: string, options: Common): Promise<void> {
  using wallet = await open(path, options);
  printKeys(wallet.masterKeys, options);
}

async function verify(path: string, options: Common): Promise<void> {
  const bytes = new Uint8Array(readFileSync(walletPath(path)));
  using password = await askKeystorePassword(options);
  const report = await verifyWallet(bytes, password);
  if (options.json === true) return print(JSON.stringify(report));
  print(`integrity verified: ${report.masterKeys} master keys, active: ${report.activeKey ?? 'none'}`);
  for (const { severity, where, what, standard } of report.verdicts)
    print(`${severity}: ${where}: ${what} (${standard})`);
  for (const alias of report.otherEntries) print(`other entry: ${printable(alias)}`);
}

async function backup(directory: string, options: Common & { identifier?: string; to?: string }): Promise<void> {
  using password = await askKeystorePassword(options);
  await using file = await openWalletFile(resolve(directory), password);
  const { identifier, to } = options;
  print(
    await file.backup({ ...(identifier !== undefined && { identifier }), ...(to !== undefined && { directory: to }) }),
  );
}

async function backups(directory: string, options: Common): Promise<void> {
  const found = await listBackups(nodeFileSystem, directory);
  if (options.json === true) return print(JSON.stringify(found));
  print(
    formatTable(
      ['NAME', 'TAKEN', 'IDENTIFIER'],
      found.map((b) => [b.name, b.taken.toISOString(), b.identifier]),
    ),
  );
}

async function restore(name: string, options: Common & { directory: string; yes?: boolean }): Promise<void> {
  using password = await askKeystorePassword(options);
  const { lost, activeKey, damage } = await planRestore(options.directory, name, password);
  if (damage !== null) print(`the wallet there cannot be opened: ${damage}`);
  else if (lost !== null && lost.length > 0)
    print(`keys that would be lost:\n${lost.map((key) => `  ${key.keyId} ${printable(key.keyTag ?? '')}`).join('\n')}`);
  print(`active afterwards: ${activeKey?.keyId ?? 'none'}`);
  if (options.yes !== true)
    throw new UsageError('ERR_NOT_CONFIRMED', 'nothing was changed', { hint: 'add --yes to restore the backup' });
  const kept = await restoreBackup(options.directory, name, password);
  print(`restored ${name}${kept === null ? '' : `; the file that was there: ${kept}`}`);
}

async function diff(first: string, second: string, options: Common & { secondPasswordFile?: string }): Promise<void> {
  using password = await askKeystorePassword(options);
  using a = await openWallet(new Uint8Array(readFileSync(walletPath(first))), password);
  const { secondPasswordFile } = options;
  using other =
    secondPasswordFile === undefined ? password : await askPassword('', { passwordFile: secondPasswordFile });
  using b = await openWallet(new Uint8Array(readFileSync(walletPath(second))), other);
  const difference = diffWallets(a, b);
  if (options.json === true) return print(JSON.stringify(difference, keyForJson));
  const rows = [
    ...difference.onlyInFirst.map((key) => ['only in the first', key.keyId, key.keyTag]),
    ...difference.onlyInSecond.map((key) => ['only in the second', key.keyId, key.keyTag]),
    ...difference.conflicting.map((key) => ['SAME ID, OTHER KEY', key.keyId, key.keyTag]),
    ...difference.changed.map(({ first: x, second: y }) => [
      `${x.state}, ${y.state}`,
      x.keyId,
      `${x.keyTag ?? ''} / ${y.keyTag ?? ''}`,
    ]),
  ];
  print(formatTable(['DIFFERENCE', 'KEY_ID', 'TAG'], rows));
  print(`${difference.same} the same`);
}

async function passwd(directory: string, options: Common & { newPasswordFile?: string }): Promise<void> {
  using password = await askKeystorePassword(options);
  await using file = await openWalletFile(resolve(directory), password);
  using next = await askPassword(
    'new keystore password',
    options.newPasswordFile === undefined ? {} : { passwordFile: options.newPasswordFile },
  );
  const { backupPath } = await file.change((wallet) => wallet.changePassword(next), {});
  print(`password changed; backup: ${backupPath}`);
}

async function open(path: string, options: Common): Promise<Wallet> {
  const bytes = new Uint8Array(readFileSync(walletPath(path)));
  if (isAutoLogin(bytes)) return await openAutoLogin(bytes, { host: hostname(), user: userInfo().username });
  using password = await askKeystorePassword(options);
  return await openWallet(bytes, password);
}

function printKeys(found: readonly MasterKeyInfo[], options: Common): void {
  if (options.json === true) {
    print(JSON.stringify(found, keyForJson));
    return;
  }
  const rows = found.map((key) => [
    key.keyId,
    key.keyTag,
    key.state,
    key.created.toISOString(),
    key.activated?.toISOString() ?? null,
    key.origin,
    key.backedUp ? 'yes' : 'no',
  ]);
  print(formatTable(['KEY_ID', 'TAG', 'STATE', 'CREATED', 'ACTIVATED', 'ORIGIN', 'BACKED_UP'], rows));
}

function keyForJson(name: string, value: unknown): unknown {
  return name === 'mkid' ? undefined : value;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
