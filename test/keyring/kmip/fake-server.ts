/**
 * A KMIP server of the operations that a keyring uses, in memory, at the level of messages' payloads: each request is one atomic
 * step, carried out a few turns of the event loop after it was sent. Servers' habits and faults can be switched on.
 */
import { ProtocolError, TransportError } from '../../../src/errors.ts';
import type { KmipPort } from '../../../src/keyring/kmip/port.ts';
import {
  type Attribute,
  attribute,
  findAttribute,
  type OperationName,
  type RequestItem,
  type RequestPayloads,
  type ResponseItem,
  type ResponsePayloads,
} from '../../../src/kmip/index.ts';

/** What kind of server it is. */
export interface FakeServerOptions {
  /** As Query lists them; null: Query is refused. Default: all that this server has. */
  readonly operations?: readonly string[] | null;
  /** Custom attributes and Add Attribute. Default true. */
  readonly customAttributes?: boolean;
  /** Locate also gives objects that lack the attribute asked for, as PyKMIP does. */
  readonly overMatches?: boolean;
  /** Destroyed objects stay, in state Destroyed. Default false: they are gone. */
  readonly keepsDestroyed?: boolean;
  /** Takes messages of several requests. Default true. */
  readonly batches?: boolean;
  /** Seconds since 1970. */
  readonly now?: () => number;
  /** How many turns a request waits for its turn. Default 1. */
  readonly turns?: () => number;
  /** What becomes of a request. Default: it is carried out and answered. */
  readonly fate?: (operation: string, payload: object) => Fate;
}

/** `lost`: carried out, the answer is lost · `dropped`: not carried out · `late`: carried out later, the answer is lost · `down`. */
export type Fate = 'answered' | 'lost' | 'dropped' | 'late' | 'down' | ProtocolError;

export interface FakeObject {
  readonly uid: string;
  readonly objectType: string;
  attributes: Attribute[];
  state: string;
  readonly bytes: Uint8Array;
}

const ALL = [
  'Create',
  'Register',
  'Locate',
  'Get',
  'GetAttributes',
  'Activate',
  'Revoke',
  'Destroy',
  'AddAttribute',
  'Query',
  'RNGRetrieve',
];

export class FakeServer {
  readonly objects: Map<string, FakeObject> = new Map();
  /** Operations as they were carried out. */
  readonly log: string[] = [];
  /** Batches that were sent, by their lengths; those that were refused, too. */
  readonly batches: number[] = [];
  readonly #options: FakeServerOptions;
  #next = 1;
  /** What is still on its way although nobody waits. */
  #late: (() => void)[] = [];

  constructor(options: FakeServerOptions = {}) {
    this.#options = options;
  }

