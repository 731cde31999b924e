/** Runs the machines of claim.ts and removal.ts against a server: makes keys, rotates them, removes them. Layer: keyring. */
import { formatHex } from '../../bytes.ts';
import { StateError } from '../../errors.ts';
import type { KeyName, NewKey } from '../backend.ts';
import type { KeyringKeyInfo } from '../keyring.ts';
import { keyExists, keyNotFound } from '../memory.ts';
import { assertSameLength } from '../rules.ts';
import {
  advance,
  type ClaimCommand,
  type ClaimEnd,
  type ClaimEvent,
  type ClaimState,
  commandOf,
  startClaim,
} from './claim.ts';
import { CallDeadline } from './deadline.ts';
import { AES_BYTES, type KeyObject, type KeyObjects } from './objects.ts';
import { destroyed, looked, removalCommand, startRemoval } from './removal.ts';

/** What a maker needs besides the objects. */
export interface MakerOptions {
  readonly objects: KeyObjects;
  /** Being active is not enough for being ready. */
  readonly marks: boolean;
  /** AES keys are made here, never by the server. */
  readonly registers: boolean;
  readonly graceMs: number;
  readonly maxRounds: number;
  randomBytes(length: number): Uint8Array<ArrayBuffer>;
  /** Milliseconds of a clock that only goes forward. */
  clock(): number;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** Bytes of a secret: from the server where it makes them. The caller's to wipe. */
  secretBytes(lengthBytes: number, deadline: CallDeadline): Promise<Uint8Array<ArrayBuffer>>;
}

/** Wait after a collision: random, up to this much in the first round, twice as much in each further one. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** How long cleaning up after a failure may take: the call's own time may be over. */
const CLEAN_UP_MS = 5000;

/** What is to be made: a first version, or the version after the newest, like it, of bytes given or (null) random ones. */
export type WantedKey =
  | { readonly goal: 'first'; readonly key: NewKey }
  | { readonly goal: 'next'; readonly bytes: Uint8Array | null };

/** Makes it. @throws {StateError} ERR_KEYRING_EXISTS, ERR_KEY_NOT_FOUND, ERR_KEYRING_BUSY; {UsageError} ERR_KEYRING_LENGTH */
export async function makeKey(
  name: KeyName,
  wanted: WantedKey,
  deadline: CallDeadline,
  options: MakerOptions,
): Promise<KeyringKeyInfo> {
  const { marks, maxRounds } = options;
  const claim = formatHex(options.randomBytes(12));
  const plan = { goal: wanted.goal, marks, claim, maxRounds };
  const run = new Run(name, wanted, deadline, options);
  let state = startClaim<KeyObject>(plan);
  for (;;) {
    const command = commandOf(state);
    if (command.do === 'end') return run.finish(command.end);
    state = advance(state, await run.carryOut(command, state));
  }
}

/** Removes all versions of a key. @returns the Unique Identifiers of what was destroyed; null when there was no key */
export async function removeKey(
  name: KeyName,
  deadline: CallDeadline,
  objects: KeyObjects,
): Promise<readonly string[] | null> {
  const uids: string[] = [];
  let state = startRemoval();
  for (;;) {
    const command = removalCommand(state);
    if (command.do === 'end') return command.removed ? uids : null;
    if (command.do === 'look') state = looked(state, await objects.look(name, deadline));
    else {
      await objects.destroy(command.uid, deadline);
      uids.push(command.uid);
      state = destroyed(state);
    }
  }
}

/** One claim under way. */
class Run {
  readonly #name: KeyName;
  readonly #wanted: WantedKey;
  readonly #deadline: CallDeadline;
  readonly #options: MakerOptions;
  /** Of cleaning up after a failure, once that has begun. */
  #cleaning: CallDeadline | null = null;
  /** When the present candidate was asked for. */
  #createdAt = 0;

  constructor(name: KeyName, wanted: WantedKey, deadline: CallDeadline, options: MakerOptions) {
    this.#name = name;
    this.#wanted = wanted;
    this.#deadline = deadline;
    this.#options = options;
  }

