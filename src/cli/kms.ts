/** `keyward kms …`: a look at a kms:// URL and the service behind it, and a service on loopback for tests. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { StateError, UsageError } from '../errors.ts';
import { type Fault, type KmsEmulator, startKmsEmulator } from '../kms/emulator/index.ts';
import { type KmsUrl, parseKmsUrl, TencentKms } from '../kms/index.ts';
import { Secret } from '../secret.ts';
import { createWalletFile, openWalletFile, WALLET_FILE, type WalletFile } from '../wallet/file/index.ts';
import { collect } from './options.ts';
import { firstLine, print, writeNewFile } from './terminal.ts';

interface EmulateOptions {
  readonly home: string;
  readonly port?: string;
  readonly quota?: string;
  readonly clockOffset?: string;
  readonly fail?: readonly string[];
}

/** Adds the commands. */
export function defineKms(kms: Command): void {
  kms
    .command('check <url-file>')
    .description('read a kms:// URL from the first line of a file (- is standard input), and ask the service behind it')
    .option('--timeout <ms>', 'for each request with its repetitions', '10000')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ keyward kms check ./kms/kms-url\n')
    .action(check);
  kms
    .command('emulate')
    .description('a Tencent Cloud KMS on loopback, for tests: its keys, credentials and URL stay in a directory')
    .requiredOption('--home <dir>', 'directory of the emulator; made when missing')
    .option('--port <number>', 'default: that of the last start, at first a free one')
    .option('--quota <number>', 'requests of one action per second', '300')
    .option('--clock-offset <seconds>', 'how far its clock is ahead; below 0: behind', '0')
    .option(
      '--fail <action=code[:times]>',
      'let requests fail with a code of the service; may be given several times',
      collect,
    )
    .addHelpText('after', '\nExample:\n  $ keyward kms emulate --home ./kms --fail Encrypt=InternalError:2\n')
    .action(emulate);
}

async function check(file: string, options: { readonly timeout: string; readonly json?: boolean }): Promise<void> {
  using text = firstLine(readFileSync(file === '-' ? 0 : file));
  using url = parseKmsUrl(text);
  if (options.json !== true) print(String(url));
  using kms = new TencentKms(url, { timeoutMs: wholeNumber('--timeout', options.timeout) });
  const key = await kms.describe();
  const sample = crypto.getRandomValues(new Uint8Array(32));
  const opened = await kms.decrypt(await kms.encrypt(sample));
  const same = opened.length === sample.length && opened.every((byte, i) => byte === sample[i]);
  opened.fill(0);
  if (!same) throw new StateError('ERR_KMS_CHECK', 'the service decrypts to something else than was encrypted');
  if (options.json === true) return print(JSON.stringify({ url: String(url), key, check: 'passed' }));
  print(`key ${key.keyId}: ${key.state}${key.usage === null ? '' : `, ${key.usage}`}`);
  print('check passed: the service encrypts and decrypts with these credentials');
}

async function emulate(options: EmulateOptions): Promise<void> {
  const home = resolve(options.home);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  await using keys = await openKeys(home);
  using last = readUrl(home);
  const credentials = {
    secretId: last === null ? `AKID${randomText(24)}` : new TextDecoder().decode(last.secretId.expose()),
    secretKey: last === null ? Secret.fromText(randomText(32)) : Secret.from(last.secretKey.expose()),
  };
  using secretKey = credentials.secretKey;
  const offsetMs = 1000 * wholeNumber('--clock-offset', options.clockOffset ?? '0');
  await using emulator = await startKmsEmulator({
    credentials: [credentials],
    keys,
    port: wholeNumber('--port', options.port ?? (last === null ? '0' : new URL(last.address).port)),
    quotaPerSecond: wholeNumber('--quota', options.quota ?? '300'),
    now: () => Date.now() + offsetMs,
  });
  for (const fault of options.fail ?? []) emulator.inject(parseFault(fault));
  const keyId = last?.keyId ?? (await emulator.createKey({ alias: 'keyward' }));
  writeUrl(home, emulator, { keyId, secretId: credentials.secretId, secretKey, password: last?.password ?? null });
  print(`listening on ${emulator.address}`);
  print(`key ${keyId}; its kms:// URL, with credentials: ${urlFile(home)}`);
  await untilStopped();
}

const urlFile = (home: string): string => join(home, 'kms-url');

/** The wallet of the emulator's keys; its password is random, in a file beside it (0600). */
async function openKeys(home: string): Promise<WalletFile> {
  const file = join(home, 'password');
  if (!existsSync(file)) writeNewFile(file, new TextEncoder().encode(`${randomText(24)}\n`));
  using password = firstLine(readFileSync(file));
  const isNew = !existsSync(join(home, WALLET_FILE));
  return isNew ? await createWalletFile(home, password) : await openWalletFile(home, password);
}

function readUrl(home: string): KmsUrl | null {
  if (!existsSync(urlFile(home))) return null;
  using text = firstLine(readFileSync(urlFile(home)));
  return parseKmsUrl(text);
}

interface UrlParts {
  readonly keyId: string;
  readonly secretId: string;
  readonly secretKey: Secret;
  /** Of the wallets to come; null for a random one. */
  readonly password: Secret | null;
}

function writeUrl(home: string, { address }: KmsEmulator, { keyId, secretId, secretKey, password }: UrlParts): void {
  const text = (secret: Secret): string => encodeURIComponent(new TextDecoder().decode(secret.expose()));
  const query = [
    `password=${password === null ? randomText(24) : text(password)}`,
    `keyId=${keyId}`,
    `secretId=${secretId}`,
    `secretKey=${text(secretKey)}`,
  ].join('&');
  rmSync(urlFile(home), { force: true });
  writeNewFile(urlFile(home), new TextEncoder().encode(`kms://tencent/?${query}#${address}\n`));
}

function randomText(length: number): string {
  const random = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join('');
}
/** 64 of them, so that none is likelier than another; all may stand in a URL as they are. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function parseFault(text: string): Fault {
  const match = /^(\w+)=([A-Za-z][\w.]*)(?::(\d+))?$/.exec(text);
  if (match === null) throw new UsageError('ERR_OPTION', `--fail is ACTION=CODE or ACTION=CODE:TIMES, not ${text}`);
  const [, action, code, times = '1'] = match as unknown as [string, string, string, string | undefined];
  return { action, code, times: Number(times) };
}

function wholeNumber(option: string, text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError('ERR_OPTION', `${option} is a whole number, not ${text}`);
}

function untilStopped(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });
}
