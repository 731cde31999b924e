/**
 * `okvclient.ora`, the file that names the servers of keyring_okv (MySQL Reference Manual 8.4.4.6).
 *
 *   file    = { line end-of-line }
 *   line    = [ white space ] [ "#" anything | key "=" value ]
 *   value   = anything | '"' anything '"' | "'" anything "'"
 *   SERVER, STANDBY_SERVER: server { "," server }; what else there is, is kept and not looked at
 *
 * The manual promises no more than two lines; real files hold much of Oracle's own and are rewritten by Oracle's tools, so
 * that reading is tolerant and says what it tolerated. Nothing here writes into an existing file. Layer: okv; pure.
 */
import { FormatError, LimitError, UsageError } from '../errors.ts';
import { type OKV_MESSAGES, okvMessage } from './messages.ts';
import { type ParseOptions, type Remark, TextReading } from './place.ts';
import { DEFAULT_KMIP_PORT, formatServer, type OkvServer, readServer } from './server.ts';

/** One setting of the file, used or not. */
export interface OkvEntry {
  /** In capitals. */
  readonly key: string;
  /** Without quotes. */
  readonly value: string;
  /** From 1: of the key. */
  readonly line: number;
  /** From 1: of the key. */
  readonly column: number;
}

/** What an `okvclient.ora` says. */
export interface OkvClientConfig {
  /** In the order in which they are to be tried: SERVER, then the standby servers. At least one. */
  readonly servers: readonly OkvServer[];
  /** Every setting in the order of the file, those of other programs too. */
  readonly entries: readonly OkvEntry[];
  /** What was read although it is not as it should be. */
  readonly warnings: readonly Remark[];
}

/** MySQL's own limit; one before 8.0.29. */
const MAX_STANDBY_SERVERS = 64;

/** An entry with the offset of its value, for the places of what is in it. */
interface Setting extends OkvEntry {
  readonly valueOffset: number;
}

/**
 * Parses an `okvclient.ora`. Messages that the plugin would log are in its words.
 *
 * @throws {FormatError} ERR_OKV_SERVER_MISSING, ERR_OKV_SERVER, ERR_OKV_TEXT, in a strict reading ERR_OKV_STRICT; with line and column
 * @throws {LimitError} ERR_OKV_STANDBY_COUNT, ERR_OKV_SIZE
 * @throws {UsageError} ERR_OPTION
 * @example
 * parseOkvClient('SERVER=198.51.100.20:9002\nSTANDBY_SERVER=203.0.113.125:8041\n').servers.length; // 2
 */
export function parseOkvClient(text: string, options: ParseOptions = {}): OkvClientConfig {
  const reading = new TextReading(text, options, 'okvclient.ora');
  assertText(reading);
  const settings = readSettings(reading);
  const primary = settingOf('SERVER', settings, reading);
  const servers = primary === undefined ? [] : readServers(primary, reading);
  if (primary === undefined || servers.length === 0) failMissing(reading, primary);
  if (servers.length > 1)
    reading.warn(
      'OKV_SERVER_LIST',
      'SERVER names several servers: the first is tried first, the others before the standby servers',
      primary.valueOffset,
    );
  const standby = settingOf('STANDBY_SERVER', settings, reading);
  return {
    servers: withoutRepeats(
      [...servers, ...(standby === undefined ? [] : readStandbys(standby, servers[0]!, reading))],
      standby ?? primary,
      reading,
    ),
    entries: settings.map(({ valueOffset: _, ...entry }) => entry),
    warnings: reading.remarks,
  };
}

/**
 * Formats an `okvclient.ora` that MySQL's plugin reads: the first server is SERVER, the others STANDBY_SERVER.
 *
 * @throws {UsageError} ERR_OKV_SERVER_MISSING
 * @throws {LimitError} ERR_OKV_STANDBY_COUNT
 * @example
 * formatOkvClient([{ host: '127.0.0.1', port: 5696 }]); // 'SERVER=127.0.0.1:5696\n'
 */
export function formatOkvClient(servers: readonly OkvServer[]): string {
  const [first, ...standbys] = servers;
  if (first === undefined) throw new UsageError('ERR_OKV_SERVER_MISSING', 'no server to write');
  assertStandbyCount(standbys.length);
  const lines = [`SERVER=${formatServer(first)}`];
  if (standbys.length > 0) lines.push(`STANDBY_SERVER=${standbys.map(formatServer).join(',')}`);
  return `${lines.join('\n')}\n`;
}

function assertText(reading: TextReading): void {
  const at = reading.text.indexOf('\0');
  if (at < 0) return;
  const hint = 'the file is not UTF-8 text; it may be UTF-16';
  failInWords(reading, 'ERR_OKV_TEXT', 'FAILED_TO_PARSE_CONF_FILE', at, hint);
}

/** Fails with nothing but the plugin's own words. */
function failInWords(
  reading: TextReading,
  code: string,
  symbol: keyof typeof OKV_MESSAGES,
  offset: number,
  hint: string,
): never {
  throw new FormatError(code, okvMessage(symbol, reading.fileName), { offset }, { hint });
}

