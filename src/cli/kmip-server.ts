/** `keyward kmip serve`, `rotate`, `client add`: the embedded KMIP server, its home and its clients. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import {
  addKmipClient,
  type EnrolledClient,
  initKmipHome,
  parseFault,
  type QuirkName,
  rotateServerKey,
  type StartedKmipServer,
  startKmipServer,
} from '../kmip/server/index.ts';
import type { Secret } from '../secret.ts';
import { formatError } from './exit.ts';
import { choice, collect } from './options.ts';
import { askPassword, type PasswordSource, printable } from './terminal.ts';

const QUIRKS: readonly QuirkName[] = ['pykmip', 'vault', 'fortanix'];

interface HomeOptions extends PasswordSource {
  readonly home: string;
}

interface InitOptions extends HomeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly name?: readonly string[];
  readonly client?: readonly string[];
}

interface ServeOptions extends InitOptions {
  readonly init?: boolean;
  readonly auditLog?: string;
  readonly metrics?: string;
  readonly fault?: readonly string[];
  readonly quirks?: QuirkName;
}

/** Adds the commands of the server to the group `kmip`. */
export function defineKmipServer(kmip: Command): void {
  kmip.commandsGroup('A server of your own:');
  const add = (parent: Command, name: string, description: string, example: string): Command =>
    parent
      .command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  $ keyward kmip ${example}\n`)
      .requiredOption('--home <dir>', 'home directory of the server')
      .option('--password-file <file>', "read the wallet's password from the first line of a file")
      .option('--password-fd <number>', "read the wallet's password from a file descriptor");

  add(
    kmip,
    'serve',
    'serve a home until interrupted; SIGHUP looks for a rotated master key',
    'serve --home ./kmip --init',
  )
    .option('--init', 'make the home first: wallet, authority, certificates, a client directory')
    .option('--host <address>', 'address to listen on; default: as in the home, 127.0.0.1 in a new one')
    .option('--port <number>', 'port to listen on, 0 for any free one; default: as in the home, 5696 in a new one')
    .option('--name <name>', 'with --init: another name or address of the server; may be given several times', collect)
    .option('--client <name>', 'with --init: a client to enrol; may be given several times; default: client', collect)
    .option('--audit-log <file>', 'append a JSON line per request: who, what, which object, result')
    .option('--metrics <port>', 'serve counters and latencies at http://127.0.0.1:<port>/metrics')
    .option(
      '--fault <fault>',
      'for tests of clients: delay=MS, cut=BYTES, garble=N, lying-length, wrong-version, drop-after=N',
      collect,
    )
    .addOption(choice('--quirks <server>', 'for tests of clients: answer as this one where they differ', QUIRKS))
    .action(serve);
  add(
    kmip,
    'rotate',
    'give the wallet of a home a new master key; a running server seals its objects anew',
    'rotate --home ./kmip',
  ).action(rotate);
  const client = kmip.command('client').description('the clients of a server');
  add(
    client,
    'add <name>',
    'enrol a client: its certificate, and the directory to configure it with',
    'client add db1 --home ./kmip',
  )
    .option('--renew', 'give a client that is there a new certificate and key')
    .action(addClient);
}

async function serve(options: ServeOptions): Promise<void> {
  using password = await homePassword(options, options.init === true);
  const port = portOf(options.port, '--port');
  const metricsPort = portOf(options.metrics, '--metrics');
  const faults = (options.fault ?? []).map(parseFault);
  if (options.init === true) tellClients(await initHome(options, port, password));
  else if (options.name !== undefined || options.client !== undefined)
    throw new UsageError('ERR_OPTION', '--name and --client belong to --init', {
      hint: 'later clients: keyward kmip client add',
    });
  const server = await startKmipServer({
    home: options.home,
    password,
    ...(options.host !== undefined && { host: options.host }),
    ...(port !== undefined && { port }),
    ...(options.auditLog !== undefined && { auditLog: options.auditLog }),
    ...(metricsPort !== undefined && { metricsPort }),
    ...(faults.length > 0 && { faults }),
    ...(options.quirks !== undefined && { engine: { quirks: options.quirks } }),
    onEvent: (event) => {
      if ('error' in event) say(`${event.type}: ${formatError(event.error)}`);
      else if (event.done === event.total) say(`sealed ${counted(event.total)} anew under the new master key`);
    },
  });
  say(`listening on ${server.host}:${server.port}; ${counted(server.objects)}`);
  if (server.metricsPort !== null) say(`metrics at http://127.0.0.1:${server.metricsPort}/metrics`);
  await untilInterrupted(server);
}

/** Ends with the server closed. A second signal does not wait. */
async function untilInterrupted(server: StartedKmipServer): Promise<void> {
  // What fails is told as an event.
  const reload = (): void => void server.refresh().catch(() => undefined);
  process.on('SIGHUP', reload);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  process.off('SIGHUP', reload);
  await server.close();
  say('closed');
}

async function initHome(
  options: InitOptions,
  port: number | undefined,
  password: Secret,
): Promise<readonly EnrolledClient[]> {
  return await initKmipHome({
    home: options.home,
    password,
    ...(options.host !== undefined && { host: options.host }),
    ...(port !== undefined && { port }),
    ...(options.name !== undefined && { names: options.name }),
    ...(options.client !== undefined && { clients: options.client }),
  });
}

async function addClient(name: string, options: HomeOptions & { readonly renew?: boolean }): Promise<void> {
  using password = await homePassword(options, false);
  const renew = options.renew === true;
  tellClients([await addKmipClient({ home: options.home, password, name, renew })]);
  if (renew) say('an earlier certificate of this client stays valid until it expires: there is no revocation');
}

async function rotate(options: HomeOptions): Promise<void> {
  using password = await homePassword(options, false);
  const { keyId, backupPath } = await rotateServerKey({ home: options.home, password });
  process.stdout.write(`${keyId}\n`);
  say(`the wallet as it was is ${printable(backupPath)}`);
}

/** A password that is typed for a new wallet is typed twice. */
async function homePassword(options: HomeOptions, isNew: boolean): Promise<Secret> {
  const password = await askPassword(
    `password of the wallet in ${printable(join(resolve(options.home), 'wallet'))}`,
    options,
  );
  if (!isNew || options.passwordFile !== undefined || options.passwordFd !== undefined) return password;
  using again = await askPassword('the same again');
  const same = Buffer.compare(password.expose(), again.expose()) === 0;
  if (same) return password;
  password.dispose();
  throw new UsageError('ERR_PASSWORD_SOURCE', 'the two passwords differ');
}

function portOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError('ERR_OPTION', `${option} is a number from 0 to 65535`);
}

function tellClients(clients: readonly EnrolledClient[]): void {
  for (const { directory } of clients) process.stdout.write(`${directory}\n`);
}

const counted = (objects: number): string => `${objects} object${objects === 1 ? '' : 's'}`;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
