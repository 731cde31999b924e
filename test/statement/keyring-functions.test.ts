/** The six functions against MySQL's rules: what they return, what they refuse, in which order and in which words. */
import { describe, expect, it } from 'vitest';
import {
  DatabaseError,
  KeywardError,
  ProtocolError,
  StateError,
  TransportError,
  UsageError,
} from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { type Binds, parseStatement, runStatement, type StatementHost } from '../../src/statement/index.ts';
import { FakeKeyring, type FakeOptions, FakeService } from './fake-keyring.ts';

const SERVICE_NEW =
  "Function 'F' failed because underlying keyring service returned an error. Please check if a keyring is installed and that provided arguments are valid for the keyring you are using.";
const SERVICE_OLD = SERVICE_NEW.replace('a keyring is installed', 'a keyring plugin is installed');
const GENERATE = "keyring_key_generate('MyKey', 'AES', 32)";

/** Runs a SELECT's functions; the values of its row, key bytes as text. */
async function row(calls: string, keyring: FakeKeyring = new FakeKeyring(), binds?: Binds): Promise<unknown[]> {
  const { rows } = await run(calls, keyring, binds);
  expect(rows).toHaveLength(1);
  return (rows[0] ?? []).map((value) => {
    if (!(value instanceof Secret)) return value;
    using secret = value;
    return String.fromCharCode(...secret.expose());
  });
}

async function run(calls: string, keyring: FakeKeyring, binds?: Binds) {
  return await runStatement(parseStatement(`SELECT ${calls}`), { keyring } as unknown as StatementHost, binds);
}

async function refusal(calls: string, options: FakeKeyring | FakeOptions = {}): Promise<DatabaseError> {
  const keyring = options instanceof FakeKeyring ? options : new FakeKeyring(options);
  const error = await run(calls, keyring).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DatabaseError);
  return error as DatabaseError;
}

const functionOf = (call: string): string => call.slice(0, call.indexOf('('));

