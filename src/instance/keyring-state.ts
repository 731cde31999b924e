/**
 * What an instance remembers of its MySQL side between starts: installed plugins, created functions, persisted variables and its
 * server_uuid, in `keyring.json` of the home (0600); and what the home's `my.cnf` says. No keys. Layer: instance, Node only.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FormatError } from '../errors.ts';
import { parseMyCnf } from '../okv/index.ts';
import { KEYRING_FUNCTIONS, type PluginName } from '../statement/index.ts';
import type { FileSystem } from '../wallet/file/index.ts';
import { changeHomeFile, readHomeFile } from './files.ts';

/** What is remembered. */
export interface KeyringState {
  readonly plugins: readonly PluginName[];
  readonly functions: readonly string[];
  /** SET PERSIST keyring_okv_conf_dir; null when never persisted. */
  readonly confDir: string | null;
  /** Made on first use. */
  readonly serverUuid: string | null;
}

const STATE_FILE = 'keyring.json';
const OPTION_FILE = 'my.cnf';

/** A home with nothing remembered: everything installed, or nothing. */
export function freshState(installed: boolean): KeyringState {
  return {
    plugins: installed ? ['keyring_udf', 'keyring_okv'] : [],
    functions: installed ? KEYRING_FUNCTIONS : [],
    confDir: null,
    serverUuid: null,
  };
}

/** Reads what a home remembers; `fresh` when that is nothing. @throws {FormatError} ERR_KEYRING_STATE */
export async function readKeyringState(fs: FileSystem, home: string, fresh: KeyringState): Promise<KeyringState> {
  return parseState(await readHomeFile(fs, home, STATE_FILE), home, fresh);
}

/** Changes what a home remembers, alone among processes. */
export async function changeKeyringState(
  fs: FileSystem,
  home: string,
  fresh: KeyringState,
  edit: (state: KeyringState) => KeyringState,
): Promise<KeyringState> {
  let next = fresh;
  await changeHomeFile(fs, home, STATE_FILE, (text) => {
    next = edit(parseState(text, home, fresh));
    return `${JSON.stringify(next, null, 2)}\n`;
  });
  return next;
}

/** A new server_uuid. */
export function makeServerUuid(): string {
  return randomUUID();
}

/** What the home's my.cnf says, as far as the keyring is concerned. @throws {FormatError} ERR_OKV_CNF */
export async function readOptionFile(
  fs: FileSystem,
  home: string,
): Promise<{ readonly confDir: string | null; readonly loadsOkv: boolean }> {
  const text = await readHomeFile(fs, home, OPTION_FILE);
  if (text === null) return { confDir: null, loadsOkv: false };
  const { keyringOkvConfDir, earlyPluginLoad } = parseMyCnf(text);
  return { confDir: keyringOkvConfDir, loadsOkv: earlyPluginLoad.some((name) => /^keyring_okv(?:\.|$)/.test(name)) };
}

function parseState(text: string | null, home: string, fresh: KeyringState): KeyringState {
  if (text === null) return fresh;
  try {
    const { plugins, functions, confDir, serverUuid } = JSON.parse(text) as Record<string, unknown>;
    return {
      plugins: texts(plugins).filter((name): name is PluginName => name === 'keyring_udf' || name === 'keyring_okv'),
      functions: texts(functions).filter((name) => KEYRING_FUNCTIONS.includes(name)),
      confDir: typeof confDir === 'string' ? confDir : null,
      serverUuid: typeof serverUuid === 'string' ? serverUuid : null,
    };
  } catch (cause) {
    throw new FormatError('ERR_KEYRING_STATE', `malformed ${join(home, STATE_FILE)}`, { offset: 0 }, { cause });
  }
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value.map(String);
}
