/**
 * `keyward kmip …`: single KMIP operations, for looking at what a server holds and for mending it by hand. Keys by name are the
 * business of `keyward keyring`.
 */
import type { Command } from 'commander';
import { formatHex } from '../bytes.ts';
import { UsageError } from '../errors.ts';
import type { KmipClient } from '../kmip/client/index.ts';
import {
  type Attribute,
  attribute,
  findAttribute,
  isStandard,
  keyBlockOf,
  keyMaterialOf,
  textAttribute,
  wipeMessage,
} from '../kmip/index.ts';
import { enumerationValue, labelOf, maskNames, Tag, tagOfLabel } from '../ttlv/index.ts';
import { collect } from './options.ts';
import { addKeyOutput, assertMayShow, type KeyOutput, writeKey } from './secret-io.ts';
import { addTargetOptions, type TargetOptions, withClient } from './target.ts';
import { formatColumns, formatTable, print, printable } from './terminal.ts';

interface Common extends TargetOptions {
  readonly json?: boolean;
}

interface LocateOptions extends Common {
  readonly name?: string;
  readonly type?: string;
  readonly group?: string;
  readonly attribute?: readonly string[];
  readonly long?: boolean;
}

interface CreateOptions extends Common {
  readonly algorithm: string;
  readonly length: string;
  readonly name?: string;
  readonly activate?: boolean;
}

