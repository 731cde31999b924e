/**
 * Key bytes in and out. In: from a file, a descriptor or a prompt, never from the arguments. Out: to a file (0600) or a pipe; on a
 * terminal only when it was asked for. Every copy made here is wiped.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { decodeBase64, decodeHex, encodeBase64, encodeHex } from '../core/index.ts';
import { UsageError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { choice } from './options.ts';
import { askPassword, descriptor, print, writeResult } from './terminal.ts';

const FORMATS = ['raw', 'hex', 'base64'] as const;
type KeyFormat = (typeof FORMATS)[number];

/** Where key bytes go. */
export interface KeyOutput {
  readonly out?: string;
  readonly format?: KeyFormat;
  readonly showSecrets?: boolean;
}

/** Where key bytes come from. */
export interface KeyInput {
  readonly keyFile?: string;
  readonly keyFd?: string;
  readonly format?: KeyFormat;
}

/** Adds the options of a command that hands key bytes out. */
export function addKeyOutput(command: Command): Command {
  return command
    .option('--out <file>', 'write the bytes into a new file (mode 0600)')
    .addOption(choice('--format <name>', 'default: raw, on a terminal hex', FORMATS))
    .option('--show-secrets', 'show the bytes on a terminal');
}

/** Adds the options of a command that takes key bytes. */
export function addKeyInput(command: Command): Command {
  return command
    .option('--key-file <file>', 'read the bytes from a file; - is standard input')
    .option('--key-fd <number>', 'read the bytes from a file descriptor')
    .addOption(choice('--format <name>', 'what the file holds', FORMATS).default('raw'));
}

/** Refuses to go on where a key would end up on a terminal unasked: before it is fetched. @throws {UsageError} ERR_TERMINAL */
export function assertMayShow(output: KeyOutput): void {
  formatOf(output);
  if (output.out !== undefined || output.showSecrets === true || !process.stdout.isTTY) return;
  throw new UsageError('ERR_TERMINAL', 'a key is not shown on a terminal', {
    hint: 'give --out FILE or a pipe, or --show-secrets',
  });
}

/** Writes key bytes where the options say. They stay the caller's to wipe. */
export function writeKey(bytes: Uint8Array, output: KeyOutput): void {
  const format = formatOf(output);
  const encoded = format === 'raw' ? Uint8Array.from(bytes) : format === 'hex' ? encodeHex(bytes) : encodeBase64(bytes);
  if (format === 'raw') writeResult(encoded, output.out);
  else {
    const line = Buffer.concat([encoded, Buffer.from('\n')]);
    encoded.fill(0);
    writeResult(line, output.out);
  }
  if (output.out !== undefined) print(`wrote ${bytes.length} bytes (${format}) to ${output.out}`);
}

function formatOf({ format, out }: KeyOutput): KeyFormat {
  if (format !== undefined) return format;
  return out === undefined && process.stdout.isTTY ? 'hex' : 'raw';
}

/** Reads key bytes. Without a file or a descriptor a line is asked for, without echo. */
export async function readKeyBytes(question: string, input: KeyInput): Promise<Secret> {
  const { format = 'raw' } = input;
  using given = await readGiven(question, input);
  if (format === 'raw') return Secret.from(given.expose());
  const decode = format === 'hex' ? decodeHex : decodeBase64;
  return Secret.adopt(decode(given, { whitespace: 'ignore' }));
}

async function readGiven(question: string, { keyFile, keyFd }: KeyInput): Promise<Secret> {
  if (keyFile !== undefined && keyFd !== undefined)
    throw new UsageError('ERR_OPTION', 'only one of --key-file and --key-fd');
  if (keyFile === undefined && keyFd === undefined) {
    if (!process.stdin.isTTY)
      throw new UsageError('ERR_KEY_SOURCE', `no terminal to ask for: ${question}`, {
        hint: 'give --key-file or --key-fd',
      });
    return await askPassword(question);
  }
  const bytes = readFileSync(keyFd !== undefined ? descriptor(keyFd) : keyFile === '-' ? 0 : (keyFile as string));
  try {
    return Secret.from(bytes);
  } finally {
    bytes.fill(0);
  }
}
