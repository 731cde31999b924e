/**
 * What an operation is given beside its payload: the client, the version it speaks, the time, the transaction of its batch and the
 * ID Placeholder. One context lives as long as one batch. Layer: kmip/server, Node only.
 */
import type {
  Attribute,
  ExtensionInformation,
  KmipVersion,
  OperationName,
  RequestPayloads,
  ResponsePayloads,
} from '../index.ts';
import type { PendingRequests } from './asynchronous.ts';
import type { GroupTurns } from './group-turns.ts';
import type { Quirks } from './quirks.ts';
import type { ObjectTransaction, StoredObject } from './store.ts';
import type { DataStreams } from './streams.ts';

/** Who asks. */
export interface Client {
  /** The name that its objects belong to: the common name of its certificate. Not empty. */
  readonly owner: string;
}

/** What the server is, the same for all requests. */
export interface Server {
  readonly randomBytes: (lengthBytes: number) => Uint8Array<ArrayBuffer>;
  readonly vendorIdentification: string;
  /** Lease Time of new objects, seconds. */
  readonly leaseTimeSeconds: number;
  /** Whether an owner's live objects of one type must have different names. */
  readonly uniqueNames: boolean;
  /** Answer to Query Extension List and Map. */
  readonly extensions: readonly ExtensionInformation[];
  readonly quirks: Quirks;
  readonly pending: PendingRequests;
  readonly streams: DataStreams;
  readonly turns: GroupTurns;
}

/** The surroundings of an operation. */
export class Context {
  readonly client: Client;
  readonly version: KmipVersion;
  /** Seconds since 1970. */
  readonly now: bigint;
  readonly transaction: ObjectTransaction;
  readonly server: Server;
  /** The ID Placeholder. */
  placeholder: string | undefined;
  /** Templates that were read, by their records: a request may name one in every item. */
  readonly templates: Map<StoredObject, readonly Attribute[]> = new Map();
  readonly #wipes: (() => void)[] = [];
  #heldBytes = 0;

  constructor(parts: {
    readonly client: Client;
    readonly version: KmipVersion;
    readonly now: bigint;
    readonly transaction: ObjectTransaction;
    readonly server: Server;
  }) {
    this.client = parts.client;
    this.version = parts.version;
    this.now = parts.now;
    this.transaction = parts.transaction;
    this.server = parts.server;
  }

  /** Keeps secret bytes to be wiped when the answer has been written. Gives them back. */
  wipeLater<T extends Uint8Array>(bytes: T): T {
    this.#heldBytes += bytes.length;
    this.#wipes.push(() => bytes.fill(0));
    return bytes;
  }

  /** Secret bytes that are kept until the answer has been written. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Has something done when the answer has been written. */
  onWipe(wipe: () => void): void {
    this.#wipes.push(wipe);
  }

  /** Zeroes everything given to `wipeLater`. */
  wipe(): void {
    for (const wipe of this.#wipes.splice(0)) wipe();
    this.#heldBytes = 0;
  }
}

/** One operation. */
export interface Handler<O extends OperationName> {
  /**
   * Does what takes long, before `run` and outside of this thread: keys are generated here, and passwords stretched. It reads, and
   * changes nothing.
   */
  prepare?(payload: RequestPayloads[O], context: Context): Promise<unknown>;
  /** Does the operation, without waiting. Refuses by throwing a `Refusal`; what it changed until then is taken back. */
  run(payload: RequestPayloads[O], context: Context, prepared: unknown): ResponsePayloads[O];
}
