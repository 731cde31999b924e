/**
 * Reading TTLV: one call of the wasm validates a whole message, then `TtlvMessage` reads from it. `readTtlv` lends the
 * copy in linear memory for the length of one synchronous call; `parseTtlv` makes a message with a copy of its own.
 * The writer is in ttlv-writer.ts. Layer: core.
 */
import { FormatError, type KeywardError, LimitError, UsageError } from '../errors.ts';
import { ARENA, ARENA_BYTES, STATUS, TTLV_IN, TTLV_IN_BYTES, TTLV_SCRATCH_BYTES } from './generated/layout.ts';
import { splitStatus, statusError } from './status.ts';
import { messageOver, type OwnedMessage, type TagName, type TtlvMessage } from './ttlv-message.ts';
import { core, memory } from './wasm.ts';

/** What a message may be. Unknown options are refused. */
export interface TtlvLimits {
  /** `strict` (default): padding bytes must be 0. `tolerant`: they may be anything. */
  readonly padding?: 'strict' | 'tolerant';
  /** `strict` (default): tags are 42xxxx (standard) or 54xxxx (extensions). `tolerant`: they may be anything. */
  readonly tags?: 'strict' | 'tolerant';
  /** Bytes of the whole message; default, and at most, 8 MiB. */
  readonly maxBytes?: number;
  /** Structures inside each other; default 32, at most 1,024. */
  readonly maxDepth?: number;
  /** Items, structures included; default 250,000. */
  readonly maxItems?: number;
}

interface Limits {
  readonly flags: number;
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxItems: number;
}

const ANY_PADDING = 1;
const ANY_TAG = 2;
const DEFAULTS: Limits = { flags: 0, maxBytes: ARENA_BYTES, maxDepth: 32, maxItems: 250_000 };
const OPTIONS = ['padding', 'tags', 'maxBytes', 'maxDepth', 'maxItems'];

/** The message that `readTtlv` lends: always the same one, over the same window. */
let lendable: OwnedMessage | undefined;
/** True while a `readTtlv` callback runs: the window is taken. */
let lent = false;

/**
 * Validates a message and returns its number of items. The caller's bytes are copied and not changed; the copy is wiped.
 *
 * @throws {FormatError} ERR_TTLV_TRUNCATED, _TAG, _TYPE, _LENGTH, _PADDING, _BOOLEAN, _UTF8, _TRAILING, with offset and tag path
 * @throws {LimitError} ERR_TTLV_SIZE, ERR_TTLV_DEPTH, ERR_TTLV_COUNT
 * @throws {UsageError} ERR_OPTION
 */
export function validateTtlv(bytes: Uint8Array, options?: TtlvLimits, tagName: TagName = formatTag): number {
  const limits = options === undefined ? DEFAULTS : readLimits(options);
  const at = windowFor(bytes.length, limits, lent);
  memory().set(bytes, at);
  try {
    return validateAt(at, bytes, limits, tagName);
  } finally {
    core().wipe(at, bytes.length);
  }
}

/**
 * Validates a message and gives it a copy of its own, which lives until it is disposed of. The caller's bytes are not changed.
 *
 * @throws as `validateTtlv`
 */
export function parseTtlv(bytes: Uint8Array, options?: TtlvLimits, tagName: TagName = formatTag): TtlvMessage {
  const limits = options === undefined ? DEFAULTS : readLimits(options);
  const at = windowFor(bytes.length, limits, lent);
  memory().set(bytes, at);
  try {
    validateAt(at, bytes, limits, tagName);
    const copy = memory().slice(at, at + bytes.length);
    const owned = messageOver(new Int32Array(copy.buffer), copy, 0, () => copy.fill(0));
    owned.lend(tagName);
    return owned.message;
  } finally {
    core().wipe(at, bytes.length);
  }
}

/**
 * Validates a message and lends it to `read` for the length of this call: the fastest way to take a few fields out.
 * The message is wiped, and refuses to be read, once `read` has returned or thrown; so `read` returns values, not the
 * message. It must be synchronous; calls of the core inside it are allowed, `readTtlv` included.
 *
 * @throws as `validateTtlv`, and what `read` throws
 */
export function readTtlv<T>(
  bytes: Uint8Array,
  read: (message: TtlvMessage) => T,
  options?: TtlvLimits,
  tagName: TagName = formatTag,
): T {
  const length = bytes.length;
  if (lent || length > TTLV_IN_BYTES) return readCopy(bytes, read, options, tagName);
  const limits = options === undefined ? DEFAULTS : readLimits(options);
  if (length > limits.maxBytes) throw tooLarge(length, limits);
  const wasm = core();
  const view = memory();
  lendable ??= messageOver(new Int32Array(view.buffer), view, TTLV_IN, () => core().wipe(TTLV_IN, TTLV_IN_BYTES));
  const lending = lendable;
  lending.lend(tagName);
  lent = true;
  view.set(bytes, TTLV_IN);
  try {
    const status = wasm.ttlvValidate(TTLV_IN, length, limits.flags, limits.maxDepth, limits.maxItems);
    if (status < 0) throw ttlvError(status, bytes, limits, tagName);
    return read(lending.message);
  } finally {
    lending.end();
    wasm.wipe(TTLV_IN, length);
    lent = false;
  }
}

