/**
 * Which KMIP server a command means, and who it says it is: by a configuration directory, by a configuration file, or by the
 * options themselves.
 */
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { readKmipConfigFile, readOkvDirectory } from '../keyring/index.ts';
import { type Credentials, connectKmip, type KmipClient, type KmipClientOptions } from '../kmip/client/index.ts';
import { KMIP_VERSIONS, type KmipVersion } from '../kmip/index.ts';
import { parseServer } from '../okv/index.ts';
import type { Secret } from '../secret.ts';
import { choice, collectList } from './options.ts';
import { askPassword, type PasswordSource, printable } from './terminal.ts';

/** The options that name a server. */
export interface TargetOptions extends PasswordSource {
  readonly okv?: string;
  readonly config?: string;
  readonly server?: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly p12?: string;
  readonly servername?: string;
  readonly kmipVersion?: KmipVersion;
  readonly timeout?: string;
}

/** Adds the options. */
export function addTargetOptions(command: Command): Command {
  return command
    .optionsGroup('Which server:')
    .option('--okv <dir>', 'a directory with okvclient.ora and ssl/')
    .option('--config <file>', 'component_keyring_kmip.cnf, or a my.cnf that sets keyring_okv_conf_dir')
    .option('--server <host:port>', 'a server; may be given several times, or a list', collectList)
    .option('--ca <file>', 'with --server: certificate of the authority (PEM)')
    .option('--cert <file>', 'with --server: own certificate (PEM)')
    .option('--key <file>', 'with --server: its private key (PEM)')
    .option('--p12 <file>', 'with --server: certificate and key in a PKCS#12 file')
    .option('--servername <name>', 'the name in the server certificate, where it is not the host')
    .addOption(choice('--kmip-version <version>', 'the protocol version, without asking the server', KMIP_VERSIONS))
    .option('--timeout <ms>', 'for all that the command asks of the server', '60000')
    .option('--password-file <file>', 'read the password (of the key, the PKCS#12 file or the wallet) from a file')
    .option('--password-fd <number>', 'read the password from a file descriptor')
    .optionsGroup('Options:');
}

/** Says whether any of the options names a server. */
export function namesServer({ okv, config, server }: TargetOptions): boolean {
  return okv !== undefined || config !== undefined || server !== undefined;
}

/** Runs `use` with a connected client. */
export async function withClient(options: TargetOptions, use: (client: KmipClient) => Promise<void>): Promise<void> {
  using target = await readTarget(options);
  await using client = await connectKmip(target.client);
  await use(client);
}

/** What the options say, with the password that was asked for. */
export class Target implements Disposable {
  readonly client: KmipClientOptions;
  readonly #password: Secret | null;

  constructor(client: KmipClientOptions, password: Secret | null) {
    this.client = client;
    this.#password = password;
  }

  [Symbol.dispose](): void {
    this.#password?.dispose();
  }
}

/** Reads what the options say. @throws {UsageError} ERR_OPTION @throws what the files are refused with */
export async function readTarget(options: TargetOptions): Promise<Target> {
  const given = [options.okv, options.config, options.server].filter((one) => one !== undefined);
  if (given.length !== 1)
    throw new UsageError('ERR_OPTION', 'the server is named by one of --okv, --config and --server');
  const more = commonOptions(options);
  if (options.server !== undefined) {
    const { credentials, password } = await readCredentials(options);
    return new Target({ servers: options.server.map(parseServer), credentials, ...more }, password);
  }
  const { okv, config } = options;
  const configuration = okv === undefined ? await readKmipConfigFile(config as string) : await readOkvDirectory(okv);
  for (const { path, message } of configuration.warnings) warn(`${path}: ${message}`);
  return new Target({ ...configuration.client, ...more }, null);
}

/** Prints a warning. */
export function warn(message: string): void {
  process.stderr.write(`warning: ${printable(message)}\n`);
}

/** What is said of the connection wherever the server comes from. */
export function commonOptions({
  servername,
  kmipVersion,
  timeout,
}: TargetOptions): Pick<KmipClientOptions, 'tls' | 'version' | 'timeoutMs'> {
  return {
    timeoutMs: parseTimeout(timeout ?? '60000'),
    ...(servername !== undefined && { tls: { servername } }),
    ...(kmipVersion !== undefined && { version: kmipVersion }),
  };
}

/** A number of milliseconds. @throws {UsageError} ERR_OPTION */
export function parseTimeout(text: string): number {
  const timeoutMs = Number(text);
  if (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31) return timeoutMs;
  throw new UsageError('ERR_OPTION', `--timeout is a number of milliseconds: ${printable(text)}`);
}

async function readCredentials(
  options: TargetOptions,
): Promise<{ readonly credentials: Credentials; readonly password: Secret | null }> {
  const { ca, cert, key, p12 } = options;
  if (p12 !== undefined) {
    if (cert !== undefined || key !== undefined)
      throw new UsageError('ERR_OPTION', 'a PKCS#12 file stands in the place of --cert and --key');
    const password = await askPassword('password of the PKCS#12 file', options);
    return {
      credentials: { pkcs12: { file: p12 }, password, ...(ca !== undefined && { ca: { file: ca } }) },
      password,
    };
  }
  if (ca === undefined || cert === undefined || key === undefined)
    throw new UsageError('ERR_OPTION', '--server goes with --ca, --cert and --key, or with --p12');
  const given = options.passwordFile !== undefined || options.passwordFd !== undefined;
  const password = given ? await askPassword('password of the private key', options) : null;
  const pem = { ca: { file: ca }, cert: { file: cert }, key: { file: key } };
  return { credentials: password === null ? pem : { ...pem, password }, password };
}
