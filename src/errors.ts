/**
 * The errors of every room: one base class with a stable `code`, subclasses by whose fault it is.
 * Messages start in lower case, end without a period and hold no secret. Codes are API.
 */

/** Options common to all errors. */
export interface ErrorDetails {
  /** What led to this error. Never holds a secret. */
  readonly cause?: unknown;
  /** What the caller can do about it, in one sentence. */
  readonly hint?: string;
}

/** The base of every error keyward throws on purpose. */
export class KeywardError extends Error {
  override readonly name: string = 'KeywardError';
  /** Stable identifier, `ERR_…`. */
  readonly code: string;
  /** What the caller can do about it. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

/** The caller's fault: a wrong argument, an unknown option, an operation out of order. */
export class UsageError extends KeywardError {
  override readonly name: string = 'UsageError';
}

/** The bytes' fault: they are not what they claim to be. */
export class FormatError extends KeywardError {
  override readonly name: string = 'FormatError';
  /** Byte offset in the input at which the fault was seen. */
  readonly offset: number;
  /** The names of the structures around that place, outermost first; empty where none is known. */
  readonly path: readonly string[];

  constructor(
    code: string,
    message: string,
    place: { readonly offset: number; readonly path?: readonly string[] },
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
    this.offset = place.offset;
    this.path = place.path ?? [];
  }
}

/** A password, key, MAC or integrity check did not verify. One wording, no detail: which check failed is a secret. */
export class AuthenticationError extends KeywardError {
  override readonly name: string = 'AuthenticationError';
}

/** The thing exists but is in the wrong state: wallet not open, key exists, file changed. */
export class StateError extends KeywardError {
  override readonly name: string = 'StateError';
}

/** A key of a keyring by its name. */
export interface KeyringKeyName {
  /** Its id. */
  readonly id: string;
  /** Its owner; '' for none. */
  readonly owner: string;
}

/** Keys of one keyring that were not copied into another, and what is left of the copies. */
export class MigrationError extends StateError {
  override readonly name = 'MigrationError';
  /** Where it ended: before anything was copied, reading a key of the source, or writing it into the target. */
  readonly step: 'check' | 'read' | 'write';
  /** Before: all keys that are in the way, or that the target does not take; else the key whose turn it was. */
  readonly keys: readonly KeyringKeyName[];
  /** Copies that could not be removed again, or that may be there. */
  readonly left: readonly KeyringKeyName[];

  constructor(
    code: string,
    message: string,
    fields: {
      readonly step: 'check' | 'read' | 'write';
      readonly keys: readonly KeyringKeyName[];
      readonly left?: readonly KeyringKeyName[];
    },
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
    this.step = fields.step;
    this.keys = fields.keys.map(({ id, owner }) => ({ id, owner }));
    this.left = (fields.left ?? []).map(({ id, owner }) => ({ id, owner }));
  }
}

/** A SQL statement that cannot be read or run, with its place. */
export class StatementError extends KeywardError {
  override readonly name: string = 'StatementError';
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
  /** What could have stood there. */
  readonly expected: readonly string[];

  constructor(
    code: string,
    message: string,
    place: { readonly line: number; readonly column: number; readonly expected?: readonly string[] },
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
    this.line = place.line;
    this.column = place.column;
    this.expected = place.expected ?? [];
  }
}

/** A statement that the database refuses with a number of its own. The texts are the database's, and so is their style. */
export class DatabaseError extends KeywardError {
  override readonly name: string = 'DatabaseError';
  /** The number: 3188. */
  readonly errno: number;
  /** Five characters: `HY000`. */
  readonly sqlState: string;
  /** The text without the number; `message` is all of it, as the database's own client prints it. */
  readonly sqlMessage: string;

