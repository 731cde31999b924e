/**
 * Which version to speak with a server: the newest that both know, by Discover Versions asked in 1.1, where it appeared. A
 * server that does not know the operation, or not even 1.1, speaks 1.0 (KMIP 1.1, section 4.26). Pure. Layer: kmip/client.
 */
import { UnsupportedError } from '../../errors.ts';
import {
  isKmipVersion,
  type KmipVersion,
  type RequestMessage,
  type ResponseItem,
  type ResponseMessage,
} from '../index.ts';
import { refusalOf } from './answer.ts';

/** The question. */
export const DISCOVER_VERSIONS: RequestMessage = {
  protocolVersion: '1.1',
  batchItem: [{ operation: 'DiscoverVersions', requestPayload: {} }],
};

/**
 * Chooses from a server's answer.
 *
 * @param versions what the client may speak, the newest first
 * @throws {ProtocolError} what the server refused with, when it was not the operation or the version
 * @throws {UnsupportedError} ERR_KMIP_NO_COMMON_VERSION
 */
export function chooseVersion(response: ResponseMessage, versions: readonly KmipVersion[]): KmipVersion {
  const [item] = response.batchItem as readonly [ResponseItem, ...ResponseItem[]];
  if (item.resultStatus !== 'Success') {
    if (!isTooNew(response, item)) throw refusalOf(item, 'DiscoverVersions');
    return common(['1.0'], versions);
  }
  const listed = (item as ResponseItem<'DiscoverVersions'>).responsePayload?.protocolVersion ?? [];
  // With an empty list a server says no more than that it can read what it was asked.
  return common(listed.length > 0 ? listed : [response.protocolVersion], versions);
}

/** Says whether the server failed because it is older than the question. */
function isTooNew(response: ResponseMessage, { resultReason }: ResponseItem): boolean {
  if (resultReason === 'OperationNotSupported') return true;
  const isVersion =
    resultReason === 'InvalidMessage' || resultReason === 'FeatureNotSupported' || resultReason === 'InvalidField';
  return isVersion && response.protocolVersion === '1.0';
}

function common(theirs: readonly string[], ours: readonly KmipVersion[]): KmipVersion {
  const version = ours.find((v) => theirs.includes(v));
  if (version !== undefined && isKmipVersion(version)) return version;
  const message = `the server speaks KMIP ${theirs.join(', ')}; this client ${ours.join(', ')}`;
  throw new UnsupportedError('ERR_KMIP_NO_COMMON_VERSION', message);
}
