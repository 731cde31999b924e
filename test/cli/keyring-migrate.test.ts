/** What `keyward keyring migrate --json` says in MySQL's words: every detail of 3201 that applies, and 3203. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeObject, FakeServer } from '../keyring/kmip/fake-server.ts';
import { keyringOver } from '../keyring/kmip/support.ts';
import { makeAuthority } from '../support/certificates.ts';
import { type FakeKmipServer, refuseItem, startFakeKmipServer } from '../support/fake-kmip-server.ts';
import { hasPeer, makeTempFolder } from '../support/peers.ts';
import { commandIn } from './run.ts';

const FROM_FILE = ['--from', 'file:file.json'];
const TO_SERVER = ['--to', 'okv:okv'];
const FROM_SERVER = ['--from', 'okv:okv', '--to', 'okv:okv', '--to-instance', 'other'];

interface Row {
  /** Of 3201; more than one where more than one step failed. */
  readonly details: readonly string[];
  readonly args?: readonly string[];
  /** Operations that the server refuses, from which time of each on. */
  readonly refused?: Readonly<Record<string, number>>;
  /** A key that the server has. */
  readonly there?: string;
  readonly status?: number;
  readonly code?: string;
  /** Why nothing says it. */
  readonly not?: string;
}

const NO_OPTION = 'the parser of the command line asks for --from and --to';
const NO_PLUGIN = 'there are no plugins to load; what cannot be opened could not be initialized';
const NO_ONLINE =
  'nothing is migrated under a server that runs: no connection is made, keyring_operations stays as it is';

const TABLE: readonly Row[] = [
  { details: ['Invalid --keyring-migration-source option.'], not: NO_OPTION },
  { details: ['Invalid --keyring-migration-destination option.'], not: NO_OPTION },
  {
    details: ['Invalid source plugin option value.'],
    args: ['--from', 'vault:x', ...TO_SERVER],
    ...{ status: 2, code: 'ERR_OPTION' },
  },
  {
    details: ['Invalid destination plugin option value.'],
    args: [...FROM_FILE, '--to', 'file:x'],
    ...{ status: 2, code: 'ERR_OPTION' },
  },
  { details: ['Connection to server failed. Please check connection specific option values.'], not: NO_ONLINE },
  { details: ['Failed to load source keyring plugin.'], not: NO_PLUGIN },
  { details: ['Failed to load destination keyring plugin.'], not: NO_PLUGIN },
  {
    details: ['Failed to initialize source keyring'],
    args: ['--from', 'okv:nowhere', ...TO_SERVER],
    ...{ status: 5, code: 'ERR_KEYRING_CONFIGURATION' },
  },
  {
    details: ['Failed to initialize destination keyring'],
    args: [...FROM_FILE, '--to', 'wallet:nowhere', '--to-password-file', 'pw'],
    ...{ status: 4, code: 'ERR_WALLET_MISSING' },
  },
  {
    details: ['Failed to initialize destination keyring'],
    args: [...FROM_FILE, ...TO_SERVER],
    refused: { Locate: 1 },
    ...{ status: 7, code: 'ERR_KMIP_PERMISSION_DENIED' },
  },
  {
    details: ['Initializing source keyring iterator failed.'],
    args: FROM_SERVER,
    refused: { Locate: 1 },
    ...{ status: 7, code: 'ERR_KMIP_PERMISSION_DENIED' },
  },
  {
    details: ['Fetching key (mine) from source plugin failed.'],
    args: FROM_SERVER,
    ...{ there: 'mine', refused: { Get: 1 }, status: 5, code: 'ERR_KEYRING_MIGRATION' },
  },
  {
    details: ['Storing key (a) into destination plugin failed.'],
    args: [...FROM_FILE, ...TO_SERVER],
    ...{ refused: { Register: 1 }, status: 5, code: 'ERR_KEYRING_MIGRATION' },
  },
  {
    details: ['Storing key (b) into destination plugin failed.'],
    args: [...FROM_FILE, ...TO_SERVER],
    ...{ there: 'b', status: 5, code: 'ERR_KEYRING_EXISTS' },
  },
  {
    details: ['Storing key (b) into destination plugin failed.', 'Removing key (a) from destination plugin failed.'],
    args: [...FROM_FILE, ...TO_SERVER],
    ...{ refused: { Register: 2, Destroy: 1 }, status: 5, code: 'ERR_KEYRING_MIGRATION' },
  },
  { details: ['Failed to disable keyring_operations variable.'], not: NO_ONLINE },
  { details: ['Failed to enable keyring_operations variable.'], not: NO_ONLINE },
];

