/**
 * `keyward keyring …`: keys by name, in a KMIP server or in a wallet. The bytes of a key come from a file, a descriptor or a prompt
 * and go to a file or a pipe; a terminal sees them only when it was asked for.
 */
import type { Command } from 'commander';
import { StateError, UsageError } from '../errors.ts';
import type { FetchOptions, Keyring, KeyringKeyInfo, OwnerOptions } from '../keyring/index.ts';
import { addMigrateCommand } from './keyring-migrate.ts';
import { addKeyringOptions, type KeyringTarget, openTarget } from './keyring-target.ts';
import { OKVUTIL_COLUMNS } from './kmip-operations.ts';
import {
  addKeyInput,
  addKeyOutput,
  assertMayShow,
  type KeyInput,
  type KeyOutput,
  readKeyBytes,
  writeKey,
} from './secret-io.ts';
import { formatColumns, formatTable, print, printable } from './terminal.ts';

interface Common extends KeyringTarget {
  readonly owner?: string;
  readonly json?: boolean;
}

interface Versioned extends Common {
  readonly version?: string;
}

/** Adds the commands. */
export function defineKeyring(keyring: Command): void {
  const add = (name: string, description: string, example: string): Command =>
    addKeyringOptions(keyring.command(name).description(description))
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExample:\n  $ keyward keyring ${example}\n`);
  const owned = (command: Command): Command =>
    command.option('--owner <account>', "whose key, such as root@localhost; default: nobody's");
  const versioned = (command: Command): Command =>
    owned(command).option('--version <number>', 'which version, from 1; default: the newest');

  owned(add('generate <id>', 'make a key of random bytes', 'generate MyKey --okv ./okv --type AES --length 32'))
    .option('--type <type>', 'AES or SECRET; a wallet takes others too', 'AES')
    .option('--length <bytes>', 'length of the key', '32')
    .action(generate);
  addKeyInput(owned(add('store <id>', 'keep the bytes of a key', 'store MyKey --okv ./okv --key-file key.bin')))
    .option('--type <type>', 'AES or SECRET; a wallet takes others too', 'SECRET')
    .action(store);
  addKeyOutput(
    versioned(add('fetch <id>', 'fetch the bytes of a key', 'fetch MyKey --okv ./okv --out key.bin')),
  ).action(fetch);
  versioned(add('length <id>', 'say how many bytes a key has', 'length MyKey --okv ./okv')).action(
    (id: string, options: Versioned) => tell(id, options, (info) => String(info.lengthBytes)),
  );
  versioned(add('type <id>', 'say of which type a key is', 'type MyKey --okv ./okv')).action(
    (id: string, options: Versioned) => tell(id, options, (info) => info.type),
  );
  owned(add('remove <id>', 'remove a key with all its versions', 'remove MyKey --okv ./okv')).action(remove);
  owned(add('list', 'list the keys, of all owners unless one is named', 'list --okv ./okv --long'))
    .option('--long', 'with owner, type, length and version, in place of the columns of okvutil')
    .action(list);
  owned(add('rotate <id>', 'make the next version of a key; the old ones stay', 'rotate MyKey --okv ./okv')).action(
    rotate,
  );
  add('gc', 'collect what unfinished operations left in a server', 'gc --okv ./okv').action(gc);
  addMigrateCommand(keyring);
}

async function withKeyring(options: KeyringTarget, use: (keyring: Keyring) => Promise<void>): Promise<void> {
  await using keyring = await openTarget(options);
  await use(keyring);
}

const ownerOf = ({ owner }: Common): OwnerOptions => (owner === undefined ? {} : { owner });

function whichOf(options: Versioned): FetchOptions {
  if (options.version === undefined) return ownerOf(options);
  const version = Number(options.version);
  if (Number.isInteger(version) && version >= 1) return { ...ownerOf(options), version };
  throw new UsageError('ERR_OPTION', '--version is a number from 1');
}

async function generate(id: string, options: Common & { type: string; length: string }): Promise<void> {
  const lengthBytes = Number(options.length);
  if (!Number.isInteger(lengthBytes)) throw new UsageError('ERR_OPTION', '--length is a number of bytes');
  await withKeyring(options, async (keyring) => {
    report(options, 'generated', await keyring.generate(id, options.type, lengthBytes, ownerOf(options)));
  });
}

async function store(id: string, options: Common & KeyInput & { type: string }): Promise<void> {
  using key = await readKeyBytes(`bytes of ${printable(id)}`, options);
  await withKeyring(options, async (keyring) => {
    report(options, 'stored', await keyring.store(id, options.type, key, ownerOf(options)));
  });
}

async function fetch(id: string, options: Versioned & KeyOutput): Promise<void> {
  assertMayShow(options);
  await withKeyring(options, async (keyring) => {
    using found = await keyring.fetch(id, whichOf(options));
    if (found === null) throw absent(id, options);
    writeKey(found.key.expose(), options);
  });
}

async function tell(id: string, options: Versioned, what: (info: KeyringKeyInfo) => string): Promise<void> {
  await withKeyring(options, async (keyring) => {
    const info = await keyring.info(id, whichOf(options));
    if (info === null) throw absent(id, options);
    print(options.json === true ? JSON.stringify(info) : printable(what(info)));
  });
}

async function remove(id: string, options: Common): Promise<void> {
  await withKeyring(options, async (keyring) => {
    if (!(await keyring.remove(id, ownerOf(options)))) throw absent(id, options);
    print(options.json === true ? JSON.stringify({ removed: id }) : `removed ${printable(id)}`);
  });
}

async function list(options: Common & { long?: boolean }): Promise<void> {
  await withKeyring(options, async (keyring) => {
    const found: KeyringKeyInfo[] = [];
    for await (const info of keyring.list(ownerOf(options))) found.push(info);
    found.sort((a, b) => compare(a.owner, b.owner) || compare(a.id, b.id));
    if (options.json === true) return print(JSON.stringify(found));
    if (found.length === 0) return print('no objects found');
    if (options.long !== true) {
      const rows = found.map(({ backendKeyId, type, id }) => [backendKeyId, objectType(type), id]);
      return print(formatColumns(OKVUTIL_COLUMNS, rows));
    }
    const rows = found.map((k) => [k.id, k.owner, k.type, k.lengthBytes, k.version, k.backendKeyId]);
    print(formatTable(['KEY_ID', 'KEY_OWNER', 'TYPE', 'LENGTH', 'VERSION', 'BACKEND_KEY_ID'], rows));
  });
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The words that okvutil has for what a key is kept as. */
const objectType = (type: string): string => (type === 'SECRET' ? 'Secret Data' : 'Symmetric Key');

async function rotate(id: string, options: Common): Promise<void> {
  await withKeyring(options, async (keyring) => {
    report(options, 'rotated', await keyring.rotate(id, ownerOf(options)));
  });
}

async function gc(options: Common): Promise<void> {
  await withKeyring(options, async (keyring) => {
    const collected = await keyring.gc();
    print(options.json === true ? JSON.stringify({ collected }) : `collected ${collected} unfinished objects`);
  });
}

function report(options: Common, done: string, info: KeyringKeyInfo): void {
  if (options.json === true) {
    print(JSON.stringify(info));
    return;
  }
  const { id, owner, type, lengthBytes, version, backendKeyId } = info;
  const whose = owner === '' ? '' : ` of ${printable(owner)}`;
  const where = backendKeyId === null ? '' : `, kept as ${printable(backendKeyId)}`;
  print(`${done} ${printable(id)}${whose}: ${printable(type)}, ${lengthBytes} bytes, version ${version}${where}`);
}

function absent(id: string, { owner = '' }: Common): StateError {
  const whose = owner === '' ? '' : ` of ${owner}`;
  return new StateError('ERR_KEY_NOT_FOUND', `there is no key ${id}${whose}`, {
    ...(owner === '' && { hint: 'a key of an account needs its --owner' }),
  });
}
