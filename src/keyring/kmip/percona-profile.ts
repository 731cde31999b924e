/**
 * Keys as Percona's component_keyring_kmip keeps them, so that both read what the other wrote: the key's id is the Name, the instance
 * the Object Group; an AES key is a Symmetric Key, a SECRET a Secret Data; both are registered and active. There is no place for an
 * owner, a version or another type, so such keys are refused rather than kept as something else. What keyward makes says so in its
 * Application Specific Information (namespace `keyward`, the attempt): by that a candidate whose answer was lost is found again, and
 * by that alone an unfinished object is one of keyward's to clean up. Layer: keyring, pure.
 */
import { encodeUtf8 } from '../../bytes.ts';
import { UnsupportedError, UsageError } from '../../errors.ts';
import { type Attribute, attribute, findAttribute, findAttributes } from '../../kmip/index.ts';
import type { KeyName } from '../backend.ts';
import type { Profile, ReadIdentity } from './profile.ts';

/** Percona's older client cuts longer names, and would then find another key. */
const MAX_ID_BYTES = 250;
/** Of the Application Specific Information. */
const NAMESPACE = 'keyward';
/** A claim's 12 random bytes, and the number of the candidate; other profiles' data in that namespace has slashes. */
const ATTEMPT = /^[0-9a-f]{24}\.[1-9]\d*$/;
const TYPES = { SymmetricKey: 'AES', SecretData: 'SECRET' } as const;

/** Makes the profile. @param group the Object Group; '' for none: then all named objects are keys */
export function makePerconaProfile(group: string): Profile {
  const groups = group === '' ? [] : [attribute('Object Group', group)];
  const nameOf = (id: string): Attribute => attribute('Name', { nameValue: id, nameType: 'UninterpretedTextString' });
  return {
    name: 'percona',
    handle: ({ id }) => [nameOf(id), ...groups],
    everything: () => [
      [attribute('Object Type', 'SymmetricKey'), ...groups],
      [attribute('Object Type', 'SecretData'), ...groups],
    ],
    template: ({ id, attempt }) => [
      nameOf(id),
      ...groups,
      attribute('Application Specific Information', { applicationNamespace: NAMESPACE, applicationData: attempt }),
    ],
    attributeNames: [
      ...['Name', 'Object Group', 'Object Type', 'Cryptographic Algorithm', 'Cryptographic Length'],
      'Application Specific Information',
    ],
    read: (attributes) => readObject(attributes, group),
    assertKeeps,
    rules: 'percona',
    registers: true,
    mark: null,
  };
}

function readObject(attributes: readonly Attribute[], group: string): ReadIdentity | null {
  const id = findAttribute(attributes, 'Name')?.nameValue;
  const objectType = findAttribute(attributes, 'Object Type');
  if (id === undefined || id === '' || (objectType !== 'SymmetricKey' && objectType !== 'SecretData')) return null;
  if (group !== '' && !findAttributes(attributes, 'Object Group').includes(group)) return null;
  const algorithm = findAttribute(attributes, 'Cryptographic Algorithm');
  if (objectType === 'SymmetricKey' && algorithm !== undefined && algorithm !== 'AES') return null;
  const bits = objectType === 'SymmetricKey' ? findAttribute(attributes, 'Cryptographic Length') : undefined;
  return {
    ...{ owner: '', id, type: TYPES[objectType], version: 1, attempt: attemptOf(attributes) },
    lengthBytes: bits === undefined ? null : bits / 8,
  };
}

/** The attempt that made the object; null of one that keyward did not make. */
function attemptOf(attributes: readonly Attribute[]): string | null {
  for (const { applicationNamespace, applicationData } of findAttributes(
    attributes,
    'Application Specific Information',
  ))
    if (applicationNamespace === NAMESPACE && ATTEMPT.test(applicationData ?? '')) return applicationData as string;
  return null;
}

function assertKeeps({ owner, id }: KeyName, version: number): void {
  if (owner !== '')
    throw new UsageError('ERR_KEYRING_OWNER', "Percona's keyring has no place for a key's owner", {
      hint: 'keep it in the profile okv or name',
    });
  if (encodeUtf8(id).length > MAX_ID_BYTES)
    throw new UsageError('ERR_KEYRING_ID', `the id of a key in Percona's keyring has at most ${MAX_ID_BYTES} bytes`);
  if (version > 1)
    throw new UnsupportedError('ERR_KEYRING_VERSIONS', "Percona's keyring has no place for versions of a key");
}
