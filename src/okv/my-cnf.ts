/**
 * What a MySQL option file (`my.cnf`, Reference Manual 6.2.2.2) says of keyring_okv: its configuration directory and whether
 * the plugin is loaded early. Layer: okv; pure: files that it includes are named, not read.
 *
 *   file   = { group | "!include" path | "!includedir" path | option }
 *   group  = "[" name "]"
 *   option = name [ "=" value ] [ "#" comment ]      `-` and `_` in names are the same, `loose_` may stand before them
 *   value  = anything | quoted; with the escapes \b \t \n \r \\ \s
 */
import { type ParseOptions, type Remark, type TextPlace, TextReading } from './place.ts';

/** An option of a group that mysqld reads. */
export interface MyCnfOption extends TextPlace {
  readonly group: string;
  /** With `_` in the place of `-`, without `loose_`. */
  readonly name: string;
  /** Null for an option without one. */
  readonly value: string | null;
}

/** A file, or a directory of files, that is read in this place. */
export interface MyCnfInclude extends TextPlace {
  readonly kind: 'file' | 'directory';
  readonly path: string;
}

/** What an option file says. */
export interface MyCnf {
  /** `keyring_okv_conf_dir`; null when it is not set here. */
  readonly keyringOkvConfDir: string | null;
  /** Libraries of `early-plugin-load`, in order. */
  readonly earlyPluginLoad: readonly string[];
  /** All options of mysqld's groups, in order; the last of a name counts. */
  readonly options: readonly MyCnfOption[];
  readonly includes: readonly MyCnfInclude[];
  readonly warnings: readonly Remark[];
}

/** `[mysqld]`, `[server]` and those of one release, as `[mysqld-8.4]`. */
const MYSQLD = /^(?:mysqld|server|mysqld-\d+(?:\.\d+)*)$/;

/**
 * Parses an option file.
 *
 * @throws {FormatError} ERR_OKV_CNF, in a strict reading ERR_OKV_STRICT; with line and column
 * @throws {LimitError} ERR_OKV_SIZE
 * @throws {UsageError} ERR_OPTION
 * @example
 * parseMyCnf('[mysqld]\nkeyring_okv_conf_dir=/usr/local/mysql/mysql-keyring-okv').keyringOkvConfDir;
 */
export function parseMyCnf(text: string, options: ParseOptions = {}): MyCnf {
  const reading = new TextReading(text, options, 'my.cnf');
  const found: MyCnfOption[] = [];
  const includes: MyCnfInclude[] = [];
  let group: string | undefined;
  for (const { line, offset } of reading.lines()) {
    const content = line.trim();
    const at = offset + line.length - line.trimStart().length;
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (content.startsWith('!')) includes.push(readInclude(content, at, reading));
    else if (content.startsWith('[')) group = readGroup(content, at, reading);
    else if (group === undefined) reading.fail('ERR_OKV_CNF', 'an option stands before the first group', at);
    else if (MYSQLD.test(group)) found.push(readOption(content, group, at, reading));
  }
  return {
    ...summary(found, reading),
    options: found,
    includes,
    warnings: reading.remarks,
  };
}

function readInclude(content: string, at: number, reading: TextReading): MyCnfInclude {
  const [, word, path] = /^!(include|includedir)\s+(\S.*)$/.exec(content) ?? [];
  if (path === undefined) return reading.fail('ERR_OKV_CNF', 'neither !include FILE nor !includedir DIRECTORY', at);
  reading.notice('OKV_INCLUDE', 'another file is read here, which was not looked into', at);
  return { kind: word === 'include' ? 'file' : 'directory', path, ...reading.placeOf(at) };
}

function readGroup(content: string, at: number, reading: TextReading): string {
  const end = content.indexOf(']');
  if (end < 0) reading.fail('ERR_OKV_CNF', 'the bracket of a group is not closed', at);
  return content.slice(1, end).trim();
}

function readOption(content: string, group: string, at: number, reading: TextReading): MyCnfOption {
  const equals = content.indexOf('=');
  const plain = (equals < 0 ? content.split('#', 1)[0]! : content.slice(0, equals)).trim();
  const name = plain.replaceAll('-', '_').replace(/^loose_/, '');
  if (name.startsWith('__')) reading.warn('OKV_CNF_DASHES', 'names have no dashes before them in an option file', at);
  const value = equals < 0 ? null : readValue(content.slice(equals + 1).trim());
  return { group, name: name.replace(/^_+/, ''), value, ...reading.placeOf(at) };
}

/** A value: quotes taken off, or a comment behind it; escapes replaced. */
function readValue(text: string): string {
  const quote = text[0];
  const end = quote === '"' || quote === "'" ? text.lastIndexOf(quote) : 0;
  const plain = end > 0 ? text.slice(1, end) : text.replace(/(?:^|\s)#.*$/, '').trimEnd();
  return plain.replace(/\\([btnr\\s])/g, (_, letter: string) => ESCAPES[letter]!);
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r', s: ' ', '\\': '\\' };

function summary(
  found: readonly MyCnfOption[],
  reading: TextReading,
): Pick<MyCnf, 'keyringOkvConfDir' | 'earlyPluginLoad'> {
  const last = (name: string): string | null => found.findLast((option) => option.name === name)?.value ?? null;
  const keyringOkvConfDir = last('keyring_okv_conf_dir');
  const earlyPluginLoad = (last('early_plugin_load') ?? '')
    .split(';')
    .map((plugin) => plugin.trim().replace(/^[^=]*=/, ''))
    .filter((plugin) => plugin !== '');
  const loads = earlyPluginLoad.some((plugin) => /^keyring_okv(\.|$)/.test(plugin));
  if (keyringOkvConfDir !== null && !loads)
    reading.notice(
      'OKV_NOT_EARLY',
      'early-plugin-load does not name keyring_okv: the server has no keyring when it starts',
      0,
    );
  return { keyringOkvConfDir, earlyPluginLoad };
}