  async carryOut(command: ClaimCommand<KeyObject>, state: ClaimState<KeyObject>): Promise<ClaimEvent<KeyObject>> {
    try {
      return await this.#request(command, state);
    } catch (error) {
      return { is: 'failed', error };
    }
  }

  /** The result, or its error. */
  finish(end: ClaimEnd<KeyObject>): KeyringKeyInfo {
    switch (end.result) {
      case 'won': {
        const { type, lengthBytes } = this.#like(end.base);
        return { ...this.#name, type, lengthBytes, version: end.version, backendKeyId: end.uid };
      }
      case 'exists':
        throw keyExists();
      case 'missing':
        throw keyNotFound();
      case 'busy':
        throw new StateError(
          'ERR_KEYRING_BUSY',
          'others keep making a key of that owner and id, or left one unfinished',
          {
            hint: 'try again; what was left unfinished is collected once it is old enough: keyward keyring gc',
          },
        );
      case 'failed':
        throw end.error;
    }
  }

  async #request(command: ClaimCommand<KeyObject>, state: ClaimState<KeyObject>): Promise<ClaimEvent<KeyObject>> {
    const { objects } = this.#options;
    switch (command.do) {
      case 'look':
        return { is: 'seen', objects: await objects.look(this.#name, this.#deadlineOf(state)), late: this.#isLate() };
      case 'create':
        return await this.#create(command);
      case 'activate':
      case 'mark':
        // Never while others may take the candidate for left behind.
        if (this.#isLate() && !state.unsure) return { is: 'late' };
        return await objects[command.do](command.uid, this.#deadline);
      case 'withdraw':
        await objects.destroy(command.uid, this.#deadlineOf(state));
        return { is: 'done' };
      case 'collect':
        await objects.collect(command.uid, this.#deadline);
        return { is: 'done' };
      case 'pause': {
        const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (command.round - 1));
        const { signal, timeoutMs } = this.#deadline.call();
        await this.#options.sleep(Math.min(timeoutMs, longest * this.#random()), signal);
        return { is: 'done' };
      }
      case 'end':
        throw new Error('nothing to carry out');
    }
  }

  async #create(command: ClaimCommand<KeyObject> & { readonly do: 'create' }): Promise<ClaimEvent<KeyObject>> {
    const { attempt, version, base } = command;
    const { type, lengthBytes } = this.#like(base);
    const identity = { ...this.#name, type, lengthBytes, version, attempt };
    const given = this.#wanted.goal === 'first' ? this.#wanted.key.bytes : this.#wanted.bytes;
    assertSameLength(lengthBytes, given);
    // A key that was stored may have a length of its own, and so have the versions after it: no server makes AES keys of that.
    const isServers = given === null && type === 'AES' && AES_BYTES.includes(lengthBytes) && !this.#options.registers;
    const made = given === null && !isServers ? await this.#options.secretBytes(lengthBytes, this.#deadline) : null;
    this.#createdAt = this.#options.clock();
    try {
      const uid = await this.#options.objects.create(identity, made ?? given, this.#deadline);
      return uid === null ? { is: 'unknown' } : { is: 'created', uid };
    } finally {
      made?.fill(0);
    }
  }

  /** Type and length: those of a first version were asked for, a next one is like the one before. */
  #like(base: KeyObject | null): { readonly type: string; readonly lengthBytes: number } {
    return this.#wanted.goal === 'first' ? this.#wanted.key : (base as KeyObject).info;
  }

  /** Half of the grace time is for the clocks of others, and for what is on its way. */
  #isLate(): boolean {
    return this.#options.clock() - this.#createdAt > this.#options.graceMs / 2;
  }

  /** The call's, until it has failed: cleaning up after that has a time of its own, and no signal. */
  #deadlineOf({ after }: ClaimState<KeyObject>): CallDeadline {
    if (typeof after !== 'object' || after.result !== 'failed') return this.#deadline;
    this.#cleaning ??= new CallDeadline({}, CLEAN_UP_MS, this.#options.clock);
    return this.#cleaning;
  }

  /** From 0 to 1. */
  #random(): number {
    const [a = 0, b = 0] = this.#options.randomBytes(2);
    return (256 * a + b) / 65_535;
  }
}
