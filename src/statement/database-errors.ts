/**
 * MySQL's errors that statements of its keyring end with: numbers, SQL states and texts as its clients see them, arguments cut where
 * MySQL's formats cut them (`%-.80s`: after 80 characters). Layer: statement, pure.
 *
 * Sources: messages_to_clients of MySQL 8.0 and 9.1 by way of facts on record; 3188 has two wordings, of two generations.
 */
import { DatabaseError, type ErrorDetails } from '../errors.ts';

/** Makes one of MySQL's errors. Arguments fill the `%`s of its text in order. */
export function databaseError(
  errno: DatabaseErrno,
  args: readonly (string | number)[] = [],
  details: ErrorDetails = {},
): DatabaseError {
  const [symbol, sqlState, format] = DATABASE_ERRORS[errno];
  return new DatabaseError(symbol, errno, sqlState, formatMessage(format, args), details);
}

/** 3188 as the older functions word it. */
export function oldServiceError(functionName: string, details: ErrorDetails): DatabaseError {
  const [symbol, sqlState, format] = DATABASE_ERRORS[3188];
  const text = formatMessage(format.replace('if a keyring is installed', 'if a keyring plugin is installed'), [
    functionName,
  ]);
  return new DatabaseError(symbol, 3188, sqlState, text, details);
}

/** Fills a printf-like format: `%s`, `%d`, and `%-.Ns`, which cuts after N characters. */
export function formatMessage(format: string, args: readonly (string | number)[]): string {
  let next = 0;
  return format.replace(/%(?:-?\.(\d+))?[sd]/g, (_, width: string | undefined) => {
    const value = String(args[next++] ?? '');
    return width === undefined ? value : [...value].slice(0, Number(width)).join('');
  });
}

/** The numbers in the table below. */
export type DatabaseErrno = keyof typeof DATABASE_ERRORS;

/** Number: symbol, SQL state, text. */
export const DATABASE_ERRORS = {
  1044: ['ER_DBACCESS_DENIED_ERROR', '42000', "Access denied for user '%-.48s'@'%-.64s' to database '%-.192s'"],
  1123: ['ER_CANT_INITIALIZE_UDF', 'HY000', "Can't initialize function '%-.192s'; %-.80s"],
  1125: ['ER_UDF_EXISTS', 'HY000', "Function '%-.192s' already exists"],
  1126: ['ER_CANT_OPEN_LIBRARY', 'HY000', "Can't open shared library '%-.192s' (errno: %d %-.128s)"],
  1127: ['ER_CANT_FIND_DL_ENTRY', 'HY000', "Can't find symbol '%-.128s' in library"],
  1142: ['ER_TABLEACCESS_DENIED_ERROR', '42000', "%-.128s command denied to user '%-.48s'@'%-.64s' for table '%-.64s'"],
  1193: ['ER_UNKNOWN_SYSTEM_VARIABLE', 'HY000', "Unknown system variable '%-.64s'"],
  1227: [
    'ER_SPECIFIC_ACCESS_DENIED_ERROR',
    '42000',
    'Access denied; you need (at least one of) the %-.128s privilege(s) for this operation',
  ],
  1231: ['ER_WRONG_VALUE_FOR_VAR', '42000', "Variable '%-.64s' can't be set to the value of '%-.200s'"],
  1238: ['ER_INCORRECT_GLOBAL_LOCAL_VAR', 'HY000', "Variable '%-.192s' is a %s variable"],
  1305: ['ER_SP_DOES_NOT_EXIST', '42000', '%s %s does not exist'],
  3185: [
    'ER_CANNOT_FIND_KEY_IN_KEYRING',
    'HY000',
    "Can't find master key from keyring, please check in the server log if a keyring is loaded and initialized successfully.",
  ],
  3188: [
    'ER_KEYRING_UDF_KEYRING_SERVICE_ERROR',
    'HY000',
    "Function '%s' failed because underlying keyring service returned an error. Please check if a keyring is installed and that provided arguments are valid for the keyring you are using.",
  ],
  3201: ['ER_KEYRING_MIGRATION_FAILURE', 'HY000', 'Can not perform keyring migration : %s'],
  3202: ['ER_KEYRING_ACCESS_DENIED_ERROR', '42000', 'Access denied; you need %-.128s privileges for this operation'],
  3203: ['ER_KEYRING_MIGRATION_STATUS', 'HY000', 'Keyring migration %s.'],
  3930: ['ER_CLIENT_KEYRING_UDF_KEY_INVALID', 'HY000', "Function '%s' failed because key is invalid."],
  3931: ['ER_CLIENT_KEYRING_UDF_KEY_TYPE_INVALID', 'HY000', "Function '%s' failed because key type is invalid."],
  3932: ['ER_CLIENT_KEYRING_UDF_KEY_TOO_LONG', 'HY000', "Function '%s' failed because key length is too long."],
  3933: ['ER_CLIENT_KEYRING_UDF_KEY_TYPE_TOO_LONG', 'HY000', "Function '%s' failed because key type is too long."],
  4035: ['ER_RELOAD_KEYRING_FAILURE', 'HY000', 'Keyring reload failed. Please check error log for more details.'],
} as const;
