/**
 * What MySQL's server says of a migration of keyrings: each step that failed (3201), and how it ended (3203). Layer: statement, pure.
 *
 * Source: sql/migrate_keyring.cc of MySQL 5.7 by way of facts on record. [A key is named by its id alone, as there; a key whose place
 * is taken is one that could not be stored. MySQL asks its iterator for one key at a time; here a walk that fails failed as a whole.]
 */
import type { DatabaseError } from '../errors.ts';
import { databaseError, formatMessage } from './database-errors.ts';

/** A step of a migration. */
export type MigrationStep =
  | 'name the source'
  | 'name the target'
  | 'open the source'
  | 'open the target'
  | 'walk the source'
  | 'fetch a key'
  | 'store a key'
  | 'remove a copy';

/** 3201 of a step. @param id of the key, where the step is about one */
export function migrationFailure(step: MigrationStep, id = ''): DatabaseError {
  return databaseError(3201, [formatMessage(STEPS[step], [id])]);
}

/** 3203: how a migration ended. */
export function migrationStatus(status: 'successful' | 'failed'): DatabaseError {
  return databaseError(3203, [status]);
}

/** The details that 3201 is filled with; `%s` is a key's id. */
const STEPS: Readonly<Record<MigrationStep, string>> = {
  'name the source': 'Invalid source plugin option value.',
  'name the target': 'Invalid destination plugin option value.',
  'open the source': 'Failed to initialize source keyring',
  'open the target': 'Failed to initialize destination keyring',
  'walk the source': 'Initializing source keyring iterator failed.',
  'fetch a key': 'Fetching key (%s) from source plugin failed.',
  'store a key': 'Storing key (%s) into destination plugin failed.',
  'remove a copy': 'Removing key (%s) from destination plugin failed.',
};
