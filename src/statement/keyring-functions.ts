/**
 * MySQL's keyring functions: the checks of their arguments, in MySQL's order and words, and their results. Two generations of checks
 * exist (`old` before 8.0.24): what the old one refuses while it prepares the statement, the new one answers with NULL and no error.
 *
 *   prepare   plugin installed · EXECUTE · number of arguments · their types        1123, the detail cut after 80 characters
 *   run       NULL where an argument is NULL · limits                               NULL, 3932
 *             the service                                                           3188
 *             what it gave back                                                     3930 · 3932 · 3931 · 3933
 *
 * Ids and types end at their first 0x00 byte, and so does the key that keyring_key_store is given: MySQL measures them with strlen.
 * Nothing below this level cuts anything. Source: MySQL RefMan 9.1 §8.4.4.13, keyring_udf. Layer: statement, pure.
 */
import { LimitError, StateError, UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { KeyringArgument, KeyringCall } from './ast.ts';
import type { CallSecrets } from './call-secrets.ts';
import { databaseError } from './database-errors.ts';
import type { ResultValue, StatementResult } from './host.ts';
import { askService, type ServiceCall, type ServiceOperation, serviceError } from './keyring-failures.ts';
import type { KeyringHost, KeyringService } from './keyring-host.ts';
import { redactStatement } from './redact.ts';

/** Most bytes of a key. */
const MAX_KEY_BYTES = 16_384;
/** The buffer of a key type: its text must be shorter (in the old checks: not longer). */
const TYPE_BUFFER_BYTES = 128;

/**
 * Runs the functions of one SELECT: all are prepared before the first one runs.
 *
 * @returns one row; titles are the aliases, or the calls as they were written, without the key that is stored
 * @throws {DatabaseError} 1305, 1123, 3188, 3930 to 3933
 */
export async function runKeyringCalls(
  calls: readonly KeyringCall[],
  host: KeyringHost,
  secrets: CallSecrets,
): Promise<StatementResult> {
  const warnings: string[] = [];
  const prepared = calls.map((call) => prepare(call, host, secrets, warnings));
  const row: ResultValue[] = [];
  try {
    for (const run of prepared) row.push(await run());
  } catch (error) {
    for (const value of row) if (value instanceof Secret) value.dispose();
    throw error;
  }
  const columns = calls.map((call) => call.alias ?? redactStatement(call.text));
  return { columns, rows: [row], message: null, warnings };
}

/** An argument as MySQL's functions see it. */
type Value =
  | { readonly type: 'string'; readonly bytes: Uint8Array; readonly givenBytes: number }
  | { readonly type: 'integer'; readonly number: bigint }
  | { readonly type: 'decimal' | 'null' };

/** What to do with the values that passed. */
type Runner = (asked: Asked, values: readonly Value[]) => Promise<ResultValue>;

interface KeyringFunction {
  readonly returns: 'integer' | 'string';
  /** What its arguments mean, in order. */
  readonly parameters: readonly (keyof typeof MISMATCH)[];
  readonly operation: ServiceOperation;
  readonly run: Runner;
}

/** Who asks what of whom. */
interface Asked {
  readonly host: KeyringHost;
  readonly name: string;
  readonly operation: ServiceOperation;
  readonly owner: string;
}

function prepare(
  call: KeyringCall,
  host: KeyringHost,
  secrets: CallSecrets,
  warnings: string[],
): () => Promise<ResultValue> {
  const name = call.function;
  const known = findKeyringFunction(name);
  if (known === null || !host.functions.has(name)) throw databaseError(1305, ['FUNCTION', name]);
  const refuse = (detail: string) => databaseError(1123, [name, detail]);
  if (!host.plugins.has('keyring_udf')) throw refuse(NOT_INSTALLED);
  if (!host.privileges.has('EXECUTE')) throw refuse(NOT_PRIVILEGED);
  if (call.arguments.length !== known.parameters.length) throw refuse(WRONG_COUNT);
  const values = call.arguments.map((argument) => argumentValue(argument, secrets));
  const isOld = host.checks === 'old';
  known.parameters.forEach((parameter, i) => {
    const { type } = values[i] as Value;
    const wanted = parameter === 'key length' ? 'integer' : 'string';
    if (type === 'null' ? isOld : type !== wanted) throw refuse(MISMATCH[parameter]);
  });
  const length = values[2];
  if (isOld && length?.type === 'integer' && length.number > MAX_KEY_BYTES) throw refuse(TOO_LONG);

  warnings.push(...cutsOf(name, known, values));
  const { user, host: from } = host.account;
  const asked: Asked = { host, name, operation: known.operation, owner: `${user}@${from}` };
  // MySQL raises its error flag here and says nothing: the row holds NULL.
  if (values.some((value) => value.type === 'null')) return async () => null;
  return () => known.run(asked, values);
}

const U64 = 1n << 64n;
const I64_MIN = -(1n << 63n);

function argumentValue(argument: KeyringArgument, secrets: CallSecrets): Value {
  switch (argument.type) {
    case 'null':
    case 'decimal':
      return { type: argument.type };
    case 'integer': {
      const number = BigInt(argument.value ?? '0');
      // Beyond 64 bits MySQL reads a decimal; from 2^63 on the function sees the same 64 bits as a negative number.
      return number >= U64 || number < I64_MIN
        ? { type: 'decimal' }
        : { type: 'integer', number: BigInt.asIntN(64, number) };
    }
    default: {
      const bytes = secrets.ofArgument(argument).expose();
      const end = bytes.indexOf(0);
      return { type: 'string', bytes: end < 0 ? bytes : bytes.subarray(0, end), givenBytes: bytes.length };
    }
  }
}

/** MySQL cuts in silence; whoever stores a key of random bytes should know. */
function cutsOf(name: string, { parameters }: KeyringFunction, values: readonly Value[]): readonly string[] {
  return parameters.flatMap((parameter, i) => {
    const value = values[i];
    if (value?.type !== 'string' || value.bytes.length === value.givenBytes) return [];
    const kept = `${value.bytes.length} of its ${value.givenBytes} bytes`;
    return [`${name} cuts the ${parameter} at its first 0x00 byte, as MySQL does: it took ${kept}`];
  });
}

const generate: Runner = async (asked, values) => {
  const length = (values[2] as { readonly number: bigint }).number;
  if (length > MAX_KEY_BYTES) return null;
  const type = textOf(values[1]);
  const call = callOn(asked, values[0]);
  await write(call, async (service, id, owned) => {
    if (length < 0n)
      throw new LimitError('ERR_KEYRING_LENGTH', `a key has at most ${MAX_KEY_BYTES} bytes`, {
        limit: MAX_KEY_BYTES,
        actual: String(BigInt.asUintN(64, length)),
      });
    await service.generate(id, required(type), Number(length), owned);
  });
  return 1;
};

const store: Runner = async (asked, values) => {
  const { bytes } = values[2] as { readonly bytes: Uint8Array };
  if (bytes.length > MAX_KEY_BYTES) throw databaseError(3932, [asked.name]);
  const type = textOf(values[1]);
  using key = Secret.from(bytes);
  const call = callOn(asked, values[0]);
  await write(call, (service, id, owned) => service.store(id, required(type), key, owned));
  return 1;
};

const remove: Runner = async (asked, values) => {
  const call = callOn(asked, values[0]);
  await write(call, async (service, id, owned) => {
    if (!(await service.remove(id, owned)))
      throw new StateError('ERR_KEY_NOT_FOUND', 'this account has no key of that name');
  });
  return 1;
};

const fetch: Runner = async (asked, values) => {
  const call = callOn(asked, values[0]);
  const found = await read(call, (service, id, owned) => service.fetch(id, owned));
  if (found === null) return null;
  try {
    if (found.key.length === 0 && found.lengthBytes > 0) throw databaseError(3930, [asked.name]);
    assertReadable(found, asked);
  } catch (error) {
    found.key.dispose();
    throw error;
  }
  return found.key;
};

const fetchType: Runner = async (asked, values) => (await readInfo(asked, values))?.type ?? null;
const fetchLength: Runner = async (asked, values) => (await readInfo(asked, values))?.lengthBytes ?? null;

async function readInfo(asked: Asked, values: readonly Value[]) {
  const call = callOn(asked, values[0]);
  const found = await read(call, (service, id, owned) => service.info(id, owned));
  if (found !== null) assertReadable(found, asked);
  return found;
}

/** What the service gave back must fit the functions' buffers. */
function assertReadable(found: { readonly type: string; readonly lengthBytes: number }, { name, host }: Asked): void {
  if (found.lengthBytes > MAX_KEY_BYTES) throw databaseError(3932, [name]);
  if (found.lengthBytes === 0) return;
  if (found.type === '') throw databaseError(3931, [name]);
  const typeBytes = new TextEncoder().encode(found.type).length;
  if (typeBytes > TYPE_BUFFER_BYTES - (host.checks === 'old' ? 0 : 1)) throw databaseError(3933, [name]);
}

type ServiceRequest<T> = (service: KeyringService, id: string, owned: { readonly owner: string }) => Promise<T>;

/** What changes the keyring: keyring_operations must be on, and the id not empty. */
async function write(call: ServiceCall, run: ServiceRequest<unknown>): Promise<void> {
  await askService(call, async () => {
    if (!call.host.operations)
      throw new StateError('ERR_KEYRING_OPERATIONS', 'keyring_operations is OFF: keys can only be fetched');
    if (call.id === '') throw emptyId();
    await run(await call.host.service(), call.id, { owner: call.owner });
  });
}

/** What reads it. An empty id is an error of a plugin; a component finds nothing under it. */
async function read<T>(call: ServiceCall, run: ServiceRequest<T>): Promise<T | null> {
  if (call.id === '' && call.host.serviceKind === 'plugin') throw serviceError(call, emptyId());
  return await askService(call, async () => {
    const service = await call.host.service();
    return call.id === '' ? null : await run(service, call.id, { owner: call.owner });
  });
}

const emptyId = (): UsageError => new UsageError('ERR_KEYRING_ID', 'a key id cannot be empty');

function callOn({ host, name, operation, owner }: Asked, id: Value | undefined): ServiceCall {
  const text = textOf(id);
  const call: ServiceCall = { host, functionName: name, operation, id: text ?? '', owner };
  if (text === null) throw serviceError(call, notText());
  return call;
}

/** Text of an argument's bytes; null where they are not UTF-8. */
function textOf(value: Value | undefined): string | null {
  if (value?.type !== 'string') return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.bytes);
  } catch {
    return null;
  }
}

