/** How a command ends: one line for the error (code, message), one for the hint, and an exit status by whose fault it is. */
import {
  AuthenticationError,
  DatabaseError,
  FormatError,
  KeywardError,
  LimitError,
  ProtocolError,
  ProviderError,
  StateError,
  StatementError,
  TransportError,
  UnsupportedError,
  UsageError,
} from '../errors.ts';
import { printable } from './terminal.ts';

/** Exit statuses. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  password: 3,
  notFound: 4,
  state: 5,
  unreachable: 6,
  refused: 7,
  malformed: 8,
  io: 9,
  checkFailed: 10,
} as const;

/** Exit statuses in words, for the help. */
export const EXIT_MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'ok',
  internal: 'internal error',
  usage: 'usage or syntax',
  password: 'wrong password',
  notFound: 'not found',
  state: 'not in this state',
  unreachable: 'no server reached',
  refused: 'the server refused',
  malformed: 'malformed file',
  io: 'input or output failed',
  checkFailed: 'a check failed',
};

const NOT_FOUND: readonly string[] = [
  'ERR_WALLET_MISSING',
  'ERR_KEY_NOT_FOUND',
  'ERR_FILE_MISSING',
  'ERR_SERVER_HOME_MISSING',
  'ERR_BACKUP_MISSING',
];

/** The exit status of an error. */
export function exitStatus(error: unknown): number {
  if (error instanceof StatementError || error instanceof UsageError) return EXIT.usage;
  if (error instanceof AuthenticationError) return EXIT.password;
  if (error instanceof DatabaseError) return EXIT.state;
  if (error instanceof StateError) return NOT_FOUND.includes(error.code) ? EXIT.notFound : EXIT.state;
  if (error instanceof TransportError) return EXIT.unreachable;
  if (error instanceof ProtocolError || error instanceof ProviderError) return EXIT.refused;
  if (error instanceof FormatError || error instanceof LimitError || error instanceof UnsupportedError)
    return EXIT.malformed;
  return isSystemError(error) ? EXIT.io : EXIT.internal;
}

/** What is printed of an error: never a stack, never a cause. */
export function formatError(error: unknown): string {
  if (error instanceof KeywardError) {
    const message = printable(messageOf(error));
    // A database's error has its number in front, as the database's own client prints it.
    const lines = [error instanceof DatabaseError ? message : `${error.code}: ${message}`];
    if (error instanceof TransportError)
      for (const { server, phase, cause } of error.attempts) lines.push(`  ${server}: ${phase}: ${printable(cause)}`);
    if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
    return lines.join('\n');
  }
  if (isSystemError(error)) return `ERR_IO: ${error.code} ${error.syscall ?? ''} ${error.path ?? ''}`.trimEnd();
  return `ERR_INTERNAL: ${error instanceof Error ? error.message : 'unknown failure'}`;
}

/** The message; of a connection's failure without the attempts, which follow line by line. */
function messageOf(error: KeywardError): string {
  const [first] = error instanceof TransportError ? error.attempts : [];
  const listed = first === undefined ? -1 : error.message.indexOf(`: ${first.server}: `);
  return listed < 0 ? error.message : error.message.slice(0, listed);
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
