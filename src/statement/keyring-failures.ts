/**
 * A keyring service that fails, as a database tells it: 3188 to the client, the reason to the error log, with MySQL's number for it.
 * Layer: statement, pure.
 */
import { type DatabaseError, KeywardError, TransportError } from '../errors.ts';
import { databaseError, oldServiceError } from './database-errors.ts';
import type { LogNumber } from './error-log.ts';
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
    if (!(error instanceof KeywardError) && !isSystemError(error)) throw error;
    throw serviceError(call, error);
  }
}

/** 3188, after the log was told why. */
export function serviceError(call: ServiceCall, cause: Error): DatabaseError {
  logFailure(call, cause);
  const hint = cause instanceof KeywardError ? `${cause.message} (${cause.code})` : cause.message;
  const details = { cause, hint };
  return call.host.checks === 'old'
    ? oldServiceError(call.functionName, details)
    : databaseError(3188, [call.functionName], details);
}

const FAILED_COMPONENT = { generate: 13725, store: 13723, remove: 13724, fetch: null } as const;
const FAILED_PLUGIN = { generate: 11391, store: 11392, remove: 11389, fetch: 11397 } as const;
const EMPTY_ID = { generate: 11359, store: 11359, remove: 11375, fetch: 11374 } as const;
const WRITING = { generate: 'generating', store: 'storing', remove: '', fetch: '' } as const;

function logFailure({ host, operation, id, owner }: ServiceCall, cause: Error): void {
  const code = cause instanceof KeywardError ? cause.code : '';
  if (code === 'ERR_KEYRING_OPERATIONS') return;
  if (host.componentName !== null) {
    const number = NOT_READY.includes(code) ? 13714 : FAILED_COMPONENT[operation];
    if (number !== null) host.errorLog.write(number, `Component ${host.componentName}`, [id, owner || 'NULL']);
    return;
  }
  const plugin = (number: LogNumber, args: readonly string[] = []): void =>
    host.errorLog.write(number, 'Plugin keyring_okv', args);
  if (code === 'ERR_KEYRING_TYPE') plugin(11379);
  else if (code === 'ERR_KEYRING_LENGTH') plugin(11380);
  else if (id === '') plugin(EMPTY_ID[operation], [WRITING[operation]]);
  else {
    if (cause instanceof TransportError) plugin(11388);
    plugin(FAILED_PLUGIN[operation]);
  }
}

/** Codes that say that there is no keyring to ask. */
const NOT_READY: readonly string[] = ['ERR_WALLET_NOT_OPEN', 'ERR_WALLET_ROOT', 'ERR_KEYRING_NONE', 'ERR_PHASE'];

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && /^E[A-Z0-9]+$/.test(String((error as { readonly code?: unknown }).code));
}