describe.skipIf(!hasPeer('openssl'))("keyward keyring migrate, in MySQL's words", () => {
  const folder = makeTempFolder();
  const keyward = commandIn(folder.path);
  let kept: FakeServer;
  let refused: Readonly<Record<string, number>> = {};
  let asked: Record<string, number> = {};
  let server: FakeKmipServer;
  beforeAll(async () => {
    const authority = makeAuthority(folder.path, 'ecdsa');
    const request = { commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' } as const;
    const own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    server = await startFakeKmipServer({
      ...{ authority, certificate: authority.issue('server', request) },
      script: (exchange) =>
        exchange.answer(
          exchange.request.batchItem.map((item) => {
            const operation = String(item.operation);
            const time = (asked[operation] ?? 0) + 1;
            asked[operation] = time;
            return time >= (refused[operation] ?? Number.POSITIVE_INFINITY)
              ? refuseItem(item, 'PermissionDenied', 'no')
              : kept.answer(item);
          }),
        ),
    });
    mkdirSync(folder.file('okv/ssl'), { recursive: true, mode: 0o750 });
    writeFileSync(folder.file('okv/okvclient.ora'), `SERVER=127.0.0.1:${server.port}\n`);
    for (const [from, to] of [
      [authority.ca, 'CA'],
      [own.cert, 'cert'],
      [own.key, 'key'],
    ] as const)
      cpSync(from, folder.file(`okv/ssl/${to}.pem`));
    writeFileSync(folder.file('pw'), 'a wallet password\n', { mode: 0o600 });
    const element = { user: '', data_type: 'SECRET', data: 'cafe', extension: [] };
    const elements = ['a', 'b'].map((data_id) => ({ ...element, data_id }));
    writeFileSync(folder.file('file.json'), JSON.stringify({ version: '1.0', elements }));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const start = async (there?: string): Promise<void> => {
    kept = new FakeServer();
    await using keyring = await keyringOver(kept.port(), { instance: '' });
    if (there !== undefined) await keyring.generate(there, 'AES', 16);
  };
  const refuse = (operations: Readonly<Record<string, number>> = {}): void => {
    refused = operations;
    asked = {};
  };
  const status3203 = (how: string) => ({
    code: 'ERR_KEYRING_MIGRATION_STATUS',
    errno: 3203,
    sqlState: 'HY000',
    message: `Keyring migration ${how}.`,
  });

  it.each(TABLE.filter(({ not }) => not === undefined))('3201: $details.0', async (row) => {
    await start(row.there);
    refuse(row.refused);
    const before: readonly FakeObject[] = kept.living;
    const { status, out, err } = await keyward(['keyring', 'migrate', ...(row.args ?? []), '--json']);
    const { error, database } = JSON.parse(out);
    expect({ status, error }).toEqual({ status: row.status, error: expect.stringMatching(`^${row.code}: `) });
    expect(err).toContain(error);
    expect(database).toEqual([
      ...row.details.map((detail) => ({
        code: 'ERR_KEYRING_MIGRATION_FAILURE',
        errno: 3201,
        sqlState: 'HY000',
        message: `Can not perform keyring migration : ${detail}`,
      })),
      status3203('failed'),
    ]);
    if (row.details.length === 1) expect(kept.living).toEqual(before);
  });

  it('3203, and the warning of a source without keys', async () => {
    await start();
    refuse();
    const copied = await keyward(['keyring', 'migrate', ...FROM_FILE, ...TO_SERVER, '--json']);
    expect(JSON.parse(copied.out)).toMatchObject({
      copied: [{ id: 'a' }, { id: 'b' }],
      database: [status3203('successful')],
    });
    await start();
    const same = await keyward(['keyring', 'migrate', ...FROM_SERVER.slice(0, 4), '--json']);
    expect(same).toMatchObject({ status: 2, err: expect.stringContaining('source and target are the same') });
    expect(JSON.parse(same.out).database).toEqual([status3203('failed')]);
    const empty = await keyward(['keyring', 'migrate', ...FROM_SERVER]);
    expect(empty).toMatchObject({ status: 0, out: 'Source keyring does not have any keys to migrate.\n' });
  });

  it.each(TABLE.filter(({ not }) => not !== undefined))('not here: $details.0: $not', ({ details }) => {
    expect(readFileSync('src/statement/keyring-migration.ts', 'utf8')).not.toContain(details[0]);
  });
});
