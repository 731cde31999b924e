/**
 * The error log of a database, kept in memory: what its keyring has to say besides the error of a statement. Numbers and texts are
 * MySQL's (messages_to_error_log; the numbers are computed from known neighbours). No entry holds a secret: identifiers, paths and
 * server names only. Layer: statement, pure.
 */
import { formatMessage } from './database-errors.ts';
import type { Table } from './select.ts';

/** One line of the log. */
export interface LogEntry {
  readonly logged: Date;
  readonly priority: 'Error' | 'Warning' | 'Note';
  /** The digits of `MY-…`: 11376. */
  readonly number: number;
  /** With `Plugin … reported:` before it. */
  readonly text: string;
}

/** Whose words an entry is. */
export type LogSource = 'Plugin keyring_okv' | `Component ${string}` | 'Plugin keyring_udf';

/** How many entries are kept; the oldest go first. */
const KEPT = 1000;

/** The log of one instance. */
export class ErrorLog {
  readonly #now: () => Date;
  readonly #entries: LogEntry[] = [];
  #written = 0;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  /** The newest thousand entries, oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** How many entries were ever written; `since` takes it. */
  get written(): number {
    return this.#written;
  }

  /** The entries written after a moment that `written` told, as far as they are kept. */
  since(written: number): readonly LogEntry[] {
    const wanted = Math.min(this.#written - written, this.#entries.length);
    return wanted <= 0 ? [] : this.#entries.slice(-wanted);
  }

  /** Writes one of MySQL's messages; `args` fill its `%s`s. */
  write(number: LogNumber, source: LogSource, args: readonly string[] = []): void {
    const [priority, format] = LOG_MESSAGES[number];
    const text = `${source} reported: '${formatMessage(format, args)}'`;
    this.#entries.push({ logged: this.#now(), priority, number, text });
    this.#written += 1;
    if (this.#entries.length > KEPT) this.#entries.shift();
  }
}

/** An entry as MySQL's log file has it. */
export function formatLogEntry({ logged, priority, number, text }: LogEntry): string {
  return `${logged.toISOString()} 0 [${priority}] [${logCode(number)}] [Server] ${text}`;
}

/** performance_schema.error_log. */
export function errorLogView(entries: readonly LogEntry[]): Table {
  return {
    columns: ['LOGGED', 'THREAD_ID', 'PRIO', 'ERROR_CODE', 'SUBSYSTEM', 'DATA'],
    rows: entries.map((e) => [
      `${e.logged.toISOString().slice(0, 23).replace('T', ' ')}000`,
      0,
      e.priority,
      logCode(e.number),
      'Server',
      e.text,
    ]),
  };
}

const logCode = (number: number): string => `MY-${String(number).padStart(6, '0')}`;

/** The numbers in the table below. */
export type LogNumber = keyof typeof LOG_MESSAGES;

const DATA = "data for Data ID: '%s', Auth ID: '%s'. Either data";

/** Number: priority and text. */
export const LOG_MESSAGES = {
  11359: ['Error', 'Error while %s key: key_id cannot be empty'],
  11374: ['Error', 'Error while fetching key: key_id cannot be empty'],
  11375: ['Error', 'Error while removing key: key_id cannot be empty'],
  // The manual's wording, which is the older one.
  11376: [
    'Warning',
    'For keyring_okv to be initialized, please point the keyring_okv_conf_dir variable to a directory containing Oracle Key Vault configuration file and ssl materials',
  ],
  11377: [
    'Error',
    'keyring_okv initialization failure. Please check that the keyring_okv_conf_dir points to a readable directory and that the directory contains Oracle Key Vault configuration file and ssl materials. Please also check that Oracle Key Vault is up and running.',
  ],
  11378: ['Error', 'keyring_okv initialization failure due to internal exception inside the plugin'],
  11379: ['Error', 'Invalid key type'],
  11380: ['Error', 'Invalid key length for given block cipher'],
  11382: ['Error', 'Could not find entry for server in configuration file %s'],
  11384: ['Error', 'Could not parse the %s file provided'],
  11385: ['Error', "Could not load keys' uids from the OKV server"],
  11386: ['Error', 'Could not initialize ssl layer'],
  11387: ['Error', 'Could not initialize OKV client'],
  11388: ['Error', 'Could not connect to the OKV server'],
  11389: ['Error', 'Could not remove the key'],
  11391: ['Error', 'Could not generate the key.'],
  11392: ['Error', 'Could not store the key.'],
  11397: ['Error', 'Could not retrieve key from OKV'],
  11398: ['Error', 'Error loading trust store'],
  11399: ['Error', 'Error setting the certificate file.'],
  11400: ['Error', 'Error setting the key file.'],
  11401: ['Error', 'Private key does not match the certificate public key'],
  13714: [
    'Note',
    'The component is not initialized properly. Make sure that configuration is proper and use ALTER INSTANCE RELOAD KEYRING to reinitialize the component.',
  ],
  13723: ['Note', `Error writing ${DATA} already exists with same identifier or keyring backend encountered an error.`],
  13724: ['Note', `Error removing ${DATA} does not exists with same identifier or keyring backend encountered an error.`],
  13725: ['Note', `Error generating ${DATA} already exists with same identifier or keyring backend encountered an error.`],
  13837: ['Error', 'Number of STANDBY_SERVER values exceeded maximum limit of 64.'],
} as const satisfies Record<number, readonly [priority: LogEntry['priority'], format: string]>;
