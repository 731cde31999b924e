/**
 * MySQL's numbers and texts, row by row: the errors that clients see (messages_to_clients) and those of keyring_okv and of keyring
 * plugins in the error log (messages_to_error_log). Each row is raised as a person would raise it, or says why nothing raises it;
 * the details of 1123 and the order of its checks are in test/statement/keyring-functions.test.ts, those of 3201 in
 * test/cli/keyring-migrate.test.ts.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseError, StateError } from '../../src/errors.ts';
import { openInstance } from '../../src/instance/index.ts';
import { OKV_MESSAGES } from '../../src/okv/index.ts';
import { DATABASE_ERRORS } from '../../src/statement/database-errors.ts';
import { migrationFailure, migrationStatus, parseStatement, runStatement } from '../../src/statement/index.ts';
import { FakeServer } from '../keyring/kmip/fake-server.ts';
import { FakeKeyring, type FakeOptions, FakeService } from '../statement/fake-keyring.ts';
import { type CertificateFiles, makeAuthority, type TestAuthority } from '../support/certificates.ts';
import { type FakeKmipServer, refuseItem, startFakeKmipServer } from '../support/fake-kmip-server.ts';
import { hasPeer, makeTempFolder } from '../support/peers.ts';

/** What a statement is refused with. */
async function refusal(text: string, options: FakeOptions = {}, failure: Error | null = null): Promise<DatabaseError> {
  const keyring = new FakeKeyring(options);
  keyring.failure = failure;
  const run = runStatement(parseStatement(text), { keyring } as never);
  const thrown = await run.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(DatabaseError);
  return thrown as DatabaseError;
}

/** A service that gives back something odd. */
function giving(found: { readonly type: string; readonly lengthBytes: number; readonly bytes: number }): FakeOptions {
  const service = new FakeService();
  service.found = { ...found, key: new Uint8Array(found.bytes) };
  return { service };
}

const FETCH = "SELECT keyring_key_fetch('k')";
const GENERATE = "SELECT keyring_key_generate('k', 'AES', 16)";
const REMOVE = "SELECT keyring_key_remove('k')";
const DOWN = new StateError('ERR_X', 'x');
const SERVICE =
  "Function 'keyring_key_remove' failed because underlying keyring service returned an error. Please check if a";
const VALID = 'and that provided arguments are valid for the keyring you are using.';

interface ClientRow {
  readonly errno: number;
  readonly symbol: string;
  readonly text: string;
  /** Default HY000. */
  readonly sqlState?: string;
  readonly raise?: () => DatabaseError | Promise<DatabaseError>;
  /** Why nothing raises it. */
  readonly not?: string;
}

/** The table of the client's errors. */
const CLIENT: readonly ClientRow[] = [
  {
    errno: 1123,
    symbol: 'ER_CANT_INITIALIZE_UDF',
    text: "Can't initialize function 'keyring_key_fetch'; The user is not privileged to execute this function. User needs to have EXECUTE ",
    raise: () => refusal(FETCH, { privileges: [] }),
  },
  {
    errno: 3185,
    symbol: 'ER_CANNOT_FIND_KEY_IN_KEYRING',
    text: "Can't find master key from keyring, please check in the server log if a keyring is loaded and initialized successfully.",
    raise: () => {
      const service = new FakeService();
      service.failure = DOWN;
      return refusal('ALTER INSTANCE ROTATE INNODB MASTER KEY', { service });
    },
  },
  {
    errno: 3188,
    symbol: 'ER_KEYRING_UDF_KEYRING_SERVICE_ERROR',
    text: `${SERVICE} keyring is installed ${VALID}`,
    raise: () => refusal(REMOVE),
  },
  {
    errno: 3188,
    symbol: 'ER_KEYRING_UDF_KEYRING_SERVICE_ERROR',
    text: `${SERVICE} keyring plugin is installed ${VALID}`,
    raise: () => refusal(REMOVE, { checks: 'old' }),
  },
  {
    errno: 3198,
    symbol: 'ER_KEYRING_AWS_UDF_AWS_KMS_ERROR',
    text: 'Function %s failed due to: %s.',
    not: 'of keyring_aws_rotate_cmk and keyring_aws_rotate_keys, functions of the plugin keyring_aws alone',
  },
  {
    errno: 3200,
    symbol: 'ER_UDF_ERROR',
    text: '%s UDF failed; %s',
    not: 'of other loadable functions, such as those of group replication: the six end with 1123, 3188 or 3930 to 3933',
  },
  {
    errno: 3201,
    symbol: 'ER_KEYRING_MIGRATION_FAILURE',
    text: 'Can not perform keyring migration : Storing key (50%s) into destination plugin failed.',
    raise: () => migrationFailure('store a key', '50%s'),
  },
  {
    errno: 3202,
    symbol: 'ER_KEYRING_ACCESS_DENIED_ERROR',
    sqlState: '42000',
    text: 'Access denied; you need ENCRYPTION_KEY_ADMIN privileges for this operation',
    raise: () => refusal('SET GLOBAL keyring_operations = OFF', { privileges: ['SUPER'] }),
  },
  {
    errno: 3203,
    symbol: 'ER_KEYRING_MIGRATION_STATUS',
    text: 'Keyring migration successful.',
    raise: () => migrationStatus('successful'),
  },
  {
    errno: 3930,
    symbol: 'ER_CLIENT_KEYRING_UDF_KEY_INVALID',
    text: "Function 'keyring_key_fetch' failed because key is invalid.",
    raise: () => refusal(FETCH, giving({ type: 'AES', lengthBytes: 16, bytes: 0 })),
  },
  {
    errno: 3931,
    symbol: 'ER_CLIENT_KEYRING_UDF_KEY_TYPE_INVALID',
    text: "Function 'keyring_key_fetch' failed because key type is invalid.",
    raise: () => refusal(FETCH, giving({ type: '', lengthBytes: 16, bytes: 16 })),
  },
  {
    errno: 3932,
    symbol: 'ER_CLIENT_KEYRING_UDF_KEY_TOO_LONG',
    text: "Function 'keyring_key_fetch' failed because key length is too long.",
    raise: () => refusal(FETCH, giving({ type: 'AES', lengthBytes: 16_385, bytes: 16 })),
  },
  {
    errno: 3933,
    symbol: 'ER_CLIENT_KEYRING_UDF_KEY_TYPE_TOO_LONG',
    text: "Function 'keyring_key_fetch' failed because key type is too long.",
    raise: () => refusal(FETCH, giving({ type: 'T'.repeat(128), lengthBytes: 16, bytes: 16 })),
  },
  {
    errno: 4035,
    symbol: 'ER_RELOAD_KEYRING_FAILURE',
    text: 'Keyring reload failed. Please check error log for more details.',
    raise: () => refusal('ALTER INSTANCE RELOAD KEYRING', {}, DOWN),
  },
];