describe('results', () => {
  it('are those of the table: 1, the key, its type, its length; NULL without an error for a key that is absent', async () => {
    const keyring = new FakeKeyring();
    expect(await row(GENERATE, keyring)).toEqual([1]);
    expect(await row("keyring_key_store('S', 'AES', 'Secret string')", keyring)).toEqual([1]);
    expect(
      await row("keyring_key_fetch('S'), keyring_key_type_fetch('S'), keyring_key_length_fetch('S')", keyring),
    ).toEqual(['Secret string', 'AES', 13]);
    expect(
      await row("keyring_key_fetch('-'), keyring_key_type_fetch('-'), keyring_key_length_fetch('-')", keyring),
    ).toEqual([null, null, null]);
    expect(await row("keyring_key_remove('S')", keyring)).toEqual([1]);
    expect(await row("keyring_key_fetch('S')", keyring)).toEqual([null]);
  });

  it('a key of another account is absent: nothing to fetch, an error to remove, a name of its own to store', async () => {
    const root = new FakeKeyring();
    const app = new FakeKeyring({ user: 'app', service: root.fake });
    await row("keyring_key_store('K', 'SECRET', 'of root')", root);
    expect(await row("keyring_key_fetch('K')", app)).toEqual([null]);
    expect((await refusal("keyring_key_remove('K')", app)).errno).toBe(3188);
    expect(await row("keyring_key_store('K', 'SECRET', 'of app')", app)).toEqual([1]);
    expect(await row("keyring_key_fetch('K')", root)).toEqual(['of root']);
    expect([...root.fake.keys.values()].map((key) => key.owner)).toEqual(['root@localhost', 'app@localhost']);
  });

  it('ids, types and values are binary: case counts, bytes stay as they are', async () => {
    const keyring = new FakeKeyring();
    await row("keyring_key_store('mykey', 'aes', x'ff80fe')", keyring);
    expect(await row("keyring_key_fetch('MyKey'), keyring_key_fetch('mykey')", keyring)).toEqual([null, 'ÿ\u0080þ']);
    expect(await row("keyring_key_type_fetch('mykey')", keyring)).toEqual(['aes']);
  });

  it.each(['id', 'type', 'key'])('the %s ends at its first 0x00 byte, which is said', async (which) => {
    const keyring = new FakeKeyring();
    const cut = { id: 'i', type: 't', key: 'k', [which]: 'a\\0b' };
    const { warnings } = await run(`keyring_key_store('${cut.id}', '${cut.type}', '${cut.key}')`, keyring);
    expect(warnings).toEqual([
      expect.stringMatching(/at its first 0x00 byte, as MySQL does: it took 1 of its 3 bytes/),
    ]);
    const [stored] = keyring.fake.keys.values();
    const { id, type, key } = stored!;
    expect({ id, type, key: String.fromCharCode(...key) }).toEqual({
      id: 'i',
      type: 't',
      key: 'k',
      [which]: 'a',
    });
  });

  it('an empty value goes to the keyring as a key of length 0', async () => {
    const keyring = new FakeKeyring();
    await row("keyring_key_store('empty', 'SECRET', '')", keyring);
    expect(await row("keyring_key_fetch('empty'), keyring_key_length_fetch('empty')", keyring)).toEqual(['', 0]);
  });

  it('bind values are the bytes themselves, and stay the caller’s', async () => {
    using key = Secret.fromText('bound');
    using id = Secret.fromText('an id');
    const keyring = new FakeKeyring();
    await row(
      "keyring_key_store(:id, 'SECRET', :key)",
      keyring,
      new Map([
        ['id', id],
        ['key', key],
      ]),
    );
    expect(await row("keyring_key_fetch('an id')", keyring)).toEqual(['bound']);
    expect(key.disposed).toBe(false);
  });

  it('titles are the aliases, or the calls as written, without the key', async () => {
    const { columns } = await run(
      "keyring_key_store( 'K', 'AES', 's3cret' ), keyring_key_fetch('K'), keyring_key_length_fetch('K') AS n",
      new FakeKeyring(),
    );
    expect(columns).toEqual(["keyring_key_store( 'K', 'AES', '[redacted]')", "keyring_key_fetch('K')", 'n']);
  });

  it('a row that fails gives none of the keys that were fetched for it', async () => {
    const keyring = new FakeKeyring();
    await row("keyring_key_store('K', 'AES', 'key')", keyring);
    const handed: Secret[] = [];
    const fetch = keyring.fake.fetch.bind(keyring.fake);
    keyring.fake.fetch = async (...args) => {
      const found = await fetch(...args);
      if (found !== null) handed.push(found.key);
      return found;
    };
    await refusal("keyring_key_fetch('K'), keyring_key_remove('-')", keyring);
    expect(handed.map((secret) => secret.disposed)).toEqual([true]);
  });
});

