/**
 * What the commands say and ask. Rules: results go to standard output, everything else to standard error; passwords are read
 * without echo, from a file or from a descriptor, never from the arguments; text of files is printed without control characters.
 */
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { read } from 'read';
import stringWidth from 'string-width';
import { encodeHexText } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import { isKmsUrl, parseKmsUrl } from '../kms/index.ts';
import { Secret } from '../secret.ts';
import type { ResultValue, SqlValue } from '../statement/index.ts';

/** Prints a line of a result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Writes a result that may be secret, then wipes it: into a new file (0600), else to standard output.
 *
 * @throws {UsageError} ERR_FILE_EXISTS
 */
export function writeResult(bytes: Uint8Array, file?: string): void {
  try {
    if (file === undefined) writeAll(1, bytes);
    else writeNewFile(file, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Makes a file that must not exist yet, durably. @throws {UsageError} ERR_FILE_EXISTS */
export function writeNewFile(file: string, bytes: Uint8Array, mode = 0o600): void {
  const fd = openNew(file, mode);
  try {
    fchmodSync(fd, mode);
    writeAll(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openNew(file: string, mode: number): number {
  try {
    return openSync(file, 'wx', mode & 0o600);
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'EEXIST') throw error;
    throw new UsageError('ERR_FILE_EXISTS', `there is already a file ${file}`, { hint: 'nothing was overwritten' });
  }
}

/** Writes to the end; a pipe that does not block may take less, or nothing for a moment. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The value of an option that is one of a few words. @throws {UsageError} ERR_OPTION */
export function oneOf<const T extends string>(option: string, value: string, words: readonly T[]): T {
  const word = words.find((w) => w === value);
  if (word !== undefined) return word;
  throw new UsageError('ERR_OPTION', `${option} must be one of ${words.join(', ')}`);
}

/** Where a password comes from. */
export interface PasswordSource {
  readonly passwordFile?: string;
  readonly passwordFd?: string;
}

/** Reads a password: from the source given, else by a prompt. The first line counts. */
export async function askPassword(question: string, source: PasswordSource = {}): Promise<Secret> {
  if (source.passwordFile !== undefined) return firstLine(readFileSync(source.passwordFile));
  if (source.passwordFd !== undefined) return firstLine(readFileSync(descriptor(source.passwordFd)));
  if (!process.stdin.isTTY) {
    throw new UsageError('ERR_PASSWORD_SOURCE', `no terminal to ask for: ${question}`, {
      hint: 'give --password-file or --password-fd',
    });
  }
  return Secret.fromText(await read({ prompt: `${question}: `, silent: true, output: process.stderr }));
}

/** Reads a password that is to be set: from the source given, else by a prompt, twice. @throws {UsageError} ERR_PASSWORD */
export async function askNewPassword(question: string, source: PasswordSource = {}): Promise<Secret> {
  const first = await askPassword(question, source);
  if (source.passwordFile !== undefined || source.passwordFd !== undefined) return first;
  using second = await askPassword('the same again', source);
  if (Buffer.compare(first.expose(), second.expose()) === 0) return first;
  first.dispose();
  throw new UsageError('ERR_PASSWORD', 'these are two different passwords');
}

/** Reads a keystore password; of a `kms://` URL, which holds one, only that is kept. @throws {FormatError} ERR_KMS_URL */
export async function askKeystorePassword(source: PasswordSource): Promise<Secret> {
  const text = await askPassword('keystore password', source);
  if (!isKmsUrl(text)) return text;
  try {
    using url = parseKmsUrl(text);
    if (url.password !== null) return Secret.from(url.password.expose());
    throw new UsageError('ERR_PASSWORD_SOURCE', 'the kms:// URL has no password');
  } finally {
    text.dispose();
  }
}

/** The first line of some bytes as a Secret; the bytes are wiped. */
export function firstLine(bytes: Uint8Array): Secret {
  const end = bytes.findIndex((b) => b === 0x0a || b === 0x0d);
  const secret = Secret.from(end < 0 ? bytes : bytes.subarray(0, end));
  bytes.fill(0);
  return secret;
}

/** A file descriptor of the arguments. @throws {UsageError} ERR_PASSWORD_SOURCE */
export function descriptor(text: string): number {
  const fd = Number(text);
  if (Number.isInteger(fd) && fd >= 0) return fd;
  throw new UsageError('ERR_PASSWORD_SOURCE', `not a file descriptor: ${text}`);
}

/** How results are shown. */
export interface ShowOptions {
  /** Key bytes as `0x…`, not only how many they are. */
  readonly showSecrets?: boolean;
  /** NULL is `NULL`, as MySQL's client shows it, and not nothing. */
  readonly showNull?: boolean;
}

/** Rows as they may be shown: key bytes cut out unless asked for, and disposed of. */
export function showRows(
  rows: readonly (readonly ResultValue[])[],
  { showSecrets = false, showNull = false }: ShowOptions = {},
): readonly (readonly SqlValue[])[] {
  const show = (value: ResultValue): SqlValue => {
    if (value === null && showNull) return 'NULL';
    if (!(value instanceof Secret)) return value;
    using secret = value;
    return showSecrets ? `0x${encodeHexText(secret.expose())}` : `[redacted, ${secret.length} bytes]`;
  };
  return rows.map((row) => row.map(show));
}

/** Formats rows as a table: columns as wide as their widest value, ideographs counted as two. */
export function formatTable(columns: readonly string[], rows: readonly (readonly SqlValue[])[]): string {
  const cells = [columns, ...rows.map((row) => row.map((value) => (value === null ? '' : printable(String(value)))))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => stringWidth(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] as number) - stringWidth(cell)))
      .join('  ')
      .trimEnd();
  const [head, ...body] = cells.map(line);
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const count = `${rows.length} row${rows.length === 1 ? '' : 's'}`;
  return [head, rule, ...body, '', count].join('\n');
}

/** Formats rows in columns without a rule or a count, `-` for what is missing: as okvutil lists objects. */
export function formatColumns(columns: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  const cells = [columns, ...rows.map((row) => row.map((value) => (value === null ? '-' : printable(value))))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => stringWidth(row[i] ?? ''))));
  const pad = (cell: string, i: number): string => cell + ' '.repeat((widths[i] as number) - stringWidth(cell));
  return cells.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/** Replaces control, format and direction characters, which could change what the terminal shows. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);
}