  /** A client's way to it. */
  port(fate: FakeServerOptions['fate'] = this.#options.fate): KmipPort {
    const request = async <O extends OperationName>(
      operation: O,
      payload: RequestPayloads[O],
      { signal }: { readonly signal?: AbortSignal } = {},
    ): Promise<ResponsePayloads[O]> => {
      signal?.throwIfAborted();
      // The message is encoded when it is sent: what the caller wipes afterwards is no longer needed.
      const sent = structuredClone(payload);
      const turns = this.#options.turns?.() ?? 1;
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      const what = fate?.(operation, payload) ?? 'answered';
      if (what instanceof ProtocolError) throw what;
      if (what === 'down') throw new TransportError('ERR_KMIP_CONNECT', 'no server could be reached');
      const unknown = new TransportError('ERR_KMIP_OUTCOME_UNKNOWN', 'the connection was lost');
      const repeatable = ['Locate', 'Get', 'GetAttributes', 'Query', 'RNGRetrieve'].includes(operation);
      if (what === 'late' && !repeatable) {
        this.#late.push(() => this.#carryOut(operation, sent));
        throw unknown;
      }
      if (what === 'dropped' && !repeatable) throw unknown;
      const answer = this.#carryOut(operation, sent) as ResponsePayloads[O];
      if (what === 'lost' && !repeatable) throw unknown;
      return answer;
    };
    return {
      request,
      // Others get their turns between one item and the next.
      batch: async (items, { onError: _, ...call } = { onError: 'continue' }) => {
        this.batches.push(items.length);
        if (this.#options.batches === false) throw refusal('GetAttributes', 'InvalidMessage', 'one at a time');
        const answers: ResponseItem[] = [];
        for (const { operation, requestPayload } of items)
          answers.push(
            await request(operation as OperationName, requestPayload as never, call).then(
              (responsePayload) => ({ operation, resultStatus: 'Success', responsePayload }) as ResponseItem,
              (error: unknown) => {
                if (!(error instanceof ProtocolError)) throw error;
                const { resultReason, resultMessage } = error;
                return { operation, resultStatus: 'OperationFailed', resultReason, resultMessage } as ResponseItem;
              },
            ),
          );
        return answers;
      },
      locateAll: async (attributes, options) => {
        const { uniqueIdentifier = [] } = await request('Locate', { attribute: attributes }, options);
        return uniqueIdentifier;
      },
      capabilities: async () => {
        const { operations = ALL } = this.#options;
        return operations === null ? null : { operations: new Set(operations) };
      },
      close: async () => undefined,
    };
  }

  /** Answers a Batch Item of a message, for a server that speaks on a wire. */
  answer({ operation, requestPayload }: RequestItem): ResponseItem {
    try {
      const responsePayload = this.#carryOut(String(operation), requestPayload);
      return { operation, resultStatus: 'Success', responsePayload } as ResponseItem;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { resultReason, resultMessage } = error;
      return { operation, resultStatus: 'OperationFailed', resultReason, resultMessage } as ResponseItem;
    }
  }

  /** Carries out what is still on its way. */
  deliver(): void {
    for (const arrive of this.#late.splice(0)) {
      try {
        arrive();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  }

  /** Objects that are not destroyed. */
  get living(): FakeObject[] {
    return [...this.objects.values()].filter(({ state }) => !state.startsWith('Destroyed'));
  }

  #carryOut(operation: string, payload: object): object {
    this.log.push(operation);
    const handler = this.#handlers[operation];
    if (handler === undefined) throw refusal(operation, 'OperationNotSupported', 'not here');
    return handler(payload as Payload);
  }

  readonly #handlers: Record<string, (payload: Payload) => object> = {
    Create: (p) => {
      const length = findAttribute(p.templateAttribute?.attribute, 'Cryptographic Length') as number;
      return this.#add('SymmetricKey', p, crypto.getRandomValues(new Uint8Array(length / 8)));
    },
    Register: (p) => {
      const { keyBlock } = (p.symmetricKey ?? p.secretData) as { keyBlock: { keyValue: { keyMaterial: Uint8Array } } };
      const { uniqueIdentifier } = this.#add(p.objectType as string, p, keyBlock.keyValue.keyMaterial.slice());
      return { uniqueIdentifier };
    },
    Locate: ({ attribute: wanted = [], offsetItems = 0, maximumItems = Number.POSITIVE_INFINITY }) => {
      const found = [...this.objects.values()].filter((o) => this.#matches(o, wanted)).map(({ uid }) => uid);
      return { uniqueIdentifier: found.slice(offsetItems, offsetItems + maximumItems) };
    },
    Query: () => ({ operation: this.#options.operations ?? ALL }),
    Get: (p) => {
      const { uid, objectType, bytes, state } = this.#find('Get', p);
      if (state.startsWith('Destroyed')) throw refusal('Get', 'ItemNotFound', 'destroyed');
      const keyBlock = { keyFormatType: 'Raw', keyValue: { keyMaterial: bytes.slice() } };
      const aes = { ...keyBlock, cryptographicAlgorithm: 'AES', cryptographicLength: 8 * bytes.length };
      const object =
        objectType === 'SymmetricKey'
          ? { symmetricKey: { keyBlock: aes } }
          : { secretData: { secretDataType: 'Password', keyBlock } };
      return { objectType, uniqueIdentifier: uid, ...object };
    },
    GetAttributes: (p) => {
      const o = this.#find('GetAttributes', p);
      const all = [...o.attributes, attribute('State', o.state as 'Active')];
      const names = p.attributeName;
      return { uniqueIdentifier: o.uid, attribute: all.filter((a) => names?.includes(a.attributeName) !== false) };
    },
    Activate: (p) => {
      const o = this.#find('Activate', p);
      if (o.state !== 'PreActive')
        throw refusal('Activate', 'PermissionDenied', 'The object state is not pre-active and cannot be activated.');
      o.state = 'Active';
      return { uniqueIdentifier: o.uid };
    },
    Revoke: (p) => {
      const o = this.#find('Revoke', p);
      if (o.state !== 'Active') throw refusal('Revoke', 'IllegalOperation', 'The object is not active');
      o.state = 'Deactivated';
      return { uniqueIdentifier: o.uid };
    },
    Destroy: (p) => {
      const o = this.#find('Destroy', p);
      if (o.state === 'Active')
        throw refusal('Destroy', 'PermissionDenied', 'Object is active and cannot be destroyed.');
      o.bytes.fill(0);
      if (this.#options.keepsDestroyed === true) o.state = 'Destroyed';
      else this.objects.delete(o.uid);
      return { uniqueIdentifier: o.uid };
    },
    AddAttribute: (p) => {
      const o = this.#find('AddAttribute', p);
      const added = p.attribute as unknown as Attribute;
      if (this.#options.customAttributes === false) throw refusal('AddAttribute', 'OperationNotSupported', 'not here');
      if (o.attributes.some((a) => a.attributeName === added.attributeName))
        throw refusal('AddAttribute', 'IllegalOperation', 'it has one');
      o.attributes.push(added);
      return { uniqueIdentifier: o.uid, attribute: added };
    },
    RNGRetrieve: ({ dataLength = 0 }) => ({ data: crypto.getRandomValues(new Uint8Array(Math.min(dataLength, 1024))) }),
  };

  #add(
    objectType: string,
    { templateAttribute }: Payload,
    bytes: Uint8Array,
  ): { readonly objectType: string; readonly uniqueIdentifier: string } {
    const given = templateAttribute?.attribute ?? [];
    if (this.#options.customAttributes === false && given.some((a) => a.attributeName.startsWith('x-')))
      throw refusal('Create', 'InvalidField', 'no custom attributes here');
    const uid = `uid-${this.#next++}`;
    const made = attribute('Initial Date', BigInt(Math.floor(this.#options.now?.() ?? Date.now() / 1000)));
    const kind = attribute('Object Type', objectType as 'SymmetricKey');
    this.objects.set(uid, { uid, objectType, attributes: [...given, made, kind], state: 'PreActive', bytes });
    return { objectType, uniqueIdentifier: uid };
  }

  #find(operation: string, { uniqueIdentifier }: Payload): FakeObject {
    const found = this.objects.get(uniqueIdentifier ?? '');
    if (found === undefined) throw refusal(operation, 'ItemNotFound', `Could not locate object: ${uniqueIdentifier}`);
    return found;
  }

  #matches({ attributes }: FakeObject, wanted: readonly Attribute[]): boolean {
    return wanted.every(({ attributeName, attributeValue }) => {
      const same = attributes.filter((a) => a.attributeName === attributeName);
      if (same.length === 0) return this.#options.overMatches === true;
      return same.some((a) => JSON.stringify(a.attributeValue) === JSON.stringify(attributeValue));
    });
  }
}

interface Payload {
  readonly uniqueIdentifier?: string;
  readonly objectType?: string;
  readonly templateAttribute?: { readonly attribute?: readonly Attribute[] };
  readonly attribute?: readonly Attribute[];
  readonly attributeName?: readonly string[];
  readonly symmetricKey?: object;
  readonly secretData?: object;
  readonly dataLength?: number;
  readonly offsetItems?: number;
  readonly maximumItems?: number;
}

export function refusal(operation: string, resultReason: string, resultMessage: string): ProtocolError {
  return new ProtocolError(`ERR_KMIP_${resultReason}`, `${operation} failed: ${resultMessage}`, {
    operation,
    resultStatus: 'OperationFailed',
    resultReason,
    resultMessage,
  });
}