/** Adds the operations to the group `kmip`. */
export function defineKmipOperations(kmip: Command): void {
  kmip.description('talk to a KMIP server, one operation at a time; run a server');
  kmip.commandsGroup('Operations on a server:');
  const add = (name: string, description: string, example: string): Command =>
    addTargetOptions(kmip.command(name).description(description))
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExample:\n  $ keyward kmip ${example}\n`);

  add('ping', 'connect, and say to whom and how fast', 'ping --okv ./okv').action(ping);
  add('query', 'list what the server can do', 'query --okv ./okv').action(query);
  add('locate', 'list the objects that match', 'locate --okv ./okv --type SymmetricKey --long')
    .option('--name <name>', 'with this name')
    .option('--type <type>', 'of this object type: SymmetricKey, SecretData …')
    .option('--group <name>', 'in this object group')
    .option('--attribute <name=text>', 'with this custom attribute; may be given several times', collect)
    .option('--long', "okvutil's columns: type and name too")
    .action(locate);
  addKeyOutput(add('get <id>', 'fetch an object', 'get 1742 --okv ./okv --out key.bin')).action(get);
  add('attributes <id>', 'list the attributes of an object', 'attributes 1742 --okv ./okv').action(attributes);
  add('create', 'let the server make a symmetric key', 'create --okv ./okv --name example --activate')
    .option('--algorithm <name>', 'AES, DES3, HMAC_SHA256 …', 'AES')
    .option('--length <bits>', 'length of the key', '256')
    .option('--name <name>', 'its name')
    .option('--activate', 'and activate it')
    .action(create);
  add('activate <id>', 'make an object active', 'activate 1742 --okv ./okv').action(activate);
  add('revoke <id>', 'deactivate an object', 'revoke 1742 --okv ./okv --message "no longer used"')
    .option('--compromised', 'the key is compromised, in place of no longer used')
    .option('--message <text>', 'the reason in words')
    .action(revoke);
  add('destroy <id>', 'destroy an object; an active one must be revoked first', 'destroy 1742 --okv ./okv').action(
    destroy,
  );
}

async function ping(options: Common): Promise<void> {
  const start = performance.now();
  await withClient(options, async (client) => {
    const connectedMs = performance.now() - start;
    const asked = performance.now();
    await client.capabilities();
    const report = {
      server: client.server,
      version: client.version,
      connectMs: round(connectedMs),
      answerMs: round(performance.now() - asked),
    };
    if (options.json === true) return print(JSON.stringify(report));
    print(
      `${report.server}: KMIP ${report.version}, connected in ${report.connectMs} ms, answers in ${report.answerMs} ms`,
    );
  });
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

async function query(options: Common): Promise<void> {
  await withClient(options, async (client) => {
    const capabilities = await client.capabilities();
    if (capabilities === null) throw new UsageError('ERR_KMIP_QUERY', 'the server does not answer Query');
    const report = {
      server: client.server,
      version: client.version,
      vendor: capabilities.vendorIdentification,
      operations: [...capabilities.operations],
      objectTypes: [...capabilities.objectTypes],
    };
    if (options.json === true) return print(JSON.stringify(report));
    print(`${report.server}: KMIP ${report.version}, ${printable(report.vendor ?? 'vendor unknown')}`);
    print(`operations: ${report.operations.join(', ')}`);
    print(`object types: ${report.objectTypes.length === 0 ? 'not told' : report.objectTypes.join(', ')}`);
  });
}

async function locate(options: LocateOptions): Promise<void> {
  const filter = filterOf(options);
  await withClient(options, async (client) => {
    const ids = await client.locateAll(filter);
    if (options.long !== true)
      return print(options.json === true ? JSON.stringify(ids) : ids.map(printable).join('\n') || 'no objects found');
    const rows: { id: string; type: string | null; name: string | null }[] = [];
    for (const id of ids) rows.push(await describe(client, id));
    if (options.json === true) return print(JSON.stringify(rows));
    if (rows.length === 0) return print('no objects found');
    print(
      formatColumns(
        OKVUTIL_COLUMNS,
        rows.map(({ id, type, name }) => [id, type, name]),
      ),
    );
  });
}

/** The columns of Oracle's `okvutil list`. */
export const OKVUTIL_COLUMNS = ['Unique ID', 'Type', 'Identifier'] as const;

function filterOf({ name, type, group, attribute: custom = [] }: LocateOptions): Attribute[] {
  const filter: Attribute[] = [];
  if (name !== undefined) filter.push(attribute('Name', { nameValue: name, nameType: 'UninterpretedTextString' }));
  if (type !== undefined) {
    assertToken(Tag.ObjectType, '--type', type);
    filter.push(attribute('Object Type', type as never));
  }
  if (group !== undefined) filter.push(attribute('Object Group', group));
  for (const pair of custom) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new UsageError('ERR_OPTION', '--attribute is name=text');
    filter.push(textAttribute(pair.slice(0, equals), pair.slice(equals + 1)));
  }
  return filter;
}

/** Refuses a word that the registry does not have under a tag. */
function assertToken(tag: number, option: string, word: string): void {
  if (enumerationValue(tag, word) !== undefined) return;
  throw new UsageError('ERR_OPTION', `${option}: KMIP knows no ${labelOf(tag)} ${JSON.stringify(word)}`);
}

/** What an object is and what it is called. */
async function describe(
  client: KmipClient,
  id: string,
): Promise<{ id: string; type: string | null; name: string | null }> {
  const answer = await client.request('GetAttributes', {
    uniqueIdentifier: id,
    attributeName: ['Object Type', 'Name'],
  });
  const type = findAttribute(answer.attribute, 'Object Type');
  const name = findAttribute(answer.attribute, 'Name');
  return { id, type: type === undefined ? null : spaced(String(type)), name: name?.nameValue ?? null };
}

/** `SymmetricKey` as people write it. */
export function spaced(token: string): string {
  return token.replace(/([a-z])(?=[A-Z])/g, '$1 ');
}

async function get(id: string, options: Common & KeyOutput): Promise<void> {
  assertMayShow(options);
  await withClient(options, async (client) => {
    const answer = await client.request('Get', { uniqueIdentifier: id });
    try {
      const block = keyBlockOf(answer);
      const facts = [answer.objectType, block?.cryptographicAlgorithm, block?.keyFormatType].filter(
        (f) => f !== undefined,
      );
      process.stderr.write(`${id}: ${facts.join(', ')}\n`);
      writeKey(keyMaterialOf(answer), options);
    } finally {
      wipeMessage(answer);
    }
  });
}

async function attributes(id: string, options: Common): Promise<void> {
  await withClient(options, async (client) => {
    const { attribute: found = [] } = await client.request('GetAttributes', { uniqueIdentifier: id });
    const rows = found.map((one) => ({
      name: one.attributeName,
      index: one.attributeIndex ?? 0,
      value: formatValue(one),
    }));
    if (options.json === true) return print(JSON.stringify(rows));
    print(
      formatTable(
        ['ATTRIBUTE', 'INDEX', 'VALUE'],
        rows.map(({ name, index, value }) => [name, index, value]),
      ),
    );
  });
}

/** An attribute's value in one line. */
function formatValue(one: Attribute): string {
  const { attributeName, attributeValue } = one;
  const value: unknown = isStandard(one) ? attributeValue : (attributeValue as { readonly value: unknown }).value;
  const tag = tagOfLabel(attributeName);
  if (tag === Tag.CryptographicUsageMask && typeof value === 'number') return maskNames(tag, value).join(' ') || '0';
  if (typeof value === 'bigint' && /Date$/.test(attributeName)) return new Date(Number(value) * 1000).toISOString();
  if (typeof value === 'string') return value;
  if (attributeName === 'Name' && isStandard(one)) return (value as { readonly nameValue: string }).nameValue;
  return JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? formatHex(part) : typeof part === 'bigint' ? String(part) : part,
  );
}

async function create(options: CreateOptions): Promise<void> {
  assertToken(Tag.CryptographicAlgorithm, '--algorithm', options.algorithm);
  const bits = Number(options.length);
  if (!Number.isInteger(bits) || bits < 1) throw new UsageError('ERR_OPTION', '--length is a number of bits');
  const template: Attribute[] = [
    attribute('Cryptographic Algorithm', options.algorithm as never),
    attribute('Cryptographic Length', bits),
    attribute('Cryptographic Usage Mask', ENCRYPT_DECRYPT),
  ];
  if (options.name !== undefined)
    template.push(attribute('Name', { nameValue: options.name, nameType: 'UninterpretedTextString' }));
  await withClient(options, async (client) => {
    const { uniqueIdentifier } = await client.request('Create', {
      objectType: 'SymmetricKey',
      templateAttribute: { attribute: template },
    });
    if (options.activate === true) await client.request('Activate', { uniqueIdentifier });
    report(options, uniqueIdentifier, options.activate === true ? 'created and activated' : 'created');
  });
}

/** Bits of Cryptographic Usage Mask. */
const ENCRYPT_DECRYPT = 0x04 | 0x08;

function report(options: Common, id: string, done: string): void {
  print(options.json === true ? JSON.stringify({ id, done }) : `${done}: ${printable(id)}`);
}

async function activate(id: string, options: Common): Promise<void> {
  await withClient(options, async (client) => {
    await client.request('Activate', { uniqueIdentifier: id });
    report(options, id, 'activated');
  });
}

async function revoke(id: string, options: Common & { compromised?: boolean; message?: string }): Promise<void> {
  const { compromised = false, message } = options;
  await withClient(options, async (client) => {
    await client.request('Revoke', {
      uniqueIdentifier: id,
      revocationReason: {
        revocationReasonCode: compromised ? 'KeyCompromise' : 'CessationOfOperation',
        ...(message !== undefined && { revocationMessage: message }),
      },
      // KMIP wants to know since when: since now is the least that is certain.
      ...(compromised && { compromiseOccurrenceDate: BigInt(Math.floor(Date.now() / 1000)) }),
    });
    report(options, id, compromised ? 'marked as compromised' : 'deactivated');
  });
}

async function destroy(id: string, options: Common): Promise<void> {
  await withClient(options, async (client) => {
    await client.request('Destroy', { uniqueIdentifier: id });
    report(options, id, 'destroyed');
  });
}
