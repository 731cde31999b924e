/**
 * `keyward okv init|protect|unprotect|check`: the configuration directory of MySQL's keyring_okv (Reference Manual 8.4.4.6), which
 * keyward's own keyring reads too.
 */
import type { Command } from 'commander';
import { UsageError } from '../../errors.ts';
import { formatServer, type OkvServer, parseServer } from '../../okv/index.ts';
import type { Secret } from '../../secret.ts';
import { type Check, formatChecks, terminalWidth, worstOf } from '../checks.ts';
import { EXIT } from '../exit.ts';
import { choice, collectList } from '../options.ts';
import { askNewPassword, askPassword, type PasswordSource, print, printable } from '../terminal.ts';
import { checkFiles } from './check.ts';
import { encodePlainKey, keyFormOf, okvPaths, readKey, readNeeded, readPasswordFile } from './files.ts';
import { fromJar, fromPem, fromPkcs12, initDirectory, type Material, wipeMaterial } from './init.ts';
import type { ProbeOptions } from './probe.ts';
import { protectKey, randomPassword, unprotectKey } from './protect.ts';

interface InitOptions extends PasswordSource {
  readonly server?: string;
  readonly standby?: readonly string[];
  readonly fromJar?: string;
  readonly fromPem?: readonly string[];
  readonly fromP12?: string;
  readonly ca?: string;
}

const FORMS = ['pkcs8', 'des3'] as const;

interface ProtectOptions extends PasswordSource {
  readonly form: (typeof FORMS)[number];
  readonly generate?: boolean;
}

interface CheckOptions {
  readonly strict?: boolean;
  readonly offline?: boolean;
  readonly json?: boolean;
  readonly timeout: string;
}

/** Adds the commands. */
export function defineOkv(okv: Command): void {
  okv.description('make, protect and check the configuration directory of keyring_okv');
  const add = (name: string, description: string, example: string): Command =>
    okv.command(`${name} <dir>`).description(description).addHelpText('after', `\nExample:\n  $ ${example}\n`);
  const withPassword = (command: Command, whose: string): Command =>
    command
      .option('--password-file <file>', `read ${whose} from the first line of a file`)
      .option('--password-fd <number>', `read ${whose} from a file descriptor`);

  withPassword(
    add(
      'init',
      'make a directory with okvclient.ora and ssl/ in it',
      'keyward okv init ./okv --server 198.51.100.20:9002 --standby 203.0.113.125:8041 --from-pem CA.pem cert.pem key.pem',
    )
      .option('--server <host:port>', 'the server; with a jar, default: the one that the jar names')
      .option('--standby <host:port>', 'a server to fall back to; may be given several times, or a list', collectList)
      .option('--from-pem <files...>', 'three files: certificate of the authority, own certificate, its private key')
      .option('--from-p12 <file>', 'a PKCS#12 file with all three in it')
      .option('--ca <file>', 'certificate of the authority, where the PKCS#12 file has none')
      .option('--from-jar <file>', 'okvclient.jar, as Oracle Key Vault hands it out'),
    'the password of the private key or of the PKCS#12 file',
  ).action(init);
  withPassword(
    add('protect', 'put the private key under a password', 'keyward okv protect ./okv --generate')
      .addOption(
        choice('--form <name>', 'des3: for readers that know only the traditional form', FORMS).default('pkcs8'),
      )
      .option('--generate', 'make a password, which then stands in password.txt only'),
    'the new password',
  ).action(protect);
  withPassword(
    add('unprotect', 'take the private key out of its password', 'keyward okv unprotect ./okv'),
    'the password, where password.txt is missing,',
  ).action(unprotect);
  add('check', 'look at the files, then at each server', 'keyward okv check ./okv')
    .option('--strict', 'let warnings fail too')
    .option('--offline', 'only look at the files')
    .option('--timeout <ms>', 'for each connection', '20000')
    .option('--json', 'print JSON')
    .action(check);
}

async function init(directory: string, options: InitOptions): Promise<void> {
  const servers = [...(options.server === undefined ? [] : [options.server]), ...(options.standby ?? [])].map(
    parseServer,
  );
  if (options.server === undefined && servers.length > 0)
    throw new UsageError('ERR_OKV_SERVER_MISSING', '--standby goes with --server');
  const material = await readMaterial(options);
  try {
    for (const path of initDirectory(directory, { servers, material })) print(`wrote ${path}`);
  } finally {
    if (material !== null) wipeMaterial(material);
  }
  if (material === null) print(`put CA.pem, cert.pem and key.pem into ${okvPaths(directory).ssl}`);
  print(`keyward okv check ${directory} says whether it works`);
}