  /** @param symbol the database's name of the error, `ER_…`; the code is made of it */
  constructor(symbol: string, errno: number, sqlState: string, sqlMessage: string, details: ErrorDetails = {}) {
    super(symbol.replace(/^ER_/, 'ERR_'), `ERROR ${errno} (${sqlState}): ${sqlMessage}`, details);
    this.errno = errno;
    this.sqlState = sqlState;
    this.sqlMessage = sqlMessage;
  }
}

/** A KMIP peer answered with a failure. The fields are the peer's own. */
export class ProtocolError extends KeywardError {
  override readonly name: string = 'ProtocolError';
  /** The operation's name; its number where it has none. */
  readonly operation: string | undefined;
  /** Such as `OperationFailed`. */
  readonly resultStatus: string | undefined;
  /** Such as `ItemNotFound`. */
  readonly resultReason: string | undefined;
  /** The peer's own words; not to be trusted further than the peer. */
  readonly resultMessage: string | undefined;

  constructor(
    code: string,
    message: string,
    fields: {
      readonly operation?: string | undefined;
      readonly resultStatus?: string | undefined;
      readonly resultReason?: string | undefined;
      readonly resultMessage?: string | undefined;
    } = {},
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
    this.operation = fields.operation;
    this.resultStatus = fields.resultStatus;
    this.resultReason = fields.resultReason;
    this.resultMessage = fields.resultMessage;
  }
}

/** One try at one server. */
export interface TransportAttempt {
  /** `host:port`. */
  readonly server: string;
  /** How far it got. */
  readonly phase: string;
  /** Why it ended. */
  readonly cause: string;
}

/** No peer could be reached, or the connection failed. Lists every attempt. */
export class TransportError extends KeywardError {
  override readonly name: string = 'TransportError';
  /** In the order in which they ended. */
  readonly attempts: readonly TransportAttempt[];

  constructor(code: string, message: string, attempts: readonly TransportAttempt[] = [], details: ErrorDetails = {}) {
    super(code, message, details);
    this.attempts = attempts;
  }
}

/** A key management service answered with a failure. The fields are the service's own; what was secret in the request is cut out. */
export class ProviderError extends KeywardError {
  override readonly name: string = 'ProviderError';
  /** What was asked, such as `Decrypt`. */
  readonly action: string;
  /** The service's code, such as `ResourceUnavailable.CmkDisabled`. */
  readonly providerCode: string;
  /** The service's own words. */
  readonly providerMessage: string;
  /** By which the service's operator finds the request; null where the answer had none. */
  readonly requestId: string | null;

  constructor(
    code: string,
    message: string,
    fields: {
      readonly action: string;
      readonly providerCode: string;
      readonly providerMessage: string;
      readonly requestId: string | null;
    },
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
    this.action = fields.action;
    this.providerCode = fields.providerCode;
    this.providerMessage = fields.providerMessage;
    this.requestId = fields.requestId;
  }
}

/** Well-formed, but uses something keyward does not do. */
export class UnsupportedError extends KeywardError {
  override readonly name: string = 'UnsupportedError';
  /** The object identifier of what is not supported, dotted, when there is one. */
  readonly oid: string | undefined;

  constructor(code: string, message: string, oid?: string, details: ErrorDetails = {}) {
    super(code, message, details);
    this.oid = oid;
  }
}

/** Larger, deeper or costlier than a limit allows; refused before any work. */
export class LimitError extends KeywardError {
  override readonly name: string = 'LimitError';
  /** The limit, in the unit that the code names. */
  readonly limit: number;
  /** What was asked for; a decimal text where it does not fit a number exactly. */
  readonly actual: number | string;

  constructor(
    code: string,
    message: string,
    bound: { readonly limit: number; readonly actual: number | string },
    details: ErrorDetails = {},
  ) {
    super(code, message, details);
    this.limit = bound.limit;
    this.actual = bound.actual;
  }
}

/** The signal's own reason, or an `AbortError`-like KeywardError when it has none. */
export function abortReason(signal: AbortSignal): unknown {
  return signal.reason ?? new KeywardError('ERR_ABORTED', 'the operation was aborted');
}
