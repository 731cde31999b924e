/**
 * A keyring service that fails, as a database tells it: 3188 to the client, the reason to the error log, with MySQL's number for it.
 * Layer: statement, pure.
 */
import { type DatabaseError, KeywardError, ProtocolError, TransportError } from '../errors.ts';
import { databaseError, oldServiceError } from './database-errors.ts';
import type { ErrorLog } from './error-log.ts';
import type { KeyringHost } from './keyring-host.ts';

/** What the service was asked to do. */
export type ServiceOperation = 'generate' | 'store' | 'fetch' | 'remove';

/** One request of one function. */
export interface ServiceCall {
  readonly host: KeyringHost;
  /** Name of the SQL function. */
  readonly functionName: string;
  readonly operation: ServiceOperation;
  readonly id: string;
  readonly owner: string;
}

/** Runs a request. @throws {DatabaseError} 3188, with the failure as its cause; what is not a failure of the service goes on as it is */
export async function askService<T>(call: ServiceCall, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isServiceFailure(error)) throw error;
    throw serviceError(call, error);
  }
}

/** 3188, after the log was told why. */
export function serviceError(call: ServiceCall, cause: Error): DatabaseError {
  logFailure(call, cause);
  const details = { cause, hint: hintOf(cause) };
  return call.host.checks === 'old'
    ? oldServiceError(call.functionName, details)
    : databaseError(3188, [call.functionName], details);
}

/** What is a failure of the keyring, and not of this program: a KeywardError, or an error of the system's. */
export function isServiceFailure(error: unknown): error is Error {
  if (error instanceof KeywardError) return true;
  return error instanceof Error && /^E[A-Z0-9]+$/.test(String((error as { readonly code?: unknown }).code));
}

/** Why, in one line: MySQL's own text only says where to look. */
export function hintOf(cause: Error): string {
  if (!(cause instanceof KeywardError)) return cause.message;
  return `${cause.message} (${cause.code})${cause.hint === undefined ? '' : `: ${cause.hint}`}`;
}

const OF_COMPONENT = { generate: 13725, store: 13723, remove: 13724, fetch: null } as const;
const OF_PLUGIN = {
  generate: 'FAILED_TO_GENERATE_KEY',
  store: 'FAILED_TO_STORE_KEY',
  remove: 'FAILED_TO_REMOVE_KEY',
  fetch: 'FAILED_TO_RETRIEVE_KEY',
} as const;

function logFailure({ host, operation, id, owner }: ServiceCall, cause: Error): void {
  const { componentName, errorLog } = host;
  const code = cause instanceof KeywardError ? cause.code : '';
  if (code === 'ERR_KEYRING_OPERATIONS') return;
  if (componentName !== null) {
    const number = NOT_READY.includes(code) ? 13714 : OF_COMPONENT[operation];
    if (number !== null) errorLog.component(componentName, number, id, owner || 'NULL');
  } else if (code === 'ERR_KEYRING_TYPE' && operation === 'store') errorLog.plugin(11358, 'storing');
  else if (code === 'ERR_KEYRING_TYPE') errorLog.okv('INVALID_KEY_TYPE');
  else if (code === 'ERR_KEYRING_LENGTH') errorLog.okv('INVALID_KEY_LENGTH_FOR_CIPHER');
  else if (id === '') logEmptyId(operation, errorLog);
  else {
    if (cause instanceof TransportError) errorLog.okv('CONNECTION_TO_SERVER_FAILED');
    logStep(cause, errorLog);
    errorLog.okv(OF_PLUGIN[operation]);
  }
}

/** Which of the steps that make a key ready the server refused; the only attribute that is added, and not made with it, is the last. */
function logStep(cause: Error, log: ErrorLog): void {
  if (!(cause instanceof ProtocolError)) return;
  if (cause.operation === 'Activate') log.okv('FAILED_TO_ACTIVATE_KEYS');
  if (cause.operation !== 'AddAttribute') return;
  log.okv('FAILED_TO_ADD_ATTRIBUTE', 'x-key-ready', 'true');
  log.okv('FAILED_TO_STORE_OR_GENERATE_KEY');
}

function logEmptyId(operation: ServiceOperation, log: ErrorLog): void {
  if (operation === 'fetch') log.plugin(11374);
  else if (operation === 'remove') log.plugin(11375);
  else log.plugin(11359, operation === 'store' ? 'storing' : 'generating');
}

/** Codes that say that there is no keyring to ask. */
const NOT_READY: readonly string[] = ['ERR_WALLET_NOT_OPEN', 'ERR_WALLET_ROOT', 'ERR_KEYRING_NONE', 'ERR_PHASE'];