describe('what clients are told', () => {
  it.each(CLIENT.filter(({ raise }) => raise !== undefined))('$errno $symbol: $text', async (row) => {
    const { sqlState = 'HY000', errno, text } = row;
    const error = await (row.raise as NonNullable<ClientRow['raise']>)();
    expect(error).toMatchObject({ code: row.symbol.replace('ER_', 'ERR_'), errno, sqlState, sqlMessage: text });
    expect(error.message).toBe(`ERROR ${errno} (${sqlState}): ${text}`);
  });

  it.each(CLIENT.filter(({ not }) => not !== undefined))('not here: $errno $symbol, $not', ({ errno }) => {
    expect(Object.keys(DATABASE_ERRORS)).not.toContain(String(errno));
  });
});

interface LogRow {
  /** The digits of `MY-`. */
  readonly number: number;
  /** Without `ER_KEYRING_OKV_`; null of messages that all keyring plugins share. */
  readonly symbol: keyof typeof OKV_MESSAGES | null;
  readonly text: string;
  /** A directory to point keyring_okv_conf_dir at, from one that is well. */
  readonly directory?: (path: string) => void;
  /** A call on a server that is well, except for an operation that it refuses. */
  readonly call?: string;
  readonly refused?: string;
  /** Why nothing writes it. */
  readonly not?: string;
}

const INTERNAL = 'a fault of this program is thrown as it is, never dressed as the keyring’s';
const ora = (text: string) => (path: string) => writeFileSync(`${path}/okvclient.ora`, text);
const ssl = (file: string) => (path: string) => writeFileSync(`${path}/ssl/${file}`, 'nothing\n');
const TOO_MANY = `SERVER=h\nSTANDBY_SERVER=${Array.from({ length: 65 }, (_, i) => `h${i}`).join(',')}`;

