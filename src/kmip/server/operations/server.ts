/** Query, Discover Versions, Cancel, RNG Retrieve and RNG Seed (KMIP 1.4, 4.25, 4.26, 4.28, 4.37, 4.38): what concerns no object. */
import { isInVersion, KMIP_VERSIONS, type OperationName, type ResponsePayloads } from '../../index.ts';
import type { Context, Handler } from '../context.ts';
import { refuse } from '../refusal.ts';

/** Query; `operations` are those that the server has. */
export function queryOf(operations: () => readonly OperationName[]): Handler<'Query'> {
  return {
    run({ queryFunction }, context) {
      const asked = new Set(queryFunction);
      if (asked.size < queryFunction.length) refuse('InvalidMessage', 'a Query Function was given more than once');
      const answers: ResponsePayloads['Query'][] = [];
      for (const one of queryFunction) answers.push(ANSWERS[one]?.(context, operations()) ?? {});
      return Object.assign({}, ...answers) as ResponsePayloads['Query'];
    },
  };
}

type Answer = (context: Context, operations: readonly OperationName[]) => ResponsePayloads['Query'];

const ANSWERS: Readonly<Record<string, Answer>> = {
  QueryOperations: ({ version, server: { quirks } }, operations) => ({
    operation: operations.filter(
      (name) => isInVersion(version, 'Operation', name) && quirks.operations?.has(name) !== false,
    ),
  }),
  QueryObjects: ({ version, server: { quirks } }) =>
    quirks.hidesObjectTypes === true
      ? {}
      : { objectType: OBJECT_TYPES.filter((name) => isInVersion(version, 'ObjectType', name)) },
  QueryServerInformation: ({ server }) => ({
    vendorIdentification: server.vendorIdentification,
    serverInformation: {},
  }),
  QueryExtensionList: ({ server }) => ({
    extensionInformation: server.extensions.map(({ extensionName }) => ({ extensionName })),
  }),
  QueryExtensionMap: ({ server }) => ({ extensionInformation: [...server.extensions] }),
  QueryRNGs: () => ({ rngParameters: [{ rngAlgorithm: 'DRBG', drbgAlgorithm: 'CTR', cryptographicAlgorithm: 'AES' }] }),
  QueryCapabilities: ({ version }) => ({
    capabilityInformation: [
      {
        streamingCapability: true,
        asynchronousCapability: true,
        attestationCapability: false,
        ...(version >= '1.4' && { batchUndoCapability: true, batchContinueCapability: true }),
        unwrapMode: 'Processed',
        destroyAction: 'KeyMaterialDeleted',
        rngMode: 'SharedInstantiation',
      },
    ],
  }),
};

const OBJECT_TYPES = [
  'Certificate',
  'SymmetricKey',
  'PublicKey',
  'PrivateKey',
  'SplitKey',
  'Template',
  'SecretData',
  'OpaqueObject',
  'PGPKey',
] as const;

/** Discover Versions: those of both, in the server's preference; all when the client names none. */
export const discoverVersions: Handler<'DiscoverVersions'> = {
  run({ protocolVersion: asked = [] }) {
    const common = KMIP_VERSIONS.filter((version) => asked.length === 0 || asked.includes(version));
    return { protocolVersion: common };
  },
};

/** Cancel. */
export const cancel: Handler<'Cancel'> = {
  run({ asynchronousCorrelationValue }, { server, client }) {
    const cancellationResult = server.pending.cancel(client.owner, asynchronousCorrelationValue);
    return { asynchronousCorrelationValue, cancellationResult };
  },
};

/** The most random bytes at once. */
const MAX_RANDOM_BYTES = 65_536;

/** RNG Retrieve. */
export const rngRetrieve: Handler<'RNGRetrieve'> = {
  run({ dataLength }, context) {
    if (dataLength < 1 || dataLength > MAX_RANDOM_BYTES)
      refuse('InvalidField', `Data Length is 1 to ${MAX_RANDOM_BYTES}`);
    return { data: context.wipeLater(context.server.randomBytes(dataLength)) };
  },
};

/** RNG Seed: the platform's generator needs no seed from a client; 0 says that it was not used (KMIP 1.4, 4.38). */
export const rngSeed: Handler<'RNGSeed'> = {
  run() {
    return { dataLength: 0 };
  },
};
