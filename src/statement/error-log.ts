/**
 * The error log of a database, kept in memory: what its keyring has to say besides the error of a statement. Numbers and texts are
 * MySQL's (messages_to_error_log; the numbers are computed from known neighbours); those of keyring_okv are the okv room's. No entry
 * holds a secret: identifiers, paths and server names only. Layer: statement, pure.
 */
import { OKV_MESSAGES } from '../okv/index.ts';
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

/** A message of keyring_okv, by its symbol without `ER_KEYRING_OKV_`. */
export type OkvSymbol = keyof typeof OKV_MESSAGES;

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

  /** Writes a message of keyring_okv; `args` fill its `%s`s. */
  okv(symbol: OkvSymbol, ...args: readonly string[]): void {
    const [number, text] = OKV_MESSAGES[symbol];
    if (symbol === 'INCORRECT_KEY_VAULT_CONFIGURED') this.#write('Warning', number, OKV, POINT_THE_VARIABLE);
    else this.#write('Error', number, OKV, formatMessage(text, args));
  }

  /** Writes a message that all keyring plugins share, in the name of keyring_okv. */
  plugin(number: keyof typeof PLUGIN_MESSAGES, ...args: readonly string[]): void {
    this.#write('Error', number, OKV, formatMessage(PLUGIN_MESSAGES[number], args));
  }

  /** Writes a message of a keyring component. */
  component(name: string, number: keyof typeof COMPONENT_MESSAGES, ...args: readonly string[]): void {
    this.#write('Note', number, `Component ${name}`, formatMessage(COMPONENT_MESSAGES[number], args));
  }

  #write(priority: LogEntry['priority'], number: number, source: string, text: string): void {
    this.#entries.push({ logged: this.#now(), priority, number, text: `${source} reported: '${text}'` });
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

const OKV = 'Plugin keyring_okv';
/** 11376 as the manual prints it; the newer servers' words differ a little. */
const POINT_THE_VARIABLE =
  'For keyring_okv to be initialized, please point the keyring_okv_conf_dir variable to a directory containing Oracle Key Vault configuration file and ssl materials';

const PLUGIN_MESSAGES = {
  11358: 'Error while %s key: invalid key_type',
  11359: 'Error while %s key: key_id cannot be empty',
  11374: 'Error while fetching key: key_id cannot be empty',
  11375: 'Error while removing key: key_id cannot be empty',
} as const;

const DATA = "data for Data ID: '%s', Auth ID: '%s'. Either data";
const FAILED = 'with same identifier or keyring backend encountered an error.';

const COMPONENT_MESSAGES: Readonly<Record<13714 | 13723 | 13724 | 13725, string>> = {
  13714:
    'The component is not initialized properly. Make sure that configuration is proper and use ALTER INSTANCE RELOAD KEYRING to reinitialize the component.',
  13723: `Error writing ${DATA} already exists ${FAILED}`,
  13724: `Error removing ${DATA} does not exists ${FAILED}`,
  13725: `Error generating ${DATA} already exists ${FAILED}`,
};