function readSettings(reading: TextReading): Setting[] {
  const settings: Setting[] = [];
  let previous: Setting | undefined;
  for (const { line, offset } of reading.lines()) {
    const start = line.search(/\S/);
    if (start < 0 || line[start] === '#') continue;
    const equals = line.indexOf('=');
    if (equals < 0 && start > 0 && previous?.value.endsWith(',') === true) {
      previous = continued(previous, line.slice(start), offset + start, reading);
      settings[settings.length - 1] = previous;
      continue;
    }
    const key = line.slice(start, equals < 0 ? undefined : equals).trim();
    if (equals < 0 || key === '') {
      reading.warn('OKV_LINE', 'a line that is no key=value was left out', offset + start);
      continue;
    }
    settings.push(...readLine(line, offset, start, equals, reading));
    previous = settings.at(-1);
  }
  return settings;
}

/** A list that ends with a comma goes on in an indented line. Places inside it are those of its first line. */
function continued(setting: Setting, text: string, offset: number, reading: TextReading): Setting {
  reading.warn('OKV_CONTINUED', `the list of ${setting.key} goes on in another line`, offset);
  return { ...setting, value: setting.value + text.trim() };
}

/** Settings of one line: one, or two where a copy of the manual lost the line break between them. */
function* readLine(
  line: string,
  offset: number,
  start: number,
  equals: number,
  reading: TextReading,
): Generator<Setting> {
  const key = line.slice(start, equals).trim().toUpperCase();
  const rest = line.slice(equals + 1);
  const second = /["']/.test(rest) ? -1 : rest.search(/\s(?:STANDBY_)?SERVER\s*=/i);
  const own = second <= 0 || rest.slice(0, second).trim() === '' ? rest : rest.slice(0, second);
  const lead = own.length - own.trimStart().length;
  const value = unquote(own.trim());
  const valueOffset = offset + equals + 1 + lead + (value.length < own.trim().length ? 1 : 0);
  yield { key, value, ...reading.placeOf(offset + start), valueOffset };
  if (own === rest) return;
  const from = equals + 1 + second + 1;
  reading.warn('OKV_TWO_IN_A_LINE', 'two settings stand in one line', offset + from);
  yield* readLine(line, offset, from, line.indexOf('=', from), reading);
}

function unquote(value: string): string {
  const quote = value[0];
  const quoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return quoted ? value.slice(1, -1).trim() : value;
}

/** The last setting of a key counts. */
function settingOf(key: string, settings: readonly Setting[], reading: TextReading): Setting | undefined {
  const all = settings.filter((setting) => setting.key === key);
  for (const again of all.slice(1))
    reading.warn('OKV_DUPLICATE', `${key} is set again: the last one counts`, again.valueOffset);
  return all.at(-1);
}

function failMissing(reading: TextReading, primary: Setting | undefined): never {
  const at = primary?.valueOffset ?? reading.text.length;
  failInWords(reading, 'ERR_OKV_SERVER_MISSING', 'FAILED_TO_FIND_SERVER_ENTRY', at, 'add a line SERVER=host:port');
}

function readServers(setting: Setting, reading: TextReading): OkvServer[] {
  const servers: OkvServer[] = [];
  let at = setting.valueOffset;
  for (const part of setting.value.split(',')) {
    const text = part.trim();
    const place = at + part.length - part.trimStart().length;
    at += part.length + 1;
    if (text === '') continue;
    const read = readServer(text);
    if ('fault' in read) reading.fail('ERR_OKV_SERVER', read.fault, place + read.at, [setting.key], read.hint);
    if (read.suffix !== '')
      reading.warn('OKV_SUFFIX', 'fields behind the port were left out', place + text.length - read.suffix.length);
    servers.push(read.server);
  }
  return servers;
}

function readStandbys(setting: Setting, primary: OkvServer, reading: TextReading): OkvServer[] {
  const standbys = readServers(setting, reading);
  assertStandbyCount(standbys.length);
  return standbys.filter((server) => {
    if (!meansNone(server, primary)) return true;
    reading.notice('OKV_NO_STANDBY', 'the standby server 127.0.0.1 means that there is none', setting.valueOffset);
    return false;
  });
}

/** Oracle Key Vault writes the loopback address where there is no standby. With a primary on this machine it is meant. */
function meansNone(standby: OkvServer, primary: OkvServer): boolean {
  const local = /^(127\.|localhost$|::1$)/i.test(primary.host);
  return standby.host === '127.0.0.1' && standby.port === DEFAULT_KMIP_PORT && !local;
}

function assertStandbyCount(count: number): void {
  if (count <= MAX_STANDBY_SERVERS) return;
  throw new LimitError('ERR_OKV_STANDBY_COUNT', okvMessage('STANDBY_SERVER_COUNT_EXCEEDED'), {
    limit: MAX_STANDBY_SERVERS,
    actual: count,
  });
}

function withoutRepeats(servers: readonly OkvServer[], setting: Setting, reading: TextReading): OkvServer[] {
  const seen = new Set<string>();
  return servers.filter((server) => {
    const name = formatServer(server).toLowerCase();
    if (seen.has(name)) reading.notice('OKV_REPEATED', `${name} is named twice`, setting.valueOffset);
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew;
  });
}