/** The tables of the error log. `DIR` stands for the directory. */
const LOG: readonly LogRow[] = [
  {
    number: 11376,
    symbol: 'INCORRECT_KEY_VAULT_CONFIGURED',
    // The manual's words; OKV_MESSAGES has the newer ones, which are the hint of ERR_KEYRING_CONFIGURATION.
    text: 'For keyring_okv to be initialized, please point the keyring_okv_conf_dir variable to a directory containing Oracle Key Vault configuration file and ssl materials',
    call: "SET GLOBAL keyring_okv_conf_dir = ''",
  },
  {
    number: 11377,
    symbol: 'INIT_FAILED_DUE_TO_INCORRECT_CONF',
    text: 'keyring_okv initialization failure. Please check that the keyring_okv_conf_dir points to a readable directory and that the directory contains Oracle Key Vault configuration file and ssl materials. Please also check that Oracle Key Vault is up and running.',
    directory: ora(''),
  },
  {
    number: 11378,
    symbol: 'INIT_FAILED_DUE_TO_INTERNAL_ERROR',
    text: 'keyring_okv initialization failure due to internal exception inside the plugin',
    not: INTERNAL,
  },
  {
    number: 11379,
    symbol: 'INVALID_KEY_TYPE',
    text: 'Invalid key type',
    call: "SELECT keyring_key_generate('k', 'DSA', 256)",
  },
  {
    number: 11380,
    symbol: 'INVALID_KEY_LENGTH_FOR_CIPHER',
    text: 'Invalid key length for given block cipher',
    call: "SELECT keyring_key_generate('k', 'AES', 15)",
  },
  {
    number: 11381,
    symbol: 'FAILED_TO_GENERATE_KEY_DUE_TO_INTERNAL_ERROR',
    text: 'Failed to generate a key due to internal exception inside keyring_okv plugin',
    not: INTERNAL,
  },
  {
    number: 11382,
    symbol: 'FAILED_TO_FIND_SERVER_ENTRY',
    text: 'Could not find entry for server in configuration file DIR/okvclient.ora',
    directory: ora('STANDBY_SERVER=127.0.0.1:1\n'),
  },
  {
    number: 11383,
    symbol: 'FAILED_TO_FIND_STANDBY_SERVER_ENTRY',
    text: 'Could not find entry for standby server in configuration file %s',
    not: 'the manual has STANDBY_SERVER optional, and so it is here: there is nothing to complain of',
  },
  {
    number: 11384,
    symbol: 'FAILED_TO_PARSE_CONF_FILE',
    text: 'Could not parse the DIR/okvclient.ora file provided',
    directory: ora('SERVER=host:port\n'),
  },
  {
    number: 11385,
    symbol: 'FAILED_TO_LOAD_KEY_UID',
    text: "Could not load keys' uids from the OKV server",
    directory: () => undefined,
    refused: 'Locate',
  },
  {
    number: 11386,
    symbol: 'FAILED_TO_INIT_SSL_LAYER',
    text: 'Could not initialize ssl layer',
    directory: ssl('CA.pem'),
  },
  {
    number: 11387,
    symbol: 'FAILED_TO_INIT_CLIENT',
    text: 'Could not initialize OKV client',
    directory: ora('SERVER=127.0.0.1:1\n'),
  },
  {
    number: 11388,
    symbol: 'CONNECTION_TO_SERVER_FAILED',
    text: 'Could not connect to the OKV server',
    directory: ora('SERVER=127.0.0.1:1\n'),
  },
  { number: 11389, symbol: 'FAILED_TO_REMOVE_KEY', text: 'Could not remove the key', call: REMOVE },
  {
    number: 11390,
    symbol: 'FAILED_TO_ADD_ATTRIBUTE',
    text: 'Could not add attribute, attribute_name=x-key-ready attribute value=true',
    call: GENERATE,
    refused: 'AddAttribute',
  },
  {
    number: 11391,
    symbol: 'FAILED_TO_GENERATE_KEY',
    text: 'Could not generate the key.',
    call: GENERATE,
    refused: 'Create',
  },
  {
    number: 11392,
    symbol: 'FAILED_TO_STORE_KEY',
    text: 'Could not store the key.',
    call: "SELECT keyring_key_store('k', 'SECRET', 's')",
    refused: 'Register',
  },
  {
    number: 11393,
    symbol: 'FAILED_TO_ACTIVATE_KEYS',
    text: 'Could not activate the key.',
    call: GENERATE,
    refused: 'Activate',
  },
  {
    number: 11394,
    symbol: 'FAILED_TO_FETCH_KEY',
    text: 'Could not fetch generated key',
    not: 'a key that was generated is not fetched until somebody asks for it',
  },
  {
    number: 11395,
    symbol: 'FAILED_TO_STORE_OR_GENERATE_KEY',
    text: 'Could not store/generate the key - failed to set key attribute x-key-ready',
    call: GENERATE,
    refused: 'AddAttribute',
  },
  {
    number: 11396,
    symbol: 'FAILED_TO_RETRIEVE_KEY_SIGNATURE',
    text: 'Could not retrieve key signature from custom attributes',
    not: 'an object whose attributes make no name of a key is not ours, and passed over',
  },
  {
    number: 11397,
    symbol: 'FAILED_TO_RETRIEVE_KEY',
    text: 'Could not retrieve key from OKV',
    call: "SELECT keyring_key_fetch('there')",
    refused: 'Get',
  },
  {
    number: 11398,
    symbol: 'FAILED_TO_LOAD_SSL_TRUST_STORE',
    text: 'Error loading trust store',
    directory: ssl('CA.pem'),
  },
  {
    number: 11399,
    symbol: 'FAILED_TO_SET_CERTIFICATE_FILE',
    text: 'Error setting the certificate file.',
    directory: ssl('cert.pem'),
  },
  { number: 11400, symbol: 'FAILED_TO_SET_KEY_FILE', text: 'Error setting the key file.', directory: ssl('key.pem') },
  {
    number: 11401,
    symbol: 'KEY_MISMATCH',
    text: 'Private key does not match the certificate public key',
    directory: (path) => cpSync(`${path}/../server.key`, `${path}/ssl/key.pem`),
  },
  {
    number: 13837,
    symbol: 'STANDBY_SERVER_COUNT_EXCEEDED',
    text: 'Number of STANDBY_SERVER values exceeded maximum limit of 64.',
    directory: ora(TOO_MANY),
  },
  {
    number: 11358,
    symbol: null,
    text: 'Error while storing key: invalid key_type',
    call: "SELECT keyring_key_store('k', 'DSA', 's')",
  },
  {
    number: 11359,
    symbol: null,
    text: 'Error while storing key: key_id cannot be empty',
    call: "SELECT keyring_key_store('', 'AES', 's')",
  },
  { number: 11360, symbol: null, text: 'Failed to %s due to internal exception inside %s plugin', not: INTERNAL },
  { number: 11372, symbol: null, text: 'Could not flush keys to keyring', not: 'of keyring_file, which keeps a file' },
  {
    number: 11374,
    symbol: null,
    text: 'Error while fetching key: key_id cannot be empty',
    call: "SELECT keyring_key_fetch('')",
  },
  {
    number: 11375,
    symbol: null,
    text: 'Error while removing key: key_id cannot be empty',
    call: "SELECT keyring_key_remove('')",
  },
];