function required(text: string | null): string {
  if (text === null) throw notText();
  return text;
}

const notText = (): UsageError => new UsageError('ERR_KEYRING_ID', 'ids and types of keys are UTF-8 text');

/** The function of a name in lower case; null for one that keyring_udf does not have. */
export function findKeyringFunction(name: string): KeyringFunction | null {
  return Object.hasOwn(FUNCTIONS, name) ? (FUNCTIONS[name as keyof typeof FUNCTIONS] as KeyringFunction) : null;
}

const NOT_INSTALLED =
  'This function requires keyring_udf plugin which is not installed. Please install keyring_udf plugin and try again.';
const NOT_PRIVILEGED = 'The user is not privileged to execute this function. User needs to have EXECUTE permission.';
const WRONG_COUNT = 'Mismatch in number of arguments to the function.';
/** "to long" is MySQL's. */
const TOO_LONG = `The key is to long. The max length of the key is ${MAX_KEY_BYTES}`;
const MISMATCH = {
  'key id': 'Mismatch encountered. A string argument is expected for key id.',
  'key type': 'Mismatch encountered. A string argument is expected for key type.',
  'key length': 'Mismatch encountered. An integer argument is expected for key length.',
  key: 'Mismatch encountered. A string argument is expected for key.',
} as const;

const FUNCTIONS = {
  keyring_key_generate: {
    returns: 'integer',
    parameters: ['key id', 'key type', 'key length'],
    operation: 'generate',
    run: generate,
  },
  keyring_key_store: { returns: 'integer', parameters: ['key id', 'key type', 'key'], operation: 'store', run: store },
  keyring_key_fetch: { returns: 'string', parameters: ['key id'], operation: 'fetch', run: fetch },
  keyring_key_type_fetch: { returns: 'string', parameters: ['key id'], operation: 'fetch', run: fetchType },
  keyring_key_length_fetch: { returns: 'integer', parameters: ['key id'], operation: 'fetch', run: fetchLength },
  keyring_key_remove: { returns: 'integer', parameters: ['key id'], operation: 'remove', run: remove },
} as const satisfies Record<string, KeyringFunction>;

/** The names of the six functions. */
export const KEYRING_FUNCTIONS: readonly string[] = /* @__PURE__ */ Object.keys(FUNCTIONS);
