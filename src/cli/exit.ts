/**
 * How a command ends: one line for the error (code, message), one for the hint, and an exit status by whose fault it is.
 *
 *   0 ok · 1 internal · 2 usage or syntax · 3 wrong password · 4 not found · 5 state · 8 malformed file · 9 input/output
 */
import {
  AuthenticationError,
  DatabaseError,
  FormatError,
  KeywardError,
  LimitError,
  StateError,
  StatementError,
  UnsupportedError,
  UsageError,
} from '../errors.ts';

/** Exit statuses. */
export const EXIT = { ok: 0, internal: 1, usage: 2, password: 3, notFound: 4, state: 5, malformed: 8, io: 9 } as const;

const NOT_FOUND: readonly string[] = [
  'ERR_WALLET_MISSING',
  'ERR_KEY_NOT_FOUND',
  'ERR_FILE_MISSING',
  'ERR_BACKUP_MISSING',
];

/** The exit status of an error. */
export function exitStatus(error: unknown): number {
  if (error instanceof StatementError || error instanceof UsageError) return EXIT.usage;
  if (error instanceof AuthenticationError) return EXIT.password;
  if (error instanceof DatabaseError) return EXIT.state;
  if (error instanceof StateError) return NOT_FOUND.includes(error.code) ? EXIT.notFound : EXIT.state;
  if (error instanceof FormatError || error instanceof LimitError || error instanceof UnsupportedError)
    return EXIT.malformed;
  return isSystemError(error) ? EXIT.io : EXIT.internal;
}

/** What is printed of an error: never a stack, never a cause. */
export function formatError(error: unknown): string {
  if (error instanceof KeywardError) {
    // A database's error has its number in front, as the database's own client prints it.
    const line = error instanceof DatabaseError ? error.message : `${error.code}: ${error.message}`;
    return error.hint === undefined ? line : `${line}\n  hint: ${error.hint}`;
  }
  if (isSystemError(error)) return `ERR_IO: ${error.code} ${error.syscall ?? ''} ${error.path ?? ''}`.trimEnd();
  return `ERR_INTERNAL: ${error instanceof Error ? error.message : 'unknown failure'}`;
}

interface SystemError {
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return error instanceof Error && typeof code === 'string' && /^E[A-Z0-9]+$/.test(code);
}
