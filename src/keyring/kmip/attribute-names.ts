/** The custom attributes in which profile `okv` keeps a key's identity. Layer: keyring, pure. */

/** Names of the custom attributes of profile `okv`. */
export interface OkvAttributeNames {
  readonly instance: string;
  readonly owner: string;
  readonly id: string;
  readonly type: string;
  readonly length: string;
  readonly version: string;
  readonly attempt: string;
  readonly ready: string;
}

/** The names that are used where none are given. */
export const OKV_ATTRIBUTE_NAMES: OkvAttributeNames = {
  instance: 'x-key-instance',
  owner: 'x-key-owner',
  id: 'x-key-id',
  type: 'x-key-type',
  length: 'x-key-length',
  version: 'x-key-version',
  attempt: 'x-key-attempt',
  ready: 'x-key-ready',
};