describe.skipIf(!hasPeer('openssl'))('what the error log is told', () => {
  const folder = makeTempFolder();
  const kept = new FakeServer();
  let authority: TestAuthority;
  let own: CertificateFiles;
  let server: FakeKmipServer;
  let refused: string | undefined;
  beforeAll(async () => {
    authority = makeAuthority(folder.path, 'ecdsa');
    const certificate = authority.issue('server', {
      ...{ commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' },
    });
    own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    server = await startFakeKmipServer({
      ...{ authority, certificate },
      script: (exchange) =>
        exchange.answer(
          exchange.request.batchItem.map((item) =>
            item.operation === refused ? refuseItem(item, 'PermissionDenied', 'no') : kept.answer(item),
          ),
        ),
    });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  /** A directory with all that is needed. */
  function directory(name: string): string {
    const path = folder.file(name);
    mkdirSync(`${path}/ssl`, { recursive: true, mode: 0o750 });
    writeFileSync(`${path}/okvclient.ora`, `SERVER=127.0.0.1:${server.port}\n`);
    cpSync(authority.ca, `${path}/ssl/CA.pem`);
    cpSync(own.cert, `${path}/ssl/cert.pem`);
    cpSync(own.key, `${path}/ssl/key.pem`);
    return path;
  }

  it.each(LOG.filter(({ not }) => not === undefined))('MY-0$number $symbol: $text', async (row) => {
    refused = undefined;
    await using instance = await openInstance(folder.file(`home-${row.number}`));
    const path = directory(`okv-${row.number}`);
    const point = `SET GLOBAL keyring_okv_conf_dir = '${path}'`;
    if (row.call !== undefined) await instance.execute(point);
    if (row.refused === 'Get') await instance.execute("SELECT keyring_key_generate('there', 'AES', 16)");
    row.directory?.(path);
    const before = instance.errorLog.written;
    refused = row.refused;
    const run = instance.execute(row.call ?? point);
    if (row.number === 11376) await run;
    else await expect(run).rejects.toMatchObject({ errno: row.call === undefined ? 1231 : 3188 });
    const text = `Plugin keyring_okv reported: '${row.text.replace('DIR', path)}'`;
    const priority = row.number === 11376 ? 'Warning' : 'Error';
    expect(instance.errorLog.since(before)).toContainEqual(
      expect.objectContaining({ number: row.number, text, priority }),
    );
  });

  it('the table has all messages of keyring_okv', () => {
    const rows = LOG.flatMap(({ symbol, number }) => (symbol === null ? [] : [[symbol, number]]));
    expect(rows).toEqual(Object.entries(OKV_MESSAGES).map(([symbol, [number]]) => [symbol, number]));
  });

  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'okv/messages.ts')
    .map((name) => readFileSync(`src/${name}`, 'utf8'))
    .join('\n');

  it.each(LOG.filter(({ not }) => not !== undefined))('not here: $number $text: $not', ({ symbol, number, text }) => {
    if (symbol !== null) expect(OKV_MESSAGES[symbol]).toEqual([number, text]);
    expect(sources).not.toContain(symbol ?? `${number}:`);
  });
});
