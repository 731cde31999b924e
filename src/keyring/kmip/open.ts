/** Opens the KMIP back end: configuration read, client connected. Layer: keyring, Node only. */
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../errors.ts';
import { connectKmip, type KmipClientOptions } from '../../kmip/client/index.ts';
import type { KeyringBackend } from '../backend.ts';
import { assertKnownOptions, type KmipKeyringOptions, platformRandomBytes } from '../options.ts';
import { OKV_ATTRIBUTE_NAMES, type OkvAttributeNames } from './attribute-names.ts';
import { createKmipBackend, type KmipBackendOptions } from './backend.ts';
import { type KmipConfiguration, readConfigFile, readDirectory } from './configuration.ts';
import type { ProfileName } from './profile.ts';

const PROFILES: readonly ProfileName[] = ['okv', 'name', 'percona'];
const REFRESH_MS = 1000;
const GRACE_MS = 600_000;
const TIMEOUT_MS = 60_000;
/** Collisions, each with a random pause, until making a key is given up. */
const MAX_ROUNDS = 12;

/** Opens it. @throws as `openKeyring` */
export async function openKmipBackend(options: KmipKeyringOptions): Promise<KeyringBackend> {
  const configuration = await configurationOf(options);
  const { onWarning, lazy = false } = options;
  for (const warning of configuration?.warnings ?? []) onWarning?.(warning);
  const settings = settingsOf(options, configuration);
  const client = await connectKmip({
    ...(configuration?.timeoutMs != null && { responseTimeoutMs: configuration.timeoutMs }),
    ...configuration?.client,
    ...options.client,
    lazy,
  } as KmipClientOptions);
  try {
    return await createKmipBackend(client, settings);
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function configurationOf(options: KmipKeyringOptions): Promise<KmipConfiguration | null> {
  const { directory, configFile, client } = options as { directory?: string; configFile?: string; client?: object };
  if ((directory !== undefined && configFile !== undefined) || (directory ?? configFile ?? client) === undefined)
    throw new UsageError('ERR_OPTION', 'a KMIP keyring is named by one of directory, configFile and client');
  if (directory !== undefined) return await readDirectory(directory);
  return configFile === undefined ? null : await readConfigFile(configFile);
}

function settingsOf(options: KmipKeyringOptions, configuration: KmipConfiguration | null): KmipBackendOptions {
  const group = configuration?.objectGroup ?? null;
  const { profile = group === null ? null : 'percona', instance = group ?? '', lazy = false } = options;
  if (profile !== null && !PROFILES.includes(profile))
    throw new UsageError('ERR_OPTION', `unknown profile "${String(profile)}"`, {
      hint: `known: ${PROFILES.join(', ')}`,
    });
  const number = (name: 'refreshMs' | 'graceMs' | 'timeoutMs', is: number, least: number): number => {
    const value = options[name] ?? is;
    if (!(value >= least)) throw new UsageError('ERR_OPTION', `${name} must be ${least} or more milliseconds`);
    return value;
  };
  return {
    profile,
    attributeNames: attributeNamesOf(options),
    instance,
    lazy,
    cacheKeys: options.cacheKeys ?? configuration?.cacheKeys ?? true,
    refreshMs: number('refreshMs', REFRESH_MS, 0),
    graceMs: number('graceMs', GRACE_MS, 10_000),
    timeoutMs: number('timeoutMs', TIMEOUT_MS, 1),
    maxRounds: MAX_ROUNDS,
    randomBytes: options.randomBytes ?? platformRandomBytes,
    clock: () => performance.now(),
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
    },
  };
}

function attributeNamesOf({ attributeNames = {} }: KmipKeyringOptions): OkvAttributeNames {
  assertKnownOptions(attributeNames, Object.keys(OKV_ATTRIBUTE_NAMES));
  const names = { ...OKV_ATTRIBUTE_NAMES, ...attributeNames };
  const all = Object.values(names);
  if (all.some((name) => !name.startsWith('x-')) || new Set(all).size < all.length)
    throw new UsageError('ERR_OPTION', 'attribute names must differ, and start with x-');
  return names;
}
