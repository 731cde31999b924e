/**
 * Answers as other servers give them, where they differ from the specification and clients have broken on it: so that a client can be
 * tested against them without having them. Off unless asked for. Sources: PyKMIP 0.10's server as Debian ships it; hashicorp/vault
 * #24309 and #9147; the commit log of Percona-Lab/libkmip for Fortanix. Layer: kmip/server, Node only.
 */
import { UsageError } from '../../errors.ts';
import { encodeTtlv, ItemType, ObjectType, readTtlvTree, Tag, type TtlvNode, wipeTree } from '../../ttlv/index.ts';
import type { KeyBlock, OperationName, ReceivedRequest, ResponseItem } from '../index.ts';
import { type ReasonName, refuse } from './refusal.ts';

/** The servers that can be imitated. */
export type QuirkName = 'pykmip' | 'vault' | 'fortanix';

/** How a server differs. */
export interface Quirks {
  /** Its operations, where they are fewer. */
  readonly operations?: ReadonlySet<OperationName>;
  readonly vendorIdentification?: string;
  readonly uniqueNames?: boolean;
  /** Whether its Query names no object types. */
  readonly hidesObjectTypes?: boolean;
  /** Looks at a request as a whole: a reason and a text to refuse it. */
  refusesRequest?(request: ReceivedRequest, now: bigint): readonly [ReasonName, string] | undefined;
  /** Looks at an operation's payload; refuses what the server refuses. */
  checkPayload?(operation: OperationName, payload: object): void;
  /** Changes the answer to an operation that succeeded. */
  changeAnswer?(item: ResponseItem): ResponseItem;
  /** Changes the encoded answer: what the encoder would not write. The bytes given are wiped. */
  changeBytes?(response: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** The quirks of a server; none for none. @throws {UsageError} ERR_OPTION for a server that is not known */
export function quirksOf(name: QuirkName | undefined): Quirks {
  if (name === undefined) return {};
  if (!Object.hasOwn(QUIRKS, name))
    throw new UsageError('ERR_OPTION', `quirks: one of ${Object.keys(QUIRKS).join(', ')}`);
  return QUIRKS[name];
}

const PYKMIP: Quirks = {
  operations: /* @__PURE__ */ new Set<OperationName>([
    'Create',
    'CreateKeyPair',
    'Register',
    'DeriveKey',
    'Locate',
    'Get',
    'GetAttributes',
    'GetAttributeList',
    'Activate',
    'Revoke',
    'Destroy',
    'Query',
    'DiscoverVersions',
    'Encrypt',
    'Decrypt',
    'Sign',
    'SignatureVerify',
    'MAC',
  ]),
  vendorIdentification: 'PyKMIP 0.10.0 Software Server',
  uniqueNames: false,
  hidesObjectTypes: true,
  refusesRequest({ batchErrorContinuationOption, asynchronousIndicator, timeStamp }, now) {
    if (timeStamp !== undefined && timeStamp > now) return ['InvalidMessage', 'Future request rejected by server.'];
    if (asynchronousIndicator === true) return ['InvalidMessage', 'Asynchronous operations are not supported.'];
    if (batchErrorContinuationOption === 'Undo')
      return ['InvalidMessage', 'Undo option for batch handling is not supported.'];
    return undefined;
  },
  checkPayload(_operation, payload) {
    if (/"attributeName":"x-/.test(JSON.stringify(payload, withoutBytes)))
      refuse('InvalidField', 'The attribute is unsupported.');
  },
  changeAnswer: (item) => changeBlock(item, wrapInStructure),
};

/** PyKMIP writes, and reads, a wrapped key inside of a Key Value structure, where the specification has a Byte String. */
function wrapInStructure(block: KeyBlock): KeyBlock {
  return block.keyValue instanceof Uint8Array ? { ...block, keyValue: { keyMaterial: block.keyValue } } : block;
}

const VAULT: Quirks = {
  vendorIdentification: 'HashiCorp Vault',
  // An Object Type that no version has in a Register response.
  changeAnswer(item) {
    if (item.operation !== 'Register' || item.responsePayload === undefined) return item;
    const type: TtlvNode = { tag: Tag.ObjectType, type: ItemType.Enumeration, value: ObjectType.SymmetricKey };
    return { ...item, responsePayload: { ...item.responsePayload, unknown: [type] } } as ResponseItem;
  },
  // A field of 1.4 in the header to every client.
  changeBytes(response) {
    const { tag, value } = readTtlvTree(response) as TtlvNode & { readonly value: readonly TtlvNode[] };
    const [header, ...items] = value;
    const [count, ...before] = [...(header!.value as readonly TtlvNode[])].reverse();
    const fields = [...before.reverse(), CORRELATION, count!];
    const changed: TtlvNode = {
      tag,
      type: ItemType.Structure,
      value: [{ tag: header!.tag, type: ItemType.Structure, value: fields }, ...items],
    };
    response.fill(0);
    const bytes = encodeTtlv(changed);
    wipeTree(changed);
    return bytes;
  },
};

const CORRELATION: TtlvNode = { tag: Tag.ServerCorrelationValue, type: ItemType.TextString, value: 'vault' };

/** Bits of Encrypt and Decrypt. */
const CIPHER_MASK = 12;

const FORTANIX: Quirks = {
  vendorIdentification: 'Fortanix Data Security Manager',
  checkPayload(operation, payload) {
    const { objectType, templateAttribute } = payload as {
      readonly objectType?: unknown;
      readonly templateAttribute?: {
        readonly attribute?: readonly { attributeName: string; attributeValue: unknown }[];
      };
    };
    if (operation !== 'Register' || objectType !== 'SecretData') return;
    const mask = templateAttribute?.attribute?.find((one) => one.attributeName === 'Cryptographic Usage Mask');
    if ((Number(mask?.attributeValue ?? 0) & CIPHER_MASK) !== 0)
      refuse('InvalidField', 'operation not permitted for object type Secret');
  },
  // Secrets come as Raw, whatever they went in as.
  changeAnswer: (item) =>
    changeBlock(item, (block) => (block.keyFormatType === 'Opaque' ? { ...block, keyFormatType: 'Raw' } : block)),
};

const QUIRKS: Readonly<Record<QuirkName, Quirks>> = { pykmip: PYKMIP, vault: VAULT, fortanix: FORTANIX };

/** Changes the key block of what a Get hands out. */
function changeBlock(item: ResponseItem, change: (block: KeyBlock) => KeyBlock): ResponseItem {
  const payload = item.responsePayload as Readonly<Record<string, unknown>> | undefined;
  if (item.operation !== 'Get' || payload === undefined) return item;
  for (const field of ['symmetricKey', 'secretData', 'privateKey', 'publicKey'] as const) {
    const holder = payload[field] as { readonly keyBlock: KeyBlock } | undefined;
    if (holder === undefined) continue;
    const keyBlock = change(holder.keyBlock);
    return { ...item, responsePayload: { ...payload, [field]: { ...holder, keyBlock } } } as unknown as ResponseItem;
  }
  return item;
}

function withoutBytes(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array || typeof value === 'bigint' ? undefined : value;
}