async function readMaterial(options: InitOptions): Promise<Material | null> {
  const { fromJar: jar, fromPem: pem, fromP12: p12, ca } = options;
  if ([jar, pem, p12].filter((source) => source !== undefined).length > 1)
    throw new UsageError('ERR_OPTION', 'only one of --from-jar, --from-pem and --from-p12');
  if (ca !== undefined && p12 === undefined) throw new UsageError('ERR_OPTION', '--ca goes with --from-p12');
  if (jar !== undefined) return await fromJar(jar);
  if (p12 !== undefined) {
    using password = await askPassword('password of the PKCS#12 file', options);
    return await fromPkcs12(p12, password, ca);
  }
  if (pem === undefined) return null;
  const [authority, certificate, key, ...more] = pem;
  if (authority === undefined || certificate === undefined || key === undefined || more.length > 0)
    throw new UsageError('ERR_OPTION', '--from-pem takes three files', { hint: '--from-pem CA.pem cert.pem key.pem' });
  using password = await passwordOfKey(key, options);
  return fromPem(authority, certificate, key, password);
}

/** Asks for the password of a key that has one. */
async function passwordOfKey(file: string, options: PasswordSource): Promise<Secret | null> {
  const pem = readNeeded(file);
  const form = keyFormOf(pem);
  pem.fill(0);
  return form === 'plain' || form === null ? null : await askPassword(`password of ${file}`, options);
}

async function protect(directory: string, options: ProtectOptions): Promise<void> {
  const { form } = options;
  using password =
    options.generate === true ? randomPassword() : await askNewPassword('new password of the private key', options);
  protectKey(directory, password, form);
  const { key, password: file } = okvPaths(directory);
  print(`${key} is encrypted; its password is in ${file}`);
}

async function unprotect(directory: string, options: PasswordSource): Promise<void> {
  const given = options.passwordFile !== undefined || options.passwordFd !== undefined;
  using password = given ? await askPassword('password of the private key', options) : null;
  unprotectKey(directory, password);
  print(`${okvPaths(directory).key} is not encrypted any more`);
}

async function check(directory: string, options: CheckOptions): Promise<void> {
  const now = new Date();
  const report = checkFiles(directory, now);
  const checks: Check[] = [...report.checks];
  const working: string[] = [];
  for (const server of options.offline === true ? [] : (report.config?.servers ?? [])) {
    const found = await askServer(directory, server, report.usable, options, now);
    checks.push(...found);
    if (found.every(({ verdict }) => verdict === 'ok' || verdict === 'warn')) working.push(formatServer(server));
  }
  const worst = worstOf(checks, options.strict === true);
  if (options.json === true) print(JSON.stringify({ verdict: worst, working, checks }));
  else printChecks(checks, worst, working);
  if (worst === 'fail') process.exitCode = EXIT.checkFailed;
}

/** In a function of its own: TypeScript does not rewrite `import()` beside a `using`. */
async function probe(server: OkvServer, options: ProbeOptions): Promise<readonly Check[]> {
  const { probeServer } = await import('./probe.ts');
  return await probeServer(server, options);
}

async function askServer(
  directory: string,
  server: OkvServer,
  usable: boolean,
  options: CheckOptions,
  now: Date,
): Promise<readonly Check[]> {
  if (!usable) {
    return [{ name: formatServer(server), verdict: 'skip', detail: 'not asked: the files do not fit together' }];
  }
  const paths = okvPaths(directory);
  using password = readPasswordFile(paths.password);
  const pem = readNeeded(paths.key);
  const key = encodePlainKey(readKey(pem, password, paths.key));
  pem.fill(0);
  try {
    return await probe(server, {
      pem: { ca: readNeeded(paths.ca), cert: readNeeded(paths.cert), key },
      now,
      timeoutMs: timeoutOf(options.timeout),
    });
  } finally {
    key.fill(0);
  }
}

function timeoutOf(text: string): number {
  const timeoutMs = Number(text);
  if (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31) return timeoutMs;
  throw new UsageError('ERR_OPTION', `--timeout is a number of milliseconds: ${printable(text)}`);
}

function printChecks(checks: readonly Check[], worst: keyof typeof VERDICTS, working: readonly string[]): void {
  print(formatChecks(checks, terminalWidth()));
  print(`\n${VERDICTS[worst]}${worst === 'fail' && working.length > 0 ? `; it works with ${working.join(', ')}` : ''}`);
}

const VERDICTS = {
  ok: 'everything fits',
  warn: 'it works, with warnings',
  fail: 'not everything is as it should be',
} as const;
