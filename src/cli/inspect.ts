/** `keyward inspect`: the report of any file, without its password; with `--open`, of everything in it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import { StateError, UsageError } from '../errors.ts';
import { formatReport, inspect, openFile } from '../inspect/index.ts';
import { askPassword, type PasswordSource } from './terminal.ts';

interface InspectOptions extends PasswordSource {
  readonly json?: boolean;
  readonly open?: boolean;
  readonly html?: string;
}

/** Adds what the command takes and does. */
export function defineInspect(command: Command): void {
  command
    .argument('[file]', 'the file; may be missing with --html')
    .description(
      'say what a file is and what can be seen of it: wallets, certificates, keys, KMIP messages, okvclient.ora, SQL',
    )
    .option('--open', 'open a wallet and list what is in it; key values are never shown')
    .option('--password-file <file>', 'read the password from the first line of a file')
    .option('--password-fd <number>', 'read the password from a file descriptor')
    .option('--html <out>', 'write the wallet page: one html file that works without a network')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ keyward inspect ewallet.p12 --json\n')
    .action(runInspect);
}

async function runInspect(file: string | undefined, options: InspectOptions): Promise<void> {
  if (options.html !== undefined) writePage(options.html);
  if (file === undefined) {
    if (options.html === undefined) throw new UsageError('ERR_ARGUMENT', 'which file?');
    return;
  }
  const bytes = readWhole(file);
  const report = inspect(bytes);
  const canOpen = report.kind === 'pkcs12' || report.kind === 'auto-login';
  const opened = options.open === true && canOpen ? await open(bytes, report.kind, options) : undefined;
  const { json } = options;
  process.stdout.write(
    json === true
      ? `${JSON.stringify(opened === undefined ? report : { ...report, opened }, null, 2)}\n`
      : formatReport(report, opened),
  );
  if (report.fault !== null) process.exitCode = 8;
}

async function open(bytes: Uint8Array, kind: 'pkcs12' | 'auto-login', options: InspectOptions) {
  if (kind === 'auto-login') {
    using own = await openFile(bytes, null, { owner: { host: hostname(), user: userInfo().username } });
    return own.report;
  }
  using password = await askPassword('password', options);
  using file = await openFile(bytes, password);
  return file.report;
}

/** The page as it was built with this package. */
function writePage(out: string): void {
  const page = new Uint8Array(readFileSync(new URL('../inspector.html', import.meta.url)));
  writeFileSync(out, page, { flag: 'wx' });
  process.stdout.write(`${out}: ${page.length} bytes, SHA-256 ${inspect(page).sha256}\n`);
}

function readWhole(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    throw new StateError('ERR_FILE_MISSING', `there is no file ${file}`);
  }
}
