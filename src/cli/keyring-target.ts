/** Which keyring a command means: a KMIP server's or a wallet's. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { type Keyring, type KmipKeyringOptions, openKeyring } from '../keyring/index.ts';
import { choice } from './options.ts';
import { addTargetOptions, commonOptions, namesServer, readTarget, type TargetOptions, warn } from './target.ts';
import { askPassword } from './terminal.ts';

/** The options that name a keyring. */
export interface KeyringTarget extends TargetOptions {
  readonly wallet?: string;
  readonly create?: boolean;
  readonly instance?: string;
  readonly profile?: (typeof PROFILES)[number];
}

const PROFILES = ['okv', 'name', 'percona'] as const;

/** Adds the options. */
export function addKeyringOptions(command: Command): Command {
  return addTargetOptions(command)
    .option('--wallet <dir>', 'a directory with a wallet in it, in place of a server')
    .option('--create', 'make the wallet when there is none')
    .option('--instance <name>', 'namespace of the keys, where several share one credential')
    .addOption(choice('--profile <name>', 'how keys are named in the server; default: by what it can do', PROFILES));
}

/** Opens the keyring that the options name. */
export async function openTarget(options: KeyringTarget, question = 'wallet password'): Promise<Keyring> {
  if (options.wallet === undefined) return await openServer(options);
  if (namesServer(options)) throw new UsageError('ERR_OPTION', '--wallet stands in the place of a server');
  using password = await askPassword(question, options);
  return await openKeyring({
    backend: 'wallet',
    directory: resolve(options.wallet),
    password,
    create: options.create ?? false,
  });
}

async function openServer(options: KeyringTarget): Promise<Keyring> {
  if (!namesServer(options))
    throw new UsageError('ERR_OPTION', 'no keyring is named', {
      hint: 'give --okv DIR, --config FILE, --server, or --wallet DIR',
    });
  const { okv, config, instance, profile } = options;
  const common = {
    backend: 'kmip',
    ...(instance !== undefined && { instance }),
    ...(profile !== undefined && { profile }),
    onWarning: ({ path, message }) => warn(`${path}: ${message}`),
  } satisfies Partial<KmipKeyringOptions>;
  const { timeoutMs, ...client } = commonOptions(options);
  const time = timeoutMs === undefined ? {} : { timeoutMs };
  if (okv !== undefined && config === undefined && options.server === undefined)
    return await openKeyring({ ...common, ...time, directory: resolve(okv), client });
  if (config !== undefined && okv === undefined && options.server === undefined)
    return await openKeyring({ ...common, ...time, configFile: resolve(config), client });
  using target = await readTarget(options);
  return await openKeyring({ ...common, ...time, client: target.client });
}