/** A call, the detail of its 1123; of both generations. */
const MISMATCHES: readonly (readonly [call: string, detail: string])[] = [
  ['keyring_key_generate()', 'Mismatch in number of arguments to the function.'],
  ["keyring_key_generate('a', 'AES')", 'Mismatch in number of arguments to the function.'],
  ["keyring_key_generate('a', 'AES', 16, 16)", 'Mismatch in number of arguments to the function.'],
  ["keyring_key_store('a', 'AES')", 'Mismatch in number of arguments to the function.'],
  ['keyring_key_fetch()', 'Mismatch in number of arguments to the function.'],
  ["keyring_key_type_fetch('a', 'b')", 'Mismatch in number of arguments to the function.'],
  ['keyring_key_length_fetch()', 'Mismatch in number of arguments to the function.'],
  ["keyring_key_remove('a', 'b')", 'Mismatch in number of arguments to the function.'],
  ["keyring_key_generate(1, 'AES', 16)", 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_store(1.5, 2, 3)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_fetch(1)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_type_fetch(-1)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_length_fetch(1)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_remove(1)', 'Mismatch encountered. A string argument is expected for key id.'],
  ["keyring_key_generate('a', 1, 'b')", 'Mismatch encountered. A string argument is expected for key type.'],
  ["keyring_key_store('a', 1, 'k')", 'Mismatch encountered. A string argument is expected for key type.'],
  ["keyring_key_generate('a', 'AES', '16')", 'Mismatch encountered. An integer argument is expected for key length.'],
  ["keyring_key_generate('a', 'AES', 16.0)", 'Mismatch encountered. An integer argument is expected for key length.'],
  [
    "keyring_key_generate('a', 'AES', 18446744073709551616)",
    'Mismatch encountered. An integer argument is expected for key length.',
  ],
  ["keyring_key_store('a', 'AES', 1)", 'Mismatch encountered. A string argument is expected for key.'],
];

/** What only the old checks refuse while they prepare; the new ones answer NULL without an error. */
const OLD_ONLY: readonly (readonly [call: string, detail: string])[] = [
  ["keyring_key_generate(NULL, 'AES', 16)", 'Mismatch encountered. A string argument is expected for key id.'],
  ["keyring_key_generate('a', NULL, 16)", 'Mismatch encountered. A string argument is expected for key type.'],
  ["keyring_key_generate('a', 'AES', NULL)", 'Mismatch encountered. An integer argument is expected for key length.'],
  ["keyring_key_generate('a', 'AES', 16385)", 'The key is to long. The max length of the key is 16384'],
  ["keyring_key_store(NULL, 'AES', 'k')", 'Mismatch encountered. A string argument is expected for key id.'],
  ["keyring_key_store('a', NULL, 'k')", 'Mismatch encountered. A string argument is expected for key type.'],
  ["keyring_key_store('a', 'AES', NULL)", 'Mismatch encountered. A string argument is expected for key.'],
  ['keyring_key_fetch(NULL)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_type_fetch(NULL)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_length_fetch(NULL)', 'Mismatch encountered. A string argument is expected for key id.'],
  ['keyring_key_remove(NULL)', 'Mismatch encountered. A string argument is expected for key id.'],
];

describe('while a statement is prepared', () => {
  describe.each(['new', 'old'] as const)('in the %s checks', (checks) => {
    it.each(MISMATCHES)('%s', async (call, detail) => {
      const keyring = new FakeKeyring({ checks });
      const error = await refusal(call, keyring);
      expect(error.message).toBe(`ERROR 1123 (HY000): Can't initialize function '${functionOf(call)}'; ${detail}`);
      expect(keyring.fake.asked).toEqual([]);
    });
  });

  it.each(OLD_ONLY)('%s: refused by the old checks, NULL by the new ones', async (call, detail) => {
    const old = new FakeKeyring({ checks: 'old' });
    const { message, errno } = await refusal(call, old);
    expect({ message, errno }).toEqual({
      errno: 1123,
      message: `ERROR 1123 (HY000): Can't initialize function '${functionOf(call)}'; ${detail}`,
    });
    const recent = new FakeKeyring({ checks: 'new' });
    expect(await row(call, recent)).toEqual([null]);
    expect([...old.fake.asked, ...recent.fake.asked]).toEqual([]);
  });

  it('the plugin is asked for first, then EXECUTE, then the rest; what MySQL says is cut after 80 characters', async () => {
    const none = await refusal('keyring_key_fetch()', { plugins: ['keyring_okv'], privileges: [] });
    expect(none.message).toBe(
      "ERROR 1123 (HY000): Can't initialize function 'keyring_key_fetch'; This function requires keyring_udf plugin which is not installed. Please install",
    );
    const denied = await refusal('keyring_key_fetch()', { privileges: ['SELECT', 'SUPER'] });
    expect(denied.message).toBe(
      "ERROR 1123 (HY000): Can't initialize function 'keyring_key_fetch'; The user is not privileged to execute this function. User needs to have EXECUTE ",
    );
    expect((await refusal('keyring_key_fetch()')).sqlMessage).toContain('Mismatch in number');
  });

  it('a function that does not exist is 1305, created or not known at all', async () => {
    const dropped = await refusal("keyring_key_fetch('a')", { functions: ['keyring_key_store'] });
    expect(dropped.message).toBe('ERROR 1305 (42000): FUNCTION keyring_key_fetch does not exist');
    expect((await refusal("keyring_key_nothing('a')")).message).toBe(
      'ERROR 1305 (42000): FUNCTION keyring_key_nothing does not exist',
    );
  });

  it('all functions are prepared before one runs', async () => {
    const keyring = new FakeKeyring();
    expect((await refusal(`${GENERATE}, keyring_key_fetch(1)`, keyring)).errno).toBe(1123);
    expect(keyring.fake.asked).toEqual([]);
  });
});

describe('while it runs', () => {
  const CALLS = [
    GENERATE,
    "keyring_key_store('MyKey', 'AES', 'k')",
    "keyring_key_fetch('MyKey')",
    "keyring_key_type_fetch('MyKey')",
    "keyring_key_length_fetch('MyKey')",
    "keyring_key_remove('MyKey')",
  ];

  it.each(CALLS)('3188 in the words of each generation when the service fails: %s', async (call) => {
    const cause = new TransportError('ERR_KMIP_UNREACHABLE', 'no server answered');
    const service = new FakeService();
    service.failure = cause;
    const error = await refusal(call, { service });
    expect(error.message).toBe(`ERROR 3188 (HY000): ${SERVICE_NEW.replace("'F'", `'${functionOf(call)}'`)}`);
    expect(error).toMatchObject({
      code: 'ERR_KEYRING_UDF_KEYRING_SERVICE_ERROR',
      sqlState: 'HY000',
      cause,
      hint: 'no server answered (ERR_KMIP_UNREACHABLE)',
    });
    const old = await refusal(call, { service, checks: 'old' });
    expect(old.sqlMessage).toBe(SERVICE_OLD.replace("'F'", `'${functionOf(call)}'`));
  });

  it('a fault of this program is not dressed as the keyring’s', async () => {
    const service = new FakeService();
    service.failure = new TypeError('a mistake');
    await expect(run(GENERATE, new FakeKeyring({ service }))).rejects.toBe(service.failure);
  });

  it('generating or storing what exists, removing what does not: 3188, and nothing is overwritten', async () => {
    const keyring = new FakeKeyring();
    await row(GENERATE, keyring);
    for (const call of [GENERATE, "keyring_key_store('MyKey', 'SECRET', 'other')", "keyring_key_remove('other')"])
      expect((await refusal(call, keyring)).errno).toBe(3188);
    expect(await row("keyring_key_type_fetch('MyKey')", keyring)).toEqual(['AES']);
  });

  it('an empty id: 3188 to write and remove; to read, 3188 of a plugin and nothing of a component', async () => {
    for (const call of [
      "keyring_key_generate('', '', -1)",
      "keyring_key_store('', 'AES', 'k')",
      "keyring_key_remove('')",
    ])
      for (const kind of ['plugin', 'component'] as const) {
        const keyring = new FakeKeyring({ kind });
        expect((await refusal(call, keyring)).errno).toBe(3188);
        expect(keyring.fake.asked).toEqual([]);
      }
    for (const call of ["keyring_key_fetch('')", "keyring_key_type_fetch('')", "keyring_key_length_fetch('')"]) {
      expect((await refusal(call, { kind: 'plugin' })).errno).toBe(3188);
      expect(await row(call, new FakeKeyring({ kind: 'component' }))).toEqual([null]);
    }
  });

  it.each(['-1', '-9223372036854775808', '9223372036854775808', '18446744073709551615'])(
    'a length of %s passes the checks as a huge one and ends as 3188',
    async (length) => {
      for (const checks of ['new', 'old'] as const) {
        const keyring = new FakeKeyring({ checks });
        expect((await refusal(`keyring_key_generate('a', 'AES', ${length})`, keyring)).errno).toBe(3188);
        expect(keyring.fake.asked).toEqual([]);
      }
    },
  );

  it('16,384 bytes are taken, one more is NULL to generate and 3932 to store', async () => {
    const keyring = new FakeKeyring();
    const longest = 'x'.repeat(16_384);
    expect(await row("keyring_key_generate('g', 'SECRET', 16384)", keyring)).toEqual([1]);
    expect(await row(`keyring_key_store('s', 'SECRET', '${longest}')`, keyring)).toEqual([1]);
    expect(await row("keyring_key_generate('h', 'SECRET', 16385)", keyring)).toEqual([null]);
    const error = await refusal(`keyring_key_store('t', 'SECRET', '${longest}x')`, keyring);
    expect(error.message).toBe(
      "ERROR 3932 (HY000): Function 'keyring_key_store' failed because key length is too long.",
    );
    expect(await row(`keyring_key_store('t', 'SECRET', '${longest}\\0x')`, keyring)).toEqual([1]);
  });

  const key = new Uint8Array(16);
  const FETCHED = [
    ['3930', 'new', { type: 'AES', lengthBytes: 16, key: new Uint8Array() }, 'key is invalid'],
    ['3931', 'new', { type: '', lengthBytes: 16, key }, 'key type is invalid'],
    ['3932', 'new', { type: 'AES', lengthBytes: 16_385, key }, 'key length is too long'],
    ['3933', 'new', { type: 'T'.repeat(128), lengthBytes: 16, key }, 'key type is too long'],
    ['3933', 'old', { type: 'T'.repeat(129), lengthBytes: 16, key }, 'key type is too long'],
  ] as const;
  it.each(FETCHED)('%s (%s checks) for what the service gave back', async (errno, checks, found, text) => {
    const service = new FakeService();
    service.found = found;
    const error = await refusal("keyring_key_fetch('a')", { service, checks });
    expect(error.message).toBe(`ERROR ${errno} (HY000): Function 'keyring_key_fetch' failed because ${text}.`);
    if (errno === '3930') return;
    for (const name of ['keyring_key_type_fetch', 'keyring_key_length_fetch'])
      expect((await refusal(`${name}('a')`, { service, checks })).message).toBe(
        `ERROR ${errno} (HY000): Function '${name}' failed because ${text}.`,
      );
  });

  it('a type of 127 bytes is read by both generations, of 128 by the old one', async () => {
    const service = new FakeService();
    const read = (checks: 'new' | 'old') => row("keyring_key_type_fetch('a')", new FakeKeyring({ service, checks }));
    service.found = { type: 'é'.repeat(63), lengthBytes: 16, key };
    expect(await read('new')).toEqual(['é'.repeat(63)]);
    service.found = { type: 'T'.repeat(128), lengthBytes: 16, key };
    expect(await read('old')).toEqual(['T'.repeat(128)]);
  });

  it('keyring_operations OFF blocks all but reading', async () => {
    const keyring = new FakeKeyring();
    await row("keyring_key_store('K', 'AES', 'k')", keyring);
    keyring.operations = false;
    for (const call of [GENERATE, "keyring_key_store('L', 'AES', 'k')", "keyring_key_remove('K')"])
      expect((await refusal(call, keyring)).hint).toContain('keyring_operations is OFF');
    expect(await row("keyring_key_fetch('K'), keyring_key_length_fetch('K')", keyring)).toEqual(['k', 1]);
  });

  it('ids that are not UTF-8 are no ids', async () => {
    for (const call of ["keyring_key_fetch(x'ff')", "keyring_key_store('a', x'c328', 'k')"])
      expect((await refusal(call)).errno).toBe(3188);
  });
});

describe('the error log', () => {
  const PLUGIN = [
    ["keyring_key_store('', 'AES', 'k')", null, 11359, 'Error while storing key: key_id cannot be empty'],
    ["keyring_key_generate('', 'AES', 16)", null, 11359, 'Error while generating key: key_id cannot be empty'],
    ["keyring_key_fetch('')", null, 11374, 'Error while fetching key: key_id cannot be empty'],
    ["keyring_key_remove('')", null, 11375, 'Error while removing key: key_id cannot be empty'],
    [GENERATE, new UsageError('ERR_KEYRING_TYPE', 'x'), 11379, 'Invalid key type'],
    [GENERATE, new UsageError('ERR_KEYRING_LENGTH', 'x'), 11380, 'Invalid key length for given block cipher'],
    [GENERATE, new StateError('ERR_KEYRING_EXISTS', 'x'), 11391, 'Could not generate the key.'],
    ["keyring_key_store('a', 'AES', 'k')", new KeywardError('ERR_X', 'x'), 11392, 'Could not store the key.'],
    ["keyring_key_fetch('a')", new KeywardError('ERR_X', 'x'), 11397, 'Could not retrieve key from OKV'],
    ["keyring_key_remove('a')", null, 11389, 'Could not remove the key'],
  ] as const;
  it.each(PLUGIN)('of a plugin: %s, %s', async (call, failure, number, text) => {
    const keyring = new FakeKeyring({ kind: 'plugin' });
    keyring.fake.failure = failure;
    await refusal(call, keyring);
    expect(keyring.errorLog.entries).toEqual([
      expect.objectContaining({ priority: 'Error', number, text: `Plugin keyring_okv reported: '${text}'` }),
    ]);
  });

  it('of a plugin that reaches no server: both what and why', async () => {
    const keyring = new FakeKeyring({ kind: 'plugin' });
    keyring.fake.failure = new TransportError('ERR_KMIP_UNREACHABLE', 'x');
    await refusal("keyring_key_fetch('a')", keyring);
    expect(keyring.errorLog.entries.map((entry) => entry.number)).toEqual([11388, 11397]);
  });

  it.each([
    [GENERATE, 'Activate', [11393, 11391], ['Could not activate the key.']],
    [
      "keyring_key_store('a', 'AES', 'k')",
      'AddAttribute',
      [11390, 11395, 11392],
      [
        'Could not add attribute, attribute_name=x-key-ready attribute value=true',
        'Could not store/generate the key - failed to set key attribute x-key-ready',
      ],
    ],
    [GENERATE, 'Create', [11391], []],
  ] as const)(
    'regression: of a plugin whose server refuses a step, %s: %s',
    async (call, operation, numbers, texts) => {
      const keyring = new FakeKeyring({ kind: 'plugin' });
      const refused = { operation, resultStatus: 'OperationFailed', resultReason: 'PermissionDenied' };
      keyring.fake.failure = new ProtocolError('ERR_KMIP_PERMISSION_DENIED', 'x', refused);
      await refusal(call, keyring);
      const { entries } = keyring.errorLog;
      expect(entries.map((entry) => entry.number)).toEqual(numbers);
      expect(entries.slice(0, -1).map((entry) => entry.text)).toEqual(
        texts.map((text) => `Plugin keyring_okv reported: '${text}'`),
      );
    },
  );

  const DATA = "data for Data ID: 'a', Auth ID: 'root@localhost'. Either data";
  const END = 'with same identifier or keyring backend encountered an error.';
  const COMPONENT = [
    ["keyring_key_store('a', 'AES', 'k')", 'ERR_X', 13723, `Error writing ${DATA} already exists ${END}`],
    ["keyring_key_remove('a')", 'ERR_X', 13724, `Error removing ${DATA} does not exists ${END}`],
    ["keyring_key_generate('a', 'AES', 16)", 'ERR_X', 13725, `Error generating ${DATA} already exists ${END}`],
    [
      "keyring_key_fetch('a')",
      'ERR_WALLET_NOT_OPEN',
      13714,
      'The component is not initialized properly. Make sure that configuration is proper and use ALTER INSTANCE RELOAD KEYRING to reinitialize the component.',
    ],
  ] as const;
  it.each(COMPONENT)('of a component: %s, %s', async (call, code, number, text) => {
    const keyring = new FakeKeyring();
    keyring.fake.failure = new StateError(code, 'x');
    await refusal(call, keyring);
    expect(keyring.errorLog.entries).toEqual([
      expect.objectContaining({
        priority: 'Note',
        number,
        text: `Component component_keyring_fake reported: '${text}'`,
      }),
    ]);
  });

  it('never holds a key', async () => {
    const keyring = new FakeKeyring();
    keyring.fake.failure = new KeywardError('ERR_X', 'x');
    const error = await refusal("keyring_key_store('a', 'AES', 's3cret_key')", keyring);
    expect(JSON.stringify([keyring.errorLog.entries, error.message, error.hint])).not.toContain('s3cret_key');
  });
});