function readCopy<T>(
  bytes: Uint8Array,
  read: (message: TtlvMessage) => T,
  options: TtlvLimits | undefined,
  tagName: TagName,
): T {
  const message = parseTtlv(bytes, options, tagName);
  try {
    return read(message);
  } finally {
    message.dispose();
  }
}

/** Where in linear memory a message of this length is validated. */
function windowFor(length: number, limits: Limits, windowTaken: boolean): number {
  if (length > limits.maxBytes) throw tooLarge(length, limits);
  return windowTaken || length > TTLV_IN_BYTES ? ARENA : TTLV_IN;
}

function validateAt(at: number, bytes: Uint8Array, limits: Limits, tagName: TagName): number {
  const status = core().ttlvValidate(at, bytes.length, limits.flags, limits.maxDepth, limits.maxItems);
  if (status < 0) throw ttlvError(status, bytes, limits, tagName);
  return status;
}

function ttlvError(status: number, bytes: Uint8Array, limits: Limits, tagName: TagName): KeywardError {
  const { code, offset } = splitStatus(status);
  if (code === STATUS.TTLV_DEPTH) {
    const { maxDepth: limit } = limits;
    return new LimitError(
      'ERR_TTLV_DEPTH',
      `TTLV: more than ${limit} structures inside each other at offset ${offset}`,
      {
        limit,
        actual: limit + 1,
      },
    );
  }
  if (code === STATUS.TTLV_COUNT) {
    const { maxItems: limit } = limits;
    return new LimitError('ERR_TTLV_COUNT', `TTLV: more than ${limit} items`, { limit, actual: limit + 1 });
  }
  const plain = statusError(status, 'TTLV');
  const path = tagPath(bytes, offset, tagName);
  const where = path.length > 0 ? `${plain.message} in ${path.join('.')}` : plain.message;
  return new FormatError(plain.code, where, { offset, path });
}

function tooLarge(actual: number, { maxBytes: limit }: Limits): LimitError {
  return new LimitError('ERR_TTLV_SIZE', `TTLV message of ${actual} bytes: the limit is ${limit}`, { limit, actual });
}

/** The tags around an offset of a message whose items before it are well-formed; the item there is the last. */
function tagPath(bytes: Uint8Array, offset: number, tagName: TagName): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const path: string[] = [];
  let at = 0;
  let end = bytes.length; // of the structure in which `at` lies
  while (at + 8 <= end) {
    const next = at + 8 + Math.ceil(view.getUint32(at + 4) / 8) * 8;
    if (offset < next) {
      path.push(tagName(view.getUint32(at) >>> 8));
      if (view.getUint8(at + 3) !== 1 || offset < at + 8) break;
      end = Math.min(end, next);
      at += 8;
    } else if (path.length === 0) break;
    else at = next;
  }
  return path;
}

/** A tag as its six hex digits. */
export function formatTag(ttlvTag: number): string {
  return `0x${ttlvTag.toString(16).padStart(6, '0')}`;
}

function readLimits(options: TtlvLimits): Limits {
  for (const key of Object.keys(options))
    if (!OPTIONS.includes(key)) throw new UsageError('ERR_OPTION', `unknown option ${key}`);
  const { padding = 'strict', tags = 'strict' } = options;
  if (padding !== 'strict' && padding !== 'tolerant')
    throw new UsageError('ERR_OPTION', "padding must be 'strict' or 'tolerant'");
  if (tags !== 'strict' && tags !== 'tolerant')
    throw new UsageError('ERR_OPTION', "tags must be 'strict' or 'tolerant'");
  return {
    flags: (padding === 'strict' ? 0 : ANY_PADDING) | (tags === 'strict' ? 0 : ANY_TAG),
    maxBytes: limitOf(options, 'maxBytes', ARENA_BYTES),
    maxDepth: limitOf(options, 'maxDepth', TTLV_SCRATCH_BYTES / 4),
    maxItems: limitOf(options, 'maxItems', ARENA_BYTES / 8),
  };
}

function limitOf(options: TtlvLimits, name: 'maxBytes' | 'maxDepth' | 'maxItems', most: number): number {
  const value = options[name] ?? DEFAULTS[name];
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new UsageError('ERR_OPTION', `${name} must be an integer from 0 to ${most}`);
  return value;
}
