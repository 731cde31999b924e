/**
 * `keyward ttlv decode|encode`: KMIP messages between their encodings. What comes in is told by its bytes: binary, hex, XML, JSON
 * or the text form. Key material and passwords read `[redacted]` unless asked for.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { decodeUtf8 } from '../bytes.ts';
import { decodeHex, encodeHex } from '../core/index.ts';
import { FormatError, UsageError } from '../errors.ts';
import {
  encodeTtlv,
  formatTtlvJson,
  formatTtlvText,
  formatTtlvXml,
  parseTtlvJson,
  parseTtlvText,
  parseTtlvXml,
  readTtlvTree,
  type TtlvNode,
  wipeTree,
} from '../ttlv/index.ts';
import { choice } from './options.ts';
import { print, writeResult } from './terminal.ts';

const FORMS = ['binary', 'hex', 'xml', 'json', 'text'] as const;
type Form = (typeof FORMS)[number];
const SHOWN = ['text', 'xml', 'json'] as const;
const MADE = ['hex', 'binary'] as const;

interface TtlvOptions {
  readonly from?: Form;
}

interface DecodeOptions extends TtlvOptions {
  readonly to: (typeof SHOWN)[number];
  readonly showSecrets?: boolean;
  readonly showWrapped?: boolean;
}

interface EncodeOptions extends TtlvOptions {
  readonly to: (typeof MADE)[number];
  readonly out?: string;
}

/** Adds the commands. */
export function defineTtlv(ttlv: Command): void {
  const add = (name: string, description: string, example: string): Command =>
    ttlv
      .command(`${name} [file]`)
      .description(`${description}; without a file, of standard input`)
      .addOption(choice('--from <form>', 'what comes in; default: told by its bytes', FORMS))
      .addHelpText('after', `\nExample:\n  $ ${example}\n`);

  add('decode', 'show messages', 'echo 42006903000000... | keyward ttlv decode --to json')
    .addOption(choice('--to <form>', 'how they are shown', SHOWN).default('text'))
    .option('--show-secrets', 'show key material and passwords, which otherwise read [redacted]')
    .option('--show-wrapped', 'show wrapped keys, which are encrypted')
    .action((file: string | undefined, options: DecodeOptions) => decode(file, options));
  add('encode', 'make the bytes of a message', 'keyward ttlv encode request.xml --to binary --out request.bin')
    .addOption(choice('--to <form>', 'what comes out', MADE).default('hex'))
    .option('--out <file>', 'write them into a new file (mode 0600)')
    .action((file: string | undefined, options: EncodeOptions) => encode(file, options));
}

function decode(file: string | undefined, options: DecodeOptions): void {
  const format = FORMATS[options.to];
  const { showSecrets = false, showWrapped = false } = options;
  for (const message of readMessages(file, options)) {
    try {
      process.stdout.write(format(message, { redact: !showSecrets, showWrapped }));
    } finally {
      wipeTree(message);
    }
  }
}

const FORMATS = { text: formatTtlvText, xml: formatTtlvXml, json: formatTtlvJson } as const;

function encode(file: string | undefined, options: EncodeOptions): void {
  const { to } = options;
  if (to === 'binary' && options.out === undefined && process.stdout.isTTY)
    throw new UsageError('ERR_TERMINAL', 'bytes are not for a terminal', { hint: 'give --out FILE, or --to hex' });
  const parts = readMessages(file, options).map((message) => {
    try {
      return encodeTtlv(message);
    } finally {
      wipeTree(message);
    }
  });
  const bytes = Buffer.concat(parts);
  const result = to === 'hex' ? Buffer.concat([encodeHex(bytes), Buffer.from('\n')]) : bytes;
  for (const part of [...parts, bytes]) if (part !== result) part.fill(0);
  writeResult(result, options.out);
  if (options.out !== undefined) print(`wrote ${options.out}`);
}

/** The messages of the input: binary and hex may hold several, one behind the other. The holder wipes them. */
function readMessages(file: string | undefined, { from }: TtlvOptions): TtlvNode[] {
  const input = readFileSync(file ?? 0);
  try {
    if (input.length === 0) throw new FormatError('ERR_TTLV_TRUNCATED', 'there is nothing to read', { offset: 0 });
    const form = from ?? detectForm(input);
    if (form === 'xml') return [parseTtlvXml(decodeUtf8(input))];
    if (form === 'json') return [parseTtlvJson(decodeUtf8(input))];
    if (form === 'text') return [parseTtlvText(decodeUtf8(input))];
    if (form === 'binary') return splitMessages(input);
    const digits = hexDigits(input);
    const bytes = decodeHex(digits);
    digits.fill(0);
    try {
      return splitMessages(bytes);
    } finally {
      bytes.fill(0);
    }
  } finally {
    input.fill(0);
  }
}

function splitMessages(bytes: Uint8Array): TtlvNode[] {
  const messages: TtlvNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = endOfMessage(bytes, at);
    messages.push(readTtlvTree(bytes.subarray(at, end)));
    at = end;
  }
  return messages;
}

/** Where the message at `at` ends: after the length that it says, if a tag stands there; else all the rest is its own. */
function endOfMessage(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < 8) return bytes.length;
  const end = at + 8 + new DataView(bytes.buffer, bytes.byteOffset + at + 4).getUint32(0);
  const next = bytes[end];
  return next === 0x42 || next === 0x54 ? end : bytes.length;
}

/** Tells what some bytes are: control characters are in no text, and hex is nothing but digits. */
function detectForm(bytes: Uint8Array): Form {
  if (bytes.some((b) => b < 0x20 && b !== 0x09 && b !== 0x0a && b !== 0x0d)) return 'binary';
  const first = bytes.find((b) => !SPACES.includes(b) && !BOM.includes(b));
  if (first === 0x3c) return 'xml'; // <
  if (first === 0x7b) return 'json'; // {
  return isHex(bytes) ? 'hex' : 'text';
}

const SPACES: readonly number[] = [0x09, 0x0a, 0x0d, 0x20];
const BOM: readonly number[] = [0xef, 0xbb, 0xbf];

/** Hex digits in pairs, with `0x` before them, and spaces, colons or line ends between them. */
function isHex(bytes: Uint8Array): boolean {
  const digits = hexDigits(bytes);
  const plain =
    digits.length > 0 && digits.length % 2 === 0 && digits.every((b) => /[\da-fA-F]/.test(String.fromCharCode(b)));
  digits.fill(0);
  return plain;
}

function hexDigits(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = bytes.findIndex((b) => !SPACES.includes(b));
  const prefixed = bytes[start] === 0x30 && ((bytes[start + 1] ?? 0) | 0x20) === 0x78;
  return new Uint8Array(bytes.subarray(prefixed ? start + 2 : 0)).filter((b) => !SPACES.includes(b) && b !== 0x3a);
}
